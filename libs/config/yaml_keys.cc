#include "libs/config/yaml_keys.h"

#include <exception>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "yaml-cpp/yaml.h"

namespace polku::config {
namespace {

constexpr int kDepthMax = 16;

absl::Status FaultAt(absl::string_view name, int line, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(name, ":", line, ": ", what));
}

absl::Status Flatten(absl::string_view name, const YAML::Node& map, const std::string& prefix, int depth,
                     std::vector<YamlKey>& keys) {
  for (const auto& entry : map) {
    const int line = entry.first.Mark().line + 1;
    if (!entry.first.IsScalar()) return FaultAt(name, line, "a key is one word");
    const std::string path = absl::StrCat(prefix, entry.first.Scalar());
    const YAML::Node& value = entry.second;
    if (value.IsScalar()) {
      keys.push_back({path, value.Scalar(), line});
    } else if (value.IsMap() && depth < kDepthMax) {
      RETURN_IF_ERROR(Flatten(name, value, absl::StrCat(path, "."), depth + 1, keys));
    } else {
      return FaultAt(name, line, absl::StrCat(path, ": expected a value or nested keys"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<YamlKey>> ReadYamlKeys(absl::string_view name, absl::string_view text) {
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(std::string(text));
    std::vector<YamlKey> keys;
    if (documents.empty() || (documents.size() == 1 && documents[0].IsNull())) return keys;
    if (documents.size() > 1) return FaultAt(name, documents[1].Mark().line + 1, "a second document");
    if (!documents[0].IsMap()) return FaultAt(name, documents[0].Mark().line + 1, "expected keys");
    RETURN_IF_ERROR(Flatten(name, documents[0], "", 0, keys));
    return keys;
  } catch (const YAML::Exception& error) {
    return FaultAt(name, error.mark.is_null() ? 1 : error.mark.line + 1, error.msg);
  } catch (const std::exception&) {
    return FaultAt(name, 1, "not YAML");
  }
}

}  // namespace polku::config
