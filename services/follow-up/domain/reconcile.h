// Findings against open interruptions: what is new is opened and asked outreach for, what has
// moved is amended, what was never so is retracted. Run after everything that changes a journey,
// so nothing else ever opens or retracts an interruption.
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/follow-up/domain/draft.h"
#include "services/follow-up/domain/findings.h"

namespace polku::follow_up {

// How far the past is known. Only a Tick or RecheckCoverage looks; any other input knows nothing
// and leaves findings about something missing to the Tick that it causes.
struct Coverage {
  struct Source {
    std::string name;
    absl::Time complete_through = absl::InfinitePast();
    absl::Duration reporting_interval;
  };

  bool looked = false;
  absl::Time bus = absl::InfinitePast();
  std::vector<Source> sources;

  // Null when the source is not registered.
  const Source* Find(absl::string_view source) const;
};

// Of a Tick or RecheckCoverage, from the rows of lookup "sources_of_client".
Coverage CoverageFrom(const pipeline::Context& context);

// Before a fact is folded in: whatever has come due is put on hold, so that a gap which the fact
// closes too late is found although no Tick has come between. Marks call it as well as all else.
void HoldWhatIsDue(Draft& draft);

// Sessions that nobody has marked count as missed as far as their source has reported.
void JudgeUnmarkedSessions(const Coverage& coverage, Draft& draft);

void Reconcile(const Coverage& coverage, Draft& draft);

}  // namespace polku::follow_up
