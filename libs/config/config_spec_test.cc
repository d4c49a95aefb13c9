#include "libs/config/config_spec.h"

#include <gtest/gtest.h>

#include <fstream>

#include "libs/base/status_matchers.h"
#include "libs/testing/temporary_folder.h"

namespace polku::config {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
enum class Dialect { kSqlite, kPostgres };

class ConfigSpecTest : public ::testing::Test {
 protected:
  ConfigSpecTest() {
    spec_.Listen("grpc.listen", &listen_, "where gRPC is served");
    spec_.Duration("call.deadline_max", &deadline_, absl::Seconds(1), absl::Minutes(5), "longest call");
    spec_.Bytes("grpc.receive_bytes_max", &bytes_, 1024, 16 << 20, "largest request");
    spec_.Integer("read.threads", &threads_, 1, 64, "threads for queries");
    spec_.Bool("grpc.reflection", &reflection_, "show the API");
    spec_.String("name", &name_, "how this instance is called");
    spec_.Secret("database.password", &password_, "of the database");
    spec_.Enum<Dialect>("database.dialect", &dialect_, {{"sqlite", Dialect::kSqlite}, {"postgres", Dialect::kPostgres}},
                        "kind of database");
  }

  std::string File(const std::string& name, const std::string& text) {
    const std::string path = folder_.path() + "/" + name;
    std::ofstream(path) << text;
    return path;
  }

  polku::testing::TemporaryFolder folder_;
  ListenAddress listen_{"127.0.0.1", 7000};
  absl::Duration deadline_ = absl::Seconds(30);
  int bytes_ = 1 << 20;
  int threads_ = 4;
  bool reflection_ = false;
  std::string name_ = "polku";
  Sensitive<std::string> password_{""};
  Dialect dialect_ = Dialect::kSqlite;
  ConfigSpec spec_{"polku-test"};
};

TEST_F(ConfigSpecTest, KeepsDefaultsWhenNothingIsGiven) {
  ASSERT_THAT(spec_.Load({}, {}), IsOkAndHolds(Wish::kRun));
  EXPECT_EQ(listen_.port, 7000);
  EXPECT_EQ(deadline_, absl::Seconds(30));
}

TEST_F(ConfigSpecTest, TakesEveryTypeFromAFile) {
  const std::string file = File("c.yaml",
                                "grpc:\n  listen: '[::1]:7001'\n  receive_bytes_max: 4MiB\n  reflection: true\n"
                                "call.deadline_max: 5s\nread:\n  threads: 8\nname: blue\n"
                                "database:\n  password: hush\n  dialect: postgres\n");
  ASSERT_THAT(spec_.Load({"--config=" + file}, {}), IsOk());
  EXPECT_EQ(listen_, (ListenAddress{"::1", 7001}));
  EXPECT_EQ(bytes_, 4 << 20);
  EXPECT_TRUE(reflection_);
  EXPECT_EQ(deadline_, absl::Seconds(5));
  EXPECT_EQ(threads_, 8);
  EXPECT_EQ(name_, "blue");
  EXPECT_EQ(password_.Reveal(), "hush");
  EXPECT_EQ(dialect_, Dialect::kPostgres);
}

TEST_F(ConfigSpecTest, PrefersFlagToEnvironmentToFileToDefault) {
  const std::string file = File("c.yaml", "name: file\nread.threads: 2\ncall.deadline_max: 2s\n");
  ASSERT_THAT(
      spec_.Load({"--name=flag"}, {{"POLKU_CONFIG", file}, {"POLKU_NAME", "environment"}, {"POLKU_READ_THREADS", "3"}}),
      IsOk());
  EXPECT_EQ(name_, "flag");
  EXPECT_EQ(threads_, 3);
  EXPECT_EQ(deadline_, absl::Seconds(2));
  EXPECT_EQ(bytes_, 1 << 20);
}

TEST_F(ConfigSpecTest, PrefersTheFlagForTheFileToo) {
  const std::string chosen = File("a.yaml", "name: chosen\n");
  ASSERT_THAT(spec_.Load({"--config=" + chosen}, {{"POLKU_CONFIG", "/nowhere"}}), IsOk());
  EXPECT_EQ(name_, "chosen");
}

TEST_F(ConfigSpecTest, NamesFileAndLineOfEveryFault) {
  const std::string file =
      File("c.yaml", "name: x\ngrpc:\n  listne: 1\n  receive_bytes_max: 4MB\nread.threads: 65\nname: y\n");
  EXPECT_THAT(spec_.Load({"--config=" + file}, {}),
              StatusIs(kInvalid, AllOf(HasSubstr("c.yaml:3: grpc.listne: unknown key"),
                                       HasSubstr("c.yaml:4: grpc.receive_bytes_max: expected a size with a unit"),
                                       HasSubstr("c.yaml:5: read.threads: expected a whole number from 1 to 64"),
                                       HasSubstr("c.yaml:6: name: given twice"))));
}

TEST_F(ConfigSpecTest, SeesAKeyWrittenInBothFormsAsGivenTwice) {
  const std::string file = File("c.yaml", "grpc.reflection: true\ngrpc: {reflection: false}\n");
  EXPECT_THAT(spec_.Load({"--config=" + file}, {}),
              StatusIs(kInvalid, HasSubstr("c.yaml:2: grpc.reflection: given twice")));
}

TEST_F(ConfigSpecTest, RefusesWhatIsNoFlatYaml) {
  EXPECT_THAT(spec_.Load({"--config=" + File("a.yaml", "name: [a]\n")}, {}),
              StatusIs(kInvalid, HasSubstr("a.yaml:1: name")));
  EXPECT_THAT(spec_.Load({"--config=" + File("b.yaml", "name:\n")}, {}),
              StatusIs(kInvalid, HasSubstr("b.yaml:1: name")));
  EXPECT_THAT(spec_.Load({"--config=" + File("c.yaml", "x: 'a\n")}, {}), StatusIs(kInvalid, HasSubstr("c.yaml:")));
  EXPECT_THAT(spec_.Load({"--config=" + File("d.yaml", "name: a\n---\nname: b\n")}, {}), StatusIs(kInvalid));
  EXPECT_THAT(spec_.Load({"--config=" + File("e.yaml", "")}, {}), IsOk());
}

TEST_F(ConfigSpecTest, RefusesAFileThatIsNotThere) {
  EXPECT_THAT(spec_.Load({"--config=" + folder_.path() + "/none.yaml"}, {}),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("none.yaml")));
}

