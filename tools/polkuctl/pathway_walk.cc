#include "tools/polkuctl/pathway_walk.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "libs/base/calendar.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/pathway/steps.h"
#include "libs/pipeline/proto_time.h"
#include "services/assessment/domain/client_assessment_domain.h"
#include "services/assessment/domain/plan_steps.h"
#include "services/follow-up/domain/findings.h"
#include "services/follow-up/domain/journey.h"
#include "services/follow-up/domain/words.h"
#include "tools/polkuctl/text.h"

namespace polku::polkuctl {
namespace {

using namespace polku::pathway::v1;  // NOLINT
using assessment::ClientAssessmentDomain;
using assessment::v1::ClientAssessmentEvent;
using assessment::v1::ClientAssessmentInput;
using assessment::v1::PlannedMeasure;
using follow_up::JourneyDomain;
using follow_up::v1::JourneyEvent;
using follow_up::v1::JourneyInput;
using pipeline::FromProto;
using pipeline::ToProto;
using pipeline::ToProtoDay;

constexpr char kClient[] = "clients/0190a000-0000-7000-8000-000000000001";
constexpr int kMeasureDays = 28;      // A measure's length where the pathway leaves it open.
constexpr int kAssessmentDays = 5;    // When the assessment is complete.
constexpr int kContactEveryDays = 7;  // Somebody sees the client so often while measures run.
constexpr int kStayingAwayDays = 30;  // How long is looked at what is found.
constexpr int kScoreTries = 20;

// One aggregate with its domain, as the corridor would carry it.
template <class Domain>
class Carried {
 public:
  explicit Carried(const pathway::Catalogue& catalogue) : domain_(catalogue) {}

  absl::StatusOr<std::vector<typename Domain::Event>> Take(const typename Domain::Input& input, absl::Time now,
                                                           const std::string& organisation) {
    pipeline::Context context;
    context.key = kClient;
    context.now = now;
    context.fact_time = now;
    context.covered_until = now;
    context.principal.organisation = organisation;
    context.principal.user = "simulate";
    context.principal.role = "lead";
    context.next_version = version_ + 1;
    context.service = "simulate";
    context.lookups.resize(domain_.LookupsOf(kClient, state_, input).size());
    ASSIGN_OR_RETURN(auto decision, domain_.Decide(state_, input, context));
    for (const auto& event : decision.events) domain_.Evolve(event, state_);
    version_ += static_cast<int64_t>(decision.events.size());
    return std::move(decision.events);
  }
  const typename Domain::State& state() const { return state_; }
  std::optional<absl::Time> NextDue() const { return domain_.NextDue(state_); }

 private:
  const Domain domain_;
  typename Domain::State state_;
  int64_t version_ = 0;
};

class Walk {
 public:
  Walk(const pathway::Catalogue& catalogue, const PathwayDefinition& definition, const WalkWishes& wishes)
      : catalogue_(catalogue),
        definition_(definition),
        wishes_(wishes),
        assessment_(catalogue),
        journey_(catalogue),
        now_(LocalTime(wishes.first_day, 9 * 60)) {}

  absl::StatusOr<std::vector<std::string>> Run() {
    RETURN_IF_ERROR(IsAccepted());
    RETURN_IF_ERROR(IsAssessed());
    RETURN_IF_ERROR(GetsPlan());
    RETURN_IF_ERROR(GoesThroughMeasures());
    return std::move(lines_);
  }

 private:
  bool finnish() const { return wishes_.language == Language::kFinnish; }
  const char* Say(const char* fi, const char* en) const { return finnish() ? fi : en; }
  std::string In(const common::v1::Text& text) const { return finnish() ? text.fi() : text.en(); }
  absl::CivilDay Today() const { return LocalDay(now_); }
  std::string AssessmentName() const { return absl::StrCat(kClient, "/assessments/1"); }

