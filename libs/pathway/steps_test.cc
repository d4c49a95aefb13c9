// Steps, roles and transitions: what is refused, by file, line and field; and what comes before what for whom.
#include "libs/pathway/steps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "libs/base/status_matchers.h"
#include "libs/pathway/lock.h"
#include "libs/pathway/testing.h"

namespace polku::pathway {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using v1::PathwayDefinition;

constexpr char kGood[] = R"(id: south
version: 1
status: active
title: {fi: Etelä, en: South}
rules: 2026-1
entry:
  segments: [unemployed, student]
  municipalities: [{code: "186"}]
  needs: [work-ability, study]
assessment:
  complete_within_days: 30
  first_contact_office_days: 1
  first_meeting_days: 7
  session_record_office_days: 1
  reassess_after_days: 0
  consultation_days: 14
  outcomes:
    - {code: work, title: {fi: Työ, en: Work}}
    - {code: other, title: {fi: Muu, en: Other}}
measure_types:
  - {code: coaching, title: {fi: Valmennus, en: Coaching}, provider_role: coach}
  - {code: trial, title: {fi: Kokeilu, en: Trial}}
roles:
  - {code: school, title: {fi: Koulu, en: School}, kind: education}
  - code: coach
    title: {fi: Valmentaja, en: Coach}
    kind: ngo
    players:
      - {organisation: organisations/a, municipalities: ["186"], valid_to: 2026-12-31}
      - {organisation: organisations/b, valid_from: 2027-01-01}
steps:
  - {code: start, title: {fi: Alku, en: Start}, kind: assessment, responsible: school}
  - code: middle
    title: {fi: Keski, en: Middle}
    kind: measure
    responsible: school
    measure_types: [trial]
    after: [start]
    when: {segments: [student]}
  - code: end
    title: {fi: Loppu, en: End}
    kind: measure
    responsible: coach
    measure_types: [coaching]
    after: [middle, start]
    when: {outcomes: [work]}
transitions:
  - {from: middle, to: end, giver: school, taker: coach, meeting_days: 3}
  - {from: start, to: end, giver: school, taker: coach}
rule_changes:
  no_contact_days: 14
)";

const std::string& Rules() {
  static const std::string& text = *new std::string([] {
    for (const File& file : FilesOfTests("rules")) return file.text;
    return std::string();
  }());
  return text;
}

absl::StatusOr<Catalogue> Parse(const std::string& yaml) {
  return Catalogue::Parse({{"south.yaml", yaml}}, {{"rules.yaml", Rules()}}, FilesOfTests("instruments"));
}

std::string Changed(absl::string_view from, absl::string_view to) {
  std::string changed = absl::StrReplaceAll(kGood, {{from, to}});
  EXPECT_NE(changed, kGood) << "nothing to replace: " << from;
  return changed;
}

PathwayDefinition Good() {
  const auto catalogue = Parse(kGood);
  EXPECT_THAT(catalogue, IsOk());
  return *catalogue->Find("south", 1);
}

struct Wrong {
  const char* name;
  const char* from;
  const char* to;
  const char* fault;
};
void PrintTo(const Wrong& wrong, std::ostream* out) { *out << wrong.name; }

class CheckSteps : public ::testing::TestWithParam<Wrong> {};

TEST_P(CheckSteps, RefusesNamingFileLineAndField) {
  const Wrong& wrong = GetParam();
  EXPECT_THAT(Parse(Changed(wrong.from, wrong.to)),
              StatusIs(absl::StatusCode::kInvalidArgument, std::string(wrong.fault)));
}

