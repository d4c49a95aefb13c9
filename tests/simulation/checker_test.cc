// A checker that finds nothing proves nothing: each fault planted here must be named by it.
#include "tests/simulation/checker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/base/status_matchers.h"
#include "libs/base/violation.h"
#include "libs/pipeline/feed.h"
#include "libs/pipeline/proto_time.h"
#include "libs/pipeline/wire.h"
#include "polku/coordinator_network/v1/state.pb.h"
#include "polku/follow_up/v1/state.pb.h"
#include "polku/referral/v1/events.pb.h"
#include "polku/referral/v1/state.pb.h"
#include "tests/simulation/assignments.h"
#include "tests/simulation/driver.h"
#include "tests/simulation/feeds.h"
#include "tests/simulation/files.h"
#include "tests/simulation/merges.h"
#include "tests/simulation/naive_referrals.h"
#include "tests/simulation/naive_rules.h"
#include "tests/simulation/transfers.h"

namespace polku::simulation {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

// A world in which a small scenario has been played without faults.
class CheckerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    driver_ = std::make_unique<Driver>(world_, scenario_, false, [](Driver&) { return absl::OkStatus(); });
    ASSERT_THAT(driver_->Run(), IsOk());
    ASSERT_THAT(Check(), IsEmpty());
    ASSERT_THAT(CheckNames(world_), IsEmpty());
    ASSERT_THAT(CompareWithNaiveRules(*picture_, world_.clock().Now()), IsEmpty());
  }

  std::vector<std::string> Check() {
    picture_ = std::make_unique<Picture>();
    return CheckAtRest(world_, driver_->history(), *picture_);
  }

  void Change(int service, const std::function<absl::Status(store::Transaction&)>& change) {
    auto transaction = world_.database(service).Begin();
    ASSERT_THAT(transaction, IsOk());
    ASSERT_THAT(change(**transaction), IsOk());
    ASSERT_THAT((*transaction)->Commit(), IsOk());
  }

  // Behind the back of the store.
  void Doctor(int service, const std::string& sql) {
    SeededRandom random(1);
    world_.Crash(random);
    sqlite3* db = nullptr;
    const std::string path = absl::StrCat(NameOf(service), ".db");
    ASSERT_EQ(sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READWRITE, world_.disk().name().c_str()), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
    EXPECT_GT(sqlite3_total_changes(db), 0) << sql;
    sqlite3_close(db);
    ASSERT_THAT(world_.Start(), IsOk());
  }

  void Publish(int service, const store::JournalRow& row) {
    auto producer = world_.bus().NewProducer();
    ASSERT_THAT(producer, IsOk());
    const bus::Message message = pipeline::EncodeEvent(NameOf(service), world_.database(service).epoch(), row);
    ASSERT_THAT((*producer)->Publish({&message, 1})[0], IsOk());
  }

  store::JournalRow LastPublic(int service) {
    store::JournalRow last;
    for (const store::JournalRow& row : picture_->services[static_cast<size_t>(service)].journal) {
      if (row.public_version > 0) last = row;
    }
    return last;
  }

  const Scenario scenario_ = MakeScenario(4, {.clients = 8, .days = 80});
  World world_{"checker", 1, scenario_.begin, 2};
  std::unique_ptr<Driver> driver_;
  std::unique_ptr<Picture> picture_;
};

TEST_F(CheckerTest, FindsALostCommand) {
  Doctor(kFollowUp, "DELETE FROM request WHERE rowid = (SELECT MAX(rowid) FROM request)");
  EXPECT_THAT(Check(), Contains(StartsWith("I1: acknowledged, but forgotten")));
}

TEST_F(CheckerTest, FindsAnEventThatWasNeverPublished) {
  store::JournalRow row = LastPublic(kFollowUp);
  ++row.version;
  ++row.public_version;
  const auto& aggregate = picture_->services[kFollowUp].aggregates.at(row.key);
  row.version = aggregate.version + 1;
  row.public_version = aggregate.public_version + 1;
  Change(kFollowUp, [&](store::Transaction& transaction) -> absl::Status {
    store::AggregateWrite write{aggregate.version, aggregate};
    write.aggregate.version = row.version;
    write.aggregate.public_version = row.public_version;
    RETURN_IF_ERROR(transaction.AppendJournal({&row, 1}));
    return transaction.Save({&write, 1});
  });
  const std::vector<std::string> faults = Check();
  EXPECT_THAT(faults, Contains(StartsWith("I1: follow-up never published")));
  EXPECT_THAT(faults, Contains(StartsWith("I1: follow-up: not published")));
  EXPECT_THAT(faults, Contains(HasSubstr("is not what its journal says")));
}

