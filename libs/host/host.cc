#include "libs/host/host.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <system_error>
#include <type_traits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "libs/backup/backup.h"
#include "libs/base/log.h"
#include "libs/base/read_file.h"
#include "libs/base/status_macros.h"
#include "libs/bus/embedded/embedded_bus.h"
#include "libs/bus/kafka/topics.h"
#include "libs/pipeline/proto_time.h"
#include "libs/store/postgres/postgres_database.h"
#include "libs/store/sqlite/sqlite_database.h"

namespace polku::host {
namespace {

constexpr int kPartitions = 4;
// One: a provider's heartbeat then stands behind the marks that it speaks of, whosever they are.
constexpr int kFeedPartitions = 1;
constexpr absl::Duration kGaugeInterval = absl::Seconds(15);
constexpr absl::Duration kShutdownGrace = absl::Seconds(2);
constexpr char kKafkaCertificate[] = "ssl.certificate.location";
constexpr std::array<const char*, 4> kServices = {"referral", "assessment", "coordinator-network", "follow-up"};

// The folder and its keys are for the user of the process alone.
absl::Status MakeFolder(const std::string& path) {
  std::error_code error;
  const bool made = std::filesystem::create_directories(path, error);
  if (!error && made) std::filesystem::permissions(path, std::filesystem::perms::owner_all, error);
  if (!error) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("data folder ", path, ": ", error.message()));
}

std::string ErasuresFolder(const HostConfig& config) {
  if (!config.erasures_folder.empty()) return config.erasures_folder;
  return absl::StrCat(config.data_folder, ".erasures");
}

std::string AuditFolder(const HostConfig& config) {
  if (!config.audit_folder.empty()) return config.audit_folder;
  return absl::StrCat(config.data_folder, ".audit");
}

audit::CheckpointFiles CheckpointFilesOf(const HostConfig& config, const std::string& service) {
  const std::string folder = AuditFolder(config);
  return {absl::StrCat(config.data_folder, "/keys/", service, ".audit-key"),
          absl::StrCat(folder, "/", service, ".audit-key.pub"), absl::StrCat(folder, "/", service, ".checkpoints")};
}

absl::Status In(absl::string_view folder, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat("data folder ", folder, ": ", status.message()));
}

absl::Status MakeFolders(const HostConfig& config) {
  RETURN_IF_ERROR(MakeFolder(config.data_folder));
  RETURN_IF_ERROR(MakeFolder(absl::StrCat(config.data_folder, "/keys")));
  RETURN_IF_ERROR(MakeFolder(ErasuresFolder(config)));
  return MakeFolder(AuditFolder(config));
}

// Empty: a start may make and upgrade the tables itself.
std::string MigratedBy(const HostConfig& config) {
  const bool by_command = config.migration == Migration::kByCommand ||
                          (config.migration == Migration::kByStore && config.store_kind == StoreKind::kPostgres);
  return by_command ? absl::StrCat(config.program, " migrate") : "";
}

// `now`: the start of this program.
absl::StatusOr<std::unique_ptr<store::Database>> OpenDatabase(const HostConfig& config, const store::Options& options,
                                                              Random* secrets, absl::Time now) {
  if (config.store_kind == StoreKind::kPostgres) {
    store::PostgresOptions postgres;
    postgres.target = absl::StrReplaceAll(config.postgres_target,
                                          {{"{service}", absl::StrReplaceAll(options.service, {{"-", "_"}})}});
    postgres.key_path = absl::StrCat(config.data_folder, "/keys/", options.service, ".keys");
    postgres.ledger_path = absl::StrCat(ErasuresFolder(config), "/", options.service, ".ledger");
    postgres.random = secrets;
    if (!config.replica.empty()) {
      postgres.program = absl::StrCat(config.replica, "/", absl::Dec(absl::ToUnixMicros(now), absl::kZeroPad16));
    }
    postgres.base = options;
    return store::OpenPostgres(postgres);
  }
  store::SqliteOptions sqlite;
  sqlite.path = absl::StrCat(config.data_folder, "/", options.service, ".db");
  sqlite.key_path = absl::StrCat(config.data_folder, "/keys/", options.service, ".keys");
  sqlite.ledger_path = absl::StrCat(ErasuresFolder(config), "/", options.service, ".ledger");
  sqlite.random = secrets;
  sqlite.base = options;
  absl::StatusOr<std::unique_ptr<store::Database>> database = store::OpenSqlite(sqlite);
  if (!database.ok()) return In(config.data_folder, database.status());
  return database;
}

