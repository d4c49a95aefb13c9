// One input of a batch, of whichever lane.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "google/protobuf/message.h"
#include "libs/pipeline/inbox.h"
#include "libs/pipeline/pipeline.h"
#include "libs/store/database.h"

namespace polku::pipeline {

enum class Lane { kCommand, kAudit, kStep, kDue, kBus };
inline constexpr int kLanes = 5;

// What became of a record of the bus.
enum class Handling { kHandled, kDuplicate, kParked, kSetAside, kErased };
inline constexpr int kHandlings = 5;

// Small, because a backlog is sorted by moving tens of thousands of them.
struct WorkItem {
  Lane lane = Lane::kCommand;

  std::unique_ptr<Command> command;  // kCommand
  Done done;
  std::vector<store::AuditRow> audit;  // kAudit
  std::function<void(absl::Status)> audit_done;
  std::unique_ptr<store::StepRow> step;    // kStep
  std::string due_key;                     // kDue
  std::unique_ptr<Received> received;      // kBus
  bool fills_gap = false;                  // kBus: from the owner's journal, goes before what is parked.
  bool leaves_out = false;                 // kBus: with fills_gap, what came before it was erased by the owner.
  bool recalled = false;                   // kBus: an event of our own that the database does not know any more.
  int attempts = 0;                        // kBus: made before, when it was a dead letter.
  Handling handling = Handling::kHandled;  // kBus: stands with `outcome`.
  absl::Status broke;                      // Not OK: folding it makes the batch fail; set it aside instead.

  // What the last try gave; stands once the batch is committed.
  absl::Status outcome;
  std::unique_ptr<google::protobuf::Message> reply;
};

// Of the request that caused it; empty for what nobody asked for.
inline absl::string_view TraceparentOf(const WorkItem& item) {
  if (item.command != nullptr) return item.command->traceparent;
  if (item.received != nullptr) return item.received->fact.traceparent;
  return item.step != nullptr ? absl::string_view(item.step->traceparent) : absl::string_view();
}

}  // namespace polku::pipeline
