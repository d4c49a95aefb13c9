#include "services/assessment/domain/instruments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/calendar.h"
#include "libs/base/status_matchers.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "services/assessment/domain/testing/client.h"

namespace polku::assessment {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string Record(int n) { return absl::StrCat(kClient, "/instruments/", n); }

class InstrumentsTest : public ClientTest {
 protected:
  static v1::RecordInstrumentRequest Ability(int answer) {
    v1::RecordInstrumentRequest request;
    request.set_assessment(kAssessment);
    request.set_instrument("was");
    request.add_answers()->set_item("current-ability");
    request.mutable_answers(0)->set_number(answer);
    return request;
  }
  absl::Status Send(const v1::RecordInstrumentRequest& request) {
    v1::ClientAssessmentInput input;
    *input.mutable_record_instrument() = request;
    return Handle(input);
  }
  absl::Status Correct(int record, v1::RecordInstrumentRequest request) {
    request.set_corrects(Record(record));
    return Send(request);
  }
  const v1::InstrumentRecord& Reply() const { return static_cast<const v1::InstrumentRecord&>(*reply_); }
  // Past the first contact and meeting, so that recording is all that happens.
  void OpenOne() {
    ASSERT_THAT(Handle(Accepted(now_)), IsOk());
    ToldUntil(EndOfDay(LocalDay(now_) + 10));
  }
};

TEST_F(InstrumentsTest, KeepsTheAnswersAndTellsOthersThatThereIsAScore) {
  OpenOne();
  ASSERT_THAT(Send(Ability(7)), IsOk());
  EXPECT_EQ(Reply().name(), Record(1));
  EXPECT_EQ(Reply().instrument(), "was/1");
  EXPECT_EQ(Reply().recorded_by(), "assessor-1");
  EXPECT_EQ(Reply().results(0).score(), 7);
  EXPECT_EQ(Reply().results(0).class_code(), "moderate");
  EXPECT_EQ(LocalDay(now_), *pipeline::DayFrom(Reply().answer_date(), "answer_date"));
  ASSERT_THAT(events_, SizeIs(2));
  const v1::InstrumentScored& scored = events_[1].instrument_scored();
  EXPECT_EQ(scored.assessment(), kAssessment);
  EXPECT_EQ(scored.instrument(), "was/1");
  EXPECT_EQ(pipeline::FromProto(scored.score_time()), now_);
}

TEST_F(InstrumentsTest, TellsOfTheWorkAbilityScoreThatAnIncompleteIndexHolds) {
  OpenOne();
  v1::RecordInstrumentRequest request = Ability(5);
  request.set_instrument("wai");
  ASSERT_THAT(Send(request), IsOk());
  EXPECT_THAT(Reply().results(0).missing_items(), SizeIs(10));
  ASSERT_THAT(events_, SizeIs(2));
  EXPECT_EQ(events_[1].instrument_scored().instrument(), "was/1");
}

TEST_F(InstrumentsTest, KeepsTheReasonWhenThereAreNoAnswers) {
  OpenOne();
  v1::RecordInstrumentRequest request = Ability(5);
  request.clear_answers();
  EXPECT_EQ(ViolationsOf(Send(request))[0].field, "answers");
  request.set_not_done(v1::NOT_DONE_REASON_DECLINED);
  ASSERT_THAT(Send(request), IsOk());
  EXPECT_THAT(Reply().results(), IsEmpty());
  EXPECT_THAT(events_, SizeIs(1));
  *request.mutable_answers() = Ability(5).answers();
  EXPECT_EQ(ViolationsOf(Send(request))[0].field, "answers");
  request.clear_answers();
  request.set_not_done(static_cast<v1::NotDoneReason>(99));
  EXPECT_EQ(ViolationsOf(Send(request))[0].field, "not_done");
}

TEST_F(InstrumentsTest, CorrectsByARecordThatSupersedes) {
  OpenOne();
  v1::RecordInstrumentRequest first = Ability(7);
  *first.mutable_answer_date() = pipeline::ToProtoDay(LocalDay(now_) - 3);
  ASSERT_THAT(Send(first), IsOk());
  const v1::InstrumentRecord before = state_.instruments(0);
  ASSERT_THAT(Correct(1, Ability(9)), IsOk());
  EXPECT_EQ(Reply().name(), Record(2));
  EXPECT_EQ(Reply().supersedes(), Record(1));
  EXPECT_EQ(Reply().answer_date().day(), before.answer_date().day());
  EXPECT_EQ(events_.back().instrument_scored().instrument(), "was/1");
  EXPECT_EQ(state_.instruments(0).superseded_by(), Record(2));
  EXPECT_EQ(state_.instruments(0).answers(0).number(), 7);
  EXPECT_EQ(state_.instruments(0).results(0).score(), 7);
  EXPECT_EQ(ReasonOf(Correct(1, Ability(8))), "RECORD_SUPERSEDED");
  EXPECT_THAT(Correct(2, Ability(8)), IsOk());
  EXPECT_THAT(Correct(9, Ability(8)), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(InstrumentsTest, CorrectsTheSameInstrumentOfTheSameAssessmentOnly) {
  OpenOne();
  ASSERT_THAT(Send(Ability(7)), IsOk());
  ASSERT_THAT(Handle(Accepted(now_, 2)), IsOk());
  v1::RecordInstrumentRequest elsewhere = Ability(8);
  elsewhere.set_assessment(absl::StrCat(kClient, "/assessments/2"));
  EXPECT_EQ(ViolationsOf(Correct(1, elsewhere))[0].field, "assessment");
  v1::RecordInstrumentRequest other = Ability(8);
  other.set_instrument("wai");
  EXPECT_EQ(ViolationsOf(Correct(1, other))[0].field, "instrument");
  v1::RecordInstrumentRequest versioned = Ability(8);
  versioned.set_instrument("was/1");
  EXPECT_THAT(Correct(1, versioned), IsOk());
}

TEST_F(InstrumentsTest, IsRecordedInAnOpenAssessmentAndCorrectedInAnyState) {
  EXPECT_THAT(Send(Ability(7)), StatusIs(absl::StatusCode::kNotFound));
  OpenOne();
  ASSERT_THAT(Send(Ability(7)), IsOk());
  ASSERT_THAT(Complete(), IsOk());
  EXPECT_EQ(ReasonOf(Send(Ability(7))), "ASSESSMENT_COMPLETE");
  EXPECT_THAT(Correct(1, Ability(6)), IsOk());
}

TEST_F(InstrumentsTest, RefusesAWrongInstrumentAnswerOrDayNamingTheField) {
  OpenOne();
  v1::RecordInstrumentRequest unknown = Ability(7);
  unknown.set_instrument("was/9");
  EXPECT_EQ(ViolationsOf(Send(unknown))[0].field, "instrument");
  EXPECT_EQ(ViolationsOf(Send(Ability(11)))[0].field, "answers[0].number");
  for (absl::CivilDay day : {LocalDay(now_) + 1, LocalDay(now_) - 366 * 20}) {
    v1::RecordInstrumentRequest request = Ability(7);
    *request.mutable_answer_date() = pipeline::ToProtoDay(day);
    EXPECT_EQ(ViolationsOf(Send(request))[0].field, "answer_date") << day;
  }
  EXPECT_THAT(state_.instruments(), IsEmpty());
}

TEST_F(InstrumentsTest, ShowsTheChangeSinceTheTimeBefore) {
  OpenOne();
  const absl::CivilDay today = LocalDay(now_);
  const auto send = [&](int ability, absl::CivilDay day) {
    v1::RecordInstrumentRequest request = Ability(ability);
    *request.mutable_answer_date() = pipeline::ToProtoDay(day);
    ASSERT_THAT(Send(request), IsOk());
  };
  send(8, today);
  send(3, today - 200);  // Entered afterwards: still the first in time.
  send(5, today - 100);
  ASSERT_THAT(Correct(3, Ability(6)), IsOk());
  const std::vector<v1::InstrumentRecord> records = RecordsOverTime(state_);
  std::vector<std::string> names;
  for (const auto& record : records) names.push_back(record.name());
  EXPECT_THAT(names, ElementsAre(Record(2), Record(3), Record(4), Record(1)));
  EXPECT_FALSE(records[0].results(0).has_change());
  EXPECT_FALSE(records[1].results(0).has_change());  // Superseded.
  EXPECT_EQ(records[2].results(0).change(), 3);
  EXPECT_EQ(records[3].results(0).change(), 2);
}

class RequiredInstruments : public InstrumentsTest {
 protected:
  RequiredInstruments() { stage_.add_required_instruments("was"); }
  absl::Status Check() const { return CheckRequiredInstruments(state_, state_.assessments(0), stage_); }

  pathway::v1::AssessmentStage stage_;
};

TEST_F(RequiredInstruments, AreNamedWhenTheyHaveNotBeenRecorded) {
  OpenOne();
  stage_.add_required_instruments("wai");
  EXPECT_EQ(ReasonOf(Check()), "INSTRUMENTS_MISSING");
  EXPECT_THAT(Check(), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("was, wai")));
  ASSERT_THAT(Send(Ability(4)), IsOk());
  EXPECT_THAT(Check(), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(": wai")));
}

TEST_F(RequiredInstruments, AreAskedForWhenTheAssessmentIsCompleted) {
  const ClientAssessmentDomain domain(
      pathway::TestCatalogueWith("  consultation_days: 14\n\nmeasure_types:\n  # Act on rehabilitative work activity",
                                 "  consultation_days: 14\n  required_instruments: [was]\n\nmeasure_types:\n  # Act on "
                                 "rehabilitative work activity"));
  OpenOne();
  v1::ClientAssessmentInput complete;
  complete.mutable_complete_assessment()->set_name(kAssessment);
  pipeline::Context context;
  context.key = kClient;
  context.now = now_;
  context.principal.organisation = kUnit;
  EXPECT_EQ(ReasonOf(domain.Decide(state_, complete, context).status()), "INSTRUMENTS_MISSING");
  ASSERT_THAT(Send(Ability(4)), IsOk());
  EXPECT_THAT(domain.Decide(state_, complete, context), IsOk());
}

TEST_F(RequiredInstruments, AreMetByTheRecordOfAnotherThatScoresThem) {
  OpenOne();
  v1::RecordInstrumentRequest index = Ability(4);
  index.set_instrument("wai");
  ASSERT_THAT(Send(index), IsOk());
  EXPECT_THAT(Check(), IsOk());
}

TEST_F(RequiredInstruments, AreMetByAReasonAndByTheRecordsOfTheSameAssessmentOnly) {
  OpenOne();
  ASSERT_THAT(Handle(Accepted(now_, 2)), IsOk());
  v1::RecordInstrumentRequest declined;
  declined.set_instrument("was");
  declined.set_not_done(v1::NOT_DONE_REASON_DECLINED);
  declined.set_assessment(absl::StrCat(kClient, "/assessments/2"));
  ASSERT_THAT(Send(declined), IsOk());
  EXPECT_EQ(ReasonOf(Check()), "INSTRUMENTS_MISSING");
  declined.set_assessment(kAssessment);
  ASSERT_THAT(Send(declined), IsOk());
  EXPECT_THAT(Check(), IsOk());
}

}  // namespace
}  // namespace polku::assessment
