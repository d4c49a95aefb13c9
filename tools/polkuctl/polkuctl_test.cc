#include <map>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/base/status_matchers.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "libs/rpc/status.h"
#include "polku/assessment/v1/api.grpc.pb.h"
#include "polku/coordinator_network/v1/api.pb.h"
#include "polku/follow_up/v1/api.grpc.pb.h"
#include "tools/polkuctl/input.h"
#include "tools/polkuctl/request.h"
#include "tools/polkuctl/session.h"
#include "tools/polkuctl/text.h"

namespace polku::polkuctl {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using ::testing::MatchesRegex;
using ::testing::Not;

TEST(Enums, AreTypedAndShownInTheirShortForm) {
  EXPECT_THAT(ParseEnumAs<polku::follow_up::v1::EndReason>("work-or-study"),
              IsOkAndHolds(polku::follow_up::v1::END_REASON_WORK_OR_STUDY));
  EXPECT_THAT(ParseEnumAs<polku::follow_up::v1::EndReason>("nonsense"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("goal-reached")));
  EXPECT_THAT(ParseEnumAs<polku::follow_up::v1::EndReason>("unspecified"),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(Sessions, AreTypedAsDayAndTimes) {
  const auto session = ParseSession("wed 09:30-13:00");
  ASSERT_THAT(session, IsOk());
  EXPECT_EQ(session->day(), google::type::WEDNESDAY);
  EXPECT_EQ(session->start_minute(), 570);
  EXPECT_EQ(session->end_minute(), 780);
  EXPECT_THAT(ParseSession("sun 20:00-24:00"), IsOk());
  for (const char* wrong : {"", "wed", "wed 9", "wed 09:00", "xyz 09:00-10:00", "wed 25:00-26:00", "wed 24:30-24:45",
                            "wed 10:00-09:00", "wed 9:5-10:0"}) {
    EXPECT_THAT(ParseSession(wrong), StatusIs(absl::StatusCode::kInvalidArgument)) << wrong;
  }
}

TEST(Dates, MustBeRealDays) {
  EXPECT_THAT(ParseDate("2026-02-28"), IsOk());
  EXPECT_THAT(ParseDate("2026-02-29"), Not(IsOk()));
}

TEST(Instants, AreRfc3339OrNow) {
  const absl::Time now = absl::FromUnixSeconds(1'800'000'000);
  EXPECT_EQ(pipeline::FromProto(*ParseInstant("now", now)), now);
  EXPECT_EQ(pipeline::FromProto(*ParseInstant("2026-03-09T12:00:00+02:00", now)),
            absl::FromCivil(absl::CivilHour(2026, 3, 9, 10), absl::UTCTimeZone()));
  for (const char* wrong : {"", "2026-03-09", "2026-03-09T12:00:00", "infinite-future", "infinite-past"}) {
    EXPECT_THAT(ParseInstant(wrong, now), StatusIs(absl::StatusCode::kInvalidArgument)) << wrong;
  }
}

TEST(Tables, CountCharactersAndLetNoneSteerTheTerminal) {
  EXPECT_EQ(Table({"A", "B"}, {{"työ", "1"}, {"abcd", "2"}}),
            "A     B\n"
            "työ   1\n"
            "abcd  2\n");
  EXPECT_EQ(OneLine("a\nb\x1b[2Jö"), "a b [2Jö");
}

TEST(Messages, ShowSessionsAsTheyAreTyped) {
  polku::assessment::v1::PlannedMeasure measure;
  *measure.add_sessions() = *ParseSession("mon 09:00-13:00");
  *measure.add_sessions() = *ParseSession("wed 08:05-24:00");
  EXPECT_EQ(Describe(measure), "sessions: mon 09:00-13:00, wed 08:05-24:00\n");
}

TEST(Files, ATypedFlagReplacesWhatTheFileSays) {
  polku::referral::v1::Referral flags;
  flags.add_needs("typed");
  flags.mutable_person()->set_language("sv");
  const auto referral = ReferralFrom(
      R"({"needs": ["one", "two"], "segment": "SEGMENT_STUDENT",
          "person": {"language": "fi", "municipality": "205"}})",
      flags);
  ASSERT_THAT(referral, IsOk());
  EXPECT_THAT(referral->needs(), ElementsAre("typed"));
  EXPECT_EQ(referral->person().language(), "sv");
  EXPECT_EQ(referral->person().municipality(), "205");
  EXPECT_EQ(referral->segment(), polku::common::v1::SEGMENT_STUDENT);
}

TEST(Files, AWrongReferralIsNotRepeatedInTheError) {
  const auto referral = ReferralFrom(R"({"person": {"identity_code": 010190-900X}})", {});
  EXPECT_THAT(referral, StatusIs(absl::StatusCode::kInvalidArgument, Not(HasSubstr("900"))));
}

TEST(Files, MeasuresAreAListOrAnObjectWithOne) {
  constexpr char kList[] = R"([{"type": "job-coaching", "start_date": {"year": 2026, "month": 12, "day": 1}},
                               {"type": "rehabilitation"}])";
  for (const std::string& text : {std::string(kList), std::string(" {\"measures\": ") + kList + "}\n"}) {
    polku::assessment::v1::ProposePlanRequest request;
    request.set_assessment("clients/C/assessments/1");
    EXPECT_THAT(AddMeasuresFrom(text, request), IsOk());
    ASSERT_EQ(request.measures_size(), 2);
    EXPECT_EQ(request.measures(0).start_date().month(), 12);
    EXPECT_EQ(request.assessment(), "clients/C/assessments/1");
  }
  polku::assessment::v1::ProposePlanRequest request;
  EXPECT_THAT(AddMeasuresFrom(R"([{"tpye": "x"}])", request),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("tpye")));
}

