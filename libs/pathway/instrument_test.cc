#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "libs/base/status_matchers.h"
#include "libs/pathway/catalogue.h"
#include "libs/pathway/testing.h"

namespace polku::pathway {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr char kGood[] = R"(id: strain
version: 1
title: {fi: Rasitus, en: Strain}
items:
  - {code: load, title: {fi: a, en: a}, min: 1, max: 5}
  - {code: sleep, title: {fi: b, en: b}, min: 0, max: 10, reversed: true}
  - {code: outlook, title: {fi: c, en: c}, values: [1, 4, 7]}
  - {code: work, title: {fi: d, en: d}, choices: [light, heavy]}
terms:
  - items: [load, sleep]
    weighted_by: work
    weights:
      - {choice: light, weights: [0.5, 1]}
      - {choice: heavy, weights: [1.5, 1]}
  - items: [outlook]
    points:
      - {at_least: 1, points: 0}
      - {at_least: 4, points: 2.5}
class_sets:
  - code: young
    age_min: 15
    age_max: 29
    classes:
      - {at_least: 0, code: low}
      - {at_least: 7, code: high}
  - code: general
    classes:
      - {at_least: 0.5, code: low}
      - {at_least: 5, code: high}
)";

std::string Changed(absl::string_view from, absl::string_view to) {
  std::string changed = absl::StrReplaceAll(kGood, {{from, to}});
  EXPECT_NE(changed, kGood) << "nothing to replace: " << from;
  return changed;
}

TEST(ParseInstrument, FillsEveryKindOfField) {
  const auto definition = ParseInstrument(kGood, "strain.yaml");
  ASSERT_THAT(definition, IsOk());
  EXPECT_TRUE(definition->items(1).reversed());
  EXPECT_THAT(definition->items(2).values(), SizeIs(3));
  EXPECT_EQ(definition->terms(0).weights(1).weights(0), 1.5);
  EXPECT_EQ(definition->terms(1).points(1).points(), 2.5);
  EXPECT_EQ(definition->class_sets(0).age_max(), 29);
}

struct Wrong {
  const char* name;
  const char* from;
  const char* to;
  const char* fault;
};
void PrintTo(const Wrong& wrong, std::ostream* out) { *out << wrong.name; }

class ParseInstrumentRefuses : public ::testing::TestWithParam<Wrong> {};

TEST_P(ParseInstrumentRefuses, NamingFileLineAndField) {
  const Wrong& wrong = GetParam();
  EXPECT_THAT(ParseInstrument(Changed(wrong.from, wrong.to), "strain.yaml"),
              StatusIs(absl::StatusCode::kInvalidArgument, std::string(wrong.fault)));
}

