// What facts and people do to the worklist.
#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/calendar.h"
#include "libs/base/status_matchers.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "services/coordinator-network/testing/world.h"

namespace polku::coordinator_network {
namespace {

namespace v1 = ::polku::coordinator_network::v1;
using pipeline::FromProto;
using pipeline::ToProto;
using pipeline::ToProtoDay;
using polku::follow_up::v1::RULE_MISSED_ATTENDANCE;
using polku::follow_up::v1::RULE_NO_CONTACT;

const absl::CivilDay kFriday(2026, 3, 6);

int EventsOf(const World& world, v1::ClientSupportEvent::EventCase kind) {
  int count = 0;
  for (const v1::ClientSupportEvent& event : world.events) count += event.event_case() == kind ? 1 : 0;
  return count;
}

absl::StatusOr<v1::Task> Attempt(World& world, const std::string& task,
                                 v1::AttemptOutcome outcome = v1::ATTEMPT_OUTCOME_REACHED_WILL_RETURN) {
  v1::ClientSupportInput input;
  input.mutable_record_outreach_attempt()->set_task(task);
  input.mutable_record_outreach_attempt()->set_outcome(outcome);
  input.mutable_record_outreach_attempt()->set_channel(v1::CHANNEL_CALL);
  World::Reply reply = world.Send(input);
  if (!reply.ok()) return reply.status();
  return dynamic_cast<const v1::Task&>(**reply);
}

World::Reply Complete(World& world, const std::string& task, absl::CivilDay* next_step = nullptr) {
  v1::ClientSupportInput input;
  input.mutable_complete_task()->set_task(task);
  if (next_step != nullptr) *input.mutable_complete_task()->mutable_next_step_date() = ToProtoDay(*next_step);
  return world.Send(input);
}

// A client accepted by a coordinator: no task is open.
class Tasks : public ::testing::Test {
 protected:
  Tasks() {
    world_.Register("a", 10);
    world_.Refer(client_);
    EXPECT_THAT(world_.Accept("coordinators/a", client_), IsOk());
    world_.now += absl::Hours(24);
  }
  const v1::ClientSupport& state() { return world_.client(client_); }
  void Send(const v1::ClientSupportInput& input) { ASSERT_THAT(world_.Send(input), IsOk()); }

