#include "tools/polkuctl/session.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "libs/base/clock.h"
#include "libs/base/ids.h"
#include "libs/base/random.h"
#include "libs/base/violation.h"

namespace polku::polkuctl {

std::shared_ptr<grpc::Channel> Session::channel() {
  if (channel_ == nullptr) channel_ = grpc::CreateChannel(server, grpc::InsecureChannelCredentials());
  return channel_;
}

absl::Time Session::Now() const { return SystemClock().Now(); }

void Session::Prepare(grpc::ClientContext& context, google::protobuf::Message& request) {
  const std::pair<const char*, const std::string&> headers[] = {
      {"polku-organisation", organisation}, {"polku-user", user}, {"polku-role", role}, {"polku-purpose", purpose}};
  for (const auto& [name, value] : headers) {
    if (!value.empty()) context.AddMetadata(name, value);
  }
  context.AddMetadata("polku-system", "polkuctl");
  context.set_deadline(absl::ToChronoTime(Now() + absl::Seconds(timeout_s)));
  const auto* field = request.GetDescriptor()->FindFieldByName("request_id");
  if (field == nullptr) return;
  SystemRandom random;
  request.GetReflection()->SetString(&request, field, request_id.empty() ? NewUuidV7(Now(), random) : request_id);
}

void Session::ShowList(const std::vector<const google::protobuf::Message*>& messages,
                       const std::vector<std::string>& columns) {
  if (!json) {
    out << TableOf(messages, columns);
    return;
  }
  for (const google::protobuf::Message* message : messages) out << Json(*message) << "\n";
}

void Session::Fail(const absl::Status& status) {
  exit_code = absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) ? kUnreachable : kRefused;
  err << "polkuctl: " << absl::StatusCodeToString(status.code()) << ": " << status.message() << "\n";
  for (const FieldViolation& violation : ViolationsOf(status)) {
    err << "  " << violation.field << ": " << violation.description << "\n";
  }
  if (const auto delay = RetryDelayOf(status); delay.has_value()) {
    err << "  try again in " << absl::FormatDuration(*delay) << "\n";
  }
}

CLI::App* AddCommand(CLI::App& parent, const std::string& name, const std::string& what, const std::string& example) {
  CLI::App* command = parent.add_subcommand(name, what);
  if (!example.empty()) command->footer("Example:\n  polkuctl " + example);
  return command;
}

std::unique_ptr<CLI::App> MakeApp(Session& session) {
  auto app = std::make_unique<CLI::App>("Talks to the services of Polku.", "polkuctl");
  app->footer(
      "Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 server not reached.\n"
      "Example:\n  polkuctl --organisation organisations/te-kainuu --user u1 --role referrer referrals list");
  app->require_subcommand(1);
  app->add_option("--server", session.server, "host:port")->envname("POLKU_SERVER")->capture_default_str();
  app->add_option("--organisation", session.organisation, "on whose behalf, organisations/O")
      ->envname("POLKU_ORGANISATION");
  app->add_option("--user", session.user, "the person")->envname("POLKU_USER");
  app->add_option("--role", session.role, "referrer, intake, assessor, coordinator, lead, provider, operator")
      ->envname("POLKU_ROLE");
  app->add_option("--purpose", session.purpose, "what for; kept in the audit")->envname("POLKU_PURPOSE");
  app->add_option("--request-id", session.request_id, "UUID of a write, to repeat it safely");
  app->add_option("--timeout", session.timeout_s, "seconds")->capture_default_str();
  app->add_flag("--json", session.json, "for machines: one JSON object per line");
  AddReferralCommands(*app, session);
  AddAssessmentCommands(*app, session);
  AddNetworkCommands(*app, session);
  AddFollowUpCommands(*app, session);
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
