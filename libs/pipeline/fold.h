// One batch inside one transaction: loads the touched aggregates at once, folds the inputs in
// memory in their order, and writes each touched row once.
//
// A backlog from the bus is folded in slices in the order of keys: only a slice of it is in memory as states and rows,
// and what is stored side by side is read and written one after the other. Records of one key keep their order.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "google/protobuf/arena.h"
#include "google/protobuf/message.h"
#include "libs/pipeline/kinds.h"
#include "libs/pipeline/work_item.h"
#include "libs/store/database.h"

namespace polku::pipeline {

// (source, key) of a peer's aggregate.
using PeerKey = std::pair<std::string, std::string>;

struct FoldSettings {
  const Definition* definition = nullptr;
  const Kinds* kinds = nullptr;
  absl::string_view hash_key;
  absl::Time now;
  absl::Time covered_until;
  const std::set<PeerKey>* blocked = nullptr;  // Those with a dead letter.
  int slice_inputs_max = 1000;                 // Of a backlog.
};

// What a fold did, for metrics and for what must follow it.
struct FoldCounts {
  int events = 0;
  int public_events = 0;
  int steps = 0;
  int duplicates = 0;
  int parked = 0;
  int dead_letters = 0;
  int erasures = 0;
  int erased_dropped = 0;
  std::vector<PeerKey> newly_blocked;
  std::vector<absl::Time> due_handled;     // The due instants of ticked aggregates.
  std::optional<absl::Time> earliest_due;  // Of the rows written.
};

// Thread-compatible. Used for one transaction.
class Fold {
 public:
  Fold(store::Transaction& transaction, const FoldSettings& settings)
      : transaction_(transaction), settings_(settings) {}

  // Folds all items and writes everything but the commit. Each item's `outcome` and `reply` are set.
  // Errors: those of the database, as they are; kAborted when another writer was faster.
  absl::Status Run(std::vector<WorkItem>& items);

  const FoldCounts& counts() const { return counts_; }

 private:
  struct Working {
    const AggregateKind* kind = nullptr;
    store::StoredAggregate stored;  // Version and public version move with the fold.
    int64_t loaded_version = 0;
    google::protobuf::Message* state = nullptr;  // In `states_`.
    std::vector<IndexRow> index_written;         // As the database has them now.
    std::vector<IndexRow> rows_waiting;          // RowsOf, not written yet.
    bool changed = false;                        // Since loading.
    bool index_stale = false;                    // Since index_written.
    bool ticked = false;
    bool erased = false;
  };
  struct Prepared {
    TypedInput input;
    std::string key;
    absl::Status problem;  // Found before folding: a refusal or poison.
    store::RequestKey request;
    std::string field_hashes;
    bool skip = false;  // A peer's fact of a type that we do not take.
  };

  absl::Status Prepare(std::vector<WorkItem>& items);
  void PrepareCommand(WorkItem& item, Prepared& prepared);
  void PrepareFact(WorkItem& item, Prepared& prepared);
  void PrepareForeign(const WorkItem& item, Prepared& prepared);   // feed.cc
  void PrepareRecalled(const WorkItem& item, Prepared& prepared);  // recall.cc
  void PrepareStored(WorkItem& item, Prepared& prepared);
  absl::Status FindKnown(const std::vector<WorkItem>& items);
  // Ordinals of the items that are folded together, and the one behind them.
  struct Slice {
    size_t begin = 0;
    size_t end = 0;
  };
  // Moves the items, with what was prepared of them, into the order in which they are folded.
  std::vector<Slice> PutInOrder(std::vector<WorkItem>& items);
  absl::Status RunSlice(std::vector<WorkItem>& items, Slice slice);
  absl::Status FindRequests(Slice slice);
  absl::Status FindErased(const std::vector<WorkItem>& items, Slice slice);
  absl::Status FindVersions(const std::vector<WorkItem>& items, Slice slice);
  absl::Status LoadAggregates(Slice slice);
  // Those of `keys` that are not loaded yet.
  absl::Status Load(const std::vector<std::string>& keys);
  // An alias was changed in this batch: the command's may lead elsewhere than when it was prepared.
  absl::Status ResolveAgain(const WorkItem& item, Prepared& prepared);

