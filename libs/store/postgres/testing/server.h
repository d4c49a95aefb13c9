// For tests: a PostgreSQL server of this process, in a temporary folder, reached by a socket in that folder only.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "libs/testing/temporary_folder.h"

namespace polku::store::postgres {

class ServerForTests {
 public:
  // Whether PostgreSQL is installed.
  static bool IsInstalled();
  // Started when it is first asked for; stopped when the process ends, however it does.
  static ServerForTests& Get();
  ~ServerForTests();

  // A libpq connection string.
  std::string Target(absl::string_view database) const;
  // Runs one statement in the database `postgres`, which must succeed; gives its first value.
  std::string Run(const std::string& sql) const;
  // Runs a program of PostgreSQL's with connection arguments behind its own, which must succeed.
  void Tool(absl::string_view program, absl::string_view arguments) const;
  void CreateDatabase(absl::string_view name) const;
  // Cuts off who uses it.
  void DropDatabase(absl::string_view name) const;
  // What the tables of a database have on the disk. Not the log, which is that of all databases.
  std::string RawBytes(absl::string_view database) const;
  // Starts again with these settings ("shared_buffers=256MB"), too, from now on.
  void Configure(const std::vector<std::string>& settings);
  // Stops without a last write, as if the machine had failed, and after `away` starts on what the disk holds.
  void Crash(absl::Duration away = absl::ZeroDuration());

 private:
  ServerForTests();
  void Start();
  void Stop(int signal);

  testing::TemporaryFolder folder_;
  std::vector<std::string> settings_;  // Beside those of all tests.
  pid_t server_ = -1;
  std::thread log_;  // Reads what the server says, so that it never waits for a reader.
};

}  // namespace polku::store::postgres
