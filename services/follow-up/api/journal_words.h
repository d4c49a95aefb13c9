// A client's journal, read for people.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/store/database.h"
#include "polku/follow_up/v1/state.pb.h"

namespace polku::follow_up {

// Journal rows hold the bare message; this puts it back into the oneof. None for an unknown type.
std::optional<v1::JourneyEvent> EventOf(const store::JournalRow& row);

// In words; none for what only the machinery remembers.
std::optional<v1::TimelineEntry> EntryOf(const store::JournalRow& row);

// The whole journal of a client, oldest first.
absl::StatusOr<std::vector<store::JournalRow>> ReadWholeJournal(store::Reader& reader, const std::string& client);

// "clients/C/interruptions/I" that the event is about; empty for any other event.
std::string InterruptionIn(const v1::JourneyEvent& event);

}  // namespace polku::follow_up
