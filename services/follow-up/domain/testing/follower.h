// A client followed in a test: feeds inputs to the domain and plays the corridor's part (fold,
// index of marks, ticks at due instants) without any of its machinery.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "services/follow-up/domain/journey.h"

namespace polku::follow_up {

inline constexpr char kClient[] = "clients/0190d3a1-7c00-7000-8000-000000000001";

// The pathway and rules of these tests: assessment within 90 days; R2 two misses and a day to
// report; R3, R10, R11 five office days; R5 21 days; holds looked at every 6 hours.
// `more_pathways` as YAML: other versions of "test-pathway".
pathway::Catalogue RulesOfTests(const std::vector<std::string>& more_pathways = {});

// An instant from local time: "2026-03-09 12:00".
absl::Time Local(absl::string_view text);
google::type::Date Day(absl::string_view text);  // "2026-03-09"

class Follower {
 public:
  explicit Follower(absl::Time now) : Follower(now, RulesOfTests()) {}
  Follower(absl::Time now, const pathway::Catalogue& catalogue);

  // Runs ticks at every due instant up to `time`, then stands there.
  void AdvanceTo(absl::Time time);
  // Moves the clock as an outage does: whatever was due waits for the next Tick.
  void JumpTo(absl::Time time) { now_ = time; }
  void Tick();
  absl::Status Give(const polku::follow_up::v1::JourneyInput& input);

  // Facts and commands by name; the commands fail the test when they are refused.
  void Accept(absl::Time time);
  void OpenAssessment(absl::Time time, absl::Time deadline, int ordinal = 1);
  void CompleteAssessment(absl::Time time, int ordinal = 1);
  // Sessions Monday and Wednesday 9-12, unless `plan` has others.
  void Approve(polku::assessment::v1::PlannedMeasure plan, absl::Time time);
  void Start(absl::string_view measure, absl::string_view day);
  void Mark(absl::string_view day, polku::follow_up::v1::AttendanceStatus status, int revision = 0);
  void Contact(absl::Time time);
  // Referral, assessment and a plan with one measure 1.1.-31.12.2026, which has started on 2 March 2026.
  void Run(polku::assessment::v1::PlannedMeasure plan);

  // The open interruptions: "R2 1 2026-03-09T12:00+02:00 due 2026-03-11T12:00+02:00".
  std::vector<std::string> Open() const;
  const polku::follow_up::v1::JourneyRecord& state() const { return state_; }
  const std::vector<polku::follow_up::v1::JourneyEvent>& events() const { return events_; }
  const JourneyDomain& domain() const { return domain_; }
  absl::Time now() const { return now_; }
  int Count(polku::follow_up::v1::JourneyEvent::EventCase kind) const;

  // How far the bus has been read; by default everything.
  absl::Time covered_until = absl::InfiniteFuture();
  bool held = false;                // A restore left less than was known.
  std::vector<store::Row> sources;  // Of lookup "sources_of_client".
  std::string user = "anna";
  std::string organisation;
  polku::common::v1::Segment segment = polku::common::v1::SEGMENT_UNEMPLOYED;
  std::vector<pipeline::Step> steps;  // All that were decided, but for those to the breaker.
  bool breaker_lets = true;           // Whether it answers at once, or not at all.
  bool erased = false;                // The last decision asked for it.
  Reply reply;                        // Of the last input that was not refused.

 private:
  JourneyDomain domain_;
  absl::Time now_;
  polku::follow_up::v1::JourneyRecord state_;
  std::vector<polku::follow_up::v1::JourneyEvent> events_;
  std::vector<store::Row> RowsFor(const pipeline::Lookup& lookup) const;

  std::map<store::Row, store::Row> marks_;
  std::map<store::Row, store::Row> contacts_;
  std::map<store::Row, store::Row> voided_contacts_;
};

std::string MeasureName(int ordinal);
// A measure of these tests.
polku::assessment::v1::PlannedMeasure Plan(int ordinal, absl::string_view start, absl::string_view end);
void AddSession(polku::assessment::v1::PlannedMeasure& plan, google::type::DayOfWeek day, int start_minute,
                int end_minute);

}  // namespace polku::follow_up
