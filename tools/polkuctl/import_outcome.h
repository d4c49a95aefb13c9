// What an import says of the lines of its file.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tools/polkuctl/import_rows.h"
#include "tools/polkuctl/input.h"
#include "tools/polkuctl/session.h"

namespace polku::polkuctl {

// What becomes of the lines of one file.
class Outcome {
 public:
  Outcome(Session& session, const std::vector<Refusal>& refusals) : session_(session) {
    for (const Refusal& refusal : refusals) Refused(refusal);
  }

  void Imported(int lines) { imported_ += lines; }
  void Already(int lines) { already_ += lines; }
  void Refused(const Refusal& refusal) {
    refused_.insert(refusal.line);
    session_.err << "line " << refusal.line;
    if (!refusal.column.empty()) session_.err << ", column " << refusal.column;
    session_.err << ": " << refusal.reason << "\n";
  }
  // The last word. The exit code says that a line was refused, unless a call has failed already.
  void Tell() {
    Print("imported");
    if (!refused_.empty() && session_.exit_code == kOk) session_.exit_code = kRefused;
  }
  void TellDryRun(size_t good) {
    imported_ = static_cast<int>(good);
    Print("good");
    session_.err << "dry run: nothing was sent. Checked: columns, dates, numbers, codes, names. Not checked: what only "
                    "the server knows.\n";
    if (!refused_.empty()) session_.exit_code = kRefused;
  }
  // The server has judged every line and kept nothing.
  void TellNothingKept() {
    Print("good");
    session_.err << "dry run: nothing was kept\n";
    if (!refused_.empty() && session_.exit_code == kOk) session_.exit_code = kRefused;
  }

 private:
  void Print(const char* word) {
    if (session_.json) {
      session_.out << "{\"" << word << "\":" << imported_ << ",\"already\":" << already_
                   << ",\"refused\":" << refused_.size() << "}\n";
    } else {
      session_.out << word << "=" << imported_ << " already=" << already_ << " refused=" << refused_.size() << "\n";
    }
  }

  Session& session_;
  int imported_ = 0;
  int already_ = 0;
  std::set<int> refused_;  // Lines: one may be wrong in several columns.
};

// Whether the next line would fare no better: the server is away, busy, or does not let us in.
inline bool ConcernsAll(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) || absl::IsResourceExhausted(status) ||
         absl::IsAborted(status) || absl::IsCancelled(status) || absl::IsPermissionDenied(status) ||
         absl::IsUnauthenticated(status) || absl::IsUnimplemented(status);
}

inline void Stop(Session& session, int line, const absl::Status& status) {
  session.Fail(status);
  session.err << "stopped at line " << line << "; the same command goes on from there\n";
}

template <class Message>
ImportFile<Message> ReadFile(const std::string& path,
                             absl::StatusOr<ImportFile<Message>> (*read)(absl::string_view text)) {
  return Parsed(read(Parsed(ReadText(path), "FILE")), "FILE");
}

}  // namespace polku::polkuctl
