// The thin true path: a referral becomes a journey, and a silence becomes outreach.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/base/calendar.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_matchers.h"
#include "libs/pipeline/proto_time.h"
#include "tests/system/region.h"

namespace polku::system_test {
namespace {

namespace network = coordinator_network::v1;
using follow_up::v1::AttendanceStatus;
using follow_up::v1::Interruption;

const absl::CivilDay kMonday(2026, 3, 2);
constexpr auto kPresent = follow_up::v1::ATTENDANCE_STATUS_PRESENT;
constexpr auto kAbsent = follow_up::v1::ATTENDANCE_STATUS_ABSENT;

class Walk : public ::testing::Test {
 protected:
  template <class Service, class Request, class Reply>
  Reply Ok(grpc::Status (Service::*method)(grpc::ClientContext*, const Request&, Reply*), const Who& who,
           const Request& request) {
    const absl::StatusOr<Reply> reply = region_.Call(method, who, request);
    EXPECT_THAT(reply, IsOk());
    return reply.value_or(Reply());
  }

  void Start(const std::string& measure, absl::CivilDay day) {
    follow_up::v1::StartMeasureRequest request;
    request.set_name(measure);
    *request.mutable_start_date() = pipeline::ToProtoDay(day);
    Ok(&FollowUps::StartMeasure, kProvider, request);
    region_.Rest();
  }
  // In the evening of the session's day, and then the feed says that this was all.
  void Mark(const std::string& measure, absl::CivilDay day, AttendanceStatus status) {
    region_.MoveTo(day, 20);
    follow_up::v1::RecordAttendanceRequest request;
    request.add_marks()->set_measure(measure);
    *request.mutable_marks(0)->mutable_date() = pipeline::ToProtoDay(day);
    request.mutable_marks(0)->set_status(status);
    const auto reply = Ok(&FollowUps::RecordAttendance, kProvider, request);
    ASSERT_EQ(reply.results_size(), 1);
    EXPECT_EQ(reply.results(0).code(), 0) << reply.results(0).message();
    Cover();
  }
  void Cover() {
    follow_up::v1::ReportCompleteThroughRequest request;
    request.set_name("sources/feed");
    *request.mutable_complete_through() = pipeline::ToProto(region_.clock().Now());
    Ok(&FollowUps::ReportCompleteThrough, kProvider, request);
    region_.Rest();
  }
  // Another record of the same person, of which the client becomes part.
  std::string MergedIntoAnother(const std::string& client) {
    referral::v1::SubmitReferralRequest second = region_.Referral();
    referral::v1::Person& person = *second.mutable_referral()->mutable_person();
    person.clear_identity_code();
    person.set_family_name("Canary");
    person.set_given_names("Eeva");
    *person.mutable_birth_date() = pipeline::ToProtoDay(absl::CivilDay(1952, 10, 13));
    second.mutable_referral()->set_needs(0, "mental-health");
    const std::string other = *ClientOf(Ok(&Referrals::SubmitReferral, kReferrer, second).name());
    referral::v1::MergeClientsRequest merge;
    merge.set_client(client);
    merge.set_into(other);
    merge.set_text("the same person");
    Ok(&Referrals::MergeClients, kIntake, merge);
    region_.Rest();
    return other;
  }
  std::vector<network::Task> Tasks(network::TaskKind kind) {
    network::ListWorklistRequest request;
    request.set_coordinator("coordinators/c01");
    const auto reply = Ok(&Coordinators::ListWorklist, kCoordinator, request);
    std::vector<network::Task> of_kind;
    for (const network::Task& task : reply.tasks()) {
      if (task.kind() == kind) of_kind.push_back(task);
    }
    return of_kind;
  }
  std::vector<network::Task> Outreach() { return Tasks(network::TASK_KIND_OUTREACH); }
  std::vector<Interruption> Interruptions(follow_up::v1::InterruptionState state) {
    follow_up::v1::ListInterruptionsRequest request;
    request.set_state(state);
    const auto reply = Ok(&FollowUps::ListInterruptions, kLead, request);
    return {reply.interruptions().begin(), reply.interruptions().end()};
  }
  follow_up::v1::Journey Journey(const std::string& client) {
    follow_up::v1::GetJourneyRequest request;
    request.set_client(client);
    return Ok(&FollowUps::GetJourney, kCoordinator, request);
  }
  void ExpectSafe() { EXPECT_EQ(Ok(&FollowUps::ListSafetyNetViolations, kLead, {}).violations_size(), 0); }
  // A client who came twice and then missed two sessions.
  std::string LostClient() {
    const std::string client = region_.PlannedClient();
    const std::string measure = absl::StrCat(client, "/measures/1");
    region_.MoveTo(kMonday + 1, 8);
    Start(measure, kMonday + 1);
    Mark(measure, kMonday + 1, kPresent);
    Mark(measure, kMonday + 3, kPresent);
    Mark(measure, kMonday + 8, kAbsent);
    EXPECT_TRUE(Outreach().empty());
    Mark(measure, kMonday + 10, kAbsent);
    return client;
  }

