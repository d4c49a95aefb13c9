// How events change the aggregate `ClientAssessment`, and the draft that rules write into.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "libs/base/part_number.h"
#include "libs/pipeline/domain.h"
#include "polku/assessment/v1/state.pb.h"

namespace polku::assessment {

using Decision = pipeline::Decision<v1::ClientAssessmentEvent>;

void Evolve(const v1::ClientAssessmentEvent& event, v1::ClientAssessment& state);

// The number of the next of `parts`: above those that were given, of which some may be missing after a restore.
template <class Part>
int NextNumber(const google::protobuf::RepeatedPtrField<Part>& parts) {
  return std::max(parts.size(), parts.empty() ? 0 : PartNumber(parts.rbegin()->name())) + 1;
}

// Null when there is none of that full name.
const v1::Assessment* FindAssessment(const v1::ClientAssessment& state, absl::string_view name);
const v1::Plan* FindPlan(const v1::ClientAssessment& state, absl::string_view name);
const v1::Session* FindSession(const v1::ClientAssessment& state, absl::string_view name);
const v1::Consultation* FindConsultation(const v1::ClientAssessment& state, absl::string_view name);
const v1::InstrumentRecord* FindInstrumentRecord(const v1::ClientAssessment& state, absl::string_view name);
// Whether follow-up has told that the measure has started. It may have, without us knowing yet.
bool IsStarted(const v1::ClientAssessment& state, const std::string& measure);

// Open, overdue or not.
bool IsOpen(const v1::Assessment& assessment);
// Whether AssessmentOverdue of that kind has been sent.
bool IsTold(const v1::Assessment& assessment, v1::AssessmentDeadline kind);

// Whether the journey that the assessment belongs to has been closed and not opened again.
bool IsJourneyClosed(const v1::ClientAssessment& state, const v1::Assessment& assessment);

// By which version of its pathway the referral's journey goes on: that of its acceptance unless it has been moved.
int VersionOf(const v1::ClientAssessment& state, const std::string& referral, int accepted_version);

// A decision in the making: the events so far, and the state as they leave it.
class Draft {
 public:
  Draft(const v1::ClientAssessment& state, const pipeline::Context& context) : state_(state), context_(context) {}

  const v1::ClientAssessment& state() const { return state_; }
  const std::string& key() const { return context_.key; }
  absl::Time now() const { return context_.now; }
  void Emit(v1::ClientAssessmentEvent event) {
    Evolve(event, state_);
    decision_.events.push_back(std::move(event));
  }
  Decision NoReply() && { return std::move(decision_); }
  // The reply gets the aggregate's version as its etag.
  template <class Reply>
  Decision ReplyWith(Reply reply) && {
    reply.set_etag(std::to_string(context_.next_version - 1 + static_cast<int64_t>(decision_.events.size())));
    decision_.reply = std::make_unique<Reply>(std::move(reply));
    return std::move(decision_);
  }

 private:
  v1::ClientAssessment state_;
  const pipeline::Context& context_;
  Decision decision_;
};

}  // namespace polku::assessment
