#include "libs/pipeline/domain.h"

#include "absl/strings/str_cat.h"

namespace polku::pipeline {

std::string EventId(absl::string_view service, absl::string_view key, int64_t version) {
  return absl::StrCat(service, "/", key, "/", version);
}

}  // namespace polku::pipeline
