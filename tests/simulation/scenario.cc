#include "tests/simulation/scenario.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/civil_time.h"
#include "libs/base/calendar.h"
#include "libs/pipeline/proto_time.h"
#include "polku/assessment/v1/api.pb.h"
#include "polku/coordinator_network/v1/api.pb.h"
#include "polku/follow_up/v1/api.pb.h"
#include "polku/referral/v1/api.pb.h"
#include "tests/simulation/world.h"

namespace polku::simulation {
namespace {

using pipeline::ToProto;
using pipeline::ToProtoDay;

const absl::CivilDay kFirstDay(2026, 2, 2);
constexpr int kSources = 2;
constexpr char kUnit[] = "organisations/unit";
constexpr char kClosingProvider[] = "organisations/closing-provider";
constexpr char kOtherUnit[] = "organisations/other-unit";

// The hour in which something is done, so that many things share an instant.
absl::Time Hour(absl::CivilDay day, int hour) { return LocalTime(day, hour * 60); }

class Writer {
 public:
  Writer(uint64_t seed, const ScenarioSize& size) : random_(seed), size_(size) {
    scenario_.seed = seed;
    scenario_.begin = Hour(kFirstDay, 7);
    scenario_.end = Hour(kFirstDay + size.days, 12);
  }

  Scenario Write() {
    Coordinators();
    Silences();
    Sources();
    Closures();
    for (int client = 1; client <= size_.clients; ++client) Client(client);
    for (absl::CivilDay day = kFirstDay + 1; day < kFirstDay + size_.days;) {
      scenario_.evenings.push_back(Hour(day, 21) + absl::Minutes(30));
      day += 1 + Pick(random_, 5);
    }
    // After the end no source reports any more.
    std::erase_if(scenario_.commands, [this](const Command& command) { return command.at > scenario_.end; });
    std::stable_sort(scenario_.commands.begin(), scenario_.commands.end(),
                     [](const Command& a, const Command& b) { return a.at < b.at; });
    return std::move(scenario_);
  }

 private:
  struct Measure {
    std::string name;
    polku::assessment::v1::PlannedMeasure plan;
    absl::CivilDay start;
    absl::CivilDay end;
    std::string source;
  };

  template <class Request>
  Command& Add(absl::Time at, int service, const std::string& method, Request request) {
    Command& command = scenario_.commands.emplace_back();
    command.at = std::max(at, scenario_.begin);
    command.service = service;
    command.method = method;
    command.request_id = RequestId(scenario_.seed, absl::StrCat(method, scenario_.commands.size()));
    if constexpr (requires { request.set_request_id(""); }) request.set_request_id(command.request_id);
    command.request = std::make_shared<Request>(std::move(request));
    command.principal = PrincipalOf("coordinator");
    return command;
  }

  void Coordinators() {
    for (int i = 0; i < 2; ++i) {
      polku::coordinator_network::v1::RegisterCoordinatorRequest request;
      request.set_coordinator_id(absl::StrCat("c", i));
      auto& profile = *request.mutable_coordinator();
      profile.set_organisation(kUnit);
      profile.add_municipalities("205");
      profile.add_languages("fi");
      profile.add_segments(polku::common::v1::SEGMENT_UNEMPLOYED);
      profile.set_capacity(3 + Pick(random_, 20));
      Add(scenario_.begin, kCoordinatorNetwork, "RegisterCoordinator", std::move(request));
    }
  }

  // Times in which a source says nothing.
  void Silences() {
    for (int source = 0; source < kSources; ++source) {
      auto& silences = silences_[source];
      if (Chance(random_, 70)) {
        const absl::CivilDay from = kFirstDay + 20 + Pick(random_, std::max(1, size_.days - 40));
        silences.push_back({Hour(from, 0), Hour(from + 2 + Pick(random_, 14), 8)});
      }
    }
  }

