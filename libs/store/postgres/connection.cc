#include "libs/store/postgres/connection.h"

#include <utility>

#include "absl/numeric/int128.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"

namespace polku::store::postgres {
namespace {

constexpr int kBinary = 1;
constexpr Oid kNumeric = 1700;

uint64_t BigEndian(absl::string_view bytes) {
  uint64_t number = 0;
  for (const char byte : bytes) number = number << 8 | static_cast<unsigned char>(byte);
  return number;
}

// Sums of numbers come as numeric: digits of base 10,000 after their count, the weight of the first one (its power),
// sign and scale, all in 16 bits.
absl::StatusOr<Value> WholeNumber(absl::string_view bytes) {
  const auto field = [&bytes](size_t i) { return static_cast<int16_t>(BigEndian(bytes.substr(2 * i, 2))); };
  const int digits = field(0);
  const int weight = field(1);
  constexpr int kWeightMax = 4;  // More may not fit into 64 bits.
  if (digits > weight + 1 || weight > kWeightMax || (field(2) != 0 && field(2) != 0x4000)) {
    return absl::InvalidArgumentError("a number of the result is not a whole one of 64 bits");
  }
  absl::int128 number = 0;
  for (int i = 0; i <= weight; ++i) number = number * 10000 + (i < digits ? field(4 + i) : 0);
  if (field(2) != 0) number = -number;
  if (number != absl::int128(static_cast<int64_t>(number))) {
    return absl::InvalidArgumentError("a number of the result does not fit into 64 bits");
  }
  return Value(static_cast<int64_t>(number));
}

absl::StatusCode CodeOf(absl::string_view sqlstate) {
  const absl::string_view kind = sqlstate.substr(0, 2);
  // Serialisation, deadlock, lock timeout; another program wrote the same row first.
  if (kind == "40" || sqlstate == "55P03" || sqlstate == "23505") return absl::StatusCode::kAborted;
  if (sqlstate == "57014") return absl::StatusCode::kDeadlineExceeded;
  if (kind == "22") return absl::StatusCode::kInvalidArgument;
  if (sqlstate == "25P03") return absl::StatusCode::kUnavailable;  // It stood still for too long.
  if (sqlstate == "25P02") return absl::StatusCode::kFailedPrecondition;
  if (sqlstate == "53100" || sqlstate == "53200") return absl::StatusCode::kResourceExhausted;  // Disk, memory.
  if (sqlstate == "XX001" || sqlstate == "XX002") return absl::StatusCode::kDataLoss;
  // The server's disk failed, it has too many connections, or it ends.
  if (kind == "08" || kind == "53" || kind == "57" || kind == "58") return absl::StatusCode::kUnavailable;
  return absl::StatusCode::kInternal;
}

struct Sent {
  explicit Sent(absl::Span<const Parameter* const> parameters) {
    for (const Parameter* parameter : parameters) {
      types.push_back(parameter->type());
      values.push_back(parameter->data());
      lengths.push_back(parameter->size());
      formats.push_back(kBinary);
    }
  }
  int size() const { return static_cast<int>(types.size()); }
  std::vector<Oid> types;
  std::vector<const char*> values;
  std::vector<int> lengths;
  std::vector<int> formats;
};

}  // namespace

int64_t Result::Int(int row, int column) const {
  const absl::string_view bytes = Text(row, column);
  if (bytes.size() == 1) return bytes[0];  // bool
  if (bytes.size() == sizeof(int16_t)) return static_cast<int16_t>(BigEndian(bytes));
  if (bytes.size() == sizeof(int32_t)) return static_cast<int32_t>(BigEndian(bytes));
  return static_cast<int64_t>(BigEndian(bytes));
}

absl::string_view Result::Text(int row, int column) const {
  return absl::string_view(PQgetvalue(result_.get(), row, column), PQgetlength(result_.get(), row, column));
}

absl::StatusOr<Value> Result::ColumnValue(int row, int column) const {
  if (IsNull(row, column)) return Value();
  switch (PQftype(result_.get(), column)) {
    case 16:  // bool
    case kNumber:
    case 21:  // int2
    case 23:  // int4
      return Value(Int(row, column));
    case kNumeric:
      return WholeNumber(Text(row, column));
    case kText:
    case 19:    // name
    case 1043:  // varchar
    case 705:   // unknown
      return Value(std::string(Text(row, column)));
    case kBytes:
      return Value(Blob{std::string(Text(row, column))});
    default:
      return absl::InvalidArgumentError(absl::StrCat("column ", column, " is no whole number, text or bytes"));
  }
}

int64_t Result::changes() const {
  int64_t changes = 0;
  return absl::SimpleAtoi(PQcmdTuples(result_.get()), &changes) ? changes : 0;
}

Connection::Connection(PGconn* connection)
    : connection_(connection), name_(absl::StrCat(PQhost(connection), "/", PQdb(connection))) {
  PQsetNoticeProcessor(
      connection, [](void*, const char*) {}, nullptr);
}

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(const std::string& target) {
  PGconn* raw = PQconnectdb(target.c_str());
  if (raw == nullptr) return absl::ResourceExhaustedError("no memory for a connection to PostgreSQL");
  if (PQstatus(raw) != CONNECTION_OK) {
    absl::Status status = absl::UnavailableError(absl::StrCat("connecting to PostgreSQL: ", PQerrorMessage(raw)));
    PQfinish(raw);
    return status;
  }
  auto connection = std::unique_ptr<Connection>(new Connection(raw));
  if (PQenterPipelineMode(raw) != 1) return absl::InternalError("libpq refuses pipeline mode");
  return connection;
}

absl::Status Connection::Lost() const {
  return absl::UnavailableError(absl::StrCat("database ", name_, ": the connection is lost"));
}

absl::Status Connection::StatusOf(const PGresult* result) {
  const char* sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  sqlstate_ = sqlstate == nullptr ? "" : sqlstate;
  // libpq's own errors have none, and come before its status tells; 57P01 to 57P03 are the server's last words.
  lost_ = lost_ || sqlstate == nullptr || absl::StartsWith(sqlstate_, "57P0") || sqlstate_ == "25P03";
  if (sqlstate == nullptr) return Lost();
  // Not the detail: it quotes values.
  const char* message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  return absl::Status(CodeOf(sqlstate_), absl::StrCat("database ", name_, ": ", message, " (", sqlstate_, ")"));
}

absl::Status Connection::Execute(const std::string& sql) {
  RETURN_IF_ERROR(Await());
  if (PQexitPipelineMode(connection_) != 1) return Lost();
  PGresult* raw = PQexec(connection_, sql.c_str());
  const Result result(raw);
  const ExecStatusType status = PQresultStatus(raw);
  const bool done = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
  absl::Status error = done ? absl::OkStatus() : StatusOf(raw);
  if (alive() && PQenterPipelineMode(connection_) != 1) return absl::InternalError("libpq refuses pipeline mode");
  return error;
}

absl::Status Connection::SendPrepared(const char* sql, std::initializer_list<const Parameter*> parameters) {
  sent_ = true;
  const Sent sent(absl::MakeConstSpan(parameters.begin(), parameters.size()));
  auto [it, is_new] = prepared_.try_emplace(sql);
  if (is_new) {
    it->second = absl::StrCat("s", ++names_);
    preparing_.push_back(sql);
    if (PQsendPrepare(connection_, it->second.c_str(), sql, sent.size(), sent.types.data()) != 1) return Lost();
  }
  return PQsendQueryPrepared(connection_, it->second.c_str(), sent.size(), sent.values.data(), sent.lengths.data(),
                             sent.formats.data(), kBinary) == 1
             ? absl::OkStatus()
             : Lost();
}

absl::Status Connection::SendText(const std::string& sql, absl::Span<const Parameter* const> parameters) {
  sent_ = true;
  const Sent sent(parameters);
  return PQsendQueryParams(connection_, sql.c_str(), sent.size(), sent.types.data(), sent.values.data(),
                           sent.lengths.data(), sent.formats.data(), kBinary) == 1
             ? absl::OkStatus()
             : Lost();
}

absl::StatusOr<Result> Connection::Collect(int skip) {
  sent_ = false;
  if (PQpipelineSync(connection_) != 1) return Lost();
  std::vector<Result> last(skip + 1);  // The newest at the end.
  absl::Status status;
  // Every statement has its result and then NULL; the end of all has a result of its own.
  for (bool ended = false;;) {
    PGresult* raw = PQgetResult(connection_);
    if (raw == nullptr) {
      if (ended) return status.ok() ? Lost() : status;
      ended = true;
      continue;
    }
    ended = false;
    Result result(raw);
    const ExecStatusType kind = PQresultStatus(raw);
    if (kind == PGRES_PIPELINE_SYNC) break;
    if (kind == PGRES_COMMAND_OK || kind == PGRES_TUPLES_OK) {
      last.erase(last.begin());
      last.push_back(std::move(result));
    } else if (kind != PGRES_PIPELINE_ABORTED) {
      status.Update(StatusOf(raw));
    }
  }
  if (!status.ok()) {
    for (const char* sql : preparing_) prepared_.erase(sql);
  }
  preparing_.clear();
  if (!status.ok()) return status;
  return std::move(last.front());
}

void Connection::Rollback() {
  if (!alive() || !in_transaction()) return;
  (void)Await();
  if (in_transaction()) (void)Run("ROLLBACK");
}

}  // namespace polku::store::postgres
