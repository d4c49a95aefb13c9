#include "libs/rpc/journal_api.h"

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/status_matchers.h"
#include "libs/rpc/server.h"
#include "libs/rpc/status.h"
#include "libs/store/sqlite/sqlite_database.h"
#include "libs/testing/temporary_folder.h"

namespace polku::rpc {
namespace {

using polku::common::v1::JournalService;
using polku::common::v1::ReadJournalRequest;
using polku::common::v1::ReadJournalResponse;

class JournalApiTest : public ::testing::Test {
 protected:
  void SetUp() override {
    store::SqliteOptions database;
    database.base.service = "probe";
    database.path = folder_.path() + "/probe.db";
    database.key_path = folder_.path() + "/probe.keys";
    database.random = &random_;
    database_ = *store::OpenSqlite(database);
    // Versions 1, 2, 3; the second is internal.
    auto transaction = database_->Begin();
    ASSERT_THAT(transaction, IsOk());
    store::StoredAggregate aggregate{.key = "sources/a", .version = 3, .public_version = 2, .state = "s"};
    ASSERT_THAT((*transaction)->Save({{0, std::move(aggregate)}}), IsOk());
    ASSERT_THAT((*transaction)->AppendJournal({Row(1, 1), Row(2, 0), Row(3, 2)}), IsOk());
    ASSERT_THAT((*transaction)->Commit(), IsOk());
    GateOptions options;
    options.audit = [](std::vector<store::AuditRow>, std::function<void(absl::Status)> done) { done({}); };
    options.database = database_.get();
    options.clock = &clock_;
    options.access = &*access_;
    options.permissions = JournalPermissions();
    options.metrics = &registry_;
    gate_ = std::make_unique<Gate>(std::move(options));
    api_ = std::make_unique<JournalApi>(std::vector<Served>{{"probe", gate_.get(), database_.get(), nullptr}});
    server_ = *Server::Start({.permissions = JournalPermissions()}, {api_.get()});
    stub_ = JournalService::NewStub(
        grpc::CreateChannel(absl::StrCat("127.0.0.1:", server_->port()), grpc::InsecureChannelCredentials()));
  }
  void TearDown() override {
    server_.reset();
    gate_.reset();
  }

  store::JournalRow Row(int64_t version, int64_t public_version) {
    return {.key = "sources/a",
            .version = version,
            .public_version = public_version,
            .type = "polku.probe.v1.Happened",
            .payload = absl::StrCat("p", version),
            .time = clock_.Now()};
  }
  absl::StatusOr<ReadJournalResponse> Read(const std::string& key, int64_t after, int page_size,
                                           const std::string& role = "service", const std::string& service = "") {
    grpc::ClientContext context;
    context.AddMetadata("polku-organisation", "organisations/polku");
    context.AddMetadata("polku-role", role);
    ReadJournalRequest request;
    request.set_service(service);
    request.set_key(key);
    request.set_after_version(after);
    request.set_page_size(page_size);
    ReadJournalResponse reply;
    const absl::Status status = FromGrpc(stub_->ReadJournal(&context, request, &reply));
    if (!status.ok()) return status;
    return reply;
  }

  polku::testing::TemporaryFolder folder_;
  SeededRandom random_{1};
  ManualClock clock_{absl::FromUnixSeconds(1'800'000'000)};
  absl::StatusOr<Access> access_ = Access::Development("127.0.0.1:0");
  prometheus::Registry registry_;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<Gate> gate_;
  std::unique_ptr<JournalApi> api_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<JournalService::Stub> stub_;
};

TEST_F(JournalApiTest, GivesThePublicEventsOfAKeyInOrder) {
  const auto reply = Read("sources/a", 0, 0);
  ASSERT_THAT(reply, IsOk());
  ASSERT_EQ(reply->entries_size(), 2);
  EXPECT_EQ(reply->entries(0).version(), 1);
  EXPECT_EQ(reply->entries(1).version(), 2);
  EXPECT_EQ(reply->entries(1).payload(), "p3");
  EXPECT_EQ(reply->entries(1).epoch(), database_->epoch());
}

TEST_F(JournalApiTest, StartsAfterTheVersionAndEndsAtThePageSize) {
  EXPECT_EQ(Read("sources/a", 1, 0)->entries_size(), 1);
  EXPECT_EQ(Read("sources/a", 0, 1)->entries_size(), 1);
  EXPECT_EQ(Read("sources/b", 0, 0)->entries_size(), 0);
}

TEST_F(JournalApiTest, GivesTheEventsOfTheServiceThatIsNamed) {
  EXPECT_EQ(Read("sources/a", 0, 0, "service", "probe")->entries_size(), 2);
  EXPECT_THAT(Read("sources/a", 0, 0, "service", "other"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Read("sources/a", 0, 0, "lead", "other"), StatusIs(absl::StatusCode::kPermissionDenied));
}

TEST_F(JournalApiTest, IsForServicesOnly) {
  EXPECT_THAT(Read("sources/a", 0, 0, "lead"), StatusIs(absl::StatusCode::kPermissionDenied));
}

TEST_F(JournalApiTest, RefusesARequestThatMeansNothing) {
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(Read("", 0, 0), StatusIs(kInvalid, ::testing::HasSubstr("key")));
  EXPECT_THAT(Read("sources/a", -1, 0), StatusIs(kInvalid, ::testing::HasSubstr("after_version")));
  EXPECT_THAT(Read("sources/a", 0, -1), StatusIs(kInvalid, ::testing::HasSubstr("page_size")));
}

}  // namespace
}  // namespace polku::rpc
