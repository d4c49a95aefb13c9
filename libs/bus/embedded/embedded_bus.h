// The bus in one file and one process: for the all-in-one program, tests and simulation.
#ifndef POLKU_LIBS_BUS_EMBEDDED_EMBEDDED_BUS_H_
#define POLKU_LIBS_BUS_EMBEDDED_EMBEDDED_BUS_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "libs/base/clock.h"
#include "libs/bus/bus.h"

namespace polku::bus {

struct EmbeddedBusOptions {
  std::string path;  // Beside it come '<path>-wal', '<path>-shm' and '<path>.lock'.
  // Name of a registered SQLite VFS with shared memory (WAL); empty: the default one. Another VFS
  // gets no lock file: whoever brings it keeps second openers out.
  std::string vfs;
  int message_bytes_max = 1 << 20;  // 1 to 256 MiB.
  int64_t file_bytes_max = 0;       // Beyond it Publish gives kResourceExhausted. 0: as far as the disk goes.
  const Clock* clock = nullptr;     // For append times; outlives the bus.
};

// Opens or creates the bus. It has no thread of its own: a Publish writes for all that wait at that
// moment (one fsync), and a Poll that does not wait does nothing but read, so one thread that uses
// it gets the same answers each time.
// Errors: kFailedPrecondition (another opener has it, not a bus file, or of a newer version; names
// the file), kInvalidArgument (options), kDataLoss, kUnavailable, kResourceExhausted.
absl::StatusOr<std::unique_ptr<Bus>> OpenEmbeddedBus(const EmbeddedBusOptions& options);

}  // namespace polku::bus

#endif  // POLKU_LIBS_BUS_EMBEDDED_EMBEDDED_BUS_H_
