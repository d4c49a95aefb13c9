// polkuctl pauses ..., transitions ..., circumstances ..., closures ..., outreach ..., records ..., at-risk
#include "polku/follow_up/v1/api.grpc.pb.h"
#include "tools/polkuctl/request.h"

namespace polku::polkuctl {
namespace {

using namespace polku::follow_up::v1;  // NOLINT
using Stub = FollowUpService::Stub;

void AddPauses(CLI::App& app, Session& session) {
  const std::string example =
      "--role coordinator pauses agree clients/C --measure clients/C/measures/1 --start-date 2026-12-01 "
      "--resume-date 2026-12-15 --reason illness";
  CLI::App* pauses = AddCommand(app, "pauses", "Pauses: agree, end.", example);
  pauses->require_subcommand(1);
  AddRequest<FollowUpService>(*pauses, session, {"agree", "Nothing is expected of the client meanwhile.", example},
                              &Stub::AgreePause,
                              {{"client"},
                               {"measure", "clients/C/measures/M; none = all of them"},
                               {"start_date", "YYYY-MM-DD", true},
                               {"resume_date", "YYYY-MM-DD, the first day on which it goes on", true},
                               {"reason", "", true}});
  AddRequest<FollowUpService>(*pauses, session,
                              {"end", "It goes on earlier; with the first day the pause is taken back.",
                               "--role coordinator pauses end clients/C/pauses/1 --end-date 2026-12-08"},
                              &Stub::EndPause, {{"name"}, {"end_date", "YYYY-MM-DD", true}});
}

void AddTransitions(CLI::App& app, Session& session) {
  const std::string example = "--role coordinator transitions offer clients/C --taker organisations/kela";
  CLI::App* transitions =
      AddCommand(app, "transitions", "Hand-overs between organisations: offer, accept, decline.", example);
  transitions->require_subcommand(1);
  AddRequest<FollowUpService>(*transitions, session,
                              {"offer", "The giver stays responsible until it is accepted.", example},
                              &Stub::OfferTransition,
                              {{"client"},
                               {"taker", "organisations/O", true},
                               {"accept_by_date", "YYYY-MM-DD; none = as the rules say"},
                               {"step", "of the pathway: its limits hold"}});
  AddRequest<FollowUpService>(*transitions, session,
                              {"accept", "The taker is responsible from now on.",
                               "--role coordinator transitions accept clients/C/transitions/1"},
                              &Stub::AcceptTransition, {{"name"}});
  AddRequest<FollowUpService>(
      *transitions, session,
      {"decline", "The giver stays responsible.", "--role coordinator transitions decline clients/C/transitions/1"},
      &Stub::DeclineTransition, {{"name"}});
}

void AddCircumstances(CLI::App& app, Session& session) {
  const std::string moved =
      "--role coordinator circumstances record clients/C --circumstance moved-away --from-date 2026-12-01 --source "
      "client";
  CLI::App* circumstances = AddCommand(app, "circumstances", "Changes in a client's life: record.", moved);
  circumstances->require_subcommand(1);
  AddRequest<FollowUpService>(*circumstances, session, {"record", "From when, and who told.", moved},
                              &Stub::RecordCircumstance,
                              {{"client"},
                               {"circumstance", "", true},
                               {"from_date", "YYYY-MM-DD", true},
                               {"end_date", "YYYY-MM-DD, when it is over"},
                               {"source", "", true},
                               {"revoked", "it was a mistake"}});
  const std::string paid =
      "--role coordinator benefits record clients/C --kind sickness-allowance --first-date 2026-12-01 --last-date "
      "2027-01-31 --source kela";
  CLI::App* benefits = AddCommand(app, "benefits", "Sickness allowance of a client: record.", paid);
  benefits->require_subcommand(1);
  AddRequest<FollowUpService>(
      *benefits, session,
      {"record", "Days away ill or with allowance; records void clients/C/benefit-periods/N takes one back.", paid},
      &Stub::RecordBenefitPeriod,
      {{"client"},
       {"period.kind", "", true},
       {"period.first_date", "YYYY-MM-DD", true},
       {"period.last_date", "YYYY-MM-DD, inclusive; may be still to come", true},
       {"period.paid_days", "its last benefit days that were paid; none = all of them"},
       {"period.source", "", true},
       {"corrects", "clients/C/benefit-periods/N, whose place it takes"}});
  const std::string closed =
      "--role provider closures record organisations/valmennus --first-date 2026-12-24 --last-date 2027-01-06";
  CLI::App* closures = AddCommand(app, "closures", "A provider's closed days: record.", closed);
  closures->require_subcommand(1);
  AddRequest<FollowUpService>(*closures, session, {"record", "Sessions of these days are not expected.", closed},
                              &Stub::RecordClosure,
                              {{"provider"},
                               {"first_date", "YYYY-MM-DD", true},
                               {"last_date", "YYYY-MM-DD, inclusive", true},
                               {"revoked", "it was a mistake"}});
}

void AddOutreachAndRecords(CLI::App& app, Session& session) {
  const std::string hold =
      "--role coordinator --user u1 outreach hold clients/C --until-date 2026-12-15 --reason treatment";
  CLI::App* outreach = AddCommand(app, "outreach", "Calls to a client: hold back, release, request.", hold);
  outreach->require_subcommand(1);
  AddRequest<FollowUpService>(
      *outreach, session, {"hold", "Nobody is asked to call the client; breaks are found all the same.", hold},
      &Stub::HoldOutreach,
      {{"client"}, {"until_date", "YYYY-MM-DD, the first day on which calls go on", true}, {"reason", "", true}});
  AddRequest<FollowUpService>(*outreach, session,
                              {"release", "Before its day.", "--role coordinator outreach release clients/C"},
                              &Stub::ReleaseOutreach, {{"client"}});
  AddRequest<FollowUpService>(*outreach, session,
                              {"request", "For what was broken before the go-live and has been reviewed.",
                               "--role coordinator outreach request clients/C/interruptions/3"},
                              &Stub::RequestReviewedOutreach, {{"name"}});
  CLI::App* breaker = AddCommand(app, "breaker", "What stops a storm of outreach: show, release.",
                                 "--role lead breaker show breakers/outreach");
  breaker->require_subcommand(1);
  AddRequest<FollowUpService>(*breaker, session,
                              {"show", "Whether it has tripped, by which rule, and how many wait.",
                               "--role lead breaker show breakers/outreach"},
                              &Stub::GetOutreachBreaker, {{"name"}});
  AddRequest<FollowUpService>(*breaker, session,
                              {"release", "Somebody has looked: what waits is asked for in paced steps.",
                               "--role lead --user u1 breaker release breakers/outreach"},
                              &Stub::ReleaseOutreachBreaker, {{"name"}});
  const std::string wrong = "--role coordinator records void clients/C/contacts/3 --reason wrong-client";
  CLI::App* records = AddCommand(app, "records", "What was recorded by mistake: void.", wrong);
  records->require_subcommand(1);
  AddRequest<FollowUpService>(*records, session,
                              {"void",
                               "clients/C/contacts/N, clients/C/benefit-periods/N, the resolution of "
                               "clients/C/interruptions/N, or the end or else the start of "
                               "clients/C/measures/M; it counts no more.",
                               wrong},
                              &Stub::VoidRecord, {{"name"}, {"reason", "", true}});
}

}  // namespace

void AddAgreementCommands(CLI::App& app, Session& session) {
  AddPauses(app, session);
  AddOutreachAndRecords(app, session);
  AddTransitions(app, session);
  AddCircumstances(app, session);
  CLI::App* at_risk = AddCommand(app, "at-risk", "Limits that will be reached if nothing happens, earliest first.",
                                 "--role coordinator at-risk --within-days 7");
  auto listed = std::make_shared<ListAtRiskRequest>();
  AddField(*at_risk, session, *listed, {"within_days", "1 to 60"}, false);
  AddPage<FollowUpService>(*at_risk, session, listed, &Stub::ListAtRisk,
                           {"client", "rule", "measure", "statutory_point", "counted_from", "due_time"});
}

}  // namespace polku::polkuctl
