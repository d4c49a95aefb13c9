#include "services/follow-up/api/move_queries.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "polku/follow_up/v1/state.pb.h"
#include "services/follow-up/api/disclosure.h"
#include "services/follow-up/domain/draft.h"
#include "services/follow-up/domain/index.h"
#include "services/follow-up/domain/journey_move.h"
#include "services/follow-up/domain/limit_changes.h"
#include "services/follow-up/domain/moment.h"

namespace polku::follow_up {
namespace {

void AddLimit(const LimitChange& change, v1::JourneyMoveChange& shown) {
  v1::MovedLimit& limit = *shown.add_limits();
  limit.set_rule(change.rule);
  limit.set_measure(change.measure);
  limit.set_statutory_point(change.point);
  if (change.due_us != 0) *limit.mutable_due_time() = pipeline::ToProto(At(change.due_us));
  if (change.due_then_us != 0) *limit.mutable_due_time_then() = pipeline::ToProto(At(change.due_then_us));
  limit.set_opens(change.opens);
  limit.set_ends(change.ends);
}

// None when nothing changes but the version.
std::optional<v1::JourneyMoveChange> ChangeOf(const v1::JourneyRecord& journey, const Moved& moved, absl::Time now,
                                              const pathway::Catalogue& catalogue) {
  v1::JourneyMoveChange shown;
  shown.set_client(journey.client());
  shown.set_coordinator(journey.coordinator());
  shown.set_rules_version(moved.event.rules_version());
  for (const std::string& each : moved.missing) shown.add_missing(each);
  if (moved.missing.empty()) {
    for (const LimitChange& change : LimitChanges(journey, RulesOf(catalogue, journey), moved.journey,
                                                  RulesOf(catalogue, moved.journey), Micros(now))) {
      AddLimit(change, shown);
    }
  }
  const bool same_rules = moved.event.rules_version() == journey.rules_version();
  if (shown.missing().empty() && shown.limits().empty() && same_rules) return std::nullopt;
  return shown;
}

}  // namespace

absl::StatusOr<v1::JourneyMove> GetJourneyMove(rpc::ReadScope& scope, const v1::GetJourneyMoveRequest& request) {
  const std::optional<MoveTerms> terms = MoveTermsOf(request.name());
  if (!terms.has_value()) return InvalidField("name", "must be a name like \"pathways/*/moves/1-2\", of two versions");
  const std::vector<std::string> keys = {request.name()};
  ASSIGN_OR_RETURN(const auto stored, scope.reader.Load(keys));
  v1::JourneyMoveRecord record;
  if (!record.ParseFromString(stored[0].state)) return absl::DataLossError("the stored move does not parse");
  if (record.move().empty()) {
    return WithReason(absl::NotFoundError("the move has never been tried"), "MOVE_NOT_TRIED");
  }
  v1::JourneyMove move = JourneyMoveView(record);
  if (record.activate_us() == 0) return move;
  ASSIGN_OR_RETURN(
      const auto rows,
      scope.reader.Query("SELECT COUNT(*) FROM journey WHERE pathway = $1 AND pathway_version = $2 AND open = 1",
                         {store::Value(terms->pathway), store::Value(int64_t{terms->from_version})}));
  move.set_left(static_cast<int32_t>(std::get<int64_t>(rows[0][0])));
  return move;
}

absl::StatusOr<v1::ListJourneyMoveChangesResponse> ListJourneyMoveChanges(
    rpc::ReadScope& scope, const v1::ListJourneyMoveChangesRequest& request, const pathway::Catalogue& catalogue) {
  RETURN_IF_ERROR(DefinitionsOf(request.name(), catalogue).status());
  const MoveTerms terms = *MoveTermsOf(request.name());
  const std::string fingerprint = absl::StrCat("move-changes/", request.name());
  ASSIGN_OR_RETURN(const auto cursor, scope.pager.Open(fingerprint, request.page_token(), request.page_size()));
  const std::string after = cursor.after.empty() ? "" : std::get<std::string>(cursor.after[0]);
  ASSIGN_OR_RETURN(const auto rows,
                   scope.reader.Query(LookupQueries().at(kJourneysOfPathwayLookup),
                                      {terms.pathway, int64_t{terms.from_version}, after, int64_t{cursor.limit} + 1}));
  ASSIGN_OR_RETURN(const auto active_rules, scope.reader.Query(LookupQueries().at(kActiveRulesLookup), {}));
  const std::string rules_version = RulesOfMove(request.name(), active_rules, catalogue);
  const size_t shown = std::min(rows.size(), static_cast<size_t>(cursor.limit));
  std::vector<std::string> clients;
  for (size_t i = 0; i < shown; ++i) clients.push_back(std::get<std::string>(rows[i][0]));
  ASSIGN_OR_RETURN(const auto stored, scope.reader.Load(clients));
  v1::ListJourneyMoveChangesResponse response;
  for (size_t i = 0; i < shown; ++i) {
    v1::JourneyRecord journey;
    if (!journey.ParseFromString(stored[i].state)) return absl::DataLossError("the stored journey does not parse");
    if (!IsListedFor(scope.principal, clients[i], journey, scope.clock.Now())) continue;
    const auto moved = MovedBy(request.name(), journey, rules_version, scope.clock.Now(), catalogue);
    if (!moved.has_value()) continue;
    auto change = ChangeOf(journey, *moved, scope.clock.Now(), catalogue);
    if (change.has_value()) *response.add_changes() = *std::move(change);
    scope.Viewed(clients[i]);
  }
  if (rows.size() > shown) response.set_next_page_token(scope.pager.Seal(fingerprint, {rows[shown - 1][0]}));
  return response;
}

}  // namespace polku::follow_up
