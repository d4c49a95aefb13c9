#include "libs/pathway/catalogue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "libs/base/status_matchers.h"
#include "libs/pathway/testing.h"

namespace polku::pathway {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

constexpr char kGood[] = R"(id: north
version: 2
title: {fi: Pohjoinen, en: North}
rules: 2026-1
entry:
  segments: [unemployed, outside-services]
  municipalities:
    - code: "205"
    - code: "785"
      valid_to: 2015-12-31
  needs: [work-ability]
assessment:
  complete_within_days: 30
  first_contact_office_days: 1
  first_meeting_days: 7
  session_record_office_days: 1
  reassess_after_days: 0
  consultation_days: 14
measure_types:
  - code: work-trial
    title: {fi: Kokeilu, en: Trial}
    weekly_days_min: 3
status: draft
)";

constexpr char kRules[] = R"(version: 2026-1
misses_in_a_row: 2
no_next_measure_office_days: 5
no_contact_days: 21
not_started_office_days: 5
plan_overrun_office_days: 5
direct_reporting_interval: 24h
outreach_first_attempt_office_days: 1
contact_after_miss_office_days: 1
hold_recheck_interval: 90m
referral_reminder_office_days: 5
referral_escalation_office_days: 10
retention_years: 10
transfer_purposes: [region-transfer]
transition_accept_office_days: 5
transition_contact_office_days: 1
transition_meeting_days: 7
pause_overrun_office_days: 1
pause_days_max: 182
changed_circumstance_office_days: 5
follow_up_purposes: [service-chain]
outreach_hold_days_max: 30
reopen_within_days: 90
statutory_warn_days: 10
statutory_warn_benefit_days: 15
statutory_window_years: 2
outreach_second_attempt_office_days: 3
outreach_letter_office_days: 5
outreach_visit_office_days: 7
outreach_supervisor_office_days: 10
outreach_meeting_office_days: 20
outreach_client_day_max: 2
review_list_max: 10
message_purposes: [contact-by-message]
quiet_from_hour: 20
quiet_to_hour: 8
outreach_rule_day_max: 200
outreach_day_max: 300
outreach_release_count: 20
outreach_release_interval: 15m
time_use_activities: [client-work, travel]
meeting_purposes: [multi-agency-meeting]
assessment_complete_within_days: 90
assessment_first_contact_office_days: 1
assessment_first_meeting_days: 7
assessment_session_record_office_days: 1
assessment_consultation_days: 14
)";

std::string Changed(absl::string_view from, absl::string_view to) {
  std::string changed = absl::StrReplaceAll(kGood, {{from, to}});
  EXPECT_NE(changed, kGood) << "nothing to replace: " << from;
  return changed;
}

TEST(ParsePathway, FillsEveryKindOfField) {
  const auto definition = ParsePathway(kGood, "north.yaml");
  ASSERT_THAT(definition, IsOk());
  EXPECT_EQ(definition->id(), "north");
  EXPECT_EQ(definition->version(), 2);
  EXPECT_EQ(definition->title().en(), "North");
  EXPECT_EQ(definition->entry().segments(1), common::v1::SEGMENT_OUTSIDE_SERVICES);
  EXPECT_EQ(definition->entry().municipalities(1).valid_to().day(), 31);
  EXPECT_EQ(definition->measure_types(0).weekly_days_min(), 3);
}

struct Wrong {
  const char* name;
  const char* from;
  const char* to;
  const char* fault;
};
void PrintTo(const Wrong& wrong, std::ostream* out) { *out << wrong.name; }

class ParsePathwayRefuses : public ::testing::TestWithParam<Wrong> {};

TEST_P(ParsePathwayRefuses, NamingFileLineAndField) {
  const Wrong& wrong = GetParam();
  EXPECT_THAT(ParsePathway(Changed(wrong.from, wrong.to), "north.yaml"),
              StatusIs(absl::StatusCode::kInvalidArgument, std::string(wrong.fault)));
}

