// Go-live: ImportJourney brings in what a case has behind it. Rules count from the later of the fact and the day from
// which the case is watched; what was broken by then is found all the same, for somebody to look at.
#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "services/follow-up/domain/findings.h"
#include "services/follow-up/domain/journey.h"
#include "services/follow-up/domain/moment.h"
#include "services/follow-up/domain/outreach_hold.h"
#include "services/follow-up/domain/views.h"

namespace polku::follow_up {
namespace {

using namespace polku::follow_up::v1;  // NOLINT
using polku::pathway::v1::RuleSet;
using polku::pipeline::DayFrom;
using polku::pipeline::FromProto;
using polku::pipeline::ToProto;

constexpr int kWatchDaysMax = 31;
constexpr size_t kCaseNumberMax = 64;
constexpr int kMeasuresMax = 20;
constexpr int kSessionsMax = 14;
constexpr int kMinutesOfDay = 1440;

bool IsCaseNumber(const std::string& text) {
  return !text.empty() && text.size() <= kCaseNumberMax && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(c) || c == '-' || c == '_' || c == '.' || c == '/';
  });
}

absl::Status CheckNotLater(const google::type::Date& date, absl::string_view field, const Draft& draft) {
  ASSIGN_OR_RETURN(const absl::CivilDay day, DayFrom(date, field));
  return day > LocalDay(draft.now()) ? InvalidField(field, "must not be in the future") : absl::OkStatus();
}