template <class Row>
void Append(const std::type_identity_t<std::vector<Row>>& more, std::vector<Row>& rows) {
  rows.insert(rows.end(), more.begin(), more.end());
}

// Null where there is none.
absl::StatusOr<std::unique_ptr<Credentials>> CredentialsOf(const HostConfig& config, const Clock* clock) {
  if (config.access_mode != AccessMode::kMutualTls) return nullptr;
  return Credentials::Load(config.credentials, clock);
}

absl::StatusOr<rpc::Access> AccessOf(const HostConfig& config, const Credentials* credentials) {
  if (credentials != nullptr) return credentials->access();
  if (config.access_mode == AccessMode::kDevelopment) return rpc::Access::Development(config.grpc_listen.ToString());
  return absl::InvalidArgumentError(
      "access.mode: set it to mtls, or on one machine to development, where every caller is believed");
}

std::vector<rpc::MethodPermission> CommonPermissions() {
  std::vector<rpc::MethodPermission> rows = rpc::JournalPermissions();
  Append(rpc::OperatorPermissions(), rows);
  Append(rpc::TracePermissions(), rows);
  Append(rpc::AuditPermissions(), rows);
  Append(rpc::VerifyPermissions(), rows);
  return rows;
}

}  // namespace

Host::Host(const HostConfig& config, Parts parts, const Clock* clock, Random* random,
           std::unique_ptr<Credentials> credentials, rpc::Access access, pathway::Catalogue catalogue)
    : config_(config),
      clock_(clock),
      random_(random),
      credentials_(std::move(credentials)),
      access_(std::move(access)),
      catalogue_(std::move(catalogue)),
      remote_journals_(config.peers, credentials_ == nullptr ? nullptr : credentials_->certificates()),
      parts_(std::move(parts)) {}

Host::~Host() {
  Stop();
  // What is built on something goes before it.
  server_.reset();
  ops_.reset();
}

absl::StatusOr<std::unique_ptr<Host>> Host::Create(const HostConfig& config, Parts parts, const Clock* clock,
                                                   Random* random) {
  ASSIGN_OR_RETURN(std::unique_ptr<Host> made, Make(config, std::move(parts), clock, random));
  if (config.bus_kind == BusKind::kKafka) RETURN_IF_ERROR(made->CheckNotRestored());
  return made;
}

absl::StatusOr<std::unique_ptr<Host>> Host::Make(const HostConfig& config, Parts parts, const Clock* clock,
                                                 Random* random) {
  ASSIGN_OR_RETURN(std::unique_ptr<Credentials> credentials, CredentialsOf(config, clock));
  ASSIGN_OR_RETURN(rpc::Access access, AccessOf(config, credentials.get()));
  ASSIGN_OR_RETURN(pathway::Catalogue catalogue, pathway::LoadCatalogue(config.definitions));
  std::unique_ptr<Host> made(new Host(config, std::move(parts), clock, random, std::move(credentials),
                                      std::move(access), std::move(catalogue)));
  ops::RegisterBuild(config.program, made->metrics_);
  RETURN_IF_ERROR(MakeFolders(config));
  // First: the file of the embedded bus keeps a second process out before it touches any other.
  RETURN_IF_ERROR(made->OpenBus());
  RETURN_IF_ERROR(made->EnsureTopics());
  RETURN_IF_ERROR(made->CreateParts());
  return made;
}

