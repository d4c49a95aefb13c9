// What a service gives account of: the way of one request through all of them, and who did or saw what.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "libs/base/status_matchers.h"
#include "libs/pipeline/proto_time.h"
#include "tests/system/region.h"
#include "tools/polkuctl/session.h"

namespace polku::system_test {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kTrace[] = "4bf92f3577b34da6a3ce929d0e0e4736";
const std::string kParent = absl::StrCat("00-", kTrace, "-00f067aa0ba902b7-01");

struct Told {
  int exit_code = 0;
  std::string out;
  std::string err;
};

class Account : public ::testing::Test {
 protected:
  Told Polkuctl(const char* role, std::vector<std::string> words) {
    std::vector<std::string> all = {"--servers", ServerList(), "--organisation", "organisations/polku",
                                    "--user",    "u1",         "--role",         role};
    all.insert(all.end(), words.begin(), words.end());
    std::ostringstream out;
    std::ostringstream err;
    const int exit_code = polkuctl::Run(all, out, err);
    return {exit_code, out.str(), err.str()};
  }
  std::string ServerList() {
    std::string list;
    for (const auto& server : region_.servers()) {
      absl::StrAppend(&list, list.empty() ? "" : ",", "127.0.0.1:", server->grpc_port());
    }
    return list;
  }
  std::string Submitted() {
    const auto referral = region_.Call(&Referrals::SubmitReferral, kReferrer, region_.Referral());
    EXPECT_THAT(referral, IsOk());
    return referral->name();
  }
  // Accepted on behalf of the trace.
  std::string Accepted() {
    const std::string referral = Submitted();
    referral::v1::AcceptReferralRequest accept;
    accept.set_name(referral);
    accept.set_pathway("kainuu-unemployed");
    region_.traceparent = kParent;
    EXPECT_THAT(region_.Call(&Referrals::AcceptReferral, kIntake, accept), IsOk());
    region_.traceparent.clear();
    region_.Rest();
    return std::string(referral.substr(0, referral.find("/referrals/")));
  }
  std::vector<store::AuditRow> AuditOf(const char* service) {
    const auto reader = region_.pipeline(service).database().Read();
    EXPECT_THAT(reader, IsOk());
    const auto rows = (*reader)->ReadAudit("", 1000);
    EXPECT_THAT(rows, IsOk());
    return *rows;
  }

