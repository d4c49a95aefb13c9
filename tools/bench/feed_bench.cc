// A provider's week of attendance from Kafka through the follow-up service, against what lies under it: librdkafka
// that takes the same records, and the same rows put into a copy of the file by hand.
#include <librdkafka/rdkafka.h>

#include <iostream>
#include <map>
#include <optional>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "libs/base/resource_name.h"
#include "libs/bus/kafka/client.h"
#include "libs/bus/kafka/kafka_bus.h"
#include "libs/pipeline/feed.h"
#include "libs/pipeline/pipeline.h"
#include "libs/pipeline/wire.h"
#include "libs/testing/kafka_broker.h"
#include "polku/follow_up/v1/feed.pb.h"
#include "services/follow-up/service.h"
#include "tools/bench/benches.h"
#include "tools/bench/feed_database.h"
#include "tools/bench/journeys.h"
#include "tools/bench/rig.h"

namespace polku::bench {
namespace {

constexpr char kProvider[] = "provider";
constexpr int kMeasures = 200'000;
constexpr int kMeasuresLeast = 4'000;  // More than the first batch takes.
constexpr int kMarksAMeasure = 5;
constexpr int kSilentEvery = 100;
constexpr int kPublishAtOnce = 10'000;
constexpr int kTakeAtOnce = 5'000;
constexpr int kTakeMillis = 10;
constexpr double kRatioLeast = 0.5;
constexpr absl::Duration kUntilMissed = absl::Hours(1);
constexpr absl::Duration kUntilFound = absl::Hours(26);  // Tuesday's session is missed, too: two in a row.
constexpr absl::Duration kTellWait = absl::Milliseconds(100);
constexpr int kMinutesMax = 1000;
constexpr int kMinutesAfter = 30;
constexpr absl::Duration kIdle = absl::Milliseconds(1);

class FeedBench {
 public:
  FeedBench(const Settings& settings, testing::KafkaBroker& broker, FeedDatabase& place)
      : place_(place),
        measures_(std::max(kMeasuresLeast, static_cast<int>(kMeasures * settings.scale))),
        topic_(pipeline::ProviderTopicOf(kProvider)),
        journeys_({.sessions_a_week = kMarksAMeasure, .weeks_before = 1}),
        clock_(journeys_.now()) {
    options_.bootstrap_servers = broker.bootstrap_servers();
    options_.clock = &monotonic_;
    // Monday's session is missed a while after the feed has come: until then all may still be told.
    const absl::Duration interval = journeys_.now() + kUntilMissed - journeys_.UnmarkedDue(absl::ZeroDuration());
    {
      const auto database = place_.Open(&random_);
      clients_ = journeys_.Load(*database, measures_, random_, [interval](int) { return interval; });
    }
    // A provider's own order has nothing to do with that of our ids.
    SeededRandom order(1);
    for (size_t i = clients_.size(); i > 1; --i) std::swap(clients_[i - 1], clients_[order.Next() % i]);
    raw_ = place_.CopyIt();
    rig_ = std::make_unique<Rig>(place_.Open(&random_), &clock_, Must(bus::OpenKafkaBus(options_)));
    Must(rig_->bus().EnsureTopics({{topic_, 1}}));
    Publish();
  }

  void Run(Report& report) {
    const Spent taken = TakeRaw();
    Spent ours, by_hand;
    const int64_t marks = Ingest(ours, by_hand);
    const double all = static_cast<double>(published_);
    report.Add(Compare("feed", "librdkafka alone", "records/s", all, {taken}, {}));
    Line line =
        Compare("feed", absl::StrCat("Kafka to ", place_.name(), ", day by day"), "marks/s", static_cast<double>(marks),
                {ours}, {SlowerOf(taken, all, by_hand, static_cast<double>(marks))});
    line.bar = kRatioLeast;
    line.note = absl::StrCat(marks, " marks of ", measures_, " measures; resident ",
                             Figure(static_cast<double>(resident_) / (1 << 20)), " MiB");
    report.Add(std::move(line));
    raw_->CheckSame();
    FindSilent(report);
  }

 private:
  bool IsSilent(size_t measure) const { return measure % kSilentEvery == 0; }