  void Line(const std::string& what) {
    lines_.push_back(absl::StrCat("day ", Today() - wishes_.first_day, "\t", FormatDay(Today()), "\t", what));
  }
  // The limits that are new since the last line.
  void Limits() {
    if (!journey_.state().open()) return;
    const RuleSet& rules = follow_up::RulesOf(catalogue_, journey_.state());
    std::set<std::string> limits;
    for (const follow_up::Finding& finding : follow_up::Findings(journey_.state(), rules)) {
      if (follow_up::FindOpen(journey_.state(), finding.rule, finding.measure) != nullptr) continue;
      const absl::CivilDay last = LocalDay(absl::FromUnixMicros(finding.due_us - 1));
      limits.insert(absl::StrCat("\t\t  ", Say("viimeistään ", "by "), FormatDay(last), "  ",
                                 follow_up::v1::Rule_Name(finding.rule).substr(5), " ",
                                 finding.measure.empty() ? "" : finding.measure.substr(sizeof(kClient))));
    }
    for (const std::string& limit : limits) {
      if (told_.count(limit) == 0) lines_.push_back(limit);
    }
    told_ = std::move(limits);
  }

  // The first that plays the role for the client; anybody is named after the role.
  std::string PlayerOf(const std::string& code) const {
    const Role* role = pathway::FindRole(definition_, code);
    if (role != nullptr) {
      for (const RolePlayer& player : role->players()) {
        if (pathway::Plays(*role, player.organisation(), Municipality(), Today())) return player.organisation();
      }
    }
    return absl::StrCat("organisations/", code.empty() ? "provider" : code);
  }
  const std::string& Municipality() const { return definition_.entry().municipalities(0).code(); }
  std::string Unit() const {
    return definition_.steps().empty() ? "organisations/unit" : PlayerOf(definition_.steps(0).responsible());
  }

  absl::Status Follow(const JourneyInput& input, const std::string& organisation = "") {
    ASSIGN_OR_RETURN(const std::vector<JourneyEvent> events, journey_.Take(input, now_, organisation));
    for (const JourneyEvent& event : events) {
      if (const auto words = follow_up::InWords(event); words.has_value()) Line(In(*words));
    }
    return absl::OkStatus();
  }
  absl::Status Assess(const ClientAssessmentInput& input) {
    ASSIGN_OR_RETURN(const std::vector<ClientAssessmentEvent> events, assessment_.Take(input, now_, Unit()));
    for (const ClientAssessmentEvent& event : events) {
      JourneyInput told;
      if (event.has_assessment_opened()) *told.mutable_assessment_opened() = event.assessment_opened();
      if (event.has_assessment_completed()) *told.mutable_assessment_completed() = event.assessment_completed();
      if (event.has_plan_approved()) *told.mutable_plan_approved() = event.plan_approved();
      if (told.input_case() != JourneyInput::INPUT_NOT_SET) RETURN_IF_ERROR(Follow(told));
    }
    return absl::OkStatus();
  }
  // Whatever comes due on the way is decided at its instant.
  absl::Status MoveTo(absl::Time time) {
    for (auto due = journey_.NextDue(); due.has_value() && *due <= time; due = journey_.NextDue()) {
      now_ = std::max(now_, *due);
      JourneyInput tick;
      tick.mutable_tick();
      RETURN_IF_ERROR(Follow(tick));
    }
    now_ = std::max(now_, time);
    return absl::OkStatus();
  }
  absl::Status MoveToDay(absl::CivilDay day, int hour = 9) { return MoveTo(LocalTime(day, hour * 60)); }

  absl::Status IsAccepted() {
    const Entry& entry = definition_.entry();
    segment_ = wishes_.segment == 0 ? static_cast<common::v1::Segment>(entry.segments(0)) : wishes_.segment;
    need_ = wishes_.need.empty() ? entry.needs(0) : wishes_.need;
    if (!pathway::ServesSegment(definition_, segment_)) return InvalidField("segment", "is not served by the pathway");
    if (!pathway::ServesNeed(definition_, need_)) return InvalidField("need", "is not a need of the pathway");
    referral::v1::ReferralAccepted accepted;
    accepted.set_referral(absl::StrCat(kClient, "/referrals/1"));
    accepted.set_receiving_unit(Unit());
    accepted.set_segment(segment_);
    accepted.add_needs(need_);
    accepted.set_pathway(definition_.id());
    accepted.set_pathway_version(definition_.version());
    accepted.set_municipality(Municipality());
    *accepted.mutable_accept_time() = ToProto(now_);
    JourneyInput to_journey;
    *to_journey.mutable_referral_accepted() = accepted;
    RETURN_IF_ERROR(Follow(to_journey));
    ClientAssessmentInput to_assessment;
    *to_assessment.mutable_referral_accepted() = accepted;
    RETURN_IF_ERROR(Assess(to_assessment));
    const auto& opened = assessment_.state().assessments(0);
    const auto by = [&](const char* fi, const char* en, const google::protobuf::Timestamp& time) {
      lines_.push_back(absl::StrCat("\t\t  ", Say("viimeistään ", "by "),
                                    FormatDay(LocalDay(FromProto(time) - absl::Seconds(1))), "  ", Say(fi, en)));
    };
    by("yhteys asiakkaaseen", "first contact", opened.first_contact_deadline());
    by("ensitapaaminen", "first meeting", opened.first_meeting_deadline());
    Limits();
    return absl::OkStatus();
  }

