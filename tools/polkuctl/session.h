// One run of polkuctl: the server, on whose behalf, how to print, and how it ended.
#ifndef POLKU_TOOLS_POLKUCTL_SESSION_H_
#define POLKU_TOOLS_POLKUCTL_SESSION_H_

#include <grpcpp/grpcpp.h>

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "google/protobuf/repeated_field.h"
#include "libs/rpc/status.h"
#include "tools/polkuctl/text.h"

namespace polku::polkuctl {

// Exit codes, as --help says.
inline constexpr int kOk = 0;
inline constexpr int kRefused = 1;
inline constexpr int kUsage = 2;
inline constexpr int kUnreachable = 3;

class Session {
 public:
  Session(std::ostream& to_out, std::ostream& to_err) : out(to_out), err(to_err) {}

  std::string server = "127.0.0.1:7443";
  std::vector<std::string> servers;  // Programs that have the services between them; none: `server` has all.
  std::string organisation;
  std::string user;
  std::string role;
  std::string purpose;
  // PEM files; with a `ca` the server is called over TLS and shown the certificate.
  std::string ca;
  std::string certificate;
  std::string key;
  std::string token_file;  // Holds a signed token that says who the person is.
  std::string request_id;
  bool json = false;
  double timeout_s = 10;
  std::ostream& out;
  std::ostream& err;
  int exit_code = kOk;

  // To the one of `servers` that says it has the service; to the first one when none says so.
  template <class Service>
  std::unique_ptr<typename Service::Stub> Connect() {
    return Service::NewStub(ChannelOf(Service::service_full_name()));
  }
  // Those that a command about all of them asks.
  std::vector<std::string> AllServers() const { return servers.empty() ? std::vector{server} : servers; }
  std::shared_ptr<grpc::Channel> ChannelTo(const std::string& address) const;
  absl::Time Now() const;

  // `method` is &Stub::SubmitReferral, ... A request_id that is empty gets a new UUID.
  template <class Stub, class Request, class Response>
  absl::StatusOr<Response> Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                                Stub& stub, Request request) {
    grpc::ClientContext context;
    Prepare(context, request);
    Response response;
    const grpc::Status status = (stub.*method)(&context, request, &response);
    if (!status.ok()) return rpc::FromGrpc(status);
    return response;
  }

  // A stream that `each` is told of, until it says false, the server ends it, or `longest` has passed: the last two are
  // no error.
  template <class Stub, class Request, class Response>
  absl::Status Watch(std::unique_ptr<grpc::ClientReader<Response>> (Stub::*method)(grpc::ClientContext*,
                                                                                   const Request&),
                     Stub& stub, Request request, absl::Duration longest,
                     const std::function<bool(const Response&)>& each) {
    grpc::ClientContext context;
    Prepare(context, request);
    context.set_deadline(absl::ToChronoTime(Now() + longest));
    const auto reader = (stub.*method)(&context, request);
    Response response;
    bool goes_on = true;
    while (goes_on && reader->Read(&response)) goes_on = each(response);
    if (!goes_on) context.TryCancel();
    const absl::Status status = rpc::FromGrpc(reader->Finish());
    return !goes_on || absl::IsDeadlineExceeded(status) ? absl::OkStatus() : status;
  }

  // Prints a message, or the error and sets the exit code.
  template <class Response>
  void Show(const absl::StatusOr<Response>& response) {
    if (!response.ok()) return Fail(response.status());
    out << (json ? Json(*response) + "\n" : Describe(*response));
  }
  // The rows of a List response, and on `err` how to get the next page if there is one.
  void ShowPage(const google::protobuf::Message& page, const std::vector<std::string>& columns);
  // The same, with the table for people as it is.
  void ShowPage(const google::protobuf::Message& page, const std::string& table);
  // Prints code, reason, message, violations and what to do to try again; sets the exit code.
  void Fail(const absl::Status& status);

