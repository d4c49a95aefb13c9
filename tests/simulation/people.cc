#include "tests/simulation/people.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/calendar.h"
#include "libs/base/status_macros.h"
#include "libs/pipeline/proto_time.h"
#include "polku/assessment/v1/api.pb.h"
#include "polku/coordinator_network/v1/api.pb.h"
#include "polku/follow_up/v1/api.pb.h"
#include "polku/follow_up/v1/state.pb.h"
#include "polku/referral/v1/api.pb.h"

namespace polku::simulation {
namespace {

namespace assessments = ::polku::assessment::v1;
namespace coordinators = ::polku::coordinator_network::v1;
namespace journeys = ::polku::follow_up::v1;
namespace referrals = ::polku::referral::v1;

const std::string& Text(const store::Row& row, size_t column) { return std::get<std::string>(row[column]); }
int64_t Number(const store::Row& row, size_t column) { return std::get<int64_t>(row[column]); }

class Morning {
 public:
  Morning(World& world, const Scenario& scenario)
      : world_(world), scenario_(scenario), now_(world.clock().Now()), today_(LocalDay(now_)) {}

  absl::StatusOr<std::vector<Command>> React() {
    RETURN_IF_ERROR(Tasks());
    RETURN_IF_ERROR(HandOvers());
    RETURN_IF_ERROR(Reassessments());
    // Which of the two is heard first hangs on what lags; a merged client's journey goes on under its old name.
    ASSIGN_OR_RETURN(const bool reopened, Reopenings());
    if (!reopened) RETURN_IF_ERROR(Forget());
    return std::move(commands_);
  }

 private:
  template <class Request>
  Command& Add(int service, const std::string& method, const std::string& why, Request request) {
    Command& command = commands_.emplace_back();
    command.at = now_;
    command.service = service;
    command.method = method;
    command.request_id = RequestId(scenario_.seed, absl::StrCat(method, why, absl::ToUnixSeconds(now_)));
    request.set_request_id(command.request_id);
    command.request = std::make_shared<Request>(std::move(request));
    command.principal = PrincipalOf("coordinator");
    return command;
  }

  // 0 to 99.
  int Luck(const std::string& what) const {
    return static_cast<int>(Mix(scenario_.seed, absl::StrCat(what, FormatDay(today_))) % 100);
  }

  absl::Status Tasks() {
    std::vector<store::Row> tasks;
    {
      ASSIGN_OR_RETURN(const std::unique_ptr<store::Reader> reader, world_.database(kCoordinatorNetwork).Read());
      ASSIGN_OR_RETURN(tasks,
                       reader->Query("SELECT task, client, coordinator, kind, rule, subject, measure, "
                                     "next_step_required FROM task ORDER BY client, kind, rule, measure, subject",
                                     {}));
    }
    for (const store::Row& task : tasks) {
      const auto kind = static_cast<coordinators::TaskKind>(Number(task, 3));
      const std::string& client = Text(task, 1);
      if (kind == coordinators::TASK_KIND_OUTREACH) {
        ASSIGN_OR_RETURN(const journeys::JourneyRecord journey, JourneyOf(client));
        // Whether a call was asked for before a hold hangs on what lagged; nobody makes it meanwhile.
        if (journey.outreach_held_until_us() > absl::ToUnixMicros(now_)) continue;
        Outreach(task, absl::StrCat(client, " ", kind, " ", Number(task, 4), " ", Text(task, 6),
                                    PointOf(journey, Text(task, 5))));
        continue;
      }
      const std::string what = absl::StrCat(client, " ", kind, " ", Number(task, 4), " ", Text(task, 6), Text(task, 5));
      const int chance = Luck(what);
      if (kind == coordinators::TASK_KIND_TAKE_CLIENT && chance < 60) {
        coordinators::AcceptAssignmentRequest request;
        request.set_coordinator(Text(task, 2));
        request.set_client(client);
        Add(kCoordinatorNetwork, "AcceptAssignment", what, std::move(request));
      } else if (kind == coordinators::TASK_KIND_TAKE_CLIENT && chance < 70) {
        coordinators::DeclineAssignmentRequest request;
        request.set_coordinator(Text(task, 2));
        request.set_client(client);
        Add(kCoordinatorNetwork, "DeclineAssignment", what, std::move(request));
      } else if ((kind == coordinators::TASK_KIND_CONTACT || kind == coordinators::TASK_KIND_OVERDUE_ASSESSMENT) &&
                 chance < 30) {
        Complete(task, what, Number(task, 7) != 0 ? 3 : -1);
      }
    }
    return absl::OkStatus();
  }

