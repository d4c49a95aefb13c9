#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "libs/base/calendar.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "polku/coordinator_network/v1/state.pb.h"
#include "services/coordinator-network/api/load_state.h"
#include "services/coordinator-network/api/queries.h"
#include "services/coordinator-network/domain/matching.h"
#include "services/coordinator-network/domain/provider_services.h"
#include "services/coordinator-network/domain/service_entry.h"

namespace polku::coordinator_network {
namespace {

using store::Row;

constexpr size_t kTextBytesMax = 200 * 4;  // 200 characters of UTF-8; counted in bytes to stay simple.

absl::Status CheckSearch(const v1::SearchServicesRequest& request, const PathwayCodes& codes) {
  absl::Status status;
  const auto check_code = [&status](const std::string& code, const std::set<std::string>& known,
                                    absl::string_view field) {
    if (!code.empty() && known.count(code) == 0) AddViolation(status, field, "no pathway names this code");
  };
  check_code(request.municipality(), codes.municipalities, "municipality");
  check_code(request.need(), codes.needs, "need");
  check_code(request.measure_type(), codes.measure_types, "measure_type");
  if (!polku::common::v1::Segment_IsValid(request.segment())) AddViolation(status, "segment", "is not known");
  if (!request.provider().empty() && !IsResourceName(request.provider(), "organisations/*")) {
    AddViolation(status, "provider", "must be \"organisations/O\" or empty");
  }
  if (request.has_date() && !pipeline::DayFrom(request.date(), "").ok()) {
    AddViolation(status, "date", "must be a real day");
  }
  if (request.text().size() > kTextBytesMax) AddViolation(status, "text", "is longer than 200 characters");
  return status;
}

// Of LIKE with ESCAPE '\'.
std::string PatternOf(const std::string& text) {
  return absl::StrCat("%", absl::StrReplaceAll(InSmallLetters(text), {{"\\", "\\\\"}, {"%", "\\%"}, {"_", "\\_"}}),
                      "%");
}

std::string FingerprintOf(v1::SearchServicesRequest request) {
  request.clear_page_size();
  request.clear_page_token();
  return absl::StrCat("SearchServices ", request.SerializeAsString());
}

// The names of the services on a page, and of one more.
absl::StatusOr<std::vector<Row>> FindNames(rpc::ReadScope& scope, const v1::SearchServicesRequest& request,
                                           const rpc::Pager::Cursor& cursor) {
  const absl::CivilDay day = request.has_date() ? pipeline::FromProto(request.date()) : LocalDay(scope.clock.Now());
  const auto has_code = [](absl::string_view kind, absl::string_view parameter) {
    return absl::StrCat(" AND (", parameter, " = '' OR EXISTS (SELECT 1 FROM service_code c WHERE c.kind = '", kind,
                        "' AND c.code = ", parameter, " AND c.service = s.service))");
  };
  const int64_t segment =
      request.segment() == polku::common::v1::SEGMENT_UNSPECIFIED ? 0 : SegmentBit(request.segment());
  return scope.reader.Query(
      absl::StrCat("SELECT s.service FROM service s WHERE s.service > $1",
                   " AND s.from_day <= $2 AND (s.to_day = '' OR s.to_day >= $2)",
                   " AND ($3 = 0 OR (s.segment_mask & $3) <> 0) AND s.without_referral >= $4",
                   " AND ($5 = '' OR s.organisation = $5) AND s.words LIKE $6 ESCAPE '\\'",
                   has_code("municipality", "$7"), has_code("need", "$8"), has_code("measure-type", "$9"),
                   " ORDER BY s.service LIMIT ", cursor.limit + 1),
      {cursor.after.empty() ? store::Value(std::string()) : cursor.after.front(), FormatDay(day), segment,
       int64_t{request.without_referral() ? 1 : 0}, request.provider(), PatternOf(request.text()),
       request.municipality(), request.need(), request.measure_type()});
}

}  // namespace

absl::StatusOr<v1::ServiceEntry> GetService(rpc::ReadScope& scope, const v1::GetServiceRequest& request) {
  if (!IsResourceName(request.name(), "organisations/*/services/*")) {
    return InvalidField("name", "must be \"organisations/O/services/S\"");
  }
  ASSIGN_OR_RETURN(const auto loaded, LoadState<v1::ProviderServices>(scope.reader, OrganisationOf(request.name())));
  const v1::ServiceEntry* service = FindService(loaded.first, request.name());
  if (service == nullptr) return WithReason(absl::NotFoundError("no service has this name"), "SERVICE_UNKNOWN");
  return *service;
}

absl::StatusOr<v1::SearchServicesResponse> SearchServices(rpc::ReadScope& scope,
                                                          const v1::SearchServicesRequest& request,
                                                          const PathwayCodes& codes) {
  RETURN_IF_ERROR(CheckSearch(request, codes));
  const std::string fingerprint = FingerprintOf(request);
  ASSIGN_OR_RETURN(const rpc::Pager::Cursor cursor,
                   scope.pager.Open(fingerprint, request.page_token(), request.page_size()));
  ASSIGN_OR_RETURN(const std::vector<Row> rows, FindNames(scope, request, cursor));
  v1::SearchServicesResponse response;
  std::string organisation;
  v1::ProviderServices provider;  // Of `organisation`, whose services stand together.
  for (const Row& row : rows) {
    if (response.services_size() == cursor.limit) {
      response.set_next_page_token(scope.pager.Seal(fingerprint, {response.services(cursor.limit - 1).name()}));
      break;
    }
    const std::string& name = std::get<std::string>(row.front());
    if (OrganisationOf(name) != organisation) {
      organisation = OrganisationOf(name);
      ASSIGN_OR_RETURN(auto loaded, LoadState<v1::ProviderServices>(scope.reader, organisation));
      provider = std::move(loaded.first);
    }
    const v1::ServiceEntry* service = FindService(provider, name);
    if (service == nullptr) return absl::DataLossError("an index row names a service that its provider has not");
    *response.add_services() = *service;
  }
  return response;
}

}  // namespace polku::coordinator_network
