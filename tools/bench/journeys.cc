#include "tools/bench/journeys.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "libs/base/calendar.h"
#include "libs/base/ids.h"
#include "libs/pathway/testing.h"
#include "libs/pipeline/pipeline.h"
#include "libs/pipeline/proto_time.h"
#include "libs/pipeline/wire.h"
#include "libs/store/sqlite/connection.h"
#include "libs/testing/temporary_folder.h"
#include "polku/assessment/v1/events.pb.h"
#include "polku/follow_up/v1/state.pb.h"
#include "polku/referral/v1/events.pb.h"
#include "services/follow-up/service.h"
#include "tools/bench/measure.h"
#include "tools/bench/rig.h"

namespace polku::bench {
namespace {

using pipeline::ToProto;

constexpr int kDays = 5;
constexpr int kSessionMinutes = 90;
constexpr int kFirstMinute = 8 * 60;
constexpr int kLoadAtOnce = 20'000;
// As a source that reports every second week: what is not marked yet is not missed before.
constexpr absl::Duration kReportingInterval = absl::Hours(14 * 24);

absl::Time Noon(absl::CivilDay day) { return absl::FromCivil(absl::CivilHour(day) + 12, Helsinki()); }

int DayOf(int ordinal, int sessions_a_week) {
  return sessions_a_week < kDays ? ordinal : ordinal * kDays / sessions_a_week;
}
int OnDay(int ordinal, int sessions_a_week) {
  return sessions_a_week < kDays ? 0 : ordinal % (sessions_a_week / kDays);
}

// A running follow-up service whose peers are this file.
class Feeder {
 public:
  Feeder(const std::string& folder, const Clock* clock)
      : clock_(clock),
        rig_(folder, follow_up::StoreOptions(), clock),
        service_(rig_.Create<follow_up::Service>(follow_up::Config())),
        producer_(Must(rig_.bus().NewProducer())) {
    Rest();
  }

  void Rest() {
    while (Must(service_->pipeline().Step())) {
    }
  }
  void Fact(const std::string& source, const std::string& client, int64_t version,
            const google::protobuf::Message& fact) {
    store::JournalRow row;
    row.key = client;
    row.public_version = version;
    row.type = fact.GetDescriptor()->full_name();
    row.payload = fact.SerializeAsString();
    row.time = clock_->Now();
    Must(producer_->Publish({pipeline::EncodeEvent(source, 1, row)})[0]);
    Rest();
  }
  void Command(std::unique_ptr<google::protobuf::Message> request) {
    pipeline::Command command;
    command.method = "polku.follow_up.v1.FollowUpService/RecordAttendance";
    command.request = std::move(request);
    command.principal = Caller("provider");
    service_->pipeline().Submit(std::move(command), [](const auto& reply) { Must(reply.status()); });
    Rest();
  }

