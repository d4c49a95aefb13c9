#include "services/assessment/domain/scoring.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/status_matchers.h"
#include "libs/base/violation.h"
#include "libs/pathway/testing.h"

namespace polku::assessment {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using Numbers = std::map<std::string, int>;

// The best answers to the index: 49 points.
Numbers Best() {
  return {{"current-ability", 10},   {"physical-demands", 5}, {"mental-demands", 5},  {"diseases", 0},
          {"impairment", 6},         {"sick-days", 0},        {"two-years-ahead", 7}, {"resources-enjoyment", 4},
          {"resources-activity", 4}, {"resources-hope", 4}};
}

// The worst: 7.
Numbers Worst() {
  return {{"current-ability", 0},    {"physical-demands", 1}, {"mental-demands", 1},  {"diseases", 5},
          {"impairment", 1},         {"sick-days", 100},      {"two-years-ahead", 1}, {"resources-enjoyment", 0},
          {"resources-activity", 0}, {"resources-hope", 0}};
}

Answers AnswersOf(const Numbers& numbers, const std::string& work = "mixed") {
  Answers answers;
  for (const auto& [item, number] : numbers) {
    answers.Add()->set_item(item);
    answers.rbegin()->set_number(number);
  }
  if (!work.empty()) {
    answers.Add()->set_item("work");
    answers.rbegin()->set_choice(work);
  }
  return answers;
}

class ScoringTest : public ::testing::Test {
 protected:
  std::vector<v1::InstrumentResult> ScoreOf(const std::string& instrument, const Answers& answers,
                                            int age_years = 0) const {
    const auto definition = InstrumentOf(instrument, catalogue_);
    EXPECT_THAT(definition, IsOk());
    absl::Status status;
    CheckAnswers(**definition, answers, age_years, status);
    EXPECT_THAT(status, IsOk());
    return Score(**definition, answers, age_years, catalogue_);
  }
  v1::InstrumentResult Index(const Numbers& numbers, const std::string& work = "mixed", int age_years = 0) const {
    return ScoreOf("wai", AnswersOf(numbers, work), age_years).front();
  }
  v1::InstrumentResult WorkAbilityScore(int ability) const {
    const auto results = ScoreOf("was", AnswersOf({{"current-ability", ability}}, ""));
    EXPECT_THAT(results, SizeIs(1));
    return results.front();
  }
  std::vector<FieldViolation> ViolationsIn(const Answers& answers, int age_years = 0) const {
    absl::Status status;
    CheckAnswers(*catalogue_.FindInstrument("wai"), answers, age_years, status);
    return ViolationsOf(status);
  }

