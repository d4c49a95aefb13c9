#include "libs/pipeline/corridor.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/audit/seal.h"
#include "libs/base/log.h"
#include "libs/base/status_macros.h"
#include "libs/base/trace.h"
#include "libs/base/violation.h"
#include "libs/pipeline/crash_point.h"

namespace polku::pipeline {
namespace {

constexpr int kTries = 5;
// How many times `batch_backlog_max` a batch takes of a backlog that lasts, while no command comes: it doubles with
// each. A command that comes then waits for such a batch, and the next ones are small again.
constexpr int kBacklogGrowth = 8;
constexpr absl::Duration kGapRetry = absl::Seconds(10);
constexpr int kAllKeys = 100000;
constexpr size_t kGapKeysPerBatch = 100;
constexpr int kGapEventsPerKey = 1000;
constexpr absl::Duration kRetryDelay = absl::Seconds(1);
constexpr absl::Duration kRequestsLook = absl::Hours(1);
// Audit rows are sealed so many at once: a command that comes meanwhile waits some 10 ms.
constexpr int kSealedAtOnce = 2000;

void Answer(WorkItem& item, absl::Status status) {
  if (item.lane == Lane::kCommand) {
    Done done = std::move(item.done);
    if (!done) return;
    if (status.ok()) {
      done(std::move(item.reply));
    } else {
      done(std::move(status));
    }
  } else if (item.lane == Lane::kAudit) {
    const std::function<void(absl::Status)> done = std::move(item.audit_done);
    item.audit_done = nullptr;
    if (done) done(std::move(status));
  }
}

int64_t BytesOf(const WorkItem& item) {
  return item.command == nullptr ? 0 : static_cast<int64_t>(item.command->request->ByteSizeLong());
}

// What a caller is told when a batch was not stored: the reason names files and is for the log.
absl::Status NotStored(const absl::Status& why) {
  if (absl::IsResourceExhausted(why)) {
    return WithRetryDelay(absl::ResourceExhaustedError("not stored: no room"), kRetryDelay);
  }
  return WithRetryDelay(absl::UnavailableError("not stored, as far as is known; repeat it with its request_id"),
                        kRetryDelay);
}

absl::Status ForCaller(absl::Status outcome) {
  if (!absl::IsInternal(outcome) && !absl::IsDataLoss(outcome)) return outcome;
  LogEvent(LogLevel::kError, "command failed", {{"status", outcome}});
  return absl::Status(outcome.code(), "the service failed; its log says why");
}

WorkItem FactOf(polku::common::v1::JournalEntry entry, const std::string& source) {
  WorkItem item;
  item.lane = Lane::kBus;
  item.fills_gap = true;
  item.leaves_out = entry.erased();
  item.received = std::make_unique<Received>();
  PeerFact& fact = item.received->fact;
  fact.source = source;
  fact.epoch = entry.epoch();
  fact.key = entry.key();
  fact.version = entry.version();
  fact.type = entry.type();
  fact.payload = std::move(*entry.mutable_payload());
  fact.traceparent = entry.traceparent();
  fact.time = absl::FromUnixSeconds(entry.time().seconds()) + absl::Nanoseconds(entry.time().nanos());
  return item;
}

// Trying the inputs one by one would find nothing wrong with any of them.
bool IsOfTheMachine(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsResourceExhausted(status) || absl::IsAborted(status) ||
         absl::IsFailedPrecondition(status) || store::IsDiskFailure(status);
}

bool IsAway(const absl::Status& status) { return absl::IsUnavailable(status) || absl::IsResourceExhausted(status); }

}  // namespace

absl::StatusOr<std::unique_ptr<Corridor>> Corridor::Create(const Definition& definition,
                                                           const Dependencies& dependencies, const Limits& limits,
                                                           Inbox& inbox, SentRows& sent) {
  std::unique_ptr<Corridor> corridor(new Corridor(definition, dependencies, limits, inbox, sent));
  ASSIGN_OR_RETURN(corridor->kinds_, Kinds::Create(definition.service, definition.kinds));
  RETURN_IF_ERROR(corridor->Restore());
  return corridor;
}

absl::Status Corridor::Restore() {
  RETURN_IF_ERROR(CheckKinds());
  RETURN_IF_ERROR(eraser_.Finish());
  ASSIGN_OR_RETURN(std::unique_ptr<store::Reader> reader, dependencies_.database->Read());
  ASSIGN_OR_RETURN(const std::vector<store::ParkedRow> blocked, reader->ListBlockedKeys());
  for (const store::ParkedRow& row : blocked) blocked_.insert({row.source, row.key});
  ASSIGN_OR_RETURN(std::vector<store::ParkedRow> parked, reader->ListParkedKeys(1));
  parked_ = !parked.empty();
  ASSIGN_OR_RETURN(std::optional<absl::Time> due, reader->EarliestDue());
  earliest_due_us_ = due.has_value() ? absl::ToUnixMicros(*due) : kNoDue;
  return absl::OkStatus();
}

void Corridor::Submit(WorkItem item) {
  absl::Status refused;
  const int64_t bytes = BytesOf(item);
  {
    absl::MutexLock lock(&mutex_);
    if (closed_) {
      refused = absl::UnavailableError("the service is stopping");
    } else if (static_cast<int>(queue_.size()) >= limits_.queue_inputs_max ||
               (queue_bytes_ + bytes > limits_.queue_bytes_max && !queue_.empty())) {
      refused = absl::ResourceExhaustedError("too many commands are waiting");
    } else {
      idle_passes_ = 0;
      queue_bytes_ += bytes;
      queue_.push_back(std::move(item));
      return;
    }
  }
  Answer(item, WithRetryDelay(std::move(refused), kRetryDelay));
}

void Corridor::Close() {
  std::deque<WorkItem> left;
  std::vector<Asked> asked;
  {
    absl::MutexLock lock(&mutex_);
    closed_ = true;
    left.swap(queue_);
    queue_bytes_ = 0;
    asked.swap(asked_);
  }
  for (Asked& each : asked) each.done(absl::UnavailableError("the service is stopping"));
  for (WorkItem& item : left) {
    Answer(item, WithRetryDelay(absl::UnavailableError("the service is stopping"), kRetryDelay));
  }
}

void Corridor::WaitForWork(absl::Duration longest) {
  absl::MutexLock lock(&mutex_);
  const auto something = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return closed_ || !queue_.empty() || !asked_.empty();
  };
  mutex_.AwaitWithTimeout(absl::Condition(&something), longest);
}

