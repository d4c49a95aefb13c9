#include "libs/pipeline/pipeline.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <set>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "libs/base/log.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/pipeline/corridor.h"
#include "libs/pipeline/inbox.h"
#include "libs/pipeline/relay.h"
#include "libs/pipeline/work_item.h"

namespace polku::pipeline {
namespace {

// Whoever asks how far a service is behind shall get the rest in time when the bus is away.
constexpr absl::Duration kAskExtents = absl::Seconds(3);

// A bell that one loop waits for and another rings.
class Bell {
 public:
  void Ring() {
    absl::MutexLock lock(&mutex_);
    rung_ = true;
  }
  void Wait(absl::Duration longest) {
    absl::MutexLock lock(&mutex_);
    mutex_.AwaitWithTimeout(absl::Condition(&rung_), longest);
    rung_ = false;
  }

 private:
  absl::Mutex mutex_;
  bool rung_ ABSL_GUARDED_BY(mutex_) = false;
};

bool IsTransient(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsResourceExhausted(status) || absl::IsAborted(status);
}

}  // namespace

struct Pipeline::Loops {
  Bell relay_bell;
  std::atomic<bool> stop = false;
  absl::Notification pause;  // Ends the relay's pause when all stops.
  std::atomic<bool> fatal_told = false;
  std::vector<std::thread> threads;
};

Pipeline::Pipeline(const Dependencies& dependencies, const Limits& limits)
    : dependencies_(dependencies), limits_(limits), loops_(std::make_unique<Loops>()) {}

Pipeline::~Pipeline() = default;

absl::StatusOr<std::unique_ptr<Pipeline>> Pipeline::Create(Definition definition, const Dependencies& dependencies,
                                                           const Limits& limits) {
  std::unique_ptr<Pipeline> pipeline(new Pipeline(dependencies, limits));
  pipeline->definition_ = std::make_unique<Definition>(std::move(definition));
  const Definition& kept = *pipeline->definition_;
  ASSIGN_OR_RETURN(pipeline->inbox_, Inbox::Create(kept.service, kept.subscriptions, kept.feeds, *dependencies.bus,
                                                   *dependencies.database, *dependencies.clock, limits.read_ahead));
  ASSIGN_OR_RETURN(pipeline->relay_, Relay::Create(kept.service, *dependencies.bus, *dependencies.database,
                                                   limits.relay_batch_max, *dependencies.metrics));
  ASSIGN_OR_RETURN(pipeline->corridor_,
                   Corridor::Create(kept, dependencies, limits, *pipeline->inbox_, pipeline->relay_->sent()));
  Loops* loops = pipeline->loops_.get();
  pipeline->corridor_->OnPublicEvents([loops] { loops->relay_bell.Ring(); });
  return pipeline;
}

const std::string& Pipeline::service() const { return definition_->service; }

void Pipeline::Submit(Command command, Done done) {
  WorkItem item;
  item.lane = Lane::kCommand;
  item.command = std::make_unique<Command>(std::move(command));
  item.done = std::move(done);
  corridor_->Submit(std::move(item));
}

void Pipeline::SubmitAudit(std::vector<store::AuditRow> rows, std::function<void(absl::Status)> done) {
  WorkItem item;
  item.lane = Lane::kAudit;
  item.audit = std::move(rows);
  item.audit_done = std::move(done);
  corridor_->Submit(std::move(item));
}

void Pipeline::Judge(Judgement judgement, JudgedDone done) { corridor_->Judge(std::move(judgement), std::move(done)); }

absl::Status Pipeline::CheckReplay(const store::DeadLetterRow& letter) const {
  return corridor_->CheckReplay(letter.record);
}

absl::StatusOr<Lag> Pipeline::MeasureLag() const {
  Lag lag;
  std::map<bus::TopicPartition, PartitionLag> partitions;
  const std::set<std::string> topics(inbox_->topics().begin(), inbox_->topics().end());
  {
    ASSIGN_OR_RETURN(const std::unique_ptr<store::Reader> reader, database().Read());
    ASSIGN_OR_RETURN(const std::vector<store::PositionRow> positions, reader->ReadPositions());
    for (const store::PositionRow& row : positions) {
      if (!topics.contains(row.topic)) continue;  // It was read once.
      PartitionLag& partition = partitions[{row.topic, row.partition}];
      partition.next_offset = row.next_offset;
      partition.covered_until = row.covered_until;
    }
    ASSIGN_OR_RETURN(lag.waiting, store::CountWaiting(*reader));
  }
  for (const store::Coverage& told : corridor_->coverage()) {
    PartitionLag& partition = partitions[{told.topic, told.partition}];
    partition.covered_until = std::max(partition.covered_until, told.until);
  }
  for (const std::string& topic : topics) {
    const absl::StatusOr<std::vector<bus::Extent>> extents = dependencies_.bus->Extents(topic, kAskExtents);
    lag.bus = extents.status();
    if (!extents.ok()) break;  // Each of the others would be waited for as long.
    for (size_t i = 0; i < extents->size(); ++i) partitions[{topic, static_cast<int>(i)}].extent = (*extents)[i];
  }
  for (auto& [name, partition] : partitions) {
    partition.partition = name;
    lag.partitions.push_back(std::move(partition));
  }
  return lag;
}

absl::StatusOr<absl::Time> Pipeline::KnownUntil(store::Reader& reader, const std::string& service,
                                                const std::string& key) const {
  // `reader` sees the rows of some moments ago, which is as long as a query takes.
  const std::vector<store::Coverage> told = corridor_->coverage();
  ASSIGN_OR_RETURN(const std::vector<store::ParkedRow> parked, reader.ReadParked(service, key, 1));
  ASSIGN_OR_RETURN(const std::vector<store::ParkedRow> blocked, reader.ListBlockedKeys());
  const bool waits = !parked.empty() || std::any_of(blocked.begin(), blocked.end(), [&](const store::ParkedRow& row) {
    return row.source == service && row.key == key;
  });
  if (waits || !Ready()) return absl::InfinitePast();
  const std::string topic = TopicOf(service);
  std::map<int, absl::Time> covered;  // By partition.
  ASSIGN_OR_RETURN(const std::vector<store::PositionRow> positions, reader.ReadPositions());
  for (const store::PositionRow& row : positions) {
    if (row.topic == topic) covered[row.partition] = row.covered_until;
  }
  for (const store::Coverage& each : told) {
    if (each.topic != topic) continue;
    const auto place = covered.try_emplace(each.partition, each.until).first;
    place->second = std::max(place->second, each.until);
  }
  absl::Time least = covered.empty() ? absl::InfinitePast() : absl::InfiniteFuture();
  for (const auto& [partition, until] : covered) least = std::min(least, until);
  return least;
}

absl::Status Pipeline::ShowLag() const {
  ASSIGN_OR_RETURN(const Lag lag, MeasureLag());
  return corridor_->ShowLag(lag);
}

absl::StatusOr<Forgotten> Pipeline::FindForgotten(std::vector<bus::Record> records) const {
  return corridor_->FindForgotten(std::move(records));
}
absl::Status Pipeline::Recall(std::vector<PeerFact> told) { return corridor_->Recall(std::move(told)); }
absl::StatusOr<bool> Pipeline::Step() { return corridor_->Step(); }
absl::StatusOr<bool> Pipeline::RelayStep() { return relay_->Step(corridor_->lease().held()); }
bool Pipeline::Ready() const { return corridor_->ready(); }

void Pipeline::Start(std::function<void(absl::Status)> on_fatal) {
  // Calls `step` until Stop. Rests when there was nothing to do, backs off while a dependency is away.
  const auto run = [this, on_fatal](absl::string_view name, auto step, auto rest) {
    absl::Duration back_off = limits_.idle_wait;
    while (!loops_->stop) {
      absl::StatusOr<bool> worked = step();
      if (worked.ok()) {
        back_off = limits_.idle_wait;
        if (!*worked) rest(limits_.idle_wait);
        continue;
      }
      if (!IsTransient(worked.status())) {
        LogEvent(LogLevel::kError, "loop ended", {{"service", service()}, {"loop", name}, {"status", worked.status()}});
        if (!loops_->fatal_told.exchange(true) && on_fatal) on_fatal(worked.status());
        return;
      }
      LogEvent(LogLevel::kWarning, "loop backs off",
               {{"service", service()}, {"loop", name}, {"status", worked.status()}, {"wait", back_off}});
      rest(back_off);
      back_off = std::min(back_off * 2, limits_.retry_wait_max);
    }
  };
  loops_->threads.emplace_back([this, run] {
    run(
        "corridor", [this] { return Step(); }, [this](absl::Duration wait) { corridor_->WaitForWork(wait); });
  });
  loops_->threads.emplace_back([this, run] {
    // The bell wakes the relay; the long rest only covers a ring that was missed.
    const auto send = [this]() -> absl::StatusOr<bool> {
      ASSIGN_OR_RETURN(const bool sent, RelayStep());
      if (sent) loops_->pause.WaitForNotificationWithTimeout(limits_.relay_pause);
      return sent;
    };
    // Other programs do not ring it.
    const absl::Duration longest = database().shared() ? limits_.shared_look / 2 : absl::Milliseconds(200);
    run("relay", send, [this, longest](absl::Duration wait) { loops_->relay_bell.Wait(std::max(wait, longest)); });
  });
}

void Pipeline::Stop() {
  corridor_->Close();
  loops_->stop = true;
  if (!loops_->pause.HasBeenNotified()) loops_->pause.Notify();
  loops_->relay_bell.Ring();
  for (std::thread& thread : loops_->threads) thread.join();
  loops_->threads.clear();
  corridor_->lease().Release();
}

absl::StatusOr<bool> Pipeline::Drained() {
  if (!corridor_->Idle() || corridor_->idle_passes() < 2) return false;
  return corridor_->NothingStored();
}

uint64_t Pipeline::batches() const { return corridor_->batches(); }
uint64_t Pipeline::idle_passes() const { return corridor_->idle_passes(); }

absl::Status WaitDrained(absl::Span<Pipeline* const> pipelines, const MonotonicClock& clock, absl::Duration longest) {
  const absl::Duration end = clock.Elapsed() + longest;
  // A record that one pipeline has just published is not seen by another until that one has
  // polled. So: all drained, then two more idle passes of each, and still nothing has moved.
  while (clock.Elapsed() < end) {
    std::vector<uint64_t> batches;
    std::vector<uint64_t> passes;
    bool drained = true;
    for (Pipeline* pipeline : pipelines) {
      ASSIGN_OR_RETURN(const bool one, pipeline->Drained());
      drained = drained && one;
      batches.push_back(pipeline->batches());
      passes.push_back(pipeline->idle_passes());
    }
    bool settled = false;
    while (drained && !settled && clock.Elapsed() < end) {
      settled = true;
      for (size_t i = 0; i < pipelines.size(); ++i) {
        drained = drained && pipelines[i]->batches() == batches[i];
        settled = settled && pipelines[i]->idle_passes() >= passes[i] + 2;
      }
      if (!settled) std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
    if (drained && settled) return absl::OkStatus();
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  return absl::DeadlineExceededError("the services did not come to rest");
}

}  // namespace polku::pipeline
