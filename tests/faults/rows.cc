#include "tests/faults/rows.h"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/synchronization/mutex.h"
#include "libs/base/ids.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_macros.h"
#include "libs/pipeline/crash_point.h"
#include "libs/pipeline/pipeline.h"
#include "tests/faults/observe.h"
#include "tests/faults/poison.h"
#include "tests/faults/query.h"
#include "tests/faults/restore.h"
#include "tests/faults/stories.h"
#include "tests/faults/topics.h"

namespace polku::faults {
namespace {

constexpr absl::Duration kEndMax = absl::Seconds(30);
constexpr absl::Duration kCrashMax = absl::Seconds(10);
constexpr absl::Duration kAway = absl::Seconds(10);
constexpr absl::Duration kPausedMax = absl::Seconds(10);
constexpr absl::Duration kDeadline = absl::Seconds(3);
constexpr absl::Duration kShortDeadline = absl::Milliseconds(5);
constexpr absl::Duration kShortDeadlineMax = absl::Milliseconds(60);
constexpr int kCopiesMax = 3;
constexpr int kCuts = 10;
constexpr int kStormEnds = 8;
constexpr int kStormCallers = 50;
constexpr int kGaveUp = 1;  // A program that cannot go on, and has said why.
constexpr int kEndedByTerm = 128 + SIGTERM;

// After SIGTERM, and reaped. One that has not been ready yet may end by the signal itself.
void ExpectEnd(Stage& stage, int program, bool was_ready = true) {
  const absl::StatusOr<int> ended = stage.fleet.process(program).Wait(kEndMax);
  if (!ended.ok() || (*ended != 0 && (was_ready || *ended != kEndedByTerm))) {
    stage.exits.push_back(absl::StrCat(stage.fleet.NameOf(program), " after SIGTERM: ",
                                       ended.ok() ? absl::StrCat("ended with ", *ended) : ended.status().ToString()));
  }
  stage.fleet.Kill(program);
}

void Terminate(Stage& stage, int program) {
  const bool was_ready = stage.fleet.IsReady(program);
  stage.fleet.process(program).Signal(SIGTERM);
  ExpectEnd(stage, program, was_ready);
}

absl::Status StrikeKill(Stage& stage) {
  const int program = stage.Pick(stage.fleet.size());
  stage.fleet.Kill(program);
  stage.fleet.Launch(program);
  stage.AwaitRecovery(program);
  return stage.fleet.AwaitReady(program);
}

absl::Status StrikeTerminate(Stage& stage) {
  const int program = stage.Pick(stage.fleet.size());
  stage.fleet.process(program).Signal(SIGTERM);
  // Where nobody else answers it is the end of the whole restart that counts.
  const bool alone = stage.fleet.replicas() == 1;
  if (!alone) stage.AwaitRecovery(program);
  ExpectEnd(stage, program);
  stage.fleet.Launch(program);
  if (alone) stage.AwaitRecovery(program);
  return stage.fleet.AwaitReady(program);
}

// As an upgrade goes: tables first, while the programs of the release before run on; then one program after the other,
// so that for a while each service has one of both.
absl::Status StrikeUpgrade(Stage& stage) {
  const int size = stage.fleet.size();
  if (stage.strike >= size) return absl::OkStatus();
  if (stage.strike == 0) {
    for (int program = 0; program < size; program += stage.fleet.replicas()) {
      ASSIGN_OR_RETURN(const int ended, stage.fleet.RunCommand(program, "migrate"));
      if (ended != 0) stage.exits.push_back(absl::StrCat(stage.fleet.NameOf(program), " migrate ended with ", ended));
    }
    stage.AwaitRecoveryOfAny();
  }
  // The first programs of all services, then the second ones.
  const int services = size / stage.fleet.replicas();
  const int program = stage.fleet.ProgramOf(stage.strike % services, stage.strike / services);
  stage.fleet.process(program).Signal(SIGTERM);
  ExpectEnd(stage, program);
  stage.fleet.Upgrade(program);
  stage.fleet.Launch(program);
  RETURN_IF_ERROR(stage.fleet.AwaitReady(program));
  stage.AwaitRecovery(program);
  return absl::OkStatus();
}

absl::Status StrikeStop(Stage& stage) {
  const int program = stage.Pick(stage.fleet.size());
  const absl::Duration longest = 2 * kSessionTimeout - absl::Seconds(1);
  const absl::Duration lasts = absl::Seconds(1) + longest * (stage.Pick(101) / 100.0);
  const SystemMonotonicClock clock;
  stage.fleet.process(program).Signal(SIGSTOP);
  if (stage.fleet.replicas() > 1) stage.AwaitRecovery(program);
  if (clock.Elapsed() < lasts) Caller::Rest(lasts - clock.Elapsed());
  stage.fleet.process(program).Signal(SIGCONT);
  if (stage.fleet.replicas() == 1) stage.AwaitRecovery(program);
  return stage.fleet.AwaitReady(program);
}

// What only the holder of the lease does is done by the one that is left.
bool NeedsLease(absl::string_view point) { return !absl::StartsWith(point, "corridor."); }

// The stories erase nobody: the simulation loses power at those points.
std::vector<absl::string_view> CrashPointsOfStories() {
  std::vector<absl::string_view> points = pipeline::CrashPoints();
  std::erase_if(points, [](absl::string_view point) { return absl::StartsWith(point, "erasure."); });
  return points;
}

absl::Status StrikeCrashPoint(Stage& stage) {
  const std::vector<absl::string_view> points = CrashPointsOfStories();
  const std::string point(points[static_cast<size_t>(stage.first + stage.strike) % points.size()]);
  const int program = stage.Pick(stage.fleet.size());
  const int other = program ^ 1;
  const bool alone = NeedsLease(point) && stage.fleet.replicas() > 1;
  stage.fleet.Kill(program);
  stage.fleet.Launch(program, {{"POLKU_CRASH_AT", absl::StrCat(point, ":", 1 + stage.Pick(20))}});
  // It may die before it is ready.
  if (absl::Status ready = stage.fleet.AwaitReady(program); !ready.ok() && !absl::IsAborted(ready)) return ready;
  if (alone) stage.fleet.Kill(other);
  const absl::StatusOr<int> ended = stage.fleet.process(program).Wait(kCrashMax);
  if (!ended.ok()) {
    stage.notes.push_back(absl::StrCat(point, " was not reached in ", stage.fleet.NameOf(program)));
  } else if (*ended != kCrashed) {
    stage.exits.push_back(absl::StrCat(stage.fleet.NameOf(program), " at ", point, " ended with ", *ended));
  }
  stage.fleet.Kill(program);
  stage.fleet.Launch(program);
  if (alone) stage.fleet.Launch(other);
  stage.AwaitRecovery(program);
  return stage.fleet.AwaitAllReady();
}

absl::Status StrikeBroker(Stage& stage) {
  RETURN_IF_ERROR(stage.fleet.broker()->Restart(stage.Pick(stage.fleet.broker()->nodes())));
  stage.AwaitRecoveryOfAny();
  return absl::OkStatus();
}

// One after the other, each when all replicas of what the one before it holds are there again.
absl::Status StrikeBounce(Stage& stage) {
  testing::KafkaBroker& broker = *stage.fleet.broker();
  const Topics topics(broker.bootstrap_servers());
  for (int node = 0; node < broker.nodes(); ++node) {
    RETURN_IF_ERROR(broker.Restart(node));
    RETURN_IF_ERROR(topics.AwaitReplicas());
  }
  stage.AwaitRecoveryOfAny();
  return absl::OkStatus();
}

// Whoever decides which node leads is away while the stories go on.
absl::Status StrikeController(Stage& stage) {
  testing::KafkaBroker& broker = *stage.fleet.broker();
  ASSIGN_OR_RETURN(const int controller, broker.Controller());
  broker.Kill(controller);
  stage.AwaitRecoveryOfAny();
  Caller::Rest(kAway);
  RETURN_IF_ERROR(broker.Restart(controller));
  return Topics(broker.bootstrap_servers()).AwaitReplicas();
}

// Nothing can be written for a while: no answer is given that does not hold, and all goes on when there is space again.
absl::Status StrikeDisk(Stage& stage) {
  const std::string ballast = stage.fleet.small_disk() + "/ballast";
  {
    std::ofstream file(ballast, std::ios::binary);
    const std::string block(1 << 20, 'x');
    while (file.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) continue;
  }
  Caller::Rest(absl::Seconds(1 + stage.Pick(3)));
  std::filesystem::remove(ballast);
  for (int program = 0; program < stage.fleet.size(); ++program) stage.ReviveIfEnded(program);
  stage.AwaitRecoveryOfAny();
  return stage.fleet.AwaitAllReady();
}

absl::Status StrikeDatabase(Stage& stage, absl::Duration away) {
  stage.fleet.postgres().Crash(away);
  stage.AwaitRecoveryOfAny();
  return absl::OkStatus();
}

absl::Status StrikeConnections(Stage& stage) {
  for (int cut = 0; cut < kCuts; ++cut) {
    stage.fleet.postgres().Run(
        "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname LIKE 'faults%' AND random() < "
        "0.5");
    Caller::Rest(absl::Milliseconds(stage.Pick(100)));
  }
  stage.AwaitRecoveryOfAny();
  return absl::OkStatus();
}

// Somebody else's session has the table, as an operator's forgotten transaction.
absl::Status StrikeLock(Stage& stage) {
  const int service = stage.Pick(kServices.size());
  RETURN_IF_ERROR(
      Query(stage.fleet.Database(kServices[service]),
            absl::StrCat("BEGIN; LOCK TABLE aggregate; SELECT pg_sleep(", absl::ToInt64Seconds(kAway), "); COMMIT"))
          .status());
  stage.AwaitRecovery(stage.fleet.ProgramOf(service, 0));
  return absl::OkStatus();
}

absl::Status StrikePauseBroker(Stage& stage) {
  stage.fleet.broker()->Pause(true);
  Caller::Rest(kPausedMax * (stage.Pick(101) / 100.0));
  stage.fleet.broker()->Pause(false);
  stage.AwaitRecoveryOfAny();
  return absl::OkStatus();
}

absl::Status StrikeAway(Stage& stage) {
  const std::vector<int> programs = stage.AllOf(stage.Pick(kServices.size()));
  for (const int program : programs) stage.fleet.process(program).Signal(SIGTERM);
  Caller::Rest(kAway);
  for (const int program : programs) {
    ExpectEnd(stage, program);
    stage.fleet.Launch(program);
  }
  stage.AwaitRecovery(programs[0]);
  return stage.fleet.AwaitAllReady();
}

// Members leave, die and come before the others have agreed on who reads what.
absl::Status StrikeStorm(Stage& stage) {
  for (int end = 0; end < kStormEnds; ++end) {
    const int program = stage.Pick(stage.fleet.size());
    stage.Pick(2) == 0 ? Terminate(stage, program) : stage.fleet.Kill(program);
    stage.fleet.Launch(program);
    Caller::Rest(absl::Milliseconds(stage.Pick(1000)));
  }
  stage.AwaitRecoveryOfAny();
  return stage.fleet.AwaitAllReady();
}

absl::Status StrikeDeadline(Stage& stage) {
  stage.Tell(Kind::kReached, kShortDeadline, kShortDeadlineMax);
  return absl::OkStatus();
}

// The same referral from fifty callers with one request id, then another one with that id.
absl::Status StrikeRetryStorm(Stage& stage) {
  referral::v1::SubmitReferralRequest request = ReferralOf(stage.next_ordinal++);
  request.set_request_id(stage.caller.NewId());
  absl::Mutex mutex;
  std::set<std::string> names;
  std::vector<std::thread> callers;
  for (int number = 0; number < kStormCallers; ++number) {
    callers.emplace_back([&, seed = stage.random.Next()] {
      Caller caller(stage.channels, &stage.ledger, seed);
      const auto reply = caller.Call(&Referrals::SubmitReferral, kReferrer, request);
      absl::MutexLock lock(&mutex);
      names.insert(reply.ok() ? reply->name() : reply.status().ToString());
    });
  }
  for (std::thread& caller : callers) caller.join();
  const std::optional<std::string> client = ClientOf(*names.begin());
  if (names.size() != 1 || !client.has_value()) {
    stage.ledger.Changed(absl::StrCat("fifty at once: ", absl::StrJoin(names, ", ")));
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const auto rows,
                   Query(stage.fleet.Database("referral"),
                         absl::StrCat("SELECT COUNT(*) FROM referral WHERE client = '", *client, "'")));
  if (rows[0][0] != "1") stage.ledger.Changed(absl::StrCat("fifty at once made ", rows[0][0], " referrals"));
  request.mutable_referral()->add_needs("another");
  const auto other = stage.caller.Once(&Referrals::SubmitReferral, kReferrer, request);
  if (!absl::IsAlreadyExists(other.status())) {
    stage.ledger.Changed(absl::StrCat("a request id with another content: ", other.status().ToString()));
  }
  return absl::OkStatus();
}

// Both replicas of a reader are away while its group is set back and the records come again.
absl::Status StrikeRepeat(Stage& stage) {
  const Topics topics(stage.fleet.broker()->bootstrap_servers());
  const int reader = stage.Pick(kServices.size());
  const std::set<std::string> peers = PeersOf(kServices[reader]);
  std::set<std::string> read;
  for (const std::string& peer : peers) read.insert(pipeline::TopicOf(peer));
  const std::string topic = *std::next(read.begin(), stage.Pick(static_cast<int>(read.size())));
  ASSIGN_OR_RETURN(const std::vector<RawRecord> records, topics.ReadAll(topic));
  // What has come again before is left out: a topic would grow by powers.
  std::set<std::pair<std::string, std::vector<std::pair<std::string, std::string>>>> seen;
  std::vector<RawRecord> once;
  for (const RawRecord& record : records) {
    if (!IsPoison(record) && seen.insert({*record.key, record.headers}).second) once.push_back(record);
  }
  std::vector<RawRecord> again;
  for (int copies = 1 + stage.Pick(kCopiesMax); copies > 0; --copies) {
    again.insert(again.end(), once.begin(), once.end());
  }
  const std::vector<int> programs = stage.AllOf(reader);
  for (const int program : programs) Terminate(stage, program);
  RETURN_IF_ERROR(topics.ResetGroup(absl::StrCat("polku-", kServices[reader]), read));
  RETURN_IF_ERROR(topics.Write(topic, again).status());
  for (const int program : programs) stage.fleet.Launch(program);
  stage.AwaitRecovery(programs[0]);
  return stage.fleet.AwaitAllReady();
}

absl::Status StrikePoison(Stage& stage) {
  const Topics topics(stage.fleet.broker()->bootstrap_servers());
  const std::string owner = "referral";
  const std::string topic = pipeline::TopicOf(owner);
  ASSIGN_OR_RETURN(const std::vector<RawRecord> good, topics.ReadAll(topic));
  ASSIGN_OR_RETURN(const std::vector<std::string> places, topics.Write(topic, MakePoison(good, stage.random)));
  for (const char* service : kServices) {
    if (PeersOf(service).contains(owner)) stage.poison[service].insert(places.begin(), places.end());
  }
  stage.AwaitRecoveryOfAny();
  return absl::OkStatus();
}

}  // namespace

std::vector<int> Stage::AllOf(int service) const {
  std::vector<int> programs;
  for (int replica = 0; replica < fleet.replicas(); ++replica) programs.push_back(fleet.ProgramOf(service, replica));
  return programs;
}

void Stage::ReviveIfEnded(int program) {
  const std::optional<int> ended = fleet.process(program).Ended();
  if (!ended.has_value()) return;
  (*ended == kGaveUp ? notes : exits).push_back(absl::StrCat(fleet.NameOf(program), " ended with ", *ended));
  fleet.Launch(program);
}

// A command about somebody whom nobody knows: what refuses it is the domain, so that it has gone all the way.
void Stage::AwaitRecovery(int program) {
  const SystemMonotonicClock clock;
  const std::set<absl::StatusCode> refused = {absl::StatusCode::kNotFound, absl::StatusCode::kFailedPrecondition};
  const std::string client = absl::StrCat("clients/", caller.NewId());
  const int service = fleet.ServiceOf(program);
  caller.Turn(program % fleet.replicas());
  if (service == 0) {
    referral::v1::AcceptReferralRequest request;
    request.set_name(absl::StrCat(client, "/referrals/1"));
    request.set_pathway("kainuu-unemployed");
    (void)caller.Call(&Referrals::AcceptReferral, kIntake, request, refused);
  } else if (service == 1) {
    assessment::v1::CompleteAssessmentRequest request;
    request.set_name(absl::StrCat(client, "/assessments/1"));
    (void)caller.Call(&Assessments::CompleteAssessment, kAssessor, request, refused);
  } else if (service == 2) {
    coordinator_network::v1::AcceptAssignmentRequest request;
    request.set_client(client);
    request.set_coordinator("coordinators/c1");
    (void)caller.Call(&Coordinators::AcceptAssignment, kCoordinator, request, refused);
  } else {
    follow_up::v1::CloseJourneyRequest request;
    request.set_client(client);
    request.set_reason(follow_up::v1::CLOSE_REASON_WORK_OR_STUDY);
    (void)caller.Call(&FollowUps::CloseJourney, kCoordinator, request, refused);
  }
  answers.push_back(clock.Elapsed());
  Tell(Kind::kProbe, kDeadline, kDeadline);
  recoveries.push_back(clock.Elapsed());
}

void Stage::Tell(Kind kind, absl::Duration shortest_deadline, absl::Duration longest_deadline) {
  Storyteller teller(channels, &ledger, random.Next(), today);
  teller.caller().set_deadlines(shortest_deadline, longest_deadline);
  teller.Tell(next_ordinal++, kind);
}

std::string MissingFor(const std::set<Need>& needs, Fleet& fleet) {
  const testing::KafkaBroker* broker = fleet.broker();
  if (needs.contains(Need::kSmallDisk) && fleet.small_disk().empty()) return "no small file system can be mounted";
  if (needs.contains(Need::kBroker) && broker == nullptr) return "no broker";
  if (needs.contains(Need::kBrokers) && (broker == nullptr || broker->nodes() == 1)) return "one broker only";
  if (needs.contains(Need::kBefore) && !fleet.has_before()) return "no programs of the release before (--before)";
  if (needs.contains(Need::kPostgres) && fleet.layout() != Layout::kReplicas) return "no PostgreSQL";
  return "";
}

const std::vector<Row>& AllRows() {
  constexpr absl::Duration kApart = absl::Milliseconds(500);
  static const std::vector<Row>* const rows = new std::vector<Row>{
      {"kill", "F1", StrikeKill},
      {"crash-point", "F2", StrikeCrashPoint},
      {"stop", "F3", StrikeStop},
      {"terminate", "F4", StrikeTerminate},
      {"broker", "F5", StrikeBroker, absl::Seconds(15), {Need::kBroker}},
      {"bounce", "F5", StrikeBounce, absl::Seconds(1), {Need::kBrokers}},
      {"controller", "F5", StrikeController, absl::Seconds(1), {Need::kBrokers}},
      {"database",
       "F10",
       [](Stage& stage) { return StrikeDatabase(stage, absl::ZeroDuration()); },
       absl::Seconds(3),
       {Need::kPostgres}},
      {"database-away", "F20", [](Stage& stage) { return StrikeDatabase(stage, kAway); }, kApart, {Need::kPostgres}},
      {"connections", "F9 F10", StrikeConnections, kApart, {Need::kPostgres}},
      {"lock", "F10", StrikeLock, kApart, {Need::kPostgres}},
      {"disk", "F11", StrikeDisk, kApart, {Need::kSmallDisk}},
      {"pause-broker", "F7", StrikePauseBroker, kApart, {Need::kBroker}},
      {"repeat", "F16", StrikeRepeat, kApart, {Need::kBroker}},
      {"storm", "F18", StrikeStorm, kApart, {Need::kBroker}},
      {"poison", "F19", StrikePoison, kApart, {Need::kBroker}},
      {"away", "F21", StrikeAway, kApart, {Need::kBroker}},
      {"deadline", "F26", StrikeDeadline},
      {"retry-storm", "F27", StrikeRetryStorm},
      {"restore", "F31", TakeBackup, absl::Seconds(2), {Need::kPostgres}, PutBack},
      {"upgrade", "", StrikeUpgrade, kApart, {Need::kPostgres, Need::kBefore}},
  };
  return *rows;
}

}  // namespace polku::faults
