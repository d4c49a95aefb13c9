#include "tools/polkuctl/session.h"

#include <google/protobuf/wrappers.pb.h>
#include <grpcpp/impl/codegen/client_unary_call.h>
#include <grpcpp/impl/codegen/proto_utils.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/base/clock.h"
#include "libs/base/ids.h"
#include "libs/base/random.h"
#include "libs/base/read_file.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/ops/version.h"
#include "tools/polkuctl/health_command.h"
#include "tools/polkuctl/operator_calls.h"
#include "tools/polkuctl/verify_commands.h"

namespace polku::polkuctl {

namespace {

// What the server takes as metadata; gRPC ends the process over anything else.
std::string HeaderProblem(const std::string& text) {
  const bool printable = std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
  return printable ? "" : "only printable ASCII characters can be sent";
}

// What the file of an option holds; a wrong file is a usage error.
std::string FileOf(const std::string& option, const std::string& path) { return Parsed(ReadFile(path), option); }

// A call that came to nothing, but may succeed, or may have succeeded, as it is. A server that stops says kCancelled to
// calls that it has not looked at.
bool MayBeRepeated(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) || absl::IsAborted(status) ||
         absl::IsCancelled(status) || RetryDelayOf(status).has_value();
}

// Which setting to look at, of what only TLS or the sign-in can have refused; empty for everything else.
std::string HintFor(const absl::Status& status, bool over_tls) {
  const std::string reason = ReasonOf(status);
  if (absl::StartsWith(reason, "TOKEN_")) {
    return "--token-file (POLKU_TOKEN_FILE): a signed token of the person, who belongs to the certificate's "
           "organisation";
  }
  if (absl::StartsWith(reason, "CERTIFICATE_")) {
    return "--certificate (POLKU_CERTIFICATE): one that the server's access.organisations has a row for";
  }
  // The handshake failed, or nobody is there: gRPC tells no more.
  if (over_tls && reason.empty() && absl::IsUnavailable(status)) {
    return "over TLS: --ca (POLKU_CA) must have signed the certificate of the server, and who signed --certificate "
           "(POLKU_CERTIFICATE) must be in the server's tls.client_ca";
  }
  return "";
}

// The rows are the first field of every List response.
std::vector<const google::protobuf::Message*> RowsOf(const google::protobuf::Message& page) {
  const google::protobuf::FieldDescriptor* rows_field = page.GetDescriptor()->field(0);
  POLKU_CHECK(rows_field->is_repeated());
  std::vector<const google::protobuf::Message*> rows;
  for (int i = 0; i < page.GetReflection()->FieldSize(page, rows_field); ++i) {
    rows.push_back(&page.GetReflection()->GetRepeatedMessage(page, rows_field, i));
  }
  return rows;
}

}  // namespace

std::shared_ptr<grpc::Channel> Session::ChannelOf(const std::string& service) const {
  if (servers.empty()) return ChannelTo(server);
  for (const std::string& each : servers) {
    const std::shared_ptr<grpc::Channel> channel = ChannelTo(each);
    if (servers.size() == 1 || Has(channel, service)) return channel;
  }
  return ChannelTo(servers.front());
}

// grpc.health.v1, whose messages gRPC does not install: on the wire they are these.
bool Session::Has(const std::shared_ptr<grpc::Channel>& channel, const std::string& service) const {
  google::protobuf::StringValue request;
  request.set_value(service);
  google::protobuf::Int32Value status;
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(Now() + absl::Seconds(timeout_s)));
  const grpc::internal::RpcMethod check("/grpc.health.v1.Health/Check", grpc::internal::RpcMethod::NORMAL_RPC, channel);
  return grpc::internal::BlockingUnaryCall(channel.get(), check, &context, request, &status).ok();
}

