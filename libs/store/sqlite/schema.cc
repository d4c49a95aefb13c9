#include "libs/store/sqlite/schema.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/store/dialect.h"

namespace polku::store::sqlite {
namespace {

// "PLKU": marks the file for `file(1)` and for a reader that opens the wrong one.
constexpr int64_t kApplicationId = 0x504c4b55;

// Why integers: `aggregate_key` and `name` hold every key and every type name once; all other
// tables refer to them by number, which makes rows small and batches dense. The journal has no
// index by key: `previous` leads from aggregate.last_sequence to older rows of the same key
// (libs/decisions/0001-row-layout.md).
// `content` columns hold what RowSealer makes.
constexpr char kTables[] = R"sql(
CREATE TABLE meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE migration(version INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE name(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
CREATE TABLE aggregate_key(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
CREATE TABLE aggregate(
  key_id INTEGER PRIMARY KEY, version INTEGER NOT NULL, public_version INTEGER NOT NULL, schema INTEGER NOT NULL,
  due_at INTEGER, last_sequence INTEGER NOT NULL, content BLOB NOT NULL);
CREATE INDEX aggregate_due ON aggregate(due_at) WHERE due_at IS NOT NULL;
CREATE TABLE journal(
  sequence INTEGER PRIMARY KEY, key_id INTEGER NOT NULL, previous INTEGER NOT NULL, version INTEGER NOT NULL,
  public_version INTEGER NOT NULL, type_id INTEGER NOT NULL, time INTEGER, traceparent TEXT NOT NULL,
  content BLOB NOT NULL);
CREATE TABLE outbox(sequence INTEGER PRIMARY KEY);
CREATE TABLE step(
  sequence INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, key_id INTEGER NOT NULL,
  type_id INTEGER NOT NULL, traceparent TEXT NOT NULL, content BLOB NOT NULL);
CREATE TABLE request(
  scope TEXT NOT NULL, request_id TEXT NOT NULL, key_id INTEGER NOT NULL, time INTEGER, field_hashes BLOB NOT NULL,
  reply_type_id INTEGER NOT NULL, content BLOB NOT NULL, UNIQUE(scope, request_id));
CREATE INDEX request_time ON request(time);
CREATE TABLE alias(kind TEXT, keyed_hash BLOB, key_id INTEGER NOT NULL, PRIMARY KEY(kind, keyed_hash)) WITHOUT ROWID;
CREATE TABLE position(
  topic TEXT, partition INTEGER, next_offset INTEGER NOT NULL, owner_epoch INTEGER NOT NULL,
  PRIMARY KEY(topic, partition)) WITHOUT ROWID;
CREATE TABLE source_version(
  key_id INTEGER, source_id INTEGER, epoch INTEGER, last INTEGER NOT NULL,
  PRIMARY KEY(key_id, source_id, epoch)) WITHOUT ROWID;
CREATE TABLE parked(
  id INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT NOT NULL, key TEXT NOT NULL, epoch INTEGER NOT NULL,
  version INTEGER NOT NULL, topic TEXT NOT NULL, partition INTEGER NOT NULL, record_offset INTEGER NOT NULL,
  type TEXT NOT NULL, traceparent TEXT NOT NULL, record_time INTEGER, time INTEGER, content BLOB NOT NULL);
CREATE INDEX parked_key ON parked(source, key);
CREATE TABLE dead_letter(
  id INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT NOT NULL, key TEXT NOT NULL, epoch INTEGER NOT NULL,
  version INTEGER NOT NULL, topic TEXT NOT NULL, partition INTEGER NOT NULL, record_offset INTEGER NOT NULL,
  type TEXT NOT NULL, traceparent TEXT NOT NULL, record_time INTEGER, time INTEGER, content BLOB NOT NULL,
  reason TEXT NOT NULL, attempts INTEGER NOT NULL);
CREATE TABLE audit(
  id INTEGER PRIMARY KEY, time INTEGER, organisation TEXT NOT NULL, user TEXT NOT NULL, role TEXT NOT NULL,
  purpose TEXT NOT NULL, action TEXT NOT NULL, resource TEXT NOT NULL, outcome TEXT NOT NULL,
  request_id TEXT NOT NULL, traceparent TEXT NOT NULL);
CREATE INDEX audit_resource ON audit(resource);
)sql";
// Core schema 2. `erasure`: erasures that are decided and not done; their tombstones are in `aggregate`.
constexpr char kTables2[] = R"sql(
CREATE TABLE erasure(key_id INTEGER PRIMARY KEY, first_version INTEGER NOT NULL);
CREATE INDEX alias_key ON alias(key_id);
CREATE TABLE kind(key_prefix TEXT PRIMARY KEY, schema INTEGER NOT NULL) WITHOUT ROWID;
)sql";
// Core schema 3: see libs/audit.
constexpr char kTables3[] = R"sql(
CREATE TABLE audit_unsealed(id INTEGER PRIMARY KEY);
INSERT INTO audit_unsealed SELECT id FROM audit;
CREATE TABLE audit_seal(
  number INTEGER PRIMARY KEY, row_count INTEGER NOT NULL, first_id INTEGER NOT NULL, last_id INTEGER NOT NULL,
  ids BLOB NOT NULL, links BLOB NOT NULL, link BLOB NOT NULL);
)sql";
// Core schema 4.
constexpr char kTables4[] = "ALTER TABLE position ADD COLUMN last_time INTEGER";
// Core schema 5: see libs/audit.
constexpr char kTables5[] =
    "CREATE TABLE audit_cut("
    "number INTEGER PRIMARY KEY, seal INTEGER NOT NULL, row_count INTEGER NOT NULL, last_id INTEGER NOT NULL, "
    "link BLOB NOT NULL, before_time INTEGER NOT NULL, time INTEGER NOT NULL, signature BLOB NOT NULL)";
constexpr char kOwnedColumns[] =
    "SELECT t.name, c.name, c.type, c.pk FROM pragma_table_list t, pragma_table_info(t.name) c "
    "WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND c.pk > 0 AND t.name NOT IN "
    "('meta', 'migration', 'name', 'aggregate_key', 'aggregate', 'journal', 'outbox', 'step', 'request', 'alias', "
    "'position', 'source_version', 'parked', 'dead_letter', 'audit', 'audit_unsealed', 'audit_seal', 'audit_cut', "
    "'erasure', 'kind') ORDER BY t.name, c.pk";
constexpr char kSetMeta[] =
    "INSERT INTO meta(name, value) VALUES(?1, ?2) ON CONFLICT(name) DO UPDATE SET value = excluded.value";
constexpr char kMigrated[] = "INSERT INTO migration(version, name) VALUES(?1, ?2)";

absl::Status SetMeta(Connection& connection, absl::string_view name, const Value& value) {
  ASSIGN_OR_RETURN(Statement * set, connection.Get(kSetMeta));
  set->BindText(1, name);
  set->BindValue(2, value);
  return set->Run();
}

absl::StatusOr<Value> Meta(Connection& connection, absl::string_view name) {
  return connection.One(absl::StrCat("SELECT value FROM meta WHERE name = '", name, "'"));
}

int64_t Number(const Value& value) {
  const auto* number = std::get_if<int64_t>(&value);
  return number == nullptr ? 0 : *number;
}

absl::Status Refused(const Connection& connection, absl::string_view why) {
  return absl::FailedPreconditionError(absl::StrCat("database ", connection.path(), ": ", why));
}

absl::Status FillCore(Connection& connection, absl::string_view service, absl::string_view database_id) {
  RETURN_IF_ERROR(connection.Execute(kTables));
  RETURN_IF_ERROR(connection.Execute(kTables2));
  RETURN_IF_ERROR(connection.Execute(kTables3));
  RETURN_IF_ERROR(connection.Execute(kTables4));
  RETURN_IF_ERROR(connection.Execute(kTables5));
  RETURN_IF_ERROR(connection.Execute(absl::StrCat("PRAGMA application_id=", kApplicationId)));
  RETURN_IF_ERROR(SetMeta(connection, "service", Value(std::string(service))));
  RETURN_IF_ERROR(SetMeta(connection, "core_schema", Value(int64_t{kCoreSchema})));
  RETURN_IF_ERROR(SetMeta(connection, "epoch", Value(int64_t{1})));
  return SetMeta(connection, "database_id", Value(Blob{std::string(database_id)}));
}

absl::Status Apply(Connection& connection, const Migration& migration) {
  RETURN_IF_ERROR(connection.Execute(migration.sql));
  if (!connection.in_transaction()) return absl::InternalError("it ends its transaction itself");
  ASSIGN_OR_RETURN(Statement * migrated, connection.Get(kMigrated));
  migrated->Bind(1, migration.version);
  migrated->BindText(2, migration.name);
  RETURN_IF_ERROR(migrated->Run());
  return connection.Commit();
}

}  // namespace

absl::StatusOr<bool> IsNew(Connection& connection) {
  ASSIGN_OR_RETURN(const Value tables, connection.One("SELECT COUNT(*) FROM sqlite_schema"));
  if (Number(tables) == 0) return true;
  ASSIGN_OR_RETURN(const Value id, connection.One("PRAGMA application_id"));
  if (Number(id) != kApplicationId) return Refused(connection, "is not a database of this product");
  return false;
}

absl::Status CreateCore(Connection& connection, absl::string_view service, absl::string_view database_id) {
  RETURN_IF_ERROR(connection.Execute("BEGIN IMMEDIATE"));
  absl::Status status = FillCore(connection, service, database_id);
  if (status.ok()) status = connection.Commit();
  if (!status.ok()) connection.Rollback();
  return status;
}

absl::Status CheckCore(Connection& connection, const Options& options, absl::string_view database_id) {
  ASSIGN_OR_RETURN(const Value core, Meta(connection, "core_schema"));
  RETURN_IF_ERROR(CheckCoreTables(connection.path(), kCoreSchema, Number(core)));
  ASSIGN_OR_RETURN(const Value service, Meta(connection, "service"));
  if (service != Value(options.service)) {
    const auto* owner = std::get_if<std::string>(&service);
    return Refused(connection,
                   absl::StrCat("belongs to service ", owner == nullptr ? "" : *owner, ", not to ", options.service));
  }
  ASSIGN_OR_RETURN(const Value id, Meta(connection, "database_id"));
  if (id != Value(Blob{std::string(database_id)})) return Refused(connection, "the key file is of another database");
  ASSIGN_OR_RETURN(const Value newest, connection.One("SELECT MAX(version) FROM migration"));
  return CheckTables(connection.path(), options, kCoreSchema, {Number(core), Number(newest)});
}

absl::Status UpgradeCore(Connection& connection) {
  ASSIGN_OR_RETURN(const Value core, Meta(connection, "core_schema"));
  if (Number(core) >= kCoreSchema) return absl::OkStatus();
  RETURN_IF_ERROR(connection.Execute("BEGIN IMMEDIATE"));
  absl::Status status;
  if (Number(core) < 2) status = connection.Execute(kTables2);
  if (status.ok() && Number(core) < 3) status = connection.Execute(kTables3);
  if (status.ok() && Number(core) < 4) status = connection.Execute(kTables4);
  if (status.ok()) status = connection.Execute(kTables5);
  if (status.ok()) status = SetMeta(connection, "core_schema", Value(int64_t{kCoreSchema}));
  if (status.ok()) status = connection.Commit();
  if (!status.ok()) connection.Rollback();
  return status;
}

absl::Status Migrate(Connection& connection, const Options& options) {
  ASSIGN_OR_RETURN(const Value newest, connection.One("SELECT MAX(version) FROM migration"));
  int last = 0;
  for (const Migration& migration : options.migrations) {
    if (migration.version != last + 1) {
      return Refused(connection, absl::StrCat("migration ", migration.version, " does not follow ", last));
    }
    last = migration.version;
    if (migration.version <= Number(newest)) continue;
    RETURN_IF_ERROR(connection.Execute("BEGIN IMMEDIATE"));
    absl::Status status = Apply(connection, migration);
    if (status.ok()) continue;
    connection.Rollback();
    return absl::Status(status.code(), absl::StrCat("database ", connection.path(), ": migration ", migration.version,
                                                    " (", migration.name, "): ", status.message()));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<OwnedColumn>> ReadOwnedColumns(Connection& connection) {
  ASSIGN_OR_RETURN(Statement * read, connection.Get(kOwnedColumns));
  std::vector<OwnedColumn> columns;
  std::string table;
  std::string key_columns;
  size_t first = 0;
  while (true) {
    ASSIGN_OR_RETURN(const bool found, read->Step());
    if (!found || read->Text(0) != table) {
      for (size_t i = first; i < columns.size(); ++i) columns[i].key_columns = key_columns;
      first = columns.size();
      key_columns.clear();
      if (!found) return columns;
      table = std::string(read->Text(0));
    }
    absl::StrAppend(&key_columns, key_columns.empty() ? "" : ", ", read->Text(1));
    if (read->Text(2) == "TEXT" || read->Text(1) == kKeyId) columns.push_back({table, "", std::string(read->Text(1))});
  }
}

absl::StatusOr<int64_t> ReadEpoch(Connection& connection) {
  ASSIGN_OR_RETURN(const Value epoch, Meta(connection, "epoch"));
  if (Number(epoch) < 1) return absl::DataLossError(absl::StrCat("database ", connection.path(), ": damaged epoch"));
  return Number(epoch);
}

}  // namespace polku::store::sqlite
