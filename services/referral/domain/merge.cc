#include "services/referral/domain/merge.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/permissions/permissions.h"
#include "libs/pipeline/proto_time.h"
#include "services/referral/domain/checks.h"
#include "services/referral/domain/client_commands.h"
#include "services/referral/domain/fingerprints.h"
#include "services/referral/domain/forward.h"
#include "services/referral/domain/merged_names.h"
#include "services/referral/domain/person.h"
#include "services/referral/domain/renaming.h"
#include "services/referral/domain/split.h"

namespace polku::referral {
namespace {

// An answer takes milliseconds; none comes from a client who was erased meanwhile. One that comes later is called off.
constexpr absl::Duration kMergeAnswerWait = absl::Hours(1);

void CallOff(const std::string& client, const std::string& into, Draft& draft) {
  auto step = std::make_unique<v1::MergeCalledOff>();
  step->set_client(client);
  step->set_into(into);
  draft.AddStep(into, std::move(step));
}

// Why this client cannot take over the one that asks; empty when it can.
std::string RefusalOf(const v1::Client& state, const v1::AskMerge& ask) {
  if (state.name().empty()) return "CLIENT_NOT_FOUND";
  if (!state.merged_into().empty()) return "CLIENT_MERGED";
  if (!state.merging_into().empty()) return "CLIENT_MERGING";
  if (state.restricted()) return "PROCESSING_RESTRICTED";
  if (state.referrals_size() + ask.referrals() > kReferralsMax) return "TOO_MANY_REFERRALS";
  if (state.permissions_size() + ask.permissions() > kPermissionsMax) return "TOO_MANY_PERMISSIONS";
  return "";
}

void Answer(const v1::AskMerge& ask, const std::string& refusal, Draft& draft) {
  auto answered = std::make_unique<v1::MergeAnswered>();
  answered->set_client(ask.client());
  answered->set_into(ask.into());
  answered->set_refusal(refusal);
  draft.AddStep(ask.client(), std::move(answered));
}

// What stands, but for a permission whose purpose the person has denied or taken back in the kept record: told again,
// it would undo that in the other services, whichever of the two came later.
bool IsTakenOver(const v1::Permission& permission, const v1::Client& state) {
  return !permission.has_withdraw_time() && !IsContradicted(permission, state.permissions());
}

}  // namespace

bool IsMerging(const v1::Client& state) { return !state.merging_into().empty() || !state.awaited().empty(); }

absl::Status MergingNow() {
  return WithReason(absl::FailedPreconditionError("a merge of the client goes on: try again"), "CLIENT_MERGING");
}

std::vector<std::string> IdentityHashes(const v1::Person& person,
                                        const google::protobuf::RepeatedPtrField<v1::MergedClient>& merged,
                                        const EntryTerms& terms) {
  std::vector<std::string> hashes;
  const absl::StatusOr<Hetu> code = Hetu::Parse(person.identity_code(), terms.identity);
  if (code.ok()) hashes.push_back(IdentityHash(terms.hash_key, *code));
  for (const v1::MergedClient& each : merged) {
    for (std::string& hash : IdentityHashes(each.content().person(), each.content().merged(), terms)) {
      hashes.push_back(std::move(hash));
    }
  }
  return hashes;
}

absl::StatusOr<Decision> MergeClients(const v1::Client& state, const v1::MergeClientsRequest& request,
                                      const pipeline::Context& context) {
  RETURN_IF_ERROR(CheckKnown(state));
  if (ClientOf(request.into()) != request.into()) return InvalidField("into", "must be clients/<uuid>");
  if (request.into() == context.key) return InvalidField("into", "must be another client");
  if (request.text().empty()) return InvalidField("text", "is needed");
  RETURN_IF_ERROR(CheckText(request.text()));
  RETURN_IF_ERROR(permissions::CheckNotRestricted(state.restricted()));
  if (!state.awaited().empty()) return MergingNow();
  if (context.lookups.empty() || context.lookups.front().empty()) {
    return absl::NotFoundError("there is no such client to be merged into");
  }
  Draft draft(state, context);
  v1::ClientEvent noted;
  Noted(request.text(), context, noted);
  draft.Emit(std::move(noted));
  v1::ClientEvent begun;
  begun.mutable_merge_begun()->set_into(request.into());
  *begun.mutable_merge_begun()->mutable_begin_time() = pipeline::ToProto(context.now);
  draft.Emit(std::move(begun));
  auto ask = std::make_unique<v1::AskMerge>();
  ask->set_client(context.key);
  ask->set_into(request.into());
  ask->set_referrals(state.referrals_size());
  ask->set_permissions(state.permissions_size());
  draft.AddStep(request.into(), std::move(ask));
  return Summarised(std::move(draft));
}

std::optional<absl::Time> MergeGivenUpAt(const v1::Client& state) {
  if (!state.has_merging_since()) return std::nullopt;
  return pipeline::FromProto(state.merging_since()) + kMergeAnswerWait;
}

void GiveUpMerge(Draft& draft) {
  const std::optional<absl::Time> due = MergeGivenUpAt(draft.state());
  if (!due.has_value() || draft.context().now < *due) return;
  v1::ClientEvent event;
  event.mutable_merge_refused()->set_reason("NO_ANSWER");
  draft.Emit(std::move(event));
}

Decision OnAskMerge(const v1::Client& state, const v1::AskMerge& ask, const pipeline::Context& context) {
  Draft draft(state, context);
  const std::string refusal = RefusalOf(state, ask);
  if (refusal.empty()) {
    v1::ClientEvent event;
    event.mutable_merge_awaited()->set_client(ask.client());
    draft.Emit(std::move(event));
  }
  Answer(ask, refusal, draft);
  return std::move(draft).NoReply();
}

Decision OnMergeAnswered(const v1::Client& state, const v1::MergeAnswered& answered, const EntryTerms& terms,
                         const pipeline::Context& context) {
  Draft draft(state, context);
  if (answered.into() != state.merging_into()) {
    // Somebody else has been asked since.
    if (answered.refusal().empty() && answered.into() != state.merged_into()) {
      CallOff(context.key, answered.into(), draft);
    }
    return std::move(draft).NoReply();
  }
  v1::ClientEvent event;
  if (!answered.refusal().empty()) {
    event.mutable_merge_refused()->set_reason(answered.refusal());
    draft.Emit(std::move(event));
    return std::move(draft).NoReply();
  }
  auto take = std::make_unique<v1::TakeOver>();
  take->set_client(context.key);
  take->set_into(answered.into());
  v1::ClientContent& content = *take->mutable_content();
  *content.mutable_person() = state.person();
  *content.mutable_referrals() = state.referrals();
  *content.mutable_permissions() = state.permissions();
  *content.mutable_entry_warnings() = state.entry_warnings();
  if (state.has_last_event()) *content.mutable_last_event() = state.last_event();
  *content.mutable_merged() = state.merged();
  *content.mutable_transfers() = state.transfers();
  draft.AddStep(answered.into(), std::move(take));
  for (const std::string& hash : IdentityHashes(state.person(), state.merged(), terms)) {
    draft.LeadIdentity(hash, answered.into());
  }
  event.mutable_client_merged()->set_client(context.key);
  event.mutable_client_merged()->set_into(answered.into());
  *event.mutable_client_merged()->mutable_merge_time() = pipeline::ToProto(context.now);
  draft.Emit(std::move(event));
  return std::move(draft).NoReply();
}

Decision OnMergeCalledOff(const v1::Client& state, const v1::MergeCalledOff& called_off,
                          const pipeline::Context& context) {
  Draft draft(state, context);
  v1::ClientEvent event;
  event.mutable_merge_awaited()->set_client(called_off.client());
  event.mutable_merge_awaited()->set_called_off(true);
  draft.Emit(std::move(event));
  return std::move(draft).NoReply();
}

Decision OnTakeOver(const v1::Client& state, const v1::TakeOver& take, const EntryTerms& terms,
                    const pipeline::Context& context) {
  Draft draft(state, context);
  v1::ClientEvent event;
  v1::ClientTaken& taken = *event.mutable_client_taken();
  v1::MergedClient& merged = *taken.mutable_merged();
  merged.set_client(take.client());
  *merged.mutable_content() = take.content();
  merged.mutable_content()->clear_referrals();
  merged.mutable_content()->clear_entry_warnings();
  *merged.mutable_person_before() = state.person();
  Renaming names;
  int number = NextReferralNumber(state);
  for (const v1::Referral& referral : take.content().referrals()) {
    names.Add(referral.name(), absl::StrCat(context.key, "/referrals/", number++));
  }
  for (const v1::Referral& referral : take.content().referrals()) {
    *taken.add_referrals() = names.Renamed(referral, take.client());
  }
  for (const v1::EntryWarning& warning : take.content().entry_warnings()) {
    *taken.add_entry_warnings() = names.Renamed(warning);
  }
  int permission_number = state.permissions_size();
  for (const v1::Permission& permission : take.content().permissions()) {
    merged.add_permissions_taken(
        IsTakenOver(permission, state) ? absl::StrCat(context.key, "/permissions/", ++permission_number) : "");
  }
  const v1::MergedClient took = merged;
  draft.Emit(std::move(event));
  EmitPerson(Merged(take.content().person(), state.person(), terms.identity), terms, draft);
  for (int i = 0; i < took.permissions_taken_size(); ++i) {
    if (took.permissions_taken(i).empty()) continue;
    v1::ClientEvent granted;
    *granted.mutable_permission_granted() = AsGranted(took.content().permissions(i), took.permissions_taken(i));
    EmitToAll(std::move(granted), draft);
  }
  TellWhatStands(took, state, draft);
  return std::move(draft).NoReply();
}

absl::StatusOr<Decision> OnMerged(const v1::Client& state, const v1::ClientInput& input, const EntryTerms& terms,
                                  const pipeline::Context& context) {
  Draft draft(state, context);
  switch (input.input_case()) {
    case v1::ClientInput::kAskMerge:
      return OnAskMerge(state, input.ask_merge(), context);
    case v1::ClientInput::kMergeAnswered:
      return OnMergeAnswered(state, input.merge_answered(), terms, context);
    case v1::ClientInput::kReceiveSplit:
      return OnReceiveSplit(state, input.receive_split(), terms, context);
    case v1::ClientInput::kTellAsMerged:
      return OnTellAsMerged(state, input.tell_as_merged(), context);
    case v1::ClientInput::kEraseMerged: {
      v1::ClientEvent event;
      event.mutable_client_erased()->set_client(context.key);
      *event.mutable_client_erased()->mutable_erase_time() = pipeline::ToProto(context.now);
      draft.Emit(std::move(event));
      return Erased(state, std::move(draft).NoReply(), context);
    }
    case v1::ClientInput::kTick:
    case v1::ClientInput::kMergeCalledOff:
      return std::move(draft).NoReply();
    default:
      break;
  }
  if (FactOf(input, context).has_value()) return Forwarded(state, input, context);
  return WithReason(
      absl::FailedPreconditionError(absl::StrCat("the client has been merged into ", state.merged_into())),
      "CLIENT_MERGED");
}

}  // namespace polku::referral
