// Writes the life of one client as actions and marks, and beside it what the rules must find.
#pragma once

#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "tools/demo/script.h"

namespace polku::demo {

// What is known of session `index` (from 0) of a measure; none: nobody says anything.
using Attendance = std::function<std::optional<follow_up::v1::AttendanceStatus>(int index)>;

class Story {
 public:
  // All outlive the story.
  Story(const Frame& frame, const Course& course, Client& client) : frame_(frame), course_(course), client_(client) {}

  Action& Do(Action::Kind kind, absl::CivilDay day, Slot slot, int measure = 0);
  // Submitted on `day`, accepted on the next office day, which is returned.
  absl::CivilDay Referred(absl::CivilDay day);
  // Assessment complete on `day`, and nothing planned yet.
  void Assessed(absl::CivilDay day);
  // A plan of one measure, approved in the morning of `day`. Returns the measure's number.
  int Planned(absl::CivilDay day, const Offer& offer, int feed, absl::CivilDay start, absl::CivilDay end);
  void Started(int measure, absl::CivilDay day);
  // Marks of the sessions up to and with `until`. Returns the sessions' days, marked or not.
  std::vector<absl::CivilDay> Attends(int measure, absl::CivilDay until, const Attendance& attendance);
  void Marked(int measure, absl::CivilDay day, follow_up::v1::AttendanceStatus status, int revision,
              absl::CivilDay told);
  void Completed(int measure, absl::CivilDay day);
  void EndedEarly(int measure, absl::CivilDay day, follow_up::v1::EndReason reason);
  void Contacted(absl::CivilDay day);
  // A pause of the measure is agreed on `day`, from the next day on.
  void Paused(int measure, absl::CivilDay day, absl::CivilDay resume);
  // The client has found work since the morning of `day`: no rule speaks but the one that asks for a decision.
  void FoundWork(absl::CivilDay day);
  // In the morning of `day` somebody tells that the client is ill from `first` to `last`.
  void Ill(absl::CivilDay day, follow_up::v1::BenefitKind kind, absl::CivilDay first, absl::CivilDay last);
  // The organisation that takes the client over has been in touch.
  void TakerContacted(absl::CivilDay day);
  void TakerMet(absl::CivilDay day);
  // A coordinator reaches the client about a finding and ends the outreach, after `misses` vain attempts on
  // the office days before. Returns the day on which it ended.
  absl::CivilDay Reached(Rule rule, int measure, absl::CivilDay from, int misses,
                         std::optional<absl::CivilDay> next_step);

  // The rule's limit is reached at `due` and stays so; taken only if that is before the end of the demo.
  void Expect(Rule rule, int measure, absl::CivilDay counted_from, absl::Time due);
  // Found, and taken back when the marks are corrected.
  void ExpectRetracted(Rule rule, int measure, absl::CivilDay counted_from);
  // The last sentence: works out R5 from all activity told above.
  void End();

  absl::CivilDay StartOf(int measure) const { return runs_[static_cast<size_t>(measure - 1)].from; }
  std::vector<absl::CivilDay> SessionDays(int measure) const;

 private:
  struct Run {
    bool started = false;
    absl::CivilDay from;
    std::optional<absl::CivilDay> to;  // Last day, once ended.
    int end_minute = 0;
  };
  bool IsRunningAt(absl::Time time) const;

  const Frame& frame_;
  const Course& course_;
  Client& client_;
  std::vector<Run> runs_;  // By measure.
  std::vector<absl::Time> activity_;
  std::vector<absl::Time> contact_lost_mended_;      // When an R5 was resolved.
  absl::Time silent_from_ = absl::InfiniteFuture();  // See FoundWork.
};

// The end of the `count`-th office day after `day`.
absl::Time EndOfOfficeDay(absl::CivilDay day, int count);
absl::CivilDay FirstOfficeDayFrom(absl::CivilDay day);

}  // namespace polku::demo
