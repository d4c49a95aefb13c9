#include "tests/simulation/feeds.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "libs/base/resource_name.h"
#include "libs/pipeline/proto_time.h"
#include "polku/follow_up/v1/state.pb.h"
#include "tests/simulation/scenario.h"

namespace polku::simulation {
namespace {

namespace v1 = ::polku::follow_up::v1;
using v1::ProviderActivity;

// What stands in the way of whatever is said, by the time it is read.
constexpr char kByState[] =
    "the client is not followed here|the follow-up of the client has ended|neither planned nor running|"
    "the measure has not started";

struct Measure {
  bool started = false;
  absl::CivilDay start;
  bool ended = false;
  size_t voided = 0;                                                   // So many of the history have been looked at.
  std::map<std::pair<absl::CivilDay, int>, v1::AttendanceMark> marks;  // The highest revisions, by day and session.
};

bool Says(const std::string& reason, const std::string& choices) {
  const std::vector<std::string> parts = absl::StrSplit(choices, '|');
  return std::any_of(parts.begin(), parts.end(),
                     [&](const std::string& part) { return absl::StrContains(reason, part); });
}

std::string Day(const google::type::Date& date) { return absl::FormatCivilTime(pipeline::FromProto(date)); }

std::string MarkText(const v1::AttendanceMark& mark) {
  return absl::StrCat("mark of ", mark.measure(), " ", Day(mark.date()), " ", mark.session(), " revision ",
                      mark.revision(), ": ", mark.status(), " ", mark.minutes());
}

class FeedCheck {
 public:
  FeedCheck(const Picture& picture, const History& history)
      : picture_(picture.services[kFollowUp]), foreign_(picture.foreign), history_(history) {}

  std::vector<std::string> Check() {
    for (const store::DeadLetterRow& row : picture_.dead_letters) {
      if (row.record.source != row.record.topic) continue;
      letters_[{row.record.topic, row.record.offset}].push_back(&row);
    }
    std::set<size_t> written;
    for (const bus::Record& record : foreign_) {
      size_t number = 0;
      const bool known = absl::SimpleAtoi(record.key, &number) && number < history_.publications.size() &&
                         history_.publications[number].topic == record.from.topic &&
                         history_.publications[number].value == record.value;
      if (!known) {
        Fault("I2: no provider wrote ", record.from.topic, " ", record.offset);
        continue;
      }
      written.insert(number);
      Judge(record, number);
    }
    for (size_t number = 0; number < history_.publications.size(); ++number) {
      if (!written.contains(number)) Fault("I1: the bus lost what a provider wrote: ", number);
    }
    for (const auto& [where, rows] : letters_) {
      for (const auto* row : rows) {
        Fault("I10: a dead letter for nothing, or a second one: ", where.first, " ", where.second, " ",
              row->record.type, " ", row->record.key, ": ", row->reason);
      }
    }
    CompareEffects();
    Words();
    return std::move(faults_);
  }

 private:
  template <class... Words>
  void Fault(const Words&... words) {
    faults_.push_back(absl::StrCat(words...));
  }

  void Judge(const bus::Record& record, size_t number) {
    const Publication& publication = history_.publications[number];
    ProviderActivity activity;
    const bool readable = activity.ParseFromString(record.value);
    const std::string& measure = MeasureIn(activity);
    const std::optional<std::string> client =
        readable && IsResourceName(measure, "clients/*/measures/*") ? ClientOf(measure) : std::nullopt;
    if (client.has_value() && picture_.erased.contains(*client)) return;  // Dropped, or deleted with the client.
    if (!publication.flaw.empty()) {
      Expect(record, client.has_value() ? absl::StrCat(publication.flaw, "|", kByState) : publication.flaw);
      return;
    }
    std::string refused;
    if (activity.has_complete_through()) {
      ++effects_[absl::StrCat("heartbeat of ", activity.complete_through().source())];
    } else if (!publication.open || !publication.known) {
      refused = kByState;
    } else {
      TakeVoided(measure, number);
      refused = Take(activity, measures_[measure]);
    }
    if (!refused.empty()) Expect(record, refused);
  }

  // What people had said was a mistake before that publication.
  void TakeVoided(const std::string& name, size_t number) {
    Measure& measure = measures_[name];
    for (; measure.voided < history_.voided.size(); ++measure.voided) {
      const Voided& each = history_.voided[measure.voided];
      if (each.publications > number) return;
      if (each.measure == name) (each.start ? measure.started : measure.ended) = false;
    }
  }

  // One dead letter that says one of `choices`.
  void Expect(const bus::Record& record, const std::string& choices) {
    const auto found = letters_.find({record.from.topic, record.offset});
    if (found == letters_.end()) {
      Fault("I10: no dead letter of ", record.from.topic, " ", record.offset, ", but: ", choices);
      return;
    }
    const store::DeadLetterRow& row = *found->second.front();
    if (!Says(row.reason, choices)) Fault("I10: a dead letter says ", row.reason, " instead of ", choices);
    found->second.erase(found->second.begin());
    if (found->second.empty()) letters_.erase(found);
  }

