// A lock that one opener in all processes of a machine can hold.
#ifndef POLKU_LIBS_BUS_EMBEDDED_FILE_LOCK_H_
#define POLKU_LIBS_BUS_EMBEDDED_FILE_LOCK_H_

#include <string>

#include "absl/status/statusor.h"

namespace polku::bus {

// Held until destroyed or until the process ends. The file stays behind: removing it would let two
// openers lock two files of one name.
class FileLock {
 public:
  FileLock() = default;
  // Errors: kFailedPrecondition if somebody else (also of this process) holds it, kUnavailable if the
  // file cannot be opened. Does not wait.
  static absl::StatusOr<FileLock> Take(const std::string& path);

  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  ~FileLock();

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  int fd_ = -1;
};

}  // namespace polku::bus

#endif  // POLKU_LIBS_BUS_EMBEDDED_FILE_LOCK_H_
