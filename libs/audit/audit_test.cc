// F32: whatever is done to audit rows behind the service's back is found, and the first bad row is named.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libpq-fe.h>
#include <sqlite3.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/audit/seal.h"
#include "libs/audit/testing/kept.h"
#include "libs/audit/verify.h"
#include "libs/base/status_matchers.h"

namespace polku::audit {
namespace {

using Kind = Problem::Kind;

constexpr int kSealsMax = 100;
constexpr char kRowByHand[] =
    "INSERT INTO audit(time, organisation, \"user\", role, purpose, action, resource, outcome, request_id, "
    "traceparent) "
    "VALUES(1, 'organisations/o', 'u9', 'lead', '', 'GetJourney', 'clients/c9', 'view', '', '')";

class AuditChain : public ::testing::TestWithParam<Dialect> {
 protected:
  void SetUp() override {
    if (!Kept::IsInstalled(GetParam())) GTEST_SKIP() << "NOT RUN: PostgreSQL is not installed";
    kept_ = std::make_unique<Kept>(GetParam());
    // Three seals of two rows.
    for (int seal = 0; seal < 3; ++seal) {
      kept_->Append(2);
      kept_->Seal();
    }
  }

  // What is found, a seal at a time, as a caller asks for it.
  std::optional<Problem> Found() {
    int64_t after = 0;
    while (true) {
      const auto reader = kept_->database().Read();
      EXPECT_THAT(reader, IsOk());
      const absl::StatusOr<Verified> verified = Verify(**reader, kept_->Trusted(), after, 1);
      EXPECT_THAT(verified, IsOk());
      if (!verified.ok() || verified->problem.has_value() || !verified->more) return verified->problem;
      after = verified->seals.back().number;
    }
  }
  void ExpectFound(Kind kind, int64_t row, int64_t seal) {
    const std::optional<Problem> found = Found();
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->kind, kind);
    EXPECT_EQ(found->row, row);
    EXPECT_EQ(found->seal, seal);
    // And the same when it looks at all of them at once.
    const auto reader = kept_->database().Read();
    ASSERT_THAT(reader, IsOk());
    const absl::StatusOr<Verified> at_once = Verify(**reader, kept_->Trusted(), 0, kSealsMax);
    ASSERT_THAT(at_once, IsOk());
    ASSERT_TRUE(at_once->problem.has_value());
    EXPECT_EQ(at_once->problem->row, row);
  }

