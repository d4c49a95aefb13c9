#include "services/follow-up/domain/backtest.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "libs/pipeline/proto_time.h"
#include "services/follow-up/domain/findings.h"
#include "services/follow-up/domain/index.h"
#include "services/follow-up/domain/journey.h"
#include "services/follow-up/domain/moment.h"

namespace polku::follow_up {
namespace {

using namespace polku::follow_up::v1;  // NOLINT

// What the service decided by itself, but for what people did about it.
bool IsFound(const JourneyEvent& event) {
  switch (event.event_case()) {
    case JourneyEvent::kMeasureInterrupted:
    case JourneyEvent::kInterruptionAmended:
    case JourneyEvent::kInterruptionRetracted:
    case JourneyEvent::kOutreachAsked:
    case JourneyEvent::kOutreachLetThrough:
    case JourneyEvent::kOutreachRequested:
    case JourneyEvent::kOutreachEscalated:
    case JourneyEvent::kOutreachSettled:
    case JourneyEvent::kAttendanceMissed:
    case JourneyEvent::kHoldsChanged:
    case JourneyEvent::kMeasuresLeft:
    case JourneyEvent::kLaddersMoved:
      return true;
    default:
      return false;
  }
}

bool IsSame(const MeasureInterrupted& found, const InterruptionRecord& open) {
  return open.rule() == found.rule() && open.measure() == found.measure() && open.point() == found.statutory_point();
}

class Player {
 public:
  Player(const pathway::Catalogue& catalogue, std::string version)
      : domain_(catalogue), catalogue_(catalogue), version_(std::move(version)) {}

  void Take(const JournalledEvent& told) {
    AdvanceTo(told.time);
    JourneyEvent event = told.event;
    if (event.has_measure_interrupted())
      known_[event.measure_interrupted().interruption()] = event.measure_interrupted();
    if (IsFound(event) || (event.has_moved_to_rules() && !version_.empty())) return;
    if (event.has_journey_opened() && !version_.empty()) event.mutable_journey_opened()->set_rules_version(version_);
    if (event.has_journey_moved() && !version_.empty()) event.mutable_journey_moved()->set_rules_version(version_);
    if (event.has_interruption_resolved() && !TakeOver(*event.mutable_interruption_resolved())) return;
    domain_.Evolve(event, state_);
  }

  // Looks once behind all that was told at one instant: what an input left is one piece.
  void AdvanceTo(absl::Time time) {
    if (time <= now_) return;
    Tick(now_);
    for (auto due = domain_.NextDue(state_); due.has_value() && *due <= time; due = domain_.NextDue(state_)) {
      now_ = std::max(now_, *due);
      Tick(now_);
      const auto next = domain_.NextDue(state_);
      if (next.has_value() && *next <= now_) break;  // A tick that leaves itself due, which no domain test has seen.
    }
    now_ = std::max(now_, time);
  }

  void Tick(absl::Time time) {
    now_ = std::max(now_, time);
    if (!state_.open()) return;
    JourneyInput input;
    input.mutable_tick();
    pipeline::Context context;
    context.key = state_.client();
    context.now = now_;
    context.fact_time = now_;
    context.covered_until = absl::InfiniteFuture();
    context.service = "follow-up";
    for (const pipeline::Lookup& lookup : domain_.LookupsOf(state_.client(), state_, input)) {
      context.lookups.push_back(lookup.name == kSourcesOfClientLookup ? Sources() : std::vector<store::Row>());
    }
    const auto decision = domain_.Decide(state_, input, context);
    if (!decision.ok()) return;  // A tick is never refused.
    for (const JourneyEvent& event : decision->events) {
      domain_.Evolve(event, state_);
      Note(event);
    }
  }

  std::vector<ReplayedFinding> TakeFindings() { return std::move(findings_); }

 private:
  // The same break has another number here; none: there was nothing to resolve.
  bool TakeOver(InterruptionResolved& resolved) const {
    const auto found = known_.find(resolved.interruption());
    if (found == known_.end()) return false;
    for (const InterruptionRecord& open : state_.interruptions()) {
      if (!IsSame(found->second, open)) continue;
      resolved.set_interruption(open.interruption());
      return true;
    }
    return false;
  }

  // Everything has been told up to now by everybody.
  std::vector<store::Row> Sources() const {
    std::vector<store::Row> rows;
    for (const MeasureRecord& measure : state_.measures()) {
      if (measure.plan().source().empty()) continue;
      const int64_t interval_us = ReportingIntervalUs(measure, RulesOf(catalogue_, state_));
      rows.push_back({measure.plan().source(), Micros(now_), interval_us});
    }
    return rows;
  }

  void Note(const JourneyEvent& event) {
    if (event.has_measure_interrupted()) findings_.push_back({event.measure_interrupted()});
    for (ReplayedFinding& each : findings_) {
      if (event.interruption_amended().interruption() == each.found.interruption() &&
          event.has_interruption_amended()) {
        *each.found.mutable_counted_from() = event.interruption_amended().counted_from();
        *each.found.mutable_due_time() = event.interruption_amended().due_time();
      }
      if (event.has_interruption_retracted() &&
          event.interruption_retracted().interruption() == each.found.interruption()) {
        each.retracted = true;
      }
    }
  }

  const JourneyDomain domain_;
  const pathway::Catalogue catalogue_;
  const std::string version_;
  absl::Time now_ = absl::InfinitePast();
  JourneyRecord state_;
  std::map<std::string, MeasureInterrupted> known_;  // As they were found then, by name.
  std::vector<ReplayedFinding> findings_;
};

}  // namespace

std::vector<ReplayedFinding> Replay(const std::vector<JournalledEvent>& journal, const pathway::Catalogue& catalogue,
                                    const std::string& version, absl::Time until) {
  Player player(catalogue, version);
  for (const JournalledEvent& each : journal) player.Take(each);
  player.AdvanceTo(until);
  player.Tick(until);
  return player.TakeFindings();
}

}  // namespace polku::follow_up
