#include "services/follow-up/domain/reconcile.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/pipeline/proto_time.h"
#include "services/follow-up/domain/evidence.h"
#include "services/follow-up/domain/moment.h"
#include "services/follow-up/domain/outreach_hold.h"
#include "services/follow-up/domain/spells.h"
#include "services/follow-up/domain/words.h"

namespace polku::follow_up {
namespace {

using namespace polku::follow_up::v1;  // NOLINT
using polku::pipeline::FromProto;
using polku::pipeline::ToProto;

// While the bus is behind, nothing tells when it has caught up, so it is looked at often.
constexpr absl::Duration kBusRecheckInterval = absl::Minutes(1);

// Up to where everything that bears on one finding has been reported, and who holds it back.
struct Covered {
  absl::Time until;
  std::string by;  // Empty: the bus.
};

void Narrow(const MeasureRecord& measure, const Coverage& coverage, Covered& covered) {
  const std::string& name = measure.plan().source();
  if (name.empty()) return;
  const Coverage::Source* source = coverage.Find(name);
  const absl::Time until = source == nullptr ? absl::InfinitePast() : source->complete_through;
  if (until < covered.until) covered = {until, name};
}

// Whether what its source has not told yet could disprove the finding. R5 rests on the attendance of
// every measure that had started by its due instant and not ended before its beginning; a rule about one measure on
// that one's source.
bool Bears(const MeasureRecord& measure, const Finding& finding) {
  if (finding.rule != RULE_NO_CONTACT) return measure.plan().measure() == finding.measure;
  if (HasEnded(measure) && Micros(EndOfDay(FromProto(measure.end_date()))) <= finding.counted_from_us) return false;
  return measure.has_start_date() && Micros(StartOfDay(FromProto(measure.start_date()))) <= finding.due_us;
}

Covered CoveredFor(const Finding& finding, const JourneyRecord& journey, const Coverage& coverage) {
  Covered covered{coverage.bus, ""};
  for (const MeasureRecord& measure : journey.measures()) {
    if (Bears(measure, finding)) Narrow(measure, coverage, covered);
  }
  return covered;
}

Hold HoldOf(const Finding& finding, const std::string& by, int64_t check_us) {
  Hold hold;
  hold.set_rule(finding.rule);
  hold.set_measure(finding.measure);
  hold.set_counted_from_us(finding.counted_from_us);
  hold.set_due_us(finding.due_us);
  hold.set_anchor_us(finding.anchor_us);
  hold.set_source(by);
  hold.set_check_us(check_us);
  return hold;
}

// The hold that an uncovered finding has from now on. An earlier look is not put off, nor a
// later one repeated.
Hold Held(const Finding& finding, const Coverage& coverage, const Covered& covered, const Draft& draft) {
  const Hold* before = FindHold(draft.state(), finding);
  if (!coverage.looked) {
    return before != nullptr ? *before : HoldOf(finding, "", draft.now_us());
  }
  const absl::Duration wait =
      covered.by.empty() ? kBusRecheckInterval : FromProto(draft.rules().hold_recheck_interval());
  const bool look_later = before != nullptr && before->check_us() > draft.now_us() && before->source() == covered.by;
  return HoldOf(finding, covered.by, look_later ? before->check_us() : Micros(draft.now() + wait));
}

bool IsSame(const Hold& a, const Hold& b) {
  return a.rule() == b.rule() && a.measure() == b.measure() && a.counted_from_us() == b.counted_from_us() &&
         a.due_us() == b.due_us() && a.anchor_us() == b.anchor_us() && a.source() == b.source() &&
         a.check_us() == b.check_us();
}

void SetHolds(std::vector<Hold> holds, Draft& draft) {
  const auto& before = draft.state().holds();
  if (std::equal(before.begin(), before.end(), holds.begin(), holds.end(), IsSame)) return;
  JourneyEvent event;
  event.mutable_holds_changed();
  for (Hold& hold : holds) *event.mutable_holds_changed()->add_holds() = std::move(hold);
  draft.Emit(std::move(event));
}

template <class Event>
void SetClock(const Finding& finding, Event& event) {
  *event.mutable_counted_from() = ToProto(At(finding.counted_from_us));
  *event.mutable_due_time() = ToProto(At(finding.due_us));
  if (finding.anchor_us != 0) *event.mutable_anchor_time() = ToProto(At(finding.anchor_us));
  if (finding.last_miss_us != 0) *event.mutable_last_miss_time() = ToProto(At(finding.last_miss_us));
}

void Open(const Finding& finding, Draft& draft) {
  const JourneyRecord& journey = draft.state();
  JourneyEvent event;
  MeasureInterrupted& interrupted = *event.mutable_measure_interrupted();
  interrupted.set_interruption(absl::StrCat(journey.client(), "/interruptions/", journey.interruptions_numbered() + 1));
  interrupted.set_rule(finding.rule);
  interrupted.set_measure(finding.measure);
  interrupted.set_statutory_point(finding.point);
  SetClock(finding, interrupted);
  interrupted.set_rules_version(journey.rules_version());
  for (const int64_t version : EvidenceVersions(journey, finding)) {
    interrupted.add_evidence(pipeline::EventId(draft.context().service, journey.client(), version));
  }
  *interrupted.mutable_why() = WhyFound(finding, draft.state(), draft.rules());
  draft.Emit(std::move(event));
}

void Amend(const std::string& interruption, const Finding& finding, Draft& draft) {
  JourneyEvent event;
  InterruptionAmended& amended = *event.mutable_interruption_amended();
  amended.set_interruption(interruption);
  SetClock(finding, amended);
  *amended.mutable_why() = WhyFound(finding, draft.state(), draft.rules());
  draft.Emit(std::move(event));
}

// Whether a spell lies in its time, so that it may come back should the spell turn out to be none.
bool IsSuppressed(const InterruptionRecord& open, const JourneyRecord& journey) {
  if (StandingCircumstance(journey) != nullptr) return true;
  if (open.rule() == RULE_STATUTORY_POINT) return false;  // Its clock runs on through any pause.
  const MeasureRecord* measure = FindMeasure(journey, open.measure());
  const std::vector<Spell> spells = measure == nullptr ? SpellsOf(journey) : SpellsOf(journey, *measure);
  return std::any_of(spells.begin(), spells.end(), [&](const Spell& spell) {
    return spell.from_us < open.due_us() && spell.to_us > open.counted_from_us();
  });
}

void Retract(const InterruptionRecord& open, Draft& draft) {
  JourneyEvent event;
  InterruptionRetracted& retracted = *event.mutable_interruption_retracted();
  retracted.set_interruption(open.interruption());
  *retracted.mutable_retract_time() = ToProto(draft.now());
  retracted.set_suppressed(IsSuppressed(open, draft.state()));
  *retracted.mutable_why() = retracted.suppressed() ? WhySuppressed(draft.state())
                             : draft.why_moved()    ? *draft.why_moved()
                                                    : WhyRetracted(open.rule());
  draft.Emit(std::move(event));
}

const Finding* FindIn(const std::vector<Finding>& findings, const InterruptionRecord& open) {
  const auto place = std::find_if(findings.begin(), findings.end(), [&](const Finding& finding) {
    return finding.rule == open.rule() && finding.measure == open.measure() && finding.point == open.point();
  });
  return place == findings.end() ? nullptr : &*place;
}

bool HasSameClock(const Finding& finding, const InterruptionRecord& open) {
  return finding.counted_from_us == open.counted_from_us() && finding.due_us == open.due_us() &&
         finding.anchor_us == open.anchor_us() && finding.last_miss_us == open.last_miss_us();
}

void CorrectOpenOnes(const std::vector<Finding>& findings, Draft& draft) {
  const std::vector<InterruptionRecord> open(draft.state().interruptions().begin(),
                                             draft.state().interruptions().end());
  for (const InterruptionRecord& each : open) {
    const Finding* finding = FindIn(findings, each);
    if (finding == nullptr || finding->due_us > draft.now_us()) {
      Retract(each, draft);
    } else if (!HasSameClock(*finding, each)) {
      Amend(each.interruption(), *finding, draft);
    }
  }
}

// R3 is not looked at while something else is broken; nor is it when both limits are found to be over at once.
bool StandsBehindAnother(const Finding& finding, const std::vector<Finding>& findings, const JourneyRecord& journey) {
  if (finding.rule != RULE_NO_NEXT_MEASURE || AnchorOf(journey, finding.rule).has_value()) return false;
  return std::any_of(findings.begin(), findings.end(), [&](const Finding& other) {
    if (other.rule == finding.rule || other.rule == RULE_STATUTORY_POINT || other.due_us > finding.due_us) return false;
    const Hold* hold = FindHold(journey, other);
    return hold == nullptr || hold->source().empty() || !IsAboutEndedSessions(journey, *hold);
  });
}

// Opens what is due and covered of `findings`; the rest of what is due comes back as holds.
std::vector<Hold> OpenNewOnes(const std::vector<Finding>& findings, const Coverage& coverage, Draft& draft) {
  std::vector<Hold> holds;
  for (const Finding& finding : findings) {
    if (finding.due_us > draft.now_us() || FindOpen(draft.state(), finding) != nullptr) continue;
    if (StandsBehindAnother(finding, findings, draft.state())) continue;
    const Covered covered = CoveredFor(finding, draft.state(), coverage);
    if (!finding.absence || (coverage.looked && At(finding.due_us) <= covered.until)) {
      Open(finding, draft);
    } else {
      holds.push_back(Held(finding, coverage, covered, draft));
    }
  }
  return holds;
}

Finding AsFinding(const Unmarked& unmarked) {
  return {RULE_MISSED_ATTENDANCE, unmarked.measure->plan().measure(), unmarked.session_end_us, unmarked.due_us};
}

void HoldUnmarkedSessions(const Coverage& coverage, const Draft& draft, std::vector<Hold>& holds) {
  for (const MeasureRecord& measure : draft.state().measures()) {
    const std::optional<Unmarked> unmarked = FirstUnmarked(draft.state(), measure, draft.rules());
    if (!unmarked.has_value() || unmarked->due_us > draft.now_us()) continue;
    const Finding finding = AsFinding(*unmarked);
    holds.push_back(Held(finding, coverage, CoveredFor(finding, draft.state(), coverage), draft));
  }
}

// The outcome of an attempt may still be on the bus: a rung is called only once that is read up to its instant.
void CallRungs(const Coverage& coverage, Draft& draft, std::vector<Hold>& holds) {
  for (int i = 0; i < draft.state().interruptions_size(); ++i) {
    while (true) {
      const InterruptionRecord& open = draft.state().interruptions(i);
      const std::optional<NextRung> next = NextRungOf(draft.state(), open, draft.rules());
      if (!next.has_value() || next->call_us > draft.now_us()) break;
      if (!coverage.looked || At(next->call_us) > coverage.bus) {
        holds.push_back(Held(AsFinding(open, *next), coverage, {coverage.bus, ""}, draft));
        break;
      }
      JourneyEvent event;
      OutreachEscalated& escalated = *event.mutable_outreach_escalated();
      escalated.set_interruption(open.interruption());
      escalated.set_rung(next->rung);
      *escalated.mutable_escalate_time() = ToProto(At(next->call_us));
      *escalated.mutable_due_time() = ToProto(At(next->due_us));
      draft.Emit(std::move(event));
    }
  }
}

// A finding that is due and neither open nor held.
bool HasUnseenDue(const Draft& draft) {
  const std::vector<Finding> findings = Findings(draft.state(), draft.rules());
  return std::any_of(findings.begin(), findings.end(), [&](const Finding& finding) {
    return finding.due_us <= draft.now_us() && FindHold(draft.state(), finding) == nullptr &&
           FindOpen(draft.state(), finding) == nullptr;
  });
}

void LetMeasuresLeave(Draft& draft) {
  const std::vector<std::string> over = MeasuresOver(draft.state(), draft.rules());
  if (over.empty()) return;
  JourneyEvent event;
  for (const std::string& measure : over) event.mutable_measures_left()->add_measures(measure);
  draft.Emit(std::move(event));
}

void LearnReportingIntervals(const Coverage& coverage, Draft& draft) {
  for (int i = 0; i < draft.state().measures_size(); ++i) {
    const MeasureRecord& measure = draft.state().measures(i);
    const Coverage::Source* source = coverage.Find(measure.plan().source());
    if (source == nullptr) continue;
    const int64_t interval_us = absl::ToInt64Microseconds(source->reporting_interval);
    if (interval_us == measure.reporting_interval_us()) continue;
    JourneyEvent event;
    event.mutable_reporting_interval_learned()->set_measure(measure.plan().measure());
    event.mutable_reporting_interval_learned()->set_interval_us(interval_us);
    draft.Emit(std::move(event));
  }
}

// Of a client of whom a restore has left less than was known: nothing is found, taken back or asked for.
void HoldEverything(const std::vector<Finding>& findings, const Coverage& coverage, Draft& draft) {
  std::vector<Hold> holds;
  for (const Finding& finding : findings) {
    if (finding.due_us > draft.now_us() || FindOpen(draft.state(), finding) != nullptr) continue;
    holds.push_back(Held(finding, coverage, {absl::InfinitePast(), ""}, draft));
  }
  const int64_t budget_us = BudgetReturnsUs(draft.state());
  if (budget_us != 0 && budget_us <= draft.now_us()) {
    holds.push_back(Held(follow_up::AsFinding(budget_us), coverage, {absl::InfinitePast(), ""}, draft));
  }
  CallRungs(coverage, draft, holds);
  HoldUnmarkedSessions(coverage, draft, holds);
  SetHolds(std::move(holds), draft);
}

}  // namespace

const Coverage::Source* Coverage::Find(absl::string_view source) const {
  for (const Source& each : sources) {
    if (each.name == source) return &each;
  }
  return nullptr;
}

Coverage CoverageFrom(const pipeline::Context& context) {
  Coverage coverage;
  coverage.looked = true;
  coverage.bus = std::min(context.covered_until, context.now);
  if (context.lookups.empty()) return coverage;
  // Columns: source, complete_through, reporting_interval. See queries.h.
  for (const store::Row& row : context.lookups[0]) {
    const auto* reported = std::get_if<int64_t>(&row[1]);
    coverage.sources.push_back({std::get<std::string>(row[0]),
                                reported == nullptr ? absl::InfinitePast() : At(*reported),
                                absl::Microseconds(std::get<int64_t>(row[2]))});
  }
  return coverage;
}

void HoldWhatIsDue(Draft& draft) {
  std::vector<Hold> holds(draft.state().holds().begin(), draft.state().holds().end());
  const size_t known = holds.size();
  const std::vector<Finding> findings = FindingsButMissedAttendance(draft.state(), draft.rules());
  for (const Finding& finding : findings) {
    if (!finding.absence || finding.due_us > draft.now_us()) continue;
    if (FindOpen(draft.state(), finding) != nullptr) continue;
    if (finding.rule == RULE_NO_NEXT_MEASURE &&
        StandsBehindAnother(finding, Findings(draft.state(), draft.rules()), draft.state())) {
      continue;
    }
    if (FindHold(draft.state(), finding) == nullptr) holds.push_back(HoldOf(finding, "", draft.now_us()));
  }
  if (holds.size() > known) SetHolds(std::move(holds), draft);
}

void JudgeUnmarkedSessions(const Coverage& coverage, Draft& draft) {
  LearnReportingIntervals(coverage, draft);
  for (int i = 0; i < draft.state().measures_size(); ++i) {
    while (true) {
      const std::optional<Unmarked> unmarked = FirstUnmarked(draft.state(), draft.state().measures(i), draft.rules());
      if (!unmarked.has_value() || unmarked->due_us > draft.now_us()) break;
      if (At(unmarked->due_us) > CoveredFor(AsFinding(*unmarked), draft.state(), coverage).until) break;
      JourneyEvent event;
      AttendanceMissed& missed = *event.mutable_attendance_missed();
      missed.set_measure(unmarked->measure->plan().measure());
      *missed.mutable_date() = pipeline::ToProtoDay(unmarked->day);
      missed.set_session(unmarked->on_day);
      missed.set_unmarked(true);
      *missed.mutable_session_end_time() = ToProto(At(unmarked->session_end_us));
      draft.Emit(std::move(event));
    }
  }
}

void Reconcile(const Coverage& coverage, Draft& draft) {
  if (!draft.state().open()) return;
  std::vector<Finding> findings = Findings(draft.state(), draft.rules());
  if (draft.context().held) return HoldEverything(findings, coverage, draft);
  if (!draft.state().interruptions().empty()) {
    CorrectOpenOnes(findings, draft);
    findings = Findings(draft.state(), draft.rules());  // What was retracted may uncover another one.
  }
  std::vector<Hold> holds = OpenNewOnes(findings, coverage, draft);
  AskForOutreach(draft);
  CallRungs(coverage, draft, holds);
  HoldUnmarkedSessions(coverage, draft, holds);
  SetHolds(std::move(holds), draft);
  // What had been held may have stood in the way of another one.
  if (coverage.looked && HasUnseenDue(draft)) return Reconcile(coverage, draft);
  LetMeasuresLeave(draft);
}

}  // namespace polku::follow_up