  // When something that a source tells at `at` really comes.
  absl::Time Told(const std::string& source, absl::Time at) const {
    if (source.empty()) return at;
    for (const auto& [from, to] : silences_[source.back() - '0']) {
      if (at >= from && at < to) return to;
    }
    return at;
  }

  void Sources() {
    for (int source = 0; source < kSources; ++source) {
      const std::string id = absl::StrCat("s", source);
      polku::follow_up::v1::RegisterSourceRequest request;
      request.set_source_id(id);
      request.mutable_source()->set_provider("organisations/provider");
      request.mutable_source()->mutable_reporting_interval()->set_seconds((1 + Pick(random_, 3)) * 24 * 3600);
      Add(scenario_.begin, kFollowUp, "RegisterSource", std::move(request));
      // The last day is reported too, so that nothing stays held for ever.
      for (absl::CivilDay day = kFirstDay; day <= kFirstDay + size_.days; ++day) {
        const absl::Time at = day == kFirstDay + size_.days ? scenario_.end : Hour(day, 20);
        if (day < kFirstDay + size_.days && (Told(id, at) != at || Chance(random_, 10))) continue;
        polku::follow_up::v1::ReportCompleteThroughRequest report;
        report.set_name(absl::StrCat("sources/", id));
        *report.mutable_complete_through() = ToProto(at);
        Add(at, kFollowUp, "ReportCompleteThrough", std::move(report));
      }
    }
  }

  std::string IdentityCode(int client) const {
    const int day = 1 + client % 28;
    const int month = 1 + client % 12;
    const int year = 60 + client % 30;
    const int individual = 900 + client % 100;
    const int number = ((day * 100 + month) * 100 + year) * 1000 + individual;
    return absl::StrFormat("%02d%02d%02d-%03d%c", day, month, year, individual,
                           "0123456789ABCDEFHJKLMNPRSTUVWXY"[number % 31]);
  }

  void Submit(int client, absl::Time at) {
    polku::referral::v1::SubmitReferralRequest request;
    auto& referral = *request.mutable_referral();
    referral.set_receiving_unit(kUnit);
    referral.set_segment(polku::common::v1::SEGMENT_UNEMPLOYED);
    referral.add_needs("work-ability");
    auto& person = *referral.mutable_person();
    person.set_family_name("Testinen");
    person.set_given_names("Testi");
    person.set_municipality("205");
    person.set_language("fi");
    const bool coded = client % 3 != 0;
    if (coded) {
      person.set_identity_code(IdentityCode(client));
    } else {
      *person.mutable_birth_date() = ToProtoDay(absl::CivilDay(1980, 5, 5));
    }
    Command& command = Add(at, kReferral, "SubmitReferral", std::move(request));
    command.key = ClientName(client);
    if (coded) command.identity_code = IdentityCode(client);
  }

  // What happens to a referral until it is answered. Returns the day of the answer and who gives it.
  struct Waiting {
    absl::CivilDay day;
    std::string unit = kUnit;
  };

  template <class Request>
  Command& AddAs(const std::string& organisation, absl::Time at, const std::string& method, Request request) {
    Command& command = Add(at, kReferral, method, std::move(request));
    command.principal.organisation = organisation;
    return command;
  }

  void Ask(const std::string& referral, Waiting& waiting) {
    polku::referral::v1::RequestInformationRequest ask;
    ask.set_name(referral);
    ask.add_topics(polku::referral::v1::INFORMATION_TOPIC_HEALTH);
    AddAs(waiting.unit, Hour(waiting.day, 12), "RequestInformation", std::move(ask));
    waiting.day += 1 + Pick(random_, 12);
    if (Chance(random_, 15)) return;  // Nobody answers the question.
    polku::referral::v1::ProvideInformationRequest provide;
    provide.set_name(referral);
    provide.set_text("answer");
    AddAs(kUnit, Hour(waiting.day, 13), "ProvideInformation", std::move(provide));
  }

