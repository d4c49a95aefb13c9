// A million active measures: start-up, memory, lateness of due instants, and a herd at midnight.
#include <fcntl.h>
#include <httplib.h>
#include <malloc.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "libs/base/calendar.h"
#include "libs/base/ids.h"
#include "libs/pipeline/proto_time.h"
#include "libs/pipeline/wire.h"
#include "libs/testing/free_port.h"
#include "polku/follow_up/v1/api.pb.h"
#include "services/follow-up/service.h"
#include "tools/bench/benches.h"
#include "tools/bench/journeys.h"
#include "tools/bench/rig.h"

namespace polku::bench {
namespace {

constexpr int kMeasures = 1'000'000;
constexpr int kHerd = 100'000;
constexpr double kDuesASecond = 500;
constexpr int kMarksASecond = 5'000;
constexpr absl::Duration kSpreadFor = absl::Seconds(30);  // At full size; never less than a tenth.
constexpr absl::Duration kDrainLongest = absl::Seconds(180);
constexpr absl::Duration kProbeRest = absl::Milliseconds(5);
constexpr int kProbes = 4;
constexpr int kMarksAJourney = 5;
// The bars.
constexpr double kMemoryMost = 1.5 * (1 << 30);
constexpr double kReadyMost = 2;
constexpr double kLatenessMost = 1;
constexpr double kDrainMost = 60;
constexpr double kCommandMost = 100;

// The machine's clock, moved forward at will.
class MovedClock : public Clock {
 public:
  absl::Time Now() const override { return machine_.Now() + absl::Microseconds(ahead_us_.load()); }
  void Set(absl::Time now) { ahead_us_ = absl::ToInt64Microseconds(now - machine_.Now()); }

