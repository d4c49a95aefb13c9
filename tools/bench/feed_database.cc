#include "tools/bench/feed_database.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/store/postgres/connection.h"
#include "libs/store/postgres/parameter.h"
#include "libs/store/postgres/postgres_database.h"
#include "libs/store/postgres/testing/server.h"
#include "services/follow-up/service.h"
#include "tools/bench/rig.h"
#include "tools/bench/shadow.h"

namespace polku::bench {
namespace {

using store::postgres::ByteStrings;
using store::postgres::Connection;
using store::postgres::Numbers;
using store::postgres::Parameter;
using store::postgres::Result;
using store::postgres::ServerForTests;
using store::postgres::Texts;

class SqliteCopy : public RawPart {
 public:
  SqliteCopy(const std::string& product, const std::string& copy) : shadow_(product, copy) {}
  Spent Follow() override {
    const std::vector<RawWrite> writes = shadow_.Take();
    const Stopwatch watch;
    shadow_.Write(writes);
    return watch.Stop();
  }
  void CheckSame() override { shadow_.CheckSame(); }

 private:
  Shadow shadow_;
};

class Sqlite : public FeedDatabase {
 public:
  explicit Sqlite(std::string folder) : folder_(std::move(folder)) {}
  std::string name() const override { return "SQLite"; }
  std::unique_ptr<store::Database> Open(Random* random) override {
    return Must(OpenDatabase(folder_, follow_up::StoreOptions(), random));
  }
  std::unique_ptr<RawProcess> CopyIt() override {
    return std::make_unique<RawProcess>(
        [this] { return std::make_unique<SqliteCopy>(DatabasePath(folder_, "follow-up"), folder_ + "/raw.db"); });
  }
  absl::Duration ServerCpu() override { return absl::ZeroDuration(); }

 private:
  const std::string folder_;
};

constexpr char kProduct[] = "product";
constexpr char kCopy[] = "copy";
// Who only looks on.
constexpr char kOnlooker[] = " application_name=onlooker";

// Of a process, by its id.
absl::Duration CpuOf(int64_t process) {
  std::ifstream file(absl::StrCat("/proc/", process, "/stat"));
  std::string text;
  std::getline(file, text);
  std::istringstream rest(text.substr(text.rfind(')') + 1));
  std::string skipped;
  for (int i = 0; i < 11; ++i) rest >> skipped;  // State to cmajflt; see proc(5).
  int64_t user = 0, system = 0;
  rest >> user >> system;
  return absl::Seconds(1) * (user + system) / sysconf(_SC_CLK_TCK);
}

constexpr char kNewJournal[] =
    "SELECT sequence, key_id, previous, version, public_version, type_id, time, traceparent, content FROM journal "
    "WHERE sequence > $1 ORDER BY sequence";
#define POLKU_TOUCHED "key_id IN (SELECT key_id FROM journal WHERE sequence > $1)"
constexpr char kTouched[] =
    "SELECT key_id, version, public_version, schema, due_at, last_sequence, content FROM aggregate "
    "WHERE " POLKU_TOUCHED " ORDER BY key_id";
// Of transactions that began after a snapshot.
constexpr char kNewMarks[] =
    "SELECT key_id, measure, day, session, revision, status, minutes FROM mark "
    "WHERE " POLKU_TOUCHED " AND xmin::text::bigint >= $2 ORDER BY key_id, measure, day, session";
#undef POLKU_TOUCHED
constexpr char kNextTransaction[] = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint";
constexpr char kAddJournal[] =
    "INSERT INTO journal(sequence, key_id, previous, version, public_version, type_id, time, traceparent, content) "
    "SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9)";
constexpr char kUpdate[] =
    "UPDATE aggregate a SET version = q.version, public_version = q.public_version, schema = q.schema, "
    "due_at = q.due_at, last_sequence = q.last_sequence, content = q.content "
    "FROM unnest($1, $2, $3, $4, $5, $6, $7) q(key_id, version, public_version, schema, due_at, last_sequence, "
    "content) "
    "WHERE a.key_id = q.key_id AND a.version < q.version";
constexpr char kAddMarks[] =
    "INSERT INTO mark(key_id, measure, day, session, revision, status, minutes) "
    "SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (key_id, measure, day, session) DO UPDATE SET "
    "revision = excluded.revision, status = excluded.status, minutes = excluded.minutes";
constexpr char kCounts[] =
    "SELECT (SELECT COUNT(*) FROM journal), (SELECT COUNT(*) FROM mark), (SELECT SUM(version)::BIGINT FROM aggregate)";

Numbers NumbersOf(const Result& rows, int column) {
  Numbers numbers;
  for (int row = 0; row < rows.rows(); ++row) {
    if (rows.IsNull(row, column)) {
      numbers.AddNull();
    } else {
      numbers.Add(rows.Int(row, column));
    }
  }
  return numbers;
}

template <class Array>
Array BytesOf(const Result& rows, int column) {
  Array bytes;
  for (int row = 0; row < rows.rows(); ++row) bytes.Add(rows.Text(row, column));
  return bytes;
}

// The same rows by arrays, a statement a table and one commit, each key once.
class PostgresCopy : public RawPart {
 public:
  PostgresCopy(const std::string& product, const std::string& copy)
      : product_(Must(Connection::Open(product + kOnlooker))), copy_(Must(Connection::Open(copy))) {
    backend_ = Must(copy_->Run("SELECT pg_backend_pid()::BIGINT")).Int(0, 0);
    seen_ = Must(copy_->Run("SELECT COALESCE(MAX(sequence), 0) FROM journal")).Int(0, 0);
    transaction_ = Must(product_->Run(kNextTransaction)).Int(0, 0);
  }

