// The index tables: `referral` for lists, `person_fingerprint` to find people who may be the same. Ids, codes, instants
// and keyed hashes only.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "libs/pipeline/domain.h"
#include "libs/store/database.h"
#include "polku/pathway/v1/pathway.pb.h"
#include "polku/referral/v1/api.pb.h"
#include "polku/referral/v1/state.pb.h"

namespace polku::referral {

std::vector<pipeline::IndexRow> IndexRows(const v1::Client& state);

// The columns that ReferralFrom reads, in its order, for SELECT.
inline constexpr absl::string_view kReferralColumns =
    "referral, referrer, receiving_unit, segment, needs, state, pathway, pathway_version, decline_reason, create_us, "
    "answer_us, close_us, waiting_us, overdue, service_event, linked_referral, former_names";
// Never carries the person or a text. The linked referral may be another organisation's: see views.h.
v1::Referral ReferralFrom(const store::Row& row);

// $1 pathway: how many clients of each segment are on it now, all versions together.
std::string PathwayClientsQuery();
// How much of the quota these rows take.
int64_t TakenOf(const pathway::v1::Quota& quota, const std::vector<store::Row>& clients);

// Lookup name -> SQL.
//   "pathway_clients"  as PathwayClientsQuery.
//   "client_known"  $1 client: a row if somebody is known by that key who has not become another client.
//   "persons_born"  $1 hash of a birth date: rows for FingerprintsFrom, newest clients first, at most 200.
std::map<std::string, std::string> LookupQueries();
// client, then what FingerprintsFrom reads.
v1::Fingerprints FingerprintsFrom(const store::Row& row, absl::string_view birth_date);

}  // namespace polku::referral
