#include "libs/bus/embedded/record_file.h"

#include <zlib.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"

namespace polku::bus {
namespace {

constexpr int64_t kApplicationId = 0x506b4273;  // "PkBs"
constexpr int64_t kSchemaVersion = 1;

// WITHOUT ROWID: one tree, read in the order of the primary key.
constexpr char kSchema[] = R"sql(
CREATE TABLE partition (
  partition_id INTEGER PRIMARY KEY,
  topic TEXT NOT NULL,
  number INTEGER NOT NULL,
  UNIQUE (topic, number)
) STRICT;
CREATE TABLE record (
  partition_id INTEGER NOT NULL,
  offset INTEGER NOT NULL,
  key BLOB NOT NULL,
  headers BLOB NOT NULL,      -- For each header its name and its value, each with its size in front.
  value BLOB NOT NULL,
  append_time INTEGER NOT NULL,  -- Nanoseconds since 1970, UTC.
  crc INTEGER NOT NULL,       -- CRC-32 (IEEE 802.3) over topic, partition, and all columns.
  PRIMARY KEY (partition_id, offset)
) STRICT, WITHOUT ROWID;
CREATE TABLE committed (
  consumer_group TEXT NOT NULL,
  topic TEXT NOT NULL,
  partition INTEGER NOT NULL,
  offset INTEGER NOT NULL,
  PRIMARY KEY (consumer_group, topic, partition)
) STRICT, WITHOUT ROWID;
)sql";

void AppendNumber(uint64_t number, int bytes, std::string& out) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<char>(number >> (8 * i)));
}

void AppendSized(absl::string_view bytes, std::string& out) {
  AppendNumber(bytes.size(), 4, out);
  out.append(bytes.data(), bytes.size());
}

std::string EncodeHeaders(const std::vector<Header>& headers) {
  std::string bytes;
  for (const Header& header : headers) {
    AppendSized(header.name, bytes);
    AppendSized(header.value, bytes);
  }
  return bytes;
}

std::optional<std::string> TakeSized(absl::string_view& bytes) {
  if (bytes.size() < 4) return std::nullopt;
  size_t size = 0;
  for (int i = 0; i < 4; ++i) size |= static_cast<size_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  bytes.remove_prefix(4);
  if (bytes.size() < size) return std::nullopt;
  std::string taken(bytes.substr(0, size));
  bytes.remove_prefix(size);
  return taken;
}

std::optional<std::vector<Header>> DecodeHeaders(absl::string_view bytes) {
  constexpr size_t kUsualHeaders = 12;
  std::vector<Header> headers;
  headers.reserve(kUsualHeaders);
  while (!bytes.empty()) {
    std::optional<std::string> name = TakeSized(bytes);
    if (!name.has_value()) return std::nullopt;
    std::optional<std::string> value = TakeSized(bytes);
    if (!value.has_value()) return std::nullopt;
    headers.push_back({*std::move(name), *std::move(value)});
  }
  return headers;
}

