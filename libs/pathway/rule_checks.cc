#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "google/protobuf/duration.pb.h"
#include "libs/pathway/checks.h"
#include "libs/pathway/field_checks.h"

namespace polku::pathway {
namespace {

using polku::pathway::v1::RuleSet;

// The numbers of a rule set, or of those that a pathway changes: then one that is not given is the rule set's, which
// has been checked by itself.
class Checker {
 public:
  Checker(const RuleSet& rules, const std::string& prefix, Faults& faults)
      : rules_(rules), prefix_(prefix), faults_(faults) {}

  void Range(const std::string& field, int value, int low, int high) {
    if (IsAsked(field)) CheckRange(prefix_ + field, value, low, high, faults_);
  }

  void Duration(const std::string& field, const google::protobuf::Duration& value, absl::Duration low,
                absl::Duration high) {
    if (!IsAsked(field) || !Require(prefix_ + field, faults_)) return;
    const absl::Duration duration = absl::Seconds(value.seconds()) + absl::Nanoseconds(value.nanos());
    if (duration < low || duration > high) {
      faults_.Add(prefix_ + field,
                  absl::StrCat("must be ", absl::FormatDuration(low), " to ", absl::FormatDuration(high)));
    }
  }

  template <class List>
  void NotEmpty(const std::string& field, const List& list) {
    if (IsAsked(field) && list.empty()) faults_.Add(prefix_ + field, "must not be empty");
  }

  // Each rung of the outreach ladder is used up later than the one before.
  void Ladder() {
    const std::pair<const char*, int> rungs[] = {
        {"outreach_second_attempt_office_days", rules_.outreach_second_attempt_office_days()},
        {"outreach_letter_office_days", rules_.outreach_letter_office_days()},
        {"outreach_visit_office_days", rules_.outreach_visit_office_days()},
        {"outreach_supervisor_office_days", rules_.outreach_supervisor_office_days()},
        {"outreach_meeting_office_days", rules_.outreach_meeting_office_days()}};
    int before = rules_.outreach_first_attempt_office_days();
    for (const auto& [field, days] : rungs) {
      Range(field, days, 1, 120);
      if (days <= before) faults_.Add(prefix_ + field, "must be later than the rung before");
      before = days;
    }
  }

 private:
  bool IsAsked(const std::string& field) const { return prefix_.empty() || faults_.Given(prefix_ + field); }

