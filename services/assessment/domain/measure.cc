#include "services/assessment/domain/measure.h"

#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "google/type/dayofweek.pb.h"
#include "libs/base/resource_name.h"
#include "libs/base/violation.h"
#include "libs/pathway/catalogue.h"
#include "libs/pipeline/proto_time.h"

namespace polku::assessment {
namespace {

constexpr int kEndYearsAheadMax = 3;
constexpr int kSessionsMax = 50;
constexpr int kMinutesOfDay = 1440;
constexpr size_t kCodeCharactersMax = 63;

class Checker {
 public:
  Checker(const v1::PlannedMeasure& measure, const pathway::v1::PathwayDefinition* pathway, absl::string_view path,
          absl::Status& status)
      : measure_(measure),
        pathway_(pathway),
        type_(pathway == nullptr ? nullptr : pathway::FindMeasureType(*pathway, measure.type())),
        path_(path),
        status_(status) {}

  void Names() {
    if (!IsCode(measure_.type())) {
      Wrong("type", "must be 1 to 63 of a-z, 0-9 and hyphen");
    } else if (pathway_ != nullptr && type_ == nullptr) {
      Wrong("type", "is not a measure type of the pathway");
    }
    if (!IsResourceName(measure_.provider(), "organisations/*")) Wrong("provider", "must be organisations/<id>");
    if (!measure_.source().empty() && !IsResourceName(measure_.source(), "sources/*")) {
      Wrong("source", "must be empty or sources/<id>");
    }
    if (!measure_.goal().empty() && !IsCode(measure_.goal())) {
      Wrong("goal", "must be empty or 1 to 63 of a-z, 0-9 and hyphen");
    }
  }

  void Days(absl::CivilDay today) {
    const absl::StatusOr<absl::CivilDay> start = pipeline::DayFrom(measure_.start_date(), "start_date");
    const absl::StatusOr<absl::CivilDay> end = pipeline::DayFrom(measure_.end_date(), "end_date");
    if (!start.ok()) Wrong("start_date", "must be a real day");
    if (!end.ok()) Wrong("end_date", "must be a real day");
    if (!end.ok()) return;
    const absl::CivilDay last(today.year() + kEndYearsAheadMax, today.month(), today.day());
    if (start.ok() && *end < *start) {
      Wrong("end_date", "is before start_date");
    } else if (*end > last) {
      Wrong("end_date", absl::StrCat("is more than ", kEndYearsAheadMax, " years ahead"));
    } else if (start.ok()) {
      Duration(static_cast<int>(*end - *start) + 1);
    }
  }

  void Sessions() {
    if (measure_.sessions_size() > kSessionsMax) {
      return Wrong("sessions", absl::StrCat("has more than ", kSessionsMax));
    }
    for (int i = 0; i < measure_.sessions_size(); ++i) {
      const auto& session = measure_.sessions(i);
      const std::string path = absl::StrCat("sessions[", i, "]");
      if (session.day() < google::type::MONDAY || session.day() > google::type::SUNDAY) {
        Wrong(path + ".day", "must be a day of the week");
      }
      if (session.start_minute() < 0 || session.start_minute() >= kMinutesOfDay) {
        Wrong(path + ".start_minute", "must be 0 to 1439");
      }
      if (session.end_minute() <= session.start_minute() || session.end_minute() > kMinutesOfDay) {
        Wrong(path + ".end_minute", "must be after start_minute and at most 1440");
      }
      if (i == 0) continue;
      const auto& before = measure_.sessions(i - 1);
      if (session.day() < before.day() ||
          (session.day() == before.day() && session.start_minute() < before.start_minute())) {
        Wrong(path, "comes before the session in front of it: sort by day and start");
      } else if (session.day() == before.day() && session.start_minute() < before.end_minute()) {
        Wrong(path, "overlaps the session in front of it");
      }
    }
  }

  void Attendance() {
    std::set<int> days;
    for (const auto& session : measure_.sessions()) days.insert(session.day());
    if (measure_.weekly_days_min() < 0 || measure_.weekly_days_min() > 7) {
      Wrong("weekly_days_min", "must be 0 to 7");
    } else if (!days.empty() && measure_.weekly_days_min() > static_cast<int>(days.size())) {
      Wrong("weekly_days_min", "is more days than have a session");
    }
    if (measure_.day_minutes_min() < 0 || measure_.day_minutes_min() > kMinutesOfDay) {
      Wrong("day_minutes_min", "must be 0 to 1440");
    }
    if (type_ != nullptr && type_->weekly_days_max() > 0 && static_cast<int>(days.size()) > type_->weekly_days_max()) {
      Wrong("sessions", absl::StrCat("are on more than ", type_->weekly_days_max(), " days of a week"));
    }
  }

 private:
  void Duration(int days) {
    if (type_ == nullptr) return;
    if (days < type_->duration_days_min()) {
      Wrong("end_date", absl::StrCat("makes less than ", type_->duration_days_min(), " days"));
    }
    if (type_->duration_days_max() > 0 && days > type_->duration_days_max()) {
      Wrong("end_date", absl::StrCat("makes more than ", type_->duration_days_max(), " days"));
    }
  }

  void Wrong(absl::string_view field, absl::string_view what) {
    AddViolation(status_, absl::StrCat(path_, ".", field), what);
  }

  const v1::PlannedMeasure& measure_;
  const pathway::v1::PathwayDefinition* const pathway_;
  const pathway::v1::MeasureType* const type_;  // Null: not known.
  const absl::string_view path_;
  absl::Status& status_;
};

}  // namespace

bool IsCode(absl::string_view text) {
  for (char c : text) {
    if (!absl::ascii_islower(c) && !absl::ascii_isdigit(c) && c != '-') return false;
  }
  return !text.empty() && text.size() <= kCodeCharactersMax;
}

v1::PlannedMeasure WithDefaults(v1::PlannedMeasure measure, const pathway::v1::PathwayDefinition* pathway) {
  const auto* type = pathway == nullptr ? nullptr : pathway::FindMeasureType(*pathway, measure.type());
  if (type == nullptr) return measure;
  if (measure.weekly_days_min() == 0) measure.set_weekly_days_min(type->weekly_days_min());
  if (measure.day_minutes_min() == 0) measure.set_day_minutes_min(type->day_minutes_min());
  return measure;
}

void CheckMeasure(const v1::PlannedMeasure& measure, const pathway::v1::PathwayDefinition* pathway,
                  absl::CivilDay today, absl::string_view path, absl::Status& status) {
  Checker check(measure, pathway, path, status);
  check.Names();
  check.Days(today);
  check.Sessions();
  check.Attendance();
}

}  // namespace polku::assessment