absl::Status CheckSessions(const ImportedMeasure& measure, const std::string& path) {
  if (measure.sessions_size() > kSessionsMax) return InvalidField(path, absl::StrCat("must be at most ", kSessionsMax));
  for (const auto& session : measure.sessions()) {
    const bool in_a_day = session.start_minute() >= 0 && session.end_minute() <= kMinutesOfDay;
    if (session.day() < 1 || session.day() > 7 || !in_a_day || session.end_minute() <= session.start_minute()) {
      return InvalidField(path, "must each have a day, and end behind their start on that day");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckMeasure(const ImportedMeasure& measure, const std::string& path, const Draft& draft) {
  if (measure.type().empty()) return InvalidField(path + ".type", "is required");
  if (!IsResourceName(measure.provider(), "organisations/*")) {
    return InvalidField(path + ".provider", "must be a name like \"organisations/*\"");
  }
  if (!measure.source().empty() && !IsResourceName(measure.source(), "sources/*")) {
    return InvalidField(path + ".source", "must be a name like \"sources/*\", or empty");
  }
  ASSIGN_OR_RETURN(const absl::CivilDay start, DayFrom(measure.start_date(), path + ".start_date"));
  ASSIGN_OR_RETURN(const absl::CivilDay end, DayFrom(measure.end_date(), path + ".end_date"));
  if (end < start) return InvalidField(path + ".end_date", "must not be before start_date");
  if (measure.started()) RETURN_IF_ERROR(CheckNotLater(measure.start_date(), path + ".start_date", draft));
  if (measure.weekly_days_min() < 0 || measure.weekly_days_min() > 7) {
    return InvalidField(path + ".weekly_days_min", "must be 0 to 7");
  }
  return CheckSessions(measure, path + ".sessions");
}

absl::Status CheckFields(const ImportJourneyRequest& request, const Draft& draft) {
  RETURN_IF_ERROR(RequireNamedUser("bring in a case", draft.context()));
  if (!IsCaseNumber(request.case_number())) {
    return InvalidField("case_number", "must be 1 to 64 letters, digits, '-', '_', '.' or '/'");
  }
  ASSIGN_OR_RETURN(const absl::CivilDay watch, DayFrom(request.watch_from(), "watch_from"));
  const absl::CivilDay today = LocalDay(draft.now());
  if (watch < today - kWatchDaysMax || watch > today + kWatchDaysMax) {
    return InvalidField("watch_from", absl::StrCat("must be at most ", kWatchDaysMax, " days from today"));
  }
  if (request.has_assessment_complete_date()) {
    RETURN_IF_ERROR(CheckNotLater(request.assessment_complete_date(), "assessment_complete_date", draft));
  }
  if (request.has_last_contact_date()) {
    RETURN_IF_ERROR(CheckNotLater(request.last_contact_date(), "last_contact_date", draft));
  }
  if (request.measures_size() > kMeasuresMax)
    return InvalidField("measures", absl::StrCat("must be at most ", kMeasuresMax));
  for (int i = 0; i < request.measures_size(); ++i) {
    RETURN_IF_ERROR(CheckMeasure(request.measures(i), absl::StrCat("measures[", i, "]"), draft));
  }
  return absl::OkStatus();
}

JourneyImported Imported(const ImportJourneyRequest& request) {
  JourneyImported imported;
  imported.set_case_number(request.case_number());
  imported.set_watch_from_us(Micros(StartOfDay(FromProto(request.watch_from()))));
  if (request.has_assessment_complete_date()) {
    *imported.mutable_assessment_complete_date() = request.assessment_complete_date();
  }
  if (request.has_last_contact_date()) *imported.mutable_last_contact_date() = request.last_contact_date();
  int number = 0;
  for (const ImportedMeasure& each : request.measures()) {
    auto& plan = each.started() ? *imported.add_running() : *imported.add_planned();
    plan.set_measure(absl::StrCat(request.client(), "/measures/imported-", ++number));
    plan.set_type(each.type());
    plan.set_provider(each.provider());
    plan.set_source(each.source());
    *plan.mutable_start_date() = each.start_date();
    *plan.mutable_end_date() = each.end_date();
    *plan.mutable_sessions() = each.sessions();
    plan.set_weekly_days_min(each.weekly_days_min());
  }
  return imported;
}

// The limit of a rule whose clock starts at that instant.
int64_t LimitFromUs(Rule rule, int64_t from_us, const RuleSet& rules) {
  const absl::CivilDay day = LocalDay(At(from_us));
  switch (rule) {
    case RULE_NO_NEXT_MEASURE:
      return Micros(EndOfOfficeDay(day, rules.no_next_measure_office_days()));
    case RULE_NOT_STARTED:
      return Micros(EndOfOfficeDay(day, rules.not_started_office_days()));
    case RULE_PLAN_OVERRUN:
      return Micros(EndOfOfficeDay(day, rules.plan_overrun_office_days()));
    case RULE_NO_CONTACT:
      return Micros(EndOfDay(day + rules.no_contact_days()));
    default:
      return 0;
  }
}

// Limits that began before the case is watched and are not reached by then start again.
LimitsRestarted Restarted(const JourneyRecord& journey, const RuleSet& rules) {
  LimitsRestarted restarted;
  const int64_t watch_us = journey.watch_from_us();
  const auto add = [&](Rule rule, const std::string& measure, int64_t not_before_us) {
    Floor& floor = *restarted.add_floors();
    floor.set_rule(rule);
    floor.set_measure(measure);
    floor.set_counted_from_us(watch_us);
    floor.set_not_before_us(not_before_us);
  };
  // Nobody has told attendance before.
  for (const MeasureRecord& measure : journey.measures()) {
    if (measure.has_start_date()) add(RULE_MISSED_ATTENDANCE, measure.plan().measure(), 0);
  }
  for (const Finding& finding : FindingsButMissedAttendance(journey, rules)) {
    const int64_t limit_us = LimitFromUs(finding.rule, watch_us, rules);
    if (limit_us == 0 || finding.due_us <= watch_us || finding.counted_from_us >= watch_us) continue;
    add(finding.rule, finding.measure, limit_us);
  }
  return restarted;
}

ImportedJourney Preview(const JourneyRecord& journey, const RuleSet& rules) {
  ImportedJourney reply;
  reply.set_client(journey.client());
  reply.set_coordinator(journey.coordinator());
  for (const Finding& finding : Findings(journey, rules)) {
    ImportFinding& found = *reply.add_findings();
    found.set_rule(finding.rule);
    found.set_measure(finding.measure);
    *found.mutable_counted_from() = ToProto(At(finding.counted_from_us));
    *found.mutable_due_time() = ToProto(At(finding.due_us));
    found.set_for_review(finding.due_us <= journey.watch_from_us());
  }
  return reply;
}

ImportedJourney TakeIn(const ImportJourneyRequest& request, Draft& draft) {
  JourneyEvent imported;
  *imported.mutable_journey_imported() = Imported(request);
  draft.Emit(std::move(imported));
  JourneyEvent restarted;
  *restarted.mutable_limits_restarted() = Restarted(draft.state(), draft.rules());
  draft.Emit(std::move(restarted));
  return Preview(draft.state(), draft.rules());
}

}  // namespace

absl::StatusOr<Reply> ImportJourney(const ImportJourneyRequest& request, Draft& draft) {
  RETURN_IF_ERROR(CheckFields(request, draft));
  const JourneyRecord& journey = draft.state();
  if (journey.import_case() == request.case_number()) {
    auto reply = std::make_unique<ImportedJourney>();
    reply->set_client(journey.client());
    reply->set_coordinator(journey.coordinator());
    reply->set_already(true);
    return reply;
  }
  if (!journey.import_case().empty()) {
    return WithReason(absl::AlreadyExistsError("the journey was imported from another case"), "JOURNEY_IMPORTED");
  }
  if (request.validate_only()) {
    Draft scratch(journey, draft.context(), draft.catalogue());
    return std::make_unique<ImportedJourney>(TakeIn(request, scratch));
  }
  return std::make_unique<ImportedJourney>(TakeIn(request, draft));
}

absl::StatusOr<Reply> RequestReviewedOutreach(const RequestReviewedOutreachRequest& request, Draft& draft) {
  for (const InterruptionRecord& each : draft.state().interruptions()) {
    if (each.interruption() != request.name() || !IsForReview(draft.state(), each)) continue;
    JourneyEvent event;
    event.mutable_interruption_reviewed()->set_interruption(request.name());
    draft.Emit(std::move(event));
    for (const InterruptionRecord& now : draft.state().interruptions()) {
      if (now.interruption() == request.name()) {
        return std::make_unique<Interruption>(InterruptionView(draft.state(), now));
      }
    }
  }
  return WithReason(absl::FailedPreconditionError("nothing of that name is for review"), "NOT_FOR_REVIEW");
}

}  // namespace polku::follow_up
