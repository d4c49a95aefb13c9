#include "tests/simulation/history.h"

#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/violation.h"

namespace polku::simulation {
namespace {

// What a refusal lacks of what style.md and libs/rpc/README.md promise; empty when nothing.
std::string LacksOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      return "";
    case absl::StatusCode::kInvalidArgument:
      return ViolationsOf(status).empty() ? "names no field" : "";
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kPermissionDenied:
      return ReasonOf(status).empty() ? "has no reason" : "";
    case absl::StatusCode::kResourceExhausted:
      return RetryDelayOf(status).has_value() || !ReasonOf(status).empty() ? ""
                                                                           : "says neither why nor when to try again";
    default:
      return "is no code that callers are told of";
  }
}

bool IsRefusalOfOtherContent(const absl::Status& status) {
  return absl::IsAlreadyExists(status) && ReasonOf(status) == "REQUEST_ID_REUSED";
}

}  // namespace

std::vector<std::string> CheckAnswers(const History& history) {
  std::vector<std::string> faults;
  std::map<std::pair<int, store::RequestKey>, const Answer*> acknowledged;
  for (const Answer& each : history.answers) {
    const std::string who = absl::StrCat(each.request.scope, " ", each.request.request_id);
    if (const std::string lacks = LacksOf(each.status); !lacks.empty()) {
      faults.push_back(absl::StrCat("I8: ", who, ": ", each.status.ToString(), " ", lacks));
    }
    const Answer*& before = acknowledged[{each.service, each.request}];
    if (before == nullptr) {
      if (each.status.ok()) before = &each;
      continue;
    }
    if (each.forgotten) continue;  // With what was remembered of the request.
    if (each.content == Answer::Content::kAltered) {
      if (!IsRefusalOfOtherContent(each.status)) {
        faults.push_back(absl::StrCat("I8: ", who, ": other content under its id: ", each.status.ToString()));
      }
    } else if (!each.status.ok() || each.reply != before->reply) {
      faults.push_back(absl::StrCat("I8: ", who, ": another answer than before: ", each.status.ToString()));
    }
  }
  return faults;
}

}  // namespace polku::simulation
