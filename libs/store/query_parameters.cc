#include "libs/store/query_parameters.h"

#include <algorithm>

#include "absl/strings/ascii.h"

namespace polku::store {
namespace {

// Where the quoted text or comment that begins at `at` ends; `at` itself when none begins.
size_t EndOfSkipped(absl::string_view sql, size_t at) {
  const auto past = [&sql, at](absl::string_view end, size_t from) {
    const size_t found = sql.find(end, at + from);
    return found == absl::string_view::npos ? sql.size() : found + end.size();
  };
  const absl::string_view rest = sql.substr(at);
  // A doubled quote inside text ends one piece and begins the next: the same to us.
  if (rest[0] == '\'' || rest[0] == '"') return past(rest.substr(0, 1), 1);
  if (rest.substr(0, 2) == "--") return past("\n", 2);
  if (rest.substr(0, 2) == "/*") return past("*/", 2);
  return at;
}

// Gives the place of each `$` of one.
template <class Found>
void ForEachParameter(absl::string_view sql, Found found) {
  for (size_t at = 0; at < sql.size();) {
    const size_t end = EndOfSkipped(sql, at);
    if (end > at) {
      at = end;
      continue;
    }
    if (sql[at] == '$' && at + 1 < sql.size() && absl::ascii_isdigit(sql[at + 1])) found(at);
    ++at;
  }
}

}  // namespace

std::string RewriteParameters(absl::string_view sql) {
  std::string out(sql);
  ForEachParameter(sql, [&out](size_t at) { out[at] = '?'; });
  return out;
}

int HighestParameter(absl::string_view sql) {
  int highest = 0;
  ForEachParameter(sql, [&highest, sql](size_t at) {
    int number = 0;
    for (++at; at < sql.size() && absl::ascii_isdigit(sql[at]) && number < 100000; ++at) {
      number = 10 * number + (sql[at] - '0');
    }
    highest = std::max(highest, number);
  });
  return highest;
}

}  // namespace polku::store