absl::Status Host::Check(const HostConfig& config, const Clock* clock) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Credentials> credentials, CredentialsOf(config, clock));
  RETURN_IF_ERROR(AccessOf(config, credentials.get()).status());
  return pathway::LoadCatalogue(config.definitions).status();
}

absl::Status Host::Migrate(const HostConfig& config, const Parts& parts) {
  RETURN_IF_ERROR(MakeFolders(config));
  SystemRandom secrets;
  for (const std::unique_ptr<Part>& part : parts) {
    RETURN_IF_ERROR(OpenDatabase(config, part->store_options(), &secrets, SystemClock().Now()).status());
  }
  return absl::OkStatus();
}

absl::Status Host::OpenBus() {
  if (config_.bus_kind == BusKind::kKafka) {
    const bus::KafkaBusOptions options = KafkaOptions();
    ASSIGN_OR_RETURN(bus_, bus::OpenKafkaBus(options));
    if (options.settings.contains(kKafkaCertificate)) {
      kafka_expires_ = &CertificateExpiryFamily(metrics_).Add({{"certificate", "kafka"}});
      ShowKafkaExpiry();
    }
    return absl::OkStatus();
  }
  if (parts_.size() < kServices.size()) {
    return absl::InvalidArgumentError("bus.kind: embedded is for polku-all-in-one; a service by itself needs kafka");
  }
  bus::EmbeddedBusOptions options;
  options.path = absl::StrCat(config_.data_folder, "/bus.db");
  options.clock = clock_;
  absl::StatusOr<std::unique_ptr<bus::Bus>> bus = bus::OpenEmbeddedBus(options);
  if (!bus.ok()) return In(config_.data_folder, bus.status());
  bus_ = *std::move(bus);
  return absl::OkStatus();
}

absl::Status Host::EnsureTopics() {
  std::vector<bus::TopicSpec> topics;
  for (const char* service : kServices) topics.push_back({pipeline::TopicOf(service), kPartitions});
  for (const std::string& id : config_.part.providers) {
    topics.push_back({pipeline::ProviderTopicOf(id), kFeedPartitions});
  }
  return config_.bus_kind == BusKind::kKafka ? FindTopics(topics) : In(config_.data_folder, bus_->EnsureTopics(topics));
}

// How many partitions a topic has is for whoever made it to say, and to raise.
absl::Status Host::FindTopics(const std::vector<bus::TopicSpec>& topics) const {
  const bus::KafkaBusOptions options = KafkaOptions();
  std::vector<bus::TopicWanted> wanted;
  for (const bus::TopicSpec& spec : topics) wanted.push_back({spec.topic, spec.partitions, -1, {}});
  ASSIGN_OR_RETURN(const bus::TopicPlan plan, bus::PlanTopics(options, wanted));
  if (plan.missing.empty()) return absl::OkStatus();
  if (config_.create_topics) return bus::MakeTopics(options, plan.missing);
  return absl::FailedPreconditionError(
      absl::StrCat("no topic ", plan.missing[0].name, " on Kafka; it is made by: polkuctl topics apply"));
}

absl::Status Host::CreateParts() {
  for (const std::unique_ptr<Part>& part : parts_) {
    store::Options options = part->store_options();
    options.migrated_by = MigratedBy(config_);
    ASSIGN_OR_RETURN(std::unique_ptr<store::Database> database,
                     OpenDatabase(config_, options, &secrets_, clock_->Now()));
    journals_.Add(options.service, database.get());
    databases_.push_back(std::move(database));
    ASSIGN_OR_RETURN(std::unique_ptr<audit::CheckpointWriter> checkpoints,
                     audit::CheckpointWriter::Open(CheckpointFilesOf(config_, options.service), options.service));
    checkpoints_.push_back(std::move(checkpoints));
  }
  if (config_.bus_kind == BusKind::kEmbedded) RETURN_IF_ERROR(HoldLostInRestore());
  pipeline::PeerJournal* peers = &journals_;
  if (!config_.peers.empty()) peers = &remote_journals_;
  for (size_t i = 0; i < parts_.size(); ++i) {
    RETURN_IF_ERROR(parts_[i]->Create(
        config_.part, {clock_, random_, databases_[i].get(), bus_.get(), &metrics_, peers, &catalogue_, &access_}));
  }
  CreateCommonApis();
  return absl::OkStatus();
}

