#include "libs/rpc/disclose.h"

#include <algorithm>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/permissions/permissions.h"

namespace polku::rpc {
namespace {

// Not a detail that goes to the caller: ToGrpc sends those of libs/base/violation.h only.
constexpr absl::string_view kDeniedClientUrl = "polku.rpc/denied_client";

constexpr absl::string_view kIntakeRole = "intake";  // Must be able to free the client again.

enum class Grant { kNever, kOwn, kAny };

struct DisclosureRule {
  absl::string_view role;
  // In the order of DataClass: identity, contacts, referral, assessment, follow-up, consultation.
  Grant grants[6];
};

// Source: the duties in services/*/README.md. A role without a row sees nothing.
constexpr DisclosureRule kRules[] = {
    {"referrer", {Grant::kOwn, Grant::kNever, Grant::kOwn, Grant::kNever, Grant::kNever, Grant::kNever}},
    {"intake", {Grant::kAny, Grant::kAny, Grant::kAny, Grant::kNever, Grant::kNever, Grant::kOwn}},
    {"assessor", {Grant::kAny, Grant::kAny, Grant::kAny, Grant::kAny, Grant::kAny, Grant::kAny}},
    {"coordinator", {Grant::kAny, Grant::kAny, Grant::kAny, Grant::kAny, Grant::kAny, Grant::kAny}},
    {"provider", {Grant::kNever, Grant::kNever, Grant::kNever, Grant::kNever, Grant::kNever, Grant::kOwn}},
    {"lead", {Grant::kAny, Grant::kAny, Grant::kAny, Grant::kAny, Grant::kAny, Grant::kAny}},
};

Grant GrantOf(absl::string_view role, DataClass data_class) {
  const auto* rule = std::find_if(std::begin(kRules), std::end(kRules),
                                  [&](const DisclosureRule& candidate) { return candidate.role == role; });
  return rule == std::end(kRules) ? Grant::kNever : rule->grants[static_cast<size_t>(data_class)];
}

// Why a principal whose role may see the data may not see this client's; OK when it may.
absl::Status RefusalOf(const DisclosureFacts& facts, bool restricted) {
  if (restricted) {
    return WithReason(absl::PermissionDeniedError("the client's processing is restricted"), "PROCESSING_RESTRICTED");
  }
  RETURN_IF_ERROR(permissions::CheckNotDenied(facts.denied));
  if (facts.not_permitted) {
    return WithReason(absl::PermissionDeniedError("the client does not permit this organisation the data"),
                      "PERMISSION_MISSING");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Disclose(const pipeline::Principal& principal, absl::string_view client, DataClass data_class,
                      const DisclosureFacts& facts) {
  const Grant grant = GrantOf(principal.role, data_class);
  const bool own = data_class == DataClass::kConsultation ? facts.own_consultation : facts.own_referral;
  const bool granted = grant == Grant::kAny || (grant == Grant::kOwn && own);
  // Not as the intake of an organisation that is asked for advice.
  const bool frees = principal.role == kIntakeRole && data_class != DataClass::kConsultation;
  absl::Status refusal = RefusalOf(facts, facts.restricted && !frees);
  if (granted && refusal.ok()) {
    // Nobody was denied anything, so it is no denial for the audit.
    return permissions::CheckKnown(facts.permissions_unknown_for);
  }
  if (!granted) {
    refusal =
        grant == Grant::kOwn
            // Word for word what a query answers for a client that does not exist would be ideal; code and
            // reason are what callers look at.
            ? absl::NotFoundError(data_class == DataClass::kConsultation ? "no such client or consultation"
                                                                         : "no such client or referral")
            : WithReason(absl::PermissionDeniedError(absl::StrCat("role ", principal.role, " may not see this data")),
                         "ROLE_NOT_ALLOWED");
  }
  refusal.SetPayload(kDeniedClientUrl, absl::Cord(client));
  return refusal;
}

std::string DeniedClientOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kDeniedClientUrl);
  return payload.has_value() ? std::string(*payload) : std::string();
}

}  // namespace polku::rpc
