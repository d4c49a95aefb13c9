#include "libs/pathway/steps.h"

#include <algorithm>

#include "google/type/date.pb.h"

namespace polku::pathway {
namespace {

using polku::pathway::v1::Condition;
using polku::pathway::v1::Outcome;
using polku::pathway::v1::PathwayDefinition;
using polku::pathway::v1::Role;
using polku::pathway::v1::RolePlayer;
using polku::pathway::v1::Screen;
using polku::pathway::v1::Step;
using polku::pathway::v1::TransitionTerms;

template <class Part>
const Part* FindCode(const google::protobuf::RepeatedPtrField<Part>& parts, absl::string_view code) {
  const auto found = std::find_if(parts.begin(), parts.end(), [&](const Part& part) { return part.code() == code; });
  return found == parts.end() ? nullptr : &*found;
}

template <class List, class Value>
bool Contains(const List& list, const Value& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

bool Holds(const Screen& screen, const ClientFacts& client) {
  const auto found = client.classes.find(screen.instrument());
  return found != client.classes.end() && Contains(screen.classes(), found->second);
}

void AddBefore(const PathwayDefinition& definition, const Step& step, const ClientFacts& client,
               std::set<std::string>& codes) {
  for (const std::string& code : step.after()) {
    const Step* before = FindStep(definition, code);
    if (before == nullptr) continue;
    if (IsFor(*before, client)) {
      codes.insert(code);
    } else {
      AddBefore(definition, *before, client, codes);
    }
  }
}

}  // namespace

const Step* FindStep(const PathwayDefinition& definition, absl::string_view code) {
  return FindCode(definition.steps(), code);
}

const Role* FindRole(const PathwayDefinition& definition, absl::string_view code) {
  return FindCode(definition.roles(), code);
}

const Outcome* FindOutcome(const google::protobuf::RepeatedPtrField<Outcome>& outcomes, absl::string_view code) {
  return FindCode(outcomes, code);
}

const TransitionTerms* FindTransition(const PathwayDefinition& definition, absl::string_view from,
                                      absl::string_view to) {
  for (const TransitionTerms& terms : definition.transitions()) {
    if (terms.from() == from && terms.to() == to) return &terms;
  }
  return nullptr;
}

bool Plays(const Role& role, absl::string_view organisation, absl::string_view municipality_code, absl::CivilDay day) {
  const auto on = [](const google::type::Date& date) { return absl::CivilDay(date.year(), date.month(), date.day()); };
  return role.players().empty() ||
         std::any_of(role.players().begin(), role.players().end(), [&](const RolePlayer& player) {
           return player.organisation() == organisation &&
                  (player.municipalities().empty() || municipality_code.empty() ||
                   Contains(player.municipalities(), municipality_code)) &&
                  (!player.has_valid_from() || on(player.valid_from()) <= day) &&
                  (!player.has_valid_to() || day <= on(player.valid_to()));
         });
}

bool IsFor(const Step& step, const ClientFacts& client) {
  const Condition& when = step.when();
  const auto& needs = when.needs();
  const auto& screens = when.screens();
  return (when.segments().empty() || Contains(when.segments(), static_cast<int>(client.segment))) &&
         (needs.empty() || std::any_of(needs.begin(), needs.end(),
                                       [&](const std::string& need) { return client.needs.count(need) > 0; })) &&
         (when.outcomes().empty() || Contains(when.outcomes(), client.outcome)) &&
         (screens.empty() ||
          std::any_of(screens.begin(), screens.end(), [&](const Screen& screen) { return Holds(screen, client); }));
}

std::vector<const Step*> Before(const PathwayDefinition& definition, const Step& step, const ClientFacts& client) {
  std::set<std::string> codes;
  AddBefore(definition, step, client, codes);
  std::vector<const Step*> before;
  for (const Step& each : definition.steps()) {
    if (codes.count(each.code()) > 0) before.push_back(&each);
  }
  return before;
}

}  // namespace polku::pathway
