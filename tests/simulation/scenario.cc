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
#include "tests/simulation/models.h"
#include "tests/simulation/scenario_script.h"

namespace polku::simulation {
namespace {

using pipeline::ToProto;
using pipeline::ToProtoDay;

using polku::follow_up::v1::ProviderActivity;

constexpr int kSources = 2;  // Told by commands; behind them one for each of Feeders().

class Writer {
 public:
  Writer(uint64_t seed, const ScenarioSize& size) : script_(seed, size) {}

  Scenario Write() {
    Coordinators();
    Silences();
    Sources();
    FeedSources();
    Close(script_);
    for (int client = 1; client <= script_.size().clients; ++client) Client(client);
    SpendTime(script_);
    Identify(script_);
    MoveAway(script_);
    FallIll(script_);
    for (absl::CivilDay day = kFirstDay + 1; day < kFirstDay + script_.size().days;) {
      script_.scenario().evenings.push_back(Hour(day, 21) + absl::Minutes(30));
      day += 1 + script_.Pick(5);
    }
    ChangeRules(script_);
    // After the end no source reports any more.
    std::erase_if(script_.scenario().commands,
                  [this](const Command& command) { return command.at > script_.scenario().end; });
    std::stable_sort(script_.scenario().commands.begin(), script_.scenario().commands.end(),
                     [](const Command& a, const Command& b) { return a.at < b.at; });
    return std::move(script_.scenario());
  }

 private:
  struct Measure {
    std::string name;
    polku::assessment::v1::PlannedMeasure plan;
    absl::CivilDay start;
    absl::CivilDay end;
    std::string source;
    int feeder = -1;  // Of Feeders(): what becomes of the measure is told by records.
    // From this day on it is as revised: without the sessions of that day of the week, if any.
    absl::CivilDay revised = absl::CivilDay::max();
    int dropped_day = 0;
  };

  polku::coordinator_network::v1::Coordinator Profile() {
    polku::coordinator_network::v1::Coordinator profile;
    profile.set_organisation(kUnit);
    for (const Model* model : ModelsOf(script_.scenario().seed)) profile.add_municipalities(model->municipality);
    profile.add_competences("case-management");
    profile.add_competences("network-agent");
    profile.add_languages("fi");
    for (int segment = polku::common::v1::Segment_MIN + 1; segment <= polku::common::v1::Segment_MAX; ++segment) {
      profile.add_segments(static_cast<polku::common::v1::Segment>(segment));
    }
    profile.set_capacity(3 + script_.Pick(8));
    return profile;
  }

  // Three who may take clients, of whom one is away for some weeks and one leaves, and one who may not.
  void Coordinators() {
    for (int i = 0; i < 4; ++i) {
      polku::coordinator_network::v1::RegisterCoordinatorRequest request;
      request.set_coordinator_id(absl::StrCat("c", i));
      *request.mutable_coordinator() = Profile();
      if (i == 3) {
        request.mutable_coordinator()->clear_municipalities();
        request.mutable_coordinator()->add_municipalities("620");
      }
      script_.Add(script_.scenario().begin, kCoordinatorNetwork, "RegisterCoordinator", std::move(request));
    }
    const absl::CivilDay away = kFirstDay + script_.Pick(std::max(1, script_.size().days - 30));
    polku::coordinator_network::v1::SetAbsencesRequest absences;
    absences.set_coordinator("coordinators/c0");
    auto& absence = *absences.add_absences();
    *absence.mutable_start_date() = ToProtoDay(away + script_.Pick(10));
    *absence.mutable_end_date() = ToProtoDay(away + 10 + script_.Pick(20));
    absence.set_substitute("coordinators/c1");
    script_.Add(Hour(away, 8), kCoordinatorNetwork, "SetAbsences", std::move(absences));
    const absl::CivilDay told = kFirstDay + 30 + script_.Pick(std::max(1, script_.size().days - 50));
    polku::coordinator_network::v1::UpdateCoordinatorRequest leaving;
    *leaving.mutable_coordinator() = Profile();
    leaving.mutable_coordinator()->set_name("coordinators/c2");
    *leaving.mutable_coordinator()->mutable_leave_date() = ToProtoDay(told + script_.Pick(10));
    script_.Add(Hour(told, 8), kCoordinatorNetwork, "UpdateCoordinator", std::move(leaving));
    polku::coordinator_network::v1::HandOverRequest all;
    all.set_from("coordinators/c2");
    all.set_reason("leaves");
    script_.Add(Hour(told + script_.Pick(12), 9), kCoordinatorNetwork, "HandOver", std::move(all));
  }

