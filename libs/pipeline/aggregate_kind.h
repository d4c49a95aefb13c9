// The corridor's view of one kind of aggregate, and the adapter that makes it from a domain.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "libs/base/status_macros.h"
#include "libs/pipeline/domain.h"

namespace polku::pipeline {

// A decision with its events as the oneof messages they are.
struct AnyDecision {
  std::vector<std::unique_ptr<google::protobuf::Message>> events;
  google::protobuf::Message* state = nullptr;  // See Decision.
  std::vector<Step> steps;
  std::vector<AliasChange> aliases;
  std::unique_ptr<google::protobuf::Message> reply;
  bool erase = false;
};

class AggregateKind {
 public:
  virtual ~AggregateKind() = default;
  // "clients/": an aggregate belongs to the kind whose prefix its key begins with.
  virtual const std::string& key_prefix() const = 0;
  // Version of the meaning of the state message; a row with a newer one is refused.
  virtual int32_t schema() const = 0;
  virtual const google::protobuf::Message& state_prototype() const = 0;
  virtual const google::protobuf::Message& input_prototype() const = 0;
  virtual const google::protobuf::Message& event_prototype() const = 0;
  virtual absl::StatusOr<std::string> KeyOf(const google::protobuf::Message& input) const = 0;
  virtual std::vector<Lookup> LookupsOf(const std::string& key, const google::protobuf::Message& state,
                                        const google::protobuf::Message& input) const = 0;
  virtual absl::StatusOr<AnyDecision> Decide(const google::protobuf::Message& state,
                                             const google::protobuf::Message& input, const Context& context) const = 0;
  virtual void Evolve(const google::protobuf::Message& event, google::protobuf::Message& state) const = 0;
  virtual std::optional<absl::Time> NextDue(const google::protobuf::Message& state) const = 0;
  virtual std::vector<IndexRow> Index(const google::protobuf::Message& state) const = 0;
  virtual Standing StandingOf(const google::protobuf::Message& state) const = 0;
  virtual std::vector<IndexRow> RowsOf(const google::protobuf::Message& event) const = 0;
  virtual std::vector<std::unique_ptr<google::protobuf::Message>> Recall(
      const google::protobuf::Message& told, const google::protobuf::Message& state) const = 0;
};

template <class D>
class KindOf final : public AggregateKind {
 public:
  KindOf(std::string key_prefix, D domain, int32_t schema = 1)
      : key_prefix_(std::move(key_prefix)), domain_(std::move(domain)), schema_(schema) {}

  const std::string& key_prefix() const override { return key_prefix_; }
  int32_t schema() const override { return schema_; }
  const google::protobuf::Message& state_prototype() const override { return D::State::default_instance(); }
  const google::protobuf::Message& input_prototype() const override { return D::Input::default_instance(); }
  const google::protobuf::Message& event_prototype() const override { return D::Event::default_instance(); }

  absl::StatusOr<std::string> KeyOf(const google::protobuf::Message& input) const override {
    return domain_.KeyOf(static_cast<const typename D::Input&>(input));
  }
  std::vector<Lookup> LookupsOf(const std::string& key, const google::protobuf::Message& state,
                                const google::protobuf::Message& input) const override {
    return domain_.LookupsOf(key, static_cast<const typename D::State&>(state),
                             static_cast<const typename D::Input&>(input));
  }
  absl::StatusOr<AnyDecision> Decide(const google::protobuf::Message& state, const google::protobuf::Message& input,
                                     const Context& context) const override {
    ASSIGN_OR_RETURN(Decision<typename D::Event> decision,
                     domain_.Decide(static_cast<const typename D::State&>(state),
                                    static_cast<const typename D::Input&>(input), context));
    AnyDecision any;
    any.events.reserve(decision.events.size());
    for (auto& event : decision.events) {
      any.events.push_back(std::make_unique<typename D::Event>(std::move(event)));
    }
    any.state = decision.state;
    any.steps = std::move(decision.steps);
    any.aliases = std::move(decision.aliases);
    any.reply = std::move(decision.reply);
    any.erase = decision.erase;
    return any;
  }
  void Evolve(const google::protobuf::Message& event, google::protobuf::Message& state) const override {
    domain_.Evolve(static_cast<const typename D::Event&>(event), static_cast<typename D::State&>(state));
  }
  std::optional<absl::Time> NextDue(const google::protobuf::Message& state) const override {
    return domain_.NextDue(static_cast<const typename D::State&>(state));
  }
  std::vector<IndexRow> Index(const google::protobuf::Message& state) const override {
    return domain_.Index(static_cast<const typename D::State&>(state));
  }
  Standing StandingOf(const google::protobuf::Message& state) const override {
    if constexpr (requires(const D& d, const typename D::State& s) { d.StandingOf(s); }) {
      return domain_.StandingOf(static_cast<const typename D::State&>(state));
    } else {
      return {Index(state), NextDue(state)};
    }
  }
  std::vector<IndexRow> RowsOf(const google::protobuf::Message& event) const override {
    return domain_.RowsOf(static_cast<const typename D::Event&>(event));
  }
  std::vector<std::unique_ptr<google::protobuf::Message>> Recall(
      const google::protobuf::Message& told, const google::protobuf::Message& state) const override {
    std::vector<typename D::Event> events;
    const auto& event = static_cast<const typename D::Event&>(told);
    if constexpr (requires(const D& d, const typename D::State& s) { d.Recall(event, s); }) {
      events = domain_.Recall(event, static_cast<const typename D::State&>(state));
    } else {
      events.push_back(event);
    }
    std::vector<std::unique_ptr<google::protobuf::Message>> any;
    for (auto& each : events) any.push_back(std::make_unique<typename D::Event>(std::move(each)));
    return any;
  }

 private:
  const std::string key_prefix_;
  const D domain_;
  const int32_t schema_;
};

}  // namespace polku::pipeline
