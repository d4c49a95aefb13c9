// Commands whose words are the fields of their request, set by reflection.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "tools/polkuctl/session.h"

namespace polku::polkuctl {

struct Field {
  std::string path;  // In the request, "receiving_unit" or "coordinator.capacity".
  std::string what;  // For --help. An enum's words follow by themselves.
  bool required = false;
};

struct Words {
  std::string name;
  std::string what;
  std::string example;
  std::string from;  // What the file of --from holds, "absences"; empty: there is no such option.
};

// Sets the field at `path`, or adds to it when it is repeated. Days, instants ("now" is `now`), durations ("24h"),
// enums in their short form, numbers and texts.
// Errors: kInvalidArgument. `path` must lead to such a field.
absl::Status SetField(google::protobuf::Message& message, absl::string_view path, absl::string_view text,
                      absl::Time now);

// "--receiving-unit TEXT" for "receiving_unit"; a repeated field may be given several times. With `positional` the
// field is required and stands without a flag.
void AddField(CLI::App& command, Session& session, google::protobuf::Message& request, const Field& field,
              bool positional);

// "--from FILE": the request as JSON with the field names of the .proto files, `what` above all; "-" is standard input.
// What the returned function reads goes below what has been typed; a typed list replaces that of the file.
std::function<void()> AddFile(CLI::App& command, google::protobuf::Message& request, const std::string& what);

// `fields[0]` stands behind the command's name without a flag, the others are flags.
template <class Service, class Request, class Response>
void AddRequest(CLI::App& parent, Session& session, const Words& words,
                grpc::Status (Service::Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                const std::vector<Field>& fields) {
  CLI::App* command = AddCommand(parent, words.name, words.what, words.example);
  auto request = std::make_shared<Request>();  // Kept by the command's callback.
  for (size_t i = 0; i < fields.size(); ++i) AddField(*command, session, *request, fields[i], i == 0);
  std::function<void()> fill;
  if (!words.from.empty()) fill = AddFile(*command, *request, words.from);
  AddCall<Service>(*command, session, request, method, fill);
}

}  // namespace polku::polkuctl
