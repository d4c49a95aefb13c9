#include "libs/rpc/journal_api.h"

#include <algorithm>
#include <utility>

#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/pipeline/peer_journal.h"

namespace polku::rpc {
namespace {

using polku::common::v1::JournalEntry;
using polku::common::v1::ReadJournalRequest;
using polku::common::v1::ReadJournalResponse;

// From the comments of journal.proto.
constexpr int kPageDefault = 100;
constexpr int kPageMax = 1000;

}  // namespace

std::vector<MethodPermission> JournalPermissions() {
  return {{"polku.common.v1.JournalService/ReadJournal", {"service"}, {"service"}}};
}

grpc::ServerUnaryReactor* JournalApi::ReadJournal(grpc::CallbackServerContext* context,
                                                  const ReadJournalRequest* request, ReadJournalResponse* response) {
  const absl::StatusOr<const Served*> served = FindServed(served_, request->service());
  if (!served.ok()) return served_[0].gate->Refuse(context, request, served.status());
  store::Database* const database = (*served)->database;
  const auto read = [database](ReadScope& scope,
                               const ReadJournalRequest& wanted) -> absl::StatusOr<ReadJournalResponse> {
    if (wanted.key().empty()) return InvalidField("key", "required");
    if (wanted.after_version() < 0) return InvalidField("after_version", "must not be negative");
    if (wanted.page_size() < 0) return InvalidField("page_size", "must not be negative");
    const int limit = wanted.page_size() == 0 ? kPageDefault : std::min<int>(wanted.page_size(), kPageMax);
    // The scope's own reader: a second one could wait for a reader that another such call holds.
    ASSIGN_OR_RETURN(
        std::vector<JournalEntry> entries,
        pipeline::ReadPublicJournal(scope.reader, database->epoch(), wanted.key(), wanted.after_version(), limit));
    ReadJournalResponse reply;
    for (JournalEntry& entry : entries) *reply.add_entries() = std::move(entry);
    return reply;
  };
  return (*served)->gate->Read(context, request, response, read);
}

}  // namespace polku::rpc
