#include <algorithm>
#include <set>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "google/type/date.pb.h"
#include "libs/base/resource_name.h"
#include "libs/pathway/catalogue.h"
#include "libs/pathway/checks.h"
#include "libs/pathway/field_checks.h"
#include "libs/pathway/steps.h"

namespace polku::pathway {
namespace {

using polku::pathway::v1::MeasureType;
using polku::pathway::v1::Municipality;
using polku::pathway::v1::PathwayDefinition;

absl::CivilDay DayOf(const google::type::Date& date, absl::CivilDay absent) {
  return date.year() == 0 ? absent : absl::CivilDay(date.year(), date.month(), date.day());
}

absl::CivilDay FirstDay(const Municipality& m) { return DayOf(m.valid_from(), absl::CivilDay(1, 1, 1)); }
absl::CivilDay LastDay(const Municipality& m) { return DayOf(m.valid_to(), absl::CivilDay(9999, 12, 31)); }

void CheckMunicipalities(const PathwayDefinition& definition, Faults& faults) {
  const auto& all = definition.entry().municipalities();
  for (int i = 0; i < all.size(); ++i) {
    const std::string path = absl::StrCat("entry.municipalities[", i, "]");
    const std::string& code = all[i].code();
    bool digits = code.size() == 3;
    for (char c : code) digits = digits && absl::ascii_isdigit(c);
    if (!digits) faults.Add(path + ".code", "must be three digits");
    if (LastDay(all[i]) < FirstDay(all[i])) faults.Add(path + ".valid_to", "is before valid_from");
    for (int k = 0; k < i; ++k) {
      const bool overlap = FirstDay(all[i]) <= LastDay(all[k]) && FirstDay(all[k]) <= LastDay(all[i]);
      if (overlap && digits && all[k].code() == code) {
        faults.Add(path + ".code", "is there twice for the same days");
        break;
      }
    }
  }
}

void CheckQuotas(const PathwayDefinition& definition, Faults& faults) {
  std::set<int> segments;
  for (int i = 0; i < definition.entry().quotas_size(); ++i) {
    const std::string path = absl::StrCat("entry.quotas[", i, "]");
    const auto& quota = definition.entry().quotas(i);
    CheckRange(path + ".places", quota.places(), 1, 100000, faults);
    if (!segments.insert(quota.segment()).second) faults.Add(path + ".segment", "is there twice");
    if (quota.segment() != 0 && !ServesSegment(definition, quota.segment())) {
      faults.Add(path + ".segment", "is not served by the pathway");
    }
  }
}

void CheckEntry(const PathwayDefinition& definition, Faults& faults) {
  if (!Require("entry", faults)) return;
  const auto& entry = definition.entry();
  if (entry.segments().empty()) faults.Add("entry.segments", "needs at least one");
  if (entry.municipalities().empty()) faults.Add("entry.municipalities", "needs at least one");
  if (entry.needs().empty()) faults.Add("entry.needs", "needs at least one");
  std::set<int> segments;
  for (int i = 0; i < entry.segments_size(); ++i) {
    if (!segments.insert(entry.segments(i)).second) {
      faults.Add(absl::StrCat("entry.segments[", i, "]"), "is there twice");
    }
  }
  std::set<std::string> needs;
  for (int i = 0; i < entry.needs_size(); ++i) {
    const std::string path = absl::StrCat("entry.needs[", i, "]");
    CheckCode(path, entry.needs(i), faults);
    if (!needs.insert(entry.needs(i)).second) faults.Add(path, "is there twice");
  }
  CheckMunicipalities(definition, faults);
  CheckQuotas(definition, faults);
  if (std::find(entry.referrers().begin(), entry.referrers().end(), common::v1::ORGANISATION_KIND_CLIENT) !=
      entry.referrers().end()) {
    faults.Add("entry.referrers", "names the client: that is self_referral");
  }
}

void CheckMeasureTypes(const PathwayDefinition& definition, Faults& faults) {
  if (definition.measure_types().empty()) faults.Add("measure_types", "needs at least one");
  std::set<std::string> codes;
  for (int i = 0; i < definition.measure_types_size(); ++i) {
    const MeasureType& type = definition.measure_types(i);
    const std::string path = absl::StrCat("measure_types[", i, "]");
    CheckCode(path + ".code", type.code(), faults);
    if (!type.code().empty() && !codes.insert(type.code()).second) faults.Add(path + ".code", "is there twice");
    CheckText(path + ".title", type.title(), faults);
    CheckOptionalRange(path + ".weekly_days_min", type.weekly_days_min(), 0, 7, faults);
    CheckOptionalRange(path + ".day_minutes_min", type.day_minutes_min(), 0, 1440, faults);
    CheckOptionalRange(path + ".weekly_days_max", type.weekly_days_max(), 0, 7, faults);
    if (type.weekly_days_max() > 0 && type.weekly_days_max() < type.weekly_days_min()) {
      faults.Add(path + ".weekly_days_max", "is less than weekly_days_min");
    }
    CheckOptionalRange(path + ".duration_days_min", type.duration_days_min(), 0, 1100, faults);
    CheckOptionalRange(path + ".duration_days_max", type.duration_days_max(), 0, 1100, faults);
    if (type.duration_days_max() > 0 && type.duration_days_max() < type.duration_days_min()) {
      faults.Add(path + ".duration_days_max", "is less than duration_days_min");
    }
    CheckOptionalRange(path + ".group_size_max", type.group_size_max(), 0, 200, faults);
    if (!type.provider_role().empty() && FindRole(definition, type.provider_role()) == nullptr) {
      faults.Add(path + ".provider_role", "names a role that the pathway does not have");
    }
    if (type.personal_budget() && !definition.has_personal_budget()) {
      faults.Add(path + ".personal_budget", "is true, but the pathway has no personal budget");
    }
  }
}

void CheckOutcomes(const std::string& field, const google::protobuf::RepeatedPtrField<polku::pathway::v1::Outcome>& all,
                   Faults& faults) {
  std::set<std::string> codes;
  for (int i = 0; i < all.size(); ++i) {
    const std::string path = absl::StrCat(field, "[", i, "]");
    CheckCode(path + ".code", all[i].code(), faults);
    if (!codes.insert(all[i].code()).second) faults.Add(path + ".code", "is there twice");
    CheckText(path + ".title", all[i].title(), faults);
  }
}

void CheckAssessment(const polku::pathway::v1::AssessmentStage& stage, Faults& faults) {
  CheckRange("assessment.complete_within_days", stage.complete_within_days(), 1, 365, faults);
  CheckRange("assessment.first_contact_office_days", stage.first_contact_office_days(), 1, 30, faults);
  CheckRange("assessment.first_meeting_days", stage.first_meeting_days(), 1, 365, faults);
  CheckRange("assessment.session_record_office_days", stage.session_record_office_days(), 1, 30, faults);
  CheckRange("assessment.reassess_after_days", stage.reassess_after_days(), 0, 3 * 365, faults);
  CheckRange("assessment.consultation_days", stage.consultation_days(), 1, 365, faults);
  for (int i = 0; i < stage.required_instruments_size(); ++i) {
    CheckCode(absl::StrCat("assessment.required_instruments[", i, "]"), stage.required_instruments(i), faults);
  }
  CheckOutcomes("assessment.outcomes", stage.outcomes(), faults);
}

void CheckRoles(const PathwayDefinition& definition, Faults& faults) {
  std::set<std::string> codes;
  for (int i = 0; i < definition.roles_size(); ++i) {
    const auto& role = definition.roles(i);
    const std::string path = absl::StrCat("roles[", i, "]");
    CheckCode(path + ".code", role.code(), faults);
    if (!codes.insert(role.code()).second) faults.Add(path + ".code", "is there twice");
    CheckText(path + ".title", role.title(), faults);
    Require(path + ".kind", faults);
    for (int k = 0; k < role.players_size(); ++k) {
      const auto& player = role.players(k);
      const std::string at = absl::StrCat(path, ".players[", k, "]");
      if (!IsResourceName(player.organisation(), "organisations/*")) {
        faults.Add(at + ".organisation", "must be organisations/<id>");
      }
      for (int m = 0; m < player.municipalities_size(); ++m) {
        if (KnowsMunicipality(definition, player.municipalities(m))) continue;
        faults.Add(absl::StrCat(at, ".municipalities[", m, "]"), "is not in the service area");
      }
      if (DayOf(player.valid_to(), absl::CivilDay(9999, 12, 31)) <
          DayOf(player.valid_from(), absl::CivilDay(1, 1, 1))) {
        faults.Add(at + ".valid_to", "is before valid_from");
      }
    }
  }
}

void CheckIndicators(const PathwayDefinition& definition, Faults& faults) {
  using polku::pathway::v1::QualityIndicator;
  std::set<std::string> codes;
  for (int i = 0; i < definition.quality_indicators_size(); ++i) {
    const QualityIndicator& indicator = definition.quality_indicators(i);
    const std::string path = absl::StrCat("quality_indicators[", i, "]");
    CheckCode(path + ".code", indicator.code(), faults);
    if (!codes.insert(indicator.code()).second) faults.Add(path + ".code", "is there twice");
    CheckText(path + ".title", indicator.title(), faults);
    Require(path + ".kind", faults);
    CheckRange(path + ".target", indicator.target(), 0, 1000, faults);
    const bool lead_time = indicator.kind() == QualityIndicator::KIND_LEAD_TIME_DAYS;
    const bool from = lead_time || indicator.kind() == QualityIndicator::KIND_DROP_OFF_PERCENT;
    const bool outcome = indicator.kind() == QualityIndicator::KIND_OUTCOME_PERCENT;
    const auto check = [&](const char* field, const std::string& code, bool wanted, bool known) {
      if (wanted && !known) faults.Add(path + field, "is needed by this kind, and must be of the pathway");
      if (!wanted && !code.empty()) faults.Add(path + field, "is of no use to this kind");
    };
    check(".from", indicator.from(), from, FindStep(definition, indicator.from()) != nullptr);
    check(".to", indicator.to(), lead_time, FindStep(definition, indicator.to()) != nullptr);
    check(".outcome", indicator.outcome(), outcome,
          FindOutcome(definition.closing_outcomes(), indicator.outcome()) != nullptr);
  }
}

}  // namespace

void CheckPathway(const PathwayDefinition& definition, Faults& faults) {
  CheckCode("id", definition.id(), faults);
  CheckRange("version", definition.version(), 1, 1000000, faults);
  CheckText("title", definition.title(), faults);
  CheckEntry(definition, faults);
  CheckAssessment(definition.assessment(), faults);
  CheckMeasureTypes(definition, faults);
  CheckCode("rules", definition.rules(), faults);
  Require("status", faults);
  CheckRoles(definition, faults);
  CheckSteps(definition, faults);
  CheckOutcomes("closing_outcomes", definition.closing_outcomes(), faults);
  CheckIndicators(definition, faults);
  if (definition.has_personal_budget()) {
    CheckRange("personal_budget.euros_max", definition.personal_budget().euros_max(), 1, 1000000, faults);
  }
  if (!definition.coordinator_competence().empty()) {
    CheckCode("coordinator_competence", definition.coordinator_competence(), faults);
  }
}

}  // namespace polku::pathway
