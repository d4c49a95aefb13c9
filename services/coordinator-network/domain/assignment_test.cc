// Who takes the client: proposals, choices by people, acceptances and capacity.
#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <string>
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

const char kA[] = "coordinators/a";
const char kB[] = "coordinators/b";

std::vector<v1::Task> TasksOf(World& world, v1::TaskKind kind, const std::string& client = TestClient()) {
  std::vector<v1::Task> tasks;
  for (const v1::Task& task : world.client(client).tasks()) {
    if (task.kind() == kind) tasks.push_back(task);
  }
  return tasks;
}

World::Reply HandOver(World& world, const std::string& from, const std::string& client = "",
                      const std::string& to = "") {
  v1::CoordinatorInput input;
  input.mutable_hand_over()->set_from(from);
  input.mutable_hand_over()->set_client(client);
  input.mutable_hand_over()->set_to(to);
  input.mutable_hand_over()->set_reason("leaves");
  return world.Send(input);
}

World::Reply Decline(World& world, const std::string& coordinator, const std::string& client = TestClient()) {
  v1::ClientSupportInput input;
  input.mutable_decline_assignment()->set_coordinator(coordinator);
  input.mutable_decline_assignment()->set_client(client);
  return world.Send(input);
}

v1::CoordinatorInput Absences(const std::string& coordinator, absl::CivilDay start, absl::CivilDay end,
                              const std::string& substitute = "") {
  v1::CoordinatorInput input;
  input.mutable_set_absences()->set_coordinator(coordinator);
  v1::Absence& absence = *input.mutable_set_absences()->add_absences();
  *absence.mutable_start_date() = pipeline::ToProtoDay(start);
  *absence.mutable_end_date() = pipeline::ToProtoDay(end);
  absence.set_substitute(substitute);
  return input;
}

int EventsOf(const World& world, v1::ClientSupportEvent::EventCase kind) {
  int count = 0;
  for (const v1::ClientSupportEvent& event : world.events) count += event.event_case() == kind ? 1 : 0;
  return count;
}

TEST(Assignment, IsProposedWhenTheReferralIsAccepted) {
  World world;
  world.Register("a", 10);
  world.Refer(TestClient());
  const v1::Assignment& assignment = world.client(TestClient()).assignment();
  EXPECT_EQ(assignment.coordinator(), kA);
  EXPECT_EQ(assignment.state(), v1::ASSIGNMENT_STATE_PROPOSED);
  EXPECT_EQ(assignment.score(), 70);
  EXPECT_EQ(assignment.parts_size(), 4);
  const std::vector<v1::Task> tasks = TasksOf(world, v1::TASK_KIND_TAKE_CLIENT);
  ASSERT_EQ(tasks.size(), 1u);
  EXPECT_EQ(tasks[0].coordinator(), kA);
  EXPECT_EQ(FromProto(tasks[0].due_time()), EndOfDay(absl::CivilDay(2026, 3, 4)));
}

TEST(Assignment, SpreadsProposalsOverCoordinators) {
  World world;
  world.Register("a", 10);
  world.Register("b", 10);
  for (int i = 1; i <= 4; ++i) world.Refer(TestClient(i));
  EXPECT_EQ(world.client(TestClient(1)).assignment().coordinator(), kA);
  EXPECT_EQ(world.client(TestClient(2)).assignment().coordinator(), kB);
  EXPECT_EQ(world.client(TestClient(3)).assignment().coordinator(), kA);
  EXPECT_EQ(world.client(TestClient(4)).assignment().coordinator(), kB);
}

