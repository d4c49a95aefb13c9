// polkuctl coordinators ..., assignments ..., worklist and tasks ...
#include "polku/coordinator_network/v1/api.grpc.pb.h"
#include "tools/polkuctl/request.h"
#include "tools/polkuctl/session.h"

namespace polku::polkuctl {
namespace {

using namespace polku::coordinator_network::v1;  // NOLINT
using Stub = CoordinatorNetworkService::Stub;

void AddCoordinators(CLI::App& app, Session& session) {
  CLI::App* coordinators =
      AddCommand(app, "coordinators", "Coordinators: register, update, absences, propose, show, list.",
                 "--role lead coordinators list");
  coordinators->require_subcommand(1);
  CLI::App* add = AddCommand(*coordinators, "register", "Adds a coordinator to the network.",
                             "--role lead coordinators register kajaani-1 --home organisations/kainuu-unit "
                             "--municipality 205 --language fi --segment unemployed --capacity 40");
  auto request = std::make_shared<RegisterCoordinatorRequest>();
  auto segments = std::make_shared<std::vector<std::string>>();
  auto capacity = std::make_shared<int>(40);
  Coordinator* coordinator = request->mutable_coordinator();
  add->add_option_function<std::string>("id", [request](const std::string& t) { request->set_coordinator_id(t); })
      ->required();
  add->add_option_function<std::string>(
         "--home", [coordinator](const std::string& t) { coordinator->set_organisation(t); }, "organisations/O")
      ->required();
  AddMany(*add, "--municipality", *coordinator->mutable_municipalities(), "code of three digits that is served");
  AddMany(*add, "--language", *coordinator->mutable_languages(), "fi, sv, en, ...");
  AddMany(*add, "--competence", *coordinator->mutable_competences(), "need code");
  add->add_option("--segment", *segments, "employed, unemployed, student, outside-services; may be repeated")
      ->allow_extra_args(false);
  add->add_option("--capacity", *capacity, "clients at a time")->capture_default_str();
  AddCall<CoordinatorNetworkService>(*add, session, request, &Stub::RegisterCoordinator, [request, segments, capacity] {
    for (const std::string& text : *segments) {
      request->mutable_coordinator()->add_segments(Parsed(ParseEnumAs<polku::common::v1::Segment>(text), "--segment"));
    }
    request->mutable_coordinator()->set_capacity(*capacity);
  });

  CLI::App* show =
      AddCommand(*coordinators, "show", "One coordinator.", "--role lead coordinators show coordinators/kajaani-1");
  auto shown = std::make_shared<GetCoordinatorRequest>();
  show->add_option_function<std::string>("name", [shown](const std::string& t) { shown->set_name(t); })->required();
  AddCall<CoordinatorNetworkService>(*show, session, shown, &Stub::GetCoordinator);

  CLI::App* list = AddCommand(*coordinators, "list", "All coordinators.", "--role lead coordinators list");
  auto listed = std::make_shared<ListCoordinatorsRequest>();
  AddPage<CoordinatorNetworkService>(*list, session, listed, &Stub::ListCoordinators,
                                     {"name", "organisation", "municipalities", "accepted", "capacity"});

  AddRequest<CoordinatorNetworkService>(
      *coordinators, session,
      {"update", "The whole profile anew: what --from leaves out is empty afterwards.",
       "--role lead coordinators update coordinators/kajaani-1 --from coordinator.json",
       "coordinator, as show --json prints it"},
      &Stub::UpdateCoordinator, {{"coordinator.name"}});
  AddRequest<CoordinatorNetworkService>(
      *coordinators, session,
      {"absences", "Sets all absences anew; without --from there are none any more.",
       "--role coordinator coordinators absences coordinators/kajaani-1 --from absences.json",
       "absences, each with days and substitute"},
      &Stub::SetAbsences, {{"coordinator"}});
  AddRequest<CoordinatorNetworkService>(*coordinators, session,
                                        {"propose", "Who fits the client best, with the reasons; changes nothing.",
                                         "--role lead coordinators propose clients/C"},
                                        &Stub::ProposeCoordinators, {{"client"}});
}

void AddAssignments(CLI::App& app, Session& session) {
  CLI::App* assignments = AddCommand(app, "assignments", "Who supports a client: show, list, assign, accept, decline.",
                                     "--role coordinator assignments show clients/C");
  assignments->require_subcommand(1);
  CLI::App* show = AddCommand(*assignments, "show", "With the reasons for the score.",
                              "--role coordinator assignments show clients/C");
  auto shown = std::make_shared<GetAssignmentRequest>();
  show->add_option_function<std::string>("client", [shown](const std::string& t) { shown->set_client(t); })->required();
  AddCall<CoordinatorNetworkService>(*show, session, shown, &Stub::GetAssignment);

  CLI::App* assign = AddCommand(*assignments, "assign", "Proposes the best, or names one.",
                                "--role lead assignments assign clients/C --coordinator coordinators/kajaani-1 "
                                "--reason 'knows the client'");
  auto assigned = std::make_shared<AssignCoordinatorRequest>();
  assign->add_option_function<std::string>("client", [assigned](const std::string& t) { assigned->set_client(t); })
      ->required();
  assign->add_option_function<std::string>("--coordinator",
                                           [assigned](const std::string& t) { assigned->set_coordinator(t); });
  assign->add_option_function<std::string>("--reason", [assigned](const std::string& t) { assigned->set_reason(t); });
  AddCall<CoordinatorNetworkService>(*assign, session, assigned, &Stub::AssignCoordinator);

  CLI::App* accept = AddCommand(*assignments, "accept", "The coordinator takes the client.",
                                "--role coordinator assignments accept clients/C --coordinator coordinators/kajaani-1");
  auto accepted = std::make_shared<AcceptAssignmentRequest>();
  accept->add_option_function<std::string>("client", [accepted](const std::string& t) { accepted->set_client(t); })
      ->required();
  accept
      ->add_option_function<std::string>("--coordinator",
                                         [accepted](const std::string& t) { accepted->set_coordinator(t); })
      ->required();
  AddCall<CoordinatorNetworkService>(*accept, session, accepted, &Stub::AcceptAssignment);
  AddRequest<CoordinatorNetworkService>(
      *assignments, session,
      {"decline", "The next best is asked.",
       "--role coordinator assignments decline clients/C --coordinator coordinators/kajaani-1"},
      &Stub::DeclineAssignment, {{"client"}, {"coordinator", "coordinators/X", true}});

  CLI::App* list =
      AddCommand(*assignments, "list", "Of one coordinator, or of all who have left: those are to be moved.",
                 "--role lead assignments list");
  auto listed = std::make_shared<ListAssignmentsRequest>();
  AddField(*list, session, *listed, {"coordinator", "coordinators/X"}, false);
  AddPage<CoordinatorNetworkService>(*list, session, listed, &Stub::ListAssignments,
                                     {"coordinator", "client", "state", "accept_time", "handing_over_to"});
}

void AddTasks(CLI::App& app, Session& session) {
  CLI::App* worklist = AddCommand(app, "worklist", "Open tasks of a coordinator, earliest due first.",
                                  "--role coordinator worklist coordinators/kajaani-1");
  auto listed = std::make_shared<ListWorklistRequest>();
  worklist
      ->add_option_function<std::string>("coordinator", [listed](const std::string& t) { listed->set_coordinator(t); })
      ->required();
  AddPage<CoordinatorNetworkService>(*worklist, session, listed, &Stub::ListWorklist,
                                     {"due_time", "kind", "name", "subject", "attempts", "last_outcome", "waiting"});

  CLI::App* tasks =
      AddCommand(app, "tasks", "Tasks: attempt, complete.", "--role coordinator tasks complete clients/C/tasks/2");
  tasks->require_subcommand(1);
  CLI::App* attempt = AddCommand(*tasks, "attempt", "Somebody tried to reach the client.",
                                 "--role coordinator tasks attempt clients/C/tasks/2 --outcome reached-will-return "
                                 "--channel call");
  auto attempted = std::make_shared<RecordOutreachAttemptRequest>();
  auto outcome = std::make_shared<std::string>();
  auto channel = std::make_shared<std::string>("call");
  attempt->add_option_function<std::string>("task", [attempted](const std::string& t) { attempted->set_task(t); })
      ->required();
  attempt->add_option("--outcome", *outcome, "reached-will-return, not-reached, ...")->required();
  attempt->add_option("--channel", *channel, "call, message, letter, visit, meeting")->capture_default_str();
  attempt->add_option_function<std::string>(
      "--time",
      [attempted, &session](const std::string& t) {
        *attempted->mutable_attempt_time() = Parsed(ParseInstant(t, session.Now()), "--time");
      },
      "RFC 3339; without it now");
  AddField(*attempt, session, *attempted, {"call_back_date", "YYYY-MM-DD, with call later: the day agreed"}, false);
  AddCall<CoordinatorNetworkService>(
      *attempt, session, attempted, &Stub::RecordOutreachAttempt, [attempted, outcome, channel] {
        attempted->set_outcome(Parsed(ParseEnumAs<AttemptOutcome>(*outcome), "--outcome"));
        attempted->set_channel(Parsed(ParseEnumAs<Channel>(*channel), "--channel"));
      });

  CLI::App* complete = AddCommand(*tasks, "complete", "The task is done.",
                                  "--role coordinator tasks complete clients/C/tasks/2 --next-step 2026-12-08");
  auto completed = std::make_shared<CompleteTaskRequest>();
  auto next_step = std::make_shared<std::string>();
  complete->add_option_function<std::string>("task", [completed](const std::string& t) { completed->set_task(t); })
      ->required();
  complete->add_option("--next-step", *next_step, "YYYY-MM-DD, agreed with the client");
  AddCall<CoordinatorNetworkService>(*complete, session, completed, &Stub::CompleteTask, [completed, next_step] {
    if (!next_step->empty()) {
      *completed->mutable_next_step_date() = Parsed(ParseDate(*next_step), "--next-step");
    }
  });
}

}  // namespace

void AddNetworkCommands(CLI::App& app, Session& session) {
  AddCoordinators(app, session);
  AddAssignments(app, session);
  AddTasks(app, session);
}

}  // namespace polku::polkuctl
