// polku-bench: what the product can do on this machine, beside the raw parts under it.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>

#include "libs/base/log.h"
#include "libs/base/status_macros.h"
#include "tools/bench/benches.h"

namespace {

using polku::bench::Report;
using polku::bench::Settings;

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  std::string parent = std::filesystem::temp_directory_path();
  std::string json;
  std::vector<std::string> only;
  CLI::App app("Benchmarks of Polku; tools/bench/README.md says what the figures mean.");
  app.add_option(
      "benches", only,
      "bus ingest-1 ingest-5 ingest-20 feed-sqlite feed-postgres submit million, or how a name begins; none = all");
  app.add_option("--json", json, "write the figures to this file, too");
  app.add_option("--folder", parent, "where the files are made, on the disk to be measured");
  app.add_option("--scale", settings.scale, "of all sizes")->check(CLI::Range(0.001, 10.0));
  app.add_option("--rounds", settings.rounds, "of each measurement")->check(CLI::Range(1, 100));
  CLI11_PARSE(app, argc, argv);

  const polku::SystemClock clock;
  polku::InitLogging("bench", &clock);
  polku::SetLogLevel(polku::LogLevel::kError);
  std::string folder = parent + "/polku-bench-XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) {
    std::cerr << "polku-bench: --folder " << parent << ": " << std::strerror(errno) << "\n";
    return 1;
  }
  settings.folder = folder;
  Report report;
  std::vector<std::pair<std::string, std::function<void()>>> benches;
  benches.emplace_back("bus", [&] { BenchBus(settings, report); });
  for (const int marks : {1, 5, 20}) {
    benches.emplace_back("ingest-" + std::to_string(marks), [&, marks] { BenchIngest(settings, marks, report); });
  }
  benches.emplace_back("feed-sqlite", [&] { BenchFeedToSqlite(settings, report); });
  benches.emplace_back("feed-postgres", [&] { BenchFeedToPostgres(settings, report); });
  benches.emplace_back("submit", [&] { BenchSubmit(settings, report); });
  benches.emplace_back("million", [&] { BenchMillion(settings, report); });
  for (const auto& [name, run] : benches) {
    const auto wanted = [&name = name](const std::string& start) { return name.starts_with(start); };
    if (only.empty() || std::any_of(only.begin(), only.end(), wanted)) run();
  }
  std::filesystem::remove_all(folder);
  std::cout << "\n" << report.Table();
  if (!json.empty()) std::ofstream(json) << report.Json();
  return 0;
}
