#include "tests/simulation/transfers.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "libs/base/calendar.h"
#include "libs/pipeline/proto_time.h"
#include "polku/follow_up/v1/events.pb.h"
#include "polku/referral/v1/events.pb.h"

namespace polku::simulation {
namespace {

using pipeline::FromProto;
namespace v1 = ::polku::follow_up::v1;

// A journey of one client, as far as moving away goes.
class Journey {
 public:
  Journey(const Picture& picture, const std::string& client, absl::Time transferred)
      : transferred_(transferred), day_(LocalDay(transferred)) {
    for (const store::JournalRow& row : picture.services[kFollowUp].journal) {
      if (row.key == client && !row.erased) Take(row);
    }
  }

  // Who is not followed then need not be known to have moved; who had moved already does so once.
  bool Knows() const { return !open_ || moved_before_ || told_; }

 private:
  void Take(const store::JournalRow& row) {
    v1::JourneyOpened opened;
    v1::JourneyClosed closed;
    v1::CircumstanceRecorded recorded;
    const auto is = [&row](auto& event) {
      return row.type == event.GetTypeName() && event.ParseFromString(row.payload);
    };
    if (is(opened) && FromProto(opened.open_time()) <= transferred_) {
      open_ = true;
      if (!opened.has_reopened_after()) standing_.clear();
    } else if (is(closed) && FromProto(closed.close_time()) <= transferred_) {
      open_ = false;
    } else if (is(recorded) && recorded.circumstance() == v1::CIRCUMSTANCE_MOVED_AWAY) {
      Move(recorded);
    }
    if (row.time < transferred_) moved_before_ = !standing_.empty();
  }

  void Move(const v1::CircumstanceRecorded& recorded) {
    const absl::CivilDay from = FromProto(recorded.from_date());
    standing_.erase(from);
    if (recorded.revoked() || recorded.has_end_date()) return;
    standing_.insert(from);
    told_ = told_ || from == day_;
  }

  const absl::Time transferred_;
  const absl::CivilDay day_;
  bool open_ = false;
  bool moved_before_ = false;
  bool told_ = false;
  std::set<absl::CivilDay> standing_;
};

}  // namespace

std::vector<std::string> CheckTransfers(const Picture& picture) {
  std::vector<std::string> faults;
  for (const store::JournalRow& row : picture.services[kReferral].journal) {
    referral::v1::ClientTransferred told;
    if (row.type != told.GetTypeName() || !told.ParseFromString(row.payload)) continue;
    const bool erased =
        picture.services[kReferral].erased.contains(row.key) || picture.services[kFollowUp].erased.contains(row.key);
    if (erased || Journey(picture, row.key, FromProto(told.transfer_time())).Knows()) continue;
    faults.push_back(absl::StrCat("I1: ", row.key, " was transferred and is not known to have moved away"));
  }
  return faults;
}

}  // namespace polku::simulation