TEST_F(ConfigSpecTest, RefusesFlagsItDoesNotKnowOrGetsTwice) {
  EXPECT_THAT(spec_.Load({"--nmae=x"}, {}), StatusIs(kInvalid, HasSubstr("--nmae: nmae: unknown key")));
  EXPECT_THAT(spec_.Load({"--name=x", "--name=x"}, {}), StatusIs(kInvalid, HasSubstr("name: given twice")));
  EXPECT_THAT(spec_.Load({"--name"}, {}), StatusIs(kInvalid, HasSubstr("expected --name=value")));
  EXPECT_THAT(spec_.Load({"name=x"}, {}), StatusIs(kInvalid, HasSubstr("expected --key=value")));
}

TEST_F(ConfigSpecTest, RefusesVariablesItDoesNotKnowButNotThoseOfTheCluster) {
  EXPECT_THAT(spec_.Load({}, {{"POLKU_NMAE", "x"}}), StatusIs(kInvalid, HasSubstr("POLKU_NMAE: unknown key")));
  EXPECT_THAT(spec_.Load({}, {{"POLKU_REFERRAL_SERVICE_HOST", "10.0.0.1"},
                              {"POLKU_REFERRAL_PORT", "tcp://10.0.0.1:80"},
                              {"POLKU_REFERRAL_PORT_80_TCP_ADDR", "10.0.0.1"},
                              {"POLKU_CRASH_AT", "x"},
                              {"HOME", "x"}}),
              IsOk());
}

