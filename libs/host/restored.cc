// Services on Kafka whose database was put back to an older point (libs/decisions/0011): noticed, and mended.
#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "libs/backup/backup.h"
#include "libs/base/log.h"
#include "libs/base/status_macros.h"
#include "libs/bus/kafka/topic_reader.h"
#include "libs/host/host.h"
#include "libs/pipeline/proto_time.h"

namespace polku::host {
namespace {

using common::v1::LostEvents;
using common::v1::RestoreRecord;

// Of each partition, at a start. The last one alone may have been sent again and be known.
constexpr int64_t kNewestLooked = 100;
constexpr char kHolder[] = "restored";
constexpr absl::Duration kLeased = absl::Minutes(10);
constexpr absl::Duration kLeaseLeftMax = absl::Seconds(15);
constexpr absl::Duration kLookAgain = absl::Milliseconds(200);
constexpr char kNewestTime[] = "SELECT MAX(time) FROM journal";

// Nothing when the journal is empty.
absl::StatusOr<absl::Time> NewestTime(store::Database& database) {
  ASSIGN_OR_RETURN(const std::unique_ptr<store::Reader> reader, database.Read());
  ASSIGN_OR_RETURN(const std::vector<store::Row> rows, reader->Query(kNewestTime, {}));
  const auto* micros = std::get_if<int64_t>(&rows[0][0]);
  return micros == nullptr ? absl::InfinitePast() : absl::FromUnixMicros(*micros);
}

// Adds what is read again to what the restore has found missing itself.
void AddRecalled(const std::string& service, const std::vector<pipeline::PeerFact>& events, RestoreRecord& record) {
  std::map<std::string, LostEvents*> known;
  for (LostEvents& lost : *record.mutable_lost()) {
    if (lost.service() == service) known[lost.key()] = &lost;
  }
  for (const pipeline::PeerFact& event : events) {
    LostEvents*& lost = known[event.key];
    if (lost == nullptr) {
      lost = record.add_lost();
      lost->set_service(service);
      lost->set_key(event.key);
      lost->set_recalled(true);
    }
    if (!lost->recalled()) continue;  // Its versions are those of the database.
    if (lost->first_version() == 0) lost->set_first_version(event.version);
    lost->set_last_version(std::max(lost->last_version(), event.version));
    *lost->mutable_last_time() = pipeline::ToProto(event.time);
  }
}

// Another program that works on the database would go on with the old epoch. One that was killed keeps its lease for a
// while.
absl::Status CheckAlone(store::Database& database, const std::string& service, const MonotonicClock& clock) {
  const absl::Duration end = clock.Elapsed() + kLeaseLeftMax;
  while (true) {
    ASSIGN_OR_RETURN(const std::unique_ptr<store::Transaction> transaction, database.Begin());
    ASSIGN_OR_RETURN(const bool alone, transaction->TakeLease(kHolder, kLeased));
    RETURN_IF_ERROR(transaction->Commit());
    if (alone) return absl::OkStatus();
    if (clock.Elapsed() > end) {
      return absl::FailedPreconditionError(absl::StrCat("stop all programs of ", service, " first"));
    }
    absl::SleepFor(kLookAgain);
  }
}

absl::Status TakeEpoch(store::Database& database, int64_t epoch) {
  ASSIGN_OR_RETURN(const std::unique_ptr<store::Transaction> transaction, database.Begin());
  RETURN_IF_ERROR(transaction->SetEpoch(epoch));
  RETURN_IF_ERROR(transaction->ReleaseLease(kHolder));
  return transaction->Commit();
}

}  // namespace

bus::KafkaBusOptions Host::KafkaOptions() const {
  bus::KafkaBusOptions options = config_.kafka;
  options.clock = &monotonic_;
  options.member = config_.replica;
  return options;
}

absl::StatusOr<pipeline::Forgotten> Host::FindForgotten(size_t part, int64_t newest_max) const {
  const pipeline::Pipeline& pipeline = parts_[part]->pipeline();
  pipeline::Forgotten all;
  RETURN_IF_ERROR(bus::ReadTopic(KafkaOptions(), pipeline::TopicOf(pipeline.service()), newest_max,
                                 [&](std::vector<bus::Record> records) -> absl::Status {
                                   ASSIGN_OR_RETURN(pipeline::Forgotten some,
                                                    pipeline.FindForgotten(std::move(records)));
                                   all.newest_epoch = std::max(all.newest_epoch, some.newest_epoch);
                                   all.oldest = std::min(all.oldest, some.oldest);
                                   std::move(some.events.begin(), some.events.end(), std::back_inserter(all.events));
                                   return absl::OkStatus();
                                 }));
  return all;
}

// What is told was kept before: a database that does not know it is not the one that told it, or an older copy.
absl::Status Host::CheckNotRestored() const {
  const std::string mends =
      absl::StrCat("; stop all programs of the service, then: ", config_.program, " restored, with the same settings");
  if (backup::IsRestorePending(config_.data_folder)) {
    return absl::FailedPreconditionError(absl::StrCat("data folder ", config_.data_folder, " was restored", mends));
  }
  for (size_t part = 0; part < parts_.size(); ++part) {
    ASSIGN_OR_RETURN(const pipeline::Forgotten forgotten, FindForgotten(part, kNewestLooked));
    const std::string& service = parts_[part]->pipeline().service();
    const bool newer_epoch = forgotten.newest_epoch > databases_[part]->epoch();
    if (forgotten.events.empty() && !newer_epoch) continue;
    const std::string what =
        newer_epoch ? absl::StrCat("events of epoch ", forgotten.newest_epoch)
                    : absl::StrCat("version ", forgotten.events.back().version, " of ", forgotten.events.back().key);
    return absl::FailedPreconditionError(absl::StrCat("topic ", pipeline::TopicOf(service), " holds ", what,
                                                      ", which the database of ", service,
                                                      " does not know: it is an older copy", mends));
  }
  return absl::OkStatus();
}

absl::StatusOr<RestoreRecord> Host::Restored(const HostConfig& config, Parts parts, const Clock* clock, Random* random,
                                             bool all_was_told) {
  if (config.bus_kind != BusKind::kKafka) {
    return absl::InvalidArgumentError("bus.kind: with the embedded bus it is: polkuctl restore apply");
  }
  HostConfig own = config;
  own.replica.clear();  // A program of that name may run, and its lease is not ours to take over.
  ASSIGN_OR_RETURN(const std::unique_ptr<Host> made, Make(own, std::move(parts), clock, random));
  return made->TakeBack(all_was_told);
}

absl::StatusOr<RestoreRecord> Host::TakeBack(bool all_was_told) {
  RestoreRecord record;
  const bool pending = backup::IsRestorePending(config_.data_folder);
  if (pending) {
    ASSIGN_OR_RETURN(record, backup::ReadRestoreRecord(config_.data_folder));
  } else {
    *record.mutable_restore_time() = pipeline::ToProto(clock_->Now());
    record.set_loss_unknown(!all_was_told);
  }
  absl::Time cut = absl::InfinitePast();
  std::vector<pipeline::Forgotten> forgotten;
  for (size_t part = 0; part < parts_.size(); ++part) {
    const std::string& service = parts_[part]->pipeline().service();
    RETURN_IF_ERROR(CheckAlone(*databases_[part], service, monotonic_));
    ASSIGN_OR_RETURN(const absl::Time newest, NewestTime(*databases_[part]));
    cut = std::max(cut, newest);
    ASSIGN_OR_RETURN(pipeline::Forgotten found, FindForgotten(part, 0));
    if (newest > absl::InfinitePast() && found.oldest < absl::InfiniteFuture() && found.oldest > newest) {
      return absl::DataLossError(
          absl::StrCat("topic ", pipeline::TopicOf(service), " begins at ", absl::FormatTime(found.oldest),
                       ", after the newest event of the database: what came between is gone. Restore a newer backup"));
    }
    record.set_epoch(std::max({record.epoch(), databases_[part]->epoch() + 1, found.newest_epoch + 1}));
    AddRecalled(service, found.events, record);
    forgotten.push_back(std::move(found));
  }
  if (!record.has_cut_time() && cut > absl::InfinitePast()) *record.mutable_cut_time() = pipeline::ToProto(cut);
  // Before anything is folded in: after a crash the database would know it, and nobody be held.
  RETURN_IF_ERROR(backup::BeginRestore(config_.data_folder, record));
  for (size_t part = 0; part < parts_.size(); ++part) {
    const std::string& service = parts_[part]->pipeline().service();
    const size_t events = forgotten[part].events.size();
    RETURN_IF_ERROR(parts_[part]->pipeline().Recall(std::move(forgotten[part].events)));
    RETURN_IF_ERROR(backup::HoldLost(record, service, *databases_[part], clock_->Now()));
    RETURN_IF_ERROR(TakeEpoch(*databases_[part], record.epoch()));
    LogEvent(LogLevel::kWarning, "restored",
             {{"service", service}, {"epoch", record.epoch()}, {"events_read_again", static_cast<int64_t>(events)}});
  }
  RETURN_IF_ERROR(backup::EndRestore(config_.data_folder));
  return record;
}

}  // namespace polku::host
