// Whose a row is: what sealing, erasure and the pipeline ask of a key.
#pragma once

#include "absl/strings/string_view.h"

namespace polku::store {

// The owner of a row's key: the first two segments of the aggregate's key, "clients/C".
absl::string_view OwnerOf(absl::string_view key);

}  // namespace polku::store
