#include "libs/config/config_spec.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "libs/base/status_macros.h"
#include "libs/config/values.h"
#include "libs/config/yaml_keys.h"

namespace polku::config {
namespace {

constexpr absl::string_view kPrefix = "POLKU_";
constexpr absl::string_view kConfigVariable = "POLKU_CONFIG";
constexpr absl::string_view kFileSuffix = "_FILE";
// Read elsewhere, by tests of crashes; not settings.
constexpr absl::string_view kCrashVariable = "POLKU_CRASH_AT";
constexpr int64_t kFileBytesMax = 1 << 20;

std::string VariableOf(absl::string_view path) {
  return absl::StrCat(kPrefix, absl::AsciiStrToUpper(absl::StrReplaceAll(path, {{".", "_"}})));
}

bool IsPath(absl::string_view path) {
  const std::vector<absl::string_view> words = absl::StrSplit(path, '.');
  return std::all_of(words.begin(), words.end(), [](absl::string_view word) {
    return !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
      return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '_';
    });
  });
}

// Kubernetes describes each Service of the namespace in variables named after it:
// POLKU_REFERRAL_SERVICE_HOST, POLKU_REFERRAL_PORT_8080_TCP_ADDR. They are nobody's settings.
bool IsServiceLink(absl::string_view variable, absl::string_view value) {
  if (absl::EndsWith(variable, "_SERVICE_HOST") || absl::StrContains(variable, "_SERVICE_PORT")) return true;
  if (absl::EndsWith(variable, "_PORT")) return absl::StrContains(value, "://");
  return absl::StrContains(variable, "_PORT_") &&
         (absl::StrContains(variable, "_TCP") || absl::StrContains(variable, "_UDP"));
}

absl::StatusOr<std::string> ReadWhole(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return absl::NotFoundError(absl::StrCat(file, ": cannot be read"));
  std::string text(kFileBytesMax + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad()) return absl::NotFoundError(absl::StrCat(file, ": cannot be read"));
  text.resize(static_cast<size_t>(in.gcount()));
  if (static_cast<int64_t>(text.size()) > kFileBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat(file, ": larger than ", FormatBytes(kFileBytesMax)));
  }
  return text;
}

// A scalar that YAML reads as this text, whatever is in it.
std::string Quoted(absl::string_view text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "''"}, {"\n", " "}}), "'");
}

}  // namespace

struct ConfigSpec::Faults {
  std::vector<std::string> lines;
  absl::StatusCode code = absl::StatusCode::kInvalidArgument;

  void Add(absl::string_view place, absl::string_view key, absl::string_view what) {
    lines.push_back(absl::StrCat(place, ": ", key, ": ", what));
  }
  void Add(const absl::Status& status) {
    code = status.code();
    lines.push_back(std::string(status.message()));
  }
};

std::vector<std::string> CommandLine(int argc, const char* const* argv) {
  return argc > 1 ? std::vector<std::string>(argv + 1, argv + argc) : std::vector<std::string>();
}

EnvironmentMap Environment() {
  EnvironmentMap result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::pair<std::string, std::string> parts = absl::StrSplit(*entry, absl::MaxSplits('=', 1));
    if (absl::StartsWith(parts.first, kPrefix)) result.insert(parts);
  }
  return result;
}

ConfigSpec::ConfigSpec(absl::string_view program) : program_(program) {}

void ConfigSpec::Add(Field field) {
  POLKU_CHECK(IsPath(field.path));
  POLKU_CHECK(field.path != "config" && field.path != "help");
  const std::string variable = VariableOf(field.path);
  POLKU_CHECK(path_of_variable_.emplace(variable, field.path).second);
  if (field.secret) POLKU_CHECK(path_of_variable_.emplace(absl::StrCat(variable, kFileSuffix), field.path).second);
  field.default_text = field.print();
  const std::string path = field.path;
  POLKU_CHECK(fields_.emplace(path, std::move(field)).second);
}

