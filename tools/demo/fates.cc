#include "tools/demo/fates.h"

#include <algorithm>
#include <utility>

#include "libs/base/calendar.h"
#include "tools/demo/story.h"

namespace polku::demo {
namespace {

using namespace polku::follow_up::v1;  // NOLINT: fates are about little else.
using Kind = Action::Kind;

constexpr auto kPresent = ATTENDANCE_STATUS_PRESENT;
constexpr auto kAbsent = ATTENDANCE_STATUS_ABSENT;
constexpr auto kExcused = ATTENDANCE_STATUS_EXCUSED;
constexpr EndReason kBreaks[] = {END_REASON_ILLNESS, END_REASON_CLIENT_STOPPED, END_REASON_PROVIDER_STOPPED,
                                 END_REASON_NOT_SUITABLE};
constexpr int kEarlyIntakeDays = 7;  // Office days on which clients come whose fate needs the whole month.

const Offer& RehabilitativeWork() {
  static const Offer offer{"rehabilitative-work", {2, 4}, 9 * 60, 14 * 60};
  return offer;
}
const Offer& JobCoaching() {
  static const Offer offer{"job-coaching", {3}, 13 * 60, 14 * 60 + 30};
  return offer;
}
const Offer& NoSessions() {
  static const Offer offer{"vocational-rehabilitation", {}, 0, 0, false};
  return offer;
}

class Fate {
 public:
  Fate(const Frame& frame, Client& client, SeededRandom& random)
      : frame_(frame), random_(random), story_(frame, client) {}

  void Attending() { AttendsWell(Begins(Pick(14), AnyOffer(), OpenEnded()), Last()); }

  void Declined() {
    const absl::CivilDay day = OfficeDay(Pick(25));
    story_.Do(Kind::kSubmit, day, Slot::kMorning);
    story_.Do(Kind::kDecline, AddOfficeDays(day, 1), Slot::kMorning);
  }
  void Unanswered() { story_.Do(Kind::kSubmit, OfficeDay(20 + Pick(10)), Slot::kMorning); }
  void InAssessment() { story_.Referred(OfficeDay(Pick(26))); }

  // R7. Some are assessed after the coordinator has asked for it.
  void AssessmentOverdue() {
    const absl::CivilDay accepted = story_.Referred(frame_.winter + Pick(3));
    const absl::Time deadline = EndOfDay(accepted + frame_.assessment_days);
    story_.Expect(RULE_OVERDUE_ASSESSMENT, 0, accepted, deadline);
    if (Pick(2) == 0) return;
    const absl::CivilDay found = FirstOfficeDayFrom(LocalDay(deadline));
    const absl::CivilDay called = story_.Reached(RULE_OVERDUE_ASSESSMENT, 0, found, 0, AddOfficeDays(found, 10));
    const absl::CivilDay assessed = AddOfficeDays(called, 2);
    story_.Assessed(assessed);
    AttendsWell(PlansAndStarts(assessed, AnyOffer(), OpenEnded()), Last());
  }
  void AssessedInTime() {
    story_.Referred(frame_.winter + Pick(3));
    const absl::CivilDay assessed = OfficeDay(Pick(4));
    story_.Assessed(assessed);
    AttendsWell(PlansAndStarts(assessed, AnyOffer(), OpenEnded()), Last());
  }

  // R3 after the assessment.
  void AssessedWithoutPlan() {
    const absl::CivilDay assessed = AddOfficeDays(story_.Referred(OfficeDay(Pick(10))), 1 + Pick(3));
    story_.Assessed(assessed);
    const absl::Time due = EndOfOfficeDay(assessed, frame_.rules.no_next_measure_office_days());
    story_.Expect(RULE_NO_NEXT_MEASURE, 0, assessed, due);
    if (Pick(2) == 0) return;
    const absl::CivilDay found = FirstOfficeDayFrom(LocalDay(due));
    const absl::CivilDay called = story_.Reached(RULE_NO_NEXT_MEASURE, 0, found, 0, AddOfficeDays(found, 6));
    AttendsWell(PlansAndStarts(AddOfficeDays(called, 1), AnyOffer(), OpenEnded()), Last());
  }

