// polkuctl topics plan|apply: the topics of deploy/topics.yaml on Kafka.
#include <yaml-cpp/yaml.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "libs/base/clock.h"
#include "libs/base/status_macros.h"
#include "libs/bus/kafka/topics.h"
#include "tools/polkuctl/session.h"

namespace polku::polkuctl {
namespace {

constexpr char kProvider[] = "{provider}";

struct Wishes {
  std::string servers;
  std::string properties;
  std::string file = "deploy/topics.yaml";
  std::vector<std::string> providers;
};

bus::TopicWanted TopicOf(const YAML::Node& node) {
  bus::TopicWanted topic;
  for (const auto& field : node) {
    const std::string key = field.first.as<std::string>();
    if (key == "name") {
      topic.name = field.second.as<std::string>();
    } else if (key == "partitions") {
      topic.partitions = field.second.as<int>();
    } else if (key == "replication_factor") {
      topic.replication_factor = field.second.as<int>();
    } else if (key == "settings") {
      topic.settings = field.second.as<std::map<std::string, std::string>>();
    } else {
      throw YAML::Exception(field.first.Mark(), absl::StrCat("unknown key ", key));
    }
  }
  if (topic.name.empty()) throw YAML::Exception(node.Mark(), "a topic without a name");
  return topic;
}

absl::StatusOr<std::vector<bus::TopicWanted>> TopicsOf(const Wishes& wishes) {
  std::vector<bus::TopicWanted> topics;
  try {
    for (const YAML::Node& node : YAML::LoadFile(wishes.file)["topics"]) {
      const bus::TopicWanted topic = TopicOf(node);
      if (topic.name.find(kProvider) == std::string::npos) {
        topics.push_back(topic);
        continue;
      }
      for (const std::string& provider : wishes.providers) {
        topics.push_back(topic);
        topics.back().name = absl::StrReplaceAll(topic.name, {{kProvider, provider}});
      }
    }
  } catch (const YAML::Exception& e) {
    const std::string line = e.mark.is_null() ? "" : absl::StrCat(":", e.mark.line + 1);
    return absl::InvalidArgumentError(absl::StrCat(wishes.file, line, ": ", e.msg));
  }
  if (topics.empty()) return absl::InvalidArgumentError(absl::StrCat(wishes.file, ": no topics"));
  return topics;
}

absl::Status RunTopics(const Wishes& wishes, bool apply, Session& session) {
  const SystemMonotonicClock clock;
  bus::KafkaBusOptions options;
  options.bootstrap_servers = wishes.servers;
  options.request_timeout = absl::Seconds(session.timeout_s);
  options.clock = &clock;
  if (!wishes.properties.empty()) {
    ASSIGN_OR_RETURN(options.settings, bus::ReadKafkaProperties(wishes.properties));
  }
  ASSIGN_OR_RETURN(const std::vector<bus::TopicWanted> wanted, TopicsOf(wishes));
  ASSIGN_OR_RETURN(const bus::TopicPlan plan, bus::PlanTopics(options, wanted));
  if (apply && !plan.missing.empty()) RETURN_IF_ERROR(bus::MakeTopics(options, plan.missing));
  for (const bus::TopicWanted& topic : plan.missing) {
    session.out << (apply ? "made " : "to make ") << topic.name << " with " << topic.partitions << " partitions\n";
  }
  for (const std::string& difference : plan.differences) session.out << "differs " << difference << "\n";
  if (plan.missing.empty() && plan.differences.empty()) session.err << "all as the file wants\n";
  if (!plan.differences.empty()) {
    session.err << "what differs is not changed: kafka-configs.sh and kafka-topics.sh do, when you have thought of "
                   "records and keys\n";
  }
  return absl::OkStatus();
}

void AddVerb(CLI::App& topics, Session& session, const std::string& verb, const std::string& what) {
  CLI::App* command = AddCommand(topics, verb, what,
                                 absl::StrCat("topics ", verb, " --kafka-servers 127.0.0.1:9092 --provider valmennus"));
  auto wishes = std::make_shared<Wishes>();
  command->add_option("--kafka-servers", wishes->servers, "HOST:PORT of brokers, with commas between")->required();
  command->add_option("--kafka-properties", wishes->properties,
                      "file with more settings of librdkafka, name=value: security.protocol, sasl.*, ssl.*");
  command->add_option("--file", wishes->file, "the topics that there shall be")->capture_default_str();
  command->add_option("--provider", wishes->providers, "ID of a provider with a topic of its own; may be repeated");
  command->callback([wishes, verb, &session] {
    if (const absl::Status status = RunTopics(*wishes, verb == "apply", session); !status.ok()) session.Fail(status);
  });
}

}  // namespace

void AddTopicCommands(CLI::App& app, Session& session) {
  CLI::App* topics = AddCommand(app, "topics", "Topics on Kafka: plan, apply. Talks to the brokers, not to a service.",
                                "topics plan --kafka-servers 127.0.0.1:9092");
  topics->require_subcommand(1);
  AddVerb(*topics, session, "plan", "What the file wants and the brokers have not.");
  AddVerb(*topics, session, "apply", "Makes the topics that are missing; changes none.");
}

}  // namespace polku::polkuctl
