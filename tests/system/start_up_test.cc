// What keeps a server from starting is told clearly, and harms nothing.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "absl/strings/str_cat.h"
#include "libs/base/status_matchers.h"
#include "libs/host/run.h"
#include "libs/store/postgres/testing/server.h"
#include "libs/store/sqlite/sqlite_database.h"
#include "services/referral/service.h"
#include "tests/system/region.h"

namespace polku::system_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string Contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

class StartUp : public ::testing::Test {
 protected:
  absl::Status Create(const host::HostConfig& config) {
    return host::Host::Create(config, all_in_one::AllParts(), &region_.clock(), &random_).status();
  }
  Region region_;
  SeededRandom random_{1};
};

TEST_F(StartUp, RefusesASecondServerOnTheSameFolder) {
  const std::string client = region_.AcceptedClient();
  EXPECT_THAT(Create(region_.config()), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(region_.folder())));
  follow_up::v1::GetJourneyRequest journey;
  journey.set_client(client);
  EXPECT_THAT(region_.Call(&FollowUps::GetJourney, kCoordinator, journey), IsOk());
}

TEST_F(StartUp, RefusesAFolderOfANewerVersionAndLeavesItAlone) {
  region_.Close();
  const std::string path = absl::StrCat(region_.folder(), "/referral.db");
  {
    store::SqliteOptions newer;
    newer.base = referral::StoreOptions();
    const int next = newer.base.migrations.back().version + 1;
    newer.base.migrations.push_back({next, "later", "CREATE TABLE later(a BIGINT);"});
    newer.path = path;
    newer.key_path = absl::StrCat(region_.folder(), "/keys/referral.keys");
    SystemRandom random;
    newer.random = &random;
    ASSERT_THAT(store::OpenSqlite(newer), IsOk());
  }
  const std::string before = Contents(path);
  EXPECT_THAT(Create(region_.config()), StatusIs(absl::StatusCode::kFailedPrecondition,
                                                 AllOf(HasSubstr("referral.db"), HasSubstr("a newer one is needed"))));
  EXPECT_EQ(Contents(path), before);
}

// Nobody upgrades a database in passing where that is for a person to decide.
TEST_F(StartUp, LeavesTablesToTheCommandWhereThatIsWished) {
  testing::TemporaryFolder other;
  host::HostConfig config = region_.config();
  config.data_folder = other.path();
  config.erasures_folder = other.path() + "/erasures";
  config.audit_folder = other.path() + "/audit";
  config.migration = host::Migration::kByCommand;
  const auto refused = StatusIs(absl::StatusCode::kFailedPrecondition,
                                AllOf(HasSubstr("referral.db"), HasSubstr("polku-all-in-one migrate")));
  EXPECT_THAT(Create(config), refused);
  {
    store::SqliteOptions older;
    older.base = referral::StoreOptions();
    older.base.migrations.pop_back();
    older.path = absl::StrCat(other.path(), "/referral.db");
    older.key_path = absl::StrCat(other.path(), "/keys/referral.keys");
    SystemRandom random;
    older.random = &random;
    ASSERT_THAT(store::OpenSqlite(older), IsOk());
  }
  EXPECT_THAT(Create(config), refused);
  const std::string folder = absl::StrCat("--data.folder=", config.data_folder);
  const std::string erasures = absl::StrCat("--erasures.folder=", config.erasures_folder);
  const std::string audit = absl::StrCat("--audit.folder=", config.audit_folder);
  const char* const words[] = {"polku-all-in-one", "migrate", folder.c_str(), erasures.c_str(), audit.c_str()};
  ASSERT_EQ(host::Run("polku-all-in-one", all_in_one::AllParts(), 5, words), 0);
  EXPECT_THAT(Create(config), IsOk());
}

