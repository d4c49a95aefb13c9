#include "services/coordinator-network/domain/matching.h"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace polku::coordinator_network {
namespace {

namespace v1 = ::polku::coordinator_network::v1;
using ::testing::ElementsAre;
using ::testing::Pair;

v1::ClientSupport Client() {
  v1::ClientSupport client;
  client.set_segment(polku::common::v1::SEGMENT_UNEMPLOYED);
  client.set_municipality("205");
  client.set_language("fi");
  client.add_needs("work-ability");
  client.add_needs("debt");
  return client;
}

Candidate Coordinator(const std::string& id) {
  Candidate candidate;
  candidate.coordinator = "coordinators/" + id;
  candidate.municipalities = {"105", "205"};
  candidate.segment_mask = SegmentBit(polku::common::v1::SEGMENT_UNEMPLOYED);
  candidate.languages = {"fi"};
  candidate.capacity = 10;
  return candidate;
}

std::vector<std::pair<std::string, int>> PartsOf(const Match& match) {
  std::vector<std::pair<std::string, int>> parts;
  for (const v1::ScorePart& part : match.parts) parts.emplace_back(part.reason(), part.points());
  return parts;
}

std::string BestOf(const std::vector<Candidate>& candidates) {
  const std::optional<Match> best = BestMatch(candidates, Client(), MatchWeights());
  return best.has_value() ? best->coordinator : "nobody";
}

TEST(Matching, ExplainsTheScoreInParts) {
  Candidate candidate = Coordinator("a");
  candidate.competences = {"debt", "work-ability", "sleep"};
  candidate.accepted = 2;
  candidate.proposed = 1;
  const Match match = Score(candidate, Client(), MatchWeights());
  EXPECT_EQ(match.score, 75);
  EXPECT_THAT(PartsOf(match), ElementsAre(Pair("municipality", 0), Pair("segment", 0), Pair("language", 20),
                                          Pair("competence", 20), Pair("load", 35)));
}

TEST(Matching, ProposesOnlyThoseWhoCanDoWhatThePathwayAsks) {
  v1::ClientSupport client = Client();
  client.set_competence("case-management");
  Candidate manager = Coordinator("b");
  manager.competences = {"case-management"};
  manager.accepted = 9;
  EXPECT_FALSE(BestMatch(std::vector<Candidate>{Coordinator("a")}, client, MatchWeights()).has_value());
  const auto best = BestMatch(std::vector<Candidate>{Coordinator("a"), manager}, client, MatchWeights());
  ASSERT_TRUE(best.has_value());
  EXPECT_EQ(best->coordinator, "coordinators/b");
  EXPECT_THAT(PartsOf(*best), ElementsAre(Pair("municipality", 0), Pair("segment", 0), Pair("pathway", 0),
                                          Pair("language", 20), Pair("load", 5)));
}

TEST(Matching, RoundsTheLoadDown) {
  Candidate candidate = Coordinator("a");
  candidate.capacity = 3;
  candidate.accepted = 2;
  candidate.languages.clear();
  EXPECT_EQ(Score(candidate, Client(), MatchWeights()).score, 16);
}

TEST(Matching, TellsNoConditionThatAPersonsChoiceDoesNotMeet) {
  Candidate candidate = Coordinator("a");
  candidate.municipalities = {"300"};
  candidate.segment_mask = SegmentBit(polku::common::v1::SEGMENT_STUDENT);
  candidate.accepted = 12;
  EXPECT_THAT(PartsOf(Score(candidate, Client(), MatchWeights())), ElementsAre(Pair("language", 20), Pair("load", 0)));
}

TEST(Matching, LeavesOutWhoDoesNotServeTheClientOrIsFull) {
  Candidate elsewhere = Coordinator("a");
  elsewhere.municipalities = {"300"};
  Candidate other_segment = Coordinator("b");
  other_segment.segment_mask = SegmentBit(polku::common::v1::SEGMENT_EMPLOYED);
  Candidate full = Coordinator("c");
  full.accepted = 10;
  Candidate full_of_proposals = Coordinator("d");
  full_of_proposals.accepted = 4;
  full_of_proposals.proposed = 6;
  EXPECT_EQ(BestOf({elsewhere, other_segment, full, full_of_proposals}), "nobody");
  EXPECT_EQ(BestOf({elsewhere, other_segment, full, full_of_proposals, Coordinator("e")}), "coordinators/e");
}

TEST(Matching, TakesAnyMunicipalityForAClientWhoseOwnIsProtected) {
  v1::ClientSupport client = Client();
  client.clear_municipality();
  Candidate elsewhere = Coordinator("a");
  elsewhere.municipalities = {"300"};
  EXPECT_TRUE(Fits(elsewhere, client));
  EXPECT_FALSE(Fits(elsewhere, Client()));
}

TEST(Matching, BreaksTiesByTheLongestIdleThenTheName) {
  Candidate lately = Coordinator("a");
  lately.last_accept = absl::FromUnixSeconds(2000);
  Candidate earlier = Coordinator("b");
  earlier.last_accept = absl::FromUnixSeconds(1000);
  EXPECT_EQ(BestOf({lately, earlier}), "coordinators/b");
  EXPECT_EQ(BestOf({lately, earlier, Coordinator("d"), Coordinator("c")}), "coordinators/c");
}

TEST(Matching, PrefersPointsToIdleness) {
  Candidate busy = Coordinator("a");
  busy.last_accept = absl::FromUnixSeconds(2000);
  busy.competences = {"debt"};
  EXPECT_EQ(BestOf({Coordinator("b"), busy}), "coordinators/a");
}

RC_GTEST_PROP(Matching, DoesNotDependOnTheOrderOfCandidates, ()) {
  std::vector<Candidate> candidates;
  const int count = *rc::gen::inRange(1, 12);
  for (int i = 0; i < count; ++i) {
    Candidate candidate = Coordinator(absl::StrCat("c", i));
    candidate.accepted = *rc::gen::inRange(8, 11);
    candidate.last_accept = absl::FromUnixSeconds(*rc::gen::inRange(0, 3));
    candidates.push_back(candidate);
  }
  const std::string best = BestOf(candidates);
  const auto before = [&] {
    std::vector<size_t> order(candidates.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    return order;
  }();
  std::vector<Candidate> shuffled;
  std::vector<size_t> left = before;
  while (!left.empty()) {
    const size_t at = *rc::gen::inRange<size_t>(0, left.size());
    shuffled.push_back(candidates[left[at]]);
    left.erase(left.begin() + static_cast<std::ptrdiff_t>(at));
  }
  RC_ASSERT(BestOf(shuffled) == best);
}

}  // namespace
}  // namespace polku::coordinator_network
