// Running journeys go on by another version of their pathway: the dry run, the move, what it makes of a journey.
#include "services/follow-up/domain/journey_move.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
#include "services/follow-up/domain/index.h"
#include "services/follow-up/domain/limit_changes.h"
#include "services/follow-up/domain/moment.h"
#include "services/follow-up/domain/testing/follower.h"
#include "services/follow-up/domain/words.h"

namespace polku::follow_up {
namespace {

using namespace polku::follow_up::v1;  // NOLINT
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kMove[] = "pathways/test-pathway/moves/1-2";
constexpr char kBack[] = "pathways/test-pathway/moves/2-1";

// As version 1 but for what is given.
std::string Version(int version, const std::string& status, const std::string& type, const std::string& rest = "") {
  return absl::StrCat("id: test-pathway\nversion: ", version, "\nstatus: ", status, "\nvalid_from: 2026-0", 4 + version,
                      "-01\n", R"(title: {fi: Testi, en: Test}
rules: 2026-1
entry: {segments: [unemployed], municipalities: [{code: "205"}], needs: [work-ability]}
assessment: {complete_within_days: 60, first_contact_office_days: 1, first_meeting_days: 7,
             session_record_office_days: 1, reassess_after_days: 0, consultation_days: 14}
)",
                      "measure_types: [{code: ", type, ", title: {fi: K, en: T}}]\n", rest);
}

// Version 2 hears of the client every ten days and not 21, 3 is a draft, 4 has no such measures any more.
pathway::Catalogue Versions() {
  return RulesOfTests({Version(2, "active", "work-trial", "rule_changes: {no_contact_days: 10}\n"),
                       Version(3, "draft", "work-trial"), Version(4, "active", "coaching")});
}

// The move, and the clients of an index that are on the one version.
class Mover {
 public:
  absl::Status Give(const JourneyMoveInput& input) {
    pipeline::Context context;
    context.now = now;
    context.principal.user = user;
    for (const pipeline::Lookup& lookup : domain_.LookupsOf(kMove, state, input)) {
      EXPECT_EQ(lookup.name, kJourneysOfPathwayLookup);
      EXPECT_EQ(std::get<std::string>(lookup.parameters[0]), "test-pathway");
      EXPECT_EQ(std::get<int64_t>(lookup.parameters[1]), 1);
      std::vector<store::Row> rows;
      for (int i = 0; i < clients; ++i) {
        const std::string client = absl::StrCat("clients/", 10000 + i);
        const bool fits = rows.size() < static_cast<size_t>(std::get<int64_t>(lookup.parameters[3]));
        if (client > std::get<std::string>(lookup.parameters[2]) && fits) rows.push_back({client});
      }
      context.lookups.push_back(std::move(rows));
    }
    auto decision = domain_.Decide(state, input, context);
    if (!decision.ok()) return decision.status();
    for (const JourneyMoveEvent& event : decision->events) domain_.Evolve(event, state);
    for (pipeline::Step& step : decision->steps) steps.push_back(std::move(step));
    return absl::OkStatus();
  }
  absl::Status Try(const std::string& name = kMove) {
    JourneyMoveInput input;
    input.mutable_try_journey_move()->set_name(name);
    return Give(input);
  }
  absl::Status Move() {
    JourneyMoveInput input;
    input.mutable_move_journeys()->set_name(kMove);
    return Give(input);
  }
  void Answer(int gained, int lost, bool kept = false) {
    JourneyMoveInput input;
    input.mutable_move_tried()->set_move(kMove);
    input.mutable_move_tried()->set_gained(gained);
    input.mutable_move_tried()->set_lost(lost);
    input.mutable_move_tried()->set_kept(kept);
    EXPECT_THAT(Give(input), IsOk());
  }
  void AdvanceTo(absl::Time time) {
    for (auto due = domain_.NextDue(state); due.has_value() && *due <= time; due = domain_.NextDue(state)) {
      now = std::max(now, *due);
      JourneyMoveInput tick;
      tick.mutable_tick();
      EXPECT_THAT(Give(tick), IsOk());
      ASSERT_GT(domain_.NextDue(state).value_or(absl::InfiniteFuture()), now) << "a tick that leaves itself due";
    }
    now = std::max(now, time);
  }

