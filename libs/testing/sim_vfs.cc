#include "libs/testing/sim_vfs.h"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <map>
#include <new>
#include <utility>
#include <vector>

#include "libs/base/status_macros.h"

namespace polku::testing {
namespace {

constexpr int64_t kSectorBytes = 512;
// 1 January 2026, Julian day in milliseconds. SQLite asks for it only where no answer depends on it.
constexpr sqlite3_int64 kTime = 212'636'664'000'000;

// An unsynced change: bytes written, or the size after a truncation.
struct Change {
  int64_t offset = 0;
  std::string bytes;
  bool truncates = false;
};

void Apply(const Change& change, std::string& content) {
  const auto offset = static_cast<size_t>(change.offset);
  if (change.truncates) {
    content.resize(offset);
    return;
  }
  if (content.size() < offset + change.bytes.size()) content.resize(offset + change.bytes.size());
  content.replace(offset, change.bytes.size(), change.bytes);
}

struct Handle;

// The index of a write-ahead log, and who holds which of its locks.
struct SharedMemory {
  std::vector<std::unique_ptr<char[]>> regions;
  std::array<int, SQLITE_SHM_NLOCK> shared{};
  std::array<bool, SQLITE_SHM_NLOCK> exclusive{};
  int users = 0;
};

struct File {
  std::string current;
  std::string durable;
  std::vector<Change> unsynced;
  std::vector<Handle*> handles;
  std::shared_ptr<SharedMemory> memory;
};

}  // namespace

class SimVfs::Disk {
 public:
  explicit Disk(const std::string& name);
  ~Disk();

  void Crash(SeededRandom& random, Unsynced unsynced);
  // False when there is no power for the operation.
  bool Operate();

  std::shared_ptr<File> Open(const char* path, bool create);
  void Sync(const std::string& path, const std::shared_ptr<File>& file);
  void Delete(const std::string& path, bool sync);