std::shared_ptr<grpc::Channel> Session::ChannelTo(const std::string& address) const {
  grpc::ChannelArguments arguments;
  // Calls carry personal data in clear text: they go to the server named and to no proxy of the environment.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  if (ca.empty()) return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
  const grpc::SslCredentialsOptions files = {FileOf("--ca", ca), FileOf("--key", key),
                                             FileOf("--certificate", certificate)};
  return grpc::CreateCustomChannel(address, grpc::SslCredentials(files), arguments);
}

absl::Time Session::Now() const { return SystemClock().Now(); }

void Session::Prepare(grpc::ClientContext& context, google::protobuf::Message& request) {
  const std::pair<const char*, const std::string&> headers[] = {
      {"polku-organisation", organisation}, {"polku-user", user}, {"polku-role", role}, {"polku-purpose", purpose}};
  for (const auto& [name, value] : headers) {
    if (!value.empty()) context.AddMetadata(name, value);
  }
  context.AddMetadata("polku-system", "polkuctl");
  if (!token_file.empty()) {
    std::string token = FileOf("--token-file", token_file);
    absl::StripAsciiWhitespace(&token);
    if (!HeaderProblem(token).empty()) throw CLI::ValidationError("--token-file", "not a token");
    context.AddMetadata("authorization", absl::StrCat("Bearer ", token));
  }
  context.set_deadline(absl::ToChronoTime(Now() + absl::Seconds(timeout_s)));
  sent_request_id_.clear();
  const auto* field = request.GetDescriptor()->FindFieldByName("request_id");
  if (field == nullptr) return;
  SystemRandom random;
  sent_request_id_ = request_id.empty() ? NewUuidV7(Now(), random) : request_id;
  request.GetReflection()->SetString(&request, field, sent_request_id_);
}

void Session::ShowPage(const google::protobuf::Message& page, const std::vector<std::string>& columns) {
  ShowPage(page, TableOf(RowsOf(page), columns));
}

void Session::ShowPage(const google::protobuf::Message& page, const std::string& table) {
  const auto* token_field = page.GetDescriptor()->FindFieldByName("next_page_token");
  POLKU_CHECK(token_field != nullptr);
  const std::vector<const google::protobuf::Message*> rows = RowsOf(page);
  if (json) {
    for (const google::protobuf::Message* row : rows) out << Json(*row) << "\n";
  } else {
    out << table;
    if (rows.empty()) err << "none\n";
  }
  const std::string token = page.GetReflection()->GetString(page, token_field);
  if (!token.empty()) err << "more: --page-token " << token << "\n";
}

void Session::Fail(const absl::Status& status) {
  exit_code = absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) ? kUnreachable : kRefused;
  const absl::string_view code = rpc::NameOf(status.code());
  const std::string reason = ReasonOf(status);
  err << "polkuctl: " << code;
  if (!reason.empty() && reason != code) err << " (" << reason << ")";
  err << ": " << OneLine(status.message()) << "\n";
  for (const FieldViolation& violation : ViolationsOf(status)) {
    err << "  " << OneLine(violation.field) << ": " << OneLine(violation.description) << "\n";
  }
  if (const std::string hint = HintFor(status, !ca.empty()); !hint.empty()) err << "  " << hint << "\n";
  if (const auto delay = RetryDelayOf(status); delay.has_value()) {
    err << "  try again in " << absl::FormatDuration(*delay) << "\n";
  }
  if (!sent_request_id_.empty() && MayBeRepeated(status)) {
    err << "  to try again without doing it twice: --request-id " << sent_request_id_ << "\n";
  }
}

CLI::App* AddCommand(CLI::App& parent, const std::string& name, const std::string& what, const std::string& example) {
  CLI::App* command = parent.add_subcommand(name, what);
  if (!example.empty()) command->footer("Example:\n  polkuctl " + example);
  return command;
}

void AddMany(CLI::App& command, const std::string& flag, google::protobuf::RepeatedPtrField<std::string>& field,
             const std::string& what) {
  command
      .add_option_function<std::vector<std::string>>(
          flag, [&field](const std::vector<std::string>& texts) { field.Add(texts.begin(), texts.end()); },
          what + "; may be repeated")
      ->allow_extra_args(false);
}