TEST_F(CheckerTest, FindsAPhantomOnTheBus) {
  store::JournalRow row = LastPublic(kFollowUp);
  row.key = ClientName(999);
  row.public_version = 1;
  Publish(kFollowUp, row);
  EXPECT_THAT(Check(), Contains(StartsWith("I2: nobody decided")));
}

TEST_F(CheckerTest, FindsARecordWithOtherContent) {
  store::JournalRow row = LastPublic(kFollowUp);
  row.payload.clear();
  Publish(kFollowUp, row);
  EXPECT_THAT(Check(), Contains(StartsWith("I2: nobody decided")));
}

TEST_F(CheckerTest, FindsASecondTaskForOneInterruption) {
  store::JournalRow twice;
  for (const store::JournalRow& row : picture_->services[kCoordinatorNetwork].journal) {
    polku::coordinator_network::v1::TaskAdded added;
    if (row.type == "polku.coordinator_network.v1.TaskAdded" && added.ParseFromString(row.payload) &&
        added.task().kind() == polku::coordinator_network::v1::TASK_KIND_OUTREACH) {
      twice = row;
    }
  }
  ASSERT_FALSE(twice.key.empty());
  const auto& aggregate = picture_->services[kCoordinatorNetwork].aggregates.at(twice.key);
  twice.version = aggregate.version + 1;
  Change(kCoordinatorNetwork, [&](store::Transaction& transaction) -> absl::Status {
    store::AggregateWrite write{aggregate.version, aggregate};
    write.aggregate.version = twice.version;
    RETURN_IF_ERROR(transaction.AppendJournal({&twice, 1}));
    return transaction.Save({&write, 1});
  });
  EXPECT_THAT(Check(), Contains(StartsWith("I3: two outreach tasks")));
}

TEST_F(CheckerTest, FindsARungThatWasCalledTwice) {
  const auto& journal = picture_->services[kFollowUp].journal;
  const auto escalated = std::find_if(journal.begin(), journal.end(), [this](const store::JournalRow& row) {
    return row.type == "polku.follow_up.v1.OutreachEscalated" &&
           picture_->services[kFollowUp].aggregates.contains(row.key);
  });
  ASSERT_NE(escalated, journal.end());
  store::JournalRow twice = *escalated;
  const auto& aggregate = picture_->services[kFollowUp].aggregates.at(twice.key);
  twice.version = aggregate.version + 1;
  twice.public_version = aggregate.public_version + 1;
  Change(kFollowUp, [&](store::Transaction& transaction) -> absl::Status {
    store::AggregateWrite write{aggregate.version, aggregate};
    write.aggregate.version = twice.version;
    write.aggregate.public_version = twice.public_version;
    RETURN_IF_ERROR(transaction.AppendJournal({&twice, 1}));
    return transaction.Save({&write, 1});
  });
  EXPECT_THAT(Check(), Contains(StartsWith("I3: escalated twice")));
}

TEST_F(CheckerTest, FindsWhoStillRemembersSomebodyErased) {
  const std::string key = picture_->services[kAssessment].states.begin()->first;
  const auto& aggregate = picture_->services[kReferral].aggregates.at(key);
  Change(kReferral, [&](store::Transaction& transaction) {
    const store::Erasure erasure{.key = key, .first_version = aggregate.version};
    return transaction.AppendErasures({&erasure, 1});
  });
  ASSERT_THAT(world_.database(kReferral).DestroyKeys({&key, 1}), IsOk());
  const std::vector<std::string> faults = Check();
  EXPECT_THAT(faults, Contains(StartsWith("I1: an erasure waits")));
  EXPECT_THAT(faults, Contains(StartsWith("I1: assessment still remembers")));
}

TEST_F(CheckerTest, FindsANameInPlain) {
  Doctor(kFollowUp, "UPDATE audit SET resource = 'Kanarialintu' WHERE rowid = (SELECT MAX(rowid) FROM audit)");
  EXPECT_THAT(CheckNames(world_), Contains(StartsWith("I11: follow-up.db")));
}

