#include "services/coordinator-network/testing/world.h"

#include <sqlite3.h>

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "libs/base/calendar.h"
#include "libs/base/status_macros.h"
#include "libs/pipeline/proto_time.h"
#include "services/coordinator-network/lookups.h"

namespace polku::coordinator_network {
namespace {

namespace v1 = ::polku::coordinator_network::v1;
using pipeline::ToProto;
using pipeline::ToProtoDay;

void Bind(sqlite3_stmt* statement, int index, const store::Value& value) {
  if (const auto* number = std::get_if<int64_t>(&value)) {
    sqlite3_bind_int64(statement, index, *number);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    sqlite3_bind_text(statement, index, text->data(), static_cast<int>(text->size()), SQLITE_TRANSIENT);
  }
}

store::Value Column(sqlite3_stmt* statement, int index) {
  switch (sqlite3_column_type(statement, index)) {
    case SQLITE_INTEGER:
      return int64_t{sqlite3_column_int64(statement, index)};
    case SQLITE_NULL:
      return std::monostate();
    default:
      return std::string(reinterpret_cast<const char*>(sqlite3_column_text(statement, index)));
  }
}

// The oneof message with `message` as the case of its type, as the pipeline makes it.
template <class Input>
Input InputWith(const google::protobuf::Message& message) {
  Input input;
  const google::protobuf::Descriptor* descriptor = Input::descriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const google::protobuf::FieldDescriptor* field = descriptor->field(i);
    if (field->message_type() != message.GetDescriptor()) continue;
    input.GetReflection()->MutableMessage(&input, field)->CopyFrom(message);
    return input;
  }
  POLKU_CHECK(false);
  return input;
}

std::string Placeholders(size_t count) {
  std::vector<std::string> places;
  for (size_t i = 1; i <= count; ++i) places.push_back(absl::StrCat("$", i));
  return absl::StrJoin(places, ", ");
}

}  // namespace

std::string TestClient(int n) { return absl::StrFormat("clients/01900000-0000-7000-8000-%012d", n); }

Policy TestPolicy() {
  Policy policy;
  policy.meeting_purposes = {"multi-agency-meeting"};
  policy.message_purposes = {"contact-by-message"};
  return policy;
}