TEST(Assignment, GoesToTheLeadWhenNobodyCanTakeTheClient) {
  World world;
  world.Refer(TestClient());
  EXPECT_EQ(world.client(TestClient()).assignment().state(), v1::ASSIGNMENT_STATE_NOBODY_AVAILABLE);
  EXPECT_EQ(EventsOf(world, v1::ClientSupportEvent::kNoCoordinatorAvailable), 1);
  const std::vector<v1::Task> tasks = TasksOf(world, v1::TASK_KIND_FIND_COORDINATOR);
  ASSERT_EQ(tasks.size(), 1u);
  EXPECT_EQ(tasks[0].coordinator(), "coordinators/lead");

  // Asking again without a change changes nothing; with a new coordinator it finds them.
  EXPECT_THAT(world.Assign(TestClient()), IsOk());
  EXPECT_EQ(EventsOf(world, v1::ClientSupportEvent::kNoCoordinatorAvailable), 1);
  world.Register("a", 1);
  const absl::StatusOr<v1::Assignment> assigned = world.Assign(TestClient());
  ASSERT_THAT(assigned, IsOk());
  EXPECT_EQ(assigned->coordinator(), kA);
  EXPECT_TRUE(TasksOf(world, v1::TASK_KIND_FIND_COORDINATOR).empty());
  EXPECT_EQ(TasksOf(world, v1::TASK_KIND_TAKE_CLIENT).size(), 1u);
}

TEST(Assignment, LeavesAProposalThatIsStillTheBest) {
  World world;
  world.Register("a", 10);
  world.Refer(TestClient());
  const size_t before = world.events.size();
  EXPECT_THAT(world.Assign(TestClient()), IsOk());
  EXPECT_EQ(world.events.size(), before);
}

TEST(Assignment, ByAPersonMovesEveryOpenTask) {
  World world;
  world.Register("a", 10);
  world.Register("b", 1);
  world.Refer(TestClient());
  ASSERT_THAT(world.Send(OutreachFact(TestClient(), 1, polku::follow_up::v1::RULE_NO_CONTACT, 0)), IsOk());
  const absl::StatusOr<v1::Assignment> assigned = world.Assign(TestClient(), kB);
  ASSERT_THAT(assigned, IsOk());
  EXPECT_EQ(assigned->coordinator(), kB);
  EXPECT_EQ(assigned->state(), v1::ASSIGNMENT_STATE_PROPOSED);
  EXPECT_EQ(world.client(TestClient()).tasks_size(), 2);
  for (const v1::Task& task : world.client(TestClient()).tasks()) EXPECT_EQ(task.coordinator(), kB);
  EXPECT_TRUE(world.events.back().has_task_moved());
}

