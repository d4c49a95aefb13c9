#include "libs/pathway/checks.h"

#include <set>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "google/protobuf/duration.pb.h"
#include "google/type/date.pb.h"
#include "libs/pathway/field_checks.h"

namespace polku::pathway {
namespace {

using polku::pathway::v1::MeasureType;
using polku::pathway::v1::Municipality;
using polku::pathway::v1::PathwayDefinition;
using polku::pathway::v1::RuleSet;

void CheckDuration(const std::string& path, const google::protobuf::Duration& value, absl::Duration low,
                   absl::Duration high, Faults& faults) {
  if (!Require(path, faults)) return;
  const absl::Duration duration = absl::Seconds(value.seconds()) + absl::Nanoseconds(value.nanos());
  if (duration < low || duration > high) {
    faults.Add(path, absl::StrCat("must be ", absl::FormatDuration(low), " to ", absl::FormatDuration(high)));
  }
}

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
}

// Each rung of the outreach ladder is used up later than the one before.
void CheckLadder(const RuleSet& rules, Faults& faults) {
  const std::pair<const char*, int> rungs[] = {
      {"outreach_second_attempt_office_days", rules.outreach_second_attempt_office_days()},
      {"outreach_letter_office_days", rules.outreach_letter_office_days()},
      {"outreach_visit_office_days", rules.outreach_visit_office_days()},
      {"outreach_supervisor_office_days", rules.outreach_supervisor_office_days()}};
  int before = rules.outreach_first_attempt_office_days();
  for (const auto& [path, days] : rungs) {
    CheckRange(path, days, 1, 60, faults);
    if (days <= before) faults.Add(path, "must be later than the rung before");
    before = days;
  }
}

void CheckTimeUseActivities(const RuleSet& rules, Faults& faults) {
  if (rules.time_use_activities().empty()) faults.Add("time_use_activities", "needs at least one");
  std::set<std::string> codes;
  for (int i = 0; i < rules.time_use_activities_size(); ++i) {
    const std::string path = absl::StrCat("time_use_activities[", i, "]");
    CheckCode(path, rules.time_use_activities(i), faults);
    if (!codes.insert(rules.time_use_activities(i)).second) faults.Add(path, "is there twice");
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
}

void CheckRules(const RuleSet& rules, Faults& faults) {
  CheckCode("version", rules.version(), faults);
  CheckRange("misses_in_a_row", rules.misses_in_a_row(), 1, 20, faults);
  CheckRange("no_next_measure_office_days", rules.no_next_measure_office_days(), 1, 250, faults);
  CheckRange("no_contact_days", rules.no_contact_days(), 1, 365, faults);
  CheckRange("not_started_office_days", rules.not_started_office_days(), 1, 250, faults);
  CheckRange("plan_overrun_office_days", rules.plan_overrun_office_days(), 1, 250, faults);
  CheckDuration("direct_reporting_interval", rules.direct_reporting_interval(), absl::ZeroDuration(),
                absl::Hours(31 * 24), faults);
  CheckRange("outreach_first_attempt_office_days", rules.outreach_first_attempt_office_days(), 1, 30, faults);
  CheckRange("contact_after_miss_office_days", rules.contact_after_miss_office_days(), 1, 30, faults);
  CheckDuration("hold_recheck_interval", rules.hold_recheck_interval(), absl::Minutes(1), absl::Hours(7 * 24), faults);
  CheckRange("referral_reminder_office_days", rules.referral_reminder_office_days(), 1, 250, faults);
  CheckRange("referral_escalation_office_days", rules.referral_escalation_office_days(),
             rules.referral_reminder_office_days() + 1, 250, faults);
  CheckRange("retention_years", rules.retention_years(), 0, 120, faults);
  CheckRange("assessment_complete_within_days", rules.assessment_complete_within_days(), 1, 365, faults);
  CheckRange("assessment_first_contact_office_days", rules.assessment_first_contact_office_days(), 1, 30, faults);
  CheckRange("assessment_first_meeting_days", rules.assessment_first_meeting_days(), 1, 365, faults);
  CheckRange("assessment_session_record_office_days", rules.assessment_session_record_office_days(), 1, 30, faults);
  CheckRange("assessment_consultation_days", rules.assessment_consultation_days(), 1, 365, faults);
  CheckLadder(rules, faults);
  CheckRange("pause_overrun_office_days", rules.pause_overrun_office_days(), 1, 30, faults);
  CheckRange("pause_days_max", rules.pause_days_max(), 1, 366, faults);
  CheckRange("transition_accept_office_days", rules.transition_accept_office_days(), 1, 30, faults);
  CheckRange("transition_contact_office_days", rules.transition_contact_office_days(), 1, 30, faults);
  CheckRange("transition_meeting_days", rules.transition_meeting_days(), 1, 60, faults);
  CheckRange("changed_circumstance_office_days", rules.changed_circumstance_office_days(), 1, 60, faults);
  if (rules.transfer_purposes().empty()) faults.Add("transfer_purposes", "must not be empty");
  if (rules.follow_up_purposes().empty()) faults.Add("follow_up_purposes", "must not be empty");
  CheckRange("outreach_hold_days_max", rules.outreach_hold_days_max(), 1, 366, faults);
  CheckRange("reopen_within_days", rules.reopen_within_days(), 1, 366, faults);
  CheckTimeUseActivities(rules, faults);
  if (rules.meeting_purposes().empty()) faults.Add("meeting_purposes", "must not be empty");
}

}  // namespace polku::pathway
