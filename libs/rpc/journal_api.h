// JournalService: the public events of this service again, for other Polku services.
#pragma once

#include <vector>

#include "libs/rpc/access.h"
#include "libs/rpc/gate.h"
#include "libs/store/database.h"
#include "polku/common/v1/journal.grpc.pb.h"

namespace polku::rpc {

// One row: role "service" only.
std::vector<MethodPermission> JournalPermissions();

class JournalApi final : public polku::common::v1::JournalService::CallbackService {
 public:
  // Both outlive this object. The gate's table holds JournalPermissions().
  JournalApi(Gate* gate, store::Database* database) : gate_(gate), database_(database) {}

  grpc::ServerUnaryReactor* ReadJournal(grpc::CallbackServerContext* context,
                                        const polku::common::v1::ReadJournalRequest* request,
                                        polku::common::v1::ReadJournalResponse* response) override;

 private:
  Gate* const gate_;
  store::Database* const database_;
};

}  // namespace polku::rpc
