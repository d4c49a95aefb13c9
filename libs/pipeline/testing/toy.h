// The toy domains that the tests of the corridor run on.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/statusor.h"
#include "libs/base/violation.h"
#include "libs/pipeline/domain.h"
#include "polku/toy/v1/state.pb.h"

namespace polku::pipeline::toy {

namespace v1 = polku::toy::v1;

inline const store::TableShape& TotalTable() {
  static const store::TableShape shape{"total", {"counter"}, {"total", "reminders"}};
  return shape;
}

// The total 13 gives a row that the table refuses once there was a reminder.
inline std::vector<IndexRow> TotalRow(const v1::Counter& counter) {
  return {{&TotalTable(),
           {counter.name()},
           {counter.total() == 13 && counter.reminders() > 0 ? store::Value() : store::Value(counter.total()),
            static_cast<int64_t>(counter.reminders())}}};
}

// An amount that a counter takes once and refuses from then on.
inline constexpr int64_t kOnceOnly = 777;

struct CounterDomain {
  using State = v1::Counter;
  using Input = v1::CounterInput;
  using Event = v1::CounterEvent;

  absl::StatusOr<std::string> KeyOf(const Input& input) const { return input.add().counter(); }
  std::vector<Lookup> LookupsOf(const std::string& key, const State&, const Input&) const {
    return {{"total_of", {key}}};
  }

  absl::StatusOr<Decision<Event>> Decide(const State& state, const Input& input, const Context& context) const {
    Decision<Event> decision;
    if (input.has_tick()) {
      if (state.remind_us() != 0 && absl::FromUnixMicros(state.remind_us()) <= context.now) {
        decision.events.emplace_back().mutable_reminded()->set_counter(context.key);
      }
      return decision;
    }
    const v1::AddRequest& add = input.add();
    if (add.amount() < 0) return InvalidField("amount", "must not be negative");
    if (add.amount() == kOnceOnly && absl::c_linear_search(state.seen(), kOnceOnly)) {
      return absl::FailedPreconditionError("it is there already");
    }
    // What the index says of this key is what the state says: rows of the same key are exact.
    const int64_t indexed = context.lookups[0].empty() ? 0 : std::get<int64_t>(context.lookups[0][0][0]);
    if (indexed != state.total()) return absl::InternalError("index row is not exact");
    if (add.erase()) {
      decision.events.emplace_back().mutable_erased()->set_counter(context.key);
      decision.erase = true;
      decision.reply = std::make_unique<v1::Counter>();
      return decision;
    }
    Event& added = decision.events.emplace_back();
    added.mutable_added()->set_counter(context.key);
    added.mutable_added()->set_amount(add.amount());
    if (add.remind_us() != 0) {
      Event& set = decision.events.emplace_back();
      set.mutable_reminder_set()->set_counter(context.key);
      set.mutable_reminder_set()->set_remind_us(add.remind_us());
    }
    if (!add.forward_to().empty()) {
      auto forward = std::make_unique<v1::AddRequest>();
      forward->set_counter(add.forward_to());
      forward->set_amount(add.amount());
      decision.steps.push_back({add.forward_to(), std::move(forward)});
    }
    if (!add.alias().empty()) decision.aliases.push_back({"hetu", add.alias(), add.alias_to()});
    auto reply = std::make_unique<v1::Counter>(state);
    reply->set_name(context.key);
    reply->set_total(state.total() + add.amount());
    decision.reply = std::move(reply);
    return decision;
  }

  void Evolve(const Event& event, State& state) const {
    if (event.has_added()) {
      state.set_name(event.added().counter());
      state.set_total(state.total() + event.added().amount());
      state.add_seen(event.added().amount());
    } else if (event.has_reminded()) {
      state.set_remind_us(0);
      state.set_reminders(state.reminders() + 1);
    } else if (event.has_reminder_set()) {
      state.set_remind_us(event.reminder_set().remind_us());
    }
  }
  std::optional<absl::Time> NextDue(const State& state) const {
    if (state.remind_us() == 0) return std::nullopt;
    return absl::FromUnixMicros(state.remind_us());
  }
  std::vector<IndexRow> Index(const State& state) const { return TotalRow(state); }
  std::vector<IndexRow> RowsOf(const Event&) const { return {}; }
};

// Keeps what its peer tells. The amount 666 breaks it.
struct MirrorDomain {
  using State = v1::Counter;
  using Input = v1::MirrorInput;
  using Event = v1::MirrorEvent;

  absl::StatusOr<std::string> KeyOf(const Input& input) const {
    return input.has_erased() ? input.erased().counter() : input.added().counter();
  }
  std::vector<Lookup> LookupsOf(const std::string&, const State&, const Input&) const { return {}; }
  absl::StatusOr<Decision<Event>> Decide(const State&, const Input& input, const Context&) const {
    if (input.added().amount() == 666) return absl::InternalError("cannot handle this amount");
    Decision<Event> decision;
    if (input.has_erased()) {
      *decision.events.emplace_back().mutable_erased() = input.erased();
      decision.erase = true;
      return decision;
    }
    *decision.events.emplace_back().mutable_added() = input.added();
    return decision;
  }
  void Evolve(const Event& event, State& state) const {
    if (event.has_erased()) return;
    state.set_name(event.added().counter());
    state.set_total(state.total() + event.added().amount());
    state.add_seen(event.added().amount());
  }
  std::optional<absl::Time> NextDue(const State&) const { return std::nullopt; }
  std::vector<IndexRow> Index(const State& state) const { return TotalRow(state); }
  std::vector<IndexRow> RowsOf(const Event&) const { return {}; }
};

}  // namespace polku::pipeline::toy
