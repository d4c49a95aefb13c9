#include "tests/faults/fleet.h"

#include <httplib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "libs/base/clock.h"
#include "libs/base/status_macros.h"
#include "libs/testing/free_port.h"

namespace polku::faults {
namespace {

constexpr absl::Duration kLook = absl::Milliseconds(50);
constexpr size_t kOutputShownBytes = 2000;

int CountEntries(const std::string& folder) {
  std::error_code gone;
  const std::filesystem::directory_iterator entries(folder, gone);
  return gone ? 0 : static_cast<int>(std::distance(begin(entries), end(entries)));
}

std::string DatabaseOf(absl::string_view service) {
  return absl::StrCat("faults_", absl::StrReplaceAll(service, {{"-", "_"}}));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Fleet>> Fleet::Start(const std::string& programs) {
  if (!store::postgres::ServerForTests::IsInstalled()) return absl::NotFoundError("PostgreSQL is not installed");
  ASSIGN_OR_RETURN(auto broker, testing::KafkaBroker::Start());
  std::unique_ptr<Fleet> fleet(new Fleet(programs, std::move(broker)));
  for (const char* service : kServices) fleet->postgres().CreateDatabase(DatabaseOf(service));
  for (int program = 0; program < kPrograms; ++program) fleet->Launch(program);
  RETURN_IF_ERROR(fleet->AwaitAllReady());
  return fleet;
}

Fleet::Fleet(std::string programs, std::unique_ptr<testing::KafkaBroker> broker)
    : programs_(std::move(programs)), broker_(std::move(broker)) {
  for (Ports& ports : ports_) ports = {testing::FreePort(), testing::FreePort()};
}

std::string Fleet::NameOf(int program) {
  return absl::StrCat(kServices[ServiceOf(program)], "-", program % kReplicas + 1);
}

std::string Fleet::address(int program) const { return absl::StrCat("127.0.0.1:", ports_[program].grpc); }

std::string Fleet::Database(const std::string& service) const {
  return store::postgres::ServerForTests::Get().Target(DatabaseOf(service));
}

std::string Fleet::DataFolder(const std::string& service) const { return absl::StrCat(folder_.path(), "/", service); }

std::string Fleet::OutputOf(int program) const { return absl::StrCat(folder_.path(), "/", NameOf(program), ".log"); }

std::vector<std::string> Fleet::WordsFor(int program) const {
  const std::string service = kServices[ServiceOf(program)];
  std::vector<std::string> peers;
  for (size_t other = 0; other < kServices.size(); ++other) {
    peers.push_back(absl::StrCat(kServices[other], "=", address(static_cast<int>(other) * kReplicas)));
  }
  return {absl::StrCat(programs_, "/polku-", service),
          "--access.mode=development",
          "--identity.allow_test_codes=true",
          absl::StrCat("--data.folder=", DataFolder(service)),
          "--store.kind=postgres",
          "--store.migrate=true",
          absl::StrCat("--store.postgres=", store::postgres::ServerForTests::Get().Target("faults_{service}")),
          "--bus.kind=kafka",
          absl::StrCat("--bus.kafka_servers=", broker_->bootstrap_servers()),
          "--bus.create_topics=true",
          absl::StrCat("--bus.kafka_session_timeout=", absl::ToInt64Seconds(kSessionTimeout), "s"),
          absl::StrCat("--peers=", absl::StrJoin(peers, ",")),
          absl::StrCat("--grpc.listen=", address(program)),
          absl::StrCat("--ops.listen=127.0.0.1:", ports_[program].ops),
          "--pathways.folder=" POLKU_DEPLOY_FOLDER "/pathways",
          "--rules.folder=" POLKU_DEPLOY_FOLDER "/rules",
          "--instruments.folder=" POLKU_DEPLOY_FOLDER "/instruments"};
}

void Fleet::Launch(int program, const std::map<std::string, std::string>& environment) {
  processes_[program] = testing::ChildProcess::Start({WordsFor(program), environment, OutputOf(program)});
}

bool Fleet::IsReady(int program) const {
  httplib::Client client("127.0.0.1", ports_[program].ops);
  client.set_connection_timeout(1);
  client.set_read_timeout(1);
  const httplib::Result answer = client.Get("/readyz");
  return answer && answer->status == 200;
}

absl::Status Fleet::WithOutput(int program, const absl::Status& status) const {
  std::ifstream file(OutputOf(program));
  std::string output(std::istreambuf_iterator<char>(file), {});
  if (output.size() > kOutputShownBytes) output = output.substr(output.size() - kOutputShownBytes);
  return absl::Status(status.code(), absl::StrCat(NameOf(program), ": ", status.message(), "\n", output));
}

absl::Status Fleet::AwaitReady(int program) {
  const SystemMonotonicClock clock;
  while (!IsReady(program)) {
    if (const auto ended = processes_[program]->Ended(); ended.has_value()) {
      return WithOutput(program, absl::AbortedError(absl::StrCat("ended with ", *ended)));
    }
    if (clock.Elapsed() > kReadyMax) return WithOutput(program, absl::DeadlineExceededError("is not ready"));
    absl::SleepFor(kLook);
  }
  return absl::OkStatus();
}

absl::Status Fleet::AwaitAllReady() {
  for (int program = 0; program < kPrograms; ++program) RETURN_IF_ERROR(AwaitReady(program));
  return absl::OkStatus();
}

Usage Fleet::UsageOf(int program) const {
  const std::string folder = absl::StrCat("/proc/", processes_[program]->id());
  return {CountEntries(folder + "/fd"), CountEntries(folder + "/task")};
}

}  // namespace polku::faults
