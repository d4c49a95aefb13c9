// Request ids (AIP-155): the same request again gets the stored reply; the same id with other
// content is refused, naming the field. Only keyed hashes of the fields are stored.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace polku::pipeline {

// One hash for each top-level field that is set, `request_id` left out.
std::string FieldHashes(absl::string_view hash_key, const google::protobuf::Message& request);

// OK if `stored` and `now` were made from equal requests.
// Errors: kAlreadyExists with a violation that names the first field that differs.
absl::Status CompareFieldHashes(absl::string_view stored, absl::string_view now,
                                const google::protobuf::Descriptor& request_type);

}  // namespace polku::pipeline
