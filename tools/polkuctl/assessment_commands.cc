// polkuctl assessments ... and plans ...
#include "polku/assessment/v1/api.grpc.pb.h"
#include "tools/polkuctl/input.h"
#include "tools/polkuctl/request.h"
#include "tools/polkuctl/session.h"

namespace polku::polkuctl {
namespace {

using namespace polku::assessment::v1;  // NOLINT
using Stub = AssessmentService::Stub;

void AddCourse(CLI::App& app, CLI::App& assessments, Session& session) {
  AddRequest<AssessmentService>(assessments, session,
                                {"cancel", "Ends the assessment without a result.",
                                 "--role assessor assessments cancel clients/C/assessments/1 --reason not-needed"},
                                &Stub::CancelAssessment, {{"name"}, {"reason", "", true}});
  AddRequest<AssessmentService>(assessments, session,
                                {"again", "Opens a new assessment after one that has ended.",
                                 "--role assessor assessments again clients/C/assessments/1"},
                                &Stub::StartReassessment, {{"assessment"}});

  CLI::App* sessions = AddCommand(app, "sessions", "Sessions of an assessment: schedule, record.",
                                  "--role assessor sessions record clients/C/sessions/1 --outcome attended");
  sessions->require_subcommand(1);
  AddRequest<AssessmentService>(
      *sessions, session,
      {"schedule", "Agrees on a session.",
       "--role assessor sessions schedule clients/C/assessments/1 --start-time 2026-12-01T10:00:00+02:00"},
      &Stub::ScheduleSession, {{"assessment"}, {"start_time", "RFC 3339", true}});
  AddRequest<AssessmentService>(
      *sessions, session,
      {"record", "How the session went.", "--role assessor sessions record clients/C/sessions/1 --outcome attended"},
      &Stub::RecordSession, {{"name"}, {"outcome", "", true}});
}

void AddAssessments(CLI::App& app, Session& session) {
  CLI::App* assessments = AddCommand(
      app, "assessments", "Assessments: list, show, complete, cancel, again; instruments.", "assessments list");
  assessments->require_subcommand(1);
  AddInstrumentCommands(*assessments, session);
  CLI::App* list = AddCommand(*assessments, "list", "Earliest deadline first; open and overdue by default.",
                              "--role assessor assessments list");
  auto listed = std::make_shared<ListAssessmentsRequest>();
  list->add_option_function<std::string>(
      "--state",
      [listed](const std::string& t) { listed->set_state(Parsed(ParseEnumAs<AssessmentState>(t), "--state")); },
      "open, overdue, complete, cancelled");
  AddPage<AssessmentService>(*list, session, listed, &Stub::ListAssessments,
                             {"name", "state", "reason", "unit", "deadline"});

  CLI::App* show =
      AddCommand(*assessments, "show", "One assessment.", "--role assessor assessments show clients/C/assessments/1");
  auto shown = std::make_shared<GetAssessmentRequest>();
  show->add_option_function<std::string>("name", [shown](const std::string& t) { shown->set_name(t); })->required();
  AddCall<AssessmentService>(*show, session, shown, &Stub::GetAssessment);

  CLI::App* complete = AddCommand(*assessments, "complete", "The assessment is done.",
                                  "--role assessor assessments complete clients/C/assessments/1");
  auto completed = std::make_shared<CompleteAssessmentRequest>();
  complete->add_option_function<std::string>("name", [completed](const std::string& t) { completed->set_name(t); })
      ->required();
  complete->add_option_function<std::string>(
      "--reassess",
      [completed](const std::string& t) { *completed->mutable_reassess_date() = Parsed(ParseDate(t), "--reassess"); },
      "YYYY-MM-DD: when to look at the result again; left out, as the pathway says");
  complete->add_option_function<std::string>(
      "--outcome", [completed](const std::string& t) { completed->set_outcome(t); }, "where the pathway has outcomes");
  AddCall<AssessmentService>(*complete, session, completed, &Stub::CompleteAssessment);
  AddCourse(app, *assessments, session);
}

struct TypedMeasure {
  std::string from;
  std::string type;
  std::string start;
  std::string end;
  std::vector<std::string> sessions;
  PlannedMeasure measure;
};

// The measures of the file, or the one that the flags describe.
void FillMeasures(TypedMeasure typed, ProposePlanRequest& request) {
  if (!typed.from.empty()) {
    const absl::Status read = AddMeasuresFrom(Parsed(ReadText(typed.from), "--from"), request);
    if (!read.ok()) throw CLI::ValidationError("--from", std::string(read.message()));
    return;
  }
  if (typed.type.empty()) throw CLI::RequiredError("--type or --from");
  *typed.measure.mutable_start_date() = Parsed(ParseDate(typed.start), "--start");
  *typed.measure.mutable_end_date() = Parsed(ParseDate(typed.end), "--end");
  for (const std::string& text : typed.sessions) {
    *typed.measure.add_sessions() = Parsed(ParseSession(text), "--session");
  }
  *request.add_measures() = typed.measure;
}

void AddPropose(CLI::App& plans, Session& session) {
  CLI::App* propose =
      AddCommand(plans, "propose", "Proposes a plan: one measure by flags, or a file of measures.",
                 "--role assessor plans propose --assessment clients/C/assessments/1 --type job-coaching "
                 "--provider organisations/valmennus --start 2026-12-01 --end 2027-02-26 "
                 "--session 'mon 09:00-12:00' --session 'wed 09:00-12:00'\n"
                 "  polkuctl --role assessor plans propose --assessment clients/C/assessments/1 --from measures.json");
  auto request = std::make_shared<ProposePlanRequest>();
  auto typed = std::make_shared<TypedMeasure>();
  PlannedMeasure* measure = &typed->measure;
  propose
      ->add_option_function<std::string>(
          "--assessment", [request](const std::string& t) { request->set_assessment(t); }, "clients/C/assessments/A")
      ->required();
  CLI::Option* type = propose->add_option_function<std::string>(
      "--type", [typed, measure](const std::string& t) { measure->set_type(typed->type = t); },
      "measure type of the pathway");
  CLI::Option* provider = propose->add_option_function<std::string>(
      "--provider", [measure](const std::string& t) { measure->set_provider(t); }, "organisations/O");
  CLI::Option* source = propose->add_option_function<std::string>(
      "--source", [measure](const std::string& t) { measure->set_source(t); },
      "sources/S that reports attendance; none = people do");
  CLI::Option* start = propose->add_option("--start", typed->start, "YYYY-MM-DD");
  CLI::Option* end = propose->add_option("--end", typed->end, "YYYY-MM-DD, the last planned day");
  CLI::Option* sessions =
      propose->add_option("--session", typed->sessions, "'mon 09:00-13:00'; may be repeated")->allow_extra_args(false);
  CLI::Option* days = propose->add_option_function<int>(
      "--weekly-days-min", [measure](int n) { measure->set_weekly_days_min(n); }, "days a week must have; 0 = any");
  CLI::Option* minutes = propose->add_option_function<int>(
      "--day-minutes-min", [measure](int n) { measure->set_day_minutes_min(n); }, "minutes that make a day; 0 = any");
  CLI::Option* goal = propose->add_option_function<std::string>(
      "--goal", [measure](const std::string& t) { measure->set_goal(t); }, "goal code of the pathway");
  CLI::Option* step = propose->add_option_function<std::string>(
      "--step", [measure](const std::string& t) { measure->set_step(t); },
      "step of the pathway; left out where only one has such measures");
  CLI::Option* group = propose->add_option_function<std::string>(
      "--group", [measure](const std::string& t) { measure->set_group(t); }, "the provider's code of the group");
  CLI::Option* cost = propose->add_option_function<int>(
      "--cost-euros", [measure](int n) { measure->set_cost_euros(n); }, "paid from the personal budget");
  propose->add_option_function<int>(
      "--budget-euros", [request](int n) { request->set_personal_budget_euros(n); }, "the plan's personal budget");
  type->needs(provider)->needs(start)->needs(end);
  CLI::Option* from = propose->add_option(
      "--from", typed->from, "file with a list of PlannedMeasure as JSON; - is standard input; instead of the flags");
  for (CLI::Option* flag : {type, provider, source, start, end, sessions, days, minutes, goal, step, group, cost}) {
    from->excludes(flag);
  }
  AddCall<AssessmentService>(*propose, session, request, &Stub::ProposePlan,
                             [request, typed] { FillMeasures(*typed, *request); });
}

void AddPlans(CLI::App& app, Session& session) {
  CLI::App* plans = AddCommand(app, "plans", "Plans: propose, show, approve, revise.",
                               "--role assessor plans show clients/C/plans/1");
  plans->require_subcommand(1);
  AddPropose(*plans, session);

  CLI::App* show = AddCommand(*plans, "show", "One plan.", "--role assessor plans show clients/C/plans/1");
  auto shown = std::make_shared<GetPlanRequest>();
  show->add_option_function<std::string>("name", [shown](const std::string& t) { shown->set_name(t); })->required();
  AddCall<AssessmentService>(*show, session, shown, &Stub::GetPlan);

  CLI::App* approve = AddCommand(*plans, "approve", "Puts a plan in force.",
                                 "--role assessor --user u1 plans approve clients/C/plans/1");
  auto approved = std::make_shared<ApprovePlanRequest>();
  approve->add_option_function<std::string>("name", [approved](const std::string& t) { approved->set_name(t); })
      ->required();
  AddCall<AssessmentService>(*approve, session, approved, &Stub::ApprovePlan);

  AddRequest<AssessmentService>(*plans, session,
                                {"revise", "Proposes a change of an approved plan.",
                                 "--role assessor plans revise clients/C/plans/1 --removed clients/C/measures/2 "
                                 "--from revision.json",
                                 "added and changed, planned measures"},
                                &Stub::RevisePlan, {{"plan"}, {"removed", "clients/C/measures/M"}});
}

void AddConsultations(CLI::App& app, Session& session) {
  const std::string answer =
      "--role assessor consultations answer clients/C/consultations/1 --advice 'See a physiatrist.'";
  CLI::App* consultations =
      AddCommand(app, "consultations", "Advice of another organisation: request, answer, show.", answer);
  consultations->require_subcommand(1);
  AddRequest<AssessmentService>(
      *consultations, session,
      {"request", "Asks for advice; the assessment stays where it is.",
       "--role assessor consultations request clients/C/assessments/1 --organisation organisations/clinic "
       "--question 'Can the shoulder bear kitchen work?' --basis clients/C/permissions/1"},
      &Stub::RequestConsultation,
      {{"assessment"},
       {"organisation", "organisations/O", true},
       {"question", "without name or identity code", true},
       {"basis", "clients/C/permissions/P, or the code of a statutory basis", true},
       {"due_date", "YYYY-MM-DD; none = as the pathway says"}});
  AddRequest<AssessmentService>(*consultations, session, {"answer", "Gives the advice.", answer},
                                &Stub::AnswerConsultation,
                                {{"name"}, {"advice", "without name or identity code", true}});
  AddRequest<AssessmentService>(
      *consultations, session,
      {"show", "One consultation.", "--role assessor consultations show clients/C/consultations/1"},
      &Stub::GetConsultation, {{"name"}});
}

}  // namespace

void AddAssessmentCommands(CLI::App& app, Session& session) {
  AddAssessments(app, session);
  AddConsultations(app, session);
  AddPlans(app, session);
}

}  // namespace polku::polkuctl
