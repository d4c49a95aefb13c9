#include "libs/pathway/testing.h"

#include <cstdio>

#include "absl/status/statusor.h"
#include "libs/base/status_macros.h"

namespace polku::pathway {

Catalogue TestCatalogue() {
  absl::StatusOr<Catalogue> catalogue = LoadCatalogue(POLKU_DEPLOY_FOLDER "/pathways", POLKU_DEPLOY_FOLDER "/rules");
  if (!catalogue.ok()) std::fprintf(stderr, "%s\n", catalogue.status().ToString().c_str());
  POLKU_CHECK(catalogue.ok());
  return *std::move(catalogue);
}

}  // namespace polku::pathway
