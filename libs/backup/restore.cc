#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/backup/backup.h"
#include "libs/backup/folder.h"
#include "libs/base/status_macros.h"
#include "libs/bus/embedded/file_lock.h"
#include "libs/pipeline/proto_time.h"
#include "libs/store/sqlite/connection.h"

namespace polku::backup {
namespace {

namespace fs = std::filesystem;
using common::v1::BackupManifest;
using common::v1::LostEvents;
using common::v1::RestoreRecord;
using store::sqlite::Connection;
using store::sqlite::Statement;

constexpr char kWatching[] = "follow-up";
constexpr char kClients[] = "clients/";
constexpr int kAll = 1 << 30;
constexpr char kLost[] =
    "SELECT k.text, IFNULL(r.version, 0) + 1, b.version, j.time FROM before.aggregate b "
    "JOIN before.aggregate_key k ON k.id = b.key_id LEFT JOIN before.journal j ON j.sequence = b.last_sequence "
    "LEFT JOIN main.aggregate_key rk ON rk.text = k.text LEFT JOIN main.aggregate r ON r.key_id = rk.id "
    "WHERE b.version > IFNULL(r.version, 0) ORDER BY k.text";
constexpr char kRaiseEpoch[] = "UPDATE meta SET value = ?1 WHERE name = 'epoch'";

absl::StatusOr<std::unique_ptr<Connection>> Open(const std::string& path) {
  store::sqlite::ConnectionOptions options;
  options.path = path;
  options.create = false;
  return Connection::Open(options);
}

int64_t Number(const store::Value& value) {
  const auto* number = std::get_if<int64_t>(&value);
  return number == nullptr ? 0 : *number;
}

// A name beside `folder` that nothing has.
std::string Aside(const std::string& folder, absl::Time time) {
  const std::string name =
      absl::StrCat(folder, ".before-restore-", absl::FormatTime("%Y%m%dT%H%M%SZ", time, absl::UTCTimeZone()));
  std::string free = name;
  for (int i = 2; fs::exists(free); ++i) free = absl::StrCat(name, "-", i);
  return free;
}

absl::StatusOr<BackupManifest> ReadManifest(const RestoreOptions& options) {
  BackupManifest manifest;
  const absl::Status read = ReadJson(absl::StrCat(options.from, "/", kManifest), manifest);
  if (absl::IsNotFound(read)) {
    return absl::InvalidArgumentError(absl::StrCat(options.from, ": no ", kManifest, " there, so no whole backup"));
  }
  RETURN_IF_ERROR(read);
  if (manifest.format() != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat(options.from, ": a backup of layout ", manifest.format(), "; this program knows 1"));
  }
  return manifest;
}

// Copies of the backup, in the layout of a data folder.
absl::Status CopyInto(const std::string& folder, const BackupManifest& manifest, const RestoreOptions& options) {
  RETURN_IF_ERROR(MakeEmptyFolder(folder));
  const std::string keys = absl::StrCat(folder, "/keys");
  RETURN_IF_ERROR(MakeEmptyFolder(keys));
  for (const common::v1::BackedUpDatabase& database : manifest.databases()) {
    const std::string& service = database.service();
    RETURN_IF_ERROR(CopyFile(KeysIn(options.keys_from, service), KeysIn(keys, service)));
    RETURN_IF_ERROR(CopyFile(DatabaseIn(options.from, service), DatabaseIn(folder, service)));
  }
  if (manifest.without_bus()) return absl::OkStatus();
  return CopyFile(absl::StrCat(options.from, "/", kBus), absl::StrCat(folder, "/", kBus));
}

// So that no program has the folder open. What is locked is of the embedded bus, or of each database.
absl::StatusOr<std::vector<bus::FileLock>> LockFolder(const std::string& folder, const BackupManifest& manifest) {
  std::vector<std::string> locked;
  if (manifest.without_bus()) {
    for (const auto& database : manifest.databases()) locked.push_back(DatabaseIn(folder, database.service()));
  } else {
    locked.push_back(absl::StrCat(folder, "/", kBus));
  }
  std::vector<bus::FileLock> locks;
  for (const std::string& path : locked) {
    absl::StatusOr<bus::FileLock> taken = bus::FileLock::Take(absl::StrCat(path, ".lock"));
    if (!taken.ok()) {
      return absl::Status(taken.status().code(),
                          absl::StrCat("stop the program on ", folder, " first: ", taken.status().message()));
    }
    locks.push_back(*std::move(taken));
  }
  return locks;
}

absl::Status CheckWhole(Connection& connection) {
  const absl::StatusOr<store::Value> told = connection.One("PRAGMA quick_check(1)");
  if (told.ok() && *told == store::Value(std::string("ok"))) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat(fs::path(connection.path()).filename().string(), " of the backup is damaged"));
}

