// A YAML file of settings as a flat list.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace polku::config {

struct YamlKey {
  std::string path;  // "grpc.listen" for `listen` in `grpc`, or for `grpc.listen` written in one.
  std::string text;
  int line = 0;  // From 1.
};

// Every scalar of `text`, in order of the file, duplicates too. `name` stands for the file in messages.
// Errors: kInvalidArgument with name:line for what is not YAML, or a list, an alias, an empty value or a
// second document.
absl::StatusOr<std::vector<YamlKey>> ReadYamlKeys(absl::string_view name, absl::string_view text);

}  // namespace polku::config
