// What a service in the shared catalogue may hold.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "polku/coordinator_network/v1/api.pb.h"
#include "services/coordinator-network/domain/policy.h"

namespace polku::coordinator_network {

// "organisations/O" of "organisations/O/services/S".
std::string OrganisationOf(const std::string& service);

// Small letters of ASCII and Latin-1, which have all that Finnish and Swedish need; others stay.
std::string InSmallLetters(absl::string_view text);

// The services to keep, by name, their lists sorted and without repeats.
// Errors: kInvalidArgument with the fields that are wrong, below "catalogue", those of the first 50 at least.
absl::StatusOr<std::vector<polku::coordinator_network::v1::ServiceEntry>> ServicesFrom(
    const polku::coordinator_network::v1::ProviderCatalogue& given, const CatalogueLimits& limits,
    const PathwayCodes& codes, absl::CivilDay today);

// Adds what is wrong with the numbers and the text to `status`, below `field`.
void CheckCapacity(const polku::coordinator_network::v1::ServiceCapacity& capacity, absl::string_view field,
                   absl::Status& status);

}  // namespace polku::coordinator_network
