// Fates that only some of the regional models have.
#include <algorithm>
#include <optional>

#include "libs/base/calendar.h"
#include "tools/demo/fate.h"

namespace polku::demo {

using namespace polku::follow_up::v1;  // NOLINT: fates are about little else.

namespace {

constexpr int kEarlyIntakeDays = 7;  // As in fate.cc.
constexpr int kDaysBetweenContacts = 12;

}  // namespace

void Fate::FoundWork() {
  const int measure = Begins(Pick(kEarlyIntakeDays), TwiceWeekly(), OpenEnded());
  const absl::CivilDay day = FirstOfficeDayFrom(story_.StartOf(measure) + 7 + Pick(10));
  AttendsWell(measure, day - 1);
  story_.FoundWork(day);
  story_.Expect(RULE_CHANGED_CIRCUMSTANCE, 0, day,
                EndOfOfficeDay(day, course_.rules.changed_circumstance_office_days()));
}

// Months are calendar months from the onset on; benefit days are Monday to Saturday but for holidays.
void Fate::ExpectPoints(absl::CivilDay first, absl::CivilDay last, bool paid) {
  for (const pathway::v1::StatutoryPoint& point : course_.rules.statutory_points()) {
    const auto& segments = point.segments();
    if (!segments.empty() && std::find(segments.begin(), segments.end(), course_.segment) == segments.end()) continue;
    // Nobody here works part-time because of illness, or has had so many days before.
    if (point.part_time() || point.behind_benefit_days() > 0) continue;
    if (point.absence_months() > 0) {
      const absl::CivilDay reached(first.year(), first.month() + point.absence_months(), first.day());
      const absl::CivilDay near = reached - course_.rules.statutory_warn_days();
      if (near <= last && !(paid && point.until_paid())) {
        story_.Expect(RULE_STATUTORY_POINT, 0, first, StartOfDay(near));
      }
      continue;
    }
    int left = point.benefit_days() - course_.rules.statutory_warn_benefit_days();
    for (absl::CivilDay day = first; paid && day <= last; ++day) {
      if (IsBenefitDay(day) && --left == 0) story_.Expect(RULE_STATUTORY_POINT, 0, first, EndOfDay(day));
    }
  }
}

void Fate::AwayIll() {
  const int measure = Begins(Pick(kEarlyIntakeDays), NoSessions(), OpenEnded());
  for (absl::CivilDay day = story_.StartOf(measure) + kDaysBetweenContacts; day <= Last();
       day += kDaysBetweenContacts) {
    story_.Contacted(FirstOfficeDayFrom(day));
  }
  const absl::CivilDay first = frame_.first - 20 + Pick(10);
  const absl::CivilDay last = first + 75;
  story_.Ill(story_.StartOf(measure), BENEFIT_KIND_ABSENCE, first, last);
  ExpectPoints(first, last, /*paid=*/false);
}

// The first day is a Monday, on which the allowance is paid.
void Fate::OnAllowance() {
  const int measure = Begins(Pick(kEarlyIntakeDays), NoSessions(), OpenEnded());
  for (absl::CivilDay day = story_.StartOf(measure) + kDaysBetweenContacts; day <= Last();
       day += kDaysBetweenContacts) {
    story_.Contacted(FirstOfficeDayFrom(day));
  }
  const absl::CivilDay first = absl::CivilDay(2026, 1, 12) + 7 * Pick(3);
  const absl::CivilDay last = first + 70;
  story_.Ill(story_.StartOf(measure), BENEFIT_KIND_SICKNESS_ALLOWANCE, first, last);
  ExpectPoints(first, last, /*paid=*/true);
}

void Fate::TwiceAway() {
  const int measure = Begins(Pick(kEarlyIntakeDays), TwiceWeekly(), OpenEnded());
  const int first = 2 + Pick(3);
  story_.Attends(measure, Last(), [&](int index) {
    const int away = index - first;
    return away == 0 || away == 1 ? ATTENDANCE_STATUS_ABSENT : ATTENDANCE_STATUS_PRESENT;
  });
}

absl::CivilDay Fate::PlansImaging(bool begins) {
  const absl::CivilDay assessed = AddOfficeDays(story_.Referred(OfficeDay(Pick(kEarlyIntakeDays))), 1 + Pick(2));
  story_.Assessed(assessed);
  const absl::CivilDay start = AddOfficeDays(assessed, 1);
  const absl::CivilDay end = AddOfficeDays(start, 1);
  const int measure = story_.Planned(assessed, NoSessions(), SoundFeed(), start, end);
  ends_.push_back(end);
  if (begins) story_.Started(measure, start);
  return begins ? end : start;
}

int Fate::PlansRehabilitation(absl::CivilDay day, const Offer& offer) {
  const absl::CivilDay start = AddOfficeDays(day, 1 + Pick(3));
  const absl::CivilDay end = OpenEnded();
  const int measure = story_.Planned(day, offer, SoundFeed(), start, end);
  ends_.push_back(end);
  story_.Started(measure, start);
  return measure;
}

void Fate::ThroughImaging() {
  const absl::CivilDay end = PlansImaging(/*begins=*/true);
  story_.Completed(1, end);
  AttendsWell(PlansRehabilitation(AddOfficeDays(end, 1), TwiceWeekly()), Last());
}

void Fate::ImagedThenNothing() {
  const absl::CivilDay end = PlansImaging(/*begins=*/true);
  story_.Completed(1, end);
  ExpectNoNextMeasure(end);
}

void Fate::ImagingNotBegun() {
  const absl::CivilDay start = PlansImaging(/*begins=*/false);
  story_.Expect(RULE_NOT_STARTED, 1, start, EndOfOfficeDay(start, course_.imaging_within_office_days));
}

void Fate::ImagingOverrun() {
  const absl::CivilDay end = PlansImaging(/*begins=*/true);
  story_.Expect(RULE_PLAN_OVERRUN, 1, end + 1, EndOfOfficeDay(end, course_.rules.plan_overrun_office_days()));
}

void Fate::RehabilitationSilent() {
  const absl::CivilDay end = PlansImaging(/*begins=*/true);
  story_.Completed(1, end);
  FellSilentIn(PlansRehabilitation(AddOfficeDays(end, 1), TwiceWeekly()), Pick(2) == 0);
}

// Physiotherapy by appointment: nobody reports attendance, and ten days are too long.
void Fate::RehabilitationWithoutContact() {
  const absl::CivilDay end = PlansImaging(/*begins=*/true);
  story_.Completed(1, end);
  PlansRehabilitation(AddOfficeDays(end, 1), course_.seldom.front());
}

}  // namespace polku::demo