// Before any service looks at what is stored.
absl::Status Host::HoldLostInRestore() {
  if (!backup::IsRestorePending(config_.data_folder)) return absl::OkStatus();
  ASSIGN_OR_RETURN(const common::v1::RestoreRecord record, backup::ReadRestoreRecord(config_.data_folder));
  for (size_t i = 0; i < parts_.size(); ++i) {
    const std::string& service = parts_[i]->store_options().service;
    RETURN_IF_ERROR(backup::HoldLost(record, service, *databases_[i], clock_->Now()));
  }
  LogEvent(
      LogLevel::kWarning, "serves what a backup held",
      {{"cut_time", pipeline::FromProto(record.cut_time())}, {"epoch", record.epoch()}, {"lost", record.lost_size()}});
  return backup::EndRestore(config_.data_folder);
}

void Host::CreateCommonApis() {
  rpc::GateLimits limits = config_.part.gate;
  // Services of one process read each other's journals without a call.
  if (parts_.size() > 1) limits.read_threads = 1;
  std::vector<rpc::Served> served;
  for (size_t i = 0; i < parts_.size(); ++i) {
    pipeline::Pipeline* const pipeline = &parts_[i]->pipeline();
    common_gates_.push_back(std::make_unique<rpc::Gate>(pipeline, &access_, CommonPermissions(), &metrics_, limits));
    refreshed_.push_back(&prometheus::BuildGauge()
                              .Name("polku_gauges_refreshed_timestamp_seconds")
                              .Help("When the gauges of the service were last brought up to date, since 1970 UTC.")
                              .Register(metrics_)
                              .Add({{"service", pipeline->service()}}));
    checkpoint_written_.push_back(&prometheus::BuildGauge()
                                       .Name("polku_audit_checkpoint_timestamp_seconds")
                                       .Help("When the audit's checkpoint was last up to date, since 1970 UTC.")
                                       .Register(metrics_)
                                       .Add({{"service", pipeline->service()}}));
    served.push_back({pipeline->service(), common_gates_.back().get(), databases_[i].get(), pipeline});
  }
  journal_ = std::make_unique<rpc::JournalApi>(served);
  std::map<std::string, std::vector<rpc::Invariant>> invariants;
  for (const std::unique_ptr<Part>& part : parts_) invariants[part->pipeline().service()] = part->invariants();
  verify_ = std::make_unique<rpc::VerifyApi>(served, std::move(invariants));
  operator_ = std::make_unique<rpc::OperatorApi>(served);
  trace_ = std::make_unique<rpc::TraceApi>(served);
  rpc::AuditPolicy policy;
  policy.kept_years = config_.audit_kept_years;
  for (size_t i = 0; i < parts_.size(); ++i) policy.keys[served[i].service] = &checkpoints_[i]->keys();
  audit_ = std::make_unique<rpc::AuditApi>(std::move(served), std::move(policy));
}

std::vector<pipeline::Pipeline*> Host::pipelines() {
  std::vector<pipeline::Pipeline*> all;
  for (const std::unique_ptr<Part>& part : parts_) all.push_back(&part->pipeline());
  return all;
}

