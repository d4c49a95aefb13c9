#include "tests/simulation/naive_referrals.h"

#include <array>
#include <map>
#include <optional>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "libs/base/calendar.h"
#include "libs/pipeline/proto_time.h"
#include "polku/referral/v1/events.pb.h"
#include "polku/referral/v1/state.pb.h"

namespace polku::simulation {
namespace {

using pipeline::FromProto;
namespace v1 = ::polku::referral::v1;

// The numbers of rule set 2026-1: reminder, escalation.
constexpr std::array<int, 2> kOfficeDays = {5, 10};

template <class Event>
bool Read(const store::JournalRow& row, Event& event) {
  return row.type == Event::descriptor()->full_name() && event.ParseFromString(row.payload);
}

class Clocks {
 public:
  std::vector<std::string> Compare(const Picture& picture, absl::Time now) {
    for (const store::JournalRow& row : picture.services[kReferral].journal) {
      if (picture.services[kReferral].erased.contains(row.key)) continue;
      Move(row);
      Restart(row);
      Halt(row);
      Tell(row);
    }
    for (const auto& [referral, clock] : clocks_) Stop(referral, now);
    return std::move(faults_);
  }

 private:
  struct Clock {
    std::optional<absl::Time> since;
    size_t told = 0;  // How many of the levels.
  };

  // A merge or a split gives the referral another name; its clock goes on. What became of it at a client who was erased
  // since cannot be read: then nothing is said about it until it starts again.
  void Move(const store::JournalRow& row) {
    v1::ClientTaken taken;
    v1::ReferralsGiven given;
    v1::ContentReceived received;
    if (Read(row, taken)) {
      for (const v1::Referral& referral : taken.referrals()) {
        Move({referral.former_names().begin(), referral.former_names().end()}, referral.name());
      }
    } else if (Read(row, given)) {
      for (const v1::MovedReferral& moved : given.moved()) {
        Move({moved.names().begin(), moved.names().end()}, moved.to());
        given_.insert(moved.to());
      }
    } else if (Read(row, received)) {
      for (const v1::Referral& referral : received.content().referrals()) {
        if (given_.erase(referral.name()) == 0) Forget(referral.name());
      }
    }
  }
  void Move(const std::set<std::string>& names, const std::string& to) {
    std::optional<Clock> clock;
    for (const std::string& name : names) {
      const auto known = clocks_.find(name);
      if (known == clocks_.end() || unknown_.contains(name)) continue;
      clock = known->second;
      clocks_.erase(known);
    }
    if (!clock.has_value()) return Forget(to);
    clocks_[to] = *clock;
    unknown_.erase(to);
  }
  void Forget(const std::string& referral) {
    clocks_.erase(referral);
    unknown_.insert(referral);
  }

  static absl::Time Limit(absl::Time since, size_t level) {
    return EndOfDay(AddOfficeDays(LocalDay(since), kOfficeDays[level]));
  }

  // Whatever was due by then has been told.
  void Stop(const std::string& referral, absl::Time time) {
    const Clock& clock = clocks_[referral];
    if (!clock.since.has_value() || clock.told == kOfficeDays.size()) return;
    if (Limit(*clock.since, clock.told) < time) {
      faults_.push_back(absl::StrCat("rules: ", referral, " was not answered in time, and nobody was told"));
    }
  }

  void Start(const std::string& referral, absl::Time since, absl::Time now) {
    Stop(referral, now);
    clocks_[referral] = {since};
    unknown_.erase(referral);
  }

  void Restart(const store::JournalRow& row) {
    v1::ReferralRecorded recorded;
    v1::ReferralReceived received;
    v1::InformationProvided provided;
    v1::ReferralRedirected redirected;
    v1::ReferralReopened reopened;
    v1::ReferralUnlinked unlinked;
    if (Read(row, recorded)) {
      follows_[recorded.referral().name()] = !recorded.referral().linked_referral().empty();
    } else if (Read(row, received)) {
      if (!follows_[received.referral()]) Start(received.referral(), FromProto(received.receive_time()), row.time);
    } else if (Read(row, provided)) {
      Start(provided.referral(), FromProto(provided.provide_time()), row.time);
    } else if (Read(row, redirected)) {
      Start(redirected.referral(), FromProto(redirected.redirect_time()), row.time);
    } else if (Read(row, reopened)) {
      Start(reopened.referral(), FromProto(reopened.reopen_time()), row.time);
    } else if (Read(row, unlinked)) {
      Start(unlinked.referral(), FromProto(unlinked.unlink_time()), row.time);
    }
  }

  void Halt(const store::JournalRow& row) {
    v1::ReferralInformationRequested requested;
    v1::ReferralAccepted accepted;
    v1::ReferralDeclined declined;
    v1::ReferralWithdrawn withdrawn;
    v1::ReferralVoided voided;
    std::string referral;
    if (Read(row, requested)) referral = requested.referral();
    if (Read(row, accepted)) referral = accepted.referral();
    if (Read(row, declined)) referral = declined.referral();
    if (Read(row, withdrawn)) referral = withdrawn.referral();
    if (Read(row, voided)) referral = voided.referral();
    if (referral.empty()) return;
    Stop(referral, row.time);
    clocks_[referral].since.reset();
  }

  void Tell(const store::JournalRow& row) {
    v1::ReferralOverdue overdue;
    if (!Read(row, overdue) || unknown_.contains(overdue.referral())) return;
    Clock& clock = clocks_[overdue.referral()];
    const auto level = static_cast<size_t>(overdue.level()) - 1;
    const bool right = clock.since.has_value() && FromProto(overdue.waiting_since()) == *clock.since &&
                       level == clock.told && FromProto(overdue.due_time()) == Limit(*clock.since, level) &&
                       FromProto(overdue.due_time()) <= row.time;
    if (!right) faults_.push_back(absl::StrCat("rules: nobody waits like that: ", overdue.ShortDebugString()));
    ++clock.told;
  }

  std::map<std::string, Clock> clocks_;  // By referral.
  std::map<std::string, bool> follows_;
  std::set<std::string> given_;    // Names under which a split has given a referral away that has not arrived yet.
  std::set<std::string> unknown_;  // Referrals.
  std::vector<std::string> faults_;
};

}  // namespace

std::vector<std::string> CompareWithNaiveReferrals(const Picture& picture, absl::Time now) {
  return Clocks().Compare(picture, now);
}

}  // namespace polku::simulation
