// R5: a measure is running and nobody has seen or reached the client for too long.
#include <algorithm>
#include <vector>

#include "libs/pipeline/proto_time.h"
#include "services/follow-up/domain/findings.h"
#include "services/follow-up/domain/moment.h"

namespace polku::follow_up {
namespace {

using namespace polku::follow_up::v1;  // NOLINT
using polku::pipeline::FromProto;

// Whether a measure had started and had not ended at that instant, as far as is known now.
bool IsAnyRunningAt(const JourneyRecord& journey, absl::Time time) {
  return std::any_of(journey.measures().begin(), journey.measures().end(), [&](const MeasureRecord& measure) {
    return measure.has_start_date() && StartOfDay(FromProto(measure.start_date())) <= time &&
           (!HasEnded(measure) || EndOfDay(FromProto(measure.end_date())) > time);
  });
}

// The known activity that the clock may count from, oldest first.
std::vector<int64_t> KnownActivity(const JourneyRecord& journey) {
  std::vector<int64_t> times;
  if (const std::optional<int64_t> anchor = AnchorOf(journey, RULE_NO_CONTACT); anchor.has_value()) {
    times.push_back(*anchor);
    times.insert(times.end(), journey.later_activity_us().begin(), journey.later_activity_us().end());
  }
  if (times.empty() || journey.last_activity_us() > times.back()) times.push_back(journey.last_activity_us());
  return times;
}

}  // namespace

// The first gap between two activities, or after the last, that is longer than the limit.
std::optional<Finding> NoContact(const JourneyRecord& journey, const polku::pathway::v1::RuleSet& rules) {
  if (journey.measures().empty()) return std::nullopt;
  const Floor* floor = FindFloor(journey, RULE_NO_CONTACT, "");
  const int64_t floor_us = floor == nullptr ? 0 : floor->counted_from_us();
  const int64_t not_before_us = floor == nullptr ? 0 : floor->not_before_us();
  const std::vector<int64_t> times = KnownActivity(journey);
  for (size_t i = 0; i < times.size(); ++i) {
    const int64_t next = i + 1 < times.size() ? times[i + 1] : 0;
    if (next != 0 && next <= floor_us) continue;
    const int64_t from = std::max(times[i], floor_us);
    const absl::Time limit = EndOfDay(LocalDay(At(from)) + rules.no_contact_days());
    const int64_t due = std::max(Micros(limit), not_before_us);
    if (next != 0 && next <= due) continue;
    if (IsAnyRunningAt(journey, At(due))) return Finding{RULE_NO_CONTACT, "", from, due};
  }
  return std::nullopt;
}

}  // namespace polku::follow_up
