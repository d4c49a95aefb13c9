#include "services/follow-up/domain/evolve_agreement.h"

#include <algorithm>
#include <utility>

#include "libs/permissions/permissions.h"
#include "libs/pipeline/proto_time.h"
#include "services/follow-up/domain/moment.h"
#include "services/follow-up/domain/views.h"

namespace polku::follow_up {
namespace {

using namespace polku::follow_up::v1;  // NOLINT
using polku::pipeline::FromProto;

int64_t UsOf(const google::protobuf::Timestamp& timestamp) { return Micros(FromProto(timestamp)); }
int64_t StartUs(const google::type::Date& date) { return Micros(StartOfDay(FromProto(date))); }

void Apply(const PauseAgreed& event, JourneyRecord& state) {
  PauseRecord& pause = *state.add_pauses();
  pause.set_pause(event.pause());
  pause.set_measure(event.measure());
  pause.set_from_us(StartUs(event.start_date()));
  pause.set_to_us(StartUs(event.resume_date()));
  pause.set_version(state.version());
  state.set_pauses_numbered(state.pauses_numbered() + 1);
}

void Apply(const PauseEnded& event, JourneyRecord& state) {
  for (PauseRecord& each : *state.mutable_pauses()) {
    if (each.pause() != event.pause()) continue;
    each.set_to_us(StartUs(event.end_date()));
    each.set_ended(true);
  }
}

void Apply(const TransitionOffered& event, JourneyRecord& state) {
  TransitionRecord transition;
  transition.set_transition(event.transition());
  transition.set_giver(event.giver());
  transition.set_taker(event.taker());
  transition.set_offer_us(UsOf(event.offer_time()));
  transition.set_accept_due_us(UsOf(event.accept_due_time()));
  transition.set_version(state.version());
  transition.set_step(event.step());
  *state.mutable_transition() = std::move(transition);
  state.set_transitions_numbered(state.transitions_numbered() + 1);
  // What was agreed about the transition before binds this one no more.
  auto& floors = *state.mutable_floors();
  floors.erase(std::remove_if(floors.begin(), floors.end(),
                              [](const Floor& floor) { return floor.rule() == RULE_MISSED_TRANSITION; }),
               floors.end());
}

void Apply(const TransitionAccepted& event, JourneyRecord& state) {
  TransitionRecord& transition = *state.mutable_transition();
  transition.set_accept_us(UsOf(event.accept_time()));
  transition.set_contact_due_us(UsOf(event.contact_due_time()));
  transition.set_meeting_due_us(UsOf(event.meeting_due_time()));
  transition.set_version(state.version());
  state.set_responsible_party(event.taker());
  if (!transition.step().empty()) state.set_step(transition.step());
}

void Apply(const TransitionDeclined& event, JourneyRecord& state) {
  state.mutable_transition()->set_decline_us(UsOf(event.decline_time()));
  state.mutable_transition()->set_version(state.version());
}

void Apply(const CircumstanceRecorded& event, JourneyRecord& state) {
  const int64_t from_us = StartUs(event.from_date());
  auto& known = *state.mutable_circumstances();
  known.erase(std::remove_if(known.begin(), known.end(),
                             [&](const CircumstanceRecord& each) {
                               return each.circumstance() == event.circumstance() && each.from_us() == from_us;
                             }),
              known.end());
  if (event.revoked()) return;
  CircumstanceRecord& record = *known.Add();
  record.set_circumstance(event.circumstance());
  record.set_from_us(from_us);
  if (event.has_end_date()) record.set_to_us(StartUs(event.end_date()));
  record.set_record_us(UsOf(event.record_time()));
  record.set_version(state.version());
}

CircumstanceRecord* StandingWithdrawal(JourneyRecord& state) {
  for (CircumstanceRecord& each : *state.mutable_circumstances()) {
    if (each.circumstance() == CIRCUMSTANCE_PERMISSION_WITHDRAWN && each.to_us() == 0) return &each;
  }
  return nullptr;
}

void Withdraw(int64_t time_us, JourneyRecord& state) {
  if (StandingWithdrawal(state) != nullptr) return;
  CircumstanceRecord& record = *state.add_circumstances();
  record.set_circumstance(CIRCUMSTANCE_PERMISSION_WITHDRAWN);
  record.set_from_us(time_us);
  record.set_record_us(time_us);
  record.set_version(state.version());
}

void Apply(const polku::referral::v1::PermissionGranted& event, JourneyRecord& state) {
  const int64_t time_us = UsOf(event.grant_time());
  if (event.denial()) return Withdraw(time_us, state);
  if (CircumstanceRecord* standing = StandingWithdrawal(state); standing != nullptr) standing->set_to_us(time_us);
}

void Apply(const ClosureTold& event, JourneyRecord& state) {
  const int64_t from_us = StartUs(event.first_date());
  const int64_t to_us = Micros(EndOfDay(FromProto(event.last_date())));
  auto& known = *state.mutable_closures();
  known.erase(std::remove_if(known.begin(), known.end(),
                             [&](const ClosureRecord& each) {
                               return each.provider() == event.provider() && each.from_us() == from_us &&
                                      each.to_us() == to_us;
                             }),
              known.end());
  if (event.revoked()) return;
  ClosureRecord& record = *known.Add();
  record.set_provider(event.provider());
  record.set_from_us(from_us);
  record.set_to_us(to_us);
  // One order whatever the order of arrival.
  std::sort(known.begin(), known.end(), [](const ClosureRecord& a, const ClosureRecord& b) {
    return a.provider() != b.provider() ? a.provider() < b.provider() : a.from_us() < b.from_us();
  });
}

// In one order whatever the order of arrival.
void Apply(const BenefitPeriodRecorded& event, JourneyRecord& state) {
  const BenefitPeriod& period = event.period();
  auto& known = *state.mutable_benefits();
  auto place = std::find_if(known.begin(), known.end(),
                            [&](const BenefitRecord& each) { return BenefitName(state, each) == period.name(); });
  BenefitRecord record;
  if (place != known.end()) {
    record = *place;
    known.erase(place);
  } else {
    state.set_benefits_numbered(state.benefits_numbered() + 1);
    record.set_ordinal(state.benefits_numbered());
  }
  record.set_first_day(DayNumberOf(FromProto(period.first_date())));
  record.set_last_day(DayNumberOf(FromProto(period.last_date())));
  record.set_kind(period.kind());
  record.set_paid_days(period.paid_days());
  record.set_source(period.source());
  record.set_version(state.version());
  *known.Add() = std::move(record);
  std::sort(known.begin(), known.end(), [](const BenefitRecord& a, const BenefitRecord& b) {
    return a.first_day() != b.first_day() ? a.first_day() < b.first_day() : a.ordinal() < b.ordinal();
  });
}

void Apply(const BenefitPeriodVoided& event, JourneyRecord& state) {
  auto& known = *state.mutable_benefits();
  known.erase(std::remove_if(known.begin(), known.end(),
                             [&](const BenefitRecord& each) { return BenefitName(state, each) == event.period(); }),
              known.end());
}

void Apply(const OutreachHeld& event, JourneyRecord& state) {
  state.set_outreach_held_until_us(StartUs(event.until_date()));
  state.set_outreach_hold_reason(event.reason());
}

// Ladders that had begun have the time of their rung again.
void GoOn(int64_t from_us, JourneyRecord& state) {
  for (InterruptionRecord& open : *state.mutable_interruptions()) {
    if (open.ladder_from_us() != 0) open.set_ladder_from_us(std::max(open.ladder_from_us(), from_us));
  }
}

void Apply(const OutreachReleased& event, JourneyRecord& state) {
  state.clear_outreach_held_until_us();
  state.clear_outreach_hold_reason();
  GoOn(UsOf(event.release_time()), state);
}

void Apply(const polku::referral::v1::ProcessingRestricted& event, JourneyRecord& state) {
  state.set_restricted(event.restricted());
  if (!event.restricted()) GoOn(UsOf(event.restrict_time()), state);
}

void Apply(const DenialTold& event, JourneyRecord& state) {
  if (event.has_denied()) {
    permissions::Add(event.denied(), *state.mutable_denials());
  } else {
    permissions::Remove(event.withdrawn().permission(), *state.mutable_denials());
  }
}

}  // namespace

bool EvolveAgreement(const JourneyEvent& event, JourneyRecord& state) {
  switch (event.event_case()) {
    case JourneyEvent::kPauseAgreed:
      Apply(event.pause_agreed(), state);
      return true;
    case JourneyEvent::kPauseEnded:
      Apply(event.pause_ended(), state);
      return true;
    case JourneyEvent::kTransitionOffered:
      Apply(event.transition_offered(), state);
      return true;
    case JourneyEvent::kTransitionAccepted:
      Apply(event.transition_accepted(), state);
      return true;
    case JourneyEvent::kTransitionDeclined:
      Apply(event.transition_declined(), state);
      return true;
    case JourneyEvent::kCircumstanceRecorded:
      Apply(event.circumstance_recorded(), state);
      return true;
    case JourneyEvent::kPermissionWithdrawn:
      Withdraw(UsOf(event.permission_withdrawn().withdraw_time()), state);
      return true;
    case JourneyEvent::kPermissionGranted:
      Apply(event.permission_granted(), state);
      return true;
    case JourneyEvent::kClosureTold:
      Apply(event.closure_told(), state);
      return true;
    case JourneyEvent::kOutreachHeld:
      Apply(event.outreach_held(), state);
      return true;
    case JourneyEvent::kOutreachReleased:
      Apply(event.outreach_released(), state);
      return true;
    case JourneyEvent::kBenefitPeriodRecorded:
      Apply(event.benefit_period_recorded(), state);
      return true;
    case JourneyEvent::kBenefitPeriodVoided:
      Apply(event.benefit_period_voided(), state);
      return true;
    case JourneyEvent::kDenialTold:
      Apply(event.denial_told(), state);
      return true;
    case JourneyEvent::kProcessingRestricted:
      Apply(event.processing_restricted(), state);
      return true;
    default:
      return false;
  }
}

}  // namespace polku::follow_up
