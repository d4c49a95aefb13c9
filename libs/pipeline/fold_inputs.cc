// The first half of a fold: what each input is, which aggregate it is for, what is known of it.
#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/pipeline/fold.h"
#include "libs/pipeline/requests.h"
#include "libs/store/owner.h"

namespace polku::pipeline {
namespace {

template <class T>
void Permute(const std::vector<size_t>& order, std::vector<T>& all) {
  std::vector<T> moved;
  moved.reserve(all.size());
  for (const size_t i : order) moved.push_back(std::move(all[i]));
  all = std::move(moved);
}

}  // namespace

using google::protobuf::Message;

void Fold::PrepareCommand(WorkItem& item, Prepared& prepared) {
  const Command& command = *item.command;
  prepared.input = settings_.kinds->Wrap(*command.request, arena_);
  prepared.key = command.key;
  if (prepared.key.empty()) {
    absl::StatusOr<std::string> key = prepared.input.kind->KeyOf(*prepared.input.input);
    prepared.problem = key.status();
    if (key.ok()) prepared.key = *std::move(key);
  }
  if (!command.request_id.empty()) {
    prepared.request = {absl::StrCat(command.principal.organisation, "|", command.method), command.request_id};
    prepared.field_hashes = FieldHashes(settings_.hash_key, *command.request);
  }
}

void Fold::PrepareFact(WorkItem& item, Prepared& prepared) {
  const Received& received = *item.received;
  prepared.problem = received.problem;
  if (!prepared.problem.ok()) return;
  if (!received.fact.publisher.empty()) return PrepareForeign(item, prepared);
  if (item.recalled) return PrepareRecalled(item, prepared);
  if (!settings_.kinds->Takes(received.fact.type)) {
    prepared.skip = true;
    return;
  }
  absl::StatusOr<TypedInput> input = settings_.kinds->Parse(received.fact.type, received.fact.payload, arena_);
  if (!input.ok()) {
    prepared.problem = input.status();
    return;
  }
  prepared.input = *std::move(input);
  absl::StatusOr<std::string> key = prepared.input.kind->KeyOf(*prepared.input.input);
  prepared.problem = key.status();
  if (key.ok()) prepared.key = *std::move(key);
}

void Fold::PrepareStored(WorkItem& item, Prepared& prepared) {
  if (item.lane == Lane::kDue) {
    prepared.key = item.due_key;
    const AggregateKind* kind = settings_.kinds->OfKey(item.due_key);
    if (kind == nullptr) {
      prepared.problem = absl::InternalError(absl::StrCat("due row of no known kind: ", item.due_key));
      return;
    }
    prepared.input = settings_.kinds->Tick(*kind, arena_);
    return;
  }
  prepared.key = item.step->key;
  if (!settings_.kinds->Takes(item.step->type)) {
    prepared.problem = absl::InternalError(absl::StrCat("step of unknown type ", item.step->type));
    return;
  }
  absl::StatusOr<TypedInput> input = settings_.kinds->Parse(item.step->type, item.step->payload, arena_);
  prepared.problem = input.status();
  if (input.ok()) prepared.input = *std::move(input);
}

absl::Status Fold::FindKnown(const std::vector<WorkItem>& items) {
  std::vector<store::AliasRow> aliases;
  for (const WorkItem& item : items) {
    if (item.command != nullptr && item.command->alias.has_value()) {
      aliases.push_back({item.command->alias->kind, item.command->alias->keyed_hash, ""});
    }
  }
  if (!aliases.empty()) {
    ASSIGN_OR_RETURN(std::vector<store::AliasRow> found, transaction_.FindAliases(aliases));
    for (store::AliasRow& row : found) {
      aliases_stored_.insert({row.kind, row.keyed_hash});
      aliases_[{row.kind, row.keyed_hash}] = row.key;
    }
  }
  constexpr int kParkedKeysMax = 100000;
  ASSIGN_OR_RETURN(std::vector<store::ParkedRow> parked, transaction_.ListParkedKeys(kParkedKeysMax));
  for (store::ParkedRow& row : parked) parked_keys_.insert({std::move(row.source), std::move(row.key)});
  return absl::OkStatus();
}

// After the aggregates have been loaded, which locks them: another program that handles the same requests is done, and
// what it has answered is seen. Else the state that it has made would refuse the same request here.
absl::Status Fold::FindRequests(Slice slice) {
  std::vector<store::RequestKey> requests;
  for (size_t i = slice.begin; i < slice.end; ++i) {
    if (!prepared_[i].request.request_id.empty()) requests.push_back(prepared_[i].request);
  }
  if (requests.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(std::vector<store::RequestRow> found, transaction_.FindRequests(requests));
  for (store::RequestRow& row : found) requests_.insert_or_assign(row.id, std::move(row));
  return absl::OkStatus();
}

// After the aggregates have been loaded, as FindRequests.
absl::Status Fold::FindVersions(const std::vector<WorkItem>& items, Slice slice) {
  std::vector<store::SourceVersionKey> versions;
  absl::flat_hash_set<store::SourceVersionKey> asked;
  for (size_t i = slice.begin; i < slice.end; ++i) {
    const WorkItem& item = items[i];
    if (item.received == nullptr || !item.received->problem.ok()) continue;
    const PeerFact& fact = item.received->fact;
    if (!fact.publisher.empty()) continue;
    store::SourceVersionKey version{fact.source, fact.key};
    if (last_.contains(version)) continue;  // An earlier slice has it, and may have moved it on.
    if (asked.insert(version).second) versions.push_back(std::move(version));
  }
  if (versions.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(std::vector<store::SourceVersion> found, transaction_.FindSourceVersions(versions));
  for (const store::SourceVersion& row : found) last_[row.id] = {row.last, row.epoch, /*changed=*/false};
  return absl::OkStatus();
}

absl::Status Fold::FindErased(const std::vector<WorkItem>& items, Slice slice) {
  std::vector<std::string> asked;
  absl::flat_hash_set<absl::string_view> seen;
  const auto ask = [&](const std::string& key) {
    if (!key.empty() && seen.insert(key).second) asked.push_back(key);
  };
  // Of what has been loaded it is known.
  for (size_t i = slice.begin; i < slice.end; ++i) {
    if (!hand_->by_key.contains(prepared_[i].key)) ask(prepared_[i].key);
    if (items[i].received != nullptr && items[i].received->fact.key != prepared_[i].key) {
      ask(items[i].received->fact.key);
    }
  }
  if (asked.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::vector<store::Erasure> found, transaction_.FindErased(asked));
  for (const store::Erasure& erasure : found) erased_.emplace(store::OwnerOf(erasure.key));
  return absl::OkStatus();
}

absl::Status Fold::LoadAggregates(Slice slice) {
  std::vector<std::string> keys;
  absl::flat_hash_set<absl::string_view> seen;
  for (size_t i = slice.begin; i < slice.end; ++i) {
    const Prepared& prepared = prepared_[i];
    if (prepared.input.kind == nullptr || !prepared.problem.ok() || prepared.key.empty()) continue;
    if (IsErased(prepared.key)) continue;
    if (seen.insert(prepared.key).second) keys.push_back(prepared.key);
  }
  return Load(keys);
}

absl::Status Fold::Load(const std::vector<std::string>& keys) {
  if (keys.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(std::vector<store::StoredAggregate> stored, transaction_.Load(keys));
  for (store::StoredAggregate& aggregate : stored) {
    if (aggregate.erased) {
      erased_.emplace(store::OwnerOf(aggregate.key));
      continue;
    }
    auto working = std::make_unique<Working>();
    working->kind = settings_.kinds->OfKey(aggregate.key);
    if (working->kind == nullptr) continue;
    if (aggregate.schema > working->kind->schema()) {
      return absl::FailedPreconditionError(
          absl::StrCat("state of ", aggregate.key, " has schema ", aggregate.schema, ", newer than this program's"));
    }
    working->loaded_version = aggregate.version;
    working->stored = std::move(aggregate);
    hand_->by_key[working->stored.key] = working.get();
    hand_->working.push_back(std::move(working));
  }
  return absl::OkStatus();
}

void Fold::ParseState(Hand& hand, Working& working) {
  working.state = working.kind->state_prototype().New(&hand.states);
  working.damaged = !working.state->ParseFromString(working.stored.state);
  if (working.damaged || working.stored.version == 0) return;
  working.index_written = working.kind->Index(*working.state);
}

absl::Status Fold::ResolveAgain(const WorkItem& item, Prepared& prepared) {
  const AliasClaim& claim = *item.command->alias;
  ASSIGN_OR_RETURN(const std::vector<store::AliasRow> found,
                   transaction_.FindAliases({{claim.kind, claim.keyed_hash, ""}}));
  prepared.key = found.empty() ? item.command->key : found.front().key;
  if (hand_->by_key.contains(prepared.key)) return absl::OkStatus();
  const std::vector<std::string> keys = {prepared.key};
  ASSIGN_OR_RETURN(const std::vector<store::Erasure> erased, transaction_.FindErased(keys));
  if (!erased.empty()) {
    erased_.emplace(store::OwnerOf(prepared.key));
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(Load(keys));
  for (const auto& working : hand_->working) {
    if (working->state == nullptr) ParseState(*hand_, *working);
  }
  return CheckParsed();
}

void Fold::PrepareOne(WorkItem& item, Prepared& prepared) {
  item.outcome = absl::OkStatus();
  item.handling = Handling::kHandled;
  item.reply.reset();
  if (!item.broke.ok()) {
    prepared.problem = item.broke;
    if (item.lane == Lane::kDue) prepared.key = item.due_key;  // To be put off.
  } else if (item.lane == Lane::kCommand) {
    PrepareCommand(item, prepared);
  } else if (item.lane == Lane::kBus) {
    PrepareFact(item, prepared);
  } else if (item.lane != Lane::kAudit) {
    PrepareStored(item, prepared);
  }
}

absl::Status Fold::Prepare(std::vector<WorkItem>& items) {
  prepared_.resize(items.size());
  settings_.crew->Share(items.size(), [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) PrepareOne(items[i], prepared_[i]);
  });
  RETURN_IF_ERROR(FindKnown(items));
  for (size_t i = 0; i < items.size(); ++i) {
    if (items[i].command == nullptr || !items[i].command->alias.has_value()) continue;
    // The first command of the batch with a new alias decides the key for those behind it. If it
    // is refused they find no aggregate under that key, which is what they would find anyway.
    const AliasClaim& claim = *items[i].command->alias;
    const auto [known, first] = aliases_.try_emplace({claim.kind, claim.keyed_hash}, prepared_[i].key);
    prepared_[i].key = known->second;
  }
  for (Prepared& prepared : prepared_) {
    if (prepared.input.kind == nullptr || !prepared.problem.ok()) continue;
    if (!absl::StartsWith(prepared.key, prepared.input.kind->key_prefix())) {
      prepared.problem =
          absl::InvalidArgumentError(absl::StrCat("key does not begin with ", prepared.input.kind->key_prefix()));
    }
  }
  return absl::OkStatus();
}

const std::string& Fold::OrderOf(const WorkItem& item, const Prepared& prepared) {
  const PeerFact& fact = item.received->fact;
  return fact.publisher.empty() ? fact.key : prepared.key;
}

std::vector<Fold::Slice> Fold::PutInOrder(std::vector<WorkItem>& items) {
  std::vector<size_t> order(items.size());
  std::iota(order.begin(), order.end(), size_t{0});
  const auto is_fact = [&items](size_t i) { return items[i].lane == Lane::kBus; };
  const auto first = std::find_if(order.begin(), order.end(), is_fact);
  const auto last = std::find_if_not(first, order.end(), is_fact);
  const auto slice_max = static_cast<size_t>(settings_.slice_inputs_max);
  if (static_cast<size_t>(last - first) <= slice_max) return {Slice{0, items.size()}};
  // Those of one key stay in order.
  std::vector<std::pair<absl::string_view, size_t>> by_key;
  by_key.reserve(static_cast<size_t>(last - first));
  for (auto it = first; it != last; ++it) by_key.emplace_back(OrderOf(items[*it], prepared_[*it]), *it);
  std::sort(by_key.begin(), by_key.end());
  std::transform(by_key.begin(), by_key.end(), first, [](const auto& each) { return each.second; });
  const auto facts_end = static_cast<size_t>(last - order.begin());
  std::vector<Slice> slices;
  for (size_t begin = 0, end = static_cast<size_t>(first - order.begin()); end < facts_end; begin = end) {
    end = std::min(facts_end, end + slice_max);
    slices.push_back({begin, end});
  }
  if (facts_end < items.size()) slices.push_back({facts_end, items.size()});
  // They are visited several times each: in memory, too, they lie in that order.
  Permute(order, items);
  Permute(order, prepared_);
  return slices;
}

}  // namespace polku::pipeline
