#include "services/referral/domain/unit_domain.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "services/referral/domain/person.h"

namespace polku::referral {
namespace {

constexpr int kPlacesMax = 100000;
constexpr int kUnitTextCharactersMax = 400;

absl::Status CheckRequest(const v1::SetUnitCapacityRequest& request) {
  absl::Status status;
  if (request.places() < 0 || request.places() > kPlacesMax) {
    AddViolation(status, "places", absl::StrCat("must be 0 to ", kPlacesMax));
  }
  if (CharactersOf(request.text()) > kUnitTextCharactersMax) {
    AddViolation(status, "text", absl::StrCat("is longer than ", kUnitTextCharactersMax, " characters"));
  }
  return status;
}

}  // namespace

absl::StatusOr<std::string> UnitDomain::KeyOf(const Input& input) const {
  if (!input.has_set_unit_capacity()) return absl::InternalError("this input is for no unit");
  const std::string& unit = input.set_unit_capacity().unit();
  if (!IsResourceName(unit, "organisations/*")) return InvalidField("unit", "must be organisations/<id>");
  return unit;
}

absl::StatusOr<pipeline::Decision<v1::UnitEvent>> UnitDomain::Decide(const State& state, const Input& input,
                                                                     const pipeline::Context& context) const {
  pipeline::Decision<Event> decision;
  if (!input.has_set_unit_capacity()) return decision;
  const v1::SetUnitCapacityRequest& request = input.set_unit_capacity();
  if (context.principal.organisation != request.unit()) {
    return WithReason(absl::PermissionDeniedError("a unit tells its own capacity"), "NOT_OWN_UNIT");
  }
  RETURN_IF_ERROR(CheckRequest(request));
  Event event;
  v1::Unit& unit = *event.mutable_unit_capacity_told()->mutable_unit();
  unit.set_name(context.key);
  unit.set_places(request.places());
  unit.set_accepting(request.accepting());
  unit.set_text(request.text());
  *unit.mutable_update_time() = pipeline::ToProto(context.now);
  decision.reply = std::make_unique<v1::UnitCapacity>(CapacityOf(unit));
  decision.events.push_back(std::move(event));
  return decision;
}

v1::UnitCapacity CapacityOf(const v1::Unit& unit) {
  v1::UnitCapacity capacity;
  capacity.set_unit(unit.name());
  capacity.set_told(unit.has_update_time());
  capacity.set_places(unit.places());
  capacity.set_accepting(unit.accepting());
  capacity.set_text(unit.text());
  if (unit.has_update_time()) *capacity.mutable_update_time() = unit.update_time();
  return capacity;
}

}  // namespace polku::referral