  absl::StatusOr<journeys::JourneyRecord> JourneyOf(const std::string& client) {
    ASSIGN_OR_RETURN(const std::unique_ptr<store::Reader> reader, world_.database(kFollowUp).Read());
    const std::vector<std::string> keys = {client};
    ASSIGN_OR_RETURN(const auto stored, reader->Load(keys));
    journeys::JourneyRecord journey;
    journey.ParseFromString(stored[0].state);
    return journey;
  }

  // R8 has an interruption for each point that is near, and so may have several calls for one client.
  static std::string PointOf(const journeys::JourneyRecord& journey, const std::string& interruption) {
    for (const journeys::InterruptionRecord& open : journey.interruptions()) {
      if (open.interruption() == interruption) return open.point();
    }
    return "";
  }

  void Outreach(const store::Row& task, const std::string& what) {
    const int chance = Luck(what);
    if (chance < 30) {
      coordinators::RecordOutreachAttemptRequest request;
      request.set_task(Text(task, 0));
      request.set_outcome(static_cast<coordinators::AttemptOutcome>(1 + Luck(what + "outcome") % 13));
      request.set_channel(coordinators::CHANNEL_CALL);
      *request.mutable_attempt_time() = pipeline::ToProto(now_ - absl::Hours(Luck(what + "hours") % 30));
      Add(kCoordinatorNetwork, "RecordOutreachAttempt", what, std::move(request));
      if (chance >= 20) return;
      const int days = Luck(what + "days");
      Complete(task, what, Number(task, 7) != 0 || days < 50 ? days % 15 : -1);
    } else if (chance < 38) {
      journeys::ResolveInterruptionRequest request;
      request.set_name(Text(task, 5));
      request.set_outcome(journeys::RESOLUTION_OUTCOME_NEXT_STEP_AGREED);
      *request.mutable_next_step_date() = pipeline::ToProtoDay(today_ + chance % 10);
      Add(kFollowUp, "ResolveInterruption", what, std::move(request));
    } else if (chance < 43) {
      journeys::CloseJourneyRequest request;
      request.set_client(Text(task, 1));
      request.set_reason(journeys::CLOSE_REASON_GOAL_REACHED);
      Add(kFollowUp, "CloseJourney", what, std::move(request));
    }
  }

  void Complete(const store::Row& task, const std::string& why, int days) {
    coordinators::CompleteTaskRequest request;
    request.set_task(Text(task, 0));
    if (days >= 0) *request.mutable_next_step_date() = pipeline::ToProtoDay(today_ + days);
    Add(kCoordinatorNetwork, "CompleteTask", why, std::move(request));
  }

  // Now and then a client is given to somebody else.
  absl::Status HandOvers() {
    ASSIGN_OR_RETURN(const std::unique_ptr<store::Reader> reader, world_.database(kCoordinatorNetwork).Read());
    ASSIGN_OR_RETURN(const auto taken, reader->Query("SELECT client, coordinator FROM assignment WHERE state = $1 "
                                                     "ORDER BY client",
                                                     {{int64_t{coordinators::ASSIGNMENT_STATE_ACCEPTED}}}));
    for (const store::Row& row : taken) {
      if (Luck(Text(row, 0) + " hand over") >= 3) continue;
      coordinators::HandOverRequest request;
      request.set_from(Text(row, 1));
      request.set_client(Text(row, 0));
      request.set_reason("nearer");
      Add(kCoordinatorNetwork, "HandOver", Text(row, 0), std::move(request));
    }
    return absl::OkStatus();
  }

