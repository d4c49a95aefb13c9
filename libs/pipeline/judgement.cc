// What a corridor does about kinds at its start, and about dead letters when a person has decided.
#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/log.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/pipeline/corridor.h"
#include "libs/pipeline/requests.h"

namespace polku::pipeline {
namespace {

using polku::common::v1::JudgedDeadLetter;

absl::Status NotReplayable(absl::string_view why) {
  return WithReason(absl::FailedPreconditionError(why), "NOT_REPLAYABLE");
}

std::string ActionOf(const Judgement& judgement) {
  return judgement.verdict == Judgement::Verdict::kReplay ? "ReplayDeadLetter" : "DiscardDeadLetter";
}

// Of no aggregate: what a dead letter is about may be erased, or unknown.
std::string KeyOf(const Judgement& judgement) { return absl::StrCat("dead-letters/", judgement.id); }

store::RequestKey RequestOf(const Judgement& judgement) {
  return {absl::StrCat(judgement.principal.organisation, "|", ActionOf(judgement)), judgement.request_id};
}

store::RequestRow Remember(const Judgement& judgement, const JudgedDeadLetter& answer, absl::string_view hash_key,
                           absl::Time now) {
  store::RequestRow row;
  row.id = RequestOf(judgement);
  row.key = KeyOf(judgement);
  row.field_hashes = FieldHashes(hash_key, *judgement.request);
  row.reply_type = JudgedDeadLetter::descriptor()->full_name();
  row.reply = answer.SerializeAsString();
  row.time = now;
  return row;
}

absl::StatusOr<JudgedDeadLetter> AnswerAgain(const store::RequestRow& known, const google::protobuf::Message& request,
                                             absl::string_view hash_key) {
  RETURN_IF_ERROR(CompareFieldHashes(known.field_hashes, FieldHashes(hash_key, request), *request.GetDescriptor()));
  JudgedDeadLetter answer;
  if (!answer.ParseFromString(known.reply)) return absl::InternalError("stored reply does not parse");
  return answer;
}

}  // namespace

WorkItem FactOf(const store::ParkedRow& row) {
  WorkItem item;
  item.lane = Lane::kBus;
  item.fills_gap = true;
  item.received = std::make_unique<Received>();
  PeerFact& fact = item.received->fact;
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
                                                        kind->schema(), ": a newer one is needed"));
    }
    if (stored < kind->schema()) RETURN_IF_ERROR(transaction->SaveKind({kind->key_prefix(), kind->schema()}));
  }
  return transaction->Commit();
}

void Corridor::Judge(Judgement judgement, JudgedDone done) {
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
    Judged answer = absl::UnavailableError("not done, as far as is known; look and ask again");
    if (status.ok()) {
      Judged given = JudgedDeadLetter();
      status = JudgeOne(each.judgement, given);
      if (status.ok()) answer = std::move(given);
    }
    each.done(std::move(answer));
  }
  RETURN_IF_ERROR(status);
  return !asked.empty();
}

const Feed* Corridor::FeedOf(const store::ParkedRow& record) const {
  for (const Feed& feed : definition_.feeds) {
    if (feed.topic == record.source) return &feed;
  }
  return nullptr;
}

absl::Status Corridor::CheckReplay(const store::ParkedRow& record) const {
  if (record.erased) return NotReplayable("its client was erased");
  if (record.source == definition_.service && record.version > 0) {
    return NotReplayable("events of this service are gone; discard it when what they told has been recorded again");
  }
  if (record.source == definition_.service || record.version > 0) return absl::OkStatus();
  if (FeedOf(record) == nullptr) return NotReplayable("its version is not known");
  if (record.type.empty()) return NotReplayable("it was not understood, so nothing of it was kept");
  if (!kinds_->Takes(record.type)) return NotReplayable("this program does not take what it is");
  return absl::OkStatus();
}

