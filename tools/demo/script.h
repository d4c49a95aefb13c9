// What happens to each client of the demo's region, written down before anything runs, and the interruptions
// that must be found in it.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "polku/assessment/v1/events.pb.h"
#include "polku/common/v1/organisation.pb.h"
#include "polku/common/v1/types.pb.h"
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

  // Limits reached later are not found before the end.
  absl::Time horizon() const { return TimeOf(last, Slot::kEvening); }
};
// Assessments of so many days that begin in the winter end in the month.
Frame FrameOf(int assessment_days);

// A service that the region's providers offer.
struct Offer {
  const char* type = "";
  std::vector<int> weekdays;  // Monday 1 to Sunday 7, as google.type.DayOfWeek; empty: no sessions.
  int start_minute = 0;
  int end_minute = 0;
  bool by_feed = true;   // Otherwise people report attendance directly.
  bool at_site = false;  // Of Course.sites; otherwise any provider's.
  bool in_groups = false;
};

// Which ways of going, fates.h, the clients of a course have.
enum class Life { kJobSeekers, kEmployees, kStudents, kOutsideServices, kBacks };

// A shipped pathway as the generator uses it for one segment: whom it takes, what it offers, and its numbers. All of
// the definition and its rule set, but for the offers.
struct Course {
  std::string pathway;
  common::v1::Segment segment = common::v1::SEGMENT_UNSPECIFIED;
  Life life = Life::kJobSeekers;
  int clients = 0;
  std::vector<std::string> municipalities;
  std::vector<std::string> needs;
  const char* referrer = "";
  common::v1::OrganisationKind referrer_kind = common::v1::ORGANISATION_KIND_UNSPECIFIED;
  const char* outcome = "";    // Of assessments; empty where the pathway has none.
  bool rates_ability = false;  // The work ability is rated before an assessment is complete.
  int assessment_days = 0;
  polku::pathway::v1::RuleSet rules;
  // To whom responsibility is handed over, and to which step; empty: none of the pathway's.
  const char* taker = "";
  const char* taken_step = "";
  int accept_office_days = 0;
  std::map<std::string, std::string> sites;  // Provider by municipality, of a role that has one in each.
  // At least one of the first; `without_sessions` may be missing where no fate needs it.
  std::vector<Offer> often;   // Two sessions a week or more.
  std::vector<Offer> seldom;  // Fewer.
  Offer without_sessions;
  int imaging_within_office_days = 0;  // Of backs: so soon imaging begins.
  int open_ended_days =
      30;  // Measures without an end in the month are planned for one to three times as long behind it.
};

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
    kFoundWork,
    kIll,
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
  follow_up::v1::BenefitPeriod illness;
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
  const Course* course = nullptr;
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

// The clients of all courses, which outlive them, one course after the other. The same for the same arguments.
std::vector<Client> WriteScript(const Frame& frame, const std::vector<Course>& courses, uint64_t seed);

}  // namespace polku::demo
