#include "libs/store/places.h"

#include <limits>

#include "libs/base/status_macros.h"

namespace polku::store {
namespace {

int64_t Micros(absl::Time time) {
  const Value value = FromTime(time);
  const auto* micros = std::get_if<int64_t>(&value);
  return micros == nullptr ? std::numeric_limits<int64_t>::max() : *micros;
}

}  // namespace

const Place& PlaceOfAggregate(Place& place, const StoredAggregate& aggregate) {
  return place.Start("aggregate")
      .Text(aggregate.key)
      .Number(aggregate.version)
      .Number(aggregate.public_version)
      .Number(aggregate.schema)
      .Number(Micros(aggregate.due_at.value_or(absl::InfiniteFuture())));
}

const Place& PlaceOfJournal(Place& place, const JournalRow& row) {
  return place.Start("journal")
      .Text(row.key)
      .Number(row.version)
      .Number(row.public_version)
      .Text(row.type)
      .Number(Micros(row.time))
      .Text(row.traceparent);
}

const Place& PlaceOfStep(Place& place, const StepRow& step) {
  return place.Start("step").Text(step.key).Text(step.id).Text(step.type);
}

const Place& PlaceOfRequest(Place& place, const RequestRow& request) {
  return place.Start("request")
      .Text(request.key)
      .Text(request.id.scope)
      .Text(request.id.request_id)
      .Text(request.field_hashes)
      .Text(request.reply_type);
}

const Place& PlaceOfRecord(Place& place, absl::string_view table, const ParkedRow& row) {
  return place.Start(table)
      .Text(row.key)
      .Text(row.source)
      .Number(row.epoch)
      .Number(row.version)
      .Text(row.topic)
      .Number(row.partition)
      .Number(row.offset)
      .Text(row.type)
      .Number(Micros(row.record_time));
}

absl::StatusOr<absl::string_view> WrappedOf(const RowSealer& sealer, const StoredAggregate& aggregate, Place& place,
                                            std::string& content) {
  if (!aggregate.wrapped.empty()) return aggregate.wrapped;
  RETURN_IF_ERROR(sealer.Wrap(aggregate.key, PlaceOfAggregate(place, aggregate), aggregate.state, content));
  return content;
}

absl::StatusOr<absl::string_view> WrappedOf(const RowSealer& sealer, const JournalRow& row, Place& place,
                                            std::string& content) {
  if (!row.wrapped.empty()) return row.wrapped;
  PlaceOfJournal(place, row);
  RETURN_IF_ERROR(row.outlives_key ? sealer.WrapKept(place, row.payload, content)
                                   : sealer.Wrap(row.key, place, row.payload, content));
  return content;
}

}  // namespace polku::store
