#include "libs/bus/embedded/embedded_bus.h"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "libs/base/private_file.h"
#include "libs/base/status_macros.h"
#include "libs/bus/admission.h"
#include "libs/bus/embedded/assignment.h"
#include "libs/bus/embedded/file_lock.h"
#include "libs/bus/embedded/record_file.h"
#include "libs/bus/partitioner.h"

namespace polku::bus {
namespace {

// What one fsync may cover. A single call beyond it is still written whole.
constexpr int64_t kGroupMessagesMax = 10'000;
constexpr int64_t kGroupBytesMax = 16 << 20;
constexpr int kMessageBytesMaxMax = 256 << 20;

// A consumer as its group sees it; guarded by the mutex of the bus.
struct Member {
  struct Held {
    size_t index = 0;             // Into the partitions of the bus.
    std::optional<int64_t> next;  // Unset until Start.
  };
  std::string group;
  std::set<std::string> topics;
  std::vector<Held> held;
  std::vector<TopicPartition> told;  // What the last Poll made of `held`.
  bool rebalanced = false;           // `held` changed after the last Poll.
  size_t first = 0;                  // Which of `held` the next Poll reads first.
};

// One Publish call on its way to the disk; guarded by the mutex of the bus.
struct Batch {
  struct Entry {
    const Message* message = nullptr;
    size_t position = 0;   // In the call.
    size_t partition = 0;  // Into the partitions of the bus.
  };
  std::vector<Entry> entries;
  int64_t bytes = 0;
  bool done = false;
  absl::Status result;
};

class EmbeddedBus : public Bus {
 public:
  EmbeddedBus(const EmbeddedBusOptions& options, FileLock file_lock, std::unique_ptr<RecordFile> file)
      : options_(options), file_lock_(std::move(file_lock)), file_(std::move(file)) {}
  ~EmbeddedBus() override;

  absl::Status Load();

  Capabilities capabilities() const override { return {.message_bytes_max = options_.message_bytes_max}; }
  absl::Status EnsureTopics(absl::Span<const TopicSpec> topics) override;
  absl::StatusOr<std::vector<Extent>> Extents(const std::string& topic, absl::Duration longest) override;
  absl::StatusOr<std::unique_ptr<Producer>> NewProducer() override;
  absl::StatusOr<std::unique_ptr<Consumer>> NewConsumer(absl::string_view group,
                                                        absl::Span<const std::string> topics) override;

  std::vector<absl::Status> Publish(absl::Span<const Message> messages);
  absl::StatusOr<Polled> Poll(Member& member, const PollLimits& limits);
  absl::Status Start(Member& member, const TopicPartition& partition, int64_t offset);
  absl::Status Commit(const Member& member, const TopicPartition& partition, int64_t offset);
  void Leave(Member& member);

 private:
  // A started partition at the beginning of a Poll.
  struct Stretch {
    size_t held = 0;  // Into Member::held.
    PartitionPlace place;
    int64_t next = 0;
    int64_t end = 0;
  };

  void AddPartition(const PartitionPlace& place, int64_t end) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Batch Admit(absl::Span<const Message> messages, std::vector<absl::Status>& statuses) ABSL_LOCKS_EXCLUDED(mutex_);
  void WriteGroup() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Rebalance(const std::string& group) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool HasNews(const Member& member) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::vector<Stretch> Stretches(const Member& member) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<size_t> FindHeld(const Member& member, const TopicPartition& partition) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const EmbeddedBusOptions options_;
  const FileLock file_lock_;
  const std::unique_ptr<RecordFile> file_;  // Its writing part belongs to whoever set `writing_`.

  absl::Mutex mutex_;
  // Only the one who set `writing_` adds partitions or moves ends.
  std::vector<RecordFile::Partition> partitions_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::vector<size_t>, std::less<>> topics_ ABSL_GUARDED_BY(mutex_);
  std::deque<Batch*> queue_ ABSL_GUARDED_BY(mutex_);
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  std::map<std::string, std::vector<Member*>> groups_ ABSL_GUARDED_BY(mutex_);  // In order of joining.
  AdvisoryOffsets unwritten_offsets_ ABSL_GUARDED_BY(mutex_);
};

class EmbeddedProducer : public Producer {
 public:
  explicit EmbeddedProducer(EmbeddedBus& bus) : bus_(bus) {}
  std::vector<absl::Status> Publish(absl::Span<const Message> messages) override { return bus_.Publish(messages); }

