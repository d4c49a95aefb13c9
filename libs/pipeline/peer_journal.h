// How a subscriber asks the owner of an aggregate for public events that it missed.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/store/database.h"
#include "polku/common/v1/journal.pb.h"

namespace polku::pipeline {

class PeerJournal {
 public:
  virtual ~PeerJournal() = default;
  // Public events of `key` with version > `after`, oldest first, at most `limit`.
  // Errors: kNotFound for an unknown service, kUnavailable when it is away.
  virtual absl::StatusOr<std::vector<polku::common::v1::JournalEntry>> Read(absl::string_view service,
                                                                            absl::string_view key, int64_t after,
                                                                            int limit) = 0;
};

// Public journal rows of `key` after public version `after`. What JournalService serves. Of an erased
// key: what outlived it, else an entry without a type that gives its last version.
absl::StatusOr<std::vector<polku::common::v1::JournalEntry>> ReadPublicJournal(store::Reader& reader, int64_t epoch,
                                                                               absl::string_view key, int64_t after,
                                                                               int limit);
// The same with a reader of its own.
absl::StatusOr<std::vector<polku::common::v1::JournalEntry>> ReadPublicJournal(store::Database& database,
                                                                               absl::string_view key, int64_t after,
                                                                               int limit);

// All services in one process: reads their databases directly. Add before use.
class InProcessJournals final : public PeerJournal {
 public:
  void Add(const std::string& service, store::Database* database) { databases_[service] = database; }
  absl::StatusOr<std::vector<polku::common::v1::JournalEntry>> Read(absl::string_view service, absl::string_view key,
                                                                    int64_t after, int limit) override;

 private:
  std::map<std::string, store::Database*> databases_;
};

}  // namespace polku::pipeline