  void Redirect(const std::string& referral, Waiting& waiting) {
    polku::referral::v1::RedirectReferralRequest redirect;
    redirect.set_name(referral);
    redirect.set_receiving_unit(kOtherUnit);
    redirect.set_reason(polku::referral::v1::REDIRECT_REASON_NO_CAPACITY);
    AddAs(waiting.unit, Hour(waiting.day, 14), "RedirectReferral", std::move(redirect));
    waiting.unit = kOtherUnit;
    waiting.day += Pick(random_, 16);
  }

  void Withdraw(const std::string& referral, absl::CivilDay day) {
    polku::referral::v1::WithdrawReferralRequest withdraw;
    withdraw.set_name(referral);
    withdraw.set_reason(polku::referral::v1::WITHDRAW_REASON_CLIENT_DOES_NOT_WANT);
    AddAs(kUnit, Hour(day, 15), "WithdrawReferral", std::move(withdraw));
  }

  void Decline(const std::string& referral, const Waiting& waiting) {
    polku::referral::v1::DeclineReferralRequest decline;
    decline.set_name(referral);
    decline.set_reason(polku::referral::v1::DECLINE_REASON_NO_CAPACITY);
    AddAs(waiting.unit, Hour(waiting.day, 15), "DeclineReferral", std::move(decline));
  }

  void Reopen(const std::string& referral, Waiting& waiting) {
    waiting.day += 1 + Pick(random_, 12);
    polku::referral::v1::ReopenReferralRequest reopen;
    reopen.set_name(referral);
    reopen.set_reason(polku::referral::v1::REOPEN_REASON_NEED_AGAIN);
    AddAs(kUnit, Hour(waiting.day, 9), "ReopenReferral", std::move(reopen));
    waiting.day += Pick(random_, 9);
  }

  // False when the referral ends without an acceptance.
  bool AwaitAnswer(const std::string& referral, Waiting& waiting) {
    waiting.day += Chance(random_, 15) ? Pick(random_, 25) : Pick(random_, 4);
    if (Chance(random_, 15)) Ask(referral, waiting);
    if (Chance(random_, 8)) Redirect(referral, waiting);
    if (Chance(random_, 3)) {
      polku::referral::v1::VoidRecordRequest mistake;
      mistake.set_name(referral);
      mistake.set_reason(polku::referral::v1::VOID_REASON_ENTERED_TWICE);
      AddAs(kUnit, Hour(waiting.day, 15), "VoidRecord", std::move(mistake));
      return false;
    }
    const int fate = Pick(random_, 100);
    if (fate >= 14) return true;
    if (fate < 6) Withdraw(referral, waiting.day);
    if (fate >= 6) Decline(referral, waiting);
    if (Chance(random_, 60)) return false;
    Reopen(referral, waiting);
    return true;
  }

  void Client(int client) {
    const std::string name = ClientName(client);
    const std::string referral = absl::StrCat(name, "/referrals/1");
    Waiting waiting{kFirstDay + Pick(random_, size_.days / 3)};
    Submit(client, Hour(waiting.day, 9 + Pick(random_, 6)));
    // Another one for the same needs, before or after the answer.
    if (client % 3 != 0 && Chance(random_, 20)) Submit(client, Hour(waiting.day + Pick(random_, 20), 16));
    if (!AwaitAnswer(referral, waiting)) return;
    absl::CivilDay day = waiting.day;
    polku::referral::v1::AcceptReferralRequest accept;
    accept.set_name(referral);
    accept.set_pathway("kainuu-unemployed");
    accept.set_pathway_version(1);
    AddAs(waiting.unit, Hour(day, 16), "AcceptReferral", std::move(accept));
    Contacts(name, day);
    if (Chance(random_, 20)) Pause(name, day);
    if (Chance(random_, 20)) HandOver(name, waiting.unit, day);
    if (Chance(random_, 10)) Change(name, day);
    if (Chance(random_, 15)) return;  // Never assessed: overdue after 90 days.
    day += Chance(random_, 10) ? 92 + Pick(random_, 10) : 1 + Pick(random_, 40);
    polku::assessment::v1::CompleteAssessmentRequest complete;
    complete.set_name(absl::StrCat(name, "/assessments/1"));
    Add(Hour(day, 10), kAssessment, "CompleteAssessment", std::move(complete));
    if (Chance(random_, 10)) return;  // Never planned.
    int measures = 0;
    for (int plan = 1; plan <= 1 + Pick(random_, 2); ++plan) {
      day += Pick(random_, 12);
      day = Plan(name, plan, measures, day);
    }
  }

