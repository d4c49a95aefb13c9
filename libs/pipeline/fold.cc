// The second half of a fold: decide, evolve, and write what follows.
#include "libs/pipeline/fold.h"

#include <algorithm>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "libs/base/log.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/pipeline/crash_point.h"
#include "libs/pipeline/requests.h"
#include "libs/store/owner.h"

namespace polku::pipeline {
namespace {

using google::protobuf::Message;

// A tick whose next due instant has not moved would be handled again at once, for ever.
constexpr absl::Duration kStuckDueDelay = absl::Minutes(1);

std::unique_ptr<Message> ParseReply(const store::RequestRow& row) {
  const auto* type = google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(row.reply_type);
  if (type == nullptr) return nullptr;
  std::unique_ptr<Message> reply(google::protobuf::MessageFactory::generated_factory()->GetPrototype(type)->New());
  if (!reply->ParseFromString(row.reply)) return nullptr;
  return reply;
}

store::ParkedRow RowOf(const PeerFact& fact, absl::Time now) {
  store::ParkedRow row;
  row.source = fact.source;
  row.key = fact.key;
  row.epoch = fact.epoch;
  row.version = fact.version;
  row.topic = fact.from.topic;
  row.partition = fact.from.partition;
  row.offset = fact.offset;
  row.type = fact.type;
  row.payload = fact.payload;
  row.traceparent = fact.traceparent;
  row.record_time = fact.time;
  row.time = now;
  return row;
}

bool SameRow(const IndexRow& a, const IndexRow& b) {
  return a.shape == b.shape && a.key == b.key && a.values == b.values;
}

// The rows of that table; there are few tables.
std::vector<store::Row>& Of(const store::TableShape* shape,
                            std::vector<std::pair<const store::TableShape*, std::vector<store::Row>>>& tables) {
  for (auto& [known, rows] : tables) {
    if (known == shape) return rows;
  }
  return tables.emplace_back(shape, std::vector<store::Row>()).second;
}

store::Row Whole(IndexRow row) {
  store::Row whole = std::move(row.key);
  whole.insert(whole.end(), std::make_move_iterator(row.values.begin()), std::make_move_iterator(row.values.end()));
  return whole;
}

}  // namespace

Context Fold::ContextFor(const std::string& key) const {
  Context context;
  context.key = key;
  context.now = settings_.now;
  context.fact_time = settings_.now;
  context.covered_until = std::min(settings_.covered_until, settings_.now);
  // Something about this client is known to be missing.
  for (const PeerKey& parked : parked_keys_) {
    if (parked.second == key) context.covered_until = absl::InfinitePast();
  }
  for (const PeerKey& blocked : *settings_.blocked) {
    if (blocked.second != key) continue;
    context.covered_until = absl::InfinitePast();
    context.held = context.held || blocked.first == settings_.definition->service;
  }
  context.service = settings_.definition->service;
  return context;
}

Context Fold::ContextOf(const PeerFact& fact, const std::string& key) const {
  Context context = ContextFor(key);
  if (fact.publisher.empty()) {
    context.fact_time = fact.time;
  } else {
    context.principal.organisation = fact.publisher;
  }
  return context;
}

absl::StatusOr<Fold::Working*> Fold::WorkingFor(const std::string& key) {
  const auto found = hand_->by_key.find(key);
  if (found == hand_->by_key.end()) return absl::InternalError(absl::StrCat("aggregate not loaded: ", key));
  return found->second;
}

absl::Status Fold::AnswerLookups(Working& working, const Message& input, Context& context) {
  const std::vector<Lookup> lookups = working.kind->LookupsOf(context.key, *working.state, input);
  if (lookups.empty()) return absl::OkStatus();
  // Rows of the same key are exact.
  const bool index = std::any_of(lookups.begin(), lookups.end(), [](const Lookup& each) { return !each.of_events; });
  RowChanges changes;
  CollectRows(working, index, changes);
  RETURN_IF_ERROR(WriteRows(changes));
  for (const Lookup& lookup : lookups) {
    const auto query = settings_.definition->queries.find(lookup.name);
    if (query == settings_.definition->queries.end()) {
      return absl::InternalError(absl::StrCat("no query named ", lookup.name));
    }
    ASSIGN_OR_RETURN(std::vector<store::Row> rows, transaction_.Query(query->second, lookup.parameters));
    context.lookups.push_back(std::move(rows));
  }
  return absl::OkStatus();
}

absl::Status Fold::Handle(Working& working, const Message& input, Context context, absl::string_view traceparent,
                          Origin origin, absl::Status& refusal, std::unique_ptr<Message>* reply) {
  RETURN_IF_ERROR(AnswerLookups(working, input, context));
  context.next_version = working.stored.version + 1;
  absl::StatusOr<AnyDecision> decision = working.kind->Decide(*working.state, input, context);
  refusal = decision.status();
  if (!decision.ok()) return absl::OkStatus();
  if (reply != nullptr) *reply = std::move(decision->reply);
  std::vector<store::JournalRow> rows;
  Evolve(working, *decision, settings_.now, traceparent, rows);
  Keep(working, *decision, std::move(rows), traceparent, origin);
  return ChangeAliases(working.stored.key, decision->aliases);
}

absl::Status Fold::HandleFact(const PeerFact& fact, Prepared& prepared, Origin origin, absl::Status& refusal) {
  ASSIGN_OR_RETURN(Working * working, WorkingFor(prepared.key));
  if (prepared.ahead != nullptr) {
    AnyDecision decided;  // What else a decision may have, none has that was made ahead.
    Keep(*working, decided, std::move(*std::exchange(prepared.ahead, nullptr)), fact.traceparent, origin);
    return absl::OkStatus();
  }
  return Handle(*working, *prepared.input.input, ContextOf(fact, prepared.key), fact.traceparent, origin, refusal,
                nullptr);
}

absl::Status Fold::ChangeAliases(const std::string& key, const std::vector<AliasChange>& changes) {
  for (const AliasChange& change : changes) {
    ASSIGN_OR_RETURN(const std::vector<store::AliasRow> found,
                     transaction_.FindAliases({{change.kind, change.keyed_hash, ""}}));
    if (!found.empty() && found.front().key != key) continue;
    RETURN_IF_ERROR(transaction_.SetAlias({change.kind, change.keyed_hash, change.key}));
    aliases_changed_ = true;
    if (change.key.empty()) {
      aliases_stored_.erase({change.kind, change.keyed_hash});
    } else {
      aliases_stored_.insert({change.kind, change.keyed_hash});
    }
  }
  return absl::OkStatus();
}

void Fold::Evolve(Working& working, const AnyDecision& decision, absl::Time time, absl::string_view traceparent,
                  std::vector<store::JournalRow>& rows) const {
  if (decision.state != nullptr) working.state = decision.state;
  for (const auto& event : decision.events) {
    if (decision.state == nullptr) working.kind->Evolve(*event, *working.state);
    const Message& inner = Kinds::Inner(*event);
    store::JournalRow row;
    row.key = working.stored.key;
    row.version = ++working.stored.version;
    if (settings_.kinds->IsPublic(inner)) {
      row.public_version = ++working.stored.public_version;
      row.outlives_key = decision.erase;
    }
    row.type = inner.GetDescriptor()->full_name();
    row.payload = inner.SerializeAsString();
    row.time = time;
    row.traceparent = std::string(traceparent);
    rows.push_back(std::move(row));
    for (IndexRow& index_row : working.kind->RowsOf(*event)) working.rows_waiting.push_back(std::move(index_row));
    working.changed = true;
    working.index_stale = true;
  }
}

void Fold::Keep(Working& working, AnyDecision& decision, std::vector<store::JournalRow> rows,
                absl::string_view traceparent, Origin origin) {
  if (decision.erase) {
    working.erased = true;
    erasures_.push_back({working.stored.key, working.stored.version - static_cast<int64_t>(rows.size()) + 1, 0, 0, {}});
    erased_.emplace(store::OwnerOf(working.stored.key));
    ++counts_.erasures;
  }
  counts_.events += static_cast<int>(rows.size());
  for (store::JournalRow& row : rows) {
    if (row.public_version > 0) ++counts_.public_events;
    hand_->journal.push_back(std::move(row));
  }
  if (decision.steps.empty()) return;
  // Without an event the version does not tell this decision from the next one of the same origin.
  const std::string base = decision.events.empty() ? absl::StrCat(origin(), "@", absl::ToUnixNanos(settings_.now), ".",
                                                                  ++steps_without_events_)
                                                   : absl::StrCat(working.stored.key, "@", working.stored.version);
  int ordinal = 0;
  for (Step& step : decision.steps) {
    store::StepRow row;
    row.id = absl::StrCat(base, "/", ordinal++);
    row.key = step.key;
    row.type = step.input->GetDescriptor()->full_name();
    row.payload = step.input->SerializeAsString();
    row.traceparent = std::string(traceparent);
    steps_.push_back(std::move(row));
    ++counts_.steps;
  }
}

void Fold::CollectRows(Working& working, bool index, RowChanges& changes) {
  if (!working.erased) {
    for (IndexRow& row : working.rows_waiting) Of(row.shape, changes.upserts).push_back(Whole(std::move(row)));
  }
  working.rows_waiting.clear();
  if (!index) return;
  if (working.erased) return CollectIndex(working, {}, changes);
  if (working.index_stale) CollectIndex(working, working.kind->Index(*working.state), changes);
}

void Fold::CollectIndex(Working& working, std::vector<IndexRow> now, RowChanges& changes) {
  for (const IndexRow& row : now) {
    const bool known = std::any_of(working.index_written.begin(), working.index_written.end(),
                                   [&row](const IndexRow& other) { return SameRow(row, other); });
    if (!known) Of(row.shape, changes.upserts).push_back(Whole(row));
  }
  for (const IndexRow& row : working.index_written) {
    const bool kept = std::any_of(now.begin(), now.end(), [&row](const IndexRow& other) {
      return row.shape == other.shape && row.key == other.key;
    });
    if (!kept) Of(row.shape, changes.deletes).push_back(row.key);
  }
  working.index_written = std::move(now);
  working.index_stale = false;
}

Standing Fold::StandingOf(const Working& working) const {
  Standing standing;
  if (working.erased) return standing;
  if (working.index_stale) {
    standing = working.kind->StandingOf(*working.state);
  } else {
    standing.due = working.kind->NextDue(*working.state);
  }
  if (!standing.due.has_value() || !working.ticked || *standing.due > settings_.now) return standing;
  LogEvent(LogLevel::kError, "due instant did not move after a tick",
           {{"key", working.stored.key}, {"due", *standing.due}});
  standing.due = settings_.now + kStuckDueDelay;
  return standing;
}

absl::Status Fold::WriteRows(const RowChanges& changes) {
  for (const auto& [shape, keys] : changes.deletes) RETURN_IF_ERROR(transaction_.Delete(*shape, keys));
  for (const auto& [shape, rows] : changes.upserts) RETURN_IF_ERROR(transaction_.Upsert(*shape, rows));
  return absl::OkStatus();
}

bool Fold::Replayed(WorkItem& item, Prepared& prepared) {
  const auto known = requests_.find(prepared.request);
  if (prepared.request.request_id.empty() || known == requests_.end()) return false;
  item.outcome =
      CompareFieldHashes(known->second.field_hashes, prepared.field_hashes, *item.command->request->GetDescriptor());
  if (!item.outcome.ok()) return true;
  item.reply = ParseReply(known->second);
  if (item.reply == nullptr && !known->second.reply_type.empty()) {
    item.outcome = absl::InternalError("stored reply does not parse");
  }
  return true;
}

bool Fold::IsErased(absl::string_view key) const { return !erased_.empty() && erased_.contains(store::OwnerOf(key)); }

bool Fold::DroppedAsErased(WorkItem& item, const Prepared& prepared) {
  const bool erased = IsErased(prepared.key) || (item.received != nullptr && IsErased(item.received->fact.key));
  if (!erased) return false;
  if (item.lane == Lane::kCommand) {
    item.outcome = WithReason(absl::NotFoundError("the client was erased"), "CLIENT_ERASED");
    return true;
  }
  if (item.lane == Lane::kStep) steps_done_.push_back(item.step->id);
  ++counts_.erased_dropped;
  item.handling = Handling::kErased;
  return true;
}

absl::Status Fold::ApplyCommand(WorkItem& item, Prepared& prepared) {
  const Command& command = *item.command;
  if (settings_.now > command.deadline) {
    item.outcome = absl::DeadlineExceededError("deadline passed while waiting");
    return absl::OkStatus();
  }
  if (aliases_changed_ && command.alias.has_value()) RETURN_IF_ERROR(ResolveAgain(item, prepared));
  if (Replayed(item, prepared) || DroppedAsErased(item, prepared)) return absl::OkStatus();
  item.outcome = prepared.problem;
  if (!item.outcome.ok()) return absl::OkStatus();
  ASSIGN_OR_RETURN(Working * working, WorkingFor(prepared.key));
  Context context = ContextFor(prepared.key);
  context.principal = command.principal;
  const auto origin = [&] { return absl::StrCat(prepared.request.scope, "/", command.request_id); };
  RETURN_IF_ERROR(Handle(*working, *prepared.input.input, std::move(context), command.traceparent, origin, item.outcome,
                         &item.reply));
  if (!item.outcome.ok()) return absl::OkStatus();
  if (command.alias.has_value() && aliases_stored_.insert({command.alias->kind, command.alias->keyed_hash}).second) {
    const absl::Status added = transaction_.AddAlias({command.alias->kind, command.alias->keyed_hash, prepared.key});
    // Another writer claimed it after we looked: fold again with what is there now.
    if (absl::IsAlreadyExists(added)) return absl::AbortedError("alias was claimed meanwhile");
    RETURN_IF_ERROR(added);
  }
  if (!prepared.request.request_id.empty()) {
    store::RequestRow row;
    row.id = prepared.request;
    row.key = prepared.key;
    row.field_hashes = prepared.field_hashes;
    row.time = settings_.now;
    row.outlives_key = working->erased;
    if (item.reply != nullptr) {
      row.reply_type = item.reply->GetDescriptor()->full_name();
      row.reply = item.reply->SerializeAsString();
    }
    requests_[row.id] = row;
    requests_new_.push_back(std::move(row));
  }
  audit_.push_back({settings_.now, command.principal.organisation, command.principal.user, command.principal.role,
                    command.principal.purpose, command.method, prepared.key, "change", command.request_id,
                    command.traceparent});
  return absl::OkStatus();
}

void Fold::SetAside(WorkItem& item, const PeerFact& fact, const absl::Status& why) {
  store::DeadLetterRow row;
  row.record = RowOf(fact, settings_.now);
  // The status text of a decoder or a domain names fields and codes, never content.
  row.reason = std::string(why.message());
  row.attempts = item.attempts + 1;
  dead_letters_.push_back(std::move(row));
  ++counts_.dead_letters;
  item.handling = Handling::kSetAside;
  // Without its version nobody can tell what is missing: the gap is found by the key's next record.
  if (!fact.source.empty() && fact.version > 0) counts_.newly_blocked.emplace_back(fact.source, fact.key);
}

absl::Status Fold::ApplyFact(WorkItem& item, Prepared& prepared) {
  const PeerFact& fact = item.received->fact;
  if (DroppedAsErased(item, prepared)) return absl::OkStatus();
  if (!fact.publisher.empty()) return ApplyForeign(item, prepared);
  if (item.recalled) return ApplyRecalled(item, prepared);
  if (!item.received->problem.ok()) {
    SetAside(item, fact, item.received->problem);
    return absl::OkStatus();
  }
  const PeerKey peer{fact.source, fact.key};
  const store::SourceVersionKey version_key{fact.source, fact.key};
  const int64_t last = last_[version_key].version;
  if (fact.version <= last) {
    ++counts_.duplicates;
    item.handling = Handling::kDuplicate;
    return absl::OkStatus();
  }
  const bool blocked =
      settings_.blocked->contains(peer) ||
      std::find(counts_.newly_blocked.begin(), counts_.newly_blocked.end(), peer) != counts_.newly_blocked.end();
  const bool waits = parked_keys_.contains(peer) && !item.fills_gap;
  if (blocked || waits || (fact.version > last + 1 && !item.leaves_out)) {
    if (item.fills_gap) return absl::OkStatus();  // It stays in the owner's journal.
    parked_.push_back(RowOf(fact, settings_.now));
    parked_keys_.insert(peer);
    ++counts_.parked;
    item.handling = Handling::kParked;
    return absl::OkStatus();
  }
  if (!prepared.skip) {
    absl::Status refusal = prepared.problem;
    if (refusal.ok()) {
      const auto origin = [&fact] {
        return absl::StrCat(fact.source, "/", fact.key, "/", fact.epoch, "/", fact.version);
      };
      RETURN_IF_ERROR(HandleFact(fact, prepared, origin, refusal));
    }
    if (!refusal.ok()) {
      SetAside(item, fact, refusal);
      return absl::OkStatus();
    }
  }
  LastVersion& now = last_[version_key];
  if (!now.changed) last_changed_.push_back(version_key);
  now = {fact.version, std::max(now.epoch, fact.epoch), /*changed=*/true};
  return absl::OkStatus();
}

absl::Status Fold::ApplyStep(WorkItem& item, Prepared& prepared) {
  if (DroppedAsErased(item, prepared)) return absl::OkStatus();
  steps_done_.push_back(item.step->id);
  absl::Status refusal = prepared.problem;
  if (refusal.ok()) {
    ASSIGN_OR_RETURN(Working * working, WorkingFor(prepared.key));
    RETURN_IF_ERROR(Handle(
        *working, *prepared.input.input, ContextFor(prepared.key), item.step->traceparent,
        [&item] { return item.step->id; }, refusal, nullptr));
  }
  item.outcome = refusal;
  if (refusal.ok()) return absl::OkStatus();
  store::DeadLetterRow row;
  row.record.source = settings_.definition->service;
  row.record.key = item.step->key;
  row.record.type = item.step->type;
  row.record.payload = item.step->payload;
  row.record.traceparent = item.step->traceparent;
  row.record.record_time = row.record.time = settings_.now;
  row.reason = std::string(refusal.message());
  row.attempts = 1;
  dead_letters_.push_back(std::move(row));
  ++counts_.dead_letters;
  return absl::OkStatus();
}

absl::Status Fold::ApplyDue(WorkItem& item, Prepared& prepared) {
  if (DroppedAsErased(item, prepared)) return absl::OkStatus();
  item.outcome = prepared.problem;
  // A due row that cannot be handled is put off, so that the others go on; it stays visible as lateness.
  if (!item.outcome.ok() && !hand_->by_key.contains(prepared.key)) {
    ASSIGN_OR_RETURN(std::vector<store::StoredAggregate> stored, transaction_.Load({prepared.key}));
    stored[0].due_at = settings_.now + kStuckDueDelay;
    return transaction_.Save({{stored[0].version, stored[0]}});
  }
  ASSIGN_OR_RETURN(Working * working, WorkingFor(prepared.key));
  working->ticked = true;
  if (working->stored.due_at.has_value()) counts_.due_handled.push_back(*working->stored.due_at);
  if (!item.outcome.ok()) return absl::OkStatus();
  const auto origin = [&] { return absl::StrCat(prepared.key, "@", working->stored.version, "/due"); };
  return Handle(*working, *prepared.input.input, ContextFor(prepared.key), "", origin, item.outcome, nullptr);
}

absl::Status Fold::Apply(WorkItem& item, Prepared& prepared) {
  switch (item.lane) {
    case Lane::kCommand:
      return ApplyCommand(item, prepared);
    case Lane::kBus:
      return ApplyFact(item, prepared);
    case Lane::kStep:
      return ApplyStep(item, prepared);
    case Lane::kDue:
      return ApplyDue(item, prepared);
    case Lane::kAudit:
      audit_.insert(audit_.end(), item.audit.begin(), item.audit.end());
      return absl::OkStatus();
  }
  return absl::InternalError("no such lane");
}

bool Fold::IsWritten(const Working& working) {
  return (working.changed || working.ticked) && working.stored.version > 0;  // Else refused before it came to be.
}

bool Fold::HasStood(const Working& working) {
  return working.stood_version == working.stored.version && !working.ticked && !working.erased;
}

void Fold::Stand(Working& working) const {
  working.standing = StandingOf(working);
  store::StoredAggregate& stored = working.stored;
  stored.due_at = working.standing.due;
  stored.schema = working.kind->schema();
  stored.state.clear();
  if (!working.erased) working.state->SerializeToString(&stored.state);
  if (working.loaded_version > 0) transaction_.WrapAhead(stored);  // A new one has no key yet.
  working.stood_version = stored.version;
}

void Fold::StandAll(Hand& hand) {
  settings_.crew->Share(hand.working.size(), [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      Working& working = *hand.working[i];
      if (IsWritten(working) && !HasStood(working)) Stand(working);
    }
  });
}

