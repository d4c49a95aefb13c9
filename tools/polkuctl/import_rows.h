// Lines of a spreadsheet as the requests that they mean. Checks everything that can be known without the server.
// A problem names its column and never repeats what stands in the line: it may be an identity code or a name.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/type/date.pb.h"
#include "polku/follow_up/v1/api.pb.h"
#include "polku/referral/v1/api.pb.h"
#include "tools/polkuctl/csv_text.h"

namespace polku::polkuctl {

// The columns that a file may have. README.md says what stands in each; a test compares.
const std::vector<std::string>& ReferralColumns();
const std::vector<std::string>& AttendanceColumns();
const std::vector<std::string>& JourneyColumns();

// One line that cannot be taken.
struct Refusal {
  int line = 0;
  std::string column;  // Empty = the line as a whole.
  std::string reason;
};

template <class Message>
struct ImportRow {
  int line = 0;
  Message message;
};

template <class Message>
struct ImportFile {
  std::vector<ImportRow<Message>> rows;
  std::vector<Refusal> refusals;  // By line.
};

// Errors: kInvalidArgument when the file as a whole cannot be taken: no header line, an unknown column, a required
// column missing.
absl::StatusOr<ImportFile<polku::referral::v1::Referral>> ReadReferrals(absl::string_view text);
absl::StatusOr<ImportFile<polku::follow_up::v1::AttendanceMark>> ReadAttendance(absl::string_view text);
// One row a case: its lines, one for each measure, are put together under the first.
absl::StatusOr<ImportFile<polku::follow_up::v1::ImportJourneyRequest>> ReadJourneys(absl::string_view text);

// "2026-03-09" or "9.3.2026".
absl::StatusOr<google::type::Date> ParseSheetDate(absl::string_view text);

// What the server said about a line. A violation of "referral.person.identity_code" is one of column identity_code.
Refusal RefusalOf(int line, const absl::Status& status, const std::vector<std::string>& columns);

}  // namespace polku::polkuctl
