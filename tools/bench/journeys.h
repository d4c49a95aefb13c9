// Clients with a running measure, as many as wanted.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "libs/base/random.h"
#include "libs/store/database.h"
#include "polku/follow_up/v1/api.pb.h"

namespace polku::bench {

struct JourneyPlan {
  int sessions_a_week = 5;  // Monday to Friday, in equal parts: 1, 5, 10, 15, 20, ...
  int weeks_before = 4;     // Weeks of marks that are there already.
  bool mark_rows = true;    // Whether those marks have their rows, too.
};

// One client whose journey was made by the service itself (facts from the bus, StartMeasure, marks), and the rows
// that it left. Others are copies of it with another client id.
class JourneyTemplate {
 public:
  explicit JourneyTemplate(const JourneyPlan& plan);

  // The week after the last one with marks: its Saturday, 12:00 in Helsinki.
  absl::Time now() const { return now_; }
  // A mark of that week, `ordinal` 0 to sessions_a_week - 1.
  polku::follow_up::v1::AttendanceMark Mark(const std::string& client, int ordinal, bool present) const;

  // Writes `count` clients through the store's own transactions, 20,000 a commit; gives their names. `due` sets the
  // due instant of a client by its ordinal; without it a copy keeps that of the template.
  // Not written: journals. No read of a journey needs them.
  std::vector<std::string> Load(store::Database& database, int count, Random& random,
                                const std::function<absl::Time(int)>& due = nullptr) const;

 private:
  struct IndexTable {
    store::TableShape shape;
    std::vector<store::Row> rows;
  };
  void Live(const std::string& folder);
  void Read(const std::string& folder);

  const JourneyPlan plan_;
  absl::CivilDay monday_;
  absl::Time now_;
  std::string client_;
  store::StoredAggregate aggregate_;
  std::vector<IndexTable> index_;
};

}  // namespace polku::bench
