#include <algorithm>
#include <cmath>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "libs/pathway/checks.h"
#include "libs/pathway/field_checks.h"

namespace polku::pathway {
namespace {

using polku::pathway::v1::ChoiceWeights;
using polku::pathway::v1::InstrumentDefinition;
using polku::pathway::v1::InstrumentItem;
using polku::pathway::v1::ScoreClass;
using polku::pathway::v1::ScoreClassSet;
using polku::pathway::v1::ScoreScale;
using polku::pathway::v1::ScoreTerm;

constexpr int kItemsMax = 200;
constexpr double kWeightMax = 10;
constexpr int kAgeYearsMax = 120;

// Sums of halves are exact in a double: the same answers give the same bytes everywhere.
bool IsHalves(double value) { return std::isfinite(value) && std::floor(value * 2) == value * 2; }

const InstrumentItem* FindItem(const InstrumentDefinition& definition, const std::string& code) {
  for (const InstrumentItem& item : definition.items()) {
    if (item.code() == code) return &item;
  }
  return nullptr;
}

bool IsNumber(const InstrumentItem& item) { return item.choices().empty(); }

bool Holds(const google::protobuf::RepeatedField<int32_t>& values, int value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

// The least number that the item can be answered with; reversing keeps it.
int LeastOf(const InstrumentItem& item) {
  for (const int value : item.values()) {
    if (!Holds(item.not_numbers(), value)) return value;
  }
  return item.min();
}

void CheckItem(const InstrumentItem& item, const std::string& path, Faults& faults) {
  const bool range = faults.Given(path + ".min") || faults.Given(path + ".max");
  if (int{range} + int{!item.values().empty()} + int{!item.choices().empty()} != 1) {
    return faults.Add(path, "needs exactly one of a range, values and choices");
  }
  if (range && Require(path + ".min", faults) && Require(path + ".max", faults) && item.max() <= item.min()) {
    faults.Add(path + ".max", "must be more than min");
  }
  if (item.reversed() && !range) faults.Add(path + ".reversed", "is for a range only");
  for (int i = 1; i < item.values_size(); ++i) {
    if (item.values(i) <= item.values(i - 1)) faults.Add(absl::StrCat(path, ".values[", i, "]"), "must rise");
  }
  for (int i = 0; i < item.not_numbers_size(); ++i) {
    const std::string at = absl::StrCat(path, ".not_numbers[", i, "]");
    if (!Holds(item.values(), item.not_numbers(i))) faults.Add(at, "must be one of values");
  }
  if (!item.values().empty() && item.not_numbers_size() >= item.values_size()) {
    faults.Add(path + ".not_numbers", "leave no number");
  }
  std::set<std::string> choices;
  for (int i = 0; i < item.choices_size(); ++i) {
    const std::string at = absl::StrCat(path, ".choices[", i, "]");
    CheckCode(at, item.choices(i), faults);
    if (!choices.insert(item.choices(i)).second) faults.Add(at, "is there twice");
  }
}

void CheckItems(const InstrumentDefinition& definition, Faults& faults) {
  if (definition.items().empty() || definition.items_size() > kItemsMax) {
    faults.Add("items", absl::StrCat("must be 1 to ", kItemsMax));
  }
  std::set<std::string> codes;
  for (int i = 0; i < definition.items_size(); ++i) {
    const InstrumentItem& item = definition.items(i);
    const std::string path = absl::StrCat("items[", i, "]");
    CheckCode(path + ".code", item.code(), faults);
    if (!item.code().empty() && !codes.insert(item.code()).second) faults.Add(path + ".code", "is there twice");
    CheckText(path + ".title", item.title(), faults);
    CheckItem(item, path, faults);
  }
}

void CheckWeights(const ScoreTerm& term, const InstrumentItem& by, const std::string& path, Faults& faults) {
  std::set<std::string> weighted;
  for (int i = 0; i < term.weights_size(); ++i) {
    const ChoiceWeights& weights = term.weights(i);
    const std::string at = absl::StrCat(path, ".weights[", i, "]");
    const bool known = std::find(by.choices().begin(), by.choices().end(), weights.choice()) != by.choices().end();
    if (!known || !weighted.insert(weights.choice()).second) {
      faults.Add(at + ".choice", "must be a choice of weighted_by, given once");
    }
    if (weights.weights_size() != term.items_size()) faults.Add(at + ".weights", "must be one for each item");
    for (double weight : weights.weights()) {
      if (!IsHalves(weight) || weight < 0 || weight > kWeightMax) {
        faults.Add(at + ".weights", absl::StrCat("must be 0 to ", kWeightMax, " in halves"));
      }
    }
  }
  if (static_cast<int>(weighted.size()) != by.choices_size()) {
    faults.Add(path + ".weights", "must be given for each choice of weighted_by");
  }
}

// The least sum of the term's items. Weights are not negative, so the least answers give it.
double LeastSum(const InstrumentDefinition& definition, const ScoreTerm& term) {
  const auto least_with = [&](const ChoiceWeights* weights) {
    double sum = 0;
    for (int i = 0; i < term.items_size(); ++i) {
      const InstrumentItem* item = FindItem(definition, term.items(i));
      const double weight = weights == nullptr || i >= weights->weights_size() ? 1 : weights->weights(i);
      if (item != nullptr) sum += weight * LeastOf(*item);
    }
    return sum;
  };
  if (term.weights().empty()) return least_with(nullptr);
  double least = least_with(&term.weights(0));
  for (const ChoiceWeights& weights : term.weights()) least = std::min(least, least_with(&weights));
  return least;
}

using Terms = google::protobuf::RepeatedPtrField<ScoreTerm>;

double LeastScore(const InstrumentDefinition& definition, const Terms& terms) {
  double score = 0;
  for (const ScoreTerm& term : terms) {
    double least = term.points().empty() ? LeastSum(definition, term) : term.points(0).points();
    for (const auto& points : term.points()) least = std::min(least, points.points());
    score += least;
  }
  return score;
}

bool Rises(const v1::SumPoints& before, const v1::SumPoints& after) { return after.at_least() > before.at_least(); }
// With a second condition the first one may stay.
bool Rises(const ScoreClass& before, const ScoreClass& after) {
  return after.at_least() > before.at_least() || (!after.scale().empty() && after.at_least() == before.at_least());
}

// Bands that begin at `least` or below it, and rise.
template <class Bands>
void CheckBands(const Bands& bands, double least, const std::string& path, Faults& faults) {
  for (int i = 0; i < bands.size(); ++i) {
    const std::string at = absl::StrCat(path, "[", i, "].at_least");
    if (!Require(at, faults)) continue;
    if (!std::isfinite(bands[i].at_least())) faults.Add(at, "must be a number");
    if (i == 0 && bands[i].at_least() > least) faults.Add(at, absl::StrCat("must not be more than ", least));
    if (i > 0 && !Rises(bands[i - 1], bands[i])) faults.Add(at, "must rise");
  }
}

void CheckTerm(const InstrumentDefinition& definition, const ScoreTerm& term, const std::string& path, Faults& faults) {
  if (term.items().empty()) faults.Add(path + ".items", "needs at least one");
  for (int i = 0; i < term.items_size(); ++i) {
    const InstrumentItem* item = FindItem(definition, term.items(i));
    if (item == nullptr || !IsNumber(*item)) {
      return faults.Add(absl::StrCat(path, ".items[", i, "]"), "must be the code of an item that is a number");
    }
  }
  if (term.weighted_by().empty()) {
    if (!term.weights().empty()) faults.Add(path + ".weights", "needs weighted_by");
  } else if (const InstrumentItem* by = FindItem(definition, term.weighted_by()); by == nullptr || IsNumber(*by)) {
    faults.Add(path + ".weighted_by", "must be the code of an item with choices");
  } else {
    CheckWeights(term, *by, path, faults);
  }
  CheckBands(term.points(), LeastSum(definition, term), path + ".points", faults);
  for (int i = 0; i < term.points_size(); ++i) {
    const std::string at = absl::StrCat(path, ".points[", i, "].points");
    if (Require(at, faults) && !IsHalves(term.points(i).points())) faults.Add(at, "must be in halves");
  }
}

void CheckTerms(const InstrumentDefinition& definition, const Terms& terms, const std::string& path, Faults& faults) {
  for (int i = 0; i < terms.size(); ++i) {
    CheckTerm(definition, terms[i], absl::StrCat(path, "[", i, "]"), faults);
  }
}

using ClassSets = google::protobuf::RepeatedPtrField<ScoreClassSet>;

// Of scores from `least` upwards.
void CheckClassSet(const ClassSets& sets, int index, double least, const std::string& path, Faults& faults) {
  const ScoreClassSet& set = sets[index];
  CheckCode(path + ".code", set.code(), faults);
  for (int k = 0; k < index; ++k) {
    if (sets[k].code() == set.code()) faults.Add(path + ".code", "is there twice");
  }
  const bool ages = faults.Given(path + ".age_min") || faults.Given(path + ".age_max");
  const bool last = index + 1 == sets.size();
  if (ages == last) faults.Add(path, last ? "is the last and must be for every age" : "must say for which ages");
  if (ages) {
    CheckRange(path + ".age_min", set.age_min(), 1, kAgeYearsMax, faults);
    CheckRange(path + ".age_max", set.age_max(), set.age_min(), kAgeYearsMax, faults);
  }
  if (set.classes().empty()) faults.Add(path + ".classes", "needs at least one");
  CheckBands(set.classes(), least, path + ".classes", faults);
  for (int i = 0; i < set.classes_size(); ++i) {
    CheckCode(absl::StrCat(path, ".classes[", i, "].code"), set.classes(i).code(), faults);
  }
}

void CheckClassSets(const ClassSets& sets, double least, const std::string& path, Faults& faults) {
  for (int i = 0; i < sets.size(); ++i) CheckClassSet(sets, i, least, absl::StrCat(path, "[", i, "]"), faults);
}

// The second condition of a class is known whenever there is a score.
void CheckSecondCondition(const InstrumentDefinition& definition, const ScoreClass& each, bool first,
                          const std::string& path, Faults& faults) {
  if (each.scale().empty()) {
    if (faults.Given(path + ".scale_at_least")) faults.Add(path + ".scale_at_least", "needs scale");
    return;
  }
  if (first) return faults.Add(path + ".scale", "is not for the first class, which takes what no other takes");
  Require(path + ".scale_at_least", faults);
  const auto scale = std::find_if(definition.scales().begin(), definition.scales().end(),
                                  [&](const ScoreScale& candidate) { return candidate.code() == each.scale(); });
  if (scale == definition.scales().end()) return faults.Add(path + ".scale", "must be the code of a scale");
  std::set<std::string> scored;
  for (const ScoreTerm& term : definition.terms()) scored.insert(term.items().begin(), term.items().end());
  bool within = scale->mean_of().empty();
  for (const ScoreTerm& term : scale->terms()) {
    within &=
        std::all_of(term.items().begin(), term.items().end(), [&](const auto& item) { return scored.count(item); });
  }
  if (!within) faults.Add(path + ".scale", "must be a sum of items that are all among those of the terms");
}

void CheckMean(const InstrumentDefinition& definition, const ScoreScale& scale, const std::string& path,
               Faults& faults) {
  double least = 0;
  for (int i = 0; i < scale.mean_of_size(); ++i) {
    const InstrumentItem* item = FindItem(definition, scale.mean_of(i));
    if (item == nullptr || !IsNumber(*item)) {
      return faults.Add(absl::StrCat(path, ".mean_of[", i, "]"), "must be the code of an item that is a number");
    }
    least = i == 0 ? LeastOf(*item) : std::min<double>(least, LeastOf(*item));
  }
  CheckRange(path + ".numbers_min", scale.numbers_min(), 1, scale.mean_of_size(), faults);
  CheckClassSets(scale.class_sets(), least, path + ".class_sets", faults);
}

void CheckScale(const InstrumentDefinition& definition, int index, Faults& faults) {
  const ScoreScale& scale = definition.scales(index);
  const std::string path = absl::StrCat("scales[", index, "]");
  CheckCode(path + ".code", scale.code(), faults);
  for (int k = 0; k < index; ++k) {
    if (definition.scales(k).code() == scale.code()) faults.Add(path + ".code", "is there twice");
  }
  CheckText(path + ".title", scale.title(), faults);
  if (scale.terms().empty() == scale.mean_of().empty()) faults.Add(path, "needs exactly one of terms and mean_of");
  if (faults.any()) return;
  if (!scale.mean_of().empty()) {
    CheckMean(definition, scale, path, faults);
  } else {
    if (faults.Given(path + ".numbers_min")) faults.Add(path + ".numbers_min", "needs mean_of");
    CheckTerms(definition, scale.terms(), path + ".terms", faults);
    if (faults.any()) return;
    CheckClassSets(scale.class_sets(), LeastScore(definition, scale.terms()), path + ".class_sets", faults);
  }
  for (int i = 0; i < scale.class_sets_size(); ++i) {
    for (int k = 0; k < scale.class_sets(i).classes_size(); ++k) {
      if (scale.class_sets(i).classes(k).scale().empty()) continue;
      faults.Add(absl::StrCat(path, ".class_sets[", i, "].classes[", k, "].scale"), "is for the instrument's classes");
    }
  }
}

// Whether every answer to `other` is an answer to `item`, and the other way round.
bool IsAnsweredAs(const InstrumentItem& item, const InstrumentItem& other) {
  const auto same = [](const auto& a, const auto& b) { return std::equal(a.begin(), a.end(), b.begin(), b.end()); };
  return item.min() == other.min() && item.max() == other.max() && same(item.values(), other.values()) &&
         same(item.choices(), other.choices()) && same(item.not_numbers(), other.not_numbers());
}

}  // namespace

void CheckInstrument(const InstrumentDefinition& definition, Faults& faults) {
  CheckCode("id", definition.id(), faults);
  CheckRange("version", definition.version(), 1, 1000000, faults);
  CheckText("title", definition.title(), faults);
  CheckItems(definition, faults);
  // Terms stand on the items, classes on the terms: what stands on a fault is not looked at.
  if (faults.any()) return;
  CheckTerms(definition, definition.terms(), "terms", faults);
  for (int i = 0; i < definition.scales_size(); ++i) CheckScale(definition, i, faults);
  if (faults.any()) return;
  if (definition.terms().empty() && !definition.class_sets().empty()) faults.Add("class_sets", "need terms");
  CheckClassSets(definition.class_sets(), LeastScore(definition, definition.terms()), "class_sets", faults);
  for (int i = 0; i < definition.class_sets_size(); ++i) {
    const ScoreClassSet& set = definition.class_sets(i);
    for (int k = 0; k < set.classes_size(); ++k) {
      CheckSecondCondition(definition, set.classes(k), k == 0, absl::StrCat("class_sets[", i, "].classes[", k, "]"),
                           faults);
    }
  }
  for (int i = 0; i < definition.also_scores_size(); ++i) {
    const std::string path = absl::StrCat("also_scores[", i, "]");
    CheckCode(path + ".id", definition.also_scores(i).id(), faults);
    CheckRange(path + ".version", definition.also_scores(i).version(), 1, 1000000, faults);
  }
}

void CheckAlsoScores(const InstrumentDefinition& definition, const InstrumentDefinition* other, const std::string& path,
                     Faults& faults) {
  if (other == nullptr) return faults.Add(path, "names an instrument that no file defines");
  if (!other->also_scores().empty()) return faults.Add(path, "names an instrument that scores others itself");
  for (const InstrumentItem& item : other->items()) {
    const InstrumentItem* own = FindItem(definition, item.code());
    if (own == nullptr || !IsAnsweredAs(*own, item)) {
      return faults.Add(
          path, absl::StrCat("names an instrument whose item ", item.code(), " is not here, or has other answers"));
    }
  }
}

}  // namespace polku::pathway
