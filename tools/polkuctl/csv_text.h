// CSV as spreadsheets write it: a header line, comma or semicolon, quoted fields, CRLF or LF, an optional byte
// order mark. UTF-8 only.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace polku::polkuctl {

// One record of the file.
struct CsvLine {
  int line = 0;                     // Where it begins; the first line of the file is 1.
  std::vector<std::string> fields;  // One per column, blanks around them taken off. Empty when `problem` is not.
  std::string problem;              // Why it cannot be read; never repeats what stands in it.
};

struct CsvText {
  std::vector<std::string> columns;
  std::vector<CsvLine> lines;  // In order. Lines in which every field is empty are left out.
};

// The separator is the one of the header line. A line that cannot be read does not spoil those after it: a quote
// that is never closed costs its own line only.
// Errors: kInvalidArgument when there is no header line, it is not UTF-8, or a column stands in it twice.
absl::StatusOr<CsvText> ParseCsv(absl::string_view text);

}  // namespace polku::polkuctl
