// Hand-over of responsibility: OfferTransition, AcceptTransition, DeclineTransition, and R4.
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/pathway/steps.h"
#include "libs/pipeline/proto_time.h"
#include "services/follow-up/domain/findings.h"
#include "services/follow-up/domain/journey.h"
#include "services/follow-up/domain/moment.h"
#include "services/follow-up/domain/views.h"

namespace polku::follow_up {
namespace {

using namespace polku::follow_up::v1;  // NOLINT
using polku::pathway::v1::PathwayDefinition;
using polku::pathway::v1::RuleSet;
using polku::pathway::v1::TransitionTerms;
using polku::pipeline::DayFrom;
using polku::pipeline::ToProto;

// One of the three limits of R4: what must have happened by when.
std::optional<Finding> Limit(const JourneyRecord& journey, int64_t from_us, int64_t due_us, int64_t happened_us) {
  const Finding finding = AboveFloor(journey, {RULE_MISSED_TRANSITION, "", from_us, due_us});
  if (happened_us != 0 && happened_us <= finding.due_us) return std::nullopt;
  return finding;
}

absl::Status RequireOrganisation(const std::string& organisation, absl::string_view what, const Draft& draft) {
  const pipeline::Principal& principal = draft.context().principal;
  if (principal.organisation == organisation || principal.role == "lead") return absl::OkStatus();
  return WithReason(absl::PermissionDeniedError(absl::StrCat("only ", what, " or a lead may do this")),
                    "OTHER_ORGANISATION");
}

const PathwayDefinition* PathwayOf(const Draft& draft) {
  const JourneyRecord& journey = draft.state();
  // Version 0 would be the newest to Find.
  return journey.pathway_version() > 0 ? draft.catalogue().Find(journey.pathway(), journey.pathway_version()) : nullptr;
}

// The transition of the pathway that leads to `step` from whoever answers now. Before the first one nobody has told
// which step the client is on: the one from the assessment if there is one, else the first. Null when there is none.
const TransitionTerms* TermsOf(const PathwayDefinition& pathway, absl::string_view step, const JourneyRecord& journey) {
  const auto* here = pathway::FindStep(pathway, journey.step());
  const TransitionTerms* found = nullptr;
  for (const TransitionTerms& terms : pathway.transitions()) {
    if (terms.to() != step || (here != nullptr && here->responsible() != terms.giver())) continue;
    const auto* from = pathway::FindStep(pathway, terms.from());
    if (here != nullptr || from->kind() == polku::pathway::v1::STEP_KIND_ASSESSMENT) return &terms;
    if (found == nullptr) found = &terms;
  }
  return found;
}

// What the pathway says of the hand-over; without a step it says nothing.
absl::StatusOr<TransitionTerms> TermsOfOffer(const OfferTransitionRequest& request, const Draft& draft) {
  if (request.step().empty()) return TransitionTerms();
  const PathwayDefinition* pathway = PathwayOf(draft);
  if (pathway == nullptr || pathway::FindStep(*pathway, request.step()) == nullptr) {
    return InvalidField("step", "is not a step of the pathway");
  }
  const TransitionTerms* terms = TermsOf(*pathway, request.step(), draft.state());
  if (terms == nullptr) return InvalidField("step", "no transition of the pathway leads there from here");
  const auto* role = pathway::FindRole(*pathway, terms->taker());
  if (role != nullptr && !pathway::Plays(*role, request.taker(), "", LocalDay(draft.now()))) {
    return InvalidField("taker", absl::StrCat("does not play the role ", role->code()));
  }
  return *terms;
}

int Or(int own, int of_rules) { return own > 0 ? own : of_rules; }

absl::StatusOr<int64_t> AcceptDue(const OfferTransitionRequest& request, const TransitionTerms& terms,
                                  const Draft& draft) {
  const absl::CivilDay today = LocalDay(draft.now());
  const absl::CivilDay latest =
      AddOfficeDays(today, Or(terms.accept_office_days(), draft.rules().transition_accept_office_days()));
  if (!request.has_accept_by_date()) return Micros(EndOfDay(latest));
  ASSIGN_OR_RETURN(const absl::CivilDay day, DayFrom(request.accept_by_date(), "accept_by_date"));
  if (day < today || day > latest) {
    return InvalidField("accept_by_date", absl::StrCat("must be from today to ", FormatDay(latest)));
  }
  return Micros(EndOfDay(day));
}

bool IsPending(const TransitionRecord& transition) {
  return !transition.transition().empty() && transition.accept_us() == 0 && transition.decline_us() == 0;
}

// The pending transition of that name.
absl::Status RequirePending(const std::string& name, const Draft& draft) {
  const TransitionRecord& transition = draft.state().transition();
  if (transition.transition() != name) {
    return WithReason(absl::NotFoundError("there is no such transition, or a later one has taken its place"),
                      "TRANSITION_NOT_FOUND");
  }
  if (!IsPending(transition)) {
    return WithReason(absl::FailedPreconditionError("the transition has been answered already"), "TRANSITION_ANSWERED");
  }
  return RequireOrganisation(transition.taker(), "the taker", draft);
}

}  // namespace

std::optional<Finding> MissedTransition(const JourneyRecord& journey, const RuleSet&) {
  const TransitionRecord& transition = journey.transition();
  if (transition.transition().empty()) return std::nullopt;
  const int64_t answer_us = transition.accept_us() != 0 ? transition.accept_us() : transition.decline_us();
  std::optional<Finding> first = Limit(journey, transition.offer_us(), transition.accept_due_us(), answer_us);
  if (transition.accept_us() == 0) return first;
  const auto earlier = [&](std::optional<Finding> other) {
    if (other.has_value() && (!first.has_value() || other->due_us < first->due_us)) first = std::move(other);
  };
  earlier(Limit(journey, transition.accept_us(), transition.contact_due_us(), transition.contact_us()));
  earlier(Limit(journey, transition.accept_us(), transition.meeting_due_us(), transition.meeting_us()));
  return first;
}

absl::StatusOr<Reply> OfferTransition(const OfferTransitionRequest& request, Draft& draft) {
  const JourneyRecord& journey = draft.state();
  RETURN_IF_ERROR(RequireOrganisation(journey.responsible_party(), "the responsible party", draft));
  if (!IsResourceName(request.taker(), "organisations/*")) {
    return InvalidField("taker", "must be a name like \"organisations/*\"");
  }
  if (request.taker() == journey.responsible_party()) {
    return InvalidField("taker", "must not be the responsible party");
  }
  ASSIGN_OR_RETURN(const TransitionTerms terms, TermsOfOffer(request, draft));
  ASSIGN_OR_RETURN(const int64_t accept_due_us, AcceptDue(request, terms, draft));
  if (IsPending(journey.transition()) || FindOpen(journey, RULE_MISSED_TRANSITION, "") != nullptr) {
    return WithReason(absl::FailedPreconditionError("another transition waits for its answer or is interrupted"),
                      "TRANSITION_UNDER_WAY");
  }
  JourneyEvent event;
  TransitionOffered& offered = *event.mutable_transition_offered();
  offered.set_transition(absl::StrCat(request.client(), "/transitions/", journey.transitions_numbered() + 1));
  offered.set_giver(journey.responsible_party());
  offered.set_taker(request.taker());
  *offered.mutable_offer_time() = ToProto(draft.now());
  *offered.mutable_accept_due_time() = ToProto(At(accept_due_us));
  offered.set_step(request.step());
  draft.Emit(std::move(event));
  return std::make_unique<Transition>(TransitionView(draft.state().transition()));
}

absl::StatusOr<Reply> AcceptTransition(const AcceptTransitionRequest& request, Draft& draft) {
  RETURN_IF_ERROR(RequirePending(request.name(), draft));
  const JourneyRecord& journey = draft.state();
  const absl::CivilDay today = LocalDay(draft.now());
  JourneyEvent event;
  TransitionAccepted& accepted = *event.mutable_transition_accepted();
  accepted.set_transition(request.name());
  accepted.set_taker(draft.state().transition().taker());
  *accepted.mutable_accept_time() = ToProto(draft.now());
  const PathwayDefinition* pathway = PathwayOf(draft);
  const TransitionTerms* known = pathway == nullptr ? nullptr : TermsOf(*pathway, journey.transition().step(), journey);
  const TransitionTerms terms = known == nullptr ? TransitionTerms() : *known;
  *accepted.mutable_contact_due_time() =
      ToProto(EndOfOfficeDay(today, Or(terms.contact_office_days(), draft.rules().transition_contact_office_days())));
  *accepted.mutable_meeting_due_time() =
      ToProto(EndOfDay(today + Or(terms.meeting_days(), draft.rules().transition_meeting_days())));
  draft.Emit(std::move(event));
  return std::make_unique<Transition>(TransitionView(draft.state().transition()));
}

absl::StatusOr<Reply> DeclineTransition(const DeclineTransitionRequest& request, Draft& draft) {
  RETURN_IF_ERROR(RequirePending(request.name(), draft));
  JourneyEvent event;
  event.mutable_transition_declined()->set_transition(request.name());
  *event.mutable_transition_declined()->mutable_decline_time() = ToProto(draft.now());
  draft.Emit(std::move(event));
  return std::make_unique<Transition>(TransitionView(draft.state().transition()));
}

}  // namespace polku::follow_up
