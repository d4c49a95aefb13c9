// polkuctl assessments ... and plans ...
#include "libs/base/status_macros.h"
#include "polku/assessment/v1/api.grpc.pb.h"
#include "tools/polkuctl/session.h"

namespace polku::polkuctl {
namespace {

using namespace polku::assessment::v1;  // NOLINT

void AddAssessments(CLI::App& app, Session& session) {
  CLI::App* assessments = AddCommand(app, "assessments", "Assessments: list, show, complete.", "assessments list");
  assessments->require_subcommand(1);
  CLI::App* list = AddCommand(*assessments, "list", "Earliest deadline first; open and overdue by default.",
                              "--role assessor assessments list");
  auto state = std::make_shared<std::string>();
  auto token = std::make_shared<std::string>();
  list->add_option("--state", *state, "open, overdue, complete, cancelled");
  list->add_option("--page-token", *token, "from the page before");
  list->callback([state, token, &session] {
    ListAssessmentsRequest request;
    request.set_page_token(*token);
    if (!state->empty()) request.set_state(Parsed(ParseEnumAs<AssessmentState>(*state), "--state"));
    const auto stub = AssessmentService::NewStub(session.channel());
    const auto page = session.Call(&AssessmentService::Stub::ListAssessments, *stub, request);
    if (!page.ok()) return session.Fail(page.status());
    std::vector<const google::protobuf::Message*> rows;
    for (const Assessment& assessment : page->assessments()) rows.push_back(&assessment);
    session.ShowList(rows, {"name", "state", "unit", "deadline"});
    if (!page->next_page_token().empty()) session.err << "more: --page-token " << page->next_page_token() << "\n";
  });

  CLI::App* show =
      AddCommand(*assessments, "show", "One assessment.", "--role assessor assessments show clients/C/assessments/1");
  auto shown = std::make_shared<GetAssessmentRequest>();
  show->add_option_function<std::string>("name", [shown](const std::string& t) { shown->set_name(t); })->required();
  show->callback([shown, &session] {
    const auto stub = AssessmentService::NewStub(session.channel());
    session.Show(session.Call(&AssessmentService::Stub::GetAssessment, *stub, *shown));
  });

  CLI::App* complete = AddCommand(*assessments, "complete", "The assessment is done.",
                                  "--role assessor assessments complete clients/C/assessments/1");
  auto completed = std::make_shared<CompleteAssessmentRequest>();
  complete->add_option_function<std::string>("name", [completed](const std::string& t) { completed->set_name(t); })
      ->required();
  complete->callback([completed, &session] {
    const auto stub = AssessmentService::NewStub(session.channel());
    session.Show(session.Call(&AssessmentService::Stub::CompleteAssessment, *stub, *completed));
  });
}

struct TypedMeasure {
  std::string assessment;
  std::string type;
  std::string provider;
  std::string source;
  std::string start;
  std::string end;
  std::vector<std::string> sessions;
};

ProposePlanRequest PlanFrom(const TypedMeasure& typed) {
  ProposePlanRequest request;
  request.set_assessment(typed.assessment);
  PlannedMeasure& measure = *request.add_measures();
  measure.set_type(typed.type);
  measure.set_provider(typed.provider);
  measure.set_source(typed.source);
  *measure.mutable_start_date() = Parsed(ParseDate(typed.start), "--start");
  *measure.mutable_end_date() = Parsed(ParseDate(typed.end), "--end");
  for (const std::string& text : typed.sessions) *measure.add_sessions() = Parsed(ParseSession(text), "--session");
  return request;
}

void AddPlans(CLI::App& app, Session& session) {
  CLI::App* plans =
      AddCommand(app, "plans", "Plans: propose, show, approve.", "--role assessor plans show clients/C/plans/1");
  plans->require_subcommand(1);
  CLI::App* propose =
      AddCommand(*plans, "propose", "Proposes a plan of one measure.",
                 "--role assessor plans propose --assessment clients/C/assessments/1 --type job-coaching "
                 "--provider organisations/valmennus --start 2026-12-01 --end 2027-02-26 "
                 "--session 'mon 09:00-12:00' --session 'wed 09:00-12:00'");
  auto typed = std::make_shared<TypedMeasure>();
  propose->add_option("--assessment", typed->assessment, "clients/C/assessments/A")->required();
  propose->add_option("--type", typed->type, "measure type of the pathway")->required();
  propose->add_option("--provider", typed->provider, "organisations/O")->required();
  propose->add_option("--source", typed->source, "sources/S that reports attendance; none = people do");
  propose->add_option("--start", typed->start, "YYYY-MM-DD")->required();
  propose->add_option("--end", typed->end, "YYYY-MM-DD")->required();
  propose->add_option("--session", typed->sessions, "'mon 09:00-13:00'; may be repeated");
  propose->callback([typed, &session] {
    const ProposePlanRequest request = PlanFrom(*typed);
    const auto stub = AssessmentService::NewStub(session.channel());
    session.Show(session.Call(&AssessmentService::Stub::ProposePlan, *stub, request));
  });

  CLI::App* show = AddCommand(*plans, "show", "One plan.", "--role assessor plans show clients/C/plans/1");
  auto shown = std::make_shared<GetPlanRequest>();
  show->add_option_function<std::string>("name", [shown](const std::string& t) { shown->set_name(t); })->required();
  show->callback([shown, &session] {
    const auto stub = AssessmentService::NewStub(session.channel());
    session.Show(session.Call(&AssessmentService::Stub::GetPlan, *stub, *shown));
  });

  CLI::App* approve = AddCommand(*plans, "approve", "Puts a plan in force.",
                                 "--role assessor --user u1 plans approve clients/C/plans/1");
  auto approved = std::make_shared<ApprovePlanRequest>();
  approve->add_option_function<std::string>("name", [approved](const std::string& t) { approved->set_name(t); })
      ->required();
  approve->callback([approved, &session] {
    const auto stub = AssessmentService::NewStub(session.channel());
    session.Show(session.Call(&AssessmentService::Stub::ApprovePlan, *stub, *approved));
  });
}

}  // namespace

void AddAssessmentCommands(CLI::App& app, Session& session) {
  AddAssessments(app, session);
  AddPlans(app, session);
}

}  // namespace polku::polkuctl