 private:
  const SystemClock machine_;
  std::atomic<int64_t> ahead_us_ = 0;
};

absl::CivilDay NextMonday() {
  const absl::CivilDay today = absl::ToCivilDay(SystemClock().Now(), Helsinki());
  return absl::NextWeekday(today, absl::Weekday::monday);
}

JourneyPlan PlanOf(bool ends_with_marks) {
  JourneyPlan plan;
  plan.sessions_a_week = kMarksAJourney;
  plan.weeks_before = 4;
  plan.mark_rows = false;
  plan.first_monday = NextMonday() - 7 * plan.weeks_before;
  plan.ends_with_marks = ends_with_marks;
  return plan;
}

Line LineOf(const std::string& bench, const std::string& what, const std::string& unit, double value, double most) {
  Line line;
  line.bench = bench;
  line.what = what;
  line.unit = unit;
  line.ours = value;
  line.bar = most;
  line.bar_of = Line::BarOf::kOurs;
  line.bar_is_least = false;
  return line;
}

prometheus::ClientMetric MetricOf(const prometheus::Registry& registry, const std::string& family,
                                  const std::string& label) {
  for (const prometheus::MetricFamily& each : registry.Collect()) {
    if (each.name != family) continue;
    for (const prometheus::ClientMetric& metric : each.metric) {
      for (const auto& pair : metric.label) {
        if (pair.value == label) return metric;
      }
    }
  }
  Must(absl::InternalError(absl::StrCat("no metric ", family)));
  return {};
}

// As Prometheus reckons it: evenly within the bucket.
double QuantileBetween(const prometheus::ClientMetric::Histogram& before,
                       const prometheus::ClientMetric::Histogram& after, double share) {
  const double wanted = share * static_cast<double>(after.sample_count - before.sample_count);
  double below = 0;
  double from = 0;
  for (size_t i = 0; i < after.bucket.size(); ++i) {
    const auto to_here = static_cast<double>(after.bucket[i].cumulative_count - before.bucket[i].cumulative_count);
    const double to = after.bucket[i].upper_bound;
    if (to_here >= wanted && to_here > below) {
      return std::isinf(to) ? from : from + (to - from) * (wanted - below) / (to_here - below);
    }
    below = to_here;
    from = to;
  }
  return from;
}

// Starts the shipped program on the folder; tells how long until it is ready, and how much memory it has then.
void StartAllInOne(const std::string& folder, std::vector<double>& seconds, std::vector<double>& bytes) {
  const int port = testing::FreePort();
  const std::string program = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "polku-all-in-one";
  std::vector<std::string> words = {program,
                                    "--access.mode=development",
                                    "--data.folder=" + folder,
                                    "--grpc.listen=127.0.0.1:0",
                                    absl::StrCat("--ops.listen=127.0.0.1:", port),
                                    "--pathways.folder=" POLKU_SOURCE_FOLDER "/deploy/pathways",
                                    "--rules.folder=" POLKU_SOURCE_FOLDER "/deploy/rules",
                                    "--instruments.folder=" POLKU_SOURCE_FOLDER "/deploy/instruments",
                                    "--log.level=error"};
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const Stopwatch watch;
  pid_t child = 0;
  if (posix_spawn(&child, program.c_str(), nullptr, nullptr, arguments.data(), environ) != 0) {
    Must(absl::NotFoundError(program));
  }
  httplib::Client client("127.0.0.1", port);
  while (true) {
    const auto answer = client.Get("/readyz");
    if (answer && answer->status == 200) break;
    if (waitpid(child, nullptr, WNOHANG) != 0) Must(absl::InternalError("polku-all-in-one has ended"));
    absl::SleepFor(absl::Milliseconds(5));
  }
  seconds.push_back(absl::ToDoubleSeconds(watch.Stop().wall));
  bytes.push_back(static_cast<double>(ResidentBytes(child)));
  kill(child, SIGTERM);
  waitpid(child, nullptr, 0);
}

// The service with its journeys, on a clock that is moved.
class Million {
 public:
  Million(const Settings& settings, Report& report)
      : report_(report),
        measures_(static_cast<int>(kMeasures * settings.scale)),
        herd_(static_cast<int>(kHerd * settings.scale)),
        spread_for_(kSpreadFor * std::clamp(settings.scale, 0.1, 1.0)),
        folder_(settings.folder + "/million"),
        steady_(PlanOf(false)),
        ending_(PlanOf(true)) {}

  void Load() {
    const Stopwatch watch;
    SystemRandom random;
    const auto database = Must(OpenDatabase(folder_, follow_up::StoreOptions(), &random));
    // Due after the herd, and one after the other.
    clients_ = steady_.Load(*database, measures_ - herd_, random, [this](int i) { return Interval(i); });
    ending_.Load(*database, herd_, random);
    Line line;
    line.bench = "million";
    line.what = "loaded through the store";
    line.unit = "journeys/s";
    line.ours = measures_ / absl::ToDoubleSeconds(watch.Stop().wall);
    report_.Add(std::move(line));
  }

  void Start() {
    std::vector<double> seconds, bytes;
    for (int i = 0; i < 3; ++i) StartAllInOne(folder_, seconds, bytes);
    report_.Add(LineOf("start", "exec to /readyz, all four services", "s", Median(seconds), kReadyMost));
    report_.Add(LineOf("memory", "all-in-one when ready", "MiB", Median(bytes) / (1 << 20), kMemoryMost / (1 << 20)));
  }

