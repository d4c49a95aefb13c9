#include "tests/faults/restore.h"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "libs/base/status_macros.h"
#include "libs/testing/child_process.h"
#include "tests/faults/query.h"
#include "tests/faults/stories.h"

namespace polku::faults {
namespace {

namespace fs = std::filesystem;

constexpr absl::Duration kEndMax = absl::Seconds(30);
constexpr absl::Duration kCommandMax = absl::Seconds(60);
constexpr absl::Duration kDeadline = absl::Seconds(3);
constexpr char kHeld[] = "SELECT key FROM dead_letter WHERE reason LIKE 'restored from a backup%'";

std::string KeyFile(const std::string& folder, const std::string& service) {
  return absl::StrCat(folder, "/", service, ".keys");
}

// Of a program that has ended.
absl::Status PutBackKeys(const std::string& from, const std::string& to) {
  std::error_code error;
  for (const char* part : {"-wal", "-shm"}) fs::remove(to + part, error);
  fs::copy_file(from, to, fs::copy_options::overwrite_existing, error);
  return error ? absl::InternalError(absl::StrCat("copy ", from, ": ", error.message())) : absl::OkStatus();
}

absl::Status RunPolkuctl(std::vector<std::string> words, const Stage& stage) {
  words.insert(words.begin(), stage.fleet.programs() + "/polkuctl");
  const std::string output = stage.fleet.DataFolder("polkuctl.log");
  ASSIGN_OR_RETURN(const int ended, testing::ChildProcess::Start({words, {}, output})->Wait(kCommandMax));
  if (ended == 0) return absl::OkStatus();
  std::ifstream said(output);
  return absl::InternalError(absl::StrCat(absl::StrJoin(words, " "), ": ended with ", ended, ": ",
                                          std::string(std::istreambuf_iterator<char>(said), {})));
}

// The database is that of the backup; a program must not serve it as if nothing had happened.
absl::Status GoBack(int service, const Backup& backup, Stage& stage) {
  Fleet& fleet = stage.fleet;
  const std::string name = kServices[service];
  const std::vector<int> programs = stage.AllOf(service);
  for (const int program : programs) {
    fleet.process(program).Signal(SIGTERM);
    RETURN_IF_ERROR(fleet.process(program).Wait(kEndMax).status());
    fleet.Kill(program);
  }
  const std::string database = Fleet::DatabaseName(name);
  fleet.postgres().DropDatabase(database);
  fleet.postgres().CreateDatabase(database);
  fleet.postgres().Tool("pg_restore", absl::StrCat("-d ", database, " ", backup.database));
  RETURN_IF_ERROR(PutBackKeys(KeyFile(backup.keys, name), KeyFile(fleet.DataFolder(name) + "/keys", name)));
  const int first = programs[0];
  fleet.Launch(first);
  const absl::StatusOr<int> refused = fleet.process(first).Wait(kCommandMax);
  if (!refused.ok() || *refused != 1 || !absl::StrContains(fleet.OutputOf(first), "is an older copy")) {
    stage.exits.push_back(absl::StrCat(name, " serves a database that has gone back, or says nothing of it"));
  }
  ASSIGN_OR_RETURN(const int ended, fleet.RunCommand(first, "restored"));
  if (ended != 0) return absl::InternalError(absl::StrCat(name, " restored: ended with ", ended));
  stage.ledger.ForgetAcknowledged(name, backup.acknowledged);
  for (const int program : programs) fleet.Launch(program);
  return fleet.AwaitAllReady();
}

absl::Status Release(Stage& stage) {
  std::vector<std::string> servers;
  for (size_t service = 0; service < kServices.size(); ++service) {
    servers.push_back(stage.fleet.address(stage.fleet.ProgramOf(static_cast<int>(service), 0)));
  }
  return RunPolkuctl({"--servers", absl::StrJoin(servers, ","), "--organisation", "organisations/polku", "--user", "u1",
                      "--role", "operator", "restore", "release", "--all"},
                     stage);
}

}  // namespace

absl::Status TakeBackup(Stage& stage) {
  const int service = (stage.first + stage.strike) % static_cast<int>(kServices.size());
  const std::string name = kServices[service];
  Backup backup;
  backup.acknowledged = stage.ledger.told().acknowledged[name];
  backup.database = absl::StrCat(stage.fleet.DataFolder(name), "/backup");
  backup.keys = absl::StrCat(stage.fleet.DataFolder(name), "/backup-keys-", stage.strike);
  stage.fleet.postgres().Tool("pg_dump", absl::StrCat("-Fc -f ", backup.database, " ", Fleet::DatabaseName(name)));
  RETURN_IF_ERROR(RunPolkuctl({"backup", "--data", stage.fleet.DataFolder(name), "--keys-to", backup.keys}, stage));
  stage.backups[service] = backup;
  return absl::OkStatus();
}

absl::Status PutBack(Stage& stage) {
  for (const auto& [service, backup] : stage.backups) RETURN_IF_ERROR(GoBack(service, backup, stage));
  for (const auto& [service, backup] : stage.backups) {
    ASSIGN_OR_RETURN(const auto held, Query(stage.fleet.Database(kServices[service]), kHeld));
    for (const auto& row : held) stage.held.insert(row[0]);
  }
  for (int kind = 0; kind < kStoryKinds; ++kind) stage.Tell(static_cast<Kind>(kind), kDeadline, kDeadline);
  Storyteller teller(stage.channels, &stage.ledger, stage.random.Next(), stage.today);
  for (const auto& [client, kind] : stage.ledger.told().clients) teller.RecordAgain(client, kind);
  return Release(stage);
}

}  // namespace polku::faults