  // Answers that give the class that is wished for; none are tried where none is.
  absl::Status Fill(const std::string& code) {
    const InstrumentDefinition& instrument = *catalogue_.FindInstrument(code);
    const auto wished = wishes_.classes.find(code);
    ClientAssessmentInput input;
    auto& record = *input.mutable_record_instrument();
    record.set_assessment(AssessmentName());
    record.set_instrument(code);
    if (wished == wishes_.classes.end()) {
      record.set_not_done(assessment::v1::NOT_DONE_REASON_OTHER);
      return Assess(input);
    }
    for (int part = 0; part <= kScoreTries; ++part) {
      record.clear_answers();
      for (const InstrumentItem& item : instrument.items()) {
        auto& answer = *record.add_answers();
        answer.set_item(item.code());
        const auto pick = [&](int size) { return (size - 1) * part / kScoreTries; };
        if (!item.choices().empty()) {
          answer.set_choice(item.choices(pick(item.choices_size())));
        } else if (!item.values().empty()) {
          answer.set_number(item.values(pick(item.values_size())));
        } else {
          answer.set_number(item.min() + pick(item.max() - item.min() + 1));
        }
      }
      auto trial = assessment_;
      if (!trial.Take(input, now_, Unit()).ok()) continue;
      if (assessment::FactsOf(trial.state(), trial.state().assessments(0)).classes[code] != wished->second) continue;
      Line(absl::StrCat(code, ": ", wished->second));
      return Assess(input);
    }
    return InvalidField("screen", absl::StrCat("no answers found that give ", code, " the class ", wished->second));
  }

  absl::Status IsAssessed() {
    RETURN_IF_ERROR(MoveToDay(wishes_.first_day + kAssessmentDays));
    std::set<std::string> instruments(definition_.assessment().required_instruments().begin(),
                                      definition_.assessment().required_instruments().end());
    for (const auto& [instrument, wished] : wishes_.classes) instruments.insert(instrument);
    for (const std::string& code : instruments) {
      if (catalogue_.FindInstrument(code) == nullptr) return InvalidField("screen", "no such instrument: " + code);
      RETURN_IF_ERROR(Fill(code));
    }
    for (const Step& step : definition_.steps()) {
      if (step.kind() == STEP_KIND_CONSULTATION) RETURN_IF_ERROR(IsAdvised(step));
    }
    ClientAssessmentInput input;
    input.mutable_complete_assessment()->set_name(AssessmentName());
    const auto& outcomes = definition_.assessment().outcomes();
    input.mutable_complete_assessment()->set_outcome(!wishes_.outcome.empty() || outcomes.empty() ? wishes_.outcome
                                                                                                  : outcomes[0].code());
    RETURN_IF_ERROR(Assess(input));
    Limits();
    return absl::OkStatus();
  }

  absl::Status IsAdvised(const Step& step) {
    const std::string advisor = PlayerOf(step.responsible());
    ClientAssessmentInput ask;
    ask.mutable_request_consultation()->set_assessment(AssessmentName());
    ask.mutable_request_consultation()->set_organisation(advisor);
    ask.mutable_request_consultation()->set_question("?");
    ask.mutable_request_consultation()->set_basis("statute");
    RETURN_IF_ERROR(Assess(ask));
    ClientAssessmentInput answer;
    answer.mutable_answer_consultation()->set_name(
        absl::StrCat(kClient, "/consultations/", assessment_.state().consultations_size()));
    answer.mutable_answer_consultation()->set_advice("!");
    RETURN_IF_ERROR(assessment_.Take(answer, now_, advisor).status());
    Line(absl::StrCat(In(step.title()), ": ", advisor));
    return absl::OkStatus();
  }

