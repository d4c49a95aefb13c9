#include "libs/host/settings.h"

#include <limits.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "libs/base/resource_name.h"
#include "libs/bus/kafka/topics.h"

namespace polku::host {
namespace {

absl::Status TakeBus(Settings& settings) {
  if (settings.server.bus_kind == BusKind::kKafka && settings.server.kafka.bootstrap_servers.empty()) {
    return absl::InvalidArgumentError("bus.kafka_servers: required with bus.kind=kafka");
  }
  if (settings.kafka_properties.empty()) return absl::OkStatus();
  absl::StatusOr<std::map<std::string, std::string>> read = bus::ReadKafkaProperties(settings.kafka_properties);
  if (!read.ok()) return absl::InvalidArgumentError(absl::StrCat("bus.kafka_properties: ", read.status().message()));
  settings.server.kafka.settings = *std::move(read);
  return absl::OkStatus();
}

bool IsReplicaName(absl::string_view name) {
  constexpr size_t kBytesMax = 249;  // Kafka's.
  return name.size() <= kBytesMax && std::all_of(name.begin(), name.end(), [](char each) {
           return absl::ascii_isalnum(each) || each == '.' || each == '_' || each == '-';
         });
}

// Two programs of a machine have other ports, and the restarted one has the same. Where any port will do there is no
// name.
absl::Status TakeReplica(HostConfig& server) {
  if (server.replica.empty() && server.grpc_listen.port != 0) {
    std::array<char, HOST_NAME_MAX + 1> host{};
    if (gethostname(host.data(), host.size() - 1) != 0) return absl::OkStatus();
    std::string name = absl::StrCat(host.data(), "-", server.grpc_listen.port);
    if (IsReplicaName(name)) server.replica = std::move(name);
  }
  if (IsReplicaName(server.replica)) return absl::OkStatus();
  return absl::InvalidArgumentError("replica.name: 1 to 249 of a-z, A-Z, 0-9, ., _ and -");
}

absl::Status TakePeers(Settings& settings) {
  for (absl::string_view peer : absl::StrSplit(settings.peers, absl::ByAnyChar(", "), absl::SkipEmpty())) {
    const std::pair<std::string, std::string> named = absl::StrSplit(peer, absl::MaxSplits('=', 1));
    if (named.first.empty() || named.second.empty()) {
      return absl::InvalidArgumentError("peers: each is SERVICE=HOST:PORT");
    }
    settings.server.peers[named.first] = named.second;
  }
  return absl::OkStatus();
}

absl::Status TakeProviders(Settings& settings) {
  std::vector<std::string> ids = absl::StrSplit(settings.providers, absl::ByAnyChar(", "), absl::SkipEmpty());
  for (const std::string& id : ids) {
    if (!IsResourceName(absl::StrCat("organisations/", id), "organisations/*")) {
      return absl::InvalidArgumentError("feed.providers: an id is 1 to 63 of a-z, 0-9 and -");
    }
    if (std::count(ids.begin(), ids.end(), id) > 1) {
      return absl::InvalidArgumentError("feed.providers: an id stands there twice");
    }
  }
  settings.server.part.providers = std::move(ids);
  return absl::OkStatus();
}

absl::Status CheckCredentials(const HostConfig& server) {
  if (server.access_mode != AccessMode::kMutualTls) return absl::OkStatus();
  const CredentialFiles& files = server.credentials;
  const std::pair<const char*, const std::string&> required[] = {{"tls.certificate", files.tls.certificate},
                                                                 {"tls.key", files.tls.key},
                                                                 {"tls.client_ca", files.tls.client_ca},
                                                                 {"access.organisations", files.organisations}};
  for (const auto& [key, value] : required) {
    if (value.empty()) return absl::InvalidArgumentError(absl::StrCat(key, ": required with access.mode=mtls"));
  }
  if (!server.peers.empty() && files.tls.peer_ca.empty()) {
    return absl::InvalidArgumentError("tls.peer_ca: required with peers and access.mode=mtls");
  }
  if (!files.jwks.empty() && (files.token.issuer.empty() || files.token.audience.empty())) {
    return absl::InvalidArgumentError("access.token_issuer and access.token_audience: required with access.jwks");
  }
  return absl::OkStatus();
}

void DescribeConnections(config::ConfigSpec& spec, rpc::ServerLimits& limits) {
  spec.Bytes("grpc.metadata_bytes_max", &limits.metadata_bytes_max, 1 << 10, 64 << 10, "all headers of a call");
  spec.Integer("grpc.streams_max", &limits.streams_max, 1, 100000, "calls at once on one connection");
  spec.Bytes("grpc.memory_bytes_max", &limits.memory_bytes_max, int64_t{16} << 20, int64_t{64} << 30,
             "buffers of all connections");
  spec.Integer("grpc.threads_max", &limits.threads_max, 4, 10000, "threads that gRPC may make");
  spec.Duration("grpc.handshake_max", &limits.handshake_max, absl::Milliseconds(100), absl::Minutes(2),
                "a connection whose TLS and HTTP/2 are not agreed by then is closed");
  spec.Duration("grpc.ping_interval_min", &limits.ping_interval_min, absl::Seconds(1), absl::Hours(1),
                "a client that pings more often is cut off");
  spec.Integer("grpc.ping_strikes_max", &limits.ping_strikes_max, 1, 100, "and so many times it may");
  spec.Duration("grpc.connection_idle_max", &limits.connection_idle_max, absl::Seconds(1), absl::Hours(24),
                "a connection without calls is closed after this");
  spec.Duration("grpc.connection_age_max", &limits.connection_age_max, absl::Seconds(1), absl::Hours(24),
                "a connection takes no new calls after this; its client connects anew");
  spec.Duration("grpc.connection_age_grace", &limits.connection_age_grace, absl::Seconds(1), absl::Hours(24),
                "the calls of such a connection are cut off after so long");
}

void DescribeCredentials(config::ConfigSpec& spec, HostConfig& server) {
  CredentialFiles& files = server.credentials;
  spec.String("tls.certificate", &files.tls.certificate, "PEM file of this program's certificate and its chain");
  spec.String("tls.key", &files.tls.key, "PEM file of its key");
  spec.String("tls.client_ca", &files.tls.client_ca, "PEM file of who may have signed the certificates of callers");
  spec.String("tls.peer_ca", &files.tls.peer_ca, "PEM file of who may have signed those of the peers that are called");
  spec.Duration("tls.reload_interval", &files.reload_interval, absl::Milliseconds(10), absl::Hours(1),
                "how often certificates, organisations and keys of tokens are looked at again");
  spec.String("access.organisations", &files.organisations,
              "YAML file: which organisation, system and roles a certificate's URI stands for, and who is denied");
  spec.String("access.jwks", &files.jwks, "JWKS file with the keys of tokens; empty: systems call, and no persons");
  spec.String("access.token_issuer", &files.token.issuer, "iss of a token");
  spec.String("access.token_audience", &files.token.audience, "aud of a token");
  spec.Check([&server] { return CheckCredentials(server); });
}

}  // namespace

void Describe(config::ConfigSpec& spec, Settings& settings) {
  HostConfig& server = settings.server;
  spec.String("data.folder", &server.data_folder, "folder of the databases, the bus and, in keys/, the key files");
  spec.String("erasures.folder", &server.erasures_folder,
              "folder of the erasure ledgers, kept out of backups; empty: <data.folder>.erasures");
  spec.String("audit.folder", &server.audit_folder,
              "folder of the audit's signed checkpoints and their public keys; empty: <data.folder>.audit");
  spec.Integer("audit.kept_years", &server.audit_kept_years, 2, 100,
               "audit rows are kept so long at least; what is older may be cut, by polkuctl audit cut");
  spec.Duration("audit.seal_interval", &server.part.pipeline.audit_seal_interval, absl::Milliseconds(10),
                absl::Minutes(5), "how often audit rows are sealed: so long one could be changed unseen");
  spec.Enum("store.kind", &server.store_kind, {{"sqlite", StoreKind::kSqlite}, {"postgres", StoreKind::kPostgres}},
            "what keeps a service's data: a file in the data folder, or a PostgreSQL database");
  spec.String("store.postgres", &server.postgres_target,
              "libpq's connection string, with {service} where the service's name stands (coordinator_network); "
              "passwords belong into a file, ~/.pgpass or passfile=");
  spec.Enum("store.migrate", &server.migration,
            {{"by-store", Migration::kByStore}, {"true", Migration::kAtStart}, {"false", Migration::kByCommand}},
            "whether a start makes and upgrades the tables itself, and does not wait for the command migrate; "
            "by-store: with sqlite");
  spec.Check([&server] {
    if (server.store_kind != StoreKind::kPostgres || !server.postgres_target.empty()) return absl::OkStatus();
    return absl::InvalidArgumentError("store.postgres: required with store.kind=postgres");
  });
  spec.Enum("bus.kind", &server.bus_kind, {{"embedded", BusKind::kEmbedded}, {"kafka", BusKind::kKafka}},
            "where events go: a file in the data folder, for polku-all-in-one, or Apache Kafka");
  spec.String("bus.kafka_servers", &server.kafka.bootstrap_servers, "HOST:PORT of brokers, with commas between");
  spec.String("bus.kafka_properties", &settings.kafka_properties,
              "file with more settings of librdkafka, name=value: security.protocol, sasl.*, ssl.*");
  spec.Bytes("bus.message_bytes_max", &server.kafka.message_bytes_max, 64 << 10, 64 << 20, "largest event on Kafka");
  spec.Duration("bus.kafka_publish_timeout", &server.kafka.publish_timeout, absl::Seconds(1), absl::Minutes(10),
                "the relay gives up then and tries again");
  spec.Duration("bus.kafka_session_timeout", &server.kafka.session_timeout, absl::Seconds(1), absl::Minutes(10),
                "a replica that is silent for so long loses its partitions");
  spec.Bool("bus.create_topics", &server.create_topics, "whether missing topics are made on Kafka at the start");
  spec.Check([&settings] { return TakeBus(settings); });
  spec.String("replica.name", &server.replica,
              "what tells this program from the other replicas of its service, the same after each restart: what was "
              "killed goes on at once; empty: the name of the machine and the port of grpc.listen");
  spec.Check([&server] { return TakeReplica(server); });
  spec.String("peers", &settings.peers,
              "SERVICE=HOST:PORT of services in other processes, with commas between: missed events are read there");
  spec.Check([&settings] { return TakePeers(settings); });
  spec.Listen("grpc.listen", &server.grpc_listen, "where gRPC is served; loopback only, but with access.mode=mtls");
  spec.Bool("grpc.reflection", &server.grpc_reflection, "whether callers may ask for the API's description");
  spec.Bytes("grpc.message_bytes_max", &server.part.gate.request_bytes_max, 4 << 10, 64 << 20,
             "largest request; a larger one is refused with both sizes");
  spec.Bytes("grpc.receive_bytes_max", &server.grpc_limits.receive_bytes_max, 4 << 10, 256 << 20,
             "largest request that is read at all; a larger one is cut off");
  DescribeConnections(spec, server.grpc_limits);
  spec.Listen("ops.listen", &server.ops_listen, "where /livez, /readyz and /metrics are served");
  spec.String("pathways.folder", &server.definitions.pathways, "folder of the pathway definitions, *.yaml");
  spec.String("rules.folder", &server.definitions.rules, "folder of the rule sets, *.yaml");
  spec.String("instruments.folder", &server.definitions.instruments, "folder of the instruments, *.yaml");
  spec.Enum("access.mode", &server.access_mode,
            {{"none", AccessMode::kNone}, {"development", AccessMode::kDevelopment}, {"mtls", AccessMode::kMutualTls}},
            "how callers prove who they are: mtls by certificate and signed token; development believes their metadata "
            "and needs loopback");
  DescribeCredentials(spec, server);
  spec.Bool("identity.allow_test_codes", &server.part.allow_test_codes, "whether identity codes of nobody are taken");
  spec.String(
      "feed.providers", &settings.providers,
      "ids of the providers that write topics of their own (polku.provider.ID.activity.v1), with commas between");
  spec.Check([&settings] { return TakeProviders(settings); });
  spec.Duration("call.deadline_default", &server.part.gate.deadline_default, absl::Seconds(1), absl::Minutes(5),
                "for a call that sets no deadline");
  spec.Duration("call.deadline_max", &server.part.gate.deadline_max, absl::Seconds(1), absl::Minutes(5),
                "a later deadline counts as this");
  spec.Integer("call.read_threads", &server.part.gate.read_threads, 1, 64, "threads for queries, per service");
  spec.Integer("call.read_queue_max", &server.part.gate.read_queue_max, 1, 100000,
               "queries that may wait, per service");
  spec.Duration("call.retry_delay", &server.part.gate.retry_delay, absl::Milliseconds(1), absl::Minutes(1),
                "what a caller is told to wait whom a full queue refuses");
  spec.Integer("call.organisation_calls_per_second", &server.part.gate.organisation_calls_per_second, 1, 1000000,
               "calls of one organisation, per service; calls_per_second in access.organisations goes before it");
  spec.Duration("call.organisation_burst", &server.part.gate.organisation_burst, absl::Milliseconds(10),
                absl::Minutes(10), "who was quiet so long may make as many calls at once as in that time");
  spec.Integer("call.watch_streams_max", &server.part.gate.watch_streams_max, 1, 10000,
               "streams of changes open at once, per service");
  spec.Duration("call.watch_poll_interval", &server.part.gate.watch_poll_interval, absl::Milliseconds(10),
                absl::Minutes(1), "how often a stream looks for changes");
  spec.Duration("call.watch_max", &server.part.gate.watch_max, absl::Seconds(10), absl::Hours(24),
                "a stream of changes ends after this and its caller resumes");
  spec.Integer("pipeline.queue_inputs_max", &server.part.pipeline.queue_inputs_max, 1, 1000000,
               "commands that may wait, per service");
  spec.Integer("pipeline.batch_inputs_max", &server.part.pipeline.batch_inputs_max, 1, 100000,
               "inputs of one transaction while a command waits");
  spec.Bytes("pipeline.queue_bytes_max", &server.part.pipeline.queue_bytes_max, int64_t{1} << 20, int64_t{16} << 30,
             "requests of commands that may wait, per service");
  spec.Integer("pipeline.batch_backlog_max", &server.part.pipeline.batch_backlog_max, 1, 1000000,
               "inputs of one transaction when only the bus has a backlog");
  spec.Bytes("pipeline.batch_bytes_max", &server.part.pipeline.batch_bytes_max, int64_t{1} << 20, int64_t{1} << 30,
             "records of the bus in one transaction");
  spec.Integer(
      "pipeline.fold_threads", &server.part.pipeline.fold_threads, 1, 64,
      "threads that decide on the records of a transaction, per service; more than there are processors do not help");
  spec.Integer("pipeline.due_per_batch_max", &server.part.pipeline.due_per_batch_max, 1, 100000,
               "due instants of one transaction");
  spec.Integer("pipeline.steps_per_batch_max", &server.part.pipeline.steps_per_batch_max, 1, 100000,
               "stored steps of one transaction");
  spec.Integer("pipeline.relay_batch_max", &server.part.pipeline.relay_batch_max, 1, 100000,
               "events that go to the bus together");
  spec.Bool("pipeline.read_ahead", &server.part.pipeline.read_ahead,
            "read the bus's next records on a thread of their own while a batch is handled");
  spec.Integer("pipeline.erasures_waiting_max", &server.part.pipeline.erasures_waiting_max, 1, 1000000,
               "decided erasures whose keys are destroyed together");
  spec.Integer("pipeline.erasures_per_sweep_max", &server.part.pipeline.erasures_per_sweep_max, 1, 100000,
               "erased clients whose rows are deleted in one walk over the tables");
  spec.Integer("pipeline.erasure_rows_per_batch_max", &server.part.pipeline.erasure_rows_per_batch_max, 1, 1000000,
               "rows that one transaction of that walk looks at");
  spec.Duration("pipeline.lease_lasts", &server.part.pipeline.lease_lasts, absl::Seconds(1), absl::Minutes(5),
                "replicas: when one dies, another handles due instants, steps and the outbox after so long");
  spec.Duration("pipeline.shared_tell", &server.part.pipeline.shared_tell, absl::Milliseconds(50), absl::Seconds(10),
                "replicas: how often others are told what was read");
  spec.Duration("pipeline.shared_look", &server.part.pipeline.shared_look, absl::Milliseconds(10), absl::Seconds(10),
                "replicas: how often is looked what others have told or left");
  spec.Duration("pipeline.shared_patience", &server.part.pipeline.shared_patience, absl::Seconds(1), absl::Minutes(5),
                "replicas: due instants wait so long for what others have to read");
  spec.Check([&server] {
    const pipeline::Limits& limits = server.part.pipeline;
    if (limits.lease_lasts >= 4 * limits.shared_tell) return absl::OkStatus();
    return absl::InvalidArgumentError("pipeline.lease_lasts: at least four times pipeline.shared_tell");
  });
  spec.Duration("pipeline.idle_wait", &server.part.pipeline.idle_wait, absl::Milliseconds(1), absl::Seconds(1),
                "how long a loop without work rests");
  spec.Enum("log.level", &settings.log_level,
            {{"debug", LogLevel::kDebug},
             {"info", LogLevel::kInfo},
             {"warning", LogLevel::kWarning},
             {"error", LogLevel::kError}},
            "lowest level that is logged");
}

}  // namespace polku::host
