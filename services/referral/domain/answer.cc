#include "services/referral/domain/answer.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "libs/base/calendar.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "services/referral/domain/checks.h"
#include "services/referral/domain/index.h"
#include "services/referral/domain/links.h"

namespace polku::referral {
namespace {

absl::StatusOr<const pathway::v1::PathwayDefinition*> FindPathway(const v1::AcceptReferralRequest& request,
                                                                  const pathway::Catalogue& catalogue,
                                                                  absl::CivilDay day) {
  if (request.pathway().empty()) return InvalidField("pathway", "is needed");
  if (catalogue.Find(request.pathway()) == nullptr) return InvalidField("pathway", "is not in the catalogue");
  if (request.pathway_version() < 0) return InvalidField("pathway_version", "must be 0 or more");
  if (request.pathway_version() == 0) {
    const auto* active = catalogue.FindActive(request.pathway(), day);
    if (active == nullptr) return InvalidField("pathway_version", "is needed: no version is active on this day");
    return active;
  }
  const auto* definition = catalogue.Find(request.pathway(), request.pathway_version());
  if (definition == nullptr) return InvalidField("pathway_version", "is not in the catalogue");
  return definition;
}

// Whose referral it is: the client's own, nobody's (the unit took the client itself), or an organisation's.
void CheckReferrer(const pathway::v1::Entry& entry, const v1::Referral& referral, absl::Status& status) {
  if (referral.referrer_kind() == common::v1::ORGANISATION_KIND_CLIENT) {
    if (!entry.self_referral()) AddViolation(status, "pathway", "takes no self-referrals");
    return;
  }
  if (referral.referrer() == referral.receiving_unit()) {
    if (!entry.direct_access()) AddViolation(status, "pathway", "takes nobody without a referral");
    return;
  }
  const auto& kinds = entry.referrers();
  if (!kinds.empty() && std::find(kinds.begin(), kinds.end(), referral.referrer_kind()) == kinds.end()) {
    AddViolation(status, "pathway", "takes no referrals of an organisation of this kind");
  }
}

absl::Status CheckServed(const pathway::v1::PathwayDefinition& definition, const v1::Referral& referral,
                         const v1::Person& person, absl::Time now) {
  absl::Status status;
  if (!pathway::ServesSegment(definition, referral.segment())) {
    AddViolation(status, "pathway", "does not serve the client's segment");
  }
  if (!person.municipality().empty() &&
      !pathway::ServesMunicipality(definition, person.municipality(), LocalDay(now))) {
    AddViolation(status, "pathway", "does not serve the client's municipality");
  }
  CheckReferrer(definition.entry(), referral, status);
  return status;
}

absl::Status CheckQuotas(const pathway::v1::PathwayDefinition& definition, const v1::Referral& referral,
                         const pipeline::Context& context) {
  if (context.lookups.empty()) return absl::OkStatus();
  for (const pathway::v1::Quota& quota : definition.entry().quotas()) {
    if (quota.segment() != 0 && quota.segment() != referral.segment()) continue;
    if (TakenOf(quota, context.lookups.front()) < quota.places()) continue;
    return WithReason(absl::FailedPreconditionError(
                          absl::StrCat("accept referral: all ", quota.places(), " places of the pathway are taken")),
                      "QUOTA_FULL");
  }
  return absl::OkStatus();
}

v1::ReferralAccepted Accepted(const v1::Referral& referral, const v1::Person& person,
                              const pathway::v1::PathwayDefinition& definition, absl::Time now) {
  v1::ReferralAccepted accepted;
  accepted.set_referral(referral.name());
  accepted.set_referrer(referral.referrer());
  accepted.set_receiving_unit(referral.receiving_unit());
  accepted.set_segment(referral.segment());
  *accepted.mutable_needs() = referral.needs();
  accepted.set_pathway(definition.id());
  accepted.set_pathway_version(definition.version());
  if (!person.non_disclosure()) accepted.set_municipality(person.municipality());
  accepted.set_language(person.language());
  *accepted.mutable_accept_time() = pipeline::ToProto(now);
  return accepted;
}

void EmitAnswer(const std::string& referral, const std::string& text, const pipeline::Context& context, Draft& draft) {
  v1::ClientEvent event;
  event.mutable_referral_answer_recorded()->set_referral(referral);
  event.mutable_referral_answer_recorded()->set_text(text);
  event.mutable_referral_answer_recorded()->set_user(context.principal.user);
  draft.Emit(std::move(event));
}

}  // namespace

std::vector<pipeline::Lookup> LookupsOfAcceptance(const v1::AcceptReferralRequest& request,
                                                  const pathway::Catalogue& catalogue) {
  for (const pathway::v1::PathwayDefinition* definition : catalogue.definitions()) {
    if (definition->id() == request.pathway() && !definition->entry().quotas().empty()) {
      return {{"pathway_clients", {request.pathway()}}};
    }
  }
  return {};
}

absl::StatusOr<Decision> AcceptReferral(const v1::Client& state, const v1::AcceptReferralRequest& request,
                                        const pathway::Catalogue& catalogue, const pipeline::Context& context) {
  ASSIGN_OR_RETURN(const v1::Referral* referral, FindUnanswered(state, request.name(), context));
  RETURN_IF_ERROR(CheckText(request.text()));
  ASSIGN_OR_RETURN(const pathway::v1::PathwayDefinition* definition,
                   FindPathway(request, catalogue, LocalDay(context.now)));
  RETURN_IF_ERROR(CheckServed(*definition, *referral, state.person(), context.now));
  RETURN_IF_ERROR(CheckQuotas(*definition, *referral, context));
  Draft draft(state, context);
  EmitAnswer(referral->name(), request.text(), context, draft);
  v1::ClientEvent event;
  *event.mutable_referral_accepted() = Accepted(*referral, state.person(), *definition, context.now);
  draft.Emit(std::move(event));
  return std::move(draft).ReplyWith(request.name());
}

absl::StatusOr<Decision> DeclineReferral(const v1::Client& state, const v1::DeclineReferralRequest& request,
                                         const pipeline::Context& context) {
  ASSIGN_OR_RETURN(const v1::Referral* referral, FindUnanswered(state, request.name(), context));
  const bool known = v1::DeclineReason_IsValid(request.reason()) && request.reason() != 0;
  RETURN_IF_ERROR(CheckReason(known, request.reason() == v1::DECLINE_REASON_OTHER, request.text()));
  Draft draft(state, context);
  EmitAnswer(referral->name(), request.text(), context, draft);
  v1::ClientEvent event;
  event.mutable_referral_declined()->set_referral(referral->name());
  event.mutable_referral_declined()->set_reason(request.reason());
  *event.mutable_referral_declined()->mutable_decline_time() = pipeline::ToProto(context.now);
  draft.Emit(std::move(event));
  PassOn(referral->name(), draft);  // Those who asked another unit.
  return std::move(draft).ReplyWith(request.name());
}

}  // namespace polku::referral
