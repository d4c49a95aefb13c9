// polku-demo: a month of a region through the real parts, in a minute.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <string>

#include "libs/base/calendar.h"
#include "libs/base/log.h"
#include "libs/base/status_macros.h"
#include "libs/pathway/catalogue.h"
#include "services/all-in-one/parts.h"
#include "tools/demo/caller.h"
#include "tools/demo/comparison.h"
#include "tools/demo/courses.h"
#include "tools/demo/office.h"
#include "tools/demo/progress.h"
#include "tools/demo/report.h"
#include "tools/demo/script.h"

namespace polku::demo {
namespace {

struct Wishes {
  int clients = 3759;  // The job seekers of Kainuu, July 2018; others come besides.
  uint64_t seed = 1;
  std::string chart = (std::filesystem::temp_directory_path() / "polku-demo-report.svg").string();
  pathway::Folders definitions;
};

// Goes away with its object.
class Scratch {
 public:
  static absl::StatusOr<Scratch> Make() {
    std::string path = (std::filesystem::temp_directory_path() / "polku-demo-XXXXXX").string();
    if (mkdtemp(path.data()) == nullptr) return absl::UnavailableError("cannot make a temporary folder");
    return Scratch(path);
  }
  Scratch(Scratch&& other) noexcept : path_(std::move(other.path_)) { other.path_.clear(); }
  Scratch& operator=(Scratch&&) = delete;
  ~Scratch() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  explicit Scratch(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

// Whether everything is as the script says.
bool Report(const Wishes& wishes, const Frame& frame, const std::vector<Course>& courses,
            const std::vector<Client>& script, const Office& office, Caller& caller) {
  PrintTimeline(script, office, caller);
  PrintWorklist(office);
  const Found found = AskWhatWasFound(office, caller);
  const Comparison comparison = Compare(script, found.breaks);
  PrintCounts(office, comparison);
  PrintCourses(courses, script, found);
  const bool charted = PrintSteeringReport(frame, wishes.chart, caller);
  const std::vector<std::string> problems = caller.problems();
  PrintProblems(script, found, comparison, office, problems);
  std::printf(
      "\ndemo: referrals=%d journeys=%d interruptions=%d outreach_tasks=%d expected_interruptions=%d "
      "safety_net_violations=%zu\n",
      found.referrals, found.journeys, comparison.all_found, office.outreach_tasks(), comparison.all_expected,
      office.unheld().size());
  return charted && comparison.missing.empty() && comparison.surplus.empty() && found.without_outreach.empty() &&
         office.unheld().empty() && problems.empty();
}

absl::StatusOr<bool> Run(const Wishes& wishes) {
  ASSIGN_OR_RETURN(const pathway::Catalogue catalogue, pathway::LoadCatalogue(wishes.definitions));
  ASSIGN_OR_RETURN(const std::vector<Course> courses, CoursesOf(catalogue, wishes.clients));
  const Frame frame = FrameOf(courses.front().assessment_days);
  const std::vector<Client> script = WriteScript(frame, courses, wishes.seed);
  ASSIGN_OR_RETURN(const Scratch scratch, Scratch::Make());
  host::HostConfig config;
  config.data_folder = scratch.path();
  config.erasures_folder = scratch.path() + "/erasures";
  config.audit_folder = scratch.path() + "/audit";
  config.grpc_listen.port = 0;
  config.ops_listen.port = 0;
  config.definitions = wishes.definitions;
  config.access_mode = host::AccessMode::kDevelopment;
  config.part.allow_test_codes = true;
  config.part.gate.organisation_calls_per_second = 1'000'000;  // Months go by in a minute.
  config.part.pipeline.idle_wait = absl::Milliseconds(1);
  ManualClock clock(StartOfDay(frame.winter));
  SeededRandom random(wishes.seed);
  ASSIGN_OR_RETURN(const auto server, host::Host::Create(config, all_in_one::AllParts(), &clock, &random));
  RETURN_IF_ERROR(server->Start(nullptr));
  Progress progress;
  Caller caller(server->grpc_port(), &clock, &random);
  Office office(frame, script, caller, clock, server->pipelines(),
                [&progress](double part, absl::CivilDay day) { progress.Show(part, FormatDay(day)); });
  RETURN_IF_ERROR(office.Run());
  progress.End();
  return Report(wishes, frame, courses, script, office, caller);
}

}  // namespace
}  // namespace polku::demo

int main(int argc, char** argv) {
  polku::demo::Wishes wishes;
  CLI::App app("A month of a region: referrals, plans, attendance, breaks, outreach. Nothing is kept.");
  app.add_option("--clients", wishes.clients,
                 "how many job seekers are referred; employees, students and others come in proportion")
      ->check(CLI::Range(100, 100000))
      ->capture_default_str();
  app.add_option("--seed", wishes.seed, "another number, another month")->capture_default_str();
  app.add_option("--chart", wishes.chart, "where the steering group's chart is written (SVG)")->capture_default_str();
  app.add_option("--pathways", wishes.definitions.pathways, "folder of the pathway definitions")->capture_default_str();
  app.add_option("--rules", wishes.definitions.rules, "folder of the rule sets")->capture_default_str();
  app.add_option("--instruments", wishes.definitions.instruments, "folder of the instruments")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  polku::SetLogLevel(polku::LogLevel::kError);
  const absl::StatusOr<bool> as_scripted = polku::demo::Run(wishes);
  if (!as_scripted.ok()) {
    std::fprintf(stderr, "polku-demo: %s\n", std::string(as_scripted.status().message()).c_str());
    return 1;
  }
  return *as_scripted ? 0 : 1;
}
