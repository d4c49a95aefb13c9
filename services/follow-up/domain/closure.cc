// Closed days of providers, as a journey knows them. The provider's own aggregate is provider.h.
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "libs/pipeline/proto_time.h"
#include "services/follow-up/domain/findings.h"
#include "services/follow-up/domain/journey.h"
#include "services/follow-up/domain/moment.h"

namespace polku::follow_up {
namespace {

using namespace polku::follow_up::v1;  // NOLINT

bool HasMeasureOf(const JourneyRecord& journey, const std::string& provider) {
  for (const MeasureRecord& each : journey.measures()) {
    if (each.plan().provider() == provider) return true;
  }
  return false;
}

bool IsKnown(const JourneyRecord& journey, const ClosureTold& told) {
  const int64_t from_us = Micros(StartOfDay(pipeline::FromProto(told.first_date())));
  const int64_t to_us = Micros(EndOfDay(pipeline::FromProto(told.last_date())));
  for (const ClosureRecord& each : journey.closures()) {
    if (each.provider() == told.provider() && each.from_us() == from_us && each.to_us() == to_us) return true;
  }
  return false;
}

}  // namespace

void TakeClosure(const ClosureTold& told, Draft& draft) {
  const JourneyRecord& journey = draft.state();
  // The provider tells what it is asked and what is new; one of the two may come twice.
  if (!journey.open() || IsKnown(journey, told) != told.revoked()) return;
  if (!told.revoked() && !HasMeasureOf(journey, told.provider())) return;
  JourneyEvent event;
  *event.mutable_closure_told() = told;
  draft.Emit(std::move(event));
}

void AskForClosures(const JourneyRecord& before, Draft& draft) {
  if (!draft.state().open()) return;
  std::set<std::string> asked;
  for (const MeasureRecord& each : draft.state().measures()) {
    const std::string& provider = each.plan().provider();
    if (provider.empty() || (before.open() && HasMeasureOf(before, provider)) || !asked.insert(provider).second)
      continue;
    auto question = std::make_unique<ClosuresAsked>();
    question->set_client(draft.state().client());
    question->set_provider(provider);
    draft.AddStep({provider, std::move(question)});
  }
}

}  // namespace polku::follow_up
