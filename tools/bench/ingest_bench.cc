// Attendance marks into the follow-up service, against the same rows put into a copy of its file by hand.
#include <algorithm>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "libs/base/ids.h"
#include "libs/pipeline/wire.h"
#include "services/follow-up/service.h"
#include "tools/bench/benches.h"
#include "tools/bench/journeys.h"
#include "tools/bench/rig.h"
#include "tools/bench/shadow.h"

namespace polku::bench {
namespace {

constexpr int kMarksARound = 20'000;
constexpr int kJourneys = 100'000;
constexpr int kAbsentEvery = 50;
constexpr int kPublishAtOnce = 5'000;
// What a mark may cost, and what the raw part allows.
constexpr double kRatioLeast = 0.5;

enum class Lane { kCommands, kRecords };

// One service with its journeys, and the copy of its file.
class Ingest {
 public:
  Ingest(const Settings& settings, int marks_a_journey)
      : marks_a_journey_(marks_a_journey),
        marks_(std::max(1, static_cast<int>(kMarksARound * settings.scale) / marks_a_journey) * marks_a_journey),
        folder_(absl::StrCat(settings.folder, "/ingest-", marks_a_journey)),
        // About 20 earlier marks a journey.
        journeys_({.sessions_a_week = marks_a_journey, .weeks_before = marks_a_journey < 20 ? 4 : 1}),
        clock_(journeys_.now()) {
    {
      const auto database = Must(OpenDatabase(folder_, follow_up::StoreOptions(), &random_));
      // Both lanes and one round to warm up take other journeys each time.
      const int needed = marks_ / marks_a_journey_ * 2 * (settings.rounds + 1);
      clients_ = journeys_.Load(*database, std::max(needed, static_cast<int>(kJourneys * settings.scale)), random_);
    }
    shadow_ = std::make_unique<Shadow>(DatabasePath(folder_, "follow-up"), folder_ + "/raw.db");
    rig_ = std::make_unique<Rig>(folder_, follow_up::StoreOptions(), &clock_);
    service_ = rig_->Create<follow_up::Service>(follow_up::Config());
    producer_ = Must(rig_->bus().NewProducer());
    while (Must(service_->pipeline().Step())) {
    }
    SeededRandom order(1);
    for (size_t i = clients_.size(); i > 1; --i) std::swap(clients_[i - 1], clients_[order.Next() % i]);
  }

  // A round of one lane: what it took, and what the raw part takes for the same rows in the same batches.
  void Run(Lane lane, Spent& ours, Spent& raw) {
    lane == Lane::kRecords ? Publish() : Prepare();
    std::vector<std::vector<RawWrite>> batches;
    while (true) {
      const Stopwatch watch;
      for (; !waiting_.empty() && submitted_ - answered_ < kQueue; waiting_.pop_back(), ++submitted_) {
        service_->pipeline().Submit(std::move(waiting_.back()), [this](const auto& reply) {
          Must(reply.status());
          ++answered_;
        });
      }
      const bool worked = Must(service_->pipeline().Step());
      const Spent spent = watch.Stop();
      if (!worked && waiting_.empty()) break;
      ours += spent;
      batches.push_back(shadow_->Take());
    }
    const Stopwatch watch;
    for (const auto& batch : batches) shadow_->Write(batch);
    raw = watch.Stop();
    while (Must(service_->pipeline().RelayStep())) {
    }
    shadow_->CheckSame();
  }

  int marks() const { return marks_; }

 private:
  static constexpr int kQueue = 8000;

  std::vector<follow_up::v1::AttendanceMark> Marks() {
    std::vector<follow_up::v1::AttendanceMark> marks;
    while (static_cast<int>(marks.size()) < marks_) {
      for (int i = 0; i < marks_a_journey_; ++i) {
        marks.push_back(journeys_.Mark(clients_.back(), i, ++marked_ % kAbsentEvery != 0));
      }
      clients_.pop_back();
    }
    return marks;
  }

  // As api/attendance_batch.cc makes them of one call's rows.
  void Prepare() {
    const std::string call = NewUuidV7(clock_.Now(), random_);
    for (follow_up::v1::AttendanceMark& mark : Marks()) {
      pipeline::Command command;
      command.method = "polku.follow_up.v1.FollowUpService/RecordAttendance";
      command.request = std::make_unique<follow_up::v1::AttendanceMark>(std::move(mark));
      command.request_id = absl::StrCat(call, "/", waiting_.size());
      command.principal = Caller("provider");
      waiting_.push_back(std::move(command));
    }
    std::reverse(waiting_.begin(), waiting_.end());
  }

  void Publish() {
    std::vector<bus::Message> messages;
    const std::vector<follow_up::v1::AttendanceMark> marks = Marks();
    for (size_t i = 0; i < marks.size(); ++i) {
      store::JournalRow row;
      row.key = marks[i].measure().substr(0, marks[i].measure().find("/measures/"));
      row.public_version = 1 + static_cast<int64_t>(i) % marks_a_journey_;
      row.type = marks[i].GetDescriptor()->full_name();
      row.payload = marks[i].SerializeAsString();
      row.time = clock_.Now();
      messages.push_back(pipeline::EncodeEvent("assessment", 1, row));
    }
    for (size_t i = 0; i < messages.size(); i += kPublishAtOnce) {
      for (const absl::Status& status : producer_->Publish(absl::MakeConstSpan(messages).subspan(i, kPublishAtOnce))) {
        Must(status);
      }
    }
  }

  const int marks_a_journey_;
  const int marks_;
  const std::string folder_;
  const JourneyTemplate journeys_;
  const ManualClock clock_;
  SystemRandom random_;
  std::vector<std::string> clients_;
  std::unique_ptr<Shadow> shadow_;
  std::unique_ptr<Rig> rig_;
  std::unique_ptr<follow_up::Service> service_;
  std::unique_ptr<bus::Producer> producer_;
  std::vector<pipeline::Command> waiting_;  // Last one first.
  int64_t submitted_ = 0;
  int64_t answered_ = 0;
  int64_t marked_ = 0;
};

}  // namespace

void BenchIngest(const Settings& settings, int marks_a_journey, Report& report) {
  Ingest ingest(settings, marks_a_journey);
  for (const Lane lane : {Lane::kRecords, Lane::kCommands}) {
    std::vector<Spent> ours, raw;
    for (int round = 0; round <= settings.rounds; ++round) {
      Spent spent, raw_spent;
      ingest.Run(lane, spent, raw_spent);
      if (round == 0) continue;  // Caches fill.
      ours.push_back(spent);
      raw.push_back(raw_spent);
    }
    Line line = Compare(
        "ingest", absl::StrCat(lane == Lane::kRecords ? "records" : "commands", ", ", marks_a_journey, " a journey"),
        "marks/s", ingest.marks(), ours, raw);
    line.bar = kRatioLeast;
    report.Add(std::move(line));
  }
}

}  // namespace polku::bench
