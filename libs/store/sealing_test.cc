#include "libs/store/sealing.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/base/status_matchers.h"

namespace polku::store {
namespace {

using Code = absl::StatusCode;
namespace fs = std::filesystem;

TEST(OwnerOf, IsTheFirstTwoSegments) {
  EXPECT_EQ(OwnerOf("clients/C"), "clients/C");
  EXPECT_EQ(OwnerOf("clients/C/referrals/R"), "clients/C");
  EXPECT_EQ(OwnerOf("clients"), "clients");
  EXPECT_EQ(OwnerOf(""), "");
}

class KeyRingTest : public testing::Test {
 protected:
  KeyRingTest() {
    std::string name = (fs::temp_directory_path() / "polku-keys-XXXXXX").string();
    POLKU_CHECK(mkdtemp(name.data()) != nullptr);
    folder_ = name;
    Open(100);
  }
  ~KeyRingTest() override { fs::remove_all(folder_); }

  void Open(size_t cached_keys_max) {
    keys_ = nullptr;
    KeyRingOptions options;
    options.path = (folder_ / "keys").string();
    options.random = &random_;
    options.create = true;
    options.cached_keys_max = cached_keys_max;
    keys_ = *KeyRing::Open(options);
  }
  std::string RawBytes() {
    std::string bytes;
    for (const auto& entry : fs::directory_iterator(folder_)) {
      std::ifstream file(entry.path(), std::ios::binary);
      bytes.append(std::istreambuf_iterator<char>(file), {});
    }
    return bytes;
  }

