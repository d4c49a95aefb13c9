#include "libs/pipeline/lease.h"

#include <array>
#include <memory>

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "libs/base/log.h"
#include "libs/base/random.h"
#include "libs/base/status_macros.h"

namespace polku::pipeline {
namespace {

// We stop before the database lets others begin: our clock and its may run at different speeds.
constexpr double kTrusted = 0.8;

std::string NewHolder() {
  SystemRandom random;
  std::array<char, 16> bytes;
  random.Fill(bytes.data(), bytes.size());
  return absl::BytesToHexString(absl::string_view(bytes.data(), bytes.size()));
}

}  // namespace

Lease::Lease(store::Database& database, const MonotonicClock& clock, absl::Duration lasts)
    : database_(database), clock_(clock), lasts_(lasts), holder_(database.shared() ? NewHolder() : "") {}

absl::Status Lease::Keep(absl::Span<const store::Coverage> coverage) {
  const absl::Duration asked = clock_.Elapsed();
  ASSIGN_OR_RETURN(std::unique_ptr<store::Transaction> transaction, database_.Begin());
  ASSIGN_OR_RETURN(const bool taken, transaction->TakeLease(holder_, lasts_));
  if (!coverage.empty()) RETURN_IF_ERROR(transaction->SaveCoverage(coverage));
  RETURN_IF_ERROR(transaction->Commit());
  const bool had = held();
  held_until_ns_ = taken ? absl::ToInt64Nanoseconds(asked + lasts_ * kTrusted) : -1;
  if (taken != had) LogEvent(LogLevel::kInfo, taken ? "lease taken" : "lease lost", {{"holder", holder_}});
  return absl::OkStatus();
}

absl::Status Lease::Hold(store::Transaction& transaction) const {
  return database_.shared() ? transaction.HoldLease(holder_) : absl::OkStatus();
}

void Lease::Release() {
  if (held_until_ns_ < 0 || !database_.shared()) return;
  held_until_ns_ = -1;
  absl::StatusOr<std::unique_ptr<store::Transaction>> transaction = database_.Begin();
  absl::Status released = transaction.status();
  if (released.ok()) released = (*transaction)->ReleaseLease(holder_);
  if (released.ok()) released = (*transaction)->Commit();
  if (!released.ok()) LogEvent(LogLevel::kWarning, "lease not given back", {{"status", released}});
}

}  // namespace polku::pipeline
