// The loop of one service that turns queued commands, peers' facts, steps and due instants into
// committed batches. See pipeline.h for the promises to callers.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "libs/base/crew.h"
#include "libs/pipeline/eraser.h"
#include "libs/pipeline/fold.h"
#include "libs/pipeline/inbox.h"
#include "libs/pipeline/kinds.h"
#include "libs/pipeline/lease.h"
#include "libs/pipeline/pipeline.h"
#include "libs/pipeline/pipeline_metrics.h"
#include "libs/pipeline/sent_rows.h"
#include "libs/pipeline/work_item.h"

namespace polku::pipeline {

// As an instant in microseconds.
inline constexpr int64_t kNoDue = std::numeric_limits<int64_t>::max();

// A record that was parked or set aside, as it goes in again: before what is parked behind it.
WorkItem FactOf(const store::ParkedRow& row);

class Corridor {
 public:
  // Each batch also deletes what is `sent` of the outbox. All of them must live as long.
  static absl::StatusOr<std::unique_ptr<Corridor>> Create(const Definition& definition,
                                                          const Dependencies& dependencies, const Limits& limits,
                                                          Inbox& inbox, SentRows& sent);

  // Thread-safe.
  void Submit(WorkItem item);
  // Thread-safe. See Pipeline::Judge.
  void Judge(Judgement judgement, JudgedDone done);
  // Thread-safe. See Pipeline::CheckReplay.
  absl::Status CheckReplay(const store::ParkedRow& record) const;
  // Thread-safe. Up to when the partitions that are read here were covered after the last Step.
  std::vector<store::Coverage> coverage() const {
    absl::MutexLock lock(&mutex_);
    return coverage_;
  }
  // Thread-safe. Refuses what is queued and what comes later.
  void Close();
  // Thread-safe. Returns when something is queued or after `longest`.
  void WaitForWork(absl::Duration longest);
  // `wake` is called after a commit that put something into the outbox. Before the first Step.
  void OnPublicEvents(std::function<void()> wake) { wake_relay_ = std::move(wake); }

  // One caller. See Pipeline::Step.
  absl::StatusOr<bool> Step();
  // recall.cc; before the first Step. See Pipeline.
  absl::StatusOr<Forgotten> FindForgotten(std::vector<bus::Record> records) const;
  absl::Status Recall(std::vector<PeerFact> told);

  // Whose are due instants, stored steps and the outbox.
  Lease& lease() { return lease_; }
  // Thread-safe. No outbox row, and nothing that others have left for whoever has the lease.
  absl::StatusOr<bool> NothingStored() const;
  // Thread-safe.
  bool Idle() const;  // Nothing queued, no step, nothing due, nothing to read, nothing parked.
  uint64_t batches() const { return batches_; }
  uint64_t idle_passes() const { return idle_passes_; }
  bool ready() const { return ready_; }
  // gauges.cc. Shows in the metrics what they do not count as it happens. Blocks on the database.
  absl::Status ShowLag(const Lag& lag);

 private:
  Corridor(const Definition& definition, const Dependencies& dependencies, const Limits& limits, Inbox& inbox,
           SentRows& sent)
      : definition_(definition),
        dependencies_(dependencies),
        limits_(limits),
        inbox_(inbox),
        sent_(sent),
        backlog_inputs_(limits.batch_backlog_max),
        metrics_(*dependencies.metrics, definition),
        crew_(std::make_unique<Crew>(limits.fold_threads)),
        eraser_(*dependencies.database, limits_, metrics_),
        lease_(*dependencies.database, monotonic_, limits.lease_lasts) {}

  struct Asked {
    Judgement judgement;
    JudgedDone done;
  };
  using Judged = absl::StatusOr<polku::common::v1::JudgedDeadLetter>;
  // How far a batch came.
  enum class Reached { kCommitted, kFold, kLostLease, kLostPosition, kCommit };
  struct Tried {
    Reached reached = Reached::kFold;
    absl::Status status;
  };
  struct Batch {
    std::vector<WorkItem> items;
    Intake intake;
    std::vector<int64_t> parked_done;  // Parked rows that have been overtaken.
    bool due_left = false;             // More was due than the batch could take.
    bool steps_left = false;
    bool due_put_off = false;  // Something is due that the next batch can decide better.
  };

