#include "tests/faults/fleet.h"

#include <httplib.h>
#include <sched.h>
#include <sys/mount.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
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

}  // namespace

std::map<std::string, Layout> Layouts() {
  return {{"replicas", Layout::kReplicas}, {"services", Layout::kOneOfEach}, {"all-in-one", Layout::kAllInOne}};
}

absl::StatusOr<std::unique_ptr<Fleet>> Fleet::Start(const FleetOptions& options) {
  const bool postgres = options.layout == Layout::kReplicas;
  if (postgres && !store::postgres::ServerForTests::IsInstalled()) {
    return absl::NotFoundError("PostgreSQL is not installed");
  }
  std::unique_ptr<testing::KafkaBroker> broker;
  if (options.layout != Layout::kAllInOne) {
    ASSIGN_OR_RETURN(broker, testing::KafkaBroker::Start({.nodes = options.brokers, .tls = {}}));
  }
  std::unique_ptr<Fleet> fleet(new Fleet(options, std::move(broker)));
  for (const char* service : kServices) {
    if (postgres) fleet->postgres().CreateDatabase(DatabaseName(service));
  }
  for (int program = 0; program < fleet->size(); ++program) fleet->Launch(program);
  RETURN_IF_ERROR(fleet->AwaitAllReady());
  return fleet;
}

Fleet::Fleet(const FleetOptions& options, std::unique_ptr<testing::KafkaBroker> broker)
    : options_(options), broker_(std::move(broker)) {
  const int services = options.layout == Layout::kAllInOne ? 1 : static_cast<int>(kServices.size());
  programs_.resize(services * replicas());
  for (Program& program : programs_) program = {testing::FreePort(), testing::FreePort(), has_before(), nullptr};
  if (options.layout != Layout::kReplicas) MakeSmallDisk();
  WriteRules();
}

Fleet::~Fleet() {
  programs_.clear();
  if (!small_disk_.empty()) umount2(small_disk_.c_str(), MNT_DETACH);
}

void Fleet::WriteRules() const {
  std::filesystem::create_directory(RulesFolder());
  for (const auto& entry : std::filesystem::directory_iterator(POLKU_DEPLOY_FOLDER "/rules")) {
    std::ifstream file(entry.path());
    const std::string text(std::istreambuf_iterator<char>(file), {});
    std::ofstream(absl::StrCat(RulesFolder(), "/", entry.path().filename().string()))
        << std::regex_replace(text, std::regex("(outreach_(rule_)?day_max): [0-9]+"), "$1: 1000000");
  }
}

