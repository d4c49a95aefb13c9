#include "services/referral/domain/client_domain.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/permissions/permissions.h"
#include "libs/pipeline/after_due.h"
#include "libs/pipeline/proto_time.h"
#include "services/referral/domain/answer.h"
#include "services/referral/domain/client_commands.h"
#include "services/referral/domain/evolve_merge.h"
#include "services/referral/domain/fingerprints.h"
#include "services/referral/domain/forward.h"
#include "services/referral/domain/handling.h"
#include "services/referral/domain/index.h"
#include "services/referral/domain/journey.h"
#include "services/referral/domain/merge.h"
#include "services/referral/domain/split.h"
#include "services/referral/domain/submit.h"
#include "services/referral/domain/transfer.h"

namespace polku::referral {
namespace {

// A catalogue without rules erases nobody.
constexpr int kRetentionYearsUnknown = 120;

absl::StatusOr<std::string> KeyOfReferral(absl::string_view name) {
  const std::optional<std::string> client = ClientOf(name);
  if (!client.has_value() || !IsResourceName(name, "clients/*/referrals/*")) {
    return InvalidField("name", "must be clients/<uuid>/referrals/<number>");
  }
  return *client;
}

absl::StatusOr<std::string> KeyOfPermission(absl::string_view name) {
  const std::optional<std::string> client = ClientOf(name);
  if (!client.has_value() || !IsResourceName(name, "clients/*/permissions/*")) {
    return InvalidField("name", "must be clients/<uuid>/permissions/<number>");
  }
  return *client;
}

absl::StatusOr<std::string> KeyOfClient(absl::string_view name) {
  if (ClientOf(name) != std::string(name)) return InvalidField("client", "must be clients/<uuid>");
  return std::string(name);
}

// While processing is restricted nobody is answered and nobody asked.
bool WaitsForRestriction(const v1::ClientInput& input) {
  return input.has_accept_referral() || input.has_request_information() || input.has_provide_information() ||
         input.has_redirect_referral() || input.has_reopen_referral() || input.has_transfer_out();
}

// While a merge goes on its clients must not be pulled away from under it.
bool WaitsForMerge(const v1::ClientInput& input) {
  return input.has_split_client() || input.has_restrict_processing() || input.has_erase_client() ||
         input.has_transfer_out();
}

int RetentionYearsOf(const pathway::Catalogue& catalogue) {
  const auto rule_sets = catalogue.rule_sets();
  return rule_sets.empty() ? kRetentionYearsUnknown : rule_sets.back()->retention_years();
}

absl::StatusOr<std::string> KeyOfFact(absl::string_view name) {
  const std::optional<std::string> client = ClientOf(name);
  if (!client.has_value()) return absl::InvalidArgumentError("the fact names no client");
  return *client;
}

}  // namespace

std::vector<pipeline::Lookup> ClientDomain::LookupsOf(const std::string& key, const State&, const Input& input) const {
  if (input.has_merge_clients()) return {{"client_known", {input.merge_clients().into()}}};
  if (input.has_accept_referral()) return LookupsOfAcceptance(input.accept_referral(), catalogue_);
  if (input.input_case() != Input::kSubmitReferral) return {};
  const v1::Person& person = input.submit_referral().referral().person();
  const std::string birth_date = FingerprintsOf(person, identity_, hash_key_).birth_date();
  if (birth_date.empty()) return {};
  return {{"persons_born", {birth_date}}};
}

absl::StatusOr<std::string> ClientDomain::KeyOf(const Input& input) const {
  switch (input.input_case()) {
    case Input::kAcceptReferral:
      return KeyOfReferral(input.accept_referral().name());
    case Input::kDeclineReferral:
      return KeyOfReferral(input.decline_referral().name());
    case Input::kRequestInformation:
      return KeyOfReferral(input.request_information().name());
    case Input::kProvideInformation:
      return KeyOfReferral(input.provide_information().name());
    case Input::kRedirectReferral:
      return KeyOfReferral(input.redirect_referral().name());
    case Input::kWithdrawReferral:
      return KeyOfReferral(input.withdraw_referral().name());
    case Input::kReopenReferral:
      return KeyOfReferral(input.reopen_referral().name());
    case Input::kVoidRecord:
      return KeyOfReferral(input.void_record().name());
    case Input::kUpdateContact:
      return KeyOfClient(input.update_contact().client());
    case Input::kCorrectIdentity:
      return KeyOfClient(input.correct_identity().client());
    case Input::kGrantPermission:
      return KeyOfClient(input.grant_permission().client());
    case Input::kWithdrawPermission:
      return KeyOfPermission(input.withdraw_permission().name());
    case Input::kRestrictProcessing:
      return KeyOfClient(input.restrict_processing().client());
    case Input::kEraseClient:
      return KeyOfClient(input.erase_client().client());
    case Input::kTransferOut:
      return KeyOfClient(input.transfer_out().client());
    case Input::kMergeClients:
      return KeyOfClient(input.merge_clients().client());
    case Input::kSplitClient:
      return KeyOfClient(input.split_client().client());
    case Input::kJourneyOpened:
      return KeyOfFact(input.journey_opened().client());
    case Input::kJourneyClosed:
      return KeyOfFact(input.journey_closed().client());
    case Input::kSessionScheduled:
      return KeyOfFact(input.session_scheduled().session());
    case Input::kSessionHeld:
      return KeyOfFact(input.session_held().session());
    case Input::kSessionMissed:
      return KeyOfFact(input.session_missed().session());
    case Input::kSessionCancelled:
      return KeyOfFact(input.session_cancelled().session());
    case Input::kAttendanceMissed:
      return KeyOfFact(input.attendance_missed().measure());
    case Input::kSubmitReferral:
    case Input::kTick:
    case Input::kAskMerge:
    case Input::kMergeAnswered:
    case Input::kMergeCalledOff:
    case Input::kTakeOver:
    case Input::kReceiveSplit:
    case Input::kForwardedFact:
    case Input::kEraseMerged:
    case Input::kTellAsMerged:
    case Input::INPUT_NOT_SET:
      break;
  }
  return absl::InternalError("this input is for a key that its sender gives");
}

// A level of R7 that has passed when something else happens is told first, however late its tick comes.
absl::StatusOr<Decision> ClientDomain::Decide(const State& state, const Input& input,
                                              const pipeline::Context& context) const {
  if (!state.merged_into().empty()) return OnMerged(state, input, {catalogue_, identity_, hash_key_}, context);
  if (input.has_tick()) return OnTick(state, context);
  const auto overdue = [this](const State& before, const pipeline::Context& then) {
    Draft draft(before, then);
    TellOverdue(answers_, draft);
    return std::move(draft).NoReply();
  };
  return pipeline::DecideAfterDue(
      *this, state, context, overdue,
      [&](const State& later, const pipeline::Context& then) { return DecideInput(later, input, then); });
}

absl::StatusOr<Decision> ClientDomain::DecideInput(const State& state, const Input& input,
                                                   const pipeline::Context& context) const {
  if (IsMerging(state) && WaitsForMerge(input)) return MergingNow();
  if (WaitsForRestriction(input)) RETURN_IF_ERROR(permissions::CheckNotRestricted(state.restricted()));
  switch (input.input_case()) {
    case Input::kSubmitReferral:
      return SubmitReferral(state, input.submit_referral(), {catalogue_, identity_, hash_key_}, context);
    case Input::kAcceptReferral:
      return AcceptReferral(state, input.accept_referral(), catalogue_, context);
    case Input::kDeclineReferral:
      return DeclineReferral(state, input.decline_referral(), context);
    case Input::kRequestInformation:
      return RequestInformation(state, input.request_information(), context);
    case Input::kProvideInformation:
      return ProvideInformation(state, input.provide_information(), context);
    case Input::kRedirectReferral:
      return RedirectReferral(state, input.redirect_referral(), context);
    case Input::kWithdrawReferral:
      return WithdrawReferral(state, input.withdraw_referral(), context);
    case Input::kReopenReferral:
      return ReopenReferral(state, input.reopen_referral(), context);
    case Input::kVoidRecord:
      return VoidRecord(state, input.void_record(), context);
    default:
      return DecideClient(state, input, context);
  }
}

absl::StatusOr<Decision> ClientDomain::DecideClient(const State& state, const Input& input,
                                                    const pipeline::Context& context) const {
  const EntryTerms terms{catalogue_, identity_, hash_key_};
  switch (input.input_case()) {
    case Input::kUpdateContact:
      return UpdateContact(state, input.update_contact(), terms, context);
    case Input::kCorrectIdentity:
      return CorrectIdentity(state, input.correct_identity(), terms, context);
    case Input::kGrantPermission:
      return GrantPermission(state, input.grant_permission(), context);
    case Input::kWithdrawPermission:
      return WithdrawPermission(state, input.withdraw_permission(), context);
    case Input::kRestrictProcessing:
      return RestrictProcessing(state, input.restrict_processing(), RetentionYearsOf(catalogue_), context);
    case Input::kTransferOut:
      return TransferOut(state, input.transfer_out(), catalogue_, context);
    case Input::kEraseClient:
      return EraseClient(state, input.erase_client(), RetentionYearsOf(catalogue_), context);
    default:
      return DecideMerge(state, input, context);
  }
}

absl::StatusOr<Decision> ClientDomain::DecideMerge(const State& state, const Input& input,
                                                   const pipeline::Context& context) const {
  const EntryTerms terms{catalogue_, identity_, hash_key_};
  switch (input.input_case()) {
    case Input::kMergeClients:
      return MergeClients(state, input.merge_clients(), context);
    case Input::kSplitClient:
      return SplitClient(state, input.split_client(), terms, context);
    case Input::kAskMerge:
      return OnAskMerge(state, input.ask_merge(), context);
    case Input::kMergeAnswered:
      return OnMergeAnswered(state, input.merge_answered(), terms, context);
    case Input::kMergeCalledOff:
      return OnMergeCalledOff(state, input.merge_called_off(), context);
    case Input::kTakeOver:
      return OnTakeOver(state, input.take_over(), terms, context);
    case Input::kReceiveSplit:
      return OnReceiveSplit(state, input.receive_split(), terms, context);
    case Input::kEraseMerged:
    case Input::kTellAsMerged:
      return Decision();  // It has become a client of its own again.
    default:
      return TakeFact(state, input, context);
  }
}

// A forwarded fact is decided as it would have been where it came first, for the client that it is about.
absl::StatusOr<Decision> ClientDomain::TakeFact(const State& state, const Input& input,
                                                const pipeline::Context& context) const {
  if (!input.has_forwarded_fact() && state.moved().empty()) return DecideFact(state, input, context.key, context);
  const std::optional<v1::ForwardedFact> fact = FactOf(input, context);
  if (!fact.has_value()) return absl::InternalError("an input that this domain does not know");
  const bool ours = fact->given() || fact->from() == context.key || FindMerged(state.merged(), fact->from()) != nullptr;
  if (!ours) {  // It was, and has been undone since.
    Decision decision;
    ForwardTo(fact->from(), *fact, decision);
    return decision;
  }
  pipeline::Context then = context;
  then.fact_time = pipeline::FromProto(fact->fact_time());
  ASSIGN_OR_RETURN(Decision decision, DecideFact(state, InputOf(*fact), fact->from(), then));
  ForwardToOwners(state, *fact, decision);
  return decision;
}

absl::StatusOr<Decision> ClientDomain::DecideFact(const State& state, const Input& input, const std::string& from,
                                                  const pipeline::Context& context) const {
  switch (input.input_case()) {
    case Input::kJourneyOpened:
      return OnJourneyOpened(state, input.journey_opened(), context);
    case Input::kJourneyClosed:
      return OnJourneyClosed(state, input.journey_closed(), context);
    case Input::kSessionScheduled:
      return OnServiceEvent(state, v1::ServiceEvent::KIND_SCHEDULED, from, context);
    case Input::kSessionHeld:
      return OnServiceEvent(state, v1::ServiceEvent::KIND_COMPLETED, from, context);
    case Input::kSessionMissed:
    case Input::kAttendanceMissed:
      return OnServiceEvent(state, v1::ServiceEvent::KIND_UNATTENDED, from, context);
    case Input::kSessionCancelled:
      return OnServiceEvent(state, v1::ServiceEvent::KIND_CANCELLED, from, context);
    default:
      return absl::InternalError("an input that this domain does not know");
  }
}

Decision ClientDomain::OnTick(const State& state, const pipeline::Context& context) const {
  Draft draft(state, context);
  TellOverdue(answers_, draft);
  GiveUpMerge(draft);
  return EraseIfDue(std::move(draft), RetentionYearsOf(catalogue_));
}

std::optional<absl::Time> ClientDomain::NextDue(const State& state) const {
  std::optional<absl::Time> next;
  for (const auto& due : {NextOverdue(state, answers_), NextErasure(state), MergeGivenUpAt(state)}) {
    if (due.has_value() && (!next.has_value() || *due < *next)) next = due;
  }
  return next;
}

std::vector<pipeline::IndexRow> ClientDomain::Index(const State& state) const { return IndexRows(state); }

}  // namespace polku::referral