bool Corridor::Idle() const {
  absl::MutexLock lock(&mutex_);
  const bool stored =
      lease_.held() && (steps_pending_ || earliest_due_us_ <= absl::ToUnixMicros(dependencies_.clock->Now()));
  return queue_.empty() && asked_.empty() && !stored && !parked_ && inbox_at_end_ && !eraser_.pending();
}

absl::Status Corridor::GatherStored(Batch& batch) {
  if (!lease_.held()) return absl::OkStatus();
  const absl::Time now = dependencies_.clock->Now();
  const bool due = earliest_due_us_ <= absl::ToUnixMicros(now);
  if (!steps_pending_ && !due) return absl::OkStatus();
  ASSIGN_OR_RETURN(std::unique_ptr<store::Reader> reader, dependencies_.database->Read());
  if (steps_pending_) {
    ASSIGN_OR_RETURN(std::vector<store::StepRow> steps, reader->ReadSteps(limits_.steps_per_batch_max));
    batch.steps_left = static_cast<int>(steps.size()) == limits_.steps_per_batch_max;
    steps_pending_ = !steps.empty();
    for (store::StepRow& step : steps) {
      WorkItem item;
      item.lane = Lane::kStep;
      item.step = std::make_unique<store::StepRow>(std::move(step));
      batch.items.push_back(std::move(item));
    }
  }
  if (due) {
    // What fell due after the last look at the bus can only be held now, and decided after the next look.
    // When this very batch makes that look good, it waits for the next one.
    const absl::Time until = DueUntil(batch.intake);
    std::vector<std::string> keys;
    if (earliest_due_us_ <= absl::ToUnixMicros(until)) {
      ASSIGN_OR_RETURN(keys, reader->ReadDue(until, limits_.due_per_batch_max));
    }
    batch.due_left = static_cast<int>(keys.size()) == limits_.due_per_batch_max;
    batch.due_put_off = until < now && !batch.due_left;
    if (keys.empty() && !batch.due_put_off) {
      ASSIGN_OR_RETURN(std::optional<absl::Time> next, reader->EarliestDue());
      earliest_due_us_ = next.has_value() ? absl::ToUnixMicros(*next) : kNoDue;
    }
    for (std::string& key : keys) {
      WorkItem item;
      item.lane = Lane::kDue;
      item.due_key = std::move(key);
      batch.items.push_back(std::move(item));
    }
  }
  return absl::OkStatus();
}

