// The shipped pathways and rules, for tests of what stands on them.
#pragma once

#include "libs/pathway/catalogue.h"

namespace polku::pathway {

// What deploy/pathways and deploy/rules of this source tree hold. Aborts if they are not valid.
Catalogue TestCatalogue();
// The same, but that records need be kept for so many years only.
Catalogue TestCatalogueWithRetention(int years);

}  // namespace polku::pathway
