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

// One task per deadline of an assessment. It ends when what was late has happened: the assessment
// is complete or cancelled, a session was agreed or held, another assessment was opened.
void OnAssessmentOverdue(const polku::assessment::v1::AssessmentOverdue& fact, ClientTurn& turn);
void OnAssessmentEnded(const std::string& assessment, ClientTurn& turn);
void OnAssessmentOpened(const polku::assessment::v1::AssessmentOpened& fact, ClientTurn& turn);
void OnSessionScheduled(const polku::assessment::v1::SessionScheduled& fact, ClientTurn& turn);
void OnSessionHeld(const polku::assessment::v1::SessionHeld& fact, ClientTurn& turn);

// The open outreach comes to its next rung; the last one is the network lead's.
// Calls get the first office day behind the hold as their limit; released, the next office day.
void OnOutreachHeld(const polku::follow_up::v1::OutreachHeld& fact, ClientTurn& turn);
void OnOutreachReleased(const polku::follow_up::v1::OutreachReleased& fact, ClientTurn& turn);
// While the client has died, moved away or the like nobody is to call about missed sessions.
void OnCircumstanceRecorded(const polku::follow_up::v1::CircumstanceRecorded& fact, ClientTurn& turn);
void OnOutreachEscalated(const polku::follow_up::v1::OutreachEscalated& fact, ClientTurn& turn);

// Missed sessions inside the pause are no reason to call.
void OnPauseAgreed(const polku::follow_up::v1::PauseAgreed& fact, ClientTurn& turn);

void OnTransitionOffered(const polku::follow_up::v1::TransitionOffered& fact, ClientTurn& turn);
void OnTransitionAnswered(const std::string& transition, ClientTurn& turn);  // Accepted or declined.

// A plan was approved or revised: what meetings had decided to change until then is done.
void OnPlanChanged(ClientTurn& turn);

// A task for the network lead from the reminder on; the escalation moves its rung, or makes
// another one when the first was ended by hand. It outlives journeys: a person may wait for an
// answer who has none.
void OnReferralOverdue(const polku::referral::v1::ReferralOverdue& fact, ClientTurn& turn);
// The unit has answered, or does not have to any more.
void OnReferralAnswered(const std::string& referral, ClientTurn& turn);

}  // namespace polku::coordinator_network
