#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "libs/bus/bus.h"

namespace polku::pipeline {

// A bus whose questions nobody answers for a while: where to start, and what there is.
class AwayBus final : public bus::Bus {
 public:
  explicit AwayBus(bus::Bus& bus) : bus_(bus) {}
  bus::Capabilities capabilities() const override { return bus_.capabilities(); }
  absl::Status EnsureTopics(absl::Span<const bus::TopicSpec> topics) override { return bus_.EnsureTopics(topics); }
  absl::StatusOr<std::vector<bus::Extent>> Extents(const std::string& topic, absl::Duration longest) override {
    longest_asked = longest;
    if (away) return absl::UnavailableError("away");
    return bus_.Extents(topic, longest);
  }
  absl::StatusOr<std::unique_ptr<bus::Producer>> NewProducer() override { return bus_.NewProducer(); }
  absl::StatusOr<std::unique_ptr<bus::Consumer>> NewConsumer(absl::string_view group,
                                                             absl::Span<const std::string> topics) override {
    auto consumer = std::make_unique<AwayConsumer>(*this);
    consumer->real = *bus_.NewConsumer(group, topics);
    return consumer;
  }
  bool away = false;
  int starts = 0;
  absl::Duration longest_asked;  // By the last question what a topic holds.

 private:
  struct AwayConsumer final : bus::Consumer {
    explicit AwayConsumer(AwayBus& of) : bus(of) {}
    absl::StatusOr<bus::Polled> Poll(const bus::PollLimits& limits) override { return real->Poll(limits); }
    absl::Status Start(const bus::TopicPartition& partition, int64_t offset) override {
      ++bus.starts;
      return bus.away ? absl::UnavailableError("away") : real->Start(partition, offset);
    }
    absl::Status Commit(const bus::TopicPartition& partition, int64_t offset) override {
      return real->Commit(partition, offset);
    }
    AwayBus& bus;
    std::unique_ptr<bus::Consumer> real;
  };
  bus::Bus& bus_;
};

}  // namespace polku::pipeline