absl::Status Fold::WriteAggregates(Hand& hand) {
  std::vector<store::AggregateWrite> writes;
  RowChanges changes;
  for (const auto& working : hand.working) {
    if (!IsWritten(*working)) continue;
    CollectRows(*working, /*index=*/working->erased, changes);
    if (working->index_stale) CollectIndex(*working, std::move(working->standing.rows), changes);
    const std::optional<absl::Time> due = working->standing.due;
    if (due.has_value() && (!counts_.earliest_due.has_value() || *due < *counts_.earliest_due)) {
      counts_.earliest_due = due;
    }
    writes.push_back({working->loaded_version, std::move(working->stored)});
  }
  RETURN_IF_ERROR(WriteRows(changes));
  return writes.empty() ? absl::OkStatus() : transaction_.Save(writes);
}

// A step for somebody who was erased is dropped: nothing can be sealed for them any more.
absl::Status Fold::WriteSteps() {
  if (steps_.empty()) return absl::OkStatus();
  std::vector<std::string> keys;
  for (const store::StepRow& step : steps_) keys.push_back(step.key);
  ASSIGN_OR_RETURN(const std::vector<store::Erasure> found, transaction_.FindErased(keys));
  for (const store::Erasure& erasure : found) erased_.emplace(store::OwnerOf(erasure.key));
  counts_.erased_dropped +=
      static_cast<int>(std::erase_if(steps_, [this](const store::StepRow& step) { return IsErased(step.key); }));
  return transaction_.AppendSteps(steps_);
}

