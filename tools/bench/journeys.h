// Clients with a running measure, as many as wanted.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "libs/base/random.h"
#include "libs/store/database.h"
#include "polku/follow_up/v1/api.pb.h"
#include "services/follow-up/domain/journey.h"

namespace polku::bench {

struct JourneyPlan {
  int sessions_a_week = 5;  // Monday to Friday, in equal parts: 1, 5, 10, 15, 20, ...
  int weeks_before = 4;     // Weeks of marks that are there already.
  bool mark_rows = true;    // Whether those marks have their rows, too.
  absl::CivilDay first_monday{2026, 3, 2};
  bool ends_with_marks = false;  // The measure is planned until the last Friday with marks; else for a year.
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

  // When the template's next rule falls due.
  absl::Time due() const { return *aggregate_.due_at; }
  // The due instant of the first session without a mark, when marks may come so late.
  absl::Time UnmarkedDue(absl::Duration reporting_interval) const;

  // Writes `count` clients through the store's own transactions, 20,000 a commit; gives their names. With
  // `reporting_interval` each has its own, by ordinal, and is due when that has passed; else they are due as the
  // template is. Not written: journals. No read of a journey needs them.
  std::vector<std::string> Load(store::Database& database, int count, Random& random,
                                const std::function<absl::Duration(int)>& reporting_interval = nullptr) const;

 private:
  struct IndexTable {
    store::TableShape shape;
    std::vector<store::Row> rows;
  };
  store::AggregateWrite Copy(const std::string& client, std::optional<absl::Duration> reporting_interval) const;
  void Live(const std::string& folder);
  void Read(const std::string& folder);

  const JourneyPlan plan_;
  const follow_up::JourneyDomain domain_;
  absl::CivilDay monday_;
  absl::Time now_;
  std::string client_;
  store::StoredAggregate aggregate_;
  std::vector<IndexTable> index_;
};

}  // namespace polku::bench
