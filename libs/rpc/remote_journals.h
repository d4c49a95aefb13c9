// The journals of services in other processes, by their JournalService.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "libs/pipeline/peer_journal.h"
#include "libs/rpc/certificates.h"
#include "polku/common/v1/journal.grpc.pb.h"

namespace polku::rpc {

// Blocks until an answer comes or its deadline passes. Thread-safe.
class RemoteJournals final : public pipeline::PeerJournal {
 public:
  // "host:port" by name of the service. With `certificates` (not owned; may be null) over TLS, with those of the
  // moment.
  explicit RemoteJournals(std::map<std::string, std::string> addresses, const Certificates* certificates = nullptr);
  absl::StatusOr<std::vector<polku::common::v1::JournalEntry>> Read(absl::string_view service, absl::string_view key,
                                                                    int64_t after, int limit) override;

 private:
  using Stub = polku::common::v1::JournalService::Stub;

  // Null when there is no address.
  std::shared_ptr<Stub> StubOf(absl::string_view service);
  void Connect() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::map<std::string, std::string> addresses_;
  const Certificates* const certificates_;
  std::mutex mutex_;
  std::shared_ptr<const TlsTexts> texts_ ABSL_GUARDED_BY(mutex_);  // That the stubs were made with.
  // Shared: a call may still be under way over a connection that is not made any more.
  std::map<std::string, std::shared_ptr<Stub>, std::less<>> stubs_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace polku::rpc
