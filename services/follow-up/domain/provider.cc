#include "services/follow-up/domain/provider.h"

#include <memory>
#include <utility>

#include "libs/base/resource_name.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "services/follow-up/domain/index.h"

namespace polku::follow_up {
namespace {

using namespace polku::follow_up::v1;  // NOLINT
using polku::pipeline::DayFrom;
using ProviderDecision = pipeline::Decision<ProviderEvent>;

constexpr int kClosuresMax = 200;  // state.proto
constexpr int kClosureDaysMax = 366;

bool IsSame(const Closure& a, const Closure& b) {
  return pipeline::FromProto(a.first_date()) == pipeline::FromProto(b.first_date()) &&
         pipeline::FromProto(a.last_date()) == pipeline::FromProto(b.last_date());
}

bool IsKnown(const ProviderRecord& state, const Closure& closure) {
  for (const Closure& each : state.closures()) {
    if (IsSame(each, closure)) return true;
  }
  return false;
}

pipeline::Step Tell(const std::string& client, const Closure& closure, bool revoked) {
  auto told = std::make_unique<ClosureTold>();
  told->set_client(client);
  told->set_provider(closure.provider());
  *told->mutable_first_date() = closure.first_date();
  *told->mutable_last_date() = closure.last_date();
  told->set_revoked(revoked);
  return {client, std::move(told)};
}

absl::Status CheckFields(const RecordClosureRequest& request, const pipeline::Context& context) {
  ASSIGN_OR_RETURN(const absl::CivilDay first, DayFrom(request.first_date(), "first_date"));
  ASSIGN_OR_RETURN(const absl::CivilDay last, DayFrom(request.last_date(), "last_date"));
  if (last < first || last - first > kClosureDaysMax) {
    return InvalidField("last_date", "must be 0 to 366 days after first_date");
  }
  if (context.principal.organisation == request.provider() || context.principal.role == "lead") {
    return absl::OkStatus();
  }
  return WithReason(absl::PermissionDeniedError("only the provider itself or a lead may do this"),
                    "OTHER_ORGANISATION");
}

absl::StatusOr<ProviderDecision> Record(const ProviderRecord& state, const RecordClosureRequest& request,
                                        const pipeline::Context& context) {
  RETURN_IF_ERROR(CheckFields(request, context));
  Closure closure;
  closure.set_provider(request.provider());
  *closure.mutable_first_date() = request.first_date();
  *closure.mutable_last_date() = request.last_date();
  ProviderDecision decision;
  decision.reply = std::make_unique<Closure>(closure);
  const bool known = IsKnown(state, closure);
  if (request.revoked() && !known) {
    return WithReason(absl::NotFoundError("no such closure is recorded"), "CLOSURE_NOT_FOUND");
  }
  if (known != request.revoked()) return decision;  // Said before.
  ProviderEvent event;
  *event.mutable_closure_recorded()->mutable_closure() = closure;
  event.mutable_closure_recorded()->set_revoked(request.revoked());
  decision.events.push_back(std::move(event));
  if (context.lookups.empty()) return decision;
  // A journey that gets its measure while this is decided is not among the rows; it asks by itself.
  for (const store::Row& row : context.lookups[0]) {
    decision.steps.push_back(Tell(std::get<std::string>(row[0]), closure, request.revoked()));
  }
  return decision;
}

}  // namespace

absl::StatusOr<std::string> ProviderDomain::KeyOf(const Input& input) const {
  const std::string& name =
      input.has_record_closure() ? input.record_closure().provider() : input.closures_asked().provider();
  if (IsResourceName(name, "organisations/*")) return name;
  return InvalidField("provider", "must be a name like \"organisations/*\"");
}

std::vector<pipeline::Lookup> ProviderDomain::LookupsOf(const std::string& key, const State& state,
                                                        const Input& input) const {
  if (!input.has_record_closure()) return {};
  return {{kClientsOfProviderLookup, {key}}};
}

absl::StatusOr<ProviderDecision> ProviderDomain::Decide(const State& state, const Input& input,
                                                        const pipeline::Context& context) const {
  if (input.has_record_closure()) return Record(state, input.record_closure(), context);
  ProviderDecision decision;
  if (!input.has_closures_asked()) return decision;
  for (const Closure& each : state.closures()) {
    decision.steps.push_back(Tell(input.closures_asked().client(), each, /*revoked=*/false));
  }
  return decision;
}

void ProviderDomain::Evolve(const Event& event, State& state) const {
  if (!event.has_closure_recorded()) return;
  const Closure& closure = event.closure_recorded().closure();
  state.set_provider(closure.provider());
  auto& closures = *state.mutable_closures();
  if (event.closure_recorded().revoked()) {
    for (int i = closures.size() - 1; i >= 0; --i) {
      if (IsSame(closures[i], closure)) closures.erase(closures.begin() + i);
    }
    return;
  }
  if (closures.size() == kClosuresMax) closures.erase(closures.begin());
  *closures.Add() = closure;
}

}  // namespace polku::follow_up
