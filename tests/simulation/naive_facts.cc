#include "tests/simulation/naive_facts.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/base/calendar.h"
#include "libs/pipeline/proto_time.h"
#include "polku/assessment/v1/events.pb.h"
#include "polku/coordinator_network/v1/events.pb.h"
#include "polku/referral/v1/events.pb.h"

namespace polku::simulation::naive {
namespace {

using pipeline::FromProto;
namespace v1 = ::polku::follow_up::v1;

template <class Event>
bool Read(const store::JournalRow& row, Event& event) {
  return row.type == Event::descriptor()->full_name() && event.ParseFromString(row.payload);
}

bool ReachedClient(int outcome) { return outcome >= 1 && outcome <= 4; }

void TakeContact(absl::Time time, const std::vector<std::string>& organisations, bool meeting, Facts& facts) {
  facts.activity.push_back(time);
  if (!facts.hand_over.has_value() || time < facts.hand_over->offered) return;
  const std::string& taker = facts.hand_over->taker;
  if (std::find(organisations.begin(), organisations.end(), taker) == organisations.end()) return;
  facts.hand_over->contacts.push_back(time);
  if (meeting) facts.hand_over->meetings.push_back(time);
}

// Once, if it is there.
bool Drop(absl::Time time, std::vector<absl::Time>& times) {
  const auto place = std::find(times.begin(), times.end(), time);
  if (place == times.end()) return false;
  times.erase(place);
  return true;
}

void TakePeers(const store::JournalRow& row, Facts& facts) {
  polku::assessment::v1::AssessmentOpened assessment;
  polku::assessment::v1::AssessmentCompleted completed;
  polku::assessment::v1::PlanApproved approved;
  polku::assessment::v1::AssessmentCancelled cancelled;
  polku::assessment::v1::SessionHeld session;
  polku::assessment::v1::PlanRevised revised;
  polku::coordinator_network::v1::OutreachAttempted attempted;
  polku::coordinator_network::v1::MeetingHeld meeting;
  if (Read(row, assessment)) {
    if (!assessment.reassesses().empty()) {
      facts.assessed.reset();
      facts.assessments.push_back({FromProto(assessment.open_time()), std::nullopt});
    }
    facts.opened = FromProto(assessment.open_time());
    facts.deadline = FromProto(assessment.deadline());
  } else if (Read(row, completed)) {
    facts.assessed = FromProto(completed.complete_time());
    facts.assessments.back().end = facts.assessed;
    facts.step_ends.push_back(*facts.assessed);
  } else if (Read(row, approved)) {
    for (const auto& plan : approved.measures()) {
      Measure& measure = facts.measures[plan.measure()];
      measure.plan = plan;
      measure.approved = FromProto(approved.approve_time());
    }
  } else if (Read(row, cancelled)) {
    facts.assessed = FromProto(cancelled.cancel_time());
    facts.assessments.back().end = facts.assessed;
    facts.step_ends.push_back(*facts.assessed);
  } else if (Read(row, session)) {
    facts.activity.push_back(FromProto(session.start_time()));
  } else if (Read(row, meeting) && meeting.client_present()) {
    TakeContact(FromProto(meeting.start_time()), {meeting.organisations().begin(), meeting.organisations().end()}, true,
                facts);
  } else if (Read(row, revised)) {
    for (const auto& plan : revised.changed()) {
      Measure& measure = facts.measures[plan.measure()];
      measure.earlier.emplace_back(LocalDay(FromProto(revised.approve_time())), measure.plan);
      measure.plan = plan;
    }
  } else if (Read(row, attempted) && ReachedClient(attempted.outcome())) {
    facts.activity.push_back(FromProto(attempted.attempt_time()));
  }
}

void TakeMeasures(const store::JournalRow& row, Facts& facts) {
  v1::MeasureStarted started;
  v1::AttendanceRecorded recorded;
  v1::MeasureCompleted completed;
  v1::MeasureEndedEarly ended;
  if (Read(row, started)) {
    const absl::CivilDay day = FromProto(started.start_date());
    facts.measures[started.measure()].start = day;
    facts.activity.push_back(StartOfDay(day));
  } else if (Read(row, recorded)) {
    const auto& mark = recorded.mark();
    const absl::Time end = absl::FromUnixMicros(recorded.session_end_us());
    auto& known = facts.measures[mark.measure()].marks[{FromProto(mark.date()), mark.session()}];
    const bool was_present = known.second == v1::ATTENDANCE_STATUS_PRESENT;
    known = std::max(known, std::pair<int, int>(mark.revision(), mark.status()));
    if (mark.status() == v1::ATTENDANCE_STATUS_PRESENT) {
      facts.activity.push_back(end);
    } else if (was_present && Drop(end, facts.activity)) {
      facts.freed = row.time;  // A gap that it bridged may have been forgotten.
    }
  } else if (Read(row, completed)) {
    facts.measures[completed.measure()].end = FromProto(completed.end_date());
    facts.step_ends.push_back(StartOfDay(FromProto(completed.end_date())));
  } else if (Read(row, ended)) {
    Measure& measure = facts.measures[ended.measure()];
    measure.end = FromProto(ended.end_date());
    measure.broken_off =
        ended.reason() != v1::END_REASON_GOAL_REACHED && ended.reason() != v1::END_REASON_WORK_OR_STUDY;
    facts.step_ends.push_back(StartOfDay(*measure.end));
  }
}

void TakeJourney(const store::JournalRow& row, Facts& facts) {
  v1::JourneyOpened opened;
  v1::JourneyClosed closed;
  v1::ContactRecorded contact;
  v1::MeasureInterrupted found;
  v1::InterruptionAmended amended;
  v1::InterruptionResolved resolved;
  v1::InterruptionRetracted retracted;
  v1::OutreachSettled settled;
  polku::coordinator_network::v1::OutreachCompleted outreach;
  if (Read(row, opened) && opened.has_reopened_after()) {
    facts.open = true;
    facts.gaps.push_back({FromProto(opened.reopened_after()), FromProto(opened.open_time())});
    facts.freed = std::max(facts.freed, facts.gaps.back().first);  // What was held then is forgotten.
    facts.step_ends.push_back(FromProto(opened.open_time()));
  } else if (Read(row, opened)) {
    // A journey that opens again starts clean, but for what is known of the person.
    Facts before = std::exchange(facts, Facts());
    facts.benefits = std::move(before.benefits);
    for (const auto& [what, each] : before.circumstances) {
      const bool is_of_person =
          what.first == v1::CIRCUMSTANCE_DIED || what.first == v1::CIRCUMSTANCE_PERMISSION_WITHDRAWN;
      if (is_of_person && each.to == absl::InfiniteFuture()) facts.circumstances[what] = each;
    }
    facts.open = true;
    facts.pathway = opened.pathway();
    facts.pathway_version = opened.pathway_version();
    facts.rules_version = opened.rules_version();
    facts.opened = FromProto(opened.open_time());
    facts.journey_opened = facts.opened;
    facts.assessments = {{facts.opened, std::nullopt}};
    facts.employed = opened.segment() == polku::common::v1::SEGMENT_EMPLOYED;
    facts.deadline = FromProto(opened.assessment_deadline());
    facts.activity.push_back(facts.opened);
    facts.step_ends.push_back(facts.opened);
  } else if (Read(row, closed)) {
    facts.open = false;
  } else if (Read(row, contact)) {
    const bool meeting = contact.kind() == v1::CONTACT_KIND_MEETING;
    facts.contacts[contact.contact()] = {FromProto(contact.contact_time()), contact.organisation(), meeting};
    TakeContact(FromProto(contact.contact_time()), {contact.organisation()}, meeting, facts);
  } else if (Read(row, found)) {
    Break& broken = facts.breaks[found.interruption()];
    broken = {{found.rule(), found.measure() + found.statutory_point()}, FromProto(found.due_time())};
    broken.from = FromProto(found.counted_from());
    if (found.has_last_miss_time()) broken.last_miss = FromProto(found.last_miss_time());
  } else if (Read(row, amended)) {
    Break& broken = facts.breaks[amended.interruption()];
    broken.due = FromProto(amended.due_time());
    broken.from = FromProto(amended.counted_from());
    if (amended.has_last_miss_time()) broken.last_miss = FromProto(amended.last_miss_time());
  } else if (Read(row, resolved)) {
    Break& broken = facts.breaks[resolved.interruption()];
    broken.end = FromProto(resolved.resolve_time());
    Resolution& known = facts.resolutions[broken.about];
    known.time = std::max(known.time, FromProto(resolved.resolve_time()));
    if (resolved.has_next_step_date()) known.not_before = EndOfDay(FromProto(resolved.next_step_date()));
    facts.step_ends.push_back(FromProto(resolved.resolve_time()));
  } else if (Read(row, settled)) {
    Resolution& known = facts.resolutions[{settled.rule(), settled.measure() + settled.point()}];
    known.time = std::max(known.time, FromProto(settled.settle_time()));
    if (settled.has_next_step_date()) known.not_before = EndOfDay(FromProto(settled.next_step_date()));
  } else if (Read(row, outreach)) {
    facts.step_ends.push_back(FromProto(outreach.complete_time()));
  } else if (Read(row, retracted)) {
    Break& broken = facts.breaks[retracted.interruption()];
    broken.retracted = true;
    if (retracted.suppressed()) broken.last_miss = absl::InfinitePast();
  }
}

// What is told of a case takes the place of what its acceptance, which was of that day, had set.
void TakeImport(const store::JournalRow& row, Facts& facts) {
  v1::JourneyImported imported;
  v1::MovedToRules moved;
  if (Read(row, moved)) {
    facts.rules_version = moved.to_version();
    facts.moved_since = facts.watched_from.has_value();
  }
  if (!Read(row, imported)) return;
  facts.watched_from = absl::FromUnixMicros(imported.watch_from_us());
  if (imported.has_assessment_complete_date()) {
    facts.assessed = StartOfDay(FromProto(imported.assessment_complete_date()));
    facts.assessments.back().end = facts.assessed;
    facts.step_ends = {*facts.assessed};
  }
  if (imported.has_last_contact_date()) facts.activity = {StartOfDay(FromProto(imported.last_contact_date()))};
  const auto take = [&](const polku::assessment::v1::PlannedMeasure& plan) -> Measure& {
    Measure& measure = facts.measures[plan.measure()];
    measure.plan = plan;
    measure.approved = std::min(StartOfDay(FromProto(plan.start_date())), *facts.watched_from);
    measure.brought_in = true;
    return measure;
  };
  for (const auto& plan : imported.planned()) take(plan);
  for (const auto& plan : imported.running()) {
    Measure& measure = take(plan);
    measure.start = FromProto(plan.start_date());
    measure.ran_before = true;
  }
}

void TakeBenefits(const store::JournalRow& row, Facts& facts) {
  v1::BenefitPeriodRecorded recorded;
  v1::BenefitPeriodVoided voided;
  if (Read(row, recorded)) {
    const v1::BenefitPeriod& period = recorded.period();
    facts.benefits[period.name()] = {period.kind(), FromProto(period.first_date()), FromProto(period.last_date()),
                                     period.paid_days()};
  } else if (Read(row, voided)) {
    facts.benefits.erase(voided.period());
  }
}

void TakePauses(const store::JournalRow& row, Facts& facts) {
  v1::PauseAgreed agreed;
  v1::PauseEnded ended;
  if (Read(row, agreed)) {
    facts.pauses[agreed.pause()] = {agreed.measure(), StartOfDay(FromProto(agreed.start_date())),
                                    StartOfDay(FromProto(agreed.resume_date()))};
  } else if (Read(row, ended)) {
    facts.pauses[ended.pause()].to = StartOfDay(FromProto(ended.end_date()));
    facts.pauses[ended.pause()].ended = true;
  }
}

void TakeHandOvers(const store::JournalRow& row, Facts& facts) {
  v1::TransitionOffered offered;
  v1::TransitionAccepted accepted;
  v1::TransitionDeclined declined;
  if (Read(row, offered)) {
    facts.hand_over = HandOver{offered.taker(), FromProto(offered.offer_time())};
    facts.resolutions.erase({v1::RULE_MISSED_TRANSITION, ""});  // It was about another hand-over.
  } else if (Read(row, accepted)) {
    facts.hand_over->accepted = FromProto(accepted.accept_time());
  } else if (Read(row, declined)) {
    facts.hand_over->declined = FromProto(declined.decline_time());
  }
}

// The end of a measure had been a mistake, and what was retracted for it too.
void TakeMistakes(const store::JournalRow& row, Facts& facts) {
  v1::RecordVoided voided;
  if (!Read(row, voided) || voided.record() != v1::VOIDED_RECORD_MEASURE_END) return;
  Measure& measure = facts.measures[voided.name()];
  const absl::Time end = StartOfDay(*measure.end);
  for (auto& [interruption, each] : facts.breaks) {
    if (each.about.second == voided.name() && each.last_miss > EndOfDay(*measure.end)) {
      each.last_miss = absl::InfinitePast();
    }
  }
  measure.end.reset();
  measure.broken_off = false;
  Drop(end, facts.step_ends);
}

// A measure had not started. Its marks count again once it has; what it bridged may have been forgotten.
void TakeVoidedStarts(const store::JournalRow& row, Facts& facts) {
  v1::RecordVoided voided;
  if (!Read(row, voided) || voided.record() != v1::VOIDED_RECORD_MEASURE_START) return;
  Measure& measure = facts.measures[voided.name()];
  Drop(StartOfDay(*measure.start), facts.activity);
  measure.start.reset();
  facts.freed = row.time;
}

// A contact had been a mistake. What it bridged may have been forgotten.
void TakeVoidedContacts(const store::JournalRow& row, Facts& facts) {
  v1::ContactVoided voided;
  if (!Read(row, voided)) return;
  const Contact contact = facts.contacts[voided.contact()];
  Drop(contact.time, facts.activity);
  facts.freed = row.time;
  if (!facts.hand_over.has_value() || contact.organisation != facts.hand_over->taker) return;
  Drop(contact.time, facts.hand_over->contacts);
  if (contact.meeting) Drop(contact.time, facts.hand_over->meetings);
}

// A withdrawn permission for the service chain stands until one is granted again.
void TakePermissions(const store::JournalRow& row, Facts& facts) {
  polku::referral::v1::PermissionWithdrawn withdrawn;
  polku::referral::v1::PermissionGranted granted;
  if (!Read(row, withdrawn) && !Read(row, granted)) return;
  Circumstance* standing = nullptr;
  for (auto& [what, each] : facts.circumstances) {
    const bool permission = what.first == v1::CIRCUMSTANCE_PERMISSION_WITHDRAWN;
    if (permission && each.to == absl::InfiniteFuture()) standing = &each;
  }
  if (withdrawn.has_withdraw_time() && standing == nullptr) {
    const absl::Time time = FromProto(withdrawn.withdraw_time());
    facts.circumstances[{v1::CIRCUMSTANCE_PERMISSION_WITHDRAWN, LocalDay(time)}] = {time, absl::InfiniteFuture(), time};
  } else if (granted.has_grant_time() && standing != nullptr) {
    standing->to = FromProto(granted.grant_time());
    facts.freed = row.time;
  }
}

void TakeLife(const store::JournalRow& row, Facts& facts) {
  v1::CircumstanceRecorded recorded;
  if (!Read(row, recorded)) return;
  const absl::CivilDay from = FromProto(recorded.from_date());
  facts.circumstances.erase({recorded.circumstance(), from});
  if (recorded.revoked() || recorded.has_end_date()) facts.freed = FromProto(recorded.record_time());
  if (recorded.revoked()) return;
  Circumstance& known = facts.circumstances[{recorded.circumstance(), from}];
  known.from = StartOfDay(from);
  known.recorded = FromProto(recorded.record_time());
  if (recorded.has_end_date()) known.to = StartOfDay(FromProto(recorded.end_date()));
}

}  // namespace

std::string CompareLastSeen(const std::string& client, const Facts& facts, const v1::JourneyRecord& state) {
  if (!facts.open) return "";
  const absl::Time known = absl::FromUnixMicros(state.last_activity_us());
  const absl::Time seen = *std::max_element(facts.activity.begin(), facts.activity.end());
  if (known == seen) return "";
  return absl::StrCat("rules: ", client, " was last seen ", absl::FormatTime(seen, Helsinki()), " and not ",
                      absl::FormatTime(known, Helsinki()));
}

std::map<std::string, Facts> FactsOf(const Picture& picture) {
  std::map<std::string, Facts> clients;
  for (const store::JournalRow& row : picture.services[kFollowUp].journal) {
    if (!absl::StartsWith(row.key, "clients/") || picture.services[kFollowUp].erased.contains(row.key)) continue;
    Facts& facts = clients[row.key];
    TakePeers(row, facts);
    TakeMeasures(row, facts);
    TakeJourney(row, facts);
    TakeImport(row, facts);
    TakePauses(row, facts);
    TakeBenefits(row, facts);
    TakeHandOvers(row, facts);
    TakeLife(row, facts);
    TakeMistakes(row, facts);
    TakeVoidedStarts(row, facts);
    TakeVoidedContacts(row, facts);
    TakePermissions(row, facts);
  }
  return clients;
}

std::map<std::string, Source> SourcesOf(const Picture& picture) {
  std::map<std::string, Source> sources;
  for (const store::JournalRow& row : picture.services[kFollowUp].journal) {
    v1::SourceRegistered registered;
    v1::SourceReported reported;
    if (Read(row, registered)) {
      sources[row.key].interval = absl::Seconds(registered.source().reporting_interval().seconds());
    } else if (Read(row, reported)) {
      Source& source = sources[row.key];
      source.complete_through = std::max(source.complete_through, FromProto(reported.complete_through()));
    }
  }
  return sources;
}

std::map<std::string, std::vector<Quiet>> ClosuresOf(const Picture& picture) {
  std::map<std::string, std::vector<Quiet>> closures;
  for (const store::JournalRow& row : picture.services[kFollowUp].journal) {
    v1::ClosureRecorded recorded;
    if (!Read(row, recorded)) continue;
    const Quiet days(StartOfDay(FromProto(recorded.closure().first_date())),
                     EndOfDay(FromProto(recorded.closure().last_date())));
    std::vector<Quiet>& known = closures[row.key];
    known.erase(std::remove(known.begin(), known.end(), days), known.end());
    if (!recorded.revoked()) known.push_back(days);
  }
  return closures;
}

}  // namespace polku::simulation::naive
