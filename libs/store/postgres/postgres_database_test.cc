// What is particular to PostgreSQL: connections that break, other programs, damage.
#include "libs/store/postgres/postgres_database.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/base/status_matchers.h"
#include "libs/store/postgres/testing/server.h"

namespace polku::store {
namespace {

using postgres::ServerForTests;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using Code = absl::StatusCode;

AggregateWrite WriteOf(const std::string& key, int64_t expected, const std::string& state) {
  return {expected, {key, expected + 1, 0, 1, state, std::nullopt}};
}
JournalRow EventOf(const std::string& key, int64_t version) {
  return {key, version, version, "type", "content", absl::FromUnixSeconds(5)};
}

class PostgresDatabaseTest : public ::testing::Test {
 protected:
  PostgresDatabaseTest() {
    static int databases = 0;
    name_ = absl::StrCat("own", ++databases);
    server_.CreateDatabase(name_);
    options_.base.service = "referral";
    options_.base.sealed_prefixes = {"clients/"};
    options_.base.migrations = {{1, "item", "CREATE TABLE item(id TEXT PRIMARY KEY, number BIGINT, bytes BLOB);"}};
    options_.target = server_.Target(name_);
    options_.key_path = folder_.path() + "/service.keys";
    options_.random = &random_;
    options_.lock_wait_max = absl::Milliseconds(500);
    database_ = Open();
  }
  ~PostgresDatabaseTest() override {
    database_ = nullptr;
    server_.DropDatabase(name_);
  }

  // Another program, when the first one is open.
  std::unique_ptr<Database> Open() {
    auto opened = OpenPostgres(options_);
    EXPECT_THAT(opened, IsOk());
    POLKU_CHECK(opened.ok());
    return *std::move(opened);
  }
  absl::Status Put(const std::string& key) {
    ASSIGN_OR_RETURN(auto transaction, database_->Begin());
    RETURN_IF_ERROR(transaction->AppendJournal({EventOf(key, 1)}));
    RETURN_IF_ERROR(transaction->Save({WriteOf(key, 0, "content")}));
    return transaction->Commit();
  }
  int64_t VersionOf(const std::string& key) { return (*(*database_->Read())->Load({key}))[0].version; }
  // Ends all connections to the database, and waits until they have ended.
  void CutOff() {
    server_.Run(
        absl::StrCat("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '", name_, "'"));
  }
  // Changes a row behind the back of the store.
  void Change(const std::string& sql) { server_.Tool("psql", absl::StrCat("-q -d ", name_, " -c \"", sql, "\"")); }

