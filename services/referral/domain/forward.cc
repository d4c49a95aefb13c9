#include "services/referral/domain/forward.h"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "libs/base/resource_name.h"
#include "libs/pipeline/proto_time.h"

namespace polku::referral {
namespace {

// Referrals that went round and came back must not send a fact round for ever. Nobody is split and merged so often.
constexpr int kHopsMax = 8;

// The clients that have referrals of this one which the fact may be about.
std::set<std::string> OwnersOf(const v1::Client& state, const v1::ForwardedFact& fact) {
  std::set<std::string> owners;
  for (const v1::MovedReferral& moved : state.moved()) {
    const std::string owner = ClientOf(moved.to()).value_or("");
    const std::string& opened = fact.journey_opened().referral();
    const bool named = std::find(moved.names().begin(), moved.names().end(), opened) != moved.names().end();
    if (fact.has_journey_closed() || (fact.has_journey_opened() && named)) owners.insert(owner);
  }
  return owners;
}

}  // namespace

std::optional<v1::ForwardedFact> FactOf(const v1::ClientInput& input, const pipeline::Context& context) {
  if (input.has_forwarded_fact()) return input.forwarded_fact();
  // A fact has the same field in both messages.
  const auto* oneof = v1::ForwardedFact::descriptor()->FindOneofByName("fact");
  for (int i = 0; i < oneof->field_count(); ++i) {
    const auto* from = v1::ClientInput::descriptor()->FindFieldByName(oneof->field(i)->name());
    if (!input.GetReflection()->HasField(input, from)) continue;
    v1::ForwardedFact fact;
    fact.set_from(context.key);
    *fact.mutable_fact_time() = pipeline::ToProto(context.fact_time);
    fact.GetReflection()
        ->MutableMessage(&fact, oneof->field(i))
        ->CopyFrom(input.GetReflection()->GetMessage(input, from));
    return fact;
  }
  return std::nullopt;
}

v1::ClientInput InputOf(const v1::ForwardedFact& fact) {
  v1::ClientInput input;
  const auto* oneof = v1::ForwardedFact::descriptor()->FindOneofByName("fact");
  const auto* from = fact.GetReflection()->GetOneofFieldDescriptor(fact, oneof);
  if (from == nullptr) return input;
  const auto* to = v1::ClientInput::descriptor()->FindFieldByName(from->name());
  input.GetReflection()->MutableMessage(&input, to)->CopyFrom(fact.GetReflection()->GetMessage(fact, from));
  return input;
}

void ForwardTo(const std::string& key, v1::ForwardedFact fact, Decision& decision) {
  if (fact.hops() >= kHopsMax) return;
  fact.set_hops(fact.hops() + 1);
  decision.steps.push_back({key, std::make_unique<v1::ForwardedFact>(std::move(fact))});
}

void ForwardToOwners(const v1::Client& state, v1::ForwardedFact fact, Decision& decision) {
  fact.set_given(true);
  for (const std::string& owner : OwnersOf(state, fact)) ForwardTo(owner, fact, decision);
}

Decision Forwarded(const v1::Client& state, const v1::ClientInput& input, const pipeline::Context& context) {
  Decision decision;
  const std::optional<v1::ForwardedFact> fact = FactOf(input, context);
  if (!fact.has_value()) return decision;
  ForwardTo(state.merged_into(), *fact, decision);
  ForwardToOwners(state, *fact, decision);
  return decision;
}

}  // namespace polku::referral
