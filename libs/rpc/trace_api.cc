#include "libs/rpc/trace_api.h"

#include <algorithm>
#include <set>
#include <string>
#include <variant>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/base/trace.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"

namespace polku::rpc {
namespace {

using namespace polku::common::v1;  // NOLINT

// No index leads to a trace: it would make each row of the journal dear. A part of the journal is walked in each call.
constexpr int64_t kRowsWalked = 100'000;
constexpr absl::Duration kDefaultSpan = absl::Hours(7 * 24);
// Rows stand in the order of their commits, which is that of their instants but for moments.
constexpr absl::Duration kMargin = absl::Minutes(1);

constexpr char kNext[] = "SELECT sequence, time FROM journal WHERE sequence >= $1 ORDER BY sequence LIMIT 1";
constexpr char kTraced[] =
    "SELECT j.sequence, j.time, n.text, k.text, j.version, j.public_version FROM journal j "
    "JOIN aggregate_key k ON k.id = j.key_id JOIN name n ON n.id = j.type_id "
    "WHERE j.sequence > $1 AND j.sequence <= $2 AND substr(j.traceparent, 4, 32) = $3 ORDER BY j.sequence LIMIT $4";

int64_t IntAt(const store::Row& row, size_t column) { return std::get<int64_t>(row.at(column)); }

// The first sequence whose row is not older than `time`; one past the last when all are.
absl::StatusOr<int64_t> FirstSince(store::Reader& reader, absl::Time time) {
  ASSIGN_OR_RETURN(const int64_t last, reader.LastSequence());
  int64_t low = 1;
  int64_t high = last + 1;
  while (low < high) {
    const int64_t middle = low + (high - low) / 2;
    ASSIGN_OR_RETURN(const std::vector<store::Row> rows, reader.Query(kNext, {middle}));
    if (rows.empty() || store::ToTime(rows[0].at(1)) >= time) {
      high = middle;
    } else {
      low = IntAt(rows[0], 0) + 1;
    }
  }
  return low;
}

// Of the journal, what a request is about.
struct Span {
  int64_t after = 0;
  int64_t last = 0;
};
absl::StatusOr<Span> SpanOf(ReadScope& scope, const ListTracedEventsRequest& request) {
  const absl::Time from =
      request.has_from_time() ? pipeline::FromProto(request.from_time()) : scope.clock.Now() - kDefaultSpan;
  Span span;
  ASSIGN_OR_RETURN(const int64_t first, FirstSince(scope.reader, from - kMargin));
  span.after = first - 1;
  ASSIGN_OR_RETURN(span.last, scope.reader.LastSequence());
  if (request.has_to_time()) {
    ASSIGN_OR_RETURN(const int64_t beyond, FirstSince(scope.reader, pipeline::FromProto(request.to_time()) + kMargin));
    span.last = beyond - 1;
  }
  return span;
}

TracedEvent ViewOf(const std::string& service, const store::Row& row) {
  TracedEvent event;
  event.set_service(service);
  *event.mutable_time() = pipeline::ToProto(store::ToTime(row.at(1)));
  event.set_type(std::get<std::string>(row.at(2)));
  event.set_key(std::get<std::string>(row.at(3)));
  event.set_version(IntAt(row, 4));
  event.set_public_version(IntAt(row, 5));
  return event;
}

absl::StatusOr<ListTracedEventsResponse> ListTraced(ReadScope& scope, const std::string& service,
                                                    const ListTracedEventsRequest& request) {
  if (!IsTraceId(request.trace_id())) {
    return InvalidField("trace_id", "required, 32 hexadecimal digits in lower case");
  }
  const std::string query = absl::StrCat("ListTracedEvents ", request.trace_id());
  ASSIGN_OR_RETURN(const Pager::Cursor cursor, scope.pager.Open(query, request.page_token(), request.page_size()));
  Span span;
  if (cursor.after.empty()) {
    ASSIGN_OR_RETURN(span, SpanOf(scope, request));
  } else {
    span = {IntAt(cursor.after, 0), IntAt(cursor.after, 1)};
  }
  int64_t walked_to = std::min(span.last, span.after + kRowsWalked);
  ASSIGN_OR_RETURN(const std::vector<store::Row> rows,
                   scope.reader.Query(kTraced, {span.after, walked_to, request.trace_id(), int64_t{cursor.limit}}));
  if (static_cast<int>(rows.size()) == cursor.limit) walked_to = IntAt(rows.back(), 0);
  ListTracedEventsResponse reply;
  std::set<std::string> shown;
  for (const store::Row& row : rows) {
    *reply.add_events() = ViewOf(service, row);
    const std::string& key = reply.events(reply.events_size() - 1).key();
    if (shown.insert(key).second) scope.Viewed(key);
  }
  if (walked_to < span.last) reply.set_next_page_token(scope.pager.Seal(query, {walked_to, span.last}));
  return reply;
}

}  // namespace

std::vector<MethodPermission> TracePermissions() {
  return {{"polku.common.v1.TraceService/ListTracedEvents", {"operator"}}};
}

grpc::ServerUnaryReactor* TraceApi::ListTracedEvents(grpc::CallbackServerContext* context,
                                                     const ListTracedEventsRequest* request,
                                                     ListTracedEventsResponse* response) {
  const absl::StatusOr<const Served*> served = FindServed(served_, request->service());
  if (!served.ok()) return served_[0].gate->Refuse(context, request, served.status());
  const auto read = [service = (*served)->service](ReadScope& scope, const ListTracedEventsRequest& wanted) {
    return ListTraced(scope, service, wanted);
  };
  return (*served)->gate->Read(context, request, response, read);
}

}  // namespace polku::rpc