  void Open() {
    // Only those that marks come for, so that this program's own memory does not count much.
    const size_t marked = std::min<size_t>(clients_.size() / 2, 200'000);
    clients_.erase(clients_.begin(), clients_.end() - static_cast<std::ptrdiff_t>(marked));
    clients_.shrink_to_fit();
    malloc_trim(0);
    clock_.Set(ending_.due() - absl::Seconds(30));
    rig_ = std::make_unique<Rig>(folder_, follow_up::StoreOptions(), &clock_);
    service_ = rig_->Create<follow_up::Service>(follow_up::Config());
    while (Must(service_->pipeline().Step())) {
    }
    service_->pipeline().Start([](const absl::Status& status) { Must(status); });
  }

  void Herd() {
    const absl::Time midnight = ending_.due();
    clock_.Set(midnight - absl::Seconds(2));
    std::atomic<bool> stop = false;
    std::vector<std::vector<double>> times(kProbes);
    std::vector<std::thread> probes;
    while (clock_.Now() < midnight) absl::SleepFor(absl::Milliseconds(1));
    for (int i = 0; i < kProbes; ++i) probes.emplace_back([&, i] { Probe(i, stop, times[i]); });
    const Stopwatch watch;
    WaitUntilHandled(midnight);
    const absl::Duration drained = watch.Stop().wall;
    stop = true;
    for (std::thread& probe : probes) probe.join();
    while (!Must(Must(rig_->database().Read())->ReadOutbox(1)).empty()) absl::SleepFor(absl::Milliseconds(20));
    const Spent all = watch.Stop();
    std::vector<double> commands;
    for (const auto& some : times) commands.insert(commands.end(), some.begin(), some.end());
    const int found = Count("SELECT COUNT(*) FROM found_interruption");
    Line line = LineOf("herd", absl::StrCat(herd_, " due at one midnight: until handled"), "s",
                       absl::ToDoubleSeconds(drained), kDrainMost);
    line.cpu_us = absl::ToDoubleMicroseconds(all.cpu) / herd_;
    line.note = absl::StrCat(found, " interruptions opened; ", Figure(absl::ToDoubleSeconds(all.wall)),
                             " s until the last of their events was on the bus");
    report_.Add(std::move(line));
    line = LineOf("herd", "command p99 meanwhile", "ms", Quantile(commands, 0.99), kCommandMost);
    line.note =
        absl::StrCat(commands.size(), " commands of ", kProbes, " callers, p50 ", Figure(Median(commands)), " ms");
    report_.Add(std::move(line));
  }

  void Spread() {
    const absl::Time from = steady_.UnmarkedDue(Interval(0));
    for (const absl::Duration before : {absl::Hours(1), absl::Seconds(1)}) {
      clock_.Set(from - before);
      WaitUntilHandled(from - before);  // What the jump has passed over; the clock goes on meanwhile.
    }
    const auto before = Lateness();
    const double marks_before = MetricOf(rig_->metrics(), "polku_pipeline_inputs_total", "bus").counter.value;
    const Stopwatch watch;
    std::atomic<bool> stop = false;
    std::vector<double> times;
    std::thread probe([&] { Probe(0, stop, times); });
    Feed();
    stop = true;
    probe.join();
    const Spent spent = watch.Stop();
    const auto after = Lateness();
    const double marks = MetricOf(rig_->metrics(), "polku_pipeline_inputs_total", "bus").counter.value - marks_before;
    const auto dues = static_cast<double>(after.sample_count - before.sample_count);
    const double seconds = absl::ToDoubleSeconds(spent.wall);
    Line line = LineOf("lateness", absl::StrCat("p99, ", kDuesASecond, " due a second, marks meanwhile"), "s",
                       QuantileBetween(before, after, 0.99), kLatenessMost);
    line.note = absl::StrCat(Figure(dues / seconds), " dues/s and ", Figure(marks / seconds), " marks/s handled, p50 ",
                             Figure(QuantileBetween(before, after, 0.5)), " s; command p50 ", Figure(Median(times)),
                             " ms, p99 ", Figure(Quantile(times, 0.99)), " ms");
    report_.Add(std::move(line));
    report_.Add(LineOf("memory", "follow-up after herd and spread dues", "MiB",
                       static_cast<double>(ResidentBytes()) / (1 << 20), kMemoryMost / (1 << 20)));
    service_->pipeline().Stop();
  }

 private:
  static absl::Duration Interval(int ordinal) {
    return absl::Hours(10 * 24) + ordinal * (absl::Seconds(1) / kDuesASecond);
  }

  // Nothing is due any more that was due by then.
  void WaitUntilHandled(absl::Time due) {
    const Stopwatch watch;
    while (watch.Stop().wall < kDrainLongest) {
      const auto next = Must(Must(rig_->database().Read())->EarliestDue());
      if (!next.has_value() || *next > due) return;
      absl::SleepFor(absl::Milliseconds(20));
    }
    Must(absl::DeadlineExceededError("what is due is not handled"));
  }

  prometheus::ClientMetric::Histogram Lateness() const {
    return MetricOf(rig_->metrics(), "polku_pipeline_due_lateness_seconds", "follow-up").histogram;
  }

  int Count(const std::string& sql) {
    return static_cast<int>(std::get<int64_t>(Must(Must(rig_->database().Read())->Query(sql, {}))[0][0]));
  }

  // Somebody reports contacts, one after the other.
  void Probe(int ordinal, const std::atomic<bool>& stop, std::vector<double>& times) {
    SeededRandom random(ordinal);
    SystemRandom ids;
    const SystemMonotonicClock monotonic;
    while (!stop) {
      auto contact = std::make_unique<follow_up::v1::RecordContactRequest>();
      contact->set_client(clients_[random.Next() % clients_.size()]);
      *contact->mutable_contact_time() = pipeline::ToProto(clock_.Now());
      pipeline::Command command;
      command.method = "polku.follow_up.v1.FollowUpService/RecordContact";
      command.request_id = NewUuidV7(clock_.Now(), ids);
      contact->set_request_id(command.request_id);
      command.request = std::move(contact);
      command.principal = Caller("coordinator");
      const absl::Duration start = monotonic.Elapsed();
      absl::Notification done;
      service_->pipeline().Submit(std::move(command), [&done](const auto& reply) {
        Must(reply.status());
        done.Notify();
      });
      done.WaitForNotification();
      times.push_back(absl::ToDoubleMilliseconds(monotonic.Elapsed() - start));
      absl::SleepFor(kProbeRest);
    }
  }

  // Publishes marks, a tenth of a second's at a time.
  void Feed() {
    const auto producer = Must(rig_->bus().NewProducer());
    const SystemMonotonicClock monotonic;
    const absl::Duration start = monotonic.Elapsed();
    size_t client = 0;
    for (int tenth = 1; start + spread_for_ > monotonic.Elapsed(); ++tenth) {
      std::vector<bus::Message> messages;
      while (static_cast<int>(messages.size()) < kMarksASecond / 10) {
        const std::string& name = clients_[client++ % clients_.size()];
        for (int i = 0; i < kMarksAJourney; ++i) {
          const follow_up::v1::AttendanceMark mark = steady_.Mark(name, i, true);
          store::JournalRow row;
          row.key = name;
          row.public_version = 1 + i;
          row.type = mark.GetDescriptor()->full_name();
          row.payload = mark.SerializeAsString();
          row.time = clock_.Now();
          messages.push_back(pipeline::EncodeEvent("assessment", 1, row));
        }
      }
      for (const absl::Status& status : producer->Publish(messages)) Must(status);
      absl::SleepFor(start + tenth * absl::Milliseconds(100) - monotonic.Elapsed());
    }
  }

  Report& report_;
  const int measures_;
  const int herd_;
  const absl::Duration spread_for_;
  const std::string folder_;
  const JourneyTemplate steady_;
  const JourneyTemplate ending_;
  MovedClock clock_;
  std::vector<std::string> clients_;  // That marks and contacts are for.
  std::unique_ptr<Rig> rig_;
  std::unique_ptr<follow_up::Service> service_;
};

}  // namespace

void BenchMillion(const Settings& settings, Report& report) {
  Million million(settings, report);
  million.Load();
  million.Start();
  million.Open();
  million.Herd();
  million.Spread();
}

}  // namespace polku::bench
