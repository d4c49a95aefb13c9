#include "services/coordinator-network/domain/coordinator_profile.h"

#include <algorithm>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "libs/base/resource_name.h"
#include "libs/base/violation.h"
#include "services/coordinator-network/domain/matching.h"

namespace polku::coordinator_network {
namespace {

namespace v1 = ::polku::coordinator_network::v1;

constexpr int kCapacityMax = 500;
constexpr int kMunicipalitiesMax = 400;  // Finland has about 300.
constexpr int kLanguagesMax = 50;
constexpr int kCompetencesMax = 100;

bool IsMunicipality(const std::string& code) {
  return code.size() == 3 && std::all_of(code.begin(), code.end(), absl::ascii_isdigit);
}
bool IsLanguage(const std::string& code) {
  return code.size() == 2 && std::all_of(code.begin(), code.end(), absl::ascii_islower);
}
bool IsCompetence(const std::string& code) { return IsResourceName(code, "*"); }

template <class Codes>
void SortUnique(Codes& codes) {
  std::sort(codes.begin(), codes.end());
  codes.erase(std::unique(codes.begin(), codes.end()), codes.end());
}

template <class Codes, class Test>
void CheckCodes(const Codes& codes, int min, int max, Test is_code, absl::string_view field, absl::string_view what,
                absl::Status& status) {
  if (codes.size() < min) AddViolation(status, field, "needs at least one");
  if (codes.size() > max) AddViolation(status, field, absl::StrCat("has more than ", max));
  if (!std::all_of(codes.begin(), codes.end(), is_code)) AddViolation(status, field, what);
}

bool IsSegment(int segment) {
  return segment != polku::common::v1::SEGMENT_UNSPECIFIED && polku::common::v1::Segment_IsValid(segment);
}

}  // namespace

absl::StatusOr<v1::Coordinator> ProfileFrom(const v1::RegisterCoordinatorRequest& request) {
  const v1::Coordinator& given = request.coordinator();
  absl::Status status;
  const std::string name = absl::StrCat("coordinators/", request.coordinator_id());
  if (!IsResourceName(name, "coordinators/*") || name == kLead) {
    AddViolation(status, "coordinator_id", "must be 1-63 of [a-z0-9-], not \"lead\"");
  }
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
  if (!status.ok()) return status;

  v1::Coordinator profile = given;
  profile.set_name(name);
  profile.clear_accepted();
  profile.clear_last_accept_time();
  profile.clear_etag();
  SortUnique(*profile.mutable_municipalities());
  SortUnique(*profile.mutable_languages());
  SortUnique(*profile.mutable_segments());
  SortUnique(*profile.mutable_competences());
  return profile;
}

}  // namespace polku::coordinator_network