  Spent Follow() override {
    const Parameter after = Parameter::Number(seen_);
    const Result journal = Must(product_->Run(kNewJournal, after));
    const Result aggregates = Must(product_->Run(kTouched, after));
    const Result marks = Must(product_->Run(kNewMarks, after, Parameter::Number(transaction_)));
    transaction_ = Must(product_->Run(kNextTransaction)).Int(0, 0);
    if (journal.rows() > 0) seen_ = journal.Int(journal.rows() - 1, 0);
    std::vector<Numbers> j, a, m;
    for (int i = 0; i < 7; ++i) j.push_back(NumbersOf(journal, i));
    for (int i = 0; i < 6; ++i) a.push_back(NumbersOf(aggregates, i));
    for (int i = 0; i < 7; ++i) m.push_back(i == 1 ? Numbers() : NumbersOf(marks, i));
    const Texts traces = BytesOf<Texts>(journal, 7), measures = BytesOf<Texts>(marks, 1);
    const ByteStrings events = BytesOf<ByteStrings>(journal, 8), states = BytesOf<ByteStrings>(aggregates, 6);
    const Stopwatch watch;
    const absl::Duration before = CpuOf(backend_);
    Must(copy_->Execute("BEGIN"));
    Must(copy_->Send(kAddJournal, j[0], j[1], j[2], j[3], j[4], j[5], j[6], traces, events));
    Must(copy_->Send(kUpdate, a[0], a[1], a[2], a[3], a[4], a[5], states));
    Must(copy_->Send(kAddMarks, m[0], measures, m[2], m[3], m[4], m[5], m[6]));
    Must(copy_->Await());
    Must(copy_->Execute("COMMIT"));
    Spent spent = watch.Stop();
    spent.cpu += CpuOf(backend_) - before;
    return spent;
  }

  void CheckSame() override {
    const Result ours = Must(product_->Run(kCounts)), raw = Must(copy_->Run(kCounts));
    for (int i = 0; i < ours.columns(); ++i) {
      if (ours.Int(0, i) != raw.Int(0, i)) Must(absl::DataLossError("the copy has other rows than the product"));
    }
  }

 private:
  const std::unique_ptr<Connection> product_, copy_;
  int64_t backend_ = 0;
  int64_t seen_ = 0;         // Of the journal.
  int64_t transaction_ = 0;  // The first whose marks are not taken yet.
};

class Postgres : public FeedDatabase {
 public:
  explicit Postgres(const std::string& folder) : keys_(folder + "/postgres.keys") {
    std::filesystem::create_directories(folder);
    // As a small server of one's own is set up.
    server_.Configure({"shared_buffers=256MB", "max_wal_size=4GB", "autovacuum=on"});
    server_.CreateDatabase(kProduct);
  }
  ~Postgres() override {
    onlooker_ = nullptr;
    server_.DropDatabase(kProduct);
    server_.DropDatabase(kCopy);
  }
  std::string name() const override { return "PostgreSQL"; }
  std::unique_ptr<store::Database> Open(Random* random) override {
    store::PostgresOptions options;
    options.base = follow_up::StoreOptions();
    options.target = server_.Target(kProduct);
    options.key_path = keys_;
    options.random = random;
    return Must(store::OpenPostgres(options));
  }
  std::unique_ptr<RawProcess> CopyIt() override {
    server_.Run(absl::StrCat("CREATE DATABASE ", kCopy, " TEMPLATE ", kProduct));
    onlooker_ = Must(Connection::Open(server_.Target("postgres") + kOnlooker));
    return std::make_unique<RawProcess>(
        [this] { return std::make_unique<PostgresCopy>(server_.Target(kProduct), server_.Target(kCopy)); });
  }
  absl::Duration ServerCpu() override {
    const Result found = Must(onlooker_->Run(
        "SELECT pid::BIGINT FROM pg_stat_activity WHERE datname = 'product' AND application_name <> 'onlooker'"));
    absl::Duration cpu;
    for (int row = 0; row < found.rows(); ++row) cpu += CpuOf(found.Int(row, 0));
    return cpu;
  }

 private:
  const std::string keys_;
  ServerForTests& server_ = ServerForTests::Get();
  std::unique_ptr<Connection> onlooker_;
};

}  // namespace

std::unique_ptr<FeedDatabase> SqliteForFeed(const std::string& folder) { return std::make_unique<Sqlite>(folder); }

std::unique_ptr<FeedDatabase> PostgresForFeed(const std::string& folder) {
  if (!ServerForTests::IsInstalled()) return nullptr;
  return std::make_unique<Postgres>(folder);
}

}  // namespace polku::bench
