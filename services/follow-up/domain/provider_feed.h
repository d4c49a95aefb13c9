// A provider's own topic (proto/polku/follow_up/v1/feed.proto): its records as the commands that they stand for, and
// whether the provider may say so.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"
#include "polku/follow_up/v1/state.pb.h"

namespace polku::follow_up {

// The ProviderReport or ProviderCoverage that the bytes of a ProviderActivity say.
// Errors: kInvalidArgument without anything of the record.
absl::StatusOr<std::unique_ptr<google::protobuf::Message>> ReadProviderActivity(absl::string_view bytes);

// The measure that it is about.
const std::string& MeasureOf(const polku::follow_up::v1::ProviderReport& report);

// The command that a report stands for, as an input of its own.
polku::follow_up::v1::JourneyInput CommandIn(const polku::follow_up::v1::ProviderReport& report);

// Errors: kNotFound when the measure is neither planned nor running; kPermissionDenied when it is another's.
absl::Status CheckProvider(const polku::follow_up::v1::ProviderReport& report,
                           const polku::follow_up::v1::JourneyRecord& journey, absl::string_view organisation);

}  // namespace polku::follow_up
