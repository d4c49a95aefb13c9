// Finds, for a message or a key, the kind of aggregate that it belongs to.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/arena.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "libs/pipeline/aggregate_kind.h"

namespace polku::pipeline {

// An input as its kind's oneof. Lives as long as its arena.
struct TypedInput {
  const AggregateKind* kind = nullptr;
  const google::protobuf::Message* input = nullptr;
};

// Immutable after Create. Reads the kinds' oneofs: a message type that stands in the Input of
// one kind is an input of that kind; an event whose type is declared in the service's own
// events.proto is public.
class Kinds {
 public:
  // Errors: kInternal when a type stands in the inputs of two kinds, or an Input has no Tick.
  static absl::StatusOr<Kinds> Create(absl::string_view service,
                                      const std::vector<std::unique_ptr<AggregateKind>>& kinds);

  bool Takes(absl::string_view message_type) const { return inputs_.contains(message_type); }
  // A copy of `message`, which must be of a type that Takes() knows.
  TypedInput Wrap(const google::protobuf::Message& message, google::protobuf::Arena& arena) const;
  // The message itself.
  TypedInput Wrap(std::unique_ptr<google::protobuf::Message> message, google::protobuf::Arena& arena) const;
  // Errors: kInvalidArgument when `bytes` are not a message of `type`. `type` must be known.
  absl::StatusOr<TypedInput> Parse(absl::string_view type, absl::string_view bytes,
                                   google::protobuf::Arena& arena) const;
  const AggregateKind* OfKey(absl::string_view key) const;  // Null if no prefix fits.
  TypedInput Tick(const AggregateKind& kind, google::protobuf::Arena& arena) const;

  // The message inside an event's oneof.
  static const google::protobuf::Message& Inner(const google::protobuf::Message& oneof);
  bool IsPublic(const google::protobuf::Message& inner) const;
  // A public event of `key` as its kind's oneof. Errors: kInvalidArgument when it is none, or is of another key.
  absl::StatusOr<TypedInput> ParseEvent(absl::string_view key, absl::string_view type, absl::string_view bytes,
                                        google::protobuf::Arena& arena) const;

 private:
  struct Slot {
    const AggregateKind* kind = nullptr;
    const google::protobuf::FieldDescriptor* field = nullptr;
  };
  absl::flat_hash_map<std::string, Slot> inputs_;
  std::vector<const AggregateKind*> kinds_;
  std::string events_file_;
};

}  // namespace polku::pipeline
