#include "services/coordinator-network/domain/coordinator_profile.h"

#include <algorithm>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "services/coordinator-network/domain/codes.h"
#include "services/coordinator-network/domain/matching.h"

namespace polku::coordinator_network {
namespace {

namespace v1 = ::polku::coordinator_network::v1;

constexpr int kCapacityMax = 500;
constexpr int kMunicipalitiesMax = 400;  // Finland has about 300.
constexpr int kLanguagesMax = 50;
constexpr int kCompetencesMax = 100;
constexpr int kAbsencesMax = 20;
constexpr size_t kReasonBytesMax = 500 * 4;  // 500 characters of UTF-8; counted in bytes to stay simple.

bool IsLanguage(const std::string& code) {
  return code.size() == 2 && std::all_of(code.begin(), code.end(), absl::ascii_islower);
}
bool IsCompetence(const std::string& code) { return IsResourceName(code, "*"); }

}  // namespace

absl::StatusOr<v1::Coordinator> ProfileFrom(const std::string& name, const v1::Coordinator& given) {
  absl::Status status;
  if (!IsResourceName(given.organisation(), "organisations/*")) {
    AddViolation(status, "coordinator.organisation", "must be \"organisations/O\"");
  }
  CheckCodes(given.municipalities(), 1, kMunicipalitiesMax, IsMunicipality, "coordinator.municipalities",
             "has a code that is not three digits", status);
  CheckCodes(given.languages(), 1, kLanguagesMax, IsLanguage, "coordinator.languages",
             "has a code that is not ISO 639-1", status);
  CheckCodes(given.segments(), 1, polku::common::v1::Segment_ARRAYSIZE, IsSegment, "coordinator.segments",
             "has an unknown segment", status);
  CheckCodes(given.competences(), 0, kCompetencesMax, IsCompetence, "coordinator.competences",
             "has a code that is not 1-63 of [a-z0-9-]", status);
  if (given.capacity() < 1 || given.capacity() > kCapacityMax) {
    AddViolation(status, "coordinator.capacity", absl::StrCat("must be 1 to ", kCapacityMax));
  }
  if (given.has_leave_date() && !pipeline::DayFrom(given.leave_date(), "").ok()) {
    AddViolation(status, "coordinator.leave_date", "must be a real day");
  }
  if (!status.ok()) return status;

  v1::Coordinator profile = given;
  profile.set_name(name);
  profile.clear_accepted();
  profile.clear_last_accept_time();
  profile.clear_etag();
  profile.clear_absences();
  SortUnique(*profile.mutable_municipalities());
  SortUnique(*profile.mutable_languages());
  SortUnique(*profile.mutable_segments());
  SortUnique(*profile.mutable_competences());
  return profile;
}

absl::StatusOr<std::vector<v1::Absence>> AbsencesFrom(const v1::SetAbsencesRequest& request) {
  if (request.absences_size() > kAbsencesMax) {
    return InvalidField("absences", absl::StrCat("has more than ", kAbsencesMax));
  }
  std::vector<v1::Absence> absences(request.absences().begin(), request.absences().end());
  for (size_t i = 0; i < absences.size(); ++i) {
    const std::string field = absl::StrCat("absences[", i, "]");
    const v1::Absence& absence = absences[i];
    ASSIGN_OR_RETURN(const absl::CivilDay start, pipeline::DayFrom(absence.start_date(), field + ".start_date"));
    ASSIGN_OR_RETURN(const absl::CivilDay end, pipeline::DayFrom(absence.end_date(), field + ".end_date"));
    if (end < start) return InvalidField(field + ".end_date", "is before the start");
    if (absence.substitute().empty()) continue;
    if (!IsResourceName(absence.substitute(), "coordinators/*") || absence.substitute() == kLead ||
        absence.substitute() == request.coordinator()) {
      return InvalidField(field + ".substitute", "must be another coordinator, \"coordinators/Y\"");
    }
  }
  std::sort(absences.begin(), absences.end(), [](const v1::Absence& a, const v1::Absence& b) {
    return pipeline::FromProto(a.start_date()) < pipeline::FromProto(b.start_date());
  });
  for (size_t i = 1; i < absences.size(); ++i) {
    if (pipeline::FromProto(absences[i].start_date()) <= pipeline::FromProto(absences[i - 1].end_date())) {
      return InvalidField("absences", "has two that share a day");
    }
  }
  return absences;
}

absl::Status CheckHandOver(const v1::HandOverRequest& request) {
  if (!request.client().empty() && !ClientOf(request.client()).has_value()) {
    return InvalidField("client", "must be \"clients/C\" with a lower-case UUID, or empty for all");
  }
  const bool named = !request.to().empty();
  if (named &&
      (!IsResourceName(request.to(), "coordinators/*") || request.to() == kLead || request.to() == request.from())) {
    return InvalidField("to", "must be another coordinator, \"coordinators/Y\", or empty for the best by score");
  }
  if (request.reason().empty()) return InvalidField("reason", "is required");
  if (request.reason().size() > kReasonBytesMax) return InvalidField("reason", "is longer than 500 characters");
  return absl::OkStatus();
}

}  // namespace polku::coordinator_network
