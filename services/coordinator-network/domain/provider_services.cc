#include "services/coordinator-network/domain/provider_services.h"

#include <algorithm>
#include <memory>
#include <set>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/message_differencer.h"
#include "libs/base/calendar.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "services/coordinator-network/domain/index.h"
#include "services/coordinator-network/domain/service_entry.h"

namespace polku::coordinator_network {
namespace {

namespace v1 = ::polku::coordinator_network::v1;
using Decision = pipeline::Decision<v1::ProviderServicesEvent>;
using google::protobuf::util::MessageDifferencer;
using pipeline::FromProto;

bool HasEnded(const v1::ServiceEntry& service, absl::CivilDay today) {
  return service.has_valid_to() && FromProto(service.valid_to()) < today;
}

// What was counted last stands, whoever said it. Of the same day that which was known first: the same file again
// changes nothing.
void KeepNewerCapacity(const v1::ServiceEntry& known, v1::ServiceEntry& given) {
  if (!known.has_capacity()) return;
  const bool newer =
      given.has_capacity() && FromProto(given.capacity().count_date()) > FromProto(known.capacity().count_date());
  if (!newer) *given.mutable_capacity() = known.capacity();
}

// One import as it is decided.
class Import {
 public:
  Import(const v1::ProviderServices& state, absl::CivilDay today) : state_(state), today_(today) {}

  void List(v1::ServiceEntry given) {
    const v1::ServiceEntry* known = FindService(state_, given.name());
    named_.insert(given.name());
    if (known == nullptr) {
      reply_.set_added(reply_.added() + 1);
      return EmitListed(std::move(given));
    }
    KeepNewerCapacity(*known, given);
    if (MessageDifferencer::Equals(*known, given)) {
      reply_.set_unchanged(reply_.unchanged() + 1);
      return;
    }
    reply_.set_changed(reply_.changed() + 1);
    EmitListed(std::move(given));
  }

  // The services that were not named end today; one that has not begun was never there for anybody.
  void EndOthers() {
    for (const v1::ServiceEntry& known : state_.services()) {
      if (named_.count(known.name()) > 0) continue;
      if (known.has_valid_to() && FromProto(known.valid_to()) <= today_) continue;
      reply_.set_ended(reply_.ended() + 1);
      if (known.has_valid_from() && FromProto(known.valid_from()) > today_) {
        EmitRemoved(known.name());
        continue;
      }
      v1::ServiceEntry ended = known;
      *ended.mutable_valid_to() = pipeline::ToProtoDay(today_);
      EmitListed(std::move(ended));
    }
  }

  // Takes out what ended longest ago until there is room for all.
  absl::Status MakeRoom(int services_max) {
    int over = state_.services_size() + reply_.added() - removed_ - services_max;
    std::vector<const v1::ServiceEntry*> ended;
    for (const v1::ServiceEntry& known : state_.services()) {
      if (HasEnded(known, today_) && named_.count(known.name()) == 0) ended.push_back(&known);
    }
    std::stable_sort(ended.begin(), ended.end(), [](const v1::ServiceEntry* a, const v1::ServiceEntry* b) {
      return FromProto(a->valid_to()) < FromProto(b->valid_to());
    });
    for (size_t i = 0; i < ended.size() && over > 0; ++i, --over) EmitRemoved(ended[i]->name());
    if (over <= 0) return absl::OkStatus();
    return WithReason(
        absl::ResourceExhaustedError(absl::StrCat("the provider would have more than ", services_max, " services")),
        "CATALOGUE_FULL");
  }

  Decision Decided(const v1::ImportServicesRequest& request) {
    reply_.set_provider(request.catalogue().provider());
    Decision decision;
    if (!request.validate_only()) decision.events = std::move(events_);
    decision.reply = std::make_unique<v1::ImportServicesResponse>(std::move(reply_));
    return decision;
  }

 private:
  void EmitListed(v1::ServiceEntry service) {
    *events_.emplace_back().mutable_service_listed()->mutable_service() = std::move(service);
  }
  void EmitRemoved(const std::string& name) {
    ++removed_;
    events_.emplace_back().mutable_service_removed()->set_service(name);
  }

