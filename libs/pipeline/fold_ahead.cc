// Decides facts before their turn: those of one aggregate in order, different aggregates side by side, and all of a
// slice while the one before it is written. A fact is taken that depends on nothing but its aggregate and what has been
// read of its place in the order; the first one of an aggregate that does not, and all behind it, are decided when
// their turn comes. The answers are the same either way.
#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "libs/pipeline/fold.h"
#include "libs/store/owner.h"

namespace polku::pipeline {
namespace {

bool IsForeign(const PeerFact& fact) { return !fact.publisher.empty(); }

}  // namespace

bool Fold::AreApart(const std::vector<WorkItem>& items) const {
  for (size_t i = 0; i < items.size(); ++i) {
    const Prepared& prepared = prepared_[i];
    if (items[i].lane != Lane::kBus || !prepared.problem.ok() || prepared.key.empty()) continue;
    const PeerFact& fact = items[i].received->fact;
    if (store::OwnerOf(prepared.key) != prepared.key || (!IsForeign(fact) && fact.key != prepared.key)) return false;
  }
  return true;
}

bool Fold::MayOverlap(const std::vector<WorkItem>& items, Slice slice, Slice next) const {
  for (size_t i = slice.begin; i < next.end; ++i) {
    if (items[i].lane != Lane::kBus) return false;
  }
  return OrderOf(items[slice.end - 1], prepared_[slice.end - 1]) != OrderOf(items[next.begin], prepared_[next.begin]);
}

void Fold::GiveFacts(const std::vector<WorkItem>& items, Slice slice) {
  for (size_t i = slice.begin; i < slice.end; ++i) {
    if (items[i].lane == Lane::kCommand) return;  // It comes first, and may lead to another aggregate by then.
  }
  for (size_t i = slice.begin; i < slice.end; ++i) {
    if (items[i].lane != Lane::kBus) continue;
    const auto found = hand_->by_key.find(OrderOf(items[i], prepared_[i]));
    if (found != hand_->by_key.end()) found->second->facts.push_back(i);
  }
}

void Fold::BeginAhead(const std::vector<WorkItem>& items) {
  settings_.crew->Begin(hand_->working.size(), [this, &items, &hand = *hand_](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      Working& working = *hand.working[i];
      if (working.state != nullptr) continue;
      ParseState(hand, working);
      if (!working.damaged) DecideAhead(items, working);
    }
  });
}

absl::Status Fold::FinishAhead() {
  settings_.crew->Finish();
  return CheckParsed();
}

absl::Status Fold::CheckParsed() const {
  for (const auto& working : hand_->working) {
    if (!working->damaged) continue;
    return absl::DataLossError(absl::StrCat("state of ", working->stored.key, " does not parse"));
  }
  return absl::OkStatus();
}

void Fold::DecideAhead(const std::vector<WorkItem>& items, Working& working) {
  absl::flat_hash_map<absl::string_view, int64_t> versions;  // Of the facts so far, by source.
  for (const size_t i : working.facts) {
    const WorkItem& item = items[i];
    const PeerFact& fact = item.received->fact;
    const bool plain = item.received->problem.ok() && prepared_[i].problem.ok() && !item.recalled && !item.fills_gap &&
                       !item.leaves_out && !IsErased(working.stored.key);
    if (!plain) return;
    if (!IsForeign(fact)) {
      const PeerKey peer{fact.source, fact.key};
      if (settings_.blocked->contains(peer) || parked_keys_.contains(peer)) return;
      const auto [version, is_new] = versions.try_emplace(fact.source, 0);
      if (is_new) {
        const auto last = last_.find({fact.source, fact.key});
        if (last != last_.end()) version->second = last->second.version;
      }
      if (fact.version != version->second + 1) return;
      version->second = fact.version;
    }
    if (prepared_[i].skip) continue;  // Counts, and no more.
    if (!DecideOneAhead(item, prepared_[i], working)) return;
  }
  if (IsWritten(working)) Stand(working);
}

bool Fold::DecideOneAhead(const WorkItem& item, Prepared& prepared, Working& working) const {
  if (!working.kind->LookupsOf(prepared.key, *working.state, *prepared.input.input).empty()) return false;
  const PeerFact& fact = item.received->fact;
  Context context = ContextOf(fact, prepared.key);
  context.next_version = working.stored.version + 1;
  absl::StatusOr<AnyDecision> decision = working.kind->Decide(*working.state, *prepared.input.input, context);
  // What is refused, or reaches beyond the aggregate, is decided once more when its turn comes.
  if (!decision.ok() || !decision->steps.empty() || !decision->aliases.empty() || decision->erase) return false;
  prepared.ahead = std::make_unique<std::vector<store::JournalRow>>();
  Evolve(working, *decision, settings_.now, fact.traceparent, *prepared.ahead);
  if (working.loaded_version == 0) return true;  // It has no key yet.
  for (store::JournalRow& row : *prepared.ahead) transaction_.WrapAhead(row);
  return true;
}

}  // namespace polku::pipeline
