#include "services/coordinator-network/lookups.h"

#include "absl/strings/str_cat.h"
#include "polku/coordinator_network/v1/api.pb.h"
#include "services/coordinator-network/embedded_sql.h"

namespace polku::coordinator_network {
namespace {

// Coordinators whose rows one decision may weigh.
constexpr int kCandidatesMax = 500;

std::string CandidateColumns() {
  return absl::StrCat(
      "SELECT c.coordinator, c.municipalities, c.segment_mask, c.languages, c.competences, c.capacity, c.accepted,"
      " c.last_accept_us,"
      " (SELECT COUNT(*) FROM assignment a WHERE a.coordinator = c.coordinator AND a.state = ",
      static_cast<int>(polku::coordinator_network::v1::ASSIGNMENT_STATE_PROPOSED),
      " AND a.client <> $1), c.absences, c.leave_day ");
}

}  // namespace

std::vector<store::Migration> Migrations() {
  return {{1, "index", k0001Index},           {2, "absences", k0002Absences}, {3, "time_use", k0003TimeUse},
          {4, "permission", k0004Permission}, {5, "waiting", k0005Waiting},   {6, "service", k0006Service}};
}

std::map<std::string, std::string> LookupQueries() {
  const std::string columns = CandidateColumns();
  const std::string end = absl::StrCat(" ORDER BY c.coordinator LIMIT ", kCandidatesMax);
  return {
      {"coordinators",
       absl::StrCat(columns,
                    "FROM coordinator c WHERE $2 = '' OR EXISTS (SELECT 1 FROM coordinator_municipality m"
                    " WHERE m.municipality = $2 AND m.coordinator = c.coordinator)",
                    end)},
      {"coordinators_for_client",
       absl::StrCat(columns,
                    "FROM assignment s JOIN coordinator c ON s.municipality = '' OR EXISTS"
                    " (SELECT 1 FROM coordinator_municipality m"
                    " WHERE m.municipality = s.municipality AND m.coordinator = c.coordinator) WHERE s.client = $1",
                    end)},
      {"coordinator_by_name", absl::StrCat(columns, "FROM coordinator c WHERE c.coordinator = $2")},
      {"permissions_of_client",
       "SELECT p.purpose, p.organisation, p.classes, p.from_day, p.to_day, p.denial, e.withdraw_us FROM permission p"
       " LEFT JOIN permission_end e ON e.permission = p.permission WHERE p.client = $1 ORDER BY p.permission"},
      {"time_use_of_day",
       "SELECT CAST(COALESCE(SUM(minutes), 0) AS BIGINT) FROM time_use"
       " WHERE coordinator = $1 AND day = $2 AND entry <> $3"},
      {"time_use_entry", "SELECT day, activity FROM time_use WHERE entry = $1"},
      {"assignment_of_client", "SELECT coordinator, state, assign_us, accept_us FROM assignment WHERE client = $1"},
  };
}

}  // namespace polku::coordinator_network
