#include "tools/polkuctl/csv_text.h"

#include <csv.h>

#include <algorithm>
#include <memory>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "google/protobuf/stubs/common.h"
#include "libs/base/status_macros.h"

namespace polku::polkuctl {
namespace {

// A quoted field may hold line ends, but one that runs on for longer was never closed.
constexpr size_t kLinesOfARecordMax = 100;
constexpr absl::string_view kByteOrderMark = "\xEF\xBB\xBF";

// libcsv in strict mode: a stray quote is an error and not a guess.
class Parser {
 public:
  explicit Parser(char separator) {
    POLKU_CHECK(csv_init(&parser_, CSV_STRICT) == 0);
    csv_set_delim(&parser_, static_cast<unsigned char>(separator));
  }
  ~Parser() { csv_free(&parser_); }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  // False when `line`, which ends with a line end, does not go on what came before.
  bool Take(absl::string_view line) {
    return csv_parse(&parser_, line.data(), line.size(), &Parser::OnField, &Parser::OnRow, this) == line.size();
  }
  bool done() const { return done_; }
  std::vector<std::string>& fields() { return fields_; }

 private:
  static void OnField(void* text, size_t size, void* self) {
    static_cast<Parser*>(self)->fields_.emplace_back(static_cast<const char*>(text), size);
  }
  static void OnRow(int, void* self) { static_cast<Parser*>(self)->done_ = true; }

  csv_parser parser_;
  std::vector<std::string> fields_;
  bool done_ = false;
};

struct Record {
  std::vector<std::string> fields;
  size_t lines = 1;  // That it takes up.
  std::string problem;
};

bool IsUtf8(absl::string_view text) {
  return google::protobuf::internal::IsStructurallyValidUTF8(text.data(), static_cast<int>(text.size()));
}

// The record that begins at lines[first].
Record ReadRecord(const std::vector<absl::string_view>& lines, size_t first, char separator) {
  Parser parser(separator);
  Record record;
  const size_t end = std::min(lines.size(), first + kLinesOfARecordMax);
  for (size_t i = first; i < end; ++i) {
    if (!IsUtf8(lines[i])) {
      record.problem = "is not UTF-8";
      return record;
    }
    if (!parser.Take(absl::StrCat(lines[i], "\n"))) {
      record.problem = "has a quotation mark in the wrong place";
      return record;
    }
    if (!parser.done()) continue;
    record.lines = i - first + 1;
    record.fields = std::move(parser.fields());
    return record;
  }
  record.problem = "has a quotation mark that is never closed";
  return record;
}

bool IsBlank(absl::string_view line, char separator) {
  return std::all_of(line.begin(), line.end(), [separator](char c) {
    return c == separator || c == '"' || absl::ascii_isspace(static_cast<unsigned char>(c));
  });
}

absl::Status CheckColumns(const Record& header) {
  if (!header.problem.empty()) return absl::InvalidArgumentError(absl::StrCat("the header line ", header.problem));
  std::set<std::string> seen;
  for (const std::string& column : header.fields) {
    if (!seen.insert(column).second) {
      return absl::InvalidArgumentError(absl::StrCat("column \"", column, "\" stands twice in the header line"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<CsvText> ParseCsv(absl::string_view text) {
  absl::ConsumePrefix(&text, kByteOrderMark);
  std::vector<absl::string_view> lines = absl::StrSplit(text, '\n');
  for (absl::string_view& line : lines) absl::ConsumeSuffix(&line, "\r");
  if (IsBlank(lines[0], ';')) return absl::InvalidArgumentError("the first line must name the columns");
  const char separator = absl::StrContains(lines[0], ';') ? ';' : ',';
  Record header = ReadRecord(lines, 0, separator);
  RETURN_IF_ERROR(CheckColumns(header));
  CsvText csv;
  csv.columns = std::move(header.fields);
  size_t next = header.lines;
  while (next < lines.size()) {
    if (IsBlank(lines[next], separator)) {
      ++next;
      continue;
    }
    Record record = ReadRecord(lines, next, separator);
    CsvLine line;
    line.line = static_cast<int>(next) + 1;
    line.problem = std::move(record.problem);
    if (line.problem.empty() && record.fields.size() != csv.columns.size()) {
      line.problem = absl::StrCat("has ", record.fields.size(), " fields and the header line ", csv.columns.size());
    }
    if (line.problem.empty()) line.fields = std::move(record.fields);
    csv.lines.push_back(std::move(line));
    next += record.lines;
  }
  return csv;
}

}  // namespace polku::polkuctl
