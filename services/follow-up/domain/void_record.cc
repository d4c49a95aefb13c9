// VoidRecord: a contact, or the end or start of a measure, was recorded by mistake.
#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "services/follow-up/domain/findings.h"
#include "services/follow-up/domain/journey.h"

namespace polku::follow_up {
namespace {

using namespace polku::follow_up::v1;  // NOLINT

// Of lookup "contacts_of_client": contact, time, organisation, whether it was a meeting, whether it is void.
struct Contact {
  explicit Contact(const store::Row& row)
      : name(std::get<std::string>(row[0])),
        time_us(std::get<int64_t>(row[1])),
        organisation(std::get<std::string>(row[2])),
        meeting(std::get<int64_t>(row[3]) != 0),
        voided(std::get<int64_t>(row[4]) != 0) {}

  std::string name;
  int64_t time_us;
  std::string organisation;
  bool meeting;
  bool voided;
};

std::vector<Contact> ContactsIn(const pipeline::Context& context) {
  std::vector<Contact> contacts;
  if (context.lookups.empty()) return contacts;
  for (const store::Row& row : context.lookups[0]) contacts.emplace_back(row);
  return contacts;
}

void TakeFirst(int64_t time_us, int64_t& first_us) {
  if (first_us == 0 || time_us < first_us) first_us = time_us;
}

void TellVoided(const VoidRecordRequest& request, VoidedRecord record, Draft& draft) {
  JourneyEvent event;
  RecordVoided& voided = *event.mutable_record_voided();
  voided.set_name(request.name());
  voided.set_record(record);
  voided.set_reason(request.reason());
  *voided.mutable_void_time() = pipeline::ToProto(draft.now());
  draft.Emit(std::move(event));
}

Reply Voided(VoidedRecord record) {
  auto reply = std::make_unique<VoidRecordResponse>();
  reply->set_record(record);
  return reply;
}

absl::StatusOr<Reply> VoidContact(const VoidRecordRequest& request, Draft& draft) {
  const std::vector<Contact> contacts = ContactsIn(draft.context());
  const auto mistake =
      std::find_if(contacts.begin(), contacts.end(), [&](const Contact& each) { return each.name == request.name(); });
  if (mistake == contacts.end()) {
    return WithReason(absl::NotFoundError("there is no such contact"), "CONTACT_NOT_FOUND");
  }
  if (mistake->voided) {
    return WithReason(absl::FailedPreconditionError("the contact is void already"), "ALREADY_VOIDED");
  }
  TellVoided(request, VOIDED_RECORD_CONTACT, draft);
  JourneyEvent event;
  ContactVoided& voided = *event.mutable_contact_voided();
  voided.set_contact(request.name());
  voided.set_contact_us(mistake->time_us);
  const TransitionRecord& transition = draft.state().transition();
  int64_t first_contact_us = 0;
  int64_t first_meeting_us = 0;
  for (const Contact& each : contacts) {
    const bool counts = !each.voided && each.name != mistake->name && each.organisation == transition.taker() &&
                        each.time_us >= transition.offer_us();
    if (!counts) continue;
    TakeFirst(each.time_us, first_contact_us);
    if (each.meeting) TakeFirst(each.time_us, first_meeting_us);
  }
  voided.set_first_contact_us(first_contact_us);
  voided.set_first_meeting_us(first_meeting_us);
  draft.Emit(std::move(event));
  return Voided(VOIDED_RECORD_CONTACT);
}

const MeasureRecord* FindLeft(const JourneyRecord& journey, const std::string& name) {
  for (const LeftMeasure& each : journey.left()) {
    if (each.measure().plan().measure() == name) return &each.measure();
  }
  return nullptr;
}

absl::StatusOr<Reply> VoidMeasure(const VoidRecordRequest& request, Draft& draft) {
  const MeasureRecord* measure = FindMeasure(draft.state(), request.name());
  if (measure == nullptr) measure = FindLeft(draft.state(), request.name());
  if (measure == nullptr) {
    return WithReason(absl::NotFoundError("there is no such measure, or it ended too long ago"), "MEASURE_NOT_FOUND");
  }
  if (measure->phase() == MEASURE_PHASE_PLANNED) {
    return WithReason(absl::FailedPreconditionError("the measure has neither started nor ended"),
                      "MEASURE_NOT_STARTED");
  }
  if (measure->phase() == MEASURE_PHASE_REMOVED) {
    return WithReason(absl::FailedPreconditionError("the measure was removed by a revision of the plan"),
                      "MEASURE_REMOVED");
  }
  const VoidedRecord record = HasEnded(*measure) ? VOIDED_RECORD_MEASURE_END : VOIDED_RECORD_MEASURE_START;
  TellVoided(request, record, draft);
  return Voided(record);
}

absl::StatusOr<Reply> VoidResolution(const VoidRecordRequest& request, Draft& draft) {
  for (const ResolvedRecord& each : draft.state().resolved()) {
    if (request.name() != absl::StrCat(draft.state().client(), "/interruptions/", each.ordinal())) continue;
    TellVoided(request, VOIDED_RECORD_RESOLUTION, draft);
    return Voided(VOIDED_RECORD_RESOLUTION);
  }
  return WithReason(absl::NotFoundError("there is no such resolution, or others came behind it"),
                    "RESOLUTION_NOT_FOUND");
}

}  // namespace

absl::StatusOr<Reply> VoidRecord(const VoidRecordRequest& request, Draft& draft) {
  if (request.reason() == VOID_REASON_UNSPECIFIED || !VoidReason_IsValid(request.reason())) {
    return InvalidField("reason", "must be one of the listed reasons");
  }
  if (IsResourceName(request.name(), "clients/*/interruptions/*")) return VoidResolution(request, draft);
  if (IsResourceName(request.name(), "clients/*/benefit-periods/*")) return VoidBenefitPeriod(request, draft);
  return IsResourceName(request.name(), "clients/*/contacts/*") ? VoidContact(request, draft)
                                                                : VoidMeasure(request, draft);
}

}  // namespace polku::follow_up
