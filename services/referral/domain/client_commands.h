// Commands about the client as a person: contact, identity, permissions, restriction, erasure.
#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "libs/base/hetu.h"
#include "libs/pipeline/domain.h"
#include "polku/referral/v1/api.pb.h"
#include "polku/referral/v1/state.pb.h"
#include "services/referral/domain/evolve.h"
#include "services/referral/domain/submit.h"

namespace polku::referral {

// Errors of all: kNotFound for a client that is not there; kInvalidArgument naming the field; those in
// polku/referral/v1/api.proto.
absl::StatusOr<Decision> UpdateContact(const v1::Client& state, const v1::UpdateContactRequest& request,
                                       const EntryTerms& terms, const pipeline::Context& context);
// `context.key` is the client that the request's identity code leads to, or that of the request.
absl::StatusOr<Decision> CorrectIdentity(const v1::Client& state, const v1::CorrectIdentityRequest& request,
                                         const EntryTerms& terms, const pipeline::Context& context);
absl::StatusOr<Decision> GrantPermission(const v1::Client& state, const v1::GrantPermissionRequest& request,
                                         const pipeline::Context& context);
absl::StatusOr<Decision> WithdrawPermission(const v1::Client& state, const v1::WithdrawPermissionRequest& request,
                                            const pipeline::Context& context);
// `retention_years` after the last matter ended the client may be erased.
absl::StatusOr<Decision> RestrictProcessing(const v1::Client& state, const v1::RestrictProcessingRequest& request,
                                            int retention_years, const pipeline::Context& context);
absl::StatusOr<Decision> EraseClient(const v1::Client& state, const v1::EraseClientRequest& request,
                                     int retention_years, const pipeline::Context& context);

// `decision`, and nothing is left of the client; those to whom a split gave referrals hear that its journey is gone.
Decision Erased(const v1::Client& state, Decision decision, const pipeline::Context& context);

// NOT_FOUND for a client that is not there.
absl::Status CheckKnown(const v1::Client& state);
// Notes why, and by whom.
v1::ClientNoted& Noted(const std::string& text, const pipeline::Context& context, v1::ClientEvent& event);
// The decision, whose reply is a summary of the client as it is now.
Decision Summarised(Draft draft, const std::string& split_off = "");

// At a tick: erases the client whose day has come, or puts the day off when a matter has been added since.
Decision EraseIfDue(Draft draft, int retention_years);
std::optional<absl::Time> NextErasure(const v1::Client& state);

// The client has denied `organisation` to know of class `data_class` ("referral") on `day`.
bool IsDenied(const v1::Client& state, absl::string_view organisation, absl::string_view data_class,
              absl::CivilDay day);

}  // namespace polku::referral
