#include "libs/store/postgres/testing/server.h"

#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"

namespace polku::store::postgres {
namespace {

namespace fs = std::filesystem;

// Where Debian puts the programs; empty when there are none.
std::string BinFolder() {
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", missing)) {
    if (fs::exists(entry.path() / "bin" / "initdb")) return (entry.path() / "bin").string();
  }
  return "";
}

// The server refuses to run as root: then it is the packages' own user.
const passwd* User() { return geteuid() == 0 ? getpwnam("postgres") : nullptr; }

// Runs a program of PostgreSQL's, with standard output and error into `output`. It ends with this process.
pid_t Spawn(const std::string& program, const std::vector<std::string>& arguments, int output) {
  const std::string path = absl::StrCat(BinFolder(), "/", program);
  std::vector<char*> argv = {const_cast<char*>(path.c_str())};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const passwd* user = User();
  const pid_t child = fork();
  POLKU_CHECK(child >= 0);
  if (child != 0) return child;
  if (user != nullptr && (setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0)) _exit(126);
  prctl(PR_SET_PDEATHSIG, SIGQUIT);
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  if (chdir("/") != 0) _exit(126);
  execv(path.c_str(), argv.data());
  _exit(127);
}

}  // namespace

bool ServerForTests::IsInstalled() { return !BinFolder().empty(); }

ServerForTests& ServerForTests::Get() {
  static ServerForTests server;
  return server;
}

ServerForTests::ServerForTests() {
  if (const passwd* user = User(); user != nullptr) {
    POLKU_CHECK(chown(folder_.path().c_str(), user->pw_uid, user->pw_gid) == 0);
  }
  const pid_t init = Spawn("initdb",
                           {"-D", folder_.path() + "/data", "-U", "polku", "--auth=trust", "--encoding=UTF8",
                            "--locale=C", "--no-sync", "--no-instructions"},
                           STDERR_FILENO);
  int status = -1;
  POLKU_CHECK(waitpid(init, &status, 0) == init && status == 0);
  Start();
}

ServerForTests::~ServerForTests() { Stop(SIGINT); }

void ServerForTests::Start() {
  int ends[2];
  POLKU_CHECK(pipe(ends) == 0);
  std::vector<std::string> arguments = {"-D", folder_.path() + "/data"};
  for (const std::string& setting :
       {absl::StrCat("unix_socket_directories=", folder_.path()), std::string("listen_addresses="),
        std::string("shared_buffers=16MB"), std::string("max_connections=100"), std::string("autovacuum=off"),
        std::string("recovery_init_sync_method=syncfs"), std::string("deadlock_timeout=50ms"),
        std::string("max_wal_senders=0"), std::string("wal_level=minimal")}) {
    arguments.push_back("-c");
    arguments.push_back(setting);
  }
  for (const std::string& setting : settings_) {
    arguments.push_back("-c");
    arguments.push_back(setting);
  }
  server_ = Spawn("postgres", arguments, ends[1]);
  close(ends[1]);
  FILE* said = fdopen(ends[0], "r");
  char line[2000];
  bool ready = false;
  while (!ready && std::fgets(line, sizeof(line), said) != nullptr) {
    ready = absl::StrContains(line, "ready to accept connections");
  }
  POLKU_CHECK(ready);
  log_ = std::thread([said] {
    char rest[2000];
    while (std::fgets(rest, sizeof(rest), said) != nullptr) {
    }
    std::fclose(said);
  });
}

void ServerForTests::Stop(int signal) {
  kill(server_, signal);
  int status = 0;
  POLKU_CHECK(waitpid(server_, &status, 0) == server_);
  log_.join();
}

void ServerForTests::Configure(const std::vector<std::string>& settings) {
  Stop(SIGINT);
  settings_ = settings;
  Start();
}

void ServerForTests::Crash(absl::Duration away) {
  Stop(SIGQUIT);
  absl::SleepFor(away);
  Start();
}

std::string ServerForTests::Target(absl::string_view database) const {
  return absl::StrCat("host=", folder_.path(), " user=polku dbname=", database);
}

std::string ServerForTests::Run(const std::string& sql) const {
  PGconn* connection = PQconnectdb(Target("postgres").c_str());
  PGresult* result = PQexec(connection, sql.c_str());
  const ExecStatusType status = PQresultStatus(result);
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) std::fprintf(stderr, "%s", PQerrorMessage(connection));
  POLKU_CHECK(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK);
  std::string value = PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "";
  PQclear(result);
  PQfinish(connection);
  return value;
}

void ServerForTests::Tool(absl::string_view program, absl::string_view arguments) const {
  const std::string command = absl::StrCat(BinFolder(), "/", program, " -h ", folder_.path(), " -U polku ", arguments);
  POLKU_CHECK(std::system(command.c_str()) == 0);
}

void ServerForTests::CreateDatabase(absl::string_view name) const { Run(absl::StrCat("CREATE DATABASE ", name)); }

void ServerForTests::DropDatabase(absl::string_view name) const {
  Run(absl::StrCat("DROP DATABASE IF EXISTS ", name, " WITH (FORCE)"));
}

std::string ServerForTests::RawBytes(absl::string_view database) const {
  Run("CHECKPOINT");
  const std::string id = Run(absl::StrCat("SELECT oid FROM pg_database WHERE datname = '", database, "'"));
  std::string bytes;
  for (const auto& entry : fs::directory_iterator(absl::StrCat(folder_.path(), "/data/base/", id))) {
    std::ifstream file(entry.path(), std::ios::binary);
    bytes.append(std::istreambuf_iterator<char>(file), {});
  }
  return bytes;
}

}  // namespace polku::store::postgres
