// The Finnish personal identity code (henkilötunnus, "hetu"): DDMMYYCZZZQ.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "libs/base/sensitive.h"

namespace polku {

struct HetuPolicy {
  // Accepts individual numbers 900-999, which no person has for life: demo and tests only.
  bool allow_test_codes = false;
};

// A well-formed identity code; that it belongs to somebody is not known. An immutable value.
//
// Two codes that differ only in the century sign (`-` and `Y`, say) are different people:
// the sign is not in the check character and is never normalised.
// Source: the Digital and Population Data Services Agency on the code and its signs
// (`- Y X W V U` for the 1900s and `A B C D E F` for the 2000s; `+` for the 1800s).
class Hetu {
 public:
  // Takes exactly the eleven characters: no spaces around them, no lower case.
  // Errors: kInvalidArgument, which names the first thing wrong in this order: length, date,
  // century sign, individual number, check character, test code not allowed.
  // The message holds no part of the code.
  static absl::StatusOr<Hetu> Parse(absl::string_view text, HetuPolicy policy);

  // As it was written. Shown whole to those who may see it, never in part.
  Sensitive<std::string> text() const { return Sensitive<std::string>(text_); }
  absl::CivilDay birth_date() const { return birth_date_; }
  // Odd individual numbers were given to men, even ones to women.
  bool is_odd() const { return is_odd_; }
  // Whether the individual number is 900-999.
  bool is_test_code() const { return is_test_code_; }

  friend bool operator==(const Hetu& a, const Hetu& b) { return a.text_ == b.text_; }

  friend std::ostream& operator<<(std::ostream&, const Hetu&) = delete;
  friend void PrintTo(const Hetu&, std::ostream* out) { *out << "<identity code>"; }

 private:
  Hetu(absl::string_view text, absl::CivilDay birth_date, int individual_number)
      : text_(text),
        birth_date_(birth_date),
        is_odd_(individual_number % 2 == 1),
        is_test_code_(individual_number >= 900) {}

  std::string text_;
  absl::CivilDay birth_date_;
  bool is_odd_;
  bool is_test_code_;
};

}  // namespace polku