 private:
  EmbeddedBus& bus_;
};

class EmbeddedConsumer : public Consumer {
 public:
  EmbeddedConsumer(EmbeddedBus& bus, std::unique_ptr<Member> member) : bus_(bus), member_(std::move(member)) {}
  ~EmbeddedConsumer() override { bus_.Leave(*member_); }
  absl::StatusOr<Polled> Poll(const PollLimits& limits) override { return bus_.Poll(*member_, limits); }
  absl::Status Start(const TopicPartition& partition, int64_t offset) override {
    return bus_.Start(*member_, partition, offset);
  }
  absl::Status Commit(const TopicPartition& partition, int64_t offset) override {
    return bus_.Commit(*member_, partition, offset);
  }

 private:
  EmbeddedBus& bus_;
  const std::unique_ptr<Member> member_;
};

EmbeddedBus::~EmbeddedBus() {
  absl::MutexLock lock(&mutex_);
  POLKU_CHECK(groups_.empty() && queue_.empty());
  // Advice only: what cannot be written now is lost without harm.
  if (!unwritten_offsets_.empty()) file_->Append({}, absl::UnixEpoch(), unwritten_offsets_).IgnoreError();
}

absl::Status EmbeddedBus::Load() {
  ASSIGN_OR_RETURN(const std::vector<RecordFile::Partition> partitions, file_->ReadPartitions());
  absl::MutexLock lock(&mutex_);
  for (const RecordFile::Partition& partition : partitions) {
    const TopicPartition& name = partition.place.name;
    if (topics_[name.topic].size() != static_cast<size_t>(name.partition)) {
      return absl::DataLossError(absl::StrCat("open bus file: ", options_.path, ": topic ", name.topic,
                                              " lacks a partition before ", name.partition));
    }
    AddPartition(partition.place, partition.end);
  }
  return absl::OkStatus();
}

void EmbeddedBus::AddPartition(const PartitionPlace& place, int64_t end) {
  topics_[place.name.topic].push_back(partitions_.size());
  partitions_.push_back({place, end});
}

absl::Status EmbeddedBus::EnsureTopics(absl::Span<const TopicSpec> topics) {
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(
      +[](bool* writing) { return !*writing; }, &writing_));
  const auto partitions_of = [this](const std::string& topic)
                                 ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) -> std::optional<int> {
    const auto known = topics_.find(topic);
    if (known == topics_.end()) return std::nullopt;
    return static_cast<int>(known->second.size());
  };
  ASSIGN_OR_RETURN(const std::vector<TopicSpec> missing, MissingTopics(topics, partitions_of));
  if (missing.empty()) return absl::OkStatus();
  writing_ = true;
  mutex_.Unlock();
  const absl::StatusOr<std::vector<PartitionPlace>> added = file_->AddTopics(missing);
  mutex_.Lock();
  writing_ = false;
  RETURN_IF_ERROR(added.status());
  for (const PartitionPlace& place : *added) AddPartition(place, 0);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Extent>> EmbeddedBus::Extents(const std::string& topic, absl::Duration /*longest*/) {
  absl::MutexLock lock(&mutex_);
  const auto known = topics_.find(topic);
  if (known == topics_.end()) return absl::NotFoundError(absl::StrCat("no topic ", topic));
  std::vector<Extent> extents;
  for (const size_t index : known->second) extents.push_back({0, partitions_[index].end});
  return extents;
}

absl::StatusOr<std::unique_ptr<Producer>> EmbeddedBus::NewProducer() {
  return std::make_unique<EmbeddedProducer>(*this);
}

absl::StatusOr<std::unique_ptr<Consumer>> EmbeddedBus::NewConsumer(absl::string_view group,
                                                                   absl::Span<const std::string> topics) {
  if (group.empty() || topics.empty()) return absl::InvalidArgumentError("new consumer: no group or no topic");
  auto member = std::make_unique<Member>();
  member->group = std::string(group);
  member->topics.insert(topics.begin(), topics.end());
  absl::MutexLock lock(&mutex_);
  for (const std::string& topic : member->topics) {
    if (!topics_.contains(topic)) {
      return absl::NotFoundError(absl::StrCat("new consumer of group ", group, ": no topic ", topic));
    }
  }
  groups_[member->group].push_back(member.get());
  Rebalance(member->group);
  return std::make_unique<EmbeddedConsumer>(*this, std::move(member));
}

void EmbeddedBus::Leave(Member& member) {
  absl::MutexLock lock(&mutex_);
  std::vector<Member*>& members = groups_[member.group];
  members.erase(std::find(members.begin(), members.end(), &member));
  Rebalance(member.group);
  if (members.empty()) groups_.erase(member.group);
}

// Everybody loses everything and gets a new share: a position survives no change of the group.
void EmbeddedBus::Rebalance(const std::string& group) {
  const std::vector<Member*>& members = groups_[group];
  std::vector<std::set<std::string>> topics_of;
  std::vector<TopicPartition> names;
  for (const auto& [topic, indices] : topics_) {
    for (const size_t index : indices) names.push_back(partitions_[index].place.name);
  }
  for (const Member* member : members) topics_of.push_back(member->topics);
  const std::vector<std::vector<TopicPartition>> shares = AssignInTurn(names, topics_of);
  for (size_t i = 0; i < members.size(); ++i) {
    Member& member = *members[i];
    member.held.clear();
    member.first = 0;
    member.rebalanced = true;
    for (const TopicPartition& name : shares[i]) {
      member.held.push_back({topics_[name.topic][static_cast<size_t>(name.partition)], std::nullopt});
    }
  }
}

Batch EmbeddedBus::Admit(absl::Span<const Message> messages, std::vector<absl::Status>& statuses) {
  Admission admission(options_.message_bytes_max);
  Batch batch;
  absl::MutexLock lock(&mutex_);
  for (size_t i = 0; i < messages.size(); ++i) {
    const Message& message = messages[i];
    const auto topic = topics_.find(message.topic);
    statuses.push_back(admission.Check(message, topic != topics_.end()));
    if (!statuses.back().ok()) continue;
    const int partition = PartitionOf(message.key, static_cast<int>(topic->second.size()));
    batch.entries.push_back({&message, i, topic->second[static_cast<size_t>(partition)]});
    batch.bytes += MessageBytes(message);
  }
  return batch;
}

std::vector<absl::Status> EmbeddedBus::Publish(absl::Span<const Message> messages) {
  std::vector<absl::Status> statuses;
  Batch batch = Admit(messages, statuses);
  if (batch.entries.empty()) return statuses;

  struct Turn {
    const Batch& batch;
    const bool& writing;
  } turn{batch, writing_};
  absl::MutexLock lock(&mutex_);
  queue_.push_back(&batch);
  // Either somebody else writes this batch with his own, or it is this thread's turn to write.
  while (!batch.done) {
    mutex_.Await(absl::Condition(
        +[](Turn* t) { return t->batch.done || !t->writing; }, &turn));
    if (!batch.done) WriteGroup();
  }
  for (const Batch::Entry& entry : batch.entries) statuses[entry.position] = batch.result;
  return statuses;
}

// Writes what is at the front of the queue. Gives the mutex back while it does.
void EmbeddedBus::WriteGroup() {
  std::vector<Batch*> group;
  std::vector<NewRecord> records;
  std::map<size_t, int64_t> ends;
  int64_t bytes = 0;
  while (!queue_.empty()) {
    Batch* batch = queue_.front();
    const int64_t messages = static_cast<int64_t>(records.size() + batch->entries.size());
    if (!group.empty() && (messages > kGroupMessagesMax || bytes + batch->bytes > kGroupBytesMax)) break;
    queue_.pop_front();
    group.push_back(batch);
    bytes += batch->bytes;
    for (const Batch::Entry& entry : batch->entries) {
      int64_t& end = ends.emplace(entry.partition, partitions_[entry.partition].end).first->second;
      records.push_back({partitions_[entry.partition].place, end++, entry.message});
    }
  }
  AdvisoryOffsets offsets = std::exchange(unwritten_offsets_, {});
  writing_ = true;
  mutex_.Unlock();
  const absl::Status status = file_->Append(records, options_.clock->Now(), offsets);
  mutex_.Lock();
  writing_ = false;
  if (status.ok()) {
    for (const auto& [index, end] : ends) partitions_[index].end = end;
  } else {
    unwritten_offsets_.merge(offsets);  // Keeps the newer ones.
  }
  for (Batch* batch : group) {
    batch->result = status;
    batch->done = true;
  }
}

bool EmbeddedBus::HasNews(const Member& member) const {
  return member.rebalanced || std::any_of(member.held.begin(), member.held.end(), [&](const Member::Held& held) {
           return held.next.has_value() && *held.next < partitions_[held.index].end;
         });
}

std::vector<EmbeddedBus::Stretch> EmbeddedBus::Stretches(const Member& member) const {
  std::vector<Stretch> stretches;
  for (size_t i = 0; i < member.held.size(); ++i) {
    const size_t at = (member.first + i) % member.held.size();
    const Member::Held& held = member.held[at];
    if (!held.next.has_value()) continue;
    const RecordFile::Partition& partition = partitions_[held.index];
    stretches.push_back({at, partition.place, *held.next, partition.end});
  }
  return stretches;
}

absl::StatusOr<Polled> EmbeddedBus::Poll(Member& member, const PollLimits& limits) {
  if (limits.records_max < 1 || limits.bytes_max < 1) return absl::InvalidArgumentError("poll: a limit is below 1");
  Polled polled;
  std::vector<Stretch> stretches;
  size_t first = 0;
  {
    absl::MutexLock lock(&mutex_);
    if (limits.wait > absl::ZeroDuration()) {
      const auto has_news = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return HasNews(member); };
      mutex_.AwaitWithTimeout(absl::Condition(&has_news), limits.wait);
    }
    if (member.rebalanced) {
      // Nothing is started after a rebalance, so there is nothing to read.
      member.rebalanced = false;
      polled.revoked = std::move(member.told);
      for (const Member::Held& held : member.held) polled.assigned.push_back(partitions_[held.index].place.name);
      member.told = polled.assigned;
      return polled;
    }
    stretches = Stretches(member);
    first = member.first;
  }

