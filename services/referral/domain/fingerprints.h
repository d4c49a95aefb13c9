// Keyed hashes by which a person is found again without being stored in clear.
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "libs/base/hetu.h"
#include "polku/referral/v1/api.pb.h"
#include "polku/referral/v1/state.pb.h"

namespace polku::referral {

// The alias kind of identity codes.
inline constexpr absl::string_view kHetuAlias = "hetu";

// The alias of an identity code, 64 hexadecimal digits. `hash_key` is the database's, 32 bytes, here and below.
std::string IdentityHash(absl::string_view hash_key, const Hetu& code);

// Of a checked person. The birth date is that of the identity code where there is one.
v1::Fingerprints FingerprintsOf(const v1::Person& person, HetuPolicy identity, absl::string_view hash_key);

// The two may be one person: same birth date, similar names, and not both with an identity code, which then
// differs. Both may be parts only: of the index rows.
bool MayBeSamePerson(const v1::Fingerprints& a, const v1::Fingerprints& b);

}  // namespace polku::referral
