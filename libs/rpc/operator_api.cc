#include "libs/rpc/operator_api.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "libs/rpc/understood.h"

namespace polku::rpc {
namespace {

using namespace polku::common::v1;  // NOLINT
using pipeline::Judgement;

constexpr char kNamePattern[] = "services/*/dead-letters/*";
constexpr char kDiscardPrefix[] = "DISCARD_REASON_";

// Of "services/follow-up/dead-letters/12".
struct DeadLetterName {
  std::string service;
  int64_t id = 0;
};

absl::StatusOr<DeadLetterName> ParseName(absl::string_view name) {
  const std::vector<absl::string_view> segments = absl::StrSplit(name, '/');
  DeadLetterName parsed;
  if (!IsResourceName(name, kNamePattern) || !absl::SimpleAtoi(segments[3], &parsed.id)) {
    return InvalidField("name", "required, as services/S/dead-letters/N");
  }
  parsed.service = std::string(segments[1]);
  return parsed;
}

std::string NameOf(const Served& served, int64_t id) {
  return absl::StrCat("services/", served.service, "/dead-letters/", id);
}

// What nobody has understood may hold anything: its key and its publisher are told only when they look like such.
DeadLetter ViewOf(const Served& served, const store::DeadLetterRow& row) {
  const store::ParkedRow& record = row.record;
  DeadLetter letter;
  letter.set_name(NameOf(served, record.id));
  if (record.source == record.topic || IsResourceName(record.source, "*")) letter.set_source(record.source);
  if (IsResourceName(record.key, "*/*")) letter.set_key(record.key);
  letter.set_epoch(record.epoch);
  letter.set_version(record.version);
  letter.set_topic(record.topic);
  letter.set_partition(record.partition);
  letter.set_offset(record.offset);
  letter.set_reason(row.reason);
  letter.set_attempts(row.attempts);
  *letter.mutable_record_time() = pipeline::ToProto(record.record_time);
  *letter.mutable_set_aside_time() = pipeline::ToProto(record.time);
  letter.set_replay_problem(std::string(served.pipeline->CheckReplay(row).message()));
  const std::unique_ptr<google::protobuf::Message> message = NewMessage(record.type);
  if (message == nullptr) return letter;
  letter.set_type(record.type);
  // A step may hold what no event may: a person's data.
  if (record.erased || record.source == served.service || !message->ParseFromString(record.payload)) return letter;
  AddUnderstood(*message, *letter.mutable_understood());
  return letter;
}

// "sent-again".
std::string CodeOf(DiscardReason reason) {
  const std::string name = DiscardReason_Name(reason).substr(sizeof(kDiscardPrefix) - 1);
  return absl::StrReplaceAll(absl::AsciiStrToLower(name), {{"_", "-"}});
}

Lag ViewOf(const Served& served, const pipeline::Lag& measured) {
  Lag lag;
  lag.set_service(served.service);
  lag.set_parked_keys(measured.waiting.parked_keys);
  lag.set_dead_letters(measured.waiting.dead_letters);
  lag.set_outbox_rows(measured.waiting.outbox_rows);
  lag.set_bus_problem(std::string(measured.bus.message()));
  for (const pipeline::PartitionLag& each : measured.partitions) {
    PartitionLag& partition = *lag.add_partitions();
    partition.set_topic(each.partition.topic);
    partition.set_partition(each.partition.partition);
    partition.set_next_offset(each.next_offset);
    if (each.covered_until != absl::InfinitePast()) {
      *partition.mutable_covered_until() = pipeline::ToProto(each.covered_until);
    }
    if (!each.extent.has_value()) continue;
    partition.set_oldest_offset(each.extent->oldest);
    partition.set_end_offset(each.extent->end);
    partition.set_behind(std::max<int64_t>(0, each.extent->end - std::max(each.next_offset, each.extent->oldest)));
  }
  return lag;
}

// Asks `judgement` of its pipeline on behalf of whoever asks.
template <class Request>
grpc::ServerUnaryReactor* Judge(const std::vector<Served>& all, grpc::CallbackServerContext* context,
                                const Request* request, JudgedDeadLetter* response, Judgement judgement) {
  const absl::StatusOr<DeadLetterName> name = ParseName(request->name());
  if (!name.ok()) return all[0].gate->Refuse(context, request, name.status());
  const absl::StatusOr<const Served*> served = FindServed(all, name->service);
  if (!served.ok()) return all[0].gate->Refuse(context, request, served.status());
  judgement.id = name->id;
  const auto ask = [pipeline = (*served)->pipeline, judgement = std::move(judgement)](
                       const Asked& asked, const Request& wanted, pipeline::JudgedDone done) {
    Judgement one = judgement;
    one.principal = asked.principal;
    one.request_id = asked.request_id;
    one.traceparent = asked.traceparent;
    one.request = std::make_shared<Request>(wanted);
    pipeline->Judge(std::move(one), std::move(done));
  };
  return (*served)->gate->Ask(context, request, response, ask);
}

}  // namespace

std::vector<MethodPermission> OperatorPermissions() {
  const std::vector<std::string> operators = {"operator"};
  return {{"polku.common.v1.OperatorService/ListServices", {"operator", "auditor"}},
          {"polku.common.v1.OperatorService/ListDeadLetters", operators},
          {"polku.common.v1.OperatorService/GetDeadLetter", operators},
          {"polku.common.v1.OperatorService/ReplayDeadLetter", operators},
          {"polku.common.v1.OperatorService/DiscardDeadLetter", operators},
          {"polku.common.v1.OperatorService/GetLag", operators}};
}

grpc::ServerUnaryReactor* OperatorApi::ListServices(grpc::CallbackServerContext* context,
                                                    const ListServicesRequest* request,
                                                    ListServicesResponse* response) {
  const auto names = [this](const Asked&, const ListServicesRequest&,
                            const std::function<void(absl::StatusOr<ListServicesResponse>)>& done) {
    ListServicesResponse reply;
    for (const Served& served : served_) reply.add_services(served.service);
    done(std::move(reply));
  };
  return served_[0].gate->Ask(context, request, response, names);
}

grpc::ServerUnaryReactor* OperatorApi::ListDeadLetters(grpc::CallbackServerContext* context,
                                                       const ListDeadLettersRequest* request,
                                                       ListDeadLettersResponse* response) {
  const absl::StatusOr<const Served*> served = FindServed(served_, request->service());
  if (!served.ok()) return served_[0].gate->Refuse(context, request, served.status());
  const auto read = [one = *served](ReadScope& scope,
                                    const ListDeadLettersRequest& wanted) -> absl::StatusOr<ListDeadLettersResponse> {
    constexpr char kQuery[] = "ListDeadLetters";
    ASSIGN_OR_RETURN(const Pager::Cursor cursor, scope.pager.Open(kQuery, wanted.page_token(), wanted.page_size()));
    const int64_t after = cursor.after.empty() ? 0 : std::get<int64_t>(cursor.after[0]);
    ASSIGN_OR_RETURN(std::vector<store::DeadLetterRow> rows, scope.reader.ReadDeadLetters(after, cursor.limit + 1));
    ListDeadLettersResponse reply;
    if (static_cast<int>(rows.size()) > cursor.limit) {
      rows.pop_back();
      reply.set_next_page_token(scope.pager.Seal(kQuery, {rows.back().record.id}));
    }
    for (const store::DeadLetterRow& row : rows) *reply.add_dead_letters() = ViewOf(*one, row);
    return reply;
  };
  return (*served)->gate->Read(context, request, response, read);
}

grpc::ServerUnaryReactor* OperatorApi::GetDeadLetter(grpc::CallbackServerContext* context,
                                                     const GetDeadLetterRequest* request, DeadLetter* response) {
  const absl::StatusOr<DeadLetterName> name = ParseName(request->name());
  if (!name.ok()) return served_[0].gate->Refuse(context, request, name.status());
  const absl::StatusOr<const Served*> served = FindServed(served_, name->service);
  if (!served.ok()) return served_[0].gate->Refuse(context, request, served.status());
  const auto read = [one = *served, id = name->id](ReadScope& scope,
                                                   const GetDeadLetterRequest&) -> absl::StatusOr<DeadLetter> {
    ASSIGN_OR_RETURN(const std::vector<store::DeadLetterRow> rows, scope.reader.FindDeadLetters({id}));
    if (rows.empty()) return absl::NotFoundError(absl::StrCat("no dead letter ", id));
    DeadLetter letter = ViewOf(*one, rows[0]);
    scope.Viewed(letter.key().empty() ? letter.name() : letter.key());
    return letter;
  };
  return (*served)->gate->Read(context, request, response, read);
}

grpc::ServerUnaryReactor* OperatorApi::ReplayDeadLetter(grpc::CallbackServerContext* context,
                                                        const ReplayDeadLetterRequest* request,
                                                        JudgedDeadLetter* response) {
  Judgement judgement;
  judgement.verdict = Judgement::Verdict::kReplay;
  return Judge(served_, context, request, response, std::move(judgement));
}

grpc::ServerUnaryReactor* OperatorApi::DiscardDeadLetter(grpc::CallbackServerContext* context,
                                                         const DiscardDeadLetterRequest* request,
                                                         JudgedDeadLetter* response) {
  if (request->reason() == DISCARD_REASON_UNSPECIFIED || !DiscardReason_IsValid(request->reason())) {
    return served_[0].gate->Refuse(context, request, InvalidField("reason", "required, one that is known"));
  }
  Judgement judgement;
  judgement.verdict = Judgement::Verdict::kDiscard;
  judgement.reason = CodeOf(request->reason());
  return Judge(served_, context, request, response, std::move(judgement));
}

grpc::ServerUnaryReactor* OperatorApi::GetLag(grpc::CallbackServerContext* context, const GetLagRequest* request,
                                              Lag* response) {
  const absl::StatusOr<const Served*> served = FindServed(served_, request->service());
  if (!served.ok()) return served_[0].gate->Refuse(context, request, served.status());
  // No query: while the bus is away it takes long, and would hold a reader of the database.
  const auto measure = [one = *served](const Asked&, const GetLagRequest&,
                                       const std::function<void(absl::StatusOr<Lag>)>& done) {
    const absl::StatusOr<pipeline::Lag> measured = one->pipeline->MeasureLag();
    if (!measured.ok()) return done(measured.status());
    done(ViewOf(*one, *measured));
  };
  return (*served)->gate->Ask(context, request, response, measure);
}

}  // namespace polku::rpc