TEST(Assignment, RefusesAChoiceThatCannotBe) {
  World world;
  world.Register("a", 10);
  const absl::Status not_open = world.Assign(TestClient(), kA).status();
  EXPECT_THAT(not_open, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(ReasonOf(not_open), "SUPPORT_NOT_OPEN");
  world.Refer(TestClient());
  EXPECT_EQ(ReasonOf(world.Assign(TestClient(), "coordinators/x").status()), "COORDINATOR_UNKNOWN");
  EXPECT_THAT(world.Assign(TestClient(), "coordinators/lead"), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(world.Assign("clients/1"), StatusIs(absl::StatusCode::kInvalidArgument));

  v1::ClientSupportInput without_reason;
  without_reason.mutable_assign_coordinator()->set_client(TestClient());
  without_reason.mutable_assign_coordinator()->set_coordinator(kA);
  const absl::Status status = world.Send(without_reason).status();
  ASSERT_EQ(ViolationsOf(status).size(), 1u);
  EXPECT_EQ(ViolationsOf(status)[0].field, "reason");

  ASSERT_THAT(world.Accept(kA, TestClient()), IsOk());
  EXPECT_EQ(ReasonOf(world.Assign(TestClient()).status()), "ALREADY_ACCEPTED");
}

TEST(Acceptance, ReservesAPlaceAndEndsTheTask) {
  World world;
  world.Register("a", 10);
  world.Refer(TestClient());
  world.now += absl::Hours(1);
  const absl::StatusOr<v1::Assignment> reply = world.Accept(kA, TestClient());
  ASSERT_THAT(reply, IsOk());
  EXPECT_EQ(reply->state(), v1::ASSIGNMENT_STATE_ACCEPTED);
  EXPECT_EQ(world.client(TestClient()).assignment().state(), v1::ASSIGNMENT_STATE_ACCEPTED);
  EXPECT_EQ(world.client(TestClient()).tasks_size(), 0);
  EXPECT_EQ(world.coordinator(kA).coordinator().accepted(), 1);
  EXPECT_EQ(FromProto(world.coordinator(kA).coordinator().last_accept_time()), world.now);
}

TEST(Acceptance, TakesNoSecondPlaceWhenItIsRepeated) {
  World world;
  world.Register("a", 10);
  world.Refer(TestClient());
  world.steps_at_once = false;
  ASSERT_THAT(world.Accept(kA, TestClient()), IsOk());
  world.now += absl::Seconds(1);
  const absl::StatusOr<v1::Assignment> before_the_step = world.Accept(kA, TestClient());
  ASSERT_THAT(before_the_step, IsOk());
  world.RunSteps();
  world.now += absl::Seconds(1);
  const absl::StatusOr<v1::Assignment> after_the_step = world.Accept(kA, TestClient());
  ASSERT_THAT(after_the_step, IsOk());
  EXPECT_EQ(FromProto(before_the_step->accept_time()), FromProto(after_the_step->accept_time()));
  EXPECT_EQ(world.coordinator(kA).places_size(), 1);
  EXPECT_EQ(EventsOf(world, v1::ClientSupportEvent::kAssignmentAccepted), 1);
}

TEST(Acceptance, IsRefusedWithoutAProposalACoordinatorOrAPlace) {
  World world;
  world.Register("a", 1);
  EXPECT_EQ(ReasonOf(world.Accept(kA, TestClient()).status()), "NOT_PROPOSED");
  EXPECT_THAT(world.Accept(kA, "clients/x"), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(world.Accept("coordinators/lead", TestClient()), StatusIs(absl::StatusCode::kInvalidArgument));
  world.Refer(TestClient(1));
  EXPECT_EQ(ReasonOf(world.Accept(kB, TestClient(1)).status()), "COORDINATOR_UNKNOWN");
  world.Register("b", 1);
  EXPECT_EQ(ReasonOf(world.Accept(kB, TestClient(1)).status()), "NOT_PROPOSED");
  world.Refer(TestClient(2));
  ASSERT_THAT(world.Assign(TestClient(2), kA), IsOk());
  ASSERT_THAT(world.Accept(kA, TestClient(1)), IsOk());
  const absl::Status full = world.Accept(kA, TestClient(2)).status();
  EXPECT_THAT(full, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(ReasonOf(full), "CAPACITY_USED_UP");
}

TEST(Acceptance, GivesThePlaceBackWhenTheProposalWentElsewhere) {
  World world;
  world.Register("a", 10);
  world.Register("b", 10);
  world.Refer(TestClient());
  world.steps_at_once = false;
  ASSERT_THAT(world.Accept(kA, TestClient()), IsOk());
  ASSERT_THAT(world.Assign(TestClient(), kB), IsOk());
  world.RunSteps();
  EXPECT_EQ(world.coordinator(kA).places_size(), 0);
  EXPECT_EQ(world.coordinator(kA).coordinator().accepted(), 0);
  EXPECT_EQ(world.client(TestClient()).assignment().state(), v1::ASSIGNMENT_STATE_PROPOSED);
  EXPECT_EQ(world.client(TestClient()).assignment().coordinator(), kB);
}

// The proposal left and came back while the first acceptance was on its way, and the coordinator
// accepted again: the release of the first reservation must not free the place of the second.
TEST(Acceptance, SurvivesTheReleaseOfAnEarlierReservation) {
  World world;
  world.Register("a", 10);
  world.Register("b", 10);
  world.Refer(TestClient());
  world.steps_at_once = false;
  ASSERT_THAT(world.Accept(kA, TestClient()), IsOk());
  world.now += absl::Seconds(1);
  ASSERT_THAT(world.Assign(TestClient(), kB), IsOk());
  world.now += absl::Seconds(1);
  ASSERT_THAT(world.Assign(TestClient(), kA), IsOk());
  world.now += absl::Seconds(1);
  ASSERT_THAT(world.Accept(kA, TestClient()), IsOk());
  world.RunSteps();
  EXPECT_EQ(world.coordinator(kA).places_size(), 1);
  EXPECT_EQ(world.client(TestClient()).assignment().state(), v1::ASSIGNMENT_STATE_ACCEPTED);
  ASSERT_THAT(world.Send(ClosedFact(TestClient()), world.now + absl::Hours(1)), IsOk());
  world.RunSteps();
  EXPECT_EQ(world.coordinator(kA).places_size(), 0);
}

TEST(Acceptance, HoldsThoughTheClockWasSetBack) {
  World world;
  world.Register("a", 10);
  world.Refer(TestClient());
  world.now -= absl::Hours(1);
  ASSERT_THAT(world.Accept(kA, TestClient()), IsOk());
  EXPECT_EQ(world.client(TestClient()).assignment().state(), v1::ASSIGNMENT_STATE_ACCEPTED);
  EXPECT_EQ(world.coordinator(kA).places_size(), 1);
}

TEST(JourneyClosed, EndsTasksAndFreesThePlace) {
  World world;
  world.Register("a", 10);
  world.Refer(TestClient());
  ASSERT_THAT(world.Accept(kA, TestClient()), IsOk());
  world.now += absl::Hours(24);
  ASSERT_THAT(world.Send(OutreachFact(TestClient(), 1, polku::follow_up::v1::RULE_NO_CONTACT, 0)), IsOk());
  ASSERT_THAT(world.Send(ClosedFact(TestClient())), IsOk());
  EXPECT_TRUE(world.client(TestClient()).closed());
  EXPECT_EQ(world.client(TestClient()).assignment().state(), v1::ASSIGNMENT_STATE_ENDED);
  EXPECT_EQ(world.client(TestClient()).tasks_size(), 0);
  EXPECT_EQ(world.coordinator(kA).coordinator().accepted(), 0);
  EXPECT_TRUE(world.Query("SELECT client FROM assignment").empty());
}

TEST(JourneyClosed, IsFollowedByANewSupportWhenAReferralIsAcceptedLater) {
  World world;
  world.Register("a", 10);
  world.Refer(TestClient());
  const absl::Time close = world.now + absl::Hours(10);
  ASSERT_THAT(world.Send(ClosedFact(TestClient()), close), IsOk());
  // This assessment's fact overtook the referral that it comes from.
  ASSERT_THAT(world.Send(OverdueFact(TestClient(), 2), close + absl::Hours(3)), IsOk());
  EXPECT_TRUE(world.Query("SELECT task FROM task").empty());
  ASSERT_THAT(world.Send(ReferralAcceptedFact(TestClient()), close + absl::Hours(1)), IsOk());
  EXPECT_TRUE(world.client(TestClient()).open());
  EXPECT_EQ(TasksOf(world, v1::TASK_KIND_TAKE_CLIENT).size(), 1u);
  EXPECT_EQ(TasksOf(world, v1::TASK_KIND_OVERDUE_ASSESSMENT).size(), 1u);
  EXPECT_EQ(world.Query("SELECT task FROM task WHERE coordinator = $1", {std::string(kA)}).size(), 2u);
}

v1::ClientSupportInput ReopenedFact(const std::string& client, absl::Time close, absl::Time time) {
  v1::ClientSupportInput input;
  input.mutable_journey_opened()->set_client(client);
  *input.mutable_journey_opened()->mutable_open_time() = pipeline::ToProto(time);
  *input.mutable_journey_opened()->mutable_reopened_after() = pipeline::ToProto(close);
  return input;
}

TEST(ReopenedJourney, IsProposedToACoordinatorAgain) {
  World world;
  world.Register("a", 10);
  world.Refer(TestClient());
  ASSERT_THAT(world.Accept(kA, TestClient()), IsOk());
  const absl::Time close = world.now + absl::Hours(10);
  ASSERT_THAT(world.Send(ClosedFact(TestClient()), close), IsOk());
  // Told by somebody who had not heard of the end.
  ASSERT_THAT(world.Send(OverdueFact(TestClient(), 1), close + absl::Hours(1)), IsOk());
  ASSERT_THAT(world.Send(ReopenedFact(TestClient(), close, close + absl::Hours(2)), close + absl::Hours(2)), IsOk());
  EXPECT_TRUE(world.client(TestClient()).open());
  EXPECT_EQ(world.client(TestClient()).assignment().state(), v1::ASSIGNMENT_STATE_PROPOSED);
  EXPECT_EQ(TasksOf(world, v1::TASK_KIND_TAKE_CLIENT).size(), 1u);
  EXPECT_EQ(world.Query("SELECT task FROM task").size(), 1u);
  ASSERT_THAT(world.Send(ClosedFact(TestClient()), close + absl::Hours(3)), IsOk());
  EXPECT_TRUE(world.client(TestClient()).closed());
}

TEST(ReopenedJourney, IsSupportedAlsoWhenItsReferralComesLast) {
  World world;
  world.Register("a", 10);
  const absl::Time close = world.now + absl::Hours(10);
  ASSERT_THAT(world.Send(ClosedFact(TestClient()), close), IsOk());
  ASSERT_THAT(world.Send(ReopenedFact(TestClient(), close, close + absl::Hours(2)), close + absl::Hours(2)), IsOk());
  EXPECT_FALSE(world.client(TestClient()).open());
  world.Refer(TestClient());
  EXPECT_TRUE(world.client(TestClient()).open());
  EXPECT_EQ(TasksOf(world, v1::TASK_KIND_TAKE_CLIENT).size(), 1u);
}

v1::RegisterCoordinatorRequest GoodRequest() {
  v1::RegisterCoordinatorRequest request;
  request.set_coordinator_id("a");
  v1::Coordinator& profile = *request.mutable_coordinator();
  profile.set_organisation("organisations/o");
  profile.add_municipalities("205");
  profile.add_languages("sv");
  profile.add_languages("fi");
  profile.add_languages("fi");
  profile.add_segments(polku::common::v1::SEGMENT_STUDENT);
  profile.set_capacity(5);
  profile.set_accepted(3);
  return request;
}

TEST(RegisterCoordinator, KeepsACleanProfileAndTakesAnIdOnce) {
  World world;
  v1::CoordinatorInput input;
  *input.mutable_register_coordinator() = GoodRequest();
  const World::Reply reply = world.Send(input);
  ASSERT_THAT(reply, IsOk());
  const auto& coordinator = dynamic_cast<const v1::Coordinator&>(**reply);
  EXPECT_EQ(coordinator.name(), kA);
  EXPECT_EQ(coordinator.languages_size(), 2);
  EXPECT_EQ(coordinator.accepted(), 0);
  EXPECT_EQ(coordinator.etag(), "1");
  EXPECT_THAT(world.Send(input), StatusIs(absl::StatusCode::kAlreadyExists));
}

TEST(RegisterCoordinator, NamesEveryFieldThatIsWrong) {
  const struct {
    const char* field;
    void (*spoil)(v1::RegisterCoordinatorRequest&);
  } cases[] = {
      {"coordinator_id", [](auto& r) { r.set_coordinator_id("lead"); }},
      {"coordinator_id", [](auto& r) { r.set_coordinator_id("A b"); }},
      {"coordinator.organisation", [](auto& r) { r.mutable_coordinator()->set_organisation("o"); }},
      {"coordinator.municipalities", [](auto& r) { r.mutable_coordinator()->clear_municipalities(); }},
      {"coordinator.municipalities", [](auto& r) { r.mutable_coordinator()->add_municipalities("20"); }},
      {"coordinator.languages", [](auto& r) { r.mutable_coordinator()->clear_languages(); }},
      {"coordinator.languages", [](auto& r) { r.mutable_coordinator()->add_languages("fin"); }},
      {"coordinator.segments", [](auto& r) { r.mutable_coordinator()->clear_segments(); }},
      {"coordinator.segments",
       [](auto& r) { r.mutable_coordinator()->add_segments(polku::common::v1::SEGMENT_UNSPECIFIED); }},
      {"coordinator.competences", [](auto& r) { r.mutable_coordinator()->add_competences("a b"); }},
      {"coordinator.capacity", [](auto& r) { r.mutable_coordinator()->set_capacity(0); }},
      {"coordinator.capacity", [](auto& r) { r.mutable_coordinator()->set_capacity(501); }},
  };
  for (const auto& test : cases) {
    SCOPED_TRACE(test.field);
    World world;
    v1::CoordinatorInput input;
    *input.mutable_register_coordinator() = GoodRequest();
    test.spoil(*input.mutable_register_coordinator());
    const absl::Status status = world.Send(input).status();
    ASSERT_EQ(ViolationsOf(status).size(), 1u) << status;
    EXPECT_EQ(ViolationsOf(status)[0].field, test.field);
  }
}

TEST(Decline, ProposesTheNextBestAndNeverTheDeclinerAgain) {
  World world;
  world.Register("a", 10);
  world.Register("b", 5);
  world.Refer(TestClient());
  const std::string first = world.client(TestClient()).assignment().coordinator();
  const std::string second = first == kA ? kB : kA;
  EXPECT_THAT(Decline(world, second), StatusIs(absl::StatusCode::kFailedPrecondition));
  ASSERT_THAT(Decline(world, first), IsOk());
  EXPECT_EQ(world.client(TestClient()).assignment().coordinator(), second);
  ASSERT_EQ(TasksOf(world, v1::TASK_KIND_TAKE_CLIENT).size(), 1u);
  EXPECT_EQ(TasksOf(world, v1::TASK_KIND_TAKE_CLIENT)[0].coordinator(), second);
  ASSERT_THAT(Decline(world, second), IsOk());
  EXPECT_EQ(world.client(TestClient()).assignment().state(), v1::ASSIGNMENT_STATE_NOBODY_AVAILABLE);
  EXPECT_EQ(TasksOf(world, v1::TASK_KIND_FIND_COORDINATOR).size(), 1u);
  EXPECT_EQ(EventsOf(world, v1::ClientSupportEvent::kAssignmentDeclined), 2);
}

TEST(Absence, KeepsTheAbsentOutOfProposalsOnTheirDaysOnly) {
  World world;
  world.Register("a", 100);
  world.Register("b", 1);
  ASSERT_THAT(world.Send(Absences(kA, LocalDay(world.now), LocalDay(world.now) + 1)), IsOk());
  world.Refer(TestClient(1));
  EXPECT_EQ(world.client(TestClient(1)).assignment().coordinator(), kB);
  world.now += absl::Hours(48);
  world.Refer(TestClient(2));
  EXPECT_EQ(world.client(TestClient(2)).assignment().coordinator(), kA);
}

TEST(Absence, RefusesWhatCannotBe) {
  World world;
  world.Register("a", 1);
  const absl::CivilDay today = LocalDay(world.now);
  const auto field_of = [&](const v1::CoordinatorInput& input) {
    const auto violations = ViolationsOf(world.Send(input).status());
    return violations.empty() ? std::string() : violations[0].field;
  };
  EXPECT_EQ(field_of(Absences(kA, today, today - 1)), "absences[0].end_date");
  EXPECT_EQ(field_of(Absences(kA, today, today, kA)), "absences[0].substitute");
  EXPECT_EQ(field_of(Absences(kA, today, today, "coordinators/lead")), "absences[0].substitute");
  v1::CoordinatorInput twice = Absences(kA, today, today + 2);
  *twice.mutable_set_absences()->add_absences() = twice.set_absences().absences(0);
  EXPECT_EQ(field_of(twice), "absences");
  EXPECT_THAT(world.Send(Absences(kB, today, today)), StatusIs(absl::StatusCode::kNotFound));
}

TEST(UpdateCoordinator, KeepsPlacesAndAbsencesAndRefusesAnOldEtag) {
  World world;
  world.Register("a", 2);
  world.Refer(TestClient());
  ASSERT_THAT(world.Accept(kA, TestClient()), IsOk());
  ASSERT_THAT(world.Send(Absences(kA, LocalDay(world.now), LocalDay(world.now))), IsOk());
  v1::CoordinatorInput input;
  v1::Coordinator& profile = *input.mutable_update_coordinator()->mutable_coordinator();
  profile = world.coordinator(kA).coordinator();
  profile.set_capacity(7);
  ASSERT_THAT(world.Send(input), IsOk());
  EXPECT_EQ(world.coordinator(kA).coordinator().capacity(), 7);
  EXPECT_EQ(world.coordinator(kA).coordinator().accepted(), 1);
  EXPECT_EQ(world.coordinator(kA).coordinator().absences_size(), 1);
  profile.set_etag("99");
  EXPECT_THAT(world.Send(input), StatusIs(absl::StatusCode::kAborted));
}

TEST(HandOver, MovesTheClientEveryTaskAndThePlace) {
  World world;
  world.Register("a", 1);
  world.Refer(TestClient());
  ASSERT_THAT(world.Accept(kA, TestClient()), IsOk());
  ASSERT_THAT(world.Send(OverdueFact(TestClient(), 1)), IsOk());
  world.Register("b", 1);
  world.now += absl::Hours(1);
  ASSERT_THAT(HandOver(world, kA, TestClient(), kB), IsOk());
  EXPECT_EQ(world.client(TestClient()).assignment().coordinator(), kB);
  EXPECT_EQ(world.client(TestClient()).assignment().state(), v1::ASSIGNMENT_STATE_ACCEPTED);
  EXPECT_EQ(world.coordinator(kA).places_size(), 0);
  EXPECT_EQ(world.coordinator(kB).places_size(), 1);
  ASSERT_EQ(world.client(TestClient()).tasks_size(), 1);
  EXPECT_EQ(world.client(TestClient()).tasks(0).coordinator(), kB);
  EXPECT_EQ(EventsOf(world, v1::ClientSupportEvent::kCoordinatorReplaced), 1);
  EXPECT_EQ(EventsOf(world, v1::ClientSupportEvent::kAssignmentAccepted), 2);
  for (const v1::ClientSupportEvent& event : world.events) {
    if (!event.has_assignment_accepted()) continue;
    EXPECT_EQ(event.assignment_accepted().organisation(), "organisations/a");  // Of the profile.
  }
}

TEST(HandOver, GivesAwayFortyClientsAndTellsTheLeadOfThoseWithoutAPlace) {
  World world;
  world.Register("a", 40);
  for (int n = 1; n <= 40; ++n) {
    world.Refer(TestClient(n));
    ASSERT_THAT(world.Accept(kA, TestClient(n)), IsOk());
  }
  world.Register("b", 30);
  const World::Reply reply = HandOver(world, kA);
  ASSERT_THAT(reply, IsOk());
  EXPECT_EQ(dynamic_cast<const v1::HandOverResponse&>(**reply).begun(), 40);
  EXPECT_EQ(world.coordinator(kA).places_size(), 10);
  EXPECT_EQ(world.coordinator(kB).places_size(), 30);
  int told = 0;
  for (int n = 1; n <= 40; ++n) told += static_cast<int>(TasksOf(world, v1::TASK_KIND_HAND_OVER, TestClient(n)).size());
  EXPECT_EQ(told, 10);
}

TEST(HandOver, IsRefusedForAClientOfSomebodyElseOrWithoutAReason) {
  World world;
  world.Register("a", 1);
  world.Register("b", 1);
  EXPECT_THAT(HandOver(world, kA, TestClient()), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(HandOver(world, kA, "", kA), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(HandOver(world, "coordinators/none"), StatusIs(absl::StatusCode::kNotFound));
}

TEST(Erasure, EndsTasksAndGivesThePlaceBack) {
  World world;
  world.Register("a", 1);
  world.Refer(TestClient());
  ASSERT_THAT(world.Accept(kA, TestClient()), IsOk());
  ASSERT_THAT(world.Send(OverdueFact(TestClient(), 1)), IsOk());
  v1::ClientSupportInput input;
  input.mutable_client_erased()->set_client(TestClient());
  ASSERT_THAT(world.Send(input), IsOk());
  EXPECT_EQ(world.coordinator(kA).places_size(), 0);
  EXPECT_EQ(world.client(TestClient()).tasks_size(), 0);
}

// Clients are referred, handed about, accepted and closed in any order while steps lag behind.
RC_GTEST_PROP(Capacity, IsNeverExceededAndEveryPlaceBelongsToAClient, ()) {
  World world;
  world.steps_at_once = false;
  const std::vector<std::string> names = {"coordinators/a", "coordinators/b", "coordinators/c"};
  for (const char* id : {"a", "b", "c"}) world.Register(id, *rc::gen::inRange(1, 4));
  const int moves = *rc::gen::inRange(1, 60);
  for (int i = 0; i < moves; ++i) {
    world.now += absl::Seconds(1);
    const std::string client = TestClient(*rc::gen::inRange(1, 8));
    const std::string& coordinator = names[*rc::gen::inRange<size_t>(0, 3)];
    switch (*rc::gen::inRange(0, 8)) {
      case 0:
      case 1:
        world.Refer(client);
        break;
      case 2:
        (void)world.Assign(client, coordinator);
        break;
      case 3:
        (void)world.Accept(coordinator, client);
        break;
      case 4:
        RC_ASSERT(world.Send(ClosedFact(client)).ok());
        break;
      case 5:
        world.RunSteps();
        break;
      case 6:
        (void)HandOver(world, coordinator, *rc::gen::element(std::string(), client),
                       *rc::gen::element<std::string>("", kA, kB));
        break;
      case 7:
        (void)Decline(world, coordinator, client);
        break;
    }
    for (const std::string& name : names) {
      RC_ASSERT(world.coordinator(name).places_size() <= world.coordinator(name).coordinator().capacity());
    }
  }
  world.RunSteps();
  int places = 0;
  for (const std::string& name : names) {
    places += world.coordinator(name).places_size();
    RC_ASSERT(world.coordinator(name).coordinator().accepted() == world.coordinator(name).places_size());
    for (const v1::Place& place : world.coordinator(name).places()) {
      const v1::Assignment& assignment = world.client(place.client()).assignment();
      RC_ASSERT(assignment.state() == v1::ASSIGNMENT_STATE_ACCEPTED);
      RC_ASSERT(assignment.coordinator() == name);
    }
  }
  int accepted = 0;
  for (int n = 1; n < 8; ++n) {
    accepted += world.client(TestClient(n)).assignment().state() == v1::ASSIGNMENT_STATE_ACCEPTED ? 1 : 0;
  }
  RC_ASSERT(places == accepted);
}

}  // namespace
}  // namespace polku::coordinator_network
