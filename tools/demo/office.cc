#include "tools/demo/office.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "absl/strings/str_format.h"
#include "libs/base/calendar.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_macros.h"
#include "libs/pipeline/proto_time.h"

namespace polku::demo {
namespace {

namespace network = coordinator_network::v1;
using Kind = Action::Kind;
using pipeline::FromProto;
using pipeline::ToProto;
using pipeline::ToProtoDay;

constexpr int kWinterDays = 6;
constexpr int kMarksPerCall = 100;
constexpr int kPageSize = 200;
constexpr int kOtherCourses = 4;  // Pathways besides that of the job seekers.
constexpr absl::Duration kRestMax = absl::Seconds(60);

std::string MeasureName(const std::string& client, int measure) { return absl::StrCat(client, "/measures/", measure); }

// Whoever carries out that measure of the script, which outlives the calls.
Who ProviderOf(const Client& client, int measure) {
  return {client.measures[measure - 1].provider().c_str(), "provider", "provider-1"};
}

Who ProviderOf(int feed) {
  constexpr std::array<const char*, kFeeds> kProviders = {"organisations/provider-1", "organisations/provider-2",
                                                          "organisations/provider-3", "organisations/provider-4",
                                                          "organisations/provider-5"};
  return {kProviders[feed - 1], "provider", "provider-1"};
}

}  // namespace

std::string CoordinatorName(int number) { return absl::StrFormat("coordinators/c%02d", number); }

Office::Office(const Frame& frame, const std::vector<Client>& script, Caller& caller, ManualClock& clock,
               std::vector<pipeline::Pipeline*> pipelines, std::function<void(double, absl::CivilDay)> told)
    : frame_(frame),
      script_(script),
      caller_(caller),
      clock_(clock),
      pipelines_(std::move(pipelines)),
      told_(std::move(told)),
      names_(script.size()),
      referrals_(script.size()) {
  for (const Client& client : script_) {
    for (const Action& action : client.actions) agenda_[{action.day, action.slot}].emplace_back(&client, &action);
    for (const Mark& mark : client.marks) evenings_[mark.told].emplace_back(&client, &mark);
  }
}

int Office::NumberOf(const std::string& client) const {
  const auto found = numbers_.find(client);
  return found == numbers_.end() ? 0 : found->second;
}

absl::Status Office::Run() {
  RETURN_IF_ERROR(MoveTo(TimeOf(frame_.winter, Slot::kMorning) - absl::Hours(1)));
  RETURN_IF_ERROR(OpenTheNetwork());
  const int days = kWinterDays + static_cast<int>(frame_.last - frame_.first) + 1;
  int done = 0;
  for (int i = 0; i < kWinterDays; ++i) {
    RETURN_IF_ERROR(LiveDay(frame_.winter + i));
    told_(static_cast<double>(++done) / days, frame_.winter + i);
  }
  RETURN_IF_ERROR(MoveTo(StartOfDay(frame_.first)));
  RETURN_IF_ERROR(RegisterFeeds());
  for (absl::CivilDay day = frame_.first; day <= frame_.last; ++day) {
    RETURN_IF_ERROR(LiveDay(day));
    told_(static_cast<double>(++done) / days, day);
  }
  ReadWorklists();
  return absl::OkStatus();
}

// Most of the region's 36 coordinators have job seekers of some municipalities; the last ones each have whom a course
// brings besides.
absl::Status Office::OpenTheNetwork() {
  const auto& first = *script_.front().course;
  const size_t places = first.municipalities.size();
  int number = 0;
  for (; number < kCoordinators - 2 * kOtherCourses; ++number) {
    const auto i = static_cast<size_t>(number);
    // Two neighbours each, and the largest municipality for every other one.
    std::vector<std::string> municipalities = {first.municipalities[i % places],
                                               first.municipalities[(i + 1) % places]};
    if (i % 2 == 0) municipalities.emplace_back("205");
    RegisterCoordinator(number, municipalities, first, std::max(60, first.clients / 9));
  }
  std::set<std::string> seen = {first.pathway};
  for (const Client& client : script_) {
    if (!seen.insert(client.course->pathway).second) continue;
    for (int i = 0; i < 2; ++i) RegisterCoordinator(number++, client.course->municipalities, *client.course, 300);
  }
  return Rest();
}

void Office::RegisterCoordinator(int index, const std::vector<std::string>& municipalities, const Course& course,
                                 int capacity) {
  constexpr std::array<const char*, 4> kCompetences = {"work-ability", "musculoskeletal", "mental-health",
                                                       "health-check"};
  network::RegisterCoordinatorRequest request;
  request.set_request_id(caller_.NewRequestId());
  request.set_coordinator_id(std::string(LastSegment(CoordinatorName(index + 1))));
  network::Coordinator& coordinator = *request.mutable_coordinator();
  coordinator.set_organisation(kCoordinator.organisation);
  coordinator.mutable_municipalities()->Assign(municipalities.begin(), municipalities.end());
  coordinator.add_languages("fi");
  if (index % 4 == 0) coordinator.add_languages("sv");
  coordinator.add_segments(course.segment);
  coordinator.add_competences(kCompetences[static_cast<size_t>(index % 4)]);
  if (course.life == Life::kBacks) {
    coordinator.add_segments(common::v1::SEGMENT_UNEMPLOYED);
    coordinator.add_competences("case-management");
  }
  coordinator.set_capacity(capacity);
  caller_.Call(&Coordinators::RegisterCoordinator, kLead, "register coordinator", std::move(request));
}

absl::Status Office::RegisterFeeds() {
  for (int feed = 1; feed <= kFeeds; ++feed) {
    follow_up::v1::RegisterSourceRequest request;
    request.set_request_id(caller_.NewRequestId());
    request.set_source_id(std::string(LastSegment(FeedName(feed))));
    request.mutable_source()->set_provider(absl::StrCat("organisations/provider-", feed));
    *request.mutable_source()->mutable_reporting_interval() = ToProto(absl::Hours(24));
    caller_.Call(&FollowUps::RegisterSource, kLead, "register source", std::move(request));
  }
  return Rest();
}

absl::Status Office::LiveDay(absl::CivilDay day) {
  RETURN_IF_ERROR(MoveTo(StartOfDay(day)));  // Limits that count in days are reached now.
  RETURN_IF_ERROR(MoveTo(TimeOf(day, Slot::kMorning)));
  DoScripted(day, Slot::kMorning);
  RETURN_IF_ERROR(Rest());
  if (IsOfficeDay(day)) {
    TakeClients();
    RETURN_IF_ERROR(Rest());
  }
  RETURN_IF_ERROR(MoveTo(TimeOf(day, Slot::kAfternoon)));
  ReadWorklists();
  DoScripted(day, Slot::kAfternoon);
  if (IsOfficeDay(day)) WorkOnTasks(day);
  RETURN_IF_ERROR(Rest());
  RETURN_IF_ERROR(MoveTo(TimeOf(day, Slot::kEvening)));
  TellAttendance(day);
  RETURN_IF_ERROR(Rest());
  // Only now have the feeds told everything up to this instant.
  ReportCoverage(day);
  RETURN_IF_ERROR(Rest());
  // What was held because a service had not yet read its peers is looked at again a minute later.
  RETURN_IF_ERROR(MoveTo(TimeOf(day, Slot::kEvening) + absl::Minutes(2)));
  LookAtSafetyNet("");
  caller_.WaitForAll();
  return absl::OkStatus();
}

absl::Status Office::MoveTo(absl::Time time) {
  RETURN_IF_ERROR(Rest());
  if (time > clock_.Now()) clock_.Set(time);
  return Rest();
}

absl::Status Office::Rest() {
  caller_.WaitForAll();
  const SystemMonotonicClock monotonic;
  return pipeline::WaitDrained(pipelines_, monotonic, kRestMax);
}

void Office::DoScripted(absl::CivilDay day, Slot slot) {
  const auto found = agenda_.find({day, slot});
  if (found == agenda_.end()) return;
  // A plan needs its assessment, which may be of the same morning.
  for (const bool plans : {false, true}) {
    for (const auto& [client, action] : found->second) {
      if ((action->kind == Kind::kPlan) == plans) Do(*client, *action);
    }
    caller_.WaitForAll();
  }
}

void Office::Do(const Client& client, const Action& action) {
  switch (action.kind) {
    case Kind::kSubmit:
      return Submit(client);
    case Kind::kAccept:
    case Kind::kDecline:
    case Kind::kAssess:
      return Answer(client, action);
    case Kind::kPlan:
      return Plan(client, action);
    case Kind::kStart:
    case Kind::kComplete:
    case Kind::kEndEarly:
      return ChangeMeasure(client, action);
    case Kind::kContact:
      return Contact(client);
    case Kind::kPause:
      return Pause(client, action);
    case Kind::kOffer:
    case Kind::kTake:
    case Kind::kTakerContact:
    case Kind::kTakerMeeting:
      return Transfer(client, action);
    case Kind::kClose:
      return CloseJourney(client);
    case Kind::kFoundWork:
    case Kind::kIll:
      return ToldOfLife(client, action);
    case Kind::kOutreach:
      return;  // From the worklist, see WorkOnTasks.
  }
}

void Office::Submit(const Client& client) {
  referral::v1::SubmitReferralRequest request;
  request.set_request_id(caller_.NewRequestId());
  referral::v1::Referral& told = *request.mutable_referral();
  told.set_receiving_unit(kIntake.organisation);
  told.set_segment(client.course->segment);
  told.set_referrer_kind(client.course->referrer_kind);
  told.add_needs(client.need);
  told.set_reason("Demo: made by a generator.");
  referral::v1::Person& person = *told.mutable_person();
  person.set_identity_code(client.identity_code);
  person.set_family_name(absl::StrCat("Esimerkki-", client.number));
  person.set_given_names("Demo");
  *person.mutable_birth_date() = ToProtoDay(client.birth_day);
  person.set_municipality(client.municipality);
  person.set_language(client.language);
  person.set_non_disclosure(client.protected_whereabouts);
  const auto index = static_cast<size_t>(client.number - 1);
  const Who referrer{client.course->referrer, "referrer", "referrer-1"};
  caller_.Call(&Referrals::SubmitReferral, referrer, "submit referral", std::move(request),
               [this, index](const referral::v1::Referral& reply) {
                 absl::MutexLock lock(&mutex_);
                 referrals_[index] = reply.name();
                 names_[index] = ClientOf(reply.name()).value_or("");
                 numbers_[names_[index]] = static_cast<int>(index) + 1;
               });
}

void Office::Answer(const Client& client, const Action& action) {
  const auto index = static_cast<size_t>(client.number - 1);
  if (action.kind == Kind::kAccept) {
    referral::v1::AcceptReferralRequest request;
    request.set_request_id(caller_.NewRequestId());
    request.set_name(referrals_[index]);
    request.set_pathway(client.course->pathway);
    return caller_.Call(&Referrals::AcceptReferral, kIntake, "accept referral", std::move(request));
  }
  if (action.kind == Kind::kDecline) {
    referral::v1::DeclineReferralRequest request;
    request.set_request_id(caller_.NewRequestId());
    request.set_name(referrals_[index]);
    request.set_reason(referral::v1::DECLINE_REASON_NEED_NOT_MET_HERE);
    return caller_.Call(&Referrals::DeclineReferral, kIntake, "decline referral", std::move(request));
  }
  Assess(client);
}

void Office::Assess(const Client& client) {
  assessment::v1::CompleteAssessmentRequest complete;
  complete.set_request_id(caller_.NewRequestId());
  complete.set_name(absl::StrCat(NameOf(client.number), "/assessments/1"));
  complete.set_outcome(client.course->outcome);
  const auto call = [this, complete] {
    caller_.Call(&Assessments::CompleteAssessment, kAssessor, "complete assessment", complete);
  };
  if (!client.course->rates_ability) return call();
  assessment::v1::RecordInstrumentRequest record;
  record.set_request_id(caller_.NewRequestId());
  record.set_assessment(complete.name());
  record.set_instrument("was");
  record.add_answers()->set_item("current-ability");
  record.mutable_answers(0)->set_number(client.number % 11);
  caller_.Call(&Assessments::RecordInstrument, kAssessor, "record instrument", std::move(record),
               [call](const assessment::v1::InstrumentRecord&) { call(); });
}

void Office::Plan(const Client& client, const Action& action) {
  const std::string& name = NameOf(client.number);
  assessment::v1::ProposePlanRequest request;
  request.set_request_id(caller_.NewRequestId());
  request.set_assessment(absl::StrCat(name, "/assessments/1"));
  *request.add_measures() = client.measures[static_cast<size_t>(action.measure - 1)];
  caller_.Call(&Assessments::ProposePlan, kCoordinator, "propose plan", std::move(request),
               [this](const assessment::v1::Plan& plan) {
                 assessment::v1::ApprovePlanRequest approve;
                 approve.set_request_id(caller_.NewRequestId());
                 approve.set_name(plan.name());
                 caller_.Call(&Assessments::ApprovePlan, kCoordinator, "approve plan", std::move(approve));
               });
}

void Office::ChangeMeasure(const Client& client, const Action& action) {
  const std::string measure = MeasureName(NameOf(client.number), action.measure);
  const Who provider = ProviderOf(client, action.measure);
  if (action.kind == Kind::kStart) {
    follow_up::v1::StartMeasureRequest request;
    request.set_request_id(caller_.NewRequestId());
    request.set_name(measure);
    *request.mutable_start_date() = ToProtoDay(action.day);
    return caller_.Call(&FollowUps::StartMeasure, provider, "start measure", std::move(request));
  }
  if (action.kind == Kind::kComplete) {
    follow_up::v1::CompleteMeasureRequest request;
    request.set_request_id(caller_.NewRequestId());
    request.set_name(measure);
    *request.mutable_end_date() = ToProtoDay(action.day);
    return caller_.Call(&FollowUps::CompleteMeasure, provider, "complete measure", std::move(request));
  }
  follow_up::v1::EndMeasureEarlyRequest request;
  request.set_request_id(caller_.NewRequestId());
  request.set_name(measure);
  *request.mutable_end_date() = ToProtoDay(action.day);
  request.set_reason(action.reason);
  caller_.Call(&FollowUps::EndMeasureEarly, provider, "end measure early", std::move(request));
}

void Office::Contact(const Client& client) {
  follow_up::v1::RecordContactRequest request;
  request.set_request_id(caller_.NewRequestId());
  request.set_client(NameOf(client.number));
  *request.mutable_contact_time() = ToProto(clock_.Now());
  caller_.Call(&FollowUps::RecordContact, kCoordinator, "record contact", std::move(request));
}

void Office::CloseJourney(const Client& client) {
  follow_up::v1::CloseJourneyRequest request;
  request.set_request_id(caller_.NewRequestId());
  request.set_client(NameOf(client.number));
  request.set_reason(follow_up::v1::CLOSE_REASON_GOAL_REACHED);
  caller_.Call(&FollowUps::CloseJourney, kCoordinator, "close journey", std::move(request));
}

void Office::ToldOfLife(const Client& client, const Action& action) {
  if (action.kind == Kind::kIll) {
    follow_up::v1::RecordBenefitPeriodRequest request;
    request.set_request_id(caller_.NewRequestId());
    request.set_client(NameOf(client.number));
    *request.mutable_period() = action.illness;
    return caller_.Call(&FollowUps::RecordBenefitPeriod, kCoordinator, "record benefit period", std::move(request));
  }
  follow_up::v1::RecordCircumstanceRequest request;
  request.set_request_id(caller_.NewRequestId());
  request.set_client(NameOf(client.number));
  request.set_circumstance(follow_up::v1::CIRCUMSTANCE_WORK_STARTED);
  *request.mutable_from_date() = ToProtoDay(action.day);
  request.set_source(follow_up::v1::CIRCUMSTANCE_SOURCE_CLIENT);
  caller_.Call(&FollowUps::RecordCircumstance, kCoordinator, "record circumstance", std::move(request));
}

void Office::Pause(const Client& client, const Action& action) {
  follow_up::v1::AgreePauseRequest request;
  request.set_request_id(caller_.NewRequestId());
  request.set_client(NameOf(client.number));
  request.set_measure(MeasureName(NameOf(client.number), action.measure));
  *request.mutable_start_date() = ToProtoDay(action.day + 1);
  *request.mutable_resume_date() = ToProtoDay(action.resume);
  request.set_reason(follow_up::v1::PAUSE_REASON_ILLNESS);
  caller_.Call(&FollowUps::AgreePause, kCoordinator, "agree pause", std::move(request));
}

void Office::Transfer(const Client& client, const Action& action) {
  const std::string& name = NameOf(client.number);
  const Who taker{client.course->taker, "coordinator", "coordinator-9"};
  if (action.kind == Kind::kOffer) {
    follow_up::v1::OfferTransitionRequest request;
    request.set_request_id(caller_.NewRequestId());
    request.set_client(name);
    request.set_taker(taker.organisation);
    request.set_step(client.course->taken_step);
    return caller_.Call(&FollowUps::OfferTransition, kCoordinator, "offer transition", std::move(request));
  }
  if (action.kind == Kind::kTake) {
    follow_up::v1::AcceptTransitionRequest request;
    request.set_request_id(caller_.NewRequestId());
    request.set_name(absl::StrCat(name, "/transitions/1"));
    return caller_.Call(&FollowUps::AcceptTransition, taker, "accept transition", std::move(request));
  }
  follow_up::v1::RecordContactRequest request;
  request.set_request_id(caller_.NewRequestId());
  request.set_client(name);
  request.set_kind(action.kind == Kind::kTakerMeeting ? follow_up::v1::CONTACT_KIND_MEETING
                                                      : follow_up::v1::CONTACT_KIND_CALL);
  *request.mutable_contact_time() = ToProto(clock_.Now());
  caller_.Call(&FollowUps::RecordContact, taker, "record contact", std::move(request));
}

void Office::ReadWorklists() {
  {
    absl::MutexLock lock(&mutex_);
    lists_.clear();
  }
  for (int i = 1; i <= kCoordinators; ++i) ReadPage(CoordinatorName(i), "");
  ReadPage("coordinators/lead", "");
  caller_.WaitForAll();
}

void Office::ReadPage(const std::string& coordinator, const std::string& token) {
  network::ListWorklistRequest request;
  request.set_coordinator(coordinator);
  request.set_page_size(kPageSize);
  request.set_page_token(token);
  caller_.Call(&Coordinators::ListWorklist, kLead, "list worklist", std::move(request),
               [this, coordinator](const network::ListWorklistResponse& page) {
                 {
                   absl::MutexLock lock(&mutex_);
                   for (const Task& task : page.tasks()) {
                     lists_[coordinator].push_back(task);
                     if (task.kind() != network::TASK_KIND_OUTREACH) continue;
                     outreach_tasks_.insert(task.name());
                     outreach_subjects_.insert(task.subject());
                   }
                 }
                 if (!page.next_page_token().empty()) ReadPage(coordinator, page.next_page_token());
               });
}

void Office::TakeClients() {
  ReadWorklists();
  for (const auto& [coordinator, tasks] : lists_) {
    for (const Task& task : tasks) {
      if (task.kind() != network::TASK_KIND_TAKE_CLIENT) continue;
      network::AcceptAssignmentRequest request;
      request.set_request_id(caller_.NewRequestId());
      request.set_coordinator(coordinator);
      request.set_client(task.subject());
      caller_.Call(&Coordinators::AcceptAssignment, kCoordinator, "accept assignment", std::move(request));
    }
  }
}

void Office::WorkOnTasks(absl::CivilDay day) {
  for (const auto& [coordinator, tasks] : lists_) {
    for (const Task& task : tasks) {
      // A single miss: the coordinator asked how it goes, and that is that.
      if (task.kind() != network::TASK_KIND_CONTACT || LocalDay(FromProto(task.create_time())) >= day) continue;
      network::CompleteTaskRequest request;
      request.set_request_id(caller_.NewRequestId());
      request.set_task(task.name());
      caller_.Call(&Coordinators::CompleteTask, kCoordinator, "complete contact task", std::move(request));
    }
  }
  const auto found = agenda_.find({day, Slot::kAfternoon});
  if (found == agenda_.end()) return;
  for (const auto& [client, action] : found->second) {
    if (action->kind == Kind::kOutreach) TryToReach(*client, *action);
  }
}

void Office::TryToReach(const Client& client, const Action& action) {
  const std::string measure = action.measure == 0 ? "" : MeasureName(NameOf(client.number), action.measure);
  const Task* wanted = nullptr;
  for (const auto& [coordinator, tasks] : lists_) {
    for (const Task& task : tasks) {
      const bool is_it = task.kind() == network::TASK_KIND_OUTREACH && task.rule() == action.rule &&
                         task.measure() == measure && ClientOf(task.subject()) == NameOf(client.number);
      if (is_it) wanted = &task;
    }
  }
  if (wanted == nullptr) {
    return caller_.Note(absl::StrCat("client ", client.number, " (", client.fate, "): no outreach task of rule ",
                                     static_cast<int>(action.rule), " on ", FormatDay(action.day)));
  }
  network::RecordOutreachAttemptRequest request;
  request.set_request_id(caller_.NewRequestId());
  request.set_task(wanted->name());
  request.set_outcome(action.outcome);
  request.set_channel(network::CHANNEL_CALL);
  caller_.Call(&Coordinators::RecordOutreachAttempt, kCoordinator, "record outreach attempt", std::move(request),
               [this, &action](const Task& task) {
                 if (!action.completes) return;
                 network::CompleteTaskRequest complete;
                 complete.set_request_id(caller_.NewRequestId());
                 complete.set_task(task.name());
                 if (action.next_step.has_value()) *complete.mutable_next_step_date() = ToProtoDay(*action.next_step);
                 caller_.Call(&Coordinators::CompleteTask, kCoordinator, "complete outreach", std::move(complete));
               });
}

void Office::TellAttendance(absl::CivilDay day) {
  const auto found = evenings_.find(day);
  if (found == evenings_.end()) return;
  // A provider tells of its own measures only.
  std::map<std::string, std::pair<Who, follow_up::v1::RecordAttendanceRequest>> requests;
  const auto send = [&](const Who& provider, follow_up::v1::RecordAttendanceRequest& request) {
    request.set_request_id(caller_.NewRequestId());
    caller_.Call(&FollowUps::RecordAttendance, provider, "record attendance", std::move(request),
                 [this](const follow_up::v1::RecordAttendanceResponse& reply) {
                   for (const auto& result : reply.results()) {
                     if (result.code() != 0) caller_.Note(absl::StrCat("mark refused: ", result.message()));
                   }
                 });
    request.Clear();
  };
  for (const auto& [client, mark] : found->second) {
    const Who provider = ProviderOf(*client, mark->measure);
    follow_up::v1::RecordAttendanceRequest& request =
        requests.try_emplace(provider.organisation, provider, follow_up::v1::RecordAttendanceRequest())
            .first->second.second;
    follow_up::v1::AttendanceMark& told = *request.add_marks();
    told.set_measure(MeasureName(NameOf(client->number), mark->measure));
    *told.mutable_date() = ToProtoDay(mark->day);
    told.set_status(mark->status);
    told.set_revision(mark->revision);
    ++marks_;
    if (request.marks_size() == kMarksPerCall) send(provider, request);
  }
  for (auto& [organisation, left] : requests) {
    if (left.second.marks_size() > 0) send(left.first, left.second);
  }
}

void Office::ReportCoverage(absl::CivilDay day) {
  if (day < frame_.first) return;
  for (int feed = 1; feed <= kFeeds; ++feed) {
    if (feed == kOutageFeed && day >= frame_.outage_first && day <= frame_.outage_last) continue;
    follow_up::v1::ReportCompleteThroughRequest request;
    request.set_request_id(caller_.NewRequestId());
    request.set_name(FeedName(feed));
    *request.mutable_complete_through() = ToProto(TimeOf(day, Slot::kEvening));
    caller_.Call(&FollowUps::ReportCompleteThrough, ProviderOf(feed), "report complete through", std::move(request));
  }
}

void Office::LookAtSafetyNet(const std::string& token) {
  follow_up::v1::ListSafetyNetViolationsRequest request;
  request.set_page_size(kPageSize);
  request.set_page_token(token);
  caller_.Call(&FollowUps::ListSafetyNetViolations, kLead, "list safety net violations", std::move(request),
               [this](const follow_up::v1::ListSafetyNetViolationsResponse& page) {
                 {
                   absl::MutexLock lock(&mutex_);
                   for (const auto& violation : page.violations()) unheld_.insert(violation.client());
                 }
                 if (!page.next_page_token().empty()) LookAtSafetyNet(page.next_page_token());
               });
}

}  // namespace polku::demo
