#include "services/follow-up/domain/evolve_import.h"

#include <algorithm>
#include <string>

#include "libs/pipeline/proto_time.h"
#include "services/follow-up/domain/findings.h"
#include "services/follow-up/domain/moment.h"
#include "services/follow-up/domain/sessions.h"

namespace polku::follow_up {
namespace {

using namespace polku::follow_up::v1;  // NOLINT
using polku::pipeline::FromProto;

int64_t StartUs(const google::type::Date& date) { return Micros(StartOfDay(FromProto(date))); }

MeasureRecord& AddMeasure(const polku::assessment::v1::PlannedMeasure& plan, JourneyRecord& state) {
  MeasureRecord& measure = *state.add_measures();
  *measure.mutable_plan() = plan;
  measure.set_phase(MEASURE_PHASE_PLANNED);
  measure.set_approve_us(std::min(StartUs(plan.start_date()), state.watch_from_us()));
  measure.set_approve_version(state.version());
  return measure;
}

// What the source says takes the place of what the acceptance of the referral, which is of today, had set.
void Apply(const JourneyImported& event, JourneyRecord& state) {
  state.set_import_case(event.case_number());
  state.set_watch_from_us(event.watch_from_us());
  if (event.has_assessment_complete_date()) {
    state.set_assessment_complete_us(StartUs(event.assessment_complete_date()));
    state.set_assessment_version(state.version());
    state.set_idle_since_us(state.assessment_complete_us());
    state.set_idle_version(state.version());
    state.set_idle_settled_us(state.idle_since_us());
    state.set_idle_settled_version(state.version());
  }
  if (event.has_last_contact_date()) {
    state.set_last_activity_us(StartUs(event.last_contact_date()));
    state.set_activity_version(state.version());
    state.clear_earlier_activity_us();
  }
  for (const auto& plan : event.planned()) AddMeasure(plan, state);
  for (const auto& plan : event.running()) {
    MeasureRecord& measure = AddMeasure(plan, state);
    measure.set_phase(MEASURE_PHASE_RUNNING);
    *measure.mutable_start_date() = plan.start_date();
    measure.set_start_version(state.version());
    if (!event.has_last_contact_date()) {
      state.set_last_activity_us(std::max(state.last_activity_us(), StartUs(plan.start_date())));
    }
  }
}

void Apply(const LimitsRestarted& event, JourneyRecord& state) {
  for (const Floor& floor : event.floors()) {
    *state.add_floors() = floor;
    if (floor.rule() != RULE_MISSED_ATTENDANCE) continue;
    for (MeasureRecord& measure : *state.mutable_measures()) {
      if (measure.plan().measure() != floor.measure() || !measure.has_start_date()) continue;
      measure.set_floor_session(Schedule(measure).CountEndedBy(At(floor.counted_from_us())));
    }
  }
}

// Interruptions keep the rule set that found them.
void FollowBy(const std::string& rules_version, JourneyRecord& state) {
  for (InterruptionRecord& each : *state.mutable_interruptions()) {
    if (each.found_by().empty()) each.set_found_by(state.rules_version());
  }
  state.set_rules_version(rules_version);
}

void Apply(const JourneyMoved& event, JourneyRecord& state) {
  state.set_pathway_version(event.to_version());
  if (event.rules_version() != state.rules_version()) FollowBy(event.rules_version(), state);
  if (event.has_assessment_deadline()) {
    state.set_assessment_deadline_us(Micros(FromProto(event.assessment_deadline())));
  }
}

}  // namespace

bool EvolveImport(const JourneyEvent& event, JourneyRecord& state) {
  switch (event.event_case()) {
    case JourneyEvent::kJourneyImported:
      Apply(event.journey_imported(), state);
      return true;
    case JourneyEvent::kLimitsRestarted:
      Apply(event.limits_restarted(), state);
      return true;
    case JourneyEvent::kMovedToRules:
      FollowBy(event.moved_to_rules().to_version(), state);
      return true;
    case JourneyEvent::kJourneyMoved:
      Apply(event.journey_moved(), state);
      return true;
    case JourneyEvent::kInterruptionReviewed:
      for (InterruptionRecord& each : *state.mutable_interruptions()) {
        if (each.interruption() == event.interruption_reviewed().interruption()) each.set_reviewed(true);
      }
      return true;
    default:
      return false;
  }
}

}  // namespace polku::follow_up
