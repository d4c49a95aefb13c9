#include "services/assessment/api/queries.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "libs/base/calendar.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/permissions/permissions.h"
#include "libs/pipeline/proto_time.h"
#include "libs/rpc/disclose.h"
#include "libs/store/database.h"
#include "polku/assessment/v1/state.pb.h"
#include "services/assessment/domain/disclosure.h"
#include "services/assessment/domain/evolve.h"
#include "services/assessment/domain/index.h"
#include "services/assessment/domain/instruments.h"
#include "services/assessment/domain/scoring.h"

namespace polku::assessment {
namespace {

struct Loaded {
  std::string client;
  v1::ClientAssessment state;
  int64_t version = 0;
};

// Shows nothing to anybody yet.
absl::StatusOr<Loaded> LoadClient(rpc::ReadScope& scope, const std::string& client) {
  const std::vector<std::string> keys = {client};
  ASSIGN_OR_RETURN(const std::vector<store::StoredAggregate> rows, scope.reader.Load(keys));
  Loaded loaded;
  loaded.client = client;
  loaded.version = rows.front().version;
  if (loaded.version != 0 && !loaded.state.ParseFromString(rows.front().state)) {
    return absl::DataLossError(absl::StrCat("get: the state of ", client, " cannot be read"));
  }
  return loaded;
}

// The client whose part `name` is.
absl::StatusOr<Loaded> LoadClient(rpc::ReadScope& scope, const std::string& name, absl::string_view collection) {
  const std::optional<std::string> client = ClientOf(name);
  if (!client.has_value() || !IsResourceName(name, absl::StrCat("clients/*/", collection, "/*"))) {
    return InvalidField("name", absl::StrCat("must be clients/<uuid>/", collection, "/<number>"));
  }
  return LoadClient(scope, *client);
}

// An organisation that does not assess the client sees it only as long as the client does not deny it, which has to be
// known.
absl::Status Disclose(const rpc::ReadScope& scope, const Loaded& loaded, rpc::DataClass data_class,
                      absl::string_view of_permissions) {
  const std::string& organisation = scope.principal.organisation;
  rpc::DisclosureFacts facts{.restricted = loaded.state.restricted()};
  if (!loaded.state.assessments().empty() && !IsAssessedBy(loaded.state, organisation)) {
    facts.denied =
        permissions::IsDenied(loaded.state.permissions(), organisation, of_permissions, LocalDay(scope.clock.Now()));
    ASSIGN_OR_RETURN(facts.permissions_unknown_for, scope.UnknownFor(loaded.client));
  }
  return rpc::Disclose(scope.principal, loaded.client, data_class, facts);
}

// For the organisation that is asked: by its permission while that stands, or by the statute.
absl::Status DiscloseConsultation(const rpc::ReadScope& scope, const Loaded& loaded, const v1::Consultation& asked) {
  rpc::DisclosureFacts facts{.own_consultation = true, .restricted = loaded.state.restricted()};
  if (IsPermissionName(asked.basis())) {
    facts.not_permitted = !IsPermitted(loaded.state, asked.basis(), asked.organisation(), LocalDay(scope.clock.Now()));
    ASSIGN_OR_RETURN(facts.permissions_unknown_for, scope.UnknownFor(loaded.client));
  }
  return rpc::Disclose(scope.principal, loaded.client, rpc::DataClass::kConsultation, facts);
}

// As LoadClient, if the caller may see it.
absl::StatusOr<Loaded> LoadAssessed(rpc::ReadScope& scope, const std::string& name, absl::string_view collection,
                                    absl::string_view of_permissions) {
  ASSIGN_OR_RETURN(Loaded loaded, LoadClient(scope, name, collection));
  RETURN_IF_ERROR(Disclose(scope, loaded, rpc::DataClass::kAssessment, of_permissions));
  return loaded;
}

// The rows after `after`, at most one more than the page holds.
absl::StatusOr<std::vector<store::Row>> ReadPage(store::Reader& reader, v1::AssessmentState state,
                                                 const rpc::Pager::Cursor& cursor) {
  std::vector<store::Value> parameters = {int64_t{state}};
  std::string where = "state = $1";
  if (state == v1::ASSESSMENT_STATE_UNSPECIFIED) {
    where = "state IN ($1, $2)";
    parameters = {int64_t{v1::ASSESSMENT_STATE_OPEN}, int64_t{v1::ASSESSMENT_STATE_OVERDUE}};
  }
  if (!cursor.after.empty()) {
    const size_t n = parameters.size();
    absl::StrAppend(&where, " AND (deadline_us > $", n + 1, " OR (deadline_us = $", n + 1, " AND assessment > $", n + 2,
                    "))");
    parameters.insert(parameters.end(), cursor.after.begin(), cursor.after.end());
  }
  return reader.Query(absl::StrCat("SELECT ", kAssessmentColumns, " FROM assessment WHERE ", where,
                                   " ORDER BY deadline_us, assessment LIMIT ", cursor.limit + 1),
                      parameters);
}

// Of the order of the list, earliest deadline first.
store::Row SortKeyOf(const v1::Assessment& assessment) {
  return {store::FromTime(pipeline::FromProto(assessment.deadline())), assessment.name()};
}

// Of the order of the records over time; a record keeps its place.
store::Row SortKeyOf(const v1::InstrumentRecord& record) {
  const google::type::Date& day = record.answer_date();
  int64_t number = 0;
  POLKU_CHECK(absl::SimpleAtoi(LastSegment(record.name()), &number));
  return {int64_t{day.year()} * 10000 + day.month() * 100 + day.day(), number};
}

}  // namespace

absl::StatusOr<v1::Assessment> GetAssessment(rpc::ReadScope& scope, const v1::GetAssessmentRequest& request) {
  ASSIGN_OR_RETURN(const Loaded loaded, LoadAssessed(scope, request.name(), "assessments", kAssessmentClass));
  const v1::Assessment* found = FindAssessment(loaded.state, request.name());
  if (found == nullptr) return absl::NotFoundError("get assessment: no such assessment");
  v1::Assessment assessment = *found;
  for (const v1::Session& session : loaded.state.sessions()) {
    if (session.assessment() == request.name()) *assessment.add_sessions() = session;
  }
  for (const v1::Consultation& consultation : loaded.state.consultations()) {
    if (consultation.assessment() == request.name()) *assessment.add_consultations() = consultation;
  }
  assessment.set_etag(absl::StrCat(loaded.version));
  scope.Viewed(request.name());
  return assessment;
}

absl::StatusOr<v1::Plan> GetPlan(rpc::ReadScope& scope, const v1::GetPlanRequest& request) {
  ASSIGN_OR_RETURN(const Loaded loaded, LoadAssessed(scope, request.name(), "plans", kPlanClass));
  const v1::Plan* found = FindPlan(loaded.state, request.name());
  if (found == nullptr) return absl::NotFoundError("get plan: no such plan");
  v1::Plan plan = *found;
  plan.set_etag(absl::StrCat(loaded.version));
  scope.Viewed(request.name());
  return plan;
}

absl::StatusOr<v1::Consultation> GetConsultation(rpc::ReadScope& scope, const v1::GetConsultationRequest& request) {
  ASSIGN_OR_RETURN(const Loaded loaded, LoadClient(scope, request.name(), "consultations"));
  const v1::Consultation* found = FindConsultation(loaded.state, request.name());
  if (found != nullptr && found->organisation() == scope.principal.organisation) {
    RETURN_IF_ERROR(DiscloseConsultation(scope, loaded, *found));
  } else {
    RETURN_IF_ERROR(Disclose(scope, loaded, rpc::DataClass::kConsultation, kAssessmentClass));
  }
  if (found == nullptr) return absl::NotFoundError("get consultation: no such consultation");
  v1::Consultation consultation = *found;
  consultation.set_etag(absl::StrCat(loaded.version));
  scope.Viewed(request.name());
  return consultation;
}

absl::StatusOr<v1::ListAssessmentsResponse> ListAssessments(rpc::ReadScope& scope,
                                                            const v1::ListAssessmentsRequest& request) {
  const std::string fingerprint = absl::StrCat("assessments/", request.state());
  ASSIGN_OR_RETURN(const rpc::Pager::Cursor cursor,
                   scope.pager.Open(fingerprint, request.page_token(), request.page_size()));
  ASSIGN_OR_RETURN(const std::vector<store::Row> rows, ReadPage(scope.reader, request.state(), cursor));
  v1::ListAssessmentsResponse response;
  for (const store::Row& row : rows) {
    if (response.assessments_size() == cursor.limit) {
      response.set_next_page_token(scope.pager.Seal(fingerprint, SortKeyOf(response.assessments(cursor.limit - 1))));
      break;
    }
    *response.add_assessments() = AssessmentFrom(row);
  }
  return response;
}

absl::StatusOr<v1::ListInstrumentRecordsResponse> ListInstrumentRecords(
    rpc::ReadScope& scope, const v1::ListInstrumentRecordsRequest& request) {
  if (ClientOf(request.client()) != request.client()) return InvalidField("client", "must be clients/<uuid>");
  ASSIGN_OR_RETURN(const Loaded loaded, LoadClient(scope, request.client()));
  RETURN_IF_ERROR(Disclose(scope, loaded, rpc::DataClass::kAssessment, kAssessmentClass));
  const std::string fingerprint =
      absl::StrCat("instruments/", request.client(), "/", request.instrument(), "/", request.show_superseded());
  ASSIGN_OR_RETURN(const rpc::Pager::Cursor cursor,
                   scope.pager.Open(fingerprint, request.page_token(), request.page_size()));
  v1::ListInstrumentRecordsResponse response;
  for (v1::InstrumentRecord& record : RecordsOverTime(loaded.state)) {
    if (!request.instrument().empty() && !IsOfInstrument(record, request.instrument())) continue;
    if (!record.superseded_by().empty() && !request.show_superseded()) continue;
    if (!cursor.after.empty() && SortKeyOf(record) <= cursor.after) continue;
    if (response.records_size() == cursor.limit) {
      response.set_next_page_token(scope.pager.Seal(fingerprint, SortKeyOf(response.records(cursor.limit - 1))));
      break;
    }
    scope.Viewed(record.name());
    *response.add_records() = std::move(record);
  }
  return response;
}

absl::StatusOr<v1::ScoreInstrumentResponse> ScoreInstrument(const pathway::Catalogue& catalogue,
                                                            const v1::ScoreInstrumentRequest& request) {
  ASSIGN_OR_RETURN(const auto* definition, InstrumentOf(request.instrument(), catalogue));
  absl::Status status;
  CheckAnswers(*definition, request.answers(), request.age_years(), status);
  RETURN_IF_ERROR(status);
  v1::ScoreInstrumentResponse response;
  for (auto& result : Score(*definition, request.answers(), request.age_years(), catalogue)) {
    *response.add_results() = std::move(result);
  }
  return response;
}

v1::ListInstrumentsResponse ListInstruments(const pathway::Catalogue& catalogue) {
  v1::ListInstrumentsResponse response;
  for (const auto* definition : catalogue.instruments()) *response.add_instruments() = *definition;
  return response;
}

}  // namespace polku::assessment
