#include "services/follow-up/domain/testing/follower.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/calendar.h"
#include "libs/base/status_macros.h"
#include "libs/pipeline/proto_time.h"
#include "services/follow-up/domain/index.h"
#include "services/follow-up/domain/moment.h"

namespace polku::follow_up {
namespace {

using namespace polku::follow_up::v1;  // NOLINT
using polku::pipeline::ToProto;

constexpr char kPathway[] = R"(
id: test-pathway
version: 1
title: {fi: Testi, en: Test}
rules: 2026-1
entry: {segments: [unemployed], municipalities: [{code: "205"}], needs: [work-ability]}
assessment: {complete_within_days: 90, first_contact_office_days: 1, first_meeting_days: 7,
             session_record_office_days: 1, reassess_after_days: 0, consultation_days: 14}
measure_types: [{code: work-trial, title: {fi: Kokeilu, en: Trial}}]
status: active
)";
constexpr char kRules[] = R"(
version: 2026-1
misses_in_a_row: 2
contact_after_miss_office_days: 1
direct_reporting_interval: 24h
no_next_measure_office_days: 5
no_contact_days: 21
not_started_office_days: 5
plan_overrun_office_days: 5
outreach_first_attempt_office_days: 1
hold_recheck_interval: 6h
referral_reminder_office_days: 5
referral_escalation_office_days: 10
retention_years: 10
transfer_purposes: [region-transfer]
transition_accept_office_days: 5
transition_contact_office_days: 1
transition_meeting_days: 7
pause_overrun_office_days: 1
pause_days_max: 182
changed_circumstance_office_days: 5
follow_up_purposes: [service-chain]
outreach_hold_days_max: 30
reopen_within_days: 90
statutory_warn_days: 10
statutory_warn_benefit_days: 15
statutory_window_years: 2
statutory_points:
  - {code: employer-notice, absence_months: 1, segments: [employed], duty: {fi: Ilmoita, en: tell}}
  - {code: allowance-application, absence_months: 2, until_paid: true, duty: {fi: Hae, en: apply}}
  - {code: rehabilitation-need, benefit_days: 60, duty: {fi: Kuntoutus, en: rehabilitation}}
  - {code: work-ability-statement, benefit_days: 90, segments: [employed], without_partial: true,
     duty: {fi: Lausunto, en: statement}}
  - {code: allowance-maximum, benefit_days: 300, until_month_before: true, duty: {fi: Jatko, en: what follows}}
  - {code: allowance-further-maximum, benefit_days: 50, behind_benefit_days: 300, return_days: 30,
     duty: {fi: Jatko, en: what follows}}
  - {code: allowance-application-partial, absence_months: 2, part_time: true, until_paid: true,
     duty: {fi: Hae, en: apply}}
outreach_second_attempt_office_days: 3
outreach_letter_office_days: 5
outreach_visit_office_days: 7
outreach_supervisor_office_days: 10
outreach_meeting_office_days: 20
outreach_client_day_max: 2
review_list_max: 10
message_purposes: [contact-by-message]
quiet_from_hour: 20
quiet_to_hour: 8
outreach_rule_day_max: 200
outreach_day_max: 300
outreach_release_count: 20
outreach_release_interval: 15m
assessment_complete_within_days: 90
assessment_first_contact_office_days: 1
assessment_first_meeting_days: 7
assessment_session_record_office_days: 1
assessment_consultation_days: 14
time_use_activities: [client-work]
meeting_purposes: [multi-agency-meeting]
)";

constexpr char kInstant[] = "%Y-%m-%d %H:%M:%E*S";

}  // namespace

pathway::Catalogue RulesOfTests(const std::vector<std::string>& more_pathways) {
  std::vector<pathway::File> pathways = {{"test-pathway.v1.yaml", kPathway}};
  for (const std::string& yaml : more_pathways) {
    pathways.push_back({absl::StrCat("more-", pathways.size(), ".yaml"), yaml});
  }
  absl::StatusOr<pathway::Catalogue> catalogue = pathway::Catalogue::Parse(pathways, {{"2026-1.yaml", kRules}});
  EXPECT_TRUE(catalogue.ok()) << catalogue.status();
  return *std::move(catalogue);
}

absl::Time Local(absl::string_view text) {
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime("%Y-%m-%d %H:%M", text, Helsinki(), &time, &error)) << text << ": " << error;
  return time;
}

