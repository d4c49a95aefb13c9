#include "services/referral/api/queries.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "libs/rpc/disclose.h"
#include "libs/store/database.h"
#include "polku/referral/v1/state.pb.h"
#include "services/referral/domain/evolve.h"
#include "services/referral/domain/index.h"
#include "services/referral/domain/person.h"
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

}  // namespace

absl::StatusOr<v1::Referral> GetReferral(rpc::ReadScope& scope, const v1::GetReferralRequest& request) {
  const std::string& name = request.name();
  const std::optional<std::string> client = ClientOf(name);
  if (!client.has_value() || !IsResourceName(name, "clients/*/referrals/*")) {
    return InvalidField("name", "must be clients/<uuid>/referrals/<number>");
  }
  const std::vector<std::string> keys = {*client};
  ASSIGN_OR_RETURN(const std::vector<store::StoredAggregate> rows, scope.reader.Load(keys));
  v1::Client state;
  if (rows.front().version != 0 && !state.ParseFromString(rows.front().state)) {
    return absl::DataLossError(absl::StrCat("get referral: the state of ", *client, " cannot be read"));
  }
  const v1::Referral* referral = FindReferral(std::as_const(state), name);
  // The words of Disclose for a stranger, so that the answer does not tell the two apart.
  if (referral == nullptr) return absl::NotFoundError("no such client or referral");
  const rpc::DisclosureFacts facts{.own_referral = referral->referrer() == scope.principal.organisation};
  RETURN_IF_ERROR(rpc::Disclose(scope.principal, *client, rpc::DataClass::kReferral, facts));
  v1::Referral reply = ToReply(state, *referral, rows.front().version, scope.principal);
  v1::Person person = VisibleTo(scope.principal, *client, state.person(), facts);
  if (person.ByteSizeLong() != 0) *reply.mutable_person() = std::move(person);
  scope.Viewed(name);
  return reply;
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
  }
  return response;
}

}  // namespace polku::referral
