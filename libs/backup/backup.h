// Backup and restore of a data folder: that of polku-all-in-one, with its databases, its bus and its keys; that of a
// service on Kafka, with its database on SQLite and its keys; or the keys alone, where the database is on PostgreSQL.
//
// A backup is one instant of all of them: no service knows more in it than another one has told. It is taken while the
// program runs, which waits some milliseconds. What a restore does not bring back it tells, by client; whom that is
// about is held (see HoldLost), so that nobody is taken for missing for what is missing here.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "libs/store/database.h"
#include "polku/common/v1/backup.pb.h"

namespace polku::backup {

struct BackupOptions {
  std::string data_folder;
  // Made, or empty. Whoever has one of the two reads nothing of a client: they belong on different media. `to` may be
  // left out where the folder holds keys only.
  std::string to;
  std::string keys_to;
  absl::Time now;
};

// Errors: kInvalidArgument naming the folder; kFailedPrecondition when `data_folder` is not one; kAborted when a
// database is locked for seconds; kResourceExhausted. What was written then is no backup: it has no "backup.json".
absl::StatusOr<common::v1::BackupManifest> TakeBackup(const BackupOptions& options);

struct RestoreOptions {
  std::string from;
  std::string keys_from;
  // Must not be in use. What is there is kept beside it, as "<data_folder>.before-restore-<time>".
  std::string data_folder;
  // Where the ledger of erasures is: it says who must not come back.
  std::string erasures_folder;
  // There is none. Whoever was erased after the backup comes back.
  bool without_erasures = false;
  absl::Time now;
};

// Errors: kInvalidArgument (no backup there; of a newer layout), kFailedPrecondition (the folder is in use; no ledger),
// kDataLoss (a copy is damaged; names it). `data_folder` is as it was then.
absl::StatusOr<common::v1::RestoreRecord> Restore(const RestoreOptions& options);

// What the last restore of this data folder has done. Errors: kNotFound when there was none; kDataLoss.
absl::StatusOr<common::v1::RestoreRecord> ReadRestoreRecord(const std::string& data_folder);
// Whether the program has not started since: nobody is held yet.
bool IsRestorePending(const std::string& data_folder);

// Before the service serves for the first time after a restore: writes a dead letter for each aggregate of which
// events are gone, and in follow-up for each client of whom any service lost some. Follow-up then concludes nothing
// from silence about that client until a person has discarded it. May be repeated.
absl::Status HoldLost(const common::v1::RestoreRecord& record, absl::string_view service, store::Database& database,
                      absl::Time now);
// What is to be done before the program serves again; `record` is kept until EndRestore. Errors: kInternal, naming the
// file.
absl::Status BeginRestore(const std::string& data_folder, const common::v1::RestoreRecord& record);
// After HoldLost of every service. Errors: kInternal, naming the file.
absl::Status EndRestore(const std::string& data_folder);

// How the reason of such a dead letter begins.
inline constexpr char kHeldReason[] = "restored from a backup";

}  // namespace polku::backup
