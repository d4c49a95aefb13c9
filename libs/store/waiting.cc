#include "libs/base/status_macros.h"
#include "libs/store/database.h"

namespace polku::store {

// In words that both dialects have.
absl::StatusOr<Waiting> CountWaiting(Reader& reader) {
  ASSIGN_OR_RETURN(const std::vector<Row> rows,
                   reader.Query("SELECT (SELECT COUNT(*) FROM outbox), "
                                "(SELECT COUNT(*) FROM (SELECT DISTINCT source, key FROM parked) AS keys), "
                                "(SELECT COUNT(*) FROM dead_letter)",
                                {}));
  const auto count = [&rows](size_t column) { return std::get<int64_t>(rows.at(0).at(column)); };
  return Waiting{count(0), count(1), count(2)};
}

}  // namespace polku::store