// What `before` held and the restored database, which has it attached, does not.
absl::Status AddLost(const std::string& service, Connection& restored, RestoreRecord& record) {
  ASSIGN_OR_RETURN(Statement * read, restored.GetText(kLost));
  while (true) {
    ASSIGN_OR_RETURN(const bool found, read->Step());
    if (!found) return absl::OkStatus();
    LostEvents& lost = *record.add_lost();
    lost.set_service(service);
    lost.set_key(std::string(read->Text(0)));
    lost.set_first_version(read->Int(1));
    lost.set_last_version(read->Int(2));
    if (!read->IsNull(3)) *lost.mutable_last_time() = pipeline::ToProto(absl::FromUnixMicros(read->Int(3)));
  }
}

// Attaches the database that was there before, adds what is lost, and tells its epoch.
absl::StatusOr<int64_t> Compare(const std::string& service, const std::string& before, Connection& restored,
                                RestoreRecord& record) {
  if (!fs::exists(before)) return absl::NotFoundError(before);
  ASSIGN_OR_RETURN(Statement * attach, restored.GetText("ATTACH ?1 AS before"));
  attach->BindText(1, before);
  RETURN_IF_ERROR(attach->Run());
  constexpr char kId[] = "SELECT m.value = b.value FROM main.meta m JOIN before.meta b USING (name) WHERE name = ";
  ASSIGN_OR_RETURN(const store::Value same, restored.One(absl::StrCat(kId, "'database_id'")));
  if (Number(same) != 1) return absl::NotFoundError(absl::StrCat(before, " is another database"));
  RETURN_IF_ERROR(AddLost(service, restored, record));
  ASSIGN_OR_RETURN(const store::Value epoch, restored.One("SELECT value FROM before.meta WHERE name = 'epoch'"));
  return Number(epoch);
}

// Looks through the copies in `folder` and makes them the next epoch.
absl::Status Prepare(const std::string& folder, const BackupManifest& manifest, const RestoreOptions& options,
                     RestoreRecord& record) {
  std::vector<std::unique_ptr<Connection>> databases;
  int64_t newest = 0;
  for (const common::v1::BackedUpDatabase& database : manifest.databases()) {
    ASSIGN_OR_RETURN(std::unique_ptr<Connection> restored, Open(DatabaseIn(folder, database.service())));
    RETURN_IF_ERROR(CheckWhole(*restored));
    const auto before =
        Compare(database.service(), DatabaseIn(options.data_folder, database.service()), *restored, record);
    if (!before.ok()) record.set_loss_unknown(true);
    newest = std::max({newest, database.epoch(), before.value_or(0)});
    databases.push_back(std::move(restored));
  }
  // Who knows how often this backup was restored? Seconds are above any number that was counted.
  if (record.loss_unknown()) newest = std::max(newest, absl::ToUnixSeconds(options.now) - 1);
  record.set_epoch(newest + 1);
  for (const std::unique_ptr<Connection>& restored : databases) {
    ASSIGN_OR_RETURN(Statement * raise, restored->GetText(kRaiseEpoch));
    raise->Bind(1, record.epoch());
    RETURN_IF_ERROR(raise->Run());
  }
  if (manifest.without_bus()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::unique_ptr<Connection> bus, Open(absl::StrCat(folder, "/", kBus)));
  return CheckWhole(*bus);
}

store::DeadLetterRow LetterFor(const std::string& key, const LostEvents* lost, absl::string_view service,
                               const RestoreRecord& record, absl::Time now) {
  store::DeadLetterRow letter;
  letter.record.source = std::string(service);
  letter.record.key = key;
  letter.record.epoch = record.epoch();
  letter.record.version = 1;  // Known, so that it holds the key.
  letter.record.time = letter.record.record_time = now;
  letter.attempts = 1;
  std::string what =
      absl::StrCat("what came after ", absl::FormatTime(pipeline::FromProto(record.cut_time())), " is not known");
  if (lost != nullptr) {
    letter.record.version = lost->first_version();
    if (lost->has_last_time()) letter.record.record_time = pipeline::FromProto(lost->last_time());
    const char* fate = lost->recalled() ? " were read again from its topic and what was not told is gone" : " are gone";
    what = absl::StrCat("events ", lost->first_version(), " to ", lost->last_version(), " of ", lost->service(), fate,
                        ", the last of ", absl::FormatTime(letter.record.record_time));
  }
  letter.reason = absl::StrCat(kHeldReason, ": ", what, "; record again what is missing, then discard this");
  return letter;
}

