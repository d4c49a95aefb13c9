// ListAtRisk. The index holds the week of each journey's earliest limit; the limits themselves are
// worked out from the states of the clients of a page, so that they cost nothing while marks come in.
#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "polku/follow_up/v1/state.pb.h"
#include "services/follow-up/api/disclosure.h"
#include "services/follow-up/api/queries.h"
#include "services/follow-up/domain/draft.h"
#include "services/follow-up/domain/findings.h"
#include "services/follow-up/domain/index.h"
#include "services/follow-up/domain/moment.h"

namespace polku::follow_up {
namespace {

constexpr int kWithinDaysDefault = 7;
constexpr int kWithinDaysMax = 60;

void AddNearLimits(const v1::JourneyRecord& journey, const polku::pathway::v1::RuleSet& rules, int64_t until_us,
                   v1::ListAtRiskResponse& response) {
  for (const Finding& finding : Findings(journey, rules)) {
    if (finding.due_us > until_us || FindOpen(journey, finding) != nullptr) continue;
    v1::AtRisk& at_risk = *response.add_at_risk();
    at_risk.set_client(journey.client());
    at_risk.set_rule(finding.rule);
    at_risk.set_measure(finding.measure);
    at_risk.set_statutory_point(finding.point);
    *at_risk.mutable_counted_from() = pipeline::ToProto(At(finding.counted_from_us));
    *at_risk.mutable_due_time() = pipeline::ToProto(At(finding.due_us));
  }
}

}  // namespace

absl::StatusOr<v1::ListAtRiskResponse> ListAtRisk(rpc::ReadScope& scope, const v1::ListAtRiskRequest& request,
                                                  const pathway::Catalogue& catalogue) {
  const int days = request.within_days() == 0 ? kWithinDaysDefault : request.within_days();
  if (days < 1 || days > kWithinDaysMax) return InvalidField("within_days", "must be 1 to 60, or 0");
  const std::string fingerprint = absl::StrCat("at-risk/", days);
  ASSIGN_OR_RETURN(const auto cursor, scope.pager.Open(fingerprint, request.page_token(), request.page_size()));
  const int64_t until_us = Micros(scope.clock.Now() + absl::Hours(24 * days));
  const int64_t after_week = cursor.after.empty() ? INT64_MIN : std::get<int64_t>(cursor.after[0]);
  const std::string after_client = cursor.after.empty() ? "" : std::get<std::string>(cursor.after[1]);
  ASSIGN_OR_RETURN(const auto rows,
                   scope.reader.Query("SELECT limit_week, client FROM journey WHERE open = 1 AND limit_week <= $1 AND "
                                      "(limit_week > $2 OR (limit_week = $2 AND client > $3)) "
                                      "ORDER BY limit_week, client LIMIT $4",
                                      {store::Value(WeekOfIndex(until_us)), store::Value(after_week),
                                       store::Value(after_client), store::Value(int64_t{cursor.limit + 1})}));
  const size_t shown = std::min(rows.size(), static_cast<size_t>(cursor.limit));
  std::vector<std::string> clients;
  for (size_t i = 0; i < shown; ++i) clients.push_back(std::get<std::string>(rows[i][1]));
  ASSIGN_OR_RETURN(const auto stored, scope.reader.Load(clients));
  v1::ListAtRiskResponse response;
  for (size_t i = 0; i < shown; ++i) {
    v1::JourneyRecord record;
    if (!record.ParseFromString(stored[i].state)) return absl::DataLossError("the stored journey does not parse");
    if (!IsListedFor(scope.principal, clients[i], record, scope.clock.Now())) continue;
    AddNearLimits(record, RulesOf(catalogue, record), until_us, response);
    scope.Viewed(clients[i]);
  }
  if (rows.size() > shown) response.set_next_page_token(scope.pager.Seal(fingerprint, rows[shown - 1]));
  return response;
}

}  // namespace polku::follow_up