TEST_F(ConfigSpecTest, RefusesABadValueThatABetterSourceHides) {
  EXPECT_THAT(spec_.Load({"--read.threads=3"}, {{"POLKU_READ_THREADS", "many"}}),
              StatusIs(kInvalid, HasSubstr("POLKU_READ_THREADS: read.threads")));
}

TEST_F(ConfigSpecTest, ReadsASecretFromTheFileThatAVariableNames) {
  const std::string file = File("password", "hush\n");
  ASSERT_THAT(spec_.Load({}, {{"POLKU_DATABASE_PASSWORD_FILE", file}}), IsOk());
  EXPECT_EQ(password_.Reveal(), "hush");
}

TEST_F(ConfigSpecTest, RefusesASecretFromAFlagOrTwiceOrFromNowhere) {
  EXPECT_THAT(spec_.Load({"--database.password=hush"}, {}),
              StatusIs(kInvalid, AllOf(HasSubstr("POLKU_DATABASE_PASSWORD_FILE"), Not(HasSubstr("hush")))));
  const std::string file = File("password", "hush\n");
  EXPECT_THAT(spec_.Load({}, {{"POLKU_DATABASE_PASSWORD", "a"}, {"POLKU_DATABASE_PASSWORD_FILE", file}}),
              StatusIs(kInvalid, HasSubstr("given twice")));
  EXPECT_THAT(spec_.Load({}, {{"POLKU_DATABASE_PASSWORD_FILE", folder_.path() + "/none"}}),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("database.password")));
  EXPECT_THAT(spec_.Load({}, {{"POLKU_NAME_FILE", file}}), StatusIs(kInvalid, HasSubstr("unknown key")));
}

TEST_F(ConfigSpecTest, PrintsWhatIsInForceWithoutSecretsAndReadsItAgain) {
  ASSERT_THAT(spec_.Load({"--print-config", "--name=it's: #1", "--call.deadline_max=90s"},
                         {{"POLKU_DATABASE_PASSWORD", "hush"}}),
              IsOkAndHolds(Wish::kPrint));
  const std::string effective = spec_.Effective();
  EXPECT_THAT(effective,
              AllOf(HasSubstr("call.deadline_max: '1m30s'  # flag"), HasSubstr("read.threads: '4'  # default"),
                    HasSubstr("database.password: '<set>'"), Not(HasSubstr("hush"))));
  name_ = "";
  deadline_ = absl::ZeroDuration();
  ASSERT_THAT(spec_.Load({"--config=" + File("again.yaml", effective)}, {}), IsOk());
  EXPECT_EQ(name_, "it's: #1");
  EXPECT_EQ(deadline_, absl::Seconds(90));
}

TEST_F(ConfigSpecTest, ChecksEverythingWhenAskedToCheck) {
  EXPECT_THAT(spec_.Load({"--check-config"}, {}), IsOkAndHolds(Wish::kCheck));
  EXPECT_THAT(spec_.Load({"--check-config", "--read.threads=0"}, {}), StatusIs(kInvalid));
}

TEST_F(ConfigSpecTest, HelpsWhateverElseIsWrong) {
  EXPECT_THAT(spec_.Load({"--read.threads=0", "--help"}, {}), IsOkAndHolds(Wish::kHelp));
  EXPECT_THAT(spec_.Help(), AllOf(HasSubstr("read.threads  (1 to 64; default '4')"), HasSubstr("threads for queries"),
                                  HasSubstr("sqlite | postgres")));
}

TEST_F(ConfigSpecTest, RunsRulesBetweenSettings) {
  spec_.Check([this] {
    return reflection_ && !listen_.IsLoopback() ? absl::InvalidArgumentError("grpc.reflection: only on loopback")
                                                : absl::OkStatus();
  });
  EXPECT_THAT(spec_.Load({"--grpc.reflection=true"}, {}), IsOk());
  EXPECT_THAT(spec_.Load({"--grpc.reflection=true", "--grpc.listen=0.0.0.0:1"}, {}),
              StatusIs(kInvalid, HasSubstr("only on loopback")));
}

}  // namespace
}  // namespace polku::config
