// polku-bench: what the product can do on this machine, beside the raw parts under it.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
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
  app.add_option("benches", only, "bus ingest submit million; none = all");
  app.add_option("--json", json, "write the figures to this file, too");
  app.add_option("--folder", parent, "where the files are made, on the disk to be measured");
  app.add_option("--scale", settings.scale, "of all sizes")->check(CLI::Range(0.001, 10.0));
  app.add_option("--rounds", settings.rounds, "of each measurement")->check(CLI::Range(1, 100));
  CLI11_PARSE(app, argc, argv);

  const polku::SystemClock clock;
  polku::InitLogging("bench", &clock);
  polku::SetLogLevel(polku::LogLevel::kError);
  std::string folder = parent + "/polku-bench-XXXXXX";
  POLKU_CHECK(mkdtemp(folder.data()) != nullptr);
  settings.folder = folder;
  Report report;
  const std::pair<const char*, void (*)(const Settings&, Report&)> benches[] = {
      {"bus", polku::bench::BenchBus},
      {"ingest", polku::bench::BenchIngest},
      {"submit", polku::bench::BenchSubmit},
      {"million", polku::bench::BenchMillion}};
  for (const auto& [name, run] : benches) {
    if (only.empty() || std::find(only.begin(), only.end(), name) != only.end()) run(settings, report);
  }
  std::filesystem::remove_all(folder);
  std::cout << "\n" << report.Table();
  if (!json.empty()) std::ofstream(json) << report.Json();
  return 0;
}