absl::Status Fold::WriteRest() {
  RETURN_IF_ERROR(WriteSteps());
  if (!steps_done_.empty()) RETURN_IF_ERROR(transaction_.DeleteSteps(steps_done_));
  if (!requests_new_.empty()) RETURN_IF_ERROR(transaction_.SaveRequests(requests_new_));
  if (!last_changed_.empty()) {
    std::vector<store::SourceVersion> versions;
    for (const store::SourceVersionKey& id : last_changed_) {
      versions.push_back({id, last_[id].version, last_[id].epoch});
    }
    RETURN_IF_ERROR(transaction_.SaveSourceVersions(versions));
  }
  if (!parked_.empty()) RETURN_IF_ERROR(transaction_.Park(parked_));
  if (!dead_letters_.empty()) RETURN_IF_ERROR(transaction_.AddDeadLetters(dead_letters_));
  if (!audit_.empty()) RETURN_IF_ERROR(transaction_.AppendAudit(audit_));
  return absl::OkStatus();
}

absl::Status Fold::LoadSlice(const std::vector<WorkItem>& items, Slice slice) {
  RETURN_IF_ERROR(LoadAggregates(slice));
  RETURN_IF_ERROR(FindErased(items, slice));
  RETURN_IF_ERROR(FindRequests(slice));
  return FindVersions(items, slice);
}

