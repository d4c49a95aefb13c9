#include "tests/faults/observe.h"

#include <libpq-fe.h>

#include <memory>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/pipeline/pipeline.h"
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
// The trace id is the second part.
constexpr char kTraces[] = "SELECT DISTINCT split_part(traceparent, '-', 2) FROM journal";
// A mark of RecordAttendance is remembered as "ID/N"; stories send one a call.
constexpr char kRequests[] = "SELECT split_part(request_id, '/', 1) FROM request";
constexpr char kCounts[] =
    "SELECT (SELECT COUNT(*) FROM outbox), (SELECT COUNT(*) FROM step), (SELECT COUNT(*) FROM parked), "
    "(SELECT COUNT(*) FROM aggregate WHERE due_at < extract(epoch FROM clock_timestamp() - INTERVAL '2 s') * 1000000)";
constexpr char kDeadLetters[] = "SELECT topic || '/' || partition || '/' || record_offset FROM dead_letter";
constexpr char kPositions[] = "SELECT topic || '/' || partition, next_offset FROM position";
constexpr char kOutreach[] = "SELECT subject, COUNT(*) FROM task WHERE kind = 1 GROUP BY subject";

// What has become of each client in one service: client, words. Ids, instants and which coordinator are left out.
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
     "SELECT 'clients/' || split_part(f.interruption, '/', 2), 'found rule ' || f.rule || ' state ' || "
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
  for (const auto& row : requests) view.requests.insert(row[0]);
  ASSIGN_OR_RETURN(const Rows traces, Query(target, kTraces));
  for (const auto& row : traces) view.traces.insert(row[0]);
  ASSIGN_OR_RETURN(const Rows published, Query(target, kPublished));
  for (const auto& row : published) view.published[row[0]] = Number(row[1]);
  ASSIGN_OR_RETURN(const Rows applied, Query(target, kApplied));
  for (const auto& row : applied) view.applied[{row[0], row[1]}] = Number(row[2]);
  ASSIGN_OR_RETURN(const Rows counts, Query(target, kCounts));
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

absl::Status ReadTopic(const Topics& topics, const std::string& service, Observation& seen) {
  ASSIGN_OR_RETURN(const std::vector<RawRecord> records, topics.ReadAll(pipeline::TopicOf(service)));
  for (const RawRecord& record : records) {
    const auto published = seen.services[service].published.find(record.key.value_or(""));
    if (published == seen.services[service].published.end()) continue;  // Poison has keys of nobody.
    for (const auto& [name, value] : record.headers) {
      if (name == "ce_sequence") seen.bus[service][*record.key].push_back(Number(value));
    }
  }
  return absl::OkStatus();
}

}  // namespace

std::set<std::string> PeersOf(const std::string& service) {
  if (service == "referral") return {"assessment", "follow-up"};
  if (service == "assessment") return {"referral", "follow-up"};
  if (service == "coordinator-network") return {"referral", "assessment", "follow-up"};
  return {"referral", "assessment", "coordinator-network"};
}

absl::StatusOr<Rows> Query(const std::string& target, const std::string& sql) {
  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(PQconnectdb(target.c_str()), &PQfinish);
  const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(connection.get(), sql.c_str()), &PQclear);
  const ExecStatusType status = PQresultStatus(result.get());
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
    return absl::UnavailableError(absl::StrCat(sql, ": ", PQerrorMessage(connection.get())));
  }
  Rows rows(static_cast<size_t>(PQntuples(result.get())));
  for (int row = 0; row < PQntuples(result.get()); ++row) {
    for (int column = 0; column < PQnfields(result.get()); ++column) {
      rows[row].emplace_back(PQgetvalue(result.get(), row, column));
    }
  }
  return rows;
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
  const Topics topics(fleet.broker().bootstrap_servers());
  seen.bus.clear();
  for (const char* service : kServices) {
    RETURN_IF_ERROR(ReadTopic(topics, service, seen));
    ASSIGN_OR_RETURN(seen.services[service].committed,
                     topics.Committed(absl::StrCat("polku-", service), TopicsOf(PeersOf(service))));
  }
  // After what Kafka was told: positions only rise.
  for (const char* service : kServices) {
    ASSIGN_OR_RETURN(const Rows positions, Query(fleet.Database(service), kPositions));
    for (const auto& row : positions) seen.services[service].positions[row[0]] = Number(row[1]);
  }
  for (int program = 0; program < kPrograms; ++program) {
    ProgramView& view = seen.programs[Fleet::NameOf(program)];
    view.ready = fleet.AwaitReady(program).ok();
    view.usage = fleet.UsageOf(program);
  }
  return absl::OkStatus();
}

}  // namespace polku::faults