absl::Status Corridor::GatherGaps(Batch& batch) {
  if (!parked_) return absl::OkStatus();
  const absl::Time now = dependencies_.clock->Now();
  if (now < gaps_next_look_) return absl::OkStatus();
  ASSIGN_OR_RETURN(std::unique_ptr<store::Reader> reader, dependencies_.database->Read());
  ASSIGN_OR_RETURN(std::vector<store::ParkedRow> keys, reader->ListParkedKeys(kAllKeys));
  // Of a partition that another program reads: its gaps are for that one to fill.
  if (dependencies_.database->shared()) {
    std::erase_if(keys, [this](const store::ParkedRow& row) { return !inbox_.Reads({row.topic, row.partition}); });
  }
  // Keys behind a dead letter wait for a person and must not stand before those that we can help.
  std::erase_if(keys, [this](const store::ParkedRow& row) { return blocked_.contains({row.source, row.key}); });
  parked_ = !keys.empty();
  if (keys.size() > kGapKeysPerBatch) keys.resize(kGapKeysPerBatch);
  int unfilled = 0;
  int64_t bytes = 0;
  for (const store::ParkedRow& parked : keys) {
    ASSIGN_OR_RETURN(std::vector<store::ParkedRow> rows,
                     reader->ReadParked(parked.source, parked.key, kGapEventsPerKey));
    if (rows.empty()) continue;
    ASSIGN_OR_RETURN(std::vector<store::SourceVersion> known,
                     reader->FindSourceVersions({{parked.source, parked.key}}));
    const int64_t last = known.empty() ? 0 : known.front().last;
    bool ahead = false;
    for (const store::ParkedRow& row : rows) {
      if (row.version <= last || row.erased) {
        batch.parked_done.push_back(row.id);
      } else {
        ahead = true;
      }
    }
    if (!ahead) continue;
    std::vector<WorkItem> facts = NextFacts(rows, last);
    if (facts.empty()) ++unfilled;
    for (WorkItem& item : facts) {
      bytes += static_cast<int64_t>(item.received->fact.payload.size());
      batch.items.push_back(std::move(item));
    }
    if (bytes > limits_.batch_bytes_max) break;
  }
  metrics_.gaps_unfilled->Set(unfilled);
  gaps_next_look_ = unfilled > 0 ? now + kGapRetry : absl::InfinitePast();
  return absl::OkStatus();
}