  const std::string client_ = TestClient();
  World world_;
};

// 2026-03-04 is a Wednesday.
TEST_F(Tasks, CallsAreDueBehindAHoldAndOnTheNextOfficeDayWhenItEnds) {
  Send(OutreachFact(client_, 1, RULE_NO_CONTACT, 0));
  v1::ClientSupportInput held;
  held.mutable_outreach_held()->set_client(client_);
  *held.mutable_outreach_held()->mutable_until_date() = ToProtoDay(absl::CivilDay(2026, 3, 14));  // A Saturday.
  Send(held);
  Send(MissedFact(client_, 1, absl::CivilDay(2026, 3, 4)));
  const auto due = [&](int task) { return FromProto(state().tasks(task).due_time()); };
  ASSERT_EQ(state().tasks_size(), 2);
  EXPECT_EQ(due(0), EndOfDay(absl::CivilDay(2026, 3, 16)));
  EXPECT_EQ(due(1), EndOfDay(absl::CivilDay(2026, 3, 16)));
  v1::ClientSupportInput released;
  released.mutable_outreach_released()->set_client(client_);
  *released.mutable_outreach_released()->mutable_release_time() =
      ToProto(StartOfDay(absl::CivilDay(2026, 3, 6)) + absl::Hours(12));
  Send(released);
  EXPECT_EQ(due(0), EndOfDay(absl::CivilDay(2026, 3, 9)));
  EXPECT_EQ(due(1), EndOfDay(absl::CivilDay(2026, 3, 9)));
}

// Folds what the restored service had told into its state, as the pipeline does.
void RecallAll(const std::vector<v1::ClientSupportEvent>& told, const ClientDomain& domain, v1::ClientSupport& state) {
  for (const v1::ClientSupportEvent& event : told) {
    for (const v1::ClientSupportEvent& each : domain.Recall(event, state)) domain.Evolve(each, state);
  }
}

TEST(Restored, OutreachThatIsDoneIsPutOnNoListAgainAndNoTaskNameIsGivenTwice) {
  const std::string client = TestClient();
  const std::string interruption = client + "/interruptions/1";
  const ClientDomain domain(TestPolicy());
  std::vector<v1::ClientSupportEvent> told(4);
  told[0].mutable_coordinator_assigned()->set_client(client);
  told[0].mutable_coordinator_assigned()->set_coordinator("coordinators/a");
  told[1].mutable_assignment_accepted()->set_client(client);
  told[2].mutable_outreach_task_assigned()->set_task(client + "/tasks/3");
  told[2].mutable_outreach_task_assigned()->set_interruption(interruption);
  told[3].mutable_outreach_completed()->set_task(client + "/tasks/3");
  told[3].mutable_outreach_completed()->set_interruption(interruption);
  v1::ClientSupport state;
  RecallAll(told, domain, state);
  pipeline::Context context;
  context.key = client;
  context.now = context.fact_time = StartOfDay(kFriday);
  context.lookups = {{}};
  // Its facts come again.
  for (const auto& fact : {ReferralAcceptedFact(client), OutreachFact(client, 1, RULE_NO_CONTACT, 0),
                           OutreachFact(client, 2, RULE_NO_CONTACT, 0)}) {
    const auto decision = domain.Decide(state, fact, context);
    ASSERT_THAT(decision, IsOk());
    for (const v1::ClientSupportEvent& event : decision->events) domain.Evolve(event, state);
  }
  EXPECT_EQ(state.assignment().coordinator(), "coordinators/a");
  EXPECT_EQ(state.assignment().state(), v1::ASSIGNMENT_STATE_ACCEPTED);
  ASSERT_EQ(state.tasks_size(), 1);
  EXPECT_EQ(state.tasks(0).subject(), client + "/interruptions/2");
  EXPECT_EQ(state.tasks(0).name(), client + "/tasks/4");
}

v1::ClientSupportInput CircumstanceFact(const std::string& client, bool revoked) {
  v1::ClientSupportInput input;
  auto& recorded = *input.mutable_circumstance_recorded();
  recorded.set_client(client);
  recorded.set_circumstance(polku::follow_up::v1::CIRCUMSTANCE_DIED);
  *recorded.mutable_from_date() = ToProtoDay(absl::CivilDay(2026, 3, 1));
  recorded.set_revoked(revoked);
  return input;
}

TEST_F(Tasks, NobodyIsToCallAClientWhoHasDied) {
  Send(MissedFact(client_, 1, absl::CivilDay(2026, 3, 4)));
  Send(CircumstanceFact(client_, false));
  EXPECT_EQ(state().tasks_size(), 0);
  Send(MissedFact(client_, 1, absl::CivilDay(2026, 3, 5)));
  EXPECT_EQ(state().tasks_size(), 0);
  Send(CircumstanceFact(client_, true));
  Send(MissedFact(client_, 1, absl::CivilDay(2026, 3, 6)));
  EXPECT_EQ(state().tasks_size(), 1);
}

TEST_F(Tasks, OutreachStandsOnTheCoordinatorsListOnce) {
  Send(OutreachFact(client_, 1, RULE_NO_CONTACT, 0));
  Send(OutreachFact(client_, 1, RULE_NO_CONTACT, 0));
  ASSERT_EQ(state().tasks_size(), 1);
  EXPECT_EQ(state().tasks(0).kind(), v1::TASK_KIND_OUTREACH);
  EXPECT_EQ(state().tasks(0).coordinator(), "coordinators/a");
  EXPECT_EQ(state().tasks(0).subject(), client_ + "/interruptions/1");
  EXPECT_EQ(FromProto(state().tasks(0).due_time()), EndOfDay(absl::CivilDay(2026, 3, 10)));
  EXPECT_EQ(EventsOf(world_, v1::ClientSupportEvent::kOutreachTaskAssigned), 1);
  EXPECT_EQ(world_.Query("SELECT task FROM task").size(), 1u);
}

TEST_F(Tasks, OutreachIsCancelledWhenTheInterruptionEndsAndDoesNotComeBack) {
  Send(OutreachFact(client_, 1, RULE_NO_CONTACT, 0));
  Send(OutreachFact(client_, 2, RULE_NO_CONTACT, 0));
  Send(RetractedFact(client_, 1));
  EXPECT_EQ(world_.events.back().task_ended().state(), v1::TASK_STATE_CANCELLED);
  Send(ResolvedFact(client_, 2));
  EXPECT_EQ(state().tasks_size(), 0);
  Send(OutreachFact(client_, 1, RULE_NO_CONTACT, 0));
  EXPECT_EQ(state().tasks_size(), 0);
}

TEST_F(Tasks, OutreachIsNotMadeForAnInterruptionThatHasEndedBefore) {
  Send(RetractedFact(client_, 1));
  Send(OutreachFact(client_, 1, RULE_NO_CONTACT, 0));
  EXPECT_EQ(state().tasks_size(), 0);
}

TEST_F(Tasks, DoneOutreachStaysDoneWhenTheInterruptionIsResolved) {
  Send(OutreachFact(client_, 1, RULE_NO_CONTACT, 0));
  const std::string task = state().tasks(0).name();
  ASSERT_THAT(Attempt(world_, task), IsOk());
  ASSERT_THAT(Complete(world_, task), IsOk());
  const size_t before = world_.events.size();
  Send(ResolvedFact(client_, 1));
  Send(OutreachFact(client_, 1, RULE_NO_CONTACT, 0));
  EXPECT_EQ(world_.events.size(), before);
}

TEST_F(Tasks, ContactIsDueAtTheEndOfTheOfficeDayAfterTheMissedSession) {
  Send(MissedFact(client_, 1, kFriday));
  Send(MissedFact(client_, 1, kFriday + 1));
  ASSERT_EQ(state().tasks_size(), 1);
  EXPECT_EQ(state().tasks(0).kind(), v1::TASK_KIND_CONTACT);
  EXPECT_EQ(state().tasks(0).subject(), client_ + "/measures/1 2026-03-06 0");
  EXPECT_EQ(FromProto(state().tasks(0).due_time()), EndOfDay(absl::CivilDay(2026, 3, 9)));
  Send(MissedFact(client_, 2, kFriday));
  EXPECT_EQ(state().tasks_size(), 2);
}

TEST_F(Tasks, OutreachForMissedAttendanceTakesTheContactsPlace) {
  Send(MissedFact(client_, 1, kFriday));
  Send(MissedFact(client_, 2, kFriday));
  Send(OutreachFact(client_, 1, RULE_MISSED_ATTENDANCE, 1));
  Send(MissedFact(client_, 1, kFriday + 3));
  ASSERT_EQ(state().tasks_size(), 2);
  EXPECT_EQ(state().tasks(0).measure(), client_ + "/measures/2");
  EXPECT_EQ(state().tasks(1).kind(), v1::TASK_KIND_OUTREACH);
}

TEST_F(Tasks, OverdueAssessmentIsCancelledByItsCompletion) {
  Send(OverdueFact(client_, 1));
  ASSERT_EQ(state().tasks_size(), 1);
  EXPECT_EQ(state().tasks(0).kind(), v1::TASK_KIND_OVERDUE_ASSESSMENT);
  EXPECT_EQ(FromProto(state().tasks(0).due_time()), EndOfDay(absl::CivilDay(2026, 3, 9)));
  Send(AssessedFact(client_, 1));
  EXPECT_EQ(state().tasks_size(), 0);
  Send(OverdueFact(client_, 1));
  EXPECT_EQ(state().tasks_size(), 0);
}

TEST_F(Tasks, AttemptIsCountedAndTold) {
  Send(OutreachFact(client_, 1, RULE_NO_CONTACT, 0));
  const absl::StatusOr<v1::Task> task = Attempt(world_, state().tasks(0).name(), v1::ATTEMPT_OUTCOME_NOT_REACHED);
  ASSERT_THAT(task, IsOk());
  EXPECT_EQ(task->attempts(), 1);
  EXPECT_EQ(task->last_outcome(), v1::ATTEMPT_OUTCOME_NOT_REACHED);
  const v1::OutreachAttempted& attempted = world_.events.back().outreach_attempted();
  EXPECT_EQ(attempted.interruption(), client_ + "/interruptions/1");
  EXPECT_EQ(FromProto(attempted.attempt_time()), world_.now);
}

TEST_F(Tasks, AttemptThatCannotBeIsRefused) {
  Send(OutreachFact(client_, 1, RULE_NO_CONTACT, 0));
  v1::RecordOutreachAttemptRequest good;
  good.set_task(state().tasks(0).name());
  good.set_outcome(v1::ATTEMPT_OUTCOME_OTHER);
  good.set_channel(v1::CHANNEL_VISIT);
  *good.mutable_attempt_time() = ToProto(world_.now);
  const auto field_of = [&](const v1::RecordOutreachAttemptRequest& request) {
    v1::ClientSupportInput input;
    *input.mutable_record_outreach_attempt() = request;
    const std::vector<FieldViolation> violations = ViolationsOf(world_.Send(input).status());
    return violations.empty() ? std::string() : violations[0].field;
  };
  v1::RecordOutreachAttemptRequest request = good;
  request.clear_outcome();
  EXPECT_EQ(field_of(request), "outcome");
  request = good;
  request.set_outcome(static_cast<v1::AttemptOutcome>(99));
  EXPECT_EQ(field_of(request), "outcome");
  request = good;
  request.clear_channel();
  EXPECT_EQ(field_of(request), "channel");
  request = good;
  *request.mutable_attempt_time() = ToProto(world_.now + absl::Seconds(1));
  EXPECT_EQ(field_of(request), "attempt_time");
  request = good;
  request.set_task(client_);
  EXPECT_EQ(field_of(request), "task");
  EXPECT_EQ(field_of(good), "");
  EXPECT_EQ(ReasonOf(Attempt(world_, client_ + "/tasks/99").status()), "TASK_UNKNOWN");
  EXPECT_EQ(ReasonOf(Attempt(world_, client_ + "/tasks/1").status()), "TASK_ENDED");
}

TEST_F(Tasks, AreDueOnTheDayOnWhichTheClientAskedToBeCalledBack) {
  Send(OutreachFact(client_, 1, RULE_NO_CONTACT, 0));
  v1::ClientSupportInput input;
  auto& request = *input.mutable_record_outreach_attempt();
  request.set_task(state().tasks(0).name());
  request.set_outcome(v1::ATTEMPT_OUTCOME_REACHED_CALL_LATER);
  request.set_channel(v1::CHANNEL_CALL);
  const absl::CivilDay today = LocalDay(world_.now);
  for (const absl::CivilDay wrong : {today - 1, today + 61}) {
    *request.mutable_call_back_date() = ToProtoDay(wrong);
    EXPECT_EQ(ViolationsOf(world_.Send(input).status())[0].field, "call_back_date");
  }
  *request.mutable_call_back_date() = ToProtoDay(today + 9);
  ASSERT_THAT(world_.Send(input), IsOk());
  EXPECT_EQ(FromProto(state().tasks(0).due_time()), EndOfDay(today + 9));
  request.set_outcome(v1::ATTEMPT_OUTCOME_NOT_REACHED);
  EXPECT_EQ(ViolationsOf(world_.Send(input).status())[0].field, "call_back_date");
}

TEST_F(Tasks, AreNotAnsweredByAMessageThatTheClientHasNotAgreedToNorAtNight) {
  Send(OutreachFact(client_, 1, RULE_NO_CONTACT, 0));
  v1::ClientSupportInput message;
  message.mutable_record_outreach_attempt()->set_task(state().tasks(0).name());
  message.mutable_record_outreach_attempt()->set_outcome(v1::ATTEMPT_OUTCOME_NOT_REACHED);
  message.mutable_record_outreach_attempt()->set_channel(v1::CHANNEL_MESSAGE);
  EXPECT_EQ(ReasonOf(world_.Send(message).status()), "PERMISSION_MISSING");
  v1::ClientSupportInput granted;
  granted.mutable_permission_granted()->set_permission(client_ + "/permissions/1");
  granted.mutable_permission_granted()->set_purpose("contact-by-message");
  granted.mutable_permission_granted()->set_organisation("organisations/unit");
  granted.mutable_permission_granted()->add_classes("follow-up");
  *granted.mutable_permission_granted()->mutable_valid_from() = ToProtoDay(LocalDay(world_.now));
  *granted.mutable_permission_granted()->mutable_grant_time() = ToProto(world_.now);
  Send(granted);
  EXPECT_THAT(world_.Send(message), IsOk());
  world_.now = LocalTime(LocalDay(world_.now), 20 * 60);
  EXPECT_EQ(ReasonOf(world_.Send(message).status()), "QUIET_HOURS");
  *message.mutable_record_outreach_attempt()->mutable_attempt_time() = ToProto(world_.now - absl::Microseconds(1));
  EXPECT_THAT(world_.Send(message), IsOk());
}

TEST_F(Tasks, CompletingAnOutreachNeedsAnAttemptAndTheNextStep) {
  v1::ClientSupportInput outreach = OutreachFact(client_, 1, RULE_NO_CONTACT, 0);
  outreach.mutable_outreach_requested()->set_next_step_required(true);
  Send(outreach);
  const std::string task = state().tasks(0).name();
  absl::CivilDay today = LocalDay(world_.now);
  const absl::Status untried = Complete(world_, task, &today).status();
  EXPECT_THAT(untried, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(ReasonOf(untried), "NO_ATTEMPT");
  ASSERT_THAT(Attempt(world_, task), IsOk());
  const absl::Status no_date = Complete(world_, task).status();
  ASSERT_EQ(ViolationsOf(no_date).size(), 1u);
  EXPECT_EQ(ViolationsOf(no_date)[0].field, "next_step_date");
  absl::CivilDay yesterday = today - 1;
  EXPECT_THAT(Complete(world_, task, &yesterday), StatusIs(absl::StatusCode::kInvalidArgument));
  const World::Reply done = Complete(world_, task, &today);
  ASSERT_THAT(done, IsOk());
  EXPECT_EQ(dynamic_cast<const v1::Task&>(**done).state(), v1::TASK_STATE_DONE);
  EXPECT_EQ(state().tasks_size(), 0);
  EXPECT_EQ(EventsOf(world_, v1::ClientSupportEvent::kOutreachCompleted), 1);
  EXPECT_EQ(ReasonOf(Complete(world_, task, &today).status()), "TASK_ENDED");
}

TEST_F(Tasks, CompletingAContactNeedsNothingAndTellsNobody) {
  Send(MissedFact(client_, 1, kFriday));
  ASSERT_THAT(Complete(world_, state().tasks(0).name()), IsOk());
  EXPECT_EQ(EventsOf(world_, v1::ClientSupportEvent::kOutreachCompleted), 0);
  EXPECT_EQ(world_.events.back().task_ended().state(), v1::TASK_STATE_DONE);
}

TEST(AssignmentTasks, AreNotCompletedByHand) {
  World world;
  world.Refer(TestClient(1));
  EXPECT_EQ(ReasonOf(Complete(world, world.client(TestClient(1)).tasks(0).name()).status()), "NOT_BY_HAND");
  world.Register("a", 1);
  world.Refer(TestClient(2));
  EXPECT_EQ(ReasonOf(Complete(world, world.client(TestClient(2)).tasks(0).name()).status()), "NOT_BY_HAND");
}

TEST(EarlyFacts, StandOnTheLeadsListAndMoveToTheCoordinator) {
  World world;
  world.Register("a", 1);
  ASSERT_THAT(world.Send(MissedFact(TestClient(), 1, kFriday)), IsOk());
  EXPECT_EQ(world.client(TestClient()).tasks(0).coordinator(), "coordinators/lead");
  EXPECT_EQ(world.Query("SELECT task FROM task WHERE coordinator = 'coordinators/lead'").size(), 1u);
  world.Refer(TestClient());
  EXPECT_EQ(world.client(TestClient()).tasks(0).coordinator(), "coordinators/a");
}

TEST(Facts, ThatAreMalformedAreLeftOut) {
  World world;
  const ClientDomain domain{Policy()};
  v1::ClientSupportInput no_name;
  no_name.mutable_outreach_requested()->set_interruption("clients/1/interruptions/1");
  const auto decision = domain.Decide({}, no_name, {});
  ASSERT_THAT(decision, IsOk());
  EXPECT_TRUE(decision->events.empty());
  v1::ClientSupportInput no_day = MissedFact(TestClient(), 1, kFriday);
  no_day.mutable_attendance_missed()->mutable_date()->set_month(13);
  ASSERT_THAT(world.Send(no_day), IsOk());
  EXPECT_TRUE(world.events.empty());
}

// ---- Interleavings ----

struct Fact {
  v1::ClientSupportInput input;
  absl::Time time;
};
using Stream = std::vector<Fact>;

// What referral, assessment and follow-up told about one client, each in its own order.
std::vector<Stream> Streams(absl::Time start) {
  const std::string client = TestClient();
  const auto at = [start](int hours) { return start + absl::Hours(hours); };
  Stream referral = {{ReferralAcceptedFact(client), at(0)}};
  Stream assessment = {
      {OverdueFact(client, 1), at(24)}, {AssessedFact(client, 1), at(40)}, {OverdueFact(client, 2), at(50)}};
  Stream follow_up = {{MissedFact(client, 1, kFriday), at(60)},
                      {MissedFact(client, 2, kFriday), at(61)},
                      {OutreachFact(client, 1, RULE_MISSED_ATTENDANCE, 1), at(62)},
                      {MissedFact(client, 1, kFriday + 3), at(63)},
                      {OutreachFact(client, 2, RULE_NO_CONTACT, 0), at(64)},
                      {RetractedFact(client, 2), at(65)},
                      {OutreachFact(client, 3, RULE_NO_CONTACT, 0), at(66)}};
  if (*rc::gen::arbitrary<bool>()) {
    follow_up.push_back({ClosedFact(client), at(70)});
    assessment.push_back({OverdueFact(client, 3), at(72)});
    if (*rc::gen::arbitrary<bool>()) {
      referral.push_back({ReferralAcceptedFact(client), at(80)});
      assessment.push_back({OverdueFact(client, 4), at(90)});
      follow_up.push_back({MissedFact(client, 3, kFriday), at(91)});
    }
  }
  return {referral, assessment, follow_up};
}

using OpenTask = std::tuple<int, std::string, std::string, int64_t>;

std::vector<OpenTask> OpenTasks(World& world) {
  std::vector<OpenTask> tasks;
  if (world.client(TestClient()).closed()) return tasks;
  for (const v1::Task& task : world.client(TestClient()).tasks()) {
    // The proposal itself may be older when the closing came late; everything else is the same.
    const bool is_proposal = task.kind() == v1::TASK_KIND_TAKE_CLIENT;
    tasks.emplace_back(task.kind(), task.subject(), task.coordinator(),
                       is_proposal ? 0 : absl::ToUnixMicros(FromProto(task.due_time())));
  }
  std::sort(tasks.begin(), tasks.end());
  return tasks;
}

v1::ClientSupportInput ReferralOverdueFact(const std::string& client,
                                           polku::referral::v1::ReferralOverdue::Level level) {
  v1::ClientSupportInput input;
  auto& fact = *input.mutable_referral_overdue();
  fact.set_referral(client + "/referrals/2");
  fact.set_level(level);
  *fact.mutable_waiting_since() = ToProto(StartOfDay(kFriday));
  *fact.mutable_due_time() = ToProto(EndOfDay(kFriday + 7));
  return input;
}

TEST_F(Tasks, AnUnansweredReferralIsTheLeadsUntilItIsAnswered) {
  using polku::referral::v1::ReferralOverdue;
  ASSERT_THAT(world_.Send(ReferralOverdueFact(client_, ReferralOverdue::LEVEL_REMINDER)), IsOk());
  ASSERT_EQ(world_.client(client_).tasks_size(), 1);
  EXPECT_EQ(world_.client(client_).tasks(0).coordinator(), "coordinators/lead");
  ASSERT_THAT(world_.Send(ReferralOverdueFact(client_, ReferralOverdue::LEVEL_ESCALATION)), IsOk());
  ASSERT_EQ(world_.client(client_).tasks_size(), 1);
  EXPECT_EQ(world_.client(client_).tasks(0).rung(), polku::follow_up::v1::OUTREACH_RUNG_SUPERVISOR);
  // The end of a journey does not answer it.
  ASSERT_THAT(world_.Send(ClosedFact(client_)), IsOk());
  EXPECT_EQ(world_.Query("SELECT task FROM task").size(), 1u);
  v1::ClientSupportInput withdrawn;
  withdrawn.mutable_referral_withdrawn()->set_referral(client_ + "/referrals/2");
  ASSERT_THAT(world_.Send(withdrawn), IsOk());
  EXPECT_EQ(world_.client(client_).tasks_size(), 0);
}

TEST_F(Tasks, AReminderPutAsideDoesNotSilenceTheEscalation) {
  using polku::referral::v1::ReferralOverdue;
  ASSERT_THAT(world_.Send(ReferralOverdueFact(client_, ReferralOverdue::LEVEL_REMINDER)), IsOk());
  ASSERT_THAT(Complete(world_, world_.client(client_).tasks(0).name()), IsOk());
  ASSERT_THAT(world_.Send(ReferralOverdueFact(client_, ReferralOverdue::LEVEL_ESCALATION)), IsOk());
  EXPECT_EQ(world_.client(client_).tasks_size(), 1);
}

TEST_F(Tasks, AnEscalatedOutreachStaysOneTaskAndEndsUpWithTheLead) {
  ASSERT_THAT(world_.Send(OutreachFact(client_, 1, RULE_NO_CONTACT, 0)), IsOk());
  for (const int rung :
       {polku::follow_up::v1::OUTREACH_RUNG_SECOND_ATTEMPT, polku::follow_up::v1::OUTREACH_RUNG_SUPERVISOR}) {
    v1::ClientSupportInput input;
    auto& fact = *input.mutable_outreach_escalated();
    fact.set_interruption(client_ + "/interruptions/1");
    fact.set_rung(static_cast<polku::follow_up::v1::OutreachRung>(rung));
    *fact.mutable_due_time() = ToProto(EndOfDay(kFriday + rung));
    ASSERT_THAT(world_.Send(input), IsOk());
    ASSERT_EQ(world_.client(client_).tasks_size(), 1);
    EXPECT_EQ(world_.client(client_).tasks(0).rung(), rung);
    EXPECT_EQ(FromProto(world_.client(client_).tasks(0).due_time()), EndOfDay(kFriday + rung));
  }
  EXPECT_EQ(world_.client(client_).tasks(0).coordinator(), "coordinators/lead");
}

TEST_F(Tasks, EachDeadlineOfAnAssessmentHasItsTaskUntilWhatWasLateHappens) {
  for (const auto kind : {polku::assessment::v1::ASSESSMENT_DEADLINE_FIRST_CONTACT,
                          polku::assessment::v1::ASSESSMENT_DEADLINE_FIRST_MEETING,
                          polku::assessment::v1::ASSESSMENT_DEADLINE_COMPLETION}) {
    v1::ClientSupportInput overdue = OverdueFact(client_, 1);
    overdue.mutable_assessment_overdue()->set_kind(kind);
    ASSERT_THAT(world_.Send(overdue), IsOk());
    ASSERT_THAT(world_.Send(overdue), IsOk());
  }
  EXPECT_EQ(world_.client(client_).tasks_size(), 3);
  v1::ClientSupportInput held;
  held.mutable_session_held()->set_session(client_ + "/sessions/1");
  held.mutable_session_held()->set_assessment(client_ + "/assessments/1");
  ASSERT_THAT(world_.Send(held), IsOk());
  EXPECT_EQ(world_.client(client_).tasks_size(), 1);
  ASSERT_THAT(world_.Send(AssessedFact(client_, 1)), IsOk());
  EXPECT_EQ(world_.client(client_).tasks_size(), 0);
}

TEST_F(Tasks, APauseTakesAwayCallsAboutItsDaysOnly) {
  ASSERT_THAT(world_.Send(MissedFact(client_, 1, kFriday)), IsOk());
  ASSERT_THAT(world_.Send(MissedFact(client_, 2, kFriday - 3)), IsOk());
  v1::ClientSupportInput pause;
  pause.mutable_pause_agreed()->set_pause(client_ + "/pauses/1");
  *pause.mutable_pause_agreed()->mutable_start_date() = ToProtoDay(kFriday);
  *pause.mutable_pause_agreed()->mutable_resume_date() = ToProtoDay(kFriday + 7);
  ASSERT_THAT(world_.Send(pause), IsOk());
  ASSERT_EQ(world_.client(client_).tasks_size(), 1);
  EXPECT_EQ(world_.client(client_).tasks(0).measure(), client_ + "/measures/2");
}

TEST_F(Tasks, ATransitionWaitsOnTheListUntilItIsAnswered) {
  v1::ClientSupportInput offered;
  offered.mutable_transition_offered()->set_transition(client_ + "/transitions/1");
  *offered.mutable_transition_offered()->mutable_accept_due_time() = ToProto(EndOfDay(kFriday));
  ASSERT_THAT(world_.Send(offered), IsOk());
  ASSERT_EQ(world_.client(client_).tasks_size(), 1);
  EXPECT_EQ(world_.client(client_).tasks(0).kind(), v1::TASK_KIND_ANSWER_TRANSITION);
  v1::ClientSupportInput declined;
  declined.mutable_transition_declined()->set_transition(client_ + "/transitions/1");
  ASSERT_THAT(world_.Send(declined), IsOk());
  EXPECT_EQ(world_.client(client_).tasks_size(), 0);
}

RC_GTEST_PROP(Interleavings, EndInTheSameOpenTasks, ()) {
  World straight;
  straight.Register("a", 5);
  const std::vector<Stream> streams = Streams(straight.now);
  Stream all;
  for (const Stream& stream : streams) all.insert(all.end(), stream.begin(), stream.end());
  std::stable_sort(all.begin(), all.end(), [](const Fact& a, const Fact& b) { return a.time < b.time; });
  for (const Fact& fact : all) RC_ASSERT(straight.Send(fact.input, fact.time).ok());

  World mixed;
  mixed.Register("a", 5);
  std::vector<size_t> next(streams.size(), 0);
  // A source of small weight lags behind the others.
  std::vector<size_t> weights;
  for (size_t i = 0; i < streams.size(); ++i) weights.push_back(*rc::gen::element<size_t>(1, 8, 64));
  Stream repeatable;
  for (size_t sent = 0; sent < all.size(); ++sent) {
    std::vector<size_t> left;
    for (size_t i = 0; i < streams.size(); ++i) {
      if (next[i] < streams[i].size()) left.insert(left.end(), weights[i], i);
    }
    const size_t source = *rc::gen::elementOf(left);
    const Fact& fact = streams[source][next[source]++];
    RC_ASSERT(mixed.Send(fact.input, fact.time).ok());
    // A miss that comes again late is told apart by the inbox alone.
    if (!fact.input.has_attendance_missed()) repeatable.push_back(fact);
    if (!repeatable.empty() && *rc::gen::arbitrary<bool>()) {
      // Full size: at a small one inRange gives the lower end only.
      const auto any = rc::gen::inRange<size_t>(0, repeatable.size());
      const Fact& again = repeatable[*rc::gen::resize(rc::kNominalSize, any)];
      RC_ASSERT(mixed.Send(again.input, again.time).ok());
    }
  }
  RC_ASSERT(OpenTasks(mixed) == OpenTasks(straight));
  RC_ASSERT(mixed.client(TestClient()).open() == straight.client(TestClient()).open());
  int assigned_outreaches = 0;
  for (const v1::ClientSupportEvent& event : mixed.events) assigned_outreaches += event.has_outreach_task_assigned();
  RC_ASSERT(assigned_outreaches <= 3);
}

}  // namespace
}  // namespace polku::coordinator_network
