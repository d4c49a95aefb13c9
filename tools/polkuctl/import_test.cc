#include <grpcpp/grpcpp.h>
#include <sys/stat.h>

#include <fstream>
#include <map>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/base/ids.h"
#include "libs/base/random.h"
#include "libs/base/status_matchers.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "libs/rpc/status.h"
#include "libs/testing/temporary_folder.h"
#include "polku/follow_up/v1/api.grpc.pb.h"
#include "polku/referral/v1/api.grpc.pb.h"
#include "tools/polkuctl/csv_text.h"
#include "tools/polkuctl/import_key.h"
#include "tools/polkuctl/import_rows.h"
#include "tools/polkuctl/input.h"
#include "tools/polkuctl/session.h"

namespace polku::polkuctl {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

// "3: a|b" for each line, or "3! problem".
std::vector<std::string> LinesOf(absl::string_view text) {
  const auto csv = ParseCsv(text);
  EXPECT_THAT(csv, IsOk());
  std::vector<std::string> lines;
  for (const CsvLine& line : csv->lines) {
    lines.push_back(line.problem.empty() ? absl::StrCat(line.line, ": ", absl::StrJoin(line.fields, "|"))
                                         : absl::StrCat(line.line, "! ", line.problem));
  }
  return lines;
}

TEST(Csv, IsReadAsSpreadsheetsWriteIt) {
  const std::vector<std::string> expected = {"2: 1|two, three", "3: |4"};
  EXPECT_THAT(LinesOf("a,b\n1,\"two, three\"\n,4\n"), ElementsAre(expected[0], expected[1]));
  EXPECT_THAT(LinesOf("\xEF\xBB\xBF"
                      "a;b\r\n1;two, three\r\n;4"),
              ElementsAre(expected[0], expected[1]));
  EXPECT_THAT(LinesOf("a;b\n1; \"say \"\"hei\"\"\" \n"), ElementsAre("2: 1|say \"hei\""));
}

TEST(Csv, LeavesEmptyLinesOutAndCountsThemAll) {
  EXPECT_THAT(LinesOf("a;b\n\n1;\"2\nand\"\n;;\n\r\n3;4\n"), ElementsAre("3: 1|2\nand", "7: 3|4"));
}

TEST(Csv, ALineThatCannotBeReadDoesNotSpoilTheNext) {
  EXPECT_THAT(LinesOf("a;b\n1;\"never closed\n2;3\n4\n5;6;7\n8;x\"y\n9;\xE4\n10;11\n"),
              ElementsAre("2! has a quotation mark in the wrong place", "3: 2|3",
                          "4! has 1 fields and the header line 2", "5! has 3 fields and the header line 2",
                          "6! has a quotation mark in the wrong place", "7! is not UTF-8", "8: 10|11"));
  EXPECT_THAT(LinesOf("a;b\n1;\"never closed\n2;3"),
              ElementsAre("2! has a quotation mark that is never closed", "3: 2|3"));
}

TEST(Csv, NeedsAHeaderLineThatCanBeRead) {
  for (const char* wrong : {"", "\n1;2\n", "a;a\n", "a;\"b\n", "a;\xE4\n"}) {
    EXPECT_THAT(ParseCsv(wrong), StatusIs(absl::StatusCode::kInvalidArgument)) << wrong;
  }
}

TEST(SheetDates, AreIsoOrFinnish) {
  for (const char* text : {"2026-03-09", "9.3.2026", "09.03.2026"}) {
    const auto date = ParseSheetDate(text);
    ASSERT_THAT(date, IsOk()) << text;
    EXPECT_EQ(date->day(), 9);
    EXPECT_EQ(date->month(), 3);
  }
  for (const char* wrong : {"", "9.3.26", "31.2.2026", "3/9/2026", "9.3.", "9.3.2026 12:00", "..2026", "1.1.1.2026"}) {
    EXPECT_THAT(ParseSheetDate(wrong), StatusIs(absl::StatusCode::kInvalidArgument)) << wrong;
  }
}

std::string TextOf(const std::vector<Refusal>& refusals) {
  std::string text;
  for (const Refusal& refusal : refusals)
    absl::StrAppend(&text, refusal.line, " ", refusal.column, " ", refusal.reason, "\n");
  return text;
}

TEST(Columns, MayStandInAnyOrderButMustBeKnown) {
  const auto file =
      ReadAttendance("status;date;measure\npresent;9.3.2026;clients/0190d3a1-7c00-7000-8000-000000000001/measures/1\n");
  ASSERT_THAT(file, IsOk());
  ASSERT_THAT(file->rows, SizeIs(1));
  EXPECT_EQ(file->rows[0].message.status(), polku::follow_up::v1::ATTENDANCE_STATUS_PRESENT);
  EXPECT_THAT(ReadAttendance("status;date;measure;note\n"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("unknown column \"note\"")));
  EXPECT_THAT(ReadAttendance("status;measure\n"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("column date is missing")));
}

TEST(Journeys, PutTheLinesOfACaseTogetherAndNameWhatIsWrong) {
  const std::string client = "clients/0190d3a1-7c00-7000-8000-00000000000";
  const auto file = ReadJourneys(absl::StrCat(
      "client;case_number;watch_from;type;provider;start_date;end_date;started;sessions\n",  //
      client, "1;A-1;1.12.2026;work-trial;organisations/o;1.10.2026;31.3.2027;yes;mon 09:00-12:00, wed 09:00-12:00\n",
      client, "1;A-1;1.12.2026;club;organisations/p;1.11.2026;31.3.2027;no;\n",  //
      client, "2;A-1;1.12.2026;;;;;;\n",                                         // Another client's case.
      client, "3;A-3;soon;;;;;;\n",                                              //
      client, "4;A-4;1.12.2026;club;;1.11.2026;31.3.2027;;\n",                   //
      client, "5;A-5;1.12.2026;club;organisations/p;1.11.2026;31.3.2027;perhaps;noon\n"));
  ASSERT_THAT(file, IsOk());
  ASSERT_THAT(file->rows, SizeIs(1));
  EXPECT_EQ(file->rows[0].line, 2);
  ASSERT_THAT(file->rows[0].message.measures(), SizeIs(2));
  EXPECT_THAT(file->rows[0].message.measures(0).sessions(), SizeIs(2));
  EXPECT_FALSE(file->rows[0].message.measures(1).started());
  EXPECT_EQ(TextOf(file->refusals),
            "4 case_number says something else than line 2\n"
            "5 watch_from must be a day like 2026-03-09 or 9.3.2026\n"
            "6 provider is empty, and there is a measure\n"
            "7 started must be yes or no\n"
            "7 sessions must be like mon 09:00-12:00, wed 09:00-12:00\n");
}

TEST(Columns, AreThoseOfTheReadme) {
  const auto readme = ReadText(POLKU_POLKUCTL_README);
  ASSERT_THAT(readme, IsOk());
  for (const auto& columns : {ReferralColumns(), AttendanceColumns(), JourneyColumns()}) {
    size_t at = 0;
    for (const std::string& column : columns) {
      at = readme->find(absl::StrCat("\n| ", column, " |"), at);
      ASSERT_NE(at, std::string::npos) << column;
    }
  }
}

TEST(Examples, AreGood) {
  const auto referrals = ReadReferrals(*ReadText(absl::StrCat(POLKU_POLKUCTL_EXAMPLES, "/referrals.csv")));
  ASSERT_THAT(referrals, IsOk());
  EXPECT_THAT(referrals->rows, SizeIs(2));
  EXPECT_EQ(TextOf(referrals->refusals), "");
  const auto attendance = ReadAttendance(*ReadText(absl::StrCat(POLKU_POLKUCTL_EXAMPLES, "/attendance.csv")));
  ASSERT_THAT(attendance, IsOk());
  EXPECT_THAT(attendance->rows, SizeIs(2));
  EXPECT_EQ(TextOf(attendance->refusals), "");
}

constexpr char kReferralHeader[] = "receiving_unit;segment;needs;identity_code;birth_date;municipality;family_name\n";

TEST(Referrals, AreRefusedByColumnAndNeverRepeated) {
  const auto file = ReadReferrals(absl::StrCat(kReferralHeader,
                                               "unit;jobless;;131052-9086;1.13.1990;20x;Esimerkki\n"
                                               "organisations/u;unemployed;a b;;;;Esimerkki\n"
                                               "organisations/u;unemployed;a b;131052-9085;;5;Esimerkki\n"));
  ASSERT_THAT(file, IsOk());
  std::vector<std::string> wrong;
  for (const Refusal& refusal : file->refusals) wrong.push_back(absl::StrCat(refusal.line, " ", refusal.column));
  EXPECT_THAT(wrong, ElementsAre("2 receiving_unit", "2 segment", "2 needs", "2 identity_code", "2 birth_date",
                                 "2 municipality", "3 identity_code", "3 municipality"));
  for (const char* secret : {"131052", "9086", "Esimerkki", "jobless", "1.13.1990", "20x"}) {
    EXPECT_THAT(TextOf(file->refusals), Not(HasSubstr(secret)));
  }
  ASSERT_THAT(file->rows, SizeIs(1));
  EXPECT_EQ(file->rows[0].line, 4);
  EXPECT_THAT(file->rows[0].message.needs(), ElementsAre("a", "b"));
  EXPECT_EQ(file->rows[0].message.person().municipality(), "005");
}

TEST(RequestIds, AreUuidsOfTheContentUnderTheKey) {
  const std::string key(32, 'k');
  EXPECT_TRUE(IsUuid(RequestIdOf(key, "content")));
  EXPECT_EQ(RequestIdOf(key, "content"), RequestIdOf(key, "content"));
  EXPECT_NE(RequestIdOf(key, "content"), RequestIdOf(key, "corrected"));
  EXPECT_NE(RequestIdOf(key, "content"), RequestIdOf(std::string(32, 'l'), "content"));
}

TEST(KeyFiles, AreMadeOnceForTheOwnerAlone) {
  const testing::TemporaryFolder folder;
  const std::string path = absl::StrCat(folder.path(), "/key");
  SystemRandom random;
  const auto key = ReadOrMakeKey(path, random);
  ASSERT_THAT(key, IsOk());
  EXPECT_THAT(ReadOrMakeKey(path, random), IsOkAndHolds(*key));
  struct stat status;
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  std::ofstream(path) << "short";
  EXPECT_THAT(ReadOrMakeKey(path, random), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ReadOrMakeKey(absl::StrCat(folder.path(), "/none/key"), random), StatusIs(absl::StatusCode::kNotFound));
}

// Referrals and marks as the services keep them, as far as an import can tell.
class ServerScript : public polku::referral::v1::ReferralService::Service,
                     public polku::follow_up::v1::FollowUpService::Service {
 public:
  ServerScript() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(static_cast<polku::referral::v1::ReferralService::Service*>(this));
    builder.RegisterService(static_cast<polku::follow_up::v1::FollowUpService::Service*>(this));
    server_ = builder.BuildAndStart();
  }

