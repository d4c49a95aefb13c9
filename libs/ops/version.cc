#include "libs/ops/version.h"

#include "absl/strings/str_cat.h"
#include "libs/ops/metrics.h"

namespace polku::ops {

std::string VersionLine(absl::string_view program) {
  return absl::StrCat(program, " ", ThisBuild().version, " (", ThisBuild().revision, ")");
}

}  // namespace polku::ops
