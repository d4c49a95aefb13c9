// polkuctl pathways, on the shipped definitions and on changed copies of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "libs/testing/temporary_folder.h"
#include "tools/polkuctl/session.h"

namespace polku::polkuctl {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class Pathways : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::copy(POLKU_DEPLOY_FOLDER, folder_.path(), std::filesystem::copy_options::recursive);
  }
  // Exit code; `out_` and `err_` are what was printed.
  int Run(const std::string& verb, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"pathways", verb};
    arguments.insert(arguments.end(), more.begin(), more.end());
    for (const char* part : {"pathways", "rules", "instruments"}) {
      arguments.push_back(absl::StrCat("--", part));
      arguments.push_back(absl::StrCat(folder_.path(), "/", part));
    }
    std::ostringstream out;
    std::ostringstream err;
    const int code = polkuctl::Run(arguments, out, err);
    out_ = out.str();
    err_ = err.str();
    return code;
  }
  void Change(const std::string& file, const std::string& from, const std::string& to, const std::string& as = "") {
    const std::string path = absl::StrCat(folder_.path(), "/pathways/", file);
    std::ifstream in(path);
    const std::string before(std::istreambuf_iterator<char>(in), {});
    const std::string after = absl::StrReplaceAll(before, {{from, to}});
    ASSERT_NE(before, after) << from;
    std::ofstream(as.empty() ? path : absl::StrCat(folder_.path(), "/pathways/", as)) << after;
  }

  const testing::TemporaryFolder folder_;
  std::string out_;
  std::string err_;
};

TEST_F(Pathways, CheckFindsTheShippedOnesRight) {
  EXPECT_EQ(Run("check"), kOk) << err_;
  EXPECT_THAT(out_, HasSubstr("14 pathways, 1 rule sets"));
}

TEST_F(Pathways, CheckNamesFileLineAndField) {
  Change("savon-ote.v1.yaml", "after: [functional-ability]", "after: [rehabilitative-work]");
  EXPECT_EQ(Run("check"), kRefused);
  EXPECT_THAT(err_, AllOf(HasSubstr("savon-ote.v1.yaml:"),
                          HasSubstr("steps[1].after: goes in a circle: taking-part, rehabilitative-work")));
}

// What clients walk on does not change under them: another text under the same version is refused, a comment is not.
TEST_F(Pathways, CheckRefusesAnActiveVersionThatWasChanged) {
  Change("savon-ote.v1.yaml", "# Nobody is lost", "# Nobody at all is lost");
  EXPECT_EQ(Run("check"), kOk) << err_;
  Change("savon-ote.v1.yaml", "complete_within_days: 120", "complete_within_days: 90");
  EXPECT_EQ(Run("check"), kRefused);
  EXPECT_THAT(err_, HasSubstr("savon-ote 1: was changed since it became active: write a new version"));
  std::filesystem::remove(absl::StrCat(folder_.path(), "/pathways/savon-ote.v1.yaml"));
  EXPECT_EQ(Run("check"), kRefused);
  EXPECT_THAT(err_, HasSubstr("savon-ote 1: is active and its file is gone"));
}

TEST_F(Pathways, RecordTakesANewActiveVersion) {
  Change("savon-ote.v1.yaml", "version: 1\nstatus: active", "version: 2\nstatus: active\nvalid_from: 2026-09-01",
         "savon-ote.v2.yaml");
  EXPECT_EQ(Run("check"), kRefused);
  EXPECT_THAT(err_, HasSubstr("active and not in versions.lock: savon-ote 2"));
  EXPECT_EQ(Run("record"), kOk) << err_;
  EXPECT_THAT(out_, HasSubstr("recorded 1, 14 in all"));
  EXPECT_EQ(Run("check"), kOk) << err_;
}

TEST_F(Pathways, CheckRefusesVersionsThatOverlap) {
  Change("savon-ote.v1.yaml", "version: 1\n", "version: 2\n", "savon-ote.v2.yaml");
  EXPECT_EQ(Run("check"), kRefused);
  EXPECT_THAT(err_, HasSubstr("savon-ote.v2.yaml:1: valid_from: must be later than where version 1 begins"));
}

TEST_F(Pathways, ShowSaysInBothLanguagesWhoAnswersByWhen) {
  EXPECT_EQ(Run("show", {"kainuu-employees"}), kOk) << err_;
  EXPECT_THAT(out_,
              AllOf(HasSubstr("2. early-support: Early support (measure); answers: Supervisor; after self-rating"),
                    HasSubstr("accepted within 3 office days, contact within 1 office days"),
                    HasSubstr("Work-ability pathway for employees in Kainuu")));
  EXPECT_EQ(Run("show", {"kainuu-employees", "--language", "fi"}), kOk) << err_;
  EXPECT_THAT(out_, AllOf(HasSubstr("vastaa Esihenkilö"), Not(HasSubstr("answers:"))));
  EXPECT_EQ(Run("show", {"nowhere"}), kRefused);
}

TEST_F(Pathways, DiffSaysWhatChangesUnderItsHeading) {
  EXPECT_EQ(Run("diff", {"kiipula-rivakka/1", "kiipula-rivakka/2"}), kOk) << err_;
  EXPECT_THAT(out_, AllOf(HasSubstr("Assessment\n-   complete: 45 days\n+   complete: 14 days\n"),
                          HasSubstr("+   no_contact_days: 10 (in the set 21)"), Not(HasSubstr("client-panel"))));
}

TEST_F(Pathways, SimulateWalksEveryShippedPathwayToItsEnd) {
  for (const char* pathway :
       {"etela-karjala-kymenlaakso", "kainuu-employees", "kainuu-unemployed", "keski-pohjanmaa-kp-ote",
        "keski-suomi-iskias", "kiipula-rivakka", "oulu-uusi-suunta", "paijat-hame-pahee", "pirkanmaa-toike",
        "pori-sataosaa", "satakunta-fysioterapia", "savon-ote", "validia-fokus"}) {
    EXPECT_EQ(Run("simulate", {pathway, "--screen", "was=good"}), kOk) << pathway << ": " << err_;
    EXPECT_THAT(out_, AllOf(HasSubstr("day 0\t2026-03-02"), Not(HasSubstr("nterrupt")))) << pathway;
  }
}

TEST_F(Pathways, SimulateTellsWhatIsFoundWhenTheClientStaysAway) {
  EXPECT_EQ(Run("simulate", {"satakunta-fysioterapia", "--screen", "was=poor", "--stays-away-from", "enhanced"}), kOk)
      << err_;
  EXPECT_THAT(out_, HasSubstr("NOT_STARTED measures/1"));
}

}  // namespace
}  // namespace polku::polkuctl
