// What WatchReferrals sends: the list, then the changes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/rpc/gate.h"
#include "polku/referral/v1/api.pb.h"

namespace polku::referral {

// The place of one stream. It goes by the sequence of the journal, which survives a restart; one that lies beyond the
// journal's end, after a restore, begins with the list again. A call reads at most one page of the list or of the
// journal. Copyable; one thread at a time.
class ReferralWatch {
 public:
  explicit ReferralWatch(absl::string_view resume_token) : token_(resume_token) {}

  // Appends what comes next; true if there may be more at once. Blocks on the database.
  // Errors: kInvalidArgument at "resume_token"; those of the database.
  absl::StatusOr<bool> operator()(rpc::ReadScope& scope, std::vector<v1::WatchReferralsResponse>& found);

 private:
  absl::Status Open(rpc::ReadScope& scope);
  absl::StatusOr<bool> List(rpc::ReadScope& scope, std::vector<v1::WatchReferralsResponse>& found);
  absl::StatusOr<bool> Follow(rpc::ReadScope& scope, std::vector<v1::WatchReferralsResponse>& found);
  void Send(const rpc::ReadScope& scope, v1::Referral referral, std::vector<v1::WatchReferralsResponse>& found);
  void SetToken(const rpc::ReadScope& scope, v1::WatchReferralsResponse& response);

  std::string token_;
  bool open_ = false;
  bool listing_ = true;
  std::string listed_;         // The last name of the list that was sent.
  int64_t sequence_ = 0;       // Of the journal: everything up to it has been told, but for the list.
  int64_t told_sequence_ = 0;  // In the last token.
};

}  // namespace polku::referral
