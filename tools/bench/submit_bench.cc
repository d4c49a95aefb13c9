// SubmitReferral by callers who wait for the disk, against the same rows by hand with group commit.
#include <algorithm>
#include <atomic>
#include <deque>
#include <map>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "libs/base/ids.h"
#include "libs/store/sqlite/connection.h"
#include "polku/referral/v1/api.pb.h"
#include "services/referral/api/grpc_api.h"
#include "services/referral/service.h"
#include "tools/bench/benches.h"
#include "tools/bench/rig.h"
#include "tools/bench/shadow.h"

namespace polku::bench {
namespace {

constexpr double kRatioLeast = 0.5;
constexpr HetuPolicy kIdentity{.allow_test_codes = true};

// Few people of a region were born on the same day, and whoever was is compared with each that is referred.
constexpr int kBirthdays = 45 * 365;

// Codes that belong to nobody: individual numbers 900 to 999.
std::string IdentityCode(int ordinal) {
  const absl::CivilDay birthday = absl::CivilDay(1955, 1, 1) + ordinal % kBirthdays;
  const int number = 900 + ordinal / kBirthdays;
  const int day = static_cast<int>(birthday.day() * 10000 + birthday.month() * 100 + birthday.year() % 100);
  constexpr char kCheck[] = "0123456789ABCDEFHJKLMNPRSTUVWXY";
  return absl::StrFormat("%06d-%03d%c", day, number, kCheck[(int64_t{day} * 1000 + number) % 31]);
}

referral::v1::SubmitReferralRequest MakeRequest(int ordinal, const std::string& request_id) {
  referral::v1::SubmitReferralRequest request;
  request.set_request_id(request_id);
  auto& referral = *request.mutable_referral();
  referral.set_receiving_unit("organisations/unit");
  referral.set_segment(common::v1::SEGMENT_UNEMPLOYED);
  referral.add_needs("work-ability");
  referral.add_needs("life-situation");
  referral.set_reason(std::string(400, 'x'));
  auto& person = *referral.mutable_person();
  person.set_identity_code(IdentityCode(ordinal));
  person.set_family_name("Esimerkki");
  person.set_given_names("Eeva Maria");
  person.set_municipality("205");
  person.set_language("fi");
  person.set_phone("+358 00 0000000");
  person.set_postal_address("Esimerkkikatu 1 A 1, 00000 Esimerkki");
  return request;
}

// The key file by hand: a client's key is on the disk before the rows that are sealed with it.
class RawKeys {
 public:
  explicit RawKeys(const std::string& path) {
    store::sqlite::ConnectionOptions options;
    options.path = path;
    connection_ = Must(store::sqlite::Connection::Open(options));
    Must(connection_->Execute("CREATE TABLE data_key(owner TEXT PRIMARY KEY, key BLOB) WITHOUT ROWID"));
    insert_ = Must(connection_->GetText("INSERT INTO data_key VALUES(?1, ?2)"));
  }
  void Write(const std::vector<std::string>& owners) {
    Must(connection_->Execute("BEGIN IMMEDIATE"));
    for (const std::string& owner : owners) {
      insert_->BindText(1, owner);
      insert_->BindBlob(2, key_);
      Must(insert_->Run());
    }
    Must(connection_->Commit());
  }

 private:
  const std::string key_ = std::string(40, 'k');
  std::unique_ptr<store::sqlite::Connection> connection_;
  store::sqlite::Statement* insert_ = nullptr;
};

// Writes for all that wait at that moment, as a database does for its sessions. Without `keys` everything is in one
// file.
class GroupCommit {
 public:
  GroupCommit(Shadow& shadow, RawKeys* keys) : shadow_(shadow), keys_(keys), thread_([this] { Run(); }) {}
  ~GroupCommit() {
    {
      absl::MutexLock lock(&mutex_);
      stop_ = true;
    }
    thread_.join();
  }

  void Write(const std::vector<RawWrite>& writes) {
    absl::Notification done;
    {
      absl::MutexLock lock(&mutex_);
      queue_.push_back({&writes, &done});
    }
    done.WaitForNotification();
  }

 private:
  struct Waiting {
    const std::vector<RawWrite>* writes;
    absl::Notification* done;
  };

  void Run() {
    while (true) {
      std::deque<Waiting> batch;
      {
        absl::MutexLock lock(&mutex_);
        const auto something = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stop_ || !queue_.empty(); };
        mutex_.Await(absl::Condition(&something));
        if (queue_.empty()) return;
        batch.swap(queue_);
      }
      std::vector<RawWrite> all;
      std::vector<std::string> owners;
      for (const Waiting& waiting : batch) {
        all.insert(all.end(), waiting.writes->begin(), waiting.writes->end());
        owners.push_back(waiting.writes->front().owner);
      }
      if (keys_ != nullptr) keys_->Write(owners);
      shadow_.Write(all);
      for (const Waiting& waiting : batch) waiting.done->Notify();
    }
  }

