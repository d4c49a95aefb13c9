// What may be told of a message that nobody was to read.
#pragma once

#include <memory>
#include <string>

#include "google/protobuf/message.h"
#include "google/protobuf/repeated_field.h"
#include "polku/common/v1/operator.pb.h"

namespace polku::rpc {

// An empty message of that type; null when this program has none of that name.
std::unique_ptr<google::protobuf::Message> NewMessage(const std::string& full_name);

// Adds every field of `message` that is set, nested ones by their path, up to 100. Enums, numbers, days and instants
// have their value; a text has it only when it is the name of a resource, any other may say who somebody is.
void AddUnderstood(const google::protobuf::Message& message,
                   google::protobuf::RepeatedPtrField<polku::common::v1::UnderstoodField>& fields);

}  // namespace polku::rpc