std::vector<WorkItem> Corridor::NextFacts(const std::vector<store::ParkedRow>& rows, int64_t last) {
  std::vector<WorkItem> facts;
  int64_t next = last + 1;
  // Rows are in order of arrival; some may have arrived twice.
  for (const store::ParkedRow& row : rows) {
    if (row.version != next || row.erased) continue;
    facts.push_back(FactOf(row));
    ++next;
  }
  if (!facts.empty() || dependencies_.peer_journal == nullptr) return facts;
  const store::ParkedRow& parked = rows.front();
  const TraceScope scope(parked.traceparent);
  auto missing = dependencies_.peer_journal->Read(parked.source, parked.key, last, kGapEventsPerKey);
  const bool fills =
      missing.ok() && !missing->empty() && (missing->front().version() == last + 1 || missing->front().erased());
  if (!fills) {
    LogEvent(LogLevel::kError, "owner cannot fill a gap",
             {{"source", parked.source}, {"key", parked.key}, {"last_version", last}, {"status", missing.status()}});
    return facts;
  }
  for (polku::common::v1::JournalEntry& entry : *missing) facts.push_back(FactOf(std::move(entry), parked.source));
  return facts;
}

absl::Status Corridor::GatherFacts(Batch& batch) {
  const bool others_wait = !batch.items.empty();
  if (others_wait) backlog_inputs_ = limits_.batch_backlog_max;
  const int records_max = others_wait ? limits_.batch_inputs_max : backlog_inputs_;
  absl::StatusOr<Intake> intake = inbox_.Fill(records_max, limits_.batch_bytes_max);
  if (!intake.ok() && IsAway(intake.status())) {
    // The bus being away holds back facts, not commands.
    inbox_at_end_ = false;
    LogEvent(LogLevel::kWarning, "bus cannot be read now", {{"status", intake.status()}});
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(intake.status());
  batch.intake = *std::move(intake);
  if (static_cast<int>(batch.intake.facts.size()) == backlog_inputs_) {
    backlog_inputs_ = std::min(2 * backlog_inputs_, kBacklogGrowth * limits_.batch_backlog_max);
  }
  if (inbox_.TakeStarted() && dependencies_.database->shared()) {
    parked_ = true;
    gaps_next_look_ = absl::InfinitePast();
    RETURN_IF_ERROR(LookAtOthers());
  }
  batch.items.reserve(batch.items.size() + batch.intake.facts.size());
  for (std::unique_ptr<Received>& received : batch.intake.facts) {
    WorkItem& item = batch.items.emplace_back();
    item.lane = Lane::kBus;
    item.received = std::move(received);
  }
  batch.intake.facts.clear();
  return absl::OkStatus();
}

absl::StatusOr<Corridor::Batch> Corridor::Gather() {
  Batch batch;
  {
    absl::MutexLock lock(&mutex_);
    const size_t count = std::min<size_t>(queue_.size(), limits_.batch_inputs_max);
    batch.items.assign(std::make_move_iterator(queue_.begin()), std::make_move_iterator(queue_.begin() + count));
    queue_.erase(queue_.begin(), queue_.begin() + count);
    for (const WorkItem& item : batch.items) queue_bytes_ -= BytesOf(item);
  }
  absl::Status status = GatherGaps(batch);
  if (status.ok()) status = GatherFacts(batch);
  // Steps and due instants come after the facts, so that they see what has just been read.
  if (status.ok()) status = GatherStored(batch);
  if (!status.ok()) {
    RETURN_IF_ERROR(GiveUp(batch, status));
    return status;
  }
  return batch;
}

FoldSettings Corridor::SettingsNow(const std::set<PeerKey>& blocked) const {
  FoldSettings settings;
  settings.definition = &definition_;
  settings.kinds = &*kinds_;
  settings.hash_key = dependencies_.database->hash_key();
  settings.now = dependencies_.clock->Now();
  settings.covered_until = inbox_.covered_until();
  settings.blocked = &blocked;
  settings.crew = crew_.get();
  settings.slice_inputs_max = limits_.batch_inputs_max;
  return settings;
}

absl::Status Corridor::FoldAndClaim(store::Transaction& transaction, Fold& fold, std::vector<WorkItem>& items,
                                    const std::vector<store::PositionClaim>& claims,
                                    const std::vector<int64_t>& parked_done, Tried& tried) {
  if (!parked_done.empty()) RETURN_IF_ERROR(transaction.DeleteParked(parked_done));
  const std::vector<int64_t> sent = sent_.Oldest(static_cast<size_t>(limits_.batch_inputs_max));
  if (!sent.empty()) RETURN_IF_ERROR(transaction.DeleteOutbox(sent));
  RETURN_IF_ERROR(fold.Run(items));
  const bool stored = std::any_of(items.begin(), items.end(), [](const WorkItem& item) {
    return item.lane == Lane::kStep || item.lane == Lane::kDue;
  });
  if (stored) {
    const absl::Status held = lease_.Hold(transaction);
    if (absl::IsAborted(held)) tried.reached = Reached::kLostLease;
    RETURN_IF_ERROR(held);
  }
  for (const store::PositionClaim& claim : claims) {
    const absl::Status claimed = transaction.ClaimPosition(claim);
    if (absl::IsAborted(claimed)) tried.reached = Reached::kLostPosition;
    RETURN_IF_ERROR(claimed);
  }
  CrashPoint("corridor.before_commit");
  tried.reached = Reached::kCommit;
  RETURN_IF_ERROR(transaction.Commit());
  tried.reached = Reached::kCommitted;
  sent_.Deleted(sent);
  return absl::OkStatus();
}

Corridor::Tried Corridor::Try(std::vector<WorkItem>& items, const std::vector<store::PositionClaim>& claims,
                              const std::vector<int64_t>& parked_done) {
  Tried tried;
  absl::StatusOr<std::unique_ptr<store::Transaction>> transaction = dependencies_.database->Begin();
  if (!transaction.ok()) {
    tried.status = transaction.status();
    return tried;
  }
  Fold fold(**transaction, SettingsNow(blocked_));
  tried.status = FoldAndClaim(**transaction, fold, items, claims, parked_done, tried);
  if (!tried.status.ok()) return tried;
  CrashPoint("corridor.after_commit");
  Learn(fold.counts());
  return tried;
}

void Corridor::Learn(const FoldCounts& counts) {
  blocked_.insert(counts.newly_blocked.begin(), counts.newly_blocked.end());
  if (counts.parked > 0) {
    parked_ = true;
    gaps_next_look_ = absl::InfinitePast();
  }
  if (counts.steps > 0) steps_pending_ = true;
  if (counts.earliest_due.has_value()) {
    earliest_due_us_ = std::min<int64_t>(earliest_due_us_, absl::ToUnixMicros(*counts.earliest_due));
  }
  metrics_.events->Increment(counts.events);
  metrics_.duplicates->Increment(counts.duplicates);
  metrics_.parked->Increment(counts.parked);
  metrics_.dead_letters->Increment(counts.dead_letters);
  metrics_.erased_dropped->Increment(counts.erased_dropped);
  if (counts.erasures > 0) eraser_.Decided();
  const absl::Time now = dependencies_.clock->Now();
  for (absl::Time due : counts.due_handled) {
    metrics_.due_lateness_seconds->Observe(std::max(0.0, absl::ToDoubleSeconds(now - due)));
  }
  if (counts.public_events > 0 && wake_relay_) wake_relay_();
}

absl::Status Corridor::LearnAfter(const Batch& batch) {
  if (batch.steps_left) steps_pending_ = true;
  const bool due = lease_.held() && earliest_due_us_ <= absl::ToUnixMicros(dependencies_.clock->Now());
  if (due && !batch.due_left) {
    ASSIGN_OR_RETURN(std::unique_ptr<store::Reader> reader, dependencies_.database->Read());
    ASSIGN_OR_RETURN(std::optional<absl::Time> next, reader->EarliestDue());
    earliest_due_us_ = next.has_value() ? absl::ToUnixMicros(*next) : kNoDue;
  }
  return absl::OkStatus();
}

void Corridor::Deliver(std::vector<WorkItem>& items) {
  const absl::Time now = dependencies_.clock->Now();
  for (WorkItem& item : items) {
    const TraceScope scope(TraceparentOf(item));
    metrics_.inputs[static_cast<int>(item.lane)]->Increment();
    if (item.lane == Lane::kBus) metrics_.CountRecord(item, now);
    if (item.lane == Lane::kCommand && !item.outcome.ok()) metrics_.refusals->Increment();
    if ((item.lane == Lane::kDue || item.lane == Lane::kStep) && !item.outcome.ok()) {
      LogEvent(LogLevel::kError, "an input of our own was refused",
               {{"lane", item.lane == Lane::kDue ? "due" : "step"},
                {"key", item.lane == Lane::kDue ? item.due_key : item.step->key},
                {"status", item.outcome}});
    }
    Answer(item, ForCaller(item.outcome));
  }
}

// Splits until the one input that breaks the batch stands alone, and sets that one aside. The
// positions are claimed afterwards: a crash in between delivers again what versions then drop.
absl::Status Corridor::RunHalved(std::vector<WorkItem>& items, const std::vector<store::PositionClaim>& places) {
  const Tried tried = Try(items, places, {});
  const absl::Status& status = tried.status;
  if (status.ok()) {
    Deliver(items);
    return status;
  }
  if (IsOfTheMachine(status) || tried.reached == Reached::kCommit) {
    for (WorkItem& item : items) Answer(item, NotStored(status));
    return status;
  }
  if (items.size() == 1) {
    const TraceScope scope(TraceparentOf(items[0]));
    LogEvent(LogLevel::kError, "an input breaks its batch",
             {{"lane", static_cast<int>(items[0].lane)}, {"status", status}});
    if (!items[0].broke.ok() || items[0].lane == Lane::kCommand || items[0].lane == Lane::kAudit) {
      Answer(items[0], ForCaller(status));
      return items[0].broke.ok() ? absl::OkStatus() : status;
    }
    items[0].broke = status;
    if (items[0].received != nullptr) items[0].received->problem = status;
    return RunHalved(items, places);
  }
  std::vector<WorkItem> tail(std::make_move_iterator(items.begin() + static_cast<int64_t>(items.size() / 2)),
                             std::make_move_iterator(items.end()));
  items.resize(items.size() / 2);
  const absl::Status head_status = RunHalved(items, places);
  if (!head_status.ok()) {
    for (WorkItem& item : tail) Answer(item, NotStored(head_status));
    return head_status;
  }
  return RunHalved(tail, places);
}

absl::Status Corridor::GiveUp(Batch& batch, const absl::Status& why) {
  for (WorkItem& item : batch.items) {
    // The transaction's outcome may be unknown; a repeat with the same request id tells.
    if (item.lane == Lane::kCommand || item.lane == Lane::kAudit) {
      Answer(item, NotStored(why));
    }
  }
  steps_pending_ = true;
  inbox_at_end_ = false;
  ready_ = false;
  return inbox_.Rewind();
}

absl::Status Corridor::RunBatch(Batch& batch) {
  absl::Status status;
  for (int attempt = 0; attempt < kTries; ++attempt) {
    const Tried tried = Try(batch.items, batch.intake.claims, batch.parked_done);
    status = tried.status;
    if (status.ok()) {
      inbox_.Committed(batch.intake);
      Deliver(batch.items);
      return LearnAfter(batch);
    }
    metrics_.failed_batches->Increment();
    if (tried.reached == Reached::kLostLease) {
      // Somebody else does now what is stored, or has done it.
      std::erase_if(batch.items,
                    [](const WorkItem& item) { return item.lane == Lane::kStep || item.lane == Lane::kDue; });
    } else if (tried.reached == Reached::kLostPosition) {
      // Somebody else reads a partition now: what came from the bus is theirs.
      std::erase_if(batch.items, [](const WorkItem& item) { return item.lane == Lane::kBus && !item.fills_gap; });
      batch.intake = Intake();
      status = inbox_.Rewind();
      if (!status.ok()) break;
    } else if (!absl::IsAborted(status)) {
      if (IsOfTheMachine(status) || tried.reached == Reached::kCommit) break;
      std::vector<store::PositionClaim> places = batch.intake.claims;
      for (store::PositionClaim& place : places) place.next = place.expected;
      status = RunHalved(batch.items, places);
      if (!status.ok()) break;
      std::vector<WorkItem> none;
      status = Try(none, batch.intake.claims, batch.parked_done).status;
      if (!status.ok()) break;
      inbox_.Committed(batch.intake);
      return LearnAfter(batch);
    }
  }
  LogEvent(LogLevel::kError, "batch not committed", {{"service", definition_.service}, {"status", status}});
  RETURN_IF_ERROR(GiveUp(batch, status));
  return absl::IsAborted(status) ? absl::UnavailableError(status.message()) : status;
}

// A reply that is older than `request_kept` is forgotten, a bounded number at a time.
absl::Status Corridor::ForgetOldRequests() {
  const absl::Time now = dependencies_.clock->Now();
  if (now < requests_next_look_) return absl::OkStatus();
  ASSIGN_OR_RETURN(std::unique_ptr<store::Transaction> transaction, dependencies_.database->Begin());
  ASSIGN_OR_RETURN(const int64_t deleted,
                   transaction->DeleteRequestsBefore(now - limits_.request_kept, limits_.batch_inputs_max));
  RETURN_IF_ERROR(transaction->Commit());
  if (deleted < limits_.batch_inputs_max) requests_next_look_ = now + kRequestsLook;
  return absl::OkStatus();
}

// Beside the batches, so that nobody waits for it.
absl::Status Corridor::SealAudit() {
  const absl::Time now = dependencies_.clock->Now();
  if (!lease_.held() || now < seal_next_) return absl::OkStatus();
  const auto hold = [this](store::Transaction& transaction) { return lease_.Hold(transaction); };
  const absl::StatusOr<int> sealed = audit::SealRows(*dependencies_.database, kSealedAtOnce, hold);
  if (absl::IsAborted(sealed.status())) return absl::OkStatus();  // Another program does it now.
  RETURN_IF_ERROR(sealed.status());
  if (*sealed < kSealedAtOnce) seal_next_ = now + limits_.audit_seal_interval;
  return absl::OkStatus();
}

absl::StatusOr<bool> Corridor::Step() {
  RETURN_IF_ERROR(Share());
  RETURN_IF_ERROR(eraser_.DestroyKeys());
  ASSIGN_OR_RETURN(const bool judged, JudgeAll());
  ASSIGN_OR_RETURN(Batch batch, Gather());
  inbox_at_end_ = inbox_.at_end();
  const bool work = !batch.items.empty() || !batch.intake.claims.empty() || !batch.parked_done.empty();
  if (work) {
    idle_passes_ = 0;
    RETURN_IF_ERROR(RunBatch(batch));
    ++batches_;
    metrics_.batches->Increment();
  } else {
    inbox_.Committed(batch.intake);
    if (!batch.due_put_off) ++idle_passes_;
  }
  RETURN_IF_ERROR(eraser_.DestroyKeys());
  ASSIGN_OR_RETURN(const bool swept, eraser_.Sweep());
  RETURN_IF_ERROR(ForgetOldRequests());
  RETURN_IF_ERROR(SealAudit());
  std::vector<store::Coverage> coverage = inbox_.coverage();
  {
    absl::MutexLock lock(&mutex_);
    coverage_ = std::move(coverage);
  }
  const bool shared = dependencies_.database->shared();
  ready_ = shared ? inbox_.caught_up() : inbox_.covered_until() > absl::InfinitePast();
  return work || swept || judged || (batch.due_put_off && !shared);
}

}  // namespace polku::pipeline
