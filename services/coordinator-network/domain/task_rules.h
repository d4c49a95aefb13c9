// Which peers' facts make a task, and which take it away.
#pragma once

#include <string>

#include "polku/coordinator_network/v1/state.pb.h"
#include "services/coordinator-network/domain/client_turn.h"

namespace polku::coordinator_network {

// One outreach per interruption, whatever comes again. For missed attendance it takes the place
// of the measure's contact task.
void OnOutreachRequested(const polku::follow_up::v1::OutreachRequested& fact, ClientTurn& turn);

// The interruption was retracted or resolved: its open outreach is cancelled, a later request is
// not heeded.
void OnInterruptionEnded(const std::string& interruption, ClientTurn& turn);

// At most one open contact task per measure, and none beside an open outreach for the measure.
void OnAttendanceMissed(const polku::follow_up::v1::AttendanceMissed& fact, ClientTurn& turn);

void OnAssessmentOverdue(const polku::assessment::v1::AssessmentOverdue& fact, ClientTurn& turn);
void OnAssessmentCompleted(const polku::assessment::v1::AssessmentCompleted& fact, ClientTurn& turn);

}  // namespace polku::coordinator_network
