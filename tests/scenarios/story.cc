#include "tests/scenarios/story.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/calendar.h"
#include "libs/base/resource_name.h"
#include "libs/pipeline/proto_time.h"

namespace polku::scenarios {
namespace {

namespace network = coordinator_network::v1;
using pipeline::ToProto;
using pipeline::ToProtoDay;

constexpr char kCoordinatorName[] = "coordinators/c01";

}  // namespace

Story::Story(Client client) : about_(client) {
  network::RegisterCoordinatorRequest coordinator;
  coordinator.set_coordinator_id("c01");
  coordinator.mutable_coordinator()->set_organisation(about_.unit);
  coordinator.mutable_coordinator()->add_municipalities(about_.municipality);
  coordinator.mutable_coordinator()->add_languages("fi");
  coordinator.mutable_coordinator()->add_segments(about_.segment);
  coordinator.mutable_coordinator()->set_capacity(100);
  if (about_.competence[0] != '\0') coordinator.mutable_coordinator()->add_competences(about_.competence);
  Ok(&Coordinators::RegisterCoordinator, As("lead"), coordinator);
}

void Story::IsReferredBy(Referrer referrer) {
  referral::v1::SubmitReferralRequest request;
  referral::v1::Referral& referral = *request.mutable_referral();
  referral.set_receiving_unit(about_.unit);
  referral.set_segment(about_.segment);
  referral.add_needs(about_.need);
  referral.set_referrer_kind(referrer.kind);
  referral.mutable_person()->set_family_name("Esimerkki");
  referral.mutable_person()->set_given_names("Eeva");
  *referral.mutable_person()->mutable_birth_date() = ToProtoDay(absl::CivilDay(1990, 1, 1));
  referral.mutable_person()->set_municipality(about_.municipality);
  referral.mutable_person()->set_language("fi");
  referral_ = Ok(&Referrals::SubmitReferral, {referrer.organisation, "referrer"}, request).name();
  client_ = ClientOf(referral_).value_or("");
}

absl::Status Story::TryAccept() {
  referral::v1::AcceptReferralRequest accept;
  accept.set_name(referral_);
  accept.set_pathway(about_.pathway);
  accept.set_pathway_version(about_.version);
  const auto status = region_.Call(&Referrals::AcceptReferral, As("intake"), accept).status();
  region_.Rest();
  return status;
}

void Story::IsAccepted() { EXPECT_TRUE(TryAccept().ok()); }

void Story::ComesInBy(Referrer referrer) {
  IsReferredBy(referrer);
  const absl::Status accepted = TryAccept();
  ASSERT_TRUE(accepted.ok()) << accepted;
  network::AcceptAssignmentRequest take;
  take.set_client(client_);
  take.set_coordinator(kCoordinatorName);
  Ok(&Coordinators::AcceptAssignment, As("coordinator"), take);
}

void Story::ScoresWorkAbility(int score) {
  assessment::v1::RecordInstrumentRequest record;
  record.set_assessment(Assessment());
  record.set_instrument("was");
  record.add_answers()->set_item("current-ability");
  record.mutable_answers(0)->set_number(score);
  Ok(&Assessments::RecordInstrument, As("assessor"), record);
}

void Story::IsAdvisedBy(const char* organisation) {
  assessment::v1::RequestConsultationRequest ask;
  ask.set_assessment(Assessment());
  ask.set_organisation(organisation);
  ask.set_question("Is surgery needed?");
  ask.set_basis("health-care-act");
  const auto asked = Ok(&Assessments::RequestConsultation, As("assessor"), ask);
  assessment::v1::AnswerConsultationRequest answer;
  answer.set_name(asked.name());
  answer.set_advice("Not now; physiotherapy first.");
  Ok(&Assessments::AnswerConsultation, {organisation, "provider"}, answer);
}

void Story::IsAssessed(const char* outcome) {
  assessment::v1::CompleteAssessmentRequest complete;
  complete.set_name(Assessment());
  complete.set_outcome(outcome);
  Ok(&Assessments::CompleteAssessment, As("assessor"), complete);
}

assessment::v1::PlannedMeasure Story::Measure(const char* type, const char* provider, int first_day, int last_day,
                                              const char* group, int cost_euros) const {
  assessment::v1::PlannedMeasure measure;
  measure.set_type(type);
  measure.set_provider(provider);
  *measure.mutable_start_date() = ToProtoDay(Day(first_day));
  *measure.mutable_end_date() = ToProtoDay(Day(last_day));
  measure.set_group(group);
  measure.set_cost_euros(cost_euros);
  for (const auto day : {google::type::TUESDAY, google::type::THURSDAY}) {
    auto& session = *measure.add_sessions();
    session.set_day(day);
    session.set_start_minute(9 * 60);
    session.set_end_minute(14 * 60);
  }
  return measure;
}

absl::Status Story::TryPlan(const std::vector<assessment::v1::PlannedMeasure>& measures, int budget_euros) {
  assessment::v1::ProposePlanRequest propose;
  propose.set_assessment(Assessment());
  propose.set_personal_budget_euros(budget_euros);
  for (const auto& measure : measures) *propose.add_measures() = measure;
  const auto plan = region_.Call(&Assessments::ProposePlan, As("coordinator"), propose);
  if (!plan.ok()) return plan.status();
  assessment::v1::ApprovePlanRequest approve;
  approve.set_name(plan->name());
  Ok(&Assessments::ApprovePlan, As("coordinator"), approve);
  planned_.insert(planned_.end(), measures.begin(), measures.end());
  return absl::OkStatus();
}

void Story::Gets(const std::vector<assessment::v1::PlannedMeasure>& measures, int budget_euros) {
  const absl::Status planned = TryPlan(measures, budget_euros);
  EXPECT_TRUE(planned.ok()) << planned;
}

void Story::Starts(int measure, int day) {
  On(day);
  follow_up::v1::StartMeasureRequest start;
  start.set_name(absl::StrCat(client_, "/measures/", measure));
  *start.mutable_start_date() = ToProtoDay(Day(day));
  Ok(&FollowUps::StartMeasure, {planned_.at(measure - 1).provider().c_str(), "provider"}, start);
}

void Story::Mark(int measure, int day, follow_up::v1::AttendanceStatus status) {
  On(day, 20);
  follow_up::v1::RecordAttendanceRequest request;
  auto& mark = *request.add_marks();
  mark.set_measure(absl::StrCat(client_, "/measures/", measure));
  *mark.mutable_date() = ToProtoDay(Day(day));
  mark.set_status(status);
  const auto reply =
      Ok(&FollowUps::RecordAttendance, {planned_.at(measure - 1).provider().c_str(), "provider"}, request);
  ASSERT_EQ(reply.results_size(), 1);
  EXPECT_EQ(reply.results(0).code(), 0) << reply.results(0).message();
}

void Story::Comes(int measure, int day) { Mark(measure, day, follow_up::v1::ATTENDANCE_STATUS_PRESENT); }
void Story::Misses(int measure, int day) { Mark(measure, day, follow_up::v1::ATTENDANCE_STATUS_ABSENT); }

void Story::Completes(int measure, int day) {
  On(day, 20);
  follow_up::v1::CompleteMeasureRequest complete;
  complete.set_name(absl::StrCat(client_, "/measures/", measure));
  *complete.mutable_end_date() = ToProtoDay(Day(day));
  Ok(&FollowUps::CompleteMeasure, {planned_.at(measure - 1).provider().c_str(), "provider"}, complete);
}

Who Story::ResponsibleAs(const char* role) {
  organisations_.push_back(Responsible());
  return {organisations_.back().c_str(), role};
}

absl::StatusOr<follow_up::v1::Transition> Story::TryOffer(const char* step, const char* taker) {
  follow_up::v1::OfferTransitionRequest offer;
  offer.set_client(client_);
  offer.set_step(step);
  offer.set_taker(taker);
  auto offered = region_.Call(&FollowUps::OfferTransition, ResponsibleAs("coordinator"), offer);
  region_.Rest();
  return offered;
}

void Story::IsHandedOver(const char* step, const char* taker) {
  const std::string giver = Responsible();
  const auto offered = TryOffer(step, taker);
  ASSERT_TRUE(offered.ok()) << offered.status();
  EXPECT_EQ(Responsible(), giver);  // Until it is accepted.
  follow_up::v1::AcceptTransitionRequest accept;
  accept.set_name(offered->name());
  Ok(&FollowUps::AcceptTransition, {taker, "coordinator"}, accept);
  EXPECT_EQ(Responsible(), taker);
  EXPECT_EQ(Journey().step(), step);
  Meets(taker);
}

void Story::Meets(const char* organisation) {
  follow_up::v1::RecordContactRequest contact;
  contact.set_client(client_);
  *contact.mutable_contact_time() = ToProto(region_.clock().Now());
  contact.set_kind(follow_up::v1::CONTACT_KIND_MEETING);
  Ok(&FollowUps::RecordContact, {organisation, "coordinator"}, contact);
}

std::vector<network::Task> Story::Worklist(network::TaskKind kind) {
  network::ListWorklistRequest request;
  request.set_coordinator(kCoordinatorName);
  const auto listed = Ok(&Coordinators::ListWorklist, As("coordinator"), request);
  std::vector<network::Task> tasks;
  for (const network::Task& task : listed.tasks()) {
    if (task.kind() == kind) tasks.push_back(task);
  }
  return tasks;
}

follow_up::v1::Journey Story::Journey() {
  follow_up::v1::GetJourneyRequest request;
  request.set_client(client_);
  return Ok(&FollowUps::GetJourney, As("coordinator"), request);
}

void Story::IsMissedBy(follow_up::v1::Rule rule) {
  const auto journey = Journey();
  ASSERT_EQ(journey.interruptions_size(), 1) << journey.DebugString();
  EXPECT_EQ(journey.interruptions(0).rule(), rule);
  const auto tasks = Worklist(network::TASK_KIND_OUTREACH);
  ASSERT_EQ(tasks.size(), 1u);
  EXPECT_EQ(tasks[0].subject(), journey.interruptions(0).name());
  EXPECT_EQ(Ok(&FollowUps::ListSafetyNetViolations, As("lead"), {}).violations_size(), 0);
}

void Story::IsOnTrack() {
  const auto journey = Journey();
  EXPECT_EQ(journey.follow_up(), follow_up::v1::FOLLOW_UP_STATE_ON_TRACK) << journey.DebugString();
  EXPECT_EQ(Ok(&FollowUps::ListSafetyNetViolations, As("lead"), {}).violations_size(), 0);
}

void Story::IsReached(int next_step_day) {
  const auto tasks = Worklist(network::TASK_KIND_OUTREACH);
  ASSERT_EQ(tasks.size(), 1u);
  network::RecordOutreachAttemptRequest attempt;
  attempt.set_task(tasks[0].name());
  attempt.set_channel(network::CHANNEL_CALL);
  attempt.set_outcome(network::ATTEMPT_OUTCOME_REACHED_WILL_RETURN);
  Ok(&Coordinators::RecordOutreachAttempt, As("coordinator"), attempt);
  network::CompleteTaskRequest complete;
  complete.set_task(tasks[0].name());
  if (next_step_day >= 0) *complete.mutable_next_step_date() = ToProtoDay(Day(next_step_day));
  Ok(&Coordinators::CompleteTask, As("coordinator"), complete);
  IsOnTrack();
}

absl::Status Story::TryClose(follow_up::v1::CloseReason reason, const char* outcome) {
  follow_up::v1::CloseJourneyRequest close;
  close.set_client(client_);
  close.set_reason(reason);
  close.set_outcome(outcome);
  const absl::Status status = region_.Call(&FollowUps::CloseJourney, As("coordinator"), close).status();
  region_.Rest();
  return status;
}

void Story::Ends(follow_up::v1::CloseReason reason, const char* outcome) {
  const absl::Status closed = TryClose(reason, outcome);
  EXPECT_TRUE(closed.ok()) << closed;
  EXPECT_FALSE(Journey().open());
  EXPECT_EQ(Journey().outcome(), outcome);
  referral::v1::GetReferralRequest get;
  get.set_name(referral_);
  EXPECT_EQ(Ok(&Referrals::GetReferral, As("intake"), get).state(), referral::v1::REFERRAL_STATE_CLOSED);
}

}  // namespace polku::scenarios