  SeededRandom random_{1};
  fs::path folder_;
  std::unique_ptr<KeyRing> keys_;
};

// Both have looked and found no key. Sealed with one that is nowhere, a row would never open again.
TEST_F(KeyRingTest, OfTwoProgramsThatMakeAKeyForOneOwnerOneIsToldSo) {
  const std::unique_ptr<KeyRing> first = std::move(keys_);
  Open(100);
  {
    sqlite::ConnectionOptions file;
    file.path = (folder_ / "keys").string();
    auto writer = *sqlite::Connection::Open(file);
    ASSERT_THAT(writer->Execute("BEGIN IMMEDIATE"), IsOk());
    ASSERT_THAT(first->EnsureKeys({"clients/A"}), IsOk());
    ASSERT_THAT(keys_->EnsureKeys({"clients/A"}), IsOk());
    ASSERT_THAT(writer->Execute("ROLLBACK"), IsOk());
  }
  const absl::Status one = first->Settle();
  const absl::Status other = keys_->Settle();
  EXPECT_NE(one.ok(), other.ok()) << one << other;
  EXPECT_THAT(one.ok() ? other : one, StatusIs(Code::kAborted));
  std::string sealed;
  ASSERT_THAT(first->EnsureKeys({"clients/A"}), IsOk());
  ASSERT_THAT(keys_->EnsureKeys({"clients/A"}), IsOk());
  ASSERT_THAT(first->Seal("clients/A", "place", "plain", sealed), IsOk());
  EXPECT_THAT(keys_->Open("clients/A", "place", sealed), IsOkAndHolds("plain"));
}

TEST_F(KeyRingTest, OpensWhatItSealedAlsoWithAColdCache) {
  ASSERT_THAT(keys_->EnsureKeys({"a", "b", "a"}), IsOk());
  std::string sealed = "before";
  ASSERT_THAT(keys_->Seal("a", "place", "plain", sealed), IsOk());
  ASSERT_EQ(sealed.substr(0, 6), "before");
  sealed = sealed.substr(6);
  EXPECT_EQ(sealed.find("plain"), std::string::npos);
  EXPECT_THAT(keys_->Open("a", "place", sealed), IsOkAndHolds("plain"));
  Open(0);
  EXPECT_THAT(keys_->Open("a", "place", sealed), IsOkAndHolds("plain"));
  EXPECT_THAT(keys_->Open("b", "place", sealed), StatusIs(Code::kDataLoss));
  EXPECT_THAT(keys_->Open("a", "other place", sealed), StatusIs(Code::kDataLoss));
  for (size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] ^= 1;
    EXPECT_THAT(keys_->Open("a", "place", changed), StatusIs(Code::kDataLoss));
    EXPECT_THAT(keys_->Open("a", "place", sealed.substr(0, i)), StatusIs(Code::kDataLoss));
  }
}

TEST_F(KeyRingTest, ReadsAheadWhatThereIsAndLeavesTheRestToWhoOpens) {
  ASSERT_THAT(keys_->EnsureKeys({"a", "b", "erased"}), IsOk());
  std::string sealed;
  ASSERT_THAT(keys_->Seal("b", "place", "plain", sealed), IsOk());
  ASSERT_THAT(keys_->DestroyKeys({"erased"}), IsOk());
  for (const size_t cached_keys_max : {0, 100}) {
    Open(cached_keys_max);
    const std::string unknown = absl::StrCat("unknown", cached_keys_max);
    EXPECT_THAT(keys_->ReadAhead({"b", unknown, "erased", "a", "b"}), IsOk());
    EXPECT_THAT(keys_->Open("b", "place", sealed), IsOkAndHolds("plain"));
    EXPECT_THAT(keys_->IsDestroyed("erased"), IsOkAndHolds(true));
    EXPECT_THAT(keys_->IsDestroyed(unknown), IsOkAndHolds(false));
    // It has left no transaction open.
    EXPECT_THAT(keys_->EnsureKeys({unknown}), IsOk());
    EXPECT_THAT(keys_->Settle(), IsOk());
  }
}

TEST_F(KeyRingTest, HasKeysOnTheDiskOnceItHasSettled) {
  ASSERT_THAT(keys_->EnsureKeys({"a"}), IsOk());
  ASSERT_THAT(keys_->Settle(), IsOk());
  const std::unique_ptr<KeyRing> first = std::move(keys_);
  Open(100);
  std::string sealed;
  EXPECT_THAT(keys_->Seal("a", "place", "plain", sealed), IsOk());
}

// A row must never be committed whose key has not come to the disk: it would never open again.
TEST_F(KeyRingTest, TellsOnceThatAKeyCouldNotBeWrittenAndForgetsIt) {
  ASSERT_THAT(keys_->EnsureKeys({"a"}), IsOk());
  ASSERT_THAT(keys_->Settle(), IsOk());
  sqlite::ConnectionOptions file;
  file.path = (folder_ / "keys").string();
  const auto other = *sqlite::Connection::Open(file);
  ASSERT_THAT(other->Execute("CREATE TRIGGER broken BEFORE INSERT ON data_key BEGIN SELECT RAISE(ABORT, 'no'); END"),
              IsOk());
  ASSERT_THAT(keys_->EnsureKeys({"b"}), IsOk());
  EXPECT_FALSE(keys_->Settle().ok());
  EXPECT_THAT(keys_->Settle(), IsOk());
  std::string sealed;
  EXPECT_THAT(keys_->Seal("b", "place", "plain", sealed), StatusIs(Code::kInternal));
  EXPECT_THAT(keys_->Seal("a", "place", "plain", sealed), IsOk());
  ASSERT_THAT(keys_->EnsureKeys({"c"}), IsOk());
  EXPECT_FALSE(keys_->EnsureKeys({"d"}).ok());
  ASSERT_THAT(other->Execute("DROP TRIGGER broken"), IsOk());
  ASSERT_THAT(keys_->EnsureKeys({"b"}), IsOk());
  EXPECT_THAT(keys_->Settle(), IsOk());
}

TEST_F(KeyRingTest, NeverUsesANonceTwice) {
  ASSERT_THAT(keys_->EnsureKeys({"a"}), IsOk());
  std::set<std::string> nonces;
  for (int i = 0; i < 1000; ++i) {
    std::string sealed;
    ASSERT_THAT(keys_->Seal("a", "place", "", sealed), IsOk());
    EXPECT_TRUE(nonces.insert(sealed.substr(0, 24)).second);
  }
}

TEST_F(KeyRingTest, DoesNotSealWithoutADurableKey) {
  std::string sealed;
  EXPECT_THAT(keys_->Seal("unknown", "place", "plain", sealed), StatusIs(Code::kInternal));
}

TEST_F(KeyRingTest, ADestroyedKeyIsInNoFile) {
  ASSERT_THAT(keys_->EnsureKeys({"clients/A"}), IsOk());
  ASSERT_THAT(keys_->Settle(), IsOk());
  // The key is what the seeded source gave after the two secrets of the file.
  SeededRandom same(1);
  std::string drawn(96, '\0');
  same.Fill(drawn.data(), drawn.size());
  const std::string key = drawn.substr(64);
  ASSERT_NE(RawBytes().find(key), std::string::npos);
  std::string sealed;
  ASSERT_THAT(keys_->Seal("clients/A", "place", "plain", sealed), IsOk());
  ASSERT_THAT(keys_->DestroyKeys({"clients/A"}), IsOk());
  EXPECT_EQ(RawBytes().find(key), std::string::npos);
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(IsErased(keys_->Open("clients/A", "place", sealed).status()));
    EXPECT_TRUE(IsErased(keys_->EnsureKeys({"clients/A"})));
    EXPECT_TRUE(IsErased(keys_->Seal("clients/A", "place", "plain", sealed)));
    Open(100);
  }
}

TEST_F(KeyRingTest, KeepsItsSecrets) {
  const std::string hash_key = keys_->hash_key();
  const std::string database_id = keys_->database_id();
  EXPECT_EQ(hash_key.size(), 32u);
  EXPECT_NE(hash_key, database_id);
  Open(100);
  EXPECT_EQ(keys_->hash_key(), hash_key);
  EXPECT_EQ(keys_->database_id(), database_id);
}

TEST(RowSealer, AcceptsNoPlainRowOfASealedKind) {
  const RowSealer plain(nullptr, {}, "file");
  const RowSealer sealer(nullptr, {"clients/"}, "file");
  Place place;
  place.Start("aggregate").Text("clients/A");
  std::string stored;
  ASSERT_THAT(plain.Wrap("clients/A", place, "forged", stored), IsOk());
  EXPECT_THAT(plain.Unwrap("clients/A", place, stored), IsOkAndHolds("forged"));
  EXPECT_THAT(sealer.Unwrap("clients/A", place, stored),
              StatusIs(Code::kDataLoss, testing::HasSubstr("file, table aggregate, key clients/A")));
}

}  // namespace
}  // namespace polku::store
