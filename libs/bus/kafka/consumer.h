#ifndef POLKU_LIBS_BUS_KAFKA_CONSUMER_H_
#define POLKU_LIBS_BUS_KAFKA_CONSUMER_H_

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/bus/bus.h"
#include "libs/bus/kafka/certificate_files.h"
#include "libs/bus/kafka/client.h"
#include "libs/bus/kafka/kafka_bus.h"

namespace polku::bus::kafka {

// What the group gave us is assigned to the client only when the caller has started it, at the caller's offset. Every
// Start makes a new assignment of all that is started, at the next Poll.
class KafkaConsumer final : public Consumer {
 public:
  KafkaConsumer(const KafkaBusOptions& options, std::string group, std::set<std::string> topics)
      : options_(options),
        group_(std::move(group)),
        topics_(std::move(topics)),
        member_(options.member),
        files_(options.settings, options.clock),
        asker_(nullptr, rd_kafka_destroy),
        client_(nullptr, rd_kafka_destroy) {}
  ~KafkaConsumer() override {
    LeaveGroup();
    Close();
  }

  // Errors: kNotFound, kUnavailable, kInvalidArgument (settings).
  absl::Status Join();

  absl::StatusOr<Polled> Poll(const PollLimits& limits) override;
  absl::Status Start(const TopicPartition& partition, int64_t offset) override;
  absl::Status Commit(const TopicPartition& partition, int64_t offset) override;

 private:
  // Something is there, and it does not come.
  struct Behind {
    absl::Duration since;
    // What came of other partitions meanwhile: the client may have had much of them in hand before it. `client_empty`:
    // it had nothing at all.
    int64_t bytes = 0;
    bool client_empty = false;
  };
  struct Place {
    std::optional<int64_t> next;  // Of the next record to hand out; unset until Start.
    std::optional<Behind> behind;
  };
  using Held = std::map<TopicPartition, Place>;

  static void Rebalance(rd_kafka_t* client, rd_kafka_resp_err_t error, rd_kafka_topic_partition_list_t* partitions,
                        void* consumer);
  // Others have our partitions at once. Closing alone leaves the place of a member with a name for its successor.
  void LeaveGroup();
  void Close();
  absl::StatusOr<Client> MakeMember();
  absl::StatusOr<Client> MakeAsker() const;
  absl::Status AssignStarted();
  // One event of the client; false when none came in time.
  bool Take(absl::Duration wait, const PollLimits& limits, Polled& polled, int64_t& bytes);
  void TakeRecord(Record record, const PollLimits& limits, Polled& polled, int64_t& bytes);
  void TakeError(const rd_kafka_message_t& message);
  void FindEnds(bool client_empty, Polled& polled);
  // It comes again as revoked and assigned.
  void TakeAway(const TopicPartition& partition, Place& place);
  void TakeAwayLostTopics();
  // Gives up a client that is of no more use.
  void CloseIfBroken();
  void ForgetWaiting();
  // The partition, if any, of which something is there that does not come.
  const TopicPartition* FindStalled() const;
  void CloseIfFilesChanged();
  void TellAssignment(Polled& polled);
  absl::Status CheckHeld(const TopicPartition& partition, absl::string_view what) const;

  const KafkaBusOptions options_;
  const std::string group_;
  const std::set<std::string> topics_;
  std::string member_;  // Empty once another program has taken the name.
  CertificateFiles files_;
  // For questions: a broker answers one request of a connection after the other, and would let them wait behind one for
  // records that have not come yet.
  Client asker_;
  Client client_;  // Null until it has joined.
  Held held_;
  std::set<TopicPartition> told_;  // What the caller knows that it holds.
  std::vector<TopicPartition> to_start_again_;
  bool rebalanced_ = false;
  bool assign_ = false;         // The client does not read yet what has been started.
  std::optional<Record> kept_;  // Did not fit into the last Poll.
  absl::Duration ask_ends_at_ = absl::ZeroDuration();
  absl::Duration look_for_stalls_at_ = absl::ZeroDuration();
  absl::Duration polled_at_ = absl::ZeroDuration();
};

}  // namespace polku::bus::kafka

#endif  // POLKU_LIBS_BUS_KAFKA_CONSUMER_H_