// Doctored journals, for what the corridor would refuse to write.
TEST_F(CheckerTest, FindsACoordinatorWithMoreClientsThanPlaces) {
  ASSERT_THAT(CheckAssignments(*picture_), IsEmpty());
  auto& journal = picture_->services[kCoordinatorNetwork].journal;
  polku::coordinator_network::v1::PlaceReserved reserved;
  const auto row = std::find_if(journal.begin(), journal.end(),
                                [&](const store::JournalRow& each) { return each.type == reserved.GetTypeName(); });
  ASSERT_NE(row, journal.end());
  store::JournalRow again = *row;
  for (int i = 0; i < 20; ++i) {
    reserved.set_client(ClientName(500 + i));
    again.payload = reserved.SerializeAsString();
    journal.push_back(again);
  }
  EXPECT_THAT(CheckAssignments(*picture_), Contains(HasSubstr("beyond")));
}

TEST_F(CheckerTest, FindsAProposalOfSomebodyWhoCannotTakeTheClient) {
  auto& journal = picture_->services[kCoordinatorNetwork].journal;
  polku::coordinator_network::v1::CoordinatorAssigned assigned;
  const auto row = std::find_if(journal.rbegin(), journal.rend(),
                                [&](const store::JournalRow& each) { return each.type == assigned.GetTypeName(); });
  ASSERT_NE(row, journal.rend());
  assigned.set_coordinator("coordinators/c3");
  row->payload = assigned.SerializeAsString();
  EXPECT_THAT(CheckAssignments(*picture_), Contains(HasSubstr("cannot take them")));
}

TEST_F(CheckerTest, FindsALostPlaceAndAPlaceForNobody) {
  bool first = true;
  for (const auto& [key, state] : picture_->services[kCoordinatorNetwork].states) {
    auto* client = dynamic_cast<polku::coordinator_network::v1::ClientSupport*>(state.get());
    if (client == nullptr || !client->open()) continue;
    client->mutable_tasks()->Clear();
    client->mutable_assignment()->set_coordinator("coordinators/c3");
    if (first) client->mutable_assignment()->set_state(polku::coordinator_network::v1::ASSIGNMENT_STATE_PROPOSED);
    first = false;
  }
  const std::vector<std::string> faults = CheckAssignments(*picture_);
  EXPECT_THAT(faults, Contains(HasSubstr("has no place for them")));
  EXPECT_THAT(faults, Contains(HasSubstr("holds a place for nobody")));
  EXPECT_THAT(faults, Contains(HasSubstr("nobody is asked")));
}

TEST_F(CheckerTest, FindsAMergedClientWhomNobodyKnowsAndALostReferral) {
  ASSERT_THAT(CheckMerges(*picture_), IsEmpty());
  polku::referral::v1::Client* merged = nullptr;
  for (const auto& [key, state] : picture_->services[kReferral].states) {
    auto* client = dynamic_cast<polku::referral::v1::Client*>(state.get());
    if (client != nullptr && client->referrals_size() > 0) merged = client;
  }
  ASSERT_NE(merged, nullptr);
  merged->mutable_referrals()->Clear();
  merged->set_merged_into(ClientName(999));
  const std::vector<std::string> faults = CheckMerges(*picture_);
  EXPECT_THAT(faults, Contains(HasSubstr("which does not know it")));
  EXPECT_THAT(faults, Contains(HasSubstr("is had by 0 clients")));
}

TEST_F(CheckerTest, FindsAJourneyThatBelongsToNoReferral) {
  for (const auto& [key, state] : picture_->services[kFollowUp].states) {
    auto* journey = dynamic_cast<polku::follow_up::v1::JourneyRecord*>(state.get());
    if (journey != nullptr) journey->set_open(!journey->open());
  }
  EXPECT_THAT(CheckMerges(*picture_), Contains(HasSubstr("but the journey is closed")));
}

TEST_F(CheckerTest, FindsWhoIsNotKnownToHaveMovedAway) {
  polku::referral::v1::ClientTransferred transferred;
  *transferred.mutable_transfer_time() = pipeline::ToProto(world_.clock().Now());
  for (const auto& [key, state] : picture_->services[kFollowUp].states) {
    const auto* journey = dynamic_cast<const polku::follow_up::v1::JourneyRecord*>(state.get());
    if (journey == nullptr || !journey->open()) continue;
    store::JournalRow row;
    row.key = key;
    row.type = transferred.GetTypeName();
    row.payload = transferred.SerializeAsString();
    picture_->services[kReferral].journal.push_back(row);
    break;
  }
  EXPECT_THAT(CheckTransfers(*picture_), ElementsAre(HasSubstr("is not known to have moved away")));
}