absl::Status Fold::ApplySlice(std::vector<WorkItem>& items, Slice slice) {
  bool flushed = false;
  for (size_t i = slice.begin; i < slice.end; ++i) {
    // Steps and due instants come last and may look at rows of other aggregates: what the commands
    // and facts of this batch have told is in the index by then.
    if (!flushed && (items[i].lane == Lane::kStep || items[i].lane == Lane::kDue)) {
      RowChanges changes;
      for (const auto& working : hand_->working) CollectRows(*working, /*index=*/true, changes);
      RETURN_IF_ERROR(WriteRows(changes));
      flushed = true;
    }
    RETURN_IF_ERROR(Apply(items[i], prepared_[i]));
    // Its aggregate has it and the journal would not: rather record by record.
    if (prepared_[i].ahead != nullptr) return absl::InternalError("a fact was decided ahead and not taken");
  }
  return absl::OkStatus();
}

absl::Status Fold::WriteSlice(Hand& hand) {
  CrashPoint("corridor.before_write");
  // The journal first: saving the aggregates then writes each row once, with its last sequence.
  if (!hand.journal.empty()) RETURN_IF_ERROR(transaction_.AppendJournal(hand.journal));
  RETURN_IF_ERROR(WriteAggregates(hand));
  hand.journal.clear();
  hand.by_key.clear();
  hand.working.clear();
  hand.states.Reset();
  return absl::OkStatus();
}

