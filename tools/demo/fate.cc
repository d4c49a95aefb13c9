#include "tools/demo/fate.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "libs/base/calendar.h"

namespace polku::demo {

using namespace polku::follow_up::v1;  // NOLINT: fates are about little else.
using Kind = Action::Kind;

constexpr auto kPresent = ATTENDANCE_STATUS_PRESENT;
constexpr auto kAbsent = ATTENDANCE_STATUS_ABSENT;
constexpr auto kExcused = ATTENDANCE_STATUS_EXCUSED;
constexpr EndReason kBreaks[] = {END_REASON_ILLNESS, END_REASON_CLIENT_STOPPED, END_REASON_PROVIDER_STOPPED,
                                 END_REASON_NOT_SUITABLE};
constexpr int kMonthDays = 45;       // What a client who comes in the month can at most live through.
constexpr int kEarlyIntakeDays = 7;  // Office days on which clients come whose fate needs the whole month.

void Fate::Attending() { AttendsWell(Begins(Pick(14), AnyOffer(), OpenEnded()), Last()); }

void Fate::Declined() {
  const absl::CivilDay day = OfficeDay(Pick(25));
  story_.Do(Kind::kSubmit, day, Slot::kMorning);
  story_.Do(Kind::kDecline, AddOfficeDays(day, 1), Slot::kMorning);
}

void Fate::Unanswered() { story_.Do(Kind::kSubmit, OfficeDay(20 + Pick(10)), Slot::kMorning); }

void Fate::InAssessment() {
  const absl::CivilDay accepted = story_.Referred(OfficeDay(Pick(26)));
  story_.Expect(RULE_OVERDUE_ASSESSMENT, 0, accepted, EndOfDay(accepted + course_.assessment_days));
}

void Fate::AssessmentOverdue() {
  const bool long_time = course_.assessment_days > kMonthDays;
  const absl::CivilDay accepted = story_.Referred(long_time ? frame_.winter + Pick(3) : OfficeDay(Pick(5)));
  const absl::Time deadline = EndOfDay(accepted + course_.assessment_days);
  story_.Expect(RULE_OVERDUE_ASSESSMENT, 0, accepted, deadline);
  if (course_.life == Life::kBacks || Pick(2) == 0) return;
  const absl::CivilDay found = FirstOfficeDayFrom(LocalDay(deadline));
  const absl::CivilDay called = story_.Reached(RULE_OVERDUE_ASSESSMENT, 0, found, 0, AddOfficeDays(found, 10));
  const absl::CivilDay assessed = AddOfficeDays(called, 2);
  story_.Assessed(assessed);
  AttendsWell(PlansAndStarts(assessed, AnyOffer(), OpenEnded()), Last());
}

void Fate::AssessedInTime() {
  story_.Referred(frame_.winter + Pick(3));
  const absl::CivilDay assessed = OfficeDay(Pick(4));
  story_.Assessed(assessed);
  AttendsWell(PlansAndStarts(assessed, AnyOffer(), OpenEnded()), Last());
}

void Fate::AssessedWithoutPlan() {
  const absl::CivilDay assessed = AddOfficeDays(story_.Referred(OfficeDay(Pick(10))), 1 + Pick(3));
  story_.Assessed(assessed);
  const absl::Time due = EndOfOfficeDay(assessed, course_.rules.no_next_measure_office_days());
  story_.Expect(RULE_NO_NEXT_MEASURE, 0, assessed, due);
  if (course_.life == Life::kBacks || Pick(2) == 0) return;
  const absl::CivilDay found = FirstOfficeDayFrom(LocalDay(due));
  const absl::CivilDay called = story_.Reached(RULE_NO_NEXT_MEASURE, 0, found, 0, AddOfficeDays(found, 6));
  AttendsWell(PlansAndStarts(AddOfficeDays(called, 1), AnyOffer(), OpenEnded()), Last());
}

void Fate::StoppedEarly() {
  const auto [measure, day] = StopsEarly();
  (void)measure;
  (void)day;
}

void Fate::StoppedEarlyThenOther() {
  const auto [measure, day] = StopsEarly();
  const absl::CivilDay called = story_.Reached(RULE_ENDED_EARLY, measure, day + 1, Pick(2), std::nullopt);
  AttendsWell(PlansAndStarts(AddOfficeDays(called, 1 + Pick(3)), AnyOffer(), OpenEnded()), Last());
}

void Fate::StoppedEarlyThenNothing() {
  const auto [measure, day] = StopsEarly();
  const absl::CivilDay called = story_.Reached(RULE_ENDED_EARLY, measure, day + 1, 0, std::nullopt);
  ExpectNoNextMeasure(called);
}

void Fate::GoalReached() {
  const int measure = Begins(Pick(kEarlyIntakeDays), AnyOffer(), OpenEnded());
  const absl::CivilDay day = FirstOfficeDayFrom(story_.StartOf(measure) + 8 + Pick(6));
  AttendsWell(measure, day - 1);
  story_.EndedEarly(measure, day, Pick(2) == 0 ? END_REASON_GOAL_REACHED : END_REASON_WORK_OR_STUDY);
  NextOrNothing(day);
}

void Fate::Finished() {
  const int measure = Begins(Pick(kEarlyIntakeDays), AnyOffer(), WithinMonth());
  const absl::CivilDay day = EndOf(measure);
  AttendsWell(measure, day - 1);
  story_.Completed(measure, day);
  NextOrNothing(day);
}

void Fate::FinishedAndClosed() {
  const int measure = Begins(Pick(kEarlyIntakeDays), AnyOffer(), WithinMonth());
  const absl::CivilDay day = EndOf(measure);
  AttendsWell(measure, day - 1);
  story_.Completed(measure, day);
  story_.Do(Kind::kClose, AddOfficeDays(day, 2), Slot::kMorning);
}

void Fate::FellSilent(bool absent) { FellSilentIn(Begins(Pick(kEarlyIntakeDays), TwiceWeekly(), OpenEnded()), absent); }

void Fate::FellSilentIn(int measure, bool absent) {
  const std::vector<absl::CivilDay> days = story_.SessionDays(measure);
  const size_t first = 2 + static_cast<size_t>(Pick(3));
  const absl::CivilDay last = days[first + static_cast<size_t>(course_.rules.misses_in_a_row()) - 1];
  story_.Expect(RULE_MISSED_ATTENDANCE, measure, days[first], EndOfDay(last + 1));
  absl::CivilDay back = Last() + 1;
  if (Pick(2) == 0) {
    back = story_.Reached(RULE_MISSED_ATTENDANCE, measure, last + (absent ? 1 : 2), Pick(2), std::nullopt) + 1;
  }
  story_.Attends(measure, Last(), [&](int index) -> std::optional<AttendanceStatus> {
    const auto i = static_cast<size_t>(index);
    if (i < first || days[i] >= back) return kPresent;
    return absent ? std::optional(kAbsent) : std::nullopt;
  });
}

void Fate::FellSilentWithoutMarks() { FellSilent(false); }

void Fate::FellSilentWithMarks() { FellSilent(true); }

void Fate::WeakWeek() {
  const int measure = Begins(Pick(kEarlyIntakeDays), course_.often.front(), OpenEnded());
  const absl::CivilDay monday = absl::NextWeekday(story_.StartOf(measure) + 6, absl::Weekday::monday);
  story_.Expect(RULE_MISSED_ATTENDANCE, measure, monday, EndOfDay(monday + 7));
  const std::vector<absl::CivilDay> days = story_.SessionDays(measure);
  story_.Attends(measure, Last(), [&](int index) {
    const absl::CivilDay day = days[static_cast<size_t>(index)];
    if (day == monday + 1) return kAbsent;
    return day == monday + 3 ? kExcused : kPresent;
  });
}

void Fate::Corrected() {
  const int measure = Begins(Pick(kEarlyIntakeDays), TwiceWeekly(), OpenEnded());
  const std::vector<absl::CivilDay> days = story_.SessionDays(measure);
  const size_t first = 2 + static_cast<size_t>(Pick(3));
  story_.Attends(measure, Last(), [&](int index) {
    const auto i = static_cast<size_t>(index);
    return i == first || i == first + 1 ? kAbsent : kPresent;
  });
  const absl::CivilDay told = days[first + 1] + 2;
  story_.ExpectRetracted(RULE_MISSED_ATTENDANCE, measure, days[first]);
  story_.Marked(measure, days[first], kPresent, 1, told);
  story_.Marked(measure, days[first + 1], kPresent, 1, told);
}

void Fate::NoContact() {
  const int measure = Begins(Pick(kEarlyIntakeDays), NoSessions(), OpenEnded());
  if (Pick(2) == 0) return;
  const absl::CivilDay found = story_.StartOf(measure) + course_.rules.no_contact_days() + 1;
  if (AddOfficeDays(found, 2) <= Last()) story_.Reached(RULE_NO_CONTACT, 0, found, 0, std::nullopt);
}

void Fate::KeptInTouch() {
  const int measure = Begins(Pick(kEarlyIntakeDays), NoSessions(), OpenEnded());
  for (absl::CivilDay day = story_.StartOf(measure) + 12; day <= Last(); day += 12) {
    story_.Contacted(FirstOfficeDayFrom(day));
  }
}

void Fate::Paused() {
  const int measure = Begins(Pick(kEarlyIntakeDays), TwiceWeekly(), OpenEnded());
  const absl::CivilDay agreed = FirstOfficeDayFrom(story_.StartOf(measure) + 4 + Pick(4));
  const absl::CivilDay resume = agreed + 9 + Pick(5);
  story_.Paused(measure, agreed, resume);
  const std::vector<absl::CivilDay> days = story_.SessionDays(measure);
  story_.Attends(measure, Last(), [&](int index) -> std::optional<AttendanceStatus> {
    const absl::CivilDay day = days[static_cast<size_t>(index)];
    if (day > agreed && day < resume) return std::nullopt;
    return kPresent;
  });
}

void Fate::PauseOverrun() {
  const int measure = Begins(Pick(kEarlyIntakeDays), NoSessions(), OpenEnded());
  const absl::CivilDay agreed = FirstOfficeDayFrom(story_.StartOf(measure) + 3);
  const absl::CivilDay resume = agreed + 8 + Pick(5);
  story_.Paused(measure, agreed, resume);
  for (absl::CivilDay day = story_.StartOf(measure) + 12; day <= Last(); day += 12) {
    story_.Contacted(FirstOfficeDayFrom(day));
  }
  const absl::Time due = EndOfOfficeDay(resume, course_.rules.pause_overrun_office_days());
  story_.Expect(RULE_PAUSE_OVERRUN, measure, resume, due);
  if (Pick(2) == 0) story_.Reached(RULE_PAUSE_OVERRUN, measure, LocalDay(due) + 1, 0, std::nullopt);
}

void Fate::HandedOver() {
  const absl::CivilDay taken = OfferedAndTaken();
  story_.TakerContacted(taken);
  story_.TakerMet(AddOfficeDays(taken, 3));
}

void Fate::HandOverUnanswered() {
  const int measure = Begins(Pick(kEarlyIntakeDays), AnyOffer(), OpenEnded());
  AttendsWell(measure, Last());
  const absl::CivilDay offered = FirstOfficeDayFrom(story_.StartOf(measure) + 5 + Pick(6));
  story_.Do(Kind::kOffer, offered, Slot::kMorning);
  story_.Expect(RULE_MISSED_TRANSITION, 0, offered, EndOfOfficeDay(offered, course_.accept_office_days));
}

void Fate::HandOverWithoutContact() {
  const absl::CivilDay taken = OfferedAndTaken();
  story_.Expect(RULE_MISSED_TRANSITION, 0, taken,
                EndOfOfficeDay(taken, course_.rules.transition_contact_office_days()));
}

void Fate::NeverStarted() {
  const absl::CivilDay assessed = AddOfficeDays(story_.Referred(OfficeDay(Pick(kEarlyIntakeDays))), 1);
  story_.Assessed(assessed);
  const absl::CivilDay start = AddOfficeDays(assessed, 1 + Pick(3));
  const int measure = story_.Planned(assessed, AnyOffer(), SoundFeed(), start, OpenEnded());
  const absl::Time due = EndOfOfficeDay(start, course_.rules.not_started_office_days());
  story_.Expect(RULE_NOT_STARTED, measure, start, due);
  if (Pick(2) == 0) return;
  const absl::CivilDay found = AddOfficeDays(LocalDay(due), 1);
  const absl::CivilDay called = story_.Reached(RULE_NOT_STARTED, measure, found, 0, AddOfficeDays(found, 3));
  story_.Started(measure, AddOfficeDays(called, 2));
  AttendsWell(measure, Last());
}

void Fate::Overrun() {
  const int measure = Begins(Pick(kEarlyIntakeDays), AnyOffer(), WithinMonth());
  const absl::CivilDay end = EndOf(measure);
  AttendsWell(measure, end);
  const absl::Time due = EndOfOfficeDay(end, course_.rules.plan_overrun_office_days());
  story_.Expect(RULE_PLAN_OVERRUN, measure, end + 1, due);
  if (Pick(2) == 0) return;
  const absl::CivilDay found = AddOfficeDays(LocalDay(due), 1);
  if (AddOfficeDays(found, 2) > Last()) return;
  const absl::CivilDay called = story_.Reached(RULE_PLAN_OVERRUN, measure, found, 0, AddOfficeDays(found, 2));
  const absl::CivilDay completed = AddOfficeDays(called, 1);
  story_.Completed(measure, completed);
  ExpectNoNextMeasure(completed);
}

void Fate::OutageAttended() { AttendsWell(BeginsAtOutageFeed(TwiceWeekly()), Last()); }

void Fate::OutageMissed() {
  const int measure = BeginsAtOutageFeed(TwiceWeekly());
  const std::vector<absl::CivilDay> days = story_.SessionDays(measure);
  const auto in_outage = [&](absl::CivilDay day) { return day >= frame_.outage_first && day <= frame_.outage_last; };
  const auto first = std::find_if(days.begin(), days.end(), in_outage);
  story_.Expect(RULE_MISSED_ATTENDANCE, measure, *first, EndOfDay(frame_.outage_last + 1));
  story_.Attends(measure, Last(),
                 [&](int index) { return in_outage(days[static_cast<size_t>(index)]) ? kAbsent : kPresent; });
}

void Fate::OutageContact() {
  const absl::CivilDay assessed = AddOfficeDays(story_.Referred(OfficeDay(0)), 1);
  story_.Assessed(assessed);
  const int measure =
      story_.Planned(assessed, course_.seldom.back(), kOutageFeed, AddOfficeDays(assessed, 1), OpenEnded());
  story_.Started(measure, AddOfficeDays(assessed, 1));
  const absl::CivilDay wednesday = absl::NextWeekday(frame_.outage_first - 1, absl::Weekday::wednesday);
  const std::vector<absl::CivilDay> days = story_.SessionDays(measure);
  story_.Attends(measure, Last(), [&](int index) {
    const absl::CivilDay day = days[static_cast<size_t>(index)];
    return day == wednesday - 7 || day == wednesday - 14 ? kExcused : kPresent;
  });
}

void Fate::End() { story_.End(); }

int Fate::Pick(int count) { return static_cast<int>(random_.Next() % static_cast<uint64_t>(count)); }

absl::CivilDay Fate::Last() const { return frame_.last; }

absl::CivilDay Fate::OfficeDay(int index) const { return AddOfficeDays(frame_.first - 1, index + 1); }

absl::CivilDay Fate::OpenEnded() { return frame_.last + course_.open_ended_days + Pick(course_.open_ended_days * 2); }

absl::CivilDay Fate::WithinMonth() { return absl::CivilDay(frame_.first + 18 + 7 * Pick(2)); }

int Fate::SoundFeed() {
  const int feed = 1 + Pick(kFeeds - 1);
  return feed >= kOutageFeed ? feed + 1 : feed;
}

const Offer& Fate::TwiceWeekly() {
  return course_.often[static_cast<size_t>(Pick(static_cast<int>(course_.often.size())))];
}

const Offer& Fate::AnyOffer() {
  const int pick = Pick(6);
  if (pick >= static_cast<int>(course_.seldom.size())) return TwiceWeekly();
  return course_.seldom[static_cast<size_t>(pick)];
}

const Offer& Fate::NoSessions() { return course_.without_sessions; }

absl::CivilDay Fate::EndOf(int measure) const { return ends_[static_cast<size_t>(measure - 1)]; }

int Fate::PlansAndStarts(absl::CivilDay day, const Offer& offer, absl::CivilDay end, int feed) {
  const absl::CivilDay start = AddOfficeDays(day, 1 + Pick(2));
  const int measure = story_.Planned(day, offer, feed == 0 ? SoundFeed() : feed, start, end);
  ends_.push_back(end);
  story_.Started(measure, start);
  return measure;
}

int Fate::Begins(int office_day, const Offer& offer, absl::CivilDay end, int feed) {
  const absl::CivilDay assessed = AddOfficeDays(story_.Referred(OfficeDay(office_day)), 1 + Pick(2));
  story_.Assessed(assessed);
  return PlansAndStarts(assessed, offer, end, feed);
}

int Fate::BeginsAtOutageFeed(const Offer& offer) {
  return Begins(Pick(kEarlyIntakeDays), offer, OpenEnded(), kOutageFeed);
}

void Fate::AttendsWell(int measure, absl::CivilDay until) {
  const std::vector<absl::CivilDay> days = story_.SessionDays(measure);
  const auto last = std::upper_bound(days.begin(), days.end(), until) - days.begin() - 1;
  int present = 0;
  story_.Attends(measure, until, [&](int index) {
    const int pick = present >= 2 && (until == Last() || index != last) ? Pick(12) : 2;
    present = pick < 2 ? 0 : present + 1;
    return pick == 0 ? kAbsent : pick == 1 ? kExcused : kPresent;
  });
}

absl::CivilDay Fate::OfferedAndTaken() {
  const int measure = Begins(Pick(kEarlyIntakeDays), AnyOffer(), OpenEnded());
  AttendsWell(measure, Last());
  const absl::CivilDay offered = FirstOfficeDayFrom(story_.StartOf(measure) + 5 + Pick(6));
  story_.Do(Kind::kOffer, offered, Slot::kMorning);
  const absl::CivilDay taken = AddOfficeDays(offered, 1 + Pick(3));
  story_.Do(Kind::kTake, taken, Slot::kMorning);
  return taken;
}

std::pair<int, absl::CivilDay> Fate::StopsEarly() {
  const int measure = Begins(Pick(kEarlyIntakeDays), AnyOffer(), OpenEnded());
  const absl::CivilDay day = FirstOfficeDayFrom(story_.StartOf(measure) + 6 + Pick(8));
  AttendsWell(measure, day - 1);
  story_.EndedEarly(measure, day, kBreaks[Pick(4)]);
  story_.Expect(RULE_ENDED_EARLY, measure, day, StartOfDay(day));
  return {measure, day};
}

void Fate::ExpectNoNextMeasure(absl::CivilDay idle_since) {
  story_.Expect(RULE_NO_NEXT_MEASURE, 0, idle_since,
                EndOfOfficeDay(idle_since, course_.rules.no_next_measure_office_days()));
}

void Fate::NextOrNothing(absl::CivilDay day) {
  if (Pick(2) == 0) return ExpectNoNextMeasure(day);
  AttendsWell(PlansAndStarts(AddOfficeDays(day, 1 + Pick(4)), AnyOffer(), OpenEnded()), Last());
}

}  // namespace polku::demo
