#include "services/referral/domain/transfer.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/calendar.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "services/referral/domain/checks.h"
#include "services/referral/domain/client_commands.h"
#include "services/referral/domain/handling.h"
#include "services/referral/domain/merged_names.h"
#include "services/referral/domain/person.h"
#include "services/referral/domain/views.h"

namespace polku::referral {
namespace {

constexpr absl::string_view kDataClass = "referral";
constexpr int kTransfersMax = 50;         // state.proto
constexpr int kBasisCharactersMax = 200;  // api.proto

absl::Status Refused(absl::string_view why, absl::string_view reason) {
  return WithReason(absl::FailedPreconditionError(why), reason);
}

absl::Status CheckRequest(const v1::TransferOutRequest& request, const pipeline::Context& context) {
  absl::Status status;
  if (!IsResourceName(request.organisation(), "organisations/*")) {
    AddViolation(status, "organisation", "must be organisations/<id>");
  } else if (request.organisation() == context.principal.organisation) {
    AddViolation(status, "organisation", "must be another one than the caller's");
  }
  if (CharactersOf(request.statutory_basis()) > kBasisCharactersMax) {
    AddViolation(status, "statutory_basis", absl::StrCat("is longer than ", kBasisCharactersMax, " characters"));
  }
  if (request.text().empty()) AddViolation(status, "text", "is needed");
  RETURN_IF_ERROR(status);
  return CheckText(request.text());
}

bool Stands(const v1::Permission& permission, absl::CivilDay day) {
  return !permission.has_withdraw_time() && pipeline::FromProto(permission.valid_from()) <= day &&
         (!permission.has_valid_to() || day <= pipeline::FromProto(permission.valid_to()));
}

// The permission that lets the record go.
absl::StatusOr<std::string> PermissionFor(const v1::Client& state, const std::string& organisation,
                                          const pathway::Catalogue& catalogue, absl::CivilDay day) {
  if (IsDenied(state, organisation, kDataClass, day)) {
    return Refused("the client has denied this to the organisation", "CLIENT_DENIES");
  }
  const auto has = [](const auto& codes, absl::string_view code) {
    return std::find(codes.begin(), codes.end(), code) != codes.end();
  };
  const auto rule_sets = catalogue.rule_sets();
  for (const v1::Permission& each : state.permissions()) {
    const bool fits = !each.denial() && each.organisation() == organisation && has(each.classes(), kDataClass) &&
                      !rule_sets.empty() && has(rule_sets.back()->transfer_purposes(), each.purpose());
    if (fits && Stands(each, day)) return each.name();
  }
  return Refused("the client has not permitted it, and no statutory basis is given", "NO_PERMISSION");
}

void WithdrawWaiting(Draft& draft) {
  std::vector<std::string> waiting;
  for (const v1::Referral& referral : draft.state().referrals()) {
    if (IsWaiting(referral)) waiting.push_back(referral.name());
  }
  for (const std::string& referral : waiting) EmitWithdrawn(referral, "", v1::WITHDRAW_REASON_MOVED, draft);
}

v1::ClientRecord RecordOf(const v1::Client& state) {
  v1::ClientRecord record;
  record.set_name(state.name());
  *record.mutable_person() = state.person();
  if (state.person().non_disclosure()) {
    record.mutable_person()->clear_municipality();
    record.mutable_person()->clear_postal_address();
  }
  for (const v1::Referral& referral : state.referrals()) record.add_referrals(referral.name());
  *record.mutable_permissions() = state.permissions();
  for (const v1::MergedClient& merged : state.merged()) record.add_merged(merged.client());
  return record;
}

}  // namespace

absl::StatusOr<Decision> TransferOut(const v1::Client& state, const v1::TransferOutRequest& request,
                                     const pathway::Catalogue& catalogue, const pipeline::Context& context) {
  RETURN_IF_ERROR(CheckKnown(state));
  RETURN_IF_ERROR(CheckRequest(request, context));
  if (context.principal.user.empty()) {
    return Refused("only a named person may transfer a record", "NAMED_USER_REQUIRED");
  }
  if (state.transfers_size() >= kTransfersMax) {
    return Refused("the record has been transferred too often", "TOO_MANY_TRANSFERS");
  }
  v1::Transfer transfer;
  transfer.set_organisation(request.organisation());
  transfer.set_statutory_basis(request.statutory_basis());
  *transfer.mutable_transfer_time() = pipeline::ToProto(context.now);
  if (request.statutory_basis().empty()) {
    ASSIGN_OR_RETURN(*transfer.mutable_permission(),
                     PermissionFor(state, request.organisation(), catalogue, LocalDay(context.now)));
  }
  Draft draft(state, context);
  v1::ClientEvent noted;
  Noted(request.text(), context, noted);
  draft.Emit(std::move(noted));
  WithdrawWaiting(draft);
  v1::ClientEvent recorded;
  *recorded.mutable_transfer_recorded()->mutable_transfer() = transfer;
  draft.Emit(std::move(recorded));
  v1::ClientEvent told;
  told.mutable_client_transferred()->set_client(context.key);
  told.mutable_client_transferred()->set_organisation(request.organisation());
  *told.mutable_client_transferred()->mutable_transfer_time() = transfer.transfer_time();
  EmitToAll(std::move(told), draft);

  auto reply = std::make_unique<v1::TransferOutResponse>();
  *reply->mutable_client() = RecordOf(draft.state());
  *reply->mutable_transfer() = std::move(transfer);
  const v1::Client after = draft.state();
  Decision decision = std::move(draft).NoReply();
  const int64_t version = context.next_version - 1 + static_cast<int64_t>(decision.events.size());
  for (const v1::Referral& referral : after.referrals()) {
    *reply->add_referrals() = ToReply(after, referral, version, context.principal);
  }
  decision.reply = std::move(reply);
  return decision;
}

}  // namespace polku::referral
