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
using pathway::v1::ScoreClassSet;
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

// Codes of the items that the score needs and that are not answered, in the order of the form.
std::vector<std::string> MissingItems(const InstrumentDefinition& definition, const Answers& answers) {
  std::set<std::string> needed;
  for (const ScoreTerm& term : definition.terms()) {
    needed.insert(term.items().begin(), term.items().end());
    if (!term.weighted_by().empty()) needed.insert(term.weighted_by());
  }
  std::vector<std::string> missing;
  for (const InstrumentItem& item : definition.items()) {
    if (needed.count(item.code()) != 0 && FindAnswer(answers, item.code()) == nullptr) missing.push_back(item.code());
  }
  return missing;
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

v1::InstrumentResult ScoreOne(const InstrumentDefinition& definition, const Answers& answers, int age_years) {
  v1::InstrumentResult result;
  result.set_instrument(VersionName(definition));
  const std::vector<std::string> missing = MissingItems(definition, answers);
  if (!missing.empty()) {
    result.mutable_missing_items()->Add(missing.begin(), missing.end());
    return result;
  }
  double score = 0;
  for (const ScoreTerm& term : definition.terms()) score += TermOf(definition, term, answers);
  result.set_score(score);
  for (const ScoreClassSet& set : definition.class_sets()) {
    if (!IsForAge(set, age_years)) continue;
    result.set_class_set(set.code());
    result.set_class_code(BandOf(set.classes(), score).code());
    break;
  }
  return result;
}

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
  std::vector<v1::InstrumentResult> results = {ScoreOne(definition, answers, age_years)};
  for (const auto& also : definition.also_scores()) {
    const auto* other = catalogue.FindInstrument(also.id(), also.version());
    if (other != nullptr) results.push_back(ScoreOne(*other, answers, age_years));
  }
  return results;
}

}  // namespace polku::assessment
