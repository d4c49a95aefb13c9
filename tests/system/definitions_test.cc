// Definitions that a region changes while clients walk on them: another version of a pathway, other budgets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "libs/base/calendar.h"
#include "libs/base/status_matchers.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "libs/testing/temporary_folder.h"
#include "tests/system/region.h"

namespace polku::system_test {
namespace {

namespace network = coordinator_network::v1;
using ::testing::HasSubstr;
using ::testing::SizeIs;

const absl::CivilDay kMonday(2026, 3, 2);
constexpr char kMove[] = "pathways/kainuu-unemployed/moves/1-2";

class Definitions : public ::testing::Test {
 protected:
  template <class Service, class Request, class Reply>
  Reply Ok(grpc::Status (Service::*method)(grpc::ClientContext*, const Request&, Reply*), const Who& who,
           const Request& request) {
    const absl::StatusOr<Reply> reply = region_.Call(method, who, request);
    EXPECT_THAT(reply, IsOk());
    return reply.value_or(Reply());
  }
  // The shipped file `from` of `folder` as `to` of the region's own, with `replacements`, which are each there. The
  // server opens with it.
  void OpenWith(std::string& folder, const std::string& from, const std::string& to,
                const std::vector<std::pair<std::string, std::string>>& replacements) {
    const std::string shipped = folder;
    folder = folder_.path() + "/own";
    std::filesystem::copy(shipped, folder);
    std::ifstream stream(absl::StrCat(shipped, "/", from));
    std::string text((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
    for (const auto& [old, changed] : replacements) {
      ASSERT_THAT(text, HasSubstr(old));
      text = absl::StrReplaceAll(text, {{old, changed}});
    }
    std::ofstream(absl::StrCat(folder, "/", to)) << text;
    region_.Close();
    region_.Open();
    region_.Rest();
  }
  std::vector<network::Task> Worklist(const std::string& coordinator, network::TaskKind kind) {
    network::ListWorklistRequest request;
    request.set_coordinator(coordinator);
    const auto reply = Ok(&Coordinators::ListWorklist, kLead, request);
    std::vector<network::Task> of_kind;
    for (const network::Task& task : reply.tasks()) {
      if (task.kind() == kind) of_kind.push_back(task);
    }
    return of_kind;
  }
  follow_up::v1::JourneyMove Move() {
    follow_up::v1::GetJourneyMoveRequest request;
    request.set_name(kMove);
    return Ok(&FollowUps::GetJourneyMove, kLead, request);
  }
  void Start(const std::string& measure, absl::CivilDay day) {
    follow_up::v1::StartMeasureRequest request;
    request.set_name(measure);
    *request.mutable_start_date() = pipeline::ToProtoDay(day);
    Ok(&FollowUps::StartMeasure, kProvider, request);
    region_.Rest();
  }
  // The client was there, and the feed says that this was all until now.
  void Attend(const std::string& measure, absl::CivilDay day) {
    follow_up::v1::RecordAttendanceRequest request;
    request.add_marks()->set_measure(measure);
    *request.mutable_marks(0)->mutable_date() = pipeline::ToProtoDay(day);
    request.mutable_marks(0)->set_status(follow_up::v1::ATTENDANCE_STATUS_PRESENT);
    Ok(&FollowUps::RecordAttendance, kProvider, request);
    region_.Rest();
  }
  void Cover() {
    follow_up::v1::ReportCompleteThroughRequest request;
    request.set_name("sources/feed");
    *request.mutable_complete_through() = pipeline::ToProto(region_.clock().Now());
    Ok(&FollowUps::ReportCompleteThrough, kProvider, request);
    region_.Rest();
  }

  testing::TemporaryFolder folder_;
  Region region_;
};

TEST_F(Definitions, MoveRunningJourneysToAnotherVersionOfTheirPathwayBehindADryRun) {
  const std::string client = region_.PlannedClient();
  const std::string measure = absl::StrCat(client, "/measures/1");
  region_.MoveTo(kMonday + 1, 20);
  Start(measure, kMonday + 1);
  Attend(measure, kMonday + 1);
  region_.MoveTo(kMonday + 3, 20);
  Attend(measure, kMonday + 3);
  // Version 2 is heard of and changes nothing by itself.
  OpenWith(region_.definitions.pathways, "kainuu-unemployed.v1.yaml", "kainuu-unemployed.v2.yaml",
           {{"\nversion: 1\n", "\nversion: 2\nvalid_from: 2027-01-01\nrule_changes: {no_contact_days: 2}\n"}});
  region_.MoveTo(kMonday + 7, 8);
  Cover();
  EXPECT_THAT(Worklist("coordinators/c01", network::TASK_KIND_OUTREACH), SizeIs(0));

  follow_up::v1::MoveJourneysRequest move;
  move.set_name(kMove);
  EXPECT_EQ(ReasonOf(region_.Call(&FollowUps::MoveJourneys, kLead, move).status()), "MOVE_NOT_TRIED");
  follow_up::v1::TryJourneyMoveRequest dry_run;
  dry_run.set_name(kMove);
  Ok(&FollowUps::TryJourneyMove, kLead, dry_run);
  region_.Rest();
  EXPECT_TRUE(Move().tried());
  EXPECT_EQ(Move().journeys(), 1);
  EXPECT_EQ(Move().gained(), 1);
  follow_up::v1::ListJourneyMoveChangesRequest list;
  list.set_name(kMove);
  const auto changes = Ok(&FollowUps::ListJourneyMoveChanges, kLead, list);
  ASSERT_EQ(changes.changes_size(), 1);
  EXPECT_EQ(changes.changes(0).client(), client);
  EXPECT_EQ(changes.changes(0).coordinator(), "coordinators/c01");
  ASSERT_EQ(changes.changes(0).limits_size(), 1);
  EXPECT_EQ(changes.changes(0).limits(0).rule(), follow_up::v1::RULE_NO_CONTACT);
  EXPECT_TRUE(changes.changes(0).limits(0).opens());
  EXPECT_THAT(Worklist("coordinators/c01", network::TASK_KIND_OUTREACH), SizeIs(0));

  Ok(&FollowUps::MoveJourneys, kLead, move);
  region_.Rest();
  EXPECT_EQ(Move().left(), 0);
  EXPECT_THAT(Worklist("coordinators/c01", network::TASK_KIND_OUTREACH), SizeIs(1));
  follow_up::v1::GetJourneyRequest get;
  get.set_client(client);
  const auto journey = Ok(&FollowUps::GetJourney, kCoordinator, get);
  EXPECT_EQ(journey.pathway_version(), 2);
  bool told = false;
  for (const auto& entry : journey.timeline()) told = told || entry.what().fi().find("versioon 2") != std::string::npos;
  EXPECT_TRUE(told);
  // What is planned from now on is planned by the version that the journey is on.
  assessment::v1::GetAssessmentRequest assessed;
  assessed.set_name(absl::StrCat(client, "/assessments/1"));
  EXPECT_EQ(Ok(&Assessments::GetAssessment, kAssessor, assessed).pathway_version(), 2);
  EXPECT_EQ(Ok(&FollowUps::ListSafetyNetViolations, kLead, {}).violations_size(), 0);
}

// The second call of a day is one too many here.
TEST_F(Definitions, TellTheLeadWhenTheBreakerStopsOutreachUntilItIsReleased) {
  OpenWith(region_.definitions.rules, "2026-1.yaml", "2026-1.yaml",
           {{"outreach_rule_day_max: 200", "outreach_rule_day_max: 1"}});
  const std::string client = region_.AcceptedClient();
  assessment::v1::CompleteAssessmentRequest complete;
  complete.set_name(absl::StrCat(client, "/assessments/1"));
  Ok(&Assessments::CompleteAssessment, kAssessor, complete);
  assessment::v1::ProposePlanRequest propose;
  propose.set_assessment(complete.name());
  for (int i = 0; i < 2; ++i) *propose.add_measures() = region_.Measure();
  assessment::v1::ApprovePlanRequest approve;
  approve.set_name(Ok(&Assessments::ProposePlan, kCoordinator, propose).name());
  Ok(&Assessments::ApprovePlan, kCoordinator, approve);
  region_.MoveTo(kMonday + 1, 8);
  for (int i = 1; i <= 2; ++i) {
    const std::string measure = absl::StrCat(client, "/measures/", i);
    Start(measure, kMonday + 1);
    follow_up::v1::EndMeasureEarlyRequest end;
    end.set_name(measure);
    *end.mutable_end_date() = pipeline::ToProtoDay(kMonday + 1);
    end.set_reason(follow_up::v1::END_REASON_ILLNESS);
    Ok(&FollowUps::EndMeasureEarly, kProvider, end);
    region_.Rest();
  }
  EXPECT_THAT(Worklist("coordinators/c01", network::TASK_KIND_OUTREACH), SizeIs(1));
  const auto stopped = Worklist("coordinators/lead", network::TASK_KIND_RELEASE_OUTREACH);
  ASSERT_THAT(stopped, SizeIs(1));
  EXPECT_EQ(stopped[0].subject(), "breakers/outreach");
  EXPECT_EQ(stopped[0].rule(), follow_up::v1::RULE_ENDED_EARLY);
  EXPECT_EQ(stopped[0].waiting(), 1);
  EXPECT_EQ(pipeline::FromProto(stopped[0].due_time()), EndOfDay(kMonday + 2));
  // It is no call: it ends by the release alone.
  network::CompleteTaskRequest by_hand;
  by_hand.set_task(stopped[0].name());
  EXPECT_THAT(region_.Call(&Coordinators::CompleteTask, kLead, by_hand), StatusIs(absl::StatusCode::kInvalidArgument));

  follow_up::v1::ReleaseOutreachBreakerRequest release;
  release.set_name("breakers/outreach");
  Ok(&FollowUps::ReleaseOutreachBreaker, kLead, release);
  region_.Rest();
  EXPECT_THAT(Worklist("coordinators/lead", network::TASK_KIND_RELEASE_OUTREACH), SizeIs(0));
  EXPECT_THAT(Worklist("coordinators/c01", network::TASK_KIND_OUTREACH), SizeIs(2));
}

}  // namespace
}  // namespace polku::system_test