INSTANTIATE_TEST_SUITE_P(
    All, ParseInstrumentRefuses,
    ::testing::Values(
        Wrong{"Version", "version: 1", "version: 0", "strain.yaml:2: version: must be 1 to 1000000"},
        Wrong{"ItemTwice", "code: sleep", "code: load", "strain.yaml:6: items[1].code: is there twice"},
        Wrong{"TwoKinds", "values: [1, 4, 7]", "values: [1, 4, 7], min: 1",
              "strain.yaml:7: items[2]: needs exactly one of a range, values and choices"},
        Wrong{"EmptyRange", "min: 1, max: 5", "min: 5, max: 5", "strain.yaml:5: items[0].max: must be more than min"},
        Wrong{"HalfARange", "min: 1, max: 5", "max: 5", "strain.yaml:5: items[0].min: missing"},
        Wrong{"FallingValues", "[1, 4, 7]", "[1, 7, 4]", "strain.yaml:7: items[2].values[2]: must rise"},
        Wrong{"ReversedValues", "values: [1, 4, 7]", "values: [1, 4, 7], reversed: true",
              "strain.yaml:7: items[2].reversed: is for a range only"},
        Wrong{"ChoiceTwice", "[light, heavy]", "[light, heavy, light]",
              "strain.yaml:8: items[3].choices[2]: is there twice"},
        Wrong{"SumOfChoices", "items: [outlook]", "items: [work]",
              "strain.yaml:15: terms[1].items[0]: must be the code of an item that is a number"},
        Wrong{"WeightedByANumber", "weighted_by: work", "weighted_by: outlook",
              "strain.yaml:11: terms[0].weighted_by: must be the code of an item with choices"},
        Wrong{"WeightsForNothing", "    weighted_by: work\n", "",
              "strain.yaml:11: terms[0].weights: needs weighted_by"},
        Wrong{"WeightsMissing", "      - {choice: light, weights: [0.5, 1]}\n", "",
              "strain.yaml:12: terms[0].weights: must be given for each choice of weighted_by"},
        Wrong{"WeightsOfTooFewItems", "[0.5, 1]", "[0.5]",
              "strain.yaml:13: terms[0].weights[0].weights: must be one for each item"},
        Wrong{"WeightInThirds", "[0.5, 1]", "[0.3, 1]",
              "strain.yaml:13: terms[0].weights[0].weights: must be 0 to 10 in halves"},
        Wrong{"PointsTooHigh", "{at_least: 1, points: 0}", "{at_least: 2, points: 0}",
              "strain.yaml:17: terms[1].points[0].at_least: must not be more than 1"},
        Wrong{"PointsFall", "{at_least: 4, points: 2.5}", "{at_least: 1, points: 2.5}",
              "strain.yaml:18: terms[1].points[1].at_least: must rise"},
        Wrong{"PointsInThirds", "points: 2.5", "points: 2.3",
              "strain.yaml:18: terms[1].points[1].points: must be in halves"},
        Wrong{"ClassesTooHigh", "{at_least: 0.5, code: low}", "{at_least: 1, code: low}",
              "strain.yaml:28: class_sets[1].classes[0].at_least: must not be more than 0.5"},
        Wrong{"NoClassesForEveryAge", "  - code: general\n", "  - code: general\n    age_min: 30\n    age_max: 99\n",
              "strain.yaml:26: class_sets[1]: is the last and must be for every age"},
        Wrong{"ClassesThatHideTheNext", "    age_min: 15\n    age_max: 29\n", "",
              "strain.yaml:20: class_sets[0]: must say for which ages"},
        Wrong{"AgesInTheWrongOrder", "age_max: 29", "age_max: 14",
              "strain.yaml:22: class_sets[0].age_max: must be 15 to 120"}),
    [](const auto& test) { return std::string(test.param.name); });

constexpr char kPart[] = R"(id: load
version: 2
title: {fi: Kuorma, en: Load}
items:
  - {code: load, title: {fi: a, en: a}, min: 1, max: 5}
terms:
  - items: [load]
)";

TEST(Instruments, MayScoreAnotherFromTheSameAnswersInAnyOrderOfTheFiles) {
  const std::string whole = absl::StrCat(kGood, "also_scores:\n  - {id: load, version: 2}\n");
  for (const auto& files : {std::vector<File>{{"a.yaml", whole}, {"b.yaml", kPart}},
                            std::vector<File>{{"a.yaml", kPart}, {"b.yaml", whole}}}) {
    const auto catalogue = Catalogue::Parse({}, {}, files);
    ASSERT_THAT(catalogue, IsOk());
    EXPECT_THAT(catalogue->instruments(), SizeIs(2));
    EXPECT_EQ(catalogue->FindInstrument("load")->version(), 2);
    EXPECT_EQ(catalogue->FindInstrument("load", 1), nullptr);
    EXPECT_EQ(catalogue->FindInstrument("lo"), nullptr);
  }
}

TEST(Instruments, RefuseToScoreWhatIsNotThereOrHasOtherAnswers) {
  const std::string whole = absl::StrCat(kGood, "also_scores:\n  - {id: load, version: 2}\n");
  EXPECT_THAT(Catalogue::Parse({}, {}, {{"a.yaml", whole}}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "a.yaml:31: also_scores[0]: names an instrument that no file defines"));
  const std::string other = absl::StrReplaceAll(kPart, {{"max: 5", "max: 6"}});
  EXPECT_THAT(Catalogue::Parse({}, {}, {{"a.yaml", whole}, {"b.yaml", other}}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "a.yaml:31: also_scores[0]: names an instrument whose item load is not here, or has other "
                       "answers"));
  const std::string itself = absl::StrCat(kGood, "also_scores:\n  - {id: strain, version: 1}\n");
  EXPECT_THAT(Catalogue::Parse({}, {}, {{"a.yaml", itself}}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("that scores others itself")));
  EXPECT_THAT(Catalogue::Parse({}, {}, {{"a.yaml", kPart}, {"b.yaml", kPart}}),
              StatusIs(absl::StatusCode::kInvalidArgument, "b.yaml:2: version: is in another file too"));
}

