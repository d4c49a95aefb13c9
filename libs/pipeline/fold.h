// One batch inside one transaction: loads the touched aggregates at once, folds the inputs in
// memory in their order, and writes each touched row once.
//
// A backlog from the bus is folded in slices in the order of keys: only two of them are in memory as states and rows,
// and what is stored side by side is read and written one after the other. Records of one key keep their order.
//
// What is a function of one record or one aggregate is shared out among threads: parsing, deciding, serialising. While
// one slice is written the facts of the next one are decided. The database and all else is the caller's thread's alone.
#pragma once

#include <array>
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
#include "libs/base/crew.h"
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
  Crew* crew = nullptr;
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
    google::protobuf::Message* state = nullptr;  // In Hand::states.
    std::vector<IndexRow> index_written;         // As the database has them now.
    std::vector<IndexRow> rows_waiting;          // RowsOf, not written yet.
    bool changed = false;                        // Since loading.
    bool index_stale = false;                    // Since index_written.
    bool ticked = false;
    bool erased = false;
    bool damaged = false;       // The stored state does not parse.
    std::vector<size_t> facts;  // Ordinals of what may be decided ahead, in order.
    Standing standing;
    int64_t stood_version = -1;  // Of which `standing` and what is to be stored are.
  };
  // A slice on its way through the fold.
  struct Hand {
    google::protobuf::Arena states;
    std::vector<std::unique_ptr<Working>> working;  // In order of first touch.
    absl::flat_hash_map<std::string, Working*> by_key;
    std::vector<store::JournalRow> journal;
  };
  struct Prepared {
    TypedInput input;
    std::string key;
    absl::Status problem;  // Found before folding: a refusal or poison.
    store::RequestKey request;
    std::string field_hashes;
    bool skip = false;  // A peer's fact of a type that we do not take.
    // What a fact that was decided before its turn puts into the journal.
    std::unique_ptr<std::vector<store::JournalRow>> ahead;
  };

  absl::Status Prepare(std::vector<WorkItem>& items);
  void PrepareOne(WorkItem& item, Prepared& prepared);
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
  // In whose order a fact stands: a peer's in that of the key that its versions count, whatever it is for here.
  static const std::string& OrderOf(const WorkItem& item, const Prepared& prepared);
  // Moves the items, with what was prepared of them, into the order in which they are folded.
  std::vector<Slice> PutInOrder(std::vector<WorkItem>& items);
  // Whether both are facts alone that are apart, and no aggregate has some in both.
  bool MayOverlap(const std::vector<WorkItem>& items, Slice slice, Slice next) const;
  absl::Status LoadSlice(const std::vector<WorkItem>& items, Slice slice);
  absl::Status ApplySlice(std::vector<WorkItem>& items, Slice slice);
  absl::Status WriteSlice(Hand& hand);
  absl::Status FindRequests(Slice slice);
  absl::Status FindErased(const std::vector<WorkItem>& items, Slice slice);
  absl::Status FindVersions(const std::vector<WorkItem>& items, Slice slice);
  absl::Status LoadAggregates(Slice slice);
  // Those of `keys` that are not loaded yet.
  absl::Status Load(const std::vector<std::string>& keys);
  static void ParseState(Hand& hand, Working& working);
  // An alias was changed in this batch: the command's may lead elsewhere than when it was prepared.
  absl::Status ResolveAgain(const WorkItem& item, Prepared& prepared);

  // fold_ahead.cc
  // Whether every fact of the batch bears on its own aggregate alone, and no two aggregates have one owner.
  bool AreApart(const std::vector<WorkItem>& items) const;
  // Gives the facts of the slice at hand to their aggregates, unless what comes before them may bear on them.
  void GiveFacts(const std::vector<WorkItem>& items, Slice slice);
  void BeginAhead(const std::vector<WorkItem>& items);
  absl::Status FinishAhead();
  // Errors: kDataLoss, when a state of the slice at hand does not parse.
  absl::Status CheckParsed() const;
  void DecideAhead(const std::vector<WorkItem>& items, Working& working);
  bool DecideOneAhead(const WorkItem& item, Prepared& prepared, Working& working) const;

  absl::Status Apply(WorkItem& item, Prepared& prepared);
  absl::Status ApplyCommand(WorkItem& item, Prepared& prepared);
  absl::Status ApplyFact(WorkItem& item, Prepared& prepared);
  absl::Status ApplyForeign(WorkItem& item, Prepared& prepared);               // feed.cc
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
  // The same of a record from the bus, which may have been decided ahead.
  absl::Status HandleFact(const PeerFact& fact, Prepared& prepared, Origin origin, absl::Status& refusal);
  absl::Status AnswerLookups(Working& working, const google::protobuf::Message& input, Context& context);
  absl::Status ChangeAliases(const std::string& key, const std::vector<AliasChange>& changes);
  // Folds the events into the aggregate and appends what the journal gets of them. Touches nothing else.
  void Evolve(Working& working, const AnyDecision& decision, absl::Time time, absl::string_view traceparent,
              std::vector<store::JournalRow>& rows) const;
  // Counts and keeps everything besides. `rows` are what Evolve has made of the decision.
  void Keep(Working& working, AnyDecision& decision, std::vector<store::JournalRow> rows, absl::string_view traceparent,
            Origin origin);
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
  // Rows and due instant of a state on its way to the database; the rows only when they may have changed.
  Standing StandingOf(const Working& working) const;
  static bool IsWritten(const Working& working);
  static bool HasStood(const Working& working);
  void Stand(Working& working) const;
  void StandAll(Hand& hand);
  absl::Status WriteRows(const RowChanges& changes);
  absl::Status WriteAggregates(Hand& hand);
  absl::Status WriteSteps();
  absl::Status WriteRest();
  absl::StatusOr<Working*> WorkingFor(const std::string& key);
  Context ContextFor(const std::string& key) const;
  Context ContextOf(const PeerFact& fact, const std::string& key) const;

  int steps_without_events_ = 0;

  store::Transaction& transaction_;
  const FoldSettings settings_;
  FoldCounts counts_;

  google::protobuf::Arena arena_;  // Inputs. Before what points into it.
  std::vector<Prepared> prepared_;
  std::array<Hand, 2> hands_;                                           // While one is written the next one is decided.
  Hand* hand_ = &hands_[0];                                             // Of the slice that is loaded or applied.
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

  std::vector<store::Erasure> erasures_;
  std::vector<store::StepRow> steps_;
  std::vector<std::string> steps_done_;
  std::vector<store::ParkedRow> parked_;
  std::vector<store::DeadLetterRow> dead_letters_;
  std::vector<store::AuditRow> audit_;
};

}  // namespace polku::pipeline