World::World()
    : now(LocalTime(absl::CivilDay(2026, 3, 3), 600)),
      client_domain_(TestPolicy()),
      coordinator_domain_({"client-work", "travel"}) {
  POLKU_CHECK(sqlite3_open(":memory:", &database_) == SQLITE_OK);
  for (const store::Migration& migration : Migrations()) {
    POLKU_CHECK(sqlite3_exec(database_, migration.sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
  }
}

World::~World() { sqlite3_close(database_); }

std::vector<store::Row> World::Query(const std::string& sql, const std::vector<store::Value>& parameters) {
  sqlite3_stmt* statement = nullptr;
  POLKU_CHECK(sqlite3_prepare_v2(database_, sql.c_str(), -1, &statement, nullptr) == SQLITE_OK);
  for (size_t i = 0; i < parameters.size(); ++i) {
    const int index = sqlite3_bind_parameter_index(statement, absl::StrCat("$", i + 1).c_str());
    POLKU_CHECK(index > 0);
    Bind(statement, index, parameters[i]);
  }
  std::vector<store::Row> rows;
  int result;
  while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
    store::Row row;
    for (int i = 0; i < sqlite3_column_count(statement); ++i) row.push_back(Column(statement, i));
    rows.push_back(std::move(row));
  }
  POLKU_CHECK(result == SQLITE_DONE);
  sqlite3_finalize(statement);
  return rows;
}

std::vector<std::vector<store::Row>> World::Look(const std::vector<pipeline::Lookup>& lookups) {
  static const std::map<std::string, std::string> queries = LookupQueries();
  std::vector<std::vector<store::Row>> rows;
  for (const pipeline::Lookup& lookup : lookups) rows.push_back(Query(queries.at(lookup.name), lookup.parameters));
  return rows;
}

void World::Reindex(const std::vector<pipeline::IndexRow>& before, const std::vector<pipeline::IndexRow>& after) {
  for (const pipeline::IndexRow& row : before) {
    std::vector<std::string> tests;
    for (size_t i = 0; i < row.key.size(); ++i) {
      tests.push_back(absl::StrCat(row.shape->key_columns[i], " = $", i + 1));
    }
    Query(absl::StrCat("DELETE FROM ", row.shape->table, " WHERE ", absl::StrJoin(tests, " AND ")), row.key);
  }
  for (const pipeline::IndexRow& row : after) {
    std::vector<std::string> columns = row.shape->key_columns;
    columns.insert(columns.end(), row.shape->value_columns.begin(), row.shape->value_columns.end());
    store::Row values = row.key;
    values.insert(values.end(), row.values.begin(), row.values.end());
    Query(absl::StrCat("INSERT INTO ", row.shape->table, " (", absl::StrJoin(columns, ", "), ") VALUES (",
                       Placeholders(columns.size()), ")"),
          values);
  }
}

template <class Domain>
World::Reply World::Run(const Domain& domain, const std::string& key, typename Domain::State& state,
                        const typename Domain::Input& input, absl::Time fact_time,
                        std::vector<typename Domain::Event>& events_out) {
  pipeline::Context context;
  context.now = now;
  context.covered_until = now - bus_behind;
  context.fact_time = fact_time;
  context.service = "coordinator-network";
  context.principal.organisation = "organisations/unit";
  context.lookups = Look(domain.LookupsOf(key, state, input));
  ASSIGN_OR_RETURN(pipeline::Decision<typename Domain::Event> decision, domain.Decide(state, input, context));
  const std::vector<pipeline::IndexRow> before = domain.Index(state);
  for (const auto& event : decision.events) {
    domain.Evolve(event, state);
    const std::vector<pipeline::IndexRow> rows = domain.RowsOf(event);
    Reindex(rows, rows);
    events_out.push_back(event);
  }
  Reindex(before, domain.Index(state));
  for (pipeline::Step& step : decision.steps) steps_.push_back(std::move(step));
  return std::move(decision.reply);
}

World::Reply World::Send(const v1::ClientSupportInput& input, absl::Time fact_time) {
  ASSIGN_OR_RETURN(const std::string key, client_domain_.KeyOf(input));
  Reply reply = Run(client_domain_, key, clients_[key], input, fact_time, events);
  if (steps_at_once) RunSteps();
  return reply;
}

World::Reply World::Send(const v1::CoordinatorInput& input) {
  ASSIGN_OR_RETURN(const std::string key, coordinator_domain_.KeyOf(input));
  std::vector<v1::CoordinatorEvent> ignored;
  Reply reply = Run(coordinator_domain_, key, coordinators_[key], input, now, ignored);
  if (steps_at_once) RunSteps();
  return reply;
}

void World::RunSteps() {
  const bool before = std::exchange(steps_at_once, false);
  while (!steps_.empty()) {
    const pipeline::Step step = std::move(steps_.front());
    steps_.pop_front();
    if (absl::StartsWith(step.key, "clients/")) {
      POLKU_CHECK(Send(InputWith<v1::ClientSupportInput>(*step.input)).ok());
    } else {
      POLKU_CHECK(Send(InputWith<v1::CoordinatorInput>(*step.input)).ok());
    }
  }
  steps_at_once = before;
}

void World::Register(const std::string& id, int capacity) {
  v1::Coordinator profile;
  profile.add_municipalities("205");
  profile.add_languages("fi");
  profile.add_segments(polku::common::v1::SEGMENT_UNEMPLOYED);
  profile.set_capacity(capacity);
  Register(id, profile);
}

void World::Register(const std::string& id, const v1::Coordinator& profile) {
  v1::CoordinatorInput input;
  input.mutable_register_coordinator()->set_coordinator_id(id);
  *input.mutable_register_coordinator()->mutable_coordinator() = profile;
  input.mutable_register_coordinator()->mutable_coordinator()->set_organisation("organisations/a");
  POLKU_CHECK(Send(input).ok());
}

void World::Refer(const std::string& client) { POLKU_CHECK(Send(ReferralAcceptedFact(client)).ok()); }

absl::StatusOr<v1::Assignment> World::Accept(const std::string& coordinator, const std::string& client) {
  v1::CoordinatorInput input;
  input.mutable_accept_assignment()->set_coordinator(coordinator);
  input.mutable_accept_assignment()->set_client(client);
  ASSIGN_OR_RETURN(const std::unique_ptr<google::protobuf::Message> reply, Send(input));
  return dynamic_cast<const v1::Assignment&>(*reply);
}

absl::StatusOr<v1::Assignment> World::Assign(const std::string& client, const std::string& coordinator) {
  v1::ClientSupportInput input;
  input.mutable_assign_coordinator()->set_client(client);
  input.mutable_assign_coordinator()->set_coordinator(coordinator);
  if (!coordinator.empty()) input.mutable_assign_coordinator()->set_reason("knows the client");
  ASSIGN_OR_RETURN(const std::unique_ptr<google::protobuf::Message> reply, Send(input));
  return dynamic_cast<const v1::Assignment&>(*reply);
}

v1::ClientSupportInput ReferralAcceptedFact(const std::string& client) {
  v1::ClientSupportInput input;
  auto& fact = *input.mutable_referral_accepted();
  fact.set_referral(client + "/referrals/1");
  fact.set_segment(polku::common::v1::SEGMENT_UNEMPLOYED);
  fact.set_municipality("205");
  fact.set_language("fi");
  fact.add_needs("work-ability");
  return input;
}

v1::ClientSupportInput OutreachFact(const std::string& client, int interruption, polku::follow_up::v1::Rule rule,
                                    int measure) {
  v1::ClientSupportInput input;
  auto& fact = *input.mutable_outreach_requested();
  fact.set_interruption(absl::StrCat(client, "/interruptions/", interruption));
  fact.set_rule(rule);
  if (measure != 0) fact.set_measure(absl::StrCat(client, "/measures/", measure));
  *fact.mutable_due_time() = ToProto(EndOfDay(absl::CivilDay(2026, 3, 10)));
  return input;
}

v1::ClientSupportInput RetractedFact(const std::string& client, int interruption) {
  v1::ClientSupportInput input;
  input.mutable_interruption_retracted()->set_interruption(absl::StrCat(client, "/interruptions/", interruption));
  return input;
}

v1::ClientSupportInput ResolvedFact(const std::string& client, int interruption) {
  v1::ClientSupportInput input;
  input.mutable_interruption_resolved()->set_interruption(absl::StrCat(client, "/interruptions/", interruption));
  return input;
}

v1::ClientSupportInput MissedFact(const std::string& client, int measure, absl::CivilDay day) {
  v1::ClientSupportInput input;
  input.mutable_attendance_missed()->set_measure(absl::StrCat(client, "/measures/", measure));
  *input.mutable_attendance_missed()->mutable_date() = ToProtoDay(day);
  return input;
}

v1::ClientSupportInput OverdueFact(const std::string& client, int assessment) {
  v1::ClientSupportInput input;
  input.mutable_assessment_overdue()->set_assessment(absl::StrCat(client, "/assessments/", assessment));
  *input.mutable_assessment_overdue()->mutable_deadline() = ToProto(EndOfDay(absl::CivilDay(2026, 3, 6)));
  return input;
}

v1::ClientSupportInput AssessedFact(const std::string& client, int assessment) {
  v1::ClientSupportInput input;
  input.mutable_assessment_completed()->set_assessment(absl::StrCat(client, "/assessments/", assessment));
  return input;
}

v1::ClientSupportInput ClosedFact(const std::string& client) {
  v1::ClientSupportInput input;
  input.mutable_journey_closed()->set_client(client);
  return input;
}

}  // namespace polku::coordinator_network
