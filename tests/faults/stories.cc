#include "tests/faults/stories.h"

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "libs/base/calendar.h"
#include "libs/base/hetu.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_macros.h"
#include "libs/pipeline/proto_time.h"

namespace polku::faults {
namespace {

namespace network = coordinator_network::v1;
using absl::StatusCode;

constexpr absl::Duration kAwaitMax = absl::Seconds(120);
constexpr absl::Duration kLook = absl::Milliseconds(100);
constexpr int kCoordinators = 20;
constexpr int kCapacity = 500;  // The most there is.
constexpr int kThreads = 4;
constexpr int kBirthdays = 45 * 365;
constexpr int kPageSize = 200;

// Codes that belong to nobody: individual numbers 900 to 999.
std::string IdentityCode(int ordinal) {
  const absl::CivilDay birthday = absl::CivilDay(1955, 1, 1) + ordinal % kBirthdays;
  const std::string code = absl::StrFormat("%02d%02d%02d-%d", birthday.day(), birthday.month(), birthday.year() % 100,
                                           900 + ordinal / kBirthdays);
  for (const char check : absl::string_view("0123456789ABCDEFHJKLMNPRSTUVWXY")) {
    if (Hetu::Parse(code + check, {.allow_test_codes = true}).ok()) return code + check;
  }
  POLKU_CHECK(false);
}

bool HasHoliday(const Days& days) {
  return IsPublicHoliday(days.start) || IsPublicHoliday(days.first) || IsPublicHoliday(days.second);
}

google::type::DayOfWeek DayOfWeek(absl::CivilDay day) {
  return static_cast<google::type::DayOfWeek>(static_cast<int>(absl::GetWeekday(day)) + google::type::MONDAY);
}

}  // namespace

Days DaysBefore(absl::CivilDay today) {
  Days days;
  for (int back = 1; back <= 4; ++back) {
    days = {today - back - 7, today - back - 2, today - back};
    if (!HasHoliday(days)) break;
  }
  return days;
}

referral::v1::SubmitReferralRequest ReferralOf(int ordinal) {
  referral::v1::SubmitReferralRequest submit;
  referral::v1::Referral& referral = *submit.mutable_referral();
  referral.set_receiving_unit("organisations/unit");
  referral.set_segment(common::v1::SEGMENT_UNEMPLOYED);
  referral.add_needs("work-ability");
  referral.mutable_person()->set_identity_code(IdentityCode(ordinal));
  referral.mutable_person()->set_municipality("205");
  referral.mutable_person()->set_language("fi");
  return submit;
}

absl::Status Prepare(Caller& caller) {
  for (int i = 1; i <= kCoordinators; ++i) {
    network::RegisterCoordinatorRequest request;
    request.set_coordinator_id(absl::StrCat("c", i));
    request.mutable_coordinator()->set_organisation("organisations/unit");
    request.mutable_coordinator()->add_municipalities("205");
    request.mutable_coordinator()->add_languages("fi");
    request.mutable_coordinator()->add_segments(common::v1::SEGMENT_UNEMPLOYED);
    request.mutable_coordinator()->set_capacity(kCapacity);
    RETURN_IF_ERROR(caller.Call(&Coordinators::RegisterCoordinator, kLead, request).status());
  }
  return absl::OkStatus();
}

template <class Ask, class IsDone>
auto Storyteller::Await(const char* what, Ask ask, IsDone done) -> decltype(ask()) {
  const absl::Duration end = clock_.Elapsed() + kAwaitMax;
  while (true) {
    auto answer = ask();
    if (answer.ok() ? done(*answer) : !absl::IsNotFound(answer.status())) return answer;
    if (clock_.Elapsed() > end) return absl::DeadlineExceededError(absl::StrCat("waited for ", what));
    Caller::Rest(kLook);
  }
}

void Storyteller::Tell(int ordinal, Kind kind) {
  client_.clear();
  const absl::Status told = Run(ordinal, kind);
  if (told.ok()) {
    ledger_->Finished(client_, kind);
  } else {
    ledger_->Stuck(
        absl::StrCat("story ", ordinal, " of kind ", static_cast<int>(kind), ", ", client_, ": ", told.ToString()));
  }
}

absl::Status Storyteller::Run(int ordinal, Kind kind) {
  RETURN_IF_ERROR(Enter(ordinal));
  RETURN_IF_ERROR(TakeOn());
  if (kind == Kind::kProbe) return absl::OkStatus();
  RETURN_IF_ERROR(Plan());
  RETURN_IF_ERROR(Attend(kind));
  if (kind == Kind::kAttends) return absl::OkStatus();
  RETURN_IF_ERROR(Reach(kind));
  if (kind != Kind::kClosed) return absl::OkStatus();
  follow_up::v1::CloseJourneyRequest close;
  close.set_client(client_);
  close.set_reason(follow_up::v1::CLOSE_REASON_WORK_OR_STUDY);
  return caller_.Call(&FollowUps::CloseJourney, kCoordinator, close).status();
}

absl::Status Storyteller::Enter(int ordinal) {
  source_ = absl::StrCat("s", ordinal);
  follow_up::v1::RegisterSourceRequest source;
  source.set_source_id(source_);
  source.mutable_source()->set_provider("organisations/provider");
  *source.mutable_source()->mutable_reporting_interval() = pipeline::ToProto(absl::Hours(24));
  RETURN_IF_ERROR(caller_.Call(&FollowUps::RegisterSource, kLead, source).status());
  ASSIGN_OR_RETURN(const auto submitted, caller_.Call(&Referrals::SubmitReferral, kReferrer, ReferralOf(ordinal)));
  referral_ = submitted.name();
  client_ = *ClientOf(referral_);
  referral::v1::AcceptReferralRequest accept;
  accept.set_name(referral_);
  accept.set_pathway("kainuu-unemployed");
  return caller_.Call(&Referrals::AcceptReferral, kIntake, accept).status();
}

absl::Status Storyteller::TakeOn() {
  assessment::v1::GetAssessmentRequest assessment;
  assessment.set_name(absl::StrCat(client_, "/assessments/1"));
  const auto ask = [&] {
    return caller_.Call(&Assessments::GetAssessment, kAssessor, assessment, {StatusCode::kNotFound});
  };
  RETURN_IF_ERROR(Await("the assessment", ask, [](const auto&) { return true; }).status());
  network::GetAssignmentRequest get;
  get.set_client(client_);
  const auto ask_assignment = [&] {
    return caller_.Call(&Coordinators::GetAssignment, kCoordinator, get, {StatusCode::kNotFound});
  };
  ASSIGN_OR_RETURN(const network::Assignment assignment,
                   Await("a proposed coordinator", ask_assignment,
                         [](const network::Assignment& each) { return !each.coordinator().empty(); }));
  coordinator_ = assignment.coordinator();
  network::AcceptAssignmentRequest accept;
  accept.set_client(client_);
  accept.set_coordinator(coordinator_);
  RETURN_IF_ERROR(caller_.Call(&Coordinators::AcceptAssignment, kCoordinator, accept).status());
  return Await(
             "the coordinator of the journey", [&] { return Journey(); },
             [](const auto& journey) { return !journey.coordinator().empty(); })
      .status();
}

absl::Status Storyteller::Plan() {
  assessment::v1::CompleteAssessmentRequest complete;
  complete.set_name(absl::StrCat(client_, "/assessments/1"));
  RETURN_IF_ERROR(caller_.Call(&Assessments::CompleteAssessment, kAssessor, complete).status());
  assessment::v1::ProposePlanRequest propose;
  propose.set_assessment(complete.name());
  assessment::v1::PlannedMeasure& measure = *propose.add_measures();
  measure.set_type("rehabilitative-work");
  measure.set_provider("organisations/provider");
  measure.set_source(absl::StrCat("sources/", source_));
  *measure.mutable_start_date() = pipeline::ToProtoDay(days_.start);
  *measure.mutable_end_date() = pipeline::ToProtoDay(today_ + 120);
  const std::set<google::type::DayOfWeek> weekdays = {DayOfWeek(days_.first), DayOfWeek(days_.second)};
  for (const google::type::DayOfWeek day : weekdays) {
    auto& session = *measure.add_sessions();
    session.set_day(day);
    session.set_start_minute(9 * 60);
    session.set_end_minute(14 * 60);
  }
  ASSIGN_OR_RETURN(const assessment::v1::Plan plan, caller_.Call(&Assessments::ProposePlan, kCoordinator, propose));
  assessment::v1::ApprovePlanRequest approve;
  approve.set_name(plan.name());
  RETURN_IF_ERROR(caller_.Call(&Assessments::ApprovePlan, kCoordinator, approve).status());
  return Await(
             "the measure", [&] { return Journey(); }, [](const auto& journey) { return journey.measures_size() > 0; })
      .status();
}

absl::StatusOr<follow_up::v1::Journey> Storyteller::Journey() {
  follow_up::v1::GetJourneyRequest request;
  request.set_client(client_);
  return caller_.Call(&FollowUps::GetJourney, kCoordinator, request, {StatusCode::kNotFound});
}

absl::Status Storyteller::Mark(absl::CivilDay day, follow_up::v1::AttendanceStatus status,
                               const std::set<StatusCode>& fine) {
  follow_up::v1::RecordAttendanceRequest request;
  request.add_marks()->set_measure(absl::StrCat(client_, "/measures/1"));
  *request.mutable_marks(0)->mutable_date() = pipeline::ToProtoDay(day);
  request.mutable_marks(0)->set_status(status);
  return caller_.Call(&FollowUps::RecordAttendance, kProvider, request, fine).status();
}

absl::Status Storyteller::EndEarly(const std::set<StatusCode>& fine) {
  follow_up::v1::EndMeasureEarlyRequest end;
  end.set_name(absl::StrCat(client_, "/measures/1"));
  *end.mutable_end_date() = pipeline::ToProtoDay(days_.start + 1);
  end.set_reason(follow_up::v1::END_REASON_ILLNESS);
  return caller_.Call(&FollowUps::EndMeasureEarly, kProvider, end, fine).status();
}

absl::Status Storyteller::Report() {
  follow_up::v1::ReportCompleteThroughRequest request;
  request.set_name(absl::StrCat("sources/", source_));
  *request.mutable_complete_through() = pipeline::ToProto(StartOfDay(today_));
  return caller_.Call(&FollowUps::ReportCompleteThrough, kProvider, request).status();
}

absl::Status Storyteller::Attend(Kind kind) {
  follow_up::v1::StartMeasureRequest start;
  start.set_name(absl::StrCat(client_, "/measures/1"));
  *start.mutable_start_date() = pipeline::ToProtoDay(days_.start);
  RETURN_IF_ERROR(caller_.Call(&FollowUps::StartMeasure, kProvider, start).status());
  RETURN_IF_ERROR(Mark(days_.start, follow_up::v1::ATTENDANCE_STATUS_PRESENT));
  if (kind == Kind::kEndedEarly) {
    RETURN_IF_ERROR(EndEarly());
    return Report();
  }
  const auto status =
      kind == Kind::kAttends ? follow_up::v1::ATTENDANCE_STATUS_PRESENT : follow_up::v1::ATTENDANCE_STATUS_ABSENT;
  RETURN_IF_ERROR(Mark(days_.first, status));
  RETURN_IF_ERROR(Mark(days_.second, status));
  return Report();
}

void Storyteller::RecordAgain(const std::string& client, Kind kind) {
  if (kind == Kind::kProbe) return;
  client_ = client;
  const std::set<StatusCode> refused = {StatusCode::kNotFound, StatusCode::kFailedPrecondition,
                                        StatusCode::kAlreadyExists};
  (void)Mark(days_.start, follow_up::v1::ATTENDANCE_STATUS_PRESENT, refused);
  if (kind == Kind::kEndedEarly) return (void)EndEarly(refused);
  const auto status =
      kind == Kind::kAttends ? follow_up::v1::ATTENDANCE_STATUS_PRESENT : follow_up::v1::ATTENDANCE_STATUS_ABSENT;
  (void)Mark(days_.first, status, refused);
  (void)Mark(days_.second, status, refused);
  if (kind == Kind::kNotReached) AttemptAgain(refused);
}

// Of a task that knows of none.
void Storyteller::AttemptAgain(const std::set<StatusCode>& refused) {
  network::GetAssignmentRequest get;
  get.set_client(client_);
  const auto assignment = caller_.Call(&Coordinators::GetAssignment, kCoordinator, get, refused);
  if (!assignment.ok()) return;
  coordinator_ = assignment->coordinator();
  const auto task = FindOutreach();
  if (!task.ok() || task->attempts() > 0) return;
  network::RecordOutreachAttemptRequest attempt;
  attempt.set_task(task->name());
  attempt.set_channel(network::CHANNEL_CALL);
  attempt.set_outcome(network::ATTEMPT_OUTCOME_NOT_REACHED);
  (void)caller_.Call(&Coordinators::RecordOutreachAttempt, kCoordinator, attempt, refused);
}

absl::StatusOr<network::Task> Storyteller::FindOutreach() {
  network::ListWorklistRequest request;
  request.set_coordinator(coordinator_);
  request.set_page_size(kPageSize);
  while (true) {
    ASSIGN_OR_RETURN(const auto page, caller_.Call(&Coordinators::ListWorklist, kCoordinator, request));
    for (const network::Task& task : page.tasks()) {
      if (task.kind() == network::TASK_KIND_OUTREACH && *ClientOf(task.name()) == client_) return task;
    }
    if (page.next_page_token().empty()) return absl::NotFoundError("no outreach task");
    request.set_page_token(page.next_page_token());
  }
}

absl::Status Storyteller::Reach(Kind kind) {
  ASSIGN_OR_RETURN(const network::Task task,
                   Await(
                       "the outreach task", [&] { return FindOutreach(); }, [](const auto&) { return true; }));
  network::RecordOutreachAttemptRequest attempt;
  attempt.set_task(task.name());
  attempt.set_channel(network::CHANNEL_CALL);
  const bool reached = kind != Kind::kNotReached;
  attempt.set_outcome(reached ? network::ATTEMPT_OUTCOME_REACHED_WILL_RETURN : network::ATTEMPT_OUTCOME_NOT_REACHED);
  RETURN_IF_ERROR(caller_.Call(&Coordinators::RecordOutreachAttempt, kCoordinator, attempt).status());
  if (!reached) return absl::OkStatus();
  network::CompleteTaskRequest complete;
  complete.set_task(task.name());
  if (task.next_step_required()) *complete.mutable_next_step_date() = pipeline::ToProtoDay(today_ + 14);
  RETURN_IF_ERROR(caller_.Call(&Coordinators::CompleteTask, kCoordinator, complete).status());
  return Await(
             "the end of the interruption", [&] { return Journey(); },
             [](const auto& journey) { return journey.interruptions_size() == 0; })
      .status();
}

Workload::Workload(const Channels& channels, Ledger* ledger, uint64_t seed, absl::CivilDay today, int first,
                   int least) {
  for (int thread = 0; thread < kThreads; ++thread) {
    threads_.emplace_back([=, this, &channels] {
      Storyteller teller(channels, ledger, seed + static_cast<uint64_t>(thread), today);
      while (true) {
        const int number = begun_++;
        if (number >= least && stopping_) return;
        teller.Tell(first + number, static_cast<Kind>(number % kStoryKinds));
      }
    });
  }
}

int Workload::Finish() {
  stopping_ = true;
  for (std::thread& thread : threads_) thread.join();
  const int told = begun_ - static_cast<int>(threads_.size());
  threads_.clear();
  return told;
}

}  // namespace polku::faults
