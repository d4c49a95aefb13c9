// What commands change, and what they refuse.
#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "libs/base/status_matchers.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "services/follow-up/domain/index.h"
#include "services/follow-up/domain/source.h"
#include "services/follow-up/domain/testing/follower.h"

namespace polku::follow_up {
namespace {

using namespace polku::follow_up::v1;  // NOLINT
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;

polku::assessment::v1::PlannedMeasure TwiceAWeek() {
  auto plan = Plan(1, "2026-03-02", "2026-12-31");
  AddSession(plan, google::type::MONDAY, 540, 720);
  AddSession(plan, google::type::WEDNESDAY, 540, 720);
  return plan;
}

JourneyInput MarkOf(const std::string& measure, absl::string_view day, AttendanceStatus status, int revision) {
  JourneyInput input;
  AttendanceMark& mark = *input.mutable_attendance_mark();
  mark.set_measure(measure);
  *mark.mutable_date() = Day(day);
  mark.set_status(status);
  mark.set_revision(revision);
  return input;
}

TEST(RecordAttendance, KeepsTheHighestRevisionWhateverIsSentAgain) {
  Follower follower(Local("2026-03-04 13:00"));
  follower.Run(TwiceAWeek());
  const std::string measure = MeasureName(1);
  ASSERT_THAT(follower.Give(MarkOf(measure, "2026-03-04", ATTENDANCE_STATUS_ABSENT, 1)), IsOk());
  const size_t events = follower.events().size();
  EXPECT_THAT(follower.Give(MarkOf(measure, "2026-03-04", ATTENDANCE_STATUS_ABSENT, 1)), IsOk());
  EXPECT_THAT(follower.Give(MarkOf(measure, "2026-03-04", ATTENDANCE_STATUS_PRESENT, 0)), IsOk());
  EXPECT_EQ(follower.events().size(), events);
  EXPECT_THAT(follower.Give(MarkOf(measure, "2026-03-04", ATTENDANCE_STATUS_PRESENT, 1)),
              StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_THAT(follower.Give(MarkOf(measure, "2026-03-04", ATTENDANCE_STATUS_PRESENT, 2)), IsOk());
  EXPECT_EQ(follower.state().measures(0).sessions(), ".P");
}

TEST(RecordAttendance, RefusesWhatCanNotBe) {
  Follower follower(Local("2026-03-04 13:00"));
  follower.Run(TwiceAWeek());
  const std::string measure = MeasureName(1);
  const auto code = [&](const JourneyInput& input) { return follower.Give(input).code(); };
  EXPECT_EQ(code(MarkOf(measure, "2026-03-05", ATTENDANCE_STATUS_PRESENT, 0)), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(MarkOf(measure, "2026-02-25", ATTENDANCE_STATUS_PRESENT, 0)), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(MarkOf(measure, "2026-03-04", ATTENDANCE_STATUS_UNSPECIFIED, 0)), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(MarkOf(MeasureName(9), "2026-03-04", ATTENDANCE_STATUS_PRESENT, 0)), absl::StatusCode::kNotFound);
  follower.Approve(Plan(2, "2026-04-01", "2026-05-01"), Local("2026-03-04 12:00"));
  EXPECT_EQ(code(MarkOf(MeasureName(2), "2026-03-04", ATTENDANCE_STATUS_PRESENT, 0)),
            absl::StatusCode::kFailedPrecondition);
}

TEST(RecordAttendance, CountsAnUnexpectedSessionAsActivityOnly) {
  Follower follower(Local("2026-03-03 20:00"));
  follower.Run(TwiceAWeek());
  follower.Mark("2026-03-03", ATTENDANCE_STATUS_PRESENT);  // A Tuesday.
  EXPECT_EQ(follower.events().back().attendance_recorded().ordinal(), -1);
  EXPECT_EQ(follower.state().measures(0).sessions(), "");
  EXPECT_EQ(follower.state().last_activity_us(), absl::ToUnixMicros(Local("2026-03-03 20:00")));
}

TEST(ResolveInterruption, NeedsADatedNextStepWhereNothingElseIsDated) {
  Follower follower(Local("2026-03-02 10:00"));
  follower.Accept(Local("2026-02-02 10:00"));
  follower.CompleteAssessment(Local("2026-03-02 09:00"));
  follower.AdvanceTo(Local("2026-03-12 10:00"));
  JourneyInput input;
  auto& request = *input.mutable_resolve_interruption();
  request.set_name(absl::StrCat(kClient, "/interruptions/1"));
  request.set_outcome(RESOLUTION_OUTCOME_NEXT_STEP_AGREED);
  const absl::Status refused = follower.Give(input);
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(ReasonOf(refused), "NEXT_STEP_MISSING");
  EXPECT_THAT(ViolationsOf(refused), ElementsAre(Field(&FieldViolation::field, "next_step_date")));
  *request.mutable_next_step_date() = Day("2026-03-11");
  EXPECT_THAT(follower.Give(input), StatusIs(absl::StatusCode::kInvalidArgument));
  *request.mutable_next_step_date() = Day("2026-04-10");
  ASSERT_THAT(follower.Give(input), IsOk());
  EXPECT_THAT(follower.Give(input), StatusIs(absl::StatusCode::kFailedPrecondition));
  // Found again when the agreed day has gone by with nothing done, counted from the resolution.
  follower.AdvanceTo(Local("2026-04-11 00:00") - absl::Microseconds(1));
  EXPECT_THAT(follower.Open(), IsEmpty());
  follower.AdvanceTo(Local("2026-04-11 00:00"));
  EXPECT_THAT(follower.Open(), ElementsAre("R3 from 2026-03-12 10:00:00 due 2026-04-11 00:00:00"));
}

TEST(OutreachCompleted, ResolvesItsInterruptionOnceAndStartsTheClockAgain) {
  Follower follower(Local("2026-03-12 10:00"));
  follower.Run(TwiceAWeek());
  follower.AdvanceTo(Local("2026-03-12 10:00"));
  ASSERT_EQ(follower.Open().size(), 1u);
  JourneyInput input;
  auto& fact = *input.mutable_outreach_completed();
  fact.set_interruption(absl::StrCat(kClient, "/interruptions/1"));
  fact.set_outcome(polku::coordinator_network::v1::ATTEMPT_OUTCOME_REACHED_WILL_RETURN);
  *fact.mutable_complete_time() = pipeline::ToProto(follower.now());
  ASSERT_THAT(follower.Give(input), IsOk());
  EXPECT_THAT(follower.Open(), IsEmpty());
  const size_t events = follower.events().size();
  EXPECT_THAT(follower.Give(input), IsOk());
  EXPECT_EQ(follower.events().size(), events);
  // Only sessions after the resolution count: 16 and 18 March.
  follower.AdvanceTo(Local("2026-03-19 12:00"));
  EXPECT_THAT(follower.Open(), ElementsAre("R2 from 2026-03-16 12:00:00 due 2026-03-19 12:00:00"));
}

// An attempt at a contact task names no interruption. It once had no key and blocked the client.
TEST(OutreachAttempted, OfATaskWithoutInterruptionIsTheClientsActivity) {
  JourneyInput input;
  auto& fact = *input.mutable_outreach_attempted();
  fact.set_task(absl::StrCat(kClient, "/tasks/4"));
  fact.set_outcome(polku::coordinator_network::v1::ATTEMPT_OUTCOME_REACHED_WILL_RETURN);
  Follower follower(Local("2026-03-12 10:00"));
  follower.Run(TwiceAWeek());
  *fact.mutable_attempt_time() = pipeline::ToProto(follower.now());
  EXPECT_THAT(follower.domain().KeyOf(input), IsOkAndHolds(std::string(kClient)));
  ASSERT_THAT(follower.Give(input), IsOk());
  EXPECT_EQ(follower.state().last_activity_us(), absl::ToUnixMicros(follower.now()));
}

TEST(CloseJourney, IsForANamedPersonWithAReasonAndEndsEverything) {
  Follower follower(Local("2026-03-12 10:00"));
  follower.Run(TwiceAWeek());
  follower.AdvanceTo(Local("2026-03-12 10:00"));
  JourneyInput input;
  auto& request = *input.mutable_close_journey();
  request.set_client(kClient);
  EXPECT_THAT(follower.Give(input), StatusIs(absl::StatusCode::kInvalidArgument));
  request.set_reason(CLOSE_REASON_NOT_REACHED);
  EXPECT_THAT(follower.Give(input), StatusIs(absl::StatusCode::kInvalidArgument));
  *request.mutable_recontact_date() = Day("2026-03-12");
  EXPECT_THAT(follower.Give(input), StatusIs(absl::StatusCode::kInvalidArgument));
  *request.mutable_recontact_date() = Day("2026-06-01");
  follower.user = "";
  EXPECT_THAT(follower.Give(input), StatusIs(absl::StatusCode::kFailedPrecondition));
  follower.user = "anna";
  ASSERT_THAT(follower.Give(input), IsOk());
  EXPECT_THAT(follower.Open(), IsEmpty());
  EXPECT_EQ(follower.Count(JourneyEvent::kInterruptionResolved), 1);
  EXPECT_EQ(follower.domain().NextDue(follower.state()), std::nullopt);
  EXPECT_EQ(ReasonOf(follower.Give(input)), "JOURNEY_CLOSED");
}

TEST(Commands, RefuseAClientWhoIsNotFollowed) {
  Follower follower(Local("2026-03-12 10:00"));
  EXPECT_THAT(follower.Give(MarkOf(MeasureName(1), "2026-03-04", ATTENDANCE_STATUS_PRESENT, 0)),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST(Commands, NameTheFieldOfABadResourceName) {
  const JourneyDomain domain(RulesOfTests());
  JourneyInput input;
  input.mutable_start_measure()->set_name("clients/7/measures/1");
  EXPECT_THAT(ViolationsOf(domain.KeyOf(input).status()), ElementsAre(Field(&FieldViolation::field, "name")));
}

TEST(Source, IsSilentAfterTwiceItsIntervalAndSpeaksAgain) {
  const SourceDomain domain;
  SourceRecord state;
  pipeline::Context context;
  context.now = Local("2026-03-02 10:00");
  SourceInput registers;
  registers.mutable_register_source()->set_source_id("s");
  auto& source = *registers.mutable_register_source()->mutable_source();
  source.set_provider("organisations/o");
  EXPECT_THAT(domain.Decide(state, registers, context), StatusIs(absl::StatusCode::kInvalidArgument));
  source.mutable_reporting_interval()->set_seconds(86400);
  const auto give = [&](const SourceInput& input) {
    auto decision = domain.Decide(state, input, context);
    EXPECT_THAT(decision, IsOk());
    for (const SourceEvent& event : decision->events) domain.Evolve(event, state);
    return *std::move(decision);
  };
  give(registers);
  EXPECT_EQ(domain.NextDue(state), Local("2026-03-04 10:00"));
  SourceInput tick;
  tick.mutable_tick();
  context.now = Local("2026-03-04 10:00") - absl::Microseconds(1);
  EXPECT_THAT(give(tick).events, IsEmpty());
  context.now = Local("2026-03-04 10:00");
  EXPECT_TRUE(give(tick).events[0].has_source_silent());
  EXPECT_EQ(domain.NextDue(state), std::nullopt);

  SourceInput reports;
  reports.mutable_report_complete_through()->set_name("sources/s");
  *reports.mutable_report_complete_through()->mutable_complete_through() = pipeline::ToProto(context.now);
  context.lookups = {{{std::string(kClient)}}};
  const auto decision = give(reports);
  ASSERT_EQ(decision.steps.size(), 1u);
  EXPECT_EQ(decision.steps[0].key, kClient);
  EXPECT_FALSE(state.source().silent());
  EXPECT_EQ(domain.NextDue(state), Local("2026-03-06 10:00"));
}

}  // namespace
}  // namespace polku::follow_up