  const std::string name;
  sqlite3_vfs vfs{};
  std::map<std::string, std::shared_ptr<File>> files;    // As programs see the folder.
  std::map<std::string, std::shared_ptr<File>> durable;  // As it would be after a crash.
  int64_t operations = 0;
  int64_t open_files = 0;
  int64_t power_left = 0;  // 0 = for ever.
  bool has_power = true;
  bool syncs_fail = false;
};

namespace {

using Disk = SimVfs::Disk;

// What SQLite holds as an open file. The first member is SQLite's.
struct Handle {
  sqlite3_file base;
  Disk* disk;
  std::shared_ptr<File>* file;  // Null once the power has gone.
  std::string* path;            // Empty for a temporary file.
  int lock;
  std::shared_ptr<SharedMemory>* memory;
  unsigned shared_mask;
  unsigned exclusive_mask;
};

Handle& Of(sqlite3_file* file) { return *reinterpret_cast<Handle*>(file); }

bool Dead(const Handle& handle) { return handle.file == nullptr || !handle.disk->has_power; }

void DropMemoryLocks(Handle& handle) {
  if (handle.memory == nullptr) return;
  SharedMemory& memory = **handle.memory;
  for (unsigned slot = 0; slot < SQLITE_SHM_NLOCK; ++slot) {
    if ((handle.shared_mask >> slot) & 1U) --memory.shared[slot];
    if ((handle.exclusive_mask >> slot) & 1U) memory.exclusive[slot] = false;
  }
  handle.shared_mask = 0;
  handle.exclusive_mask = 0;
}

int ShmUnmap(sqlite3_file* base, int /*delete_file*/) {
  Handle& handle = Of(base);
  if (handle.memory == nullptr) return SQLITE_OK;
  DropMemoryLocks(handle);
  // The last one out: the next one starts from the log, as after a restart.
  if (--(*handle.memory)->users == 0 && handle.file != nullptr) (*handle.file)->memory.reset();
  delete std::exchange(handle.memory, nullptr);
  return SQLITE_OK;
}

void Detach(Handle& handle) {
  if (handle.file == nullptr) return;
  std::vector<Handle*>& handles = (*handle.file)->handles;
  handles.erase(std::remove(handles.begin(), handles.end(), &handle), handles.end());
  delete std::exchange(handle.file, nullptr);
}

int Close(sqlite3_file* base) {
  Handle& handle = Of(base);
  ShmUnmap(base, 0);
  Detach(handle);
  delete handle.path;
  --handle.disk->open_files;
  return SQLITE_OK;
}

int Read(sqlite3_file* base, void* buffer, int amount, sqlite3_int64 offset) {
  Handle& handle = Of(base);
  if (Dead(handle)) return SQLITE_IOERR_READ;
  const std::string& content = (*handle.file)->current;
  const auto from = std::min(static_cast<size_t>(offset), content.size());
  const auto wanted = static_cast<size_t>(amount);
  const size_t there = content.copy(static_cast<char*>(buffer), wanted, from);
  if (there >= wanted) return SQLITE_OK;
  std::memset(static_cast<char*>(buffer) + there, 0, wanted - there);
  return SQLITE_IOERR_SHORT_READ;
}

int Write(sqlite3_file* base, const void* buffer, int amount, sqlite3_int64 offset) {
  Handle& handle = Of(base);
  if (Dead(handle) || !handle.disk->Operate()) return SQLITE_IOERR_WRITE;
  File& file = **handle.file;
  Change change{offset, std::string(static_cast<const char*>(buffer), static_cast<size_t>(amount)), false};
  Apply(change, file.current);
  file.unsynced.push_back(std::move(change));
  return SQLITE_OK;
}

int Truncate(sqlite3_file* base, sqlite3_int64 size) {
  Handle& handle = Of(base);
  if (Dead(handle) || !handle.disk->Operate()) return SQLITE_IOERR_TRUNCATE;
  Change change{size, "", true};
  Apply(change, (*handle.file)->current);
  (*handle.file)->unsynced.push_back(std::move(change));
  return SQLITE_OK;
}

int Sync(sqlite3_file* base, int /*flags*/) {
  Handle& handle = Of(base);
  if (Dead(handle) || !handle.disk->Operate() || handle.disk->syncs_fail) return SQLITE_IOERR_FSYNC;
  handle.disk->Sync(*handle.path, *handle.file);
  return SQLITE_OK;
}

int FileSize(sqlite3_file* base, sqlite3_int64* size) {
  Handle& handle = Of(base);
  if (Dead(handle)) return SQLITE_IOERR_FSTAT;
  *size = static_cast<sqlite3_int64>((*handle.file)->current.size());
  return SQLITE_OK;
}

// The highest lock of the other connections.
int HighestOther(const Handle& handle) {
  int highest = SQLITE_LOCK_NONE;
  for (const Handle* other : (*handle.file)->handles) {
    if (other != &handle) highest = std::max(highest, other->lock);
  }
  return highest;
}

int Lock(sqlite3_file* base, int level) {
  Handle& handle = Of(base);
  if (Dead(handle)) return SQLITE_IOERR_LOCK;
  if (handle.lock >= level) return SQLITE_OK;
  const int others = HighestOther(handle);
  switch (level) {
    case SQLITE_LOCK_SHARED:
      if (others >= SQLITE_LOCK_PENDING) return SQLITE_BUSY;
      break;
    case SQLITE_LOCK_RESERVED:
      if (others >= SQLITE_LOCK_RESERVED) return SQLITE_BUSY;
      break;
    default:
      if (others >= SQLITE_LOCK_RESERVED) return SQLITE_BUSY;
      if (others >= SQLITE_LOCK_SHARED) {
        handle.lock = SQLITE_LOCK_PENDING;
        return SQLITE_BUSY;
      }
  }
  handle.lock = level;
  return SQLITE_OK;
}

int Unlock(sqlite3_file* base, int level) {
  Handle& handle = Of(base);
  handle.lock = std::min(handle.lock, level);
  return SQLITE_OK;
}

int CheckReservedLock(sqlite3_file* base, int* reserved) {
  Handle& handle = Of(base);
  if (Dead(handle)) return SQLITE_IOERR_CHECKRESERVEDLOCK;
  *reserved = std::max(HighestOther(handle), handle.lock) >= SQLITE_LOCK_RESERVED ? 1 : 0;
  return SQLITE_OK;
}

int FileControl(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int SectorSize(sqlite3_file*) { return 4096; }
int DeviceCharacteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

int ShmMap(sqlite3_file* base, int region, int size, int extend, void volatile** address) {
  Handle& handle = Of(base);
  *address = nullptr;
  if (Dead(handle)) return SQLITE_IOERR_SHMMAP;
  File& file = **handle.file;
  if (file.memory == nullptr) file.memory = std::make_shared<SharedMemory>();
  if (handle.memory == nullptr) {
    handle.memory = new std::shared_ptr<SharedMemory>(file.memory);
    ++file.memory->users;
  }
  auto& regions = (*handle.memory)->regions;
  while (static_cast<int>(regions.size()) <= region) {
    if (extend == 0) return SQLITE_OK;
    regions.push_back(std::make_unique<char[]>(static_cast<size_t>(size)));
  }
  *address = regions[static_cast<size_t>(region)].get();
  return SQLITE_OK;
}

int ShmLock(sqlite3_file* base, int first, int count, int flags) {
  Handle& handle = Of(base);
  if (handle.memory == nullptr) return SQLITE_IOERR_SHMLOCK;
  SharedMemory& memory = **handle.memory;
  const unsigned below = (1U << static_cast<unsigned>(first)) - 1U;
  const unsigned mask = ((1U << static_cast<unsigned>(first + count)) - 1U) & ~below;
  const auto end = static_cast<size_t>(first + count);
  if ((flags & SQLITE_SHM_UNLOCK) != 0) {
    for (size_t slot = static_cast<size_t>(first); slot < end; ++slot) {
      if ((handle.shared_mask >> slot) & 1U) --memory.shared[slot];
      if ((handle.exclusive_mask >> slot) & 1U) memory.exclusive[slot] = false;
    }
    handle.shared_mask &= ~mask;
    handle.exclusive_mask &= ~mask;
    return SQLITE_OK;
  }
  if (Dead(handle)) return SQLITE_IOERR_SHMLOCK;
  const bool exclusive = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
  for (size_t slot = static_cast<size_t>(first); slot < end; ++slot) {
    const bool mine = ((handle.exclusive_mask >> slot) & 1U) != 0;
    const int others = memory.shared[slot] - static_cast<int>((handle.shared_mask >> slot) & 1U);
    if ((memory.exclusive[slot] && !mine) || (exclusive && others > 0)) return SQLITE_BUSY;
  }
  for (size_t slot = static_cast<size_t>(first); slot < end; ++slot) {
    if (exclusive) memory.exclusive[slot] = true;
    if (!exclusive && ((handle.shared_mask >> slot) & 1U) == 0) ++memory.shared[slot];
  }
  (exclusive ? handle.exclusive_mask : handle.shared_mask) |= mask;
  return SQLITE_OK;
}

void ShmBarrier(sqlite3_file*) {}

const sqlite3_io_methods kMethods = {
    .iVersion = 2,
    .xClose = Close,
    .xRead = Read,
    .xWrite = Write,
    .xTruncate = Truncate,
    .xSync = Sync,
    .xFileSize = FileSize,
    .xLock = Lock,
    .xUnlock = Unlock,
    .xCheckReservedLock = CheckReservedLock,
    .xFileControl = FileControl,
    .xSectorSize = SectorSize,
    .xDeviceCharacteristics = DeviceCharacteristics,
    .xShmMap = ShmMap,
    .xShmLock = ShmLock,
    .xShmBarrier = ShmBarrier,
    .xShmUnmap = ShmUnmap,
};

Disk& DiskOf(sqlite3_vfs* vfs) { return *static_cast<Disk*>(vfs->pAppData); }

int OpenFile(sqlite3_vfs* vfs, const char* path, sqlite3_file* base, int flags, int* out_flags) {
  Disk& disk = DiskOf(vfs);
  base->pMethods = nullptr;
  if (!disk.has_power) return SQLITE_CANTOPEN;
  std::shared_ptr<File> file = disk.Open(path, (flags & SQLITE_OPEN_CREATE) != 0);
  if (file == nullptr) return SQLITE_CANTOPEN;
  auto* handle = new (base) Handle{};
  handle->disk = &disk;
  handle->file = new std::shared_ptr<File>(file);
  handle->path = new std::string(path == nullptr ? "" : path);
  file->handles.push_back(handle);
  handle->base.pMethods = &kMethods;
  ++disk.open_files;
  if (out_flags != nullptr) *out_flags = flags;
  return SQLITE_OK;
}

int DeleteFile(sqlite3_vfs* vfs, const char* path, int sync) {
  Disk& disk = DiskOf(vfs);
  if (!disk.has_power || !disk.Operate()) return SQLITE_IOERR_DELETE;
  if (!disk.files.contains(path)) return SQLITE_IOERR_DELETE_NOENT;
  disk.Delete(path, sync != 0);
  return SQLITE_OK;
}

int Access(sqlite3_vfs* vfs, const char* path, int /*flags*/, int* result) {
  *result = DiskOf(vfs).files.contains(path) ? 1 : 0;
  return SQLITE_OK;
}

int FullPathname(sqlite3_vfs*, const char* path, int size, char* out) {
  return std::snprintf(out, static_cast<size_t>(size), "%s", path) < size ? SQLITE_OK : SQLITE_CANTOPEN;
}

int Randomness(sqlite3_vfs*, int size, char* out) {
  std::memset(out, 7, static_cast<size_t>(size));
  return size;
}

int Sleep(sqlite3_vfs*, int micros) { return micros; }
int CurrentTime(sqlite3_vfs*, double* days) {
  *days = static_cast<double>(kTime) / 86'400'000.0;
  return SQLITE_OK;
}
int CurrentTimeInt64(sqlite3_vfs*, sqlite3_int64* millis) {
  *millis = kTime;
  return SQLITE_OK;
}
int GetLastError(sqlite3_vfs*, int, char*) { return 0; }

// Each sector of each unsynced write reaches the disk or does not.
void KeepSome(SeededRandom& random, const std::vector<Change>& unsynced, std::string& content) {
  // All, none, a prefix, or any subset: a disk's cache knows no order.
  const uint64_t kind = random.Next() % 4;
  const uint64_t prefix = unsynced.empty() ? 0 : random.Next() % (unsynced.size() + 1);
  for (size_t i = 0; i < unsynced.size(); ++i) {
    const Change& change = unsynced[i];
    if (kind == 0 || (kind == 1 && i >= prefix)) continue;
    if (kind <= 2 || change.truncates) {
      if (kind <= 2 || random.Next() % 2 == 0) Apply(change, content);
      continue;
    }
    const auto size = static_cast<int64_t>(change.bytes.size());
    for (int64_t at = 0; at < size;) {
      const int64_t end = std::min(size, ((change.offset + at) / kSectorBytes + 1) * kSectorBytes - change.offset);
      const auto length = static_cast<size_t>(end - at);
      if (random.Next() % 2 == 0) {
        Apply({change.offset + at, change.bytes.substr(static_cast<size_t>(at), length), false}, content);
      }
      at = end;
    }
  }
}

}  // namespace

SimVfs::Disk::Disk(const std::string& disk_name) : name(disk_name) {
  POLKU_CHECK(sqlite3_vfs_find(name.c_str()) == nullptr);
  vfs.iVersion = 2;
  vfs.szOsFile = static_cast<int>(sizeof(Handle));
  vfs.mxPathname = 512;
  vfs.zName = name.c_str();
  vfs.pAppData = this;
  vfs.xOpen = OpenFile;
  vfs.xDelete = DeleteFile;
  vfs.xAccess = Access;
  vfs.xFullPathname = FullPathname;
  vfs.xRandomness = Randomness;
  vfs.xSleep = Sleep;
  vfs.xCurrentTime = CurrentTime;
  vfs.xGetLastError = GetLastError;
  vfs.xCurrentTimeInt64 = CurrentTimeInt64;
  POLKU_CHECK(sqlite3_vfs_register(&vfs, /*makeDflt=*/0) == SQLITE_OK);
}

SimVfs::Disk::~Disk() { sqlite3_vfs_unregister(&vfs); }

bool SimVfs::Disk::Operate() {
  if (power_left > 0 && --power_left == 0) {
    has_power = false;
    return false;
  }
  ++operations;
  return true;
}

std::shared_ptr<File> SimVfs::Disk::Open(const char* path, bool create) {
  if (path == nullptr) return std::make_shared<File>();
  const auto found = files.find(path);
  if (found != files.end()) return found->second;
  if (!create) return nullptr;
  return files[path] = std::make_shared<File>();
}

void SimVfs::Disk::Sync(const std::string& path, const std::shared_ptr<File>& file) {
  for (const Change& change : file->unsynced) Apply(change, file->durable);
  file->unsynced.clear();
  // With the first sync of a new file SQLite syncs its folder on a real disk: what was created and
  // deleted there before is durable too. All files of a disk are in one folder here.
  const auto found = files.find(path);
  if (found == files.end() || found->second != file) return;
  const auto known = durable.find(path);
  if (known == durable.end() || known->second != file) durable = files;
}

void SimVfs::Disk::Delete(const std::string& path, bool sync) {
  files.erase(path);
  if (sync) durable.erase(path);
}

void SimVfs::Disk::Crash(SeededRandom& random, Unsynced unsynced) {
  const auto cut_off = [](File& file) {
    while (!file.handles.empty()) {
      Detach(*file.handles.back());  // Its shared memory stays until SQLite closes it.
    }
    file.memory.reset();
  };
  for (auto& [path, file] : files) cut_off(*file);
  for (auto& [path, file] : durable) cut_off(*file);
  std::map<std::string, std::shared_ptr<File>> after;
  for (auto& [path, file] : durable) {
    const bool gone = unsynced == Unsynced::kSomeKept && !files.contains(path) && random.Next() % 2 == 0;
    if (gone) continue;
    after[path] = file;
    if (unsynced == Unsynced::kSomeKept) KeepSome(random, file->unsynced, file->durable);
    file->current = file->durable;
    file->unsynced.clear();
  }
  durable = after;
  files = std::move(after);
  power_left = 0;
  has_power = true;
}

SimVfs::SimVfs(const std::string& name) : disk_(std::make_unique<Disk>(name)) {}
SimVfs::~SimVfs() = default;

const std::string& SimVfs::name() const { return disk_->name; }
void SimVfs::Crash(SeededRandom& random, Unsynced unsynced) { disk_->Crash(random, unsynced); }
int64_t SimVfs::operations() const { return disk_->operations; }
int64_t SimVfs::open_files() const { return disk_->open_files; }
void SimVfs::LosePowerAfter(int64_t operations) { disk_->power_left = operations; }
void SimVfs::FailSyncs(bool fail) { disk_->syncs_fail = fail; }
bool SimVfs::has_power() const { return disk_->has_power; }

std::string SimVfs::Current(const std::string& path) const {
  const auto found = disk_->files.find(path);
  return found == disk_->files.end() ? "" : found->second->current;
}

std::string SimVfs::Durable(const std::string& path) const {
  const auto found = disk_->durable.find(path);
  return found == disk_->durable.end() ? "" : found->second->durable;
}

void SimVfs::FlipByte(const std::string& path, int64_t offset) {
  for (auto* folder : {&disk_->files, &disk_->durable}) {
    const auto found = folder->find(path);
    if (found == folder->end()) continue;
    for (std::string* content : {&found->second->current, &found->second->durable}) {
      if (folder == &disk_->durable && disk_->files.contains(path) && disk_->files[path] == found->second) break;
      if (static_cast<size_t>(offset) < content->size()) (*content)[static_cast<size_t>(offset)] ^= 0x55;
    }
  }
}

}  // namespace polku::testing
