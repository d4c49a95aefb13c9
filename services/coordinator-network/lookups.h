// The index tables, and the queries whose rows the domain's decisions are given.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "libs/store/database.h"

namespace polku::coordinator_network {

// Makes the tables that domain/index.cc fills.
std::vector<store::Migration> Migrations();

// Lookup name -> SQL. The three candidate queries give the columns that ReadCandidate reads:
// coordinator, municipalities, segment_mask, languages, competences, capacity, accepted,
// last_accept_us, proposed (other clients than $1 that are proposed to the coordinator), absences, leave_day.
//   "coordinators"             $1 client, $2 municipality (empty = any): at most 500.
//   "coordinators_for_client"  $1 client: the municipality is that of its index row.
//   "coordinator_by_name"      $1 client, $2 coordinator.
//   "assignment_of_client"     $1 client: coordinator, state, assign_us, accept_us.
//   "permissions_of_client"    $1 client: what MissingClasses (domain/permissions.h) reads; the referral service
//                              keeps at most 100 per client.
//   "time_use_of_day"          $1 coordinator, $2 day, $3 entry that does not count: minutes.
//   "time_use_entry"           $1 entry: day, activity.
std::map<std::string, std::string> LookupQueries();

}  // namespace polku::coordinator_network
