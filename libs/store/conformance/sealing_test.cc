// What is on the disk of personal aggregates, and what is left when their key is destroyed.
#include "libs/store/sealing.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/base/status_matchers.h"
#include "libs/store/conformance/database_factory.h"

namespace polku::store {
namespace {

using Code = absl::StatusCode;

constexpr char kCanary[] = "canary-6b1f0a-content";

ParkedRow Parked(absl::string_view key, absl::string_view payload) {
  ParkedRow row;
  row.source = "source";
  row.key = std::string(key);
  row.type = "type";
  row.payload = std::string(payload);
  return row;
}

absl::Status PutEverywhere(Transaction& t, absl::string_view key, absl::string_view content) {
  const std::string name(key);
  RETURN_IF_ERROR(t.Save({WriteOf(key, 0, content)}));
  RETURN_IF_ERROR(t.AppendJournal({EventOf(key, 1, 1, content)}));
  RETURN_IF_ERROR(t.AppendSteps({{"step", name, "type", std::string(content)}}));
  RETURN_IF_ERROR(t.SaveRequests({{{"scope", "id"}, name, "hashes", "type", std::string(content), At(1)}}));
  RETURN_IF_ERROR(t.Park({Parked(key, content)}));
  return t.AddDeadLetters({{Parked(key, content), "reason", 1}});
}

TEST_P(StoreConformance, TheDiskHoldsNoContentOfSealedKinds) {
  ASSERT_THAT(InTransaction([](Transaction& t) { return PutEverywhere(t, "clients/A", kCanary); }), IsOk());
  EXPECT_EQ(factory_->RawBytes().find(kCanary), std::string::npos);
  Reopen();
  EXPECT_EQ(factory_->RawBytes().find(kCanary), std::string::npos);
  auto reader = Read();
  EXPECT_EQ((*reader->Load({"clients/A"}))[0].state, kCanary);
  EXPECT_EQ((*reader->ReadJournal("clients/A", 0, 1))[0].payload, kCanary);
  EXPECT_EQ((*reader->ReadOutbox(1))[0].event.payload, kCanary);
  EXPECT_EQ((*reader->ReadSteps(1))[0].payload, kCanary);
  EXPECT_EQ((*reader->FindRequests({{"scope", "id"}}))[0].reply, kCanary);
  EXPECT_EQ((*reader->ReadParked("source", "clients/A", 1))[0].payload, kCanary);
  EXPECT_EQ((*reader->ReadDeadLetters(1))[0].record.payload, kCanary);
}

// Shows that the test above would see the canary.
TEST_P(StoreConformance, TheDiskHoldsContentOfOtherKindsAsItIs) {
  ASSERT_THAT(InTransaction([](Transaction& t) { return PutEverywhere(t, "coordinators/A", kCanary); }), IsOk());
  EXPECT_NE(factory_->RawBytes().find(kCanary), std::string::npos);
}

TEST_P(StoreConformance, NothingOpensWithoutItsKey) {
  ASSERT_THAT(InTransaction([](Transaction& t) -> absl::Status {
                RETURN_IF_ERROR(PutEverywhere(t, "clients/A", kCanary));
                return t.Save({WriteOf("clients/B", 0, "other"), WriteOf("clients/A/part", 0, "same owner")});
              }),
              IsOk());
  ASSERT_THAT(database().DestroyKey("clients/A"), IsOk());
  for (int opened_again = 0; opened_again < 2; ++opened_again) {
    auto reader = Read();
    for (const absl::Status& status :
         {reader->Load({"clients/A"}).status(), reader->Load({"clients/A/part"}).status(),
          reader->ReadJournal("clients/A", 0, 1).status(), reader->ReadOutbox(1).status(),
          reader->ReadSteps(1).status(), reader->FindRequests({{"scope", "id"}}).status(),
          reader->ReadParked("source", "clients/A", 1).status(), reader->ReadDeadLetters(1).status()}) {
      EXPECT_THAT(status, StatusIs(Code::kNotFound, testing::HasSubstr("clients/A")));
      EXPECT_TRUE(IsErased(status));
    }
    EXPECT_EQ((*reader->Load({"clients/B"}))[0].state, "other");
    reader = nullptr;
    Crash();
  }
}

TEST_P(StoreConformance, AnErasedOwnerGetsNoNewKey) {
  ASSERT_THAT(InTransaction([](Transaction& t) { return t.Save({WriteOf("clients/A", 0, "state")}); }), IsOk());
  ASSERT_THAT(database().DestroyKey("clients/A"), IsOk());
  ASSERT_THAT(database().DestroyKey("clients/never-seen"), IsOk());
  for (absl::string_view key : {"clients/A/other", "clients/never-seen"}) {
    const absl::Status status = InTransaction([&](Transaction& t) { return t.Save({WriteOf(key, 0, "state")}); });
    EXPECT_TRUE(IsErased(status)) << status;
  }
}

TEST_P(StoreConformance, TheHashKeyIsNotInTheDatabase) {
  EXPECT_EQ(factory_->RawBytes().find(std::string(database().hash_key())), std::string::npos);
}

}  // namespace
}  // namespace polku::store