  ServerForTests& server_ = ServerForTests::Get();
  SystemRandom random_;
  testing::TemporaryFolder folder_;
  std::string name_;
  PostgresOptions options_;
  std::unique_ptr<Database> database_;
};

TEST_F(PostgresDatabaseTest, ALostConnectionIsUnavailableAndTheNextTransactionWorks) {
  auto transaction = database_->Begin();
  ASSERT_THAT(transaction, IsOk());
  ASSERT_THAT((*transaction)->Save({WriteOf("clients/A", 0, "lost")}), IsOk());
  auto reader = database_->Read();
  ASSERT_THAT(reader, IsOk());
  CutOff();
  EXPECT_THAT((*transaction)->Load({"clients/A"}), StatusIs(Code::kUnavailable));
  EXPECT_THAT((*transaction)->Save({WriteOf("clients/A", 1, "lost")}), StatusIs(Code::kUnavailable));
  EXPECT_THAT((*reader)->Load({"clients/A"}), StatusIs(Code::kUnavailable));
  transaction->reset();
  reader->reset();
  EXPECT_EQ(VersionOf("clients/A"), 0);
  EXPECT_THAT(Put("clients/A"), IsOk());
  EXPECT_EQ(VersionOf("clients/A"), 1);
}

TEST_F(PostgresDatabaseTest, AConnectionThatBrokeWhileIdleIsReplaced) {
  ASSERT_THAT(Put("clients/A"), IsOk());
  CutOff();
  EXPECT_THAT(Put("clients/B"), IsOk());
  EXPECT_EQ(VersionOf("clients/B"), 1);
  server_.Crash();
  EXPECT_EQ(VersionOf("clients/A"), 1);
  EXPECT_THAT(Put("clients/C"), IsOk());
}

// What was sent before is asked for before COMMIT is, so that most losses are no riddle.
TEST_F(PostgresDatabaseTest, AConnectionLostBeforeTheCommitIsAKnownOutcome) {
  auto transaction = database_->Begin();
  ASSERT_THAT(transaction, IsOk());
  ASSERT_THAT((*transaction)->AppendAudit({AuditRow{}}), IsOk());
  CutOff();
  EXPECT_THAT((*transaction)->Commit(), StatusIs(Code::kUnavailable, Not(HasSubstr("unknown"))));
  EXPECT_THAT((*database_->Read())->ReadAudit("", 10), IsOkAndHolds(SizeIs(0)));
}

TEST_F(PostgresDatabaseTest, OfTwoProgramsThatWaitForEachOtherOneIsAborted) {
  options_.lock_wait_max = absl::Seconds(30);
  database_ = Open();
  const std::unique_ptr<Database> other = Open();
  ASSERT_THAT(Put("clients/A"), IsOk());
  ASSERT_THAT(Put("clients/B"), IsOk());
  auto first = database_->Begin();
  auto second = other->Begin();
  ASSERT_THAT(first, IsOk());
  ASSERT_THAT(second, IsOk());
  ASSERT_THAT((*first)->Load({"clients/A"}), IsOk());
  ASSERT_THAT((*second)->Load({"clients/B"}), IsOk());
  absl::Status first_status;
  std::thread thread([&] {
    first_status = (*first)->Load({"clients/B"}).status();
    first->reset();
  });
  const absl::Status second_status = (*second)->Load({"clients/A"}).status();
  second->reset();
  thread.join();
  EXPECT_NE(first_status.ok(), second_status.ok()) << first_status << second_status;
  EXPECT_THAT(first_status.ok() ? second_status : first_status, StatusIs(Code::kAborted));
}

TEST_F(PostgresDatabaseTest, ProgramsThatOpenANewDatabaseAtOnceAllOpenIt) {
  constexpr int kRounds = 5;
  for (int round = 0; round < kRounds; ++round) {
    const std::string name = absl::StrCat(name_, "_", round);
    server_.CreateDatabase(name);
    options_.target = server_.Target(name);
    options_.key_path = absl::StrCat(folder_.path(), "/", name, ".keys");
    std::array<absl::StatusOr<std::unique_ptr<Database>>, 4> opened;
    std::vector<std::thread> programs;
    for (auto& each : opened) programs.emplace_back([&] { each = OpenPostgres(options_); });
    for (std::thread& program : programs) program.join();
    for (auto& each : opened) EXPECT_THAT(each, IsOk());
    for (auto& each : opened) each = absl::UnknownError("closed");
    server_.DropDatabase(name);
  }
}

// Otherwise a reader that has seen the second program's rows would never look for the first one's.
TEST_F(PostgresDatabaseTest, ASecondProgramAppendsToTheJournalWhenTheFirstHasCommitted) {
  const std::unique_ptr<Database> other = Open();
  auto first = database_->Begin();
  ASSERT_THAT(first, IsOk());
  ASSERT_THAT((*first)->AppendJournal({EventOf("clients/A", 1)}), IsOk());
  {
    auto second = other->Begin();
    ASSERT_THAT(second, IsOk());
    EXPECT_THAT((*second)->AppendJournal({EventOf("clients/B", 1)}), StatusIs(Code::kAborted));
  }
  ASSERT_THAT((*first)->Commit(), IsOk());
  auto second = other->Begin();
  ASSERT_THAT(second, IsOk());
  ASSERT_THAT((*second)->AppendJournal({EventOf("clients/B", 1)}), IsOk());
  ASSERT_THAT((*second)->Commit(), IsOk());
  const auto rows = (*database_->Read())->ScanJournal(0, 10);
  ASSERT_THAT(rows, IsOkAndHolds(SizeIs(2)));
  EXPECT_EQ((*rows)[0].key, "clients/A");
}

TEST_F(PostgresDatabaseTest, ASaveThatAnotherProgramOvertookIsAborted) {
  const std::unique_ptr<Database> other = Open();
  ASSERT_THAT(Put("clients/A"), IsOk());
  auto overtaken = database_->Begin();
  ASSERT_THAT(overtaken, IsOk());
  {
    auto transaction = other->Begin();
    ASSERT_THAT(transaction, IsOk());
    ASSERT_THAT((*transaction)->Save({WriteOf("clients/A", 1, "two"), WriteOf("clients/B", 0, "new")}), IsOk());
    ASSERT_THAT((*transaction)->Commit(), IsOk());
  }
  EXPECT_THAT((*overtaken)->Save({WriteOf("clients/A", 1, "x")}), StatusIs(Code::kAborted, HasSubstr("clients/A")));
  overtaken->reset();
  EXPECT_EQ(VersionOf("clients/A"), 2);
  EXPECT_EQ(VersionOf("clients/B"), 1);
}

TEST_F(PostgresDatabaseTest, AQueryInATransactionMayNotWriteAndLeavesItWriting) {
  const TableShape item{"item", {"id"}, {"number", "bytes"}};
  auto transaction = database_->Begin();
  ASSERT_THAT(transaction, IsOk());
  for (int64_t number : {7, 8}) {
    ASSERT_THAT((*transaction)->Upsert(item, {{absl::StrCat("i", number), number, Blob{"x"}}}), IsOk());
    EXPECT_THAT((*transaction)->Query("SELECT SUM(number), COUNT(*) FROM item WHERE id >= $1", {std::string("i")}),
                IsOkAndHolds(SizeIs(1)));
  }
  EXPECT_THAT((*transaction)->Query("SELECT SUM(number) FROM item", {}),
              IsOkAndHolds(::testing::ElementsAre(Row{int64_t{15}})));
  EXPECT_THAT((*transaction)->Query("DELETE FROM item", {}), StatusIs(Code::kInvalidArgument));
  EXPECT_THAT((*transaction)->Commit(), Not(IsOk()));
  EXPECT_THAT((*database_->Read())->Query("SELECT id FROM item", {}), IsOkAndHolds(SizeIs(0)));
  EXPECT_THAT((*database_->Read())->Query("SELECT 1.5", {}), StatusIs(Code::kInvalidArgument));
  EXPECT_THAT((*database_->Read())->Query("SELECT SUM(n) FROM (VALUES (-9223372036854775807), (-1)) v(n)", {}),
              IsOkAndHolds(::testing::ElementsAre(Row{std::numeric_limits<int64_t>::min()})));
}

TEST_F(PostgresDatabaseTest, RefusesADamagedRowNamingDatabaseTableAndKey) {
  for (const std::string key : {"clients/A", "coordinators/A"}) ASSERT_THAT(Put(key), IsOk());
  for (const std::string table : {"aggregate", "journal"}) {
    Change(absl::StrCat("UPDATE ", table, " SET content = set_byte(content, 12, (get_byte(content, 12) + 1) % 256)"));
  }
  for (const std::string key : {"clients/A", "coordinators/A"}) {
    auto reader = *database_->Read();
    EXPECT_THAT(reader->Load({key}).status(),
                StatusIs(Code::kDataLoss, AllOf(HasSubstr(name_), HasSubstr("aggregate"), HasSubstr(key))));
    EXPECT_THAT(reader->ReadJournal(key, 0, 9).status(),
                StatusIs(Code::kDataLoss, AllOf(HasSubstr(name_), HasSubstr("journal"), HasSubstr(key))));
  }
}

TEST_F(PostgresDatabaseTest, RefusesADatabaseThatOrdersTextsOtherwise) {
  database_ = nullptr;
  server_.DropDatabase(name_);
  server_.Run(absl::StrCat("CREATE DATABASE ", name_, " TEMPLATE template0 ENCODING 'LATIN1'"));
  EXPECT_THAT(OpenPostgres(options_), StatusIs(Code::kFailedPrecondition, HasSubstr("UTF8")));
}

TEST_F(PostgresDatabaseTest, IsUnavailableWithoutAServer) {
  options_.target = absl::StrCat("host=", folder_.path(), " dbname=nothing");
  EXPECT_THAT(OpenPostgres(options_), StatusIs(Code::kUnavailable));
}

// Several programs of a service with the database open: who does what, and what they must not do to each other.
class SharedDatabaseTest : public PostgresDatabaseTest {
 protected:
  SharedDatabaseTest() : other_(Open()) {}

