// The configuration of a program: which settings it has, and where their values come from.
//
//   Config config;                          // Its initial values are the defaults.
//   config::ConfigSpec spec("polku-referral");
//   spec.Listen("grpc.listen", &config.listen, "where gRPC is served");
//   spec.Duration("call.deadline_max", &config.deadline_max, absl::Seconds(1), absl::Minutes(5), "longest call");
//   ASSIGN_OR_RETURN(const config::Wish wish, spec.Load(config::CommandLine(argc, argv), config::Environment()));
//
// A value comes from the first of: flag (--grpc.listen=...), environment (POLKU_GRPC_LISTEN), YAML file
// (--config=FILE or POLKU_CONFIG), default. A secret comes from POLKU_NAME, from the file that POLKU_NAME_FILE
// names, or from the YAML file, and never from a flag, which every user of the machine can read.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "libs/base/sensitive.h"
#include "libs/config/listen_address.h"

namespace polku::config {

// What the command line asks for.
enum class Wish {
  kRun,
  kHelp,   // --help: print Help() and end. Nothing else was looked at.
  kCheck,  // --check-config: the configuration is good; end.
  kPrint,  // --print-config: print Effective() and end.
};

using EnvironmentMap = std::map<std::string, std::string>;
// Arguments without the program's name.
std::vector<std::string> CommandLine(int argc, const char* const* argv);
// The variables of this process whose name begins with POLKU_.
EnvironmentMap Environment();

// Not thread-safe. Paths are words of [a-z0-9_] joined by dots. Registering a path twice, or two paths that
// give the same environment name, is a bug and ends the process. The pointers outlive the spec.
class ConfigSpec {
 public:
  explicit ConfigSpec(absl::string_view program);

  void String(absl::string_view path, std::string* value, absl::string_view doc);
  void Secret(absl::string_view path, Sensitive<std::string>* value, absl::string_view doc);
  void Bool(absl::string_view path, bool* value, absl::string_view doc);
  void Integer(absl::string_view path, int* value, int least, int most, absl::string_view doc);
  void Integer(absl::string_view path, int64_t* value, int64_t least, int64_t most, absl::string_view doc);
  void Duration(absl::string_view path, absl::Duration* value, absl::Duration least, absl::Duration most,
                absl::string_view doc);
  void Bytes(absl::string_view path, int64_t* value, int64_t least, int64_t most, absl::string_view doc);
  void Bytes(absl::string_view path, int* value, int least, int most, absl::string_view doc);
  void Listen(absl::string_view path, ListenAddress* value, absl::string_view doc);

  // One of the texts, as in {{"sqlite", Dialect::kSqlite}, {"postgres", Dialect::kPostgres}}.
  template <class E>
  void Enum(absl::string_view path, E* value, std::vector<std::pair<std::string, E>> texts, absl::string_view doc) {
    std::vector<std::string> names;
    for (const auto& [name, ignored] : texts) names.push_back(name);
    AddChoice(
        path, std::move(names), [value, texts](size_t index) { *value = texts[index].second; },
        [value, texts] {
          size_t index = 0;
          while (index < texts.size() && texts[index].second != *value) ++index;
          return index;
        },
        doc);
  }

  // A rule between settings, run once all values are set. Its message names the keys.
  void Check(std::function<absl::Status()> rule);

  // Sets the values. Errors: kInvalidArgument with one line per fault (unknown key, key given twice, bad or
  // missing unit, out of range), each naming the key and where it stands: flag, variable or file:line;
  // kNotFound when a file cannot be read. The values are then of no use.
  absl::StatusOr<Wish> Load(const std::vector<std::string>& arguments, const EnvironmentMap& environment);

  // The values in force, as YAML that Load would take again, with where each comes from; secrets as "<set>".
  std::string Effective() const;
  // Keys, types, defaults and docs. After Load the defaults shown are still those of the program.
  std::string Help() const;

 private:
  struct Field {
    std::string path;
    std::string kind;  // "duration from 1s to 5m"
    std::string doc;
    std::string default_text;
    bool secret = false;
    std::function<absl::Status(absl::string_view)> set;
    std::function<std::string()> print;
    std::string source = "default";
  };
  // What one source says: key -> value and place.
  struct Given {
    std::string text;
    std::string place;
  };
  using Source = std::map<std::string, Given>;
  struct Faults;

  void Add(Field field);
  void AddChoice(absl::string_view path, std::vector<std::string> names, std::function<void(size_t)> set,
                 std::function<size_t()> get, absl::string_view doc);
  Source ReadFlags(const std::vector<std::string>& arguments, Wish& wish, std::string& file, Faults& faults) const;
  Source ReadEnvironment(const EnvironmentMap& environment, std::string& file, Faults& faults) const;
  Source ReadFile(const std::string& file, Faults& faults) const;

  const std::string program_;
  std::map<std::string, Field> fields_;
  std::map<std::string, std::string> path_of_variable_;
  std::vector<std::function<absl::Status()>> checks_;
};

}  // namespace polku::config
