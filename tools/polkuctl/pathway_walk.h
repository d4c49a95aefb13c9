// A generated client walks along a pathway: the pure functions of assessment and follow-up decide, and no server runs.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "libs/pathway/catalogue.h"
#include "tools/polkuctl/pathway_words.h"

namespace polku::polkuctl {

struct WalkWishes {
  absl::CivilDay first_day;
  common::v1::Segment segment = common::v1::SEGMENT_UNSPECIFIED;  // Unspecified = the first of the entry.
  std::string need;                                               // Empty = the first of the entry.
  std::string outcome;                                            // Of the assessment; empty = the first.
  std::map<std::string, std::string> classes;                     // Instrument -> class that the client gets.
  // A step that the client never begins: what is found then, and who is called by when. Empty = none.
  std::string stays_away_from;
  Language language = Language::kEnglish;
};

// What happens, a line each: "day 12  2026-03-14  ...", with the limits that run from there.
// Errors: kInvalidArgument when the wishes are nothing of the pathway; what the domains refuse, with what was tried.
absl::StatusOr<std::vector<std::string>> WalkAlong(const pathway::Catalogue& catalogue,
                                                   const pathway::v1::PathwayDefinition& definition,
                                                   const WalkWishes& wishes);

}  // namespace polku::polkuctl
