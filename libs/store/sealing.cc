#include "libs/store/sealing.h"

#include <sodium.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/base/private_file.h"
#include "libs/base/sodium.h"
#include "libs/base/status_macros.h"

namespace polku::store {
namespace {

constexpr char kErasedUrl[] = "polku.store/erased";
constexpr size_t kNonceBytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr size_t kTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr size_t kChecksumBytes = crypto_shorthash_siphash24_BYTES;
constexpr size_t kSecretBytes = 32;
// The first byte of a stored value.
constexpr char kPlain = 'P';
constexpr char kSealed = 'S';
constexpr char kKept = 'K';
// The owner whose key seals what outlives the key of a person. No aggregate's key begins with it.
constexpr absl::string_view kService = ".";

constexpr char kCreate[] =
    "CREATE TABLE IF NOT EXISTS data_key(owner TEXT PRIMARY KEY, key BLOB) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS secret(name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;";
constexpr char kFindKey[] = "SELECT key FROM data_key WHERE owner = ?1";
constexpr char kInsertKey[] = "INSERT INTO data_key(owner, key) VALUES(?1, ?2) ON CONFLICT(owner) DO NOTHING";
constexpr char kDestroyKey[] =
    "INSERT INTO data_key(owner, key) VALUES(?1, NULL) ON CONFLICT(owner) DO UPDATE SET key = NULL";
// How often keys were destroyed: other programs forget those that they hold in memory.
constexpr char kCountDestruction[] =
    "INSERT INTO secret(name, value) VALUES('destructions', 1) ON CONFLICT(name) DO UPDATE SET value = value + 1";
constexpr char kDestructions[] = "SELECT COALESCE((SELECT value FROM secret WHERE name = 'destructions'), 0)";
constexpr char kFindSecret[] = "SELECT value FROM secret WHERE name = ?1";
constexpr char kInsertSecret[] = "INSERT INTO secret(name, value) VALUES(?1, ?2) ON CONFLICT(name) DO NOTHING";
constexpr char kCountOwners[] = "SELECT COUNT(*) FROM data_key WHERE owner <> '.'";

const unsigned char* Unsigned(absl::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* Unsigned(char* text) { return reinterpret_cast<unsigned char*>(text); }

// Against damage, not against people: the key is no secret. The content's hash keys the hash
// of the place, so that both count without being copied together.
void Checksum(absl::string_view place, absl::string_view content, char* out) {
  unsigned char key[crypto_shorthash_siphash24_KEYBYTES] = {'p', 'o', 'l', 'k', 'u', '.', 's', 't', 'o', 'r', 'e'};
  unsigned char first[kChecksumBytes];
  crypto_shorthash_siphash24(first, Unsigned(content), content.size(), key);
  std::memcpy(key, first, sizeof(first));
  crypto_shorthash_siphash24(Unsigned(out), Unsigned(place), place.size(), key);
}

absl::Status Erased(absl::string_view owner) {
  absl::Status status = absl::NotFoundError(absl::StrCat("erased: the key of ", owner, " was destroyed"));
  status.SetPayload(kErasedUrl, absl::Cord(owner));
  return status;
}

}  // namespace

bool IsErased(const absl::Status& status) { return status.GetPayload(kErasedUrl).has_value(); }

Place& Place::Start(absl::string_view table) {
  bytes_.clear();
  table_bytes_ = table.size();
  return Text(table);
}

Place& Place::Text(absl::string_view text) {
  Number(static_cast<int64_t>(text.size()));
  bytes_.append(text.data(), text.size());
  return *this;
}

Place& Place::Number(int64_t number) {
  char bytes[sizeof(number)];
  for (size_t i = 0; i < sizeof(number); ++i) bytes[i] = static_cast<char>(static_cast<uint64_t>(number) >> (8 * i));
  bytes_.append(bytes, sizeof(bytes));
  return *this;
}

KeyRing::DataKey::~DataKey() { sodium_memzero(bytes.data(), bytes.size()); }

absl::StatusOr<std::unique_ptr<KeyRing>> KeyRing::Open(const KeyRingOptions& options) {
  InitSodium();
  const bool machine_files = options.vfs.empty();
  if (machine_files && !options.create && access(options.path.c_str(), F_OK) != 0) {
    return absl::FailedPreconditionError(absl::StrCat("key file ", options.path, " is missing"));
  }
  if (machine_files) RETURN_IF_ERROR(MakePrivateFile(options.path));
  sqlite::ConnectionOptions file;
  file.path = options.path;
  file.vfs = options.vfs;
  file.create = options.create;
  file.exclusive = options.exclusive;
  ASSIGN_OR_RETURN(std::unique_ptr<sqlite::Connection> connection, sqlite::Connection::Open(file));
  auto keys = std::unique_ptr<KeyRing>(new KeyRing(std::move(connection), options));
  RETURN_IF_ERROR(keys->Prepare());
  return keys;
}

absl::Status KeyRing::Prepare() {
  absl::MutexLock lock(&mutex_);
  RETURN_IF_ERROR(connection_->Execute("PRAGMA secure_delete=ON; BEGIN IMMEDIATE"));
  absl::Status status = connection_->Execute(kCreate);
  for (const char* name : {"hash_key", "database_id"}) {
    if (!status.ok()) break;
    std::string value(kSecretBytes, '\0');
    random_->Fill(value.data(), value.size());
    absl::StatusOr<sqlite::Statement*> insert = connection_->Get(kInsertSecret);
    status = insert.status();
    if (!status.ok()) break;
    (*insert)->BindText(1, name);
    (*insert)->BindBlob(2, value);
    status = (*insert)->Run();
  }
  if (status.ok()) status = connection_->Commit();
  if (!status.ok()) {
    connection_->Rollback();
    return status;
  }
  ASSIGN_OR_RETURN(hash_key_, ReadSecret("hash_key"));
  ASSIGN_OR_RETURN(database_id_, ReadSecret("database_id"));
  return absl::OkStatus();
}

absl::StatusOr<std::string> KeyRing::ReadSecret(const char* name) {
  ASSIGN_OR_RETURN(sqlite::Statement * find, connection_->Get(kFindSecret));
  find->BindText(1, name);
  ASSIGN_OR_RETURN(const bool found, find->Step());
  std::string value(found ? find->Bytes(0) : "");
  find->Reset();
  if (value.size() == kSecretBytes) return value;
  return absl::DataLossError(absl::StrCat("key file ", connection_->path(), ": damaged secret ", name));
}

absl::StatusOr<int64_t> KeyRing::CountOwners() {
  absl::MutexLock lock(&mutex_);
  AwaitWritten();
  ASSIGN_OR_RETURN(sqlite::Statement * count, connection_->Get(kCountOwners));
  RETURN_IF_ERROR(count->Step().status());
  const int64_t owners = count->Int(0);
  count->Reset();
  return owners;
}

absl::StatusOr<const KeyRing::DataKey*> KeyRing::Find(absl::string_view owner) {
  if (const DataKey* cached = cache_.Find(owner)) return cached;
  AwaitWritten();
  ASSIGN_OR_RETURN(sqlite::Statement * find, connection_->Get(kFindKey));
  find->BindText(1, owner);
  ASSIGN_OR_RETURN(const bool found, find->Step());
  if (!found) return nullptr;
  if (find->IsNull(0)) {
    find->Reset();
    return Erased(owner);
  }
  DataKey key;
  char expected[kChecksumBytes];
  const absl::string_view stored = find->Bytes(0);
  bool whole = stored.size() == key.bytes.size() + kChecksumBytes;
  if (whole) {
    Checksum(owner, stored.substr(0, key.bytes.size()), expected);
    whole = stored.substr(key.bytes.size()) == absl::string_view(expected, sizeof(expected));
  }
  if (whole) std::memcpy(key.bytes.data(), stored.data(), key.bytes.size());
  find->Reset();
  if (!whole) {
    return absl::DataLossError(absl::StrCat("key file ", connection_->path(), ": damaged data_key of ", owner));
  }
  return cache_.Put(owner, key);
}

absl::Status KeyRing::ReadAhead(absl::Span<const absl::string_view> owners) {
  absl::MutexLock lock(&mutex_);
  std::vector<absl::string_view> missing;
  for (absl::string_view owner : owners) {
    if (cache_.Find(owner) == nullptr) missing.push_back(owner);
  }
  if (missing.size() < 2) return absl::OkStatus();
  AwaitWritten();
  std::sort(missing.begin(), missing.end());  // Neighbours share pages.
  RETURN_IF_ERROR(connection_->Execute("BEGIN"));
  absl::Status status;
  for (absl::string_view owner : missing) {
    status = Find(owner).status();
    if (IsErased(status)) status = absl::OkStatus();  // Who opens what was theirs is told.
    if (!status.ok()) break;
  }
  connection_->Rollback();
  return status;
}

absl::Status KeyRing::EnsureKeys(absl::Span<const absl::string_view> owners) {
  absl::MutexLock lock(&mutex_);
  std::vector<absl::string_view> missing;
  for (absl::string_view owner : owners) {
    ASSIGN_OR_RETURN(const DataKey* const key, Find(owner));
    if (key == nullptr) missing.push_back(owner);
  }
  if (missing.empty()) return absl::OkStatus();
  AwaitWritten();
  RETURN_IF_ERROR(std::exchange(not_written_, absl::OkStatus()));
  RETURN_IF_ERROR(connection_->checkpoint_status());
  std::sort(missing.begin(), missing.end());
  missing.erase(std::unique(missing.begin(), missing.end()), missing.end());
  auto made = std::make_shared<Written>();
  for (absl::string_view owner : missing) {
    DataKey& key = made->keys.emplace_back();
    random_->Fill(key.bytes.data(), key.bytes.size());
    made->owners.emplace_back(owner);
  }
  if (!beside_) {
    RETURN_IF_ERROR(Write(*made));
  } else {
    on_the_way_ = made;
    writing_ = std::async(std::launch::async, [this, made] { return Write(*made); });
  }
  for (size_t i = 0; i < made->owners.size(); ++i) cache_.Put(made->owners[i], made->keys[i]);
  return absl::OkStatus();
}

absl::Status KeyRing::Settle() {
  absl::MutexLock lock(&mutex_);
  AwaitWritten();
  return std::exchange(not_written_, absl::OkStatus());
}

void KeyRing::AwaitWritten() {
  if (!writing_.valid()) return;
  const absl::Status written = writing_.get();
  if (!written.ok()) {
    not_written_ = written;
    for (const std::string& owner : on_the_way_->owners) cache_.Erase(owner);
  }
  on_the_way_ = nullptr;
}

absl::Status KeyRing::Write(const Written& made) {
  RETURN_IF_ERROR(connection_->Execute("BEGIN IMMEDIATE"));
  absl::StatusOr<sqlite::Statement*> insert = connection_->Get(kInsertKey);
  absl::Status status = insert.status();
  for (size_t i = 0; i < made.owners.size() && status.ok(); ++i) {
    const DataKey& key = made.keys[i];
    std::array<char, 32 + kChecksumBytes> stored;
    std::memcpy(stored.data(), key.bytes.data(), key.bytes.size());
    Checksum(made.owners[i], absl::string_view(stored.data(), key.bytes.size()), stored.data() + key.bytes.size());
    (*insert)->BindText(1, made.owners[i]);
    (*insert)->BindBlob(2, absl::string_view(stored.data(), stored.size()));
    status = (*insert)->Run();
    sodium_memzero(stored.data(), stored.size());
    // What was sealed with ours would never open.
    if (status.ok() && connection_->changes() == 0) {
      status = absl::AbortedError("another program made a key of the same owner meanwhile");
    }
  }
  if (status.ok()) status = connection_->Commit();
  if (!status.ok()) connection_->Rollback();
  return status;
}

void KeyRing::DrawNonce(unsigned char* nonce) {
  if (nonces_used_ == nonces_.size()) {
    random_->Fill(nonces_.data(), nonces_.size());
    nonces_used_ = 0;
  }
  std::memcpy(nonce, nonces_.data() + nonces_used_, kNonceBytes);
  nonces_used_ += kNonceBytes;
}

absl::Status KeyRing::CopyKey(absl::string_view owner, DataKey& key) {
  ASSIGN_OR_RETURN(const DataKey* const found, Find(owner));
  if (found == nullptr) {
    return absl::InternalError(absl::StrCat("key file ", connection_->path(), ": no key for ", owner));
  }
  key = *found;
  return absl::OkStatus();
}

absl::Status KeyRing::Seal(absl::string_view owner, absl::string_view place, absl::string_view plain,
                           std::string& out) {
  const size_t start = out.size();
  out.resize(start + kNonceBytes + plain.size() + kTagBytes);
  unsigned char* nonce = Unsigned(out.data() + start);
  DataKey key;
  {
    absl::MutexLock lock(&mutex_);
    RETURN_IF_ERROR(CopyKey(owner, key));
    DrawNonce(nonce);
  }
  crypto_aead_xchacha20poly1305_ietf_encrypt(nonce + kNonceBytes, nullptr, Unsigned(plain), plain.size(),
                                             Unsigned(place), place.size(), nullptr, nonce, key.bytes.data());
  return absl::OkStatus();
}

absl::StatusOr<std::string> KeyRing::Open(absl::string_view owner, absl::string_view place, absl::string_view sealed) {
  if (sealed.size() < kNonceBytes + kTagBytes) return absl::DataLossError("sealed value is too short");
  DataKey key;
  {
    absl::MutexLock lock(&mutex_);
    RETURN_IF_ERROR(CopyKey(owner, key));
  }
  std::string plain(sealed.size() - kNonceBytes - kTagBytes, '\0');
  const absl::string_view content = sealed.substr(kNonceBytes);
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(Unsigned(plain.data()), nullptr, nullptr, Unsigned(content),
                                                 content.size(), Unsigned(place), place.size(), Unsigned(sealed),
                                                 key.bytes.data()) != 0) {
    return absl::DataLossError("sealed value does not open");
  }
  return plain;
}

absl::Status KeyRing::Destroy(absl::Span<const std::string> owners) {
  ASSIGN_OR_RETURN(sqlite::Statement * destroy, connection_->Get(kDestroyKey));
  for (const std::string& owner : owners) {
    destroy->BindText(1, owner);
    RETURN_IF_ERROR(destroy->Run());
  }
  ASSIGN_OR_RETURN(sqlite::Statement * count, connection_->Get(kCountDestruction));
  RETURN_IF_ERROR(count->Run());
  return connection_->Commit();
}

absl::Status KeyRing::ForgetDestroyed() {
  absl::MutexLock lock(&mutex_);
  AwaitWritten();
  ASSIGN_OR_RETURN(const Value changed, connection_->One("PRAGMA data_version"));
  if (changed == seen_change_) return absl::OkStatus();
  ASSIGN_OR_RETURN(const Value destructions, connection_->One(kDestructions));
  seen_change_ = changed;
  if (destructions == seen_destructions_) return absl::OkStatus();
  seen_destructions_ = destructions;
  cache_.Clear();
  return absl::OkStatus();
}

absl::Status KeyRing::DestroyKeys(absl::Span<const std::string> owners) {
  if (owners.empty()) return absl::OkStatus();
  absl::MutexLock lock(&mutex_);
  AwaitWritten();
  RETURN_IF_ERROR(connection_->checkpoint_status());
  RETURN_IF_ERROR(connection_->Execute("BEGIN IMMEDIATE"));
  if (absl::Status status = Destroy(owners); !status.ok()) {
    connection_->Rollback();
    return status;
  }
  for (const std::string& owner : owners) cache_.Erase(owner);
  // The write-ahead log may still hold the pages with the keys.
  return connection_->Execute("PRAGMA wal_checkpoint(TRUNCATE)");
}

absl::StatusOr<bool> KeyRing::IsDestroyed(absl::string_view owner) {
  absl::MutexLock lock(&mutex_);
  const absl::Status found = Find(owner).status();
  if (IsErased(found)) return true;
  RETURN_IF_ERROR(found);
  return false;
}

bool RowSealer::IsSealed(absl::string_view key) const {
  for (const std::string& prefix : sealed_prefixes_) {
    if (absl::StartsWith(key, prefix)) return true;
  }
  return false;
}

std::vector<absl::string_view> RowSealer::SealedOwnersOf(absl::Span<const absl::string_view> keys) const {
  std::vector<absl::string_view> owners;
  owners.reserve(keys.size());
  for (absl::string_view key : keys) {
    if (IsSealed(key)) owners.push_back(OwnerOf(key));
  }
  return owners;
}

absl::Status RowSealer::ReadAhead(absl::Span<const absl::string_view> keys) const {
  const std::vector<absl::string_view> owners = SealedOwnersOf(keys);
  return owners.empty() ? absl::OkStatus() : keys_->ReadAhead(owners);
}

absl::Status RowSealer::Prepare(absl::Span<const absl::string_view> keys) const {
  const std::vector<absl::string_view> owners = SealedOwnersOf(keys);
  return owners.empty() ? absl::OkStatus() : keys_->EnsureKeys(owners);
}

absl::Status RowSealer::PrepareForeign(absl::Span<const absl::string_view> keys) const {
  std::vector<absl::string_view> owners;
  owners.reserve(keys.size());
  for (absl::string_view key : keys) owners.push_back(OwnerOf(key));
  return owners.empty() ? absl::OkStatus() : keys_->EnsureKeys(owners);
}

absl::Status RowSealer::PrepareKept() const {
  RETURN_IF_ERROR(keys_->EnsureKeys({kService}));
  return keys_->Settle();
}

absl::Status RowSealer::WrapForeign(absl::string_view key, const Place& place, absl::string_view plain,
                                    std::string& out) const {
  out.assign(1, kSealed);
  return keys_->Seal(OwnerOf(key), place.bytes(), plain, out);
}

absl::Status RowSealer::WrapKept(const Place& place, absl::string_view plain, std::string& out) const {
  out.assign(1, kKept);
  return keys_->Seal(kService, place.bytes(), plain, out);
}

absl::StatusOr<bool> RowSealer::IsErasedKey(absl::string_view key) const {
  if (!IsSealed(key)) return false;
  return keys_->IsDestroyed(OwnerOf(key));
}

bool RowSealer::IsKept(absl::string_view stored) { return !stored.empty() && stored[0] == kKept; }

absl::Status RowSealer::Wrap(absl::string_view key, const Place& place, absl::string_view plain,
                             std::string& out) const {
  if (IsSealed(key)) return WrapForeign(key, place, plain, out);
  out.clear();
  out.push_back(kPlain);
  out.append(plain.data(), plain.size());
  char checksum[kChecksumBytes];
  Checksum(place.bytes(), plain, checksum);
  out.append(checksum, sizeof(checksum));
  return absl::OkStatus();
}

absl::Status RowSealer::Damaged(absl::string_view table, absl::string_view key, absl::string_view what) const {
  return absl::DataLossError(absl::StrCat("damaged row in ", database_, ", table ", table, ", key ", key, ": ", what));
}

absl::StatusOr<std::string> RowSealer::Unwrap(absl::string_view key, const Place& place,
                                              absl::string_view stored) const {
  if (!stored.empty() && (stored[0] == kSealed || stored[0] == kKept)) {
    const absl::string_view owner = stored[0] == kKept ? kService : OwnerOf(key);
    absl::StatusOr<std::string> plain = keys_->Open(owner, place.bytes(), stored.substr(1));
    if (plain.ok() || !absl::IsDataLoss(plain.status())) return plain;
    return Damaged(place.table(), key, plain.status().message());
  }
  // Plain is not accepted where sealed is expected: anybody can make a checksum.
  if (IsSealed(key) || stored.size() < 1 + kChecksumBytes || stored[0] != kPlain) {
    return Damaged(place.table(), key, "not a stored value");
  }
  const absl::string_view plain = stored.substr(1, stored.size() - 1 - kChecksumBytes);
  char checksum[kChecksumBytes];
  Checksum(place.bytes(), plain, checksum);
  if (stored.substr(1 + plain.size()) != absl::string_view(checksum, sizeof(checksum))) {
    return Damaged(place.table(), key, "the checksum does not match");
  }
  return std::string(plain);
}

}  // namespace polku::store
