// Dead letters that a person has decided about, kinds of a newer program, and what callers are told
// when the service itself fails.
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/violation.h"
#include "libs/pipeline/testing/toy_world.h"

namespace polku::pipeline {
namespace {

using polku::common::v1::JudgedDeadLetter;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using Code = absl::StatusCode;

class JudgementTest : public ToyWorld {
 protected:
  absl::StatusOr<JudgedDeadLetter> Judge(Judgement judgement) {
    absl::StatusOr<JudgedDeadLetter> answer = absl::UnknownError("not answered");
    judgement.principal.user = "operator";
    mirror_->Judge(std::move(judgement), [&answer](absl::StatusOr<JudgedDeadLetter> judged) { answer = judged; });
    EXPECT_THAT(mirror_->Step(), IsOk());
    return answer;
  }
  absl::StatusOr<JudgedDeadLetter> Judge(int64_t id, Judgement::Verdict verdict) {
    Judgement judgement;
    judgement.id = id;
    judgement.verdict = verdict;
    return Judge(std::move(judgement));
  }
  // As a caller asks for it.
  absl::StatusOr<JudgedDeadLetter> Discard(int64_t id, const std::string& request_id, const std::string& reason) {
    auto request = std::make_shared<polku::common::v1::DiscardDeadLetterRequest>();
    request->set_name(absl::StrCat(id));
    request->set_reason(reason == "sent-again" ? polku::common::v1::DISCARD_REASON_SENT_AGAIN
                                               : polku::common::v1::DISCARD_REASON_UNREADABLE);
    Judgement judgement;
    judgement.id = id;
    judgement.verdict = Judgement::Verdict::kDiscard;
    judgement.reason = reason;
    judgement.request_id = request_id;
    judgement.request = request;
    return Judge(std::move(judgement));
  }
  std::vector<store::DeadLetterRow> Letters() { return *(*mirror_db_->Read())->ReadDeadLetters(10); }
};

TEST_F(JudgementTest, ADiscardedLetterIsLeftOutAndItsKeyGoesOnInOrder) {
  for (int64_t amount : {1, 666, 3, 4}) ASSERT_THAT(Run(Add("counters/a", amount)), IsOk());
  Settle();
  ASSERT_THAT(Letters(), SizeIs(1));
  ASSERT_THAT(Judge(Letters()[0].record.id, Judgement::Verdict::kDiscard), IsOk());
  Settle();
  EXPECT_THAT(StateOf(*mirror_db_, "counters/a").seen(), ElementsAre(1, 3, 4));
  EXPECT_THAT(Letters(), IsEmpty());
  EXPECT_THAT((*mirror_db_->Read())->ListParkedKeys(10), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT((*mirror_db_->Read())->ReadAudit("counters/a", 10), IsOkAndHolds(SizeIs(1)));
}

TEST_F(JudgementTest, TheSameRequestAgainGetsTheSameAnswerAndOtherContentNone) {
  PublishRaw(AddedRow("counters/a", 1, 666));
  Settle();
  ASSERT_THAT(Letters(), SizeIs(1));
  const int64_t id = Letters()[0].record.id;
  ASSERT_THAT(Discard(id, "request", "sent-again"), IsOk());
  ASSERT_THAT(Letters(), IsEmpty());
  EXPECT_THAT(Discard(id, "request", "sent-again"), IsOk());
  EXPECT_THAT(Discard(id, "request", "unreadable"), StatusIs(Code::kAlreadyExists, HasSubstr("reason")));
  EXPECT_THAT(Discard(id, "another request", "sent-again"), StatusIs(Code::kNotFound));
  const auto audit = (*mirror_db_->Read())->ReadAudit("counters/a", 10);
  ASSERT_THAT(audit, IsOkAndHolds(SizeIs(1)));
  EXPECT_EQ((*audit)[0].outcome, "change:sent-again");
  EXPECT_EQ((*audit)[0].request_id, "request");
}

TEST_F(JudgementTest, AReplayedLetterIsHandledAndWhatWasParkedFollowsWithoutItsOwner) {
  PublishRaw(AddedRow("counters/a", 1, 1));
  store::JournalRow poison = AddedRow("counters/a", 2, 666);
  PublishRaw(poison);
  for (int64_t version : {3, 4}) PublishRaw(AddedRow("counters/a", version, version));
  Settle();
  const auto letters = Letters();
  ASSERT_THAT(letters, SizeIs(1));
  // Still poison: set aside again, and everything else waits as before.
  const auto again = Judge(letters[0].record.id, Judgement::Verdict::kReplay);
  ASSERT_THAT(again, IsOk());
  EXPECT_TRUE(again->set_aside_again());
  Settle();
  ASSERT_THAT(Letters(), SizeIs(1));
  EXPECT_EQ(Letters()[0].attempts, 2);
  EXPECT_THAT(StateOf(*mirror_db_, "counters/a").seen(), ElementsAre(1));
  // What a mended program would find: the same letter with an amount that it can handle.
  store::DeadLetterRow mended = Letters()[0];
  mended.record.payload = AddedRow("counters/a", 2, 2).payload;
  {
    auto transaction = *mirror_db_->Begin();
    ASSERT_THAT(transaction->DeleteDeadLetters({mended.record.id}), IsOk());
    ASSERT_THAT(transaction->AddDeadLetters({mended}), IsOk());
    ASSERT_THAT(transaction->Commit(), IsOk());
  }
  const auto handled = Judge(Letters()[0].record.id, Judgement::Verdict::kReplay);
  ASSERT_THAT(handled, IsOk());
  EXPECT_FALSE(handled->set_aside_again());
  Settle();
  EXPECT_THAT(StateOf(*mirror_db_, "counters/a").seen(), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(Letters(), IsEmpty());
}

TEST_F(JudgementTest, RefusesALetterThatIsNotThereOrCannotBeReplayed) {
  EXPECT_THAT(Judge(99, Judgement::Verdict::kReplay), StatusIs(Code::kNotFound));
  EXPECT_THAT((*bus_->NewProducer())->Publish({bus::Message{TopicOf("toy"), "counters/a", "junk", {}}}),
              ElementsAre(IsOk()));
  Settle();
  ASSERT_THAT(Letters(), SizeIs(1));
  EXPECT_THAT(Judge(Letters()[0].record.id, Judgement::Verdict::kReplay), StatusIs(Code::kFailedPrecondition));
  EXPECT_THAT(Letters(), SizeIs(1));
  EXPECT_THAT(Judge(Letters()[0].record.id, Judgement::Verdict::kDiscard), IsOk());
  EXPECT_THAT(Letters(), IsEmpty());
}

// An older program once took the facts for rows of a newer one for poison.
TEST_F(JudgementTest, RefusesToStartOnAKindOfANewerProgramAndNamesIt) {
  mirror_.reset();
  const auto make = [this](int32_t schema) {
    return Make("mirror", std::make_unique<KindOf<toy::MirrorDomain>>("counters/", toy::MirrorDomain(), schema),
                {"toy"}, *mirror_db_)
        .status();
  };
  EXPECT_THAT(make(2), IsOk());
  EXPECT_THAT(make(1), StatusIs(Code::kFailedPrecondition, HasSubstr("counters/")));
  EXPECT_THAT(make(2), IsOk());
}

// The total 13 with a reminder breaks its row, naming table and file.
TEST_F(JudgementTest, ACallerIsNotToldWhatTheDatabaseSays) {
  toy::v1::AddRequest request = Add("counters/a", 1);
  request.set_remind_us(absl::ToUnixMicros(clock_.Now()));
  ASSERT_THAT(Run(request), IsOk());
  Settle();
  ASSERT_EQ(StateOf(*toy_db_, "counters/a").reminders(), 1);
  const size_t place = Queue(Add("counters/a", 12));
  (void)toy_->Step();
  EXPECT_THAT(answers_[place], StatusIs(Code::kInternal, Not(HasSubstr(".db"))));
}

TEST_F(JudgementTest, AQueueThatIsFullByBytesRefuses) {
  limits_.queue_bytes_max = 100;
  Close();
  Open();
  Queue(Add("counters/" + std::string(90, 'x'), 1));
  const size_t second = Queue(Add("counters/" + std::string(90, 'x'), 1));
  EXPECT_THAT(answers_[second], StatusIs(Code::kResourceExhausted));
  EXPECT_TRUE(RetryDelayOf(answers_[second].status()).has_value());
  ASSERT_THAT(toy_->Step(), IsOk());
  const size_t third = Queue(Add("counters/" + std::string(90, 'x'), 1));
  ASSERT_THAT(toy_->Step(), IsOk());
  EXPECT_THAT(answers_[third], IsOk());
}

}  // namespace
}  // namespace polku::pipeline