  Region region_;
};

TEST_F(Walk, TurnsTwoMissesIntoOutreachAndEndsItWhenTheClientWasReached) {
  const std::string client = LostClient();
  const auto open = Interruptions(follow_up::v1::INTERRUPTION_STATE_OPEN);
  ASSERT_EQ(open.size(), 1u);
  EXPECT_EQ(open[0].rule(), follow_up::v1::RULE_MISSED_ATTENDANCE);
  EXPECT_EQ(open[0].measure(), absl::StrCat(client, "/measures/1"));
  EXPECT_EQ(pipeline::FromProto(open[0].counted_from()), LocalTime(kMonday + 8, 14 * 60));
  EXPECT_EQ(Journey(client).follow_up(), follow_up::v1::FOLLOW_UP_STATE_INTERRUPTED);
  follow_up::v1::ExplainInterruptionRequest explain;
  explain.set_name(open[0].name());
  const auto why = Ok(&FollowUps::ExplainInterruption, kCoordinator, explain);
  EXPECT_FALSE(why.why().fi().empty());
  EXPECT_FALSE(why.why().en().empty());
  EXPECT_EQ(why.evidence_size(), 3);  // The start of the measure and both misses.
  ExpectSafe();

  const auto tasks = Outreach();
  ASSERT_EQ(tasks.size(), 1u);
  EXPECT_EQ(tasks[0].subject(), open[0].name());
  region_.MoveTo(kMonday + 11, 10);
  network::CompleteTaskRequest complete;
  complete.set_task(tasks[0].name());
  EXPECT_THAT(region_.Call(&Coordinators::CompleteTask, kCoordinator, complete),
              StatusIs(absl::StatusCode::kFailedPrecondition));  // Nobody has tried yet.
  network::RecordOutreachAttemptRequest attempt;
  attempt.set_task(tasks[0].name());
  attempt.set_channel(network::CHANNEL_CALL);
  attempt.set_outcome(network::ATTEMPT_OUTCOME_REACHED_WILL_RETURN);
  Ok(&Coordinators::RecordOutreachAttempt, kCoordinator, attempt);
  Ok(&Coordinators::CompleteTask, kCoordinator, complete);
  region_.Rest();

  EXPECT_TRUE(Outreach().empty());
  EXPECT_TRUE(Interruptions(follow_up::v1::INTERRUPTION_STATE_OPEN).empty());
  const auto resolved = Interruptions(follow_up::v1::INTERRUPTION_STATE_RESOLVED);
  ASSERT_EQ(resolved.size(), 1u);
  EXPECT_EQ(resolved[0].outcome(), follow_up::v1::RESOLUTION_OUTCOME_RETURNED);
  EXPECT_EQ(Journey(client).follow_up(), follow_up::v1::FOLLOW_UP_STATE_ON_TRACK);
  ExpectSafe();
}

// The client comes back with other needs: they are assessed again, with a deadline that the safety net relies on, and a
// plan follows.
TEST_F(Walk, AssessesAgainAClientWhoseNeedsHaveChanged) {
  const std::string client = LostClient();
  region_.MoveTo(kMonday + 11, 10);
  network::RecordOutreachAttemptRequest attempt;
  attempt.set_task(Outreach()[0].name());
  attempt.set_channel(network::CHANNEL_CALL);
  attempt.set_outcome(network::ATTEMPT_OUTCOME_REACHED_NEEDS_CHANGED);
  for (int i = 0; i < 2; ++i) Ok(&Coordinators::RecordOutreachAttempt, kCoordinator, attempt);  // Said twice.
  network::CompleteTaskRequest ended;
  ended.set_task(attempt.task());
  Ok(&Coordinators::CompleteTask, kCoordinator, ended);
  region_.Rest();
  const auto open = Ok(&Assessments::ListAssessments, kAssessor, {});
  ASSERT_EQ(open.assessments_size(), 1);
  EXPECT_EQ(open.assessments(0).name(), absl::StrCat(client, "/assessments/2"));
  EXPECT_EQ(open.assessments(0).reason(), assessment::v1::ASSESSMENT_REASON_NEEDS_CHANGED);
  EXPECT_EQ(pipeline::FromProto(open.assessments(0).deadline()), EndOfDay(kMonday + 11 + 90));
  EXPECT_EQ(Interruptions(follow_up::v1::INTERRUPTION_STATE_RESOLVED)[0].outcome(),
            follow_up::v1::RESOLUTION_OUTCOME_NEEDS_CHANGED);
  const auto journey = Journey(client);
  EXPECT_TRUE(std::any_of(journey.timeline().begin(), journey.timeline().end(), [](const auto& entry) {
    return absl::StartsWith(entry.what().en(), "The client's needs have changed: they are assessed again.");
  }));
  ExpectSafe();

  // Nobody has agreed on a session by the next office day: the coordinator hears of it.
  region_.MoveTo(kMonday + 15, 10);
  EXPECT_EQ(Tasks(network::TASK_KIND_OVERDUE_ASSESSMENT).size(), 1u);
  assessment::v1::CompleteAssessmentRequest complete;
  complete.set_name(absl::StrCat(client, "/assessments/2"));
  Ok(&Assessments::CompleteAssessment, kAssessor, complete);
  assessment::v1::ProposePlanRequest propose;
  propose.set_assessment(complete.name());
  *propose.add_measures() = region_.Measure();
  *propose.mutable_measures(0)->mutable_start_date() = pipeline::ToProtoDay(kMonday + 21);
  assessment::v1::ApprovePlanRequest approve;
  approve.set_name(Ok(&Assessments::ProposePlan, kCoordinator, propose).name());
  Ok(&Assessments::ApprovePlan, kCoordinator, approve);
  region_.Rest();
  EXPECT_TRUE(Tasks(network::TASK_KIND_OVERDUE_ASSESSMENT).empty());
  EXPECT_EQ(Journey(client).measures_size(), 2);
  ExpectSafe();
}

// An attempt about a single miss belongs to no interruption. What the coordinator does afterwards must still
// reach the journey.
TEST_F(Walk, GoesOnAfterAnAttemptAboutASingleMiss) {
  const std::string client = region_.PlannedClient();
  const std::string measure = absl::StrCat(client, "/measures/1");
  region_.MoveTo(kMonday + 1, 8);
  Start(measure, kMonday + 1);
  Mark(measure, kMonday + 1, kAbsent);
  const auto contact = Tasks(network::TASK_KIND_CONTACT);
  ASSERT_EQ(contact.size(), 1u);
  network::RecordOutreachAttemptRequest attempt;
  attempt.set_task(contact[0].name());
  attempt.set_channel(network::CHANNEL_CALL);
  attempt.set_outcome(network::ATTEMPT_OUTCOME_NOT_REACHED);
  Ok(&Coordinators::RecordOutreachAttempt, kCoordinator, attempt);
  region_.Rest();
  Mark(measure, kMonday + 3, kAbsent);
  ASSERT_EQ(Outreach().size(), 1u);
  attempt.set_task(Outreach()[0].name());
  attempt.set_outcome(network::ATTEMPT_OUTCOME_REACHED_WILL_RETURN);
  Ok(&Coordinators::RecordOutreachAttempt, kCoordinator, attempt);
  network::CompleteTaskRequest complete;
  complete.set_task(attempt.task());
  Ok(&Coordinators::CompleteTask, kCoordinator, complete);
  region_.Rest();
  EXPECT_EQ(Interruptions(follow_up::v1::INTERRUPTION_STATE_RESOLVED).size(), 1u);
}

TEST_F(Walk, FindsMissingMarksOnlyOnceTheFeedHasCoveredThem) {
  const std::string client = region_.PlannedClient();
  region_.MoveTo(kMonday + 1, 8);
  Start(absl::StrCat(client, "/measures/1"), kMonday + 1);
  region_.MoveTo(kMonday + 7, 8);  // Two sessions have gone by without a mark, but the feed is silent.
  EXPECT_TRUE(Outreach().empty());
  ExpectSafe();
  Cover();
  ASSERT_EQ(Outreach().size(), 1u);
  EXPECT_EQ(Outreach()[0].rule(), follow_up::v1::RULE_MISSED_ATTENDANCE);
}

TEST_F(Walk, TurnsAnEarlyEndIntoOutreachAtOnce) {
  const std::string client = region_.PlannedClient();
  const std::string measure = absl::StrCat(client, "/measures/1");
  region_.MoveTo(kMonday + 1, 8);
  Start(measure, kMonday + 1);
  follow_up::v1::EndMeasureEarlyRequest end;
  end.set_name(measure);
  *end.mutable_end_date() = pipeline::ToProtoDay(kMonday + 1);
  end.set_reason(follow_up::v1::END_REASON_ILLNESS);
  Ok(&FollowUps::EndMeasureEarly, kProvider, end);
  region_.Rest();
  ASSERT_EQ(Outreach().size(), 1u);
  EXPECT_EQ(Outreach()[0].rule(), follow_up::v1::RULE_ENDED_EARLY);
  ExpectSafe();
}

TEST_F(Walk, TellsTheReferrerThatTheClientIsInService) {
  const std::string client = region_.AcceptedClient();
  const auto seen = Ok(&Referrals::ListReferrals, kReferrer, {});
  ASSERT_EQ(seen.referrals_size(), 1);
  EXPECT_EQ(seen.referrals(0).state(), referral::v1::REFERRAL_STATE_IN_SERVICE);
  EXPECT_EQ(seen.referrals(0).business_status(), "3.0");
  EXPECT_EQ(Journey(client).coordinator(), "coordinators/c01");
}

// The journey keeps the name that it began with; the referral is the other record's, and hears of it all the same.
TEST_F(Walk, KeepsTheReferralOfAMergedClientInStepWithItsJourneyAndParts) {
  const std::string client = region_.AcceptedClient();
  const std::string referral = absl::StrCat(client, "/referrals/1");
  const std::string other = MergedIntoAnother(client);
  referral::v1::GetReferralRequest get;
  get.set_name(referral);
  EXPECT_EQ(Ok(&Referrals::GetReferral, kReferrer, get).name(), absl::StrCat(other, "/referrals/2"));
  follow_up::v1::CloseJourneyRequest close;
  close.set_client(client);
  close.set_reason(follow_up::v1::CLOSE_REASON_WORK_OR_STUDY);
  Ok(&FollowUps::CloseJourney, kCoordinator, close);
  region_.Rest();
  EXPECT_EQ(Ok(&Referrals::GetReferral, kReferrer, get).state(), referral::v1::REFERRAL_STATE_CLOSED);
  referral::v1::SplitClientRequest split;
  split.set_client(other);
  split.set_merged(client);
  split.set_text("two persons after all");
  Ok(&Referrals::SplitClient, kIntake, split);
  region_.Rest();
  EXPECT_EQ(Ok(&Referrals::GetReferral, kReferrer, get).name(), referral);
  referral::v1::FindClientRequest find;
  find.set_identity_code("131052-9085");
  EXPECT_EQ(Ok(&Referrals::FindClient, kIntake, find).name(), client);
}

// The journey of the name that is used no more hears of what was decided about the person under the other one.
TEST_F(Walk, AsksWhatIsToBecomeOfTheJourneyOfAMergedClientWhoseRecordWasTransferred) {
  const std::string client = region_.AcceptedClient();
  const std::string other = MergedIntoAnother(client);
  referral::v1::TransferOutRequest transfer;
  transfer.set_client(other);
  transfer.set_organisation("organisations/other-region");
  transfer.set_text("moves next month");
  EXPECT_THAT(region_.Call(&Referrals::TransferOut, kIntake, transfer),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  transfer.set_statutory_basis("703/2023 section 54");
  const auto handed = Ok(&Referrals::TransferOut, kIntake, transfer);
  EXPECT_EQ(handed.client().person().identity_code(), "131052-9085");
  ASSERT_EQ(handed.referrals_size(), 2);
  EXPECT_EQ(handed.referrals(0).state(), referral::v1::REFERRAL_STATE_WITHDRAWN);
  region_.MoveTo(kMonday + 14, 9);
  const auto found = Interruptions(follow_up::v1::INTERRUPTION_STATE_OPEN);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(ClientOf(found[0].name()), client);
  EXPECT_EQ(found[0].rule(), follow_up::v1::RULE_CHANGED_CIRCUMSTANCE);
}

// Ended by mistake: the referral is in service again, a coordinator is looked for, and two more misses are found.
TEST_F(Walk, GoesOnInAllServicesWhenAJourneyIsOpenedAgain) {
  const std::string client = region_.PlannedClient();
  const std::string measure = absl::StrCat(client, "/measures/1");
  region_.MoveTo(kMonday + 1, 8);
  Start(measure, kMonday + 1);
  Mark(measure, kMonday + 1, kPresent);
  follow_up::v1::CloseJourneyRequest close;
  close.set_client(client);
  close.set_reason(follow_up::v1::CLOSE_REASON_OTHER);
  Ok(&FollowUps::CloseJourney, kCoordinator, close);
  region_.Rest();
  EXPECT_EQ(Ok(&Referrals::ListReferrals, kIntake, {}).referrals(0).state(), referral::v1::REFERRAL_STATE_CLOSED);
  region_.MoveTo(kMonday + 7, 8);
  follow_up::v1::ReopenJourneyRequest reopen;
  reopen.set_client(client);
  reopen.set_reason(follow_up::v1::REOPEN_REASON_CLOSED_BY_MISTAKE);
  EXPECT_TRUE(Ok(&FollowUps::ReopenJourney, kCoordinator, reopen).open());
  region_.Rest();
  EXPECT_EQ(Ok(&Referrals::ListReferrals, kIntake, {}).referrals(0).state(), referral::v1::REFERRAL_STATE_IN_SERVICE);
  ASSERT_EQ(Tasks(network::TASK_KIND_TAKE_CLIENT).size(), 1u);
  network::AcceptAssignmentRequest accept;
  accept.set_coordinator("coordinators/c01");
  accept.set_client(client);
  Ok(&Coordinators::AcceptAssignment, kCoordinator, accept);
  region_.Rest();
  EXPECT_EQ(Journey(client).coordinator(), "coordinators/c01");
  ExpectSafe();
  Mark(measure, kMonday + 8, kAbsent);
  Mark(measure, kMonday + 10, kAbsent);
  EXPECT_EQ(Outreach().size(), 1u);
  ExpectSafe();
}

TEST_F(Walk, AsksNobodyToCallAClientWhoseOutreachIsHeld) {
  const std::string client = region_.PlannedClient();
  const std::string measure = absl::StrCat(client, "/measures/1");
  region_.MoveTo(kMonday + 1, 8);
  Start(measure, kMonday + 1);
  follow_up::v1::HoldOutreachRequest hold;
  hold.set_client(client);
  *hold.mutable_until_date() = pipeline::ToProtoDay(kMonday + 14);
  hold.set_reason(follow_up::v1::OUTREACH_HOLD_REASON_SAFETY);
  Ok(&FollowUps::HoldOutreach, kCoordinator, hold);
  Mark(measure, kMonday + 1, kAbsent);
  Mark(measure, kMonday + 3, kAbsent);
  EXPECT_TRUE(Outreach().empty());
  const auto open = Interruptions(follow_up::v1::INTERRUPTION_STATE_OPEN);
  ASSERT_EQ(open.size(), 1u);
  EXPECT_TRUE(open[0].outreach_waits());
  ExpectSafe();
  region_.MoveTo(kMonday + 14, 0);
  EXPECT_EQ(Outreach().size(), 1u);
  EXPECT_FALSE(Interruptions(follow_up::v1::INTERRUPTION_STATE_OPEN)[0].outreach_waits());
}

TEST_F(Walk, TellsWhoIsAtRiskBeforeALimitIsReached) {
  const std::string client = region_.PlannedClient();
  const std::string measure = absl::StrCat(client, "/measures/1");
  region_.MoveTo(kMonday + 1, 8);
  Start(measure, kMonday + 1);
  Mark(measure, kMonday + 1, kAbsent);
  follow_up::v1::ListAtRiskRequest request;
  request.set_within_days(30);
  const auto has_rule = [&](follow_up::v1::Rule rule) {
    const auto reply = Ok(&FollowUps::ListAtRisk, kLead, request);
    return std::any_of(reply.at_risk().begin(), reply.at_risk().end(), [&](const auto& each) {
      return each.client() == client && each.rule() == rule && each.has_due_time();
    });
  };
  EXPECT_TRUE(has_rule(follow_up::v1::RULE_NO_CONTACT));  // 21 days from the start.
  request.set_within_days(20);
  EXPECT_FALSE(has_rule(follow_up::v1::RULE_NO_CONTACT));
  request.set_within_days(61);
  EXPECT_THAT(region_.Call(&FollowUps::ListAtRisk, kLead, request), StatusIs(absl::StatusCode::kInvalidArgument));
  // What has been found is on the list of interruptions, not on this one.
  region_.MoveTo(kMonday + 30, 8);
  Cover();
  request.set_within_days(60);
  EXPECT_FALSE(has_rule(follow_up::v1::RULE_NO_CONTACT));
  const auto found = Ok(&FollowUps::ListInterruptions, kLead, {});
  EXPECT_TRUE(std::any_of(found.interruptions().begin(), found.interruptions().end(),
                          [](const auto& each) { return each.rule() == follow_up::v1::RULE_NO_CONTACT; }));
}

TEST_F(Walk, FindsServicesOfTheSharedCatalogueOnTheirDays) {
  network::ImportServicesRequest offered;
  offered.mutable_catalogue()->set_provider(kProvider.organisation);
  offered.mutable_catalogue()->set_complete(true);
  network::ServiceEntry& workshop = *offered.mutable_catalogue()->add_services();
  workshop.set_name(absl::StrCat(kProvider.organisation, "/services/paja"));
  workshop.mutable_title()->set_fi("100 % Työpaja");
  workshop.mutable_title()->set_sv("Verkstad");
  workshop.mutable_title()->set_en("Workshop");
  workshop.add_needs("work-ability");
  workshop.add_municipalities("205");
  workshop.add_segments(common::v1::SEGMENT_UNEMPLOYED);
  workshop.add_measure_types("rehabilitative-work");
  workshop.set_without_referral(true);
  EXPECT_EQ(Ok(&Coordinators::ImportServices, kLead, offered).added(), 1);
  network::SetServiceCapacityRequest capacity;
  capacity.set_service(workshop.name());
  capacity.mutable_capacity()->set_waiting(3);
  Ok(&Coordinators::SetServiceCapacity, kProvider, capacity);
  region_.Rest();

  network::SearchServicesRequest search;
  search.set_municipality("205");
  search.set_need("work-ability");
  search.set_segment(common::v1::SEGMENT_UNEMPLOYED);
  search.set_measure_type("rehabilitative-work");
  search.set_without_referral(true);
  search.set_provider(kProvider.organisation);
  search.set_text("% TYÖ");
  const auto found = Ok(&Coordinators::SearchServices, kReferrer, search);
  ASSERT_EQ(found.services_size(), 1);
  EXPECT_EQ(found.services(0).capacity().waiting(), 3);
  search.set_segment(common::v1::SEGMENT_EMPLOYED);
  EXPECT_EQ(Ok(&Coordinators::SearchServices, kReferrer, search).services_size(), 0);

  // The provider offers nothing any more: today is the last day.
  offered.mutable_catalogue()->clear_services();
  EXPECT_EQ(Ok(&Coordinators::ImportServices, kLead, offered).ended(), 1);
  region_.Rest();
  search.set_segment(common::v1::SEGMENT_UNEMPLOYED);
  EXPECT_EQ(Ok(&Coordinators::SearchServices, kReferrer, search).services_size(), 1);
  region_.MoveTo(kMonday + 1, 8);
  EXPECT_EQ(Ok(&Coordinators::SearchServices, kReferrer, search).services_size(), 0);
}

TEST_F(Walk, LosesNothingWhenTheServerEndsAndStartsAgain) {
  const std::string client = LostClient();
  referral::v1::SubmitReferralRequest submit = region_.Referral();
  submit.set_request_id("01890a5d-ac96-774b-bcce-b302099a8057");
  const auto first = Ok(&Referrals::SubmitReferral, kReferrer, submit);
  region_.Rest();
  const auto journey = Journey(client);
  const auto tasks = Outreach();

  region_.Close();
  region_.Open();
  region_.Rest();

  EXPECT_EQ(Journey(client).SerializeAsString(), journey.SerializeAsString());
  ASSERT_EQ(Outreach().size(), tasks.size());
  EXPECT_EQ(Outreach()[0].SerializeAsString(), tasks[0].SerializeAsString());
  // The reply of before, and no second referral.
  EXPECT_EQ(Ok(&Referrals::SubmitReferral, kReferrer, submit).name(), first.name());
  EXPECT_EQ(Ok(&Referrals::ListReferrals, kIntake, {}).referrals_size(), 2);
  // What began before goes on: the same interruption is resolved after the restart.
  network::RecordOutreachAttemptRequest attempt;
  attempt.set_task(tasks[0].name());
  attempt.set_channel(network::CHANNEL_CALL);
  attempt.set_outcome(network::ATTEMPT_OUTCOME_REACHED_WILL_RETURN);
  Ok(&Coordinators::RecordOutreachAttempt, kCoordinator, attempt);
  network::CompleteTaskRequest complete;
  complete.set_task(tasks[0].name());
  Ok(&Coordinators::CompleteTask, kCoordinator, complete);
  region_.Rest();
  EXPECT_EQ(Interruptions(follow_up::v1::INTERRUPTION_STATE_RESOLVED).size(), 1u);
}

}  // namespace
}  // namespace polku::system_test
