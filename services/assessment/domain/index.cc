#include "services/assessment/domain/index.h"

#include <cstdint>
#include <string>
#include <utility>
#include <variant>

#include "libs/pipeline/proto_time.h"
#include "services/assessment/domain/evolve.h"

namespace polku::assessment {
namespace {

const store::TableShape& Shape() {
  static const auto& shape = *new store::TableShape{"assessment",
                                                    {"assessment"},
                                                    {"client", "referral", "unit", "pathway", "pathway_version",
                                                     "state", "open_us", "deadline_us", "complete_us", "reason"}};
  return shape;
}

const store::TableShape& GroupShape() {
  static const auto& shape =
      *new store::TableShape{"group_place", {"measure"}, {"client", "provider", "group_code", "first_day", "last_day"}};
  return shape;
}

int64_t NumberOf(const google::type::Date& day) { return day.year() * 10000 + day.month() * 100 + day.day(); }

// Of the plans in force, as long as the journey that they belong to goes on.
void AddGroupPlaces(const v1::ClientAssessment& state, std::vector<pipeline::IndexRow>& rows) {
  for (const v1::Plan& plan : state.plans()) {
    if (plan.state() != v1::PLAN_STATE_APPROVED || !plan.revises().empty()) continue;
    const v1::Assessment* assessment = FindAssessment(state, plan.assessment());
    if (assessment == nullptr || IsJourneyClosed(state, *assessment)) continue;
    for (const v1::PlannedMeasure& measure : plan.measures()) {
      if (measure.group().empty()) continue;
      rows.push_back({&GroupShape(),
                      {measure.measure()},
                      {state.name(), measure.provider(), measure.group(), NumberOf(measure.start_date()),
                       NumberOf(measure.end_date())}});
    }
  }
}

}  // namespace

std::map<std::string, std::string> LookupQueries() {
  return {
      {"group_members",
       "SELECT COUNT(DISTINCT client) FROM group_place WHERE provider = $1 AND group_code = $2 AND client <> $3 AND "
       "first_day <= $4 AND last_day >= $5"}};
}

pipeline::Lookup GroupMembersOf(const std::string& client, const v1::PlannedMeasure& measure) {
  return {"group_members",
          {measure.provider(), measure.group(), client, NumberOf(measure.end_date()), NumberOf(measure.start_date())}};
}

std::vector<pipeline::IndexRow> IndexRows(const v1::ClientAssessment& state) {
  std::vector<pipeline::IndexRow> rows;
  for (const v1::Assessment& assessment : state.assessments()) {
    pipeline::IndexRow row;
    row.shape = &Shape();
    row.key = {assessment.name()};
    row.values = {state.name(),
                  assessment.referral(),
                  assessment.unit(),
                  assessment.pathway(),
                  int64_t{assessment.pathway_version()},
                  int64_t{assessment.state()},
                  store::FromTime(pipeline::FromProto(assessment.open_time())),
                  store::FromTime(pipeline::FromProto(assessment.deadline())),
                  assessment.has_complete_time() ? store::FromTime(pipeline::FromProto(assessment.complete_time()))
                                                 : store::Value(),
                  int64_t{assessment.reason()}};
    rows.push_back(std::move(row));
  }
  AddGroupPlaces(state, rows);
  return rows;
}

v1::Assessment AssessmentFrom(const store::Row& row) {
  v1::Assessment assessment;
  assessment.set_name(std::get<std::string>(row[0]));
  assessment.set_referral(std::get<std::string>(row[1]));
  assessment.set_unit(std::get<std::string>(row[2]));
  assessment.set_pathway(std::get<std::string>(row[3]));
  assessment.set_pathway_version(static_cast<int>(std::get<int64_t>(row[4])));
  assessment.set_state(static_cast<v1::AssessmentState>(std::get<int64_t>(row[5])));
  *assessment.mutable_open_time() = pipeline::ToProto(store::ToTime(row[6]));
  *assessment.mutable_deadline() = pipeline::ToProto(store::ToTime(row[7]));
  if (!std::holds_alternative<std::monostate>(row[8])) {
    *assessment.mutable_complete_time() = pipeline::ToProto(store::ToTime(row[8]));
  }
  assessment.set_reason(static_cast<v1::AssessmentReason>(std::get<int64_t>(row[9])));
  return assessment;
}

}  // namespace polku::assessment
