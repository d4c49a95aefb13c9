#include "libs/bus/kafka/producer.h"

#include <atomic>
#include <map>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/log.h"
#include "libs/base/status_macros.h"
#include "libs/bus/admission.h"
#include "libs/bus/kafka/client.h"

namespace polku::bus::kafka {
namespace {

constexpr absl::Duration kServe = absl::Milliseconds(100);  // Between two looks whether to stop.
constexpr absl::Duration kFullQueue = absl::Milliseconds(5);
constexpr absl::Duration kLastReports = absl::Seconds(5);

}  // namespace

// One Publish call. Reports come on the thread of the client.
struct KafkaProducer::Call {
  struct Slot {
    Call* call = nullptr;
    size_t index = 0;
  };
  explicit Call(size_t messages) : slots(messages), statuses(messages) {
    for (size_t i = 0; i < messages; ++i) slots[i] = {this, i};
  }

  std::vector<Slot> slots;
  absl::Mutex mutex;
  std::vector<absl::Status> statuses ABSL_GUARDED_BY(mutex);
  size_t pending ABSL_GUARDED_BY(mutex) = 0;
};

class KafkaProducer::SendingClient {
 public:
  static absl::StatusOr<std::shared_ptr<SendingClient>> Create(const KafkaBusOptions& options) {
    ASSIGN_OR_RETURN(Conf conf, MakeConf(options, {{"enable.idempotence", "true"},
                                                   {"enable.gapless.guarantee", "true"},
                                                   {"acks", "all"},
                                                   {"message.timeout.ms", "0"},
                                                   {"linger.ms", "1"},
                                                   {"partitioner", "murmur2_random"}}));
    rd_kafka_conf_set_dr_msg_cb(conf.get(), Report);
    ASSIGN_OR_RETURN(Client client, MakeClient(RD_KAFKA_PRODUCER, std::move(conf)));
    return std::shared_ptr<SendingClient>(new SendingClient(std::move(client)));
  }
  ~SendingClient() {
    Purge();
    stop_ = true;
    reports_.join();
    rd_kafka_flush(client_.get(), Millis(kLastReports));
  }

  rd_kafka_t* get() { return client_.get(); }
  // Nothing more is sent; what is not acknowledged is reported as failed.
  void Purge() { rd_kafka_purge(client_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT); }

 private:
  explicit SendingClient(Client client) : client_(std::move(client)) {
    reports_ = std::thread([this] {
      while (!stop_) rd_kafka_poll(client_.get(), Millis(kServe));
    });
  }

  static void Report(rd_kafka_t*, const rd_kafka_message_t* message, void*) {
    const auto* slot = static_cast<const Call::Slot*>(message->_private);
    Call& call = *slot->call;
    absl::MutexLock lock(&call.mutex);
    call.statuses[slot->index] = StatusOf(message->err, "publish");
    --call.pending;
  }

  const Client client_;
  std::atomic<bool> stop_ = false;
  std::thread reports_;
};

absl::StatusOr<std::shared_ptr<KafkaProducer::SendingClient>> KafkaProducer::Sender() {
  absl::MutexLock lock(&mutex_);
  ReplaceIfFilesChanged();
  if (sender_ != nullptr) return sender_;
  ASSIGN_OR_RETURN(sender_, SendingClient::Create(options_));
  return sender_;
}

void KafkaProducer::ReplaceIfFilesChanged() {
  const bool sends = sender_ != nullptr && sender_.use_count() > 1;
  if (sends || !files_.Changed()) return;
  CertificateFiles files(options_.settings, options_.clock);
  auto made = SendingClient::Create(options_);
  if (!made.ok()) {
    LogEvent(LogLevel::kWarning, "files of bus.kafka_properties have changed and cannot be used",
             {{"status", made.status()}});
    return;
  }
  LogEvent(LogLevel::kInfo, "files of bus.kafka_properties have changed, producer is replaced", {});
  files_ = std::move(files);
  sender_ = *std::move(made);
}

void KafkaProducer::GiveUp(const std::shared_ptr<SendingClient>& sender) {
  {
    absl::MutexLock lock(&mutex_);
    if (sender_ == sender) sender_ = nullptr;
    topics_.clear();
  }
  LogEvent(LogLevel::kWarning, "producer is replaced", {{"status", FatalError(sender->get())}});
  sender->Purge();
}

absl::StatusOr<bool> KafkaProducer::TopicExists(SendingClient& sender, const std::string& topic) {
  {
    absl::MutexLock lock(&mutex_);
    if (topics_.contains(topic)) return true;
  }
  ASSIGN_OR_RETURN(const std::optional<int> partitions, CountPartitions(sender.get(), topic, options_.request_timeout));
  if (!partitions.has_value()) return false;
  absl::MutexLock lock(&mutex_);
  topics_.insert(topic);
  return true;
}

namespace {

using Headers = std::unique_ptr<rd_kafka_headers_t, decltype(&rd_kafka_headers_destroy)>;

rd_kafka_resp_err_t Enqueue(rd_kafka_t* client, const Message& message, void* slot) {
  Headers headers(rd_kafka_headers_new(message.headers.size()), rd_kafka_headers_destroy);
  for (const Header& header : message.headers) {
    rd_kafka_header_add(headers.get(), header.name.data(), static_cast<ssize_t>(header.name.size()),
                        header.value.data(), static_cast<ssize_t>(header.value.size()));
  }
  // librdkafka keeps a copy of the value and does not change it.
  const rd_kafka_resp_err_t error =
      rd_kafka_producev(client, RD_KAFKA_V_TOPIC(message.topic.c_str()), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                        RD_KAFKA_V_KEY(message.key.data(), message.key.size()),
                        RD_KAFKA_V_VALUE(const_cast<char*>(message.value.data()), message.value.size()),
                        RD_KAFKA_V_HEADERS(headers.get()), RD_KAFKA_V_OPAQUE(slot), RD_KAFKA_V_END);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) headers.release();  // They are the message's now.
  return error;
}

}  // namespace

