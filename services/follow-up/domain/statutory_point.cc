// R8: a point of the sickness allowance is near. RecordBenefitPeriod tells the days.
#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "services/follow-up/domain/benefit_clock.h"
#include "services/follow-up/domain/findings.h"
#include "services/follow-up/domain/journey.h"
#include "services/follow-up/domain/moment.h"
#include "services/follow-up/domain/views.h"

namespace polku::follow_up {
namespace {

using namespace polku::follow_up::v1;  // NOLINT
using polku::pathway::v1::RuleSet;
using polku::pathway::v1::StatutoryPoint;
using polku::pipeline::DayFrom;

constexpr int kBenefitsMax = 100;     // state.proto
constexpr int kBenefitDaysMax = 366;  // Of one period, and behind today.
constexpr int kBenefitYearsMax = 5;   // How long ago one may begin.

bool Binds(const StatutoryPoint& point, polku::common::v1::Segment segment) {
  return point.segments().empty() ||
         std::find(point.segments().begin(), point.segments().end(), segment) != point.segments().end();
}

// Asked about once in an illness, and again in the same one only on the day that was agreed then. An illness that was
// over before the journey opened is of no concern.
std::optional<Finding> FirstToAskAbout(const std::vector<BenefitClock::Near>& times, const JourneyRecord& journey,
                                       const std::string& point) {
  const Floor* floor = FindFloor(journey, RULE_STATUTORY_POINT, "", point);
  for (const BenefitClock::Near& each : times) {
    if (each.last < LocalDay(At(journey.open_us()))) continue;
    const Finding finding{RULE_STATUTORY_POINT, "", each.counted_from_us, each.due_us, /*absence=*/false, 0, 0, point};
    if (floor == nullptr || Micros(StartOfDay(each.onset)) > floor->counted_from_us()) return finding;
    if (floor->not_before_us() > floor->counted_from_us()) return AboveFloor(journey, finding);
  }
  return std::nullopt;
}

absl::Status CheckDays(const BenefitPeriod& period, const Draft& draft) {
  ASSIGN_OR_RETURN(const absl::CivilDay first, DayFrom(period.first_date(), "period.first_date"));
  ASSIGN_OR_RETURN(const absl::CivilDay last, DayFrom(period.last_date(), "period.last_date"));
  const absl::CivilDay today = LocalDay(draft.now());
  if (first < absl::CivilDay(today.year() - kBenefitYearsMax, today.month(), today.day())) {
    return InvalidField("period.first_date", absl::StrCat("must be at most ", kBenefitYearsMax, " years ago"));
  }
  if (last < first || last - first >= kBenefitDaysMax || last - today > kBenefitDaysMax) {
    return InvalidField("period.last_date", absl::StrCat("must not be before first_date, nor more than ",
                                                         kBenefitDaysMax, " days behind it or behind today"));
  }
  if (period.paid_days() == 0) return absl::OkStatus();
  if (period.kind() == BENEFIT_KIND_ABSENCE || period.kind() == BENEFIT_KIND_PART_TIME_WORK)
    return InvalidField("period.paid_days", "is for an allowance only");
  if (period.paid_days() < 0 || period.paid_days() > CountBenefitDays(first, last)) {
    return InvalidField("period.paid_days", "must not be more than the benefit days of the period");
  }
  return absl::OkStatus();
}

absl::Status CheckFields(const BenefitPeriod& period, const Draft& draft) {
  if (period.kind() == BENEFIT_KIND_UNSPECIFIED || !BenefitKind_IsValid(period.kind())) {
    return InvalidField("period.kind", "must be one of the listed kinds");
  }
  if (period.source() == BENEFIT_SOURCE_UNSPECIFIED || !BenefitSource_IsValid(period.source())) {
    return InvalidField("period.source", "must be one of the listed sources");
  }
  return CheckDays(period, draft);
}

const BenefitRecord* FindBenefit(const JourneyRecord& journey, const std::string& name) {
  for (const BenefitRecord& each : journey.benefits()) {
    if (BenefitName(journey, each) == name) return &each;
  }
  return nullptr;
}

absl::Status NotFound() {
  return WithReason(absl::NotFoundError("there is no such benefit period"), "BENEFIT_PERIOD_NOT_FOUND");
}

}  // namespace

std::vector<Finding> StatutoryPoints(const JourneyRecord& journey, const RuleSet& rules) {
  std::vector<Finding> findings;
  if (journey.benefits().empty()) return findings;
  const BenefitClock clock(journey);
  for (const StatutoryPoint& point : rules.statutory_points()) {
    if (!Binds(point, journey.segment())) continue;
    const std::optional<Finding> finding =
        FirstToAskAbout(point.benefit_days() > 0 ? clock.DaysNear(point, rules) : clock.MonthsNear(point, rules),
                        journey, point.code());
    if (finding.has_value()) findings.push_back(*finding);
  }
  return findings;
}

absl::StatusOr<Reply> RecordBenefitPeriod(const RecordBenefitPeriodRequest& request, Draft& draft) {
  RETURN_IF_ERROR(CheckFields(request.period(), draft));
  const JourneyRecord& journey = draft.state();
  std::string name = request.corrects();
  if (name.empty()) {
    if (journey.benefits_size() >= kBenefitsMax) {
      return WithReason(absl::FailedPreconditionError("the client has too many benefit periods"),
                        "TOO_MANY_BENEFIT_PERIODS");
    }
    name = absl::StrCat(journey.client(), "/benefit-periods/", journey.benefits_numbered() + 1);
  } else if (FindBenefit(journey, name) == nullptr) {
    return NotFound();
  }
  JourneyEvent event;
  BenefitPeriod& recorded = *event.mutable_benefit_period_recorded()->mutable_period();
  recorded = request.period();
  recorded.set_name(name);
  auto reply = std::make_unique<BenefitPeriod>(recorded);
  draft.Emit(std::move(event));
  return reply;
}

absl::StatusOr<Reply> VoidBenefitPeriod(const VoidRecordRequest& request, Draft& draft) {
  if (FindBenefit(draft.state(), request.name()) == nullptr) return NotFound();
  JourneyEvent event;
  event.mutable_benefit_period_voided()->set_period(request.name());
  event.mutable_benefit_period_voided()->set_reason(request.reason());
  draft.Emit(std::move(event));
  auto reply = std::make_unique<VoidRecordResponse>();
  reply->set_record(VOIDED_RECORD_BENEFIT_PERIOD);
  return reply;
}

}  // namespace polku::follow_up
