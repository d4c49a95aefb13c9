#include "services/follow-up/api/queries.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "polku/follow_up/v1/state.pb.h"
#include "services/follow-up/api/disclosure.h"
#include "services/follow-up/api/journal_words.h"
#include "services/follow-up/domain/breaker.h"
#include "services/follow-up/domain/draft.h"
#include "services/follow-up/domain/moment.h"
#include "services/follow-up/domain/own_clients.h"
#include "services/follow-up/domain/views.h"

namespace polku::follow_up {
namespace {

using pipeline::ToProto;

constexpr int kTimelineMax = 1000;
// A due instant is carried out by the loop within moments; a minute late is a fault.
constexpr absl::Duration kCarryOutMax = absl::Minutes(1);

constexpr char kLeadList[] = "coordinators/lead";  // The list of clients whom nobody has accepted.

constexpr char kViolations[] =
    "open = 1 AND (owner = '' OR (open_interruptions = 0 AND (next_step_us IS NULL OR next_step_us <= $1)))";
constexpr char kColumns[] =
    "SELECT f.interruption, f.rule, f.measure, COALESCE(a.counted_from_us, f.counted_from_us), "
    "COALESCE(a.due_us, f.due_us), f.rules_version, COALESCE(e.state, 1), COALESCE(e.outcome, 0), e.end_us, "
    "COALESCE(o.outreach_waits, 0) FROM found_interruption f LEFT JOIN amended_interruption a ON a.interruption = "
    "f.interruption "
    "LEFT JOIN ended_interruption e ON e.interruption = f.interruption "
    "LEFT JOIN open_interruption o ON o.interruption = f.interruption ";

int64_t IntAt(const store::Row& row, size_t column) { return std::get<int64_t>(row[column]); }
std::string TextAt(const store::Row& row, size_t column) { return std::get<std::string>(row[column]); }

v1::Interruption FromRow(const store::Row& row) {
  v1::Interruption interruption;
  interruption.set_name(TextAt(row, 0));
  interruption.set_rule(static_cast<v1::Rule>(IntAt(row, 1)));
  interruption.set_measure(TextAt(row, 2));
  *interruption.mutable_counted_from() = ToProto(At(IntAt(row, 3)));
  *interruption.mutable_due_time() = ToProto(At(IntAt(row, 4)));
  interruption.set_rules_version(TextAt(row, 5));
  interruption.set_state(static_cast<v1::InterruptionState>(IntAt(row, 6)));
  interruption.set_outcome(static_cast<v1::ResolutionOutcome>(IntAt(row, 7)));
  if (const auto* end = std::get_if<int64_t>(&row[8]); end != nullptr) {
    *interruption.mutable_end_time() = ToProto(At(*end));
  }
  interruption.set_outreach_wait(static_cast<v1::OutreachWait>(IntAt(row, 9)));
  interruption.set_outreach_waits(IntAt(row, 9) != 0);
  return interruption;
}

// The page of interruptions behind `after`; open ones are found by the small table of open ones.
absl::StatusOr<std::vector<store::Row>> ReadInterruptions(rpc::ReadScope& scope,
                                                          const v1::ListInterruptionsRequest& request,
                                                          v1::InterruptionState state,
                                                          const rpc::Pager::Cursor& cursor) {
  const v1::Rule rule = request.rule();
  const int64_t limit = cursor.limit + 1;
  if (state == v1::INTERRUPTION_STATE_OPEN) {
    const int64_t due = cursor.after.empty() ? INT64_MIN : IntAt(cursor.after, 0);
    const std::string name = cursor.after.empty() ? "" : TextAt(cursor.after, 1);
    return scope.reader.Query(
        "SELECT interruption, rule, measure, counted_from_us, due_us, rules_version, 1, 0, NULL, outreach_waits "
        "FROM open_interruption o WHERE ($1 = 0 OR rule = $1) AND (due_us > $2 OR (due_us = $2 AND interruption > $3)) "
        "AND ($5 = 0 OR outreach_waits = $5) AND ($6 = 0 OR EXISTS (SELECT 1 FROM journey j WHERE "
        "j.client = SUBSTR(o.interruption, 1, 44) AND j.coordinator = $7)) ORDER BY due_us, interruption LIMIT $4",
        {store::Value(int64_t{rule}), store::Value(due), store::Value(name), store::Value(limit),
         store::Value(int64_t{request.outreach_wait()}), store::Value(int64_t{!request.coordinator().empty()}),
         store::Value(request.coordinator() == kLeadList ? "" : request.coordinator())});
  }
  const std::string name = cursor.after.empty() ? "" : TextAt(cursor.after, 1);
  return scope.reader.Query(
      absl::StrCat(kColumns,
                   "WHERE ($1 = 0 OR f.rule = $1) AND e.state = $2 AND e.interruption > $3 "
                   "ORDER BY e.interruption LIMIT $4"),
      {store::Value(int64_t{rule}), store::Value(int64_t{state}), store::Value(name), store::Value(limit)});
}

}  // namespace

absl::StatusOr<v1::Journey> GetJourney(rpc::ReadScope& scope, const v1::GetJourneyRequest& request,
                                       const pathway::Catalogue& catalogue) {
  ASSIGN_OR_RETURN(const auto found, LoadDisclosed(scope, request.client(), "clients/*", "client"));
  const auto& [client, record] = found;
  if (!record.open() && !record.closed()) {
    return WithReason(absl::NotFoundError("the client is not followed here"), "JOURNEY_NOT_FOUND");
  }
  v1::Journey journey = JourneyView(record, RulesOf(catalogue, record));
  ASSIGN_OR_RETURN(const auto rows, ReadWholeJournal(scope.reader, client));
  for (const store::JournalRow& row : rows) {
    if (auto entry = EntryOf(row); entry.has_value()) *journey.add_timeline() = *std::move(entry);
  }
  if (journey.timeline_size() > kTimelineMax) {
    journey.mutable_timeline()->DeleteSubrange(0, journey.timeline_size() - kTimelineMax);
  }
  scope.Viewed(client);
  return journey;
}

absl::StatusOr<v1::Source> GetSource(rpc::ReadScope& scope, const v1::GetSourceRequest& request) {
  if (!IsResourceName(request.name(), "sources/*")) {
    return InvalidField("name", "must be a name like \"sources/*\"");
  }
  const std::vector<std::string> keys = {request.name()};
  ASSIGN_OR_RETURN(const auto stored, scope.reader.Load(keys));
  v1::SourceRecord record;
  if (!record.ParseFromString(stored[0].state)) return absl::DataLossError("the stored source does not parse");
  const bool others =
      scope.principal.role == kProviderRole && record.source().provider() != scope.principal.organisation;
  if (stored[0].version == 0 || others) {
    return WithReason(absl::NotFoundError("there is no such source"), "SOURCE_NOT_FOUND");
  }
  record.mutable_source()->set_etag(absl::StrCat(stored[0].version));
  return record.source();
}

absl::StatusOr<v1::ListInterruptionsResponse> ListInterruptions(rpc::ReadScope& scope,
                                                                const v1::ListInterruptionsRequest& request,
                                                                const pathway::Catalogue& catalogue) {
  const v1::InterruptionState state =
      request.state() == v1::INTERRUPTION_STATE_UNSPECIFIED ? v1::INTERRUPTION_STATE_OPEN : request.state();
  const std::string fingerprint = absl::StrCat("interruptions/", request.rule(), "/", state, "/",
                                               request.outreach_wait(), "/", request.coordinator());
  ASSIGN_OR_RETURN(auto cursor, scope.pager.Open(fingerprint, request.page_token(), request.page_size()));
  const bool is_review_list = request.outreach_wait() == v1::OUTREACH_WAIT_REVIEW && !request.coordinator().empty();
  if (is_review_list) cursor.limit = std::min(cursor.limit, RulesOf(catalogue, "").review_list_max());
  ASSIGN_OR_RETURN(const auto rows, ReadInterruptions(scope, request, state, cursor));
  v1::ListInterruptionsResponse response;
  const size_t shown = std::min(rows.size(), static_cast<size_t>(cursor.limit));
  for (size_t i = 0; i < shown; ++i) *response.add_interruptions() = FromRow(rows[i]);
  if (rows.size() > shown && !is_review_list) {
    response.set_next_page_token(scope.pager.Seal(fingerprint, {rows[shown - 1][4], rows[shown - 1][0]}));
  }
  return response;
}

absl::StatusOr<v1::Explanation> ExplainInterruption(rpc::ReadScope& scope,
                                                    const v1::ExplainInterruptionRequest& request) {
  ASSIGN_OR_RETURN(const auto journey, LoadDisclosed(scope, request.name(), "clients/*/interruptions/*", "name"));
  ASSIGN_OR_RETURN(const auto found, scope.reader.Query(absl::StrCat(kColumns, "WHERE f.interruption = $1"),
                                                        {store::Value(request.name())}));
  if (found.empty()) return WithReason(absl::NotFoundError("there is no such interruption"), "INTERRUPTION_NOT_FOUND");
  v1::Explanation explanation;
  *explanation.mutable_interruption() = FromRow(found[0]);
  ASSIGN_OR_RETURN(const auto rows, ReadWholeJournal(scope.reader, journey.client));
  std::vector<std::string> evidence;
  for (const store::JournalRow& row : rows) {
    const auto event = EventOf(row);
    if (!event.has_value() || InterruptionIn(*event) != request.name()) continue;
    if (event->has_measure_interrupted()) {
      *explanation.mutable_why() = event->measure_interrupted().why();
      evidence.assign(event->measure_interrupted().evidence().begin(), event->measure_interrupted().evidence().end());
    }
    if (event->has_interruption_amended()) *explanation.mutable_why() = event->interruption_amended().why();
    if (auto entry = EntryOf(row); entry.has_value()) *explanation.add_history() = *std::move(entry);
  }
  for (const store::JournalRow& row : rows) {
    auto entry = EntryOf(row);
    if (!entry.has_value()) continue;
    if (std::find(evidence.begin(), evidence.end(), entry->event_id()) == evidence.end()) continue;
    *explanation.add_evidence() = *std::move(entry);
  }
  scope.Viewed(request.name());
  return explanation;
}

absl::StatusOr<v1::ListSafetyNetViolationsResponse> ListSafetyNetViolations(
    rpc::ReadScope& scope, const v1::ListSafetyNetViolationsRequest& request) {
  constexpr absl::string_view kFingerprint = "safety-net";
  ASSIGN_OR_RETURN(const auto cursor, scope.pager.Open(kFingerprint, request.page_token(), request.page_size()));
  const int64_t late_us = Micros(scope.clock.Now() - kCarryOutMax);
  const std::string after = cursor.after.empty() ? "" : TextAt(cursor.after, 0);
  ASSIGN_OR_RETURN(
      const auto rows,
      scope.reader.Query(absl::StrCat("SELECT client, owner, open_interruptions, next_step_us FROM "
                                      "journey WHERE ",
                                      kViolations, " AND client > $2 ORDER BY client LIMIT $3"),
                         {store::Value(late_us), store::Value(after), store::Value(int64_t{cursor.limit + 1})}));
  v1::ListSafetyNetViolationsResponse response;
  const size_t shown = std::min(rows.size(), static_cast<size_t>(cursor.limit));
  for (size_t i = 0; i < shown; ++i) {
    v1::SafetyNetViolation& violation = *response.add_violations();
    violation.set_client(TextAt(rows[i], 0));
    if (TextAt(rows[i], 1).empty()) violation.add_missing("owner");
    const auto* next = std::get_if<int64_t>(&rows[i][3]);
    if (IntAt(rows[i], 2) == 0 && (next == nullptr || *next <= late_us)) violation.add_missing("next_step");
  }
  if (rows.size() > shown) response.set_next_page_token(scope.pager.Seal(kFingerprint, {rows[shown - 1][0]}));
  return response;
}

absl::StatusOr<v1::OutreachBreaker> GetOutreachBreaker(rpc::ReadScope& scope,
                                                       const v1::GetOutreachBreakerRequest& request) {
  if (request.name() != kOutreachBreaker) return InvalidField("name", absl::StrCat("must be ", kOutreachBreaker));
  return ReadBreaker(scope.reader);
}

absl::StatusOr<v1::OutreachBreaker> ReadBreaker(store::Reader& reader) {
  const std::vector<std::string> keys = {kOutreachBreaker};
  ASSIGN_OR_RETURN(const auto stored, reader.Load(keys));
  v1::BreakerRecord record;
  if (!record.ParseFromString(stored[0].state)) return absl::DataLossError("the stored breaker does not parse");
  v1::OutreachBreaker breaker = BreakerView(record);
  ASSIGN_OR_RETURN(const int64_t waiting, CountWaitingOutreach(reader, v1::OUTREACH_WAIT_BREAKER));
  breaker.set_waiting(static_cast<int32_t>(waiting));
  return breaker;
}

absl::StatusOr<int64_t> CountWaitingOutreach(store::Reader& reader, v1::OutreachWait wait) {
  ASSIGN_OR_RETURN(const auto rows, reader.Query("SELECT COUNT(*) FROM open_interruption WHERE outreach_waits = $1",
                                                 {store::Value(int64_t{wait})}));
  return IntAt(rows[0], 0);
}

absl::StatusOr<int64_t> CountSafetyNetViolations(store::Reader& reader, absl::Time now) {
  ASSIGN_OR_RETURN(const auto rows, reader.Query(absl::StrCat("SELECT COUNT(*) FROM journey WHERE ", kViolations),
                                                 {store::Value(Micros(now - kCarryOutMax))}));
  return IntAt(rows[0], 0);
}

absl::StatusOr<SourceCounts> CountSources(store::Reader& reader) {
  SourceCounts counts;
  ASSIGN_OR_RETURN(const auto sources, reader.Query("SELECT silent, COUNT(*) FROM source GROUP BY silent", {}));
  for (const store::Row& row : sources) (IntAt(row, 0) == 0 ? counts.reporting : counts.silent).sources = IntAt(row, 1);
  ASSIGN_OR_RETURN(const auto held,
                   reader.Query("SELECT COALESCE(s.silent, 1), CAST(SUM(h.holds) AS BIGINT) FROM held h LEFT JOIN "
                                "source s ON s.source = h.source GROUP BY COALESCE(s.silent, 1)",
                                {}));
  for (const store::Row& row : held) {
    (IntAt(row, 0) == 0 ? counts.reporting : counts.silent).held_findings = IntAt(row, 1);
  }
  return counts;
}

}  // namespace polku::follow_up