std::unique_ptr<CLI::App> MakeApp(Session& session) {
  auto app = std::make_unique<CLI::App>("Talks to the services of Polku.", "polkuctl");
  app->footer(
      "Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 server not reached (in time).\n"
      "Example:\n  polkuctl --organisation organisations/te-kainuu --user u1 --role referrer referrals list");
  app->set_version_flag("--version", ops::VersionLine("polkuctl"));
  app->require_subcommand(1);
  app->fallthrough();  // The options of all commands may stand behind the command too.
  const CLI::Validator header(HeaderProblem, "", "ascii");
  app->add_option("--server", session.server, "host:port")->envname("POLKU_SERVER")->capture_default_str();
  app->add_option("--servers", session.servers,
                  "host:port of several programs, with commas between, in place of --server: the one that has a "
                  "service is found")
      ->delimiter(',')
      ->envname("POLKU_SERVERS");
  app->add_option("--organisation", session.organisation, "on whose behalf, organisations/O")
      ->envname("POLKU_ORGANISATION")
      ->check(header);
  app->add_option("--user", session.user, "the person")->envname("POLKU_USER")->check(header);
  app->add_option("--role", session.role, "referrer, intake, assessor, coordinator, lead, provider, operator, auditor")
      ->envname("POLKU_ROLE")
      ->check(header);
  app->add_option("--purpose", session.purpose, "what for; kept in the audit")->envname("POLKU_PURPOSE")->check(header);
  CLI::Option* ca =
      app->add_option("--ca", session.ca, "PEM file of who signed the server's certificate: call over TLS");
  CLI::Option* key = app->add_option("--key", session.key, "PEM file of the certificate's key");
  CLI::Option* certificate =
      app->add_option("--certificate", session.certificate, "PEM file of the certificate that is shown")
          ->envname("POLKU_CERTIFICATE")
          ->needs(ca, key);
  ca->needs(certificate);
  ca->envname("POLKU_CA");
  key->envname("POLKU_KEY");
  app->add_option("--token-file", session.token_file, "file with a signed token that says who the person is")
      ->envname("POLKU_TOKEN_FILE")
      ->needs(ca);  // Never in plain text.
  app->add_option("--request-id", session.request_id, "UUID of a write, to repeat it safely");
  app->add_option("--timeout", session.timeout_s, "seconds that a call may take")
      ->check(CLI::Range(0.001, 3600.0))
      ->capture_default_str();
  app->add_flag("--json", session.json, "for machines: one JSON object per line");
  AddReferralCommands(*app, session);
  AddClientCommands(*app, session);
  AddAssessmentCommands(*app, session);
  AddNetworkCommands(*app, session);
  AddServiceCommands(*app, session);
  AddSupportCommands(*app, session);
  AddTopicCommands(*app, session);
  AddFollowUpCommands(*app, session);
  AddAgreementCommands(*app, session);
  AddReportCommands(*app, session);
  AddRuleCommands(*app, session);
  AddImportCommands(*app, session);
  AddOperatorCommands(*app, session);
  AddHealthCommand(*app, session);
  AddBackupCommands(*app, session);
  AddTraceCommand(*app, session);
  AddAuditCommands(*app, session);
  AddVerifyCommands(*app, session);
  AddPathwayCommands(*app, session);
  return app;
}

int Run(std::vector<std::string> arguments, std::ostream& out, std::ostream& err) {
  Session session(out, err);
  const std::unique_ptr<CLI::App> app = MakeApp(session);
  std::reverse(arguments.begin(), arguments.end());  // As CLI11 wants it.
  try {
    app->parse(arguments);
  } catch (const CLI::ParseError& error) {
    return app->exit(error, out, err) == 0 ? kOk : kUsage;
  }
  return session.exit_code;
}

}  // namespace polku::polkuctl