 private:
  std::shared_ptr<grpc::Channel> ChannelOf(const std::string& service) const;
  bool Has(const std::shared_ptr<grpc::Channel>& channel, const std::string& service) const;
  void Prepare(grpc::ClientContext& context, google::protobuf::Message& request);

  std::string sent_request_id_;  // Of the last call; empty when it was a query.
};

// A subcommand with its example, which stands below its help.
CLI::App* AddCommand(CLI::App& parent, const std::string& name, const std::string& what, const std::string& example);

// `parse` of an option's text; a bad text is a usage error that names the option.
template <class T>
T Parsed(absl::StatusOr<T> value, const std::string& option) {
  if (!value.ok()) throw CLI::ValidationError(option, std::string(value.status().message()));
  return *std::move(value);
}

// The command calls `method` of Service with `request` and shows the reply. `fill` runs just before.
template <class Service, class Request, class Response>
void AddCall(CLI::App& command, Session& session, std::shared_ptr<Request> request,
             grpc::Status (Service::Stub::*method)(grpc::ClientContext*, const Request&, Response*),
             std::function<void()> fill = {}) {
  command.callback([request, method, fill, &session] {
    if (fill) fill();
    const auto stub = session.Connect<Service>();
    session.Show(session.Call(method, *stub, *request));
  });
}

// The same for a List method: one page as a table of `columns`, with the options that every list has.
template <class Service, class Request, class Response>
void AddPage(CLI::App& command, Session& session, std::shared_ptr<Request> request,
             grpc::Status (Service::Stub::*method)(grpc::ClientContext*, const Request&, Response*),
             std::vector<std::string> columns) {
  command.add_option_function<int>(
      "--page-size", [request](int size) { request->set_page_size(size); }, "rows at most; the server says how many");
  command.add_option_function<std::string>(
      "--page-token", [request](const std::string& token) { request->set_page_token(token); }, "from the page before");
  command.callback([request, method, columns = std::move(columns), &session] {
    const auto stub = session.Connect<Service>();
    const absl::StatusOr<Response> page = session.Call(method, *stub, *request);
    if (!page.ok()) return session.Fail(page.status());
    session.ShowPage(*page, columns);
  });
}

// An option that may be repeated and takes one value each time.
void AddMany(CLI::App& command, const std::string& flag, google::protobuf::RepeatedPtrField<std::string>& field,
             const std::string& what);

void AddReferralCommands(CLI::App& app, Session& session);
void AddAssessmentCommands(CLI::App& app, Session& session);
// Below the command `assessments`.
void AddInstrumentCommands(CLI::App& assessments, Session& session);
void AddNetworkCommands(CLI::App& app, Session& session);
void AddServiceCommands(CLI::App& app, Session& session);
void AddFollowUpCommands(CLI::App& app, Session& session);
void AddImportCommands(CLI::App& app, Session& session);
// "import" below "journeys" (journey_import.cc).
void AddJourneyImport(CLI::App& journeys, Session& session);
// "try-move", "move", "move-show", "move-changes" below "journeys" (move_commands.cc).
void AddJourneyMoves(CLI::App& journeys, Session& session);
void AddClientCommands(CLI::App& app, Session& session);
void AddSupportCommands(CLI::App& app, Session& session);
void AddTopicCommands(CLI::App& app, Session& session);
void AddAgreementCommands(CLI::App& app, Session& session);
void AddReportCommands(CLI::App& app, Session& session);
void AddRuleCommands(CLI::App& app, Session& session);
void AddOperatorCommands(CLI::App& app, Session& session);
void AddBackupCommands(CLI::App& app, Session& session);
void AddPathwayCommands(CLI::App& app, Session& session);

// The whole program. `arguments` without the program's name.
int Run(std::vector<std::string> arguments, std::ostream& out, std::ostream& err);
// All commands, for tests of the help texts.
std::unique_ptr<CLI::App> MakeApp(Session& session);

}  // namespace polku::polkuctl

#endif  // POLKU_TOOLS_POLKUCTL_SESSION_H_
