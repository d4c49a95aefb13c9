// An operator's commands on a region as it runs in production: they tell how it is, find what was planted, and change
// nothing but what they are asked to.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "libs/base/calendar.h"
#include "libs/base/clock.h"
#include "libs/base/status_matchers.h"
#include "libs/pipeline/pipeline.h"
#include "tests/faults/observe.h"
#include "tests/faults/poison.h"
#include "tests/faults/query.h"
#include "tests/faults/stories.h"
#include "tests/faults/topics.h"

namespace polku::faults {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr absl::Duration kCommandMax = absl::Seconds(90);
constexpr absl::Duration kAwaitMax = absl::Seconds(60);
constexpr absl::Duration kLook = absl::Milliseconds(300);
constexpr int kNetwork = 2 * kReplicasMax;  // Its first program.

struct Said {
  int code = -1;
  std::string text;  // Standard output, then standard error.
};

class Operator : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto fleet = Fleet::Start({.programs = POLKU_PROGRAMS_FOLDER});
    ASSERT_THAT(fleet.status(), IsOk());
    fleet_ = fleet->release();
    channels_ = new Channels(*fleet_);
    ledger_ = new Ledger();
    teller_ = new Storyteller(*channels_, ledger_, 1, LocalDay(SystemClock().Now()));
    ASSERT_THAT(Prepare(teller_->caller()), IsOk());
    for (const Kind kind : {Kind::kReached, Kind::kNotReached}) teller_->Tell(++told_, kind);
    ASSERT_EQ(ledger_->told().clients.size(), 2u) << absl::StrJoin(ledger_->told().stuck, "\n");
  }
  static void TearDownTestSuite() {
    delete teller_;
    delete ledger_;
    delete channels_;
    delete fleet_;
  }

  Said Polkuctl(std::vector<std::string> words) {
    std::vector<std::string> servers;
    for (int service = 0; service < fleet_->size(); service += kReplicasMax)
      servers.push_back(fleet_->address(service));
    std::vector<std::string> all = {fleet_->programs() + "/polkuctl",
                                    "--servers",
                                    absl::StrJoin(servers, ","),
                                    "--organisation",
                                    "organisations/polku",
                                    "--user",
                                    "u1",
                                    "--role",
                                    "operator"};
    all.insert(all.end(), words.begin(), words.end());
    const std::string output = fleet_->DataFolder(absl::StrCat("polkuctl-", ++commands_, ".log"));
    const auto ended = testing::ChildProcess::Start({all, {}, output})->Wait(kCommandMax);
    std::ifstream file(output);
    return {ended.value_or(-1), std::string(std::istreambuf_iterator<char>(file), {})};
  }
  Said Verify(std::vector<std::string> more = {}) {
    std::vector<std::string> words = {"verify", "--kafka-servers", fleet_->broker()->bootstrap_servers()};
    words.insert(words.end(), more.begin(), more.end());
    return Polkuctl(std::move(words));
  }
  template <class IsDone>
  Said Await(const std::vector<std::string>& words, IsDone done) {
    const absl::Duration end = clock_.Elapsed() + kAwaitMax;
    while (true) {
      Said said = Polkuctl(words);
      if (done(said) || clock_.Elapsed() > end) return said;
      Caller::Rest(kLook);
    }
  }
  static std::vector<std::vector<std::string>> Sql(const std::string& service, const std::string& sql) {
    const auto rows = Query(fleet_->Database(service), sql);
    EXPECT_THAT(rows.status(), IsOk());
    return rows.value_or(std::vector<std::vector<std::string>>());
  }
  void AwaitLocked(const std::string& service, const std::string& table) {
    const std::string locked = absl::StrCat(
        "SELECT 1 FROM pg_locks WHERE granted AND mode = 'AccessExclusiveLock' AND "
        "relation = '",
        table, "'::regclass");
    const absl::Duration end = clock_.Elapsed() + kAwaitMax;
    while (Sql(service, locked).empty() && clock_.Elapsed() < end) Caller::Rest(kLook);
    EXPECT_FALSE(Sql(service, locked).empty()) << table << " is not locked";
  }
  static bool IsBehind(const Said& said) {
    return ::testing::Value(said.text,
                            ContainsRegex("coordinator-network +polku[a-z.-]+events.v1 +[0-9]+ +[0-9]+ +[0-9]+ "
                                          "+[1-9]"));
  }

  static inline Fleet* fleet_ = nullptr;
  static inline Channels* channels_ = nullptr;
  static inline Ledger* ledger_ = nullptr;
  static inline Storyteller* teller_ = nullptr;
  static inline int told_ = 0;
  static inline int commands_ = 0;
  const SystemMonotonicClock clock_;
};

