// What the calendar and the identity code say, line by line, for others to compare with (oracle_test.py).
//
//   polku-oracle-tables days 2015 2040     each day: "2015-01-01 office=0 benefit=0 start=1420063200"
//   polku-oracle-tables codes < CODES      each line of standard input: "131052-9085 1952-10-13", or "… refused"
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>

#include "libs/base/calendar.h"
#include "libs/base/hetu.h"

namespace polku {
namespace {

constexpr int kUsage = 2;

void TellDays(int first, int last) {
  for (absl::CivilDay day(first, 1, 1); day.year() <= last; ++day) {
    std::cout << FormatDay(day) << " office=" << IsOfficeDay(day) << " benefit=" << IsBenefitDay(day)
              << " start=" << absl::ToUnixSeconds(StartOfDay(day)) << "\n";
  }
}

// They are not those of persons: oracle_test.py makes them.
void TellCodes() {
  std::string code;
  while (std::getline(std::cin, code)) {
    const absl::StatusOr<Hetu> read = Hetu::Parse(code, {.allow_test_codes = true});
    std::cout << code << " " << (read.ok() ? FormatDay(read->birth_date()) : "refused") << "\n";
  }
}

int Main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  if (what == "days" && argc == 4) {
    TellDays(std::atoi(argv[2]), std::atoi(argv[3]));
  } else if (what == "codes" && argc == 2) {
    TellCodes();
  } else {
    return kUsage;
  }
  return 0;
}

}  // namespace
}  // namespace polku

int main(int argc, char** argv) { return polku::Main(argc, argv); }
