#include "services/follow-up/domain/words.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "libs/pipeline/proto_time.h"
#include "services/follow-up/domain/moment.h"
#include "services/follow-up/domain/spells.h"

namespace polku::follow_up {
namespace {

using namespace polku::follow_up::v1;  // NOLINT
using polku::common::v1::Text;
using polku::pipeline::FromProto;

Text Say(std::string fi, std::string en) {
  Text text;
  text.set_fi(std::move(fi));
  text.set_en(std::move(en));
  return text;
}

// "9.3.2026" and "9 March 2026".
Text DayInWords(absl::CivilDay day) {
  return Say(absl::StrCat(day.day(), ".", day.month(), ".", day.year()),
             absl::FormatTime("%-d %B %Y", absl::FromCivil(day, absl::UTCTimeZone()), absl::UTCTimeZone()));
}
Text DayInWords(int64_t us) { return DayInWords(LocalDay(At(us))); }
Text DayInWords(const google::type::Date& date) { return DayInWords(FromProto(date)); }

Text WhyMissed(const Finding& finding, const polku::pathway::v1::RuleSet& rules) {
  const Text day = DayInWords(finding.counted_from_us);
  if (finding.absence) {
    return Say(
        absl::StrCat(day.fi(), " alkaneella viikolla läsnäolopäiviä oli vähemmän kuin on sovittu."),
        absl::StrCat("In the week that began on ", day.en(), " there were fewer days of attendance than agreed."));
  }
  return Say(
      absl::StrCat("Poissa ", rules.misses_in_a_row(), " sovitulta kerralta peräkkäin, ensimmäisen kerran ", day.fi(),
                   "."),
      absl::StrCat("Missed ", rules.misses_in_a_row(), " agreed sessions in a row, the first on ", day.en(), "."));
}

Text WhyMonthsNear(const polku::pathway::v1::StatutoryPoint& point, const Text& from, int days_left) {
  const int months = point.absence_months();
  const Text how = point.part_time() ? Say(" osa-aikatyössä", " at work part of the time because of illness")
                                     : Say(" poissa", " away ill");
  return Say(absl::StrCat("Asiakas on ollut sairauden vuoksi", how.fi(), " ", from.fi(), " alkaen, ja ", months,
                          months == 1 ? " kuukausi" : " kuukautta", " täyttyy ", days_left,
                          " päivän päästä. Siihen mennessä: ", point.duty().fi(), "."),
             absl::StrCat("The client has been", how.en(), " since ", from.en(), "; ", months,
                          months == 1 ? " month" : " months", " will be full in ", days_left,
                          " days. By then: ", point.duty().en(), "."));
}

Text WhyPointNear(const Finding& finding, const polku::pathway::v1::RuleSet& rules) {
  const Text from = DayInWords(finding.counted_from_us);
  for (const auto& point : rules.statutory_points()) {
    if (point.code() != finding.point) continue;
    if (point.absence_months() > 0) return WhyMonthsNear(point, from, rules.statutory_warn_days());
    if (point.until_month_before()) {
      return Say(
          absl::StrCat("Sairauspäivärahan enimmäisaika, ", point.benefit_days(), " päivää (", from.fi(),
                       " alkaen), lähestyy. Päivärahaa maksetaan enimmäisajan täyttymiskuukautta edeltävän "
                       "kuukauden loppuun. Siihen mennessä: ",
                       point.duty().fi(), "."),
          absl::StrCat("Sickness allowance is near its maximum of ", point.benefit_days(), " days (since ", from.en(),
                       "). It is paid until the end of the month before the one in which the last of them falls. "
                       "By then: ",
                       point.duty().en(), "."));
    }
    const Text near = DayInWords(finding.due_us - 1);
    return Say(absl::StrCat("Sairauspäivärahaa on maksettu ", near.fi(), " mennessä ",
                            point.benefit_days() - rules.statutory_warn_benefit_days(), " päivää (", from.fi(),
                            " alkaen); raja on ", point.benefit_days(), ". Siihen mennessä: ", point.duty().fi(), "."),
               absl::StrCat("By ", near.en(), " sickness allowance had been paid for ",
                            point.benefit_days() - rules.statutory_warn_benefit_days(), " days (since ", from.en(),
                            "); the limit is ", point.benefit_days(), ". By then: ", point.duty().en(), "."));
  }
  return Say("Sairauspäivärahan määräaika lähestyy.", "A point of the sickness allowance is near.");
}

Text BenefitInWords(const BenefitPeriod& period) {
  const Text first = DayInWords(period.first_date());
  const Text last = DayInWords(period.last_date());
  Text what = Say("Sairauspoissaolo ", "Away ill ");
  if (period.kind() == BENEFIT_KIND_SICKNESS_ALLOWANCE) what = Say("Sairauspäiväraha ", "Sickness allowance ");
  if (period.kind() == BENEFIT_KIND_PARTIAL_SICKNESS_ALLOWANCE) {
    what = Say("Osasairauspäiväraha ", "Partial sickness allowance ");
  }
  if (period.kind() == BENEFIT_KIND_PART_TIME_WORK) what = Say("Osa-aikatyö sairauden vuoksi ", "Part-time work ");
  return Say(absl::StrCat(what.fi(), first.fi(), "-", last.fi(), "."),
             absl::StrCat(what.en(), first.en(), " to ", last.en(), "."));
}

Text EndInWords(EndReason reason) {
  switch (reason) {
    case END_REASON_GOAL_REACHED:
      return Say("tavoite saavutettiin", "the goal was reached");
    case END_REASON_WORK_OR_STUDY:
      return Say("asiakas siirtyi työhön tai opiskelemaan", "the client went to work or study");
    case END_REASON_ILLNESS:
      return Say("sairaus", "illness");
    case END_REASON_CLIENT_STOPPED:
      return Say("asiakas lopetti", "the client stopped");
    case END_REASON_PROVIDER_STOPPED:
      return Say("palveluntuottaja lopetti", "the provider stopped");
    case END_REASON_NOT_SUITABLE:
      return Say("palvelu ei sopinut asiakkaalle", "the service did not suit the client");
    case END_REASON_MOVED:
      return Say("asiakas muutti", "the client moved away");
    default:
      return Say("muu syy", "another reason");
  }
}

Text MarkInWords(const AttendanceRecorded& event) {
  const Text day = DayInWords(event.mark().date());
  switch (event.mark().status()) {
    case ATTENDANCE_STATUS_PRESENT:
      return Say(absl::StrCat("Läsnä ", day.fi(), "."), absl::StrCat("Present on ", day.en(), "."));
    case ATTENDANCE_STATUS_EXCUSED:
      return Say(absl::StrCat("Poissa hyväksytystä syystä ", day.fi(), "."),
                 absl::StrCat("Excused on ", day.en(), "."));
    default:
      return Say(absl::StrCat("Merkitty poissa olevaksi ", day.fi(), "."),
                 absl::StrCat("Marked absent on ", day.en(), "."));
  }
}

Text MissInWords(const AttendanceMissed& event) {
  const Text day = DayInWords(event.date());
  if (event.unmarked()) {
    return Say(absl::StrCat("Läsnäoloa ", day.fi(), " ei ole merkitty; se lasketaan poissaoloksi."),
               absl::StrCat("Nobody marked attendance on ", day.en(), "; it counts as a missed session."));
  }
  return Say(absl::StrCat("Jäi pois sovitulta kerralta ", day.fi(), "."),
             absl::StrCat("Missed the agreed session on ", day.en(), "."));
}

Text ResolutionInWords(ResolutionOutcome outcome) {
  switch (outcome) {
    case RESOLUTION_OUTCOME_RETURNED:
      return Say("asiakas palaa", "the client returns");
    case RESOLUTION_OUTCOME_NEXT_STEP_AGREED:
      return Say("seuraava askel on sovittu", "the next step is agreed");
    case RESOLUTION_OUTCOME_NEEDS_CHANGED:
      return Say("palvelutarve on muuttunut", "the needs have changed");
    case RESOLUTION_OUTCOME_REFUSES:
      return Say("asiakas ei halua jatkaa", "the client does not want to go on");
    case RESOLUTION_OUTCOME_IN_OTHER_SERVICE:
      return Say("asiakas on muussa palvelussa, työssä tai opinnoissa",
                 "the client is in another service, work or study");
    case RESOLUTION_OUTCOME_JOURNEY_CLOSED:
      return Say("seuranta päättyi", "the follow-up ended");
    default:
      return Say("muu ratkaisu", "another solution");
  }
}

Text ResolvedInWords(const InterruptionResolved& event) {
  const Text how = ResolutionInWords(event.outcome());
  Text text = Say(absl::StrCat("Keskeytys on ratkaistu: ", how.fi(), "."),
                  absl::StrCat("The interruption was resolved: ", how.en(), "."));
  if (!event.has_next_step_date()) return text;
  const Text day = DayInWords(event.next_step_date());
  text.mutable_fi()->append(absl::StrCat(" Seuraava askel viimeistään ", day.fi(), "."));
  text.mutable_en()->append(absl::StrCat(" Next step by ", day.en(), "."));
  return text;
}

Text StartedInWords(const MeasureStarted& event) {
  const Text day = DayInWords(event.start_date());
  return Say(absl::StrCat("Toimenpide alkoi ", day.fi(), "."), absl::StrCat("A measure started on ", day.en(), "."));
}

Text CompletedInWords(const MeasureCompleted& event) {
  const Text day = DayInWords(event.end_date());
  return Say(absl::StrCat("Toimenpide saatiin päätökseen ", day.fi(), "."),
             absl::StrCat("A measure was completed on ", day.en(), "."));
}

Text EndedEarlyInWords(const MeasureEndedEarly& event) {
  const Text day = DayInWords(event.end_date());
  const Text reason = EndInWords(event.reason());
  return Say(absl::StrCat("Toimenpide päättyi ennen aikojaan ", day.fi(), ": ", reason.fi(), "."),
             absl::StrCat("A measure ended early on ", day.en(), ": ", reason.en(), "."));
}

Text CircumstanceInWords(Circumstance circumstance) {
  switch (circumstance) {
    case CIRCUMSTANCE_DIED:
      return Say("asiakas on kuollut", "the client has died");
    case CIRCUMSTANCE_MOVED_AWAY:
      return Say("asiakas on muuttanut pois", "the client has moved away");
    case CIRCUMSTANCE_PENSION:
      return Say("asiakas on eläkkeellä", "the client draws a pension");
    case CIRCUMSTANCE_WORK_STARTED:
      return Say("asiakas on aloittanut työn", "the client has started work");
    case CIRCUMSTANCE_STUDY_STARTED:
      return Say("asiakas on aloittanut opinnot", "the client has started studies");
    case CIRCUMSTANCE_PERMISSION_WITHDRAWN:
      return Say("asiakas on perunut luvan", "the client has withdrawn the permission");
    default:
      return Say("asiakkaan tilanne on muuttunut", "the client's situation has changed");
  }
}

Text RungInWords(OutreachRung rung) {
  switch (rung) {
    case OUTREACH_RUNG_SECOND_ATTEMPT:
      return Say("toinen yritys", "a second attempt");
    case OUTREACH_RUNG_LETTER:
      return Say("kirje tai viesti", "a letter or message");
    case OUTREACH_RUNG_VISIT:
      return Say("käynti", "a visit");
    case OUTREACH_RUNG_MEETING:
      return Say("verkoston esihenkilö kutsuu koolle monialaisen palaverin", "the lead calls a multi-agency meeting");
    case OUTREACH_RUNG_SUPERVISOR:
      return Say("esihenkilön ratkaisu", "the supervisor's decision");
    default:
      return Say("soitto", "a call");
  }
}

Text TransitionWhy(const Finding& finding, const TransitionRecord& transition) {
  const Text limit = DayInWords(finding.due_us - 1);
  if (transition.accept_us() == 0) {
    return Say(absl::StrCat("Vastuun siirtoa ei ole otettu vastaan ", limit.fi(), " mennessä."),
               absl::StrCat("The transition was not accepted by ", limit.en(), "."));
  }
  return Say(
      absl::StrCat("Vastaanottaja ei ole ollut yhteydessä asiakkaaseen tai tavannut häntä ", limit.fi(), " mennessä."),
      absl::StrCat("The taker has not contacted or met the client by ", limit.en(), "."));
}

Text CircumstanceWhy(const JourneyRecord& journey) {
  const CircumstanceRecord* standing = StandingCircumstance(journey);
  const Text what = CircumstanceInWords(standing->circumstance());
  const Text from = DayInWords(standing->from_us());
  return Say(
      absl::StrCat("Tilanne on muuttunut ", from.fi(), ": ", what.fi(),
                   ". Seuranta on päätettävä tai todettava, että se jatkuu."),
      absl::StrCat("Since ", from.en(), " ", what.en(), ". Somebody must end the follow-up or say that it goes on."));
}

Text PauseInWords(const PauseAgreed& event) {
  const Text start = DayInWords(event.start_date());
  const Text resume = DayInWords(event.resume_date());
  return Say(absl::StrCat("Sovittiin tauosta ", start.fi(), " alkaen; paluu ", resume.fi(), "."),
             absl::StrCat("A pause was agreed from ", start.en(), "; back on ", resume.en(), "."));
}

Text RecordedInWords(const CircumstanceRecorded& event) {
  const Text what = CircumstanceInWords(event.circumstance());
  const Text from = DayInWords(event.from_date());
  if (event.revoked()) {
    return Say(absl::StrCat("Virheellinen merkintä kumottiin: ", what.fi(), " ", from.fi(), " alkaen."),
               absl::StrCat("A mistaken record was taken back: ", what.en(), " since ", from.en(), "."));
  }
  if (event.has_end_date()) {
    const Text end = DayInWords(event.end_date());
    return Say(absl::StrCat("Tilanteen muutos ", from.fi(), " alkaen päättyi ", end.fi(), ": ", what.fi(), "."),
               absl::StrCat("A change from ", from.en(), " was over on ", end.en(), ": ", what.en(), "."));
  }
  return Say(absl::StrCat("Tilanne muuttui ", from.fi(), ": ", what.fi(), "."),
             absl::StrCat("A change since ", from.en(), ": ", what.en(), "."));
}

Text ClosureInWords(const ClosureTold& event) {
  const Text first = DayInWords(event.first_date());
  const Text last = DayInWords(event.last_date());
  if (event.revoked()) {
    return Say(absl::StrCat("Palveluntuottaja ei olekaan suljettuna ", first.fi(), "-", last.fi(), "."),
               absl::StrCat("The provider is not closed from ", first.en(), " to ", last.en(), " after all."));
  }
  return Say(absl::StrCat("Palveluntuottaja on suljettuna ", first.fi(), "-", last.fi(), "."),
             absl::StrCat("The provider is closed from ", first.en(), " to ", last.en(), "."));
}

Text With(absl::string_view fi, absl::string_view en, const Text& tail) {
  return Say(absl::StrCat(fi, tail.fi()), absl::StrCat(en, tail.en()));
}

}  // namespace

Text WhyFound(const Finding& finding, const JourneyRecord& journey, const polku::pathway::v1::RuleSet& rules) {
  const Text from = DayInWords(finding.counted_from_us);
  // Limits end with a day, so the last instant inside them names it.
  const Text limit = DayInWords(finding.due_us - 1);
  switch (finding.rule) {
    case RULE_ENDED_EARLY:
      return Say(absl::StrCat("Toimenpide päättyi ennen aikojaan ", from.fi(), "."),
                 absl::StrCat("A measure ended early on ", from.en(), "."));
    case RULE_MISSED_ATTENDANCE:
      return WhyMissed(finding, rules);
    case RULE_NO_NEXT_MEASURE:
      return Say(
          absl::StrCat("Edellinen vaihe päättyi ", from.fi(), ", eikä seuraavaa ollut sovittu ", limit.fi(),
                       " mennessä."),
          absl::StrCat("The last step ended on ", from.en(), " and no next one was agreed by ", limit.en(), "."));
    case RULE_NO_CONTACT:
      return Say(
          absl::StrCat("Asiakkaasta ei ole kuultu ", from.fi(), " jälkeen; raja oli ", limit.fi(), "."),
          absl::StrCat("Nothing has been heard of the client since ", from.en(), "; the limit was ", limit.en(), "."));
    case RULE_MISSED_TRANSITION:
      return TransitionWhy(finding, journey.transition());
    case RULE_PAUSE_OVERRUN:
      return Say(absl::StrCat("Asiakkaan piti palata tauolta ", from.fi(), ", eikä häntä ole nähty ", limit.fi(),
                              " mennessä."),
                 absl::StrCat("The client was to come back from a pause on ", from.en(), " and was not seen by ",
                              limit.en(), "."));
    case RULE_CHANGED_CIRCUMSTANCE:
      return CircumstanceWhy(journey);
    case RULE_STATUTORY_POINT:
      return WhyPointNear(finding, rules);
    case RULE_OVERDUE_ASSESSMENT:
      return Say(absl::StrCat("Palvelutarpeen arviointi ei valmistunut määräpäivään ", limit.fi(), " mennessä."),
                 absl::StrCat("The assessment was not complete by its deadline, ", limit.en(), "."));
    case RULE_NOT_STARTED:
      return Say(absl::StrCat("Toimenpide ei ole alkanut ", limit.fi(), " mennessä; sen piti alkaa viimeistään ",
                              from.fi(), "."),
                 absl::StrCat("A measure had not started by ", limit.en(), "; it was to start by ", from.en(), "."));
    case RULE_PLAN_OVERRUN: {
      return Say(absl::StrCat("Toimenpidettä ei ole päätetty eikä jatkettu ", limit.fi(),
                              " mennessä, vaikka sen suunniteltu aika on ohi."),
                 absl::StrCat("The planned time of a measure is over, and by ", limit.en(),
                              " it was neither completed nor extended."));
    }
    default:
      return Say("Palveluketju on katkennut.", "The service chain has broken.");
  }
}

Text WhySuppressed(const JourneyRecord& journey) {
  if (const CircumstanceRecord* standing = StandingCircumstance(journey); standing != nullptr) {
    const Text what = CircumstanceInWords(standing->circumstance());
    return Say(absl::StrCat("Keskeytys raukesi: ", what.fi(), "."), absl::StrCat("It lapsed: ", what.en(), "."));
  }
  return Say("Keskeytys osui sovitulle tauolle tai palveluntuottajan kiinnioloaikaan; tieto siitä tuli myöhemmin.",
             "It fell on an agreed pause or on closed days of the provider; word of that came later.");
}

Text WhyOtherRules(const JourneyRecord& journey) {
  return Say(
      absl::StrCat("Sääntöjen versio ", journey.rules_version(), " otettiin käyttöön; sen mukaan katkosta ei ole."),
      absl::StrCat("Rule set ", journey.rules_version(), " came into force; by it there is no break."));
}

Text WhyOtherVersion(const JourneyRecord& journey) {
  return Say(absl::StrCat("Asiakkuus siirrettiin palvelupolun versioon ", journey.pathway_version(),
                          "; sen mukaan katkosta ei ole."),
             absl::StrCat("The journey was moved to version ", journey.pathway_version(),
                          " of its pathway; by it there is no break."));
}

Text WhyRetracted(Rule rule) {
  switch (rule) {
    case RULE_MISSED_TRANSITION:
      return Say("Vastuun siirto oli edennyt ajoissa; tieto siitä tuli myöhemmin.",
                 "The transition had gone on in time; word of it came later.");
    case RULE_PAUSE_OVERRUN:
      return Say("Asiakas oli palannut ajoissa; tieto siitä tuli myöhemmin.",
                 "The client had come back in time; word of it came later.");
    case RULE_CHANGED_CIRCUMSTANCE:
      return Say("Tilanteen muutos oli väliaikainen tai virhe.", "The change is over or was a mistake.");
    case RULE_STATUTORY_POINT:
      return Say("Päivärahakausien tiedot korjaantuivat: raja ei olekaan lähellä.",
                 "What is known of the benefit periods changed: the point is not near.");
    case RULE_MISSED_ATTENDANCE:
      return Say("Myöhemmin tullut merkintä osoitti, ettei poissaoloja ollut liikaa.",
                 "A later mark showed that there were not too many missed sessions.");
    case RULE_NO_NEXT_MEASURE:
      return Say("Suunnitelma oli hyväksytty ajoissa; tieto siitä tuli myöhemmin.",
                 "A plan had been approved in time; word of it came later.");
    case RULE_NO_CONTACT:
      return Say("Asiakkaaseen oli oltu yhteydessä ajoissa; tieto siitä tuli myöhemmin.",
                 "The client had been in contact in time; word of it came later.");
    case RULE_OVERDUE_ASSESSMENT:
      return Say("Arviointi valmistui ajoissa tai sen määräaika on myöhemmin; tieto siitä tuli jälkikäteen.",
                 "The assessment was complete in time or is due later; word of it came afterwards.");
    case RULE_NOT_STARTED:
      return Say("Toimenpide oli alkanut tai peruttu ajoissa; tieto siitä tuli myöhemmin.",
                 "The measure had started or been called off in time; word of it came later.");
    case RULE_PLAN_OVERRUN:
      return Say("Toimenpide oli päättynyt ajoissa tai sitä on jatkettu; tieto siitä tuli myöhemmin.",
                 "The measure had ended in time or goes on by a new plan; word of it came later.");
    default:
      return Say("Myöhemmin tullut tieto osoitti, ettei katkosta ollut.",
                 "A later fact showed that there was no break.");
  }
}

namespace {

Text VoidedInWords(VoidedRecord record) {
  switch (record) {
    case VOIDED_RECORD_MEASURE_START:
      return Say("Toimenpiteen aloitus oli kirjattu virheellisesti.", "The start of the measure was a mistake.");
    case VOIDED_RECORD_RESOLUTION:
      return Say("Keskeytyksen ratkaisu oli kirjattu virheellisesti.", "The resolution had been a mistake.");
    case VOIDED_RECORD_MEASURE_END:
      return Say("Toimenpiteen päättyminen oli kirjattu virheellisesti.", "The end of the measure was a mistake.");
    default:
      return Say("Yhteydenotto oli kirjattu virheellisesti.", "The contact had been recorded by mistake.");
  }
}

Text MovedInWords(const JourneyMoved& event) {
  return Say(absl::StrCat("Asiakkuus siirrettiin palvelupolun versiosta ", event.from_version(), " versioon ",
                          event.to_version(), "; seurannan säännöt: ", event.rules_version(), "."),
             absl::StrCat("The journey was moved from version ", event.from_version(), " of its pathway to version ",
                          event.to_version(), "; it is followed by the rules ", event.rules_version(), "."));
}

Text OpenedInWords(const polku::assessment::v1::AssessmentOpened& event) {
  const Text deadline = DayInWords(Micros(FromProto(event.deadline())) - 1);
  switch (event.reason()) {
    case polku::assessment::v1::ASSESSMENT_REASON_NEEDS_CHANGED:
      return With("Asiakkaan tarpeet ovat muuttuneet: palvelutarve arvioidaan uudelleen. Määräpäivä: ",
                  "The client's needs have changed: they are assessed again. Deadline: ", deadline);
    case polku::assessment::v1::ASSESSMENT_REASON_STARTED_BY_PERSON:
      return With(
          "Palvelutarve arvioidaan uudelleen. Määräpäivä: ", "The needs are assessed again. Deadline: ", deadline);
    default:
      return With("Palvelutarpeen arviointi alkoi. Määräpäivä: ", "The assessment began. Deadline: ", deadline);
  }
}

Text AttemptInWords(const polku::coordinator_network::v1::OutreachAttempted& event) {
  if (event.outcome() == polku::coordinator_network::v1::ATTEMPT_OUTCOME_REACHED_NEEDS_CHANGED) {
    return Say("Asiakas tavoitettiin: hänen tarpeensa ovat muuttuneet.",
               "The client was reached: the needs have changed.");
  }
  return Say("Asiakasta yritettiin tavoittaa.", "Somebody tried to reach the client.");
}

// What people agree on and record.
std::optional<Text> AgreementInWords(const JourneyEvent& event) {
  switch (event.event_case()) {
    case JourneyEvent::kAssessmentCancelled:
      return Say("Palvelutarpeen arviointi peruttiin.", "The assessment was cancelled.");
    case JourneyEvent::kPlanRevised:
      return Say("Suunnitelmaa muutettiin.", "The plan was revised.");
    case JourneyEvent::kSessionHeld:
      return Say("Asiakas osallistui arviointikertaan.", "The client took part in a session of the assessment.");
    case JourneyEvent::kMeetingHeld:
      return Say("Asiakkaan kanssa pidettiin palaveri.", "A meeting was held with the client.");
    case JourneyEvent::kCoordinatorReplaced:
      return Say("Työkykykoordinaattori vaihtui.", "Another coordinator took on the client.");
    case JourneyEvent::kPermissionWithdrawn:
      return Say("Asiakas perui luvan.", "The client withdrew a permission.");
    case JourneyEvent::kPermissionGranted:
      return event.permission_granted().denial() ? Say("Asiakas kielsi tietojen käytön.", "The client denied the use.")
                                                 : Say("Asiakas antoi luvan.", "The client gave a permission.");
    case JourneyEvent::kPauseAgreed:
      return PauseInWords(event.pause_agreed());
    case JourneyEvent::kPauseEnded:
      return With("Tauko päättyi ", "The pause ended on ", DayInWords(event.pause_ended().end_date()));
    case JourneyEvent::kTransitionOffered:
      return With("Vastuuta tarjottiin toiselle organisaatiolle; vastaus viimeistään ",
                  "Responsibility was offered to another organisation; to be answered by ",
                  DayInWords(Micros(FromProto(event.transition_offered().accept_due_time())) - 1));
    case JourneyEvent::kTransitionAccepted:
      return Say("Vastuu siirtyi toiselle organisaatiolle.", "Another organisation took over the responsibility.");
    case JourneyEvent::kTransitionDeclined:
      return Say("Vastuun siirtoa ei otettu vastaan; vastuu ei vaihtunut.",
                 "The transition was declined; the responsibility stayed.");
    case JourneyEvent::kOutreachEscalated:
      return With("Asiakasta ei tavoitettu; seuraavaksi: ", "The client was not reached; next: ",
                  RungInWords(event.outreach_escalated().rung()));
    case JourneyEvent::kCircumstanceRecorded:
      return RecordedInWords(event.circumstance_recorded());
    case JourneyEvent::kClosureTold:
      return ClosureInWords(event.closure_told());
    case JourneyEvent::kOutreachHeld:
      return With("Yhteydenotot keskeytettiin; ne jatkuvat ", "Outreach is held back until ",
                  DayInWords(event.outreach_held().until_date()));
    case JourneyEvent::kOutreachReleased:
      return Say("Yhteydenotot jatkuvat.", "Outreach goes on.");
    case JourneyEvent::kMovedToRules:
      return With("Seurannan säännöt vaihtuivat: ", "The journey is followed by other rules: ",
                  Say(event.moved_to_rules().to_version(), event.moved_to_rules().to_version()));
    case JourneyEvent::kJourneyMoved:
      return MovedInWords(event.journey_moved());
    case JourneyEvent::kLaddersMoved:
      return Say("Yhteydenottojen määräajat muuttuivat: seuraava askel on nyt.",
                 "The limits of outreach have changed: its next rung is due now.");
    case JourneyEvent::kJourneyImported:
      return Say("Asiakkuus tuotiin aiemmasta järjestelmästä.", "The case was brought in from the system before.");
    case JourneyEvent::kInterruptionReviewed:
      return Say("Käyttöönottoa edeltänyt keskeytys otettiin hoidettavaksi.",
                 "What was broken before the go-live is to be called about.");
    case JourneyEvent::kBenefitPeriodRecorded:
      return BenefitInWords(event.benefit_period_recorded().period());
    case JourneyEvent::kBenefitPeriodVoided:
      return Say("Päivärahakausi oli kirjattu virheellisesti.", "A benefit period had been recorded by mistake.");
    case JourneyEvent::kRecordVoided:
      return VoidedInWords(event.record_voided().record());
    case JourneyEvent::kProcessingRestricted:
      return event.processing_restricted().restricted()
                 ? Say("Tietojen käsittelyä rajoitettiin.", "The client's processing was restricted.")
                 : Say("Tietojen käsittelyn rajoitus päättyi.", "The client's processing is free again.");
    case JourneyEvent::kDenialTold:
      return event.denial_told().has_denied() ? Say("Asiakas kielsi tietojen luovutuksen organisaatiolle.",
                                                    "The client denied an organisation data.")
                                              : Say("Asiakkaan kielto päättyi.", "A denial of the client ended.");
    default:
      return std::nullopt;
  }
}

}  // namespace

std::optional<Text> InWords(const JourneyEvent& event) {
  switch (event.event_case()) {
    case JourneyEvent::kJourneyOpened:
      if (event.journey_opened().has_reopened_after()) return Say("Seurantaa jatkettiin.", "The follow-up goes on.");
      return Say("Lähete hyväksyttiin ja seuranta alkoi.", "The referral was accepted and the follow-up began.");
    case JourneyEvent::kAssessmentOpened:
      return OpenedInWords(event.assessment_opened());
    case JourneyEvent::kAssessmentCompleted:
      return Say("Palvelutarpeen arviointi valmistui.", "The assessment was completed.");
    case JourneyEvent::kPlanApproved:
      return Say("Suunnitelma hyväksyttiin.", "The plan was approved.");
    case JourneyEvent::kAssignmentAccepted:
      return Say("Työkykykoordinaattori otti asiakkaan vastuulleen.", "A coordinator took on the client.");
    case JourneyEvent::kOutreachAttempted:
      return AttemptInWords(event.outreach_attempted());
    case JourneyEvent::kOutreachCompleted:
      return Say("Tavoittava yhteydenotto saatiin päätökseen.", "The outreach was completed.");
    case JourneyEvent::kMeasureStarted:
      return StartedInWords(event.measure_started());
    case JourneyEvent::kAttendanceRecorded:
      return MarkInWords(event.attendance_recorded());
    case JourneyEvent::kAttendanceMissed:
      return MissInWords(event.attendance_missed());
    case JourneyEvent::kMeasureCompleted:
      return CompletedInWords(event.measure_completed());
    case JourneyEvent::kMeasureEndedEarly:
      return EndedEarlyInWords(event.measure_ended_early());
    case JourneyEvent::kContactRecorded:
      return Say("Asiakkaaseen oltiin yhteydessä.", "There was a contact with the client.");
    case JourneyEvent::kMeasureInterrupted:
      return With("Keskeytys havaittiin. ", "An interruption was found. ", event.measure_interrupted().why());
    case JourneyEvent::kInterruptionAmended:
      return With("Keskeytyksen tiedot tarkentuivat. ", "The interruption was amended. ",
                  event.interruption_amended().why());
    case JourneyEvent::kInterruptionRetracted:
      return With("Keskeytys peruttiin. ", "The interruption was retracted. ", event.interruption_retracted().why());
    case JourneyEvent::kInterruptionResolved:
      return ResolvedInWords(event.interruption_resolved());
    case JourneyEvent::kOutreachRequested:
      return With("Pyydettiin ottamaan yhteyttä asiakkaaseen viimeistään ", "Outreach was asked for, at the latest on ",
                  DayInWords(Micros(FromProto(event.outreach_requested().due_time())) - 1));
    case JourneyEvent::kJourneyClosed:
      return Say("Seuranta päättyi.", "The follow-up ended.");
    default:
      return AgreementInWords(event);
  }
}

}  // namespace polku::follow_up
