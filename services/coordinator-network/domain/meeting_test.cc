#include <gmock/gmock.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/calendar.h"
#include "libs/base/status_matchers.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "services/coordinator-network/domain/meetings.h"
#include "services/coordinator-network/testing/world.h"

namespace polku::coordinator_network {
namespace {

namespace v1 = ::polku::coordinator_network::v1;
using pipeline::FromProto;
using pipeline::ToProto;
using pipeline::ToProtoDay;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const char kKela[] = "organisations/kela";
const char kTown[] = "organisations/town";
const char kA[] = "coordinators/a";

class Meetings : public ::testing::Test {
 protected:
  Meetings() {
    world_.Register("a", 5);
    world_.Refer(client_);
    EXPECT_THAT(world_.Accept(kA, client_), IsOk());
  }

  // Permission number `number` for what is told of "plan" and "follow-up".
  v1::ClientSupportInput Granted(int number, const char* organisation, bool denial = false) {
    v1::ClientSupportInput input;
    auto& granted = *input.mutable_permission_granted();
    granted.set_permission(absl::StrCat(client_, "/permissions/", number));
    granted.set_purpose("multi-agency-meeting");
    granted.set_organisation(organisation);
    granted.add_classes("plan");
    granted.add_classes("follow-up");
    granted.set_denial(denial);
    *granted.mutable_valid_from() = ToProtoDay(LocalDay(world_.now));
    *granted.mutable_grant_time() = ToProto(world_.now);
    return input;
  }
  void Grant(int number, const char* organisation, bool denial = false) {
    ASSERT_THAT(world_.Send(Granted(number, organisation, denial)), IsOk());
  }
  void Withdraw(int number) {
    v1::ClientSupportInput input;
    input.mutable_permission_withdrawn()->set_permission(absl::StrCat(client_, "/permissions/", number));
    *input.mutable_permission_withdrawn()->mutable_withdraw_time() = ToProto(world_.now);
    ASSERT_THAT(world_.Send(input), IsOk());
  }

  // A meeting in two days, about the plan, with these.
  v1::ScheduleMeetingRequest Plan(const std::vector<std::string>& organisations) {
    v1::ScheduleMeetingRequest request;
    request.set_client(client_);
    *request.mutable_start_time() = ToProto(world_.now + absl::Hours(48));
    for (const std::string& organisation : organisations) request.add_participants()->set_organisation(organisation);
    if (!organisations.empty()) request.add_classes("plan");
    return request;
  }
  absl::StatusOr<v1::Meeting> Schedule(const v1::ScheduleMeetingRequest& request) {
    v1::ClientSupportInput input;
    *input.mutable_schedule_meeting() = request;
    return Replied(world_.Send(input));
  }
  v1::RecordMeetingRequest Outcome(v1::MeetingState state, const std::vector<std::string>& organisations = {}) {
    v1::RecordMeetingRequest request;
    request.set_meeting(client_ + "/meetings/1");
    request.set_state(state);
    request.set_client_present(state == v1::MEETING_STATE_HELD);
    for (const std::string& organisation : organisations) request.add_participants()->set_organisation(organisation);
    return request;
  }
  absl::StatusOr<v1::Meeting> Record(const v1::RecordMeetingRequest& request) {
    v1::ClientSupportInput input;
    *input.mutable_record_meeting() = request;
    return Replied(world_.Send(input));
  }
  static absl::StatusOr<v1::Meeting> Replied(World::Reply reply) {
    if (!reply.ok()) return reply.status();
    return dynamic_cast<const v1::Meeting&>(**reply);
  }

  std::vector<v1::Task> TasksOf(v1::TaskKind kind) {
    std::vector<v1::Task> tasks;
    for (const v1::Task& task : world_.client(client_).tasks()) {
      if (task.kind() == kind) tasks.push_back(task);
    }
    return tasks;
  }
  int Told(bool (v1::ClientSupportEvent::*has)() const) {
    return static_cast<int>(
        std::count_if(world_.events.begin(), world_.events.end(), [has](const auto& event) { return (event.*has)(); }));
  }
  static std::vector<std::string> Fields(const absl::Status& status) {
    std::vector<std::string> fields;
    for (const FieldViolation& violation : ViolationsOf(status)) fields.push_back(violation.field);
    return fields;
  }