// The keys to hold; of one in several services the service's own, or any.
absl::StatusOr<std::map<std::string, const LostEvents*>> KeysToHold(const RestoreRecord& record,
                                                                    absl::string_view service, store::Reader& reader) {
  std::map<std::string, const LostEvents*> keys;
  if (record.loss_unknown() && service == kWatching) {
    ASSIGN_OR_RETURN(const std::vector<std::string> watched, reader.ReadDue(absl::InfiniteFuture(), kAll));
    for (const std::string& key : watched) {
      if (absl::StartsWith(key, kClients)) keys.emplace(key, nullptr);
    }
  }
  for (const LostEvents& lost : record.lost()) {
    const bool own = lost.service() == service;
    if (!own && !(service == kWatching && absl::StartsWith(lost.key(), kClients))) continue;
    const auto [place, is_new] = keys.emplace(lost.key(), &lost);
    if (own && !is_new) place->second = &lost;
  }
  std::vector<std::string> names;
  for (const auto& [key, lost] : keys) names.push_back(key);
  ASSIGN_OR_RETURN(const std::vector<store::Erasure> erased, reader.FindErased(names));
  for (const store::Erasure& erasure : erased) keys.erase(erasure.key);
  ASSIGN_OR_RETURN(const std::vector<store::ParkedRow> held, reader.ListBlockedKeys());
  for (const store::ParkedRow& row : held) {
    if (row.source == service) keys.erase(row.key);
  }
  return keys;
}

}  // namespace

absl::StatusOr<RestoreRecord> Restore(const RestoreOptions& options) {
  ASSIGN_OR_RETURN(const BackupManifest manifest, ReadManifest(options));
  if (!options.without_erasures && !fs::is_directory(options.erasures_folder)) {
    return absl::FailedPreconditionError(absl::StrCat("erasures: no folder ", options.erasures_folder,
                                                      "; without its ledger whoever was erased after the backup "
                                                      "comes back. Bring it, or say that there is none"));
  }
  std::vector<bus::FileLock> locks;
  const bool exists = fs::exists(options.data_folder);
  if (exists) {
    ASSIGN_OR_RETURN(locks, LockFolder(options.data_folder, manifest));
  }
  RestoreRecord record;
  *record.mutable_restore_time() = pipeline::ToProto(options.now);
  *record.mutable_cut_time() = manifest.cut_time();
  if (exists) record.set_set_aside(Aside(options.data_folder, options.now));
  const std::string made = absl::StrCat(options.data_folder, ".restoring");
  std::error_code ignored;
  fs::remove_all(made, ignored);  // Of a restore that did not end.
  RETURN_IF_ERROR(CopyInto(made, manifest, options));
  RETURN_IF_ERROR(Prepare(made, manifest, options, record));
  RETURN_IF_ERROR(WriteJson(record, absl::StrCat(made, "/", kPending)));
  if (exists) RETURN_IF_ERROR(Rename(options.data_folder, record.set_aside()));
  RETURN_IF_ERROR(Rename(made, options.data_folder));
  return record;
}

bool IsRestorePending(const std::string& data_folder) { return fs::exists(absl::StrCat(data_folder, "/", kPending)); }

absl::StatusOr<RestoreRecord> ReadRestoreRecord(const std::string& data_folder) {
  RestoreRecord record;
  const char* name = IsRestorePending(data_folder) ? kPending : kRestored;
  const absl::Status read = ReadJson(absl::StrCat(data_folder, "/", name), record);
  if (absl::IsNotFound(read)) return absl::NotFoundError(absl::StrCat(data_folder, ": never restored from a backup"));
  RETURN_IF_ERROR(read);
  return record;
}

absl::Status HoldLost(const RestoreRecord& record, absl::string_view service, store::Database& database,
                      absl::Time now) {
  ASSIGN_OR_RETURN(const std::unique_ptr<store::Transaction> transaction, database.Begin());
  ASSIGN_OR_RETURN(const auto keys, KeysToHold(record, service, *transaction));
  std::vector<store::DeadLetterRow> letters;
  for (const auto& [key, lost] : keys) letters.push_back(LetterFor(key, lost, service, record, now));
  RETURN_IF_ERROR(transaction->AddDeadLetters(letters));
  return transaction->Commit();
}

absl::Status BeginRestore(const std::string& data_folder, const RestoreRecord& record) {
  return WriteJson(record, absl::StrCat(data_folder, "/", kPending));
}

absl::Status EndRestore(const std::string& data_folder) {
  return Rename(absl::StrCat(data_folder, "/", kPending), absl::StrCat(data_folder, "/", kRestored));
}

}  // namespace polku::backup
