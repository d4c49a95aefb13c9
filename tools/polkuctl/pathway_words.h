// A pathway definition in words.
#pragma once

#include <string>
#include <vector>

#include "libs/pathway/catalogue.h"

namespace polku::polkuctl {

enum class Language { kFinnish, kEnglish };

// Who comes in, what is done, who answers, by when. One line for each thing that can change: lines are what
// Differences compares. `rules` is the rule set that the definition names.
std::vector<std::string> InWords(const pathway::v1::PathwayDefinition& definition, const pathway::v1::RuleSet& rules,
                                 Language language);

// The lines that only one of the two has, "- " before those of the first and "+ " before those of the second, under the
// headings that they stand under.
std::vector<std::string> Differences(const std::vector<std::string>& before, const std::vector<std::string>& after);

}  // namespace polku::polkuctl