TEST_F(StartUp, AProbeAsksTheServerWithTheSameSettings) {
  const auto health = [](int port) {
    const std::string address = absl::StrCat("--ops.listen=127.0.0.1:", port);
    const char* const words[] = {"polku-all-in-one", "health", address.c_str()};
    return host::Run("polku-all-in-one", {}, 3, words);
  };
  region_.Rest();
  EXPECT_EQ(health(region_.server().ops_port()), 0);
  const int port = region_.server().ops_port();
  region_.Close();
  EXPECT_EQ(health(port), 1);
}

TEST_F(StartUp, OnPostgresWantsTheCommandUnlessItIsToldOtherwise) {
  using store::postgres::ServerForTests;
  if (!ServerForTests::IsInstalled()) GTEST_SKIP() << "NOT RUN: PostgreSQL is not installed";
  testing::TemporaryFolder other;
  host::HostConfig config = region_.config();
  config.data_folder = other.path();
  config.erasures_folder = other.path() + "/erasures";
  config.audit_folder = other.path() + "/audit";
  config.store_kind = host::StoreKind::kPostgres;
  config.postgres_target = ServerForTests::Get().Target("start_{service}");
  for (const char* service : {"referral", "assessment", "coordinator_network", "follow_up"}) {
    ServerForTests::Get().CreateDatabase(absl::StrCat("start_", service));
  }
  EXPECT_THAT(Create(config), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("polku-all-in-one migrate")));
  ASSERT_THAT(host::Host::Migrate(config, all_in_one::AllParts()), IsOk());
  EXPECT_THAT(Create(config), IsOk());
}

TEST_F(StartUp, RefusesAPortInUseAndNamesIt) {
  testing::TemporaryFolder other;
  for (const bool grpc : {true, false}) {
    host::HostConfig config = region_.config();
    config.data_folder = other.path();
    config.erasures_folder = other.path() + "/erasures";
    config.audit_folder = other.path() + "/audit";
    const int taken = grpc ? region_.server().grpc_port() : region_.server().ops_port();
    (grpc ? config.grpc_listen : config.ops_listen).port = taken;
    auto server = host::Host::Create(config, all_in_one::AllParts(), &region_.clock(), &random_);
    ASSERT_THAT(server, IsOk());
    EXPECT_THAT((*server)->Start(nullptr), StatusIs(absl::StatusCode::kUnavailable, HasSubstr(absl::StrCat(taken))));
  }
  // The folder is as good as before.
  host::HostConfig config = region_.config();
  config.data_folder = other.path();
  config.erasures_folder = other.path() + "/erasures";
  config.audit_folder = other.path() + "/audit";
  auto server = host::Host::Create(config, all_in_one::AllParts(), &region_.clock(), &random_);
  ASSERT_THAT(server, IsOk());
  EXPECT_THAT((*server)->Start(nullptr), IsOk());
}

TEST_F(StartUp, RefusesADefinitionWithAnUnknownKeyAndSaysWhere) {
  testing::TemporaryFolder pathways;
  std::filesystem::copy(POLKU_DEPLOY_FOLDER "/pathways", pathways.path(),
                        std::filesystem::copy_options::overwrite_existing);
  const std::string path = absl::StrCat(pathways.path(), "/kainuu-unemployed.v1.yaml");
  std::ofstream(path, std::ios::app) << "speed: fast\n";
  host::HostConfig config = region_.config();
  config.definitions.pathways = pathways.path();
  EXPECT_THAT(Create(config), StatusIs(absl::StatusCode::kInvalidArgument,
                                       AllOf(HasSubstr("kainuu-unemployed.v1.yaml:"), HasSubstr("speed"))));
}

TEST_F(StartUp, RefusesToServeWithoutAWayToKnowItsCallers) {
  host::HostConfig config = region_.config();
  config.access_mode = host::AccessMode::kNone;
  EXPECT_THAT(Create(config), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("access.mode")));
  config.access_mode = host::AccessMode::kDevelopment;
  config.grpc_listen.host = "0.0.0.0";
  EXPECT_THAT(Create(config), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("loopback")));
}

}  // namespace
}  // namespace polku::system_test