absl::StatusOr<std::vector<WorkItem>> Corridor::CarryOut(store::Transaction& transaction, const Judgement& judgement,
                                                         const store::DeadLetterRow& letter) const {
  const store::ParkedRow& record = letter.record;
  std::vector<WorkItem> items;
  RETURN_IF_ERROR(transaction.DeleteDeadLetters({judgement.id}));
  if (judgement.verdict == Judgement::Verdict::kReplay) {
    if (record.source == definition_.service) {
      RETURN_IF_ERROR(transaction.AppendSteps(
          {{absl::StrCat("dead-letter/", judgement.id), record.key, record.type, record.payload, record.traceparent}}));
    } else {
      items.push_back(FactOf(record));
      items.back().attempts = letter.attempts;
      if (record.version == 0) items.back().received->fact.publisher = FeedOf(record)->publisher;
    }
  } else if (record.version > 0) {
    const store::SourceVersionKey id{record.source, record.key};
    ASSIGN_OR_RETURN(const std::vector<store::SourceVersion> last, transaction.FindSourceVersions({id}));
    if (last.empty() || last[0].last < record.version) {
      const int64_t epoch = last.empty() ? record.epoch : std::max(last[0].epoch, record.epoch);
      RETURN_IF_ERROR(transaction.SaveSourceVersions({{id, record.version, epoch}}));
    }
  }
  const Principal& by = judgement.principal;
  WorkItem audit;
  audit.lane = Lane::kAudit;
  audit.audit.push_back({dependencies_.clock->Now(), by.organisation, by.user, by.role, by.purpose, ActionOf(judgement),
                         record.key.empty() ? KeyOf(judgement) : record.key,
                         judgement.reason.empty() ? "change" : absl::StrCat("change:", judgement.reason),
                         judgement.request_id, judgement.traceparent});
  items.push_back(std::move(audit));
  return items;
}

absl::Status Corridor::JudgeOne(const Judgement& judgement, Judged& answer) {
  ASSIGN_OR_RETURN(std::unique_ptr<store::Transaction> transaction, dependencies_.database->Begin());
  const absl::string_view hash_key = dependencies_.database->hash_key();
  // Before the answers: a letter that another program has just judged is gone, and the answer to the same request is
  // there.
  ASSIGN_OR_RETURN(const std::vector<store::DeadLetterRow> letters, transaction->FindDeadLetters({judgement.id}));
  if (judgement.request != nullptr) {
    ASSIGN_OR_RETURN(const std::vector<store::RequestRow> known, transaction->FindRequests({RequestOf(judgement)}));
    if (!known.empty()) {
      answer = AnswerAgain(known[0], *judgement.request, hash_key);
      return absl::OkStatus();
    }
  }
  absl::Status refused;
  if (letters.empty()) {
    refused = absl::NotFoundError(absl::StrCat("no dead letter ", judgement.id));
  } else if (judgement.verdict == Judgement::Verdict::kReplay) {
    refused = CheckReplay(letters[0].record);
  }
  if (!refused.ok()) {
    answer = refused;
    return absl::OkStatus();
  }
  const store::ParkedRow& record = letters[0].record;
  std::set<PeerKey> blocked = blocked_;
  blocked.erase({record.source, record.key});
  Fold fold(*transaction, SettingsNow(blocked));
  ASSIGN_OR_RETURN(std::vector<WorkItem> items, CarryOut(*transaction, judgement, letters[0]));
  if (absl::Status folded = fold.Run(items); !folded.ok()) {
    if (store::IsDiskFailure(folded)) return folded;
    answer = absl::FailedPreconditionError("it breaks the batch again; the log says how");
    LogEvent(LogLevel::kError, "a dead letter breaks its batch", {{"id", judgement.id}, {"status", folded}});
    return absl::OkStatus();
  }
  answer->set_set_aside_again(fold.counts().dead_letters > 0);
  if (judgement.request != nullptr) {
    RETURN_IF_ERROR(transaction->SaveRequests({Remember(judgement, *answer, hash_key, dependencies_.clock->Now())}));
  }
  RETURN_IF_ERROR(transaction->Commit());
  blocked_ = std::move(blocked);
  parked_ = true;
  gaps_next_look_ = absl::InfinitePast();
  if (record.source == definition_.service) steps_pending_ = true;
  Learn(fold.counts());
  return absl::OkStatus();
}

}  // namespace polku::pipeline