  const RuleSet& rules_;
  const std::string prefix_;
  Faults& faults_;
};

void CheckTimeUseActivities(const RuleSet& rules, Faults& faults) {
  if (rules.time_use_activities().empty()) faults.Add("time_use_activities", "needs at least one");
  std::set<std::string> codes;
  for (int i = 0; i < rules.time_use_activities_size(); ++i) {
    const std::string path = absl::StrCat("time_use_activities[", i, "]");
    CheckCode(path, rules.time_use_activities(i), faults);
    if (!codes.insert(rules.time_use_activities(i)).second) faults.Add(path, "is there twice");
  }
}

// What counts for the rules of follow-up.
void CheckJourneyNumbers(const RuleSet& rules, Checker& check) {
  check.Range("misses_in_a_row", rules.misses_in_a_row(), 1, 20);
  check.Range("no_next_measure_office_days", rules.no_next_measure_office_days(), 1, 250);
  check.Range("no_contact_days", rules.no_contact_days(), 1, 365);
  check.Range("not_started_office_days", rules.not_started_office_days(), 1, 250);
  check.Range("plan_overrun_office_days", rules.plan_overrun_office_days(), 1, 250);
  check.Duration("direct_reporting_interval", rules.direct_reporting_interval(), absl::ZeroDuration(),
                 absl::Hours(31 * 24));
  check.Range("outreach_first_attempt_office_days", rules.outreach_first_attempt_office_days(), 1, 30);
  check.Duration("hold_recheck_interval", rules.hold_recheck_interval(), absl::Minutes(1), absl::Hours(7 * 24));
  check.Ladder();
  check.Range("pause_overrun_office_days", rules.pause_overrun_office_days(), 1, 30);
  check.Range("pause_days_max", rules.pause_days_max(), 1, 366);
  check.Range("transition_accept_office_days", rules.transition_accept_office_days(), 1, 30);
  check.Range("transition_contact_office_days", rules.transition_contact_office_days(), 1, 30);
  check.Range("transition_meeting_days", rules.transition_meeting_days(), 1, 60);
  check.Range("changed_circumstance_office_days", rules.changed_circumstance_office_days(), 1, 60);
  check.NotEmpty("follow_up_purposes", rules.follow_up_purposes());
  check.Range("outreach_hold_days_max", rules.outreach_hold_days_max(), 1, 366);
  check.Range("reopen_within_days", rules.reopen_within_days(), 1, 366);
  check.Range("outreach_client_day_max", rules.outreach_client_day_max(), 1, 20);
}

// What goes with benefit days only, and what with months only.
void CheckCounting(const polku::pathway::v1::StatutoryPoint& point, int warn_benefit_days, const std::string& path,
                   Faults& faults) {
  const bool of_days = point.benefit_days() != 0;
  if (point.part_time() && of_days) faults.Add(path + ".part_time", "goes with absence_months");
  if (point.until_month_before() && !of_days) faults.Add(path + ".until_month_before", "goes with benefit_days");
  const int behind = point.behind_benefit_days();
  if (behind == 0) {
    if (point.return_days() != 0) faults.Add(path + ".return_days", "goes with behind_benefit_days");
    return;
  }
  if (!of_days) return faults.Add(path + ".behind_benefit_days", "goes with benefit_days");
  if (point.until_month_before()) {
    faults.Add(path + ".until_month_before", "does not go with behind_benefit_days");
  }
  CheckRange(path + ".behind_benefit_days", behind, warn_benefit_days + 1, 400, faults);
  CheckRange(path + ".return_days", point.return_days(), 1, 366, faults);
}

void CheckStatutoryPoints(const RuleSet& rules, Faults& faults) {
  CheckRange("statutory_warn_days", rules.statutory_warn_days(), 1, 28, faults);
  CheckRange("statutory_warn_benefit_days", rules.statutory_warn_benefit_days(), 1, 29, faults);
  CheckRange("statutory_window_years", rules.statutory_window_years(), 1, 5, faults);
  std::set<std::string> codes;
  for (int i = 0; i < rules.statutory_points_size(); ++i) {
    const auto& point = rules.statutory_points(i);
    const std::string path = absl::StrCat("statutory_points[", i, "]");
    CheckCode(path + ".code", point.code(), faults);
    if (!point.code().empty() && !codes.insert(point.code()).second) faults.Add(path + ".code", "is there twice");
    if ((point.benefit_days() != 0) == (point.absence_months() != 0)) {
      faults.Add(path, "needs either benefit_days or absence_months");
    } else if (point.benefit_days() != 0) {
      CheckRange(path + ".benefit_days", point.benefit_days(), rules.statutory_warn_benefit_days() + 1, 400, faults);
    } else {
      CheckRange(path + ".absence_months", point.absence_months(), 1, 12, faults);
    }
    CheckCounting(point, rules.statutory_warn_benefit_days(), path, faults);
    CheckText(path + ".duty", point.duty(), faults);
  }
}

}  // namespace

void CheckRules(const RuleSet& rules, Faults& faults) {
  Checker check(rules, "", faults);
  CheckCode("version", rules.version(), faults);
  CheckJourneyNumbers(rules, check);
  check.Range("contact_after_miss_office_days", rules.contact_after_miss_office_days(), 1, 30);
  check.Range("referral_reminder_office_days", rules.referral_reminder_office_days(), 1, 250);
  check.Range("referral_escalation_office_days", rules.referral_escalation_office_days(),
              rules.referral_reminder_office_days() + 1, 250);
  check.Range("retention_years", rules.retention_years(), 0, 120);
  check.NotEmpty("transfer_purposes", rules.transfer_purposes());
  check.Range("assessment_complete_within_days", rules.assessment_complete_within_days(), 1, 365);
  check.Range("assessment_first_contact_office_days", rules.assessment_first_contact_office_days(), 1, 30);
  check.Range("assessment_first_meeting_days", rules.assessment_first_meeting_days(), 1, 365);
  check.Range("assessment_session_record_office_days", rules.assessment_session_record_office_days(), 1, 30);
  check.Range("assessment_consultation_days", rules.assessment_consultation_days(), 1, 365);
  check.Range("outreach_rule_day_max", rules.outreach_rule_day_max(), 1, 1000000);
  check.Range("outreach_day_max", rules.outreach_day_max(), 1, 1000000);
  check.NotEmpty("message_purposes", rules.message_purposes());
  check.Range("quiet_from_hour", rules.quiet_from_hour(), 0, 23);
  check.Range("quiet_to_hour", rules.quiet_to_hour(), 0, 23);
  check.Range("review_list_max", rules.review_list_max(), 1, 100);
  check.Range("outreach_release_count", rules.outreach_release_count(), 1, 1000);
  check.Duration("outreach_release_interval", rules.outreach_release_interval(), absl::Minutes(1), absl::Hours(24));
  CheckStatutoryPoints(rules, faults);
  CheckTimeUseActivities(rules, faults);
  check.NotEmpty("meeting_purposes", rules.meeting_purposes());
}

RuleSet WithChanges(const RuleSet& rules, const RuleSet& changes) {
  RuleSet changed = rules;
  if (!changes.follow_up_purposes().empty()) changed.clear_follow_up_purposes();
  changed.MergeFrom(changes);
  return changed;
}

void CheckRuleChanges(const RuleSet& rules, const RuleSet& changes, Faults& faults) {
  const std::string prefix = "rule_changes.";
  for (const char* field : {"version",
                            "contact_after_miss_office_days",
                            "referral_reminder_office_days",
                            "referral_escalation_office_days",
                            "retention_years",
                            "transfer_purposes",
                            "assessment_complete_within_days",
                            "assessment_first_contact_office_days",
                            "assessment_first_meeting_days",
                            "assessment_session_record_office_days",
                            "assessment_consultation_days",
                            "time_use_activities",
                            "meeting_purposes",
                            "statutory_points",
                            "statutory_warn_days",
                            "statutory_warn_benefit_days",
                            "statutory_window_years",
                            "outreach_rule_day_max",
                            "outreach_day_max",
                            "outreach_release_count",
                            "outreach_release_interval",
                            "review_list_max",
                            "message_purposes",
                            "quiet_from_hour",
                            "quiet_to_hour"}) {
    if (faults.Given(prefix + field)) faults.Add(prefix + field, "is no number that a pathway can change");
  }
  const RuleSet changed = WithChanges(rules, changes);
  Checker check(changed, prefix, faults);
  CheckJourneyNumbers(changed, check);
}

}  // namespace polku::pathway
