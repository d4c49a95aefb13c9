// Plays scenarios made from seeds, each without faults and with, and checks what must hold.
// POLKU_SIM_SEEDS and POLKU_SIM_FIRST_SEED say how many and which.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "libs/base/log.h"
#include "libs/pipeline/crash_point.h"
#include "libs/pipeline/proto_time.h"
#include "polku/follow_up/v1/events.pb.h"
#include "polku/follow_up/v1/state.pb.h"
#include "tests/simulation/checker.h"
#include "tests/simulation/driver.h"
#include "tests/simulation/files.h"
#include "tests/simulation/models.h"
#include "tests/simulation/naive_referrals.h"
#include "tests/simulation/naive_rules.h"
#include "tests/simulation/scenario.h"
#include "tests/simulation/world.h"

namespace polku::simulation {
namespace {

int64_t Setting(const char* name, int64_t otherwise) {
  const char* text = std::getenv(name);
  int64_t number = otherwise;
  return text != nullptr && absl::SimpleAtoi(text, &number) ? number : otherwise;
}

struct Played {
  absl::Status status;
  std::map<std::string, std::string> outcomes;
  std::vector<std::string> refusals;
  Tally tally;
  int64_t dead_letters = 0;
  std::vector<int64_t> crashes_at;
  std::set<std::string> pathways;  // On which a measure started.
  int64_t imported = 0;            // Cases that were brought in.
  int64_t moved = 0;               // Journeys that were moved to another rule set.
};

void NoteWhatHappened(const Picture& picture, Played& played) {
  std::map<std::string, std::string> pathways;
  for (const store::JournalRow& row : picture.services[kFollowUp].journal) {
    follow_up::v1::JourneyOpened opened;
    if (row.type == opened.GetTypeName() && opened.ParseFromString(row.payload) && !opened.pathway().empty()) {
      pathways[row.key] = opened.pathway();  // Not one that is opened again, or was erased.
    }
    const auto pathway = pathways.find(row.key);
    if (row.type == follow_up::v1::MeasureStarted().GetTypeName() && pathway != pathways.end()) {
      played.pathways.insert(pathway->second);
    }
    if (row.type == follow_up::v1::JourneyImported().GetTypeName()) ++played.imported;
    if (row.type == follow_up::v1::MovedToRules().GetTypeName()) ++played.moved;
  }
}

absl::Status AsStatus(const std::vector<std::string>& faults) {
  return faults.empty() ? absl::OkStatus() : absl::InternalError(absl::StrJoin(faults, "\n"));
}

// The journal of client POLKU_SIM_CLIENT at service POLKU_SIM_SERVICE (3: follow-up), for whoever looks for the cause.
void Tell(const Picture& picture, bool faults) {
  const int64_t client = Setting("POLKU_SIM_CLIENT", 0);
  if (client == 0) return;
  std::printf("journal of %s %s faults:\n", ClientName(static_cast<int>(client)).c_str(), faults ? "with" : "without");
  const auto service = static_cast<size_t>(Setting("POLKU_SIM_SERVICE", kFollowUp));
  for (const store::JournalRow& row : picture.services[service].journal) {
    if (row.key != ClientName(static_cast<int>(client)) || row.erased) continue;
    const auto* type = google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(row.type);
    std::unique_ptr<google::protobuf::Message> event(
        google::protobuf::MessageFactory::generated_factory()->GetPrototype(type)->New());
    event->ParseFromString(row.payload);
    std::printf("  %s %s %s\n", absl::FormatTime(row.time).c_str(), type->name().c_str(),
                event->ShortDebugString().c_str());
  }
}

Played Play(const Scenario& scenario, bool faults) {
  const int64_t files = FilesOfProcess();
  World world(absl::StrCat("sim-", scenario.seed, faults ? "-faults" : ""), scenario.seed, scenario.begin,
              scenario.seed % 2 == 0 ? 0 : 2);
  int evenings = 0;
  const auto at_rest = [&](Driver& driver) -> absl::Status {
    const absl::Status quick = AsStatus(CheckQuickly(driver.world()));
    if (!quick.ok() || ++evenings % 12 != 0) return quick;
    Picture picture;
    return AsStatus(CheckAtRest(driver.world(), driver.history(), picture));
  };
  Driver driver(world, scenario, faults, at_rest);
  Played played;
  played.status = driver.Run();
  if (played.status.ok()) {
    Picture picture;
    played.status = AsStatus(CheckAtRest(world, driver.history(), picture));
    played.outcomes = OutcomesOf(picture);
    played.dead_letters = static_cast<int64_t>(picture.services[kFollowUp].dead_letters.size());
    NoteWhatHappened(picture, played);
    Tell(picture, faults);
    if (played.status.ok()) played.status = AsStatus(CheckNames(world));
    if (played.status.ok()) played.status = AsStatus(CompareWithNaiveRules(picture, world.clock().Now()));
    if (played.status.ok()) played.status = AsStatus(CompareWithNaiveReferrals(picture, world.clock().Now()));
  }
  played.refusals = driver.refusals();
  played.tally = driver.tally();
  played.crashes_at = world.crashes();
  if (played.status.ok()) played.status = AsStatus(CheckFiles(world, files));
  return played;
}

std::string Replay(uint64_t seed) {
  return absl::StrCat("replay: POLKU_SIM_FIRST_SEED=", seed, " POLKU_SIM_SEEDS=1 simulation_test");
}

// Where the order in which things were told rightly matters: R2 of a measure of which something was retracted, or which
// has ended; R3 of a client, when its limit was reached while a break was open that was retracted later, and R5 of one
// whose life was said to have changed and had not, or no longer. The gap may have closed before that was known.
struct OrderMatters {
  std::set<std::string> measures;
  std::set<std::string> clients;
  std::set<std::string> unchanged_clients;
};

// One line each, of what is open at rest.
std::set<std::string> OpenFindings(const Picture& picture, const OrderMatters& left_out) {
  std::set<std::string> open;
  for (const auto& [key, state] : picture.services[kFollowUp].states) {
    const auto* journey = dynamic_cast<const follow_up::v1::JourneyRecord*>(state.get());
    if (journey == nullptr) continue;
    for (const auto& each : journey->interruptions()) {
      if (each.rule() == follow_up::v1::RULE_MISSED_ATTENDANCE && left_out.measures.contains(each.measure())) continue;
      if (each.rule() == follow_up::v1::RULE_NO_NEXT_MEASURE && left_out.clients.contains(key)) continue;
      if (each.rule() == follow_up::v1::RULE_NO_CONTACT && left_out.unchanged_clients.contains(key)) continue;
      open.insert(absl::StrCat(key, " R", each.rule(), " ", each.measure(), " from ",
                               absl::FormatTime(absl::FromUnixMicros(each.counted_from_us())), " due ",
                               absl::FormatTime(absl::FromUnixMicros(each.due_us()))));
    }
  }
  return open;
}

void NoteWhereOrderMatters(const Picture& picture, const Picture& other, OrderMatters& noted) {
  std::map<std::string, follow_up::v1::MeasureInterrupted> found;
  for (const store::JournalRow& row : picture.services[kFollowUp].journal) {
    follow_up::v1::MeasureInterrupted interrupted;
    follow_up::v1::InterruptionRetracted retracted;
    follow_up::v1::MeasureCompleted completed;
    follow_up::v1::MeasureEndedEarly ended;
    follow_up::v1::CircumstanceRecorded changed;
    if (row.type == interrupted.GetTypeName() && interrupted.ParseFromString(row.payload)) {
      found[interrupted.interruption()] = interrupted;
    } else if (row.type == retracted.GetTypeName() && retracted.ParseFromString(row.payload)) {
      const auto& mistake = found[retracted.interruption()];
      noted.measures.insert(mistake.measure());
      const auto& states = other.services[kFollowUp].states;
      const auto* journey = dynamic_cast<const follow_up::v1::JourneyRecord*>(states.at(row.key).get());
      for (const auto& each : journey->interruptions()) {
        const absl::Time due = absl::FromUnixMicros(each.due_us());
        if (each.rule() != follow_up::v1::RULE_NO_NEXT_MEASURE || due < pipeline::FromProto(mistake.due_time()))
          continue;
        if (due < pipeline::FromProto(retracted.retract_time())) noted.clients.insert(row.key);
      }
    } else if (row.type == completed.GetTypeName() && completed.ParseFromString(row.payload)) {
      noted.measures.insert(completed.measure());
    } else if (row.type == ended.GetTypeName() && ended.ParseFromString(row.payload)) {
      noted.measures.insert(ended.measure());
    } else if (row.type == changed.GetTypeName() && changed.ParseFromString(row.payload) &&
               (changed.revoked() || changed.has_end_date())) {
      noted.unchanged_clients.insert(row.key);
    }
  }
}

TEST(Simulation, EndsInTheSameFindingsInWhateverOrderFactsAreTold) {
  const auto first = static_cast<uint64_t>(Setting("POLKU_SIM_FIRST_SEED", 1));
  const auto seeds = static_cast<uint64_t>(Setting("POLKU_SIM_SEEDS", 25)) / 5 + 1;
  SetLogSink([](const std::string&) {});
  for (uint64_t seed = first; seed < first + seeds; ++seed) {
    const Scenario scenario = MakeScenario(seed, ScenarioSize());
    Picture pictures[2];
    for (const bool late : {false, true}) {
      const Scenario facts = FactsOf(scenario, late);
      World world(absl::StrCat("facts-", seed, late ? "-late" : ""), seed, facts.begin, 0);
      Driver driver(world, facts, false, [](Driver& each) { return AsStatus(CheckQuickly(each.world())); });
      absl::Status status = driver.Run();
      Picture& picture = pictures[late ? 1 : 0];
      if (status.ok()) status = AsStatus(CheckAtRest(world, driver.history(), picture));
      Tell(picture, late);
      if (status.ok()) status = AsStatus(CompareWithNaiveRules(picture, world.clock().Now()));
      ASSERT_TRUE(status.ok()) << status.message() << "\n" << Replay(seed);
    }
    OrderMatters order_matters;
    NoteWhereOrderMatters(pictures[0], pictures[1], order_matters);
    NoteWhereOrderMatters(pictures[1], pictures[0], order_matters);
    EXPECT_EQ(absl::StrJoin(OpenFindings(pictures[0], order_matters), "\n"),
              absl::StrJoin(OpenFindings(pictures[1], order_matters), "\n"))
        << Replay(seed);
  }
}

TEST(Simulation, KeepsItsPromisesWhateverHappens) {
  const auto first = static_cast<uint64_t>(Setting("POLKU_SIM_FIRST_SEED", 1));
  const auto seeds = static_cast<uint64_t>(Setting("POLKU_SIM_SEEDS", 25));
  const bool talk = Setting("POLKU_SIM_TALK", 0) != 0;
  bool told = false;
  if (!talk)
    SetLogSink([&](const std::string& line) {
      told = told || absl::StrContains(line, kCanary) || absl::StrContains(line, kFeedCanary);
    });
  Tally total;
  int64_t erased = 0;
  int64_t dead_letters = 0;
  int64_t imported = 0;
  int64_t moved = 0;
  std::set<std::string> pathways;
  std::vector<int64_t> crashes_at(pipeline::CrashPoints().size());
  for (uint64_t seed = first; seed < first + seeds; ++seed) {
    const Scenario scenario = MakeScenario(seed, ScenarioSize());
    const Played calm = Play(scenario, false);
    EXPECT_TRUE(calm.status.ok()) << "without faults: " << calm.status.message() << "\n" << Replay(seed);
    const Played stormy = Play(scenario, true);
    EXPECT_TRUE(stormy.status.ok()) << "with faults: " << stormy.status.message() << "\n" << Replay(seed);
    if (calm.status.ok() && stormy.status.ok()) {
      EXPECT_EQ(absl::StrJoin(CompareOutcomes(calm.outcomes, stormy.outcomes), "\n"), "") << Replay(seed);
    }
    if (talk) {
      std::printf(
          "seed %llu calm: %lld commands, %lld refused; stormy: %lld commands, %lld refused, %lld crashes, "
          "%lld repeated, %lld republished; at points %s\n",
          static_cast<unsigned long long>(seed), static_cast<long long>(calm.tally.commands),
          static_cast<long long>(calm.tally.refused), static_cast<long long>(stormy.tally.commands),
          static_cast<long long>(stormy.tally.refused), static_cast<long long>(stormy.tally.crashes),
          static_cast<long long>(stormy.tally.repeated), static_cast<long long>(stormy.tally.republished),
          absl::StrJoin(stormy.crashes_at, " ").c_str());
      for (const std::string& refusal : calm.refusals) std::printf("  %s\n", refusal.c_str());
    }
    for (size_t i = 0; i < crashes_at.size(); ++i) crashes_at[i] += stormy.crashes_at[i];
    erased += std::count_if(stormy.outcomes.begin(), stormy.outcomes.end(),
                            [](const auto& each) { return absl::StrContains(each.second, "erased"); });
    total.crashes += stormy.tally.crashes;
    total.repeated += stormy.tally.repeated;
    total.republished += stormy.tally.republished;
    total.told += stormy.tally.told;
    total.released += stormy.tally.released;
    dead_letters += stormy.dead_letters;
    imported += stormy.imported;
    moved += stormy.moved;
    pathways.insert(stormy.pathways.begin(), stormy.pathways.end());
  }
  // tools/dev adds these up.
  std::printf(
      "simulation: %lld seeds from %lld, %lld crashes, %lld repeated, %lld republished, %lld erased, "
      "%lld records of providers, %lld dead letters, %lld cases brought in, %lld journeys moved to other rules, "
      "%lld times the breaker was released, %lld pathways\n",
      static_cast<long long>(seeds), static_cast<long long>(first), static_cast<long long>(total.crashes),
      static_cast<long long>(total.repeated), static_cast<long long>(total.republished), static_cast<long long>(erased),
      static_cast<long long>(total.told), static_cast<long long>(dead_letters), static_cast<long long>(imported),
      static_cast<long long>(moved), static_cast<long long>(total.released), static_cast<long long>(pathways.size()));
  EXPECT_FALSE(told) << "I11: a name stands in the log";
  // A simulation in which nothing goes wrong shows nothing.
  EXPECT_GT(total.crashes, static_cast<int64_t>(seeds));
  EXPECT_GT(total.repeated, 0);
  EXPECT_GT(total.republished, 0);
  EXPECT_GT(total.told, dead_letters);
  EXPECT_GT(dead_letters, 0);
  if (seeds >= 20) {
    const std::vector<absl::string_view> points = pipeline::CrashPoints();
    int64_t erasing = 0;
    for (size_t i = 0; i < points.size(); ++i) {
      if (absl::StartsWith(points[i], "erasure.")) {
        erasing += crashes_at[i];  // Few people are erased: not enough for each point.
      } else {
        EXPECT_GT(crashes_at[i], 0) << points[i];
      }
    }
    EXPECT_GT(erasing, 0);
    EXPECT_EQ(pathways.size(), Models().size()) << absl::StrJoin(pathways, " ");
    EXPECT_GT(imported, 0);
    EXPECT_GT(moved, 0);
    EXPECT_GT(total.released, 0);
  }
}

}  // namespace
}  // namespace polku::simulation
