// The corridor of one service: commands, peers' facts, due instants and steps go in; state,
// journal, outbox, index rows, replies and positions come out, in one transaction per batch.
//
//   Submit ───> queue ─┐
//   bus ──────> inbox ─┼─> Step(): load → Decide → Evolve → derive → commit ─> replies
//   due rows, steps ───┘                                          outbox ─> RelayStep() ─> bus
//
// Nothing here knows the domain; the domain knows nothing of this.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "google/protobuf/message.h"
#include "libs/base/clock.h"
#include "libs/bus/bus.h"
#include "libs/pipeline/aggregate_kind.h"
#include "libs/pipeline/domain.h"
#include "libs/pipeline/feed.h"
#include "libs/pipeline/peer_journal.h"
#include "libs/pipeline/wire.h"
#include "libs/store/database.h"
#include "polku/common/v1/journal.pb.h"
#include "polku/common/v1/operator.pb.h"
#include "prometheus/registry.h"

namespace polku::pipeline {

// "polku.coordinator-network.events.v1" for "coordinator-network".
std::string TopicOf(absl::string_view service);

// What a service is made of.
struct Definition {
  std::string service;  // "follow-up", as in the folder name.
  std::vector<std::unique_ptr<AggregateKind>> kinds;
  std::map<std::string, std::string> queries;  // Lookup name -> SQL with $1, $2, ...
  std::vector<std::string> subscriptions;      // Services whose topics are read.
  std::vector<Feed> feeds;                     // Foreign topics that are read; they need `read_foreign`.
  ReadForeign read_foreign;
};

struct Dependencies {
  const Clock* clock = nullptr;
  store::Database* database = nullptr;
  bus::Bus* bus = nullptr;
  prometheus::Registry* metrics = nullptr;
  PeerJournal* peer_journal = nullptr;  // Fills gaps; may be null in unit tests.
};

struct Limits {
  int batch_inputs_max = 1000;         // Per batch while a command waits.
  int batch_backlog_max = 5000;        // Per batch when only the bus has a backlog.
  int64_t batch_bytes_max = 16 << 20;  // Of bus records per batch.
  int fold_threads = 2;                // On which a batch's records are decided, the loop's own among them.
  int queue_inputs_max = 10000;        // Commands that may wait; over it they are refused.
  int64_t queue_bytes_max = 64 << 20;  // Of their requests.
  int due_per_batch_max = 200;         // A command that comes meanwhile waits for them.
  int steps_per_batch_max = 500;
  bool read_ahead = true;  // Peers' next records are read by a thread of their own while a batch is handled.
  int relay_batch_max = 2000;
  int erasures_waiting_max = 10000;       // Decided erasures whose keys are destroyed together.
  int erasures_per_sweep_max = 500;       // Erased clients whose rows are deleted in one walk over the tables.
  int erasure_rows_per_batch_max = 5000;  // Rows that one transaction of that walk looks at.
  // Between two sendings: what becomes public meanwhile goes together, with one fsync on each side.
  absl::Duration relay_pause = absl::Milliseconds(10);
  absl::Duration idle_wait = absl::Milliseconds(5);   // How long a loop rests when there is nothing to do.
  absl::Duration retry_wait_max = absl::Seconds(30);  // Longest back-off while a dependency is away.
  absl::Duration request_kept = absl::Hours(7 * 24);  // Replies are remembered this long.
  // How often committed audit rows are sealed: so long one may be changed unseen. See libs/audit.
  absl::Duration audit_seal_interval = absl::Seconds(1);
  // For programs that share a database. Who has the lease handles due instants, steps and the outbox; when it dies,
  // another goes on after `lease_lasts`.
  absl::Duration lease_lasts = absl::Seconds(5);
  absl::Duration shared_tell = absl::Milliseconds(500);  // How often others are told what was read.
  absl::Duration shared_look = absl::Milliseconds(100);  // How often is looked what others have left or told.
  absl::Duration shared_patience = absl::Seconds(10);    // Due instants wait so long for what others have to read.
};

// Resolves the aggregate of a command by a secret that must not become a key.
struct AliasClaim {
  std::string kind;  // "hetu"
  std::string keyed_hash;
};

struct Command {
  std::string method;                                  // "polku.referral.v1.ReferralService/SubmitReferral"
  std::unique_ptr<google::protobuf::Message> request;  // The concrete request message.
  // Empty = the domain's KeyOf. With an alias: the key to use if the alias is new.
  std::string key;
  std::optional<AliasClaim> alias;
  std::string request_id;  // Empty = not remembered.
  Principal principal;
  std::string traceparent;
  absl::Time deadline = absl::InfiniteFuture();  // Refused unrun after it.
};

// Called once. The reply is the message that Decide gave.
// Errors: the domain's refusals; kResourceExhausted with a retry delay when the queue is full;
// kDeadlineExceeded; kAlreadyExists when the request id was used with other content;
// kUnavailable when the database is away or this service is stopping.
using Done = std::function<void(absl::StatusOr<std::unique_ptr<google::protobuf::Message>>)>;

// What a person decides about a dead letter.
struct Judgement {
  // kReplay handles it again, as if it came now; if that fails there is a new dead letter. kDiscard
  // leaves it out. Either way its key goes on with what is parked, in order.
  enum class Verdict { kReplay, kDiscard };
  int64_t id = 0;  // DeadLetterRow::record.id
  Verdict verdict = Verdict::kReplay;
  std::string reason;  // Why it is discarded: a code, for the audit.
  Principal principal;
  std::string request_id;
  std::string traceparent;
  // What was asked, to be remembered under `request_id`: asked again it gets the same answer. Null = not remembered.
  std::shared_ptr<const google::protobuf::Message> request;
};

using JudgedDone = std::function<void(absl::StatusOr<polku::common::v1::JudgedDeadLetter>)>;

// How far a partition has been handled.
struct PartitionLag {
  bus::TopicPartition partition;
  int64_t next_offset = 0;                          // Of the record that is handled next.
  std::optional<bus::Extent> extent;                // Nothing when the bus does not tell.
  absl::Time covered_until = absl::InfinitePast();  // See store::Coverage; InfinitePast: not known.
};
struct Lag {
  std::vector<PartitionLag> partitions;  // Of every topic that is read.
  store::Waiting waiting;
  absl::Status bus;  // Not OK: why extents are missing.
};

// Of the records of a service's own topic, what its database does not know: it went back to a backup.
struct Forgotten {
  std::vector<PeerFact> events;  // In the order of the records.
  int64_t newest_epoch = 0;      // Of all that were events of this service.
  absl::Time oldest = absl::InfiniteFuture();
};

class Corridor;
class Inbox;
class Relay;

// Thread-safe unless said otherwise. Destroy only after Stop or when Start was never called.
class Pipeline {
 public:
  static absl::StatusOr<std::unique_ptr<Pipeline>> Create(Definition definition, const Dependencies& dependencies,
                                                          const Limits& limits);
  ~Pipeline();