  // Imports `text`; what was printed is in `out` and `err` then.
  int Import(const std::string& what, const std::string& text, std::vector<std::string> more = {}) {
    const std::string file = absl::StrCat(folder_.path(), "/file.csv");
    std::ofstream(file) << text;
    std::vector<std::string> arguments = {"--server", absl::StrCat("127.0.0.1:", port_), "import", what, file};
    if (what == "referrals") arguments.insert(arguments.end(), {"--key-file", absl::StrCat(folder_.path(), "/key")});
    arguments.insert(arguments.end(), more.begin(), more.end());
    out.str("");
    err.str("");
    return polkuctl::Run(arguments, out, err);
  }

  grpc::Status SubmitReferral(grpc::ServerContext*, const polku::referral::v1::SubmitReferralRequest* request,
                              polku::referral::v1::Referral* referral) override {
    ++calls;
    if (!refusal.ok()) return rpc::ToGrpc(refusal);
    const auto known = created.find(request->request_id());
    const int64_t time = known == created.end() ? static_cast<int64_t>(created.size()) + 1 : known->second;
    created[request->request_id()] = time;
    *referral = request->referral();
    referral->mutable_create_time()->set_seconds(time);
    return grpc::Status::OK;
  }
  grpc::Status ListReferrals(grpc::ServerContext*, const polku::referral::v1::ListReferralsRequest*,
                             polku::referral::v1::ListReferralsResponse* page) override {
    if (!created.empty()) {
      page->add_referrals()->mutable_create_time()->set_seconds(static_cast<int64_t>(created.size()));
    }
    return grpc::Status::OK;
  }
  grpc::Status RecordAttendance(grpc::ServerContext*, const polku::follow_up::v1::RecordAttendanceRequest* request,
                                polku::follow_up::v1::RecordAttendanceResponse* response) override {
    ++calls;
    for (const auto& mark : request->marks()) {
      const absl::Status status =
          mark.date().year() > 2026 ? InvalidField("marks[0].date", "must not be in the future") : refusal;
      *response->add_results() = rpc::ToGoogleStatus(status, "");
      const bool known = !marks.insert({mark.measure(), mark.date().day()}).second;
      if (status.ok() && known) response->add_unchanged(response->results_size() - 1);
    }
    return grpc::Status::OK;
  }

