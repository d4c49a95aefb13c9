#include "libs/rpc/verify_api.h"

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"

namespace polku::rpc {
namespace {

using namespace polku::common::v1;  // NOLINT

constexpr char kPublished[] =
    "SELECT k.text, a.public_version FROM aggregate a JOIN aggregate_key k ON k.id = a.key_id "
    "WHERE a.public_version > 0 AND k.text > $1 ORDER BY k.text LIMIT $2";
constexpr char kTaken[] =
    "SELECT k.text, MAX(v.last), n.text FROM source_version v JOIN name n ON n.id = v.source_id "
    "JOIN aggregate_key k ON k.id = v.key_id WHERE k.text > $1 OR (k.text = $1 AND n.text > $3) "
    "GROUP BY k.text, n.text ORDER BY k.text, n.text LIMIT $2";
constexpr char kOverdue[] = "SELECT COUNT(*) FROM aggregate WHERE due_at < $1";
constexpr char kUnsent[] = "SELECT COUNT(*) FROM outbox o JOIN journal j ON j.sequence = o.sequence WHERE j.time < $1";
constexpr int kVersionsDefault = 1000;
constexpr int kVersionsMax = 5000;
constexpr int kBrokenMax = 20;
constexpr absl::Duration kLate = absl::Minutes(1);

absl::StatusOr<ListVersionsResponse> ListIn(ReadScope& scope, const ListVersionsRequest& wanted) {
  const std::string query = absl::StrCat("ListVersions ", wanted.taken());
  ASSIGN_OR_RETURN(const Pager::Cursor cursor,
                   scope.pager.Open(query, wanted.page_token(), wanted.page_size(), kVersionsDefault, kVersionsMax));
  store::Row after = cursor.after;
  if (after.empty()) after = {std::string(), std::string()};
  std::vector<store::Value> parameters = {after[0], static_cast<int64_t>(cursor.limit + 1)};
  if (wanted.taken()) parameters.push_back(after[1]);
  ASSIGN_OR_RETURN(std::vector<store::Row> rows, scope.reader.Query(wanted.taken() ? kTaken : kPublished, parameters));
  ListVersionsResponse reply;
  const bool more = static_cast<int>(rows.size()) > cursor.limit;
  if (more) rows.pop_back();
  for (const store::Row& row : rows) {
    KeyVersion& version = *reply.add_versions();
    version.set_key(std::get<std::string>(row[0]));
    version.set_version(std::get<int64_t>(row[1]));
    if (wanted.taken()) version.set_source(std::get<std::string>(row[2]));
  }
  if (more) {
    const KeyVersion& last = *reply.versions().rbegin();
    reply.set_next_page_token(scope.pager.Seal(query, {last.key(), last.source()}));
  }
  return reply;
}

absl::StatusOr<int64_t> CountBefore(absl::Time time, const char* sql, store::Reader& reader) {
  ASSIGN_OR_RETURN(const std::vector<store::Row> rows, reader.Query(sql, {store::FromTime(time)}));
  return std::get<int64_t>(rows[0][0]);
}

}  // namespace

std::vector<MethodPermission> VerifyPermissions() {
  return {{"polku.common.v1.VerifyService/ListVersions", {"operator"}},
          {"polku.common.v1.VerifyService/CheckService", {"operator"}}};
}

grpc::ServerUnaryReactor* VerifyApi::ListVersions(grpc::CallbackServerContext* context,
                                                  const ListVersionsRequest* request, ListVersionsResponse* response) {
  const absl::StatusOr<const Served*> served = FindServed(served_, request->service());
  if (!served.ok()) return served_[0].gate->Refuse(context, request, served.status());
  return (*served)->gate->Read(context, request, response, ListIn);
}

grpc::ServerUnaryReactor* VerifyApi::CheckService(grpc::CallbackServerContext* context,
                                                  const CheckServiceRequest* request, ServiceCheck* response) {
  const absl::StatusOr<const Served*> served = FindServed(served_, request->service());
  if (!served.ok()) return served_[0].gate->Refuse(context, request, served.status());
  const auto check = [this, one = *served](ReadScope& scope,
                                           const CheckServiceRequest&) -> absl::StatusOr<ServiceCheck> {
    ServiceCheck reply;
    reply.set_service(one->service);
    reply.set_epoch(one->database->epoch());
    const absl::Time late = scope.clock.Now() - kLate;
    ASSIGN_OR_RETURN(const int64_t overdue, CountBefore(late, kOverdue, scope.reader));
    reply.set_overdue(overdue);
    ASSIGN_OR_RETURN(const int64_t unsent, CountBefore(late, kUnsent, scope.reader));
    reply.set_unsent(unsent);
    const auto invariants = invariants_.find(one->service);
    if (invariants == invariants_.end()) return reply;
    for (const Invariant& invariant : invariants->second) {
      ASSIGN_OR_RETURN(const std::vector<store::Row> rows, scope.reader.Query(invariant.sql, {}));
      for (const store::Row& row : rows) {
        if (reply.broken_size() == kBrokenMax) {
          reply.set_more(true);
          break;
        }
        BrokenInvariant& broken = *reply.add_broken();
        broken.set_invariant(invariant.id);
        broken.set_what(absl::StrCat(std::get<std::string>(row[0]), " ", invariant.says));
      }
    }
    return reply;
  };
  return (*served)->gate->Read(context, request, response, check);
}

}  // namespace polku::rpc