  void Contacts(const std::string& name, absl::CivilDay day) {
    while (day < kFirstDay + size_.days) {
      day += 5 + Pick(random_, 40);
      const absl::Time contact = Hour(day, 8 + Pick(random_, 8));
      polku::follow_up::v1::RecordContactRequest request;
      request.set_client(name);
      *request.mutable_contact_time() = ToProto(contact);
      Add(contact + absl::Hours(24 * Pick(random_, 4)), kFollowUp, "RecordContact", std::move(request));
    }
  }

  // A pause of the whole journey, agreed before or after it has begun, and sometimes ended before its time.
  void Pause(const std::string& name, absl::CivilDay day) {
    const absl::CivilDay start = day + 10 + Pick(random_, 80);
    const absl::CivilDay resume = start + 3 + Pick(random_, 30);
    polku::follow_up::v1::AgreePauseRequest agree;
    agree.set_client(name);
    *agree.mutable_start_date() = ToProtoDay(start);
    *agree.mutable_resume_date() = ToProtoDay(resume);
    agree.set_reason(polku::follow_up::v1::PAUSE_REASON_HOLIDAY);
    const absl::CivilDay agreed = start - 3 + Pick(random_, 8);
    Add(Hour(agreed, 10), kFollowUp, "AgreePause", std::move(agree));
    if (!Chance(random_, 40)) return;
    const absl::CivilDay end = std::max(agreed, start) + 1 + Pick(random_, std::max<int>(1, resume - start - 1));
    polku::follow_up::v1::EndPauseRequest request;
    request.set_name(absl::StrCat(name, "/pauses/1"));
    *request.mutable_end_date() = ToProtoDay(std::min(end, resume));
    Add(Hour(end, 11), kFollowUp, "EndPause", std::move(request));
  }

  // Another organisation answers for the client from some day on, if it wants to.
  void HandOver(const std::string& name, const std::string& giver, absl::CivilDay day) {
    day += 5 + Pick(random_, 90);
    const std::string taker = "organisations/taker";
    const std::string transition = absl::StrCat(name, "/transitions/1");
    polku::follow_up::v1::OfferTransitionRequest offer;
    offer.set_client(name);
    offer.set_taker(taker);
    Add(Hour(day, 9), kFollowUp, "OfferTransition", std::move(offer)).principal.organisation = giver;
    const int fate = Pick(random_, 100);
    if (fate < 20) return;  // Nobody answers.
    day += Pick(random_, 12);
    if (fate < 30) {
      polku::follow_up::v1::DeclineTransitionRequest decline;
      decline.set_name(transition);
      Add(Hour(day, 10), kFollowUp, "DeclineTransition", std::move(decline)).principal.organisation = taker;
      return;
    }
    polku::follow_up::v1::AcceptTransitionRequest accept;
    accept.set_name(transition);
    Add(Hour(day, 10), kFollowUp, "AcceptTransition", std::move(accept)).principal.organisation = taker;
    for (const auto kind : {polku::follow_up::v1::CONTACT_KIND_CALL, polku::follow_up::v1::CONTACT_KIND_MEETING}) {
      if (Chance(random_, 20)) return;
      day += Pick(random_, 6);
      polku::follow_up::v1::RecordContactRequest contact;
      contact.set_client(name);
      *contact.mutable_contact_time() = ToProto(Hour(day, 12));
      contact.set_kind(kind);
      contact.set_organisation(taker);
      Add(Hour(day + Pick(random_, 3), 13), kFollowUp, "RecordContact", std::move(contact));
    }
  }