TEST_F(Operator, LagTellsOfAllServicesWhoIsBehindAndThatTheBrokerIsAway) {
  const auto rests = [](const Said& said) { return !IsBehind(said); };
  const Said calm = Await({"lag"}, rests);
  EXPECT_EQ(calm.code, 0) << calm.text;
  for (const char* service : kServices) EXPECT_THAT(calm.text, HasSubstr(service));
  EXPECT_FALSE(IsBehind(calm)) << calm.text;

  {
    // Nothing that the network reads can be kept while somebody has its table.
    const auto held =
        testing::ChildProcess::Start({{"psql", fleet_->Database("coordinator-network"), "-c",
                                       "BEGIN; LOCK TABLE aggregate IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(600)"},
                                      {},
                                      fleet_->DataFolder("psql.log")});
    AwaitLocked("coordinator-network", "aggregate");
    referral::v1::SubmitReferralRequest submit = ReferralOf(++told_);
    const auto submitted = teller_->caller().Call(&Referrals::SubmitReferral, kReferrer, submit);
    ASSERT_THAT(submitted.status(), IsOk());
    referral::v1::AcceptReferralRequest accept;
    accept.set_name(submitted->name());
    accept.set_pathway("kainuu-unemployed");
    ASSERT_THAT(teller_->caller().Call(&Referrals::AcceptReferral, kIntake, accept).status(), IsOk());
    const Said behind = Await({"lag"}, IsBehind);
    EXPECT_TRUE(IsBehind(behind)) << behind.text;
    fleet_->postgres().Run(
        "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND pid <> "
        "pg_backend_pid()");
  }
  EXPECT_FALSE(IsBehind(Await({"lag"}, rests)));

  fleet_->broker()->Pause(true);
  const Said away = Polkuctl({"lag", "--service", "follow-up"});
  fleet_->broker()->Pause(false);
  EXPECT_THAT(away.text, AllOf(HasSubstr("ends are not known"), ContainsRegex("polku.referral.events.v1.* \\?")));
  EXPECT_THAT(fleet_->AwaitAllReady(), IsOk());
}

TEST_F(Operator, DeadLettersAreShownAndLeftOut) {
  const Topics topics(fleet_->broker()->bootstrap_servers());
  const std::string topic = pipeline::TopicOf("referral");
  const auto good = topics.ReadAll(topic);
  ASSERT_THAT(good.status(), IsOk());
  SeededRandom random(3);
  std::vector<RawRecord> poison = MakePoison(*good, random);
  poison.resize(1);
  const auto places = topics.Write(topic, poison);
  ASSERT_THAT(places.status(), IsOk());
  const std::string name = "services/assessment/dead-letters/";
  const Said listed = Await({"dead-letters", "list", "--service", "assessment"},
                            [&](const Said& said) { return ::testing::Value(said.text, HasSubstr(name)); });
  ASSERT_THAT(listed.text, HasSubstr(name));
  const size_t begin = listed.text.find(name);
  const std::string letter = listed.text.substr(begin, listed.text.find(' ', begin) - begin);
  EXPECT_THAT(Polkuctl({"dead-letters", "show", letter}).text, HasSubstr(topic));
  const Said replayed = Polkuctl({"dead-letters", "replay", letter});
  EXPECT_NE(replayed.code, 0) << replayed.text;
  EXPECT_THAT(Verify().text, HasSubstr(name));  // It was set aside again.
  for (const char* service : kServices) {
    if (!PeersOf(service).contains("referral")) continue;
    const Said all = Await({"dead-letters", "list", "--service", service}, [&](const Said& said) {
      return ::testing::Value(said.text, HasSubstr(absl::StrCat("services/", service, "/dead-letters/")));
    });
    const std::string prefix = absl::StrCat("services/", service, "/dead-letters/");
    const size_t at = all.text.find(prefix);
    ASSERT_NE(at, std::string::npos) << all.text;
    const Said discarded = Polkuctl(
        {"dead-letters", "discard", all.text.substr(at, all.text.find(' ', at) - at), "--reason", "unreadable"});
    EXPECT_EQ(discarded.code, 0) << discarded.text;
  }
  EXPECT_THAT(Polkuctl({"dead-letters", "list"}).text, Not(HasSubstr("dead-letters/")));
}