  const v1::ProviderServices& state_;
  const absl::CivilDay today_;
  std::set<std::string> named_;
  std::vector<v1::ProviderServicesEvent> events_;
  v1::ImportServicesResponse reply_;
  int removed_ = 0;
};

absl::StatusOr<Decision> DecideImport(const v1::ProviderServices& state, const v1::ImportServicesRequest& request,
                                      const CatalogueLimits& limits, const PathwayCodes& codes,
                                      const pipeline::Context& context) {
  const absl::CivilDay today = LocalDay(context.now);
  ASSIGN_OR_RETURN(std::vector<v1::ServiceEntry> services, ServicesFrom(request.catalogue(), limits, codes, today));
  Import decided(state, today);
  for (v1::ServiceEntry& service : services) decided.List(std::move(service));
  if (request.catalogue().complete()) decided.EndOthers();
  RETURN_IF_ERROR(decided.MakeRoom(limits.services_max));
  return decided.Decided(request);
}

absl::StatusOr<Decision> DecideCapacity(const v1::ProviderServices& state, const v1::SetServiceCapacityRequest& request,
                                        const pipeline::Context& context) {
  if (context.principal.organisation != context.key && context.principal.role != "lead") {
    return WithReason(absl::PermissionDeniedError("only the provider itself or a lead may do this"),
                      "OTHER_ORGANISATION");
  }
  absl::Status status;
  if (!request.has_capacity()) AddViolation(status, "capacity", "is required");
  CheckCapacity(request.capacity(), "capacity", status);
  RETURN_IF_ERROR(status);
  const v1::ServiceEntry* known = FindService(state, request.service());
  if (known == nullptr) return WithReason(absl::NotFoundError("no service has this name"), "SERVICE_UNKNOWN");
  const absl::CivilDay today = LocalDay(context.now);
  if (HasEnded(*known, today)) {
    return WithReason(absl::FailedPreconditionError("the service has ended"), "SERVICE_ENDED");
  }
  Decision decision;
  v1::ServiceCapacityTold& told = *decision.events.emplace_back().mutable_service_capacity_told();
  told.set_service(request.service());
  *told.mutable_capacity() = request.capacity();
  *told.mutable_capacity()->mutable_count_date() = pipeline::ToProtoDay(today);
  auto reply = std::make_unique<v1::ServiceEntry>(*known);
  *reply->mutable_capacity() = told.capacity();
  decision.reply = std::move(reply);
  return decision;
}

// Where the service of that name is, or belongs.
auto PlaceOf(google::protobuf::RepeatedPtrField<v1::ServiceEntry>& services, const std::string& name) {
  return std::lower_bound(services.begin(), services.end(), name,
                          [](const v1::ServiceEntry& one, const std::string& other) { return one.name() < other; });
}

void Apply(const v1::ServiceEntry& service, v1::ProviderServices& state) {
  auto& services = *state.mutable_services();
  const auto at = PlaceOf(services, service.name());
  if (at != services.end() && at->name() == service.name()) {
    *at = service;
    return;
  }
  const int position = static_cast<int>(at - services.begin());
  *services.Add() = service;
  for (int i = services.size() - 1; i > position; --i) services.SwapElements(i, i - 1);
}

}  // namespace

const v1::ServiceEntry* FindService(const v1::ProviderServices& state, const std::string& name) {
  for (const v1::ServiceEntry& service : state.services()) {
    if (service.name() == name) return &service;
  }
  return nullptr;
}

absl::StatusOr<std::string> ProviderServicesDomain::KeyOf(const Input& input) const {
  if (input.has_set_service_capacity()) {
    const std::string& service = input.set_service_capacity().service();
    if (IsResourceName(service, "organisations/*/services/*")) return OrganisationOf(service);
    return InvalidField("service", "must be \"organisations/O/services/S\"");
  }
  const std::string& provider = input.import_services().catalogue().provider();
  if (IsResourceName(provider, "organisations/*")) return provider;
  return InvalidField("catalogue.provider", "must be \"organisations/O\"");
}

absl::StatusOr<Decision> ProviderServicesDomain::Decide(const State& state, const Input& input,
                                                        const pipeline::Context& context) const {
  switch (input.input_case()) {
    case Input::kTick:
      return Decision();
    case Input::kImportServices:
      return DecideImport(state, input.import_services(), limits_, codes_, context);
    case Input::kSetServiceCapacity:
      return DecideCapacity(state, input.set_service_capacity(), context);
    case Input::INPUT_NOT_SET:
      break;
  }
  return absl::InternalError("no rule for this input");
}

void ProviderServicesDomain::Evolve(const Event& event, State& state) const {
  auto& services = *state.mutable_services();
  switch (event.event_case()) {
    case Event::kServiceListed:
      return Apply(event.service_listed().service(), state);
    case Event::kServiceRemoved: {
      const auto at = PlaceOf(services, event.service_removed().service());
      if (at != services.end() && at->name() == event.service_removed().service()) services.erase(at);
      return;
    }
    case Event::kServiceCapacityTold: {
      const auto at = PlaceOf(services, event.service_capacity_told().service());
      if (at == services.end() || at->name() != event.service_capacity_told().service()) return;
      *at->mutable_capacity() = event.service_capacity_told().capacity();
      return;
    }
    case Event::EVENT_NOT_SET:
      return;
  }
}

std::vector<pipeline::IndexRow> ProviderServicesDomain::Index(const State& state) const { return IndexOf(state); }

}  // namespace polku::coordinator_network
