// A disk in memory for SQLite that can lose power: synced and unsynced bytes are kept apart.
//
// Opened through it, OpenSqlite and OpenEmbeddedBus see after Crash() only what they had synced,
// and perhaps some sectors of what they had not. Shared memory (the index of a write-ahead log)
// is lost, as a machine's memory is. What a disk may do: keep any subset of the unsynced 512-byte
// sectors, lose or keep an unsynced truncation, bring back a file whose deletion was not synced.
// What it may not: tear a sector, change bytes outside a write, lose synced bytes.
#ifndef POLKU_LIBS_TESTING_SIM_VFS_H_
#define POLKU_LIBS_TESTING_SIM_VFS_H_

#include <cstdint>
#include <memory>
#include <string>

#include "libs/base/random.h"

namespace polku::testing {

// Thread-compatible: one thread uses all files of one disk.
class SimVfs {
 public:
  class Disk;  // What SQLite's callbacks are given; defined in the source file.

  // Registers itself with SQLite under `name`, which must be new. Not the default.
  explicit SimVfs(const std::string& name);
  // Every connection must be closed.
  ~SimVfs();
  SimVfs(const SimVfs&) = delete;
  SimVfs& operator=(const SimVfs&) = delete;

  const std::string& name() const;

  enum class Unsynced { kLost, kSomeKept };
  // The power goes and comes back. Connections that are open now get I/O errors for ever and reach
  // no file any more; new ones see what was durable. The same seed keeps the same sectors.
  void Crash(SeededRandom& random, Unsynced unsynced);

  // Writes, truncations, syncs and deletions so far: the places where power can go.
  int64_t operations() const;
  // Those that no connection has closed yet, cut off by Crash() or not.
  int64_t open_files() const;
  // The power goes just before the `operations`-th one from now (1 = the next): it and whatever
  // follows fails until Crash() is called. 0 takes the order back.
  void LosePowerAfter(int64_t operations);
  bool has_power() const;
  // From now on syncs fail while everything else goes on, as when a disk has a bad sector.
  void FailSyncs(bool fail);

  // The bytes of a file as its readers see them, and as they would be after a crash that loses
  // everything unsynced; empty when it does not exist. For tests of this class.
  std::string Current(const std::string& path) const;
  std::string Durable(const std::string& path) const;
  // Changes a byte in both: damage.
  void FlipByte(const std::string& path, int64_t offset);

 private:
  std::unique_ptr<Disk> disk_;
};

}  // namespace polku::testing

#endif  // POLKU_LIBS_TESTING_SIM_VFS_H_
