// YAML into a protobuf message, driven by the message's descriptor: the files of this library, and the lists that
// polkuctl imports.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace polku::pathway {

// Where each field stood in one file, and what is wrong with the file.
class Faults {
 public:
  explicit Faults(absl::string_view file) : file_(file) {}

  // Remembers that the field at `path` was given on `line` (from 1).
  void Place(const std::string& path, int line) { lines_[path] = line; }
  // Whether the field was given at all.
  bool Given(const std::string& path) const { return lines_.find(path) != lines_.end(); }

  // A fault on the line of `path`, or of the nearest parent that was given. Not taken when the
  // field or a parent of it is at fault already: one mistake gives one line.
  void Add(const std::string& path, absl::string_view what);
  void AddAt(int line, const std::string& path, absl::string_view what);

  bool any() const { return !messages_.empty(); }
  // kInvalidArgument with one line a fault, the first 50 of them; OK when there is none.
  absl::Status ToStatus() const;

 private:
  std::string file_;
  std::map<std::string, int> lines_;
  std::set<std::string> faulty_;
  std::vector<std::string> messages_;
};

// Fills `message` from the one YAML document in `yaml`. Keys are the field names of the proto.
// Enumerations are written by their short name in lower case with hyphens (`outside-services` for
// SEGMENT_OUTSIDE_SERVICES), google.type.Date as 2026-01-31, google.protobuf.Duration as "36h"
// or "90m". Unknown and repeated keys and values of another type become faults; what could be
// read is in `message` all the same, so that later checks can find more faults.
void ReadYaml(absl::string_view yaml, google::protobuf::Message& message, Faults& faults);

}  // namespace polku::pathway
