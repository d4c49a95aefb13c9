#include "services/follow-up/domain/testing/facts.h"

#include "libs/pipeline/proto_time.h"

namespace polku::follow_up {

using namespace polku::follow_up::v1;  // NOLINT

polku::assessment::v1::PlannedMeasure TwiceAWeek() {
  auto plan = Plan(1, "2026-03-02", "2026-12-31");
  AddSession(plan, google::type::MONDAY, 540, 720);
  AddSession(plan, google::type::WEDNESDAY, 540, 720);
  return plan;
}

JourneyInput PauseOf(absl::CivilDay start, int days, const std::string& measure) {
  JourneyInput input;
  AgreePauseRequest& request = *input.mutable_agree_pause();
  request.set_client(kClient);
  request.set_measure(measure);
  *request.mutable_start_date() = pipeline::ToProtoDay(start);
  *request.mutable_resume_date() = pipeline::ToProtoDay(start + days);
  request.set_reason(PAUSE_REASON_OTHER);
  return input;
}

JourneyInput ClosureOf(absl::CivilDay first, int days) {
  JourneyInput input;
  ClosureTold& told = *input.mutable_closure_told();
  told.set_client(kClient);
  told.set_provider("organisations/o");
  *told.mutable_first_date() = pipeline::ToProtoDay(first);
  *told.mutable_last_date() = pipeline::ToProtoDay(first + days);
  return input;
}

JourneyInput CircumstanceOf(absl::CivilDay from, int days) {
  JourneyInput input;
  RecordCircumstanceRequest& request = *input.mutable_record_circumstance();
  request.set_client(kClient);
  request.set_circumstance(CIRCUMSTANCE_WORK_STARTED);
  *request.mutable_from_date() = pipeline::ToProtoDay(from);
  if (days > 0) *request.mutable_end_date() = pipeline::ToProtoDay(from + days);
  request.set_source(CIRCUMSTANCE_SOURCE_CLIENT);
  return input;
}

}  // namespace polku::follow_up
