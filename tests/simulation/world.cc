#include "tests/simulation/world.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "libs/base/status_macros.h"
#include "libs/bus/embedded/embedded_bus.h"
#include "libs/pathway/testing.h"
#include "libs/pipeline/crash_point.h"
#include "libs/pipeline/feed.h"
#include "libs/store/sqlite/sqlite_database.h"
#include "services/assessment/domain/client_assessment_domain.h"
#include "services/assessment/service.h"
#include "services/coordinator-network/domain/breaker_watch.h"
#include "services/coordinator-network/domain/client_domain.h"
#include "services/coordinator-network/domain/coordinator_domain.h"
#include "services/coordinator-network/service.h"
#include "services/follow-up/domain/breaker.h"
#include "services/follow-up/domain/journey.h"
#include "services/follow-up/domain/journey_move.h"
#include "services/follow-up/domain/provider.h"
#include "services/follow-up/domain/rule_set.h"
#include "services/follow-up/domain/source.h"
#include "services/follow-up/service.h"
#include "services/referral/domain/client_domain.h"
#include "services/referral/domain/unit_domain.h"
#include "services/referral/service.h"

namespace polku::simulation {
namespace {

constexpr int kPartitions = 3;
constexpr HetuPolicy kIdentity{.allow_test_codes = true};

void Replace(const std::string& from, const std::string& to, std::string& text) {
  POLKU_CHECK(absl::StrReplaceAll({{from, to}}, &text) == 1);
}

using Kinds = std::vector<std::unique_ptr<pipeline::AggregateKind>>;

template <class Domain>
void Add(const std::string& prefix, Domain domain, Kinds& kinds) {
  kinds.push_back(std::make_unique<pipeline::KindOf<Domain>>(prefix, std::move(domain)));
}

std::array<Kinds, kServices> MakeKinds() {
  std::array<Kinds, kServices> kinds;
  Add("clients/", referral::ClientDomain(CatalogueOfWorlds(), kIdentity), kinds[kReferral]);
  Add("organisations/", referral::UnitDomain(), kinds[kReferral]);
  Add("clients/", assessment::ClientAssessmentDomain(CatalogueOfWorlds()), kinds[kAssessment]);
  Add("clients/", coordinator_network::ClientDomain(coordinator_network::Policy()), kinds[kCoordinatorNetwork]);
  Add("coordinators/", coordinator_network::CoordinatorDomain({}), kinds[kCoordinatorNetwork]);
  Add("breakers/", coordinator_network::BreakerWatchDomain(coordinator_network::Policy().release_breaker_office_days),
      kinds[kCoordinatorNetwork]);
  Add("clients/", follow_up::JourneyDomain(CatalogueOfWorlds()), kinds[kFollowUp]);
  Add("sources/", follow_up::SourceDomain(), kinds[kFollowUp]);
  Add("organisations/", follow_up::ProviderDomain(), kinds[kFollowUp]);
  Add("rulesets/", follow_up::RuleSetDomain(CatalogueOfWorlds()), kinds[kFollowUp]);
  Add("pathways/", follow_up::JourneyMoveDomain(CatalogueOfWorlds()), kinds[kFollowUp]);
  Add("breakers/", follow_up::BreakerDomain(CatalogueOfWorlds()), kinds[kFollowUp]);
  return kinds;
}

store::Options StoreOptionsOf(int service) {
  switch (service) {
    case kReferral:
      return referral::StoreOptions();
    case kAssessment:
      return assessment::StoreOptions();
    case kCoordinatorNetwork:
      return coordinator_network::StoreOptions();
    default:
      return follow_up::StoreOptions();
  }
}

// Small numbers, so that batches split and logs are moved to their files now and then.
pipeline::Limits LimitsOfTests() {
  pipeline::Limits limits;
  limits.batch_inputs_max = 7;
  limits.batch_backlog_max = 11;
  limits.due_per_batch_max = 5;
  limits.read_ahead = false;  // One thread plays everything.
  limits.fold_threads = 1;
  limits.steps_per_batch_max = 4;
  limits.relay_batch_max = 9;
  return limits;
}

rpc::Access LoopbackAccess() {
  absl::StatusOr<rpc::Access> access = rpc::Access::Development("127.0.0.1:0");
  POLKU_CHECK(access.ok());
  return *std::move(access);
}

}  // namespace

// People may be erased on the day after their last matter. Twelve clients are enough for the breaker, and a second rule
// set gives more time: one that gives less would ask for what was forgotten.
const pathway::Catalogue& CatalogueOfWorlds() {
  static const auto* catalogue = [] {
    std::vector<pathway::File> rules = pathway::FilesOfTests("rules");
    POLKU_CHECK(rules.size() == 1);
    Replace("retention_years: 10\n", "retention_years: 0\n", rules[0].text);
    Replace("outreach_rule_day_max: 200\n", "outreach_rule_day_max: 1\n", rules[0].text);
    Replace("outreach_day_max: 300\n", "outreach_day_max: 2\n", rules[0].text);
    Replace("outreach_release_count: 20\n", "outreach_release_count: 2\n", rules[0].text);
    rules.push_back({"2026-2.yaml", rules[0].text});
    Replace("version: 2026-1\n", "version: 2026-2\n", rules[1].text);
    Replace("misses_in_a_row: 2\n", "misses_in_a_row: 3\n", rules[1].text);
    Replace("not_started_office_days: 5\n", "not_started_office_days: 6\n", rules[1].text);
    absl::StatusOr<pathway::Catalogue> made =
        pathway::Catalogue::Parse(pathway::FilesOfTests("pathways"), rules, pathway::FilesOfTests("instruments"));
    if (!made.ok()) std::fprintf(stderr, "%s\n", made.status().ToString().c_str());
    POLKU_CHECK(made.ok());
    return new pathway::Catalogue(*std::move(made));
  }();
  return *catalogue;
}

const std::string& NameOf(int service) {
  static const std::array<std::string, kServices> names = {"referral", "assessment", "coordinator-network",
                                                           "follow-up"};
  return names[static_cast<size_t>(service)];
}

const std::vector<int>& SubscriptionsOf(int service) {
  static const std::array<std::vector<int>, kServices> subscriptions = {std::vector<int>{kFollowUp},
                                                                        {kReferral, kCoordinatorNetwork, kFollowUp},
                                                                        {kReferral, kAssessment, kFollowUp},
                                                                        {kReferral, kAssessment, kCoordinatorNetwork}};
  return subscriptions[static_cast<size_t>(service)];
}

const std::vector<std::string>& Feeders() {
  static const auto* feeders = new std::vector<std::string>{"feeder-0", "feeder-1"};
  return *feeders;
}

const Kinds& KindsOf(int service) {
  static const auto* kinds = new std::array<Kinds, kServices>(MakeKinds());
  return (*kinds)[static_cast<size_t>(service)];
}

World::World(const std::string& name, uint64_t seed, absl::Time start, int readers)
    : readers_(readers),
      disk_(name),
      clock_(start),
      random_(seed),
      access_(LoopbackAccess()),
      crashes_(pipeline::CrashPoints().size()) {
  pipeline::SetCrashHook([this](absl::string_view point) { Pass(point); });
}

World::~World() {
  Stop();
  pipeline::SetCrashHook({});
}

void World::Pass(absl::string_view point) {
  if (passages_left_ == 0 || --passages_left_ > 0) return;
  const std::vector<absl::string_view> points = pipeline::CrashPoints();
  ++crashes_[static_cast<size_t>(std::find(points.begin(), points.end(), point) - points.begin())];
  disk_.LosePowerAfter(1);
  throw PowerLost();
}

absl::Status World::Start() {
  const absl::Status opened = Open();
  if (!opened.ok()) Stop();
  return opened;
}

absl::Status World::Open() {
  bus::EmbeddedBusOptions bus_options;
  bus_options.path = "bus";
  bus_options.vfs = disk_.name();
  bus_options.clock = &clock_;
  ASSIGN_OR_RETURN(bus_, bus::OpenEmbeddedBus(bus_options));
  std::vector<bus::TopicSpec> topics;
  for (int service = 0; service < kServices; ++service) {
    topics.push_back({pipeline::TopicOf(NameOf(service)), kPartitions});
  }
  for (const std::string& feeder : Feeders()) topics.push_back({pipeline::ProviderTopicOf(feeder), 1});
  RETURN_IF_ERROR(bus_->EnsureTopics(topics));
  journals_ = std::make_unique<pipeline::InProcessJournals>();
  for (int service = 0; service < kServices; ++service) {
    store::SqliteOptions options;
    options.base = StoreOptionsOf(service);
    options.path = absl::StrCat(NameOf(service), ".db");
    options.key_path = absl::StrCat(NameOf(service), ".keys");
    options.ledger_path = absl::StrCat(NameOf(service), ".ledger");
    options.vfs = disk_.name();
    options.random = &random_;
    options.reader_connections = readers_;
    options.cache_kib = 4096;
    options.checkpoint_pages = 200;
    ASSIGN_OR_RETURN(nodes_[static_cast<size_t>(service)].database, store::OpenSqlite(options));
    journals_->Add(NameOf(service), nodes_[static_cast<size_t>(service)].database.get());
  }
  for (int service = kServices - 1; service >= 0; --service) RETURN_IF_ERROR(OpenService(service));
  return absl::OkStatus();
}

template <class Service, class Config, class Dependencies>
absl::Status Assemble(const Config& config, const Dependencies& dependencies, std::shared_ptr<void>& kept,
                      pipeline::Pipeline*& made) {
  ASSIGN_OR_RETURN(std::unique_ptr<Service> service, Service::Create(config, dependencies));
  made = &service->pipeline();
  kept = std::shared_ptr<Service>(std::move(service));
  return absl::OkStatus();
}

absl::Status World::OpenService(int service) {
  Node& node = nodes_[static_cast<size_t>(service)];
  node.metrics = std::make_shared<prometheus::Registry>();
  const auto fill = [&](auto dependencies) {
    dependencies.clock = &clock_;
    dependencies.random = &random_;
    dependencies.database = node.database.get();
    dependencies.bus = bus_.get();
    dependencies.metrics = node.metrics.get();
    dependencies.peer_journal = journals_.get();
    dependencies.catalogue = &CatalogueOfWorlds();
    dependencies.access = &access_;
    return dependencies;
  };
  const auto configure = [](auto config) {
    config.pipeline = LimitsOfTests();
    config.gate.read_threads = 1;
    return config;
  };
  switch (service) {
    case kReferral: {
      referral::Config config = configure(referral::Config());
      config.identity = kIdentity;
      return Assemble<referral::Service>(config, fill(referral::Dependencies()), node.service, node.pipeline);
    }
    case kAssessment:
      return Assemble<assessment::Service>(configure(assessment::Config()), fill(assessment::Dependencies()),
                                           node.service, node.pipeline);
    case kCoordinatorNetwork:
      return Assemble<coordinator_network::Service>(configure(coordinator_network::Config()),
                                                    fill(coordinator_network::Dependencies()), node.service,
                                                    node.pipeline);
    default: {
      follow_up::Config config = configure(follow_up::Config());
      config.providers = Feeders();
      return Assemble<follow_up::Service>(config, fill(follow_up::Dependencies()), node.service, node.pipeline);
    }
  }
}

void World::Stop() {
  for (Node& node : nodes_) {
    node.pipeline = nullptr;
    node.service.reset();
    node.metrics.reset();
  }
  for (Node& node : nodes_) node.database.reset();
  bus_.reset();
  journals_.reset();
  files_left_open_ = std::max(files_left_open_, disk_.open_files());
}

void World::Crash(SeededRandom& random) {
  if (disk_.has_power()) disk_.LosePowerAfter(1);
  Stop();
  passages_left_ = 0;
  disk_.Crash(random, random.Next() % 2 == 0 ? testing::SimVfs::Unsynced::kLost : testing::SimVfs::Unsynced::kSomeKept);
}

}  // namespace polku::simulation