  // One measure for every step that is for the client, one step after the other.
  PlannedMeasure MeasureOf(const Step& step, const pathway::ClientFacts& client,
                           const std::map<std::string, absl::CivilDay>& ends) const {
    const MeasureType& type = *pathway::FindMeasureType(definition_, step.measure_types(0));
    absl::CivilDay free_from = Today();
    for (const Step* before : pathway::Before(definition_, step, client)) {
      const auto end = ends.find(before->code());
      if (end != ends.end()) free_from = std::max(free_from, end->second);
    }
    const absl::CivilDay start = AddOfficeDays(free_from, 1);
    int days = std::max(kMeasureDays, type.duration_days_min());
    if (type.duration_days_max() > 0) days = std::min(days, type.duration_days_max());
    PlannedMeasure measure;
    measure.set_type(type.code());
    measure.set_step(step.code());
    measure.set_provider(PlayerOf(type.provider_role().empty() ? step.responsible() : type.provider_role()));
    *measure.mutable_start_date() = ToProtoDay(start);
    *measure.mutable_end_date() = ToProtoDay(start + days - 1);
    if (type.group_size_max() > 0) measure.set_group("group-1");
    return measure;
  }

  absl::Status GetsPlan() {
    const auto client = assessment::FactsOf(assessment_.state(), assessment_.state().assessments(0));
    std::map<std::string, absl::CivilDay> ends;
    ClientAssessmentInput propose;
    propose.mutable_propose_plan()->set_assessment(AssessmentName());
    for (size_t planned = 0;;) {  // Until nothing more has all before it.
      for (const Step& step : definition_.steps()) {
        const auto before = pathway::Before(definition_, step, client);
        const bool ready = std::all_of(before.begin(), before.end(), [&](const Step* each) {
          return each->kind() != STEP_KIND_MEASURE || ends.count(each->code()) > 0;
        });
        if (step.kind() != STEP_KIND_MEASURE || !ready || ends.count(step.code()) > 0 ||
            !pathway::IsFor(step, client)) {
          continue;
        }
        const PlannedMeasure measure = MeasureOf(step, client, ends);
        ends[step.code()] = FromProto(measure.end_date());
        *propose.mutable_propose_plan()->add_measures() = measure;
      }
      if (ends.size() == planned) break;
      planned = ends.size();
    }
    RETURN_IF_ERROR(Assess(propose));
    ClientAssessmentInput approve;
    approve.mutable_approve_plan()->set_name(absl::StrCat(kClient, "/plans/1"));
    RETURN_IF_ERROR(Assess(approve));
    for (const PlannedMeasure& measure : assessment_.state().plans(0).measures()) {
      lines_.push_back(absl::StrCat("\t\t  ", FormatDay(FromProto(measure.start_date())), " - ",
                                    FormatDay(FromProto(measure.end_date())), "  ", measure.step(), ": ",
                                    measure.type(), ", ", measure.provider()));
    }
    Limits();
    return absl::OkStatus();
  }

  absl::Status Meets(const std::string& organisation) {
    JourneyInput input;
    input.mutable_record_contact()->set_client(kClient);
    *input.mutable_record_contact()->mutable_contact_time() = ToProto(now_);
    input.mutable_record_contact()->set_kind(follow_up::v1::CONTACT_KIND_MEETING);
    return journey_.Take(input, now_, organisation).status();
  }

