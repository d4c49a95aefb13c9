#include "tools/demo/fates.h"

#include "absl/types/span.h"
#include "tools/demo/fate.h"

namespace polku::demo {
namespace {

struct Share {
  const char* name;
  int per_mille;
  void (Fate::*live)();
};

constexpr Share kJobSeekers[] = {
    {"attending", 282, &Fate::Attending},
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
    {"found work", 8, &Fate::FoundWork},
    {"never started", 30, &Fate::NeverStarted},
    {"overrun", 30, &Fate::Overrun},
    {"feed outage, attended", 30, &Fate::OutageAttended},
    {"feed outage, missed", 8, &Fate::OutageMissed},
    {"feed outage, contact", 2, &Fate::OutageContact},
};

constexpr Share kEmployees[] = {
    {"attending", 250, &Fate::Attending},
    {"declined", 30, &Fate::Declined},
    {"unanswered", 20, &Fate::Unanswered},
    {"in assessment", 80, &Fate::InAssessment},
    {"assessment overdue", 40, &Fate::AssessmentOverdue},
    {"assessed, no plan", 50, &Fate::AssessedWithoutPlan},
    {"stopped early", 40, &Fate::StoppedEarly},
    {"stopped early, then another measure", 40, &Fate::StoppedEarlyThenOther},
    {"finished", 50, &Fate::Finished},
    {"silent, absent", 60, &Fate::FellSilentWithMarks},
    {"away ill for two months", 80, &Fate::AwayIll},
    {"on sickness allowance", 60, &Fate::OnAllowance},
    {"found other work", 30, &Fate::FoundWork},
    {"no contact", 40, &Fate::NoContact},
    {"enhanced support", 20, &Fate::HandedOver},
    {"enhanced support, unanswered", 20, &Fate::HandOverUnanswered},
    {"enhanced support, no contact", 10, &Fate::HandOverWithoutContact},
    {"never started", 40, &Fate::NeverStarted},
    {"overrun", 40, &Fate::Overrun},
};

constexpr Share kStudents[] = {
    {"attending", 350, &Fate::Attending},
    {"declined", 50, &Fate::Declined},
    {"in assessment", 100, &Fate::InAssessment},
    {"assessment overdue", 50, &Fate::AssessmentOverdue},
    {"assessed, no plan", 60, &Fate::AssessedWithoutPlan},
    {"stopped early", 60, &Fate::StoppedEarly},
    {"stopped early, then another measure", 50, &Fate::StoppedEarlyThenOther},
    {"silent, no marks", 60, &Fate::FellSilentWithoutMarks},
    {"silent, absent", 60, &Fate::FellSilentWithMarks},
    {"never started", 60, &Fate::NeverStarted},
    {"finished", 50, &Fate::Finished},
    {"overrun", 50, &Fate::Overrun},
};

constexpr Share kOutsideServices[] = {
    {"attending", 340, &Fate::Attending},
    {"unanswered", 20, &Fate::Unanswered},
    {"in assessment", 110, &Fate::InAssessment},
    {"assessment overdue", 50, &Fate::AssessmentOverdue},
    {"assessed, no plan", 60, &Fate::AssessedWithoutPlan},
    {"stopped early", 60, &Fate::StoppedEarly},
    {"stopped early, then another measure", 40, &Fate::StoppedEarlyThenOther},
    {"silent, no marks", 70, &Fate::FellSilentWithoutMarks},
    {"silent, absent", 60, &Fate::FellSilentWithMarks},
    {"twice away", 70, &Fate::TwiceAway},
    {"no contact", 40, &Fate::NoContact},
    {"never started", 40, &Fate::NeverStarted},
    {"finished", 40, &Fate::Finished},
};

constexpr Share kBacks[] = {
    {"through imaging to rehabilitation", 330, &Fate::ThroughImaging},
    {"declined", 50, &Fate::Declined},
    {"in assessment", 100, &Fate::InAssessment},
    {"assessment overdue", 60, &Fate::AssessmentOverdue},
    {"assessed, no plan", 60, &Fate::AssessedWithoutPlan},
    {"imaged, then nothing", 100, &Fate::ImagedThenNothing},
    {"imaging not begun", 80, &Fate::ImagingNotBegun},
    {"imaging overrun", 60, &Fate::ImagingOverrun},
    {"rehabilitation, silent", 80, &Fate::RehabilitationSilent},
    {"rehabilitation, no contact", 80, &Fate::RehabilitationWithoutContact},
};

template <size_t kCount>
constexpr bool IsWhole(const Share (&shares)[kCount]) {
  int total = 0;
  for (const Share& share : shares) total += share.per_mille;
  return total == 1000;
}
static_assert(IsWhole(kJobSeekers) && IsWhole(kEmployees) && IsWhole(kStudents) && IsWhole(kOutsideServices) &&
              IsWhole(kBacks));

absl::Span<const Share> SharesOf(Life life) {
  switch (life) {
    case Life::kJobSeekers:
      return kJobSeekers;
    case Life::kEmployees:
      return kEmployees;
    case Life::kStudents:
      return kStudents;
    case Life::kOutsideServices:
      return kOutsideServices;
    case Life::kBacks:
      return kBacks;
  }
  return {};
}

}  // namespace

void LiveFate(int index, const Frame& frame, Client& client, SeededRandom& random) {
  int place = static_cast<int>(int64_t{index} * 1000 / client.course->clients);
  for (const Share& share : SharesOf(client.course->life)) {
    if (place >= share.per_mille) {
      place -= share.per_mille;
      continue;
    }
    client.fate = share.name;
    Fate fate(frame, *client.course, client, random);
    (fate.*share.live)();
    fate.End();
    return;
  }
}

}  // namespace polku::demo