constexpr char kParts[] = R"(id: parts
version: 1
title: {fi: Osat, en: Parts}
items:
  - {code: a, title: {fi: a, en: a}, min: 0, max: 4}
  - {code: b, title: {fi: b, en: b}, min: 0, max: 4}
  - {code: c, title: {fi: c, en: c}, values: [-2, 0, 2, 9], not_numbers: [9]}
terms:
  - items: [a, b]
scales:
  - code: half
    title: {fi: Puoli, en: Half}
    terms:
      - items: [b]
  - code: mean
    title: {fi: Keskiarvo, en: Mean}
    mean_of: [b, c]
    numbers_min: 1
    class_sets:
      - code: general
        classes:
          - {at_least: -2, code: low}
class_sets:
  - code: general
    classes:
      - {at_least: 0, code: low}
      - {at_least: 4, code: medium}
      - {at_least: 4, scale: half, scale_at_least: 3, code: high}
)";

class ParseScalesRefuses : public ::testing::TestWithParam<Wrong> {};

TEST_P(ParseScalesRefuses, NamingFileLineAndField) {
  ASSERT_THAT(ParseInstrument(kParts, "parts.yaml"), IsOk());
  const Wrong& wrong = GetParam();
  const std::string changed = absl::StrReplaceAll(kParts, {{wrong.from, wrong.to}});
  ASSERT_NE(changed, kParts);
  EXPECT_THAT(ParseInstrument(changed, "parts.yaml"),
              StatusIs(absl::StatusCode::kInvalidArgument, std::string(wrong.fault)));
}

INSTANTIATE_TEST_SUITE_P(
    All, ParseScalesRefuses,
    ::testing::Values(
        Wrong{"NotANumberOfTheItem", "not_numbers: [9]", "not_numbers: [8]",
              "parts.yaml:7: items[2].not_numbers[0]: must be one of values"},
        Wrong{"NoNumberLeft", "not_numbers: [9]", "not_numbers: [-2, 0, 2, 9]",
              "parts.yaml:7: items[2].not_numbers: leave no number"},
        Wrong{"ScaleTwice", "code: mean", "code: half", "parts.yaml:15: scales[1].code: is there twice"},
        Wrong{"SumAndMean", "    terms:\n      - items: [b]\n", "    terms:\n      - items: [b]\n    mean_of: [a]\n",
              "parts.yaml:11: scales[0]: needs exactly one of terms and mean_of"},
        Wrong{"TooManyNumbers", "numbers_min: 1", "numbers_min: 3",
              "parts.yaml:18: scales[1].numbers_min: must be 1 to 2"},
        Wrong{"MeanOfNothing", "mean_of: [b, c]", "mean_of: [b, d]",
              "parts.yaml:17: scales[1].mean_of[1]: must be the code of an item that is a number"},
        Wrong{"ClassesOfAScaleTooHigh", "{at_least: -2, code: low}", "{at_least: -1, code: low}",
              "parts.yaml:22: scales[1].class_sets[0].classes[0].at_least: must not be more than -2"},
        Wrong{"SecondConditionOfNothing", "scale: half", "scale: other",
              "parts.yaml:28: class_sets[0].classes[2].scale: must be the code of a scale"},
        Wrong{"SecondConditionThatMayBeUnknown", "scale: half", "scale: mean",
              "parts.yaml:28: class_sets[0].classes[2].scale: must be a sum of items that are all among those of the "
              "terms"},
        Wrong{"SecondConditionOfTheFirst", "{at_least: 0, code: low}",
              "{at_least: 0, scale: half, scale_at_least: 1, code: low}",
              "parts.yaml:26: class_sets[0].classes[0].scale: is not for the first class, which takes what no other "
              "takes"},
        Wrong{"SecondConditionWithoutBound", ", scale_at_least: 3", "",
              "parts.yaml:28: class_sets[0].classes[2].scale_at_least: missing"},
        Wrong{"ClassesOfNoScore", "terms:\n  - items: [a, b]\n", "", "parts.yaml:21: class_sets: need terms"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(ShippedInstruments, AreThoseThatThePathwaysUse) {
  const Catalogue catalogue = TestCatalogue();
  for (const char* id : {"wai", "was", "kykyviisari", "ompsq-short", "start-back", "icf-checklist",
                         "nurse-health-check", "pre-information"}) {
    EXPECT_NE(catalogue.FindInstrument(id, 1), nullptr) << id;
  }
  EXPECT_THAT(catalogue.FindInstrument("wai", 1)->terms(), SizeIs(7));
}

}  // namespace
}  // namespace polku::pathway
