// What another rule set would find, and how far one is on its way. All block on the database.
#pragma once

#include "absl/status/statusor.h"
#include "libs/pathway/catalogue.h"
#include "libs/rpc/gate.h"
#include "polku/follow_up/v1/api.pb.h"

namespace polku::follow_up {

// Plays the journals of a page of clients twice. Errors: kInvalidArgument.
absl::StatusOr<v1::BacktestRulesResponse> BacktestRules(rpc::ReadScope& scope, const v1::BacktestRulesRequest& request,
                                                        const pathway::Catalogue& catalogue);

// Errors: kInvalidArgument; kNotFound when it has never been tried.
absl::StatusOr<v1::RuleSetChange> GetRuleSet(rpc::ReadScope& scope, const v1::GetRuleSetRequest& request);

}  // namespace polku::follow_up
