#include "services/all-in-one/assembly.h"

#include <array>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/log.h"
#include "libs/base/status_macros.h"
#include "libs/bus/embedded/embedded_bus.h"
#include "libs/store/sqlite/sqlite_database.h"

namespace polku::all_in_one {
namespace {

constexpr int kPartitions = 4;
// One: a provider's heartbeat then stands behind the marks that it speaks of, whosever they are.
constexpr int kFeedPartitions = 1;
constexpr absl::Duration kGaugeInterval = absl::Seconds(15);
constexpr absl::Duration kShutdownGrace = absl::Seconds(2);
constexpr std::array<const char*, 4> kServices = {"referral", "assessment", "coordinator-network", "follow-up"};

// The folder and its keys are for the user of the process alone.
absl::Status MakeFolder(const std::string& path) {
  std::error_code error;
  const bool made = std::filesystem::create_directories(path, error);
  if (!error && made) std::filesystem::permissions(path, std::filesystem::perms::owner_all, error);
  if (!error) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("data folder ", path, ": ", error.message()));
}

std::string ErasuresFolder(const AllInOneConfig& config) {
  if (!config.erasures_folder.empty()) return config.erasures_folder;
  return absl::StrCat(config.data_folder, ".erasures");
}

absl::Status In(absl::string_view folder, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat("data folder ", folder, ": ", status.message()));
}

template <class Row>
void Append(std::vector<Row> more, std::vector<Row>& rows) {
  rows.insert(rows.end(), more.begin(), more.end());
}

std::vector<rpc::MethodPermission> AllPermissions() {
  std::vector<rpc::MethodPermission> rows = referral::Permissions();
  Append(assessment::Permissions(), rows);
  Append(coordinator_network::Permissions(), rows);
  Append(follow_up::Permissions(), rows);
  return rows;
}

absl::StatusOr<rpc::Access> AccessOf(const AllInOneConfig& config) {
  if (config.access_mode == AccessMode::kDevelopment) return rpc::Access::Development(config.grpc_listen.ToString());
  return absl::InvalidArgumentError(
      "access.mode: nobody could call; the one mode of this version is development, for loopback addresses");
}

}  // namespace

AllInOne::AllInOne(const AllInOneConfig& config, const Clock* clock, Random* random, rpc::Access access,
                   pathway::Catalogue catalogue)
    : config_(config), clock_(clock), random_(random), access_(std::move(access)), catalogue_(std::move(catalogue)) {}

AllInOne::~AllInOne() {
  Stop();
  // What is built on something goes before it.
  server_.reset();
  ops_.reset();
  follow_up_.reset();
  coordinator_network_.reset();
  assessment_.reset();
  referral_.reset();
}

absl::StatusOr<std::unique_ptr<AllInOne>> AllInOne::Create(const AllInOneConfig& config, const Clock* clock,
                                                           Random* random) {
  ASSIGN_OR_RETURN(rpc::Access access, AccessOf(config));
  ASSIGN_OR_RETURN(pathway::Catalogue catalogue, pathway::LoadCatalogue(config.definitions));
  std::unique_ptr<AllInOne> made(new AllInOne(config, clock, random, std::move(access), std::move(catalogue)));
  ops::RegisterBuild("polku-all-in-one", made->metrics_);
  RETURN_IF_ERROR(made->OpenData());
  RETURN_IF_ERROR(made->CreateServices());
  return made;
}