  // When the pathway has a transition into the step from whoever answers now.
  absl::Status HandsOver(const Step& step) {
    const std::string taker = PlayerOf(step.responsible());
    if (taker == journey_.state().responsible_party()) return absl::OkStatus();
    JourneyInput offer;
    offer.mutable_offer_transition()->set_client(kClient);
    offer.mutable_offer_transition()->set_taker(taker);
    offer.mutable_offer_transition()->set_step(step.code());
    if (!journey_.Take(offer, now_, "").ok()) return absl::OkStatus();  // Another one answers for such a step by then.
    Line(absl::StrCat(Say("siirtymä tarjottu: ", "hand-over offered: "), taker, ", ", step.code()));
    Limits();
    JourneyInput accept;
    accept.mutable_accept_transition()->set_name(journey_.state().transition().transition());
    RETURN_IF_ERROR(Follow(accept, taker));
    Limits();
    return Meets(taker);
  }

  absl::Status Starts(const PlannedMeasure& measure) {
    RETURN_IF_ERROR(MoveToDay(FromProto(measure.start_date())));
    RETURN_IF_ERROR(HandsOver(*pathway::FindStep(definition_, measure.step())));
    JourneyInput start;
    start.mutable_start_measure()->set_name(measure.measure());
    *start.mutable_start_measure()->mutable_start_date() = measure.start_date();
    RETURN_IF_ERROR(Follow(start, measure.provider()));
    Limits();
    return absl::OkStatus();
  }

  absl::Status Completes(const PlannedMeasure& measure) {
    const absl::CivilDay end = FromProto(measure.end_date());
    for (absl::CivilDay day = Today() + kContactEveryDays; day < end; day += kContactEveryDays) {
      RETURN_IF_ERROR(MoveToDay(day));
      RETURN_IF_ERROR(Meets(measure.provider()));
    }
    RETURN_IF_ERROR(MoveToDay(end, 16));
    JourneyInput complete;
    complete.mutable_complete_measure()->set_name(measure.measure());
    *complete.mutable_complete_measure()->mutable_end_date() = measure.end_date();
    RETURN_IF_ERROR(Follow(complete, measure.provider()));
    Limits();
    return absl::OkStatus();
  }

  absl::Status GoesThroughMeasures() {
    if (!wishes_.stays_away_from.empty() && pathway::FindStep(definition_, wishes_.stays_away_from) == nullptr) {
      return InvalidField("stays-away-from", "is not a step of the pathway");
    }
    // Day and measure; an end comes before a start of the same day.
    std::vector<std::pair<absl::CivilDay, std::pair<bool, int>>> acts;
    const auto& measures = assessment_.state().plans(0).measures();
    for (int i = 0; i < measures.size(); ++i) {
      acts.push_back({FromProto(measures[i].start_date()), {true, i}});
      acts.push_back({FromProto(measures[i].end_date()), {false, i}});
    }
    std::sort(acts.begin(), acts.end());
    for (const auto& [day, act] : acts) {
      const PlannedMeasure& measure = measures[act.second];
      if (measure.step() == wishes_.stays_away_from) {
        RETURN_IF_ERROR(MoveToDay(day));
        RETURN_IF_ERROR(HandsOver(*pathway::FindStep(definition_, measure.step())));
        return MoveToDay(day + kStayingAwayDays);
      }
      RETURN_IF_ERROR(act.first ? Starts(measure) : Completes(measure));
    }
    JourneyInput close;
    close.mutable_close_journey()->set_client(kClient);
    close.mutable_close_journey()->set_reason(follow_up::v1::CLOSE_REASON_GOAL_REACHED);
    if (!definition_.closing_outcomes().empty()) {
      close.mutable_close_journey()->set_outcome(definition_.closing_outcomes(0).code());
    }
    return Follow(close, journey_.state().responsible_party());
  }

  const pathway::Catalogue& catalogue_;
  const PathwayDefinition& definition_;
  const WalkWishes& wishes_;
  Carried<ClientAssessmentDomain> assessment_;
  Carried<JourneyDomain> journey_;
  absl::Time now_;
  common::v1::Segment segment_ = common::v1::SEGMENT_UNSPECIFIED;
  std::string need_;
  std::set<std::string> told_;
  std::vector<std::string> lines_;
};

}  // namespace

absl::StatusOr<std::vector<std::string>> WalkAlong(const pathway::Catalogue& catalogue,
                                                   const PathwayDefinition& definition, const WalkWishes& wishes) {
  return Walk(catalogue, definition, wishes).Run();
}

}  // namespace polku::polkuctl
