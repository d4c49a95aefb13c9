// What a domain is: a handful of pure functions over generated messages, and the plain types
// that pass between them and the corridor.
//
// For each kind of aggregate a service writes one class D (see KindOf in aggregate_kind.h):
//
//   struct D {
//     using State = ...;   // One message: the aggregate.
//     using Input = ...;   // One oneof: commands, peers' facts, steps, Tick.
//     using Event = ...;   // One oneof: what is decided.
//     // The aggregate that `input` is for. Not called for Tick or when the caller gives the key.
//     absl::StatusOr<std::string> KeyOf(const Input& input) const;
//     // Index queries whose rows Decide wants. Exact for rows of the same key, advice for others.
//     std::vector<Lookup> LookupsOf(const std::string& key, const State& state, const Input& input) const;
//     // An error is a refusal: no events, the state stays untouched.
//     absl::StatusOr<Decision<Event>> Decide(const State& state, const Input& input, const Context& context) const;
//     void Evolve(const Event& event, State& state) const;
//     // After a Tick this is later than its `now`, or none.
//     std::optional<absl::Time> NextDue(const State& state) const;
//     // Every index row of this aggregate: ids, codes and instants only.
//     std::vector<IndexRow> Index(const State& state) const;
//     // May be left out: the two above at once, where they rest on the same.
//     Standing StandingOf(const State& state) const;
//     // Rows that grow without bound, as a function of one event.
//     std::vector<IndexRow> RowsOf(const Event& event) const;
//     // May be left out. What to fold for a public event that was told before the database went back to a backup:
//     // the event itself, behind internal ones that say as much of what was lost as it tells.
//     std::vector<Event> Recall(const Event& told, const State& state) const;
//   };
//
// A domain reads no clock, no database, no random source, and keeps no state of its own beyond
// the definitions it was made with. The same arguments give the same answer.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "libs/store/database.h"

namespace polku::pipeline {

// On whose behalf a command runs; of a foreign record (feed.h) the organisation alone. Empty for peers' facts, steps
// and due instants.
struct Principal {
  std::string organisation;  // "organisations/O"
  std::string system;
  std::string user;
  std::string role;
  std::string purpose;
};

// A named query of the service, `queries` in corridor.h.
struct Lookup {
  std::string name;
  std::vector<store::Value> parameters;
  // Reads only rows that RowsOf made: what Index says of the same key need not be brought up to date first.
  bool of_events = false;
};

struct Context {
  std::string key;  // The aggregate's, also when it does not exist yet.
  absl::Time now;
  // When the fact was decided by its publisher; equals `now` for everything else.
  absl::Time fact_time;
  // Up to this instant every fact that peers published before it has been read. A rule about
  // something missing counts no further. InfinitePast when unknown.
  absl::Time covered_until = absl::InfinitePast();
  // The database went back to a backup and nobody has said yet that what is missing was recorded again: nothing is to
  // be concluded about this aggregate, from silence or from what is there.
  bool held = false;
  Principal principal;
  std::vector<std::vector<store::Row>> lookups;  // In the order of LookupsOf.
  // The version that the first event of this decision gets, and the service, for event ids.
  int64_t next_version = 1;
  std::string service;
};

// An input for another (or the same) aggregate of this service, kept in the same transaction
// and run by the corridor afterwards. `input` is the concrete message, not the oneof.
struct Step {
  std::string key;
  std::unique_ptr<google::protobuf::Message> input;
};

// An alias ("hetu" and a keyed hash) leads to another aggregate of this service from now on, or to nobody. Kept
// in the same transaction, and only if the alias leads to the deciding aggregate or to nobody: what leads to another
// is left alone.
struct AliasChange {
  std::string kind;
  std::string keyed_hash;
  std::string key;  // Empty = nobody.
};

template <class Event>
struct Decision {
  std::vector<Event> events;
  // What Evolve makes of the state with these events, on the arena of the state that was decided on; they are not
  // folded in once more then. May be left out, and is where that state has no arena.
  google::protobuf::Message* state = nullptr;
  std::vector<Step> steps;
  std::vector<AliasChange> aliases;
  std::unique_ptr<google::protobuf::Message> reply;  // Of a command; may be null otherwise.
  // The person is to be forgotten: once these events are journalled, the pipeline destroys the key of
  // the aggregate and deletes what else is kept for it; a tombstone stays. The public events and the
  // reply stay readable, so they hold ids, codes and instants only. Later commands for the key are
  // refused with kNotFound and reason CLIENT_ERASED; facts, steps and due instants are dropped. Only for
  // kinds that are sealed.
  bool erase = false;
};

// A row of an index table. The shape lives as long as the program.
struct IndexRow {
  const store::TableShape* shape = nullptr;
  store::Row key;
  store::Row values;
};

// What is kept beside a state because of it.
struct Standing {
  std::vector<IndexRow> rows;
  std::optional<absl::Time> due;
};

// "follow-up/clients/C/17": how events are cited as evidence.
std::string EventId(absl::string_view service, absl::string_view key, int64_t version);

}  // namespace polku::pipeline
