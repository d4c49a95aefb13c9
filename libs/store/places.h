// What the content of each kind of row is bound to, in every dialect.
#pragma once

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/store/database.h"
#include "libs/store/sealing.h"

namespace polku::store {

// All write to `place` and return it. The order of calls is part of the stored format.
const Place& PlaceOfAggregate(Place& place, const StoredAggregate& aggregate);
const Place& PlaceOfJournal(Place& place, const JournalRow& row);
const Place& PlaceOfStep(Place& place, const StepRow& step);
const Place& PlaceOfRequest(Place& place, const RequestRow& request);
// `table` is parked or dead_letter.
const Place& PlaceOfRecord(Place& place, absl::string_view table, const ParkedRow& row);

// As what a row's content is stored: made ahead, or now in `content`. Good until one of the three changes.
absl::StatusOr<absl::string_view> WrappedOf(const RowSealer& sealer, const StoredAggregate& aggregate, Place& place,
                                            std::string& content);
absl::StatusOr<absl::string_view> WrappedOf(const RowSealer& sealer, const JournalRow& row, Place& place,
                                            std::string& content);
// See Transaction::WrapAhead.
template <class StoredRow>
void WrapAhead(const RowSealer& sealer, StoredRow& row) {
  Place place;
  std::string content;
  row.wrapped.clear();
  if (WrappedOf(sealer, row, place, content).ok()) row.wrapped = std::move(content);
}

}  // namespace polku::store
