// The shipped pathways, rules and instruments, for tests of what stands on them.
#pragma once

#include <string>
#include <vector>

#include "libs/pathway/catalogue.h"

namespace polku::pathway {

// What deploy/pathways, deploy/rules and deploy/instruments of this source tree hold. Aborts if they are not valid.
Catalogue TestCatalogue();
// The same, with `from` replaced by `to` wherever it stands in the texts of pathways and rules. Aborts where it does
// not.
Catalogue TestCatalogueWith(const std::string& from, const std::string& to);
// The shipped files of a folder: "pathways", "rules", "instruments".
std::vector<File> FilesOfTests(const std::string& folder);

}  // namespace polku::pathway