void ConfigSpec::String(absl::string_view path, std::string* value, absl::string_view doc) {
  Field field{.path = std::string(path), .kind = "text", .doc = std::string(doc)};
  field.set = [value](absl::string_view text) {
    *value = std::string(text);
    return absl::OkStatus();
  };
  field.print = [value] { return *value; };
  Add(std::move(field));
}

void ConfigSpec::Secret(absl::string_view path, Sensitive<std::string>* value, absl::string_view doc) {
  Field field{.path = std::string(path), .kind = "secret", .doc = std::string(doc), .secret = true};
  field.set = [value](absl::string_view text) {
    *value = Sensitive<std::string>(std::string(text));
    return absl::OkStatus();
  };
  field.print = [value] { return std::string(value->Reveal().empty() ? "" : "<set>"); };
  Add(std::move(field));
}

void ConfigSpec::Bool(absl::string_view path, bool* value, absl::string_view doc) {
  Field field{.path = std::string(path), .kind = "true or false", .doc = std::string(doc)};
  field.set = [value](absl::string_view text) -> absl::Status {
    ASSIGN_OR_RETURN(*value, ParseBool(text));
    return absl::OkStatus();
  };
  field.print = [value] { return std::string(*value ? "true" : "false"); };
  Add(std::move(field));
}

void ConfigSpec::Integer(absl::string_view path, int64_t* value, int64_t least, int64_t most, absl::string_view doc) {
  Field field{.path = std::string(path), .kind = absl::StrCat(least, " to ", most), .doc = std::string(doc)};
  field.set = [=](absl::string_view text) -> absl::Status {
    ASSIGN_OR_RETURN(*value, ParseInteger(text, least, most));
    return absl::OkStatus();
  };
  field.print = [value] { return absl::StrCat(*value); };
  Add(std::move(field));
}

void ConfigSpec::Integer(absl::string_view path, int* value, int least, int most, absl::string_view doc) {
  Field field{.path = std::string(path), .kind = absl::StrCat(least, " to ", most), .doc = std::string(doc)};
  field.set = [=](absl::string_view text) -> absl::Status {
    ASSIGN_OR_RETURN(const int64_t wide, ParseInteger(text, least, most));
    *value = static_cast<int>(wide);
    return absl::OkStatus();
  };
  field.print = [value] { return absl::StrCat(*value); };
  Add(std::move(field));
}

void ConfigSpec::Duration(absl::string_view path, absl::Duration* value, absl::Duration least, absl::Duration most,
                          absl::string_view doc) {
  Field field{.path = std::string(path),
              .kind = absl::StrCat("duration, ", absl::FormatDuration(least), " to ", absl::FormatDuration(most)),
              .doc = std::string(doc)};
  field.set = [=](absl::string_view text) -> absl::Status {
    ASSIGN_OR_RETURN(*value, ParseDuration(text, least, most));
    return absl::OkStatus();
  };
  // absl writes a bare "0", which has no unit.
  field.print = [value] { return *value == absl::ZeroDuration() ? "0s" : absl::FormatDuration(*value); };
  Add(std::move(field));
}

void ConfigSpec::Bytes(absl::string_view path, int64_t* value, int64_t least, int64_t most, absl::string_view doc) {
  Field field{.path = std::string(path),
              .kind = absl::StrCat("size, ", FormatBytes(least), " to ", FormatBytes(most)),
              .doc = std::string(doc)};
  field.set = [=](absl::string_view text) -> absl::Status {
    ASSIGN_OR_RETURN(*value, ParseBytes(text, least, most));
    return absl::OkStatus();
  };
  field.print = [value] { return FormatBytes(*value); };
  Add(std::move(field));
}

