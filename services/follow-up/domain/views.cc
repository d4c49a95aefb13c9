#include "services/follow-up/domain/views.h"

#include "libs/pipeline/proto_time.h"
#include "services/follow-up/domain/findings.h"
#include "services/follow-up/domain/moment.h"

namespace polku::follow_up {

using namespace polku::follow_up::v1;  // NOLINT
using polku::pipeline::ToProto;

Measure MeasureView(const MeasureRecord& measure) {
  Measure view;
  view.set_name(measure.plan().measure());
  *view.mutable_plan() = measure.plan();
  view.set_phase(measure.phase());
  if (measure.has_start_date()) *view.mutable_start_date() = measure.start_date();
  if (measure.has_end_date()) *view.mutable_end_date() = measure.end_date();
  view.set_end_reason(measure.end_reason());
  return view;
}

Interruption InterruptionView(const InterruptionRecord& interruption, const std::string& rules_version) {
  Interruption view;
  view.set_name(interruption.interruption());
  view.set_rule(interruption.rule());
  view.set_measure(interruption.measure());
  view.set_state(INTERRUPTION_STATE_OPEN);
  *view.mutable_counted_from() = ToProto(At(interruption.counted_from_us()));
  *view.mutable_due_time() = ToProto(At(interruption.due_us()));
  view.set_rules_version(rules_version);
  return view;
}

Journey JourneyView(const JourneyRecord& journey, const polku::pathway::v1::RuleSet& rules) {
  Journey view;
  view.set_client(journey.client());
  view.set_open(journey.open());
  view.set_follow_up(!journey.open()                   ? FOLLOW_UP_STATE_ENDED
                     : journey.interruptions().empty() ? FOLLOW_UP_STATE_ON_TRACK
                                                       : FOLLOW_UP_STATE_INTERRUPTED);
  view.set_pathway(journey.pathway());
  view.set_pathway_version(journey.pathway_version());
  view.set_rules_version(journey.rules_version());
  view.set_responsible_party(journey.responsible_party());
  view.set_coordinator(journey.coordinator());
  *view.mutable_open_time() = ToProto(At(journey.open_us()));
  if (journey.close_us() != 0) *view.mutable_close_time() = ToProto(At(journey.close_us()));
  if (journey.last_activity_us() != 0) *view.mutable_last_activity_time() = ToProto(At(journey.last_activity_us()));
  for (const MeasureRecord& measure : journey.measures()) {
    if (!HasEnded(measure)) *view.add_measures() = MeasureView(measure);
  }
  for (const InterruptionRecord& interruption : journey.interruptions()) {
    *view.add_interruptions() = InterruptionView(interruption, journey.rules_version());
  }
  if (const int64_t next = EarliestNextStepUs(journey, rules); next != 0) {
    *view.mutable_next_step_time() = ToProto(At(next));
  }
  return view;
}

}  // namespace polku::follow_up
