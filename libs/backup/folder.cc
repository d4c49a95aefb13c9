#include "libs/backup/folder.h"

#include <fcntl.h>
#include <google/protobuf/util/json_util.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "libs/base/private_file.h"
#include "libs/base/status_macros.h"

namespace polku::backup {
namespace {

namespace fs = std::filesystem;
using google::protobuf::util::JsonPrintOptions;

absl::Status Failed(absl::string_view path, const std::error_code& error) {
  const std::string told = absl::StrCat(path, ": ", error.message());
  return error == std::errc::no_space_on_device ? absl::ResourceExhaustedError(told) : absl::InternalError(told);
}

// A file or a folder.
absl::Status Sync(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool done = file >= 0 && fsync(file) == 0;
  const std::error_code error(errno, std::generic_category());
  if (file >= 0) close(file);
  return done ? absl::OkStatus() : Failed(path, error);
}

absl::Status SyncWithFolder(const std::string& path) {
  RETURN_IF_ERROR(Sync(path));
  return Sync(fs::path(path).parent_path().string());
}

}  // namespace

std::string DatabaseIn(absl::string_view folder, absl::string_view service) {
  return absl::StrCat(folder, "/", service, ".db");
}

std::string KeysIn(absl::string_view folder, absl::string_view service) {
  return absl::StrCat(folder, "/", service, ".keys");
}

absl::StatusOr<std::vector<std::string>> ServicesIn(const std::string& keys_folder) {
  std::vector<std::string> services;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(keys_folder, error)) {
    if (entry.path().extension() == ".keys") services.push_back(entry.path().stem().string());
  }
  if (services.empty()) return absl::InvalidArgumentError(absl::StrCat(keys_folder, ": no key files there"));
  std::sort(services.begin(), services.end());
  return services;
}

absl::Status MakeEmptyFolder(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (!error && !fs::is_empty(path, error) && !error) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": must be an empty folder, or none"));
  }
  if (!error) fs::permissions(path, fs::perms::owner_all, error);
  if (!error) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(path, ": ", error.message()));
}

absl::Status WriteJson(const google::protobuf::Message& message, const std::string& path) {
  JsonPrintOptions options;
  options.add_whitespace = true;
  options.preserve_proto_field_names = true;
  std::string json;
  if (!google::protobuf::util::MessageToJsonString(message, &json, options).ok()) {
    return absl::InternalError(absl::StrCat(path, ": cannot be written as JSON"));
  }
  const std::string part = path + ".part";
  RETURN_IF_ERROR(MakePrivateFile(part));
  {
    std::ofstream file(part, std::ios::trunc);
    file << json;
    file.close();
    if (!file) return Failed(part, std::error_code(errno, std::generic_category()));
  }
  RETURN_IF_ERROR(Sync(part));
  return Rename(part, path);
}

absl::Status CopyFile(const std::string& from, const std::string& to) {
  RETURN_IF_ERROR(MakePrivateFile(to));
  std::error_code error;
  fs::copy_file(from, to, fs::copy_options::overwrite_existing, error);
  if (error) return Failed(absl::StrCat("copy ", from, " to ", to), error);
  RETURN_IF_ERROR(MakePrivateFile(to));  // The copy has taken the rights of what was copied.
  return SyncWithFolder(to);
}

absl::Status Rename(const std::string& from, const std::string& to) {
  std::error_code error;
  fs::rename(from, to, error);
  if (error) return Failed(absl::StrCat("rename ", from, " to ", to), error);
  return Sync(fs::path(to).parent_path().string());
}

absl::Status ReadJson(const std::string& path, google::protobuf::Message& message) {
  std::ifstream file(path);
  if (!file) return absl::NotFoundError(absl::StrCat("no file ", path));
  std::ostringstream text;
  text << file.rdbuf();
  if (google::protobuf::util::JsonStringToMessage(text.str(), &message).ok()) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(path, ": damaged, or of a newer program"));
}

}  // namespace polku::backup
