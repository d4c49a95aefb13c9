// The shipped pathways and rules, for tests of what stands on them.
#pragma once

#include "libs/pathway/catalogue.h"

namespace polku::pathway {

// What deploy/pathways and deploy/rules of this source tree hold. Aborts if they are not valid.
Catalogue TestCatalogue();

}  // namespace polku::pathway
