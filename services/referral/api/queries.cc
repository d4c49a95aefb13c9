#include "services/referral/api/queries.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "libs/base/calendar.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "libs/rpc/disclose.h"
#include "libs/store/database.h"
#include "polku/referral/v1/state.pb.h"
#include "services/referral/domain/client_commands.h"
#include "services/referral/domain/evolve.h"
#include "services/referral/domain/fingerprints.h"
#include "services/referral/domain/index.h"
#include "services/referral/domain/person.h"
#include "services/referral/domain/unit_domain.h"
#include "services/referral/domain/views.h"

namespace polku::referral {
namespace {

constexpr absl::string_view kReferrerRole = "referrer";
constexpr absl::string_view kIntakeRole = "intake";

// SQL text whose parameters are numbered as they are added.
class Where {
 public:
  void Add(absl::string_view condition, store::Value value) {
    parameters_.push_back(std::move(value));
    absl::StrAppend(&text_, text_.empty() ? " WHERE " : " AND ", condition, " $", parameters_.size());
  }
  void AddAfter(const store::Row& after) {
    const size_t n = parameters_.size();
    absl::StrAppend(&text_, text_.empty() ? " WHERE " : " AND ", "(create_us < $", n + 1, " OR (create_us = $", n + 1,
                    " AND referral < $", n + 2, "))");
    parameters_.insert(parameters_.end(), after.begin(), after.end());
  }
  const std::string& text() const { return text_; }
  const std::vector<store::Value>& parameters() const { return parameters_; }

