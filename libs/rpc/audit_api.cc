#include "libs/rpc/audit_api.h"

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "absl/time/civil_time.h"
#include "libs/audit/cut.h"
#include "libs/audit/seal.h"
#include "libs/audit/verify.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_macros.h"
#include "libs/base/trace.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"

namespace polku::rpc {
namespace {

using namespace polku::common::v1;  // NOLINT

// Source: the Client Data Act as the welfare areas apply it; older rows need a special reason.
constexpr int kYearsWithoutReason = 2;
// What a caller's deadline has room for.
constexpr int kSealsAtOnce = 20;
constexpr char kReasonPrefix[] = "AUDIT_REASON_";

// A client's own rows and those of what the client has; '0' is the character behind '/'.
constexpr char kOfClient[] =
    " FROM audit a WHERE (a.resource = $1 OR (a.resource >= $2 AND a.resource < $3)) AND a.time >= $4 AND a.time < $5 "
    "AND a.id + 0 > $6 ORDER BY a.id + 0 LIMIT $7";

absl::Time YearsBefore(absl::Time now, int years) {
  const absl::CivilSecond civil = absl::ToCivilSecond(now, absl::UTCTimeZone());
  return absl::FromCivil(
      absl::CivilSecond(civil.year() - years, civil.month(), civil.day(), civil.hour(), civil.minute(), civil.second()),
      absl::UTCTimeZone());
}

// "own-rights"
std::string CodeOf(AuditReason reason) {
  return absl::StrReplaceAll(absl::AsciiStrToLower(absl::StripPrefix(AuditReason_Name(reason), kReasonPrefix)),
                             {{"_", "-"}});
}

AuditEntry ViewOf(const std::string& service, const audit::Entry& entry) {
  AuditEntry view;
  view.set_service(service);
  view.set_row(entry.id);
  *view.mutable_time() = pipeline::ToProto(entry.row.time);
  view.set_organisation(entry.row.organisation);
  view.set_user(entry.row.user);
  view.set_role(entry.row.role);
  view.set_purpose(entry.row.purpose);
  view.set_action(entry.row.action.substr(entry.row.action.rfind('/') + 1));  // Commands have the service before it.
  view.set_resource(entry.row.resource);
  view.set_outcome(entry.row.outcome);
  view.set_request_id(entry.row.request_id);
  view.set_trace_id(std::string(TraceIdOf(entry.row.traceparent)));
  return view;
}

absl::StatusOr<ListAuditRowsResponse> ListRows(const Served& served, const ListAuditRowsRequest& request) {
  if (!IsResourceName(request.client(), "clients/*")) return InvalidField("client", "required, as clients/C");
  if (!AuditReason_IsValid(request.reason())) return InvalidField("reason", "one that is known");
  const absl::Time free_from = YearsBefore(served.pipeline->clock().Now(), kYearsWithoutReason);
  absl::Time from = free_from;
  absl::Time to = absl::InfiniteFuture();
  if (request.has_from_time()) {
    ASSIGN_OR_RETURN(from, pipeline::TimeFrom(request.from_time(), "from_time"));
  }
  if (request.has_to_time()) {
    ASSIGN_OR_RETURN(to, pipeline::TimeFrom(request.to_time(), "to_time"));
  }
  if (from < free_from && request.reason() == AUDIT_REASON_UNSPECIFIED) {
    return InvalidField("reason", absl::StrCat("required: rows from before ",
                                               absl::FormatCivilTime(absl::ToCivilDay(free_from, absl::UTCTimeZone())),
                                               " are asked for"));
  }
  const Pager pager(served.database->hash_key());
  const std::string query = absl::StrCat("ListAuditRows ", request.client());
  ASSIGN_OR_RETURN(const Pager::Cursor cursor, pager.Open(query, request.page_token(), request.page_size()));
  const int64_t after = cursor.after.empty() ? 0 : std::get<int64_t>(cursor.after[0]);
  ASSIGN_OR_RETURN(const std::unique_ptr<store::Reader> reader, served.database->Read());
  ASSIGN_OR_RETURN(
      std::vector<store::Row> rows,
      reader->Query(absl::StrCat("SELECT ", audit::kEntryColumns, kOfClient),
                    {request.client(), absl::StrCat(request.client(), "/"), absl::StrCat(request.client(), "0"),
                     absl::ToUnixMicros(from), absl::ToUnixMicros(to), after, int64_t{cursor.limit} + 1}));
  ASSIGN_OR_RETURN(const audit::Cut cut, audit::NewestCut(*reader));
  ListAuditRowsResponse reply;
  if (cut.seal != 0 && from < cut.before) *reply.mutable_cut_before_time() = pipeline::ToProto(cut.before);
  if (static_cast<int>(rows.size()) > cursor.limit) {
    rows.pop_back();
    reply.set_next_page_token(pager.Seal(query, {rows.back().at(0)}));
  }
  for (const store::Row& row : rows) *reply.add_rows() = ViewOf(served.service, audit::EntryOf(row));
  return reply;
}

store::AuditRow RowOf(const Served& served, const Asked& asked) {
  store::AuditRow row;
  row.time = served.pipeline->clock().Now();
  row.organisation = asked.principal.organisation;
  row.user = asked.principal.user;
  row.role = asked.principal.role;
  row.purpose = asked.principal.purpose;
  row.request_id = asked.request_id;
  row.traceparent = asked.traceparent;
  return row;
}

// That somebody has read the audit, and why.
store::AuditRow RowOf(const Served& served, const Asked& asked, const ListAuditRowsRequest& request) {
  store::AuditRow row = RowOf(served, asked);
  row.action = "ListAuditRows";
  row.resource = request.client();
  row.outcome = "view";
  if (request.reason() != AUDIT_REASON_UNSPECIFIED) absl::StrAppend(&row.outcome, ":", CodeOf(request.reason()));
  return row;
}

AuditProblem ViewOf(const audit::Problem& problem) {
  constexpr AuditProblem::Kind kKinds[] = {AuditProblem::KIND_CHANGED, AuditProblem::KIND_DELETED,
                                           AuditProblem::KIND_INSERTED, AuditProblem::KIND_SEAL,
                                           AuditProblem::KIND_CUT};
  AuditProblem view;
  view.set_kind(kKinds[static_cast<size_t>(problem.kind)]);
  view.set_row(problem.row);
  view.set_seal(problem.seal);
  return view;
}

AuditCut ViewOf(const audit::Cut& cut) {
  AuditCut view;
  view.set_seal(cut.seal);
  view.set_rows(cut.rows);
  view.set_last_row(cut.last_row);
  view.set_link(cut.link);
  *view.mutable_before_time() = pipeline::ToProto(cut.before);
  *view.mutable_cut_time() = pipeline::ToProto(cut.time);
  view.set_signature(cut.signature);
  return view;
}

absl::StatusOr<VerifyAuditResponse> VerifyRows(ReadScope& scope, const Served& served, const audit::SigningKeys& keys,
                                               const VerifyAuditRequest& request) {
  if (request.after_seal() < 0) return InvalidField("after_seal", "must not be negative");
  const store::Database& database = *served.database;
  ASSIGN_OR_RETURN(const audit::Verified verified,
                   audit::Verify(scope.reader, {database.hash_key(), served.service, keys.public_keys()},
                                 request.after_seal(), kSealsAtOnce));
  ASSIGN_OR_RETURN(const audit::Unsealed unsealed, audit::CountUnsealed(scope.reader));
  VerifyAuditResponse reply;
  for (const audit::VerifiedSeal& each : verified.seals) {
    AuditSeal& seal = *reply.add_seals();
    seal.set_number(each.number);
    seal.set_rows(each.rows);
    seal.set_link(each.link);
  }
  if (verified.problem.has_value()) *reply.mutable_problem() = ViewOf(*verified.problem);
  reply.set_more(verified.more);
  reply.set_unsealed_rows(unsealed.rows);
  reply.set_epoch(database.epoch());
  if (verified.cut.seal != 0) *reply.mutable_cut() = ViewOf(verified.cut);
  return reply;
}

absl::StatusOr<CutAuditResponse> CutOf(const Served& served, const AuditPolicy& policy, const Asked& asked,
                                       const CutAuditRequest& request) {
  audit::CutOrder order;
  order.service = served.service;
  ASSIGN_OR_RETURN(order.before, pipeline::TimeFrom(request.before_time(), "before_time"));
  order.by = RowOf(served, asked);
  order.by.action = "CutAudit";
  order.by.outcome = "change";
  const absl::Time latest = YearsBefore(order.by.time, policy.kept_years);
  if (order.before > latest) {
    return InvalidField(
        "before_time",
        absl::StrCat("audit rows are kept for ", policy.kept_years, " years (audit.kept_years): ",
                     absl::FormatCivilTime(absl::ToCivilDay(latest, absl::UTCTimeZone())), " at the latest"));
  }
  ASSIGN_OR_RETURN(const audit::CutDone done,
                   audit::CutRows(*served.database, *policy.keys.at(served.service), std::move(order)));
  CutAuditResponse reply;
  reply.set_rows(done.rows);
  reply.set_more(done.more);
  if (done.cut.seal != 0) *reply.mutable_cut() = ViewOf(done.cut);
  return reply;
}

}  // namespace

std::vector<MethodPermission> AuditPermissions() {
  const std::vector<std::string> auditors = {"auditor"};
  return {{"polku.common.v1.AuditService/ListAuditRows", auditors},
          {"polku.common.v1.AuditService/VerifyAudit", auditors},
          {"polku.common.v1.AuditService/CutAudit", auditors}};
}

grpc::ServerUnaryReactor* AuditApi::ListAuditRows(grpc::CallbackServerContext* context,
                                                  const ListAuditRowsRequest* request,
                                                  ListAuditRowsResponse* response) {
  const absl::StatusOr<const Served*> served = FindServed(served_, request->service());
  if (!served.ok()) return served_[0].gate->Refuse(context, request, served.status());
  // No query of the gate: its audit rows have no reason.
  const auto list = [one = *served](const Asked& asked, const ListAuditRowsRequest& wanted,
                                    std::function<void(absl::StatusOr<ListAuditRowsResponse>)> done) {
    absl::StatusOr<ListAuditRowsResponse> reply = ListRows(*one, wanted);
    if (!reply.ok()) return done(reply.status());
    one->pipeline->SubmitAudit({RowOf(*one, asked, wanted)},
                               [reply = *std::move(reply), done](const absl::Status& kept) {
                                 if (kept.ok()) return done(reply);
                                 done(kept);
                               });
  };
  return (*served)->gate->Ask(context, request, response, list);
}

grpc::ServerUnaryReactor* AuditApi::VerifyAudit(grpc::CallbackServerContext* context, const VerifyAuditRequest* request,
                                                VerifyAuditResponse* response) {
  const absl::StatusOr<const Served*> served = FindServed(served_, request->service());
  if (!served.ok()) return served_[0].gate->Refuse(context, request, served.status());
  const auto read = [this, one = *served](ReadScope& scope, const VerifyAuditRequest& wanted) {
    return VerifyRows(scope, *one, *policy_.keys.at(one->service), wanted);
  };
  return (*served)->gate->Read(context, request, response, read);
}

grpc::ServerUnaryReactor* AuditApi::CutAudit(grpc::CallbackServerContext* context, const CutAuditRequest* request,
                                             CutAuditResponse* response) {
  const absl::StatusOr<const Served*> served = FindServed(served_, request->service());
  if (!served.ok()) return served_[0].gate->Refuse(context, request, served.status());
  const auto cut = [this, one = *served](const Asked& asked, const CutAuditRequest& wanted,
                                         const std::function<void(absl::StatusOr<CutAuditResponse>)>& done) {
    done(CutOf(*one, policy_, asked, wanted));
  };
  return (*served)->gate->Ask(context, request, response, cut);
}

}  // namespace polku::rpc
