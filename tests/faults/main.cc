// polku-faults: what a region of real programs does when something breaks. See README.md.
#include <CLI/CLI.hpp>
#include <filesystem>

#include "tests/faults/driver.h"
#include "tests/faults/rows.h"

int main(int argc, char** argv) {
  polku::faults::Wishes wishes;
  wishes.fleet.programs = std::filesystem::read_symlink("/proc/self/exe").parent_path().string();
  std::set<std::string> names = {"all"};
  for (const polku::faults::Row& row : polku::faults::AllRows()) names.insert(row.name);
  CLI::App app("Breaks things while clients' stories run, and checks that nothing was lost or done twice.");
  app.add_option("--fault", wishes.fault, "a row of the table, or all")->check(CLI::IsMember(names));
  app.add_option("--seed", wishes.seed, "of all choices");
  app.add_option("--stories", wishes.stories, "clients of each row, at least")->check(CLI::Range(1, 100000));
  app.add_option("--rounds", wishes.rounds, "strikes of each row")->check(CLI::Range(1, 10000));
  app.add_option("--layout", wishes.fleet.layout,
                 "replicas: two programs of each service on Kafka and PostgreSQL; services: one of each on Kafka and "
                 "SQLite; all-in-one: one program on the embedded bus and SQLite")
      ->transform(CLI::CheckedTransformer(polku::faults::Layouts()));
  app.add_option("--before", wishes.fleet.programs_before, "folder of the programs that the row `upgrade` begins with")
      ->check(CLI::ExistingDirectory);
  app.add_option("--brokers", wishes.fleet.brokers, "of Kafka")->check(CLI::Range(1, 3));
  CLI11_PARSE(app, argc, argv);
  return polku::faults::Drive(wishes);
}