  // Work found, for some time or for good, or said by mistake.
  void Change(const std::string& name, absl::CivilDay day) {
    day += 20 + Pick(random_, 80);
    polku::follow_up::v1::RecordCircumstanceRequest request;
    request.set_client(name);
    request.set_circumstance(polku::follow_up::v1::CIRCUMSTANCE_WORK_STARTED);
    *request.mutable_from_date() = ToProtoDay(day - Pick(random_, 10));
    request.set_source(polku::follow_up::v1::CIRCUMSTANCE_SOURCE_CLIENT);
    Add(Hour(day, 14), kFollowUp, "RecordCircumstance", request);
    if (Chance(random_, 40)) return;
    day += 1 + Pick(random_, 20);
    if (Chance(random_, 50)) {
      request.set_revoked(true);
    } else {
      *request.mutable_end_date() = ToProtoDay(day);
    }
    Add(Hour(day, 14), kFollowUp, "RecordCircumstance", std::move(request));
  }

  void Closures() {
    polku::follow_up::v1::RecordClosureRequest request;
    request.set_provider(kClosingProvider);
    const absl::CivilDay first = kFirstDay + 20 + Pick(random_, std::max(1, size_.days - 40));
    *request.mutable_first_date() = ToProtoDay(first);
    *request.mutable_last_date() = ToProtoDay(first + Pick(random_, 20));
    Add(Hour(first - 10 + Pick(random_, 20), 8), kFollowUp, "RecordClosure", std::move(request));
  }

  // Returns the day on which the next plan may be thought of.
  absl::CivilDay Plan(const std::string& client, int plan, int& measures, absl::CivilDay day) {
    polku::assessment::v1::ProposePlanRequest propose;
    propose.set_assessment(absl::StrCat(client, "/assessments/1"));
    std::vector<Measure> made;
    for (int i = 0; i <= Pick(random_, 2); ++i) {
      Measure measure = NewMeasure(absl::StrCat(client, "/measures/", ++measures), day);
      *propose.add_measures() = measure.plan;
      made.push_back(std::move(measure));
    }
    Add(Hour(day, 11), kAssessment, "ProposePlan", std::move(propose));
    polku::assessment::v1::ApprovePlanRequest approve;
    approve.set_name(absl::StrCat(client, "/plans/", plan));
    day += Pick(random_, 3);
    Add(Hour(day, 12), kAssessment, "ApprovePlan", std::move(approve));
    absl::CivilDay last = day;
    for (Measure& measure : made) last = std::max(last, Live(measure, day));
    return last;
  }

  Measure NewMeasure(const std::string& name, absl::CivilDay day) {
    Measure measure;
    measure.name = name;
    auto& plan = measure.plan;
    plan.set_type("job-coaching");
    plan.set_provider(Chance(random_, 15) ? kClosingProvider : "organisations/provider");
    if (Chance(random_, 50)) measure.source = absl::StrCat("s", Pick(random_, kSources));
    if (!measure.source.empty()) plan.set_source("sources/" + measure.source);
    measure.start = day - 2 + Pick(random_, 15);
    measure.end = measure.start + 10 + Pick(random_, 50);
    *plan.mutable_start_date() = ToProtoDay(measure.start);
    *plan.mutable_end_date() = ToProtoDay(measure.end);
    std::set<int> days;
    for (int i = Pick(random_, 4); i > 0; --i) days.insert(1 + Pick(random_, 5));
    for (const int weekday : days) {
      auto& session = *plan.add_sessions();
      session.set_day(static_cast<google::type::DayOfWeek>(weekday));
      session.set_start_minute(9 * 60);
      session.set_end_minute(12 * 60 + Pick(random_, 2) * 60);
    }
    if (!days.empty()) plan.set_weekly_days_min(Pick(random_, std::min<int>(3, static_cast<int>(days.size()) + 1)));
    return measure;
  }