  // As a provider's system tells it: each day's marks of everybody.
  void Publish() {
    const auto producer = Must(rig_->bus().NewProducer());
    std::vector<bus::Message> messages;
    const auto flush = [&] {
      for (const absl::Status& status : producer->Publish(messages)) Must(status);
      published_ += static_cast<int64_t>(messages.size());
      messages.clear();
    };
    for (int day = 0; day < kMarksAMeasure; ++day) {
      for (size_t measure = 0; measure < clients_.size(); ++measure) {
        if (IsSilent(measure)) continue;
        follow_up::v1::ProviderActivity activity;
        *activity.mutable_mark() = journeys_.Mark(clients_[measure], day, true);
        bus::Message& message = messages.emplace_back();
        message.topic = topic_;
        message.key = clients_[measure];
        message.value = activity.SerializeAsString();
        if (messages.size() == kPublishAtOnce) flush();
      }
    }
    flush();
  }

  // One consumer, batch by batch, that looks at the first byte of each. Timed behind the first batch, as ours is.
  // Returns the time for as many records as there are.
  Spent TakeRaw() {
    auto conf = Must(bus::kafka::MakeConf(options_, {{"group.id", "raw"}, {"enable.auto.commit", "false"}}));
    const auto client = Must(bus::kafka::MakeClient(RD_KAFKA_CONSUMER, std::move(conf)));
    rd_kafka_poll_set_consumer(client.get());
    const auto partitions = bus::kafka::MakePartitions(1);
    rd_kafka_topic_partition_list_add(partitions.get(), topic_.c_str(), 0)->offset = RD_KAFKA_OFFSET_BEGINNING;
    Must(bus::kafka::StatusOf(rd_kafka_assign(client.get(), partitions.get()), "assign"));
    const bus::kafka::Queue queue(rd_kafka_queue_get_consumer(client.get()), &rd_kafka_queue_destroy);
    std::vector<rd_kafka_message_t*> batch(kTakeAtOnce);
    int64_t taken = 0, first = 0, sum = 0;
    std::optional<Stopwatch> watch;
    while (taken < published_) {
      const ssize_t count = rd_kafka_consume_batch_queue(queue.get(), kTakeMillis, batch.data(), batch.size());
      for (ssize_t i = 0; i < count; ++i) {
        if (batch[i]->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
          sum += static_cast<const unsigned char*>(batch[i]->payload)[0];
          ++taken;
        }
        rd_kafka_message_destroy(batch[i]);
      }
      if (watch.has_value() || taken == 0) continue;
      first = taken;
      watch.emplace();
    }
    const Spent spent =
        Scaled(watch->Stop(), static_cast<double>(published_) / static_cast<double>(published_ - first));
    if (sum == 0) Must(absl::DataLossError("the records are empty"));
    return spent;
  }

  int64_t Position() {
    for (const store::PositionRow& row : Must(Must(rig_->database().Read())->ReadPositions())) {
      if (row.topic == topic_) return row.next_offset;
    }
    return 0;
  }

  // Returns how many marks `ours` is about: those after the first batch, which waits until the group has met.
  int64_t Ingest(Spent& ours, Spent& by_hand) {
    follow_up::Config config;
    config.providers = {kProvider};
    service_ = rig_->Create<follow_up::Service>(config);
    while (Position() == 0) {
      if (!Must(service_->pipeline().Step())) absl::SleepFor(kIdle);
    }
    const int64_t first = Position();
    raw_->Follow();
    bool more = true;
    while (more) {
      const absl::Duration server_before = place_.ServerCpu();
      const Stopwatch watch;
      const bool worked = Must(service_->pipeline().Step());
      if (!worked) absl::SleepFor(kIdle);
      ours += watch.Stop();
      const absl::Duration server = place_.ServerCpu();
      ours.cpu += server - server_before;
      if (!worked) {
        more = Position() < published_;
        continue;
      }
      resident_ = std::max(resident_, ResidentBytes());
      by_hand += raw_->Follow();
    }
    return published_ - first;
  }

  static Spent Scaled(const Spent& spent, double by) { return {spent.wall * by, spent.cpu * by}; }

  static Spent SlowerOf(const Spent& a, double count_a, const Spent& b, double count_b) {
    if (b.wall / count_b > a.wall / count_a) return b;
    return Scaled(a, count_b / count_a);
  }

  std::multiset<std::string> Found() {
    std::multiset<std::string> found;
    for (const store::Row& row :
         Must(Must(rig_->database().Read())->Query("SELECT interruption FROM found_interruption", {}))) {
      found.insert(*ClientOf(std::get<std::string>(row[0])));
    }
    return found;
  }