  absl::Status refusal;
  int calls = 0;
  std::map<std::string, int64_t> created;  // By request id.
  std::set<std::pair<std::string, int>> marks;
  std::ostringstream out;
  std::ostringstream err;

 private:
  const testing::TemporaryFolder folder_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

TEST(ImportReferrals, TakesTheGoodLinesAndTheSameFileOnce) {
  const std::string text = absl::StrCat(kReferralHeader,
                                        "organisations/u;unemployed;a;131052-9085;;205;\n"
                                        "organisations/u;unemployed;a;131052-9086;;205;\n"
                                        "organisations/u;unemployed;a;010190-900P;;205;\n"
                                        "organisations/u;unemployed;a;131052-9085;;205;\n");
  ServerScript server;
  EXPECT_EQ(server.Import("referrals", text), kRefused);
  EXPECT_EQ(server.out.str(), "imported=2 already=1 refused=1\n");
  EXPECT_THAT(server.err.str(), HasSubstr("line 3, column identity_code: "));
  EXPECT_EQ(server.Import("referrals", text), kRefused);
  EXPECT_EQ(server.out.str(), "imported=0 already=3 refused=1\n");
  EXPECT_THAT(server.created, SizeIs(2));
  // The corrected file, written by another program: only the corrected line is new.
  EXPECT_EQ(server.Import("referrals",
                          absl::StrReplaceAll(text, {{"131052-9086", "240285-913F"}, {"\n", "\r\n"}, {";", ","}})),
            kOk);
  EXPECT_EQ(server.out.str(), "imported=1 already=3 refused=0\n");
  EXPECT_THAT(server.created, SizeIs(3));
}

TEST(ImportReferrals, TellTheColumnThatTheServerRefuses) {
  ServerScript server;
  server.refusal = InvalidField("referral.needs[0]", "no such code");
  EXPECT_EQ(
      server.Import("referrals", absl::StrCat(kReferralHeader, "organisations/u;unemployed;a;131052-9085;;205;\n")),
      kRefused);
  EXPECT_EQ(server.err.str(), "line 2, column needs: no such code\n");
  EXPECT_EQ(server.out.str(), "imported=0 already=0 refused=1\n");
}

TEST(ImportReferrals, StopWhereNoLineWouldFareBetter) {
  const std::string text =
      absl::StrCat(kReferralHeader,
                   "organisations/u;unemployed;a;131052-9085;;205;\norganisations/u;unemployed;a;010190-900P;;205;\n");
  ServerScript server;
  server.refusal = absl::UnavailableError("away");
  EXPECT_EQ(server.Import("referrals", text), kUnreachable);
  EXPECT_THAT(server.err.str(), HasSubstr("stopped at line 2"));
  EXPECT_EQ(server.calls, 1);
  server.refusal = absl::PermissionDeniedError("no");
  EXPECT_EQ(server.Import("referrals", text), kRefused);
  EXPECT_EQ(server.calls, 2);
}

TEST(Import, SendsNothingInADryRunAndSaysSo) {
  ServerScript server;
  const std::string good =
      "measure;date;status\nclients/0190d3a1-7c00-7000-8000-000000000001/measures/1;9.3.2026;present\n";
  EXPECT_EQ(server.Import("attendance", good, {"--dry-run"}), kOk);
  EXPECT_EQ(server.out.str(), "good=1 already=0 refused=0\n");
  EXPECT_THAT(server.err.str(), HasSubstr("nothing was sent"));
  EXPECT_EQ(server.Import("referrals", absl::StrCat(kReferralHeader, "x;unemployed;a;;;205;\n"), {"--dry-run"}),
            kRefused);
  EXPECT_EQ(server.out.str(), "good=0 already=0 refused=1\n");
  EXPECT_EQ(server.calls, 0);
}

TEST(Import, IsWrongUsageWhenTheFileAsAWholeCannotBeTaken) {
  ServerScript server;
  EXPECT_EQ(server.Import("attendance", "measure;date;status;note\n"), kUsage);
  EXPECT_EQ(server.Import("attendance", "measure;date;status\n", {"--request-id", "x"}), kUsage);
  EXPECT_EQ(server.calls, 0);
}

TEST(ImportAttendance, GoesInBatchesAndAnswersEveryLine) {
  std::string text = "measure;date;status\n";
  for (int day = 1; day <= 5; ++day) {
    absl::StrAppend(&text, "clients/0190d3a1-7c00-7000-8000-000000000001/measures/1;", day, ".3.",
                    day == 3 ? 2027 : 2026, ";present\n");
  }
  ServerScript server;
  EXPECT_EQ(server.Import("attendance", text, {"--batch", "2"}), kRefused);
  EXPECT_EQ(server.calls, 3);
  EXPECT_EQ(server.out.str(), "imported=4 already=0 refused=1\n");
  EXPECT_EQ(server.err.str(), "line 4, column date: must not be in the future\n");
  EXPECT_EQ(server.Import("attendance", text, {"--json"}), kRefused);
  EXPECT_EQ(server.out.str(), "{\"imported\":0,\"already\":4,\"refused\":1}\n");
}

TEST(ImportAttendance, StopsWhenTheServerIsTooBusyForARow) {
  ServerScript server;
  server.refusal = absl::ResourceExhaustedError("too many commands are waiting");
  EXPECT_EQ(server.Import("attendance",
                          "measure;date;status\n"
                          "clients/0190d3a1-7c00-7000-8000-000000000001/measures/1;9.3.2026;present\n"),
            kRefused);
  EXPECT_THAT(server.err.str(), HasSubstr("stopped at line 2"));
  EXPECT_EQ(server.out.str(), "imported=0 already=0 refused=0\n");
}

}  // namespace
}  // namespace polku::polkuctl
