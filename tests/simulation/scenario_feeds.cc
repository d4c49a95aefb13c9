// What providers write on topics of their own: what is true, and among it what nobody may take.
#include <utility>

#include "libs/pipeline/proto_time.h"
#include "tests/simulation/scenario_script.h"

namespace polku::simulation {
namespace {

namespace v1 = ::polku::follow_up::v1;
using v1::ProviderActivity;

const absl::CivilDay kNeverComes(2028, 1, 3);

// Of a measure, or a source: its name in the record.
std::string& NameIn(ProviderActivity& record) {
  switch (record.record_case()) {
    case ProviderActivity::kMark:
      return *record.mutable_mark()->mutable_measure();
    case ProviderActivity::kBegun:
      return *record.mutable_begun()->mutable_measure();
    case ProviderActivity::kDone:
      return *record.mutable_done()->mutable_measure();
    case ProviderActivity::kBrokenOff:
      return *record.mutable_broken_off()->mutable_measure();
    default:
      return *record.mutable_complete_through()->mutable_source();
  }
}

void AddUnknownField(google::protobuf::Message& message) {
  message.GetReflection()->MutableUnknownFields(&message)->AddLengthDelimited(100, kFeedCanary);
}

}  // namespace

ProviderActivity ActivityOf(const v1::AttendanceMark& mark) {
  ProviderActivity record;
  *record.mutable_mark() = mark;
  return record;
}

ProviderActivity ActivityOf(const v1::StartMeasureRequest& start) {
  ProviderActivity record;
  record.mutable_begun()->set_measure(start.name());
  *record.mutable_begun()->mutable_start_date() = start.start_date();
  return record;
}

ProviderActivity ActivityOf(const v1::CompleteMeasureRequest& complete) {
  ProviderActivity record;
  record.mutable_done()->set_measure(complete.name());
  *record.mutable_done()->mutable_end_date() = complete.end_date();
  return record;
}

ProviderActivity ActivityOf(const v1::EndMeasureEarlyRequest& end) {
  ProviderActivity record;
  record.mutable_broken_off()->set_measure(end.name());
  *record.mutable_broken_off()->mutable_end_date() = end.end_date();
  record.mutable_broken_off()->set_reason(end.reason());
  return record;
}

void Feeds::Add(int feeder, absl::Time at, const Activity& record, std::string bytes, const std::string& flaw) {
  Command& command = script_.Add(at, kFollowUp, "ProviderActivity", record);
  command.feeder = Feeders()[static_cast<size_t>(feeder)];
  command.bytes = std::move(bytes);
  command.flaw = flaw;
}

void Feeds::Write(int feeder, absl::Time at, Activity record) {
  const int percent = record.has_complete_through() ? 2 : 16;  // There are many heartbeats.
  if (Chance(percent)) WriteBefore(feeder, at, record);
  Activity wordy = record;
  if (Chance(10)) {
    AddUnknownField(wordy);
    if (wordy.has_mark()) AddUnknownField(*wordy.mutable_mark());
  }
  Add(feeder, at, record, wordy.SerializeAsString(), "");
  if (Chance(percent)) WriteBehind(feeder, at, std::move(record));
}

void Feeds::Repeat(int feeder, absl::Time at, const Activity& record) {
  Add(feeder, at, record, record.SerializeAsString(), "");
}

void Feeds::WriteBefore(int feeder, absl::Time at, const Activity& record) {
  if (record.has_begun() && Chance(50)) {
    Activity early;
    early.mutable_mark()->set_measure(record.begun().measure());
    *early.mutable_mark()->mutable_date() = record.begun().start_date();
    early.mutable_mark()->set_status(v1::ATTENDANCE_STATUS_PRESENT);
    return AddFlawed(feeder, at, early, "the measure has not started");
  }
  const int kind = Pick(5);
  if (kind == 0) return WriteNoise(feeder, at, record);
  return kind < 3 ? WriteOfAnother(feeder, at, record) : WriteBadField(feeder, at, record);
}

void Feeds::WriteNoise(int feeder, absl::Time at, const Activity& record) {
  const std::string bytes = record.SerializeAsString();
  const int kind = Pick(3);
  if (kind == 0) {
    Add(feeder, at, {}, absl::StrCat("\xff\xff", kFeedCanary), "is not a ProviderActivity");
  } else if (kind == 1) {
    Add(feeder, at, {}, bytes.substr(0, bytes.size() - 1), "is not a ProviderActivity");
  } else {
    Activity unknown;
    AddUnknownField(unknown);
    Add(feeder, at, {}, unknown.SerializeAsString(), "says nothing that is known");
  }
}

void Feeds::WriteOfAnother(int feeder, absl::Time at, const Activity& record) {
  Activity wrong = record;
  std::string& name = NameIn(wrong);
  const bool heartbeat = record.has_complete_through();
  switch (Pick(4)) {
    case 0:
    case 1:
      return AddFlawed(1 - feeder, at, record, "is of another provider");
    case 2:
      name = heartbeat ? "sources/none" : absl::StrCat(name.substr(0, name.rfind('/')), "/99");
      return AddFlawed(feeder, at, wrong, heartbeat ? "there is no such source" : "neither planned nor running");
    default:
      name = heartbeat ? "none" : ClientName(999) + "/measures/1";
      return AddFlawed(feeder, at, wrong,
                       heartbeat ? "complete_through.source: must be a name" : "the client is not followed here");
  }
}

void Feeds::WriteBadField(int feeder, absl::Time at, Activity record) {
  const google::type::Date never = pipeline::ToProtoDay(kNeverComes);
  if (record.has_complete_through()) {
    *record.mutable_complete_through()->mutable_time() = pipeline::ToProto(StartOfDay(kNeverComes));
    return AddFlawed(feeder, at, record, "complete_through: must not be in the future");
  }
  if (Chance(20)) {
    NameIn(record) += "/" + std::string(kFeedCanary);
    return AddFlawed(feeder, at, record, "measure: must be a name");
  }
  if (record.has_begun()) {
    *record.mutable_begun()->mutable_start_date() = never;
    return AddFlawed(feeder, at, record, "start_date: must not be in the future");
  }
  if (record.has_done()) {
    *record.mutable_done()->mutable_end_date() = never;
    return AddFlawed(feeder, at, record, "end_date: must not be in the future");
  }
  if (record.has_broken_off()) {
    record.mutable_broken_off()->set_reason(static_cast<v1::EndReason>(Chance(50) ? 0 : 77));
    return AddFlawed(feeder, at, record, "reason: must be one of");
  }
  v1::AttendanceMark& mark = *record.mutable_mark();
  switch (Pick(6)) {
    case 0:
      mark.set_status(static_cast<v1::AttendanceStatus>(Chance(50) ? 0 : 9));
      return AddFlawed(feeder, at, record, "status: must be");
    case 1:
      mark.set_minutes(1441);
      return AddFlawed(feeder, at, record, "minutes: must be");
    case 2:
      mark.set_session(24);
      return AddFlawed(feeder, at, record, "session: must be");
    case 3:
      mark.set_revision(-1);
      return AddFlawed(feeder, at, record, "revision: must not be");
    case 4:
      *mark.mutable_date() = never;
      return AddFlawed(feeder, at, record, "date: must not be in the future");
    default:
      mark.mutable_date()->set_day(32);
      return AddFlawed(feeder, at, record, "date: ");
  }
}

// What contradicts a record that was taken.
void Feeds::WriteBehind(int feeder, absl::Time at, Activity record) {
  switch (record.record_case()) {
    case Activity::kMark:
      record.mutable_mark()->set_minutes(record.mark().minutes() + 30);
      return AddFlawed(feeder, at, record, "this revision of the mark was recorded with other content");
    case Activity::kBegun: {
      const absl::CivilDay day = pipeline::FromProto(record.begun().start_date());
      *record.mutable_begun()->mutable_start_date() = pipeline::ToProtoDay(day - 1);
      return AddFlawed(feeder, at, record, "the measure has started or ended already");
    }
    case Activity::kDone:
      return AddFlawed(feeder, at, record, "neither planned nor running|the measure is not running");
    case Activity::kBrokenOff:
      return AddFlawed(feeder, at, record, "neither planned nor running|the measure has ended already");
    default:
      return WriteNoise(feeder, at, record);
  }
}

}  // namespace polku::simulation
