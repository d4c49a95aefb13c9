#include "services/coordinator-network/domain/time_use.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "libs/base/calendar.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"

namespace polku::coordinator_network {
namespace {

namespace v1 = ::polku::coordinator_network::v1;
using Decision = pipeline::Decision<v1::CoordinatorEvent>;
using pipeline::FromProto;

constexpr int kDayMinutes = 24 * 60;

const store::TableShape& TimeUseTable() {
  static const store::TableShape shape{"time_use", {"entry"}, {"coordinator", "day", "month", "activity", "minutes"}};
  return shape;
}

bool IsEntryOf(const std::string& entry, const std::string& coordinator) {
  return IsResourceName(entry, "coordinators/*/timeUse/*") && entry.rfind(coordinator + "/", 0) == 0;
}

absl::Status CheckRequest(const v1::RecordTimeUseRequest& request, const std::vector<std::string>& activities,
                          const pipeline::Context& context) {
  absl::Status status;
  if (!request.entry().empty() && !IsEntryOf(request.entry(), request.coordinator())) {
    AddViolation(status, "entry", "must be \"coordinators/X/timeUse/N\" of the same coordinator");
  }
  const bool voids = !request.entry().empty() && request.minutes() == 0;
  if (voids) return status;
  if (request.minutes() < 1 || request.minutes() > kDayMinutes) {
    AddViolation(status, "minutes", absl::StrCat("must be 1 to ", kDayMinutes, ", or 0 to void an entry"));
  }
  if (std::find(activities.begin(), activities.end(), request.activity()) == activities.end()) {
    AddViolation(status, "activity", "must be one of time_use_activities of the rule set");
  }
  const absl::StatusOr<absl::CivilDay> day = pipeline::DayFrom(request.date(), "date");
  if (!day.ok()) {
    AddViolation(status, "date", "must be a real day");
  } else if (*day > LocalDay(context.now)) {
    AddViolation(status, "date", "is in the future");
  }
  return status;
}

// The row of the entry that is replaced: day and activity.
absl::StatusOr<store::Row> EarlierEntry(const pipeline::Context& context) {
  if (context.lookups.size() < 2 || context.lookups[1].empty()) {
    return WithReason(absl::NotFoundError("no such entry of time use"), "TIME_USE_UNKNOWN");
  }
  return context.lookups[1].front();
}

int64_t OtherMinutesOfDay(const pipeline::Context& context) {
  if (context.lookups.empty() || context.lookups[0].empty()) return 0;
  return std::get<int64_t>(context.lookups[0].front().front());
}

}  // namespace

std::vector<pipeline::Lookup> TimeUseLookups(const std::string& coordinator, const v1::RecordTimeUseRequest& request) {
  const absl::StatusOr<absl::CivilDay> day = pipeline::DayFrom(request.date(), "date");
  return {{"time_use_of_day",
           {coordinator, day.ok() ? FormatDay(*day) : std::string(), request.entry()},
           /*of_events=*/true},
          {"time_use_entry", {request.entry()}, /*of_events=*/true}};
}

absl::StatusOr<Decision> DecideTimeUse(const v1::CoordinatorRecord& state, const v1::RecordTimeUseRequest& request,
                                       const std::vector<std::string>& activities, const pipeline::Context& context) {
  RETURN_IF_ERROR(CheckRequest(request, activities, context));
  if (state.coordinator().name().empty()) {
    return WithReason(absl::NotFoundError("no coordinator has this name"), "COORDINATOR_UNKNOWN");
  }
  Decision decision;
  v1::TimeUseRecorded& recorded = *decision.events.emplace_back().mutable_time_use_recorded();
  recorded.set_entry(request.entry());
  *recorded.mutable_date() = request.date();
  recorded.set_activity(request.activity());
  recorded.set_minutes(request.minutes());
  if (request.entry().empty()) {
    recorded.set_entry(absl::StrCat(request.coordinator(), "/timeUse/", state.time_use_numbered() + 1));
  } else {
    ASSIGN_OR_RETURN(const store::Row earlier, EarlierEntry(context));
    if (request.minutes() == 0) {
      ASSIGN_OR_RETURN(const absl::CivilDay day, ParseDay(std::get<std::string>(earlier[0])));
      *recorded.mutable_date() = pipeline::ToProtoDay(day);
      recorded.set_activity(std::get<std::string>(earlier[1]));
    }
  }
  if (request.minutes() > 0 && OtherMinutesOfDay(context) + request.minutes() > kDayMinutes) {
    return InvalidField("minutes", "would make more than 24 hours of that day");
  }
  auto reply = std::make_unique<v1::TimeUseEntry>();
  reply->set_name(recorded.entry());
  *reply->mutable_date() = recorded.date();
  reply->set_activity(recorded.activity());
  reply->set_minutes(recorded.minutes());
  decision.reply = std::move(reply);
  return decision;
}

void ApplyTimeUse(const v1::TimeUseRecorded& recorded, v1::CoordinatorRecord& state) {
  int number = 0;
  if (!absl::SimpleAtoi(LastSegment(recorded.entry()), &number)) return;
  state.set_time_use_numbered(std::max(state.time_use_numbered(), number));
}

pipeline::IndexRow TimeUseRow(const v1::TimeUseRecorded& recorded) {
  const std::string day = FormatDay(FromProto(recorded.date()));
  const std::string coordinator = recorded.entry().substr(0, recorded.entry().find("/timeUse/"));
  return {&TimeUseTable(),
          {recorded.entry()},
          {coordinator, day, day.substr(0, 7), recorded.activity(), int64_t{recorded.minutes()}}};
}

}  // namespace polku::coordinator_network
