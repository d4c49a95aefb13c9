// polkuctl rules ...: what another rule set would find, its dry run, its activation.
#include <map>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "polku/follow_up/v1/api.grpc.pb.h"
#include "tools/polkuctl/input.h"
#include "tools/polkuctl/request.h"
#include "tools/polkuctl/text.h"

namespace polku::polkuctl {
namespace {

using namespace polku::follow_up::v1;  // NOLINT
using Stub = FollowUpService::Stub;

constexpr int kClientsAPage = 100;

struct Count {
  int gained = 0;
  int lost = 0;
};

struct Sums {
  int clients = 0;
  std::map<std::string, Count> rules;
  std::map<std::string, Count> coordinators;
  std::map<std::string, std::pair<int, int>> loads;
};

void Add(const BacktestRulesResponse& page, Sums& sums) {
  sums.clients += page.clients();
  for (const BacktestChange& change : page.changes()) {
    const std::string rule =
        absl::StrCat("R", change.rule(), change.statutory_point().empty() ? "" : " ", change.statutory_point());
    ++(change.gained() ? sums.rules[rule].gained : sums.rules[rule].lost);
    Count& load = sums.coordinators[change.coordinator()];
    ++(change.gained() ? load.gained : load.lost);
  }
  for (const CoordinatorLoad& load : page.loads()) {
    sums.loads[load.coordinator()].first += load.found();
    sums.loads[load.coordinator()].second += load.found_then();
  }
}

void Tell(const Sums& sums, Session& session) {
  session.out << "clients=" << sums.clients << "\n";
  for (const auto& [rule, count] : sums.rules) {
    session.out << rule << ": gained=" << count.gained << " lost=" << count.lost << "\n";
  }
  for (const auto& [coordinator, load] : sums.loads) {
    const auto changed = sums.coordinators.find(coordinator);
    const Count count = changed == sums.coordinators.end() ? Count() : changed->second;
    session.out << (coordinator.empty() ? "nobody yet" : coordinator) << ": found=" << load.first
                << " would_find=" << load.second << " gained=" << count.gained << " lost=" << count.lost << "\n";
  }
}

void Backtest(const std::string& path, const std::string& against, Session& session) {
  BacktestRulesRequest request;
  request.set_rules_yaml(Parsed(ReadText(path), "--rules"));
  request.set_against(against);
  request.set_page_size(kClientsAPage);
  const auto stub = session.Connect<FollowUpService>();
  Sums sums;
  do {
    const auto page = session.Call(&Stub::BacktestRules, *stub, request);
    if (!page.ok()) return session.Fail(page.status());
    Add(*page, sums);
    if (session.json) session.out << Json(*page) << "\n";
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  if (!session.json) Tell(sums, session);
}

}  // namespace

void AddRuleCommands(CLI::App& app, Session& session) {
  const std::string example = "--role lead rules backtest --rules rules.yaml";
  CLI::App* rules = AddCommand(app, "rules", "Rule sets: backtest, try, activate, show.", example);
  rules->require_subcommand(1);
  CLI::App* backtest =
      AddCommand(*rules, "backtest",
                 "Plays the journals again: findings gained and lost, load per coordinator. Changes nothing.", example);
  auto path = std::make_shared<std::string>();
  auto against = std::make_shared<std::string>();
  backtest->add_option("--rules", *path, "a rule set as in deploy/rules")->required()->type_name("FILE");
  backtest->add_option("--against", *against, "version of an installed one; without it what each journey has");
  backtest->callback([path, against, &session] { Backtest(*path, *against, session); });
  AddRequest<FollowUpService>(*rules, session,
                              {"try", "Dry run: each open journey says what would open and end now; then see show.",
                               "--role lead --user u1 rules try rulesets/2026-2 --replaces rulesets/2026-1"},
                              &Stub::TryRuleSet,
                              {{"name"}, {"replaces", "rulesets/V that it takes the place of", true}});
  AddRequest<FollowUpService>(*rules, session,
                              {"activate", "Behind its dry run: new journeys get it, those that run are moved.",
                               "--role lead --user u1 rules activate rulesets/2026-2"},
                              &Stub::ActivateRuleSet, {{"name"}});
  AddRequest<FollowUpService>(
      *rules, session,
      {"show", "What the dry run says, and how many journeys are left.", "--role lead rules show rulesets/2026-2"},
      &Stub::GetRuleSet, {{"name"}});
}

}  // namespace polku::polkuctl
