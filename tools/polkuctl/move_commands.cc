// polkuctl journeys try-move, move, move-show and move-changes: running journeys to another version of their pathway.
#include <memory>
#include <string>

#include "polku/follow_up/v1/api.grpc.pb.h"
#include "tools/polkuctl/request.h"
#include "tools/polkuctl/session.h"
#include "tools/polkuctl/text.h"

namespace polku::polkuctl {
namespace {

using namespace polku::follow_up::v1;  // NOLINT
using Stub = FollowUpService::Stub;

std::string RowOf(const JourneyMoveChange& change, const MovedLimit& limit) {
  const auto text = [&](const char* field) {
    const auto* descriptor = MovedLimit::descriptor()->FindFieldByName(field);
    return limit.GetReflection()->HasField(limit, descriptor) ? FieldText(limit, *descriptor) : std::string("none");
  };
  std::string row = change.client() + "  R" + std::to_string(limit.rule());
  if (!limit.measure().empty()) row += " " + limit.measure();
  if (!limit.statutory_point().empty()) row += " " + limit.statutory_point();
  row += ": limit " + text("due_time") + " -> " + text("due_time_then");
  if (limit.opens()) row += ", an interruption opens";
  if (limit.ends()) row += ", its interruption ends";
  return row;
}

// A line for each limit that differs, and one for who would stay.
void Tell(const ListJourneyMoveChangesResponse& page, Session& session) {
  for (const JourneyMoveChange& change : page.changes()) {
    for (const std::string& missing : change.missing()) {
      session.out << change.client() << "  stays: the other version has no " << missing << "\n";
    }
    for (const MovedLimit& limit : change.limits()) session.out << RowOf(change, limit) << "\n";
    if (change.missing().empty() && change.limits().empty()) {
      session.out << change.client() << "  is followed by rules " << change.rules_version() << "\n";
    }
  }
}

void TellAll(const std::string& name, Session& session) {
  ListJourneyMoveChangesRequest request;
  request.set_name(name);
  const auto stub = session.Connect<FollowUpService>();
  do {
    const auto page = session.Call(&Stub::ListJourneyMoveChanges, *stub, request);
    if (!page.ok()) return session.Fail(page.status());
    if (session.json) {
      session.out << Json(*page) << "\n";
    } else {
      Tell(*page, session);
    }
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
}

}  // namespace

void AddJourneyMoves(CLI::App& journeys, Session& session) {
  AddRequest<FollowUpService>(
      journeys, session,
      {"try-move", "Dry run: each journey on the one version says what would change; then see move-show, move-changes.",
       "--role lead --user u1 journeys try-move pathways/kiipula-rivakka/moves/1-2"},
      &Stub::TryJourneyMove, {{"name"}});
  AddRequest<FollowUpService>(
      journeys, session,
      {"move", "Behind its dry run: running journeys go on by another version of their pathway.",
       "--role lead --user u1 journeys move pathways/kiipula-rivakka/moves/1-2"},
      &Stub::MoveJourneys, {{"name"}});
  AddRequest<FollowUpService>(journeys, session,
                              {"move-show", "How far a dry run or a move is, and how many journeys are left.",
                               "--role lead journeys move-show pathways/kiipula-rivakka/moves/1-2"},
                              &Stub::GetJourneyMove, {{"name"}});
  CLI::App* changes =
      AddCommand(journeys, "move-changes", "What a move would change now, client by client. Changes nothing.",
                 "--role lead journeys move-changes pathways/kiipula-rivakka/moves/1-2");
  auto asked = std::make_shared<std::string>();
  changes->add_option("name", *asked, "pathways/P/moves/FROM-TO")->required();
  changes->callback([asked, &session] { TellAll(*asked, session); });
}

}  // namespace polku::polkuctl
