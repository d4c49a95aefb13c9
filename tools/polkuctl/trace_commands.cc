// polkuctl trace: the way of one request through all services behind the addresses that are named.
#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/strip.h"
#include "libs/base/calendar.h"
#include "libs/base/status_macros.h"
#include "libs/base/trace.h"
#include "libs/pipeline/proto_time.h"
#include "polku/common/v1/trace.grpc.pb.h"
#include "tools/polkuctl/operator_calls.h"

namespace polku::polkuctl {
namespace {

using namespace polku::common::v1;  // NOLINT

// Instants of one trace are milliseconds apart.
std::string TableOfEvents(const std::vector<TracedEvent>& events) {
  std::vector<std::vector<std::string>> rows;
  for (const TracedEvent& event : events) {
    const size_t package_end = event.type().rfind('.');
    rows.push_back({absl::FormatTime("%Y-%m-%d %H:%M:%E3S", pipeline::FromProto(event.time()), Helsinki()),
                    event.service(), event.type().substr(package_end + 1), event.key(), std::to_string(event.version()),
                    event.public_version() == 0 ? "" : std::to_string(event.public_version())});
  }
  return Table({"TIME", "SERVICE", "EVENT", "KEY", "VERSION", "PUBLIC_VERSION"}, rows);
}

absl::Status ReadEvents(Session& session, const Place& place, ListTracedEventsRequest request,
                        std::vector<TracedEvent>& events) {
  const auto stub = TraceService::NewStub(session.ChannelTo(place.server));
  request.set_service(place.service);
  do {
    ASSIGN_OR_RETURN(const ListTracedEventsResponse page,
                     session.Call(&TraceService::Stub::ListTracedEvents, *stub, request));
    events.insert(events.end(), page.events().begin(), page.events().end());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return absl::OkStatus();
}

}  // namespace

void AddTraceCommand(CLI::App& app, Session& session) {
  CLI::App* trace = AddCommand(app, "trace", "What one request caused, in every service, in order of time.",
                               "--role operator trace 4bf92f3577b34da6a3ce929d0e0e4736");
  auto id = std::make_shared<std::string>();
  auto request = std::make_shared<ListTracedEventsRequest>();
  trace->add_option("ID", *id, "the trace id of log lines and audit rows, or a whole traceparent")->required();
  trace->add_option_function<std::string>(
      "--from",
      [request, &session](const std::string& text) {
        *request->mutable_from_time() = Parsed(ParseDayOrInstant(text, session.Now()), "--from");
      },
      "a day or an instant; none: seven days ago");
  trace->add_option_function<std::string>(
      "--to",
      [request, &session](const std::string& text) {
        *request->mutable_to_time() = Parsed(ParseDayOrInstant(text, session.Now()), "--to");
      },
      "a day or an instant; none: now");
  const auto only = AddService(*trace);
  trace->callback([id, request, only, &session] {
    const absl::string_view of_parent = TraceIdOf(*id);
    request->set_trace_id(of_parent.empty() ? *id : std::string(of_parent));
    std::vector<TracedEvent> events;
    ForEachService(*only, session, [&](const Place& place) { return ReadEvents(session, place, *request, events); });
    if (session.exit_code != kOk && events.empty()) return;
    // What a service does follows what it was told, unless clocks differ: its own order is kept.
    std::stable_sort(events.begin(), events.end(), [](const TracedEvent& a, const TracedEvent& b) {
      return pipeline::FromProto(a.time()) < pipeline::FromProto(b.time());
    });
    if (session.json) {
      for (const TracedEvent& event : events) session.out << Json(event) << "\n";
    } else {
      session.out << TableOfEvents(events);
    }
    if (events.empty()) session.err << "none: nothing was changed because of it, or it was before --from\n";
  });
}

}  // namespace polku::polkuctl
