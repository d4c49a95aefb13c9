// Which interruptions the facts give: the rules R1 to R12 as functions of a journey's state.
// services/follow-up/README.md says each rule in words.
//
// Nothing here looks at the clock. A finding comes with the instant at which its limit is
// reached unless further facts come; it holds from that instant on. So the same list answers
// what is broken now, when to look next and what the next dated step is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "polku/follow_up/v1/state.pb.h"
#include "polku/pathway/v1/rules.pb.h"

namespace polku::follow_up {

struct Finding {
  polku::follow_up::v1::Rule rule = polku::follow_up::v1::RULE_UNSPECIFIED;
  std::string measure;  // Empty: the journey as a whole.
  int64_t counted_from_us = 0;
  int64_t due_us = 0;
  // Rests on something that has not come. It may be opened only once everything up to
  // `due_us` has been reported.
  bool absence = true;
  int64_t anchor_us = 0;     // Where the clock began, when a spell moved counted_from; otherwise 0.
  int64_t last_miss_us = 0;  // R2: end of the session or week that made it too many.
  std::string point = {};    // R8: code of the statutory point.
};

// An expected session that nobody has marked, the first such one of a measure that runs or has run.
struct Unmarked {
  const polku::follow_up::v1::MeasureRecord* measure = nullptr;
  int ordinal = 0;
  int on_day = 0;
  absl::CivilDay day;
  int64_t session_end_us = 0;
  int64_t due_us = 0;  // It counts as missed when everything up to here has been reported.
};

// At most one finding per (rule, measure), of R8 one per statutory point. In an order that depends on nothing but the
// state. None of a journey that is not open.
std::vector<Finding> Findings(const polku::follow_up::v1::JourneyRecord& journey,
                              const polku::pathway::v1::RuleSet& rules);

// The same without R2, which is the dear one.
std::vector<Finding> FindingsButMissedAttendance(const polku::follow_up::v1::JourneyRecord& journey,
                                                 const polku::pathway::v1::RuleSet& rules);

// R2 (missed_attendance.cc).
std::optional<Finding> MissedAttendance(const polku::follow_up::v1::JourneyRecord& journey,
                                        const polku::follow_up::v1::MeasureRecord& measure,
                                        const polku::pathway::v1::RuleSet& rules);
std::optional<Unmarked> FirstUnmarked(const polku::follow_up::v1::JourneyRecord& journey,
                                      const polku::follow_up::v1::MeasureRecord& measure,
                                      const polku::pathway::v1::RuleSet& rules);

// R4 (transition.cc).
std::optional<Finding> MissedTransition(const polku::follow_up::v1::JourneyRecord& journey,
                                        const polku::pathway::v1::RuleSet& rules);

// R6 of pauses of one measure, or of the whole journey when `measure` is null (pause.cc).
std::optional<Finding> PauseOverrun(const polku::follow_up::v1::JourneyRecord& journey,
                                    const polku::follow_up::v1::MeasureRecord* measure,
                                    const polku::pathway::v1::RuleSet& rules);

// Whether R6 of each pause of the whole journey comes out alike in both, which have the same pauses (pause.cc).
bool SamePauseOverruns(const polku::follow_up::v1::JourneyRecord& journey,
                       const polku::follow_up::v1::JourneyRecord& other, const polku::pathway::v1::RuleSet& rules);
// Neither of the two, or both with the same limit.
bool SameLimit(const std::optional<Finding>& a, const std::optional<Finding>& b);

// R12 (circumstance.cc).
std::optional<Finding> ChangedCircumstance(const polku::follow_up::v1::JourneyRecord& journey,
                                           const polku::pathway::v1::RuleSet& rules);

// R8, one a point (statutory_point.cc).
std::vector<Finding> StatutoryPoints(const polku::follow_up::v1::JourneyRecord& journey,
                                     const polku::pathway::v1::RuleSet& rules);

// R5 (no_contact.cc).
std::optional<Finding> NoContact(const polku::follow_up::v1::JourneyRecord& journey,
                                 const polku::pathway::v1::RuleSet& rules);

// Parts of the state by name; null when there is none.
const polku::follow_up::v1::MeasureRecord* FindMeasure(const polku::follow_up::v1::JourneyRecord& journey,
                                                       absl::string_view measure);
const polku::follow_up::v1::InterruptionRecord* FindOpen(const polku::follow_up::v1::JourneyRecord& journey,
                                                         polku::follow_up::v1::Rule rule, absl::string_view measure,
                                                         absl::string_view point = "");
const polku::follow_up::v1::InterruptionRecord* FindOpen(const polku::follow_up::v1::JourneyRecord& journey,
                                                         const Finding& finding);
const polku::follow_up::v1::Floor* FindFloor(const polku::follow_up::v1::JourneyRecord& journey,
                                             polku::follow_up::v1::Rule rule, absl::string_view measure,
                                             absl::string_view point = "");
const polku::follow_up::v1::Hold* FindHold(const polku::follow_up::v1::JourneyRecord& journey, const Finding& finding);

// R2 of a measure that has ended: R3 does not wait for it while a source holds it back.
bool IsAboutEndedSessions(const polku::follow_up::v1::JourneyRecord& journey, const polku::follow_up::v1::Hold& hold);

// After a resolution a rule counts from there, and is due no sooner than was agreed.
Finding AboveFloor(const polku::follow_up::v1::JourneyRecord& journey, Finding finding);

// What an open or held finding of the whole journey by `rule` is counted from. Later facts do
// not move it away: what was broken at its due instant stays found until a person resolves it.
std::optional<int64_t> AnchorOf(const polku::follow_up::v1::JourneyRecord& journey, polku::follow_up::v1::Rule rule);

void RemoveMeasure(absl::string_view measure, polku::follow_up::v1::JourneyRecord& journey);
bool HasEnded(const polku::follow_up::v1::MeasureRecord& measure);
// The ended measures about which nothing is open, held or still to be found.
std::vector<std::string> MeasuresOver(const polku::follow_up::v1::JourneyRecord& journey,
                                      const polku::pathway::v1::RuleSet& rules);
// Goal reached, or off to work or study: the two ends before time that break nothing.
bool IsGoodEnd(polku::follow_up::v1::EndReason reason);
// How long after a session its mark may come.
int64_t ReportingIntervalUs(const polku::follow_up::v1::MeasureRecord& measure,
                            const polku::pathway::v1::RuleSet& rules);

// The dated next steps of a journey: the instants by which, whatever does not happen, a finding
// opens or a held one is looked at again. 0 = none.
struct Steps {
  int64_t latest_us = 0;    // The one that the safety net relies on.
  int64_t earliest_us = 0;  // The next limit, for people.
};
Steps StepsOf(const polku::follow_up::v1::JourneyRecord& journey, const polku::pathway::v1::RuleSet& rules);
// `findings` are its Findings.
Steps StepsOf(const polku::follow_up::v1::JourneyRecord& journey, const std::vector<Finding>& findings,
              const polku::pathway::v1::RuleSet& rules);

// The next rung of the ladder of an open interruption.
struct NextRung {
  polku::follow_up::v1::OutreachRung rung = polku::follow_up::v1::OUTREACH_RUNG_UNSPECIFIED;
  int64_t call_us = 0;  // When the rung before is used up.
  int64_t due_us = 0;   // When it is used up itself.
};
// None once the last one has been called, and while its outreach waits (ladder.cc).
std::optional<NextRung> NextRungOf(const polku::follow_up::v1::JourneyRecord& journey,
                                   const polku::follow_up::v1::InterruptionRecord& open,
                                   const polku::pathway::v1::RuleSet& rules);
// How a rung that is not covered yet is held: like a finding that waits.
Finding AsFinding(const polku::follow_up::v1::InterruptionRecord& open, const NextRung& next);

// How outreach is held that the client's budget would let go on at that instant.
Finding AsFinding(int64_t budget_us);

// When something is to be decided although nothing comes in. 0 = never.
int64_t NextDueUs(const polku::follow_up::v1::JourneyRecord& journey, const std::vector<Finding>& findings,
                  const polku::pathway::v1::RuleSet& rules);

// What an open journey lacks: "owner", "next_step". Empty is the promise.
std::vector<std::string> SafetyNetGaps(const polku::follow_up::v1::JourneyRecord& journey,
                                       const polku::pathway::v1::RuleSet& rules, absl::Time now);

}  // namespace polku::follow_up