  absl::Status Apply(WorkItem& item, Prepared& prepared);
  absl::Status ApplyCommand(WorkItem& item, Prepared& prepared);
  absl::Status ApplyFact(WorkItem& item, Prepared& prepared);
  absl::Status ApplyForeign(WorkItem& item, const Prepared& prepared);         // feed.cc
  absl::Status ApplyRecalled(const WorkItem& item, const Prepared& prepared);  // recall.cc
  absl::Status ApplyStep(WorkItem& item, Prepared& prepared);
  absl::Status ApplyDue(WorkItem& item, Prepared& prepared);
  bool Replayed(WorkItem& item, Prepared& prepared);
  // True for what comes for somebody who was erased, and was dropped.
  bool DroppedAsErased(WorkItem& item, const Prepared& prepared);
  bool IsErased(absl::string_view key) const;
  void SetAside(WorkItem& item, const PeerFact& fact, const absl::Status& why);

  // Names an input among those of one key; asked only for a decision with steps and no event.
  using Origin = absl::FunctionRef<std::string()>;
  // Decides and evolves. `refusal` gets the domain's answer; the return value is the database's.
  absl::Status Handle(Working& working, const google::protobuf::Message& input, Context context,
                      absl::string_view traceparent, Origin origin, absl::Status& refusal,
                      std::unique_ptr<google::protobuf::Message>* reply);
  absl::Status AnswerLookups(Working& working, const google::protobuf::Message& input, Context& context);
  absl::Status ChangeAliases(const std::string& key, const std::vector<AliasChange>& changes);
  void Keep(Working& working, AnyDecision& decision, absl::Time time, absl::string_view traceparent, Origin origin);
  // Index rows on their way into the database, by table in order of first use.
  using RowsOfTables = std::vector<std::pair<const store::TableShape*, std::vector<store::Row>>>;
  struct RowChanges {
    RowsOfTables deletes;  // Keys.
    RowsOfTables upserts;
  };
  // Moves what events have made, and with `index` what the state has changed, into `changes`.
  static void CollectRows(Working& working, bool index, RowChanges& changes);
  // Moves what differs from the rows in the database into `changes`; `now` stands there from then on.
  static void CollectIndex(Working& working, std::vector<IndexRow> now, RowChanges& changes);
  // The same of a state on its way to the database. Returns when it is due.
  std::optional<absl::Time> CollectStanding(Working& working, RowChanges& changes) const;
  absl::Status WriteRows(const RowChanges& changes);
  absl::Status WriteAggregates();
  absl::Status WriteSteps();
  absl::Status WriteRest();
  absl::StatusOr<Working*> WorkingFor(const std::string& key);
  Context ContextFor(const std::string& key) const;

  int steps_without_events_ = 0;

  store::Transaction& transaction_;
  const FoldSettings settings_;
  FoldCounts counts_;

  google::protobuf::Arena arena_;   // Inputs. Before what points into it.
  google::protobuf::Arena states_;  // Of the slice at hand, as are `working_`, `by_key_` and `journal_`.
  std::vector<Prepared> prepared_;
  std::vector<std::unique_ptr<Working>> working_;  // In order of first touch.
  absl::flat_hash_map<std::string, Working*> by_key_;
  absl::flat_hash_map<store::RequestKey, store::RequestRow> requests_;  // Known before, and those of this batch.
  std::vector<store::RequestRow> requests_new_;
  std::map<std::pair<std::string, std::string>, std::string> aliases_;
  std::set<std::pair<std::string, std::string>> aliases_stored_;
  bool aliases_changed_ = false;
  struct LastVersion {
    int64_t version = 0;
    int64_t epoch = 0;
    bool changed = false;
  };
  absl::flat_hash_map<store::SourceVersionKey, LastVersion> last_;
  std::vector<store::SourceVersionKey> last_changed_;  // In order of first change.
  std::set<PeerKey> parked_keys_;
  std::set<std::string, std::less<>> erased_;  // Owners.

  std::vector<store::JournalRow> journal_;
  std::vector<store::Erasure> erasures_;
  std::vector<store::StepRow> steps_;
  std::vector<std::string> steps_done_;
  std::vector<store::ParkedRow> parked_;
  std::vector<store::DeadLetterRow> dead_letters_;
  std::vector<store::AuditRow> audit_;
};

}  // namespace polku::pipeline