  static absl::StatusOr<bool> Take(Database& database, const std::string& holder, absl::Duration lasts) {
    ASSIGN_OR_RETURN(auto transaction, database.Begin());
    ASSIGN_OR_RETURN(const bool taken, transaction->TakeLease(holder, lasts));
    RETURN_IF_ERROR(transaction->Commit());
    return taken;
  }
  static absl::Status Save(Database& database, const RequestRow& request) {
    ASSIGN_OR_RETURN(auto transaction, database.Begin());
    RETURN_IF_ERROR(transaction->SaveRequests({request}));
    return transaction->Commit();
  }

  const std::unique_ptr<Database> other_;
};

TEST_F(SharedDatabaseTest, OneProgramHasTheLeaseUntilItEndsOrIsGivenBack) {
  EXPECT_THAT(Take(*database_, "a", absl::Minutes(5)), IsOkAndHolds(true));
  EXPECT_THAT(Take(*other_, "b", absl::Minutes(5)), IsOkAndHolds(false));
  EXPECT_THAT(Take(*database_, "a", absl::ZeroDuration()), IsOkAndHolds(true));
  EXPECT_THAT(Take(*other_, "b", absl::Minutes(5)), IsOkAndHolds(true));
  EXPECT_THAT(Take(*database_, "a", absl::Minutes(5)), IsOkAndHolds(false));
  {
    auto transaction = *other_->Begin();
    ASSERT_THAT(transaction->ReleaseLease("b"), IsOk());
    ASSERT_THAT(transaction->Commit(), IsOk());
  }
  EXPECT_THAT(Take(*database_, "a", absl::Minutes(5)), IsOkAndHolds(true));
}

// A program that was killed and starts again need not wait for the end of its own lease, and what was there before it,
// should it still run, does not get it back.
TEST_F(SharedDatabaseTest, WhatStartsUnderTheNameOfAProgramTakesItsLeaseOver) {
  const auto start = [this](const std::string& program) {
    PostgresOptions options = options_;
    options.program = program;
    return *OpenPostgres(options);
  };
  const auto first = start("a-1/1");
  EXPECT_THAT(Take(*first, "x", absl::Minutes(5)), IsOkAndHolds(true));
  for (const char* other : {"a-2/2", "a-10/2", "a/2", "/2", ""}) {
    EXPECT_THAT(Take(*start(other), "y", absl::Minutes(5)), IsOkAndHolds(false)) << other;
  }
  const auto again = start("a-1/2");
  EXPECT_THAT(Take(*again, "y", absl::Minutes(5)), IsOkAndHolds(true));
  EXPECT_THAT(Take(*first, "x", absl::Minutes(5)), IsOkAndHolds(false));
  auto late = *first->Begin();
  EXPECT_THAT(late->HoldLease("x"), StatusIs(Code::kAborted));
}

TEST_F(SharedDatabaseTest, WhoLostTheLeaseIsAborted) {
  ASSERT_THAT(Take(*database_, "a", absl::ZeroDuration()), IsOkAndHolds(true));
  {
    auto still = *database_->Begin();
    EXPECT_THAT(still->HoldLease("a"), IsOk()) << "nobody has taken it";
  }
  ASSERT_THAT(Take(*other_, "b", absl::Minutes(5)), IsOkAndHolds(true));
  auto late = *database_->Begin();
  EXPECT_THAT(late->HoldLease("a"), StatusIs(Code::kAborted));
}

TEST_F(SharedDatabaseTest, ALeaseThatATransactionHoldsCannotBeTakenNorMakesOthersWait) {
  ASSERT_THAT(Take(*database_, "a", absl::ZeroDuration()), IsOkAndHolds(true));
  auto holding = *database_->Begin();
  ASSERT_THAT(holding->HoldLease("a"), IsOk());
  EXPECT_THAT(Take(*other_, "b", absl::Minutes(5)), IsOkAndHolds(false));
  ASSERT_THAT(holding->Commit(), IsOk());
  EXPECT_THAT(Take(*other_, "b", absl::Minutes(5)), IsOkAndHolds(true));
}

TEST_F(SharedDatabaseTest, CoverageOnlyGrowsAndMakesThePosition) {
  const auto at = [](int64_t seconds) { return absl::FromUnixSeconds(seconds); };
  const auto save = [](Database& database, absl::Time until) {
    auto transaction = *database.Begin();
    EXPECT_THAT(transaction->SaveCoverage({{"topic", 3, until}}), IsOk());
    EXPECT_THAT(transaction->Commit(), IsOk());
  };
  save(*database_, at(20));
  save(*other_, at(10));
  auto rows = (*database_->Read())->ReadPositions();
  ASSERT_THAT(rows, IsOkAndHolds(SizeIs(1)));
  EXPECT_EQ((*rows)[0].covered_until, at(20));
  EXPECT_EQ((*rows)[0].next_offset, 0);
  auto transaction = *database_->Begin();
  ASSERT_THAT(transaction->ClaimPosition({"topic", 3, 0, 7, 0}), IsOk());
  ASSERT_THAT(transaction->ClaimPosition({"topic", 4, 0, 7, 0}), IsOk());
  ASSERT_THAT(transaction->Commit(), IsOk());
  rows = (*database_->Read())->ReadPositions();
  ASSERT_THAT(rows, IsOkAndHolds(SizeIs(2)));
  EXPECT_EQ((*rows)[0].covered_until, at(20));
  EXPECT_EQ((*rows)[1].covered_until, absl::InfinitePast());
}

TEST_F(SharedDatabaseTest, ARequestIsSavedByOneProgramOnly) {
  const RequestRow request{{"scope", "id"}, "clients/A", "hashes", "type", "reply", absl::FromUnixSeconds(1)};
  ASSERT_THAT(Save(*database_, request), IsOk());
  EXPECT_THAT(Save(*other_, request), StatusIs(Code::kAborted));
}

TEST_F(SharedDatabaseTest, APeersVersionNeverGoesBack) {
  const SourceVersionKey id{"referral", "clients/A"};
  for (int64_t version : {7, 5}) {
    auto transaction = *(version == 7 ? *database_ : *other_).Begin();
    ASSERT_THAT(transaction->SaveSourceVersions({{id, version, 1}}), IsOk());
    ASSERT_THAT(transaction->Commit(), IsOk());
  }
  const auto found = (*database_->Read())->FindSourceVersions({id});
  ASSERT_THAT(found, IsOkAndHolds(SizeIs(1)));
  EXPECT_EQ((*found)[0].last, 7);
}

TEST_F(SharedDatabaseTest, AKeyThatAnotherProgramDestroyedDoesNotOpenHere) {
  ASSERT_THAT(Put("clients/A"), IsOk());
  ASSERT_THAT((*other_->Read())->Load({"clients/A"}), IsOk());
  ASSERT_THAT(database_->DestroyKeys({"clients/A"}), IsOk());
  const auto loaded = (*other_->Read())->Load({"clients/A"});
  ASSERT_THAT(loaded, IsOk());
  EXPECT_TRUE((*loaded)[0].erased);
  EXPECT_EQ((*loaded)[0].state, "");
}

// A stopped process keeps its connections, and with them what its transaction has locked.
TEST_F(SharedDatabaseTest, AProgramThatStandsStillInATransactionIsCutOff) {
  options_.standstill_max = absl::Milliseconds(100);
  options_.lock_wait_max = absl::Seconds(30);
  const std::unique_ptr<Database> still = Open();
  auto standing = *still->Begin();
  ASSERT_THAT(Put("clients/A"), IsOk());
  ASSERT_THAT(standing->Load({"clients/A"}), IsOk());
  const std::unique_ptr<Database> waits = Open();
  auto transaction = *waits->Begin();
  EXPECT_THAT(transaction->Save({WriteOf("clients/A", 1, "two")}), IsOk());
  EXPECT_THAT(transaction->Commit(), IsOk());
  EXPECT_THAT(standing->Commit(), StatusIs(Code::kUnavailable));
}

}  // namespace
}  // namespace polku::store