  Shadow& shadow_;
  RawKeys* const keys_;
  absl::Mutex mutex_;
  std::deque<Waiting> queue_ ABSL_GUARDED_BY(mutex_);
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

// Calls `one(i)` for 0 to count - 1 on so many threads; milliseconds of each call.
template <class One>
std::vector<double> CallAll(int callers, int count, One one) {
  std::atomic<int> next = 0;
  std::vector<std::vector<double>> times(callers);
  std::vector<std::thread> threads;
  for (int caller = 0; caller < callers; ++caller) {
    threads.emplace_back([&, caller] {
      const SystemMonotonicClock clock;
      for (int i = next++; i < count; i = next++) {
        const absl::Duration start = clock.Elapsed();
        one(i);
        times[caller].push_back(absl::ToDoubleMilliseconds(clock.Elapsed() - start));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::vector<double> all;
  for (const auto& some : times) all.insert(all.end(), some.begin(), some.end());
  return all;
}

class Submitting {
 public:
  explicit Submitting(const Settings& settings) : folder_(settings.folder + "/submit") {
    Must(OpenDatabase(folder_, referral::StoreOptions(), &random_));
    shadow_ = std::make_unique<Shadow>(DatabasePath(folder_, "referral"), folder_ + "/raw.db");
    keys_ = std::make_unique<RawKeys>(folder_ + "/raw.keys");
    rig_ = std::make_unique<Rig>(folder_, referral::StoreOptions(), &clock_);
    referral::Config config;
    config.identity = kIdentity;
    service_ = rig_->Create<referral::Service>(config);
    service_->pipeline().Start([](const absl::Status& status) { Must(status); });
  }
  ~Submitting() { service_->pipeline().Stop(); }

  void Run(int callers, int count, bool raw_keys, Spent& ours, std::vector<double>& our_times, Spent& raw,
           std::vector<double>& raw_times) {
    std::vector<pipeline::Command> commands;
    for (int i = 0; i < count; ++i) commands.push_back(MakeCommand());
    {
      const Stopwatch watch;
      our_times = CallAll(callers, count, [&](int i) {
        absl::Notification done;
        service_->pipeline().Submit(std::move(commands[i]), [&done](const auto& reply) {
          Must(reply.status());
          done.Notify();
        });
        done.WaitForNotification();
      });
      ours = watch.Stop();
    }
    pipeline::Pipeline* const pipelines[] = {&service_->pipeline()};
    Must(pipeline::WaitDrained(pipelines, SystemMonotonicClock(), absl::Seconds(60)));
    std::map<std::string, std::vector<RawWrite>> by_client;
    for (RawWrite& write : shadow_->Take()) by_client[write.owner].push_back(std::move(write));
    std::vector<std::vector<RawWrite>> referrals;
    for (auto& [client, writes] : by_client) referrals.push_back(std::move(writes));
    if (static_cast<int>(referrals.size()) != count) Must(absl::InternalError("rows of nobody"));
    GroupCommit group(*shadow_, raw_keys ? keys_.get() : nullptr);
    const Stopwatch watch;
    raw_times = CallAll(callers, count, [&](int i) { group.Write(referrals[i]); });
    raw = watch.Stop();
  }

 private:
  pipeline::Command MakeCommand() {
    const referral::v1::SubmitReferralRequest request = MakeRequest(ordinal_++, NewUuidV7(clock_.Now(), random_));
    rpc::WriteTarget target =
        referral::TargetOf(request, kIdentity, rig_->database().hash_key(), clock_.Now(), random_);
    pipeline::Command command;
    command.method = "polku.referral.v1.ReferralService/SubmitReferral";
    command.request = std::make_unique<referral::v1::SubmitReferralRequest>(request);
    command.request_id = request.request_id();
    command.key = target.key;
    command.alias = target.alias;
    command.principal = Caller("referrer");
    return command;
  }

  const std::string folder_;
  SystemClock clock_;
  SystemRandom random_;
  std::unique_ptr<Shadow> shadow_;
  std::unique_ptr<RawKeys> keys_;
  std::unique_ptr<Rig> rig_;
  std::unique_ptr<referral::Service> service_;
  int ordinal_ = 0;
};

}  // namespace

void BenchSubmit(const Settings& settings, Report& report) {
  Submitting submitting(settings);
  for (const auto& [callers, count] : {std::pair(1, 200), std::pair(16, 2000), std::pair(64, 4000)}) {
    const int sized = std::max(callers, static_cast<int>(count * settings.scale));
    std::vector<Spent> ours, raw, ours_one_file, raw_one_file;
    std::vector<double> p50, p99, raw_p50, raw_p99;
    for (int round = 0; round < 2 * settings.rounds; ++round) {
      const bool raw_keys = round % 2 == 0;
      std::vector<double> times, raw_times;
      Spent spent, raw_spent;
      submitting.Run(callers, sized, raw_keys, spent, times, raw_spent, raw_times);
      (raw_keys ? ours : ours_one_file).push_back(spent);
      (raw_keys ? raw : raw_one_file).push_back(raw_spent);
      p50.push_back(Median(times));
      p99.push_back(Quantile(times, 0.99));
      if (!raw_keys) continue;
      raw_p50.push_back(Median(raw_times));
      raw_p99.push_back(Quantile(raw_times, 0.99));
    }
    Line line = Compare("submit", absl::StrCat(callers, callers == 1 ? " caller" : " callers"), "referrals/s", sized,
                        ours, raw);
    const Line one_file = Compare("", "", "", sized, ours_one_file, raw_one_file);
    line.bar = kRatioLeast;
    line.note =
        absl::StrCat("p50 ", Figure(Median(p50)), " ms, p99 ", Figure(Median(p99)), " ms; raw p50 ",
                     Figure(Median(raw_p50)), " ms, p99 ", Figure(Median(raw_p99)), " ms; raw without key file ",
                     Figure(*one_file.raw), "/s, ratio ", Figure(*one_file.ratio));
    report.Add(std::move(line));
  }
}

}  // namespace polku::bench
