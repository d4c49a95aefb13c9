#include "services/referral/domain/handling.h"

#include <set>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "services/referral/domain/checks.h"
#include "services/referral/domain/links.h"

namespace polku::referral {
namespace {

// Questions about one referral; whoever asks more often should meet the referrer.
constexpr int kExchangesMax = 20;

absl::Status Refused(absl::string_view why, absl::string_view reason) {
  return WithReason(absl::FailedPreconditionError(why), reason);
}

v1::ReferralNoted& Noted(const std::string& referral, const std::string& text, const pipeline::Context& context,
                         v1::ClientEvent& event) {
  v1::ReferralNoted& noted = *event.mutable_referral_noted();
  noted.set_referral(referral);
  noted.set_text(text);
  noted.set_user(context.principal.user);
  return noted;
}

absl::Status CheckTopics(const v1::RequestInformationRequest& request) {
  if (request.topics().empty()) return InvalidField("topics", "needs at least one");
  std::set<int> seen;
  for (int i = 0; i < request.topics_size(); ++i) {
    const v1::InformationTopic topic = request.topics(i);
    const std::string path = absl::StrCat("topics[", i, "]");
    if (topic == v1::INFORMATION_TOPIC_UNSPECIFIED || !v1::InformationTopic_IsValid(topic)) {
      return InvalidField(path, "must be one of the topics");
    }
    if (!seen.insert(topic).second) return InvalidField(path, "is there twice");
    if (topic == v1::INFORMATION_TOPIC_OTHER && request.text().empty()) {
      return InvalidField("text", "is needed with the topic OTHER");
    }
  }
  return CheckText(request.text());
}

void EmitTakenBack(const std::string& referral, Draft& draft) {
  v1::ClientEvent event;
  event.mutable_referral_withdrawn()->set_referral(referral);
  *event.mutable_referral_withdrawn()->mutable_withdraw_time() = pipeline::ToProto(draft.context().now);
  draft.Emit(std::move(event));
}

}  // namespace

void EmitWithdrawn(const std::string& referral, const std::string& text, v1::WithdrawReason reason, Draft& draft) {
  v1::ClientEvent noted;
  Noted(referral, text, draft.context(), noted).set_withdraw(reason);
  draft.Emit(std::move(noted));
  EmitTakenBack(referral, draft);
}

absl::StatusOr<Decision> RequestInformation(const v1::Client& state, const v1::RequestInformationRequest& request,
                                            const pipeline::Context& context) {
  ASSIGN_OR_RETURN(const v1::Referral* referral, FindUnanswered(state, request.name(), context));
  if (referral->state() == v1::REFERRAL_STATE_INFORMATION_REQUESTED) {
    return Refused("a question to the referrer is open already", "INFORMATION_REQUESTED");
  }
  if (referral->information_size() >= kExchangesMax) {
    return Refused("the referrer has been asked too often", "TOO_MANY_QUESTIONS");
  }
  RETURN_IF_ERROR(CheckTopics(request));
  Draft draft(state, context);
  v1::ClientEvent asked;
  asked.mutable_information_asked()->set_referral(referral->name());
  asked.mutable_information_asked()->set_user(context.principal.user);
  v1::InformationExchange& exchange = *asked.mutable_information_asked()->mutable_exchange();
  *exchange.mutable_topics() = request.topics();
  exchange.set_question(request.text());
  *exchange.mutable_request_time() = pipeline::ToProto(context.now);
  draft.Emit(std::move(asked));
  v1::ClientEvent told;
  told.mutable_referral_information_requested()->set_referral(referral->name());
  *told.mutable_referral_information_requested()->mutable_request_time() = pipeline::ToProto(context.now);
  draft.Emit(std::move(told));
  return std::move(draft).ReplyWith(request.name());
}

absl::StatusOr<Decision> ProvideInformation(const v1::Client& state, const v1::ProvideInformationRequest& request,
                                            const pipeline::Context& context) {
  ASSIGN_OR_RETURN(const v1::Referral* referral, FindFor(Side::kReferrer, state, request.name(), context));
  if (referral->state() != v1::REFERRAL_STATE_INFORMATION_REQUESTED) {
    return Refused("nothing has been asked", "NO_QUESTION_OPEN");
  }
  if (request.text().empty()) return InvalidField("text", "is needed");
  RETURN_IF_ERROR(CheckText(request.text()));
  Draft draft(state, context);
  v1::ClientEvent event;
  v1::InformationProvided& provided = *event.mutable_information_provided();
  provided.set_referral(referral->name());
  provided.set_text(request.text());
  provided.set_user(context.principal.user);
  *provided.mutable_provide_time() = pipeline::ToProto(context.now);
  draft.Emit(std::move(event));
  return std::move(draft).ReplyWith(request.name());
}

absl::StatusOr<Decision> RedirectReferral(const v1::Client& state, const v1::RedirectReferralRequest& request,
                                          const pipeline::Context& context) {
  ASSIGN_OR_RETURN(const v1::Referral* referral, FindUnanswered(state, request.name(), context));
  if (!IsResourceName(request.receiving_unit(), "organisations/*")) {
    return InvalidField("receiving_unit", "must be organisations/<id>");
  }
  if (request.receiving_unit() == referral->receiving_unit()) {
    return InvalidField("receiving_unit", "is the unit that has the referral now");
  }
  const bool known = v1::RedirectReason_IsValid(request.reason()) && request.reason() != 0;
  RETURN_IF_ERROR(CheckReason(known, request.reason() == v1::REDIRECT_REASON_OTHER, request.text()));
  Draft draft(state, context);
  v1::ClientEvent noted;
  Noted(referral->name(), request.text(), context, noted).set_redirect(request.reason());
  draft.Emit(std::move(noted));
  v1::ClientEvent event;
  v1::ReferralRedirected& redirected = *event.mutable_referral_redirected();
  redirected.set_referral(referral->name());
  redirected.set_from_unit(referral->receiving_unit());
  redirected.set_receiving_unit(request.receiving_unit());
  *redirected.mutable_redirect_time() = pipeline::ToProto(context.now);
  draft.Emit(std::move(event));
  return std::move(draft).ReplyWith(request.name());
}

absl::StatusOr<Decision> WithdrawReferral(const v1::Client& state, const v1::WithdrawReferralRequest& request,
                                          const pipeline::Context& context) {
  ASSIGN_OR_RETURN(const v1::Referral* referral, FindFor(Side::kEither, state, request.name(), context));
  if (!IsWaiting(*referral)) return CheckUnanswered(*referral);
  const bool known = v1::WithdrawReason_IsValid(request.reason()) && request.reason() != 0;
  RETURN_IF_ERROR(CheckReason(known, request.reason() == v1::WITHDRAW_REASON_OTHER, request.text()));
  Draft draft(state, context);
  EmitWithdrawn(referral->name(), request.text(), request.reason(), draft);
  PassOn(referral->name(), draft);
  return std::move(draft).ReplyWith(request.name());
}

absl::StatusOr<Decision> ReopenReferral(const v1::Client& state, const v1::ReopenReferralRequest& request,
                                        const pipeline::Context& context) {
  ASSIGN_OR_RETURN(const v1::Referral* referral, FindFor(Side::kEither, state, request.name(), context));
  if (IsOpen(*referral)) return Refused("the referral is open", "REFERRAL_OPEN");
  if (referral->state() == v1::REFERRAL_STATE_VOIDED) {
    return Refused("the referral was a mistake; send a new one", "REFERRAL_VOIDED");
  }
  if (OpenReferralFor(*referral, state) != nullptr) {
    return Refused("another referral for the same needs is open", "REFERRAL_OPEN");
  }
  const bool known = v1::ReopenReason_IsValid(request.reason()) && request.reason() != 0;
  RETURN_IF_ERROR(CheckReason(known, request.reason() == v1::REOPEN_REASON_OTHER, request.text()));
  Draft draft(state, context);
  v1::ClientEvent noted;
  Noted(referral->name(), request.text(), context, noted).set_reopen(request.reason());
  draft.Emit(std::move(noted));
  v1::ClientEvent event;
  event.mutable_referral_reopened()->set_referral(referral->name());
  event.mutable_referral_reopened()->set_receiving_unit(referral->receiving_unit());
  *event.mutable_referral_reopened()->mutable_reopen_time() = pipeline::ToProto(context.now);
  draft.Emit(std::move(event));
  return std::move(draft).ReplyWith(request.name());
}

absl::StatusOr<Decision> VoidRecord(const v1::Client& state, const v1::VoidRecordRequest& request,
                                    const pipeline::Context& context) {
  ASSIGN_OR_RETURN(const v1::Referral* referral, FindFor(Side::kEither, state, request.name(), context));
  if (referral->state() == v1::REFERRAL_STATE_VOIDED) {
    return Refused("the referral has been voided already", "REFERRAL_VOIDED");
  }
  if (IsOpen(*referral) && !IsWaiting(*referral)) {
    return Refused("a journey stands on the referral: close that first", "JOURNEY_OPEN");
  }
  const bool known = v1::VoidReason_IsValid(request.reason()) && request.reason() != 0;
  RETURN_IF_ERROR(CheckReason(known, request.reason() == v1::VOID_REASON_OTHER, request.text()));
  Draft draft(state, context);
  v1::ClientEvent noted;
  Noted(referral->name(), request.text(), context, noted).set_voiding(request.reason());
  draft.Emit(std::move(noted));
  // Others may wait for the answer; to them it is as if it had been taken back.
  if (IsWaiting(*referral)) EmitTakenBack(referral->name(), draft);
  v1::ClientEvent event;
  event.mutable_referral_voided()->set_referral(referral->name());
  *event.mutable_referral_voided()->mutable_void_time() = pipeline::ToProto(context.now);
  draft.Emit(std::move(event));
  PassOn(referral->name(), draft);
  return std::move(draft).ReplyWith(request.name());
}

}  // namespace polku::referral