  // Of those whose needs had changed; not all are ever assessed.
  absl::Status Reassessments() {
    ASSIGN_OR_RETURN(const std::unique_ptr<store::Reader> reader, world_.database(kAssessment).Read());
    ASSIGN_OR_RETURN(
        const auto open,
        reader->Query("SELECT assessment FROM assessment WHERE reason = $1 AND state IN ($2, $3) "
                      "ORDER BY assessment",
                      {{int64_t{assessments::ASSESSMENT_REASON_NEEDS_CHANGED},
                        int64_t{assessments::ASSESSMENT_STATE_OPEN}, int64_t{assessments::ASSESSMENT_STATE_OVERDUE}}}));
    for (const store::Row& row : open) {
      if (Luck(Text(row, 0) + " assessed again") >= 15) continue;
      assessments::CompleteAssessmentRequest request;
      request.set_name(Text(row, 0));
      Add(kAssessment, "CompleteAssessment", Text(row, 0), std::move(request)).principal = PrincipalOf("assessor");
    }
    return absl::OkStatus();
  }

  // Some were let go too soon.
  absl::StatusOr<bool> Reopenings() {
    bool any = false;
    ASSIGN_OR_RETURN(const std::unique_ptr<store::Reader> reader, world_.database(kFollowUp).Read());
    ASSIGN_OR_RETURN(const auto closed, reader->Query("SELECT client FROM journey WHERE open = 0 ORDER BY client", {}));
    for (const store::Row& row : closed) {
      const std::string& client = Text(row, 0);
      if (Luck(client + " reopen") >= 12) continue;
      any = true;
      journeys::ReopenJourneyRequest request;
      request.set_client(client);
      request.set_reason(journeys::REOPEN_REASON_CLIENT_RETURNED);
      Add(kFollowUp, "ReopenJourney", client, std::move(request));
    }
    return any;
  }

  // Whether the scenario refers that client once more.
  bool ComesAgain(const std::string& client) const {
    return std::any_of(scenario_.commands.begin(), scenario_.commands.end(),
                       [&](const Command& command) { return command.key == client && command.at > now_; });
  }

  // Of whom nothing is open any more: erased at once, or on the next day.
  absl::Status Forget() {
    ASSIGN_OR_RETURN(const std::unique_ptr<store::Reader> reader, world_.database(kReferral).Read());
    ASSIGN_OR_RETURN(
        const auto clients,
        reader->Query("SELECT client FROM referral GROUP BY client HAVING SUM(CASE WHEN state IN ($1, $2, "
                      "$3, $4) THEN 0 ELSE 1 END) = 0 ORDER BY client",
                      {{int64_t{referrals::REFERRAL_STATE_DECLINED}, int64_t{referrals::REFERRAL_STATE_CLOSED},
                        int64_t{referrals::REFERRAL_STATE_WITHDRAWN}, int64_t{referrals::REFERRAL_STATE_VOIDED}}}));
    for (const store::Row& row : clients) {
      const std::string& client = Text(row, 0);
      const int chance = Luck(client + " forget");
      if (chance < 10) {
        referrals::EraseClientRequest request;
        request.set_client(client);
        Add(kReferral, "EraseClient", client, std::move(request));
      } else if (chance < 16 && !ComesAgain(client)) {
        referrals::RestrictProcessingRequest request;
        request.set_client(client);
        request.set_restricted(true);
        request.set_reason(referrals::RESTRICTION_REASON_ERASURE_WAITS);
        request.set_schedule_erasure(true);
        Add(kReferral, "RestrictProcessing", client, std::move(request));
      }
    }
    return absl::OkStatus();
  }

  World& world_;
  const Scenario& scenario_;
  const absl::Time now_;
  const absl::CivilDay today_;
  std::vector<Command> commands_;
};

}  // namespace

absl::StatusOr<std::vector<Command>> React(World& world, const Scenario& scenario) {
  return Morning(world, scenario).React();
}

}  // namespace polku::simulation