// In a name space of mounts of this process, so that nothing is left of it however the process ends.
void Fleet::MakeSmallDisk() {
  const std::string path = absl::StrCat(folder_.path(), "/small");
  std::filesystem::create_directory(path);
  if (unshare(CLONE_NEWNS) != 0 || mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return;
  if (mount("polku-faults", path.c_str(), "tmpfs", 0, "size=1g") == 0) small_disk_ = path;
}

std::string Fleet::NameOf(int program) const {
  if (options_.layout == Layout::kAllInOne) return "all-in-one";
  return absl::StrCat(kServices[ServiceOf(program)], "-", program % replicas() + 1);
}

std::string Fleet::address(int program) const { return absl::StrCat("127.0.0.1:", programs_[program].grpc_port); }

std::string Fleet::DataFolder(const std::string& service) const {
  const std::string& disk = small_disk_.empty() ? folder_.path() : small_disk_;
  return absl::StrCat(disk, "/", options_.layout == Layout::kAllInOne ? "all-in-one" : service);
}

std::string Fleet::Database(const std::string& service) const {
  if (options_.layout == Layout::kReplicas) return store::postgres::ServerForTests::Get().Target(DatabaseName(service));
  return absl::StrCat(DataFolder(service), "/", service, ".db");
}

std::string Fleet::DatabaseName(absl::string_view service) {
  return absl::StrCat("faults_", absl::StrReplaceAll(service, {{"-", "_"}}));
}

std::string Fleet::OutputFile(int program) const { return absl::StrCat(folder_.path(), "/", NameOf(program), ".log"); }

std::string Fleet::OutputOf(int program) const {
  std::ifstream file(OutputFile(program));
  return std::string(std::istreambuf_iterator<char>(file), {});
}

std::vector<std::string> Fleet::WordsFor(int program, const std::string& folder) const {
  const bool all = options_.layout == Layout::kAllInOne;
  std::vector<std::string> words = {absl::StrCat(folder, "/polku-", all ? "all-in-one" : kServices[ServiceOf(program)]),
                                    "--access.mode=development",
                                    "--identity.allow_test_codes=true",
                                    absl::StrCat("--data.folder=", DataFolder(kServices[ServiceOf(program)])),
                                    absl::StrCat("--grpc.listen=", address(program)),
                                    absl::StrCat("--ops.listen=127.0.0.1:", programs_[program].ops_port),
                                    "--pathways.folder=" POLKU_DEPLOY_FOLDER "/pathways",
                                    absl::StrCat("--rules.folder=", RulesFolder()),
                                    "--instruments.folder=" POLKU_DEPLOY_FOLDER "/instruments"};
  if (all) return words;
  std::vector<std::string> peers;
  for (size_t other = 0; other < kServices.size(); ++other) {
    peers.push_back(absl::StrCat(kServices[other], "=", address(ProgramOf(static_cast<int>(other), 0))));
  }
  for (const std::string& word :
       {std::string("--bus.kind=kafka"), absl::StrCat("--bus.kafka_servers=", broker_->bootstrap_servers()),
        std::string("--bus.create_topics=true"),
        absl::StrCat("--bus.kafka_session_timeout=", absl::ToInt64Seconds(kSessionTimeout), "s"),
        absl::StrCat("--peers=", absl::StrJoin(peers, ","))}) {
    words.push_back(word);
  }
  if (options_.layout != Layout::kReplicas) return words;
  words.push_back("--store.kind=postgres");
  words.push_back("--store.migrate=true");
  words.push_back(absl::StrCat("--store.postgres=", store::postgres::ServerForTests::Get().Target("faults_{service}")));
  return words;
}

void Fleet::Launch(int program, const std::map<std::string, std::string>& environment) {
  const std::string& folder = programs_[program].before ? options_.programs_before : options_.programs;
  programs_[program].process =
      testing::ChildProcess::Start({WordsFor(program, folder), environment, OutputFile(program)});
}

absl::StatusOr<int> Fleet::RunCommand(int program, const std::string& command) {
  std::vector<std::string> words = WordsFor(program, options_.programs);
  words.insert(words.begin() + 1, command);
  return testing::ChildProcess::Start({std::move(words), {}, OutputFile(program)})->Wait(kReadyMax);
}

bool Fleet::IsReady(int program) const {
  httplib::Client client("127.0.0.1", programs_[program].ops_port);
  client.set_connection_timeout(1);
  client.set_read_timeout(1);
  const httplib::Result answer = client.Get("/readyz");
  return answer && answer->status == 200;
}

absl::Status Fleet::WithOutput(int program, const absl::Status& status) const {
  std::string output = OutputOf(program);
  if (output.size() > kOutputShownBytes) output = output.substr(output.size() - kOutputShownBytes);
  return absl::Status(status.code(), absl::StrCat(NameOf(program), ": ", status.message(), "\n", output));
}

absl::Status Fleet::AwaitReady(int program) {
  const SystemMonotonicClock clock;
  while (!IsReady(program)) {
    if (const auto ended = programs_[program].process->Ended(); ended.has_value()) {
      return WithOutput(program, absl::AbortedError(absl::StrCat("ended with ", *ended)));
    }
    if (clock.Elapsed() > kReadyMax) return WithOutput(program, absl::DeadlineExceededError("is not ready"));
    absl::SleepFor(kLook);
  }
  return absl::OkStatus();
}

absl::Status Fleet::AwaitAllReady() {
  for (int program = 0; program < size(); ++program) RETURN_IF_ERROR(AwaitReady(program));
  return absl::OkStatus();
}

Usage Fleet::UsageOf(int program) const {
  const std::string folder = absl::StrCat("/proc/", programs_[program].process->id());
  return {CountEntries(folder + "/fd"), CountEntries(folder + "/task")};
}

}  // namespace polku::faults
