// polkuctl clients ..., permissions ..., units ...
#include "polku/referral/v1/api.grpc.pb.h"
#include "tools/polkuctl/input.h"
#include "tools/polkuctl/request.h"

namespace polku::polkuctl {
namespace {

using namespace polku::referral::v1;  // NOLINT
using Stub = ReferralService::Stub;

void AddClients(CLI::App& app, Session& session) {
  CLI::App* clients =
      AddCommand(app, "clients", "Clients: find, correct, merge, split, transfer, restrict, erase.",
                 "--role intake clients merge clients/C --into clients/D --text 'same address and phone'");
  clients->require_subcommand(1);
  AddRequest<ReferralService>(
      *clients, session,
      {"merge", "Two records are of one person: all goes over to --into, in steps.",
       "--role intake clients merge clients/C --into clients/D --text 'same address and phone'"},
      &Stub::MergeClients, {{"client"}, {"into", "clients/D", true}, {"text", "how it is known", true}});
  AddRequest<ReferralService>(
      *clients, session,
      {"split", "One record is of two persons: undoes a merge, or gives referrals to a new client.",
       "--role intake clients split clients/C --referrals clients/C/referrals/2 --text 'two of one name' --from "
       "split.json",
       "person, who the new client is"},
      &Stub::SplitClient,
      {{"client"},
       {"merged", "clients/D, which becomes itself again; instead of the others"},
       {"referrals", "those that go"},
       {"text", "how it is known", true}});
  AddRequest<ReferralService>(*clients, session,
                              {"update-contact", "How the client is reached.",
                               "--role coordinator clients update-contact clients/C --from contact.json",
                               "contact, and update_mask naming what of it is taken"},
                              &Stub::UpdateContact, {{"client"}});
  AddRequest<ReferralService>(
      *clients, session,
      {"correct-identity", "Names, birth date or identity code as they should be.",
       "--role intake clients correct-identity clients/C --reason entered-wrong --from identity.json",
       "person, with what was wrong"},
      &Stub::CorrectIdentity, {{"client"}, {"reason", "", true}, {"text", "required with other"}});
  AddRequest<ReferralService>(
      *clients, session,
      {"transfer-out", "Hands the record to another region, and prints it: for a file of your own, not for a screen.",
       "--role intake --user u1 clients transfer-out clients/C --organisation organisations/other-region "
       "--text 'moves in June'"},
      &Stub::TransferOut,
      {{"client"},
       {"organisation", "organisations/O", true},
       {"statutory_basis", "the law, when the client has not permitted it"},
       {"text", "how it came about", true}});
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

void AddFind(CLI::App& app, Session& session) {
  CLI::App* find =
      AddCommand(*app.get_subcommand("clients"), "find", "Who has this identity code. Leaves an audit row.",
                 "--role intake clients find --identity-code-file identity-code.txt");
  auto file = std::make_shared<std::string>();
  find->add_option("--identity-code-file", *file, "file with the identity code; - is standard input")->required();
  auto request = std::make_shared<FindClientRequest>();
  AddCall<ReferralService>(*find, session, request, &Stub::FindClient,
                           [request, file] { request->set_identity_code(IdentityCodeIn(*file)); });
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
  AddFind(app, session);
  AddPermissions(app, session);
  AddUnits(app, session);
}

}  // namespace polku::polkuctl
