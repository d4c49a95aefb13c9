#include "services/follow-up/domain/findings.h"

#include <algorithm>
#include <utility>

#include "libs/pipeline/proto_time.h"
#include "services/follow-up/domain/moment.h"
#include "services/follow-up/domain/outreach_hold.h"
#include "services/follow-up/domain/spells.h"

namespace polku::follow_up {
namespace {

using namespace polku::follow_up::v1;  // NOLINT: the rules speak of little else.
using polku::pathway::v1::RuleSet;
using polku::pipeline::FromProto;

int64_t StartUs(const google::type::Date& date) { return Micros(StartOfDay(FromProto(date))); }

// R1: a person said so; there is nothing to wait for. Resolved once and for all.
std::optional<Finding> EndedEarly(const JourneyRecord& journey, const MeasureRecord& measure) {
  if (measure.phase() != MEASURE_PHASE_ENDED_EARLY || IsGoodEnd(measure.end_reason())) return std::nullopt;
  if (FindFloor(journey, RULE_ENDED_EARLY, measure.plan().measure()) != nullptr) return std::nullopt;
  const int64_t end = StartUs(measure.end_date());
  return Finding{RULE_ENDED_EARLY, measure.plan().measure(), end, end, /*absence=*/false};
}

// R10. A plan may be approved after its own start; nobody can be late before that.
std::optional<Finding> NotStarted(const JourneyRecord& journey, const MeasureRecord& measure, const RuleSet& rules) {
  const absl::CivilDay from = std::max(FromProto(measure.plan().start_date()), LocalDay(At(measure.approve_us())));
  const int64_t counted_from = std::max(StartUs(measure.plan().start_date()), measure.approve_us());
  const int no_delay = measure.plan().start_within_office_days();
  const int days = no_delay > 0 ? no_delay : rules.not_started_office_days();
  const Finding finding = Behind(SpellsOf(journey, measure), days,
                                 AboveFloor(journey, {RULE_NOT_STARTED, measure.plan().measure(), counted_from,
                                                      Micros(EndOfOfficeDay(from, days))}));
  if (measure.has_start_date() && StartUs(measure.start_date()) < finding.due_us) return std::nullopt;
  if (!measure.has_start_date() && HasEnded(measure) && StartUs(measure.end_date()) < finding.due_us) {
    return std::nullopt;
  }
  return finding;
}

// R11.
std::optional<Finding> PlanOverrun(const JourneyRecord& journey, const MeasureRecord& measure, const RuleSet& rules) {
  if (!measure.has_start_date()) return std::nullopt;
  const absl::CivilDay planned_end = FromProto(measure.plan().end_date());
  const int days = rules.plan_overrun_office_days();
  const Finding finding =
      Behind(SpellsOf(journey, measure), days,
             AboveFloor(journey, {RULE_PLAN_OVERRUN, measure.plan().measure(), Micros(EndOfDay(planned_end)),
                                  Micros(EndOfOfficeDay(planned_end, days))}));
  if (HasEnded(measure) && StartUs(measure.end_date()) < finding.due_us) return std::nullopt;
  return finding;
}

// R7: from the opening of the journey on; the deadline is the pathway's until the assessment
// service has told its own.
std::optional<Finding> OverdueAssessment(const JourneyRecord& journey) {
  const Finding finding = AboveFloor(
      journey, {RULE_OVERDUE_ASSESSMENT, "", journey.assessment_open_us(), journey.assessment_deadline_us()});
  const int64_t complete = journey.assessment_complete_us();
  return complete != 0 && complete <= finding.due_us ? std::nullopt : std::optional(finding);
}

// Whether anything but R3 itself is known or suspected to be broken, or is still to come. The sessions of an ended
// measure may wait for a source that is silent for good: nothing waits for these. R8 tells of no break.
bool HasOtherStep(const JourneyRecord& journey) {
  const auto& open = journey.interruptions();
  if (journey.assessment_complete_us() == 0 ||
      std::any_of(open.begin(), open.end(),
                  [](const InterruptionRecord& each) { return each.rule() != RULE_STATUTORY_POINT; })) {
    return true;
  }
  const auto& holds = journey.holds();
  const auto& measures = journey.measures();
  return std::any_of(holds.begin(), holds.end(),
                     [&](const Hold& hold) {
                       return hold.rule() != RULE_NO_NEXT_MEASURE &&
                              (hold.source().empty() || !IsAboutEndedSessions(journey, hold));
                     }) ||
         std::any_of(measures.begin(), measures.end(), [](const MeasureRecord& measure) { return !HasEnded(measure); });
}

// R3. Once found or held it is about that gap, and only a plan from inside the gap disproves it, or another assessment
// that was under way at its limit.
std::optional<Finding> NoNextMeasure(const JourneyRecord& journey, const RuleSet& rules) {
  const std::optional<int64_t> anchor = AnchorOf(journey, RULE_NO_NEXT_MEASURE);
  if (!anchor.has_value() && HasOtherStep(journey)) return std::nullopt;
  const int64_t idle = anchor.value_or(journey.idle_since_us());
  const int days = rules.no_next_measure_office_days();
  const Finding finding =
      Behind(SpellsOf(journey), days,
             AboveFloor(journey, {RULE_NO_NEXT_MEASURE, "", idle, Micros(EndOfOfficeDay(LocalDay(At(idle)), days))}));
  const int64_t complete = journey.assessment_complete_us();
  const bool assessed_again =
      journey.assessment_open_us() <= finding.due_us && (complete == 0 || complete > finding.due_us);
  if (assessed_again) return std::nullopt;
  for (const MeasureRecord& measure : journey.measures()) {
    const bool over_before = HasEnded(measure) && StartUs(measure.end_date()) <= idle;
    if (measure.approve_us() <= finding.due_us && !over_before) return std::nullopt;
  }
  return finding;
}

void Add(std::optional<Finding> finding, std::vector<Finding>& findings) {
  if (finding.has_value()) findings.push_back(*std::move(finding));
}

std::vector<Finding> AllFindings(const JourneyRecord& journey, const RuleSet& rules, bool missed_attendance) {
  std::vector<Finding> findings;
  if (!journey.open()) return findings;
  if (StandingCircumstance(journey) != nullptr) {
    Add(ChangedCircumstance(journey, rules), findings);
    return findings;
  }
  findings.reserve(8);
  for (const MeasureRecord& measure : journey.measures()) {
    Add(EndedEarly(journey, measure), findings);
    if (missed_attendance) Add(MissedAttendance(journey, measure, rules), findings);
    Add(NotStarted(journey, measure, rules), findings);
    Add(PlanOverrun(journey, measure, rules), findings);
    Add(PauseOverrun(journey, &measure, rules), findings);
  }
  Add(NoNextMeasure(journey, rules), findings);
  Add(MissedTransition(journey, rules), findings);
  Add(PauseOverrun(journey, nullptr, rules), findings);
  Add(NoContact(journey, rules), findings);
  Add(OverdueAssessment(journey), findings);
  for (Finding& finding : StatutoryPoints(journey, rules)) findings.push_back(std::move(finding));
  return findings;
}

// Whether R5 or R6 of the whole journey would come out otherwise without that measure: it ran while another one was
// closed or paused, or its marks say that the client came back from a pause.
bool BearsOnJourney(const JourneyRecord& journey, absl::string_view measure, const RuleSet& rules) {
  if (journey.pauses().empty() && journey.closures().empty()) return false;
  JourneyRecord without = journey;
  RemoveMeasure(measure, without);
  return !SameLimit(NoContact(journey, rules), NoContact(without, rules)) ||
         !SamePauseOverruns(journey, without, rules);
}

}  // namespace

std::vector<Finding> Findings(const JourneyRecord& journey, const RuleSet& rules) {
  return AllFindings(journey, rules, /*missed_attendance=*/true);
}

std::vector<Finding> FindingsButMissedAttendance(const JourneyRecord& journey, const RuleSet& rules) {
  return AllFindings(journey, rules, /*missed_attendance=*/false);
}

Finding AboveFloor(const JourneyRecord& journey, Finding finding) {
  const Floor* floor = FindFloor(journey, finding.rule, finding.measure, finding.point);
  if (floor != nullptr) {
    finding.counted_from_us = std::max(finding.counted_from_us, floor->counted_from_us());
    finding.due_us = std::max(finding.due_us, floor->not_before_us());
  }
  return finding;
}

const MeasureRecord* FindMeasure(const JourneyRecord& journey, absl::string_view measure) {
  for (const MeasureRecord& each : journey.measures()) {
    if (each.plan().measure() == measure) return &each;
  }
  return nullptr;
}

const InterruptionRecord* FindOpen(const JourneyRecord& journey, Rule rule, absl::string_view measure,
                                   absl::string_view point) {
  for (const InterruptionRecord& each : journey.interruptions()) {
    if (each.rule() == rule && each.measure() == measure && each.point() == point) return &each;
  }
  return nullptr;
}

const InterruptionRecord* FindOpen(const JourneyRecord& journey, const Finding& finding) {
  return FindOpen(journey, finding.rule, finding.measure, finding.point);
}

const Floor* FindFloor(const JourneyRecord& journey, Rule rule, absl::string_view measure, absl::string_view point) {
  for (const Floor& each : journey.floors()) {
    if (each.rule() == rule && each.measure() == measure && each.point() == point) return &each;
  }
  return nullptr;
}

const Hold* FindHold(const JourneyRecord& journey, const Finding& finding) {
  for (const Hold& each : journey.holds()) {
    if (each.rule() == finding.rule && each.counted_from_us() == finding.counted_from_us &&
        each.measure() == finding.measure) {
      return &each;
    }
  }
  return nullptr;
}

std::optional<int64_t> AnchorOf(const JourneyRecord& journey, Rule rule) {
  const auto began = [](const auto& each) { return each.anchor_us() != 0 ? each.anchor_us() : each.counted_from_us(); };
  if (const InterruptionRecord* open = FindOpen(journey, rule, ""); open != nullptr) return began(*open);
  for (const Hold& hold : journey.holds()) {
    if (hold.rule() == rule && hold.measure().empty()) return began(hold);
  }
  return std::nullopt;
}

void RemoveMeasure(absl::string_view measure, JourneyRecord& journey) {
  auto& measures = *journey.mutable_measures();
  measures.erase(std::remove_if(measures.begin(), measures.end(),
                                [&](const MeasureRecord& each) { return each.plan().measure() == measure; }),
                 measures.end());
}

bool IsAboutEndedSessions(const JourneyRecord& journey, const Hold& hold) {
  const MeasureRecord* measure = FindMeasure(journey, hold.measure());
  return hold.rule() == RULE_MISSED_ATTENDANCE && measure != nullptr && HasEnded(*measure);
}

bool HasEnded(const MeasureRecord& measure) {
  return measure.phase() == MEASURE_PHASE_COMPLETED || measure.phase() == MEASURE_PHASE_ENDED_EARLY ||
         measure.phase() == MEASURE_PHASE_REMOVED;
}

bool SameLimit(const std::optional<Finding>& a, const std::optional<Finding>& b) {
  return a.has_value() == b.has_value() && (!a.has_value() || a->due_us == b->due_us);
}

std::vector<std::string> MeasuresOver(const JourneyRecord& journey, const RuleSet& rules) {
  std::vector<std::string> over;
  const auto& measures = journey.measures();
  if (std::none_of(measures.begin(), measures.end(), HasEnded)) return over;
  if (StandingCircumstance(journey) != nullptr) return over;  // It may be revoked, and what it hides be found.
  const std::vector<Finding> findings = Findings(journey, rules);
  std::optional<JourneyRecord> rest;  // Without those that are over.
  for (const MeasureRecord& measure : measures) {
    const std::string& name = measure.plan().measure();
    const auto is_about = [&](const auto& each) { return each.measure() == name || each.rule() == RULE_NO_CONTACT; };
    if (HasEnded(measure) && !FirstUnmarked(journey, measure, rules).has_value() &&
        std::none_of(journey.interruptions().begin(), journey.interruptions().end(), is_about) &&
        std::none_of(journey.holds().begin(), journey.holds().end(), is_about) &&
        std::none_of(findings.begin(), findings.end(), [&](const Finding& each) { return each.measure == name; }) &&
        !BearsOnJourney(rest.has_value() ? *rest : journey, name, rules)) {
      over.push_back(name);
      if (!rest.has_value()) rest = journey;
      RemoveMeasure(name, *rest);
    }
  }
  return over;
}

bool IsGoodEnd(EndReason reason) { return reason == END_REASON_GOAL_REACHED || reason == END_REASON_WORK_OR_STUDY; }

int64_t ReportingIntervalUs(const MeasureRecord& measure, const RuleSet& rules) {
  if (measure.reporting_interval_us() > 0) return measure.reporting_interval_us();
  return absl::ToInt64Microseconds(FromProto(rules.direct_reporting_interval()));
}

Steps StepsOf(const JourneyRecord& journey, const RuleSet& rules) {
  return StepsOf(journey, Findings(journey, rules), rules);
}

Steps StepsOf(const JourneyRecord& journey, const std::vector<Finding>& findings, const RuleSet& rules) {
  const int64_t recheck = absl::ToInt64Microseconds(FromProto(rules.hold_recheck_interval()));
  Steps steps;
  for (const Finding& finding : findings) {
    if (FindOpen(journey, finding) != nullptr) continue;
    const Hold* hold = FindHold(journey, finding);
    const int64_t step_us = hold == nullptr ? finding.due_us : hold->check_us() + recheck;
    // A point of a benefit says nothing of the chain.
    if (finding.rule != RULE_STATUTORY_POINT) steps.latest_us = std::max(steps.latest_us, step_us);
    if (steps.earliest_us == 0 || finding.due_us < steps.earliest_us) steps.earliest_us = finding.due_us;
  }
  for (const Hold& hold : journey.holds()) {  // R3 waits for these, and no finding may be left beside them.
    if (hold.source().empty() && IsAboutEndedSessions(journey, hold)) {
      steps.latest_us = std::max(steps.latest_us, hold.check_us() + recheck);
    }
  }
  return steps;
}

Finding AsFinding(int64_t budget_us) { return {RULE_UNSPECIFIED, "", budget_us, budget_us}; }

int64_t NextDueUs(const JourneyRecord& journey, const std::vector<Finding>& findings, const RuleSet& rules) {
  if (!journey.open()) return 0;
  int64_t next = journey.outreach_held_until_us();
  if (const int64_t budget = BudgetReturnsUs(journey); budget != 0) {
    const Hold* hold = FindHold(journey, AsFinding(budget));
    const int64_t due = hold == nullptr ? budget : hold->check_us();
    if (next == 0 || due < next) next = due;
  }
  const auto take = [&](const Finding& finding) {
    if (FindOpen(journey, finding) != nullptr) return;
    const Hold* hold = FindHold(journey, finding);
    const int64_t due = hold == nullptr ? finding.due_us : hold->check_us();
    if (next == 0 || due < next) next = due;
  };
  for (const Finding& finding : findings) take(finding);
  for (const InterruptionRecord& open : journey.interruptions()) {
    const std::optional<NextRung> rung = NextRungOf(journey, open, rules);
    if (!rung.has_value()) continue;
    const Hold* hold = FindHold(journey, AsFinding(open, *rung));
    const int64_t due = hold == nullptr ? rung->call_us : hold->check_us();
    if (next == 0 || due < next) next = due;
  }
  for (const MeasureRecord& measure : journey.measures()) {
    const std::optional<Unmarked> unmarked = FirstUnmarked(journey, measure, rules);
    if (!unmarked.has_value()) continue;
    // Not a finding yet, so an open R2 does not stop the sessions from being looked at.
    const Hold* hold = FindHold(journey, {RULE_MISSED_ATTENDANCE, measure.plan().measure(), unmarked->session_end_us});
    const int64_t due = hold == nullptr ? unmarked->due_us : hold->check_us();
    if (next == 0 || due < next) next = due;
  }
  return next;
}

std::vector<std::string> SafetyNetGaps(const JourneyRecord& journey, const RuleSet& rules, absl::Time now) {
  std::vector<std::string> gaps;
  if (!journey.open()) return gaps;
  if (journey.responsible_party().empty()) gaps.push_back("owner");
  if (journey.interruptions_size() == 0 && StepsOf(journey, rules).latest_us <= Micros(now))
    gaps.push_back("next_step");
  return gaps;
}

}  // namespace polku::follow_up