TEST_F(CheckerTest, FindsASkippedVersion) {
  store::JournalRow row = LastPublic(kFollowUp);
  const auto& aggregate = picture_->services[kFollowUp].aggregates.at(row.key);
  row.version = aggregate.version + 1;
  row.public_version = aggregate.public_version + 2;
  Change(kFollowUp, [&](store::Transaction& transaction) -> absl::Status {
    store::AggregateWrite write{aggregate.version, aggregate};
    write.aggregate.version = row.version;
    write.aggregate.public_version = row.public_version;
    RETURN_IF_ERROR(transaction.AppendJournal({&row, 1}));
    return transaction.Save({&write, 1});
  });
  Publish(kFollowUp, row);
  const std::vector<std::string> faults = Check();
  EXPECT_THAT(faults, Contains(HasSubstr("instead of")));
  EXPECT_THAT(faults, Contains(HasSubstr("on the bus")));
}

TEST_F(CheckerTest, FindsASubscriberThatIsBehind) {
  Doctor(kFollowUp, "UPDATE source_version SET last = last - 1 WHERE last > 0");
  EXPECT_THAT(Check(), Contains(StartsWith("I4: follow-up knows")));
}

TEST_F(CheckerTest, FindsAnotherOutcome) {
  const std::map<std::string, std::string> outcomes = OutcomesOf(*picture_);
  std::map<std::string, std::string> changed = outcomes;
  changed.begin()->second += "interruption";
  EXPECT_THAT(CompareOutcomes(outcomes, outcomes), IsEmpty());
  EXPECT_THAT(CompareOutcomes(outcomes, changed), Contains(StartsWith("I6: ")));
  changed.erase(changed.begin());
  EXPECT_THAT(CompareOutcomes(outcomes, changed), Contains(HasSubstr("is missing")));
}

TEST_F(CheckerTest, FindsALostAuditRow) {
  Doctor(kFollowUp, "DELETE FROM audit WHERE rowid = (SELECT MAX(rowid) FROM audit WHERE outcome = 'change')");
  const std::vector<std::string> faults = Check();
  EXPECT_THAT(faults, Contains(StartsWith("I5: follow-up: no audit row of")));
}

TEST_F(CheckerTest, FindsAChangeOfARefusedCommand) {
  History refused;
  for (Answer answer : driver_->history().answers) {
    if (answer.service == kReferral && answer.status.ok()) answer.status = absl::FailedPreconditionError("no");
    refused.answers.push_back(answer);
  }
  Doctor(kReferral, "DELETE FROM audit WHERE outcome = 'change'");
  EXPECT_THAT(CheckAtRest(world_, refused, *picture_),
              Contains(StartsWith("I5: referral: a change without audit row")));
}

TEST_F(CheckerTest, FindsAnAuditRowOfRolledBackWork) {
  store::AuditRow row;
  row.action = "polku.follow_up.v1.FollowUpService/StartMeasure";
  row.resource = ClientName(1);
  row.outcome = "change";
  row.request_id = RequestId(scenario_.seed, "of nobody");
  Change(kFollowUp, [&](store::Transaction& transaction) { return transaction.AppendAudit({&row, 1}); });
  EXPECT_THAT(Check(), Contains(StartsWith("I5: follow-up: a row for nothing")));
}

TEST_F(CheckerTest, FindsTwoAuditRowsOfOneView) {
  const std::vector<View>& views = driver_->history().views;
  const auto view = std::find_if(views.begin(), views.end(), [](const View& each) { return each.kept; });
  ASSERT_NE(view, views.end());
  Doctor(view->service,
         "INSERT INTO audit SELECT NULL, time, organisation, user, role, purpose, action, resource, outcome, "
         "request_id, traceparent FROM audit WHERE outcome = 'view' LIMIT 1");
  EXPECT_THAT(Check(), Contains(HasSubstr(": a row for nothing, or a second one: view")));
}

