#include "services/follow-up/api/rule_queries.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "polku/follow_up/v1/state.pb.h"
#include "services/follow-up/api/disclosure.h"
#include "services/follow-up/api/journal_words.h"
#include "services/follow-up/domain/backtest.h"
#include "services/follow-up/domain/rule_set.h"

namespace polku::follow_up {
namespace {

// A page plays so many journals: some tens of milliseconds each with a year behind them.
constexpr int kClientsAPageMax = 100;
// No rule set of a region is called so.
constexpr char kCandidate[] = "candidate";

// One break, however often it was amended: by what it is about and when it began to count.
std::string AboutOf(const v1::MeasureInterrupted& found) {
  return absl::StrCat(found.rule(), " ", found.measure(), " ", found.statutory_point(), " ",
                      found.counted_from().seconds());
}

using Replayed = std::map<std::string, ReplayedFinding>;

Replayed ByAbout(std::vector<ReplayedFinding> findings) {
  Replayed replayed;
  for (ReplayedFinding& each : findings) {
    std::string about = AboutOf(each.found);
    replayed[std::move(about)] = std::move(each);
  }
  return replayed;
}

void AddChanges(const std::string& client, const std::string& coordinator, const Replayed& only_in,
                const Replayed& other, bool gained, v1::BacktestRulesResponse& response) {
  for (const auto& [about, finding] : only_in) {
    if (other.contains(about)) continue;
    v1::BacktestChange& change = *response.add_changes();
    change.set_client(client);
    change.set_coordinator(coordinator);
    change.set_rule(finding.found.rule());
    change.set_measure(finding.found.measure());
    change.set_statutory_point(finding.found.statutory_point());
    *change.mutable_counted_from() = finding.found.counted_from();
    *change.mutable_due_time() = finding.found.due_time();
    change.set_gained(gained);
    change.set_retracted(finding.retracted);
  }
}

absl::StatusOr<std::vector<JournalledEvent>> JournalOf(rpc::ReadScope& scope, const std::string& client) {
  ASSIGN_OR_RETURN(const auto rows, ReadWholeJournal(scope.reader, client));
  std::vector<JournalledEvent> journal;
  for (const store::JournalRow& row : rows) {
    if (row.erased) continue;
    if (auto event = EventOf(row); event.has_value()) journal.push_back({row.time, *std::move(event)});
  }
  return journal;
}

}  // namespace

absl::StatusOr<v1::BacktestRulesResponse> BacktestRules(rpc::ReadScope& scope, const v1::BacktestRulesRequest& request,
                                                        const pathway::Catalogue& catalogue) {
  if (request.rules_yaml().empty()) return InvalidField("rules_yaml", "is required");
  absl::StatusOr<polku::pathway::v1::RuleSet> parsed = pathway::ParseRules(request.rules_yaml(), "rules_yaml");
  if (!parsed.ok()) return InvalidField("rules_yaml", parsed.status().message());
  polku::pathway::v1::RuleSet rules = *std::move(parsed);
  if (!request.against().empty() && catalogue.Rules(request.against()) == nullptr) {
    return InvalidField("against", "is not installed here");
  }
  rules.set_version(kCandidate);
  const pathway::Catalogue both = catalogue.With(rules);
  const std::string fingerprint = absl::StrCat("backtest/", request.against());
  ASSIGN_OR_RETURN(const auto cursor, scope.pager.Open(fingerprint, request.page_token(), request.page_size()));
  const int limit = std::min(cursor.limit, kClientsAPageMax);
  const std::string after = cursor.after.empty() ? "" : std::get<std::string>(cursor.after[0]);
  ASSIGN_OR_RETURN(
      const auto rows,
      scope.reader.Query("SELECT client, coordinator FROM journey WHERE client > $1 ORDER BY client LIMIT $2",
                         {store::Value(after), store::Value(int64_t{limit} + 1)}));
  v1::BacktestRulesResponse response;
  std::map<std::string, std::pair<int, int>> loads;
  const size_t shown = std::min(rows.size(), static_cast<size_t>(limit));
  std::vector<std::string> clients;
  for (size_t i = 0; i < shown; ++i) clients.push_back(std::get<std::string>(rows[i][0]));
  ASSIGN_OR_RETURN(const auto stored, scope.reader.Load(clients));
  for (size_t i = 0; i < shown; ++i) {
    const std::string& client = clients[i];
    const std::string coordinator = std::get<std::string>(rows[i][1]);
    v1::JourneyRecord journey;
    if (!journey.ParseFromString(stored[i].state)) return absl::DataLossError("the stored journey does not parse");
    if (!IsListedFor(scope.principal, client, journey, scope.clock.Now())) continue;
    ASSIGN_OR_RETURN(const auto journal, JournalOf(scope, client));
    const Replayed before = ByAbout(Replay(journal, both, request.against(), scope.clock.Now()));
    const Replayed then = ByAbout(Replay(journal, both, kCandidate, scope.clock.Now()));
    loads[coordinator].first += static_cast<int>(before.size());
    loads[coordinator].second += static_cast<int>(then.size());
    AddChanges(client, coordinator, then, before, /*gained=*/true, response);
    AddChanges(client, coordinator, before, then, /*gained=*/false, response);
    scope.Viewed(client);
  }
  response.set_clients(static_cast<int32_t>(shown));
  for (const auto& [coordinator, load] : loads) {
    v1::CoordinatorLoad& row = *response.add_loads();
    row.set_coordinator(coordinator);
    row.set_found(load.first);
    row.set_found_then(load.second);
  }
  if (rows.size() > shown) response.set_next_page_token(scope.pager.Seal(fingerprint, {rows[shown - 1][0]}));
  return response;
}

absl::StatusOr<v1::RuleSetChange> GetRuleSet(rpc::ReadScope& scope, const v1::GetRuleSetRequest& request) {
  if (!IsResourceName(request.name(), "rulesets/*")) {
    return InvalidField("name", "must be a name like \"rulesets/*\"");
  }
  const std::vector<std::string> keys = {request.name()};
  ASSIGN_OR_RETURN(const auto stored, scope.reader.Load(keys));
  v1::RuleSetRecord record;
  if (!record.ParseFromString(stored[0].state)) return absl::DataLossError("the stored rule set does not parse");
  if (record.version().empty()) {
    return WithReason(absl::NotFoundError("the rule set has never been tried"), "RULES_NOT_TRIED");
  }
  v1::RuleSetChange change = RuleSetView(record);
  if (record.activate_us() == 0) return change;
  ASSIGN_OR_RETURN(const auto rows,
                   scope.reader.Query("SELECT COUNT(*) FROM journey WHERE rules_version = $1 AND open = 1",
                                      {store::Value(record.replaces())}));
  change.set_left(static_cast<int32_t>(std::get<int64_t>(rows[0][0])));
  return change;
}

}  // namespace polku::follow_up