uint32_t AddToChecksum(uint32_t crc, absl::string_view bytes) {
  // zlib takes a null pointer as a wish for the start value.
  if (bytes.empty()) return crc;
  return static_cast<uint32_t>(crc32_z(crc, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

// What a record says and where; the sizes are in it, so bytes cannot move between the fields.
uint32_t Checksum(const TopicPartition& name, int64_t offset, int64_t append_nanos, absl::string_view key,
                  absl::string_view headers, absl::string_view value) {
  std::string place;
  AppendSized(name.topic, place);
  AppendNumber(static_cast<uint64_t>(name.partition), 4, place);
  AppendNumber(static_cast<uint64_t>(offset), 8, place);
  AppendNumber(static_cast<uint64_t>(append_nanos), 8, place);
  AppendNumber(key.size(), 8, place);
  AppendNumber(headers.size(), 8, place);
  AppendNumber(value.size(), 8, place);
  uint32_t crc = AddToChecksum(0, place);
  crc = AddToChecksum(crc, key);
  crc = AddToChecksum(crc, headers);
  return AddToChecksum(crc, value);
}

}  // namespace

absl::StatusOr<std::unique_ptr<RecordFile>> RecordFile::Open(const Options& options) {
  std::unique_ptr<RecordFile> file(new RecordFile(options.path));
  RETURN_IF_ERROR(file->Prepare(options));
  return file;
}

absl::Status RecordFile::Prepare(const Options& options) {
  ASSIGN_OR_RETURN(writer_, SqliteConnection::Open(options.path, options.vfs));
  RETURN_IF_ERROR(CheckAndCreate());
  if (options.file_bytes_max > 0) {
    ASSIGN_OR_RETURN(const int64_t page_bytes, writer_.ReadNumber("PRAGMA page_size"));
    const int64_t pages = std::max<int64_t>(1, options.file_bytes_max / page_bytes);
    RETURN_IF_ERROR(writer_.ReadNumber(absl::StrCat("PRAGMA max_page_count = ", pages)).status());
  }
  ASSIGN_OR_RETURN(insert_record_,
                   writer_.Prepare("INSERT INTO record (partition_id, offset, key, headers, value, append_time, crc)"
                                   " VALUES (?, ?, ?, ?, ?, ?, ?)"));
  ASSIGN_OR_RETURN(insert_offset_,
                   writer_.Prepare("INSERT INTO committed (consumer_group, topic, partition, offset)"
                                   " VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET offset = excluded.offset"));
  absl::MutexLock lock(&read_mutex_);
  ASSIGN_OR_RETURN(reader_, SqliteConnection::Open(options.path, options.vfs));
  RETURN_IF_ERROR(reader_.Run("PRAGMA query_only = 1"));
  ASSIGN_OR_RETURN(select_records_,
                   reader_.Prepare("SELECT offset, key, headers, value, append_time, crc FROM record"
                                   " WHERE partition_id = ? AND offset >= ? AND offset < ? ORDER BY offset"));
  return absl::OkStatus();
}

// Looks before it writes: a foreign or newer file stays as it is.
absl::Status RecordFile::CheckAndCreate() {
  ASSIGN_OR_RETURN(const int64_t application, writer_.ReadNumber("PRAGMA application_id"));
  ASSIGN_OR_RETURN(const int64_t version, writer_.ReadNumber("PRAGMA user_version"));
  ASSIGN_OR_RETURN(const int64_t tables, writer_.ReadNumber("SELECT count(*) FROM sqlite_schema"));
  const bool fresh = application == 0 && version == 0 && tables == 0;
  if (!fresh && application != kApplicationId) {
    return absl::FailedPreconditionError(absl::StrCat("open bus file: ", path_, ": not a file of the embedded bus"));
  }
  if (version > kSchemaVersion) {
    return absl::FailedPreconditionError(absl::StrCat("open bus file: ", path_, ": its version ", version,
                                                      " is newer than this program knows (", kSchemaVersion, ")"));
  }
  ASSIGN_OR_RETURN(const std::string journal, writer_.ReadText("PRAGMA journal_mode = WAL"));
  if (journal != "wal") {
    return absl::FailedPreconditionError(
        absl::StrCat("open bus file: ", path_, ": no write-ahead log here, journal mode is ", journal));
  }
  RETURN_IF_ERROR(writer_.Run("PRAGMA synchronous = FULL"));
  if (!fresh) return absl::OkStatus();
  return InTransaction([&]() -> absl::Status {
    RETURN_IF_ERROR(writer_.Run(kSchema));
    RETURN_IF_ERROR(writer_.Run(absl::StrCat("PRAGMA application_id = ", kApplicationId)));
    return writer_.Run(absl::StrCat("PRAGMA user_version = ", kSchemaVersion));
  });
}

template <class Work>
absl::Status RecordFile::InTransaction(Work work) {
  RETURN_IF_ERROR(Usable());
  absl::Status status = writer_.Run("BEGIN IMMEDIATE");
  if (status.ok()) status = work();
  if (status.ok()) {
    status = writer_.Run("COMMIT");
    disk_failed_ = !status.ok() && writer_.SyncFailed();
  }
  if (!status.ok()) {
    writer_.RollBack();
    return disk_failed_ ? Usable() : status;
  }
  // This transaction is safe in the log whatever becomes of the checkpoint.
  disk_failed_ = !writer_.CheckpointIfLong();
  return status;
}

absl::Status RecordFile::Usable() const {
  if (!disk_failed_) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("bus file: ", path_, ": the disk failed, the process must end"));
}

absl::StatusOr<std::vector<RecordFile::Partition>> RecordFile::ReadPartitions() {
  constexpr char kDoing[] = "read partitions";
  ASSIGN_OR_RETURN(SqliteStatement select,
                   writer_.Prepare("SELECT partition_id, topic, number,"
                                   " (SELECT max(offset) + 1 FROM record r WHERE r.partition_id = p.partition_id)"
                                   " FROM partition p ORDER BY topic, number"));
  std::vector<Partition> partitions;
  while (true) {
    ASSIGN_OR_RETURN(const bool found, select.Step(kDoing));
    if (!found) return partitions;
    PartitionPlace place{select.Number(0), {std::string(select.Bytes(1)), static_cast<int>(select.Number(2))}};
    partitions.push_back({std::move(place), select.Number(3)});
  }
}

absl::StatusOr<std::vector<PartitionPlace>> RecordFile::AddTopics(absl::Span<const TopicSpec> topics) {
  std::vector<PartitionPlace> places;
  RETURN_IF_ERROR(InTransaction([&]() -> absl::Status {
    ASSIGN_OR_RETURN(places, InsertTopics(topics));
    return absl::OkStatus();
  }));
  return places;
}

absl::StatusOr<std::vector<PartitionPlace>> RecordFile::InsertTopics(absl::Span<const TopicSpec> topics) {
  constexpr char kDoing[] = "create topic";
  ASSIGN_OR_RETURN(int64_t id, writer_.ReadNumber("SELECT coalesce(max(partition_id), 0) FROM partition"));
  ASSIGN_OR_RETURN(SqliteStatement insert,
                   writer_.Prepare("INSERT INTO partition (partition_id, topic, number) VALUES (?, ?, ?)"));
  std::vector<PartitionPlace> places;
  for (const TopicSpec& topic : topics) {
    for (int number = 0; number < topic.partitions; ++number) {
      const ResetAtEnd reset(insert);
      insert.Bind(++id);
      insert.BindText(topic.topic);
      insert.Bind(number);
      RETURN_IF_ERROR(insert.Step(kDoing).status());
      places.push_back({id, {topic.topic, number}});
    }
  }
  return places;
}

absl::Status RecordFile::Append(absl::Span<const NewRecord> records, absl::Time append_time,
                                const AdvisoryOffsets& offsets) {
  return InTransaction([&] { return Insert(records, append_time, offsets); });
}

absl::Status RecordFile::Insert(absl::Span<const NewRecord> records, absl::Time append_time,
                                const AdvisoryOffsets& offsets) {
  constexpr char kDoing[] = "append to bus file";
  const int64_t append_nanos = absl::ToUnixNanos(append_time);
  for (const NewRecord& record : records) {
    const ResetAtEnd reset(insert_record_);
    const std::string headers = EncodeHeaders(record.message->headers);
    insert_record_.Bind(record.place.id);
    insert_record_.Bind(record.offset);
    insert_record_.BindBlob(record.message->key);
    insert_record_.BindBlob(headers);
    insert_record_.BindBlob(record.message->value);
    insert_record_.Bind(append_nanos);
    insert_record_.Bind(int64_t{
        Checksum(record.place.name, record.offset, append_nanos, record.message->key, headers, record.message->value)});
    RETURN_IF_ERROR(insert_record_.Step(kDoing).status());
  }
  for (const auto& [reader, offset] : offsets) {
    const ResetAtEnd reset(insert_offset_);
    insert_offset_.BindText(std::get<0>(reader));
    insert_offset_.BindText(std::get<1>(reader));
    insert_offset_.Bind(std::get<2>(reader));
    insert_offset_.Bind(offset);
    RETURN_IF_ERROR(insert_offset_.Step(kDoing).status());
  }
  return absl::OkStatus();
}

absl::Status RecordFile::Read(const PartitionPlace& place, int64_t from, int64_t end, ReadBudget& budget,
                              std::vector<Record>& records) {
  RETURN_IF_ERROR(Usable());
  absl::MutexLock lock(&read_mutex_);
  const ResetAtEnd reset(select_records_);
  select_records_.Bind(place.id);
  select_records_.Bind(from);
  select_records_.Bind(end);
  for (int64_t offset = from; offset < end; ++offset) {
    if (budget.records <= 0) {
      budget.spent = true;
      return absl::OkStatus();
    }
    const absl::StatusOr<bool> found = select_records_.Step("read bus file");
    if (absl::IsDataLoss(found.status())) return Damaged(place, offset, found.status().message());
    RETURN_IF_ERROR(found.status());
    if (!*found || select_records_.Number(0) != offset) return Damaged(place, offset, "the record is missing");

    const absl::string_view key = select_records_.Bytes(1);
    const absl::string_view headers = select_records_.Bytes(2);
    const absl::string_view value = select_records_.Bytes(3);
    const int64_t append_nanos = select_records_.Number(4);
    if (Checksum(place.name, offset, append_nanos, key, headers, value) != select_records_.Number(5)) {
      return Damaged(place, offset, "checksum mismatch");
    }
    std::optional<std::vector<Header>> decoded = DecodeHeaders(headers);
    if (!decoded.has_value()) return Damaged(place, offset, "headers cannot be parsed");

    const int64_t bytes = static_cast<int64_t>(key.size() + headers.size() + value.size());
    if (!records.empty() && bytes > budget.bytes) {
      budget.spent = true;
      return absl::OkStatus();
    }
    --budget.records;
    budget.bytes -= bytes;
    records.push_back({place.name, offset, std::string(key), std::string(value), *std::move(decoded),
                       absl::FromUnixNanos(append_nanos)});
  }
  return absl::OkStatus();
}

absl::Status RecordFile::Damaged(const PartitionPlace& place, int64_t offset, absl::string_view cause) const {
  return absl::DataLossError(absl::StrCat("read bus file: ", path_, ": topic ", place.name.topic, " partition ",
                                          place.name.partition, " offset ", offset, ": ", cause));
}

}  // namespace polku::bus
