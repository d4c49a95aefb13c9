#include "libs/bus/embedded/assignment.h"

#include <gmock/gmock.h>

namespace polku::bus {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Topics = std::vector<std::set<std::string>>;
using Partitions = std::vector<TopicPartition>;

const Partitions kFour = {{"a", 0}, {"a", 1}, {"a", 2}, {"b", 0}};

TEST(AssignInTurn, GivesOneMemberEverything) {
  EXPECT_THAT(AssignInTurn(kFour, Topics{{"a", "b"}}), ElementsAre(kFour));
}

TEST(AssignInTurn, DealsInTheOrderOfJoining) {
  EXPECT_THAT(AssignInTurn(kFour, Topics{{"a", "b"}, {"a", "b"}}),
              ElementsAre(Partitions{{"a", 0}, {"a", 2}}, Partitions{{"a", 1}, {"b", 0}}));
}

TEST(AssignInTurn, GivesAMemberOnlyItsTopics) {
  EXPECT_THAT(AssignInTurn(kFour, Topics{{"a"}, {"b"}}),
              ElementsAre(Partitions{{"a", 0}, {"a", 1}, {"a", 2}}, Partitions{{"b", 0}}));
}

TEST(AssignInTurn, LeavesMembersBeyondTheLastPartitionIdle) {
  EXPECT_THAT(AssignInTurn(Partitions{{"a", 0}}, Topics{{"a"}, {"a"}}), ElementsAre(Partitions{{"a", 0}}, IsEmpty()));
}

TEST(AssignInTurn, GivesNobodyATopicThatNobodyReads) {
  EXPECT_THAT(AssignInTurn(Partitions{{"c", 0}}, Topics{{"a"}}), ElementsAre(IsEmpty()));
  EXPECT_THAT(AssignInTurn(kFour, Topics{}), IsEmpty());
}

}  // namespace
}  // namespace polku::bus