TEST(Requests, AreFilledByTheNamesOfTheirFields) {
  const absl::Time now = absl::FromUnixSeconds(1'800'000'000);
  polku::coordinator_network::v1::RegisterCoordinatorRequest request;
  EXPECT_THAT(SetField(request, "coordinator_id", "c01", now), IsOk());
  EXPECT_THAT(SetField(request, "coordinator.capacity", "30", now), IsOk());
  EXPECT_THAT(SetField(request, "coordinator.languages", "fi", now), IsOk());
  EXPECT_THAT(SetField(request, "coordinator.languages", "sv", now), IsOk());
  EXPECT_THAT(SetField(request, "coordinator.segments", "student", now), IsOk());
  EXPECT_EQ(request.coordinator_id(), "c01");
  EXPECT_EQ(request.coordinator().capacity(), 30);
  EXPECT_THAT(request.coordinator().languages(), ElementsAre("fi", "sv"));
  EXPECT_THAT(request.coordinator().segments(), ElementsAre(polku::common::v1::SEGMENT_STUDENT));
  polku::follow_up::v1::RecordContactRequest contact;
  EXPECT_THAT(SetField(contact, "contact_time", "now", now), IsOk());
  EXPECT_EQ(pipeline::FromProto(contact.contact_time()), now);
  polku::follow_up::v1::StartMeasureRequest start;
  EXPECT_THAT(SetField(start, "start_date", "2026-12-01", now), IsOk());
  EXPECT_EQ(start.start_date().month(), 12);
  polku::follow_up::v1::RegisterSourceRequest source;
  EXPECT_THAT(SetField(source, "source.reporting_interval", "24h", now), IsOk());
  EXPECT_EQ(source.source().reporting_interval().seconds(), 86400);
  EXPECT_THAT(SetField(start, "start_date", "31.12.2026", now), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(SetField(source, "source.reporting_interval", "day", now), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(SetField(request, "coordinator.capacity", "many", now), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(SetField(request, "coordinator.segments", "many", now),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("student")));
}

TEST(Tables, AlignTheirColumnsAndShowLocalTime) {
  polku::coordinator_network::v1::Task task;
  task.set_name("clients/C/tasks/1");
  task.set_kind(polku::coordinator_network::v1::TASK_KIND_OUTREACH);
  *task.mutable_due_time() =
      pipeline::ToProto(absl::FromCivil(absl::CivilMinute(2026, 7, 1, 9, 0), absl::UTCTimeZone()));
  EXPECT_EQ(TableOf({&task}, {"due_time", "kind", "name"}),
            "DUE_TIME          KIND      NAME\n"
            "2026-07-01 12:00  outreach  clients/C/tasks/1\n");
}

TEST(Errors, TellCodeReasonFieldsAndWhenToTryAgain) {
  std::ostringstream out;
  std::ostringstream err;
  Session session(out, err);
  absl::Status status = InvalidField("referral.person.language", "must be a code");
  AddViolation(status, "referral.needs", "must not be empty");
  session.Fail(WithRetryDelay(WithReason(status, "FORM_INCOMPLETE"), absl::Seconds(2)));
  EXPECT_EQ(session.exit_code, kRefused);
  EXPECT_EQ(out.str(), "");
  EXPECT_EQ(err.str(),
            "polkuctl: INVALID_ARGUMENT (FORM_INCOMPLETE): referral.person.language: must be a code; "
            "referral.needs: must not be empty\n"
            "  referral.person.language: must be a code\n"
            "  referral.needs: must not be empty\n"
            "  try again in 2s\n");
}

// A follow-up service that keeps what it was asked and answers as the test says.
class FollowUpScript : public polku::follow_up::v1::FollowUpService::Service {
 public:
  FollowUpScript() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }

  int Run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--server", absl::StrCat("127.0.0.1:", port_)});
    return polkuctl::Run(arguments, out, err);
  }

  grpc::Status GetJourney(grpc::ServerContext*, const polku::follow_up::v1::GetJourneyRequest*,
                          polku::follow_up::v1::Journey* journey) override {
    *journey = journeys.at(journeys_asked++);
    return grpc::Status::OK;
  }
  grpc::Status RecordContact(grpc::ServerContext* context, const polku::follow_up::v1::RecordContactRequest* request,
                             polku::follow_up::v1::RecordContactResponse*) override {
    for (const auto& [name, value] : context->client_metadata()) {
      metadata.emplace(std::string(name.data(), name.size()), std::string(value.data(), value.size()));
    }
    request_ids.push_back(request->request_id());
    return rpc::ToGrpc(refusal);
  }
  grpc::Status RecordAttendance(grpc::ServerContext*, const polku::follow_up::v1::RecordAttendanceRequest* request,
                                polku::follow_up::v1::RecordAttendanceResponse* response) override {
    marks = request->marks();
    const grpc::Status status = rpc::ToGrpc(refusal);
    EXPECT_TRUE(response->add_results()->ParseFromString(status.error_details()));
    return grpc::Status::OK;
  }
  grpc::Status ListSafetyNetViolations(grpc::ServerContext*,
                                       const polku::follow_up::v1::ListSafetyNetViolationsRequest* request,
                                       polku::follow_up::v1::ListSafetyNetViolationsResponse* page) override {
    for (const char* client : {"clients/a", "clients/b"}) {
      auto* violation = page->add_violations();
      violation->set_client(client);
      violation->add_missing("owner");
      violation->add_missing("next_step");
    }
    if (request->page_token().empty()) page->set_next_page_token("second");
    return grpc::Status::OK;
  }

  absl::Status refusal;
  std::vector<polku::follow_up::v1::Journey> journeys;
  size_t journeys_asked = 0;
  google::protobuf::RepeatedPtrField<polku::follow_up::v1::AttendanceMark> marks;
  std::map<std::string, std::string> metadata;
  std::vector<std::string> request_ids;
  std::ostringstream out;
  std::ostringstream err;

 private:
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

TEST(Calls, CarryWhoAsksAndAnIdOfTheirOwn) {
  FollowUpScript service;
  const std::vector<std::string> contact = {"--organisation", "organisations/o", "--user", "u1",       "--role",
                                            "coordinator",    "contacts",        "record", "clients/c"};
  std::vector<std::string> with_options_behind = contact;
  with_options_behind.insert(with_options_behind.end(), {"--request-id", "mine", "--purpose", "follow-up"});
  EXPECT_EQ(service.Run(contact), kOk);
  EXPECT_EQ(service.Run(contact), kOk);
  EXPECT_EQ(service.Run(with_options_behind), kOk);
  EXPECT_THAT(service.metadata,
              IsSupersetOf(std::map<std::string, std::string>{{"polku-organisation", "organisations/o"},
                                                              {"polku-system", "polkuctl"},
                                                              {"polku-user", "u1"},
                                                              {"polku-role", "coordinator"},
                                                              {"polku-purpose", "follow-up"}}));
  ASSERT_EQ(service.request_ids.size(), 3u);
  EXPECT_THAT(service.request_ids[0], MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"));
  EXPECT_NE(service.request_ids[0], service.request_ids[1]);
  EXPECT_EQ(service.request_ids[2], "mine");
}

TEST(Calls, WhoseOutcomeIsUnknownTellHowToRepeatThem) {
  FollowUpScript service;
  service.refusal = absl::AbortedError("lost a race");
  EXPECT_EQ(service.Run({"contacts", "record", "clients/c", "--request-id", "mine"}), kRefused);
  EXPECT_THAT(service.err.str(), HasSubstr("--request-id mine\n"));
  service.err.str("");
  service.refusal = absl::FailedPreconditionError("closed");
  EXPECT_EQ(service.Run({"contacts", "record", "clients/c", "--request-id", "mine"}), kRefused);
  EXPECT_EQ(service.err.str(), "polkuctl: FAILED_PRECONDITION: closed\n");
}

TEST(Calls, RefuseAHeaderThatCannotBeSent) {
  FollowUpScript service;
  EXPECT_EQ(service.Run({"--user", "Päivi", "safety-net"}), kUsage);
  EXPECT_THAT(service.err.str(), HasSubstr("--user"));
  EXPECT_EQ(service.Run({"--purpose", "two\nlines", "safety-net"}), kUsage);
}

TEST(Marks, AreRefusedWithTheirFields) {
  FollowUpScript service;
  service.refusal = InvalidField("date", "must not be in the future");
  EXPECT_EQ(service.Run({"attendance", "record", "--measure", "clients/c/measures/1", "--date", "2026-12-07",
                         "--status", "absent"}),
            kRefused);
  ASSERT_EQ(service.marks.size(), 1);
  EXPECT_EQ(service.marks[0].measure(), "clients/c/measures/1");
  EXPECT_EQ(service.marks[0].status(), polku::follow_up::v1::ATTENDANCE_STATUS_ABSENT);
  EXPECT_THAT(service.err.str(), HasSubstr("\n  date: must not be in the future\n"));
}

TEST(Lists, AreTablesForPeopleAndLinesOfJsonForMachines) {
  FollowUpScript service;
  EXPECT_EQ(service.Run({"safety-net"}), kOk);
  EXPECT_EQ(service.out.str(),
            "CLIENT     MISSING\n"
            "clients/a  owner, next_step\n"
            "clients/b  owner, next_step\n");
  EXPECT_EQ(service.err.str(), "more: --page-token second\n");
  service.out.str("");
  service.err.str("");
  EXPECT_EQ(service.Run({"safety-net", "--json", "--page-token", "second"}), kOk);
  EXPECT_EQ(service.out.str(),
            "{\"client\":\"clients/a\",\"missing\":[\"owner\",\"next_step\"]}\n"
            "{\"client\":\"clients/b\",\"missing\":[\"owner\",\"next_step\"]}\n");
  EXPECT_EQ(service.err.str(), "");
}

class InstrumentScript : public polku::assessment::v1::AssessmentService::Service {
 public:
  grpc::Status ListInstrumentRecords(grpc::ServerContext*,
                                     const polku::assessment::v1::ListInstrumentRecordsRequest* request,
                                     polku::assessment::v1::ListInstrumentRecordsResponse* page) override {
    EXPECT_EQ(request->instrument(), "wai");
    EXPECT_TRUE(request->show_superseded());
    auto* record = page->add_records();
    record->set_name("clients/c/instruments/1");
    record->set_superseded_by("clients/c/instruments/2");
    *record->mutable_answer_date() = *ParseDate("2026-03-09");
    auto* index = record->add_results();
    index->set_instrument("wai/1");
    index->add_missing_items("work");
    auto* score = record->add_results();
    score->set_instrument("was/1");
    score->set_score(6.5);
    score->set_class_code("moderate");
    score->set_change(-1);
    auto* declined = page->add_records();
    declined->set_name("clients/c/instruments/2");
    declined->set_instrument("wai/1");
    *declined->mutable_answer_date() = *ParseDate("2026-03-10");
    declined->set_not_done(polku::assessment::v1::NOT_DONE_REASON_DECLINED);
    return grpc::Status::OK;
  }
  grpc::Status RecordInstrument(grpc::ServerContext*, const polku::assessment::v1::RecordInstrumentRequest* request,
                                polku::assessment::v1::InstrumentRecord*) override {
    recorded = *request;
    return grpc::Status::OK;
  }

  polku::assessment::v1::RecordInstrumentRequest recorded;
};

TEST(Instruments, AreRecordedByWordsAndShownAResultALine) {
  InstrumentScript service;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const auto server = builder.BuildAndStart();
  std::ostringstream out;
  std::ostringstream err;
  const std::string address = absl::StrCat("127.0.0.1:", port);
  EXPECT_EQ(polkuctl::Run({"--server", address, "assessments", "instruments", "record", "clients/c/assessments/1",
                           "wai/1", "--answer", "current-ability=7", "--answer", "work=mixed", "--age", "31"},
                          out, err),
            kOk);
  EXPECT_EQ(service.recorded.answers(0).number(), 7);
  EXPECT_EQ(service.recorded.answers(1).choice(), "mixed");
  EXPECT_EQ(service.recorded.age_years(), 31);
  out.str("");
  EXPECT_EQ(polkuctl::Run({"--server", address, "assessments", "instruments", "list", "clients/c", "--instrument",
                           "wai", "--superseded"},
                          out, err),
            kOk);
  EXPECT_EQ(out.str(),
            "DAY         INSTRUMENT  SCORE  CLASS     CHANGE  NAME                     REMARKS\n"
            "2026-03-09  wai/1                                clients/c/instruments/1  missing: work, corrected by "
            "clients/c/instruments/2\n"
            "2026-03-09  was/1       6.5    moderate  -1      clients/c/instruments/1  corrected by "
            "clients/c/instruments/2\n"
            "2026-03-10  wai/1                                clients/c/instruments/2  not done: declined\n");
}

polku::follow_up::v1::Journey JourneyOf(int first, int last, bool open) {
  polku::follow_up::v1::Journey journey;
  journey.set_open(open);
  for (int i = first; i <= last; ++i) {
    auto* entry = journey.add_timeline();
    entry->set_event_id(absl::StrCat("follow-up/clients/c/", i));
    entry->mutable_what()->set_en(absl::StrCat("thing ", i));
    *entry->mutable_time() = pipeline::ToProto(absl::FromUnixSeconds(0));
  }
  return journey;
}

// A long timeline keeps its length and loses its beginning, so a count of lines would show nothing new.
TEST(Follow, PrintsEachEntryOnceAlsoWhenOldOnesFallOff) {
  FollowUpScript service;
  service.journeys = {JourneyOf(1, 2, true), JourneyOf(2, 3, true), JourneyOf(2, 3, true), JourneyOf(3, 4, false)};
  EXPECT_EQ(service.Run({"journeys", "follow", "clients/c", "--until-closed", "--interval", "0.1"}), kOk);
  EXPECT_EQ(service.out.str(),
            "1970-01-01 02:00  thing 1\n"
            "1970-01-01 02:00  thing 2\n"
            "1970-01-01 02:00  thing 3\n"
            "1970-01-01 02:00  thing 4\n");
}

TEST(Plans, NeedAFileOrAMeasureByFlags) {
  std::ostringstream out;
  std::ostringstream err;
  EXPECT_EQ(polkuctl::Run({"plans", "propose", "--assessment", "clients/c/assessments/1"}, out, err), kUsage);
  EXPECT_THAT(err.str(), HasSubstr("--type or --from"));
}

TEST(ExitCodes, AreUsageForInputThatCannotBeSent) {
  const std::vector<std::vector<std::string>> wrong = {
      {"referrals", "submit", "--segment", "nonsense"},
      {"referrals", "submit", "--from", "/nonexistent/referral.json"},
      {"referrals", "submit", "--identity-code-file", "/dev/null"},
      {"referrals", "submit", "--from", "-", "--identity-code-file", "-"},
      {"referrals", "submit", "--identity-code", "x"},
      {"referrals", "show", "clients/c/referrals/1", "surplus"},
      {"plans", "propose", "--assessment", "clients/c/assessments/1", "--from", "-", "--type", "job-coaching"},
      {"assessments", "instruments", "record", "clients/c/assessments/1", "was", "--answer", "current-ability"},
      {"assessments", "instruments", "record", "clients/c/assessments/1", "was", "--not-done", "nonsense"},
      {"journeys", "show", "clients/c", "--language", "sv"},
      {"journeys", "follow", "clients/c", "--interval", "0"},
  };
  for (const auto& arguments : wrong) {
    std::ostringstream out;
    std::ostringstream err;
    EXPECT_EQ(polkuctl::Run(arguments, out, err), kUsage) << arguments.back();
    EXPECT_NE(err.str(), "") << arguments.back();
  }
}

TEST(ExitCodes, TellWrongUsageFromAServerThatIsNotThere) {
  std::ostringstream out;
  std::ostringstream err;
  EXPECT_EQ(polkuctl::Run({"no-such-command"}, out, err), kUsage);
  EXPECT_EQ(polkuctl::Run({"plans", "propose", "--assessment", "a", "--type", "t", "--provider", "p", "--start",
                           "nonsense", "--end", "2026-01-01"},
                          out, err),
            kUsage);
  EXPECT_THAT(err.str(), HasSubstr("--start"));
  EXPECT_EQ(polkuctl::Run({"--help"}, out, err), kOk);
  EXPECT_THAT(out.str(), HasSubstr("Exit codes"));
  // Port 1 of the loopback is nobody's.
  EXPECT_EQ(polkuctl::Run({"--server", "127.0.0.1:1", "--timeout", "5", "safety-net"}, out, err), kUnreachable);
}

}  // namespace
}  // namespace polku::polkuctl
