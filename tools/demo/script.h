// What happens to each client of the demo's region, written down before anything runs, and the interruptions
// that must be found in it.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "polku/assessment/v1/events.pb.h"
#include "polku/coordinator_network/v1/events.pb.h"
#include "polku/follow_up/v1/api.pb.h"
#include "polku/pathway/v1/rules.pb.h"

namespace polku::demo {

using follow_up::v1::Rule;

// When the region's people and feeds do their work, local time.
enum class Slot {
  kMorning,    // 08:00: referrals, assessments, plans, starts.
  kAfternoon,  // 16:00: ends of measures, coordinators' outreach.
  kEvening,    // 20:00: attendance, and what feeds have covered.
};
absl::Time TimeOf(absl::CivilDay day, Slot slot);

// The days of the demo and the numbers that the shipped definitions give.
struct Frame {
  absl::CivilDay winter;  // Clients whose assessment can become overdue are accepted here.
  absl::CivilDay first;   // The month: first and last day.
  absl::CivilDay last;
  absl::CivilDay outage_first;  // One feed says nothing on these days and tells it all on the day after.
  absl::CivilDay outage_last;
  int assessment_days = 0;  // Of the pathway definition.
  polku::pathway::v1::RuleSet rules;

  // Limits reached later are not found before the end.
  absl::Time horizon() const { return TimeOf(last, Slot::kEvening); }
};
Frame FrameOf(int assessment_days, const polku::pathway::v1::RuleSet& rules);

struct Action {
  enum class Kind {
    kSubmit,
    kAccept,
    kDecline,
    kAssess,
    kPlan,
    kStart,
    kComplete,
    kEndEarly,
    kContact,
    kClose,
    kPause,
    kOffer,         // Responsibility for the client is offered to another organisation.
    kTake,          // That organisation accepts.
    kTakerContact,  // Its first contact with the client.
    kTakerMeeting,
    kOutreach
  };
  Kind kind = Kind::kSubmit;
  absl::CivilDay day;
  Slot slot = Slot::kMorning;
  int measure = 0;  // From 1; 0 = the journey as a whole.
  follow_up::v1::EndReason reason = follow_up::v1::END_REASON_UNSPECIFIED;
  // Of an attempt to reach the client about the open finding of `rule` and `measure`.
  Rule rule = follow_up::v1::RULE_UNSPECIFIED;
  coordinator_network::v1::AttemptOutcome outcome = coordinator_network::v1::ATTEMPT_OUTCOME_UNSPECIFIED;
  bool completes = false;  // The outreach is done with this attempt.
  std::optional<absl::CivilDay> next_step;
  absl::CivilDay resume;  // Of a pause from the day after on: the first day that is no longer part of it.
};

struct Mark {
  int measure = 0;
  absl::CivilDay day;
  follow_up::v1::AttendanceStatus status = follow_up::v1::ATTENDANCE_STATUS_UNSPECIFIED;
  int revision = 0;
  absl::CivilDay told;  // In the evening of this day.
};

// An interruption by its meaning. Two runs, and generator and product, name the same one alike.
struct Break {
  int client = 0;
  int measure = 0;
  int rule = 0;
  absl::CivilDay counted_from;  // Local day.
  bool retracted = false;       // A late fact showed that there was none.
  friend bool operator==(const Break&, const Break&) = default;
  friend bool operator<(const Break& a, const Break& b) {
    if (a.client != b.client) return a.client < b.client;
    if (a.rule != b.rule) return a.rule < b.rule;
    if (a.retracted != b.retracted) return b.retracted;
    return a.measure != b.measure ? a.measure < b.measure : a.counted_from < b.counted_from;
  }
};

struct Client {
  int number = 0;
  std::string fate;
  std::string identity_code;  // Empty for a few.
  absl::CivilDay birth_day;
  std::string municipality;
  std::string language;
  std::string need;
  bool protected_whereabouts = false;
  std::vector<assessment::v1::PlannedMeasure> measures;
  std::vector<Action> actions;
  std::vector<Mark> marks;
  std::vector<Break> breaks;  // Must be found, and nothing else.
};

constexpr int kFeeds = 5;
constexpr int kOutageFeed = 3;
std::string FeedName(int feed);  // "sources/feed-3"

// The same for the same arguments.
std::vector<Client> WriteScript(const Frame& frame, int clients, uint64_t seed);

}  // namespace polku::demo
