#include "services/assessment/domain/scoring.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"

namespace polku::assessment {
namespace {

using pathway::v1::InstrumentDefinition;
using pathway::v1::InstrumentItem;
using pathway::v1::ScoreClass;
using pathway::v1::ScoreClassSet;
using pathway::v1::ScoreScale;
using pathway::v1::ScoreTerm;
using v1::InstrumentAnswer;

constexpr int kAgeYearsMax = 120;

const InstrumentItem* FindItem(const InstrumentDefinition& definition, absl::string_view code) {
  for (const InstrumentItem& item : definition.items()) {
    if (item.code() == code) return &item;
  }
  return nullptr;
}

const InstrumentAnswer* FindAnswer(const Answers& answers, absl::string_view item) {
  for (const InstrumentAnswer& answer : answers) {
    if (answer.item() == item) return &answer;
  }
  return nullptr;
}

template <class Values, class Value>
bool Holds(const Values& values, const Value& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

void CheckAnswer(const InstrumentItem& item, const InstrumentAnswer& answer, const std::string& path,
                 absl::Status& status) {
  if (!item.choices().empty()) {
    if (!Holds(item.choices(), answer.choice())) AddViolation(status, path + ".choice", "must be one of the item's");
  } else if (!answer.has_number()) {
    AddViolation(status, path + ".number", "must be given");
  } else if (!item.values().empty()) {
    if (!Holds(item.values(), answer.number())) AddViolation(status, path + ".number", "must be one of the item's");
  } else if (answer.number() < item.min() || answer.number() > item.max()) {
    AddViolation(status, path + ".number", absl::StrCat("must be ", item.min(), " to ", item.max()));
  }
}

bool Counts(const InstrumentItem& item, const Answers& answers) {
  const InstrumentAnswer* answer = FindAnswer(answers, item.code());
  return answer != nullptr && !Holds(item.not_numbers(), answer->number());
}

// Those of `needed`, by codes, that are not answered with a number, in the order of the form.
std::vector<std::string> Missing(const InstrumentDefinition& definition, const std::set<std::string>& needed,
                                 const Answers& answers) {
  std::vector<std::string> missing;
  for (const InstrumentItem& item : definition.items()) {
    if (needed.count(item.code()) != 0 && !Counts(item, answers)) missing.push_back(item.code());
  }
  return missing;
}

std::set<std::string> ItemsOf(const google::protobuf::RepeatedPtrField<ScoreTerm>& terms) {
  std::set<std::string> items;
  for (const ScoreTerm& term : terms) {
    items.insert(term.items().begin(), term.items().end());
    if (!term.weighted_by().empty()) items.insert(term.weighted_by());
  }
  return items;
}

// The last band that `value` reaches. The definition's first one begins at the least possible value.
template <class Bands>
const auto& BandOf(const Bands& bands, double value) {
  int found = 0;
  for (int i = 1; i < bands.size(); ++i) {
    if (value >= bands[i].at_least()) found = i;
  }
  return bands[found];
}

// Nothing is missing.
double TermOf(const InstrumentDefinition& definition, const ScoreTerm& term, const Answers& answers) {
  const google::protobuf::RepeatedField<double>* weights = nullptr;
  for (const auto& candidate : term.weights()) {
    if (candidate.choice() == FindAnswer(answers, term.weighted_by())->choice()) weights = &candidate.weights();
  }
  double sum = 0;
  for (int i = 0; i < term.items_size(); ++i) {
    const InstrumentItem& item = *FindItem(definition, term.items(i));
    const int answer = FindAnswer(answers, item.code())->number();
    sum += (weights == nullptr ? 1 : weights->Get(i)) * (item.reversed() ? item.min() + item.max() - answer : answer);
  }
  return term.points().empty() ? sum : BandOf(term.points(), sum).points();
}

bool IsForAge(const ScoreClassSet& set, int age_years) {
  const bool every_age = set.age_max() == 0;
  return every_age || (age_years >= set.age_min() && age_years <= set.age_max());
}

// Scored by the whole instrument and by each of its scales alike.
class Scorer {
 public:
  Scorer(const InstrumentDefinition& definition, const Answers& answers, int age_years)
      : definition_(definition), answers_(answers), age_years_(age_years) {}

  v1::InstrumentResult Score() const {
    v1::InstrumentResult result;
    result.set_instrument(VersionName(definition_));
    for (const ScoreScale& scale : definition_.scales()) {
      v1::ScaleResult& part = *result.add_scales();
      part.set_scale(scale.code());
      if (scale.mean_of().empty()) {
        Sum(scale.terms(), part);
      } else {
        Mean(scale, part);
      }
      Classify(scale.class_sets(), {}, part);
    }
    if (!definition_.terms().empty()) Sum(definition_.terms(), result);
    Classify(definition_.class_sets(), result.scales(), result);
    return result;
  }

 private:
  using Scales = google::protobuf::RepeatedPtrField<v1::ScaleResult>;

  template <class Result>
  void Sum(const google::protobuf::RepeatedPtrField<ScoreTerm>& terms, Result& result) const {
    const std::vector<std::string> missing = Missing(definition_, ItemsOf(terms), answers_);
    result.mutable_missing_items()->Add(missing.begin(), missing.end());
    if (!missing.empty()) return;
    double score = 0;
    for (const ScoreTerm& term : terms) score += TermOf(definition_, term, answers_);
    result.set_score(score);
  }
  void Mean(const ScoreScale& scale, v1::ScaleResult& result) const {
    double sum = 0;
    int numbers = 0;
    for (const std::string& code : scale.mean_of()) {
      const InstrumentItem& item = *FindItem(definition_, code);
      if (!Counts(item, answers_)) continue;
      const int answer = FindAnswer(answers_, code)->number();
      sum += item.reversed() ? item.min() + item.max() - answer : answer;
      ++numbers;
    }
    if (numbers >= scale.numbers_min()) return result.set_score(sum / numbers);
    const std::vector<std::string> missing =
        Missing(definition_, {scale.mean_of().begin(), scale.mean_of().end()}, answers_);
    result.mutable_missing_items()->Add(missing.begin(), missing.end());
  }
  template <class Result>
  void Classify(const google::protobuf::RepeatedPtrField<ScoreClassSet>& sets, const Scales& scales,
                Result& result) const {
    if (!result.has_score()) return;
    for (const ScoreClassSet& set : sets) {
      if (!IsForAge(set, age_years_)) continue;
      result.set_class_set(set.code());
      for (const ScoreClass& each : set.classes()) {
        // The definition's first one begins at the least possible score.
        const bool first = result.class_code().empty();
        if (first || (result.score() >= each.at_least() && Reaches(each, scales))) result.set_class_code(each.code());
      }
      return;
    }
  }
  static bool Reaches(const ScoreClass& each, const Scales& scales) {
    return each.scale().empty() || std::any_of(scales.begin(), scales.end(), [&](const v1::ScaleResult& part) {
             return part.scale() == each.scale() && part.has_score() && part.score() >= each.scale_at_least();
           });
  }

  const InstrumentDefinition& definition_;
  const Answers& answers_;
  const int age_years_;
};

}  // namespace

std::string VersionName(const InstrumentDefinition& definition) {
  return absl::StrCat(definition.id(), "/", definition.version());
}

absl::StatusOr<const InstrumentDefinition*> InstrumentOf(absl::string_view text, const pathway::Catalogue& catalogue) {
  const size_t slash = text.find('/');
  int version = 0;
  const bool well_formed =
      slash == absl::string_view::npos || (absl::SimpleAtoi(text.substr(slash + 1), &version) && version > 0);
  const auto* found = well_formed ? catalogue.FindInstrument(text.substr(0, slash), version) : nullptr;
  if (found == nullptr) return InvalidField("instrument", "must be <id> or <id>/<version> of an instrument");
  return found;
}

void CheckAnswers(const InstrumentDefinition& definition, const Answers& answers, int age_years, absl::Status& status) {
  std::set<std::string> answered;
  for (int i = 0; i < answers.size(); ++i) {
    const std::string path = absl::StrCat("answers[", i, "]");
    const InstrumentItem* item = FindItem(definition, answers[i].item());
    if (item == nullptr) {
      AddViolation(status, path + ".item", "must be the code of an item of the instrument");
    } else if (!answered.insert(item->code()).second) {
      AddViolation(status, path + ".item", "is answered twice");
    } else {
      CheckAnswer(*item, answers[i], path, status);
    }
  }
  if (age_years < 0 || age_years > kAgeYearsMax) {
    AddViolation(status, "age_years", absl::StrCat("must be 1 to ", kAgeYearsMax, ", or 0 when it is not known"));
  }
}

std::vector<v1::InstrumentResult> Score(const InstrumentDefinition& definition, const Answers& answers, int age_years,
                                        const pathway::Catalogue& catalogue) {
  std::vector<v1::InstrumentResult> results = {Scorer(definition, answers, age_years).Score()};
  for (const auto& also : definition.also_scores()) {
    const auto* other = catalogue.FindInstrument(also.id(), also.version());
    if (other != nullptr) results.push_back(Scorer(*other, answers, age_years).Score());
  }
  return results;
}

}  // namespace polku::assessment