  absl::Time now = Local("2026-06-02 08:00");
  std::string user = "anna";
  int clients = 1200;
  JourneyMoveRecord state;
  std::vector<pipeline::Step> steps;

 private:
  JourneyMoveDomain domain_{Versions()};
};

TEST(JourneyMove, AsksEveryJourneyOnceInPacedStepsAndCountsTheAnswers) {
  Mover mover;
  ASSERT_THAT(mover.Try(), IsOk());
  mover.AdvanceTo(mover.now);
  EXPECT_THAT(mover.steps, SizeIs(500));
  EXPECT_EQ(dynamic_cast<const TryMove&>(*mover.steps[0].input).move(), kMove);
  mover.AdvanceTo(mover.now + absl::Minutes(2));
  EXPECT_THAT(mover.steps, SizeIs(1200));
  EXPECT_EQ(JourneyMoveView(mover.state).left(), 1200);
  for (int i = 0; i < 1200; ++i) mover.Answer(i == 7 ? 2 : 0, i == 8 ? 1 : 0, /*kept=*/i < 3);
  const JourneyMove view = JourneyMoveView(mover.state);
  EXPECT_TRUE(view.tried());
  EXPECT_EQ(view.pathway(), "test-pathway");
  EXPECT_EQ(view.from_version(), 1);
  EXPECT_EQ(view.to_version(), 2);
  EXPECT_EQ(view.journeys(), 1200);
  EXPECT_EQ(view.gained(), 2);
  EXPECT_EQ(view.lost(), 1);
  EXPECT_EQ(view.kept(), 3);
}

TEST(JourneyMove, IsMadeByANamedPersonBehindACompleteDryRunOnlyAndOnceForEach) {
  Mover mover;
  mover.clients = 700;
  EXPECT_EQ(ReasonOf(mover.Move()), "MOVE_NOT_TRIED");
  mover.user = "";
  EXPECT_EQ(ReasonOf(mover.Try()), "NAMED_USER_REQUIRED");
  mover.user = "anna";
  ASSERT_THAT(mover.Try(), IsOk());
  mover.AdvanceTo(mover.now + absl::Minutes(1));
  for (int i = 0; i < 699; ++i) mover.Answer(0, 0);
  EXPECT_EQ(ReasonOf(mover.Move()), "MOVE_NOT_TRIED");
  mover.Answer(300, 0);
  mover.user = "";
  EXPECT_EQ(ReasonOf(mover.Move()), "NAMED_USER_REQUIRED");
  mover.user = "anna";
  mover.steps.clear();
  ASSERT_THAT(mover.Move(), IsOk());
  mover.AdvanceTo(mover.now);
  EXPECT_THAT(mover.steps, SizeIs(500));
  EXPECT_EQ(dynamic_cast<const TakeMove&>(*mover.steps[0].input).move(), kMove);
  EXPECT_EQ(ReasonOf(mover.Move()), "MOVE_UNDER_WAY");
  EXPECT_EQ(ReasonOf(mover.Try()), "MOVE_UNDER_WAY");
  mover.AdvanceTo(mover.now + absl::Minutes(1));
  EXPECT_THAT(mover.steps, SizeIs(700));
  EXPECT_EQ(ReasonOf(mover.Move()), "MOVE_NOT_TRIED");  // Whoever came since has not been asked.
  EXPECT_FALSE(JourneyMoveView(mover.state).tried());
  EXPECT_THAT(mover.Try(), IsOk());
}

TEST(JourneyMove, IsRefusedWhenMoreWouldOpenThanTheBreakerLetsThroughInADay) {
  Mover mover;
  mover.clients = 1;
  ASSERT_THAT(mover.Try(), IsOk());
  mover.AdvanceTo(mover.now);
  mover.Answer(301, 0);
  EXPECT_EQ(ReasonOf(mover.Move()), "MOVE_TOO_MANY_FINDINGS");
}

TEST(JourneyMove, IsBetweenTwoInstalledVersionsAndNeverToADraft) {
  Mover mover;
  for (const char* name :
       {"pathways/test-pathway/moves/1-1", "pathways/test-pathway/moves/01-2", "pathways/p/moves/1",
        "pathways/test-pathway/moves/0-2", "pathways/test-pathway/moves/1-2-3", "rulesets/1-2", ""}) {
    EXPECT_FALSE(MoveTermsOf(name).has_value()) << name;
    EXPECT_EQ(ViolationsOf(mover.Try(name))[0].field, "name") << name;
  }
  EXPECT_EQ(ReasonOf(mover.Try("pathways/test-pathway/moves/1-9")), "PATHWAY_VERSION_UNKNOWN");
  EXPECT_EQ(ReasonOf(mover.Try("pathways/test-pathway/moves/9-1")), "PATHWAY_VERSION_UNKNOWN");
  EXPECT_EQ(ReasonOf(mover.Try("pathways/test-pathway/moves/1-3")), "PATHWAY_DRAFT");
}

// Seen on the day of the start, 2 March, and not since.
Follower Silent() {
  Follower follower(Local("2026-03-02 08:00"), Versions());
  follower.Run(Plan(1, "2026-03-02", "2026-12-31"));
  return follower;
}

JourneyInput Tried(const std::string& move) {
  JourneyInput input;
  input.mutable_try_move()->set_client(kClient);
  input.mutable_try_move()->set_move(move);
  return input;
}

JourneyInput Taken(const std::string& move) {
  JourneyInput input;
  input.mutable_take_move()->set_client(kClient);
  input.mutable_take_move()->set_move(move);
  return input;
}

const JourneyEvent* LastOf(const Follower& follower, JourneyEvent::EventCase kind) {
  const JourneyEvent* last = nullptr;
  for (const JourneyEvent& event : follower.events()) {
    if (event.event_case() == kind) last = &event;
  }
  return last;
}

TEST(JourneyOnAMove, SaysWhatTheOtherVersionWouldChangeAndChangesNothing) {
  Follower follower = Silent();
  follower.AdvanceTo(Local("2026-03-16 08:00"));
  const size_t events = follower.events().size();
  ASSERT_THAT(follower.Give(Tried(kMove)), IsOk());
  EXPECT_EQ(follower.events().size(), events);
  ASSERT_FALSE(follower.steps.empty());
  EXPECT_EQ(follower.steps.back().key, kMove);
  const auto& answer = dynamic_cast<const MoveTried&>(*follower.steps.back().input);
  EXPECT_EQ(answer.gained(), 1);
  EXPECT_EQ(answer.lost(), 0);
  EXPECT_FALSE(answer.kept());

  const auto moved = MovedBy(kMove, follower.state(), "2026-1", follower.now(), Versions());
  ASSERT_TRUE(moved.has_value());
  const auto changes = LimitChanges(follower.state(), RulesOf(Versions(), follower.state()), moved->journey,
                                    RulesOf(Versions(), moved->journey), Micros(follower.now()));
  ASSERT_THAT(changes, SizeIs(1));
  EXPECT_EQ(changes[0].rule, RULE_NO_CONTACT);
  EXPECT_EQ(At(changes[0].due_us), Local("2026-03-24 00:00"));
  EXPECT_EQ(At(changes[0].due_then_us), Local("2026-03-13 00:00"));
  EXPECT_TRUE(changes[0].opens);
}

TEST(JourneyOnAMove, GoesOnByTheOtherVersionAndBack) {
  Follower follower = Silent();
  follower.AdvanceTo(Local("2026-03-10 08:00"));
  ASSERT_THAT(follower.Give(Taken(kMove)), IsOk());
  const JourneyEvent* moved = LastOf(follower, JourneyEvent::kJourneyMoved);
  ASSERT_NE(moved, nullptr);
  EXPECT_EQ(moved->journey_moved().referral(), absl::StrCat(kClient, "/referrals/1"));
  EXPECT_EQ(moved->journey_moved().to_version(), 2);
  EXPECT_FALSE(moved->journey_moved().has_assessment_deadline());  // It is complete.
  const auto words = InWords(*moved);
  ASSERT_TRUE(words.has_value());
  EXPECT_THAT(words->fi(), HasSubstr("versiosta 1 versioon 2"));
  EXPECT_THAT(words->en(), HasSubstr("from version 1 of its pathway to version 2"));
  EXPECT_EQ(follower.state().pathway_version(), 2);
  EXPECT_EQ(follower.domain().NextDue(follower.state()), Local("2026-03-13 00:00"));
  follower.AdvanceTo(Local("2026-03-16 08:00"));
  EXPECT_THAT(follower.Open(), ElementsAre("R5 from 2026-03-02 00:00:00 due 2026-03-13 00:00:00"));
  ASSERT_THAT(follower.Give(Taken(kBack)), IsOk());
  EXPECT_THAT(follower.Open(), IsEmpty());
  EXPECT_THAT(LastOf(follower, JourneyEvent::kInterruptionRetracted)->interruption_retracted().why().en(),
              HasSubstr("moved to version 1"));
}

TEST(JourneyOnAMove, IsMovedOnceAndOnlyFromTheVersionThatItIsOn) {
  Follower follower = Silent();
  for (const char* move : {kBack, "pathways/other/moves/1-2", "pathways/test-pathway/moves/1-9"}) {
    ASSERT_THAT(follower.Give(Taken(move)), IsOk());
    EXPECT_EQ(follower.Count(JourneyEvent::kJourneyMoved), 0) << move;
  }
  for (int i = 0; i < 2; ++i) ASSERT_THAT(follower.Give(Taken(kMove)), IsOk());
  EXPECT_EQ(follower.Count(JourneyEvent::kJourneyMoved), 1);
}

TEST(JourneyOnAMove, StaysWhenTheOtherVersionDoesNotHaveWhatItStandsOn) {
  Follower follower = Silent();
  const char move[] = "pathways/test-pathway/moves/1-4";
  ASSERT_THAT(follower.Give(Tried(move)), IsOk());
  EXPECT_TRUE(dynamic_cast<const MoveTried&>(*follower.steps.back().input).kept());
  EXPECT_THAT(MovedBy(move, follower.state(), "2026-1", follower.now(), Versions())->missing,
              ElementsAre("measure_types/work-trial"));
  ASSERT_THAT(follower.Give(Taken(move)), IsOk());
  EXPECT_EQ(follower.state().pathway_version(), 1);
}

// Until the assessment service has told its own deadline it is the pathway's; what it has told stands.
TEST(JourneyOnAMove, TakesTheAssessmentsDeadlineOfTheOtherVersionUntilOneHasBeenTold) {
  for (const bool told : {false, true}) {
    Follower follower(Local("2026-03-02 08:00"), Versions());
    follower.Accept(Local("2026-03-02 08:00"));
    if (told) follower.OpenAssessment(Local("2026-03-02 08:00"), Local("2026-05-20 00:00"));
    ASSERT_THAT(follower.Give(Taken(kMove)), IsOk());
    EXPECT_EQ(At(follower.state().assessment_deadline_us()), Local(told ? "2026-05-20 00:00" : "2026-05-02 00:00"));
  }
}

TEST(JourneyOnAMove, IsFoundInTheIndexByItsVersion) {
  Follower follower = Silent();
  const auto version = [&] {
    const auto rows = follower.domain().Index(follower.state());
    const auto& columns = kJourneyTable.value_columns;
    const auto at = std::find(columns.begin(), columns.end(), "pathway_version") - columns.begin();
    return std::get<int64_t>(rows[0].values[static_cast<size_t>(at)]);
  };
  EXPECT_EQ(version(), 1);
  ASSERT_THAT(follower.Give(Taken(kMove)), IsOk());
  EXPECT_EQ(version(), 2);
}

}  // namespace
}  // namespace polku::follow_up