  std::unique_ptr<Kept> kept_;
};

TEST_P(AuditChain, OfRowsThatNobodyTouchedIsWhole) {
  EXPECT_EQ(Found(), std::nullopt);
  kept_->Append(1);  // Not sealed yet.
  EXPECT_EQ(Found(), std::nullopt);
  const auto reader = kept_->database().Read();
  EXPECT_EQ(CountUnsealed(**reader)->rows, 1);
  EXPECT_EQ(NewestSeal(**reader)->rows, 6);
}

TEST_P(AuditChain, NamesTheRowThatWasChanged) {
  for (const char* column :
       {"organisation", "\"user\"", "role", "purpose", "action", "resource", "outcome", "request_id", "traceparent"}) {
    kept_->Run(absl::StrCat("UPDATE audit SET ", column, " = ", column, " || 'x' WHERE id = 4"));
    ExpectFound(Kind::kChanged, 4, 2);
    kept_->Run(
        absl::StrCat("UPDATE audit SET ", column, " = substr(", column, ", 1, length(", column, ") - 1) WHERE id = 4"));
    EXPECT_EQ(Found(), std::nullopt);
  }
  kept_->Run("UPDATE audit SET time = time + 1 WHERE id = 4");
  ExpectFound(Kind::kChanged, 4, 2);
}

TEST_P(AuditChain, NamesTheFirstOfSeveralBadRows) {
  kept_->Run("UPDATE audit SET outcome = 'denied' WHERE id >= 3");
  kept_->Run("DELETE FROM audit WHERE id = 6");
  ExpectFound(Kind::kChanged, 3, 2);
}

TEST_P(AuditChain, NamesTheRowThatWasDeleted) {
  kept_->Run("DELETE FROM audit WHERE id = 3");
  ExpectFound(Kind::kDeleted, 3, 2);
}

TEST_P(AuditChain, NamesTheRowThatWasInserted) {
  kept_->Run(kRowByHand);
  ExpectFound(Kind::kInserted, 7, 3);
  kept_->Append(1);
  kept_->Seal();
  ExpectFound(Kind::kInserted, 7, 4);
}

TEST_P(AuditChain, NamesTheFirstOfTwoRowsThatWereSwapped) {
  kept_->Run("UPDATE audit SET resource = CASE id WHEN 2 THEN 'clients/c5' ELSE 'clients/c2' END WHERE id IN (2, 5)");
  ExpectFound(Kind::kChanged, 2, 1);
}

TEST_P(AuditChain, NamesTheSealThatIsMissingOrSaysSomethingElse) {
  kept_->Run("UPDATE audit_seal SET row_count = row_count + 1 WHERE number = 2");
  ExpectFound(Kind::kSeal, 0, 2);
  kept_->Run("UPDATE audit_seal SET row_count = row_count - 1 WHERE number = 2");
  EXPECT_EQ(Found(), std::nullopt);
  kept_->Run("DELETE FROM audit_seal WHERE number = 2");
  ExpectFound(Kind::kSeal, 0, 2);
}

TEST_P(AuditChain, MissesRowsWhoseSealsWereTakenAway) {
  kept_->Run("DELETE FROM audit_seal WHERE number = 3");
  ExpectFound(Kind::kInserted, 5, 2);
}

// Who has the database and not the key file can make neither links nor a chain of their own.
TEST_P(AuditChain, WithoutItsKeyFitsNoRow) {
  const std::string key(32, 'k');
  const auto reader = kept_->database().Read();
  const absl::StatusOr<Verified> verified = Verify(**reader, {key, "referral", {}}, 0, kSealsMax);
  ASSERT_THAT(verified, IsOk());
  ASSERT_TRUE(verified->problem.has_value());
  EXPECT_EQ(verified->problem->row, 1);
}

// A commit does not wait for the chain, and whoever lost the lease does not make it.
TEST_P(AuditChain, IsNotMadeByWhoeverMayNot) {
  kept_->Append(1);
  const auto refuse = [](store::Transaction&) { return absl::AbortedError("somebody else has it"); };
  EXPECT_THAT(SealRows(kept_->database(), kSealsMax, refuse), StatusIs(absl::StatusCode::kAborted));
  const auto reader = kept_->database().Read();
  EXPECT_EQ(NewestSeal(**reader)->number, 3);
}

TEST_P(AuditChain, TakesRowsInBoundedNumbersAndLeavesNoneBehind) {
  kept_->Append(5);
  EXPECT_THAT(kept_->SealAtMost(3), IsOkAndHolds(3));
  EXPECT_THAT(kept_->SealAtMost(3), IsOkAndHolds(2));
  EXPECT_THAT(kept_->SealAtMost(3), IsOkAndHolds(0));
  EXPECT_EQ(Found(), std::nullopt);
}

// Rows from before there was a chain are the first ones in it.
TEST_P(AuditChain, BeginsWithTheRowsOfAnOlderDatabase) {
  kept_->Run("DROP TABLE audit_seal");
  kept_->Run("DROP TABLE audit_unsealed");
  kept_->Run("DROP TABLE audit_cut");
  kept_->Run("ALTER TABLE position DROP COLUMN last_time");
  kept_->Run(absl::StrCat("UPDATE meta SET ", GetParam() == Dialect::kSqlite ? "value" : "number",
                          " = 2 WHERE name = 'core_schema'"));
  kept_->Close();
  kept_->Open();
  EXPECT_THAT(kept_->SealAtMost(100), IsOkAndHolds(6));
  EXPECT_EQ(Found(), std::nullopt);
  kept_->Close();
  kept_->Open();
  EXPECT_EQ(Found(), std::nullopt);
}

INSTANTIATE_TEST_SUITE_P(On, AuditChain, ::testing::Values(Dialect::kSqlite, Dialect::kPostgres),
                         [](const auto& each) { return each.param == Dialect::kSqlite ? "Sqlite" : "Postgres"; });

// Two programs commit in another order than their rows got their numbers.
TEST(AuditChainOnPostgres, HasRowsThatCommitLateAsTheyCome) {
  if (!Kept::IsInstalled(Dialect::kPostgres)) GTEST_SKIP() << "NOT RUN: PostgreSQL is not installed";
  Kept kept(Dialect::kPostgres);
  const auto late = kept.Session();
  kept.RunOn(*late, "BEGIN");
  kept.RunOn(*late, absl::StrCat("WITH added AS (", kRowByHand,
                                 " RETURNING id) INSERT INTO audit_unsealed SELECT id FROM added"));
  kept.Append(2);
  kept.Seal();
  kept.RunOn(*late, "COMMIT");
  kept.Append(1);
  kept.Seal();
  const auto reader = kept.database().Read();
  const absl::StatusOr<Verified> verified = Verify(**reader, kept.Trusted(), 0, 1);
  ASSERT_THAT(verified, IsOk());
  EXPECT_EQ(verified->problem, std::nullopt);
  const absl::StatusOr<Verified> rest = Verify(**reader, kept.Trusted(), 1, kSealsMax);
  ASSERT_THAT(rest, IsOk());
  EXPECT_EQ(rest->problem, std::nullopt);
  EXPECT_EQ(rest->seals.back().rows, 4);
}

}  // namespace
}  // namespace polku::audit
