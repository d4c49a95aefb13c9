#include "services/referral/domain/index.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "libs/pipeline/proto_time.h"
#include "services/referral/domain/views.h"

namespace polku::referral {
namespace {

const store::TableShape& Shape() {
  static const auto& shape =
      *new store::TableShape{"referral",
                             {"referral"},
                             {"client", "referrer", "receiving_unit", "segment", "needs", "state", "pathway",
                              "pathway_version", "decline_reason", "create_us", "answer_us", "close_us", "waiting_us",
                              "overdue", "service_event", "linked_referral", "former_names"}};
  return shape;
}

const store::TableShape& PersonShape() {
  static const auto& shape = *new store::TableShape{
      "person_fingerprint", {"client"}, {"birth_date", "family_name", "given_name", "has_identity_code"}};
  return shape;
}

pipeline::IndexRow PersonRow(const v1::Client& state) {
  const v1::Fingerprints& person = state.fingerprints();
  return {&PersonShape(),
          {state.name()},
          {person.birth_date(), absl::StrJoin(person.family_name(), ","), absl::StrJoin(person.given_name(), ","),
           int64_t{person.has_identity_code()}}};
}

store::Value ValueOf(const google::protobuf::Timestamp& time) { return store::FromTime(pipeline::FromProto(time)); }

bool IsNull(const store::Value& value) { return std::holds_alternative<std::monostate>(value); }

}  // namespace

std::vector<pipeline::IndexRow> IndexRows(const v1::Client& state) {
  std::vector<pipeline::IndexRow> rows;
  for (const v1::Referral& referral : state.referrals()) {
    pipeline::IndexRow row;
    row.shape = &Shape();
    row.key = {referral.name()};
    row.values = {state.name(),
                  referral.referrer(),
                  referral.receiving_unit(),
                  int64_t{referral.segment()},
                  absl::StrJoin(referral.needs(), ","),
                  int64_t{referral.state()},
                  referral.pathway(),
                  int64_t{referral.pathway_version()},
                  int64_t{referral.decline_reason()},
                  ValueOf(referral.create_time()),
                  referral.has_answer_time() ? ValueOf(referral.answer_time()) : store::Value(),
                  referral.has_close_time() ? ValueOf(referral.close_time()) : store::Value(),
                  referral.has_waiting_since() ? ValueOf(referral.waiting_since()) : store::Value(),
                  int64_t{referral.overdue()},
                  int64_t{EventFor(state, referral)},
                  referral.linked_referral(),
                  absl::StrJoin(referral.former_names(), ",")};
    rows.push_back(std::move(row));
  }
  if (!state.fingerprints().birth_date().empty()) rows.push_back(PersonRow(state));
  return rows;
}

v1::Referral ReferralFrom(const store::Row& row) {
  const auto text = [&row](size_t i) { return std::get<std::string>(row[i]); };
  const auto number = [&row](size_t i) { return static_cast<int>(std::get<int64_t>(row[i])); };
  v1::Referral referral;
  referral.set_name(text(0));
  referral.set_referrer(text(1));
  referral.set_receiving_unit(text(2));
  referral.set_segment(static_cast<common::v1::Segment>(number(3)));
  for (absl::string_view need : absl::StrSplit(text(4), ',', absl::SkipEmpty())) {
    referral.add_needs(need.data(), need.size());
  }
  referral.set_state(static_cast<v1::ReferralState>(number(5)));
  const absl::string_view status = BusinessStatus(referral.state(), static_cast<v1::ServiceEvent::Kind>(number(14)));
  referral.set_business_status(status.data(), status.size());
  referral.set_pathway(text(6));
  referral.set_pathway_version(number(7));
  referral.set_decline_reason(static_cast<v1::DeclineReason>(number(8)));
  *referral.mutable_create_time() = pipeline::ToProto(store::ToTime(row[9]));
  if (!IsNull(row[10])) *referral.mutable_answer_time() = pipeline::ToProto(store::ToTime(row[10]));
  if (!IsNull(row[11])) *referral.mutable_close_time() = pipeline::ToProto(store::ToTime(row[11]));
  if (!IsNull(row[12])) *referral.mutable_waiting_since() = pipeline::ToProto(store::ToTime(row[12]));
  referral.set_overdue(static_cast<v1::ReferralOverdue::Level>(number(13)));
  referral.set_linked_referral(text(15));
  for (absl::string_view name : absl::StrSplit(text(16), ',', absl::SkipEmpty())) {
    referral.add_former_names(name.data(), name.size());
  }
  return referral;
}

std::string PathwayClientsQuery() {
  return absl::StrCat(
      "SELECT segment, COUNT(*) FROM referral WHERE pathway = $1 AND linked_referral = '' AND state IN (",
      int{v1::REFERRAL_STATE_ACCEPTED}, ", ", int{v1::REFERRAL_STATE_IN_SERVICE}, ") GROUP BY segment");
}

int64_t TakenOf(const pathway::v1::Quota& quota, const std::vector<store::Row>& clients) {
  int64_t taken = 0;
  for (const store::Row& row : clients) {
    if (quota.segment() == 0 || std::get<int64_t>(row[0]) == quota.segment()) taken += std::get<int64_t>(row[1]);
  }
  return taken;
}

std::map<std::string, std::string> LookupQueries() {
  // A birth date that more people share than this is a placeholder: advice ends somewhere.
  return {{"pathway_clients", PathwayClientsQuery()},
          {"client_known", "SELECT client FROM person_fingerprint WHERE client = $1"},
          {"persons_born",
           "SELECT client, family_name, given_name, has_identity_code FROM person_fingerprint WHERE birth_date = $1 "
           "ORDER BY client DESC LIMIT 200"}};
}

v1::Fingerprints FingerprintsFrom(const store::Row& row, absl::string_view birth_date) {
  v1::Fingerprints person;
  person.set_birth_date(std::string(birth_date));
  for (absl::string_view key : absl::StrSplit(std::get<std::string>(row[1]), ',', absl::SkipEmpty())) {
    person.add_family_name(std::string(key));
  }
  for (absl::string_view key : absl::StrSplit(std::get<std::string>(row[2]), ',', absl::SkipEmpty())) {
    person.add_given_name(std::string(key));
  }
  person.set_has_identity_code(std::get<int64_t>(row[3]) != 0);
  return person;
}

}  // namespace polku::referral
