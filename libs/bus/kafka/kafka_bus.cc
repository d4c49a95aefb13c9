#include "libs/bus/kafka/kafka_bus.h"

#include <set>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "libs/base/status_macros.h"
#include "libs/bus/admission.h"
#include "libs/bus/kafka/certificate_files.h"
#include "libs/bus/kafka/client.h"
#include "libs/bus/kafka/consumer.h"
#include "libs/bus/kafka/producer.h"

namespace polku::bus {
namespace {

constexpr int kMessageBytesMaxMax = 256 << 20;

class KafkaBus final : public Bus {
 public:
  explicit KafkaBus(const KafkaBusOptions& options) : options_(options), files_(options.settings, options.clock) {}

  Capabilities capabilities() const override {
    return {.several_processes = true, .retention = true, .message_bytes_max = options_.message_bytes_max};
  }

  // Only reads its settings.
  absl::Status Prepare() {
    absl::MutexLock lock(&mutex_);
    return Asker().status();
  }

  absl::Status EnsureTopics(absl::Span<const TopicSpec> topics) override {
    absl::MutexLock lock(&mutex_);
    ASSIGN_OR_RETURN(const std::shared_ptr<rd_kafka_t> asker, Asker());
    absl::Status asked;
    ASSIGN_OR_RETURN(const std::vector<TopicSpec> missing,
                     MissingTopics(topics, [&](const std::string& topic) -> std::optional<int> {
                       if (!asked.ok()) return std::nullopt;
                       auto partitions = kafka::CountPartitions(asker.get(), topic, options_.request_timeout);
                       asked = partitions.status();
                       return partitions.ok() ? *partitions : std::nullopt;
                     }));
    RETURN_IF_ERROR(asked);
    std::vector<TopicWanted> wanted;
    for (const TopicSpec& spec : missing)
      wanted.push_back({spec.topic, spec.partitions, options_.replication_factor, {}});
    return wanted.empty() ? absl::OkStatus() : kafka::CreateTopics(asker.get(), options_, wanted);
  }

  // Without the lock: a person who asks while the brokers are away does not hold up the loops, who ask too.
  absl::StatusOr<std::vector<Extent>> Extents(const std::string& topic, absl::Duration longest) override {
    const absl::Duration end = options_.clock->Elapsed() + longest;
    absl::StatusOr<std::shared_ptr<rd_kafka_t>> asker;
    {
      absl::MutexLock lock(&mutex_);
      asker = Asker();
    }
    RETURN_IF_ERROR(asker.status());
    ASSIGN_OR_RETURN(const std::optional<int> count, kafka::CountPartitions(asker->get(), topic, longest));
    if (!count.has_value()) return absl::NotFoundError(absl::StrCat("no topic ", topic));
    std::vector<TopicPartition> partitions;
    for (int i = 0; i < *count; ++i) partitions.push_back({topic, i});
    return kafka::FindExtents(asker->get(), partitions, *options_.clock, end - options_.clock->Elapsed());
  }

  absl::StatusOr<std::unique_ptr<Producer>> NewProducer() override {
    auto producer = std::make_unique<kafka::KafkaProducer>(options_);
    RETURN_IF_ERROR(producer->Connect());
    return producer;
  }

  absl::StatusOr<std::unique_ptr<Consumer>> NewConsumer(absl::string_view group,
                                                        absl::Span<const std::string> topics) override {
    if (group.empty() || topics.empty()) return absl::InvalidArgumentError("new consumer: no group or no topic");
    auto consumer = std::make_unique<kafka::KafkaConsumer>(options_, std::string(group),
                                                           std::set<std::string>(topics.begin(), topics.end()));
    RETURN_IF_ERROR(consumer->Join());
    return consumer;
  }

 private:
  // For questions about topics. One that was given out stays good for whoever has it.
  absl::StatusOr<std::shared_ptr<rd_kafka_t>> Asker() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (asker_ != nullptr && !files_.Changed()) return asker_;
    kafka::CertificateFiles files(options_.settings, options_.clock);
    ASSIGN_OR_RETURN(kafka::Conf conf, kafka::MakeConf(options_, {}));
    absl::StatusOr<kafka::Client> made = kafka::MakeClient(RD_KAFKA_PRODUCER, std::move(conf));
    if (!made.ok() && asker_ == nullptr) return made.status();
    if (made.ok()) {
      asker_ = *std::move(made);
      files_ = std::move(files);
    }
    return asker_;
  }

  const KafkaBusOptions options_;
  absl::Mutex mutex_;
  kafka::CertificateFiles files_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<rd_kafka_t> asker_ ABSL_GUARDED_BY(mutex_);  // Shared with a caller who waits for an answer.
};

}  // namespace

absl::StatusOr<std::unique_ptr<Bus>> OpenKafkaBus(const KafkaBusOptions& options) {
  if (options.bootstrap_servers.empty()) return absl::InvalidArgumentError("kafka: no bootstrap_servers");
  if (options.clock == nullptr || options.message_bytes_max < 1 || options.message_bytes_max > kMessageBytesMaxMax) {
    return absl::InvalidArgumentError("kafka: no clock, or message_bytes_max is not 1 to 256 MiB");
  }
  auto bus = std::make_unique<KafkaBus>(options);
  RETURN_IF_ERROR(bus->Prepare());
  return bus;
}

}  // namespace polku::bus
