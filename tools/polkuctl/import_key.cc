#include "tools/polkuctl/import_key.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/hash.h"
#include "libs/base/status_macros.h"
#include "tools/polkuctl/input.h"

namespace polku::polkuctl {
namespace {

absl::Status WriteNew(const std::string& path, absl::string_view key) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0 && errno == EEXIST) return absl::OkStatus();  // Another import was faster: its key is the one.
  if (file < 0) return absl::NotFoundError(absl::StrCat("cannot make the key file ", path));
  const bool written = write(file, key.data(), key.size()) == static_cast<ssize_t>(key.size()) && fsync(file) == 0;
  close(file);
  if (written) return absl::OkStatus();
  unlink(path.c_str());
  return absl::NotFoundError(absl::StrCat("cannot write the key file ", path));
}

}  // namespace

absl::StatusOr<std::string> ReadOrMakeKey(const std::string& path, Random& random) {
  absl::StatusOr<std::string> key = ReadText(path);
  if (!key.ok()) {
    std::string made(kKeyedHashKeyBytes, '\0');
    random.Fill(made.data(), made.size());
    RETURN_IF_ERROR(WriteNew(path, made));
    key = ReadText(path);
  }
  if (key.ok() && key->size() != kKeyedHashKeyBytes) {
    return absl::InvalidArgumentError(absl::StrCat(path, " must hold ", kKeyedHashKeyBytes, " bytes"));
  }
  return key;
}

std::string RequestIdOf(absl::string_view key32, absl::string_view content) {
  std::string bytes = KeyedHash(key32, "polkuctl.import", content).substr(0, 16);
  // Version 8 and variant, RFC 9562, 5.8.
  bytes[6] = static_cast<char>((bytes[6] & 0x0f) | 0x80);
  bytes[8] = static_cast<char>((bytes[8] & 0x3f) | 0x80);
  const std::string hex = HexOf(bytes);
  return absl::StrCat(hex.substr(0, 8), "-", hex.substr(8, 4), "-", hex.substr(12, 4), "-", hex.substr(16, 4), "-",
                      hex.substr(20));
}

}  // namespace polku::polkuctl
