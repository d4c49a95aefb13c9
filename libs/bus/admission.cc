#include "libs/bus/admission.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace polku::bus {
namespace {

constexpr int kPartitionsMax = 1000;
constexpr size_t kTopicCharactersMax = 249;

bool IsTopicName(absl::string_view name) {
  return !name.empty() && name.size() <= kTopicCharactersMax && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  });
}

absl::Status CheckAlone(const Message& message, bool topic_exists, int64_t bytes_max) {
  if (!topic_exists) return absl::NotFoundError(absl::StrCat("publish: no topic ", message.topic));
  if (message.key.empty()) return absl::InvalidArgumentError(absl::StrCat("publish to ", message.topic, ": no key"));
  if (const int64_t bytes = MessageBytes(message); bytes > bytes_max) {
    return absl::InvalidArgumentError(
        absl::StrCat("publish to ", message.topic, ": ", bytes, " bytes, the limit is ", bytes_max));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<TopicSpec>> MissingTopics(
    absl::Span<const TopicSpec> wanted, absl::FunctionRef<std::optional<int>(const std::string&)> partitions_of) {
  std::map<std::string, int> missing;
  for (const TopicSpec& spec : wanted) {
    if (!IsTopicName(spec.topic) || spec.partitions < 1 || spec.partitions > kPartitionsMax) {
      return absl::InvalidArgumentError(absl::StrCat("create topic ", spec.topic, " with ", spec.partitions,
                                                     " partitions: a name is 1 to ", kTopicCharactersMax,
                                                     " of [a-zA-Z0-9._-], a number 1 to ", kPartitionsMax));
    }
    const std::optional<int> known = partitions_of(spec.topic);
    const int partitions = known.has_value() ? *known : missing.emplace(spec.topic, spec.partitions).first->second;
    if (partitions != spec.partitions) {
      return absl::FailedPreconditionError(
          absl::StrCat("create topic ", spec.topic, " with ", spec.partitions, " partitions: it has ", partitions));
    }
  }
  std::vector<TopicSpec> specs;
  for (const auto& [topic, partitions] : missing) specs.push_back({topic, partitions});
  return specs;
}

int64_t MessageBytes(const Message& message) {
  size_t bytes = message.key.size() + message.value.size();
  for (const Header& header : message.headers) bytes += header.name.size() + header.value.size();
  return static_cast<int64_t>(bytes);
}

absl::Status Admission::Check(const Message& message, bool topic_exists) {
  absl::Status status = CheckAlone(message, topic_exists, message_bytes_max_);
  const auto earlier = failed_.find({message.topic, message.key});
  if (status.ok() && earlier != failed_.end()) {
    return absl::Status(earlier->second.code(),
                        absl::StrCat("publish to ", message.topic, ": an earlier message of this key failed"));
  }
  if (!status.ok()) Failed(message, status);
  return status;
}

void Admission::Failed(const Message& message, const absl::Status& status) {
  if (message.key.empty()) return;
  failed_.emplace(std::pair(absl::string_view(message.topic), absl::string_view(message.key)), status);
}

}  // namespace polku::bus
