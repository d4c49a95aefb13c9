#include "libs/base/private_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace polku {

absl::Status MakePrivateFile(const std::string& path) {
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  const bool done = file >= 0 && fchmod(file, 0600) == 0;
  const int error = errno;
  if (file >= 0) close(file);
  if (done) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("file ", path, ": ", std::strerror(error)));
}

}  // namespace polku