INSTANTIATE_TEST_SUITE_P(
    All, CheckSteps,
    ::testing::Values(
        Wrong{"Cycle", "after: [start]", "after: [end]",
              "south.yaml:38: steps[1].after: goes in a circle: middle, end"},
        Wrong{"UnknownStep", "after: [start]", "after: [begin]",
              "south.yaml:38: steps[1].after[0]: names a step that the pathway does not have"},
        Wrong{"StepForNobody", "when: {segments: [student]}", "when: {segments: [employed]}",
              "south.yaml:39: steps[1].when.segments[0]: is not served by the pathway: nobody gets there"},
        Wrong{"OutcomeOfNobody", "when: {outcomes: [work]}", "when: {outcomes: [wrok]}",
              "south.yaml:46: steps[2].when.outcomes[0]: is no outcome of the assessment: nobody gets there"},
        Wrong{"ClassOfNobody", "when: {outcomes: [work]}", "when: {screens: [{instrument: was, classes: [bad]}]}",
              "south.yaml:46: steps[2].when.screens[0].classes[0]: is no class of the instrument: nobody gets there"},
        Wrong{"Unreachable", "after: [middle, start]\n    when: {outcomes: [work]}",
              "after: [middle]\n    when: {segments: [unemployed]}",
              "south.yaml:40: steps[2]: cannot be reached: it is for none of those whom middle is for"},
        Wrong{"NoTaker", "giver: school, taker: coach}", "giver: school}",
              "south.yaml:49: transitions[1].taker: missing"},
        Wrong{"WrongTaker", "giver: school, taker: coach}", "giver: school, taker: school}",
              "south.yaml:49: transitions[1].taker: must be coach, which answers for end"},
        Wrong{"NoTransition", "  - {from: start, to: end, giver: school, taker: coach}\n", "",
              "south.yaml:45: steps[2].after[1]: another role answers for start: a transition is missing"},
        Wrong{"Deadline", "meeting_days: 3", "meeting_days: 61",
              "south.yaml:48: transitions[0].meeting_days: must be 1 to 60"},
        Wrong{"NoTranslation", "{fi: Keski, en: Middle}", "{fi: Keski}", "south.yaml:34: steps[1].title.en: missing"},
        Wrong{"NobodyAnswers", "responsible: coach", "responsible: nobody",
              "south.yaml:43: steps[2].responsible: names a role that the pathway does not have"},
        Wrong{"UnusedMeasureType", "measure_types: [trial]", "measure_types: [coaching]",
              "south.yaml:22: measure_types[1].code: belongs to no step"},
        Wrong{"Player", "organisations/b", "b",
              "south.yaml:30: roles[1].players[1].organisation: must be organisations/<id>"},
        Wrong{"PlayerElsewhere", "municipalities: [\"186\"]", "municipalities: [\"091\"]",
              "south.yaml:29: roles[1].players[0].municipalities[0]: is not in the service area"},
        Wrong{"RuleOutOfRange", "no_contact_days: 14", "no_contact_days: 400",
              "south.yaml:51: rule_changes.no_contact_days: must be 1 to 365"},
        Wrong{"LadderThatFalls", "no_contact_days: 14", "outreach_letter_office_days: 8",
              "south.yaml:50: rule_changes.outreach_visit_office_days: must be later than the rung before"},
        Wrong{"RuleOfOthers", "no_contact_days: 14", "retention_years: 2",
              "south.yaml:51: rule_changes.retention_years: is no number that a pathway can change"},
        Wrong{"Status", "status: active\n", "", "south.yaml:1: status: missing"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(Catalogue, TakesTheActiveVersionOfTheDay) {
  const std::string later = Changed("version: 1\n", "version: 2\nvalid_from: 2026-09-01\n");
  const std::string draft = Changed("version: 1\nstatus: active", "version: 3\nstatus: draft");
  const auto catalogue = Catalogue::Parse({{"1", kGood}, {"2", later}, {"3", draft}}, {{"rules.yaml", Rules()}}, {});
  ASSERT_THAT(catalogue, IsOk());
  EXPECT_EQ(catalogue->FindActive("south", absl::CivilDay(2026, 8, 31))->version(), 1);
  EXPECT_EQ(catalogue->FindActive("south", absl::CivilDay(2026, 9, 1))->version(), 2);
  EXPECT_EQ(catalogue->Find("south")->version(), 3);
  EXPECT_EQ(catalogue->FindActive("north", absl::CivilDay(2026, 9, 1)), nullptr);
}

TEST(Catalogue, RefusesActiveVersionsThatOverlap) {
  const std::string same = Changed("version: 1\n", "version: 2\n");
  EXPECT_THAT(Catalogue::Parse({{"1", kGood}, {"2", same}}, {{"rules.yaml", Rules()}}, {}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "2:1: valid_from: must be later than where version 1 begins: two active versions overlap"));
}

TEST(Catalogue, GivesTheRulesWithWhatThePathwayChanges) {
  const auto catalogue = Parse(kGood);
  ASSERT_THAT(catalogue, IsOk());
  EXPECT_EQ(catalogue->RulesOn("south", 1, "2026-1")->no_contact_days(), 14);
  EXPECT_EQ(catalogue->RulesOn("south", 1, "2026-1")->misses_in_a_row(), 2);
  EXPECT_EQ(catalogue->RulesOn("north", 1, "2026-1")->no_contact_days(), 21);
  EXPECT_EQ(catalogue->RulesOn("south", 1, "2031-1"), nullptr);
}

TEST(Before, PutsWhatComesBeforeAStepThatIsNotForTheClientInItsPlace) {
  const PathwayDefinition south = Good();
  const auto codes = [&](common::v1::Segment segment) {
    ClientFacts client;
    client.segment = segment;
    std::vector<std::string> before;
    for (const v1::Step* step : Before(south, *FindStep(south, "end"), client)) before.push_back(step->code());
    return before;
  };
  EXPECT_THAT(codes(common::v1::SEGMENT_STUDENT), ElementsAre("start", "middle"));
  EXPECT_THAT(codes(common::v1::SEGMENT_UNEMPLOYED), ElementsAre("start"));
}

TEST(IsFor, HoldsWhenEveryListHasSomethingOfTheClient) {
  v1::Step step;
  step.mutable_when()->add_needs("study");
  step.mutable_when()->add_screens()->set_instrument("was");
  step.mutable_when()->mutable_screens(0)->add_classes("poor");
  ClientFacts client;
  client.needs = {"study", "health"};
  EXPECT_FALSE(IsFor(step, client));
  client.classes["was"] = "good";
  EXPECT_FALSE(IsFor(step, client));
  client.classes["was"] = "poor";
  EXPECT_TRUE(IsFor(step, client));
  client.needs = {"health"};
  EXPECT_FALSE(IsFor(step, client));
}

TEST(Plays, CountsMunicipalityAndDays) {
  const v1::Role coach = *FindRole(Good(), "coach");
  const absl::CivilDay before(2026, 12, 31);
  EXPECT_TRUE(Plays(coach, "organisations/a", "186", before));
  EXPECT_FALSE(Plays(coach, "organisations/a", "091", before));
  EXPECT_TRUE(Plays(coach, "organisations/a", "", before));  // Under a safety order nobody knows the municipality.
  EXPECT_FALSE(Plays(coach, "organisations/a", "186", before + 1));
  EXPECT_FALSE(Plays(coach, "organisations/b", "186", before));
  EXPECT_TRUE(Plays(coach, "organisations/b", "186", before + 1));
  EXPECT_TRUE(Plays(*FindRole(Good(), "school"), "organisations/any", "186", before));
}

TEST(ContentHash, ChangesWithWhatAVersionSaysAndNotWithHowItIsWritten) {
  const std::string hash = ContentHash(Good());
  EXPECT_EQ(hash, ContentHash(*Parse(absl::StrCat("# A comment.\n", kGood))->Find("south")));
  EXPECT_NE(hash, ContentHash(*Parse(Changed("meeting_days: 3", "meeting_days: 4"))->Find("south")));
}

}  // namespace
}  // namespace polku::pathway
