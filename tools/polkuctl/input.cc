#include "tools/polkuctl/input.h"

#include <fstream>
#include <iostream>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/util/json_util.h"
#include "tools/polkuctl/session.h"

namespace polku::polkuctl {

absl::StatusOr<std::string> ReadText(const std::string& path) {
  if (path == "-") return std::string(std::istreambuf_iterator<char>(std::cin), {});
  std::ifstream file(path);
  std::string text(std::istreambuf_iterator<char>(file), {});
  if (!file) return absl::NotFoundError(absl::StrCat("cannot read ", path));
  return text;
}

std::string IdentityCodeIn(const std::string& path) {
  constexpr char kFlag[] = "--identity-code-file";
  const std::string text = Parsed(ReadText(path), kFlag);
  const absl::string_view code = absl::StripAsciiWhitespace(text);
  if (code.empty()) throw CLI::ValidationError(kFlag, "there is no identity code in it");
  return std::string(code);
}

absl::StatusOr<polku::referral::v1::Referral> ReferralFrom(absl::string_view json,
                                                           const polku::referral::v1::Referral& flags) {
  polku::referral::v1::Referral referral;
  if (!google::protobuf::util::JsonStringToMessage(std::string(json), &referral).ok()) {
    return absl::InvalidArgumentError("the file is not a referral in JSON");
  }
  if (flags.needs_size() > 0) referral.clear_needs();
  referral.MergeFrom(flags);
  return referral;
}

absl::Status AddMeasuresFrom(absl::string_view json, polku::assessment::v1::ProposePlanRequest& request) {
  const absl::string_view text = absl::StripAsciiWhitespace(json);
  const std::string object =
      absl::StartsWith(text, "[") ? absl::StrCat("{\"measures\":", text, "}") : std::string(text);
  polku::assessment::v1::ProposePlanRequest read;
  const auto parsed = google::protobuf::util::JsonStringToMessage(object, &read);
  if (!parsed.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the file is not a list of planned measures in JSON: ",
                     absl::string_view(parsed.message().data(), parsed.message().size())));
  }
  request.mutable_measures()->MergeFrom(read.measures());
  return absl::OkStatus();
}

}  // namespace polku::polkuctl