TEST_F(CheckerTest, FindsAnAuditRowThatSaysSomethingElseThanBefore) {
  Doctor(kFollowUp, "UPDATE audit SET user = 'somebody' WHERE id = (SELECT MAX(id) FROM audit) - 1");
  EXPECT_THAT(Check(), Contains(StartsWith("I5: follow-up: the chain breaks at row ")));
}

TEST(CheckAnswers, FindsCodesThatNobodyDocumented) {
  const auto faults = [](const absl::Status& status) {
    History history;
    history.answers.push_back({.status = status});
    return CheckAnswers(history);
  };
  EXPECT_THAT(faults(absl::OkStatus()), IsEmpty());
  EXPECT_THAT(faults(InvalidField("name", "required")), IsEmpty());
  EXPECT_THAT(faults(absl::NotFoundError("gone")), IsEmpty());
  EXPECT_THAT(faults(absl::InternalError("bug")), Contains(StartsWith("I8: ")));
  EXPECT_THAT(faults(absl::CancelledError("")), Contains(StartsWith("I8: ")));
  EXPECT_THAT(faults(absl::InvalidArgumentError("something")), Contains(HasSubstr("names no field")));
  EXPECT_THAT(faults(absl::FailedPreconditionError("state")), Contains(HasSubstr("has no reason")));
  EXPECT_THAT(faults(absl::ResourceExhaustedError("full")), Contains(HasSubstr("neither why nor when")));
}

TEST(CheckAnswers, FindsAnotherAnswerToTheSameRequest) {
  using Content = Answer::Content;
  const absl::Status reused = WithReason(absl::AlreadyExistsError("other content"), "REQUEST_ID_REUSED");
  const auto faults = [](Content content, const absl::Status& status, const std::string& reply) {
    History history;
    history.answers.push_back({.reply = "first"});
    history.answers.push_back({.content = content, .status = status, .reply = reply});
    return CheckAnswers(history);
  };
  EXPECT_THAT(faults(Content::kSame, absl::OkStatus(), "first"), IsEmpty());
  EXPECT_THAT(faults(Content::kAltered, reused, ""), IsEmpty());
  EXPECT_THAT(faults(Content::kSame, absl::OkStatus(), "second"), Contains(HasSubstr("another answer")));
  EXPECT_THAT(faults(Content::kSame, reused, ""), Contains(HasSubstr("another answer")));
  EXPECT_THAT(faults(Content::kAltered, absl::OkStatus(), "first"), Contains(HasSubstr("other content")));
}

TEST_F(CheckerTest, FindsALostDeadLetter) {
  Doctor(kFollowUp, "DELETE FROM dead_letter WHERE id = (SELECT MAX(id) FROM dead_letter)");
  EXPECT_THAT(Check(), ElementsAre(StartsWith("I10: no dead letter of polku.provider.")));
}

TEST_F(CheckerTest, FindsASecondDeadLetterOfOneRecord) {
  std::vector<store::DeadLetterRow> again = picture_->services[kFollowUp].dead_letters;
  again.resize(1);
  Change(kFollowUp, [&](store::Transaction& transaction) { return transaction.AddDeadLetters(again); });
  EXPECT_THAT(Check(), ElementsAre(StartsWith("I10: a dead letter for nothing, or a second one")));
}

TEST_F(CheckerTest, FindsADeadLetterOfARecordThatIsGood) {
  const auto& publications = driver_->history().publications;
  const auto good = std::find_if(picture_->foreign.begin(), picture_->foreign.end(), [&](const bus::Record& record) {
    return publications[std::stoul(record.key)].flaw.empty();
  });
  ASSERT_NE(good, picture_->foreign.end());
  std::vector<store::DeadLetterRow> letters = picture_->services[kFollowUp].dead_letters;
  letters.resize(1);
  letters[0].record.source = letters[0].record.topic = good->from.topic;
  letters[0].record.offset = good->offset;
  Change(kFollowUp, [&](store::Transaction& transaction) { return transaction.AddDeadLetters(letters); });
  EXPECT_THAT(Check(), ElementsAre(StartsWith("I10: a dead letter for nothing, or a second one")));
}

TEST_F(CheckerTest, FindsADeadLetterThatSaysSomethingElse) {
  Doctor(kFollowUp, "UPDATE dead_letter SET reason = 'bad luck' WHERE id = (SELECT MAX(id) FROM dead_letter)");
  EXPECT_THAT(Check(), ElementsAre(StartsWith("I10: a dead letter says bad luck instead of")));
}