  // R1, and R3 when nothing follows after the outreach.
  void StoppedEarly() {
    const auto [measure, day] = StopsEarly();
    (void)measure;
    (void)day;
  }
  void StoppedEarlyThenOther() {
    const auto [measure, day] = StopsEarly();
    const absl::CivilDay called = story_.Reached(RULE_ENDED_EARLY, measure, day + 1, Pick(2), std::nullopt);
    AttendsWell(PlansAndStarts(AddOfficeDays(called, 1 + Pick(3)), AnyOffer(), OpenEnded()), Last());
  }
  void StoppedEarlyThenNothing() {
    const auto [measure, day] = StopsEarly();
    const absl::CivilDay called = story_.Reached(RULE_ENDED_EARLY, measure, day + 1, 0, std::nullopt);
    ExpectNoNextMeasure(called);
  }

  // Ended before time for a good reason: no break of its own.
  void GoalReached() {
    const int measure = Begins(Pick(kEarlyIntakeDays), AnyOffer(), OpenEnded());
    const absl::CivilDay day = FirstOfficeDayFrom(story_.StartOf(measure) + 8 + Pick(6));
    AttendsWell(measure, day - 1);
    story_.EndedEarly(measure, day, Pick(2) == 0 ? END_REASON_GOAL_REACHED : END_REASON_WORK_OR_STUDY);
    NextOrNothing(day);
  }
  // R3 after a measure, or the next measure in time.
  void Finished() {
    const int measure = Begins(Pick(kEarlyIntakeDays), AnyOffer(), WithinMonth());
    const absl::CivilDay day = EndOf(measure);
    AttendsWell(measure, day - 1);
    story_.Completed(measure, day);
    NextOrNothing(day);
  }
  void FinishedAndClosed() {
    const int measure = Begins(Pick(kEarlyIntakeDays), AnyOffer(), WithinMonth());
    const absl::CivilDay day = EndOf(measure);
    AttendsWell(measure, day - 1);
    story_.Completed(measure, day);
    story_.Do(Kind::kClose, AddOfficeDays(day, 2), Slot::kMorning);
  }

  // R2: nobody says anything, or the marks say "absent". Some come back after a call.
  void FellSilent(bool absent) {
    const int measure = Begins(Pick(kEarlyIntakeDays), TwiceWeekly(), OpenEnded());
    const std::vector<absl::CivilDay> days = story_.SessionDays(measure);
    const size_t first = 2 + static_cast<size_t>(Pick(3));
    const absl::CivilDay second = days[first + 1];
    story_.Expect(RULE_MISSED_ATTENDANCE, measure, days[first], EndOfDay(second + 1));
    absl::CivilDay back = Last() + 1;
    if (Pick(2) == 0) {
      back = story_.Reached(RULE_MISSED_ATTENDANCE, measure, second + (absent ? 1 : 2), Pick(2), std::nullopt) + 1;
    }
    story_.Attends(measure, Last(), [&](int index) -> std::optional<AttendanceStatus> {
      const auto i = static_cast<size_t>(index);
      if (i < first || days[i] >= back) return kPresent;
      return absent ? std::optional(kAbsent) : std::nullopt;
    });
  }
  void FellSilentWithoutMarks() { FellSilent(false); }
  void FellSilentWithMarks() { FellSilent(true); }