  ReadBudget budget{limits.records_max, limits.bytes_max};
  absl::Status damage;
  for (Stretch& stretch : stretches) {
    if (stretch.next < stretch.end && !budget.spent && damage.ok()) {
      const size_t before = polled.records.size();
      damage = file_->Read(stretch.place, stretch.next, stretch.end, budget, polled.records);
      if (polled.records.size() > before) stretch.next = polled.records.back().offset + 1;
      // Others come first next time, so neither a backlog nor damage starves them. Damage found
      // behind records of others is told next time.
      first = damage.ok() || polled.records.empty() ? stretch.held + 1 : stretch.held;
    }
    if (stretch.next == stretch.end) polled.ends.push_back(stretch.place.name);
  }
  absl::MutexLock lock(&mutex_);
  if (!member.rebalanced) {
    for (const Stretch& stretch : stretches) member.held[stretch.held].next = stretch.next;
    if (!member.held.empty()) member.first = first % member.held.size();
  }
  if (!damage.ok() && polled.records.empty()) return damage;
  return polled;
}

absl::StatusOr<size_t> EmbeddedBus::FindHeld(const Member& member, const TopicPartition& partition) const {
  for (size_t i = 0; !member.rebalanced && i < member.held.size(); ++i) {
    if (partitions_[member.held[i].index].place.name == partition) return i;
  }
  return absl::FailedPreconditionError(absl::StrCat("topic ", partition.topic, " partition ", partition.partition,
                                                    " is not assigned to this consumer of group ", member.group));
}

