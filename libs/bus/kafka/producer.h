#ifndef POLKU_LIBS_BUS_KAFKA_PRODUCER_H_
#define POLKU_LIBS_BUS_KAFKA_PRODUCER_H_

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "libs/bus/bus.h"
#include "libs/bus/kafka/certificate_files.h"
#include "libs/bus/kafka/kafka_bus.h"

namespace polku::bus::kafka {

// A message is tried until the whole call is out of time: one that ran out of time by itself could leave a gap before
// its successors. A client that failed for good, or did not answer in time, is given up with all that it holds, and the
// next call has a new one.
class KafkaProducer final : public Producer {
 public:
  explicit KafkaProducer(const KafkaBusOptions& options) : options_(options), files_(options.settings, options.clock) {}
  // Errors: kInvalidArgument (settings).
  absl::Status Connect() { return Sender().status(); }
  std::vector<absl::Status> Publish(absl::Span<const Message> messages) override;

 private:
  class SendingClient;
  struct Call;

  absl::StatusOr<std::shared_ptr<SendingClient>> Sender() ABSL_LOCKS_EXCLUDED(mutex_);
  // The files that it was made with have changed; between two calls only, so that no message overtakes another.
  void ReplaceIfFilesChanged() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void GiveUp(const std::shared_ptr<SendingClient>& sender) ABSL_LOCKS_EXCLUDED(mutex_);
  absl::StatusOr<bool> TopicExists(SendingClient& sender, const std::string& topic) ABSL_LOCKS_EXCLUDED(mutex_);
  void Send(SendingClient& sender, absl::Span<const Message> messages, Call& call);

  const KafkaBusOptions options_;
  absl::Mutex mutex_;
  CertificateFiles files_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<SendingClient> sender_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> topics_ ABSL_GUARDED_BY(mutex_);  // Known to exist.
};

}  // namespace polku::bus::kafka

#endif  // POLKU_LIBS_BUS_KAFKA_PRODUCER_H_