  void Minute(absl::Time& now) {
    clock_.Set(now += absl::Minutes(1));
    while (Must(service_->pipeline().Step())) {
    }
    while (Must(service_->pipeline().RelayStep())) {
    }
    absl::SleepFor(kIdle);
  }

  // Of whom the service's own topic tells what, from its beginning to its end.
  std::map<std::string, std::multiset<std::string>> Told() {
    const auto consumer = Must(rig_->bus().NewConsumer("onlooker", {pipeline::TopicOf("follow-up")}));
    std::map<std::string, std::multiset<std::string>> told;
    std::optional<std::set<bus::TopicPartition>> left;
    while (!left.has_value() || !left->empty()) {
      bus::PollLimits limits;
      limits.wait = kTellWait;
      bus::Polled polled = Must(consumer->Poll(limits));
      for (const bus::TopicPartition& each : polled.assigned) {
        Must(consumer->Start(each, 0));
        if (!left.has_value()) left.emplace();
        left->insert(each);
      }
      for (bus::Record& record : polled.records) {
        pipeline::PeerFact fact;
        Must(pipeline::DecodeEvent(std::move(record), fact));
        told[fact.type].insert(fact.key);
      }
      for (const bus::TopicPartition& end : polled.ends) left->erase(end);
    }
    return told;
  }

  // The silent ones are missed now, each once, and nobody else.
  void FindSilent(Report& report) {
    const size_t silent_count = (clients_.size() + kSilentEvery - 1) / kSilentEvery;
    // An unmarked session is missed only once the bus has nothing left to say of its time: asked again every minute.
    absl::Time now = journeys_.now() + kUntilFound;
    const Stopwatch watch;
    for (int minute = 0; minute < kMinutesMax && Found().size() < silent_count; ++minute) Minute(now);
    const Spent spent = watch.Stop();
    // Who is found once too often, or wrongly, is found later.
    for (int minute = 0; minute < kMinutesAfter; ++minute) Minute(now);
    const std::multiset<std::string> found = Found();
    std::multiset<std::string> silent;
    for (size_t measure = 0; measure < clients_.size(); ++measure) {
      if (IsSilent(measure)) silent.insert(clients_[measure]);
    }
    if (found != silent) {
      Must(absl::DataLossError(absl::StrCat(silent.size(), " fell silent, ", found.size(), " interruptions found")));
    }
    std::map<std::string, std::multiset<std::string>> told = Told();
    for (const char* type : {"polku.follow_up.v1.MeasureInterrupted", "polku.follow_up.v1.OutreachRequested"}) {
      if (told[type] == silent) continue;
      Must(absl::DataLossError(absl::StrCat(silent.size(), " fell silent, told: ", told[type].size(), " ", type)));
    }
    report.Add(Compare("feed", absl::StrCat("silent measures found and told on Kafka, each once, ", place_.name()),
                       "found/s", static_cast<double>(found.size()), {spent}, {}));
  }

  FeedDatabase& place_;
  const int measures_;
  const std::string topic_;
  const JourneyTemplate journeys_;
  ManualClock clock_;
  SystemMonotonicClock monotonic_;
  bus::KafkaBusOptions options_;
  SystemRandom random_;
  std::vector<std::string> clients_;
  std::unique_ptr<RawProcess> raw_;
  std::unique_ptr<Rig> rig_;
  std::unique_ptr<follow_up::Service> service_;
  int64_t published_ = 0;
  int64_t resident_ = 0;  // At most, after a batch.
};

// `database` is null where its server is not installed.
void Run(const Settings& settings, const std::unique_ptr<FeedDatabase>& database, Report& report) {
  const auto broker = testing::KafkaBroker::Start();
  if (database == nullptr || !broker.ok()) {
    std::cout << "feed: NOT RUN: "
              << (broker.ok() ? absl::NotFoundError("PostgreSQL is not installed") : broker.status()) << std::endl;
    return;
  }
  FeedBench(settings, **broker, *database).Run(report);
}

}  // namespace

void BenchFeedToSqlite(const Settings& settings, Report& report) {
  Run(settings, SqliteForFeed(settings.folder + "/feed-sqlite"), report);
}

void BenchFeedToPostgres(const Settings& settings, Report& report) {
  Run(settings, PostgresForFeed(settings.folder + "/feed-postgres"), report);
}

}  // namespace polku::bench
