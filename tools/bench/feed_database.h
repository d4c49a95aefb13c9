// Where the feed of the bench goes: the product's database, and a copy of it that gets the same rows by hand.
#pragma once

#include <memory>
#include <string>

#include "libs/base/random.h"
#include "libs/store/database.h"
#include "tools/bench/measure.h"
#include "tools/bench/raw_process.h"

namespace polku::bench {

class FeedDatabase {
 public:
  virtual ~FeedDatabase() = default;
  virtual std::string name() const = 0;
  // The product's, with its own options.
  virtual std::unique_ptr<store::Database> Open(Random* random) = 0;
  // The copy. The product's database must be closed.
  virtual std::unique_ptr<RawProcess> CopyIt() = 0;
  // Processor time so far of a server's processes that work for the product.
  virtual absl::Duration ServerCpu() = 0;
};

std::unique_ptr<FeedDatabase> SqliteForFeed(const std::string& folder);
// On a server of its own. Null when PostgreSQL is not installed.
std::unique_ptr<FeedDatabase> PostgresForFeed(const std::string& folder);

}  // namespace polku::bench
