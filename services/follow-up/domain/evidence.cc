#include "services/follow-up/domain/evidence.h"

#include <algorithm>

#include "services/follow-up/domain/moment.h"
#include "services/follow-up/domain/sessions.h"
#include "services/follow-up/domain/spells.h"

namespace polku::follow_up {

using namespace polku::follow_up::v1;  // NOLINT

std::vector<int64_t> EvidenceVersions(const JourneyRecord& journey, const Finding& finding) {
  std::vector<int64_t> versions;
  const MeasureRecord* measure = FindMeasure(journey, finding.measure);
  switch (finding.rule) {
    case RULE_ENDED_EARLY:
      versions = {measure->approve_version(), measure->end_version()};
      break;
    case RULE_MISSED_ATTENDANCE: {
      versions = {measure->start_version()};
      const std::string expected = ExpectedSessions(journey, *measure);
      for (const MissRecord& miss : measure->misses()) {
        const auto session = Schedule(*measure).At(miss.ordinal());
        const bool within = session.has_value() && Micros(session->end) >= finding.counted_from_us &&
                            Micros(session->end) <= finding.due_us;
        if (within && IsMiss(MarkAt(expected, miss.ordinal()))) versions.push_back(miss.version());
      }
      break;
    }
    case RULE_MISSED_TRANSITION:
      versions = {journey.transition().version()};
      break;
    case RULE_PAUSE_OVERRUN:
      for (const PauseRecord& pause : journey.pauses()) {
        if (pause.measure() == finding.measure && !pause.ended()) versions.push_back(pause.version());
      }
      break;
    case RULE_STATUTORY_POINT:
      for (const BenefitRecord& each : journey.benefits()) {
        const bool is_before = Micros(EndOfDay(DayOfNumber(each.last_day()))) <= finding.counted_from_us;
        if (!is_before && Micros(StartOfDay(DayOfNumber(each.first_day()))) < finding.due_us) {
          versions.push_back(each.version());
        }
      }
      break;
    case RULE_CHANGED_CIRCUMSTANCE:
      versions = {StandingCircumstance(journey)->version()};
      break;
    case RULE_NOT_STARTED:
      versions = {measure->approve_version(), measure->start_version()};
      break;
    case RULE_PLAN_OVERRUN:
      versions = {measure->approve_version(), measure->start_version(), measure->end_version()};
      break;
    case RULE_NO_NEXT_MEASURE:
      versions = {journey.idle_version()};
      break;
    case RULE_NO_CONTACT:
      versions = {journey.activity_version()};
      break;
    case RULE_OVERDUE_ASSESSMENT:
      versions = {journey.assessment_version()};
      break;
    default:
      break;
  }
  std::sort(versions.begin(), versions.end());
  versions.erase(std::remove(versions.begin(), versions.end(), 0), versions.end());  // Has not happened.
  return versions;
}

bool NeedsNextStep(Rule rule) {
  return rule == RULE_NO_NEXT_MEASURE || rule == RULE_OVERDUE_ASSESSMENT || rule == RULE_NOT_STARTED ||
         rule == RULE_PLAN_OVERRUN || rule == RULE_MISSED_TRANSITION || rule == RULE_CHANGED_CIRCUMSTANCE;
}

}  // namespace polku::follow_up