  // What becomes of a measure. Returns its last day.
  absl::CivilDay Live(const Measure& measure, absl::CivilDay approved) {
    const int fate = Pick(random_, 100);
    absl::CivilDay start = std::max(measure.start, approved + 1);
    if (fate < 8) return start + 14;  // Never started.
    start += fate < 20 ? 7 + Pick(random_, 8) : Pick(random_, 3);
    if (start > measure.end) return start;
    polku::follow_up::v1::StartMeasureRequest begin;
    begin.set_name(measure.name);
    *begin.mutable_start_date() = ToProtoDay(start);
    // Told on the day or some days later.
    const absl::CivilDay told = start + (Chance(random_, 20) ? Pick(random_, 5) : 0);
    Add(Hour(told, 8), kFollowUp, "StartMeasure", std::move(begin));
    const absl::CivilDay end = End(measure, start, told);
    Attendance(measure, start, std::min(end, measure.end), told, end);
    return end;
  }

  absl::CivilDay End(const Measure& measure, absl::CivilDay start, absl::CivilDay told) {
    const int fate = Pick(random_, 100);
    if (fate < 20) return measure.end + 30;  // Nobody ever ends it.
    absl::CivilDay end = measure.end + (fate < 30 ? 8 + Pick(random_, 4) : Pick(random_, 3));
    if (fate < 45) {
      end = std::min(measure.end, std::max(told, start + 3 + Pick(random_, 25)));
      polku::follow_up::v1::EndMeasureEarlyRequest request;
      request.set_name(measure.name);
      *request.mutable_end_date() = ToProtoDay(end);
      request.set_reason(static_cast<polku::follow_up::v1::EndReason>(1 + Pick(random_, 8)));
      Add(Hour(end + (Chance(random_, 30) ? Pick(random_, 8) : 0), 17), kFollowUp, "EndMeasureEarly",
          std::move(request));
      return end;
    }
    polku::follow_up::v1::CompleteMeasureRequest request;
    request.set_name(measure.name);
    *request.mutable_end_date() = ToProtoDay(end);
    Add(Hour(end + Pick(random_, 3), 17), kFollowUp, "CompleteMeasure", std::move(request));
    return end;
  }

  void Attendance(const Measure& measure, absl::CivilDay start, absl::CivilDay last, absl::CivilDay told,
                  absl::CivilDay ended) {
    const absl::CivilDay drops_out = Chance(random_, 30) ? start + Pick(random_, 30) : last + 1;
    for (absl::CivilDay day = start; day <= last; ++day) {
      for (const auto& session : measure.plan.sessions()) {
        if (static_cast<int>(absl::GetWeekday(day)) != session.day() - 1 || IsPublicHoliday(day)) continue;
        const int luck = Pick(random_, 100);
        const bool gone = day >= drops_out;
        if (luck < (gone ? 30 : 4)) continue;  // Nobody marks it.
        const auto status = gone || luck < 15 ? polku::follow_up::v1::ATTENDANCE_STATUS_ABSENT
                            : luck < 20       ? polku::follow_up::v1::ATTENDANCE_STATUS_EXCUSED
                                              : polku::follow_up::v1::ATTENDANCE_STATUS_PRESENT;
        absl::CivilDay marked = std::max(day, told);
        if (Chance(random_, 6)) marked += 1 + Pick(random_, 6);
        if (marked > ended) marked = std::max(day, ended);
        if (!Mark(measure, day, status, 0, Hour(marked, 15 + Pick(random_, 2)), ended)) continue;
        if (!Chance(random_, 5)) continue;
        const auto corrected = status == polku::follow_up::v1::ATTENDANCE_STATUS_PRESENT
                                   ? polku::follow_up::v1::ATTENDANCE_STATUS_EXCUSED
                                   : polku::follow_up::v1::ATTENDANCE_STATUS_PRESENT;
        const absl::CivilDay later = std::min(marked + 1 + Pick(random_, 5), ended);
        if (later > marked) Mark(measure, day, corrected, 1, Hour(later, 16), ended);
      }
    }
  }

