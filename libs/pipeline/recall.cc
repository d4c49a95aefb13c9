// What a service does whose database went back to a backup: others know events of it that it does not know any more. It
// reads them on its own topic and folds them in, with the versions that they were told with, so that none is given
// twice, no name of a part is given to another one, and what was asked for is not asked for again.
#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "libs/base/status_macros.h"
#include "libs/pipeline/corridor.h"
#include "libs/pipeline/wire.h"

namespace polku::pipeline {
namespace {

constexpr char kPublicVersion[] =
    "SELECT a.public_version FROM aggregate a JOIN aggregate_key k ON k.id = a.key_id WHERE k.text = $1";
constexpr size_t kEventsAtOnce = 500;
constexpr int kOutboxPage = 1000;

using ToldVersion = std::pair<std::string, int64_t>;  // Key and public version.

// The public versions that are known here, by key; each is asked for once.
class KnownVersions {
 public:
  explicit KnownVersions(store::Reader& reader) : reader_(reader) {}
  absl::StatusOr<int64_t> Find(const std::string& key) {
    const auto [place, is_new] = known_.try_emplace(key, 0);
    if (!is_new) return place->second;
    ASSIGN_OR_RETURN(const std::vector<store::Row> rows, reader_.Query(kPublicVersion, {store::Value(key)}));
    if (!rows.empty()) place->second = std::get<int64_t>(rows[0][0]);
    ASSIGN_OR_RETURN(const std::vector<store::Erasure> erased, reader_.FindErased({key}));
    if (!erased.empty()) place->second = std::max(place->second, erased[0].public_version);
    return place->second;
  }

 private:
  store::Reader& reader_;
  absl::flat_hash_map<std::string, int64_t> known_;
};

// They have been sent: what is in the outbox of them need not go again.
absl::Status DropFromOutbox(const std::set<ToldVersion>& told, store::Transaction& transaction) {
  std::vector<int64_t> kept;
  while (true) {
    ASSIGN_OR_RETURN(const std::vector<store::OutboxRow> rows, transaction.ReadOutbox(kOutboxPage, kept));
    std::vector<int64_t> dropped;
    for (const store::OutboxRow& row : rows) {
      const bool was_told = told.contains({row.event.key, row.event.public_version});
      (was_told ? dropped : kept).push_back(row.id);
    }
    if (!dropped.empty()) RETURN_IF_ERROR(transaction.DeleteOutbox(dropped));
    if (static_cast<int>(rows.size()) < kOutboxPage) return absl::OkStatus();
    std::sort(kept.begin(), kept.end());
  }
}

}  // namespace

void Fold::PrepareRecalled(const WorkItem& item, Prepared& prepared) {
  const PeerFact& fact = item.received->fact;
  absl::StatusOr<TypedInput> event = settings_.kinds->ParseEvent(fact.key, fact.type, fact.payload, arena_);
  prepared.problem = event.status();
  if (!event.ok()) return;
  prepared.input = *event;
  prepared.key = fact.key;
}

absl::Status Fold::ApplyRecalled(const WorkItem& item, const Prepared& prepared) {
  RETURN_IF_ERROR(prepared.problem);
  const PeerFact& fact = item.received->fact;
  ASSIGN_OR_RETURN(Working * working, WorkingFor(prepared.key));
  if (fact.version <= working->stored.public_version) return absl::OkStatus();
  AnyDecision decision;
  decision.events = working->kind->Recall(*prepared.input.input, *working->state);
  working->stored.public_version = fact.version - 1;  // What may lie between the bus does not keep any more.
  std::vector<store::JournalRow> rows;
  Evolve(*working, decision, fact.time, fact.traceparent, rows);
  Keep(*working, decision, std::move(rows), fact.traceparent, [] { return std::string(); });
  return absl::OkStatus();
}

absl::StatusOr<Forgotten> Corridor::FindForgotten(std::vector<bus::Record> records) const {
  ASSIGN_OR_RETURN(const std::unique_ptr<store::Reader> reader, dependencies_.database->Read());
  KnownVersions known(*reader);
  Forgotten forgotten;
  for (bus::Record& record : records) {
    PeerFact fact;
    if (!DecodeEvent(std::move(record), fact).ok() || fact.source != definition_.service) continue;
    google::protobuf::Arena arena;
    if (!kinds_->ParseEvent(fact.key, fact.type, fact.payload, arena).ok()) continue;
    forgotten.newest_epoch = std::max(forgotten.newest_epoch, fact.epoch);
    forgotten.oldest = std::min(forgotten.oldest, fact.time);
    ASSIGN_OR_RETURN(const int64_t version, known.Find(fact.key));
    if (fact.version > version) forgotten.events.push_back(std::move(fact));
  }
  return forgotten;
}

absl::Status Corridor::Recall(std::vector<PeerFact> told) {
  const std::set<PeerKey> nobody;
  for (size_t first = 0; first < told.size(); first += kEventsAtOnce) {
    std::vector<WorkItem> items;
    std::set<ToldVersion> versions;
    for (size_t i = first; i < std::min(told.size(), first + kEventsAtOnce); ++i) {
      versions.insert({told[i].key, told[i].version});
      WorkItem& item = items.emplace_back();
      item.lane = Lane::kBus;
      item.recalled = true;
      item.received = std::make_unique<Received>();
      item.received->fact = std::move(told[i]);
    }
    ASSIGN_OR_RETURN(const std::unique_ptr<store::Transaction> transaction, dependencies_.database->Begin());
    Fold fold(*transaction, SettingsNow(nobody));
    RETURN_IF_ERROR(fold.Run(items));
    RETURN_IF_ERROR(DropFromOutbox(versions, *transaction));
    RETURN_IF_ERROR(transaction->Commit());
  }
  return absl::OkStatus();
}

}  // namespace polku::pipeline
