#include "services/referral/domain/index.h"

#include <string>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "libs/pipeline/proto_time.h"
#include "services/referral/domain/evolve.h"

namespace polku::referral {
namespace {

const store::TableShape& Shape() {
  static const auto& shape =
      *new store::TableShape{"referral",
                             {"referral"},
                             {"client", "referrer", "receiving_unit", "segment", "needs", "state", "pathway",
                              "pathway_version", "decline_reason", "create_us", "answer_us"}};
  return shape;
}

}  // namespace

std::vector<pipeline::IndexRow> IndexRows(const v1::Client& state) {
  std::vector<pipeline::IndexRow> rows;
  for (const v1::Referral& referral : state.referrals()) {
    pipeline::IndexRow row;
    row.shape = &Shape();
    row.key = {referral.name()};
    row.values = {
        state.name(),
        referral.referrer(),
        referral.receiving_unit(),
        int64_t{referral.segment()},
        absl::StrJoin(referral.needs(), ","),
        int64_t{referral.state()},
        referral.pathway(),
        int64_t{referral.pathway_version()},
        int64_t{referral.decline_reason()},
        store::FromTime(pipeline::FromProto(referral.create_time())),
        referral.has_answer_time() ? store::FromTime(pipeline::FromProto(referral.answer_time())) : store::Value()};
    rows.push_back(std::move(row));
  }
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
  const absl::string_view status = BusinessStatus(referral.state());
  referral.set_business_status(status.data(), status.size());
  referral.set_pathway(text(6));
  referral.set_pathway_version(number(7));
  referral.set_decline_reason(static_cast<v1::DeclineReason>(number(8)));
  *referral.mutable_create_time() = pipeline::ToProto(store::ToTime(row[9]));
  if (!std::holds_alternative<std::monostate>(row[10])) {
    *referral.mutable_answer_time() = pipeline::ToProto(store::ToTime(row[10]));
  }
  return referral;
}

}  // namespace polku::referral
