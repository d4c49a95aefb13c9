// The same facts told in another order.
#include <algorithm>
#include <map>

#include "libs/base/resource_name.h"
#include "polku/follow_up/v1/api.pb.h"
#include "polku/follow_up/v1/feed.pb.h"
#include "tests/simulation/scenario.h"

namespace polku::simulation {

using polku::follow_up::v1::ProviderActivity;

namespace {

// Of a command or a provider's record; null when it is none.
const polku::follow_up::v1::AttendanceMark* MarkIn(const Command& command) {
  if (const auto* record = dynamic_cast<const ProviderActivity*>(command.request.get())) {
    return record->has_mark() ? &record->mark() : nullptr;
  }
  return dynamic_cast<const polku::follow_up::v1::AttendanceMark*>(command.request.get());
}

// The measure that ends; empty when none does.
std::string EndIn(const Command& command) {
  if (const auto* record = dynamic_cast<const ProviderActivity*>(command.request.get())) {
    return record->has_done() ? record->done().measure() : record->broken_off().measure();
  }
  using polku::follow_up::v1::CompleteMeasureRequest;
  using polku::follow_up::v1::EndMeasureEarlyRequest;
  if (const auto* end = dynamic_cast<const EndMeasureEarlyRequest*>(command.request.get())) return end->name();
  if (const auto* end = dynamic_cast<const CompleteMeasureRequest*>(command.request.get())) return end->name();
  return "";
}

}  // namespace

Scenario FactsOf(const Scenario& scenario, bool late) {
  Scenario facts = scenario;
  facts.people_react = false;
  std::map<std::string, absl::Time> brought_in;  // When a client's case is.
  for (const Command& command : facts.commands) {
    const auto* import = dynamic_cast<const polku::follow_up::v1::ImportJourneyRequest*>(command.request.get());
    if (import != nullptr) brought_in.try_emplace(import->client(), command.at);
  }
  // Of a measure that comes with a case nothing can be told before; told late it could.
  const auto is_too_early = [&](const Command& command, const polku::follow_up::v1::AttendanceMark& mark) {
    const auto known = brought_in.find(ClientOf(mark.measure()).value_or(""));
    return known != brought_in.end() && command.at < known->second;
  };
  std::erase_if(facts.commands, [&](const Command& command) {
    const auto* mark = MarkIn(command);
    return (mark != nullptr && (mark->revision() > 0 || is_too_early(command, *mark))) ||
           command.method == "VoidRecord" || !command.flaw.empty();
  });
  if (!late) return facts;
  std::map<std::string, absl::Time> ends;  // When the end of a measure is told.
  for (const Command& command : facts.commands) {
    if (const std::string measure = EndIn(command); !measure.empty()) ends.try_emplace(measure, command.at);
  }
  SeededRandom random(scenario.seed);
  for (Command& command : facts.commands) {
    const auto* mark = MarkIn(command);
    if (mark == nullptr && command.method != "RecordContact") continue;
    const absl::Time told = command.at + absl::Hours(Chance(random, 50) ? Pick(random, 21 * 24) : 0);
    const auto end = mark == nullptr ? ends.end() : ends.find(mark->measure());
    if (told < (end == ends.end() ? scenario.end : end->second)) command.at = told;
  }
  std::stable_sort(facts.commands.begin(), facts.commands.end(),
                   [](const Command& a, const Command& b) { return a.at < b.at; });
  return facts;
}

}  // namespace polku::simulation