  // Times in which a source says nothing.
  void Silences() {
    for (int source = 0; source < kSources; ++source) {
      auto& silences = silences_[source];
      if (script_.Chance(70)) {
        const absl::CivilDay from = kFirstDay + 20 + script_.Pick(std::max(1, script_.size().days - 40));
        silences.push_back({Hour(from, 0), Hour(from + 2 + script_.Pick(14), 8)});
      }
    }
  }

  // The same of providers that write topics of their own.
  void FeedSources() {
    for (int feeder = 0; feeder < static_cast<int>(Feeders().size()); ++feeder) {
      const std::string id = absl::StrCat("s", kSources + feeder);
      polku::follow_up::v1::RegisterSourceRequest request;
      request.set_source_id(id);
      request.mutable_source()->set_provider("organisations/" + Feeders()[static_cast<size_t>(feeder)]);
      request.mutable_source()->mutable_reporting_interval()->set_seconds((1 + feeds_.Pick(3)) * 24 * 3600);
      script_.Add(script_.scenario().begin, kFollowUp, "RegisterSource", std::move(request));
      auto& silences = silences_[kSources + feeder];
      const absl::CivilDay from = kFirstDay + 20 + feeds_.Pick(std::max(1, script_.size().days - 40));
      if (feeds_.Chance(70)) silences.push_back({Hour(from, 0), Hour(from + 2 + feeds_.Pick(14), 8)});
      for (absl::CivilDay day = kFirstDay; day <= script_.end(); ++day) {
        const absl::Time at = day == script_.end() ? script_.scenario().end : Hour(day, 20);
        if (day < script_.end() && (Told(id, at) != at || feeds_.Chance(10))) continue;
        ProviderActivity heartbeat;
        heartbeat.mutable_complete_through()->set_source("sources/" + id);
        *heartbeat.mutable_complete_through()->mutable_time() = ToProto(at);
        feeds_.Write(feeder, at, heartbeat);
        if (feeds_.Chance(5)) feeds_.Repeat(feeder, at + absl::Hours(feeds_.Pick(60)), heartbeat);
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
      request.mutable_source()->set_provider(kProvider);
      request.mutable_source()->mutable_reporting_interval()->set_seconds((1 + script_.Pick(3)) * 24 * 3600);
      script_.Add(script_.scenario().begin, kFollowUp, "RegisterSource", std::move(request));
      // The last day is reported too, so that nothing stays held for ever.
      for (absl::CivilDay day = kFirstDay; day <= kFirstDay + script_.size().days; ++day) {
        const absl::Time at = day == kFirstDay + script_.size().days ? script_.scenario().end : Hour(day, 20);
        if (day < kFirstDay + script_.size().days && (Told(id, at) != at || script_.Chance(10))) continue;
        polku::follow_up::v1::ReportCompleteThroughRequest report;
        report.set_name(absl::StrCat("sources/", id));
        *report.mutable_complete_through() = ToProto(at);
        script_.Add(at, kFollowUp, "ReportCompleteThrough", std::move(report));
      }
    }
  }

  void Submit(int client, absl::Time at) {
    polku::referral::v1::SubmitReferralRequest request;
    auto& referral = *request.mutable_referral();
    referral.set_receiving_unit(kUnit);
    const Model& model = ModelOf(script_.scenario().seed, client);
    referral.set_segment(model.segment);
    referral.add_needs(model.need);
    referral.set_referrer_kind(model.referrer);
    auto& person = *referral.mutable_person();
    person.set_family_name("Kanarialintu");
    person.set_email("kanarialintu@example.org");
    person.set_given_names("Testi");
    person.set_municipality(model.municipality);
    person.set_language("fi");
    const bool coded = client % 3 != 0;
    if (coded) {
      person.set_identity_code(IdentityCode(client));
    } else {
      *person.mutable_birth_date() = ToProtoDay(absl::CivilDay(1980, 5, 5));
    }
    Command& command = script_.Add(at, kReferral, "SubmitReferral", std::move(request));
    if (!model.direct) command.principal.organisation = kSender;
    command.key = ClientName(client);
    if (coded) command.identity_code = IdentityCode(client);
  }

  void Client(int client) {
    const std::string name = ClientName(client);
    const std::string referral = absl::StrCat(name, "/referrals/1");
    const Model& model = ModelOf(script_.scenario().seed, client);
    Waiting waiting{kFirstDay + script_.Pick(script_.size().days / 3)};
    if (!model.direct) waiting.referrer = kSender;
    Submit(client, Hour(waiting.day, 9 + script_.Pick(6)));
    // Another one for the same needs, before or after the answer.
    if (client % 3 != 0 && script_.Chance(20)) Submit(client, Hour(waiting.day + script_.Pick(20), 16));
    if (!AwaitAnswer(script_, referral, waiting)) return;
    absl::CivilDay day = waiting.day;
    polku::referral::v1::AcceptReferralRequest accept;
    accept.set_name(referral);
    accept.set_pathway(model.pathway);
    accept.set_pathway_version(1);
    script_.AddAs(waiting.unit, Hour(day, 16), kReferral, "AcceptReferral", std::move(accept));
    if (Import(name, model, day)) return;
    Contacts(name, day);
    Agree(script_, name, waiting.unit, day);
    Meet(script_, name, day);
    if (script_.Chance(15)) return;  // Never assessed: overdue after 90 days.
    day += script_.Chance(10) ? 92 + script_.Pick(10) : 1 + script_.Pick(40);
    polku::assessment::v1::CompleteAssessmentRequest complete;
    complete.set_name(absl::StrCat(name, "/assessments/1"));
    complete.set_outcome(model.outcome);
    Prepare(model, complete.name(), day);
    script_.Add(Hour(day, 10), kAssessment, "CompleteAssessment", std::move(complete));
    if (script_.Chance(10)) return;  // Never planned.
    int measures = 0;
    int plans = 0;
    for (int i = 0; i <= script_.Pick(2); ++i) {
      day += script_.Pick(12);
      day = Plan(name, model, plans, measures, day);
    }
  }

  // Some cases have been running elsewhere. They are told with the acceptance, and watched from then on or some days
  // before; some have been without contact, or without a measure, for too long.
  bool Import(const std::string& client, const Model& model, absl::CivilDay day) {
    SeededRandom random(Mix(script_.scenario().seed, client + " import"));
    if (!simulation::Chance(random, 15)) return false;
    const absl::CivilDay watched = day - simulation::Pick(random, 6);
    polku::follow_up::v1::ImportJourneyRequest request;
    request.set_client(client);
    request.set_case_number("case-" + client.substr(client.size() - 3));
    *request.mutable_watch_from() = ToProtoDay(watched);
    *request.mutable_assessment_complete_date() = ToProtoDay(day - 10 - simulation::Pick(random, 60));
    *request.mutable_last_contact_date() = ToProtoDay(day - simulation::Pick(random, 40));
    Measure measure;
    measure.name = client + "/measures/imported-1";
    const bool has_measure = simulation::Chance(random, 80);
    if (has_measure) {
      auto& told = *request.add_measures();
      told.set_type(model.measure_type);
      told.set_provider(model.provider[0] != '\0' ? model.provider : kProvider);
      const bool started = simulation::Chance(random, 70);
      measure.start = started ? day - 1 - simulation::Pick(random, 30) : day + simulation::Pick(random, 20) - 12;
      measure.end = std::max(measure.start, day) + simulation::Pick(random, 40) - 5;
      measure.end = std::max(measure.start, measure.end);
      *told.mutable_start_date() = ToProtoDay(measure.start);
      *told.mutable_end_date() = ToProtoDay(measure.end);
      told.set_started(started);
      for (const int weekday : {1, 3}) {
        auto& session = *told.add_sessions();
        session.set_day(static_cast<google::type::DayOfWeek>(weekday));
        session.set_start_minute(9 * 60);
        session.set_end_minute(12 * 60);
      }
      *measure.plan.mutable_sessions() = told.sessions();
      if (started) {
        const absl::CivilDay end = End(measure, day, day);
        Attendance(measure, day, std::min(end, measure.end), day, end);
      }
    }
    script_.Add(Hour(day, 16) + absl::Minutes(30), kFollowUp, "ImportJourney", std::move(request)).principal =
        PrincipalOf("lead");
    Contacts(client, day + 1);
    return true;
  }

  // What the pathway wants before an assessment is complete or a measure planned.
  void Prepare(const Model& model, const std::string& assessment, absl::CivilDay day) {
    if (model.rates_ability) {
      polku::assessment::v1::RecordInstrumentRequest rating;
      rating.set_assessment(assessment);
      rating.set_instrument("was");
      rating.add_answers()->set_item("current-ability");
      rating.mutable_answers(0)->set_number(6);
      script_.Add(Hour(day, 8), kAssessment, "RecordInstrument", std::move(rating));
    }
    if (!model.asks_advice) return;
    polku::assessment::v1::RequestConsultationRequest ask;
    ask.set_assessment(assessment);
    ask.set_organisation(kSpecialist);
    ask.set_question("kanarialintu");
    ask.set_basis("health-care-act");
    script_.Add(Hour(day, 8), kAssessment, "RequestConsultation", std::move(ask));
    polku::assessment::v1::AnswerConsultationRequest answer;
    answer.set_name(absl::StrCat(assessment.substr(0, assessment.find("/assessments/")), "/consultations/1"));
    answer.set_advice("kanarialintu");
    script_.AddAs(kSpecialist, Hour(day, 9), kAssessment, "AnswerConsultation", std::move(answer));
  }

  void Contacts(const std::string& name, absl::CivilDay day) {
    while (day < kFirstDay + script_.size().days) {
      day += 5 + script_.Pick(40);
      const absl::Time contact = Hour(day, 8 + script_.Pick(8));
      polku::follow_up::v1::RecordContactRequest request;
      request.set_client(name);
      *request.mutable_contact_time() = ToProto(contact);
      Contact(script_, contact + absl::Hours(24 * script_.Pick(4)), std::move(request));
    }
  }

  // Returns the day on which the next plan may be thought of.
  absl::CivilDay Plan(const std::string& client, const Model& model, int& plans, int& measures, absl::CivilDay day) {
    polku::assessment::v1::ProposePlanRequest propose;
    propose.set_assessment(absl::StrCat(client, "/assessments/1"));
    std::vector<Measure> made;
    for (int i = 0; i <= script_.Pick(2); ++i) {
      Measure measure = NewMeasure(absl::StrCat(client, "/measures/", ++measures), model, day);
      *propose.add_measures() = measure.plan;
      made.push_back(std::move(measure));
    }
    script_.Add(Hour(day, 11), kAssessment, "ProposePlan", std::move(propose));
    polku::assessment::v1::ApprovePlanRequest approve;
    approve.set_name(absl::StrCat(client, "/plans/", ++plans));
    day += script_.Pick(3);
    script_.Add(Hour(day, 12), kAssessment, "ApprovePlan", std::move(approve));
    absl::CivilDay last = day;
    if (script_.Chance(30)) last = Revise(client, plans, made[0], day);
    for (Measure& measure : made) last = std::max(last, Live(measure, day));
    return last;
  }

  // A measure becomes shorter, and sometimes one day of the week is given up. Returns the day of the approval.
  absl::CivilDay Revise(const std::string& client, int& plans, Measure& measure, absl::CivilDay day) {
    day += 2 + script_.Pick(20);
    polku::assessment::v1::RevisePlanRequest revise;
    revise.set_plan(absl::StrCat(client, "/plans/", plans));
    const absl::CivilDay proposed = day;
    day += script_.Pick(3);
    if (measure.end - 10 <= day || measure.end - 10 <= measure.start) return day;
    auto& plan = measure.plan;
    plan.set_measure(measure.name);
    measure.end -= script_.Pick(10);
    measure.revised = day + 1;
    *plan.mutable_end_date() = ToProtoDay(measure.end);
    *revise.add_changed() = plan;
    auto& sessions = *revise.mutable_changed(0)->mutable_sessions();
    if (sessions.size() > plan.weekly_days_min() && script_.Chance(60)) {
      measure.dropped_day = sessions.rbegin()->day();
      sessions.RemoveLast();
    }
    script_.Add(Hour(proposed, 11), kAssessment, "RevisePlan", std::move(revise));
    polku::assessment::v1::ApprovePlanRequest approve;
    approve.set_name(absl::StrCat(client, "/plans/", ++plans));
    script_.Add(Hour(day, 12), kAssessment, "ApprovePlan", std::move(approve));
    return day;
  }

  Measure NewMeasure(const std::string& name, const Model& model, absl::CivilDay day) {
    Measure measure;
    measure.name = name;
    auto& plan = measure.plan;
    plan.set_type(model.measure_type);
    plan.set_provider(script_.Chance(15) ? kClosingProvider : kProvider);
    if (script_.Chance(50)) measure.source = absl::StrCat("s", script_.Pick(kSources));
    measure.feeder = feeds_.Choose();
    if (measure.feeder >= 0) {
      plan.set_provider("organisations/" + Feeders()[static_cast<size_t>(measure.feeder)]);
      measure.source = feeds_.Chance(60) ? absl::StrCat("s", kSources + measure.feeder) : "";
    }
    if (model.provider[0] != '\0') {
      plan.set_provider(model.provider);
      measure.feeder = -1;
      measure.source.clear();
    }
    if (model.in_groups) plan.set_group(absl::StrCat("group-", name.substr(name.find("/measures/") - 3, 3)));
    if (!measure.source.empty()) plan.set_source("sources/" + measure.source);
    measure.start = day - 2 + script_.Pick(15);
    measure.end = measure.start + 10 + script_.Pick(50);
    if (model.starts_within_days > 0) measure.start = std::min(measure.start, day + model.starts_within_days);
    if (model.days_max > 0) measure.end = std::min(measure.end, measure.start + model.days_max - 1);
    *plan.mutable_start_date() = ToProtoDay(measure.start);
    *plan.mutable_end_date() = ToProtoDay(measure.end);
    std::set<int> days;
    for (int i = script_.Pick(4); i > 0; --i) days.insert(1 + script_.Pick(5));
    for (const int weekday : days) {
      auto& session = *plan.add_sessions();
      session.set_day(static_cast<google::type::DayOfWeek>(weekday));
      session.set_start_minute(9 * 60);
      session.set_end_minute(12 * 60 + script_.Pick(2) * 60);
    }
    if (!days.empty()) plan.set_weekly_days_min(script_.Pick(std::min<int>(3, static_cast<int>(days.size()) + 1)));
    return measure;
  }

  // What becomes of a measure. Returns its last day.
  absl::CivilDay Live(const Measure& measure, absl::CivilDay approved) {
    const int fate = script_.Pick(100);
    absl::CivilDay start = std::max(measure.start, approved + 1);
    if (fate < 8) return start + 14;  // Never started.
    start += fate < 20 ? 7 + script_.Pick(8) : script_.Pick(3);
    if (start > measure.end) return start;
    polku::follow_up::v1::StartMeasureRequest begin;
    begin.set_name(measure.name);
    *begin.mutable_start_date() = ToProtoDay(start);
    // Told on the day or some days later.
    const absl::CivilDay told = start + (script_.Chance(20) ? script_.Pick(5) : 0);
    Tell(measure, Hour(told, 8), "StartMeasure", std::move(begin));
    const absl::CivilDay end = End(measure, start, told);
    VoidStart(measure, start, told, end);
    Attendance(measure, start, std::min(end, measure.end), told, end);
    return end;
  }

  // It had been a mistake, found out before the end; nobody is told who goes on marking. Sometimes the measure starts
  // once more, earlier or later than it had.
  void VoidStart(const Measure& measure, absl::CivilDay start, absl::CivilDay told, absl::CivilDay end) {
    SeededRandom random(Mix(script_.scenario().seed, measure.name + " void"));
    if (!simulation::Chance(random, 10)) return;
    const absl::CivilDay day = told + 1 + simulation::Pick(random, simulation::Chance(random, 50) ? 8 : 30);
    if (day >= end) return;
    polku::follow_up::v1::VoidRecordRequest request;
    request.set_name(measure.name);
    request.set_reason(polku::follow_up::v1::VOID_REASON_DID_NOT_HAPPEN);
    script_.Add(LocalTime(day, 18 * 60 + 40), kFollowUp, "VoidRecord", std::move(request));
    const absl::CivilDay again = day + simulation::Pick(random, 6);
    if (simulation::Chance(random, 30) || again >= end) return;
    polku::follow_up::v1::StartMeasureRequest begin;
    begin.set_name(measure.name);
    const absl::CivilDay date = start - 2 + simulation::Pick(random, static_cast<int>(again - start) + 3);
    if (date > measure.end) return;
    *begin.mutable_start_date() = ToProtoDay(date);
    Tell(measure, LocalTime(again, 18 * 60 + 50), "StartMeasure", std::move(begin));
  }

  absl::CivilDay End(const Measure& measure, absl::CivilDay start, absl::CivilDay told) {
    const int fate = script_.Pick(100);
    if (fate < 20) return measure.end + 30;  // Nobody ever ends it.
    absl::CivilDay end = measure.end + (fate < 30 ? 8 + script_.Pick(4) : script_.Pick(3));
    if (fate < 45) {
      end = std::min(measure.end, std::max(told, start + 3 + script_.Pick(25)));
      polku::follow_up::v1::EndMeasureEarlyRequest request;
      request.set_name(measure.name);
      *request.mutable_end_date() = ToProtoDay(end);
      request.set_reason(static_cast<polku::follow_up::v1::EndReason>(1 + script_.Pick(8)));
      const absl::CivilDay told_end = end + (script_.Chance(30) ? script_.Pick(8) : 0);
      Tell(measure, Hour(told_end, 17), "EndMeasureEarly", std::move(request));
      if (script_.Chance(15)) VoidEnd(measure, told_end);
      return end;
    }
    polku::follow_up::v1::CompleteMeasureRequest request;
    request.set_name(measure.name);
    *request.mutable_end_date() = ToProtoDay(end);
    const absl::CivilDay told_end = end + script_.Pick(3);
    Tell(measure, Hour(told_end, 17), "CompleteMeasure", std::move(request));
    if (script_.Chance(15)) VoidEnd(measure, told_end);
    return end;
  }

  // It had been a mistake: nobody marks the measure any more, and sometimes it ends once more.
  void VoidEnd(const Measure& measure, absl::CivilDay told) {
    told += script_.Pick(6);
    polku::follow_up::v1::VoidRecordRequest request;
    request.set_name(measure.name);
    request.set_reason(polku::follow_up::v1::VOID_REASON_DID_NOT_HAPPEN);
    script_.Add(Hour(told, 19), kFollowUp, "VoidRecord", std::move(request));
    if (script_.Chance(40)) return;
    told += 1 + script_.Pick(10);
    polku::follow_up::v1::CompleteMeasureRequest complete;
    complete.set_name(measure.name);
    *complete.mutable_end_date() = ToProtoDay(told);
    Tell(measure, Hour(told, 17), "CompleteMeasure", std::move(complete));
  }

  void Attendance(const Measure& measure, absl::CivilDay start, absl::CivilDay last, absl::CivilDay told,
                  absl::CivilDay ended) {
    const absl::CivilDay drops_out = script_.Chance(30) ? start + script_.Pick(30) : last + 1;
    for (absl::CivilDay day = start; day <= last; ++day) {
      for (const auto& session : measure.plan.sessions()) {
        if (static_cast<int>(absl::GetWeekday(day)) != session.day() - 1 || IsPublicHoliday(day)) continue;
        if (day >= measure.revised && session.day() == measure.dropped_day) continue;
        const int luck = script_.Pick(100);
        const bool gone = day >= drops_out;
        if (luck < (gone ? 30 : 4)) continue;  // Nobody marks it.
        const auto status = gone || luck < 15 ? polku::follow_up::v1::ATTENDANCE_STATUS_ABSENT
                            : luck < 20       ? polku::follow_up::v1::ATTENDANCE_STATUS_EXCUSED
                                              : polku::follow_up::v1::ATTENDANCE_STATUS_PRESENT;
        absl::CivilDay marked = std::max(day, told);
        if (script_.Chance(6)) marked += 1 + script_.Pick(6);
        if (marked > ended) marked = std::max(day, ended);
        if (!Mark(measure, day, status, 0, Hour(marked, 15 + script_.Pick(2)), ended)) continue;
        if (!script_.Chance(5)) continue;
        const auto corrected = status == polku::follow_up::v1::ATTENDANCE_STATUS_PRESENT
                                   ? polku::follow_up::v1::ATTENDANCE_STATUS_EXCUSED
                                   : polku::follow_up::v1::ATTENDANCE_STATUS_PRESENT;
        const absl::CivilDay later = std::min(marked + 1 + script_.Pick(5), ended);
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
    Tell(measure, at, "RecordAttendance", mark);
    if (measure.feeder < 0) return true;
    const absl::Time again = at + absl::Hours(1 + feeds_.Pick(96));
    if (feeds_.Chance(8) && LocalDay(again) < ended) feeds_.Repeat(measure.feeder, again, ActivityOf(mark));
    return true;
  }

  // By whoever tells of that measure: a command, or a record of its provider.
  template <class Request>
  void Tell(const Measure& measure, absl::Time at, const std::string& method, Request request) {
    if (measure.feeder >= 0) return feeds_.Write(measure.feeder, at, ActivityOf(request));
    script_.Add(at, kFollowUp, method, std::move(request));
  }

  Script script_;
  Feeds feeds_{script_};
  std::vector<std::pair<absl::Time, absl::Time>> silences_[kSources + 2];
};

}  // namespace

Scenario MakeScenario(uint64_t seed, const ScenarioSize& size) { return Writer(seed, size).Write(); }

int Pick(SeededRandom& random, int limit) { return static_cast<int>(random.Next() % static_cast<uint64_t>(limit)); }
bool Chance(SeededRandom& random, int percent) { return Pick(random, 100) < percent; }

std::string IdentityCode(int client) {
  const int day = 1 + client % 28;
  const int month = 1 + client % 12;
  const int year = 60 + client % 30;
  const int individual = 900 + client % 100;
  const int number = ((day * 100 + month) * 100 + year) * 1000 + individual;
  return absl::StrFormat("%02d%02d%02d-%03d%c", day, month, year, individual,
                         "0123456789ABCDEFHJKLMNPRSTUVWXY"[number % 31]);
}

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
