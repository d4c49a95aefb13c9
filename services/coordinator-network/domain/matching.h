// Which coordinator is proposed for a client, and why.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "libs/store/database.h"
#include "polku/coordinator_network/v1/state.pb.h"
#include "services/coordinator-network/domain/policy.h"

namespace polku::coordinator_network {

// The network lead's worklist; not a coordinator.
inline constexpr char kLead[] = "coordinators/lead";

// The bit of a segment in segment_mask columns.
int64_t SegmentBit(polku::common::v1::Segment segment);

// A coordinator as the index knows it: possibly some inputs behind.
struct Candidate {
  std::string coordinator;  // "coordinators/X"
  std::vector<std::string> municipalities;
  int64_t segment_mask = 0;
  std::vector<std::string> languages;
  std::vector<std::string> competences;
  int64_t capacity = 0;
  int64_t accepted = 0;
  int64_t proposed = 0;                           // Other clients that are proposed to this coordinator.
  absl::Time last_accept = absl::InfinitePast();  // InfinitePast: never.
  bool away = false;                              // Absent or gone on the day that was asked about.

  int64_t FreePlaces() const { return capacity - accepted - proposed; }
};

// A row with the columns of the candidate queries (lookups.h), in that order, as of `today`.
Candidate ReadCandidate(const store::Row& row, absl::CivilDay today);

struct Match {
  std::string coordinator;
  int score = 0;
  std::vector<polku::coordinator_network::v1::ScorePart> parts;
};

// Whether the candidate may be proposed: serves the municipality (any, when the client's is
// empty) and the segment, can do what the pathway asks, has a free place, is not away and has not declined.
bool Fits(const Candidate& candidate, const polku::coordinator_network::v1::ClientSupport& client);

// What speaks for the candidate, whether it fits or not.
Match Score(const Candidate& candidate, const polku::coordinator_network::v1::ClientSupport& client,
            const MatchWeights& weights);

// The best of those that fit: the highest score, then the longest without a new client, then
// the first name. Does not depend on the order of `candidates`.
std::optional<Match> BestMatch(absl::Span<const Candidate> candidates,
                               const polku::coordinator_network::v1::ClientSupport& client,
                               const MatchWeights& weights);

}  // namespace polku::coordinator_network
