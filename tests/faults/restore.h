// F31: a database goes back to a backup while all others, the topics and the people go on.
#pragma once

#include "absl/status/status.h"
#include "tests/faults/rows.h"

namespace polku::faults {

// Of one service, with pg_dump, while stories run.
absl::Status TakeBackup(Stage& stage);
// Puts back what was taken, as an operator does (deploy/runbook/restore.md), and tells what is lost again.
absl::Status PutBack(Stage& stage);

}  // namespace polku::faults