TEST_F(Operator, VerifyFindsNothingWhereAllIsWellAndEachThingThatIsPlanted) {
  const Said well = Verify();
  EXPECT_EQ(well.code, 0) << well.text;
  EXPECT_THAT(well.text, AllOf(HasSubstr("I12"), ContainsRegex("I4 .* [1-9][0-9]* records of 4 topics")));

  const std::string client = ledger_->told().clients.begin()->first;
  const std::string taken = absl::StrCat(
      "UPDATE source_version SET last = last - 1 FROM aggregate_key k, name n WHERE k.id = key_id AND n.id = source_id "
      "AND n.text = 'referral' AND k.text = '",
      client, "'");
  Sql("assessment", taken);
  const Said lost = Verify({"--patience", "2"});
  EXPECT_EQ(lost.code, 1);
  EXPECT_THAT(lost.text, ContainsRegex(absl::StrCat(
                             "I1 assessment has taken [0-9]+ of [0-9]+ events of referral about ", client)));
  Sql("assessment", std::string(taken).replace(taken.find("- 1"), 3, "+ 2"));
  EXPECT_THAT(Verify().text, HasSubstr("I2 assessment has taken"));
  Sql("assessment", taken);
  EXPECT_EQ(Verify().code, 0);

  const std::string task = Sql("coordinator-network", "SELECT task FROM task WHERE kind = 1 LIMIT 1")[0][0];
  const std::string columns =
      "client, coordinator, kind, rule, subject, measure, create_us, due_us, attempts, last_outcome, "
      "next_step_required";
  Sql("coordinator-network", absl::StrCat("INSERT INTO task(task, ", columns, ") SELECT task || '0', ", columns,
                                          " FROM task WHERE task = '", task, "'"));
  EXPECT_THAT(Verify().text, ContainsRegex("I3 .*has several open outreach tasks"));
  Sql("coordinator-network", absl::StrCat("DELETE FROM task WHERE task = '", task, "0'"));
  EXPECT_EQ(Verify().code, 0);
}

// Records that the reader never sees: its position is beyond them.
TEST_F(Operator, AGapIsFilledFromTheOwnersJournalInAnotherProgram) {
  for (int program = kReplicasMax; program < 2 * kReplicasMax; ++program) fleet_->Kill(program);
  const auto submitted = teller_->caller().Call(&Referrals::SubmitReferral, kReferrer, ReferralOf(++told_));
  ASSERT_THAT(submitted.status(), IsOk());
  referral::v1::AcceptReferralRequest accept;
  accept.set_name(submitted->name());
  accept.set_pathway("kainuu-unemployed");
  ASSERT_THAT(teller_->caller().Call(&Referrals::AcceptReferral, kIntake, accept).status(), IsOk());
  const auto sent = [] { return Sql("referral", "SELECT COUNT(*) FROM outbox")[0][0] == "0"; };
  const absl::Duration sent_end = clock_.Elapsed() + kAwaitMax;
  while (!sent() && clock_.Elapsed() < sent_end) Caller::Rest(kLook);
  ASSERT_TRUE(sent());
  const Topics topics(fleet_->broker()->bootstrap_servers());
  const auto records = topics.ReadAll(pipeline::TopicOf("referral"));
  ASSERT_THAT(records.status(), IsOk());
  std::map<int, int> ends;
  for (const RawRecord& record : *records) ++ends[record.partition];
  for (const auto& [partition, end] : ends) {
    Sql("assessment",
        absl::StrCat("INSERT INTO position(topic, partition, next_offset, owner_epoch) VALUES('",
                     pipeline::TopicOf("referral"), "', ", partition, ", ", end,
                     ", 0) ON CONFLICT (topic, partition) DO UPDATE SET last_time = NULL, next_offset = ", end));
  }
  for (int program = kReplicasMax; program < 2 * kReplicasMax; ++program) fleet_->Launch(program);
  ASSERT_THAT(fleet_->AwaitAllReady(), IsOk());
  const std::string client = submitted->name().substr(0, submitted->name().find("/referrals/"));
  const std::string opened = absl::StrCat("SELECT COUNT(*) FROM assessment WHERE client = '", client, "'");
  EXPECT_EQ(Sql("assessment", opened)[0][0], "0");
  // The next event shows that something is missing.
  referral::v1::RestrictProcessingRequest restrict;
  restrict.set_client(client);
  restrict.set_restricted(true);
  restrict.set_reason(referral::v1::RESTRICTION_REASON_ACCURACY_CONTESTED);
  ASSERT_THAT(teller_->caller().Call(&Referrals::RestrictProcessing, kIntake, restrict).status(), IsOk());
  const absl::Duration end = clock_.Elapsed() + kAwaitMax;
  while (Sql("assessment", opened)[0][0] == "0" && clock_.Elapsed() < end) Caller::Rest(kLook);
  EXPECT_EQ(Sql("assessment", opened)[0][0], "1");
}

}  // namespace
}  // namespace polku::faults

// Where the tests cannot run they must not look as if they had.
int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  const bool has_broker = !polku::testing::KafkaFolder().empty();
  if (has_broker && polku::store::postgres::ServerForTests::IsInstalled()) return RUN_ALL_TESTS();
  constexpr int kSkipped = 77;
  std::fprintf(stderr, "NOT RUN: no broker or no PostgreSQL (tools/dev setup and test fetch them)\n");
  return std::getenv("CI") == nullptr ? kSkipped : 1;
}
