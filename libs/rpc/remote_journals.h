// The journals of services in other processes, by their JournalService.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "libs/pipeline/peer_journal.h"
#include "polku/common/v1/journal.grpc.pb.h"

namespace polku::rpc {

// Blocks until an answer comes or its deadline passes. Thread-safe.
class RemoteJournals final : public pipeline::PeerJournal {
 public:
  // "host:port" by name of the service.
  explicit RemoteJournals(const std::map<std::string, std::string>& addresses);
  absl::StatusOr<std::vector<polku::common::v1::JournalEntry>> Read(absl::string_view service, absl::string_view key,
                                                                    int64_t after, int limit) override;

 private:
  std::map<std::string, std::unique_ptr<polku::common::v1::JournalService::Stub>, std::less<>> stubs_;
};

}  // namespace polku::rpc