  const pathway::Catalogue catalogue_ = pathway::TestCatalogue();
};

TEST_F(ScoringTest, TheIndexGoesFrom7To49AndNamesItsVersion) {
  for (const char* work : {"physical", "mental", "mixed"}) {
    EXPECT_EQ(Index(Worst(), work).score(), 7) << work;
    EXPECT_EQ(Index(Best(), work).score(), 49) << work;
  }
  EXPECT_EQ(Index(Best()).instrument(), "wai/1");
  EXPECT_THAT(Index(Best()).missing_items(), IsEmpty());
}

TEST_F(ScoringTest, WeighsTheDemandsByTheKindOfWorkAndKeepsHalfPoints) {
  Numbers answers = Worst();
  answers["physical-demands"] = 4;
  answers["mental-demands"] = 1;
  // The worst answers but the demands give 5: 4 and 1 weigh 6 + 0.5, 2 + 1.5 and 5.
  EXPECT_EQ(Index(answers, "physical").score(), 5 + 6.5);
  EXPECT_EQ(Index(answers, "mental").score(), 5 + 3.5);
  EXPECT_EQ(Index(answers, "mixed").score(), 5 + 5);
}

struct Points {
  const char* item;
  int answer;
  double points;
};
void PrintTo(const Points& points, std::ostream* out) { *out << points.item << "=" << points.answer; }

class PointsOfAnItem : public ScoringTest, public ::testing::WithParamInterface<Points> {};

TEST_P(PointsOfAnItem, AreThoseOfTheInstrument) {
  // With the worst answers each of these items gives 1 point.
  Numbers answers = Worst();
  answers[GetParam().item] = GetParam().answer;
  EXPECT_EQ(Index(answers).score(), 7 - 1 + GetParam().points);
}

// Both sides of every boundary.
INSTANTIATE_TEST_SUITE_P(All, PointsOfAnItem,
                         ::testing::Values(Points{"diseases", 0, 7}, Points{"diseases", 1, 5}, Points{"diseases", 2, 4},
                                           Points{"diseases", 3, 3}, Points{"diseases", 4, 2}, Points{"diseases", 5, 1},
                                           Points{"diseases", 51, 1}, Points{"sick-days", 0, 5},
                                           Points{"sick-days", 1, 4}, Points{"sick-days", 9, 4},
                                           Points{"sick-days", 10, 3}, Points{"sick-days", 24, 3},
                                           Points{"sick-days", 25, 2}, Points{"sick-days", 99, 2},
                                           Points{"sick-days", 100, 1}, Points{"impairment", 4, 4},
                                           Points{"two-years-ahead", 4, 4}, Points{"two-years-ahead", 7, 7}));

TEST_F(ScoringTest, TurnsTheSumOfTheResourcesIntoPoints) {
  const std::pair<int, int> sums[] = {{0, 1}, {3, 1}, {4, 2}, {6, 2}, {7, 3}, {9, 3}, {10, 4}, {12, 4}};
  for (const auto& [sum, points] : sums) {
    Numbers answers = Worst();
    answers["resources-enjoyment"] = std::min(sum, 4);
    answers["resources-activity"] = std::min(sum - answers["resources-enjoyment"], 4);
    answers["resources-hope"] = sum - answers["resources-enjoyment"] - answers["resources-activity"];
    EXPECT_EQ(Index(answers).score(), 6 + points) << sum;
  }
}

// `score` in halves, of mental work.
Numbers AnswersThatScore(double score) {
  Numbers answers = Worst();
  answers["impairment"] = 6;       // +5
  answers["two-years-ahead"] = 7;  // +6
  answers["sick-days"] = 0;        // +4
  double left = score - 7 - 15;
  const bool half = left != static_cast<int>(left);
  if (half) {
    answers["physical-demands"] = 2;  // +0.5
    left -= 0.5;
  }
  for (const auto& [diseases, more] : {std::pair(0, 6), std::pair(1, 4), std::pair(2, 3), std::pair(3, 2)}) {
    if (left < more) continue;
    answers["diseases"] = diseases;
    left -= more;
    break;
  }
  for (const auto& [mental, more] : {std::pair(5, 6), std::pair(3, 3)}) {
    if (left - more < 0) continue;
    answers["mental-demands"] = mental;
    left -= more;
    break;
  }
  answers["current-ability"] = std::min(static_cast<int>(left), 10);
  left -= answers["current-ability"];
  answers["resources-enjoyment"] = left > 0 ? 4 : 0;
  answers["resources-activity"] = left > 1 ? 4 : 0;
  answers["resources-hope"] = left > 2 ? 4 : 0;
  return answers;
}

struct Class {
  double score;
  int age_years;
  const char* code;
};
void PrintTo(const Class& value, std::ostream* out) { *out << value.score << " at " << value.age_years; }

class ClassOfTheIndex : public ScoringTest, public ::testing::WithParamInterface<Class> {};

TEST_P(ClassOfTheIndex, IsTheOneThatTheScoreReaches) {
  const v1::InstrumentResult result = Index(AnswersThatScore(GetParam().score), "mental", GetParam().age_years);
  EXPECT_EQ(result.score(), GetParam().score);
  EXPECT_EQ(result.class_code(), GetParam().code);
}

INSTANTIATE_TEST_SUITE_P(All, ClassOfTheIndex,
                         ::testing::Values(Class{27, 0, "poor"}, Class{27.5, 0, "poor"}, Class{28, 0, "moderate"},
                                           Class{36, 0, "moderate"}, Class{36.5, 0, "moderate"}, Class{37, 0, "good"},
                                           Class{43, 0, "good"}, Class{43.5, 0, "good"}, Class{44, 0, "excellent"},
                                           Class{36, 31, "poor"}, Class{36.5, 31, "poor"}, Class{37, 31, "moderate"},
                                           Class{40.5, 31, "moderate"}, Class{41, 31, "good"}, Class{44.5, 31, "good"},
                                           Class{45, 31, "excellent"}));

TEST_F(ScoringTest, TakesTheClassesOfTheClientsAge) {
  const Numbers answers = AnswersThatScore(37);
  for (int age : {0, 18, 29, 35, 60}) EXPECT_EQ(Index(answers, "mental", age).class_set(), "general") << age;
  for (int age : {30, 34}) EXPECT_EQ(Index(answers, "mental", age).class_set(), "early-thirties") << age;
}

TEST_F(ScoringTest, TheScoreHasThreeClasses) {
  const char* classes[] = {"poor",     "poor",     "poor", "poor", "poor", "poor",
                           "moderate", "moderate", "good", "good", "good"};
  for (int ability = 0; ability <= 10; ++ability) {
    EXPECT_EQ(WorkAbilityScore(ability).score(), ability);
    EXPECT_EQ(WorkAbilityScore(ability).class_code(), classes[ability]) << ability;
  }
}

TEST_F(ScoringTest, GivesTheScoreAloneWhenAnItemOfTheIndexIsMissing) {
  for (const auto& [item, number] : Best()) {
    if (item == "current-ability") continue;
    Numbers answers = Best();
    answers.erase(item);
    const auto results = ScoreOf("wai", AnswersOf(answers));
    ASSERT_THAT(results, SizeIs(2)) << item;
    EXPECT_FALSE(results[0].has_score()) << item;
    EXPECT_EQ(results[0].class_code(), "") << item;
    EXPECT_THAT(results[0].missing_items(), ElementsAre(item));
    EXPECT_EQ(results[1].instrument(), "was/1");
    EXPECT_EQ(results[1].score(), 10);
    EXPECT_EQ(results[1].class_code(), "good");
  }
  EXPECT_THAT(ScoreOf("wai", AnswersOf(Best(), ""))[0].missing_items(), ElementsAre("work"));
}

TEST_F(ScoringTest, GivesNothingWithoutTheFirstItem) {
  const auto results = ScoreOf("wai", AnswersOf({{"diseases", 1}}, ""));
  EXPECT_THAT(results[0].missing_items(), SizeIs(10));
  EXPECT_FALSE(results[1].has_score());
  EXPECT_THAT(results[1].missing_items(), ElementsAre("current-ability"));
}

TEST_F(ScoringTest, TurnsReversedItemsRound) {
  const auto catalogue = pathway::Catalogue::Parse({}, {}, {{"strain.yaml", R"(id: strain
version: 3
title: {fi: Rasitus, en: Strain}
items:
  - {code: pain, title: {fi: a, en: a}, min: 0, max: 10}
  - {code: sleep, title: {fi: b, en: b}, min: 0, max: 10, reversed: true}
  - {code: duration, title: {fi: c, en: c}, min: 1, max: 10, reversed: true}
terms:
  - items: [pain, sleep, duration]
)"}});
  ASSERT_THAT(catalogue, IsOk());
  const auto score = [&](int pain, int sleep, int duration) {
    const Answers answers = AnswersOf({{"pain", pain}, {"sleep", sleep}, {"duration", duration}}, "");
    return Score(*catalogue->FindInstrument("strain"), answers, 0, *catalogue).front();
  };
  EXPECT_EQ(score(3, 10, 10).score(), 3 + 0 + 1);
  EXPECT_EQ(score(3, 0, 1).score(), 3 + 10 + 10);
  EXPECT_EQ(score(0, 4, 3).score(), 0 + 6 + 8);
  // No classes: none is made up.
  EXPECT_EQ(score(0, 4, 3).class_code(), "");
  EXPECT_EQ(score(0, 4, 3).instrument(), "strain/3");
}

TEST_F(ScoringTest, FindsTheNewestOrTheNamedVersion) {
  EXPECT_EQ(VersionName(**InstrumentOf("wai", catalogue_)), "wai/1");
  EXPECT_EQ(VersionName(**InstrumentOf("wai/1", catalogue_)), "wai/1");
  for (const char* wrong : {"", "wai/", "wai/0", "wai/2", "wai/1/1", "wai/x", "/1", "WAI"}) {
    EXPECT_EQ(ViolationsOf(InstrumentOf(wrong, catalogue_).status())[0].field, "instrument") << wrong;
  }
}

TEST_F(ScoringTest, NamesEveryWrongAnswer) {
  Answers answers = AnswersOf({{"current-ability", 11}, {"two-years-ahead", 5}, {"unknown", 1}}, "sitting");
  answers.Add()->set_item("impairment");
  answers.Add()->set_item("impairment");
  answers.Add()->set_item("diseases");
  answers.rbegin()->set_choice("many");
  const auto violations = ViolationsIn(answers, 121);
  std::vector<std::string> fields;
  for (const FieldViolation& violation : violations) fields.push_back(violation.field);
  EXPECT_THAT(fields, ElementsAre("answers[0].number", "answers[1].number", "answers[2].item", "answers[3].choice",
                                  "answers[4].number", "answers[5].item", "answers[6].number", "age_years"));
  EXPECT_EQ(violations[0].description, "must be 0 to 10");
}

TEST_F(ScoringTest, TakesEachItemAtItsEnds) {
  EXPECT_THAT(ViolationsIn(AnswersOf(Best())), IsEmpty());
  EXPECT_THAT(ViolationsIn(AnswersOf(Worst())), IsEmpty());
  EXPECT_THAT(ViolationsIn(AnswersOf({{"current-ability", -1}}, "")), SizeIs(1));
  EXPECT_THAT(ViolationsIn(AnswersOf({{"physical-demands", 0}}, "")), SizeIs(1));
}

// Pain screening: items 3, 4 and 8 of the form count the other way round.
TEST_F(ScoringTest, ThePainScreenGoesFrom1To100AndIsHighFrom50) {
  const Numbers best = {{"pain-duration", 1}, {"pain-intensity", 0}, {"light-work", 10},  {"sleep", 10},
                        {"tension", 0},       {"low-mood", 0},       {"expects-pain", 0}, {"expects-work", 10},
                        {"stops-at-pain", 0}, {"avoids-work", 0}};
  const auto result_of = [&](Numbers numbers) { return ScoreOf("ompsq-short", AnswersOf(numbers, ""))[0]; };
  EXPECT_EQ(result_of(best).score(), 1);
  EXPECT_EQ(result_of(best).class_code(), "low");
  Numbers worst;
  for (const auto& [item, number] : best) worst[item] = number == 10 ? 0 : 10;
  EXPECT_EQ(result_of(worst).score(), 100);
  Numbers bound = best;
  for (const char* item : {"pain-intensity", "tension", "low-mood", "expects-pain"}) bound[item] = 10;
  bound["sleep"] = 2;
  EXPECT_EQ(result_of(bound).score(), 49);
  EXPECT_EQ(result_of(bound).class_code(), "low");
  bound["sleep"] = 1;
  EXPECT_EQ(result_of(bound).score(), 50);
  EXPECT_EQ(result_of(bound).class_code(), "high");
  bound.erase("light-work");
  EXPECT_FALSE(result_of(bound).has_score());
  EXPECT_THAT(result_of(bound).missing_items(), ElementsAre("light-work"));
}

struct Back {
  std::vector<const char*> yes;
  int bothersomeness;
  double total;
  double psychosocial;
  const char* risk;
};
void PrintTo(const Back& back, std::ostream* out) {
  *out << back.total << " " << back.psychosocial << " " << back.risk;
}

class BackPain : public ScoringTest, public ::testing::WithParamInterface<Back> {};

TEST_P(BackPain, HasTheRiskOfTotalAndPsychosocialItems) {
  Numbers numbers = {{"leg-pain", 0}, {"shoulder-or-neck-pain", 0}, {"walking", 0},  {"dressing", 0}, {"fear", 0},
                     {"worry", 0},    {"hopelessness", 0},          {"enjoyment", 0}};
  for (const char* item : GetParam().yes) numbers[item] = 1;
  numbers["bothersomeness"] = GetParam().bothersomeness;
  const auto result = ScoreOf("start-back", AnswersOf(numbers, ""))[0];
  EXPECT_EQ(result.score(), GetParam().total);
  ASSERT_THAT(result.scales(), SizeIs(1));
  EXPECT_EQ(result.scales(0).score(), GetParam().psychosocial);
  EXPECT_EQ(result.class_code(), GetParam().risk);
}

INSTANTIATE_TEST_SUITE_P(
    All, BackPain,
    ::testing::Values(Back{{}, 0, 0, 0, "low"}, Back{{}, 2, 0, 0, "low"}, Back{{}, 3, 1, 1, "low"},
                      Back{{"fear", "worry", "hopelessness"}, 0, 3, 3, "low"},
                      Back{{"leg-pain", "walking", "dressing", "shoulder-or-neck-pain"}, 0, 4, 0, "medium"},
                      Back{{"leg-pain", "fear", "worry", "hopelessness"}, 2, 4, 3, "medium"},
                      Back{{"fear", "worry", "hopelessness"}, 3, 4, 4, "high"},
                      Back{{"fear", "worry", "hopelessness", "enjoyment"}, 0, 4, 4, "high"},
                      Back{{"leg-pain", "shoulder-or-neck-pain", "walking", "dressing", "fear", "worry", "hopelessness",
                            "enjoyment"},
                           4,
                           9,
                           5,
                           "high"}));

const v1::ScaleResult* FindScale(const v1::InstrumentResult& result, const std::string& code) {
  for (const v1::ScaleResult& scale : result.scales()) {
    if (scale.scale() == code) return &scale;
  }
  return nullptr;
}

TEST_F(ScoringTest, SectionsHaveScoresOfTheirOwnWhereEnoughIsAnswered) {
  Numbers numbers = {{"work-ability", 7}};
  for (int i = 1; i <= 12; ++i) numbers[absl::StrCat("inclusion-", i)] = i <= 6 ? 5 : 2;
  for (int i = 1; i <= 5; ++i) numbers[absl::StrCat("mind-", i)] = 3;
  const auto result = ScoreOf("kykyviisari", AnswersOf(numbers, ""))[0];
  EXPECT_FALSE(result.has_score());
  EXPECT_THAT(result.class_code(), IsEmpty());
  EXPECT_EQ(FindScale(result, "work-ability")->score(), 7);
  EXPECT_FALSE(FindScale(result, "functioning")->has_score());
  EXPECT_EQ(FindScale(result, "inclusion")->score(), 3.5);
  EXPECT_FALSE(FindScale(result, "mind")->has_score());
  EXPECT_THAT(FindScale(result, "mind")->missing_items(), ElementsAre("mind-6", "mind-7", "mind-8", "mind-9"));
  numbers["mind-6"] = 5;
  EXPECT_DOUBLE_EQ(FindScale(ScoreOf("kykyviisari", AnswersOf(numbers, ""))[0], "mind")->score(), 20.0 / 6);
}

TEST_F(ScoringTest, WhatIsNotSpecifiedOrNotApplicableIsNoNumber) {
  const Numbers numbers = {{"d450-performance", 1},
                           {"d455-performance", 3},
                           {"d850-performance", 9},
                           {"d450-capacity", 8},
                           {"e310", -3},
                           {"b280", 4}};
  const auto result = ScoreOf("icf-checklist", AnswersOf(numbers, ""))[0];
  EXPECT_EQ(FindScale(result, "performance")->score(), 2);
  EXPECT_EQ(FindScale(result, "body-functions")->score(), 4);
  EXPECT_FALSE(FindScale(result, "capacity")->has_score());
  absl::Status status;
  CheckAnswers(*catalogue_.FindInstrument("icf-checklist"), AnswersOf({{"d450-performance", 5}}, ""), 0, status);
  EXPECT_THAT(ViolationsOf(status), SizeIs(1));
}

TEST_F(ScoringTest, FormsWithoutAScoreScoreTheAbilityThatTheyAskFor) {
  for (const char* form : {"nurse-health-check", "pre-information"}) {
    const auto results = ScoreOf(form, AnswersOf({{"current-ability", 5}}, ""));
    ASSERT_THAT(results, SizeIs(2)) << form;
    EXPECT_FALSE(results[0].has_score()) << form;
    EXPECT_THAT(results[0].missing_items(), IsEmpty()) << form;
    EXPECT_EQ(results[1].class_code(), "poor") << form;
  }
}

}  // namespace
}  // namespace polku::assessment
