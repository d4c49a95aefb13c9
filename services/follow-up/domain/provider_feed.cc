#include "services/follow-up/domain/provider_feed.h"

#include "libs/base/resource_name.h"
#include "libs/base/violation.h"
#include "polku/follow_up/v1/feed.pb.h"
#include "services/follow-up/domain/findings.h"

namespace polku::follow_up {
namespace {

using namespace polku::follow_up::v1;  // NOLINT
using google::protobuf::Message;

// Whether there is anything in it that is not known here. Of a mark, which is nearly every record, it is seen at once.
bool MayHoldUnknown(const ProviderActivity& record) {
  const auto none = [](const Message& message) { return message.GetReflection()->GetUnknownFields(message).empty(); };
  return !record.has_mark() || !none(record) || !none(record.mark()) || !none(record.mark().date());
}

// Moves out of `record`.
std::unique_ptr<ProviderReport> ReportOf(ProviderActivity& record) {
  auto report = std::make_unique<ProviderReport>();
  if (record.has_mark()) {
    report->mutable_mark()->Swap(record.mutable_mark());
  } else if (record.has_begun()) {
    report->mutable_start()->set_name(record.begun().measure());
    *report->mutable_start()->mutable_start_date() = record.begun().start_date();
  } else if (record.has_done()) {
    report->mutable_complete()->set_name(record.done().measure());
    *report->mutable_complete()->mutable_end_date() = record.done().end_date();
  } else {
    report->mutable_end_early()->set_name(record.broken_off().measure());
    *report->mutable_end_early()->mutable_end_date() = record.broken_off().end_date();
    report->mutable_end_early()->set_reason(record.broken_off().reason());
  }
  return report;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Message>> ReadProviderActivity(absl::string_view bytes) {
  ProviderActivity record;
  if (!record.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::InvalidArgumentError("the record is not a ProviderActivity");
  }
  if (MayHoldUnknown(record)) record.DiscardUnknownFields();
  switch (record.record_case()) {
    case ProviderActivity::RECORD_NOT_SET:
      return absl::InvalidArgumentError("the record says nothing that is known here");
    case ProviderActivity::kCompleteThrough: {
      if (!IsResourceName(record.complete_through().source(), "sources/*")) {
        return InvalidField("complete_through.source", "must be a name like \"sources/*\"");
      }
      auto coverage = std::make_unique<ProviderCoverage>();
      coverage->mutable_report()->set_name(record.complete_through().source());
      *coverage->mutable_report()->mutable_complete_through() = record.complete_through().time();
      return coverage;
    }
    default: {
      std::unique_ptr<ProviderReport> report = ReportOf(record);
      // Before anything is kept of it: a name that is none may be anybody's.
      if (!ClientOf(MeasureOf(*report)).has_value() || !IsResourceName(MeasureOf(*report), "clients/*/measures/*")) {
        return InvalidField("measure", "must be a name like \"clients/*/measures/*\"");
      }
      return report;
    }
  }
}

const std::string& MeasureOf(const ProviderReport& report) {
  switch (report.report_case()) {
    case ProviderReport::kMark:
      return report.mark().measure();
    case ProviderReport::kStart:
      return report.start().name();
    case ProviderReport::kComplete:
      return report.complete().name();
    default:
      return report.end_early().name();
  }
}

JourneyInput CommandIn(const ProviderReport& report) {
  JourneyInput input;
  switch (report.report_case()) {
    case ProviderReport::kMark:
      *input.mutable_attendance_mark() = report.mark();
      break;
    case ProviderReport::kStart:
      *input.mutable_start_measure() = report.start();
      break;
    case ProviderReport::kComplete:
      *input.mutable_complete_measure() = report.complete();
      break;
    case ProviderReport::kEndEarly:
      *input.mutable_end_measure_early() = report.end_early();
      break;
    case ProviderReport::REPORT_NOT_SET:
      break;
  }
  return input;
}

absl::Status CheckProvider(const ProviderReport& report, const JourneyRecord& journey, absl::string_view organisation) {
  const MeasureRecord* measure = FindMeasure(journey, MeasureOf(report));
  if (measure == nullptr) {
    return WithReason(absl::NotFoundError("the measure is neither planned nor running"), "MEASURE_NOT_FOUND");
  }
  if (measure->plan().provider() == organisation) return absl::OkStatus();
  return WithReason(absl::PermissionDeniedError("the measure is of another provider"), "OTHER_PROVIDER");
}

}  // namespace polku::follow_up