  // What the provider is told of it, empty when it is taken.
  std::string Take(const ProviderActivity& activity, Measure& measure) {
    if (activity.has_begun()) {
      const absl::CivilDay day = pipeline::FromProto(activity.begun().start_date());
      if (measure.started && !measure.ended && measure.start == day) return "";
      if (measure.started || measure.ended) return "the measure has started or ended already";
      measure.started = true;
      measure.start = day;
      ++effects_[absl::StrCat("start of ", MeasureIn(activity), " ", Day(activity.begun().start_date()))];
      return "";
    }
    if (activity.has_mark()) return TakeMark(activity.mark(), measure);
    if (measure.ended) return "the measure has ended already|the measure is not running|neither planned nor running";
    if (activity.has_done() && !measure.started) return "the measure is not running";
    measure.ended = true;
    ++effects_[absl::StrCat("end of ", MeasureIn(activity), " ",
                            Day(activity.has_done() ? activity.done().end_date() : activity.broken_off().end_date()))];
    return "";
  }

  std::string TakeMark(const v1::AttendanceMark& mark, Measure& measure) {
    if (!measure.started) return "the measure has not started";
    if (pipeline::FromProto(mark.date()) < measure.start) return "must be between the start and the end";
    if (measure.ended) {
      Fault("the scenario marks what has ended: ", MarkText(mark));
      return "";
    }
    const auto [known, first] = measure.marks.try_emplace({pipeline::FromProto(mark.date()), mark.session()}, mark);
    if (!first && mark.revision() <= known->second.revision()) return "";  // Overtaken, or told before.
    known->second = mark;
    ++effects_[MarkText(mark)];
    return "";
  }

  // What was taken stands in the journal once, and nothing else does of these measures and sources.
  void CompareEffects() {
    for (const store::JournalRow& row : picture_.journal) {
      if (row.erased) continue;
      const std::string effect = EffectOf(row);
      if (!effect.empty() && --effects_[effect] < 0) {
        Fault("I10: nobody wrote this, or it was taken twice: ", effect);
      }
    }
    for (const auto& [effect, missing] : effects_) {
      if (missing > 0) Fault("I10: a provider's record had no effect: ", effect);
    }
  }

  // What stands in fields that nobody knows is dropped before anything is kept.
  void Words() {
    for (const store::JournalRow& row : picture_.journal) {
      if (absl::StrContains(row.payload, kFeedCanary)) Fault("I11: a provider's words are in an event of ", row.key);
    }
    for (const store::DeadLetterRow& row : picture_.dead_letters) {
      if (absl::StrContains(row.record.payload, kFeedCanary)) {
        Fault("I11: a provider's words are in a dead letter of ", row.record.topic, " ", row.record.offset);
      }
    }
  }

  // Empty: not by a provider's record.
  std::string EffectOf(const store::JournalRow& row) const {
    v1::SourceReported reported;
    v1::MeasureStarted started;
    v1::AttendanceRecorded recorded;
    v1::MeasureCompleted completed;
    v1::MeasureEndedEarly ended;
    const auto is = [&row](auto& event) {
      return row.type == event.GetTypeName() && event.ParseFromString(row.payload);
    };
    if (is(reported)) {
      const std::string heartbeat = absl::StrCat("heartbeat of ", reported.source());
      return effects_.contains(heartbeat) ? heartbeat : "";
    }
    if (is(started) && measures_.contains(started.measure())) {
      return absl::StrCat("start of ", started.measure(), " ", Day(started.start_date()));
    }
    if (is(recorded) && measures_.contains(recorded.mark().measure())) return MarkText(recorded.mark());
    if (is(completed) && measures_.contains(completed.measure())) {
      return absl::StrCat("end of ", completed.measure(), " ", Day(completed.end_date()));
    }
    if (is(ended) && measures_.contains(ended.measure())) {
      return absl::StrCat("end of ", ended.measure(), " ", Day(ended.end_date()));
    }
    return "";
  }

  const Picture::Service& picture_;
  const std::vector<bus::Record>& foreign_;
  const History& history_;
  std::map<std::pair<std::string, int64_t>, std::vector<const store::DeadLetterRow*>> letters_;  // Not expected yet.
  std::map<std::string, Measure> measures_;
  std::map<std::string, int> effects_;  // How often each must stand in the journal.
  std::vector<std::string> faults_;
};

}  // namespace

const std::string& MeasureIn(const ProviderActivity& record) {
  if (record.has_mark()) return record.mark().measure();
  if (record.has_begun()) return record.begun().measure();
  return record.has_done() ? record.done().measure() : record.broken_off().measure();
}

std::vector<std::string> CheckFeeds(const Picture& picture, const History& history) {
  return FeedCheck(picture, history).Check();
}

}  // namespace polku::simulation
