#include "tests/faults/observe.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "libs/base/clock.h"
#include "libs/base/status_macros.h"
#include "libs/pipeline/pipeline.h"
#include "tests/faults/query.h"
#include "tests/faults/topics.h"

namespace polku::faults {
namespace {

using Rows = std::vector<std::vector<std::string>>;

constexpr char kPublished[] =
    "SELECT k.text, MAX(j.public_version) FROM journal j JOIN aggregate_key k ON k.id = j.key_id "
    "WHERE j.public_version > 0 GROUP BY k.text";
constexpr char kApplied[] =
    "SELECT n.text, k.text, MAX(v.last) FROM source_version v JOIN name n ON n.id = v.source_id "
    "JOIN aggregate_key k ON k.id = v.key_id GROUP BY n.text, k.text";
// The trace id stands between two strokes: "00-TRACE-SPAN-00".
constexpr char kTraces[] = "SELECT DISTINCT substr(traceparent, 4, 32) FROM journal";
constexpr char kRequests[] = "SELECT request_id FROM request";
constexpr char kCounts[] =
    "SELECT (SELECT COUNT(*) FROM outbox), (SELECT COUNT(*) FROM step), (SELECT COUNT(*) FROM parked), "
    "(SELECT COUNT(*) FROM aggregate WHERE due_at < ";
constexpr absl::Duration kDueSlack = absl::Seconds(2);
constexpr char kDeadLetters[] = "SELECT topic || '/' || partition || '/' || record_offset FROM dead_letter";
constexpr char kPositions[] = "SELECT topic || '/' || partition, next_offset FROM position";
constexpr char kOutreach[] = "SELECT subject, COUNT(*) FROM task WHERE kind = 1 GROUP BY subject";

// What has become of each client in one service: client, which is the first 44 characters of its parts' names, and
// words. Ids, instants and which coordinator are left out.
struct EndState {
  const char* service;
  const char* sql;
};
constexpr EndState kEndStates[] = {
    {"referral", "SELECT client, 'referral ' || state || ' ' || pathway FROM referral ORDER BY referral"},
    {"assessment", "SELECT client, 'assessment ' || state FROM assessment ORDER BY assessment"},
    {"coordinator-network", "SELECT client, 'assignment ' || state FROM assignment"},
    {"coordinator-network",
     "SELECT client, 'task ' || kind || ' rule ' || rule || ' attempts ' || attempts || ' outcome ' || last_outcome "
     "FROM task ORDER BY kind, rule, attempts"},
    {"follow-up",
     "SELECT client, 'journey open ' || open || ' interruptions ' || open_interruptions || ' owned ' || (owner <> '') "
     "|| ' supported ' || (coordinator <> '') FROM journey"},
    {"follow-up", "SELECT client, 'measure ' || phase FROM measure ORDER BY measure"},
    {"follow-up",
     "SELECT substr(f.interruption, 1, 44), 'found rule ' || f.rule || ' state ' || "
     "COALESCE(e.state, 1) || ' outcome ' || COALESCE(e.outcome, 0) "
     "FROM found_interruption f LEFT JOIN ended_interruption e USING (interruption) ORDER BY f.interruption"},
    {"follow-up",
     "SELECT k.text, 'mark ' || m.status || ' revision ' || m.revision "
     "FROM mark m JOIN aggregate_key k ON k.id = m.key_id ORDER BY m.day, m.session"},
};

int64_t Number(const std::string& text) {
  int64_t number = 0;
  POLKU_CHECK(absl::SimpleAtoi(text, &number));
  return number;
}

std::set<std::string> TopicsOf(const std::set<std::string>& services) {
  std::set<std::string> topics;
  for (const std::string& service : services) topics.insert(pipeline::TopicOf(service));
  return topics;
}

absl::Status ReadService(const std::string& target, ServiceView& view) {
  ASSIGN_OR_RETURN(const Rows requests, Query(target, kRequests));
  // A mark of RecordAttendance is remembered as "ID/N"; stories send one a call.
  for (const auto& row : requests) view.requests.insert(row[0].substr(0, row[0].find('/')));
  ASSIGN_OR_RETURN(const Rows traces, Query(target, kTraces));
  for (const auto& row : traces) view.traces.insert(row[0]);
  ASSIGN_OR_RETURN(const Rows published, Query(target, kPublished));
  for (const auto& row : published) view.published[row[0]] = Number(row[1]);
  ASSIGN_OR_RETURN(const Rows applied, Query(target, kApplied));
  for (const auto& row : applied) view.applied[{row[0], row[1]}] = Number(row[2]);
  ASSIGN_OR_RETURN(const Rows counts,
                   Query(target, absl::StrCat(kCounts, absl::ToUnixMicros(SystemClock().Now() - kDueSlack), ")")));
  view.outbox = Number(counts[0][0]);
  view.steps = Number(counts[0][1]);
  view.parked = Number(counts[0][2]);
  view.overdue = Number(counts[0][3]);
  ASSIGN_OR_RETURN(const Rows letters, Query(target, kDeadLetters));
  for (const auto& row : letters) view.dead_letters.insert(row[0]);
  ASSIGN_OR_RETURN(const Rows positions, Query(target, kPositions));
  for (const auto& row : positions) view.positions[row[0]] = Number(row[1]);
  return absl::OkStatus();
}

void TakeVersions(const std::string& service, const std::vector<RawRecord>& records, Observation& seen) {
  for (const RawRecord& record : records) {
    const auto published = seen.services[service].published.find(record.key.value_or(""));
    if (published == seen.services[service].published.end()) continue;  // Poison has keys of nobody.
    for (const auto& [name, value] : record.headers) {
      if (name == "ce_sequence") seen.bus[service][*record.key].push_back(Number(value));
    }
  }
}

absl::Status ReadBroker(const testing::KafkaBroker& broker, Observation& seen) {
  const Topics topics(broker.bootstrap_servers());
  for (const char* service : kServices) {
    ASSIGN_OR_RETURN(const std::vector<RawRecord> records, topics.ReadAll(pipeline::TopicOf(service)));
    TakeVersions(service, records, seen);
    ASSIGN_OR_RETURN(seen.services[service].committed,
                     topics.Committed(absl::StrCat("polku-", service), TopicsOf(PeersOf(service))));
  }
  return absl::OkStatus();
}

// Name, value, name, value, ..., each with its size in front.
std::vector<std::pair<std::string, std::string>> HeadersIn(const std::string& bytes) {
  std::vector<std::string> parts;
  for (size_t at = 0; at < bytes.size();) {
    uint32_t size = 0;
    for (int i = 3; i >= 0; --i) size = size << 8 | static_cast<uint8_t>(bytes[at + i]);
    parts.push_back(bytes.substr(at + 4, size));
    at += 4 + size;
  }
  std::vector<std::pair<std::string, std::string>> headers;
  for (size_t i = 0; i + 1 < parts.size(); i += 2) headers.emplace_back(parts[i], parts[i + 1]);
  return headers;
}

absl::Status ReadBusFile(const std::string& file, Observation& seen) {
  for (const char* service : kServices) {
    const std::string topic =
        absl::StrCat("(SELECT partition_id FROM partition WHERE topic = '", pipeline::TopicOf(service), "')");
    ASSIGN_OR_RETURN(const Rows rows, Query(file, absl::StrCat("SELECT key, headers FROM record WHERE partition_id IN ",
                                                               topic, " ORDER BY partition_id, offset")));
    std::vector<RawRecord> records;
    for (const auto& row : rows) records.push_back({.key = row[0], .value = {}, .headers = HeadersIn(row[1])});
    TakeVersions(service, records, seen);
    ASSIGN_OR_RETURN(const Rows committed,
                     Query(file, absl::StrCat("SELECT topic || '/' || partition, offset FROM committed WHERE "
                                              "consumer_group = 'polku-",
                                              service, "'")));
    for (const auto& row : committed) seen.services[service].committed[row[0]] = Number(row[1]);
  }
  return absl::OkStatus();
}

}  // namespace

std::set<std::string> PeersOf(const std::string& service) {
  if (service == "referral") return {"assessment", "follow-up"};
  if (service == "assessment") return {"referral", "coordinator-network", "follow-up"};
  if (service == "coordinator-network") return {"referral", "assessment", "follow-up"};
  return {"referral", "assessment", "coordinator-network"};
}

absl::Status ReadDatabases(const Fleet& fleet, Observation& seen) {
  seen.services.clear();
  seen.open_outreach.clear();
  seen.end_states.clear();
  for (const char* service : kServices) {
    ServiceView& view = seen.services[service];
    view.peers = PeersOf(service);
    RETURN_IF_ERROR(ReadService(fleet.Database(service), view));
  }
  ASSIGN_OR_RETURN(const Rows outreach, Query(fleet.Database("coordinator-network"), kOutreach));
  for (const auto& row : outreach) seen.open_outreach[row[0]] = static_cast<int>(Number(row[1]));
  for (const EndState& part : kEndStates) {
    ASSIGN_OR_RETURN(const Rows rows, Query(fleet.Database(part.service), part.sql));
    for (const auto& row : rows) absl::StrAppend(&seen.end_states[row[0]], row[1], "; ");
  }
  return absl::OkStatus();
}

absl::Status ReadRest(Fleet& fleet, Observation& seen) {
  seen.bus.clear();
  RETURN_IF_ERROR(fleet.broker() == nullptr ? ReadBusFile(fleet.BusFile(), seen) : ReadBroker(*fleet.broker(), seen));
  // After what Kafka was told: positions only rise.
  for (const char* service : kServices) {
    ASSIGN_OR_RETURN(const Rows positions, Query(fleet.Database(service), kPositions));
    for (const auto& row : positions) seen.services[service].positions[row[0]] = Number(row[1]);
  }
  for (int program = 0; program < fleet.size(); ++program) {
    ProgramView& view = seen.programs[fleet.NameOf(program)];
    view.ready = fleet.AwaitReady(program).ok();
    view.usage = fleet.UsageOf(program);
  }
  return absl::OkStatus();
}

}  // namespace polku::faults
