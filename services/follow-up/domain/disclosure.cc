#include "services/follow-up/domain/disclosure.h"

#include "libs/base/calendar.h"
#include "libs/base/status_macros.h"
#include "libs/permissions/permissions.h"
#include "polku/follow_up/v1/api.pb.h"

namespace polku::follow_up {
namespace {

using namespace polku::follow_up::v1;  // NOLINT

constexpr absl::string_view kDataClass = "follow-up";  // As permissions name it.

}  // namespace

bool IsOwn(const JourneyRecord& record, absl::string_view organisation) {
  if (!record.open()) return false;
  return record.responsible_party() == organisation || record.coordinator_organisation() == organisation;
}

bool IsDenied(const JourneyRecord& record, absl::string_view organisation, absl::Time now) {
  return !IsOwn(record, organisation) &&
         permissions::IsDenied(record.denials(), organisation, kDataClass, LocalDay(now));
}

bool RestsOnPermissions(const JourneyRecord& record, absl::string_view organisation) {
  const bool is_followed = record.open() || record.closed();
  return is_followed && !IsOwn(record, organisation);
}

absl::Status CheckMayKnow(const JourneyRecord& record, const pipeline::Context& context) {
  const std::string& organisation = context.principal.organisation;
  RETURN_IF_ERROR(permissions::CheckNotRestricted(record.restricted()));
  RETURN_IF_ERROR(permissions::CheckNotDenied(IsDenied(record, organisation, context.now)));
  if (!RestsOnPermissions(record, organisation)) return absl::OkStatus();
  return permissions::CheckKnown(context.now - context.covered_until);
}

bool IsDecision(const JourneyInput& input) {
  switch (input.input_case()) {
    case JourneyInput::kResolveInterruption:
    case JourneyInput::kRequestReviewedOutreach:
    case JourneyInput::kCloseJourney:
    case JourneyInput::kReopenJourney:
    case JourneyInput::kImportJourney:
    case JourneyInput::kHoldOutreach:
    case JourneyInput::kReleaseOutreach:
    case JourneyInput::kOfferTransition:
    case JourneyInput::kAcceptTransition:
    case JourneyInput::kDeclineTransition:
      return true;
    default:
      return false;
  }
}

void HoldBack(const JourneyRecord& record, const pipeline::Context& context, google::protobuf::Message* reply) {
  auto* const measure = dynamic_cast<Measure*>(reply);
  if (measure == nullptr || CheckMayKnow(record, context).ok()) return;
  Measure left;
  left.set_name(measure->name());
  left.set_phase(measure->phase());
  *measure = std::move(left);
}

}  // namespace polku::follow_up
