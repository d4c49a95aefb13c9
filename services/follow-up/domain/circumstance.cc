// Changes in the client's life that silence the rules: RecordCircumstance, and R12, which asks for a decision.
#include <memory>
#include <utility>

#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "services/follow-up/domain/findings.h"
#include "services/follow-up/domain/journey.h"
#include "services/follow-up/domain/moment.h"
#include "services/follow-up/domain/spells.h"

namespace polku::follow_up {
namespace {

using namespace polku::follow_up::v1;  // NOLINT
using polku::pipeline::DayFrom;

constexpr int kCircumstancesMax = 50;

absl::Status CheckFields(const RecordCircumstanceRequest& request, const Draft& draft) {
  const bool known = Circumstance_IsValid(request.circumstance()) &&
                     request.circumstance() != CIRCUMSTANCE_UNSPECIFIED &&
                     request.circumstance() != CIRCUMSTANCE_PERMISSION_WITHDRAWN;
  if (!known) return InvalidField("circumstance", "must be one of the listed ones but permission withdrawn");
  if (request.source() == CIRCUMSTANCE_SOURCE_UNSPECIFIED || !CircumstanceSource_IsValid(request.source())) {
    return InvalidField("source", "must be one of the listed sources");
  }
  const absl::CivilDay today = LocalDay(draft.now());
  ASSIGN_OR_RETURN(const absl::CivilDay from, DayFrom(request.from_date(), "from_date"));
  if (from > today) return InvalidField("from_date", "must not be in the future");
  if (!request.has_end_date()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const absl::CivilDay end, DayFrom(request.end_date(), "end_date"));
  if (end <= from || end > today) return InvalidField("end_date", "must be after from_date and not in the future");
  return absl::OkStatus();
}

bool IsKnown(const JourneyRecord& journey, const RecordCircumstanceRequest& request) {
  const int64_t from_us = Micros(StartOfDay(pipeline::FromProto(request.from_date())));
  for (const CircumstanceRecord& each : journey.circumstances()) {
    if (each.circumstance() == request.circumstance() && each.from_us() == from_us) return true;
  }
  return false;
}

}  // namespace

std::optional<Finding> ChangedCircumstance(const JourneyRecord& journey, const polku::pathway::v1::RuleSet& rules) {
  const CircumstanceRecord* standing = StandingCircumstance(journey);
  if (standing == nullptr) return std::nullopt;
  const absl::CivilDay recorded = LocalDay(At(standing->record_us()));
  const int64_t due_us = Micros(EndOfOfficeDay(recorded, rules.changed_circumstance_office_days()));
  return AboveFloor(journey, {RULE_CHANGED_CIRCUMSTANCE, "", standing->from_us(), due_us, /*absence=*/false});
}

absl::StatusOr<Reply> RecordCircumstance(const RecordCircumstanceRequest& request, Draft& draft) {
  RETURN_IF_ERROR(CheckFields(request, draft));
  const bool known = IsKnown(draft.state(), request);
  if (request.revoked() && !known) {
    return WithReason(absl::NotFoundError("no such circumstance is recorded from that day"), "CIRCUMSTANCE_NOT_FOUND");
  }
  if (!known && draft.state().circumstances_size() >= kCircumstancesMax) {
    return WithReason(absl::FailedPreconditionError("the client has too many circumstances"), "TOO_MANY_CIRCUMSTANCES");
  }
  JourneyEvent event;
  CircumstanceRecorded& recorded = *event.mutable_circumstance_recorded();
  recorded.set_client(request.client());
  recorded.set_circumstance(request.circumstance());
  *recorded.mutable_from_date() = request.from_date();
  recorded.set_revoked(request.revoked());
  if (request.has_end_date()) *recorded.mutable_end_date() = request.end_date();
  *recorded.mutable_record_time() = pipeline::ToProto(draft.now());
  recorded.set_source(request.source());
  draft.Emit(std::move(event));
  auto entry = std::make_unique<CircumstanceEntry>();
  entry->set_circumstance(request.circumstance());
  *entry->mutable_from_date() = request.from_date();
  if (request.has_end_date()) *entry->mutable_end_date() = request.end_date();
  return entry;
}

}  // namespace polku::follow_up
