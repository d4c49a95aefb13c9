// All that was ever said about a client, read from the journal of the follow-up service, for naive_rules.h.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "polku/assessment/v1/events.pb.h"
#include "polku/follow_up/v1/state.pb.h"
#include "tests/simulation/checker.h"

namespace polku::simulation::naive {

// (rule, measure, or the point of R8): what a finding is about.
using About = std::pair<int, std::string>;

struct Resolution {
  absl::Time time = absl::InfinitePast();
  absl::Time not_before = absl::InfinitePast();
};

// While an interruption was open, as far as people ended it.
struct Break {
  About about;
  absl::Time due;
  absl::Time end = absl::InfiniteFuture();
  bool retracted = false;
  // R2: the end of the session or week that made it; what has only been suppressed leaves none.
  absl::Time last_miss = absl::InfinitePast();
  absl::Time from = absl::InfinitePast();  // Where it counts from.
};

struct Source {
  absl::Duration interval;
  absl::Time complete_through = absl::InfinitePast();
};

// From the first instant up to, not including, the second.
using Quiet = std::pair<absl::Time, absl::Time>;

struct Pause {
  std::string measure;  // Empty: the whole journey.
  absl::Time from;
  absl::Time to;
  bool ended = false;  // By a person, who therefore knows that the client is back.
};

// Something in the client's life, over when `to` is finite.
struct Circumstance {
  absl::Time from;
  absl::Time to = absl::InfiniteFuture();
  absl::Time recorded;
};

// The latest hand-over of responsibility, and what the taker has done since the offer.
struct HandOver {
  std::string taker;
  absl::Time offered;
  std::optional<absl::Time> accepted;
  std::optional<absl::Time> declined;
  std::vector<absl::Time> contacts;
  std::vector<absl::Time> meetings;
};

// As it was recorded.
struct Contact {
  absl::Time time;
  std::string organisation;
  bool meeting = false;
};

struct Measure {
  polku::assessment::v1::PlannedMeasure plan;
  // What was planned up to a day, before it was revised. In order.
  std::vector<std::pair<absl::CivilDay, polku::assessment::v1::PlannedMeasure>> earlier;
  absl::Time approved;
  std::optional<absl::CivilDay> start;
  std::optional<absl::CivilDay> end;
  bool broken_off = false;
  bool brought_in = false;  // With its case.
  bool ran_before = false;  // When it was.
  // By day and session: revision and status.
  std::map<std::pair<absl::CivilDay, int>, std::pair<int, int>> marks;
};

// Days away ill or with allowance.
struct Benefit {
  int kind = 0;
  absl::CivilDay first;
  absl::CivilDay last;
  int paid_days = 0;  // 0 = all.
};

struct Assessing {
  absl::Time begin;
  std::optional<absl::Time> end;
};

struct Facts {
  bool open = false;
  // By which numbers the journey is followed.
  std::string pathway;
  int pathway_version = 0;
  std::string rules_version;
  absl::Time journey_opened;
  bool employed = false;
  absl::Time opened;  // Of the assessment.
  absl::Time deadline;
  std::vector<Assessing> assessments;  // One behind the other.
  std::optional<absl::Time> assessed;
  std::map<std::string, Measure> measures;
  std::vector<absl::Time> activity;
  std::map<std::string, Contact> contacts;  // By name.
  std::vector<absl::Time> step_ends;        // R3 may count from these.
  std::map<About, Resolution> resolutions;
  std::map<std::string, Break> breaks;  // By interruption.
  std::map<std::string, Pause> pauses;  // By name.
  std::map<std::pair<int, absl::CivilDay>, Circumstance> circumstances;
  // Until when the client's life was said to be another: over or a mistake since then.
  absl::Time freed = absl::InfinitePast();
  std::optional<HandOver> hand_over;
  std::map<std::string, Benefit> benefits;  // By name.
  std::optional<absl::Time> watched_from;   // Of a case that was brought in.
  bool limits_begin_again = true;           // With the watch, those that ran then.
  bool moved_since = false;                 // To other rules, once it had been brought in.
  std::vector<Quiet> gaps;                  // From a closing to the reopening behind it.
};

// By client.
std::map<std::string, Facts> FactsOf(const Picture& picture);

// When somebody was last seen hangs on every record that was a mistake; whoever looks at open findings alone sees it
// only of the last weeks. Empty when both agree.
std::string CompareLastSeen(const std::string& client, const Facts& facts,
                            const polku::follow_up::v1::JourneyRecord& state);
// By name.
std::map<std::string, Source> SourcesOf(const Picture& picture);
// Closed days by provider.
std::map<std::string, std::vector<Quiet>> ClosuresOf(const Picture& picture);

}  // namespace polku::simulation::naive
