#include "libs/pipeline/peer_journal.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/timestamp.pb.h"
#include "libs/base/status_macros.h"

namespace polku::pipeline {

using polku::common::v1::JournalEntry;

absl::StatusOr<std::vector<JournalEntry>> ReadPublicJournal(store::Database& database, absl::string_view key,
                                                            int64_t after, int limit) {
  ASSIGN_OR_RETURN(std::unique_ptr<store::Reader> reader, database.Read());
  return ReadPublicJournal(*reader, database.epoch(), key, after, limit);
}

absl::StatusOr<std::vector<JournalEntry>> ReadPublicJournal(store::Reader& reader, int64_t epoch, absl::string_view key,
                                                            int64_t after, int limit) {
  std::vector<JournalEntry> entries;
  ASSIGN_OR_RETURN(const std::vector<store::Erasure> erased, reader.FindErased({std::string(key)}));
  int64_t position = 0;
  constexpr int kPage = 500;
  while (true) {
    ASSIGN_OR_RETURN(std::vector<store::JournalRow> rows, reader.ReadJournal(key, position, kPage));
    for (store::JournalRow& row : rows) {
      position = row.version;
      if (row.public_version <= after || row.erased) continue;
      JournalEntry entry;
      entry.set_key(row.key);
      entry.set_version(row.public_version);
      entry.set_epoch(epoch);
      entry.set_type(row.type);
      entry.set_payload(std::move(row.payload));
      const int64_t nanos = absl::ToUnixNanos(row.time);
      entry.mutable_time()->set_seconds(nanos / 1'000'000'000);
      entry.mutable_time()->set_nanos(static_cast<int32_t>(nanos % 1'000'000'000));
      entry.set_traceparent(row.traceparent);
      entry.set_erased(!erased.empty());
      entries.push_back(std::move(entry));
      if (static_cast<int>(entries.size()) >= limit) return entries;
    }
    if (static_cast<int>(rows.size()) < kPage) break;
  }
  if (entries.empty() && !erased.empty() && erased[0].public_version > after) {
    JournalEntry& last = entries.emplace_back();
    last.set_key(std::string(key));
    last.set_version(erased[0].public_version);
    last.set_epoch(epoch);
    last.set_erased(true);
  }
  return entries;
}

absl::StatusOr<std::vector<JournalEntry>> InProcessJournals::Read(absl::string_view service, absl::string_view key,
                                                                  int64_t after, int limit) {
  const auto found = databases_.find(std::string(service));
  if (found == databases_.end()) return absl::NotFoundError(absl::StrCat("no journal of service ", service));
  return ReadPublicJournal(*found->second, key, after, limit);
}

}  // namespace polku::pipeline