  // Marks of a measure that is over are not told: whether they are still taken depends on what is open.
  bool Mark(const Measure& measure, absl::CivilDay day, polku::follow_up::v1::AttendanceStatus status, int revision,
            absl::Time at, absl::CivilDay ended) {
    at = Told(measure.source, at);
    if (LocalDay(at) > ended) return false;
    polku::follow_up::v1::AttendanceMark mark;
    mark.set_measure(measure.name);
    *mark.mutable_date() = ToProtoDay(day);
    mark.set_status(status);
    mark.set_revision(revision);
    Add(at, kFollowUp, "RecordAttendance", std::move(mark));
    return true;
  }

  SeededRandom random_;
  const ScenarioSize size_;
  Scenario scenario_;
  std::vector<std::pair<absl::Time, absl::Time>> silences_[kSources];
};

}  // namespace

Scenario MakeScenario(uint64_t seed, const ScenarioSize& size) { return Writer(seed, size).Write(); }

Scenario FactsOf(const Scenario& scenario, bool late) {
  namespace v1 = polku::follow_up::v1;
  Scenario facts = scenario;
  facts.people_react = false;
  std::erase_if(facts.commands, [](const Command& command) {
    const auto* mark = dynamic_cast<const v1::AttendanceMark*>(command.request.get());
    return mark != nullptr && mark->revision() > 0;
  });
  if (!late) return facts;
  std::map<std::string, absl::Time> ends;  // When the end of a measure is told.
  for (const Command& command : facts.commands) {
    if (const auto* end = dynamic_cast<const v1::EndMeasureEarlyRequest*>(command.request.get()))
      ends[end->name()] = command.at;
    if (const auto* end = dynamic_cast<const v1::CompleteMeasureRequest*>(command.request.get()))
      ends[end->name()] = command.at;
  }
  SeededRandom random(scenario.seed);
  for (Command& command : facts.commands) {
    const auto* mark = dynamic_cast<const v1::AttendanceMark*>(command.request.get());
    if (mark == nullptr && command.method != "RecordContact") continue;
    const absl::Time told = command.at + absl::Hours(Chance(random, 50) ? Pick(random, 21 * 24) : 0);
    const auto end = mark == nullptr ? ends.end() : ends.find(mark->measure());
    if (told < (end == ends.end() ? scenario.end : end->second)) command.at = told;
  }
  std::stable_sort(facts.commands.begin(), facts.commands.end(),
                   [](const Command& a, const Command& b) { return a.at < b.at; });
  return facts;
}

int Pick(SeededRandom& random, int limit) { return static_cast<int>(random.Next() % static_cast<uint64_t>(limit)); }
bool Chance(SeededRandom& random, int percent) { return Pick(random, 100) < percent; }

std::string ClientName(int n) { return absl::StrFormat("clients/01900000-0000-7000-8000-%012d", n); }

uint64_t Mix(uint64_t seed, absl::string_view words) {
  uint64_t hash = 0xcbf29ce484222325ULL ^ (seed * 0x9e3779b97f4a7c15ULL);
  for (const char c : words) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return SeededRandom(hash).Next();
}

pipeline::Principal PrincipalOf(const std::string& role) {
  pipeline::Principal principal;
  principal.organisation = kUnit;
  principal.system = "simulation";
  principal.user = "tester";
  principal.role = role;
  return principal;
}

std::string RequestId(uint64_t seed, absl::string_view words) {
  return absl::StrFormat("%08x-0000-7000-8000-%012x", Mix(seed, words) & 0xffffffff,
                         Mix(seed + 1, words) & 0xffffffffffff);
}

}  // namespace polku::simulation
