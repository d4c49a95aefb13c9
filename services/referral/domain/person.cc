#include "services/referral/domain/person.h"

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "libs/base/calendar.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"

namespace polku::referral {
namespace {

constexpr int kNameCharactersMax = 200;
constexpr int kPhoneCharactersMax = 40;
constexpr int kEmailCharactersMax = 254;  // RFC 5321: a path of 256 with its brackets.
constexpr int kAddressCharactersMax = 400;

bool IsDigits(absl::string_view text, size_t count) {
  if (text.size() != count) return false;
  for (char c : text) {
    if (!absl::ascii_isdigit(c)) return false;
  }
  return true;
}

bool IsLanguage(absl::string_view text) {
  return text.size() == 2 && absl::ascii_islower(text[0]) && absl::ascii_islower(text[1]);
}

bool IsPhone(absl::string_view text) {
  bool digit = false;
  for (char c : text) {
    digit = digit || absl::ascii_isdigit(c);
    if (!absl::ascii_isdigit(c) && absl::string_view("+-() ").find(c) == absl::string_view::npos) return false;
  }
  return digit;
}

bool IsEmail(absl::string_view text) {
  const size_t at = text.find('@');
  if (at == absl::string_view::npos || at == 0 || at + 1 == text.size()) return false;
  if (text.find('@', at + 1) != absl::string_view::npos) return false;
  for (char c : text) {
    if (absl::ascii_isspace(c) || absl::ascii_iscntrl(c)) return false;
  }
  return true;
}

class Checker {
 public:
  Checker(absl::string_view path, absl::Status& status) : path_(path), status_(status) {}

  void Wrong(absl::string_view field, absl::string_view what) {
    AddViolation(status_, absl::StrCat(path_, ".", field), what);
  }
  void Length(absl::string_view field, absl::string_view text, int max) {
    if (CharactersOf(text) > max) Wrong(field, absl::StrCat("is longer than ", max, " characters"));
  }
  std::string Path(absl::string_view field) const { return absl::StrCat(path_, ".", field); }

 private:
  const std::string path_;
  absl::Status& status_;
};

void CheckBirthDate(const v1::Person& person, absl::Time now, Checker& check) {
  const absl::StatusOr<absl::CivilDay> day = pipeline::DayFrom(person.birth_date(), check.Path("birth_date"));
  if (!day.ok()) return check.Wrong("birth_date", "must be a real day of 1900 or later");
  if (*day > LocalDay(now)) check.Wrong("birth_date", "is in the future");
}

}  // namespace

void CheckIdentity(const v1::Person& person, HetuPolicy identity, absl::Time now, absl::string_view path,
                   absl::Status& status) {
  Checker check(path, status);
  check.Length("family_name", person.family_name(), kNameCharactersMax);
  check.Length("given_names", person.given_names(), kNameCharactersMax);
  if (person.identity_code().empty()) {
    if (person.family_name().empty()) check.Wrong("family_name", "is needed when there is no identity code");
    if (person.given_names().empty()) check.Wrong("given_names", "is needed when there is no identity code");
    if (!person.has_birth_date()) return check.Wrong("birth_date", "is needed when there is no identity code");
    return CheckBirthDate(person, now, check);
  }
  const absl::StatusOr<Hetu> code = Hetu::Parse(person.identity_code(), identity);
  if (!code.ok()) return check.Wrong("identity_code", code.status().message());
  if (code->birth_date() > LocalDay(now)) check.Wrong("identity_code", "is of somebody born in the future");
  if (!person.has_birth_date()) return;
  if (person.birth_date().year() != code->birth_date().year() ||
      person.birth_date().month() != code->birth_date().month() ||
      person.birth_date().day() != code->birth_date().day()) {
    check.Wrong("birth_date", "differs from that of the identity code");
  }
}

int CharactersOf(absl::string_view text) {
  int count = 0;
  for (char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
  return count;
}

void CheckContact(const v1::Person& person, absl::string_view path, absl::Status& status) {
  Checker check(path, status);
  // Whoever is protected may keep the municipality to themselves.
  const bool withheld = person.municipality().empty() && person.non_disclosure();
  if (!withheld && !IsDigits(person.municipality(), 3)) check.Wrong("municipality", "must be three digits");
  if (!person.language().empty() && !IsLanguage(person.language())) {
    check.Wrong("language", "must be two letters of ISO 639-1, as in fi");
  }
  check.Length("phone", person.phone(), kPhoneCharactersMax);
  if (!person.phone().empty() && !IsPhone(person.phone())) {
    check.Wrong("phone", "must be digits, spaces, hyphens, brackets and a plus sign");
  }
  check.Length("email", person.email(), kEmailCharactersMax);
  if (!person.email().empty() && !IsEmail(person.email())) check.Wrong("email", "is not an e-mail address");
  check.Length("postal_address", person.postal_address(), kAddressCharactersMax);
}

v1::Person Merged(const v1::Person& known, const v1::Person& told, HetuPolicy identity) {
  v1::Person merged = known;
  merged.MergeFrom(told);  // Of proto3 scalars it takes only what is not empty; `true` stays `true`.
  if (const absl::StatusOr<Hetu> code = Hetu::Parse(merged.identity_code(), identity); code.ok()) {
    *merged.mutable_birth_date() = pipeline::ToProtoDay(code->birth_date());
  }
  return merged;
}

v1::Person WithoutWhereabouts(v1::Person person) {
  person.clear_municipality();
  person.clear_postal_address();
  return person;
}

}  // namespace polku::referral
