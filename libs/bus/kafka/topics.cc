#include "libs/bus/kafka/topics.h"

#include <fstream>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "libs/base/status_macros.h"
#include "libs/bus/kafka/client.h"

namespace polku::bus {
namespace {

using kafka::Client;

absl::StatusOr<Client> Connect(const KafkaBusOptions& options) {
  ASSIGN_OR_RETURN(kafka::Conf conf, kafka::MakeConf(options, {}));
  return kafka::MakeClient(RD_KAFKA_PRODUCER, std::move(conf));
}

// The settings that the brokers have for a topic, defaults too.
absl::StatusOr<std::map<std::string, std::string>> SettingsOf(rd_kafka_t* client, const std::string& topic,
                                                              absl::Duration timeout) {
  rd_kafka_ConfigResource_t* resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str());
  const kafka::Queue queue(rd_kafka_queue_new(client), rd_kafka_queue_destroy);
  rd_kafka_DescribeConfigs(client, &resource, 1, nullptr, queue.get());
  const kafka::Event event(rd_kafka_queue_poll(queue.get(), kafka::Millis(timeout)), rd_kafka_event_destroy);
  rd_kafka_ConfigResource_destroy(resource);
  if (event == nullptr) return absl::UnavailableError(absl::StrCat("topic ", topic, ": no answer"));
  RETURN_IF_ERROR(kafka::StatusOf(rd_kafka_event_error(event.get()), absl::StrCat("topic ", topic)));
  size_t count = 0;
  const rd_kafka_ConfigResource_t** found =
      rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event.get()), &count);
  std::map<std::string, std::string> settings;
  if (count == 0) return settings;
  RETURN_IF_ERROR(kafka::StatusOf(rd_kafka_ConfigResource_error(found[0]), absl::StrCat("topic ", topic)));
  const rd_kafka_ConfigEntry_t** entries = rd_kafka_ConfigResource_configs(found[0], &count);
  for (size_t i = 0; i < count; ++i) {
    const char* value = rd_kafka_ConfigEntry_value(entries[i]);
    settings[rd_kafka_ConfigEntry_name(entries[i])] = value == nullptr ? "" : value;
  }
  return settings;
}

}  // namespace

absl::StatusOr<TopicPlan> PlanTopics(const KafkaBusOptions& options, absl::Span<const TopicWanted> wanted) {
  ASSIGN_OR_RETURN(const Client client, Connect(options));
  TopicPlan plan;
  for (const TopicWanted& topic : wanted) {
    ASSIGN_OR_RETURN(const std::optional<int> partitions,
                     kafka::CountPartitions(client.get(), topic.name, options.request_timeout));
    if (!partitions.has_value()) {
      plan.missing.push_back(topic);
      continue;
    }
    if (*partitions != topic.partitions) {
      plan.differences.push_back(
          absl::StrCat(topic.name, ": ", *partitions, " partitions, the file wants ", topic.partitions));
    }
    if (topic.settings.empty()) continue;
    ASSIGN_OR_RETURN(auto settings, SettingsOf(client.get(), topic.name, options.request_timeout));
    for (const auto& [name, value] : topic.settings) {
      if (settings[name] == value) continue;
      plan.differences.push_back(
          absl::StrCat(topic.name, ": ", name, " is ", settings[name], ", the file wants ", value));
    }
  }
  return plan;
}

absl::Status MakeTopics(const KafkaBusOptions& options, absl::Span<const TopicWanted> topics) {
  ASSIGN_OR_RETURN(const Client client, Connect(options));
  return kafka::CreateTopics(client.get(), options, topics);
}

absl::StatusOr<std::map<std::string, std::string>> ReadKafkaProperties(const std::string& path) {
  std::ifstream file(path);
  if (!file) return absl::InvalidArgumentError(absl::StrCat(path, ": cannot be read"));
  std::map<std::string, std::string> settings;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    const absl::string_view text = absl::StripAsciiWhitespace(line);
    if (text.empty() || text[0] == '#') continue;
    if (!absl::StrContains(text, '=')) {
      return absl::InvalidArgumentError(absl::StrCat(path, ":", number, ": not name=value"));
    }
    const std::pair<absl::string_view, absl::string_view> property = absl::StrSplit(text, absl::MaxSplits('=', 1));
    settings[std::string(absl::StripAsciiWhitespace(property.first))] =
        std::string(absl::StripAsciiWhitespace(property.second));
  }
  return settings;
}

}  // namespace polku::bus
