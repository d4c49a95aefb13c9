#include "services/follow-up/domain/own_clients.h"

#include <algorithm>
#include <string>

#include "libs/base/violation.h"
#include "services/follow-up/domain/findings.h"

namespace polku::follow_up {
namespace {

using namespace polku::follow_up::v1;  // NOLINT

// The measure that a command is about; empty when it is about the client.
std::string MeasureOf(const JourneyInput& input) {
  switch (input.input_case()) {
    case JourneyInput::kStartMeasure:
      return input.start_measure().name();
    case JourneyInput::kAttendanceMark:
      return input.attendance_mark().measure();
    case JourneyInput::kCompleteMeasure:
      return input.complete_measure().name();
    case JourneyInput::kEndMeasureEarly:
      return input.end_measure_early().name();
    case JourneyInput::kAgreePause:
      return input.agree_pause().measure();
    case JourneyInput::kVoidRecord:
      return input.void_record().name();
    default:
      return "";
  }
}

}  // namespace

absl::Status CheckOwnClient(const JourneyInput& input, const JourneyRecord& journey, absl::string_view organisation) {
  const auto& measures = journey.measures();
  const bool known = std::any_of(measures.begin(), measures.end(), [&](const MeasureRecord& measure) {
    return measure.plan().provider() == organisation;
  });
  if (!known) return WithReason(absl::NotFoundError("the client is not followed here"), "JOURNEY_NOT_FOUND");
  const MeasureRecord* const measure = FindMeasure(journey, MeasureOf(input));
  if (measure == nullptr || measure->plan().provider() == organisation) return absl::OkStatus();
  return WithReason(absl::NotFoundError("the measure is neither planned nor running"), "MEASURE_NOT_FOUND");
}

}  // namespace polku::follow_up
