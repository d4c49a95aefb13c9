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

// The first row of an owner, who has no key yet, and the second one.
TEST_P(StoreConformance, WhatIsWrappedAheadIsStoredAsItIs) {
  for (int64_t version : {1, 2}) {
    const std::string content = absl::StrCat(kCanary, version);
    ASSERT_THAT(InTransaction([&](Transaction& t) -> absl::Status {
                  AggregateWrite write = WriteOf("clients/A", version - 1, content);
                  JournalRow row = EventOf("clients/A", version, version, content);
                  t.WrapAhead(write.aggregate);
                  t.WrapAhead(row);
                  if (version == 2) {
                    EXPECT_FALSE(write.aggregate.wrapped.empty());
                    EXPECT_FALSE(row.wrapped.empty());
                  }
                  RETURN_IF_ERROR(t.AppendJournal({row}));
                  return t.Save({write});
                }),
                IsOk());
    EXPECT_EQ((*Read()->Load({"clients/A"}))[0].state, content);
    EXPECT_EQ((*Read()->ReadJournal("clients/A", version - 1, 1))[0].payload, content);
  }
  EXPECT_EQ(factory_->RawBytes().find(kCanary), std::string::npos);
}

// Shows that the test above would see the canary.
TEST_P(StoreConformance, TheDiskHoldsContentOfOtherKindsAsItIs) {
  ASSERT_THAT(InTransaction([](Transaction& t) { return PutEverywhere(t, "coordinators/A", kCanary); }), IsOk());
  EXPECT_NE(factory_->RawBytes().find(kCanary), std::string::npos);
}

TEST_P(StoreConformance, RecordsOfOthersAreSealedWhateverTheirKey) {
  ASSERT_THAT(InTransaction([](Transaction& t) -> absl::Status {
                RETURN_IF_ERROR(t.Park({Parked("anything", kCanary), Parked("", kCanary)}));
                return t.AddDeadLetters({{Parked("coordinators/A", kCanary), "reason", 1}});
              }),
              IsOk());
  EXPECT_EQ(factory_->RawBytes().find(kCanary), std::string::npos);
  EXPECT_EQ((*Read()->ReadParked("source", "anything", 1))[0].payload, kCanary);
  EXPECT_EQ((*Read()->ReadDeadLetters(1))[0].record.payload, kCanary);
}

TEST_P(StoreConformance, TheHashKeyIsNotInTheDatabase) {
  EXPECT_EQ(factory_->RawBytes().find(std::string(database().hash_key())), std::string::npos);
}

}  // namespace
}  // namespace polku::store