google::type::Date Day(absl::string_view text) { return pipeline::ToProtoDay(ParseDay(text).value()); }

std::string MeasureName(int ordinal) { return absl::StrCat(kClient, "/measures/", ordinal); }

polku::assessment::v1::PlannedMeasure Plan(int ordinal, absl::string_view start, absl::string_view end) {
  polku::assessment::v1::PlannedMeasure plan;
  plan.set_measure(MeasureName(ordinal));
  plan.set_type("work-trial");
  plan.set_provider("organisations/o");
  *plan.mutable_start_date() = Day(start);
  *plan.mutable_end_date() = Day(end);
  return plan;
}

void AddSession(polku::assessment::v1::PlannedMeasure& plan, google::type::DayOfWeek day, int start_minute,
                int end_minute) {
  auto& session = *plan.add_sessions();
  session.set_day(day);
  session.set_start_minute(start_minute);
  session.set_end_minute(end_minute);
}

Follower::Follower(absl::Time now, const pathway::Catalogue& catalogue) : domain_(catalogue), now_(now) {}

std::vector<store::Row> Follower::RowsFor(const pipeline::Lookup& lookup) const {
  std::vector<store::Row> rows;
  if (lookup.name == kSourcesOfClientLookup) rows = sources;
  if (lookup.name == kMarksOfMeasureLookup) {
    for (const auto& [key, mark] : marks_) {
      const bool of_measure = key[0] == lookup.parameters[0] && key[1] == lookup.parameters[1];
      if (of_measure) rows.push_back({key[2], key[3], mark[1], mark[2]});
    }
  }
  if (lookup.name == kMarkLookup) {
    if (const auto mark = marks_.find(lookup.parameters); mark != marks_.end()) rows.push_back(mark->second);
  }
  if (lookup.name == kContactsOfClientLookup) {
    for (const auto& [key, contact] : contacts_) {
      const bool of_taker = key[1] == lookup.parameters[2] && contact[1] >= lookup.parameters[3];
      if (key[0] != lookup.parameters[1] && !of_taker) continue;
      rows.push_back({key[0], contact[1], key[1], contact[2], int64_t{voided_contacts_.count({key[0]}) > 0}});
    }
  }
  return rows;
}

absl::Status Follower::Give(const JourneyInput& input) {
  pipeline::Context context;
  context.now = now_;
  context.fact_time = now_;
  context.covered_until = covered_until;
  context.held = held;
  context.principal.user = user;
  context.principal.organisation = organisation;
  context.service = "follow-up";
  context.next_version = state_.version() + 1;
  for (const pipeline::Lookup& lookup : domain_.LookupsOf(kClient, state_, input)) {
    context.lookups.push_back(RowsFor(lookup));
  }
  // On an arena, as in the corridor: there a decision hands over the state that its events make.
  google::protobuf::Arena arena;
  JourneyRecord& state = *google::protobuf::Arena::CreateMessage<JourneyRecord>(&arena);
  state = state_;
  ASSIGN_OR_RETURN(auto decision, domain_.Decide(state, input, context));
  erased = decision.erase;
  reply = std::move(decision.reply);
  std::vector<OutreachAsked> asked;
  for (pipeline::Step& step : decision.steps) {
    const auto* ask = dynamic_cast<const OutreachAsked*>(step.input.get());
    ask == nullptr ? steps.push_back(std::move(step)) : asked.push_back(*ask);
  }
  for (JourneyEvent& event : decision.events) {
    domain_.Evolve(event, state_);
    for (pipeline::IndexRow& row : domain_.RowsOf(event)) {
      if (row.shape == &kMarkTable) marks_[row.key] = row.values;
      if (row.shape == &kContactTable) contacts_[row.key] = row.values;
      if (row.shape == &kVoidedContactTable) voided_contacts_[row.key] = row.values;
    }
    events_.push_back(std::move(event));
  }
  EXPECT_EQ(decision.state->SerializeAsString(), state_.SerializeAsString());
  for (const OutreachAsked& each : asked) {
    if (!breaker_lets) continue;
    JourneyInput let;
    let.mutable_outreach_let_through()->set_interruption(each.interruption());
    RETURN_IF_ERROR(Give(let));
  }
  return absl::OkStatus();
}

void Follower::Tick() {
  JourneyInput input;
  input.mutable_tick();
  EXPECT_TRUE(Give(input).ok());
}

