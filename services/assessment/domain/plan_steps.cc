#include "services/assessment/domain/plan_steps.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "libs/base/calendar.h"
#include "libs/base/violation.h"
#include "libs/pathway/catalogue.h"
#include "libs/pipeline/proto_time.h"
#include "services/assessment/domain/measure.h"

namespace polku::assessment {
namespace {

using pathway::v1::MeasureType;
using pathway::v1::PathwayDefinition;
using pathway::v1::Role;
using pathway::v1::Step;

std::optional<absl::CivilDay> DayOf(const google::type::Date& date) {
  const auto day = pipeline::DayFrom(date, "date");
  return day.ok() ? std::optional(*day) : std::nullopt;
}

// The only step that has measures of this type for such a client; null when there is none, or several.
const Step* OnlyStepOf(const PathwayDefinition& pathway, const std::string& type, const pathway::ClientFacts& client) {
  const Step* only = nullptr;
  for (const Step& step : pathway.steps()) {
    const auto& types = step.measure_types();
    if (std::find(types.begin(), types.end(), type) == types.end() || !pathway::IsFor(step, client)) continue;
    if (only != nullptr) return nullptr;
    only = &step;
  }
  return only;
}

class Placer {
 public:
  Placer(const v1::ClientAssessment& state, const v1::Assessment& assessment, const PathwayDefinition& pathway,
         absl::CivilDay today, v1::Plan& plan, absl::Status& status)
      : state_(state),
        assessment_(assessment),
        pathway_(pathway),
        client_(FactsOf(state, assessment)),
        today_(today),
        plan_(plan),
        status_(status) {}

  void Place(v1::PlannedMeasure& measure, const std::string& path) {
    const MeasureType* type = pathway::FindMeasureType(pathway_, measure.type());
    if (type == nullptr) return;  // Said by CheckMeasure.
    CheckProvider(*type, measure, path);
    CheckGroup(*type, measure, path);
    if (measure.cost_euros() != 0 && !type->personal_budget()) {
      Wrong(path + ".cost_euros", "is not paid from the personal budget");
    }
    if (pathway_.steps().empty()) {
      if (!measure.step().empty()) Wrong(path + ".step", "must be empty: the pathway has no steps");
      return;
    }
    if (measure.step().empty()) {
      const Step* only = OnlyStepOf(pathway_, measure.type(), client_);
      if (only == nullptr) return Wrong(path + ".step", "is needed: not exactly one step is for such a measure");
      measure.set_step(only->code());
    }
    const Step* step = pathway::FindStep(pathway_, measure.step());
    if (step == nullptr) return Wrong(path + ".step", "is not a step of the pathway");
    const auto& types = step->measure_types();
    if (std::find(types.begin(), types.end(), measure.type()) == types.end()) {
      return Wrong(path + ".step", "has no measures of this type");
    }
    if (!pathway::IsFor(*step, client_)) return Wrong(path + ".step", "is not for this client");
    measure.set_start_within_office_days(step->start_within_office_days());
  }

  // Once every measure has its step.
  void CheckOrder(const v1::PlannedMeasure& measure, const std::string& path) {
    const Step* step = pathway::FindStep(pathway_, measure.step());
    const std::optional<absl::CivilDay> start = DayOf(measure.start_date());
    if (step == nullptr || !start.has_value()) return;
    absl::CivilDay free_from = today_;
    for (const Step* before : pathway::Before(pathway_, *step, client_)) {
      if (before->kind() == pathway::v1::STEP_KIND_ASSESSMENT) continue;  // Complete, or there were no plan.
      if (before->kind() == pathway::v1::STEP_KIND_CONSULTATION) {
        if (!IsAdvised())
          Wrong(path + ".step", absl::StrCat("comes after ", before->code(), ", which is not answered"));
        continue;
      }
      const std::optional<absl::CivilDay> end = LastDayOf(before->code(), *start);
      if (!end.has_value()) {
        Wrong(path + ".step", absl::StrCat("comes after ", before->code(), ", which is not planned before it"));
      } else {
        free_from = std::max(free_from, *end);
      }
    }
    const int within = step->start_within_office_days();
    if (within > 0 && *start > AddOfficeDays(free_from, within)) {
      Wrong(path + ".start_date", absl::StrCat("is more than ", within, " office days after ", FormatDay(free_from)));
    }
  }

  void CheckPlaceInGroup(const v1::PlannedMeasure& measure, const std::string& path,
                         const std::vector<store::Row>& members) {
    const MeasureType* type = pathway::FindMeasureType(pathway_, measure.type());
    if (type == nullptr || members.empty()) return;
    if (std::get<int64_t>(members[0][0]) >= type->group_size_max()) {
      Wrong(path + ".group", absl::StrCat("has ", type->group_size_max(), " members on these days: it is full"));
    }
  }

 private:
  void Wrong(const std::string& path, absl::string_view what) { AddViolation(status_, path, what); }