void ConfigSpec::Bytes(absl::string_view path, int* value, int least, int most, absl::string_view doc) {
  Field field{.path = std::string(path),
              .kind = absl::StrCat("size, ", FormatBytes(least), " to ", FormatBytes(most)),
              .doc = std::string(doc)};
  field.set = [=](absl::string_view text) -> absl::Status {
    ASSIGN_OR_RETURN(const int64_t wide, ParseBytes(text, least, most));
    *value = static_cast<int>(wide);
    return absl::OkStatus();
  };
  field.print = [value] { return FormatBytes(*value); };
  Add(std::move(field));
}

void ConfigSpec::Listen(absl::string_view path, ListenAddress* value, absl::string_view doc) {
  Field field{.path = std::string(path), .kind = "host:port", .doc = std::string(doc)};
  field.set = [value](absl::string_view text) -> absl::Status {
    ASSIGN_OR_RETURN(*value, ParseListenAddress(text));
    return absl::OkStatus();
  };
  field.print = [value] { return value->ToString(); };
  Add(std::move(field));
}

void ConfigSpec::AddChoice(absl::string_view path, std::vector<std::string> names, std::function<void(size_t)> set,
                           std::function<size_t()> get, absl::string_view doc) {
  Field field{.path = std::string(path), .kind = absl::StrJoin(names, " | "), .doc = std::string(doc)};
  field.set = [names, set = std::move(set)](absl::string_view text) -> absl::Status {
    const auto found = std::find(names.begin(), names.end(), text);
    if (found == names.end()) {
      return absl::InvalidArgumentError(absl::StrCat("expected one of ", absl::StrJoin(names, ", ")));
    }
    set(static_cast<size_t>(found - names.begin()));
    return absl::OkStatus();
  };
  field.print = [names, get = std::move(get)] {
    const size_t index = get();
    POLKU_CHECK(index < names.size());
    return names[index];
  };
  Add(std::move(field));
}

void ConfigSpec::Check(std::function<absl::Status()> rule) { checks_.push_back(std::move(rule)); }

ConfigSpec::Source ConfigSpec::ReadFlags(const std::vector<std::string>& arguments, Wish& wish, std::string& file,
                                         Faults& faults) const {
  Source source;
  for (const std::string& argument : arguments) {
    absl::string_view rest = argument;
    if (!absl::ConsumePrefix(&rest, "--")) {
      faults.Add("flag", argument, "expected --key=value");
      continue;
    }
    const size_t equals = rest.find('=');
    const std::string key(rest.substr(0, equals));
    if (equals == absl::string_view::npos && (key == "help" || key == "check-config" || key == "print-config")) {
      const Wish asked = key == "help" ? Wish::kHelp : key == "check-config" ? Wish::kCheck : Wish::kPrint;
      if (wish != Wish::kHelp) wish = asked;
      continue;
    }
    const std::string place = absl::StrCat("flag --", key);
    const auto field = fields_.find(key);
    if (key != "config" && field == fields_.end()) {
      faults.Add(place, key, "unknown key");
    } else if (equals == absl::string_view::npos) {
      faults.Add(place, key, absl::StrCat("expected --", key, "=value"));
    } else if (field != fields_.end() && field->second.secret) {
      faults.Add(place, key, absl::StrCat("a secret is not taken from a flag; use ", VariableOf(key), kFileSuffix));
    } else if (!source.emplace(key, Given{std::string(rest.substr(equals + 1)), place}).second) {
      faults.Add(place, key, "given twice");
    }
  }
  if (const auto found = source.find("config"); found != source.end()) {
    file = found->second.text;
    if (file.empty()) faults.Add("flag --config", "config", "expected the name of a file");
    source.erase(found);
  }
  return source;
}

