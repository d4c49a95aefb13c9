#include "tests/faults/rows.h"

#include <csignal>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/base/ids.h"
#include "libs/base/status_macros.h"
#include "libs/pipeline/crash_point.h"
#include "libs/pipeline/pipeline.h"
#include "tests/faults/observe.h"
#include "tests/faults/poison.h"
#include "tests/faults/topics.h"

namespace polku::faults {
namespace {

constexpr absl::Duration kEndMax = absl::Seconds(30);
constexpr absl::Duration kCrashMax = absl::Seconds(10);
constexpr int kCopiesMax = 3;

absl::Status StrikeKill(Stage& stage) {
  const int program = stage.Pick(kPrograms);
  stage.fleet.Kill(program);
  stage.fleet.Launch(program);
  stage.AwaitCommand(Fleet::ServiceOf(program), program % kReplicas);
  return stage.fleet.AwaitReady(program);
}

absl::Status StrikeTerminate(Stage& stage) {
  const int program = stage.Pick(kPrograms);
  stage.fleet.process(program).Signal(SIGTERM);
  stage.AwaitCommand(Fleet::ServiceOf(program), program % kReplicas);
  const absl::StatusOr<int> ended = stage.fleet.process(program).Wait(kEndMax);
  if (!ended.ok() || *ended != 0) {
    stage.exits.push_back(absl::StrCat(Fleet::NameOf(program), " after SIGTERM: ",
                                       ended.ok() ? absl::StrCat("ended with ", *ended) : ended.status().ToString()));
  }
  stage.fleet.Kill(program);
  stage.fleet.Launch(program);
  return stage.fleet.AwaitReady(program);
}

absl::Status StrikeStop(Stage& stage) {
  const int program = stage.Pick(kPrograms);
  const absl::Duration longest = 2 * kSessionTimeout - absl::Seconds(1);
  const absl::Duration lasts = absl::Seconds(1) + longest * (stage.Pick(101) / 100.0);
  const SystemMonotonicClock clock;
  stage.fleet.process(program).Signal(SIGSTOP);
  stage.AwaitCommand(Fleet::ServiceOf(program), program % kReplicas);
  if (clock.Elapsed() < lasts) Caller::Rest(lasts - clock.Elapsed());
  stage.fleet.process(program).Signal(SIGCONT);
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
  const int program = stage.Pick(kPrograms);
  const int other = program ^ 1;
  stage.fleet.Kill(program);
  stage.fleet.Launch(program, {{"POLKU_CRASH_AT", absl::StrCat(point, ":", 1 + stage.Pick(20))}});
  // It may die before it is ready.
  if (absl::Status ready = stage.fleet.AwaitReady(program); !ready.ok() && !absl::IsAborted(ready)) return ready;
  if (NeedsLease(point)) stage.fleet.Kill(other);
  const absl::StatusOr<int> ended = stage.fleet.process(program).Wait(kCrashMax);
  if (!ended.ok()) {
    stage.notes.push_back(absl::StrCat(point, " was not reached in ", Fleet::NameOf(program)));
  } else if (*ended != kCrashed) {
    stage.exits.push_back(absl::StrCat(Fleet::NameOf(program), " at ", point, " ended with ", *ended));
  }
  stage.fleet.Kill(program);
  stage.fleet.Launch(program);
  if (NeedsLease(point)) stage.fleet.Launch(other);
  stage.AwaitCommand(Fleet::ServiceOf(program), program % kReplicas);
  RETURN_IF_ERROR(stage.fleet.AwaitReady(other));
  return stage.fleet.AwaitReady(program);
}

absl::Status StrikeBroker(Stage& stage) {
  RETURN_IF_ERROR(stage.fleet.broker().Restart());
  stage.AwaitCommand(stage.Pick(kServices.size()), 0);
  return absl::OkStatus();
}

absl::Status StrikeDatabase(Stage& stage) {
  stage.fleet.postgres().Crash();
  stage.AwaitCommand(stage.Pick(kServices.size()), 0);
  return absl::OkStatus();
}

absl::Status StrikeConnections(Stage& stage) {
  stage.fleet.postgres().Run(
      "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname LIKE 'faults%' AND random() < 0.7");
  stage.AwaitCommand(stage.Pick(kServices.size()), 0);
  return absl::OkStatus();
}

// Both replicas of a reader are away while its group is set back and the records come again.
absl::Status StrikeRepeat(Stage& stage) {
  const Topics topics(stage.fleet.broker().bootstrap_servers());
  const int reader = stage.Pick(kServices.size());
  const std::set<std::string> peers = PeersOf(kServices[reader]);
  std::set<std::string> read;
  for (const std::string& peer : peers) read.insert(pipeline::TopicOf(peer));
  const std::string topic = *std::next(read.begin(), stage.Pick(static_cast<int>(read.size())));
  ASSIGN_OR_RETURN(const std::vector<RawRecord> records, topics.ReadAll(topic));
  std::vector<RawRecord> again;
  for (int copies = 1 + stage.Pick(kCopiesMax); copies > 0; --copies) {
    for (const RawRecord& record : records) {
      if (!IsPoison(record)) again.push_back(record);
    }
  }
  for (int replica = 0; replica < kReplicas; ++replica)
    stage.fleet.process(reader * kReplicas + replica).Signal(SIGTERM);
  for (int replica = 0; replica < kReplicas; ++replica) {
    RETURN_IF_ERROR(stage.fleet.process(reader * kReplicas + replica).Wait(kEndMax).status());
  }
  RETURN_IF_ERROR(topics.ResetGroup(absl::StrCat("polku-", kServices[reader]), read));
  RETURN_IF_ERROR(topics.Write(topic, again).status());
  for (int replica = 0; replica < kReplicas; ++replica) stage.fleet.Launch(reader * kReplicas + replica);
  stage.AwaitCommand(reader, 0);
  return stage.fleet.AwaitAllReady();
}

absl::Status StrikePoison(Stage& stage) {
  const Topics topics(stage.fleet.broker().bootstrap_servers());
  const std::string owner = "referral";
  const std::string topic = pipeline::TopicOf(owner);
  ASSIGN_OR_RETURN(const std::vector<RawRecord> good, topics.ReadAll(topic));
  ASSIGN_OR_RETURN(const std::vector<std::string> places, topics.Write(topic, MakePoison(good, stage.random)));
  for (const char* service : kServices) {
    if (PeersOf(service).contains(owner)) stage.poison[service].insert(places.begin(), places.end());
  }
  stage.AwaitCommand(stage.Pick(kServices.size()), 0);
  return absl::OkStatus();
}

}  // namespace

// A command about somebody whom nobody knows: what refuses it is the domain, so that it has gone all the way.
void Stage::AwaitCommand(int service, int replica) {
  const SystemMonotonicClock clock;
  const std::set<absl::StatusCode> refused = {absl::StatusCode::kNotFound, absl::StatusCode::kFailedPrecondition};
  const std::string client = absl::StrCat("clients/", caller.NewId());
  caller.Turn(replica);
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
  recoveries.push_back(clock.Elapsed());
}

const std::vector<Row>& AllRows() {
  static const std::vector<Row>* const rows = new std::vector<Row>{
      {"kill", "F1", StrikeKill},
      {"crash-point", "F2", StrikeCrashPoint},
      {"stop", "F3", StrikeStop},
      {"terminate", "F4", StrikeTerminate},
      {"broker", "F5", StrikeBroker, absl::Seconds(15)},
      {"database", "F10", StrikeDatabase, absl::Seconds(3)},
      {"connections", "F10", StrikeConnections},
      {"repeat", "F16", StrikeRepeat},
      {"poison", "F19", StrikePoison},
  };
  return *rows;
}

}  // namespace polku::faults