TEST_F(CheckerTest, FindsADeadLetterOfAnEvent) {
  std::vector<store::DeadLetterRow> letter(1);
  letter[0].record.source = NameOf(kFollowUp);
  letter[0].record.topic = pipeline::TopicOf(NameOf(kFollowUp));
  Change(kReferral, [&](store::Transaction& transaction) { return transaction.AddDeadLetters(letter); });
  EXPECT_THAT(CheckQuickly(world_), Contains(StartsWith("I10: referral: dead letter")));
}

// Behind a bad record, say.
TEST_F(CheckerTest, FindsAProvidersRecordThatWasPassedOverOrTakenTwice) {
  ASSERT_THAT(CheckFeeds(*picture_, driver_->history()), IsEmpty());
  auto& journal = picture_->services[kFollowUp].journal;
  const std::string heartbeat = "polku.follow_up.v1.SourceReported";
  const auto last = std::find_if(journal.rbegin(), journal.rend(), [&](const store::JournalRow& row) {
    return row.type == heartbeat && (row.key == "sources/s2" || row.key == "sources/s3");
  });
  ASSERT_NE(last, journal.rend());
  const store::JournalRow row = *last;
  journal.push_back(row);
  EXPECT_THAT(CheckFeeds(*picture_, driver_->history()), ElementsAre(HasSubstr("taken twice: heartbeat of")));
  std::erase_if(journal, [&](const store::JournalRow& each) { return each.type == row.type && each.key == row.key; });
  EXPECT_THAT(CheckFeeds(*picture_, driver_->history()), ElementsAre(HasSubstr("had no effect: heartbeat of")));
}

TEST_F(CheckerTest, FindsAMarkThatAProviderDidNotTell) {
  for (store::JournalRow& row : picture_->services[kFollowUp].journal) {
    polku::follow_up::v1::AttendanceRecorded recorded;
    if (row.type != recorded.GetTypeName() || !recorded.ParseFromString(row.payload)) continue;
    recorded.mutable_mark()->set_minutes(1);
    row.payload = recorded.SerializeAsString();
  }
  const std::vector<std::string> faults = CheckFeeds(*picture_, driver_->history());
  EXPECT_THAT(faults, Contains(HasSubstr("nobody wrote this, or it was taken twice: mark of")));
  EXPECT_THAT(faults, Contains(HasSubstr("had no effect: mark of")));
}

TEST_F(CheckerTest, FindsARecordThatNoProviderWrote) {
  auto producer = world_.bus().NewProducer();
  ASSERT_THAT(producer, IsOk());
  const bus::Message message{pipeline::ProviderTopicOf(Feeders()[0]), "0", "noise", {}};
  ASSERT_THAT((*producer)->Publish({&message, 1})[0], IsOk());
  EXPECT_THAT(Check(), ElementsAre(StartsWith("I2: no provider wrote")));
}

TEST_F(CheckerTest, FindsWordsOfAProviderThatWereKept) {
  Doctor(kFollowUp, "UPDATE dead_letter SET reason = 'kottarainen' WHERE id = (SELECT MAX(id) FROM dead_letter)");
  EXPECT_THAT(CheckNames(world_), Contains(StartsWith("I11: follow-up.db")));
  Picture::Service& kept = picture_->services[kFollowUp];
  kept.journal.back().payload += kFeedCanary;
  kept.dead_letters.back().record.payload += kFeedCanary;
  const std::vector<std::string> faults = CheckFeeds(*picture_, driver_->history());
  EXPECT_THAT(faults, Contains(StartsWith("I11: a provider's words are in an event of")));
  EXPECT_THAT(faults, Contains(StartsWith("I11: a provider's words are in a dead letter of")));
}

TEST_F(CheckerTest, FindsAnOverdueTimer) {
  Doctor(kFollowUp, "UPDATE aggregate SET due_at = 1 WHERE due_at IS NOT NULL");
  EXPECT_THAT(CheckQuickly(world_), Contains(StartsWith("I7: follow-up: overdue")));
}

TEST_F(CheckerTest, FindsBookkeepingThatGrows) {
  Doctor(kFollowUp, "UPDATE request SET time = 1 WHERE rowid = (SELECT MAX(rowid) FROM request)");
  EXPECT_THAT(CheckQuickly(world_), Contains(StartsWith("I9: follow-up: 1 old requests")));
}