absl::Status Host::OpenPorts() {
  ops::OpsOptions ops;
  ops.address = config_.ops_listen.host;
  ops.port = config_.ops_listen.port;
  ops.metrics = {&metrics_, &process_metrics_};
  rpc::ServerOptions server;
  server.listen = config_.grpc_listen.ToString();
  server.reflection = config_.grpc_reflection;
  server.limits = config_.grpc_limits;
  if (credentials_ != nullptr) server.certificates = credentials_->certificates();
  std::vector<grpc::Service*> services;
  for (const std::unique_ptr<Part>& part : parts_) {
    pipeline::Pipeline* pipeline = &part->pipeline();
    ops.readiness.push_back({absl::StrCat("pipeline:", pipeline->service()), [pipeline] { return pipeline->Ready(); }});
    Append(part->permissions(), server.permissions);
    Append(part->grpc_services(), services);
  }
  Append(CommonPermissions(), server.permissions);
  Append({journal_.get(), operator_.get(), trace_.get(), audit_.get(), verify_.get()}, services);
  ASSIGN_OR_RETURN(ops_, ops::OpsServer::Start(std::move(ops)));
  ASSIGN_OR_RETURN(server_, rpc::Server::Start(server, std::move(services)));
  return absl::OkStatus();
}

absl::Status Host::Start(std::function<void(absl::Status)> on_fatal) {
  running_ = true;
  for (pipeline::Pipeline* pipeline : pipelines()) pipeline->Start(on_fatal);
  if (absl::Status opened = OpenPorts(); !opened.ok()) {
    Stop();
    return opened;
  }
  gauges_ = std::thread([this] { RefreshGauges(); });
  if (credentials_ != nullptr) credentials_->Start(metrics_);
  LogEvent(LogLevel::kInfo, "serving", {{"grpc_port", grpc_port()}, {"ops_port", ops_port()}});
  return absl::OkStatus();
}

void Host::Stop() {
  if (!running_) return;
  running_ = false;
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  if (server_ != nullptr) server_->SetServing(false);
  for (const std::unique_ptr<Part>& part : parts_) part->EndWatches();
  // Before the server, which waits for the calls that these loops have to answer.
  for (pipeline::Pipeline* pipeline : pipelines()) pipeline->Stop();
  if (server_ != nullptr) server_->Shutdown(kShutdownGrace);
  if (gauges_.joinable()) gauges_.join();
  for (size_t i = 0; i < parts_.size(); ++i) {
    const absl::Status written = WriteCheckpoint(i);
    if (!written.ok()) LogEvent(LogLevel::kWarning, "no last checkpoint of the audit", {{"status", written}});
  }
  if (credentials_ != nullptr) credentials_->Stop();
  if (ops_ != nullptr) ops_->Stop();
}

absl::Status Host::RefreshGaugesOf(size_t part) {
  RETURN_IF_ERROR(parts_[part]->pipeline().ShowLag());
  RETURN_IF_ERROR(parts_[part]->RefreshGauges());
  refreshed_[part]->Set(absl::ToDoubleSeconds(clock_->Now() - absl::UnixEpoch()));
  return WriteCheckpoint(part);
}

absl::Status Host::WriteCheckpoint(size_t part) {
  const absl::Time now = clock_->Now();
  RETURN_IF_ERROR(checkpoints_[part]->Write(*databases_[part], now));
  checkpoint_written_[part]->Set(absl::ToDoubleSeconds(now - absl::UnixEpoch()));
  return absl::OkStatus();
}

void Host::ShowKafkaExpiry() {
  const absl::StatusOr<std::string> pem = ReadFile(config_.kafka.settings.at(kKafkaCertificate));
  if (!pem.ok()) return;
  const absl::StatusOr<rpc::PeerCertificate> certificate = rpc::ReadPeerCertificate(*pem);
  if (certificate.ok()) kafka_expires_->Set(static_cast<double>(absl::ToUnixSeconds(certificate->expires)));
}

void Host::RefreshGauges() {
  while (true) {
    if (kafka_expires_ != nullptr) ShowKafkaExpiry();
    for (size_t i = 0; i < parts_.size(); ++i) {
      const absl::Status refreshed = RefreshGaugesOf(i);
      if (!refreshed.ok()) LogEvent(LogLevel::kWarning, "gauges not refreshed", {{"status", refreshed}});
    }
    absl::MutexLock lock(&mutex_);
    if (mutex_.AwaitWithTimeout(absl::Condition(&stopping_), kGaugeInterval)) return;
  }
}

}  // namespace polku::host
