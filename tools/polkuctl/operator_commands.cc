// polkuctl dead-letters ... and lag: of all services behind the addresses that are named.
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/calendar.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "tools/polkuctl/operator_calls.h"
#include "tools/polkuctl/request.h"

namespace polku::polkuctl {
namespace {

using namespace polku::common::v1;  // NOLINT
using Stub = OperatorService::Stub;

absl::Status At(absl::string_view server, const absl::Status& status) {
  return WithReason(absl::Status(status.code(), absl::StrCat(server, ": ", status.message())), ReasonOf(status));
}

bool IsElsewhere(const absl::Status& status) { return ReasonOf(status) == "SERVICE_NOT_HERE"; }

// Asks each server in turn until one has the service that `request` names.
template <class Request, class Response>
absl::StatusOr<Response> CallWhereItIs(Session& session,
                                       grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                                       const Request& request) {
  absl::StatusOr<Response> response = absl::UnknownError("no server");
  for (const std::string& server : session.AllServers()) {
    const auto stub = OperatorService::NewStub(session.ChannelTo(server));
    response = session.Call(method, *stub, request);
    if (response.ok()) return response;
    if (!IsElsewhere(response.status())) return At(server, response.status());
  }
  return response;
}

void AddList(CLI::App& dead_letters, Session& session) {
  CLI::App* list = AddCommand(dead_letters, "list", "What was set aside, oldest first.",
                              "--role operator dead-letters list --service follow-up");
  const auto only = AddService(*list);
  auto request = std::make_shared<ListDeadLettersRequest>();
  list->add_option_function<int>(
      "--page-size", [request](int size) { request->set_page_size(size); }, "rows at most, of each service");
  list->add_option_function<std::string>(
          "--page-token", [request](const std::string& token) { request->set_page_token(token); },
          "from the page before")
      ->needs("--service");
  list->callback([only, request, &session] {
    ListDeadLettersResponse all;
    std::map<std::string, std::string> more;
    ForEachService(*only, session, [&](const Place& place) -> absl::Status {
      request->set_service(place.service);
      ASSIGN_OR_RETURN(ListDeadLettersResponse page, session.Call(&Stub::ListDeadLetters, *place.stub, *request));
      if (!page.next_page_token().empty()) more[place.service] = page.next_page_token();
      page.clear_next_page_token();
      all.MergeFrom(page);
      return absl::OkStatus();
    });
    if (session.exit_code != kOk && all.dead_letters().empty()) return;
    session.ShowPage(all, {"name", "key", "type", "attempts", "set_aside_time", "reason"});
    for (const auto& [service, token] : more) {
      session.err << "more: --service " << service << " --page-token " << token << "\n";
    }
  });
}

// A command about one dead letter, whose name says where it is.
template <class Request, class Response>
void AddOne(CLI::App& dead_letters, Session& session, const Words& words,
            grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
            const std::vector<Field>& fields, const std::function<void(const Response&)>& told) {
  CLI::App* command = AddCommand(dead_letters, words.name, words.what, words.example);
  auto request = std::make_shared<Request>();
  for (size_t i = 0; i < fields.size(); ++i) AddField(*command, session, *request, fields[i], i == 0);
  command->callback([request, method, told, &session] {
    const absl::StatusOr<Response> response = CallWhereItIs(session, method, *request);
    session.Show(response);
    if (response.ok() && told) told(*response);
  });
}

void AddLag(CLI::App& app, Session& session) {
  CLI::App* lag = AddCommand(app, "lag", "How far each service is behind, by partition, and what waits there.",
                             "--role operator lag --service follow-up");
  const auto only = AddService(*lag);
  lag->callback([only, &session] {
    std::vector<Lag> all;
    ForEachService(*only, session, [&](const Place& place) -> absl::Status {
      GetLagRequest request;
      request.set_service(place.service);
      ASSIGN_OR_RETURN(Lag measured, session.Call(&Stub::GetLag, *place.stub, request));
      all.push_back(std::move(measured));
      return absl::OkStatus();
    });
    std::vector<std::vector<std::string>> partitions;
    std::vector<const google::protobuf::Message*> services;
    for (const Lag& each : all) {
      services.push_back(&each);
      if (session.json) session.out << Json(each) << "\n";
      if (!each.bus_problem().empty()) {
        session.err << each.service() << ": ends are not known: " << OneLine(each.bus_problem()) << "\n";
      }
      for (const PartitionLag& partition : each.partitions()) {
        std::vector<std::string> row = {each.service()};
        for (const char* column : {"topic", "partition", "next_offset", "end_offset", "behind", "covered_until"}) {
          row.push_back(FieldText(partition, *PartitionLag::descriptor()->FindFieldByName(column)));
        }
        if (!partition.has_end_offset()) row[4] = row[5] = "?";
        partitions.push_back(std::move(row));
      }
    }
    if (session.json || all.empty()) return;
    session.out << Table({"SERVICE", "TOPIC", "PARTITION", "NEXT_OFFSET", "END_OFFSET", "BEHIND", "COVERED_UNTIL"},
                         partitions)
                << "\n"
                << TableOf(services, {"service", "dead_letters", "parked_keys", "outbox_rows"});
  });
}

}  // namespace

absl::StatusOr<google::protobuf::Timestamp> ParseDayOrInstant(const std::string& text, absl::Time now) {
  const absl::StatusOr<google::type::Date> day = ParseDate(text);
  if (!day.ok()) return ParseInstant(text, now);
  return pipeline::ToProto(LocalTime(absl::CivilDay(day->year(), day->month(), day->day()), 0));
}

std::shared_ptr<std::string> AddService(CLI::App& command) {
  auto service = std::make_shared<std::string>();
  command.add_option("--service", *service, "one of them, \"follow-up\"; none: all");
  return service;
}

void ForEachService(const std::string& only, Session& session, const std::function<absl::Status(const Place&)>& each) {
  absl::Status elsewhere;
  bool found = false;
  for (const std::string& server : session.AllServers()) {
    std::vector<std::string> services = {only};
    if (only.empty()) {
      const auto stub = OperatorService::NewStub(session.ChannelTo(server));
      const auto listed = session.Call(&Stub::ListServices, *stub, ListServicesRequest());
      if (!listed.ok()) {
        session.Fail(At(server, listed.status()));
        continue;
      }
      services.assign(listed->services().begin(), listed->services().end());
    }
    for (const std::string& service : services) {
      const absl::Status status = each({service, OperatorService::NewStub(session.ChannelTo(server)), server});
      if (IsElsewhere(status)) {
        elsewhere = status;
      } else if (!status.ok()) {
        session.Fail(At(server, status));
      }
      found = found || !IsElsewhere(status);
    }
  }
  if (!found && !elsewhere.ok()) session.Fail(elsewhere);
}

void AddOperatorCommands(CLI::App& app, Session& session) {
  CLI::App* dead_letters = AddCommand(app, "dead-letters", "What could not be handled: list, show, replay, discard.",
                                      "--role operator dead-letters list");
  dead_letters->require_subcommand(1);
  AddList(*dead_letters, session);
  AddOne<GetDeadLetterRequest, DeadLetter>(*dead_letters, session,
                                           {"show", "Its place, why, and what was understood of it.",
                                            "--role operator dead-letters show services/follow-up/dead-letters/12"},
                                           &Stub::GetDeadLetter, {{"name"}}, {});
  AddOne<ReplayDeadLetterRequest, JudgedDeadLetter>(
      *dead_letters, session,
      {"replay", "It is handled again, now that its cause is mended.",
       "--role operator dead-letters replay services/follow-up/dead-letters/12"},
      &Stub::ReplayDeadLetter, {{"name"}}, [&session](const JudgedDeadLetter& judged) {
        if (!judged.set_aside_again()) return;
        session.err << "set aside again: dead-letters list says why\n";
        session.exit_code = kRefused;
      });
  AddOne<DiscardDeadLetterRequest, JudgedDeadLetter>(
      *dead_letters, session,
      {"discard", "It is left out for good, and its key goes on without it.",
       "--role operator dead-letters discard services/follow-up/dead-letters/12 --reason sent-again"},
      &Stub::DiscardDeadLetter, {{"name"}, {"reason", "", true}}, {});
  AddLag(app, session);
}

}  // namespace polku::polkuctl
