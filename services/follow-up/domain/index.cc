#include "services/follow-up/domain/index.h"

#include <utility>

#include "libs/base/calendar.h"
#include "libs/base/resource_name.h"
#include "libs/pipeline/proto_time.h"
#include "services/follow-up/domain/findings.h"
#include "services/follow-up/domain/journey.h"
#include "services/follow-up/domain/moment.h"
#include "services/follow-up/domain/outreach_hold.h"
#include "services/follow-up/domain/provider_feed.h"
#include "services/follow-up/domain/sessions.h"
#include "services/follow-up/domain/views.h"

namespace polku::follow_up {

using namespace polku::follow_up::v1;  // NOLINT
using pipeline::IndexRow;
using store::TableShape;

const TableShape kJourneyTable{"journey",
                               {"client"},
                               {"open", "owner", "next_step_us", "open_interruptions", "pathway", "coordinator",
                                "limit_week", "rules_version", "pathway_version"}};
const TableShape kActiveRulesTable{"active_rules", {"version"}, {"replaces", "activate_us"}};
const TableShape kMeasureTable{"measure", {"measure"}, {"client", "source", "phase", "provider"}};
const TableShape kHeldTable{"held", {"source", "client"}, {"holds"}};
const TableShape kOpenInterruptionTable{
    "open_interruption",
    {"interruption"},
    {"rule", "measure", "counted_from_us", "due_us", "rules_version", "outreach_waits"}};
const TableShape kFoundInterruptionTable{
    "found_interruption", {"interruption"}, {"rule", "measure", "counted_from_us", "due_us", "rules_version"}};
const TableShape kAmendedInterruptionTable{"amended_interruption", {"interruption"}, {"counted_from_us", "due_us"}};
const TableShape kEndedInterruptionTable{"ended_interruption", {"interruption"}, {"state", "outcome", "end_us"}};
const TableShape kOutreachTable{"outreach", {"interruption"}, {"client", "rule", "request_us", "day"}};
const TableShape kMeasureStartTable{"measure_start", {"measure"}, {"client", "day"}};
const TableShape kOpenedJourneyTable{
    "opened_journey", {"client"}, {"open_us", "day", "pathway", "municipality", "segment"}};
const TableShape kClosedJourneyTable{"closed_journey", {"client"}, {"close_us", "reason"}};
const TableShape kPassedStageTable{"passed_stage", {"subject"}, {"client", "stage", "time_us"}};
const TableShape kMarkTable{"mark", {"key_id", "measure", "day", "session"}, {"revision", "status", "minutes"}};
const TableShape kContactTable{"contact", {"contact", "organisation"}, {"client", "time_us", "meeting"}};
const TableShape kVoidedContactTable{"voided_contact", {"contact"}, {"client"}};
const TableShape kSourceTable{
    "source", {"source"}, {"provider", "complete_through_us", "reporting_interval_us", "last_report_us", "silent"}};

#define POLKU_MARKS_OF "key_id = (SELECT id FROM aggregate_key WHERE text = $1) AND measure = $2"
std::map<std::string, std::string> LookupQueries() {
  return {
      {kMarkLookup,
       "SELECT revision, status, minutes FROM mark WHERE " POLKU_MARKS_OF " AND day = $3 AND session = $4"},
      {kSourcesOfClientLookup,
       "SELECT s.source, s.complete_through_us, s.reporting_interval_us FROM source s WHERE s.source IN "
       "(SELECT m.source FROM measure m WHERE m.client = $1) ORDER BY s.source"},
      {kMarksOfMeasureLookup,
       "SELECT day, session, status, minutes FROM mark WHERE " POLKU_MARKS_OF " ORDER BY day, session"},
      {kContactsOfClientLookup,
       "SELECT c.contact, c.time_us, c.organisation, c.meeting, CASE WHEN v.contact IS NULL THEN 0 ELSE 1 END "
       "FROM contact c LEFT JOIN voided_contact v ON v.contact = c.contact WHERE c.client = $1 AND "
       "(c.contact = $2 OR (c.organisation = $3 AND c.time_us >= $4)) ORDER BY c.time_us, c.contact"},
      {kClientsOfProviderLookup, "SELECT DISTINCT client FROM measure WHERE provider = $1 ORDER BY client"},
      {kActiveRulesLookup, "SELECT version, replaces FROM active_rules ORDER BY version"},
      {kJourneysOfRulesLookup,
       "SELECT client FROM journey WHERE rules_version = $1 AND open = 1 AND client > $2 ORDER BY client LIMIT $3"},
      {kJourneysOfPathwayLookup,
       "SELECT client FROM journey WHERE pathway = $1 AND pathway_version = $2 AND open = 1 AND client > $3 "
       "ORDER BY client LIMIT $4"},
      {kWaitingAtBreakerLookup,
       "SELECT interruption FROM open_interruption WHERE outreach_waits = 3 ORDER BY due_us, interruption LIMIT $1"},
      {kCountWaitingAtBreakerLookup, "SELECT COUNT(*) FROM open_interruption WHERE outreach_waits = 3"},
      {kHeldBySourceLookup, "SELECT client FROM held WHERE source = $1 ORDER BY client"},
  };
}

#undef POLKU_MARKS_OF

// A measure's name without its client's.
std::string PartOf(absl::string_view measure) { return std::string(LastSegment(measure)); }

int64_t DayNumber(const google::type::Date& date) { return date.year() * 10000 + date.month() * 100 + date.day(); }

absl::CivilDay DayOfIndex(int64_t number) { return absl::CivilDay(number / 10000, number / 100 % 100, number % 100); }

int64_t WeekOfIndex(int64_t time_us) { return time_us / absl::ToInt64Microseconds(absl::Hours(24 * 7)); }

// A list in braces would copy each text once more.
template <class... Values>
store::Row RowOf(Values&&... values) {
  store::Row row;
  row.reserve(sizeof...(values));
  (row.emplace_back(std::forward<Values>(values)), ...);
  return row;
}

// Whether the state alone tells that this session was never marked, as it does for nearly every mark. Sessions of a
// revised plan may have lost their place.
bool IsFirstMark(const AttendanceMark& mark, const JourneyRecord& journey) {
  const MeasureRecord* measure = FindMeasure(journey, mark.measure());
  if (measure == nullptr || !measure->has_start_date() || measure->earlier_sessions_size() > 0) return false;
  const absl::StatusOr<absl::CivilDay> day = pipeline::DayFrom(mark.date(), "date");
  if (!day.ok()) return false;
  const std::optional<Session> session = Schedule(*measure).Find(*day, mark.session());
  return session.has_value() && MarkAt(measure->sessions(), session->ordinal) == kUnmarked;
}

std::vector<pipeline::Lookup> JourneyDomain::LookupsOf(const std::string& key, const State& state,
                                                       const Input& input) const {
  if (input.has_referral_accepted() || input.has_try_move() || input.has_take_move()) return {{kActiveRulesLookup, {}}};
  if (input.has_attendance_mark() || input.provider_report().has_mark()) {
    const AttendanceMark& mark = input.has_attendance_mark() ? input.attendance_mark() : input.provider_report().mark();
    if (IsFirstMark(mark, state)) return {};
    return {{kMarkLookup,
             {key, PartOf(mark.measure()), DayNumber(mark.date()), int64_t{mark.session()}},
             /*of_events=*/true}};
  }
  if (input.has_provider_report()) return LookupsOf(key, state, CommandIn(input.provider_report()));
  if (input.has_plan_revised()) {
    std::vector<pipeline::Lookup> lookups;
    for (const auto& plan : input.plan_revised().changed())
      lookups.push_back({kMarksOfMeasureLookup, {key, PartOf(plan.measure())}});
    return lookups;
  }
  if (input.has_start_measure()) {
    const MeasureRecord* measure = FindMeasure(state, input.start_measure().name());
    if (measure == nullptr || !measure->start_voided()) return {};
    return {{kMarksOfMeasureLookup, {key, PartOf(input.start_measure().name())}}};
  }
  if (input.has_void_record() && IsResourceName(input.void_record().name(), "clients/*/contacts/*")) {
    const TransitionRecord& transition = state.transition();
    return {{kContactsOfClientLookup,
             {key, input.void_record().name(), transition.taker(), transition.offer_us()},
             /*of_events=*/true}};
  }
  if (input.has_tick() || input.has_recheck_coverage()) return {{kSourcesOfClientLookup, {key}}};
  return {};
}

std::vector<IndexRow> IndexOf(const JourneyRecord& journey, const Steps& steps) {
  std::vector<IndexRow> rows;
  if (journey.client().empty()) return rows;  // Nothing but early facts.
  const auto or_null = [](int64_t value) { return value == 0 ? store::Value() : store::Value(value); };
  rows.reserve(static_cast<size_t>(1 + journey.measures_size() + journey.interruptions_size()));
  rows.push_back({&kJourneyTable, RowOf(journey.client()),
                  RowOf(int64_t{journey.open()}, journey.responsible_party(), or_null(steps.latest_us),
                        int64_t{journey.interruptions_size()}, journey.pathway(), journey.coordinator(),
                        or_null(steps.earliest_us == 0 ? 0 : WeekOfIndex(steps.earliest_us)), journey.rules_version(),
                        int64_t{journey.pathway_version()})});
  if (!journey.open()) return rows;
  for (const MeasureRecord& measure : journey.measures()) {
    rows.push_back(
        {&kMeasureTable, RowOf(measure.plan().measure()),
         RowOf(journey.client(), measure.plan().source(), int64_t{measure.phase()}, measure.plan().provider())});
  }
  for (const InterruptionRecord& each : journey.interruptions()) {
    rows.push_back({&kOpenInterruptionTable, RowOf(each.interruption()),
                    RowOf(int64_t{each.rule()}, each.measure(), each.counted_from_us(), each.due_us(),
                          FoundBy(journey, each), int64_t{WaitOf(journey, each)})});
  }
  std::map<std::string, int64_t> held;
  for (const Hold& hold : journey.holds()) {
    if (!hold.source().empty()) ++held[hold.source()];
  }
  for (const auto& [source, holds] : held) rows.push_back({&kHeldTable, {source, journey.client()}, {holds}});
  return rows;
}

std::optional<absl::Time> TimeOrNone(int64_t time_us) {
  return time_us == 0 ? std::nullopt : std::optional(At(time_us));
}

std::vector<IndexRow> JourneyDomain::Index(const State& state) const {
  return IndexOf(state, StepsOf(state, RulesOf(catalogue_, state)));
}

pipeline::Standing JourneyDomain::StandingOf(const State& state) const {
  const polku::pathway::v1::RuleSet& rules = RulesOf(catalogue_, state);
  const std::vector<Finding> findings = Findings(state, rules);
  return {IndexOf(state, StepsOf(state, findings, rules)), TimeOrNone(NextDueUs(state, findings, rules))};
}

std::optional<absl::Time> JourneyDomain::NextDue(const State& state) const {
  const polku::pathway::v1::RuleSet& rules = RulesOf(catalogue_, state);
  return TimeOrNone(NextDueUs(state, Findings(state, rules), rules));
}

IndexRow ContactRow(const std::string& name, const std::string& organisation, const google::protobuf::Timestamp& time,
                    bool meeting) {
  return {&kContactTable,
          {name, organisation},
          {ClientOf(name).value_or(""), Micros(pipeline::FromProto(time)), int64_t{meeting}}};
}

IndexRow StageRow(const std::string& subject, Stage stage, const google::protobuf::Timestamp& time) {
  return {&kPassedStageTable,
          {subject},
          {ClientOf(subject).value_or(""), static_cast<int64_t>(stage), Micros(pipeline::FromProto(time))}};
}

// A journey that goes on was opened before.
std::vector<IndexRow> OpeningRows(const JourneyOpened& opened) {
  std::vector<IndexRow> rows = {{&kClosedJourneyTable, {opened.client()}, {int64_t{0}, int64_t{0}}}};
  if (opened.has_reopened_after()) return rows;
  const absl::Time time = pipeline::FromProto(opened.open_time());
  rows.push_back({&kOpenedJourneyTable,
                  {opened.client()},
                  {Micros(time), DayNumber(pipeline::ToProtoDay(LocalDay(time))), opened.pathway(),
                   opened.municipality(), int64_t{opened.segment()}}});
  return rows;
}

std::vector<IndexRow> JourneyDomain::RowsOf(const Event& event) const {
  switch (event.event_case()) {
    case Event::kAttendanceRecorded: {
      const AttendanceMark& mark = event.attendance_recorded().mark();
      std::vector<IndexRow> rows(1);
      rows[0] = {&kMarkTable,
                 RowOf(ClientOf(mark.measure()).value_or(""), PartOf(mark.measure()), DayNumber(mark.date()),
                       int64_t{mark.session()}),
                 RowOf(int64_t{mark.revision()}, int64_t{mark.status()}, int64_t{mark.minutes()})};
      return rows;
    }
    case Event::kOutreachRequested: {
      const OutreachRequested& asked = event.outreach_requested();
      const absl::Time time = pipeline::FromProto(asked.request_time());
      return {{&kOutreachTable,
               {asked.interruption()},
               {ClientOf(asked.interruption()).value_or(""), int64_t{asked.rule()}, Micros(time),
                DayNumber(pipeline::ToProtoDay(LocalDay(time)))}}};
    }
    case Event::kMeasureStarted:
      return {{&kMeasureStartTable,
               {event.measure_started().measure()},
               {ClientOf(event.measure_started().measure()).value_or(""),
                DayNumber(event.measure_started().start_date())}}};
    case Event::kJourneyOpened:
      return OpeningRows(event.journey_opened());
    case Event::kJourneyClosed:
      return {{&kClosedJourneyTable,
               {event.journey_closed().client()},
               {Micros(pipeline::FromProto(event.journey_closed().close_time())),
                int64_t{event.journey_closed().reason()}}}};
    case Event::kAssessmentCompleted:
      return {StageRow(event.assessment_completed().assessment(), Stage::kAssessed,
                       event.assessment_completed().complete_time())};
    case Event::kPlanApproved:
      return {StageRow(event.plan_approved().plan(), Stage::kPlanned, event.plan_approved().approve_time())};
    case Event::kContactRecorded: {
      const ContactRecorded& recorded = event.contact_recorded();
      if (recorded.contact().empty()) return {};  // From before contacts had names.
      return {ContactRow(recorded.contact(), recorded.organisation(), recorded.contact_time(),
                         recorded.kind() == CONTACT_KIND_MEETING)};
    }
    case Event::kMeetingHeld: {
      const auto& held = event.meeting_held();
      std::vector<IndexRow> rows;
      for (const std::string& organisation : held.organisations()) {
        rows.push_back(ContactRow(held.meeting(), organisation, held.start_time(), /*meeting=*/true));
      }
      return rows;
    }
    case Event::kContactVoided:
      return {{&kVoidedContactTable,
               {event.contact_voided().contact()},
               {ClientOf(event.contact_voided().contact()).value_or("")}}};
    case Event::kMeasureInterrupted: {
      const MeasureInterrupted& found = event.measure_interrupted();
      return {{&kFoundInterruptionTable,
               {found.interruption()},
               {int64_t{found.rule()}, found.measure(), Micros(pipeline::FromProto(found.counted_from())),
                Micros(pipeline::FromProto(found.due_time())), found.rules_version()}}};
    }
    case Event::kInterruptionAmended: {
      const InterruptionAmended& amended = event.interruption_amended();
      return {{&kAmendedInterruptionTable,
               {amended.interruption()},
               {Micros(pipeline::FromProto(amended.counted_from())), Micros(pipeline::FromProto(amended.due_time()))}}};
    }
    case Event::kInterruptionRetracted: {
      const InterruptionRetracted& retracted = event.interruption_retracted();
      return {
          {&kEndedInterruptionTable,
           {retracted.interruption()},
           {int64_t{INTERRUPTION_STATE_RETRACTED}, int64_t{0}, Micros(pipeline::FromProto(retracted.retract_time()))}}};
    }
    case Event::kInterruptionResolved: {
      const InterruptionResolved& resolved = event.interruption_resolved();
      return {{&kEndedInterruptionTable,
               {resolved.interruption()},
               {int64_t{INTERRUPTION_STATE_RESOLVED}, int64_t{resolved.outcome()},
                Micros(pipeline::FromProto(resolved.resolve_time()))}}};
    }
    default:
      return {};
  }
}

}  // namespace polku::follow_up