INSTANTIATE_TEST_SUITE_P(
    All, ParsePathwayRefuses,
    ::testing::Values(
        Wrong{"UnknownKey", "  needs:", "  nedds: [x]\n  needs:", "north.yaml:11: entry.nedds: unknown key"},
        Wrong{"KeyTwice", "version: 2", "version: 2\nversion: 3", "north.yaml:3: version: given twice"},
        Wrong{"Unit", "within_days: 30", "within_days: 30d",
              "north.yaml:13: assessment.complete_within_days: must be a whole number without unit"},
        Wrong{"QuotedNumber", "version: 2", "version: \"2\"",
              "north.yaml:2: version: must be a whole number without unit"},
        Wrong{"Range", "within_days: 30", "within_days: 366",
              "north.yaml:13: assessment.complete_within_days: must be 1 to 365"},
        Wrong{"AssessmentDeadline", "  first_meeting_days: 7\n", "",
              "north.yaml:12: assessment.first_meeting_days: missing"},
        Wrong{"Missing", "rules: 2026-1\n", "", "north.yaml:1: rules: missing"},
        Wrong{"MissingInside", "{fi: Kokeilu, en: Trial}", "{fi: Kokeilu}",
              "north.yaml:21: measure_types[0].title.en: missing"},
        Wrong{"Enum", "outside-services", "pensioner",
              "north.yaml:6: entry.segments[1]: must be one of employed, unemployed, student, outside-services"},
        Wrong{"UnspecifiedEnum", "outside-services", "unspecified",
              "north.yaml:6: entry.segments[1]: must be one of employed, unemployed, student, outside-services"},
        Wrong{"Municipality", "\"205\"", "\"0205\"",
              "north.yaml:8: entry.municipalities[0].code: must be three digits"},
        Wrong{"MunicipalityTwice", "\"785\"", "\"205\"",
              "north.yaml:9: entry.municipalities[1].code: is there twice for the same days"},
        Wrong{"Day", "2015-12-31", "2015-02-29",
              "north.yaml:10: entry.municipalities[1].valid_to: must be a real day, written YYYY-MM-DD"},
        Wrong{"NotAList", "[work-ability]", "work-ability", "north.yaml:11: entry.needs: must be a list"},
        Wrong{"NotABlock", "{fi: Kokeilu, en: Trial}", "Kokeilu",
              "north.yaml:21: measure_types[0].title: must be a block of fields"},
        Wrong{"Code", "work-trial", "Work trial",
              "north.yaml:20: measure_types[0].code: must be 1 to 63 of a-z, 0-9 and hyphen"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(ParsePathway, TellsAllFaultsAtOnce) {
  const std::string wrong = absl::StrReplaceAll(kGood, {{"version: 2\n", "version: x\n"}, {"\"205\"", "\"1\""}});
  EXPECT_THAT(ParsePathway(wrong, "north.yaml"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("north.yaml:2: version"), HasSubstr("north.yaml:8: entry.municipalities[0]"))));
}

TEST(ParsePathway, RefusesBrokenYamlWithItsLine) {
  EXPECT_THAT(ParsePathway("id: north\ntitle: {fi: [\n", "north.yaml"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("north.yaml:3: not valid YAML")));
}

TEST(ParsePathway, SurvivesAnything) {
  for (const char* text : {"", "\t", "[]", "null", "a: *b", "&a [*a]", "--- a\n--- b", "? {x: y}\n: 1", "\xff\xfe",
                           "id:", "entry: {municipalities: [[], 1, null, {code: []}]}"}) {
    EXPECT_THAT(ParsePathway(text, "f"), StatusIs(absl::StatusCode::kInvalidArgument)) << text;
  }
  EXPECT_THAT(ParsePathway(std::string(100000, '['), "f"), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(ParseRules, WantsALadderThatRises) {
  const std::string flat =
      absl::StrReplaceAll(kRules, {{"outreach_letter_office_days: 5", "outreach_letter_office_days: 3"}});
  EXPECT_THAT(ParseRules(flat, "rules.yaml"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("outreach_letter_office_days: must be later")));
}

TEST(ParseRules, WantsActivitiesOfTimeUseOnceEach) {
  const auto with = [](absl::string_view activities) {
    return ParseRules(absl::StrReplaceAll(kRules, {{"[client-work, travel]", activities}}), "rules.yaml").status();
  };
  EXPECT_THAT(with("[]"), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("time_use_activities: needs")));
  EXPECT_THAT(with("[travel, travel]"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("time_use_activities[1]: is there twice")));
  EXPECT_THAT(with("[Travel]"), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("time_use_activities[0]")));
}

TEST(ParseRules, ReadsDurationsAndRefusesWrongUnits) {
  const auto rules = ParseRules(kRules, "rules.yaml");
  ASSERT_THAT(rules, IsOk());
  EXPECT_EQ(rules->hold_recheck_interval().seconds(), 5400);
  EXPECT_THAT(ParseRules(absl::StrReplaceAll(kRules, {{"24h", "1 day"}}), "rules.yaml"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "rules.yaml:7: direct_reporting_interval: "
                       "must be a duration with a unit: h, m or s, as in 24h"));
  EXPECT_THAT(ParseRules(absl::StrReplaceAll(kRules, {{"90m", "-90m"}}), "rules.yaml"),
              StatusIs(absl::StatusCode::kInvalidArgument, "rules.yaml:10: hold_recheck_interval: must be 1m to 168h"));
}

TEST(Catalogue, FindsVersionsAndTheNewest) {
  const auto catalogue = Catalogue::Parse({{"2.yaml", kGood}, {"10.yaml", Changed("version: 2", "version: 10")}},
                                          {{"rules.yaml", kRules}});
  ASSERT_THAT(catalogue, IsOk());
  EXPECT_EQ(catalogue->Find("north", 2)->version(), 2);
  EXPECT_EQ(catalogue->Find("north")->version(), 10);
  EXPECT_EQ(catalogue->Find("north", 3), nullptr);
  EXPECT_EQ(catalogue->Find("nort"), nullptr);
  EXPECT_EQ(catalogue->Find("zz"), nullptr);
  EXPECT_EQ(catalogue->Rules("2026-2"), nullptr);
  EXPECT_THAT(catalogue->definitions(), SizeIs(2));
}

TEST(Catalogue, RefusesAnUnknownRuleSetAndTheSameVersionTwice) {
  EXPECT_THAT(Catalogue::Parse({{"n.yaml", Changed("2026-1", "2026-9")}}, {{"rules.yaml", kRules}}),
              StatusIs(absl::StatusCode::kInvalidArgument, "n.yaml:4: rules: names a rule set that no file defines"));
  EXPECT_THAT(Catalogue::Parse({{"a.yaml", kGood}, {"b.yaml", kGood}}, {{"rules.yaml", kRules}}),
              StatusIs(absl::StatusCode::kInvalidArgument, "b.yaml:2: version: is in another file too"));
}

TEST(Catalogue, RefusesARequiredInstrumentThatNoFileDefines) {
  const std::string requiring =
      Changed("  consultation_days: 14\n", "  consultation_days: 14\n  required_instruments: [was]\n");
  EXPECT_THAT(Catalogue::Parse({{"n.yaml", requiring}}, {{"rules.yaml", kRules}}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "n.yaml:19: assessment.required_instruments[0]: names an instrument that no file defines"));
}

TEST(Catalogue, AnswersServiceAreaByDay) {
  const auto definition = ParsePathway(kGood, "north.yaml");
  ASSERT_THAT(definition, IsOk());
  EXPECT_TRUE(ServesMunicipality(*definition, "785", absl::CivilDay(2015, 12, 31)));
  EXPECT_FALSE(ServesMunicipality(*definition, "785", absl::CivilDay(2016, 1, 1)));
  EXPECT_FALSE(ServesMunicipality(*definition, "", absl::CivilDay(2026, 1, 1)));
}

TEST(LoadCatalogue, RefusesAMissingFolder) {
  EXPECT_THAT(LoadCatalogue({"/nonexistent/pathways", "/nonexistent/rules", "/nonexistent/instruments"}),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("/nonexistent/pathways")));
}

TEST(ShippedCatalogue, ServesThePilotAreaWithoutPuolanka) {
  const Catalogue catalogue = TestCatalogue();
  const auto* definition = catalogue.Find("kainuu-unemployed", 1);
  ASSERT_NE(definition, nullptr);
  const absl::CivilDay day(2026, 11, 23);
  for (const char* code : {"105", "205", "290", "578", "697", "765", "777"}) {
    EXPECT_TRUE(ServesMunicipality(*definition, code, day)) << code;
  }
  EXPECT_FALSE(ServesMunicipality(*definition, "620", day));
  EXPECT_FALSE(ServesSegment(*definition, common::v1::SEGMENT_EMPLOYED));
  ASSERT_NE(FindMeasureType(*definition, "rehabilitative-work"), nullptr);
  EXPECT_EQ(FindMeasureType(*definition, "rehabilitative-work")->day_minutes_min(), 240);
  ASSERT_NE(catalogue.Rules(definition->rules()), nullptr);
  EXPECT_EQ(catalogue.Rules("2026-1")->no_contact_days(), 21);
}

}  // namespace
}  // namespace polku::pathway
