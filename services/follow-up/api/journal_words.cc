#include "services/follow-up/api/journal_words.h"

#include <utility>

#include "libs/base/status_macros.h"
#include "libs/pipeline/domain.h"
#include "libs/pipeline/proto_time.h"
#include "services/follow-up/domain/words.h"

namespace polku::follow_up {
namespace {

constexpr int kJournalPage = 1000;

}  // namespace

std::optional<v1::JourneyEvent> EventOf(const store::JournalRow& row) {
  v1::JourneyEvent event;
  const google::protobuf::OneofDescriptor* kinds = v1::JourneyEvent::descriptor()->oneof_decl(0);
  for (int i = 0; i < kinds->field_count(); ++i) {
    const google::protobuf::FieldDescriptor* field = kinds->field(i);
    if (field->message_type()->full_name() != row.type) continue;
    if (!event.GetReflection()->MutableMessage(&event, field)->ParseFromString(row.payload)) return std::nullopt;
    return event;
  }
  return std::nullopt;
}

std::optional<v1::TimelineEntry> EntryOf(const store::JournalRow& row) {
  const std::optional<v1::JourneyEvent> event = EventOf(row);
  if (!event.has_value()) return std::nullopt;
  std::optional<polku::common::v1::Text> words = InWords(*event);
  if (!words.has_value()) return std::nullopt;
  v1::TimelineEntry entry;
  *entry.mutable_time() = pipeline::ToProto(row.time);
  *entry.mutable_what() = *std::move(words);
  entry.set_event_id(pipeline::EventId("follow-up", row.key, row.version));
  return entry;
}

absl::StatusOr<std::vector<store::JournalRow>> ReadWholeJournal(store::Reader& reader, const std::string& client) {
  std::vector<store::JournalRow> all;
  while (true) {
    ASSIGN_OR_RETURN(auto page, reader.ReadJournal(client, all.empty() ? 0 : all.back().version, kJournalPage));
    const bool last = page.size() < kJournalPage;
    all.insert(all.end(), std::make_move_iterator(page.begin()), std::make_move_iterator(page.end()));
    if (last) return all;
  }
}

std::string InterruptionIn(const v1::JourneyEvent& event) {
  switch (event.event_case()) {
    case v1::JourneyEvent::kMeasureInterrupted:
      return event.measure_interrupted().interruption();
    case v1::JourneyEvent::kInterruptionAmended:
      return event.interruption_amended().interruption();
    case v1::JourneyEvent::kInterruptionRetracted:
      return event.interruption_retracted().interruption();
    case v1::JourneyEvent::kInterruptionResolved:
      return event.interruption_resolved().interruption();
    case v1::JourneyEvent::kOutreachRequested:
      return event.outreach_requested().interruption();
    case v1::JourneyEvent::kOutreachEscalated:
      return event.outreach_escalated().interruption();
    case v1::JourneyEvent::kOutreachAttempted:
      return event.outreach_attempted().interruption();
    case v1::JourneyEvent::kOutreachCompleted:
      return event.outreach_completed().interruption();
    default:
      return {};
  }
}

}  // namespace polku::follow_up
