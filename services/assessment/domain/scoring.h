// What the answers to an instrument score, by its definition alone.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/repeated_field.h"
#include "libs/pathway/catalogue.h"
#include "polku/assessment/v1/api.pb.h"

namespace polku::assessment {

using Answers = google::protobuf::RepeatedPtrField<v1::InstrumentAnswer>;

// "wai/1".
std::string VersionName(const pathway::v1::InstrumentDefinition& definition);

// The definition that `text` ("wai" or "wai/1") names; of a name without a version, the newest.
// Errors: kInvalidArgument naming `instrument`.
absl::StatusOr<const pathway::v1::InstrumentDefinition*> InstrumentOf(absl::string_view text,
                                                                      const pathway::Catalogue& catalogue);

// Adds a violation under "answers[0]" for each answer that its item does not allow, and for age_years outside 0 to 120.
void CheckAnswers(const pathway::v1::InstrumentDefinition& definition, const Answers& answers, int age_years,
                  absl::Status& status);

// The result of the instrument, then of those that it also scores. `answers` have been checked. Where an item that a
// score needs is not answered with a number there is no score. `age_years` 0 = not known.
std::vector<v1::InstrumentResult> Score(const pathway::v1::InstrumentDefinition& definition, const Answers& answers,
                                        int age_years, const pathway::Catalogue& catalogue);

}  // namespace polku::assessment