absl::Status EmbeddedBus::Start(Member& member, const TopicPartition& partition, int64_t offset) {
  absl::MutexLock lock(&mutex_);
  ASSIGN_OR_RETURN(const size_t at, FindHeld(member, partition));
  Member::Held& held = member.held[at];
  if (const int64_t end = partitions_[held.index].end; offset < 0 || offset > end) {
    return absl::OutOfRangeError(absl::StrCat("start topic ", partition.topic, " partition ", partition.partition,
                                              " at offset ", offset, ": it has 0 to ", end));
  }
  held.next = offset;
  return absl::OkStatus();
}

absl::Status EmbeddedBus::Commit(const Member& member, const TopicPartition& partition, int64_t offset) {
  absl::MutexLock lock(&mutex_);
  ASSIGN_OR_RETURN(const size_t at, FindHeld(member, partition));
  if (const int64_t end = partitions_[member.held[at].index].end; offset < 0 || offset > end) {
    return absl::OutOfRangeError(absl::StrCat("commit topic ", partition.topic, " partition ", partition.partition,
                                              " at offset ", offset, ": it has 0 to ", end));
  }
  unwritten_offsets_[{member.group, partition.topic, partition.partition}] = offset;
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Bus>> OpenEmbeddedBus(const EmbeddedBusOptions& options) {
  if (options.path.empty() || options.clock == nullptr || options.message_bytes_max < 1 ||
      options.message_bytes_max > kMessageBytesMaxMax || options.file_bytes_max < 0) {
    return absl::InvalidArgumentError(absl::StrCat("open bus file: ", options.path, ": options out of range"));
  }
  FileLock file_lock;
  if (options.vfs.empty()) {
    ASSIGN_OR_RETURN(file_lock, FileLock::Take(options.path + ".lock"));
    RETURN_IF_ERROR(MakePrivateFile(options.path));
  }
  ASSIGN_OR_RETURN(std::unique_ptr<RecordFile> file,
                   RecordFile::Open({options.path, options.vfs, options.file_bytes_max}));
  auto bus = std::make_unique<EmbeddedBus>(options, std::move(file_lock), std::move(file));
  RETURN_IF_ERROR(bus->Load());
  return bus;
}

}  // namespace polku::bus