TEST_F(CheckerTest, FindsAFileThatStaysOpen) {
  const int64_t files = FilesOfProcess();
  std::FILE* file = std::fopen("/dev/null", "r");
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open_v2("follow-up.db", &db, SQLITE_OPEN_READWRITE, world_.disk().name().c_str()), SQLITE_OK);
  EXPECT_THAT(CheckFiles(world_, files), ElementsAre(StartsWith("I9: 1 files of the process stay open"),
                                                     StartsWith("I9: 1 files of the disk stay open")));
  sqlite3_close(db);
  std::fclose(file);
}

TEST_F(CheckerTest, FindsALostTimer) {
  for (const auto& [key, aggregate] : picture_->services[kFollowUp].aggregates) {
    if (!aggregate.due_at.has_value()) continue;
    Change(kFollowUp, [&](store::Transaction& transaction) -> absl::Status {
      store::AggregateWrite write{aggregate.version, aggregate};
      write.aggregate.due_at.reset();
      return transaction.Save({&write, 1});
    });
  }
  EXPECT_THAT(Check(), Contains(HasSubstr("nobody will look then")));
}

TEST_F(CheckerTest, FindsALostJournalRow) {
  Doctor(kAssessment, "DELETE FROM journal WHERE sequence = (SELECT MAX(sequence) FROM journal)");
  EXPECT_THAT(Check(), Contains(StartsWith("fold: ")));
}

TEST_F(CheckerTest, FindsAWrongIndexRow) {
  Doctor(kFollowUp, "UPDATE journey SET owner = '' WHERE open = 1");
  const std::vector<std::string> faults = Check();
  EXPECT_THAT(faults, Contains(StartsWith("index: follow-up.journey")));
  EXPECT_THAT(faults, Contains(StartsWith("safety net: ")));
}

TEST_F(CheckerTest, FindsAMissingInterruption) {
  for (auto& [key, state] : picture_->services[kFollowUp].states) {
    auto* journey = dynamic_cast<polku::follow_up::v1::JourneyRecord*>(state.get());
    if (journey != nullptr) journey->clear_interruptions();
  }
  EXPECT_THAT(CompareWithNaiveRules(*picture_, world_.clock().Now()), Contains(StartsWith("rules: not found")));
}

TEST_F(CheckerTest, FindsWhoWasLastSeenAtAnotherTime) {
  for (const auto& [key, state] : picture_->services[kFollowUp].states) {
    auto* journey = dynamic_cast<polku::follow_up::v1::JourneyRecord*>(state.get());
    if (journey != nullptr && journey->open()) journey->set_last_activity_us(1);
  }
  EXPECT_THAT(CompareWithNaiveRules(*picture_, world_.clock().Now()), Contains(HasSubstr("was last seen")));
}

TEST_F(CheckerTest, FindsAMissingAndAFalseReminder) {
  const absl::Time now = world_.clock().Now();
  EXPECT_THAT(CompareWithNaiveReferrals(*picture_, now), IsEmpty());
  auto& journal = picture_->services[kReferral].journal;
  const auto received = std::find_if(journal.begin(), journal.end(), [](const store::JournalRow& row) {
    return row.type == "polku.referral.v1.ReferralReceived";
  });
  ASSERT_NE(received, journal.end());
  store::JournalRow row = *received;
  row.key = ClientName(999);
  polku::referral::v1::ReferralReceived waiting;
  waiting.set_referral(ClientName(999) + "/referrals/1");
  waiting.mutable_receive_time()->set_seconds(absl::ToUnixSeconds(scenario_.begin));
  row.payload = waiting.SerializeAsString();
  journal.push_back(row);
  EXPECT_THAT(CompareWithNaiveReferrals(*picture_, now), Contains(HasSubstr("nobody was told")));
  polku::referral::v1::ReferralOverdue overdue;
  overdue.set_referral(waiting.referral());
  overdue.set_level(polku::referral::v1::ReferralOverdue::LEVEL_ESCALATION);
  *overdue.mutable_waiting_since() = waiting.receive_time();
  row.type = overdue.GetTypeName();
  row.payload = overdue.SerializeAsString();
  journal.push_back(row);
  EXPECT_THAT(CompareWithNaiveReferrals(*picture_, now), Contains(HasSubstr("nobody waits like that")));
}

}  // namespace
}  // namespace polku::simulation
