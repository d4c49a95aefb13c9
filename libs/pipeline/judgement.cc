// What a corridor does about kinds at its start, and about dead letters when a person has decided.
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/log.h"
#include "libs/base/status_macros.h"
#include "libs/pipeline/corridor.h"

namespace polku::pipeline {

WorkItem FactOf(const store::ParkedRow& row) {
  WorkItem item;
  item.lane = Lane::kBus;
  item.fills_gap = true;
  PeerFact& fact = item.received.emplace().fact;
  fact.source = row.source;
  fact.epoch = row.epoch;
  fact.key = row.key;
  fact.version = row.version;
  fact.from = {row.topic, row.partition};
  fact.offset = row.offset;
  fact.type = row.type;
  fact.payload = row.payload;
  fact.traceparent = row.traceparent;
  fact.time = row.record_time;
  return item;
}

// An older program would take the rows of a newer one for bad input of theirs.
absl::Status Corridor::CheckKinds() {
  ASSIGN_OR_RETURN(std::unique_ptr<store::Transaction> transaction, dependencies_.database->Begin());
  ASSIGN_OR_RETURN(const std::vector<store::KindRow> known, transaction->ReadKinds());
  for (const auto& kind : definition_.kinds) {
    int32_t stored = 0;
    for (const store::KindRow& row : known) {
      if (row.key_prefix == kind->key_prefix()) stored = row.schema;
    }
    if (stored > kind->schema()) {
      return absl::FailedPreconditionError(absl::StrCat("aggregates ", kind->key_prefix(), " of ", definition_.service,
                                                        " have schema ", stored, ", this program knows ",
                                                        kind->schema()));
    }
    if (stored < kind->schema()) RETURN_IF_ERROR(transaction->SaveKind({kind->key_prefix(), kind->schema()}));
  }
  return transaction->Commit();
}

void Corridor::Judge(Judgement judgement, std::function<void(absl::Status)> done) {
  {
    absl::MutexLock lock(&mutex_);
    if (!closed_) {
      idle_passes_ = 0;
      asked_.push_back({std::move(judgement), std::move(done)});
      return;
    }
  }
  done(absl::UnavailableError("the service is stopping"));
}

absl::StatusOr<bool> Corridor::JudgeAll() {
  std::vector<Asked> asked;
  {
    absl::MutexLock lock(&mutex_);
    asked.swap(asked_);
  }
  absl::Status status;
  for (Asked& each : asked) {
    absl::Status refused;
    if (status.ok()) status = JudgeOne(each.judgement, refused);
    each.done(status.ok() ? refused : absl::UnavailableError("not done, as far as is known; look and ask again"));
  }
  RETURN_IF_ERROR(status);
  return !asked.empty();
}

absl::Status Corridor::JudgeOne(const Judgement& judgement, absl::Status& refused) {
  ASSIGN_OR_RETURN(std::unique_ptr<store::Transaction> transaction, dependencies_.database->Begin());
  ASSIGN_OR_RETURN(std::vector<store::DeadLetterRow> letters, transaction->FindDeadLetters({judgement.id}));
  if (letters.empty()) {
    refused = absl::NotFoundError(absl::StrCat("no dead letter ", judgement.id));
    return absl::OkStatus();
  }
  const store::ParkedRow& record = letters[0].record;
  const bool replay = judgement.verdict == Judgement::Verdict::kReplay;
  const bool own_step = record.source == definition_.service;
  if (replay && (record.erased || (record.version == 0 && !own_step))) {
    refused = absl::FailedPreconditionError(record.erased ? "its client was erased" : "its version is not known");
    return absl::OkStatus();
  }
  std::set<PeerKey> blocked = blocked_;
  blocked.erase({record.source, record.key});
  Fold fold(*transaction, SettingsNow(blocked));
  RETURN_IF_ERROR(transaction->DeleteDeadLetters({judgement.id}));
  std::vector<WorkItem> items;
  if (replay && own_step) {
    RETURN_IF_ERROR(transaction->AppendSteps(
        {{absl::StrCat("dead-letter/", judgement.id), record.key, record.type, record.payload, record.traceparent}}));
  } else if (replay) {
    items.push_back(FactOf(record));
    items.back().attempts = letters[0].attempts;
  } else if (record.version > 0) {
    const store::SourceVersionKey id{record.source, record.epoch, record.key};
    ASSIGN_OR_RETURN(const std::vector<store::SourceVersion> last, transaction->FindSourceVersions({id}));
    if (last.empty() || last[0].last < record.version) {
      RETURN_IF_ERROR(transaction->SaveSourceVersions({{id, record.version}}));
    }
  }
  const Principal& by = judgement.principal;
  WorkItem audit;
  audit.lane = Lane::kAudit;
  audit.audit.push_back({dependencies_.clock->Now(), by.organisation, by.user, by.role, by.purpose,
                         replay ? "ReplayDeadLetter" : "DiscardDeadLetter", record.key, "change", judgement.request_id,
                         ""});
  items.push_back(std::move(audit));
  if (absl::Status folded = fold.Run(items); !folded.ok()) {
    if (store::IsDiskFailure(folded)) return folded;
    refused = absl::FailedPreconditionError("it breaks the batch again; the log says how");
    LogEvent(LogLevel::kError, "a dead letter breaks its batch", {{"id", judgement.id}, {"status", folded}});
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(transaction->Commit());
  blocked_ = std::move(blocked);
  parked_ = true;
  gaps_next_look_ = absl::InfinitePast();
  if (own_step) steps_pending_ = true;
  Learn(fold.counts());
  return absl::OkStatus();
}

}  // namespace polku::pipeline
