// polkuctl journeys import
#include <map>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "libs/pipeline/proto_time.h"
#include "polku/follow_up/v1/api.grpc.pb.h"
#include "tools/polkuctl/import_outcome.h"
#include "tools/polkuctl/import_rows.h"
#include "tools/polkuctl/session.h"
#include "tools/polkuctl/text.h"

namespace polku::polkuctl {
namespace {

using polku::follow_up::v1::FollowUpService;
using polku::follow_up::v1::ImportedJourney;
using polku::follow_up::v1::ImportJourneyRequest;

constexpr absl::Duration kSoon = absl::Hours(7 * 24);

// What the import brings to one coordinator.
struct Load {
  int journeys = 0;
  int for_review = 0;
  int soon = 0;              // Limits that are reached within seven days unless something comes.
  std::map<int, int> rules;  // Of those for review.
};
using Loads = std::map<std::string, Load>;

void Add(const ImportedJourney& journey, absl::Time now, Loads& loads) {
  if (journey.already()) return;
  Load& load = loads[journey.coordinator().empty() ? "nobody yet" : journey.coordinator()];
  ++load.journeys;
  for (const auto& finding : journey.findings()) {
    if (finding.for_review()) {
      ++load.for_review;
      ++load.rules[finding.rule()];
    } else if (pipeline::FromProto(finding.due_time()) < now + kSoon) {
      ++load.soon;
    }
  }
}

void Tell(const Loads& loads, Session& session) {
  for (const auto& [coordinator, load] : loads) {
    std::string rules;
    for (const auto& [rule, count] : load.rules)
      absl::StrAppend(&rules, rules.empty() ? "" : " ", "R", rule, "=", count);
    session.out << coordinator << ": journeys=" << load.journeys << " for_review=" << load.for_review
                << (rules.empty() ? "" : absl::StrCat(" (", rules, ")")) << " limits_within_7_days=" << load.soon
                << "\n";
  }
}

// Idempotent by the case number, so that lines need no request ids of their own.
void Send(const ImportFile<ImportJourneyRequest>& file, bool dry_run, Session& session) {
  Outcome outcome(session, file.refusals);
  const auto stub = session.Connect<FollowUpService>();
  Loads loads;
  for (const auto& row : file.rows) {
    ImportJourneyRequest request = row.message;
    request.set_validate_only(dry_run);
    const auto journey = session.Call(&FollowUpService::Stub::ImportJourney, *stub, request);
    if (!journey.ok()) {
      if (ConcernsAll(journey.status())) return Stop(session, row.line, journey.status());
      outcome.Refused(RefusalOf(row.line, journey.status(), JourneyColumns()));
      continue;
    }
    journey->already() ? outcome.Already(1) : outcome.Imported(1);
    Add(*journey, session.Now(), loads);
    if (session.json) session.out << Json(*journey) << "\n";
  }
  if (!session.json) Tell(loads, session);
  dry_run ? outcome.TellNothingKept() : outcome.Tell();
}

}  // namespace

void AddJourneyImport(CLI::App& journeys, Session& session) {
  CLI::App* command =
      AddCommand(journeys, "import", "Go-live: cases with what they have behind them, a measure a line.",
                 "--role lead --user u1 journeys import journeys.csv --dry-run");
  auto path = std::make_shared<std::string>();
  auto dry_run = std::make_shared<bool>(false);
  command->add_option("file", *path, "CSV with a header line, UTF-8; - is standard input")
      ->required()
      ->type_name("FILE");
  command->add_flag("--dry-run", *dry_run,
                    "the server says what would be found, for each coordinator; nothing is kept");
  command->callback([path, dry_run, &session] {
    if (!session.request_id.empty()) throw CLI::ValidationError("--request-id", "an import has one for each line");
    Send(ReadFile(*path, &ReadJourneys), *dry_run, session);
  });
}

}  // namespace polku::polkuctl
