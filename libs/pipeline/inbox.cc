#include "libs/pipeline/inbox.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/log.h"
#include "libs/base/status_macros.h"
#include "libs/pipeline/pipeline.h"

namespace polku::pipeline {
namespace {

// An answer that does not come is waited for while commands wait, too.
constexpr absl::Duration kStartAgain = absl::Seconds(2);
// Somebody reads all partitions, or has until just now.
constexpr absl::Duration kRecently = absl::Seconds(5);
constexpr absl::Duration kAskPartitions = absl::Seconds(10);

}  // namespace

absl::StatusOr<std::unique_ptr<Inbox>> Inbox::Create(absl::string_view service,
                                                     const std::vector<std::string>& subscriptions,
                                                     const std::vector<Feed>& feeds, bus::Bus& bus,
                                                     store::Database& database, const Clock& clock, bool read_ahead) {
  std::unique_ptr<Inbox> inbox(new Inbox(bus, database, clock, read_ahead));
  std::vector<std::string>& topics = inbox->topics_;
  for (const std::string& peer : subscriptions) topics.push_back(TopicOf(peer));
  for (const Feed& feed : feeds) {
    inbox->feeds_[feed.topic] = feed;
    topics.push_back(feed.topic);
  }
  if (topics.empty()) return inbox;
  ASSIGN_OR_RETURN(inbox->consumer_, bus.NewConsumer(absl::StrCat("polku-", service), topics));
  if (database.shared()) RETURN_IF_ERROR(inbox->CountPartitions());
  return inbox;
}

absl::Status Inbox::StartFromDatabase() {
  if (unstarted_.empty() || clock_.Now() < start_again_at_) return absl::OkStatus();
  ASSIGN_OR_RETURN(std::unique_ptr<store::Reader> reader, database_.Read());
  ASSIGN_OR_RETURN(std::vector<store::PositionRow> rows, reader->ReadPositions());
  while (!unstarted_.empty()) {
    const bus::TopicPartition partition = *unstarted_.begin();
    unstarted_.erase(unstarted_.begin());
    Place place;
    for (const store::PositionRow& row : rows) {
      if (row.topic != partition.topic || row.partition != partition.partition) continue;
      place.next = row.next_offset;
      place.last_time = row.last_time;
    }
    covered_.erase(partition);
    const absl::Status started = Start(partition, place);
    if (started.ok()) {
      next_[partition] = place;
      stuck_.erase(partition);
      started_ = true;
      continue;
    }
    next_.erase(partition);
    if (absl::IsFailedPrecondition(started)) continue;  // Lost meanwhile; the next Poll says so.
    if (absl::IsUnavailable(started)) {
      unstarted_.insert(partition);
      start_again_at_ = clock_.Now() + kStartAgain;
      return started;
    }
    Shut(partition, place.next, started);
  }
  return absl::OkStatus();
}

absl::Status Inbox::Start(const bus::TopicPartition& partition, Place& place) {
  if (place.next > 0 && place.last_time != absl::InfinitePast()) {
    const absl::Status started = consumer_->Start(partition, place.next - 1);
    place.last_awaited = started.ok();
    if (!absl::IsOutOfRange(started)) return started;
  }
  return consumer_->Start(partition, place.next);
}

// Records are gone that we have not read, or the bus is not the one that we knew. Going on from elsewhere would hide
// the loss, so the partition stays shut until a person decides.
void Inbox::Shut(const bus::TopicPartition& partition, int64_t next, const absl::Status& why) {
  if (!stuck_.insert(partition).second) return;
  LogEvent(LogLevel::kError, "partition cannot be read from its position",
           {{"topic", partition.topic}, {"partition", partition.partition}, {"next_offset", next}, {"status", why}});
}

bool Inbox::IsNew(const Received& received, Place& place) {
  if (!std::exchange(place.last_awaited, false)) return true;
  // Where offsets have gaps it is not known whether it was there.
  if (received.fact.offset >= place.next) return true;
  if (absl::ToUnixMicros(received.append_time) == absl::ToUnixMicros(place.last_time)) return false;
  const bus::TopicPartition from = received.fact.from;
  Shut(from, place.next,
       absl::DataLossError(absl::StrCat("the record before it was appended at ", absl::FormatTime(received.append_time),
                                        ", the one that was read at ", absl::FormatTime(place.last_time),
                                        ": the topic was made anew")));
  next_.erase(from);  // And `place` with it.
  return false;
}

absl::Status Inbox::Decode(bus::Record record, PeerFact& fact) const {
  const auto feed = feeds_.find(record.from.topic);
  if (feed == feeds_.end()) return DecodeEvent(std::move(record), fact);
  TakeForeign(feed->second, std::move(record), fact);
  return absl::OkStatus();
}

absl::StatusOr<Inbox::Haul> Inbox::Poll(const bus::PollLimits& limits) const {
  Haul haul;
  haul.before = clock_.Now();
  ASSIGN_OR_RETURN(haul.polled, consumer_->Poll(limits));
  haul.facts.reserve(haul.polled.records.size());
  for (bus::Record& record : haul.polled.records) {
    Received& received = *haul.facts.emplace_back(std::make_unique<Received>());
    received.append_time = record.append_time;
    received.problem = Decode(std::move(record), received.fact);
  }
  haul.polled.records.clear();
  return haul;
}

void Inbox::Assign(const bus::Polled& polled) {
  for (const bus::TopicPartition& lost : polled.revoked) {
    next_.erase(lost);
    unstarted_.erase(lost);
    stuck_.erase(lost);
    covered_.erase(lost);
    advice_.erase(lost);
  }
  unstarted_.insert(polled.assigned.begin(), polled.assigned.end());
}

absl::StatusOr<Intake> Inbox::Fill(int records_max, int64_t bytes_max) {
  Intake intake;
  at_end_ = consumer_ == nullptr;
  stuck_count_ = static_cast<int>(stuck_.size());
  if (consumer_ == nullptr) return intake;
  bus::PollLimits limits;
  limits.records_max = records_max;
  limits.bytes_max = bytes_max;
  if (haul_.taken == haul_.facts.size()) {
    haul_ = Haul();
    if (ahead_.valid()) {
      ASSIGN_OR_RETURN(haul_, ahead_.get());
      TellBus();
    } else {
      // What could not be started before is started first: reading on without it would claim a position
      // beyond records that nobody has handled.
      RETURN_IF_ERROR(StartFromDatabase());
      ASSIGN_OR_RETURN(haul_, Poll(limits));
    }
    Assign(haul_.polled);
  }
  std::vector<std::unique_ptr<Received>>& facts = haul_.facts;
  const size_t end = std::min(facts.size(), haul_.taken + static_cast<size_t>(records_max));
  std::map<bus::TopicPartition, store::PositionClaim> claims;
  intake.facts.reserve(end - haul_.taken);
  for (size_t i = haul_.taken; i < end; ++i) {
    const PeerFact& fact = facts[i]->fact;
    const auto known = next_.find(fact.from);
    if (known == next_.end()) continue;  // Revoked in this very poll, or shut.
    if (!IsNew(*facts[i], known->second)) continue;
    auto [claim, first] = claims.try_emplace(fact.from);
    if (first) {
      claim->second.topic = fact.from.topic;
      claim->second.partition = fact.from.partition;
      claim->second.expected = known->second.next;
    }
    claim->second.next = fact.offset + 1;
    claim->second.last_time = facts[i]->append_time;
    intake.facts.push_back(std::move(facts[i]));
  }
  haul_.taken = end;
  for (auto& [partition, claim] : claims) intake.claims.push_back(std::move(claim));
  if (end < facts.size()) return intake;
  for (const bus::TopicPartition& at_end : haul_.polled.ends) {
    const auto known = next_.find(at_end);
    if (known != next_.end() && !known->second.last_awaited) intake.covered[at_end] = haul_.before;
  }
  // Who has not been given a partition yet knows nothing about ends, unless others tell.
  const bool reads = !next_.empty() || (database_.shared() && clock_.Now() - covered_until() < kRecently);
  at_end_ = facts.empty() && haul_.polled.assigned.empty() && reads && intake.covered.size() == next_.size();
  if (read_ahead_ && !facts.empty() && unstarted_.empty() && intake.covered.size() < next_.size()) {
    ahead_ = std::async(std::launch::async, [this, limits] { return Poll(limits); });
  }
  return intake;
}

void Inbox::Committed(const Intake& intake) {
  for (const store::PositionClaim& claim : intake.claims) {
    const bus::TopicPartition partition{claim.topic, claim.partition};
    const auto known = next_.find(partition);
    if (known == next_.end()) continue;
    known->second.next = claim.next;
    known->second.last_time = claim.last_time;
    advice_[partition] = claim.next;
  }
  for (const auto& [partition, instant] : intake.covered) covered_[partition] = instant;
  if (!ahead_.valid()) TellBus();
}

// Advice for lag tools only; the database row is what counts.
void Inbox::TellBus() {
  for (const auto& [partition, next] : advice_) {
    if (absl::Status told = consumer_->Commit(partition, next); !told.ok()) {
      LogEvent(LogLevel::kWarning, "position not told to the bus", {{"topic", partition.topic}, {"status", told}});
    }
  }
  advice_.clear();
}

absl::Status Inbox::Rewind() {
  haul_ = Haul();
  if (ahead_.valid()) {
    const absl::StatusOr<Haul> ahead = ahead_.get();
    if (ahead.ok()) Assign(ahead->polled);
  }
  for (const auto& [partition, place] : next_) {
    unstarted_.insert(partition);
    covered_.erase(partition);
  }
  next_.clear();
  return StartFromDatabase();
}

absl::Time Inbox::covered_until() const {
  if (consumer_ == nullptr) return absl::InfiniteFuture();
  if (database_.shared()) {
    absl::Time least = absl::InfiniteFuture();
    for (const auto& [partition, by_others] : covered_by_others_) {
      const auto ours = covered_.find(partition);
      least = std::min(least, ours == covered_.end() ? by_others : std::max(by_others, ours->second));
    }
    return least;
  }
  if (next_.empty() || !stuck_.empty() || !unstarted_.empty() || covered_.size() < next_.size())
    return absl::InfinitePast();
  absl::Time least = absl::InfiniteFuture();
  for (const auto& [partition, instant] : covered_) least = std::min(least, instant);
  return least;
}

bool Inbox::caught_up() const {
  return consumer_ == nullptr || (stuck_.empty() && unstarted_.empty() && covered_.size() == next_.size());
}

std::vector<store::Coverage> Inbox::coverage() const {
  std::vector<store::Coverage> told;
  for (const auto& [partition, until] : covered_) told.push_back({partition.topic, partition.partition, until});
  return told;
}

void Inbox::LearnCoverage(const std::vector<store::PositionRow>& rows) {
  for (const store::PositionRow& row : rows) {
    const auto known = covered_by_others_.find({row.topic, row.partition});
    if (known != covered_by_others_.end()) known->second = row.covered_until;
  }
}

absl::Status Inbox::CountPartitions() {
  for (const std::string& topic : topics_) {
    ASSIGN_OR_RETURN(const std::vector<bus::Extent> partitions, bus_.Extents(topic, kAskPartitions));
    for (int i = 0; i < static_cast<int>(partitions.size()); ++i)
      covered_by_others_.try_emplace({topic, i}, absl::InfinitePast());
  }
  return absl::OkStatus();
}

}  // namespace polku::pipeline