void KafkaProducer::Send(SendingClient& sender, absl::Span<const Message> messages, Call& call) {
  const absl::Duration end = options_.clock->Elapsed() + options_.publish_timeout;
  Admission admission(options_.message_bytes_max);
  // Asked once a call: where no broker is, each question takes its whole time.
  std::map<absl::string_view, absl::StatusOr<bool>> asked;
  for (size_t i = 0; i < messages.size(); ++i) {
    auto known = asked.find(messages[i].topic);
    if (known == asked.end()) known = asked.emplace(messages[i].topic, TopicExists(sender, messages[i].topic)).first;
    const absl::StatusOr<bool>& exists = known->second;
    absl::Status status = exists.ok() ? admission.Check(messages[i], *exists) : exists.status();
    {
      absl::MutexLock lock(&call.mutex);
      call.statuses[i] = status;
      if (!status.ok()) continue;
      ++call.pending;
    }
    rd_kafka_resp_err_t error = Enqueue(sender.get(), messages[i], &call.slots[i]);
    while (error == RD_KAFKA_RESP_ERR__QUEUE_FULL && options_.clock->Elapsed() < end) {
      {
        absl::MutexLock lock(&call.mutex);
        const size_t pending = call.pending;
        const auto moved = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(call.mutex) { return call.pending < pending; };
        call.mutex.AwaitWithTimeout(absl::Condition(&moved), kFullQueue);
      }
      error = Enqueue(sender.get(), messages[i], &call.slots[i]);
    }
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    status = StatusOf(error, absl::StrCat("publish to ", messages[i].topic));
    admission.Failed(messages[i], status);
    absl::MutexLock lock(&call.mutex);
    call.statuses[i] = std::move(status);
    --call.pending;
  }
}

std::vector<absl::Status> KafkaProducer::Publish(absl::Span<const Message> messages) {
  if (messages.empty()) return {};
  absl::StatusOr<std::shared_ptr<SendingClient>> sender = Sender();
  if (!sender.ok()) return std::vector<absl::Status>(messages.size(), sender.status());
  Call call(messages.size());
  Send(**sender, messages, call);
  const auto done = [&call]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(call.mutex) { return call.pending == 0; };
  bool answered = false;
  {
    absl::MutexLock lock(&call.mutex);
    answered = call.mutex.AwaitWithTimeout(absl::Condition(&done), options_.publish_timeout);
  }
  if (!answered || !FatalError((*sender)->get()).ok()) GiveUp(*sender);
  absl::MutexLock lock(&call.mutex);
  call.mutex.Await(absl::Condition(&done));
  // The bus may have stored one behind a failed one of its key; told so, the caller would go on from there.
  Admission order(options_.message_bytes_max);
  for (size_t i = 0; i < messages.size(); ++i) {
    if (call.statuses[i].ok()) {
      call.statuses[i] = order.Check(messages[i], true);
    } else {
      order.Failed(messages[i], call.statuses[i]);
    }
  }
  return std::move(call.statuses);
}

}  // namespace polku::bus::kafka
