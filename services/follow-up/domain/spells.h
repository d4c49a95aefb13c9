// Times in which rules are silent: agreed pauses, closed days of a provider, changes in the
// client's life. What a rule waits for is not expected in them, and its limit starts again behind.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "polku/follow_up/v1/state.pb.h"
#include "services/follow-up/domain/findings.h"

namespace polku::follow_up {

struct Spell {
  static constexpr int64_t kNoEnd = std::numeric_limits<int64_t>::max();
  int64_t from_us = 0;
  int64_t to_us = 0;  // The first instant behind it.
};

// The change in the client's life that holds now, by the earliest record; null when there is none.
// While there is one, every rule is silent but R12, whatever its limit: nobody calls a dead client.
const polku::follow_up::v1::CircumstanceRecord* StandingCircumstance(
    const polku::follow_up::v1::JourneyRecord& journey);

// By beginning: pauses of the whole journey, changes that are over, and the time between a closing and the reopening.
std::vector<Spell> SpellsOf(const polku::follow_up::v1::JourneyRecord& journey);
// The same, with pauses of the measure.
std::vector<Spell> PausesOf(const polku::follow_up::v1::JourneyRecord& journey,
                            const polku::follow_up::v1::MeasureRecord& measure);
// The same, with closed days of its provider.
std::vector<Spell> SpellsOf(const polku::follow_up::v1::JourneyRecord& journey,
                            const polku::follow_up::v1::MeasureRecord& measure);

// Whether the measure is in a spell at that instant; then until when, else 0. The latest end counts.
int64_t QuietUntilUs(const std::vector<Spell>& spells, int64_t time_us);

// `finding` with its limit of `office_days` started again behind each spell that begins before it is reached.
Finding Behind(const std::vector<Spell>& spells, int office_days, Finding finding);

// MeasureRecord.sessions as the rules read it: what lies in a spell is kNotExpected, also behind
// the end of what is known; nothing behind the end of the measure.
std::string ExpectedSessions(const polku::follow_up::v1::JourneyRecord& journey,
                             const polku::follow_up::v1::MeasureRecord& measure);

// End of the first expected session that ends after `time_us`; 0 = none.
int64_t NextSessionEndUs(const polku::follow_up::v1::JourneyRecord& journey,
                         const polku::follow_up::v1::MeasureRecord& measure, int64_t time_us);

}  // namespace polku::follow_up