absl::Status AllInOne::OpenData() {
  RETURN_IF_ERROR(MakeFolder(config_.data_folder));
  RETURN_IF_ERROR(MakeFolder(absl::StrCat(config_.data_folder, "/keys")));
  RETURN_IF_ERROR(MakeFolder(ErasuresFolder(config_)));
  bus::EmbeddedBusOptions options;
  options.path = absl::StrCat(config_.data_folder, "/bus.db");
  options.clock = clock_;
  // First, so that a second process is refused before it touches any other file.
  absl::StatusOr<std::unique_ptr<bus::Bus>> bus = bus::OpenEmbeddedBus(options);
  if (!bus.ok()) return In(config_.data_folder, bus.status());
  bus_ = *std::move(bus);
  std::vector<bus::TopicSpec> topics;
  for (const char* service : kServices) topics.push_back({pipeline::TopicOf(service), kPartitions});
  for (const std::string& id : config_.providers) topics.push_back({pipeline::ProviderTopicOf(id), kFeedPartitions});
  if (absl::Status made = bus_->EnsureTopics(topics); !made.ok()) return In(config_.data_folder, made);
  ASSIGN_OR_RETURN(referral_database_, OpenDatabase(referral::StoreOptions()));
  ASSIGN_OR_RETURN(assessment_database_, OpenDatabase(assessment::StoreOptions()));
  ASSIGN_OR_RETURN(coordinator_network_database_, OpenDatabase(coordinator_network::StoreOptions()));
  ASSIGN_OR_RETURN(follow_up_database_, OpenDatabase(follow_up::StoreOptions()));
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<store::Database>> AllInOne::OpenDatabase(store::Options options) {
  store::SqliteOptions sqlite;
  sqlite.path = absl::StrCat(config_.data_folder, "/", options.service, ".db");
  sqlite.key_path = absl::StrCat(config_.data_folder, "/keys/", options.service, ".keys");
  sqlite.ledger_path = absl::StrCat(ErasuresFolder(config_), "/", options.service, ".ledger");
  sqlite.random = &secrets_;
  sqlite.base = std::move(options);
  absl::StatusOr<std::unique_ptr<store::Database>> database = store::OpenSqlite(sqlite);
  if (!database.ok()) return In(config_.data_folder, database.status());
  journals_.Add(sqlite.base.service, database->get());
  return database;
}

template <class Service, class Config>
absl::StatusOr<std::unique_ptr<Service>> AllInOne::CreateService(const Config& config, store::Database* database) {
  return Service::Create(config, {clock_, random_, database, bus_.get(), &metrics_, &journals_, &catalogue_, &access_});
}

absl::Status AllInOne::CreateServices() {
  const referral::Config referral{config_.pipeline, config_.gate, {config_.allow_test_codes}};
  const assessment::Config assessment{config_.pipeline, config_.gate};
  const coordinator_network::Config coordinator_network{config_.pipeline, config_.gate, {}};
  const follow_up::Config follow_up{config_.pipeline, config_.gate, config_.providers};
  ASSIGN_OR_RETURN(referral_, CreateService<referral::Service>(referral, referral_database_.get()));
  ASSIGN_OR_RETURN(assessment_, CreateService<assessment::Service>(assessment, assessment_database_.get()));
  ASSIGN_OR_RETURN(coordinator_network_, CreateService<coordinator_network::Service>(
                                             coordinator_network, coordinator_network_database_.get()));
  ASSIGN_OR_RETURN(follow_up_, CreateService<follow_up::Service>(follow_up, follow_up_database_.get()));
  return absl::OkStatus();
}

std::vector<pipeline::Pipeline*> AllInOne::pipelines() {
  return {&referral_->pipeline(), &assessment_->pipeline(), &coordinator_network_->pipeline(), &follow_up_->pipeline()};
}

absl::Status AllInOne::OpenPorts() {
  ops::OpsOptions ops;
  ops.address = config_.ops_listen.host;
  ops.port = config_.ops_listen.port;
  ops.metrics = {&metrics_, &process_metrics_};
  for (pipeline::Pipeline* pipeline : pipelines()) {
    ops.readiness.push_back({absl::StrCat("pipeline:", pipeline->service()), [pipeline] { return pipeline->Ready(); }});
  }
  ASSIGN_OR_RETURN(ops_, ops::OpsServer::Start(std::move(ops)));
  rpc::ServerOptions server;
  server.listen = config_.grpc_listen.ToString();
  server.reflection = config_.grpc_reflection;
  server.receive_bytes_max = config_.receive_bytes_max;
  server.permissions = AllPermissions();
  std::vector<grpc::Service*> services = referral_->grpc_services();
  Append(assessment_->grpc_services(), services);
  Append(coordinator_network_->grpc_services(), services);
  Append(follow_up_->grpc_services(), services);
  ASSIGN_OR_RETURN(server_, rpc::Server::Start(server, std::move(services)));
  return absl::OkStatus();
}

absl::Status AllInOne::Start(std::function<void(absl::Status)> on_fatal) {
  running_ = true;
  for (pipeline::Pipeline* pipeline : pipelines()) pipeline->Start(on_fatal);
  if (absl::Status opened = OpenPorts(); !opened.ok()) {
    Stop();
    return opened;
  }
  gauges_ = std::thread([this] { RefreshGauges(); });
  LogEvent(LogLevel::kInfo, "serving", {{"grpc_port", grpc_port()}, {"ops_port", ops_port()}});
  return absl::OkStatus();
}

void AllInOne::Stop() {
  if (!running_) return;
  running_ = false;
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  if (server_ != nullptr) server_->SetServing(false);
  referral_->EndWatches();
  // Before the server, which waits for the calls that these loops have to answer.
  for (pipeline::Pipeline* pipeline : pipelines()) pipeline->Stop();
  if (server_ != nullptr) server_->Shutdown(kShutdownGrace);
  if (gauges_.joinable()) gauges_.join();
  if (ops_ != nullptr) ops_->Stop();
}

void AllInOne::RefreshGauges() {
  while (true) {
    absl::Status refreshed = follow_up_->RefreshGauges();
    if (refreshed.ok()) refreshed = coordinator_network_->RefreshGauges();
    if (!refreshed.ok()) LogEvent(LogLevel::kWarning, "gauges not refreshed", {{"status", refreshed}});
    absl::MutexLock lock(&mutex_);
    if (mutex_.AwaitWithTimeout(absl::Condition(&stopping_), kGaugeInterval)) return;
  }
}

}  // namespace polku::all_in_one