  void CheckProvider(const MeasureType& type, const v1::PlannedMeasure& measure, const std::string& path) {
    const Role* role = pathway::FindRole(pathway_, type.provider_role());
    if (role == nullptr) return;
    const absl::CivilDay day = std::max(today_, DayOf(measure.start_date()).value_or(today_));
    if (!pathway::Plays(*role, measure.provider(), assessment_.municipality(), day)) {
      Wrong(path + ".provider", absl::StrCat("does not play the role ", role->code(), " for this client"));
    }
  }

  void CheckGroup(const MeasureType& type, const v1::PlannedMeasure& measure, const std::string& path) {
    if (type.group_size_max() == 0) {
      if (!measure.group().empty()) Wrong(path + ".group", "must be empty: this type has no groups");
    } else if (!IsCode(measure.group())) {
      Wrong(path + ".group", "must be 1 to 63 of a-z, 0-9 and hyphen");
    }
  }

  bool IsAdvised() const {
    return std::any_of(state_.consultations().begin(), state_.consultations().end(), [&](const auto& each) {
      return each.assessment() == assessment_.name() && each.state() == v1::CONSULTATION_STATE_ANSWERED;
    });
  }

  // The last planned day of the measures of that step that begin by `start`, here and in plans in force.
  std::optional<absl::CivilDay> LastDayOf(const std::string& step, absl::CivilDay start) const {
    std::optional<absl::CivilDay> last;
    const auto look = [&](const v1::Plan& plan) {
      for (const v1::PlannedMeasure& each : plan.measures()) {
        const std::optional<absl::CivilDay> begins = DayOf(each.start_date());
        const std::optional<absl::CivilDay> ends = DayOf(each.end_date());
        if (each.step() != step || !begins.has_value() || !ends.has_value() || *begins > start) continue;
        if (!last.has_value() || *last < *ends) last = ends;
      }
    };
    look(plan_);
    for (const v1::Plan& plan : state_.plans()) {
      if (plan.state() == v1::PLAN_STATE_APPROVED && plan.revises().empty()) look(plan);
    }
    return last;
  }

  const v1::ClientAssessment& state_;
  const v1::Assessment& assessment_;
  const PathwayDefinition& pathway_;
  const pathway::ClientFacts client_;
  const absl::CivilDay today_;
  v1::Plan& plan_;
  absl::Status& status_;
};

}  // namespace

pathway::ClientFacts FactsOf(const v1::ClientAssessment& state, const v1::Assessment& assessment) {
  pathway::ClientFacts facts;
  facts.segment = assessment.segment();
  facts.needs.insert(assessment.needs().begin(), assessment.needs().end());
  facts.outcome = assessment.outcome();
  for (const v1::InstrumentRecord& record : state.instruments()) {
    if (!record.superseded_by().empty()) continue;
    for (const v1::InstrumentResult& result : record.results()) {
      const std::vector<std::string> id_and_version = absl::StrSplit(result.instrument(), '/');
      if (!result.class_code().empty()) facts.classes[id_and_version.front()] = result.class_code();
    }
  }
  return facts;
}

void PlaceOnPathway(const v1::ClientAssessment& state, const v1::Assessment& assessment,
                    const PathwayDefinition& pathway, absl::CivilDay today, absl::string_view field,
                    const std::vector<std::vector<store::Row>>& members, v1::Plan& plan, absl::Status& status) {
  Placer placer(state, assessment, pathway, today, plan, status);
  const auto path = [&](int i) { return absl::StrCat(field, "[", i, "]"); };
  for (int i = 0; i < plan.measures_size(); ++i) placer.Place(*plan.mutable_measures(i), path(i));
  for (int i = 0; i < plan.measures_size(); ++i) placer.CheckOrder(plan.measures(i), path(i));
  size_t group = 0;
  for (int i = 0; i < plan.measures_size(); ++i) {
    if (plan.measures(i).group().empty() || group >= members.size()) continue;
    placer.CheckPlaceInGroup(plan.measures(i), path(i), members[group++]);
  }
}

void CheckBudget(int budget_euros, const google::protobuf::RepeatedPtrField<v1::PlannedMeasure>& measures,
                 const PathwayDefinition* pathway, absl::Status& status) {
  const int most = pathway == nullptr ? budget_euros : pathway->personal_budget().euros_max();
  if (budget_euros < 0 || budget_euros > most) {
    return AddViolation(status, "personal_budget_euros", absl::StrCat("must be 0 to ", most));
  }
  int64_t cost = 0;
  for (const v1::PlannedMeasure& measure : measures) {
    if (measure.cost_euros() < 0) return AddViolation(status, "measures.cost_euros", "must not be negative");
    cost += measure.cost_euros();
  }
  if (cost > budget_euros) {
    AddViolation(status, "personal_budget_euros", absl::StrCat("is less than the ", cost, " that the measures cost"));
  }
}

}  // namespace polku::assessment