 private:
  std::string text_;
  std::vector<store::Value> parameters_;
};

// The parts of `person` that the caller may see.
v1::Person VisibleTo(const pipeline::Principal& principal, absl::string_view client, const v1::Person& person,
                     const rpc::DisclosureFacts& facts) {
  v1::Person visible;
  if (rpc::Disclose(principal, client, rpc::DataClass::kIdentity, facts).ok()) {
    visible.set_identity_code(person.identity_code());
    visible.set_family_name(person.family_name());
    visible.set_given_names(person.given_names());
    if (person.has_birth_date()) *visible.mutable_birth_date() = person.birth_date();
  }
  if (rpc::Disclose(principal, client, rpc::DataClass::kContacts, facts).ok()) {
    visible.set_municipality(person.municipality());
    visible.set_language(person.language());
    visible.set_phone(person.phone());
    visible.set_email(person.email());
    visible.set_postal_address(person.postal_address());
    visible.set_non_disclosure(person.non_disclosure());
  }
  if (person.non_disclosure() && principal.role != kIntakeRole) return WithoutWhereabouts(std::move(visible));
  return visible;
}

// Of the order of the list, newest first.
store::Row SortKeyOf(const v1::Referral& referral) {
  return {store::FromTime(pipeline::FromProto(referral.create_time())), referral.name()};
}

// What a page token is bound to: the filter and whose list it is.
std::string FingerprintOf(const pipeline::Principal& principal, const v1::ListReferralsRequest& request) {
  const bool own = principal.role == kReferrerRole;
  return absl::StrCat("referrals/", request.state(), "/", request.receiving_unit(), "/",
                      own ? principal.organisation : "any");
}

struct StoredClient {
  v1::Client state;
  int64_t version = 0;
};

absl::StatusOr<StoredClient> LoadClient(store::Reader& reader, const std::string& client) {
  const std::vector<std::string> keys = {client};
  ASSIGN_OR_RETURN(const std::vector<store::StoredAggregate> rows, reader.Load(keys));
  StoredClient stored{{}, rows.front().version};
  if (stored.version != 0 && !stored.state.ParseFromString(rows.front().state)) {
    return absl::DataLossError(absl::StrCat("the state of ", client, " cannot be read"));
  }
  return stored;
}

// The client that has the referral now, by whichever of its names: a merge or a split may have moved it. Whoever the
// name says, when nobody has it.
absl::StatusOr<StoredClient> LoadOwner(store::Reader& reader, std::string client, const std::string& referral) {
  constexpr int kHopsMax = 16;  // More than anybody is merged and split.
  StoredClient stored;
  for (int hop = 0; hop < kHopsMax; ++hop) {
    ASSIGN_OR_RETURN(stored, LoadClient(reader, client));
    if (FindReferral(stored.state, referral) != nullptr) return stored;
    std::string next = stored.state.merged_into();
    for (const v1::MovedReferral& moved : stored.state.moved()) {
      const auto& names = moved.names();
      if (std::find(names.begin(), names.end(), referral) != names.end()) next = ClientOf(moved.to()).value_or("");
    }
    if (next.empty()) return stored;
    client = std::move(next);
  }
  return stored;
}

absl::Status AddPathwayPlaces(rpc::ReadScope& scope, const pathway::Catalogue& catalogue, absl::CivilDay day,
                              v1::UnitCapacity& capacity) {
  for (const pathway::v1::PathwayDefinition* definition : catalogue.definitions()) {
    if (definition->entry().quotas().empty() || catalogue.FindActive(definition->id(), day) != definition) continue;
    const std::vector<store::Value> parameters = {definition->id()};
    ASSIGN_OR_RETURN(const std::vector<store::Row> clients, scope.reader.Query(PathwayClientsQuery(), parameters));
    for (const pathway::v1::Quota& quota : definition->entry().quotas()) {
      v1::PathwayPlaces& places = *capacity.add_pathway_places();
      places.set_pathway(definition->id());
      places.set_segment(quota.segment());
      places.set_places(quota.places());
      places.set_taken(static_cast<int32_t>(TakenOf(quota, clients)));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::Referral> GetReferral(rpc::ReadScope& scope, const v1::GetReferralRequest& request) {
  const std::string& name = request.name();
  const std::optional<std::string> named = ClientOf(name);
  if (!named.has_value() || !IsResourceName(name, "clients/*/referrals/*")) {
    return InvalidField("name", "must be clients/<uuid>/referrals/<number>");
  }
  ASSIGN_OR_RETURN(const StoredClient stored, LoadOwner(scope.reader, *named, name));
  const v1::Client& state = stored.state;
  const std::string& client = state.name();
  const v1::Referral* referral = FindReferral(state, name);
  // The words of Disclose for a stranger, so that the answer does not tell the two apart.
  if (referral == nullptr) return absl::NotFoundError("no such client or referral");
  const std::string& organisation = scope.principal.organisation;
  const bool own = referral->referrer() == organisation;
  const bool denied = !own && referral->receiving_unit() != organisation &&
                      IsDenied(state, organisation, "referral", LocalDay(scope.clock.Now()));
  const rpc::DisclosureFacts facts{.own_referral = own, .restricted = state.restricted(), .denied = denied};
  RETURN_IF_ERROR(rpc::Disclose(scope.principal, client, rpc::DataClass::kReferral, facts));
  v1::Referral reply = ToReply(state, *referral, stored.version, scope.principal);
  v1::Person person = VisibleTo(scope.principal, client, state.person(), facts);
  if (person.ByteSizeLong() != 0) *reply.mutable_person() = std::move(person);
  scope.Viewed(referral->name());
  return reply;
}

absl::StatusOr<v1::ClientRecord> FindClient(rpc::ReadScope& scope, const v1::FindClientRequest& request,
                                            HetuPolicy identity, absl::string_view hash_key) {
  const absl::StatusOr<Hetu> code = Hetu::Parse(request.identity_code(), identity);
  if (!code.ok()) return InvalidField("identity_code", code.status().message());
  const std::vector<store::AliasRow> wanted = {{std::string(kHetuAlias), IdentityHash(hash_key, *code), ""}};
  ASSIGN_OR_RETURN(const std::vector<store::AliasRow> found, scope.reader.FindAliases(wanted));
  if (found.empty()) return absl::NotFoundError("no such client");
  const std::string& client = found.front().key;
  RETURN_IF_ERROR(rpc::Disclose(scope.principal, client, rpc::DataClass::kIdentity, {}));
  ASSIGN_OR_RETURN(const StoredClient stored, LoadClient(scope.reader, client));
  v1::ClientRecord record;
  record.set_name(client);
  *record.mutable_person() = VisibleTo(scope.principal, client, stored.state.person(), {});
  for (const v1::Referral& referral : stored.state.referrals()) record.add_referrals(referral.name());
  *record.mutable_permissions() = stored.state.permissions();
  record.set_restricted(stored.state.restricted());
  if (stored.state.has_erase_on()) *record.mutable_erase_on() = stored.state.erase_on();
  record.set_merging_into(stored.state.merging_into());
  record.set_merge_refused(stored.state.merge_refused());
  for (const v1::MergedClient& merged : stored.state.merged()) record.add_merged(merged.client());
  *record.mutable_transfers() = stored.state.transfers();
  record.set_etag(absl::StrCat(stored.version));
  scope.Viewed(client);
  return record;
}

absl::StatusOr<v1::UnitCapacity> GetUnitCapacity(rpc::ReadScope& scope, const v1::GetUnitCapacityRequest& request,
                                                 const pathway::Catalogue& catalogue, absl::Time now) {
  if (!IsResourceName(request.unit(), "organisations/*")) {
    return InvalidField("unit", "must be organisations/<id>");
  }
  const std::vector<std::string> keys = {request.unit()};
  ASSIGN_OR_RETURN(const std::vector<store::StoredAggregate> rows, scope.reader.Load(keys));
  v1::Unit unit;
  if (rows.front().version != 0 && !unit.ParseFromString(rows.front().state)) {
    return absl::DataLossError(absl::StrCat("get unit capacity: the state of ", request.unit(), " cannot be read"));
  }
  v1::UnitCapacity capacity = CapacityOf(unit);
  capacity.set_unit(request.unit());
  // A linked referral is answered with the one that it follows.
  const std::vector<store::Value> parameters = {request.unit()};
  ASSIGN_OR_RETURN(const std::vector<store::Row> counts,
                   scope.reader.Query("SELECT state, COUNT(*) FROM referral WHERE receiving_unit = $1 AND "
                                      "linked_referral = '' GROUP BY state",
                                      parameters));
  for (const store::Row& row : counts) {
    v1::Referral referral;
    referral.set_state(static_cast<v1::ReferralState>(std::get<int64_t>(row[0])));
    const auto count = static_cast<int32_t>(std::get<int64_t>(row[1]));
    if (IsWaiting(referral)) {
      capacity.set_waiting(capacity.waiting() + count);
    } else if (IsOpen(referral)) {
      capacity.set_in_service(capacity.in_service() + count);
    }
  }
  RETURN_IF_ERROR(AddPathwayPlaces(scope, catalogue, LocalDay(now), capacity));
  return capacity;
}

absl::StatusOr<v1::ListReferralsResponse> ListReferrals(rpc::ReadScope& scope,
                                                        const v1::ListReferralsRequest& request) {
  const std::string fingerprint = FingerprintOf(scope.principal, request);
  ASSIGN_OR_RETURN(const rpc::Pager::Cursor cursor,
                   scope.pager.Open(fingerprint, request.page_token(), request.page_size()));
  Where where;
  if (scope.principal.role == kReferrerRole) where.Add("referrer =", scope.principal.organisation);
  if (!request.receiving_unit().empty()) where.Add("receiving_unit =", request.receiving_unit());
  if (request.state() != v1::REFERRAL_STATE_UNSPECIFIED) where.Add("state =", int64_t{request.state()});
  if (!cursor.after.empty()) where.AddAfter(cursor.after);
  const std::string sql = absl::StrCat("SELECT ", kReferralColumns, " FROM referral", where.text(),
                                       " ORDER BY create_us DESC, referral DESC LIMIT ", cursor.limit + 1);
  ASSIGN_OR_RETURN(const std::vector<store::Row> rows, scope.reader.Query(sql, where.parameters()));
  v1::ListReferralsResponse response;
  for (const store::Row& row : rows) {
    if (response.referrals_size() == cursor.limit) {
      response.set_next_page_token(scope.pager.Seal(fingerprint, SortKeyOf(response.referrals(cursor.limit - 1))));
      break;
    }
    *response.add_referrals() = ReferralFrom(row);
    // Whose it is does not stand in the row.
    if (scope.principal.role != kIntakeRole) response.mutable_referrals()->rbegin()->clear_linked_referral();
  }
  return response;
}

}  // namespace polku::referral
