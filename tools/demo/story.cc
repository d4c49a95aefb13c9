#include "tools/demo/story.h"

#include <algorithm>

#include "libs/base/calendar.h"
#include "libs/pipeline/proto_time.h"

namespace polku::demo {

using namespace polku::follow_up::v1;  // NOLINT: the story speaks of little else.

absl::Time EndOfOfficeDay(absl::CivilDay day, int count) { return EndOfDay(AddOfficeDays(day, count)); }

absl::CivilDay FirstOfficeDayFrom(absl::CivilDay day) { return AddOfficeDays(day - 1, 1); }

Action& Story::Do(Action::Kind kind, absl::CivilDay day, Slot slot, int measure) {
  Action action;
  action.kind = kind;
  action.day = day;
  action.slot = slot;
  action.measure = measure;
  client_.actions.push_back(action);
  return client_.actions.back();
}

absl::CivilDay Story::Referred(absl::CivilDay day) {
  Do(Action::Kind::kSubmit, day, Slot::kMorning);
  const absl::CivilDay accepted = AddOfficeDays(day, 1);
  Do(Action::Kind::kAccept, accepted, Slot::kMorning);
  activity_.push_back(TimeOf(accepted, Slot::kMorning));
  return accepted;
}

void Story::Assessed(absl::CivilDay day) { Do(Action::Kind::kAssess, day, Slot::kMorning); }

int Story::Planned(absl::CivilDay day, const Offer& offer, int feed, absl::CivilDay start, absl::CivilDay end) {
  assessment::v1::PlannedMeasure measure;
  measure.set_type(offer.type);
  if (offer.at_site) {
    measure.set_provider(course_.sites.at(client_.municipality));
  } else {
    measure.set_provider("organisations/provider-" + std::to_string(feed));
  }
  if (offer.by_feed) measure.set_source(FeedName(feed));
  // Four in a group, so that none is full.
  if (offer.in_groups) measure.set_group("group-" + std::to_string(client_.number / 4));
  *measure.mutable_start_date() = pipeline::ToProtoDay(start);
  *measure.mutable_end_date() = pipeline::ToProtoDay(end);
  for (const int weekday : offer.weekdays) {
    auto& session = *measure.add_sessions();
    session.set_day(static_cast<google::type::DayOfWeek>(weekday));
    session.set_start_minute(offer.start_minute);
    session.set_end_minute(offer.end_minute);
  }
  client_.measures.push_back(std::move(measure));
  runs_.push_back({false, start, std::nullopt, offer.end_minute});
  const int number = static_cast<int>(client_.measures.size());
  Do(Action::Kind::kPlan, day, Slot::kMorning, number);
  return number;
}

void Story::Started(int measure, absl::CivilDay day) {
  Run& run = runs_[static_cast<size_t>(measure - 1)];
  run.started = true;
  run.from = day;
  activity_.push_back(StartOfDay(day));
  Do(Action::Kind::kStart, day, Slot::kMorning, measure);
}

std::vector<absl::CivilDay> Story::SessionDays(int measure) const {
  const auto& plan = client_.measures[static_cast<size_t>(measure - 1)];
  const absl::CivilDay end = std::min(pipeline::FromProto(plan.end_date()), frame_.last);
  std::vector<absl::CivilDay> days;
  for (absl::CivilDay day = StartOf(measure); day <= end; ++day) {
    const int weekday = static_cast<int>(absl::GetWeekday(day)) + 1;
    const bool meets = std::any_of(plan.sessions().begin(), plan.sessions().end(),
                                   [&](const auto& session) { return session.day() == weekday; });
    if (meets && !IsPublicHoliday(day)) days.push_back(day);
  }
  return days;
}

std::vector<absl::CivilDay> Story::Attends(int measure, absl::CivilDay until, const Attendance& attendance) {
  const std::vector<absl::CivilDay> days = SessionDays(measure);
  const bool outage = client_.measures[static_cast<size_t>(measure - 1)].source() == FeedName(kOutageFeed);
  for (size_t i = 0; i < days.size() && days[i] <= until; ++i) {
    const std::optional<AttendanceStatus> status = attendance(static_cast<int>(i));
    if (!status.has_value()) continue;
    const bool late = outage && days[i] >= frame_.outage_first && days[i] <= frame_.outage_last;
    Marked(measure, days[i], *status, 0, late ? frame_.outage_last + 1 : days[i]);
  }
  return days;
}

void Story::Marked(int measure, absl::CivilDay day, AttendanceStatus status, int revision, absl::CivilDay told) {
  client_.marks.push_back({measure, day, status, revision, told});
  if (status == ATTENDANCE_STATUS_PRESENT) {
    activity_.push_back(LocalTime(day, runs_[static_cast<size_t>(measure - 1)].end_minute));
  }
}

void Story::Completed(int measure, absl::CivilDay day) {
  runs_[static_cast<size_t>(measure - 1)].to = day;
  Do(Action::Kind::kComplete, day, Slot::kAfternoon, measure);
}

void Story::EndedEarly(int measure, absl::CivilDay day, EndReason reason) {
  runs_[static_cast<size_t>(measure - 1)].to = day;
  Do(Action::Kind::kEndEarly, day, Slot::kAfternoon, measure).reason = reason;
}

void Story::Contacted(absl::CivilDay day) {
  activity_.push_back(TimeOf(day, Slot::kAfternoon));
  Do(Action::Kind::kContact, day, Slot::kAfternoon);
}

void Story::Paused(int measure, absl::CivilDay day, absl::CivilDay resume) {
  Do(Action::Kind::kPause, day, Slot::kAfternoon, measure).resume = resume;
}

void Story::FoundWork(absl::CivilDay day) {
  silent_from_ = StartOfDay(day);
  Do(Action::Kind::kFoundWork, day, Slot::kMorning);
}

void Story::Ill(absl::CivilDay day, BenefitKind kind, absl::CivilDay first, absl::CivilDay last) {
  BenefitPeriod& period = Do(Action::Kind::kIll, day, Slot::kMorning).illness;
  period.set_kind(kind);
  *period.mutable_first_date() = pipeline::ToProtoDay(first);
  *period.mutable_last_date() = pipeline::ToProtoDay(last);
  period.set_source(kind == BENEFIT_KIND_ABSENCE ? BENEFIT_SOURCE_OCCUPATIONAL_HEALTH : BENEFIT_SOURCE_KELA);
}

void Story::TakerContacted(absl::CivilDay day) {
  activity_.push_back(TimeOf(day, Slot::kAfternoon));
  Do(Action::Kind::kTakerContact, day, Slot::kAfternoon);
}

void Story::TakerMet(absl::CivilDay day) {
  activity_.push_back(TimeOf(day, Slot::kAfternoon));
  Do(Action::Kind::kTakerMeeting, day, Slot::kAfternoon);
}

absl::CivilDay Story::Reached(Rule rule, int measure, absl::CivilDay from, int misses,
                              std::optional<absl::CivilDay> next_step) {
  absl::CivilDay day = FirstOfficeDayFrom(from);
  for (int i = 0; i <= misses; ++i) {
    Action& action = Do(Action::Kind::kOutreach, day, Slot::kAfternoon, measure);
    action.rule = rule;
    action.completes = i == misses;
    action.outcome = action.completes ? coordinator_network::v1::ATTEMPT_OUTCOME_REACHED_WILL_RETURN
                                      : coordinator_network::v1::ATTEMPT_OUTCOME_NOT_REACHED;
    if (action.completes) action.next_step = next_step;
    if (!action.completes) day = AddOfficeDays(day, 1);
  }
  activity_.push_back(TimeOf(day, Slot::kAfternoon));
  if (rule == RULE_NO_CONTACT) contact_lost_mended_.push_back(TimeOf(day, Slot::kAfternoon));
  return day;
}

void Story::Expect(Rule rule, int measure, absl::CivilDay counted_from, absl::Time due) {
  if (due <= frame_.horizon()) client_.breaks.push_back({client_.number, measure, rule, counted_from});
}

void Story::ExpectRetracted(Rule rule, int measure, absl::CivilDay counted_from) {
  client_.breaks.push_back({client_.number, measure, rule, counted_from, true});
}

bool Story::IsRunningAt(absl::Time time) const {
  return std::any_of(runs_.begin(), runs_.end(), [&](const Run& run) {
    return run.started && StartOfDay(run.from) <= time && (!run.to.has_value() || EndOfDay(*run.to) > time);
  });
}

void Story::End() {
  std::sort(activity_.begin(), activity_.end());
  for (size_t i = 0; i < activity_.size(); ++i) {
    const absl::CivilDay from = LocalDay(activity_[i]);
    const absl::Time due = EndOfDay(from + course_.rules.no_contact_days());
    const bool bridged = i + 1 < activity_.size() && activity_[i + 1] <= due;
    if (bridged || due > frame_.horizon() || due >= silent_from_ || !IsRunningAt(due)) continue;
    Expect(RULE_NO_CONTACT, 0, from, due);
    // While the finding is open there is no second one.
    const bool mended = std::any_of(contact_lost_mended_.begin(), contact_lost_mended_.end(),
                                    [&](absl::Time time) { return time > due; });
    if (!mended) break;
  }
}

}  // namespace polku::demo
