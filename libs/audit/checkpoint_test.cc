// What the chain alone cannot tell: its end cut off, another chain in its place, statements that nobody made.
#include "libs/audit/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sodium.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "libs/audit/testing/kept.h"
#include "libs/base/status_matchers.h"

namespace polku::audit {
namespace {

using ::testing::HasSubstr;
using Kind = Contradiction::Kind;

class Checkpoints : public ::testing::Test {
 protected:
  void SetUp() override {
    Open();
    for (int seal = 0; seal < 3; ++seal) AppendAndWrite();
  }
  void Open() {
    auto writer =
        CheckpointWriter::Open({kept_.File("secret"), kept_.File("public"), kept_.File("checkpoints")}, "referral");
    ASSERT_THAT(writer, IsOk());
    writer_ = *std::move(writer);
  }
  void AppendAndWrite() {
    kept_.Append(2);
    kept_.Seal();
    ASSERT_THAT(writer_->Write(kept_.database(), absl::FromUnixSeconds(1'700'000'000)), IsOk());
  }
  std::string Contents(const char* name) const {
    std::ifstream file(kept_.File(name));
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  std::optional<Contradiction> Found(const std::string& text, const std::vector<std::string>& public_keys) {
    const auto reader = kept_.database().Read();
    const absl::StatusOr<Verified> verified = Verify(**reader, kept_.Trusted(), 0, 100);
    EXPECT_THAT(verified, IsOk());
    EXPECT_EQ(verified->problem, std::nullopt);
    return Compare(text, public_keys, "referral", verified->cut, verified->seals);
  }
  std::optional<Contradiction> Found() { return Found(Contents("checkpoints"), *ReadPublicKeys(kept_.File("public"))); }

  Kept kept_{Dialect::kSqlite};
  std::unique_ptr<CheckpointWriter> writer_;
};

TEST_F(Checkpoints, OfAWholeChainFit) {
  EXPECT_EQ(Found(), std::nullopt);
  EXPECT_THAT(Contents("checkpoints"), HasSubstr("\"rows\":6,"));
  // Nothing new, nothing written; and they go on with the same key.
  const std::string before = Contents("checkpoints");
  ASSERT_THAT(writer_->Write(kept_.database(), absl::FromUnixSeconds(1'700'000'001)), IsOk());
  EXPECT_EQ(Contents("checkpoints"), before);
  Open();
  AppendAndWrite();
  EXPECT_EQ(Found(), std::nullopt);
  EXPECT_THAT(Contents("checkpoints"), HasSubstr("\"rows\":8,"));
}

TEST_F(Checkpoints, FindATailThatWasCutOff) {
  kept_.Run("DELETE FROM audit WHERE id > 4");
  kept_.Run("DELETE FROM audit_seal WHERE number > 2");
  const std::optional<Contradiction> found = Found();
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->kind, Kind::kCutTail);
  EXPECT_EQ(found->rows, 6);
  EXPECT_EQ(found->known, 4);  // The first bad row is the fifth.
  EXPECT_EQ(found->line, 3);
}

// Whoever runs the service itself on an older copy gets a chain that is whole, and another one.
TEST_F(Checkpoints, FindAFork) {
  kept_.Run("DELETE FROM audit WHERE id > 4");
  kept_.Run("DELETE FROM audit_seal WHERE number > 2");
  kept_.Append(2);
  kept_.Seal();
  const std::optional<Contradiction> found = Found();
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->kind, Kind::kFork);
  EXPECT_EQ(found->known, 4);
}

TEST_F(Checkpoints, ThatAreForgedAreFound) {
  std::string text = Contents("checkpoints");
  const size_t rows = text.find("\"rows\":4,");
  ASSERT_NE(rows, std::string::npos);
  text[rows + 7] = '3';
  const std::optional<Contradiction> found = Found(text, *ReadPublicKeys(kept_.File("public")));
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->kind, Kind::kForged);
  EXPECT_EQ(found->line, 2);
  // One that is made anew, with a key of one's own.
  std::string public_key(crypto_sign_PUBLICKEYBYTES, '\0');
  std::string secret_key(crypto_sign_SECRETKEYBYTES, '\0');
  crypto_sign_keypair(reinterpret_cast<unsigned char*>(public_key.data()),
                      reinterpret_cast<unsigned char*>(secret_key.data()));
  Checkpoint forged;
  forged.service = "referral";
  forged.epoch = 1;
  forged.seal = 3;
  forged.rows = 6;
  forged.link = std::string(32, 'x');
  text = Contents("checkpoints") + LineOf(forged, SigningKeys(secret_key));
  EXPECT_EQ(Found(text, *ReadPublicKeys(kept_.File("public")))->kind, Kind::kForged);
  EXPECT_EQ(Found(text, *ReadPublicKeys(kept_.File("public")))->line, 4);
}

TEST_F(Checkpoints, ThatNoneOfIsSignedByTheKeyAreOfAnotherKey) {
  std::vector<std::string> other = *ReadPublicKeys(kept_.File("public"));
  other[0][0] = static_cast<char>(other[0][0] ^ 1);
  const std::optional<Contradiction> found = Found(Contents("checkpoints"), other);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->kind, Kind::kWrongKey);
}

TEST_F(Checkpoints, SurviveAFailureInTheMiddleOfALine) {
  std::ofstream(kept_.File("checkpoints"), std::ios::app) << "{\"service\":\"referral\",\"ti";
  Open();
  AppendAndWrite();
  EXPECT_EQ(Found(), std::nullopt);
  EXPECT_THAT(Contents("checkpoints"), HasSubstr("\"rows\":8,"));
}

// A backup holds the database's keys and not this one.
TEST_F(Checkpoints, GoOnWithANewKeyWhenTheOldOneIsLost) {
  std::filesystem::remove(kept_.File("secret"));
  Open();
  AppendAndWrite();
  EXPECT_EQ(ReadPublicKeys(kept_.File("public"))->size(), 2u);
  EXPECT_EQ(Found(), std::nullopt);
  // Not for whoever has not been told.
  EXPECT_EQ(Found(Contents("checkpoints"), {ReadPublicKeys(kept_.File("public"))->front()})->kind, Kind::kForged);
}

TEST_F(Checkpoints, RefuseAKeyFileThatIsDamaged) {
  std::ofstream(kept_.File("secret"), std::ios::trunc) << "00ff\n";
  EXPECT_THAT(
      CheckpointWriter::Open({kept_.File("secret"), kept_.File("public"), kept_.File("checkpoints")}, "referral"),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("secret")));
}

TEST_F(Checkpoints, KeepTheirKeyFromOthers) {
  EXPECT_EQ(std::filesystem::status(kept_.File("secret")).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

}  // namespace
}  // namespace polku::audit
