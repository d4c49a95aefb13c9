// Rows that have been kept long enough are cut off the beginning of the chain; what is left still verifies, and F32 is
// found as before, with what may be done to the cut itself.
#include "libs/audit/cut.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sodium.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/audit/checkpoint.h"
#include "libs/audit/testing/kept.h"
#include "libs/audit/verify.h"
#include "libs/base/sodium.h"
#include "libs/base/status_matchers.h"
#include "libs/base/violation.h"

namespace polku::audit {
namespace {

using ::testing::SizeIs;
using Kind = Problem::Kind;

constexpr char kService[] = "referral";
constexpr int kSealsMax = 100;
const store::TableShape kCutTable{
    "audit_cut", {"number"}, {"seal", "row_count", "last_id", "link", "before_time", "time", "signature"}};

// Row N of Kept is of this instant.
absl::Time TimeOfRow(int row) { return absl::FromUnixSeconds(1'700'000'000 + row); }
const absl::Time kLongAfter = TimeOfRow(1'000'000);

SigningKeys KeysOfSomebodyElse() {
  InitSodium();
  std::string public_key(crypto_sign_PUBLICKEYBYTES, '\0');
  std::string secret_key(crypto_sign_SECRETKEYBYTES, '\0');
  crypto_sign_keypair(reinterpret_cast<unsigned char*>(public_key.data()),
                      reinterpret_cast<unsigned char*>(secret_key.data()));
  return SigningKeys(std::move(secret_key), {std::move(public_key)});
}

class AuditCut : public ::testing::TestWithParam<Dialect> {
 protected:
  void SetUp() override {
    if (!Kept::IsInstalled(GetParam())) GTEST_SKIP() << "NOT RUN: PostgreSQL is not installed";
    kept_ = std::make_unique<Kept>(GetParam());
    auto writer =
        CheckpointWriter::Open({kept_->File("secret"), kept_->File("public"), kept_->File("checkpoints")}, kService);
    ASSERT_THAT(writer, IsOk());
    writer_ = *std::move(writer);
    // Four seals of two rows, each told by a checkpoint.
    for (int seal = 0; seal < 4; ++seal) {
      kept_->Append(2);
      Seal();
    }
  }

  void Seal() {
    kept_->Seal();
    ASSERT_THAT(writer_->Write(kept_->database(), kLongAfter), IsOk());
  }
  absl::StatusOr<CutDone> CutOff(absl::Time before, int64_t rows_max = 1000) {
    return CutOn(kept_->database(), before, rows_max);
  }
  absl::StatusOr<CutDone> CutOn(store::Database& database, absl::Time before, int64_t rows_max) {
    CutOrder order;
    order.service = kService;
    order.before = before;
    order.rows_max = rows_max;
    order.by.time = kLongAfter;
    order.by.organisation = "organisations/region";
    order.by.user = "keeper";
    order.by.role = "auditor";
    order.by.action = "CutAudit";
    order.by.outcome = "change";
    return CutRows(database, writer_->keys(), std::move(order));
  }
  // Rows 1 to 4, the first two seals.
  void CutTwoSeals() {
    const absl::StatusOr<CutDone> done = CutOff(TimeOfRow(5));
    ASSERT_THAT(done, IsOk());
    ASSERT_EQ(done->rows, 4);
    Seal();  // The cut's own row, 9.
    EXPECT_EQ(Found(), std::nullopt);
  }
  Verified AtOnce() {
    const auto reader = kept_->database().Read();
    EXPECT_THAT(reader, IsOk());
    auto verified = Verify(**reader, kept_->Trusted(writer_->keys().public_keys()), 0, kSealsMax);
    EXPECT_THAT(verified, IsOk());
    return *std::move(verified);
  }
  // A seal at a time, as a caller asks for it.
  std::optional<Problem> Found() {
    int64_t after = 0;
    while (true) {
      const auto reader = kept_->database().Read();
      EXPECT_THAT(reader, IsOk());
      const auto verified = Verify(**reader, kept_->Trusted(writer_->keys().public_keys()), after, 1);
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
    const std::optional<Problem> at_once = AtOnce().problem;
    ASSERT_TRUE(at_once.has_value());
    EXPECT_EQ(at_once->kind, kind);
    EXPECT_EQ(at_once->row, row);
  }
  std::optional<Contradiction> Compared() {
    std::ifstream file(kept_->File("checkpoints"));
    const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    const Verified verified = AtOnce();
    return Compare(text, writer_->keys().public_keys(), kService, verified.cut, verified.seals);
  }
  void Put(const Cut& cut) {
    auto transaction = kept_->database().Begin();
    ASSERT_THAT(transaction, IsOk());
    const store::Row row = {int64_t{1},
                            cut.seal,
                            cut.rows,
                            cut.last_row,
                            store::Blob{cut.link},
                            absl::ToUnixMicros(cut.before),
                            absl::ToUnixMicros(cut.time),
                            store::Blob{cut.signature}};
    ASSERT_THAT((*transaction)->Upsert(kCutTable, {row}), IsOk());
    ASSERT_THAT((*transaction)->Commit(), IsOk());
  }
  // Under a number that was cut.
  void InsertRow(int64_t id) {
    kept_->Run(absl::StrCat(
        "INSERT INTO audit(id, time, organisation, \"user\", role, purpose, action, resource, outcome, request_id, "
        "traceparent)",
        GetParam() == Dialect::kPostgres ? " OVERRIDING SYSTEM VALUE" : "", " VALUES(", id,
        ", 1, 'organisations/o', 'u9', 'lead', '', 'GetJourney', 'clients/c9', 'view', '', '')"));
  }
  std::vector<store::AuditRow> Rows() {
    const auto reader = kept_->database().Read();
    EXPECT_THAT(reader, IsOk());
    auto rows = (*reader)->ReadAudit("", kSealsMax);
    EXPECT_THAT(rows, IsOk());
    return *std::move(rows);
  }

  std::unique_ptr<Kept> kept_;
  std::unique_ptr<CheckpointWriter> writer_;
};

TEST_P(AuditCut, TakesWhatIsOldEnoughAndTheRestVerifies) {
  const absl::StatusOr<CutDone> done = CutOff(TimeOfRow(5));
  ASSERT_THAT(done, IsOk());
  EXPECT_EQ(done->rows, 4);
  EXPECT_FALSE(done->more);
  Seal();
  EXPECT_EQ(Found(), std::nullopt);
  const Verified verified = AtOnce();
  EXPECT_EQ(verified.cut.seal, 2);
  EXPECT_EQ(verified.cut.rows, 4);
  EXPECT_EQ(verified.cut.before, TimeOfRow(5));
  EXPECT_EQ(verified.seals.front().number, 3);
  EXPECT_EQ(verified.seals.back().rows, 9);
  // Checkpoints from before the cut are no contradiction, and those from after it hold.
  EXPECT_EQ(Compared(), std::nullopt);
  // Rows 5 to 8, and who has cut.
  const std::vector<store::AuditRow> rows = Rows();
  ASSERT_THAT(rows, SizeIs(5));
  EXPECT_EQ(rows.back().user, "u5");
  EXPECT_EQ(rows.front().user, "keeper");
  EXPECT_EQ(rows.front().action, "CutAudit");
  EXPECT_EQ(rows.front().resource, "services/referral/audit-cuts/2");
}

TEST_P(AuditCut, LeavesASealWithOneRowThatIsTooYoung) {
  EXPECT_EQ(CutOff(TimeOfRow(4))->rows, 2);
  EXPECT_EQ(CutOff(TimeOfRow(4))->rows, 0);
  EXPECT_THAT(Rows(), SizeIs(7));
}

TEST_P(AuditCut, NeverTakesTheNewestSealAndTheChainGoesOn) {
  EXPECT_EQ(CutOff(absl::FromUnixSeconds(4'000'000'000))->rows, 6);
  kept_->Append(2);
  Seal();
  EXPECT_EQ(Found(), std::nullopt);
  EXPECT_EQ(AtOnce().seals.front().number, 4);
  EXPECT_EQ(Compared(), std::nullopt);
  // And again, behind the first cut.
  EXPECT_EQ(CutOff(TimeOfRow(9))->rows, 2);
  EXPECT_EQ(AtOnce().cut.seal, 4);
  EXPECT_EQ(Found(), std::nullopt);
  EXPECT_EQ(Compared(), std::nullopt);
}

TEST_P(AuditCut, TakesBoundedNumbers) {
  const absl::StatusOr<CutDone> first = CutOff(TimeOfRow(7), 3);
  EXPECT_EQ(first->rows, 2);
  EXPECT_TRUE(first->more);
  EXPECT_EQ(CutOff(TimeOfRow(7), 1)->rows, 2);  // A seal is cut whole.
  const absl::StatusOr<CutDone> last = CutOff(TimeOfRow(7), 3);
  EXPECT_EQ(last->rows, 2);
  EXPECT_FALSE(last->more);
  Seal();
  EXPECT_EQ(Found(), std::nullopt);
}

TEST_P(AuditCut, OfAChainThatIsNotWholeIsRefusedAndTakesNothing) {
  kept_->Run("UPDATE audit SET resource = 'clients/c9' WHERE id = 2");
  const absl::StatusOr<CutDone> done = CutOff(TimeOfRow(5));
  EXPECT_THAT(done, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(ReasonOf(done.status()), "AUDIT_NOT_WHOLE");
  EXPECT_THAT(Rows(), SizeIs(8));
  ExpectFound(Kind::kChanged, 2, 1);
}

TEST_P(AuditCut, LeavesEveryTamperingBehindItToBeFound) {
  CutTwoSeals();
  kept_->Run("UPDATE audit SET outcome = 'denied' WHERE id = 6");
  ExpectFound(Kind::kChanged, 6, 3);
  kept_->Run("UPDATE audit SET outcome = 'view' WHERE id = 6");
  EXPECT_EQ(Found(), std::nullopt);
  // Swapped.
  kept_->Run("UPDATE audit SET resource = CASE id WHEN 5 THEN 'clients/c8' ELSE 'clients/c5' END WHERE id IN (5, 8)");
  ExpectFound(Kind::kChanged, 5, 3);
  kept_->Run("UPDATE audit SET resource = CASE id WHEN 5 THEN 'clients/c5' ELSE 'clients/c8' END WHERE id IN (5, 8)");
  EXPECT_EQ(Found(), std::nullopt);
  // What was cut does not come back as something else.
  InsertRow(3);
  ExpectFound(Kind::kInserted, 3, 3);
  kept_->Run("DELETE FROM audit WHERE id = 3");
  EXPECT_EQ(Found(), std::nullopt);
  kept_->Run("DELETE FROM audit WHERE id = 5");
  ExpectFound(Kind::kDeleted, 5, 3);
}

// Whoever cuts more than was signed for is named by the first seal that is missing.
TEST_P(AuditCut, ThatGoesFurtherThanItsSignatureIsFound) {
  CutTwoSeals();
  kept_->Run("DELETE FROM audit WHERE id IN (5, 6)");
  kept_->Run("DELETE FROM audit_seal WHERE number = 3");
  ExpectFound(Kind::kSeal, 0, 3);
}

TEST_P(AuditCut, ThatIsNotSignedByTheServiceIsTheFirstBadRow) {
  CutTwoSeals();
  const Cut good = AtOnce().cut;
  kept_->Run("UPDATE audit_cut SET row_count = row_count - 1 WHERE number = 1");
  ExpectFound(Kind::kCut, 0, 2);
  EXPECT_EQ(Compared()->kind, Contradiction::Kind::kForgedCut);
  // Somebody with a key of their own; and for another service.
  const SigningKeys other = KeysOfSomebodyElse();
  for (const Cut& forged : {Signed(good, kService, other), Signed(good, "follow-up", writer_->keys())}) {
    Put(forged);
    ExpectFound(Kind::kCut, 0, 2);
    EXPECT_EQ(Compared()->kind, Contradiction::Kind::kForgedCut);
  }
  Put(good);
  EXPECT_EQ(Found(), std::nullopt);
  // Nobody cuts on from a false one.
  Put(Signed(good, kService, other));
  EXPECT_EQ(ReasonOf(CutOff(TimeOfRow(7)).status()), "AUDIT_NOT_WHOLE");
}

// Rows were deleted and a cut made up that would explain it.
TEST_P(AuditCut, ThatSomebodyMadeUpIsFoundWithAndWithoutTheirKey) {
  Cut forged;
  forged.seal = AtOnce().seals[2].number;
  forged.rows = AtOnce().seals[2].rows;
  forged.link = AtOnce().seals[2].link;
  forged.last_row = 6;
  forged.before = forged.time = TimeOfRow(7);
  kept_->Run("DELETE FROM audit WHERE id <= 6");
  kept_->Run("DELETE FROM audit_seal WHERE number <= 3");
  ExpectFound(Kind::kSeal, 0, 1);
  Put(forged);
  ExpectFound(Kind::kCut, 0, 3);
  Put(Signed(forged, kService, KeysOfSomebodyElse()));
  ExpectFound(Kind::kCut, 0, 3);
}

TEST_P(AuditCut, ThatWasTakenAwayOrIsAnOlderOneIsFound) {
  ASSERT_EQ(CutOff(TimeOfRow(3))->rows, 2);
  const Cut older = AtOnce().cut;
  ASSERT_EQ(CutOff(TimeOfRow(5))->rows, 2);
  const Cut newer = AtOnce().cut;
  Put(older);
  ExpectFound(Kind::kSeal, 0, 2);
  kept_->Run("DELETE FROM audit_cut");
  ExpectFound(Kind::kSeal, 0, 1);
  Put(newer);
  EXPECT_EQ(Found(), std::nullopt);
}

TEST_P(AuditCut, LeavesNoSealBeforeIt) {
  CutTwoSeals();
  kept_->Run(
      "INSERT INTO audit_seal SELECT 2, row_count, first_id, last_id, ids, links, link FROM audit_seal WHERE number = "
      "3");
  ExpectFound(Kind::kSeal, 0, 2);
}

TEST_P(AuditCut, HidesNoEndThatWasCutOffWithoutIt) {
  CutTwoSeals();
  kept_->Run("DELETE FROM audit WHERE id > 6");
  kept_->Run("DELETE FROM audit_seal WHERE number > 3");
  EXPECT_EQ(AtOnce().problem, std::nullopt);
  std::optional<Contradiction> found = Compared();
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->kind, Contradiction::Kind::kCutTail);
  EXPECT_EQ(found->known, 6);
  // And nothing but the cut is left.
  kept_->Run("DELETE FROM audit");
  kept_->Run("DELETE FROM audit_seal");
  found = Compared();
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->kind, Contradiction::Kind::kCutTail);
  EXPECT_EQ(found->known, 4);
}

INSTANTIATE_TEST_SUITE_P(On, AuditCut, ::testing::Values(Dialect::kSqlite, Dialect::kPostgres),
                         [](const auto& each) { return each.param == Dialect::kSqlite ? "Sqlite" : "Postgres"; });

// One after the other, however they begin: neither puts its cut over the other's.
class AuditCutOnPostgres : public AuditCut {};
TEST_P(AuditCutOnPostgres, MayBeMadeByTwoProgramsAtOnce) {
  const auto other = kept_->OpenAnother();
  constexpr int kMore = 40;
  for (int seal = 0; seal < kMore; ++seal) {
    kept_->Append(2);
    kept_->Seal();
  }
  const auto cut_all = [this](store::Database& database, int64_t& rows) {
    for (bool more = true; more;) {
      const absl::StatusOr<CutDone> done = CutOn(database, TimeOfRow(75), 2);
      if (absl::IsAborted(done.status())) continue;  // A deadlock that the database saw; a caller tries again, too.
      ASSERT_THAT(done, IsOk());
      rows += done->rows;
      more = done->more;
    }
  };
  int64_t here = 0;
  int64_t there = 0;
  std::thread beside([&] { cut_all(*other, there); });
  cut_all(kept_->database(), here);
  beside.join();
  EXPECT_EQ(here + there, 74);
  EXPECT_EQ(AtOnce().cut.rows, 74);
  EXPECT_EQ(Found(), std::nullopt);
}
INSTANTIATE_TEST_SUITE_P(On, AuditCutOnPostgres, ::testing::Values(Dialect::kPostgres),
                         [](const auto&) { return "Postgres"; });

}  // namespace
}  // namespace polku::audit
