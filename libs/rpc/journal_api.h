// JournalService: the public events of the services behind this address again, for other Polku services.
#pragma once

#include <utility>
#include <vector>

#include "libs/rpc/access.h"
#include "libs/rpc/served.h"
#include "polku/common/v1/journal.grpc.pb.h"

namespace polku::rpc {

// One row: role "service" only.
std::vector<MethodPermission> JournalPermissions();

class JournalApi final : public polku::common::v1::JournalService::CallbackService {
 public:
  // At least one; their gates' tables hold JournalPermissions().
  explicit JournalApi(std::vector<Served> served) : served_(std::move(served)) {}

  grpc::ServerUnaryReactor* ReadJournal(grpc::CallbackServerContext* context,
                                        const polku::common::v1::ReadJournalRequest* request,
                                        polku::common::v1::ReadJournalResponse* response) override;

 private:
  const std::vector<Served> served_;
};

}  // namespace polku::rpc
