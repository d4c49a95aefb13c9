#include "services/referral/domain/fingerprints.h"

#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/calendar.h"
#include "libs/base/hash.h"
#include "libs/pipeline/proto_time.h"
#include "services/referral/domain/name_keys.h"

namespace polku::referral {
namespace {

// Enough to tell the people of a region apart; short, for there are many keys a person.
constexpr size_t kHashBytes = 8;

std::string ShortHash(absl::string_view hash_key, absl::string_view domain, absl::string_view content) {
  return HexOf(KeyedHash(hash_key, domain, content).substr(0, kHashBytes));
}

NameKeys KeysOf(const v1::Fingerprints& fingerprints) {
  return {{fingerprints.family_name().begin(), fingerprints.family_name().end()},
          {fingerprints.given_name().begin(), fingerprints.given_name().end()}};
}

}  // namespace

std::string IdentityHash(absl::string_view hash_key, const Hetu& code) {
  return HexOf(KeyedHash(hash_key, kHetuAlias, code.text().Reveal()));
}

v1::Fingerprints FingerprintsOf(const v1::Person& person, HetuPolicy identity, absl::string_view hash_key) {
  v1::Fingerprints fingerprints;
  const absl::StatusOr<Hetu> code = Hetu::Parse(person.identity_code(), identity);
  fingerprints.set_has_identity_code(code.ok());
  if (!code.ok() && !person.has_birth_date()) return fingerprints;
  const absl::CivilDay born = code.ok() ? code->birth_date() : pipeline::FromProto(person.birth_date());
  fingerprints.set_birth_date(ShortHash(hash_key, "referral.birth_date", FormatDay(born)));
  const NameKeys keys = NameKeysOf(person.family_name(), person.given_names());
  // One hash domain for both names: they may stand swapped.
  for (const std::string& key : keys.family) {
    fingerprints.add_family_name(ShortHash(hash_key, "referral.name_key", key));
  }
  for (const std::string& key : keys.given) {
    fingerprints.add_given_name(ShortHash(hash_key, "referral.name_key", key));
  }
  return fingerprints;
}

bool MayBeSamePerson(const v1::Fingerprints& a, const v1::Fingerprints& b) {
  if (a.birth_date().empty() || a.birth_date() != b.birth_date()) return false;
  if (a.has_identity_code() && b.has_identity_code()) return false;
  return Similar(KeysOf(a), KeysOf(b));
}

}  // namespace polku::referral
