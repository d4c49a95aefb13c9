// Who the client is: what a referral may say about a person, and who may see what of it.
#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "libs/base/hetu.h"
#include "polku/referral/v1/api.pb.h"

namespace polku::referral {

// Each adds a violation to `status` for each wrong field of its part of `person`; the path begins with `path`
// ("referral.person"). No message holds anything of the person. `now` bounds the birth date.
void CheckIdentity(const v1::Person& person, HetuPolicy identity, absl::Time now, absl::string_view path,
                   absl::Status& status);
void CheckContact(const v1::Person& person, absl::string_view path, absl::Status& status);

// What is known of the client once a checked referral has told `told`: what it says replaces what
// was known, what it leaves empty stays. The birth date is that of the identity code if there is one.
// A safety order is never lifted here: forgetting to repeat it must not expose anybody.
v1::Person Merged(const v1::Person& known, const v1::Person& told, HetuPolicy identity);

// Municipality and address removed.
v1::Person WithoutWhereabouts(v1::Person person);

// Characters of UTF-8 text, as a person counts them roughly: code points.
int CharactersOf(absl::string_view text);

}  // namespace polku::referral