absl::Status Fold::Run(std::vector<WorkItem>& items) {
  const absl::Cleanup drop = [this] { settings_.crew->Drop(); };  // When the database fails meanwhile.
  RETURN_IF_ERROR(Prepare(items));
  const std::vector<Slice> slices = PutInOrder(items);
  const bool apart = AreApart(items);
  const auto begin = [&](Slice slice) -> absl::Status {
    RETURN_IF_ERROR(LoadSlice(items, slice));
    if (apart) GiveFacts(items, slice);
    BeginAhead(items);
    return absl::OkStatus();
  };
  bool begun = false;
  for (size_t i = 0; i < slices.size(); ++i) {
    if (!begun) RETURN_IF_ERROR(begin(slices[i]));
    RETURN_IF_ERROR(FinishAhead());
    RETURN_IF_ERROR(ApplySlice(items, slices[i]));
    Hand& applied = *hand_;
    StandAll(applied);
    hand_ = &hands_[(i + 1) % hands_.size()];
    begun = apart && i + 1 < slices.size() && MayOverlap(items, slices[i], slices[i + 1]);
    if (begun) RETURN_IF_ERROR(begin(slices[i + 1]));
    RETURN_IF_ERROR(WriteSlice(applied));
  }
  if (!erasures_.empty()) RETURN_IF_ERROR(transaction_.AppendErasures(erasures_));
  return WriteRest();
}

}  // namespace polku::pipeline