ConfigSpec::Source ConfigSpec::ReadEnvironment(const EnvironmentMap& environment, std::string& file,
                                               Faults& faults) const {
  Source source;
  for (const auto& [variable, value] : environment) {
    if (!absl::StartsWith(variable, kPrefix) || variable == kCrashVariable) continue;
    if (variable == kConfigVariable) {
      if (file.empty()) file = value;
      continue;
    }
    const std::string place = absl::StrCat("environment ", variable);
    const auto found = path_of_variable_.find(variable);
    if (found == path_of_variable_.end()) {
      if (!IsServiceLink(variable, value)) faults.Add(place, variable, "unknown key");
      continue;
    }
    const std::string& path = found->second;
    Given given{value, place};
    if (variable != VariableOf(path)) {
      absl::StatusOr<std::string> content = ReadWhole(value);
      if (!content.ok()) {
        faults.Add(
            absl::Status(content.status().code(), absl::StrCat(place, ": ", path, ": ", content.status().message())));
        continue;
      }
      // An editor leaves an end of line that is not part of the secret.
      given.text = std::string(absl::StripSuffix(absl::StripSuffix(*content, "\n"), "\r"));
    }
    if (!source.emplace(path, std::move(given)).second) faults.Add(place, path, "given twice");
  }
  return source;
}

ConfigSpec::Source ConfigSpec::ReadFile(const std::string& file, Faults& faults) const {
  Source source;
  absl::StatusOr<std::string> text = ReadWhole(file);
  if (!text.ok()) {
    faults.Add(text.status());
    return source;
  }
  absl::StatusOr<std::vector<YamlKey>> keys = ReadYamlKeys(file, *text);
  if (!keys.ok()) {
    faults.Add(keys.status());
    return source;
  }
  for (YamlKey& key : *keys) {
    const std::string place = absl::StrCat(file, ":", key.line);
    if (!fields_.contains(key.path)) {
      faults.Add(place, key.path, "unknown key");
    } else if (!source.emplace(key.path, Given{std::move(key.text), place}).second) {
      faults.Add(place, key.path, "given twice");
    }
  }
  return source;
}

absl::StatusOr<Wish> ConfigSpec::Load(const std::vector<std::string>& arguments, const EnvironmentMap& environment) {
  Faults faults;
  Wish wish = Wish::kRun;
  std::string file;
  Source flags = ReadFlags(arguments, wish, file, faults);
  if (wish == Wish::kHelp) return wish;
  Source variables = ReadEnvironment(environment, file, faults);
  Source keys;
  if (!file.empty()) keys = ReadFile(file, faults);
  for (auto& [path, field] : fields_) {
    // From the weakest to the strongest, so that a bad value is refused also where another one hides it.
    for (const Source* source : {&keys, &variables, &flags}) {
      const auto given = source->find(path);
      if (given == source->end()) continue;
      const absl::Status set = field.set(given->second.text);
      if (!set.ok()) faults.Add(given->second.place, path, set.message());
      field.source = given->second.place;
    }
  }
  for (const auto& rule : checks_) {
    if (!faults.lines.empty()) break;
    if (const absl::Status kept = rule(); !kept.ok()) faults.lines.push_back(std::string(kept.message()));
  }
  if (!faults.lines.empty()) return absl::Status(faults.code, absl::StrJoin(faults.lines, "\n"));
  return wish;
}

std::string ConfigSpec::Effective() const {
  std::string text;
  for (const auto& [path, field] : fields_) {
    absl::StrAppend(&text, path, ": ", Quoted(field.print()), "  # ", field.source, "\n");
  }
  return text;
}

std::string ConfigSpec::Help() const {
  std::string text = absl::StrCat(
      program_, " [--config=FILE] [--check-config | --print-config | --help] [--KEY=VALUE ...]\n\n",
      "A value comes from --KEY=VALUE, then from the environment (POLKU_KEY, dots as underscores), then from the\n",
      "YAML file, then from the default. Secrets: POLKU_KEY, POLKU_KEY_FILE or the YAML file.\n\n");
  for (const auto& [path, field] : fields_) {
    absl::StrAppend(&text, "  ", path, "  (", field.kind, "; default ", Quoted(field.default_text), ")\n      ",
                    field.doc, "\n");
  }
  return text;
}

}  // namespace polku::config
