// polkuctl health.
#pragma once

#include "tools/polkuctl/session.h"

namespace polku::polkuctl {

void AddHealthCommand(CLI::App& app, Session& session);

}  // namespace polku::polkuctl
