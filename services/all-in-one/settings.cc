#include "services/all-in-one/settings.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "libs/base/resource_name.h"

namespace polku::all_in_one {
namespace {

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
  settings.server.providers = std::move(ids);
  return absl::OkStatus();
}

}  // namespace

void Describe(config::ConfigSpec& spec, Settings& settings) {
  AllInOneConfig& server = settings.server;
  spec.String("data.folder", &server.data_folder, "folder of the databases, the bus and, in keys/, the key files");
  spec.String("erasures.folder", &server.erasures_folder,
              "folder of the erasure ledgers, kept out of backups; empty: <data.folder>.erasures");
  spec.Listen("grpc.listen", &server.grpc_listen, "where gRPC is served; loopback only");
  spec.Bool("grpc.reflection", &server.grpc_reflection, "whether callers may ask for the API's description");
  spec.Bytes("grpc.message_bytes_max", &server.gate.request_bytes_max, 4 << 10, 64 << 20,
             "largest request; a larger one is refused with both sizes");
  spec.Bytes("grpc.receive_bytes_max", &server.receive_bytes_max, 4 << 10, 256 << 20,
             "largest request that is read at all; a larger one is cut off");
  spec.Listen("ops.listen", &server.ops_listen, "where /livez, /readyz and /metrics are served");
  spec.String("pathways.folder", &server.definitions.pathways, "folder of the pathway definitions, *.yaml");
  spec.String("rules.folder", &server.definitions.rules, "folder of the rule sets, *.yaml");
  spec.String("instruments.folder", &server.definitions.instruments, "folder of the instruments, *.yaml");
  spec.Enum("access.mode", &server.access_mode,
            {{"none", AccessMode::kNone}, {"development", AccessMode::kDevelopment}},
            "how callers prove who they are; development believes their metadata and needs loopback");
  spec.Bool("identity.allow_test_codes", &server.allow_test_codes, "whether identity codes of nobody are taken");
  spec.String(
      "feed.providers", &settings.providers,
      "ids of the providers that write topics of their own (polku.provider.ID.activity.v1), with commas between");
  spec.Check([&settings] { return TakeProviders(settings); });
  spec.Duration("call.deadline_default", &server.gate.deadline_default, absl::Seconds(1), absl::Minutes(5),
                "for a call that sets no deadline");
  spec.Duration("call.deadline_max", &server.gate.deadline_max, absl::Seconds(1), absl::Minutes(5),
                "a later deadline counts as this");
  spec.Integer("call.read_threads", &server.gate.read_threads, 1, 64, "threads for queries, per service");
  spec.Integer("call.read_queue_max", &server.gate.read_queue_max, 1, 100000, "queries that may wait, per service");
  spec.Integer("call.watch_streams_max", &server.gate.watch_streams_max, 1, 10000,
               "streams of changes open at once, per service");
  spec.Duration("call.watch_poll_interval", &server.gate.watch_poll_interval, absl::Milliseconds(10), absl::Minutes(1),
                "how often a stream looks for changes");
  spec.Duration("call.watch_max", &server.gate.watch_max, absl::Seconds(10), absl::Hours(24),
                "a stream of changes ends after this and its caller resumes");
  spec.Integer("pipeline.queue_inputs_max", &server.pipeline.queue_inputs_max, 1, 1000000,
               "commands that may wait, per service");
  spec.Integer("pipeline.batch_inputs_max", &server.pipeline.batch_inputs_max, 1, 100000,
               "inputs of one transaction while a command waits");
  spec.Bytes("pipeline.queue_bytes_max", &server.pipeline.queue_bytes_max, int64_t{1} << 20, int64_t{16} << 30,
             "requests of commands that may wait, per service");
  spec.Integer("pipeline.batch_backlog_max", &server.pipeline.batch_backlog_max, 1, 1000000,
               "inputs of one transaction when only the bus has a backlog");
  spec.Bytes("pipeline.batch_bytes_max", &server.pipeline.batch_bytes_max, int64_t{1} << 20, int64_t{1} << 30,
             "records of the bus in one transaction");
  spec.Integer("pipeline.due_per_batch_max", &server.pipeline.due_per_batch_max, 1, 100000,
               "due instants of one transaction");
  spec.Integer("pipeline.steps_per_batch_max", &server.pipeline.steps_per_batch_max, 1, 100000,
               "stored steps of one transaction");
  spec.Integer("pipeline.relay_batch_max", &server.pipeline.relay_batch_max, 1, 100000,
               "events that go to the bus together");
  spec.Bool("pipeline.read_ahead", &server.pipeline.read_ahead,
            "read the bus's next records on a thread of their own while a batch is handled");
  spec.Integer("pipeline.erasures_waiting_max", &server.pipeline.erasures_waiting_max, 1, 1000000,
               "decided erasures whose keys are destroyed together");
  spec.Integer("pipeline.erasures_per_sweep_max", &server.pipeline.erasures_per_sweep_max, 1, 100000,
               "erased clients whose rows are deleted in one walk over the tables");
  spec.Integer("pipeline.erasure_rows_per_batch_max", &server.pipeline.erasure_rows_per_batch_max, 1, 1000000,
               "rows that one transaction of that walk looks at");
  spec.Duration("pipeline.idle_wait", &server.pipeline.idle_wait, absl::Milliseconds(1), absl::Seconds(1),
                "how long a loop without work rests");
  spec.Enum("log.level", &settings.log_level,
            {{"debug", LogLevel::kDebug},
             {"info", LogLevel::kInfo},
             {"warning", LogLevel::kWarning},
             {"error", LogLevel::kError}},
            "lowest level that is logged");
}

}  // namespace polku::all_in_one
