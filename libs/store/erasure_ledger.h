// Who was erased, in a file that no backup holds: an older copy of a database or of its key file
// that is put back into service erases them again.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "libs/store/database.h"
#include "libs/store/sealing.h"
#include "libs/store/sqlite/connection.h"

namespace polku::store {

struct ErasureLedgerOptions {
  std::string path;
  std::string vfs;
  bool exclusive = false;   // See sqlite::ConnectionOptions.
  std::string database_id;  // KeyRing's. Restored copies have the same.
};

// An SQLite file of its own; holds keys, versions and the public events that outlive a key, no
// content. Thread-compatible.
class ErasureLedger {
 public:
  // Makes the file when it is missing. Errors: kFailedPrecondition when it holds erasures of another
  // database.
  static absl::StatusOr<std::unique_ptr<ErasureLedger>> Open(const ErasureLedgerOptions& options);

  // Durable when it returns. A key that is there already stays as it is.
  absl::Status Append(absl::Span<const Erasure> erasures);
  // In order of key, those after `after_key`.
  absl::StatusOr<std::vector<Erasure>> Read(absl::string_view after_key, int limit);

 private:
  explicit ErasureLedger(std::unique_ptr<sqlite::Connection> connection)
      : connection_(std::move(connection)), sealer_(nullptr, {}, connection_->path()) {}
  absl::Status Prepare(const std::string& database_id);
  absl::Status Insert(absl::Span<const Erasure> erasures);
  absl::StatusOr<std::vector<JournalRow>> ReadEvents(const std::string& key);

  const std::unique_ptr<sqlite::Connection> connection_;
  const RowSealer sealer_;  // Seals nothing: for checksums.
  Place place_;
};

}  // namespace polku::store
