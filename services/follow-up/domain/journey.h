// The aggregate "clients/C": follows one client and finds when the chain breaks.
//
// Every input takes the same way: what has come due is put on hold, the fact is folded in, then
// findings are reconciled with the open interruptions. The rules are in findings.h.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/pathway/catalogue.h"
#include "libs/pipeline/domain.h"
#include "polku/follow_up/v1/state.pb.h"
#include "services/follow-up/domain/draft.h"

namespace polku::follow_up {

class JourneyDomain {
 public:
  using State = polku::follow_up::v1::JourneyRecord;
  using Input = polku::follow_up::v1::JourneyInput;
  using Event = polku::follow_up::v1::JourneyEvent;

  explicit JourneyDomain(pathway::Catalogue catalogue) : catalogue_(std::move(catalogue)) {}

  absl::StatusOr<std::string> KeyOf(const Input& input) const;
  std::vector<pipeline::Lookup> LookupsOf(const std::string& key, const State& state, const Input& input) const;
  absl::StatusOr<pipeline::Decision<Event>> Decide(const State& state, const Input& input,
                                                   const pipeline::Context& context) const;
  void Evolve(const Event& event, State& state) const { follow_up::Evolve(event, state); }
  std::optional<absl::Time> NextDue(const State& state) const;
  std::vector<pipeline::IndexRow> Index(const State& state) const;
  pipeline::Standing StandingOf(const State& state) const;
  std::vector<pipeline::IndexRow> RowsOf(const Event& event) const;

 private:
  const pathway::Catalogue catalogue_;
};

// Peers' facts (peer_facts.cc). Nothing here is refused: what cannot apply is dropped, and what
// comes before the journey opens waits in the state.
void TakePeerFact(const polku::follow_up::v1::JourneyInput& input, Draft& draft);

// Commands about measures (measure_commands.cc), attendance (attendance.cc), the journey
// (journey_commands.cc), pauses, transitions, circumstances, holds and mistakes (files of these names). They return the
// reply.
using Reply = std::unique_ptr<google::protobuf::Message>;
absl::StatusOr<Reply> StartMeasure(const polku::follow_up::v1::StartMeasureRequest& request, Draft& draft);
absl::StatusOr<Reply> CompleteMeasure(const polku::follow_up::v1::CompleteMeasureRequest& request, Draft& draft);
absl::StatusOr<Reply> EndMeasureEarly(const polku::follow_up::v1::EndMeasureEarlyRequest& request, Draft& draft);
absl::StatusOr<Reply> RecordMark(const polku::follow_up::v1::AttendanceMark& mark, Draft& draft);
absl::StatusOr<Reply> RecordContact(const polku::follow_up::v1::RecordContactRequest& request, Draft& draft);
absl::StatusOr<Reply> ResolveInterruption(const polku::follow_up::v1::ResolveInterruptionRequest& request,
                                          Draft& draft);
absl::StatusOr<Reply> CloseJourney(const polku::follow_up::v1::CloseJourneyRequest& request, Draft& draft);

absl::StatusOr<Reply> AgreePause(const polku::follow_up::v1::AgreePauseRequest& request, Draft& draft);
absl::StatusOr<Reply> EndPause(const polku::follow_up::v1::EndPauseRequest& request, Draft& draft);
absl::StatusOr<Reply> OfferTransition(const polku::follow_up::v1::OfferTransitionRequest& request, Draft& draft);
absl::StatusOr<Reply> AcceptTransition(const polku::follow_up::v1::AcceptTransitionRequest& request, Draft& draft);
absl::StatusOr<Reply> DeclineTransition(const polku::follow_up::v1::DeclineTransitionRequest& request, Draft& draft);
absl::StatusOr<Reply> ReopenJourney(const polku::follow_up::v1::ReopenJourneyRequest& request, Draft& draft);
absl::StatusOr<Reply> HoldOutreach(const polku::follow_up::v1::HoldOutreachRequest& request, Draft& draft);
absl::StatusOr<Reply> ReleaseOutreach(const polku::follow_up::v1::ReleaseOutreachRequest& request, Draft& draft);
absl::StatusOr<Reply> VoidRecord(const polku::follow_up::v1::VoidRecordRequest& request, Draft& draft);
absl::StatusOr<Reply> RecordCircumstance(const polku::follow_up::v1::RecordCircumstanceRequest& request, Draft& draft);

// Go-live (import_journey.cc).
absl::StatusOr<Reply> ImportJourney(const polku::follow_up::v1::ImportJourneyRequest& request, Draft& draft);
absl::StatusOr<Reply> RequestReviewedOutreach(const polku::follow_up::v1::RequestReviewedOutreachRequest& request,
                                              Draft& draft);

// What R8 rests on (statutory_point.cc). VoidRecord takes one back.
absl::StatusOr<Reply> RecordBenefitPeriod(const polku::follow_up::v1::RecordBenefitPeriodRequest& request,
                                          Draft& draft);
absl::StatusOr<Reply> VoidBenefitPeriod(const polku::follow_up::v1::VoidRecordRequest& request, Draft& draft);

// Closed days of providers (closure.cc). A step from a provider's aggregate; and the questions to
// providers that no measure of the journey had `before`.
void TakeClosure(const polku::follow_up::v1::ClosureTold& told, Draft& draft);
void AskForClosures(const polku::follow_up::v1::JourneyRecord& before, Draft& draft);

// A revised plan has changed expected sessions: what is known of them, read again from the rows of
// lookup "marks_of_measure", one result a changed measure (plan_revision.cc).
void RedrawSessions(const polku::assessment::v1::PlanRevised& revised,
                    const polku::follow_up::v1::JourneyRecord& before, Draft& draft);
// The same of a measure that starts again: marks from before its first start was voided, from the same lookup.
void RedrawRestarted(const std::string& measure, Draft& draft);

// Errors: kFailedPrecondition, reason NAMED_USER_REQUIRED. "only a named person may <what>".
absl::Status RequireNamedUser(absl::string_view what, const pipeline::Context& context);

// Errors: kNotFound, reason JOURNEY_NOT_FOUND; kFailedPrecondition, reason JOURNEY_CLOSED.
absl::Status RequireOpen(const polku::follow_up::v1::JourneyRecord& journey);

// `next_step` may be null. Folds the end of an open interruption in.
void Resolve(const polku::follow_up::v1::InterruptionRecord& open, polku::follow_up::v1::ResolutionOutcome outcome,
             absl::Time time, const google::type::Date* next_step, Draft& draft);

}  // namespace polku::follow_up
