// The life of one client, in one of the ways in which it can go.
#pragma once

#include <utility>
#include <vector>

#include "absl/time/civil_time.h"
#include "libs/base/random.h"
#include "tools/demo/script.h"
#include "tools/demo/story.h"

namespace polku::demo {

class Fate {
 public:
  // All outlive the fate.
  Fate(const Frame& frame, const Course& course, Client& client, SeededRandom& random)
      : frame_(frame), course_(course), random_(random), story_(frame, course, client) {}

  void Attending();

  void Declined();
  void Unanswered();
  // R7 where the pathway gives less time than is left.
  void InAssessment();

  // R7. Some are assessed after the coordinator has asked for it.
  void AssessmentOverdue();
  void AssessedInTime();

  // R3 after the assessment.
  void AssessedWithoutPlan();

  // R1, and R3 when nothing follows after the outreach.
  void StoppedEarly();
  void StoppedEarlyThenOther();
  void StoppedEarlyThenNothing();

  // Ended before time for a good reason: no break of its own.
  void GoalReached();
  // R3 after a measure, or the next measure in time.
  void Finished();
  void FinishedAndClosed();

  // R2: nobody says anything, or the marks say "absent". Some come back after a call.
  void FellSilent(bool absent);
  void FellSilentWithoutMarks();
  void FellSilentWithMarks();

  // R2: a week below the minimum, one day missed and one excused.
  void WeakWeek();
  // Two misses that turn out to be mistakes: found, then retracted.
  void Corrected();

  // R5, or contacts that keep it away.
  void NoContact();
  void KeptInTouch();

  // An agreed pause with sessions in it, and back on the first session after it.
  void Paused();
  // R6: the pause is over and nobody has come back. Some are reached.
  void PauseOverrun();

  // Responsibility goes to another organisation, which takes it and meets the client in time.
  void HandedOver();
  // R4: nobody answers the offer.
  void HandOverUnanswered();
  // R4: taken, and nobody is in touch with the client.
  void HandOverWithoutContact();

  // R10. Some start after a call.
  void NeverStarted();
  // R11. Some are completed after a call, and then R3 waits for them.
  void Overrun();

  // The feed that stops for a week and then tells it all: only what its marks say is found.
  void OutageAttended();
  void OutageMissed();
  // R5's limit lies in the outage, and a mark from inside the outage shows that there was contact.
  void OutageContact();

  // R12: the client has found work, and nobody says whether the follow-up goes on.
  void FoundWork();

  // R8 of employees: away ill for two months, or paid sickness allowance until the return to lighter work.
  void AwayIll();
  void OnAllowance();

  // No break where the threshold is low: away twice, and back.
  void TwiceAway();

  // The chain for backs: imaging, and rehabilitation without delay. R3, R10 and R11 wait for a day or three.
  void ThroughImaging();
  void ImagedThenNothing();
  void ImagingNotBegun();
  void ImagingOverrun();
  void RehabilitationSilent();
  void RehabilitationWithoutContact();

  void End();

 private:
  int Pick(int count);
  absl::CivilDay Last() const;
  absl::CivilDay OfficeDay(int index) const;
  absl::CivilDay OpenEnded();
  // A Friday, so that the outage and Easter fall behind it for some and before it for others.
  absl::CivilDay WithinMonth();
  int SoundFeed();
  // Of what the course has: two sessions a week or more, any, none.
  const Offer& TwiceWeekly();
  const Offer& AnyOffer();
  const Offer& NoSessions();

  absl::CivilDay EndOf(int measure) const;

  // A plan on the day of the assessment or later, and its start some days after.
  int PlansAndStarts(absl::CivilDay day, const Offer& offer, absl::CivilDay end, int feed = 0);
  int Begins(int office_day, const Offer& offer, absl::CivilDay end, int feed = 0);
  int BeginsAtOutageFeed(const Offer& offer);

  // Present but for a day here and there: a miss or an excuse stands alone between two presences on each side.
  // The last session before an end is attended: the one on the day of the end is never marked, and two misses in a row
  // would be a break.
  void AttendsWell(int measure, absl::CivilDay until);
  // The day on which the other organisation takes the client.
  absl::CivilDay OfferedAndTaken();
  std::pair<int, absl::CivilDay> StopsEarly();
  void ExpectNoNextMeasure(absl::CivilDay idle_since);
  void NextOrNothing(absl::CivilDay day);

  // What the points of the rule set say of an illness that is on record.
  void ExpectPoints(absl::CivilDay first, absl::CivilDay last, bool paid);
  // Imaging from the next office day on, for two days. Returns its last one.
  absl::CivilDay PlansImaging(bool begins);
  // Planned on `day`, begun some days later.
  int PlansRehabilitation(absl::CivilDay day, const Offer& offer);
  void FellSilentIn(int measure, bool absent);

  const Frame& frame_;
  const Course& course_;
  SeededRandom& random_;
  Story story_;
  std::vector<absl::CivilDay> ends_;  // Planned, by measure.
};

}  // namespace polku::demo
