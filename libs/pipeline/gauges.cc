// What the metrics tell of that is not counted as it happens.
#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "libs/audit/seal.h"
#include "libs/base/status_macros.h"
#include "libs/pipeline/corridor.h"
#include "libs/pipeline/pipeline_metrics.h"

namespace polku::pipeline {
namespace {

double SecondsFrom(absl::Time then, absl::Time now) { return std::max(0.0, absl::ToDoubleSeconds(now - then)); }

struct TopicLag {
  std::optional<int64_t> records;  // Nothing when the bus does not tell.
  std::optional<absl::Time> covered_until;
};

std::map<std::string, TopicLag> LagByTopic(const Lag& lag) {
  std::map<std::string, TopicLag> topics;
  for (const PartitionLag& each : lag.partitions) {
    TopicLag& topic = topics[each.partition.topic];
    topic.covered_until = std::min(topic.covered_until.value_or(absl::InfiniteFuture()), each.covered_until);
    if (!each.extent.has_value()) continue;
    const int64_t next = std::max(each.next_offset, each.extent->oldest);
    topic.records = topic.records.value_or(0) + std::max<int64_t>(0, each.extent->end - next);
  }
  return topics;
}

}  // namespace

absl::Status Corridor::ShowLag(const Lag& lag) {
  std::optional<absl::Time> due;
  audit::Unsealed unsealed;
  absl::Time oldest;
  {
    ASSIGN_OR_RETURN(const std::unique_ptr<store::Reader> reader, dependencies_.database->Read());
    ASSIGN_OR_RETURN(due, reader->EarliestDue());
    ASSIGN_OR_RETURN(unsealed, audit::CountUnsealed(*reader));
    ASSIGN_OR_RETURN(const std::vector<store::Row> rows,
                     reader->Query("SELECT time FROM journal WHERE sequence = (SELECT MIN(sequence) FROM outbox)", {}));
    oldest = rows.empty() ? absl::InfiniteFuture() : store::ToTime(rows[0].at(0));
  }
  const absl::Time now = dependencies_.clock->Now();
  {
    absl::MutexLock lock(&mutex_);
    metrics_.queue_inputs->Set(static_cast<double>(queue_.size()));
  }
  metrics_.ready->Set(ready() ? 1 : 0);
  metrics_.lease_held->Set(lease_.held() ? 1 : 0);
  metrics_.stuck_partitions->Set(inbox_.stuck());
  metrics_.due_overdue_seconds->Set(SecondsFrom(due.value_or(now), now));
  metrics_.outbox_rows->Set(static_cast<double>(lag.waiting.outbox_rows));
  metrics_.outbox_age_seconds->Set(SecondsFrom(oldest, now));
  metrics_.parked_keys->Set(static_cast<double>(lag.waiting.parked_keys));
  metrics_.dead_letters_waiting->Set(static_cast<double>(lag.waiting.dead_letters));
  metrics_.audit_unsealed_rows->Set(static_cast<double>(unsealed.rows));
  metrics_.audit_unsealed_age_seconds->Set(SecondsFrom(unsealed.oldest, now));
  const std::map<std::string, TopicLag> lags = LagByTopic(lag);
  for (auto& [name, topic] : metrics_.topics) {
    const auto found = lags.find(name);
    const TopicLag one = found == lags.end() ? TopicLag() : found->second;
    const absl::Time covered = one.covered_until.value_or(absl::InfinitePast());
    topic.lag_seconds->Set(SecondsFrom(covered == absl::InfinitePast() ? made_at_ : covered, now));
    if (one.records.has_value()) topic.lag_records->Set(static_cast<double>(*one.records));
  }
  return absl::OkStatus();
}

}  // namespace polku::pipeline
