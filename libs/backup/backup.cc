#include "libs/backup/backup.h"

#include <filesystem>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/backup/folder.h"
#include "libs/base/private_file.h"
#include "libs/base/status_macros.h"
#include "libs/pipeline/proto_time.h"
#include "libs/store/sqlite/connection.h"

namespace polku::backup {
namespace {

using common::v1::BackupManifest;
using store::sqlite::Connection;

absl::StatusOr<std::unique_ptr<Connection>> Open(const std::string& path) {
  store::sqlite::ConnectionOptions options;
  options.path = path;
  options.create = false;
  return Connection::Open(options);
}

// A connection that sees, from now on, what is there at this moment.
absl::StatusOr<std::unique_ptr<Connection>> See(const std::string& path) {
  ASSIGN_OR_RETURN(std::unique_ptr<Connection> connection, Open(path));
  RETURN_IF_ERROR(connection->Execute("BEGIN; SELECT COUNT(*) FROM sqlite_schema"));
  return connection;
}

// What each database and the bus held at one moment.
struct Cut {
  std::vector<std::unique_ptr<Connection>> databases;  // In the order of the services.
  std::unique_ptr<Connection> bus;                     // Null where it is elsewhere.
};

bool Has(const std::string& path) { return std::filesystem::exists(path); }

// While no database can be written. The bus comes last: it may then hold more than the databases know to be sent,
// which is sent again, and never less.
absl::StatusOr<Cut> TakeCut(const std::string& folder, const std::vector<std::string>& services) {
  std::vector<std::unique_ptr<Connection>> writers;
  for (const std::string& service : services) {
    ASSIGN_OR_RETURN(std::unique_ptr<Connection> writer, Open(DatabaseIn(folder, service)));
    writers.push_back(std::move(writer));
  }
  Cut cut;
  for (const std::unique_ptr<Connection>& writer : writers) RETURN_IF_ERROR(writer->Execute("BEGIN IMMEDIATE"));
  for (const std::string& service : services) {
    ASSIGN_OR_RETURN(std::unique_ptr<Connection> seen, See(DatabaseIn(folder, service)));
    cut.databases.push_back(std::move(seen));
  }
  const std::string bus = absl::StrCat(folder, "/", kBus);
  if (Has(bus)) {
    ASSIGN_OR_RETURN(cut.bus, See(bus));
  }
  for (const std::unique_ptr<Connection>& writer : writers) writer->Rollback();
  return cut;
}

absl::Status Copy(Connection& from, const std::string& to) {
  RETURN_IF_ERROR(MakePrivateFile(to));
  return from.CopyTo(to);
}

absl::StatusOr<int64_t> Number(Connection& connection, const std::string& sql) {
  ASSIGN_OR_RETURN(const store::Value value, connection.One(sql));
  const auto* number = std::get_if<int64_t>(&value);
  if (number == nullptr) return absl::DataLossError(absl::StrCat("database ", connection.path(), ": no ", sql));
  return *number;
}

absl::Status CopyDatabases(const std::vector<std::string>& services, const BackupOptions& options,
                           BackupManifest& manifest) {
  RETURN_IF_ERROR(MakeEmptyFolder(options.to));
  ASSIGN_OR_RETURN(const Cut cut, TakeCut(options.data_folder, services));
  for (size_t i = 0; i < services.size(); ++i) {
    Connection& seen = *cut.databases[i];
    common::v1::BackedUpDatabase& database = *manifest.add_databases();
    database.set_service(services[i]);
    ASSIGN_OR_RETURN(const int64_t epoch, Number(seen, "SELECT value FROM meta WHERE name = 'epoch'"));
    database.set_epoch(epoch);
    ASSIGN_OR_RETURN(const int64_t aggregates, Number(seen, "SELECT COUNT(*) FROM aggregate"));
    database.set_aggregates(aggregates);
    RETURN_IF_ERROR(Copy(seen, DatabaseIn(options.to, services[i])));
  }
  manifest.set_without_bus(cut.bus == nullptr);
  return cut.bus == nullptr ? absl::OkStatus() : Copy(*cut.bus, absl::StrCat(options.to, "/", kBus));
}

}  // namespace

absl::StatusOr<BackupManifest> TakeBackup(const BackupOptions& options) {
  if (!options.to.empty() &&
      std::filesystem::weakly_canonical(options.to) == std::filesystem::weakly_canonical(options.keys_to)) {
    return absl::InvalidArgumentError("keys_to: the keys belong apart from what they open");
  }
  const std::string keys = absl::StrCat(options.data_folder, "/keys");
  ASSIGN_OR_RETURN(const std::vector<std::string> services, ServicesIn(keys));
  const bool keys_only = !Has(DatabaseIn(options.data_folder, services[0]));
  if (keys_only != options.to.empty()) {
    return absl::InvalidArgumentError(keys_only ? absl::StrCat(options.data_folder,
                                                               ": holds keys only; its database is on PostgreSQL and "
                                                               "backed up there, leave `to` out")
                                                : "to: required, the folder holds databases");
  }
  RETURN_IF_ERROR(MakeEmptyFolder(options.keys_to));
  BackupManifest manifest;
  manifest.set_format(1);
  *manifest.mutable_cut_time() = pipeline::ToProto(options.now);
  if (!keys_only) RETURN_IF_ERROR(CopyDatabases(services, options, manifest));
  // A key is on the disk before what it seals: all that the copies need are there by now.
  for (const std::string& service : services) {
    ASSIGN_OR_RETURN(const std::unique_ptr<Connection> key_file, See(KeysIn(keys, service)));
    RETURN_IF_ERROR(Copy(*key_file, KeysIn(options.keys_to, service)));
  }
  if (!keys_only) RETURN_IF_ERROR(WriteJson(manifest, absl::StrCat(options.to, "/", kManifest)));
  return manifest;
}

}  // namespace polku::backup