  void Submit(Command command, Done done);
  // Keeps audit rows that belong to no change (views, disclosures, denials); `done` is called
  // once they are durable. Goes with the next batch.
  void SubmitAudit(std::vector<store::AuditRow> rows, std::function<void(absl::Status)> done);

  // `done` is called once it is durable. Errors: kNotFound when there is no such dead letter (any more); those of
  // CheckReplay; kAlreadyExists when the request id was used with other content.
  void Judge(Judgement judgement, JudgedDone done);
  // Errors: kFailedPrecondition saying why this dead letter cannot be replayed: it was not understood, its version is
  // not known, its client was erased, or nothing here takes what it is.
  absl::Status CheckReplay(const store::DeadLetterRow& letter) const;
  // Blocks on the database, though not on aggregates and journal, and on the bus for some seconds at most while it is
  // away.
  absl::StatusOr<Lag> MeasureLag() const;
  // Everything that `service`, whose topic is read, published about `key` before this instant is known to `reader`.
  // InfinitePast when a record of it is set aside or waits behind one, and until the end of the topic was seen once.
  absl::StatusOr<absl::Time> KnownUntil(store::Reader& reader, const std::string& service,
                                        const std::string& key) const;
  // Measures it and shows it in the gauges, with what else is looked at now and then. Blocks as MeasureLag, and on all
  // tables.
  absl::Status ShowLag() const;

  // Before the first Step. What is no event of this service is left out.
  absl::StatusOr<Forgotten> FindForgotten(std::vector<bus::Record> records) const;
  // Before the first Step. Folds in what this service told before its database went back, with the versions that it
  // was told with; those that are known are left out. Nothing is sent again.
  absl::Status Recall(std::vector<PeerFact> told);

  // One batch of whatever is there; true if there was any. Not thread-safe: one caller.
  // Errors: kUnavailable, kResourceExhausted (a dependency is away; nothing is lost, call again
  // later); anything else: the process must end.
  absl::StatusOr<bool> Step();
  // Sends what the outbox holds; true if there was any. Not thread-safe: one caller. Errors as Step.
  absl::StatusOr<bool> RelayStep();

  // Two threads that call Step and RelayStep until Stop. A fatal error is logged, and
  // `on_fatal` is called once.
  void Start(std::function<void(absl::Status)> on_fatal);
  // Refuses new commands, answers those queued, joins the threads.
  void Stop();

  // Nothing queued, no step, no outbox row, no record to read, nothing due by now.
  absl::StatusOr<bool> Drained();
  // Batches committed, and passes that found nothing since the last one that found something.
  uint64_t batches() const;
  uint64_t idle_passes() const;
  // All assigned partitions have been read to their end once, and the last batch was committed.
  bool Ready() const;

  store::Database& database() const { return *dependencies_.database; }
  const Clock& clock() const { return *dependencies_.clock; }
  const std::string& service() const;

 private:
  Pipeline(const Dependencies& dependencies, const Limits& limits);

  const Dependencies dependencies_;
  const Limits limits_;
  std::unique_ptr<Definition> definition_;
  std::unique_ptr<Inbox> inbox_;
  std::unique_ptr<Relay> relay_;
  std::unique_ptr<Corridor> corridor_;  // Knows what the relay has sent.
  struct Loops;
  std::unique_ptr<Loops> loops_;
};

// Returns when all of `pipelines`, which are running, have come to rest together: nothing queued,
// stored, published or due is left to be handled.
// Errors: kDeadlineExceeded after `longest`.
absl::Status WaitDrained(absl::Span<Pipeline* const> pipelines, const MonotonicClock& clock, absl::Duration longest);

}  // namespace polku::pipeline