  // R2: a week below the minimum, one day missed and one excused.
  void WeakWeek() {
    const int measure = Begins(Pick(kEarlyIntakeDays), RehabilitativeWork(), OpenEnded());
    const absl::CivilDay monday = absl::NextWeekday(story_.StartOf(measure) + 6, absl::Weekday::monday);
    story_.Expect(RULE_MISSED_ATTENDANCE, measure, monday, EndOfDay(monday + 7));
    const std::vector<absl::CivilDay> days = story_.SessionDays(measure);
    story_.Attends(measure, Last(), [&](int index) {
      const absl::CivilDay day = days[static_cast<size_t>(index)];
      if (day == monday + 1) return kAbsent;
      return day == monday + 3 ? kExcused : kPresent;
    });
  }
  // Two misses that turn out to be mistakes: found, then retracted.
  void Corrected() {
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

  // R5, or contacts that keep it away.
  void NoContact() {
    const int measure = Begins(Pick(kEarlyIntakeDays), NoSessions(), OpenEnded());
    if (Pick(2) == 0) return;
    const absl::CivilDay found = story_.StartOf(measure) + frame_.rules.no_contact_days() + 1;
    if (AddOfficeDays(found, 2) <= Last()) story_.Reached(RULE_NO_CONTACT, 0, found, 0, std::nullopt);
  }
  void KeptInTouch() {
    const int measure = Begins(Pick(kEarlyIntakeDays), NoSessions(), OpenEnded());
    for (absl::CivilDay day = story_.StartOf(measure) + 12; day <= Last(); day += 12) {
      story_.Contacted(FirstOfficeDayFrom(day));
    }
  }

  // An agreed pause with sessions in it, and back on the first session after it.
  void Paused() {
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
  // R6: the pause is over and nobody has come back. Some are reached.
  void PauseOverrun() {
    const int measure = Begins(Pick(kEarlyIntakeDays), NoSessions(), OpenEnded());
    const absl::CivilDay agreed = FirstOfficeDayFrom(story_.StartOf(measure) + 3);
    const absl::CivilDay resume = agreed + 8 + Pick(5);
    story_.Paused(measure, agreed, resume);
    for (absl::CivilDay day = story_.StartOf(measure) + 12; day <= Last(); day += 12) {
      story_.Contacted(FirstOfficeDayFrom(day));
    }
    const absl::Time due = EndOfOfficeDay(resume, frame_.rules.pause_overrun_office_days());
    story_.Expect(RULE_PAUSE_OVERRUN, measure, resume, due);
    if (Pick(2) == 0) story_.Reached(RULE_PAUSE_OVERRUN, measure, LocalDay(due) + 1, 0, std::nullopt);
  }

  // Responsibility goes to another organisation, which takes it and meets the client in time.
  void HandedOver() {
    const absl::CivilDay taken = OfferedAndTaken();
    story_.TakerContacted(taken);
    story_.TakerMet(AddOfficeDays(taken, 3));
  }
  // R4: nobody answers the offer.
  void HandOverUnanswered() {
    const int measure = Begins(Pick(kEarlyIntakeDays), AnyOffer(), OpenEnded());
    AttendsWell(measure, Last());
    const absl::CivilDay offered = FirstOfficeDayFrom(story_.StartOf(measure) + 5 + Pick(6));
    story_.Do(Kind::kOffer, offered, Slot::kMorning);
    story_.Expect(RULE_MISSED_TRANSITION, 0, offered,
                  EndOfOfficeDay(offered, frame_.rules.transition_accept_office_days()));
  }
  // R4: taken, and nobody is in touch with the client.
  void HandOverWithoutContact() {
    const absl::CivilDay taken = OfferedAndTaken();
    story_.Expect(RULE_MISSED_TRANSITION, 0, taken,
                  EndOfOfficeDay(taken, frame_.rules.transition_contact_office_days()));
  }

  // R10. Some start after a call.
  void NeverStarted() {
    const absl::CivilDay assessed = AddOfficeDays(story_.Referred(OfficeDay(Pick(kEarlyIntakeDays))), 1);
    story_.Assessed(assessed);
    const absl::CivilDay start = AddOfficeDays(assessed, 1 + Pick(3));
    const int measure = story_.Planned(assessed, AnyOffer(), SoundFeed(), start, OpenEnded());
    const absl::Time due = EndOfOfficeDay(start, frame_.rules.not_started_office_days());
    story_.Expect(RULE_NOT_STARTED, measure, start, due);
    if (Pick(2) == 0) return;
    const absl::CivilDay found = AddOfficeDays(LocalDay(due), 1);
    const absl::CivilDay called = story_.Reached(RULE_NOT_STARTED, measure, found, 0, AddOfficeDays(found, 3));
    story_.Started(measure, AddOfficeDays(called, 2));
    AttendsWell(measure, Last());
  }
  // R11. Some are completed after a call, and then R3 waits for them.
  void Overrun() {
    const int measure = Begins(Pick(kEarlyIntakeDays), AnyOffer(), WithinMonth());
    const absl::CivilDay end = EndOf(measure);
    AttendsWell(measure, end);
    const absl::Time due = EndOfOfficeDay(end, frame_.rules.plan_overrun_office_days());
    story_.Expect(RULE_PLAN_OVERRUN, measure, end + 1, due);
    if (Pick(2) == 0) return;
    const absl::CivilDay found = AddOfficeDays(LocalDay(due), 1);
    if (AddOfficeDays(found, 2) > Last()) return;
    const absl::CivilDay called = story_.Reached(RULE_PLAN_OVERRUN, measure, found, 0, AddOfficeDays(found, 2));
    const absl::CivilDay completed = AddOfficeDays(called, 1);
    story_.Completed(measure, completed);
    ExpectNoNextMeasure(completed);
  }

  // The feed that stops for a week and then tells it all: only what its marks say is found.
  void OutageAttended() { AttendsWell(BeginsAtOutageFeed(TwiceWeekly()), Last()); }
  void OutageMissed() {
    const int measure = BeginsAtOutageFeed(TwiceWeekly());
    const std::vector<absl::CivilDay> days = story_.SessionDays(measure);
    const auto in_outage = [&](absl::CivilDay day) { return day >= frame_.outage_first && day <= frame_.outage_last; };
    const auto first = std::find_if(days.begin(), days.end(), in_outage);
    story_.Expect(RULE_MISSED_ATTENDANCE, measure, *first, EndOfDay(frame_.outage_last + 1));
    story_.Attends(measure, Last(),
                   [&](int index) { return in_outage(days[static_cast<size_t>(index)]) ? kAbsent : kPresent; });
  }
  // R5's limit lies in the outage, and a mark from inside the outage shows that there was contact.
  void OutageContact() {
    const absl::CivilDay assessed = AddOfficeDays(story_.Referred(OfficeDay(0)), 1);
    story_.Assessed(assessed);
    const int measure = story_.Planned(assessed, JobCoaching(), kOutageFeed, AddOfficeDays(assessed, 1), OpenEnded());
    story_.Started(measure, AddOfficeDays(assessed, 1));
    const absl::CivilDay wednesday = absl::NextWeekday(frame_.outage_first - 1, absl::Weekday::wednesday);
    const std::vector<absl::CivilDay> days = story_.SessionDays(measure);
    story_.Attends(measure, Last(), [&](int index) {
      const absl::CivilDay day = days[static_cast<size_t>(index)];
      return day == wednesday - 7 || day == wednesday - 14 ? kExcused : kPresent;
    });
  }

  void End() { story_.End(); }

 private:
  int Pick(int count) { return static_cast<int>(random_.Next() % static_cast<uint64_t>(count)); }
  absl::CivilDay Last() const { return frame_.last; }
  absl::CivilDay OfficeDay(int index) const { return AddOfficeDays(frame_.first - 1, index + 1); }
  absl::CivilDay OpenEnded() { return frame_.last + 30 + Pick(60); }
  // A Friday, so that the outage and Easter fall behind it for some and before it for others.
  absl::CivilDay WithinMonth() { return absl::CivilDay(frame_.first + 18 + 7 * Pick(2)); }
  int SoundFeed() {
    const int feed = 1 + Pick(kFeeds - 1);
    return feed >= kOutageFeed ? feed + 1 : feed;
  }
  const Offer& TwiceWeekly() {
    static const Offer offers[] = {RehabilitativeWork(),
                                   {"work-trial", {1, 3, 5}, 8 * 60 + 30, 14 * 60 + 30},
                                   {"group-rehabilitation", {1, 4}, 10 * 60, 12 * 60}};
    return offers[Pick(3)];
  }
  const Offer& AnyOffer() {
    static const Offer direct{"physiotherapy", {2}, 10 * 60, 11 * 60, false};
    const int pick = Pick(6);
    if (pick == 0) return direct;
    return pick == 1 ? JobCoaching() : TwiceWeekly();
  }

  absl::CivilDay EndOf(int measure) const { return ends_[static_cast<size_t>(measure - 1)]; }

  // A plan on the day of the assessment or later, and its start some days after.
  int PlansAndStarts(absl::CivilDay day, const Offer& offer, absl::CivilDay end, int feed = 0) {
    const absl::CivilDay start = AddOfficeDays(day, 1 + Pick(2));
    const int measure = story_.Planned(day, offer, feed == 0 ? SoundFeed() : feed, start, end);
    ends_.push_back(end);
    story_.Started(measure, start);
    return measure;
  }
  int Begins(int office_day, const Offer& offer, absl::CivilDay end, int feed = 0) {
    const absl::CivilDay assessed = AddOfficeDays(story_.Referred(OfficeDay(office_day)), 1 + Pick(2));
    story_.Assessed(assessed);
    return PlansAndStarts(assessed, offer, end, feed);
  }
  int BeginsAtOutageFeed(const Offer& offer) { return Begins(Pick(kEarlyIntakeDays), offer, OpenEnded(), kOutageFeed); }

  // Present but for a day here and there: a miss or an excuse stands alone between two presences on each side.
  // The last session before an end is attended: the one on the day of the end is never marked, and two misses in a row
  // would be a break.
  void AttendsWell(int measure, absl::CivilDay until) {
    const std::vector<absl::CivilDay> days = story_.SessionDays(measure);
    const auto last = std::upper_bound(days.begin(), days.end(), until) - days.begin() - 1;
    int present = 0;
    story_.Attends(measure, until, [&](int index) {
      const int pick = present >= 2 && (until == Last() || index != last) ? Pick(12) : 2;
      present = pick < 2 ? 0 : present + 1;
      return pick == 0 ? kAbsent : pick == 1 ? kExcused : kPresent;
    });
  }
  // The day on which the other organisation takes the client.
  absl::CivilDay OfferedAndTaken() {
    const int measure = Begins(Pick(kEarlyIntakeDays), AnyOffer(), OpenEnded());
    AttendsWell(measure, Last());
    const absl::CivilDay offered = FirstOfficeDayFrom(story_.StartOf(measure) + 5 + Pick(6));
    story_.Do(Kind::kOffer, offered, Slot::kMorning);
    const absl::CivilDay taken = AddOfficeDays(offered, 1 + Pick(3));
    story_.Do(Kind::kTake, taken, Slot::kMorning);
    return taken;
  }
  std::pair<int, absl::CivilDay> StopsEarly() {
    const int measure = Begins(Pick(kEarlyIntakeDays), AnyOffer(), OpenEnded());
    const absl::CivilDay day = FirstOfficeDayFrom(story_.StartOf(measure) + 6 + Pick(8));
    AttendsWell(measure, day - 1);
    story_.EndedEarly(measure, day, kBreaks[Pick(4)]);
    story_.Expect(RULE_ENDED_EARLY, measure, day, StartOfDay(day));
    return {measure, day};
  }
  void ExpectNoNextMeasure(absl::CivilDay idle_since) {
    story_.Expect(RULE_NO_NEXT_MEASURE, 0, idle_since,
                  EndOfOfficeDay(idle_since, frame_.rules.no_next_measure_office_days()));
  }
  void NextOrNothing(absl::CivilDay day) {
    if (Pick(2) == 0) return ExpectNoNextMeasure(day);
    AttendsWell(PlansAndStarts(AddOfficeDays(day, 1 + Pick(4)), AnyOffer(), OpenEnded()), Last());
  }

  const Frame& frame_;
  SeededRandom& random_;
  Story story_;
  std::vector<absl::CivilDay> ends_;  // Planned, by measure.
};

struct Share {
  const char* name;
  int per_mille;
  void (Fate::*live)();
};

constexpr Share kShares[] = {
    {"attending", 290, &Fate::Attending},
    {"declined", 50, &Fate::Declined},
    {"unanswered", 20, &Fate::Unanswered},
    {"in assessment", 60, &Fate::InAssessment},
    {"assessment overdue", 30, &Fate::AssessmentOverdue},
    {"assessed in time", 20, &Fate::AssessedInTime},
    {"assessed, no plan", 30, &Fate::AssessedWithoutPlan},
    {"stopped early", 40, &Fate::StoppedEarly},
    {"stopped early, then another measure", 30, &Fate::StoppedEarlyThenOther},
    {"stopped early, then nothing", 20, &Fate::StoppedEarlyThenNothing},
    {"goal reached", 30, &Fate::GoalReached},
    {"finished", 50, &Fate::Finished},
    {"finished and closed", 20, &Fate::FinishedAndClosed},
    {"silent, no marks", 40, &Fate::FellSilentWithoutMarks},
    {"silent, absent", 40, &Fate::FellSilentWithMarks},
    {"weak week", 15, &Fate::WeakWeek},
    {"marks corrected", 15, &Fate::Corrected},
    {"no contact", 30, &Fate::NoContact},
    {"kept in touch", 20, &Fate::KeptInTouch},
    {"paused", 15, &Fate::Paused},
    {"pause overrun", 10, &Fate::PauseOverrun},
    {"handed over", 10, &Fate::HandedOver},
    {"hand-over unanswered", 8, &Fate::HandOverUnanswered},
    {"hand-over without contact", 7, &Fate::HandOverWithoutContact},
    {"never started", 30, &Fate::NeverStarted},
    {"overrun", 30, &Fate::Overrun},
    {"feed outage, attended", 30, &Fate::OutageAttended},
    {"feed outage, missed", 8, &Fate::OutageMissed},
    {"feed outage, contact", 2, &Fate::OutageContact},
};

constexpr int Total() {
  int total = 0;
  for (const Share& share : kShares) total += share.per_mille;
  return total;
}
static_assert(Total() == 1000);

}  // namespace

void LiveFate(int index, int clients, const Frame& frame, Client& client, SeededRandom& random) {
  int place = static_cast<int>(int64_t{index} * 1000 / clients);
  for (const Share& share : kShares) {
    if (place >= share.per_mille) {
      place -= share.per_mille;
      continue;
    }
    client.fate = share.name;
    Fate fate(frame, client, random);
    (fate.*share.live)();
    fate.End();
    return;
  }
}

}  // namespace polku::demo
