#include "libs/audit/checkpoint.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "libs/audit/seal.h"
#include "libs/base/hash.h"
#include "libs/base/status_macros.h"

namespace polku::audit {
namespace {

using Json = nlohmann::ordered_json;

std::string Contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::string Signed(const Checkpoint& checkpoint) {
  return absl::StrCat("polku audit checkpoint\n", checkpoint.service, "\n", checkpoint.epoch, "\n", checkpoint.seal,
                      "\n", checkpoint.rows, "\n", HexOf(checkpoint.link), "\n", absl::ToUnixMicros(checkpoint.time));
}

std::string BytesOfHex(const Json& line, const char* name) {
  return absl::HexStringToBytes(line.at(name).get<std::string>());
}

std::optional<Checkpoint> Parse(absl::string_view text) {
  const Json line = Json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (!line.is_object()) return std::nullopt;
  Checkpoint checkpoint;
  try {
    checkpoint.service = line.at("service").get<std::string>();
    checkpoint.epoch = line.at("epoch").get<int64_t>();
    checkpoint.seal = line.at("seal").get<int64_t>();
    checkpoint.rows = line.at("rows").get<int64_t>();
    checkpoint.link = BytesOfHex(line, "link");
    checkpoint.signature = BytesOfHex(line, "signature");
    std::string problem;
    if (!absl::ParseTime(absl::RFC3339_full, line.at("time").get<std::string>(), &checkpoint.time, &problem)) {
      return std::nullopt;
    }
  } catch (const Json::exception&) {
    return std::nullopt;
  }
  return checkpoint;
}

}  // namespace

std::string LineOf(Checkpoint checkpoint, const SigningKeys& keys) {
  checkpoint.signature = keys.Sign(Signed(checkpoint));
  Json line;
  line["service"] = checkpoint.service;
  line["time"] = absl::FormatTime(absl::RFC3339_full, checkpoint.time, absl::UTCTimeZone());
  line["epoch"] = checkpoint.epoch;
  line["seal"] = checkpoint.seal;
  line["rows"] = checkpoint.rows;
  line["link"] = HexOf(checkpoint.link);
  line["signature"] = HexOf(checkpoint.signature);
  return line.dump() + "\n";
}

absl::StatusOr<std::unique_ptr<CheckpointWriter>> CheckpointWriter::Open(CheckpointFiles files, std::string service) {
  ASSIGN_OR_RETURN(SigningKeys keys, SigningKeys::Open(files.secret_key, files.public_keys));
  // What a failure of the machine has left of a line stays a line of its own.
  const std::string before = Contents(files.checkpoints);
  const absl::Status usable = AppendToFile(files.checkpoints, before.empty() || before.back() == '\n' ? "" : "\n");
  if (!usable.ok()) return absl::FailedPreconditionError(usable.message());
  return std::unique_ptr<CheckpointWriter>(
      new CheckpointWriter(std::move(files.checkpoints), std::move(service), std::move(keys)));
}

absl::Status CheckpointWriter::Write(store::Database& database, absl::Time now) {
  Seal newest;
  {
    ASSIGN_OR_RETURN(const std::unique_ptr<store::Reader> reader, database.Read());
    ASSIGN_OR_RETURN(newest, NewestSeal(*reader));
  }
  if (newest.number == 0 || newest.number == last_seal_) return absl::OkStatus();
  Checkpoint checkpoint;
  checkpoint.service = service_;
  checkpoint.epoch = database.epoch();
  checkpoint.seal = newest.number;
  checkpoint.rows = newest.rows;
  checkpoint.link = newest.link;
  checkpoint.time = absl::FromUnixMicros(absl::ToUnixMicros(now));
  RETURN_IF_ERROR(AppendToFile(path_, LineOf(checkpoint, keys_)));
  last_seal_ = newest.number;
  return absl::OkStatus();
}

std::optional<Contradiction> Compare(absl::string_view text, const std::vector<std::string>& public_keys,
                                     absl::string_view service, const Cut& cut,
                                     const std::vector<VerifiedSeal>& seals) {
  using Kind = Contradiction::Kind;
  if (cut.seal != 0 && !IsSigned(cut, service, public_keys)) return Contradiction{Kind::kForgedCut, 0, cut.rows, 0, 0};
  const VerifiedSeal begin{cut.seal, cut.rows, cut.link};
  std::map<int64_t, const VerifiedSeal*> by_number;
  for (const VerifiedSeal& seal : seals) by_number[seal.number] = &seal;
  if (cut.seal != 0) by_number[cut.seal] = &begin;
  const int64_t end = seals.empty() ? cut.rows : seals.back().rows;
  std::optional<Contradiction> first;
  bool any_signed = false;
  int64_t known = 0;
  int number = 0;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    const std::optional<Checkpoint> checkpoint = Parse(line);
    if (!checkpoint.has_value() || checkpoint->service != service) continue;
    const bool is_signed = IsSignedBy(public_keys, Signed(*checkpoint), checkpoint->signature);
    any_signed = any_signed || is_signed;
    const auto seal = by_number.find(checkpoint->seal);
    const bool matches =
        seal != by_number.end() && seal->second->rows == checkpoint->rows && seal->second->link == checkpoint->link;
    // What it speaks of is gone, rightly.
    const bool is_cut = checkpoint->seal < cut.seal && checkpoint->rows < cut.rows;
    if (is_signed && (matches || is_cut)) {
      known = std::max(known, checkpoint->rows);
      continue;
    }
    if (first.has_value()) continue;
    Kind kind = Kind::kForged;
    if (is_signed) kind = checkpoint->rows > end ? Kind::kCutTail : Kind::kFork;
    first = Contradiction{kind, number, checkpoint->rows, known, checkpoint->epoch};
  }
  if (first.has_value() && first->kind == Kind::kForged && !any_signed) first->kind = Kind::kWrongKey;
  return first;
}

}  // namespace polku::audit