  absl::Status Restore();
  // sharing.cc: what there is to do because other programs share the database.
  absl::Status Share();
  absl::Status LookAtOthers();
  // Up to when due instants can be decided by what has been read.
  absl::Time DueUntil(const Intake& intake);
  absl::StatusOr<Batch> Gather();
  absl::Status GatherStored(Batch& batch);
  absl::Status GatherGaps(Batch& batch);
  absl::Status GatherFacts(Batch& batch);
  absl::Status RunBatch(Batch& batch);
  // `places`: no position has moved since they were read.
  absl::Status RunHalved(std::vector<WorkItem>& items, const std::vector<store::PositionClaim>& places);
  Tried Try(std::vector<WorkItem>& items, const std::vector<store::PositionClaim>& claims,
            const std::vector<int64_t>& parked_done);
  absl::Status FoldAndClaim(store::Transaction& transaction, Fold& fold, std::vector<WorkItem>& items,
                            const std::vector<store::PositionClaim>& claims, const std::vector<int64_t>& parked_done,
                            Tried& tried);
  FoldSettings SettingsNow(const std::set<PeerKey>& blocked) const;
  // The facts that come next for a key with parked rows, from these rows or from the owner.
  std::vector<WorkItem> NextFacts(const std::vector<store::ParkedRow>& rows, int64_t last);
  absl::Status CheckKinds();
  absl::StatusOr<bool> JudgeAll();
  // `answer` is for who asked; the return value is the database's.
  absl::Status JudgeOne(const Judgement& judgement, Judged& answer);
  // What there is to fold so that the decision is carried out; the rest of it is done at once.
  absl::StatusOr<std::vector<WorkItem>> CarryOut(store::Transaction& transaction, const Judgement& judgement,
                                                 const store::DeadLetterRow& letter) const;
  // The feed that a record came from; null when it is not one of ours.
  const Feed* FeedOf(const store::ParkedRow& record) const;
  absl::Status GiveUp(Batch& batch, const absl::Status& why);
  void Deliver(std::vector<WorkItem>& items);
  void Learn(const FoldCounts& counts);
  absl::Status LearnAfter(const Batch& batch);
  absl::Status ForgetOldRequests();
  absl::Status SealAudit();

  const Definition& definition_;
  const Dependencies dependencies_;
  const Limits limits_;
  Inbox& inbox_;
  SentRows& sent_;
  int backlog_inputs_;  // What the next batch may take of a backlog.
  PipelineMetrics metrics_;
  const std::unique_ptr<Crew> crew_;
  Eraser eraser_;
  const SystemMonotonicClock monotonic_;
  const absl::Time made_at_ = dependencies_.clock->Now();
  Lease lease_;
  std::optional<Kinds> kinds_;
  std::function<void()> wake_relay_;

  mutable absl::Mutex mutex_;
  std::deque<WorkItem> queue_ ABSL_GUARDED_BY(mutex_);
  int64_t queue_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<Asked> asked_ ABSL_GUARDED_BY(mutex_);
  std::vector<store::Coverage> coverage_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;

  // Owned by the caller of Step; atomic where others look.
  std::set<PeerKey> blocked_;
  absl::Time gaps_next_look_ = absl::InfinitePast();
  absl::Time requests_next_look_ = absl::InfinitePast();
  absl::Time seal_next_ = absl::InfinitePast();
  absl::Duration tell_next_;  // By the monotonic clock.
  absl::Duration look_next_;
  absl::Duration count_next_;
  absl::Duration patience_ends_;
  absl::Time waited_from_ = absl::InfinitePast();
  std::atomic<bool> steps_pending_ = true;
  std::atomic<bool> parked_ = false;
  std::atomic<int64_t> earliest_due_us_ = 0;  // INT64_MAX = none.
  std::atomic<bool> inbox_at_end_ = false;
  std::atomic<bool> ready_ = false;
  std::atomic<uint64_t> batches_ = 0;
  std::atomic<uint64_t> idle_passes_ = 0;
};

}  // namespace polku::pipeline