 private:
  const Clock* const clock_;
  Rig rig_;
  std::unique_ptr<follow_up::Service> service_;
  std::unique_ptr<bus::Producer> producer_;
};

}  // namespace

JourneyTemplate::JourneyTemplate(const JourneyPlan& plan)
    : plan_(plan),
      domain_(pathway::TestCatalogue()),
      monday_(plan.first_monday + 7 * plan.weeks_before),
      now_(Noon(monday_ + 5)) {
  const testing::TemporaryFolder folder;
  SystemRandom random;
  client_ = absl::StrCat("clients/", NewUuidV7(now_, random));
  Live(folder.path());
  Read(folder.path());
}

follow_up::v1::AttendanceMark JourneyTemplate::Mark(const std::string& client, int ordinal, bool present) const {
  follow_up::v1::AttendanceMark mark;
  mark.set_measure(absl::StrCat(client, "/measures/1"));
  *mark.mutable_date() = pipeline::ToProtoDay(monday_ + DayOf(ordinal, plan_.sessions_a_week));
  mark.set_session(OnDay(ordinal, plan_.sessions_a_week));
  mark.set_status(present ? follow_up::v1::ATTENDANCE_STATUS_PRESENT : follow_up::v1::ATTENDANCE_STATUS_ABSENT);
  return mark;
}

void JourneyTemplate::Live(const std::string& folder) {
  ManualClock clock(Noon(plan_.first_monday - 10));
  Feeder feeder(folder, &clock);
  referral::v1::ReferralAccepted accepted;
  accepted.set_referral(client_ + "/referrals/1");
  accepted.set_receiving_unit("organisations/unit");
  accepted.set_segment(common::v1::SEGMENT_UNEMPLOYED);
  accepted.add_needs("work-ability");
  accepted.set_pathway("kainuu-unemployed");
  accepted.set_pathway_version(1);
  accepted.set_municipality("205");
  accepted.set_language("fi");
  *accepted.mutable_accept_time() = ToProto(clock.Now());
  feeder.Fact("referral", client_, 1, accepted);
  assessment::v1::AssessmentCompleted complete;
  complete.set_assessment(client_ + "/assessments/1");
  *complete.mutable_complete_time() = ToProto(clock.Now());
  feeder.Fact("assessment", client_, 1, complete);
  assessment::v1::PlanApproved approved;
  approved.set_plan(client_ + "/plans/1");
  *approved.mutable_approve_time() = ToProto(clock.Now());
  auto& measure = *approved.add_measures();
  measure.set_measure(client_ + "/measures/1");
  measure.set_type("work-trial");
  measure.set_provider("organisations/provider");
  *measure.mutable_start_date() = pipeline::ToProtoDay(plan_.first_monday);
  *measure.mutable_end_date() = pipeline::ToProtoDay(plan_.ends_with_marks ? monday_ - 3 : plan_.first_monday + 7 * 52);
  for (int i = 0; i < plan_.sessions_a_week; ++i) {
    auto& session = *measure.add_sessions();
    session.set_day(static_cast<google::type::DayOfWeek>(1 + DayOf(i, plan_.sessions_a_week)));
    session.set_start_minute(kFirstMinute + OnDay(i, plan_.sessions_a_week) * (kSessionMinutes + 15));
    session.set_end_minute(session.start_minute() + kSessionMinutes);
  }
  feeder.Fact("assessment", client_, 2, approved);
  clock.Set(Noon(plan_.first_monday));
  auto start = std::make_unique<follow_up::v1::StartMeasureRequest>();
  start->set_name(client_ + "/measures/1");
  *start->mutable_start_date() = pipeline::ToProtoDay(plan_.first_monday);
  feeder.Command(std::move(start));
  const absl::CivilDay week = monday_;
  for (monday_ = plan_.first_monday; monday_ < week; monday_ += 7) {
    for (int day = 0; day < kDays; ++day) {
      clock.Set(Noon(monday_ + day) + absl::Hours(8));
      for (int i = 0; i < plan_.sessions_a_week; ++i) {
        if (DayOf(i, plan_.sessions_a_week) != day) continue;
        feeder.Command(std::make_unique<follow_up::v1::AttendanceMark>(Mark(client_, i, true)));
      }
    }
  }
}

void JourneyTemplate::Read(const std::string& folder) {
  SystemRandom random;
  {
    const auto database = Must(OpenDatabase(folder, follow_up::StoreOptions(), &random));
    aggregate_ = Must(Must(database->Read())->Load({client_}))[0];
  }
  aggregate_ = Copy(client_, kReportingInterval).aggregate;
  // The tables of the service's own are those that are not the store's.
  store::sqlite::ConnectionOptions file;
  file.path = DatabasePath(folder, "follow-up");
  const auto connection = Must(store::sqlite::Connection::Open(file));
  const auto rows_of = [&connection](const std::string& sql) {
    std::vector<store::Row> rows;
    store::sqlite::Statement* select = Must(connection->GetText(sql));
    while (Must(select->Step())) {
      store::Row& row = rows.emplace_back();
      for (int i = 0; i < select->columns(); ++i) row.push_back(Must(select->ColumnValue(i)));
    }
    return rows;
  };
  for (const store::Row& name : rows_of("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")) {
    IndexTable table;
    table.shape.table = std::get<std::string>(name[0]);
    bool ours = false;
    for (const store::Migration& migration : follow_up::StoreOptions().migrations) {
      ours = ours || absl::StrContains(migration.sql, absl::StrCat("CREATE TABLE ", table.shape.table, " "));
    }
    if (!ours || (table.shape.table == "mark" && !plan_.mark_rows)) continue;
    for (const store::Row& column : rows_of(absl::StrCat("PRAGMA table_info(", table.shape.table, ")"))) {
      auto& columns = std::get<int64_t>(column[5]) > 0 ? table.shape.key_columns : table.shape.value_columns;
      columns.push_back(std::get<std::string>(column[1]));
    }
    table.rows = rows_of(absl::StrCat("SELECT ", absl::StrJoin(table.shape.key_columns, ","),
                                      table.shape.value_columns.empty() ? "" : ",",
                                      absl::StrJoin(table.shape.value_columns, ","), " FROM ", table.shape.table));
    if (table.shape.key_columns.front() == "key_id") {
      for (store::Row& row : table.rows) row.front() = client_;
    }
    if (!table.rows.empty()) index_.push_back(std::move(table));
  }
}

absl::Time JourneyTemplate::UnmarkedDue(absl::Duration reporting_interval) const {
  const int first_end_minute = kFirstMinute + kSessionMinutes;
  return absl::FromCivil(absl::CivilMinute(monday_) + first_end_minute, Helsinki()) + reporting_interval;
}

store::AggregateWrite JourneyTemplate::Copy(const std::string& client,
                                            std::optional<absl::Duration> reporting_interval) const {
  store::AggregateWrite write{0, aggregate_};
  write.aggregate.key = client;
  write.aggregate.state = absl::StrReplaceAll(aggregate_.state, {{client_, client}});
  if (!reporting_interval.has_value()) return write;
  follow_up::v1::JourneyRecord journey;
  journey.ParseFromString(write.aggregate.state);
  for (auto& measure : *journey.mutable_measures()) {
    measure.set_reporting_interval_us(absl::ToInt64Microseconds(*reporting_interval));
  }
  write.aggregate.state = journey.SerializeAsString();
  write.aggregate.due_at = domain_.NextDue(journey);
  return write;
}

std::vector<std::string> JourneyTemplate::Load(store::Database& database, int count, Random& random,
                                               const std::function<absl::Duration(int)>& reporting_interval) const {
  std::vector<std::string> clients;
  clients.reserve(count);
  for (int first = 0; first < count; first += kLoadAtOnce) {
    const int last = std::min(first + kLoadAtOnce, count);
    std::vector<store::AggregateWrite> writes;
    std::vector<std::vector<store::Row>> rows(index_.size());
    for (int i = first; i < last; ++i) {
      // Ids rise, as they do when clients come one after the other.
      const std::string client = absl::StrCat("clients/", NewUuidV7(now_ + absl::Milliseconds(i), random));
      writes.push_back(Copy(client, reporting_interval ? std::optional(reporting_interval(i)) : std::nullopt));
      for (size_t table = 0; table < index_.size(); ++table) {
        for (store::Row row : index_[table].rows) {
          for (store::Value& value : row) {
            if (auto* text = std::get_if<std::string>(&value)) *text = absl::StrReplaceAll(*text, {{client_, client}});
          }
          rows[table].push_back(std::move(row));
        }
      }
      clients.push_back(client);
    }
    const auto transaction = Must(database.Begin());
    Must(transaction->Save(writes));
    for (size_t table = 0; table < index_.size(); ++table) {
      Must(transaction->Upsert(index_[table].shape, rows[table]));
    }
    Must(transaction->Commit());
  }
  return clients;
}

}  // namespace polku::bench