  Region region_;
};

TEST_F(Account, OfARequestIsTheSameTraceInAllServices) {
  region_.RegisterCoordinatorAndSource();
  const std::string client = Accepted();
  const Told told = Polkuctl("operator", {"trace", kTrace});
  ASSERT_EQ(told.exit_code, 0) << told.err;
  const std::vector<std::string> lines = absl::StrSplit(told.out, '\n', absl::SkipEmpty());
  ASSERT_GT(lines.size(), 4u) << told.out;
  EXPECT_THAT(lines[1], AllOf(HasSubstr(" referral "), HasSubstr(client)));
  for (const char* event : {"ReferralAccepted", "AssessmentOpened", "JourneyOpened", "CoordinatorAssigned"}) {
    EXPECT_THAT(told.out, HasSubstr(event));
  }
  for (const char* service : {" assessment ", " coordinator-network ", " follow-up "}) {
    EXPECT_THAT(told.out, HasSubstr(service));
  }
  // The request before had another one.
  EXPECT_THAT(told.out, Not(HasSubstr("ReferralReceived")));
  // The whole traceparent leads there, too, and whoever looked is written down.
  EXPECT_EQ(Polkuctl("operator", {"trace", kParent}).out, told.out);
  for (const char* service : {"referral", "assessment", "coordinator-network", "follow-up"}) {
    EXPECT_THAT(AuditOf(service),
                Contains(AllOf(Field(&store::AuditRow::action, "ListTracedEvents"),
                               Field(&store::AuditRow::resource, client), Field(&store::AuditRow::role, "operator"))))
        << service;
  }
}

TEST_F(Account, OfATraceIsForOperatorsAndNeedsItsId) {
  const Told refused = Polkuctl("lead", {"trace", kTrace});
  EXPECT_EQ(refused.exit_code, polkuctl::kRefused);
  EXPECT_THAT(refused.err, HasSubstr("ROLE_NOT_ALLOWED"));
  EXPECT_EQ(Polkuctl("operator", {"trace", "4bf92f35"}).exit_code, polkuctl::kRefused);
  const Told none = Polkuctl("operator", {"trace", kTrace});
  EXPECT_EQ(none.exit_code, 0);
  EXPECT_THAT(none.err, HasSubstr("none"));
}

TEST_F(Account, OfAClientNamesWhoDidAndSawWhatInEveryService) {
  const std::string client = region_.PlannedClient();
  follow_up::v1::GetJourneyRequest journey;
  journey.set_client(client);
  ASSERT_THAT(region_.Call(&FollowUps::GetJourney, kLead, journey), IsOk());
  coordinator_network::v1::GetAssignmentRequest assignment;
  assignment.set_client(client);
  ASSERT_THAT(region_.Call(&Coordinators::GetAssignment, kLead, assignment), IsOk());
  const Told told = Polkuctl("auditor", {"audit", "report", "--client", client, "--csv"});
  ASSERT_EQ(told.exit_code, 0) << told.err;
  EXPECT_THAT(told.out, HasSubstr("time,service,organisation,user,role,purpose,action,resource,outcome,request_id,"));
  for (const char* row :
       {",referral,organisations/sender,test-user,referrer,,", ",assessment,organisations/unit,",
        ",coordinator-network,organisations/unit,", ",follow-up,organisations/unit,test-user,lead,,GetJourney"}) {
    EXPECT_THAT(told.out, HasSubstr(row));
  }
  EXPECT_THAT(told.out, Not(HasSubstr("ListAuditRows")));
  // Whoever reads the audit stands in it.
  const Told again = Polkuctl("auditor", {"audit", "report", "--client", client, "--csv", "--service", "follow-up"});
  EXPECT_THAT(again.out, HasSubstr(",follow-up,organisations/polku,u1,auditor,,ListAuditRows"));
  EXPECT_THAT(again.out, Not(HasSubstr(",referral,")));
  EXPECT_THAT(Polkuctl("lead", {"audit", "report", "--client", client}).err, HasSubstr("ROLE_NOT_ALLOWED"));
}

// From what the services told each other; the figures are the steering report's own test.
TEST_F(Account, ToTheSteeringGroupCountsJourneysByWhatTheyAreOf) {
  region_.RegisterCoordinatorAndSource();
  for (int i = 0; i < 6; ++i) {
    referral::v1::SubmitReferralRequest request = region_.Referral();
    referral::v1::Person& person = *request.mutable_referral()->mutable_person();
    person.clear_identity_code();
    person.set_family_name(absl::StrCat("Canary", i));
    person.set_given_names("Eeva");
    *person.mutable_birth_date() = pipeline::ToProtoDay(absl::CivilDay(1952, 10, 13) + i);
    const auto submitted = region_.Call(&Referrals::SubmitReferral, kReferrer, request);
    ASSERT_THAT(submitted, IsOk());
    referral::v1::AcceptReferralRequest accept;
    accept.set_name(submitted->name());
    accept.set_pathway("kainuu-unemployed");
    ASSERT_THAT(region_.Call(&Referrals::AcceptReferral, kIntake, accept), IsOk());
  }
  region_.Rest();
  follow_up::v1::GetSteeringReportRequest request;
  *request.mutable_first_day() = pipeline::ToProtoDay(absl::CivilDay(2026, 3, 2));
  *request.mutable_last_day() = pipeline::ToProtoDay(absl::CivilDay(2026, 3, 2));
  request.set_group_by(follow_up::v1::REPORT_GROUP_PATHWAY);
  const auto report = region_.Call(&FollowUps::GetSteeringReport, kLead, request);
  ASSERT_THAT(report, IsOk());
  ASSERT_EQ(report->rows_size(), 2);
  EXPECT_EQ(report->rows(0).opened(), 6);
  EXPECT_EQ(report->rows(1).group(), "kainuu-unemployed");
  EXPECT_EQ(report->rows(1).opened(), 6);
  EXPECT_TRUE(report->rows(1).has_assessed());
  EXPECT_EQ(report->rows(1).assessed(), 0);
}

TEST_F(Account, OfMoreThanTwoYearsAgoNeedsAReasonWhichIsKept) {
  const std::string client = region_.AcceptedClient();
  region_.MoveTo(absl::CivilDay(2028, 4, 3), 8);
  const Told recent = Polkuctl("auditor", {"audit", "report", "--client", client, "--csv", "--service", "referral"});
  EXPECT_THAT(recent.out, Not(HasSubstr("SubmitReferral"))) << recent.err;
  std::vector<std::string> older = {"audit", "report", "--client", client, "--from", "2026-01-01", "--csv"};
  const Told refused = Polkuctl("auditor", older);
  EXPECT_EQ(refused.exit_code, polkuctl::kRefused);
  EXPECT_THAT(refused.err, HasSubstr("reason"));
  older.insert(older.end(), {"--reason", "own-rights"});
  const Told told = Polkuctl("auditor", older);
  ASSERT_EQ(told.exit_code, 0) << told.err;
  EXPECT_THAT(told.out, HasSubstr("SubmitReferral"));
  EXPECT_EQ(AuditOf("referral").front().outcome, "view:own-rights");
}

TEST_F(Account, ThatSomebodyChangedIsFoundAndTheRowIsNamed) {
  region_.AcceptedClient();
  region_.MoveTo(absl::CivilDay(2026, 3, 3), 8);
  region_.Close();  // Writes the last checkpoints.
  region_.Open();
  const std::string checkpoints = region_.config().audit_folder;
  const Told whole = Polkuctl("auditor", {"audit", "verify", "--checkpoints", checkpoints});
  ASSERT_EQ(whole.exit_code, 0) << whole.out << whole.err;
  for (const char* service : {"referral", "assessment", "coordinator-network", "follow-up"}) {
    EXPECT_THAT(whole.out, HasSubstr(absl::StrCat(service, ": whole, ")));
  }
  sqlite3* file = nullptr;
  ASSERT_EQ(sqlite3_open(absl::StrCat(region_.folder(), "/referral.db").c_str(), &file), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(file, "UPDATE audit SET user = 'somebody-else' WHERE id = 2", nullptr, nullptr, nullptr),
            SQLITE_OK);
  sqlite3_close(file);
  const Told changed = Polkuctl("auditor", {"audit", "verify", "--checkpoints", checkpoints});
  EXPECT_EQ(changed.exit_code, polkuctl::kRefused);
  EXPECT_THAT(changed.out, AllOf(HasSubstr("referral: row 2 was changed"), HasSubstr("follow-up: whole")));
}

TEST_F(Account, WhoseEndWasCutOffIsFoundByTheCheckpoint) {
  region_.AcceptedClient();
  region_.MoveTo(absl::CivilDay(2026, 3, 3), 8);
  region_.Close();
  sqlite3* file = nullptr;
  ASSERT_EQ(sqlite3_open(absl::StrCat(region_.folder(), "/referral.db").c_str(), &file), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(file, "DELETE FROM audit; DELETE FROM audit_seal; DELETE FROM audit_unsealed", nullptr,
                         nullptr, nullptr),
            SQLITE_OK);
  sqlite3_close(file);
  region_.Open();
  const Told blind = Polkuctl("auditor", {"audit", "verify", "--service", "referral"});
  EXPECT_EQ(blind.exit_code, 0) << blind.out;
  EXPECT_THAT(blind.err, HasSubstr("a cut end is not seen"));
  const Told cut =
      Polkuctl("auditor", {"audit", "verify", "--service", "referral", "--checkpoints", region_.config().audit_folder});
  EXPECT_EQ(cut.exit_code, polkuctl::kRefused);
  EXPECT_THAT(cut.out, HasSubstr("the end was cut off"));
}

TEST_F(Account, OfWhatWasKeptLongEnoughIsCutAndTheRestStillVerifies) {
  Submitted();
  region_.MoveTo(absl::CivilDay(2026, 3, 3), 8);
  region_.Close();  // Writes the last checkpoints.
  region_.Open();
  region_.MoveTo(absl::CivilDay(2038, 6, 1), 8);
  Submitted();
  region_.MoveTo(absl::CivilDay(2038, 6, 2), 8);
  const auto cut = [&](const char* role, const char* before) {
    return Polkuctl(role, {"audit", "cut", "--before", before, "--service", "referral"});
  };
  EXPECT_THAT(cut("lead", "2026-03-10").err, HasSubstr("ROLE_NOT_ALLOWED"));
  const Told early = cut("auditor", "2027-01-01");
  EXPECT_EQ(early.exit_code, polkuctl::kRefused);
  EXPECT_THAT(early.err, AllOf(HasSubstr("before_time"), HasSubstr("audit.kept_years"), HasSubstr("2026-06-02")));
  const Told done = cut("auditor", "2026-03-10");
  ASSERT_EQ(done.exit_code, 0) << done.err;
  EXPECT_THAT(done.out, HasSubstr("referral: 1 rows cut"));
  const std::vector<store::AuditRow> rows = AuditOf("referral");
  EXPECT_EQ(std::count_if(rows.begin(), rows.end(),
                          [](const store::AuditRow& row) { return absl::EndsWith(row.action, "/SubmitReferral"); }),
            1);  // The other one is gone, and who has cut it is there.
  EXPECT_THAT(rows, Contains(AllOf(Field(&store::AuditRow::action, "CutAudit"), Field(&store::AuditRow::user, "u1"),
                                   Field(&store::AuditRow::resource, "services/referral/audit-cuts/1"))));
  const auto verified = [&] {
    return Polkuctl("auditor",
                    {"audit", "verify", "--service", "referral", "--checkpoints", region_.config().audit_folder});
  };
  const Told whole = verified();
  EXPECT_EQ(whole.exit_code, 0) << whole.out << whole.err;
  EXPECT_THAT(whole.out, AllOf(HasSubstr("referral: whole"), HasSubstr("1 from before 2026-03-10 were cut")));
  EXPECT_THAT(cut("auditor", "2026-03-10").out, HasSubstr("referral: 0 rows cut"));
  // A report that may lack rows says so.
  const Told report = Polkuctl("auditor", {"audit", "report", "--client", "clients/none", "--from", "2026-01-01",
                                           "--reason", "authority", "--service", "referral"});
  EXPECT_THAT(report.err, HasSubstr("rows from before 2026-03-10 were cut"));
  sqlite3* file = nullptr;
  ASSERT_EQ(sqlite3_open(absl::StrCat(region_.folder(), "/referral.db").c_str(), &file), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(file, "UPDATE audit_cut SET before_time = before_time + 1 WHERE number = 1", nullptr, nullptr,
                         nullptr),
            SQLITE_OK);
  sqlite3_close(file);
  const Told forged = verified();
  EXPECT_EQ(forged.exit_code, polkuctl::kRefused);
  EXPECT_THAT(forged.out, HasSubstr("the cut up to seal 1 is not signed by the service"));
}

}  // namespace
}  // namespace polku::system_test
