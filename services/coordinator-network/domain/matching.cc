#include "services/coordinator-network/domain/matching.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/str_split.h"
#include "libs/base/calendar.h"
#include "libs/base/status_macros.h"

namespace polku::coordinator_network {
namespace {

namespace v1 = ::polku::coordinator_network::v1;

int64_t Number(const store::Value& value) {
  const int64_t* number = std::get_if<int64_t>(&value);
  return number == nullptr ? 0 : *number;
}

std::string Text(const store::Value& value) {
  const std::string* text = std::get_if<std::string>(&value);
  return text == nullptr ? std::string() : *text;
}

std::vector<std::string> Codes(const store::Value& value) {
  return absl::StrSplit(Text(value), ' ', absl::SkipEmpty());
}

bool Contains(const std::vector<std::string>& codes, const std::string& code) {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

bool ServesMunicipality(const Candidate& candidate, const v1::ClientSupport& client) {
  return client.municipality().empty() || Contains(candidate.municipalities, client.municipality());
}

bool ServesSegment(const Candidate& candidate, const v1::ClientSupport& client) {
  return client.segment() == polku::common::v1::SEGMENT_UNSPECIFIED ||
         (candidate.segment_mask & SegmentBit(client.segment())) != 0;
}

// The pathway may ask for a case manager, a network agent, ...
bool IsAble(const Candidate& candidate, const v1::ClientSupport& client) {
  return client.competence().empty() || Contains(candidate.competences, client.competence());
}

// `absences` are "START/END" with ISO days, which compare as text.
bool IsAbsent(const std::vector<std::string>& absences, const std::string& today) {
  return std::any_of(absences.begin(), absences.end(), [&](const std::string& absence) {
    const std::pair<std::string, std::string> days = absl::StrSplit(absence, '/');
    return days.first <= today && today <= days.second;
  });
}

void AddPart(Match& match, const char* reason, int points) {
  v1::ScorePart part;
  part.set_reason(reason);
  part.set_points(points);
  match.score += points;
  match.parts.push_back(std::move(part));
}

}  // namespace

int64_t SegmentBit(polku::common::v1::Segment segment) { return int64_t{1} << static_cast<int>(segment); }

Candidate ReadCandidate(const store::Row& row, absl::CivilDay today) {
  POLKU_CHECK(row.size() == 11);
  Candidate candidate;
  candidate.coordinator = Text(row[0]);
  candidate.municipalities = Codes(row[1]);
  candidate.segment_mask = Number(row[2]);
  candidate.languages = Codes(row[3]);
  candidate.competences = Codes(row[4]);
  candidate.capacity = Number(row[5]);
  candidate.accepted = Number(row[6]);
  if (std::holds_alternative<int64_t>(row[7])) candidate.last_accept = store::ToTime(row[7]);
  candidate.proposed = Number(row[8]);
  const std::string leave_day = Text(row[10]);
  candidate.away = IsAbsent(Codes(row[9]), FormatDay(today)) || (!leave_day.empty() && leave_day <= FormatDay(today));
  return candidate;
}

bool Fits(const Candidate& candidate, const v1::ClientSupport& client) {
  const auto& declined = client.declined_by();
  return ServesMunicipality(candidate, client) && ServesSegment(candidate, client) && IsAble(candidate, client) &&
         candidate.FreePlaces() > 0 && !candidate.away &&
         std::find(declined.begin(), declined.end(), candidate.coordinator) == declined.end();
}

Match Score(const Candidate& candidate, const v1::ClientSupport& client, const MatchWeights& weights) {
  Match match;
  match.coordinator = candidate.coordinator;
  // Conditions, not merits: they are told so that an override of one can be seen.
  if (ServesMunicipality(candidate, client) && !client.municipality().empty()) AddPart(match, "municipality", 0);
  if (ServesSegment(candidate, client)) AddPart(match, "segment", 0);
  if (IsAble(candidate, client) && !client.competence().empty()) AddPart(match, "pathway", 0);
  if (!client.language().empty() && Contains(candidate.languages, client.language())) {
    AddPart(match, "language", weights.language_points);
  }
  int met = 0;
  for (const std::string& need : client.needs()) met += Contains(candidate.competences, need) ? 1 : 0;
  if (met > 0) AddPart(match, "competence", met * weights.points_per_competence);
  if (candidate.capacity > 0) {
    const int64_t free = std::max<int64_t>(candidate.FreePlaces(), 0);
    AddPart(match, "load", static_cast<int>(weights.load_points_max * free / candidate.capacity));
  }
  return match;
}

std::optional<Match> BestMatch(absl::Span<const Candidate> candidates, const v1::ClientSupport& client,
                               const MatchWeights& weights) {
  std::optional<Match> best;
  absl::Time best_last_accept;
  for (const Candidate& candidate : candidates) {
    if (!Fits(candidate, client)) continue;
    Match match = Score(candidate, client, weights);
    if (best.has_value() && std::make_tuple(-best->score, best_last_accept, best->coordinator) <=
                                std::make_tuple(-match.score, candidate.last_accept, match.coordinator)) {
      continue;
    }
    best = std::move(match);
    best_last_accept = candidate.last_accept;
  }
  return best;
}

}  // namespace polku::coordinator_network
