// polkuctl verify.
#pragma once

#include "tools/polkuctl/session.h"

namespace polku::polkuctl {

void AddVerifyCommands(CLI::App& app, Session& session);

}  // namespace polku::polkuctl
