// The embedded bus against an SQLite file that gets and gives the same bytes.
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "libs/base/ids.h"
#include "libs/bus/embedded/embedded_bus.h"
#include "libs/bus/partitioner.h"
#include "libs/pipeline/wire.h"
#include "libs/store/sqlite/connection.h"
#include "tools/bench/benches.h"
#include "tools/bench/measure.h"
#include "tools/bench/rig.h"

namespace polku::bench {
namespace {

constexpr char kTopic[] = "polku.referral.events.v1";
constexpr int kPartitions = 4;
constexpr int kReadAtOnce = 20'000;

// Records as a service publishes them, headers and all.
std::vector<bus::Message> MakeMessages(int count) {
  SystemRandom random;
  SystemClock clock;
  std::vector<bus::Message> messages;
  for (int i = 0; i < count; ++i) {
    store::JournalRow row;
    row.key = absl::StrCat("clients/", NewUuidV7(clock.Now(), random));
    row.public_version = 1 + i % 9;
    row.type = "polku.follow_up.v1.MeasureInterrupted";
    row.payload.resize(120);
    random.Fill(row.payload.data(), row.payload.size());
    row.time = clock.Now();
    messages.push_back(pipeline::EncodeEvent("referral", 1, row));
  }
  return messages;
}

// The part under the bus: one table in key order, one transaction for what comes at once.
class RawLog {
 public:
  explicit RawLog(const std::string& path) {
    store::sqlite::ConnectionOptions options;
    options.path = path;
    connection_ = Must(store::sqlite::Connection::Open(options));
    Must(connection_->Execute(
        "CREATE TABLE record(partition INTEGER, offset INTEGER, key BLOB, headers BLOB, value BLOB,"
        " time INTEGER, crc INTEGER, PRIMARY KEY(partition, offset)) WITHOUT ROWID"));
    insert_ = Must(connection_->GetText("INSERT INTO record VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)"));
    select_ = Must(connection_->GetText("SELECT * FROM record WHERE partition = ?1 AND offset >= ?2 ORDER BY offset"));
    ends_.assign(kPartitions, 0);
  }

  void Append(absl::Span<const bus::Message> messages, absl::Span<const std::string> headers) {
    Must(connection_->Execute("BEGIN IMMEDIATE"));
    for (size_t i = 0; i < messages.size(); ++i) {
      const int partition = bus::PartitionOf(messages[i].key, kPartitions);
      insert_->Bind(1, partition);
      insert_->Bind(2, ends_[static_cast<size_t>(partition)]++);
      insert_->BindBlob(3, messages[i].key);
      insert_->BindBlob(4, headers[i]);
      insert_->BindBlob(5, messages[i].value);
      insert_->Bind(6, 1);
      insert_->Bind(7, 4'000'000'000);
      Must(insert_->Run());
    }
    Must(connection_->Commit());
  }

  // Copies each row's bytes out, as a reader must.
  size_t Read(std::vector<int64_t>& from) {
    size_t rows = 0;
    for (int partition = 0; partition < kPartitions; ++partition) {
      select_->Bind(1, partition);
      select_->Bind(2, from[static_cast<size_t>(partition)]);
      while (Must(select_->Step())) {
        taken_.key = std::string(select_->Bytes(2));
        taken_.value = std::string(select_->Bytes(4));
        headers_ = std::string(select_->Bytes(3));
        from[static_cast<size_t>(partition)] = select_->Int(1) + 1;
        ++rows;
      }
    }
    return rows;
  }

 private:
  std::unique_ptr<store::sqlite::Connection> connection_;
  store::sqlite::Statement* insert_ = nullptr;
  store::sqlite::Statement* select_ = nullptr;
  std::vector<int64_t> ends_;
  bus::Message taken_;
  std::string headers_;
};

std::vector<std::string> HeaderBytes(absl::Span<const bus::Message> messages) {
  std::vector<std::string> all;
  for (const bus::Message& message : messages) {
    std::string& bytes = all.emplace_back();
    for (const bus::Header& header : message.headers)
      absl::StrAppend(&bytes, "....", header.name, "....", header.value);
  }
  return all;
}

size_t ReadAll(bus::Consumer& consumer) {
  bus::PollLimits limits;
  limits.records_max = kReadAtOnce;
  limits.bytes_max = 64 << 20;
  size_t records = 0;
  while (true) {
    const bus::Polled polled = Must(consumer.Poll(limits));
    for (const bus::TopicPartition& partition : polled.assigned) Must(consumer.Start(partition, 0));
    records += polled.records.size();
    if (polled.records.empty() && polled.assigned.empty()) return records;
  }
}

void BenchBatch(const Settings& settings, int at_once, int count, Report& report) {
  const std::string folder = absl::StrCat(settings.folder, "/bus-", at_once);
  std::filesystem::create_directories(folder);
  SystemClock clock;
  bus::EmbeddedBusOptions options;
  options.path = folder + "/bus.db";
  options.clock = &clock;
  const auto bus = Must(bus::OpenEmbeddedBus(options));
  Must(bus->EnsureTopics({{kTopic, kPartitions}}));
  const auto producer = Must(bus->NewProducer());
  const auto consumer = Must(bus->NewConsumer("bench", {kTopic}));
  ReadAll(*consumer);
  RawLog raw(folder + "/raw.db");
  std::vector<int64_t> raw_from(kPartitions, 0);
  std::vector<Spent> append, raw_append, read, raw_read;
  for (int round = 0; round < settings.rounds; ++round) {
    const std::vector<bus::Message> messages = MakeMessages(count);
    const std::vector<std::string> headers = HeaderBytes(messages);
    const Stopwatch ours;
    for (int i = 0; i < count; i += at_once) {
      const auto part = absl::MakeConstSpan(messages).subspan(i, at_once);
      for (const absl::Status& status : producer->Publish(part)) Must(status);
    }
    append.push_back(ours.Stop());
    const Stopwatch theirs;
    for (int i = 0; i < count; i += at_once) {
      raw.Append(absl::MakeConstSpan(messages).subspan(i, at_once), absl::MakeConstSpan(headers).subspan(i, at_once));
    }
    raw_append.push_back(theirs.Stop());
    const Stopwatch reading;
    const size_t records = ReadAll(*consumer);
    read.push_back(reading.Stop());
    const Stopwatch raw_reading;
    const size_t rows = raw.Read(raw_from);
    raw_read.push_back(raw_reading.Stop());
    if (records != static_cast<size_t>(count) || rows != records) Must(absl::InternalError("records are missing"));
  }
  report.Add(Compare("bus", absl::StrCat("append, ", at_once, " at once"), "records/s", count, append, raw_append));
  if (at_once > 1) report.Add(Compare("bus", "read", "records/s", count, read, raw_read));
}

}  // namespace

void BenchBus(const Settings& settings, Report& report) {
  BenchBatch(settings, 1, std::max(50, static_cast<int>(500 * settings.scale)), report);
  BenchBatch(settings, 1000, std::max(2000, static_cast<int>(20000 * settings.scale) / 1000 * 1000), report);
}

}  // namespace polku::bench