  World world_;
  const std::string client_ = TestClient();
};

// A withdrawal may be on its way from the referral service. A meeting without others needs no permission.
TEST_F(Meetings, AreNotAgreedWithOthersWhilePermissionsAreNotKnown) {
  Grant(1, kKela);
  world_.bus_behind = absl::Seconds(61);
  const absl::Status later = Schedule(Plan({kKela})).status();
  EXPECT_THAT(later, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(ReasonOf(later), "PERMISSIONS_UNKNOWN");
  EXPECT_THAT(Schedule(Plan({})), IsOk());
  world_.bus_behind = absl::Seconds(60);
  EXPECT_THAT(Schedule(Plan({kKela})), IsOk());
}

TEST_F(Meetings, StandOnTheWorklistUntilTheyAreRecorded) {
  Grant(1, kKela);
  const auto meeting = Schedule(Plan({kKela}));
  ASSERT_THAT(meeting, IsOk());
  EXPECT_EQ(meeting->name(), client_ + "/meetings/1");
  EXPECT_EQ(meeting->organiser(), "organisations/unit");
  EXPECT_EQ(Told(&v1::ClientSupportEvent::has_meeting_scheduled), 1);
  ASSERT_EQ(TasksOf(v1::TASK_KIND_MEETING).size(), 1u);
  const v1::Task task = TasksOf(v1::TASK_KIND_MEETING)[0];
  EXPECT_EQ(task.coordinator(), kA);
  EXPECT_EQ(task.subject(), meeting->name());
  EXPECT_EQ(FromProto(task.due_time()), world_.now + absl::Hours(48));
  v1::ClientSupportInput by_hand;
  by_hand.mutable_complete_task()->set_task(task.name());
  EXPECT_EQ(ReasonOf(world_.Send(by_hand).status()), "NOT_BY_HAND");

  world_.now += absl::Hours(50);
  const auto held = Record(Outcome(v1::MEETING_STATE_HELD, {kKela}));
  ASSERT_THAT(held, IsOk());
  EXPECT_EQ(held->state(), v1::MEETING_STATE_HELD);
  EXPECT_THAT(TasksOf(v1::TASK_KIND_MEETING), IsEmpty());
  const v1::MeetingHeld told = world_.events.back().meeting_held();
  EXPECT_THAT(told.organisations(), ElementsAre("organisations/unit", kKela));
  EXPECT_TRUE(told.client_present());
  EXPECT_EQ(FromProto(told.start_time()), FromProto(meeting->start_time()));
  EXPECT_EQ(ReasonOf(Record(Outcome(v1::MEETING_STATE_CANCELLED)).status()), "MEETING_ENDED");
}

TEST_F(Meetings, AreRefusedWithEveryParticipantThatLacksAPermission) {
  Grant(1, kKela);
  v1::ScheduleMeetingRequest request = Plan({kKela, kTown, "organisations/clinic"});
  request.mutable_participants(2)->set_statute("SHL 41 §");
  request.add_classes("assessment");
  const absl::Status refused = Schedule(request).status();
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(ReasonOf(refused), "PERMISSION_MISSING");
  EXPECT_THAT(Fields(refused), ElementsAre("participants[0].organisation", "participants[1].organisation"));
  EXPECT_THAT(ViolationsOf(refused)[0].description, HasSubstr("organisations/kela lacks a permission for assessment"));
  EXPECT_THAT(ViolationsOf(refused)[1].description, HasSubstr("for plan, assessment"));
  EXPECT_EQ(Told(&v1::ClientSupportEvent::has_meeting_scheduled), 0);
}

TEST_F(Meetings, NeedAPermissionThatIsValidOnTheirDay) {
  v1::ClientSupportInput short_one = Granted(1, kKela);
  *short_one.mutable_permission_granted()->mutable_valid_to() = ToProtoDay(LocalDay(world_.now) + 1);
  ASSERT_THAT(world_.Send(short_one), IsOk());
  EXPECT_EQ(ReasonOf(Schedule(Plan({kKela})).status()), "PERMISSION_MISSING");
  v1::ClientSupportInput later = Granted(2, kKela);
  *later.mutable_permission_granted()->mutable_valid_from() = ToProtoDay(LocalDay(world_.now) + 3);
  ASSERT_THAT(world_.Send(later), IsOk());
  EXPECT_EQ(ReasonOf(Schedule(Plan({kKela})).status()), "PERMISSION_MISSING");
  v1::ClientSupportInput elsewhere = Granted(3, kKela);
  elsewhere.mutable_permission_granted()->set_purpose("service-chain");
  ASSERT_THAT(world_.Send(elsewhere), IsOk());
  EXPECT_EQ(ReasonOf(Schedule(Plan({kKela})).status()), "PERMISSION_MISSING");
  Grant(4, kKela);
  EXPECT_THAT(Schedule(Plan({kKela})), IsOk());
}

TEST_F(Meetings, HeedADenialWhateverElseIsPermitted) {
  Grant(1, kKela);
  v1::ClientSupportInput denial = Granted(2, kKela, /*denial=*/true);
  denial.mutable_permission_granted()->set_purpose("service-chain");
  ASSERT_THAT(world_.Send(denial), IsOk());
  EXPECT_EQ(ReasonOf(Schedule(Plan({kKela})).status()), "PERMISSION_MISSING");
  Withdraw(2);
  EXPECT_THAT(Schedule(Plan({kKela})), IsOk());
}

// As after a merge that was undone.
TEST_F(Meetings, MayBeHeldAgainByAPermissionThatIsToldAgain) {
  Grant(1, kKela);
  Withdraw(1);
  EXPECT_EQ(ReasonOf(Schedule(Plan({kKela})).status()), "PERMISSION_MISSING");
  Grant(1, kKela);
  EXPECT_THAT(Schedule(Plan({kKela})), IsOk());
}

TEST_F(Meetings, CannotBeRecordedWithSomebodyWhosePermissionWasWithdrawnBefore) {
  Grant(1, kKela);
  ASSERT_THAT(Schedule(Plan({kKela})), IsOk());
  world_.now += absl::Hours(1);
  Withdraw(1);
  world_.now += absl::Hours(50);
  EXPECT_EQ(ReasonOf(Record(Outcome(v1::MEETING_STATE_HELD, {kKela})).status()), "PERMISSION_MISSING");
  EXPECT_THAT(Record(Outcome(v1::MEETING_STATE_HELD)), IsOk());
}

TEST_F(Meetings, AreRecordedThoughThePermissionWasWithdrawnAfterwards) {
  Grant(1, kKela);
  ASSERT_THAT(Schedule(Plan({kKela})), IsOk());
  world_.now += absl::Hours(49);
  Withdraw(1);
  EXPECT_THAT(Record(Outcome(v1::MEETING_STATE_HELD, {kKela})), IsOk());
}

TEST_F(Meetings, OfAStatuteNeedNotNameItTwice) {
  v1::ScheduleMeetingRequest request = Plan({kTown});
  request.mutable_participants(0)->set_statute("SHL 41 §");
  ASSERT_THAT(Schedule(request), IsOk());
  world_.now += absl::Hours(49);
  const auto held = Record(Outcome(v1::MEETING_STATE_HELD, {kTown}));
  ASSERT_THAT(held, IsOk());
  EXPECT_EQ(held->participants(0).statute(), "SHL 41 §");
}

TEST_F(Meetings, TurnDecisionsIntoTasks) {
  ASSERT_THAT(Schedule(Plan({})), IsOk());
  world_.now += absl::Hours(49);
  v1::RecordMeetingRequest request = Outcome(v1::MEETING_STATE_HELD);
  for (const auto kind :
       {v1::MEETING_DECISION_KIND_TASK, v1::MEETING_DECISION_KIND_PLAN, v1::MEETING_DECISION_KIND_NOTE}) {
    v1::MeetingDecision& decision = *request.add_decisions();
    decision.set_kind(kind);
    decision.set_text("As agreed.");
    if (kind != v1::MEETING_DECISION_KIND_NOTE) {
      *decision.mutable_due_date() = ToProtoDay(LocalDay(world_.now) + 7);
    }
  }
  const auto held = Record(request);
  ASSERT_THAT(held, IsOk());
  ASSERT_EQ(TasksOf(v1::TASK_KIND_MEETING_DECISION).size(), 1u);
  ASSERT_EQ(TasksOf(v1::TASK_KIND_CHANGE_PLAN).size(), 1u);
  const v1::Task task = TasksOf(v1::TASK_KIND_MEETING_DECISION)[0];
  EXPECT_EQ(task.subject(), client_ + "/meetings/1 1");
  EXPECT_EQ(task.coordinator(), kA);
  EXPECT_EQ(FromProto(task.due_time()), EndOfDay(LocalDay(world_.now) + 7));
  EXPECT_EQ(held->decisions(0).task(), task.name());
  EXPECT_EQ(held->decisions(1).task(), TasksOf(v1::TASK_KIND_CHANGE_PLAN)[0].name());
  EXPECT_EQ(held->decisions(2).task(), "");

  // The plan of the day before does not answer the decision, whenever it is heard of.
  v1::ClientSupportInput revised;
  revised.mutable_plan_revised()->set_plan(client_ + "/plans/2");
  ASSERT_THAT(world_.Send(revised, world_.now - absl::Hours(24)), IsOk());
  EXPECT_EQ(TasksOf(v1::TASK_KIND_CHANGE_PLAN).size(), 1u);
  ASSERT_THAT(world_.Send(revised, world_.now + absl::Hours(1)), IsOk());
  EXPECT_THAT(TasksOf(v1::TASK_KIND_CHANGE_PLAN), IsEmpty());
  EXPECT_EQ(TasksOf(v1::TASK_KIND_MEETING_DECISION).size(), 1u);
}

TEST_F(Meetings, ThatTheClientMissedAskForAContact) {
  ASSERT_THAT(Schedule(Plan({})), IsOk());
  EXPECT_THAT(Fields(Record(Outcome(v1::MEETING_STATE_MISSED)).status()), ElementsAre("start_time"));
  world_.now += absl::Hours(49);
  ASSERT_THAT(Record(Outcome(v1::MEETING_STATE_MISSED)), IsOk());
  EXPECT_THAT(TasksOf(v1::TASK_KIND_MEETING), IsEmpty());
  ASSERT_EQ(TasksOf(v1::TASK_KIND_CONTACT).size(), 1u);
  EXPECT_EQ(TasksOf(v1::TASK_KIND_CONTACT)[0].subject(), client_ + "/meetings/1");
  EXPECT_EQ(Told(&v1::ClientSupportEvent::has_meeting_held), 0);
}

TEST_F(Meetings, ThatAreCancelledLeaveTheWorklist) {
  ASSERT_THAT(Schedule(Plan({})), IsOk());
  ASSERT_THAT(Record(Outcome(v1::MEETING_STATE_CANCELLED)), IsOk());
  EXPECT_THAT(TasksOf(v1::TASK_KIND_MEETING), IsEmpty());
  EXPECT_EQ(Told(&v1::ClientSupportEvent::has_meeting_cancelled), 1);
}

TEST_F(Meetings, EndWithTheJourney) {
  ASSERT_THAT(Schedule(Plan({})), IsOk());
  world_.now += absl::Hours(1);
  ASSERT_THAT(world_.Send(ClosedFact(client_)), IsOk());
  EXPECT_EQ(world_.client(client_).meetings(0).state(), v1::MEETING_STATE_CANCELLED);
  EXPECT_EQ(Told(&v1::ClientSupportEvent::has_meeting_cancelled), 1);
  EXPECT_EQ(ReasonOf(Record(Outcome(v1::MEETING_STATE_HELD)).status()), "SUPPORT_CLOSED");
  EXPECT_EQ(ReasonOf(Schedule(Plan({})).status()), "SUPPORT_NOT_OPEN");
}

TEST_F(Meetings, AgreedBetweenAClosingAndWordOfItAreCancelledByTheNextReferral) {
  const absl::Time close_time = world_.now;
  world_.now += absl::Hours(1);
  ASSERT_THAT(Schedule(Plan({})), IsOk());
  world_.now += absl::Hours(1);
  ASSERT_THAT(world_.Send(ClosedFact(client_), close_time), IsOk());
  EXPECT_EQ(world_.client(client_).meetings(0).state(), v1::MEETING_STATE_SCHEDULED);
  world_.Refer(client_);
  EXPECT_EQ(world_.client(client_).meetings(0).state(), v1::MEETING_STATE_CANCELLED);
  EXPECT_THAT(TasksOf(v1::TASK_KIND_MEETING), IsEmpty());
}

TEST_F(Meetings, AreNotForAClientWhoseProcessingIsRestricted) {
  ASSERT_THAT(Schedule(Plan({})), IsOk());
  v1::ClientSupportInput input;
  input.mutable_processing_restricted()->set_client(client_);
  input.mutable_processing_restricted()->set_restricted(true);
  ASSERT_THAT(world_.Send(input), IsOk());
  EXPECT_EQ(ReasonOf(Schedule(Plan({})).status()), "PROCESSING_RESTRICTED");
  EXPECT_THAT(Record(Outcome(v1::MEETING_STATE_CANCELLED)), IsOk());
  input.mutable_processing_restricted()->set_restricted(false);
  ASSERT_THAT(world_.Send(input), IsOk());
  EXPECT_THAT(Schedule(Plan({})), IsOk());
}

TEST_F(Meetings, KeepTheLatestAndThoseToCome) {
  const int max = TestPolicy().meetings_max;
  ASSERT_THAT(Schedule(Plan({})), IsOk());
  for (int i = 2; i <= max + 5; ++i) {
    ASSERT_THAT(Schedule(Plan({})), IsOk());
    v1::RecordMeetingRequest cancelled = Outcome(v1::MEETING_STATE_CANCELLED);
    cancelled.set_meeting(absl::StrCat(client_, "/meetings/", i));
    ASSERT_THAT(Record(cancelled), IsOk());
  }
  const auto& kept = world_.client(client_).meetings();
  ASSERT_EQ(kept.size(), max);
  EXPECT_EQ(kept[0].name(), client_ + "/meetings/1");
  EXPECT_EQ(kept[max - 1].name(), absl::StrCat(client_, "/meetings/", max + 5));
  for (int i = 1; i < max; ++i) ASSERT_THAT(Schedule(Plan({})), IsOk());
  const absl::Status full = Schedule(Plan({})).status();
  EXPECT_THAT(full, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(ReasonOf(full), "MEETINGS_FULL");
}

TEST_F(Meetings, NameTheFieldThatIsWrong) {
  const struct {
    const char* field;
    void (*spoil)(v1::ScheduleMeetingRequest&);
  } cases[] = {
      {"client", [](auto& r) { r.set_client("clients/x"); }},
      {"start_time", [](auto& r) { r.clear_start_time(); }},
      {"start_time", [](auto& r) { r.mutable_start_time()->set_seconds(r.start_time().seconds() - 48 * 3600); }},
      {"start_time", [](auto& r) { r.mutable_start_time()->set_seconds(r.start_time().seconds() + 365 * 86400); }},
      {"participants[0].organisation", [](auto& r) { r.mutable_participants(0)->set_organisation("kela"); }},
      {"participants[0].organisation",
       [](auto& r) { r.mutable_participants(0)->set_organisation("organisations/unit"); }},
      {"participants[1].organisation", [](auto& r) { r.add_participants()->set_organisation(kKela); }},
      {"participants[0].statute", [](auto& r) { r.mutable_participants(0)->set_statute(std::string(401, 'x')); }},
      {"classes", [](auto& r) { r.clear_classes(); }},
      {"classes", [](auto& r) { r.add_classes("plan"); }},
      {"classes", [](auto& r) { r.add_classes("everything"); }},
  };
  Grant(1, kKela);
  for (const auto& test : cases) {
    SCOPED_TRACE(test.field);
    v1::ScheduleMeetingRequest request = Plan({kKela});
    test.spoil(request);
    const absl::Status status = Schedule(request).status();
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_THAT(Fields(status), ElementsAre(test.field));
  }
  v1::ScheduleMeetingRequest crowd = Plan({});
  crowd.add_classes("plan");
  for (int i = 0; i < 31; ++i) crowd.add_participants()->set_organisation(absl::StrCat("organisations/o", i));
  EXPECT_THAT(Fields(Schedule(crowd).status()), ElementsAre("participants"));
}

TEST_F(Meetings, AreNotRecordedWithWhatCannotBe) {
  Grant(1, kKela);
  ASSERT_THAT(Schedule(Plan({kKela})), IsOk());
  world_.now += absl::Hours(49);
  const struct {
    const char* field;
    void (*spoil)(v1::RecordMeetingRequest&);
  } cases[] = {
      {"meeting", [](auto& r) { r.set_meeting("clients/x/meetings/1"); }},
      {"state", [](auto& r) { r.set_state(v1::MEETING_STATE_SCHEDULED); }},
      {"start_time", [](auto& r) { r.mutable_start_time()->set_seconds(-3'000'000'000); }},
      {"start_time", [](auto& r) { r.mutable_start_time()->set_seconds(4'000'000'000); }},
      {"participants[0].organisation", [](auto& r) { r.add_participants(); }},
      {"classes", [](auto& r) { r.add_classes("all"); }},
      {"client_present", [](auto& r) { r.set_state(v1::MEETING_STATE_MISSED), r.clear_decisions(); }},
      {"decisions", [](auto& r) { r.set_state(v1::MEETING_STATE_CANCELLED), r.clear_client_present(); }},
      {"decisions[0].kind", [](auto& r) { r.mutable_decisions(0)->clear_kind(); }},
      {"decisions[0].text", [](auto& r) { r.mutable_decisions(0)->clear_text(); }},
      {"decisions[0].text", [](auto& r) { r.mutable_decisions(0)->set_text(std::string(2001, 'x')); }},
      {"decisions[0].due_date", [](auto& r) { r.mutable_decisions(0)->clear_due_date(); }},
      {"decisions[0].due_date", [](auto& r) { r.mutable_decisions(0)->mutable_due_date()->set_year(2025); }},
      {"decisions[0].due_date", [](auto& r) { r.mutable_decisions(0)->set_kind(v1::MEETING_DECISION_KIND_NOTE); }},
      {"decisions[0].responsible", [](auto& r) { r.mutable_decisions(0)->set_responsible(kKela); }},
      {"decisions",
       [](auto& r) {
         for (int i = 0; i < 20; ++i) *r.add_decisions() = r.decisions(0);
       }},
  };
  for (const auto& test : cases) {
    SCOPED_TRACE(test.field);
    v1::RecordMeetingRequest request = Outcome(v1::MEETING_STATE_HELD);
    v1::MeetingDecision& decision = *request.add_decisions();
    decision.set_kind(v1::MEETING_DECISION_KIND_TASK);
    decision.set_text("As agreed.");
    *decision.mutable_due_date() = ToProtoDay(LocalDay(world_.now));
    test.spoil(request);
    const absl::Status status = Record(request).status();
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_THAT(Fields(status), ElementsAre(test.field));
  }
  v1::RecordMeetingRequest unknown = Outcome(v1::MEETING_STATE_CANCELLED);
  unknown.set_meeting(client_ + "/meetings/7");
  EXPECT_EQ(ReasonOf(Record(unknown).status()), "MEETING_UNKNOWN");
  EXPECT_EQ(world_.client(client_).meetings(0).state(), v1::MEETING_STATE_SCHEDULED);
}

}  // namespace
}  // namespace polku::coordinator_network