void Follower::AdvanceTo(absl::Time time) {
  for (auto due = domain_.NextDue(state_); due.has_value() && *due <= time; due = domain_.NextDue(state_)) {
    now_ = std::max(now_, *due);
    Tick();
    ASSERT_GT(domain_.NextDue(state_).value_or(absl::InfiniteFuture()), now_) << "a tick that leaves itself due";
  }
  now_ = std::max(now_, time);
}

void Follower::Accept(absl::Time time) {
  JourneyInput input;
  auto& fact = *input.mutable_referral_accepted();
  fact.set_referral(absl::StrCat(kClient, "/referrals/1"));
  fact.set_receiving_unit("organisations/unit");
  fact.set_pathway("test-pathway");
  fact.set_pathway_version(1);
  fact.set_segment(segment);
  *fact.mutable_accept_time() = ToProto(time);
  EXPECT_TRUE(Give(input).ok());
}

void Follower::OpenAssessment(absl::Time time, absl::Time deadline, int ordinal) {
  JourneyInput input;
  auto& fact = *input.mutable_assessment_opened();
  fact.set_assessment(absl::StrCat(kClient, "/assessments/", ordinal));
  *fact.mutable_open_time() = ToProto(time);
  *fact.mutable_deadline() = ToProto(deadline);
  EXPECT_TRUE(Give(input).ok());
}

void Follower::CompleteAssessment(absl::Time time, int ordinal) {
  JourneyInput input;
  auto& fact = *input.mutable_assessment_completed();
  fact.set_assessment(absl::StrCat(kClient, "/assessments/", ordinal));
  *fact.mutable_complete_time() = ToProto(time);
  EXPECT_TRUE(Give(input).ok());
}

void Follower::Approve(polku::assessment::v1::PlannedMeasure plan, absl::Time time) {
  JourneyInput input;
  auto& fact = *input.mutable_plan_approved();
  fact.set_plan(absl::StrCat(kClient, "/plans/1"));
  *fact.add_measures() = std::move(plan);
  *fact.mutable_approve_time() = ToProto(time);
  EXPECT_TRUE(Give(input).ok());
}

void Follower::Start(absl::string_view measure, absl::string_view day) {
  JourneyInput input;
  input.mutable_start_measure()->set_name(std::string(measure));
  *input.mutable_start_measure()->mutable_start_date() = Day(day);
  const absl::Status status = Give(input);
  EXPECT_TRUE(status.ok()) << status;
}

void Follower::Mark(absl::string_view day, AttendanceStatus status, int revision) {
  JourneyInput input;
  AttendanceMark& mark = *input.mutable_attendance_mark();
  mark.set_measure(MeasureName(1));
  *mark.mutable_date() = Day(day);
  mark.set_status(status);
  mark.set_revision(revision);
  const absl::Status given = Give(input);
  EXPECT_TRUE(given.ok()) << given;
}

void Follower::Contact(absl::Time time) {
  JourneyInput input;
  input.mutable_record_contact()->set_client(kClient);
  *input.mutable_record_contact()->mutable_contact_time() = ToProto(time);
  const absl::Status status = Give(input);
  EXPECT_TRUE(status.ok()) << status;
}

void Follower::Run(polku::assessment::v1::PlannedMeasure plan) {
  Accept(Local("2026-02-02 10:00"));
  CompleteAssessment(Local("2026-02-16 10:00"));
  Approve(std::move(plan), Local("2026-02-17 10:00"));
  Start(MeasureName(1), "2026-03-02");
}

std::vector<std::string> Follower::Open() const {
  std::vector<std::string> open;
  const auto write = [](int64_t us) { return absl::FormatTime(kInstant, At(us), Helsinki()); };
  for (const InterruptionRecord& each : state_.interruptions()) {
    open.push_back(absl::StrCat("R", static_cast<int>(each.rule()), each.point().empty() ? "" : " ", each.point(),
                                " from ", write(each.counted_from_us()), " due ", write(each.due_us())));
  }
  std::sort(open.begin(), open.end());
  return open;
}

int Follower::Count(JourneyEvent::EventCase kind) const {
  return static_cast<int>(std::count_if(events_.begin(), events_.end(),
                                        [&](const JourneyEvent& event) { return event.event_case() == kind; }));
}

}  // namespace polku::follow_up
