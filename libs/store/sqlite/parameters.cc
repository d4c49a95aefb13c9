#include "libs/store/sqlite/parameters.h"

#include <algorithm>

#include "absl/strings/ascii.h"

namespace polku::store::sqlite {
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

}  // namespace

std::string RewriteParameters(absl::string_view sql) {
  std::string out;
  out.reserve(sql.size());
  for (size_t at = 0; at < sql.size();) {
    const size_t end = EndOfSkipped(sql, at);
    if (end > at) {
      out.append(sql.data() + at, end - at);
      at = end;
      continue;
    }
    const bool parameter = sql[at] == '$' && at + 1 < sql.size() && absl::ascii_isdigit(sql[at + 1]);
    out.push_back(parameter ? '?' : sql[at]);
    ++at;
  }
  return out;
}

}  // namespace polku::store::sqlite
