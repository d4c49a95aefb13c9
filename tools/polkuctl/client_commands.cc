// polkuctl clients ..., permissions ..., units ...
#include "polku/referral/v1/api.grpc.pb.h"
#include "tools/polkuctl/request.h"

namespace polku::polkuctl {
namespace {

using namespace polku::referral::v1;  // NOLINT
using Stub = ReferralService::Stub;

void AddClients(CLI::App& app, Session& session) {
  CLI::App* clients =
      AddCommand(app, "clients", "Clients: merge, restrict, erase.",
                 "--role intake clients merge clients/C --into clients/D --text 'same address and phone'");
  clients->require_subcommand(1);
  AddRequest<ReferralService>(
      *clients, session,
      {"merge", "Two records are of one person: all goes over to --into, in steps.",
       "--role intake clients merge clients/C --into clients/D --text 'same address and phone'"},
      &Stub::MergeClients, {{"client"}, {"into", "clients/D", true}, {"text", "how it is known", true}});
  AddRequest<ReferralService>(*clients, session,
                              {"restrict", "Nothing is processed but what the law asks for.",
                               "--role intake clients restrict clients/C --restricted --reason objection"},
                              &Stub::RestrictProcessing,
                              {{"client"},
                               {"restricted", "without it the restriction is lifted"},
                               {"reason", ""},
                               {"text", "why"},
                               {"schedule_erasure", "erase when the records need not be kept any longer"}});
  AddRequest<ReferralService>(
      *clients, session,
      {"erase", "For ever, in all services; needs a restriction first.", "--role intake clients erase clients/C"},
      &Stub::EraseClient, {{"client"}});
}

void AddPermissions(CLI::App& app, Session& session) {
  const std::string example =
      "--role intake permissions grant clients/C --purpose service-chain --organisation organisations/kela --classes "
      "plan";
  CLI::App* permissions =
      AddCommand(app, "permissions", "A client's permissions and denials: grant, withdraw.", example);
  permissions->require_subcommand(1);
  AddRequest<ReferralService>(*permissions, session, {"grant", "What may be told to whom.", example},
                              &Stub::GrantPermission,
                              {{"client"},
                               {"purpose", "", true},
                               {"organisation", "organisations/O", true},
                               {"classes", "plan, follow-up, ...", true},
                               {"valid_from", "YYYY-MM-DD"},
                               {"valid_to", "YYYY-MM-DD, inclusive"},
                               {"denial", "it must not be told"}});
  AddRequest<ReferralService>(
      *permissions, session, {"withdraw", "From now on.", "--role intake permissions withdraw clients/C/permissions/1"},
      &Stub::WithdrawPermission, {{"name"}});
}

void AddUnits(CLI::App& app, Session& session) {
  CLI::App* units = AddCommand(app, "units", "Receiving units: their places and queue.",
                               "--role referrer units show organisations/kainuu-unit");
  units->require_subcommand(1);
  AddRequest<ReferralService>(
      *units, session,
      {"show", "Before a referral is sent there.", "--role referrer units show organisations/kainuu-unit"},
      &Stub::GetUnitCapacity, {{"unit"}});
  AddRequest<ReferralService>(
      *units, session,
      {"set", "What the unit can take.", "--role intake units set organisations/kainuu-unit --places 40 --accepting"},
      &Stub::SetUnitCapacity,
      {{"unit"},
       {"places", "clients at a time"},
       {"accepting", "without it new referrals are not taken"},
       {"text", "for referrers"}});
}

}  // namespace

void AddClientCommands(CLI::App& app, Session& session) {
  AddClients(app, session);
  AddPermissions(app, session);
  AddUnits(app, session);
}

}  // namespace polku::polkuctl
