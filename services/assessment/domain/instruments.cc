#include "services/assessment/domain/instruments.h"

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "libs/base/calendar.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "services/assessment/domain/assessments.h"
#include "services/assessment/domain/scoring.h"

namespace polku::assessment {
namespace {

// Bounds the aggregate; an assessment has a handful.
constexpr int kRecordsMax = 200;
// Above what anybody compares with, below a mistyped year.
constexpr int kAnswerYearsBackMax = 20;

// "wai" of "wai/1" and of "wai".
absl::string_view IdOf(absl::string_view instrument) { return instrument.substr(0, instrument.find('/')); }

absl::StatusOr<google::type::Date> AnswerDateOf(const v1::RecordInstrumentRequest& request,
                                                const v1::InstrumentRecord* corrected, absl::CivilDay today) {
  if (!request.has_answer_date()) {
    return corrected == nullptr ? pipeline::ToProtoDay(today) : corrected->answer_date();
  }
  ASSIGN_OR_RETURN(const absl::CivilDay day, pipeline::DayFrom(request.answer_date(), "answer_date"));
  if (day > today) return InvalidField("answer_date", "is in the future");
  if (day < absl::CivilDay(today.year() - kAnswerYearsBackMax, today.month(), today.day())) {
    return InvalidField("answer_date", absl::StrCat("is more than ", kAnswerYearsBackMax, " years ago"));
  }
  return request.answer_date();
}

void CheckGiven(const v1::RecordInstrumentRequest& request, absl::Status& status) {
  const bool not_done = request.not_done() != v1::NOT_DONE_REASON_UNSPECIFIED;
  if (!v1::NotDoneReason_IsValid(request.not_done())) AddViolation(status, "not_done", "is not a reason");
  if (not_done != request.answers().empty()) {
    AddViolation(status, "answers", "at least one is needed, or else not_done, but not both");
  }
}

// The record that the request corrects; null when it corrects none.
absl::StatusOr<const v1::InstrumentRecord*> CorrectedBy(const v1::ClientAssessment& state,
                                                        const v1::RecordInstrumentRequest& request) {
  if (request.corrects().empty()) return nullptr;
  const v1::InstrumentRecord* corrected = FindInstrumentRecord(state, request.corrects());
  if (corrected == nullptr) return absl::NotFoundError("record instrument: there is no such record to correct");
  if (!corrected->superseded_by().empty()) {
    return WithReason(absl::FailedPreconditionError("record instrument: the record has been corrected already"),
                      "RECORD_SUPERSEDED");
  }
  if (corrected->assessment() != request.assessment()) {
    return InvalidField("assessment", "must be that of the corrected record");
  }
  if (IdOf(request.instrument()) != IdOf(corrected->instrument())) {
    return InvalidField("instrument", "must be that of the corrected record");
  }
  return corrected;
}

bool IsScored(const v1::InstrumentResult& result) {
  return result.has_score() || std::any_of(result.scales().begin(), result.scales().end(),
                                           [](const v1::ScaleResult& part) { return part.has_score(); });
}

// `before` is the score of the time before, by instrument and scale.
template <class Result>
void SetChange(const std::string& of, std::map<std::string, double>& before, Result& result) {
  if (!result.has_score()) return;
  const auto [last, first_time] = before.try_emplace(of, result.score());
  if (!first_time) result.set_change(result.score() - std::exchange(last->second, result.score()));
}

void Put(const v1::InstrumentRecord& record, Draft& draft) {
  v1::ClientAssessmentEvent recorded;
  *recorded.mutable_instrument_recorded()->mutable_record() = record;
  draft.Emit(std::move(recorded));
  for (const v1::InstrumentResult& result : record.results()) {
    if (!IsScored(result)) continue;
    v1::ClientAssessmentEvent event;
    v1::InstrumentScored& scored = *event.mutable_instrument_scored();
    scored.set_assessment(record.assessment());
    scored.set_instrument(result.instrument());
    *scored.mutable_score_time() = record.record_time();
    draft.Emit(std::move(event));
  }
}

}  // namespace

absl::StatusOr<Decision> RecordInstrument(const v1::ClientAssessment& state, const v1::RecordInstrumentRequest& request,
                                          const pathway::Catalogue& catalogue, const pipeline::Context& context) {
  const v1::Assessment* assessment = FindAssessment(state, request.assessment());
  if (assessment == nullptr || request.corrects().empty()) RETURN_IF_ERROR(CheckOpen(assessment));
  ASSIGN_OR_RETURN(const v1::InstrumentRecord* corrected, CorrectedBy(state, request));
  if (state.instruments_size() >= kRecordsMax) {
    return WithReason(absl::FailedPreconditionError("record instrument: the client has too many"),
                      "TOO_MANY_INSTRUMENTS");
  }
  const bool version_given = absl::StrContains(request.instrument(), "/");
  ASSIGN_OR_RETURN(
      const auto* definition,
      InstrumentOf(corrected == nullptr || version_given ? request.instrument() : corrected->instrument(), catalogue));
  ASSIGN_OR_RETURN(const google::type::Date day, AnswerDateOf(request, corrected, LocalDay(context.now)));
  absl::Status status;
  CheckGiven(request, status);
  CheckAnswers(*definition, request.answers(), request.age_years(), status);
  RETURN_IF_ERROR(status);
  v1::InstrumentRecord record;
  record.set_name(absl::StrCat(context.key, "/instruments/", NextNumber(state.instruments())));
  record.set_assessment(request.assessment());
  record.set_instrument(VersionName(*definition));
  *record.mutable_answer_date() = day;
  *record.mutable_answers() = request.answers();
  record.set_age_years(request.age_years());
  record.set_not_done(request.not_done());
  if (!request.answers().empty()) {
    for (auto& result : Score(*definition, request.answers(), request.age_years(), catalogue)) {
      *record.add_results() = std::move(result);
    }
  }
  *record.mutable_record_time() = pipeline::ToProto(context.now);
  record.set_recorded_by(context.principal.user);
  record.set_supersedes(request.corrects());
  Draft draft(state, context);
  Put(record, draft);
  return std::move(draft).ReplyWith(std::move(record));
}

absl::Status CheckRequiredInstruments(const v1::ClientAssessment& state, const v1::Assessment& assessment,
                                      const pathway::v1::AssessmentStage& stage) {
  std::vector<std::string> missing;
  for (const std::string& id : stage.required_instruments()) {
    const bool recorded =
        std::any_of(state.instruments().begin(), state.instruments().end(), [&](const v1::InstrumentRecord& record) {
          return record.assessment() == assessment.name() && record.superseded_by().empty() &&
                 (IdOf(record.instrument()) == id ||
                  std::any_of(record.results().begin(), record.results().end(),
                              [&](const auto& result) { return IdOf(result.instrument()) == id && IsScored(result); }));
        });
    if (!recorded) missing.push_back(id);
  }
  if (missing.empty()) return absl::OkStatus();
  return WithReason(absl::FailedPreconditionError(
                        absl::StrCat("complete assessment: not recorded yet: ", absl::StrJoin(missing, ", "))),
                    "INSTRUMENTS_MISSING");
}

std::vector<v1::InstrumentRecord> RecordsOverTime(const v1::ClientAssessment& state) {
  std::vector<v1::InstrumentRecord> records(state.instruments().begin(), state.instruments().end());
  const auto day_of = [](const v1::InstrumentRecord& record) {
    const google::type::Date& day = record.answer_date();
    return std::tuple(day.year(), day.month(), day.day());
  };
  // The records of a day stay in the order in which they were recorded.
  std::stable_sort(records.begin(), records.end(), [&](const auto& a, const auto& b) { return day_of(a) < day_of(b); });
  std::map<std::string, double> before;
  for (v1::InstrumentRecord& record : records) {
    if (!record.superseded_by().empty()) continue;
    for (v1::InstrumentResult& result : *record.mutable_results()) {
      SetChange(result.instrument(), before, result);
      for (v1::ScaleResult& part : *result.mutable_scales()) {
        SetChange(absl::StrCat(result.instrument(), "#", part.scale()), before, part);
      }
    }
  }
  return records;
}

bool IsOfInstrument(const v1::InstrumentRecord& record, absl::string_view id) {
  return IdOf(record.instrument()) == id ||
         std::any_of(record.results().begin(), record.results().end(),
                     [&](const auto& result) { return IdOf(result.instrument()) == id; });
}

}  // namespace polku::assessment
