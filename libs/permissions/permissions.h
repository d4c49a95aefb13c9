// What a client permits and denies organisations, as services keep it that hear of it from the referral service.
#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "google/protobuf/repeated_field.h"
#include "polku/referral/v1/events.pb.h"

namespace polku::permissions {

// Before a command about a client: one whose processing is restricted is not decided about.
// Errors: kFailedPrecondition (PROCESSING_RESTRICTED).
absl::Status CheckNotRestricted(bool restricted);

// Errors: kPermissionDenied (CLIENT_DENIES).
absl::Status CheckNotDenied(bool denied);

// A permission or denial counts as known for so long after everything that the referral service said was: so much
// later than there a withdrawal takes effect at most. Own promise: services/referral/README.md.
inline constexpr absl::Duration kUnknownMax = absl::Seconds(60);

// Before an answer that rests on what a client permits, which was last known so long ago.
// Errors: kUnavailable (PERMISSIONS_UNKNOWN) with a delay for the next try, over kUnknownMax.
absl::Status CheckKnown(absl::Duration unknown_for);

// Permissions and denials that nobody has withdrawn, those of days to come and past ones too.
using Permissions = google::protobuf::RepeatedPtrField<polku::referral::v1::PermissionGranted>;

// One that is told again stands as told last.
void Add(const polku::referral::v1::PermissionGranted& granted, Permissions& permissions);
void Remove(absl::string_view permission, Permissions& permissions);

// Null when there is none of that name that is valid on `day`.
const polku::referral::v1::PermissionGranted* FindValid(const Permissions& permissions, absl::string_view name,
                                                        absl::CivilDay day);

// Whether a permission or denial is about `organisation` and that class of data.
bool IsAbout(const polku::referral::v1::PermissionGranted& granted, absl::string_view organisation,
             absl::string_view data_class);

// Whether the client denies `organisation` that class of data on `day`, for whatever purpose.
bool IsDenied(const Permissions& permissions, absl::string_view organisation, absl::string_view data_class,
              absl::CivilDay day);

}  // namespace polku::permissions
