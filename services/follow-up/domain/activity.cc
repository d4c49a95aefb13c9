#include "services/follow-up/domain/activity.h"

#include <algorithm>
#include <optional>

#include "libs/pipeline/proto_time.h"
#include "services/follow-up/domain/findings.h"
#include "services/follow-up/domain/moment.h"

namespace polku::follow_up {
namespace {

using namespace polku::follow_up::v1;  // NOLINT

constexpr int kLaterActivityMax = 16;   // state.proto
constexpr int kEarlierActivityMax = 2;  // state.proto

using Times = google::protobuf::RepeatedField<int64_t>;

void Insert(Times::iterator place, int64_t time_us, Times& times) {
  const auto index = place - times.begin();
  times.Add(time_us);
  std::rotate(times.begin() + index, times.end() - 1, times.end());
}

void Remove(int64_t time_us, Times& times) {
  times.erase(std::remove(times.begin(), times.end(), time_us), times.end());
}

void NoteEarlier(int64_t time_us, JourneyRecord& state) {
  Times& earlier = *state.mutable_earlier_activity_us();
  const auto place =
      std::find_if(earlier.begin(), earlier.end(), [&](int64_t known_us) { return known_us <= time_us; });
  if (place != earlier.end() && *place == time_us) return;
  if (place == earlier.end() && earlier.size() == kEarlierActivityMax) return;
  Insert(place, time_us, earlier);
  if (earlier.size() > kEarlierActivityMax) earlier.RemoveLast();
}

int64_t EndUs(const MeasureRecord& measure) { return Micros(StartOfDay(pipeline::FromProto(measure.end_date()))); }

void NoteSettled(int64_t since_us, int64_t version, JourneyRecord& state) {
  if (since_us < state.idle_settled_us()) return;
  state.set_idle_settled_us(since_us);
  state.set_idle_settled_version(version);
}

void CountIdleFrom(int64_t since_us, int64_t version, JourneyRecord& state) {
  if (since_us < state.idle_since_us()) return;
  state.set_idle_since_us(since_us);
  state.set_idle_version(version);
}

}  // namespace

void NoteActivity(int64_t time_us, JourneyRecord& state) {
  const std::optional<int64_t> anchor = AnchorOf(state, RULE_NO_CONTACT);
  if (anchor.has_value() && time_us > *anchor) {
    Times& later = *state.mutable_later_activity_us();
    const auto place = std::lower_bound(later.begin(), later.end(), time_us);
    if (place == later.end() || *place != time_us) {
      Insert(place, time_us, later);
      if (later.size() > kLaterActivityMax) later.RemoveLast();
    }
  }
  if (time_us == state.last_activity_us()) return;
  if (time_us < state.last_activity_us()) return NoteEarlier(time_us, state);
  if (state.last_activity_us() != 0) NoteEarlier(state.last_activity_us(), state);
  state.set_last_activity_us(time_us);
  state.set_activity_version(state.version());
}

void ForgetActivity(int64_t time_us, JourneyRecord& state) {
  Remove(time_us, *state.mutable_later_activity_us());
  Times& earlier = *state.mutable_earlier_activity_us();
  Remove(time_us, earlier);
  if (time_us != state.last_activity_us()) return;
  state.set_last_activity_us(earlier.empty() ? state.open_us() : earlier.Get(0));
  state.set_activity_version(0);
  if (!earlier.empty()) earlier.erase(earlier.begin());
}

void TrimLaterActivity(JourneyRecord& state) {
  if (state.later_activity_us().empty()) return;
  const std::optional<int64_t> anchor = AnchorOf(state, RULE_NO_CONTACT);
  Times& later = *state.mutable_later_activity_us();
  const auto end = anchor.has_value() ? std::upper_bound(later.begin(), later.end(), *anchor) : later.end();
  later.erase(later.begin(), end);
}

void NoteIdle(int64_t since_us, JourneyRecord& state) {
  NoteSettled(since_us, state.version(), state);
  CountIdleFrom(since_us, state.version(), state);
}

void NoteEnd(const MeasureRecord& measure, JourneyRecord& state) {
  CountIdleFrom(EndUs(measure), measure.end_version(), state);
}

void KeepEnd(const MeasureRecord& measure, JourneyRecord& state) {
  if (HasEnded(measure)) NoteSettled(EndUs(measure), measure.end_version(), state);
}

void CountIdleAgain(JourneyRecord& state) {
  state.set_idle_since_us(state.idle_settled_us());
  state.set_idle_version(state.idle_settled_version());
  for (const LeftMeasure& left : state.left()) {
    if (HasEnded(left.measure())) NoteEnd(left.measure(), state);
  }
  for (const MeasureRecord& measure : state.measures()) {
    if (HasEnded(measure)) NoteEnd(measure, state);
  }
}

}  // namespace polku::follow_up
