#include "libs/audit/checkpoint.h"

#include <fcntl.h>
#include <sodium.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
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
#include "libs/base/private_file.h"
#include "libs/base/sodium.h"
#include "libs/base/status_macros.h"

namespace polku::audit {
namespace {

using Json = nlohmann::ordered_json;

absl::Status Failed(const std::string& path) {
  const std::string told = absl::StrCat("file ", path, ": ", std::strerror(errno));
  return errno == ENOSPC || errno == EDQUOT ? absl::ResourceExhaustedError(told) : absl::UnavailableError(told);
}

std::string Contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// At the end of what is there; on the disk on return.
absl::Status Append(const std::string& path, const std::string& text) {
  const int file = open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0) return Failed(path);
  absl::Status status;
  if (write(file, text.data(), text.size()) != static_cast<ssize_t>(text.size()) || fsync(file) != 0) {
    status = Failed(path);
  }
  close(file);
  return status;
}

const unsigned char* Bytes(absl::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* Bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }
const unsigned char* Bytes(const std::string& text) { return Bytes(absl::string_view(text)); }

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

bool IsSigned(const Checkpoint& checkpoint, const std::vector<std::string>& public_keys) {
  if (checkpoint.signature.size() != crypto_sign_BYTES) return false;
  const std::string text = Signed(checkpoint);
  return std::any_of(public_keys.begin(), public_keys.end(), [&](const std::string& key) {
    return key.size() == crypto_sign_PUBLICKEYBYTES &&
           crypto_sign_verify_detached(Bytes(checkpoint.signature), Bytes(text), text.size(), Bytes(key)) == 0;
  });
}

// Of a file with a key in hexadecimal digits a line. Errors: kFailedPrecondition naming it.
absl::StatusOr<std::vector<std::string>> ReadKeys(const std::string& path, size_t size) {
  std::vector<std::string> keys;
  const std::string text = Contents(path);
  for (const absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    keys.push_back(absl::HexStringToBytes(line));
    if (keys.back().size() == size && HexOf(keys.back()) == line) continue;
    return absl::FailedPreconditionError(absl::StrCat("file ", path, " holds no key for checkpoints of the audit"));
  }
  if (keys.empty()) return absl::FailedPreconditionError(absl::StrCat("file ", path, " holds no key"));
  return keys;
}

// The secret key.
absl::StatusOr<std::string> OpenKeys(const CheckpointFiles& files) {
  InitSodium();
  RETURN_IF_ERROR(MakePrivateFile(files.secret_key));
  if (Contents(files.secret_key).empty()) {
    std::string secret_key(crypto_sign_SECRETKEYBYTES, '\0');
    std::string public_key(crypto_sign_PUBLICKEYBYTES, '\0');
    crypto_sign_keypair(Bytes(public_key), Bytes(secret_key));
    RETURN_IF_ERROR(Append(files.secret_key, absl::StrCat(HexOf(secret_key), "\n")));
  }
  ASSIGN_OR_RETURN(std::vector<std::string> secret_keys, ReadKeys(files.secret_key, crypto_sign_SECRETKEYBYTES));
  std::string public_key(crypto_sign_PUBLICKEYBYTES, '\0');
  crypto_sign_ed25519_sk_to_pk(Bytes(public_key), Bytes(std::as_const(secret_keys[0])));
  std::vector<std::string> known;
  if (!Contents(files.public_keys).empty()) {
    ASSIGN_OR_RETURN(known, ReadKeys(files.public_keys, crypto_sign_PUBLICKEYBYTES));
  }
  if (std::find(known.begin(), known.end(), public_key) == known.end()) {
    RETURN_IF_ERROR(Append(files.public_keys, absl::StrCat(HexOf(public_key), "\n")));
  }
  return std::move(secret_keys[0]);
}

}  // namespace

std::string LineOf(Checkpoint checkpoint, absl::string_view secret_key) {
  const std::string text = Signed(checkpoint);
  checkpoint.signature.resize(crypto_sign_BYTES);
  crypto_sign_detached(Bytes(checkpoint.signature), nullptr, Bytes(text), text.size(), Bytes(secret_key));
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
  absl::StatusOr<std::string> secret_key = OpenKeys(files);
  if (!secret_key.ok()) return absl::FailedPreconditionError(secret_key.status().message());
  // What a failure of the machine has left of a line stays a line of its own.
  const std::string before = Contents(files.checkpoints);
  const absl::Status usable = Append(files.checkpoints, before.empty() || before.back() == '\n' ? "" : "\n");
  if (!usable.ok()) return absl::FailedPreconditionError(usable.message());
  return std::unique_ptr<CheckpointWriter>(
      new CheckpointWriter(std::move(files.checkpoints), std::move(service), *std::move(secret_key)));
}

CheckpointWriter::~CheckpointWriter() { sodium_memzero(secret_key_.data(), secret_key_.size()); }

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
  RETURN_IF_ERROR(Append(path_, LineOf(checkpoint, secret_key_)));
  last_seal_ = newest.number;
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> ReadPublicKeys(const std::string& path) {
  return ReadKeys(path, crypto_sign_PUBLICKEYBYTES);
}

std::optional<Contradiction> Compare(absl::string_view text, const std::vector<std::string>& public_keys,
                                     absl::string_view service, const std::vector<VerifiedSeal>& seals) {
  InitSodium();
  std::map<int64_t, const VerifiedSeal*> by_number;
  for (const VerifiedSeal& seal : seals) by_number[seal.number] = &seal;
  const int64_t end = seals.empty() ? 0 : seals.back().rows;
  std::optional<Contradiction> first;
  bool any_signed = false;
  int64_t known = 0;
  int number = 0;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    const std::optional<Checkpoint> checkpoint = Parse(line);
    if (!checkpoint.has_value() || checkpoint->service != service) continue;
    const bool is_signed = IsSigned(*checkpoint, public_keys);
    any_signed = any_signed || is_signed;
    const auto seal = by_number.find(checkpoint->seal);
    const bool matches =
        seal != by_number.end() && seal->second->rows == checkpoint->rows && seal->second->link == checkpoint->link;
    if (is_signed && matches) {
      known = std::max(known, checkpoint->rows);
      continue;
    }
    if (first.has_value()) continue;
    Contradiction::Kind kind = Contradiction::Kind::kForged;
    if (is_signed) kind = checkpoint->rows > end ? Contradiction::Kind::kCutTail : Contradiction::Kind::kFork;
    first = Contradiction{kind, number, checkpoint->rows, known, checkpoint->epoch};
  }
  if (first.has_value() && first->kind == Contradiction::Kind::kForged && !any_signed) {
    first->kind = Contradiction::Kind::kWrongKey;
  }
  return first;
}

}  // namespace polku::audit
