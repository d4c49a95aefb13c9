#include "services/assessment/domain/evolve.h"

#include <algorithm>

#include "absl/time/time.h"
#include "libs/permissions/permissions.h"
#include "libs/pipeline/proto_time.h"

namespace polku::assessment {
namespace {

constexpr int kReferralsOpenedMax = 20;
constexpr int kMovedMax = 20;  // state.proto

template <class Values, class Value>
bool Holds(const Values& values, const Value& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

template <class Part>
const Part* FindNamed(const google::protobuf::RepeatedPtrField<Part>& parts, absl::string_view name) {
  const auto found = std::find_if(parts.begin(), parts.end(), [&](const Part& part) { return part.name() == name; });
  return found == parts.end() ? nullptr : &*found;
}

v1::Assessment* Mutable(v1::ClientAssessment& state, absl::string_view name) {
  for (v1::Assessment& assessment : *state.mutable_assessments()) {
    if (assessment.name() == name) return &assessment;
  }
  return nullptr;
}

void Record(const v1::Assessment& recorded, const std::string& client, v1::ClientAssessment& state) {
  state.set_name(client);
  v1::Assessment& assessment = *state.add_assessments();
  assessment = recorded;
  assessment.set_state(IsJourneyClosed(state, assessment) ? v1::ASSESSMENT_STATE_CANCELLED : v1::ASSESSMENT_STATE_OPEN);
}

void Complete(const v1::AssessmentCompleted& completed, v1::ClientAssessment& state) {
  if (v1::Assessment* assessment = Mutable(state, completed.assessment()); assessment != nullptr) {
    assessment->set_state(v1::ASSESSMENT_STATE_COMPLETE);
    *assessment->mutable_complete_time() = completed.complete_time();
  }
}

void Tell(const v1::AssessmentOverdue& overdue, v1::ClientAssessment& state) {
  for (v1::Consultation& consultation : *state.mutable_consultations()) {
    if (consultation.name() == overdue.consultation()) {
      return consultation.set_state(v1::CONSULTATION_STATE_OVERDUE);
    }
  }
  v1::Assessment* assessment = Mutable(state, overdue.assessment());
  if (assessment == nullptr) return;
  // Journals from before there were kinds say nothing.
  const auto kind =
      overdue.kind() == v1::ASSESSMENT_DEADLINE_UNSPECIFIED ? v1::ASSESSMENT_DEADLINE_COMPLETION : overdue.kind();
  assessment->add_missed_deadlines(kind);
  if (kind == v1::ASSESSMENT_DEADLINE_COMPLETION) assessment->set_state(v1::ASSESSMENT_STATE_OVERDUE);
}

// In the place of the one of that name, or behind the others.
template <class Part>
void Put(const Part& part, google::protobuf::RepeatedPtrField<Part>& parts) {
  const auto known = std::find_if(parts.begin(), parts.end(), [&](const Part& p) { return p.name() == part.name(); });
  *(known == parts.end() ? parts.Add() : &*known) = part;
}

void CloseJourney(const follow_up::v1::JourneyClosed& closed, v1::ClientAssessment& state) {
  state.set_name(closed.client());
  const bool later = !state.has_journey_close_time() ||
                     pipeline::FromProto(closed.close_time()) > pipeline::FromProto(state.journey_close_time());
  if (later) *state.mutable_journey_close_time() = closed.close_time();
  state.clear_referrals_opened();
  for (v1::Assessment& assessment : *state.mutable_assessments()) {
    if (IsOpen(assessment) && IsJourneyClosed(state, assessment)) {
      assessment.set_state(v1::ASSESSMENT_STATE_CANCELLED);
    }
  }
}

void OpenJourney(const follow_up::v1::JourneyOpened& opened, v1::ClientAssessment& state) {
  state.set_name(opened.client());
  auto& referrals = *state.mutable_referrals_opened();
  if (!Holds(referrals, opened.referral())) *referrals.Add() = opened.referral();
  if (referrals.size() > kReferralsOpenedMax) referrals.erase(referrals.begin());
  for (v1::Assessment& assessment : *state.mutable_assessments()) {
    if (assessment.referral() != opened.referral() || assessment.state() != v1::ASSESSMENT_STATE_CANCELLED ||
        assessment.cancel_reason() != v1::CANCEL_REASON_UNSPECIFIED) {
      continue;
    }
    assessment.set_state(IsTold(assessment, v1::ASSESSMENT_DEADLINE_COMPLETION) ? v1::ASSESSMENT_STATE_OVERDUE
                                                                                : v1::ASSESSMENT_STATE_OPEN);
  }
}

void Move(const follow_up::v1::JourneyMoved& moved, v1::ClientAssessment& state) {
  state.set_name(moved.client());
  auto& known = *state.mutable_moved();
  known.erase(std::remove_if(known.begin(), known.end(),
                             [&](const v1::MovedReferral& each) { return each.referral() == moved.referral(); }),
              known.end());
  if (known.size() == kMovedMax) known.erase(known.begin());
  known.Add()->set_referral(moved.referral());
  known.rbegin()->set_pathway_version(moved.to_version());
  for (v1::Assessment& assessment : *state.mutable_assessments()) {
    if (assessment.referral() == moved.referral()) assessment.set_pathway_version(moved.to_version());
  }
}

void Approve(const v1::PlanApproved& approved, v1::ClientAssessment& state) {
  for (v1::Plan& plan : *state.mutable_plans()) {
    if (plan.name() != approved.plan()) continue;
    plan.set_state(v1::PLAN_STATE_APPROVED);
    *plan.mutable_approve_time() = approved.approve_time();
  }
}

void Revise(const v1::PlanRevised& revised, v1::ClientAssessment& state) {
  for (v1::Plan& plan : *state.mutable_plans()) {
    if (plan.name() == revised.plan()) {
      plan.set_state(v1::PLAN_STATE_APPROVED);
      *plan.mutable_approve_time() = revised.approve_time();
    } else if (plan.name() == revised.revises()) {
      auto& measures = *plan.mutable_measures();
      measures.erase(std::remove_if(measures.begin(), measures.end(),
                                    [&](const v1::PlannedMeasure& measure) {
                                      return Holds(revised.removed(), measure.measure());
                                    }),
                     measures.end());
      for (v1::PlannedMeasure& measure : measures) {
        for (const v1::PlannedMeasure& changed : revised.changed()) {
          if (changed.measure() == measure.measure()) measure = changed;
        }
      }
      measures.MergeFrom(revised.added());
    }
  }
}

void Record(const v1::InstrumentRecord& record, v1::ClientAssessment& state) {
  for (v1::InstrumentRecord& earlier : *state.mutable_instruments()) {
    if (earlier.name() == record.supersedes()) earlier.set_superseded_by(record.name());
  }
  *state.add_instruments() = record;
}

void RecordApproval(const v1::PlanApprovalRecorded& recorded, v1::ClientAssessment& state) {
  for (v1::Plan& plan : *state.mutable_plans()) {
    if (plan.name() == recorded.plan()) plan.set_approved_by(recorded.user());
  }
}

}  // namespace

void Evolve(const v1::ClientAssessmentEvent& event, v1::ClientAssessment& state) {
  using Event = v1::ClientAssessmentEvent;
  switch (event.event_case()) {
    case Event::kAssessmentRecorded: {
      const v1::Assessment& assessment = event.assessment_recorded().assessment();
      return Record(assessment, assessment.name().substr(0, assessment.name().find("/assessments/")), state);
    }
    case Event::kAssessmentCompleted:
      return Complete(event.assessment_completed(), state);
    case Event::kAssessmentOverdue:
      return Tell(event.assessment_overdue(), state);
    case Event::kSessionRecorded:
      return Put(event.session_recorded().session(), *state.mutable_sessions());
    case Event::kConsultationRecorded:
      return Put(event.consultation_recorded().consultation(), *state.mutable_consultations());
    case Event::kInstrumentRecorded:
      return Record(event.instrument_recorded().record(), state);
    case Event::kReassessmentAgreed:
      if (auto* assessment = Mutable(state, event.reassessment_agreed().assessment()); assessment != nullptr) {
        *assessment->mutable_reassess_time() = event.reassessment_agreed().reassess_time();
      }
      return;
    case Event::kAssessmentConcluded:
      if (auto* assessment = Mutable(state, event.assessment_concluded().assessment()); assessment != nullptr) {
        assessment->set_outcome(event.assessment_concluded().outcome());
      }
      return;
    case Event::kCancellationRecorded:
      if (auto* assessment = Mutable(state, event.cancellation_recorded().assessment()); assessment != nullptr) {
        assessment->set_state(v1::ASSESSMENT_STATE_CANCELLED);
        assessment->set_cancel_reason(event.cancellation_recorded().reason());
      }
      return;
    case Event::kPlanProposed:
      *state.add_plans() = event.plan_proposed().plan();
      for (const v1::PlannedMeasure& measure : event.plan_proposed().plan().measures()) {
        state.set_measures_numbered(std::max(state.measures_numbered(), PartNumber(measure.measure())));
      }
      return;
    case Event::kPlanRevised:
      return Revise(event.plan_revised(), state);
    case Event::kMeasureStarted:
      *state.add_measures_started() = event.measure_started().measure();
      return;
    case Event::kRecordVoided: {
      auto& started = *state.mutable_measures_started();
      started.erase(std::remove(started.begin(), started.end(), event.record_voided().name()), started.end());
      return;
    }
    case Event::kPlanApprovalRecorded:
      return RecordApproval(event.plan_approval_recorded(), state);
    case Event::kPlanApproved:
      return Approve(event.plan_approved(), state);
    case Event::kJourneyClosed:
      return CloseJourney(event.journey_closed(), state);
    case Event::kJourneyOpened:
      return OpenJourney(event.journey_opened(), state);
    case Event::kJourneyMoved:
      return Move(event.journey_moved(), state);
    case Event::kPermissionGranted:
      return permissions::Add(event.permission_granted(), *state.mutable_permissions());
    case Event::kPermissionWithdrawn:
      return permissions::Remove(event.permission_withdrawn().permission(), *state.mutable_permissions());
    case Event::kProcessingRestricted:
      return state.set_restricted(event.processing_restricted().restricted());
    case Event::kAssessmentCancelled:
      if (auto* assessment = Mutable(state, event.assessment_cancelled().assessment()); assessment != nullptr) {
        *assessment->mutable_cancel_time() = event.assessment_cancelled().cancel_time();
      }
      return;
    // Told to others; the internal event in front of it said it here.
    case Event::kAssessmentOpened:
    case Event::kSessionScheduled:
    case Event::kSessionHeld:
    case Event::kSessionMissed:
    case Event::kSessionCancelled:
    case Event::kConsultationRequested:
    case Event::kConsultationAnswered:
    case Event::kInstrumentScored:
    case Event::kClientErased:  // The pipeline takes the state away.
    case Event::EVENT_NOT_SET:
      return;
  }
}

const v1::Assessment* FindAssessment(const v1::ClientAssessment& state, absl::string_view name) {
  return FindNamed(state.assessments(), name);
}

const v1::Plan* FindPlan(const v1::ClientAssessment& state, absl::string_view name) {
  return FindNamed(state.plans(), name);
}

const v1::Session* FindSession(const v1::ClientAssessment& state, absl::string_view name) {
  return FindNamed(state.sessions(), name);
}

const v1::Consultation* FindConsultation(const v1::ClientAssessment& state, absl::string_view name) {
  return FindNamed(state.consultations(), name);
}

const v1::InstrumentRecord* FindInstrumentRecord(const v1::ClientAssessment& state, absl::string_view name) {
  return FindNamed(state.instruments(), name);
}

bool IsStarted(const v1::ClientAssessment& state, const std::string& measure) {
  return Holds(state.measures_started(), measure);
}

bool IsOpen(const v1::Assessment& assessment) {
  return assessment.state() == v1::ASSESSMENT_STATE_OPEN || assessment.state() == v1::ASSESSMENT_STATE_OVERDUE;
}

bool IsTold(const v1::Assessment& assessment, v1::AssessmentDeadline kind) {
  return Holds(assessment.missed_deadlines(), static_cast<int>(kind));
}

bool IsJourneyClosed(const v1::ClientAssessment& state, const v1::Assessment& assessment) {
  if (!state.has_journey_close_time() || Holds(state.referrals_opened(), assessment.referral())) return false;
  const absl::Time closed = pipeline::FromProto(state.journey_close_time());
  const auto is_before = [&](const v1::Assessment& each) { return pipeline::FromProto(each.open_time()) <= closed; };
  // A later one of the same referral may have been opened before word of the closing came.
  return is_before(assessment) ||
         (!assessment.reassesses().empty() &&
          std::any_of(state.assessments().begin(), state.assessments().end(), [&](const v1::Assessment& each) {
            return each.referral() == assessment.referral() && is_before(each);
          }));
}

int VersionOf(const v1::ClientAssessment& state, const std::string& referral, int accepted_version) {
  for (const v1::MovedReferral& each : state.moved()) {
    if (each.referral() == referral) return each.pathway_version();
  }
  return accepted_version;
}

}  // namespace polku::assessment
