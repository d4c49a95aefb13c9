// What a data folder and a backup of it hold, and the files beside them.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace polku::backup {

inline constexpr char kManifest[] = "backup.json";
inline constexpr char kPending[] = "restore-pending.json";
inline constexpr char kRestored[] = "restored.json";
inline constexpr char kBus[] = "bus.db";

std::string DatabaseIn(absl::string_view folder, absl::string_view service);  // "FOLDER/follow-up.db"
std::string KeysIn(absl::string_view folder, absl::string_view service);      // "FOLDER/follow-up.keys"

// Of the key files in `keys_folder`, in order of name. Errors: kInvalidArgument when there are none.
absl::StatusOr<std::vector<std::string>> ServicesIn(const std::string& keys_folder);

// For the user of the process alone. Errors: kInvalidArgument, naming the folder, when it is not empty.
absl::Status MakeEmptyFolder(const std::string& path);

// Durable when they return. Errors: kInternal, kResourceExhausted, naming the file.
absl::Status WriteJson(const google::protobuf::Message& message, const std::string& path);
absl::Status CopyFile(const std::string& from, const std::string& to);
absl::Status Rename(const std::string& from, const std::string& to);

// Errors: kNotFound; kDataLoss when it does not parse.
absl::Status ReadJson(const std::string& path, google::protobuf::Message& message);

}  // namespace polku::backup
