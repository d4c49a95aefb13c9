// polkuctl measures, attendance, contacts, sources, journeys, interruptions, safety-net.
#include <thread>

#include "absl/strings/numbers.h"
#include "libs/pipeline/proto_time.h"
#include "polku/follow_up/v1/api.grpc.pb.h"
#include "tools/polkuctl/request.h"

namespace polku::polkuctl {
namespace {

using namespace polku::follow_up::v1;  // NOLINT
using Stub = FollowUpService::Stub;

void AddMeasures(CLI::App& app, Session& session) {
  CLI::App* measures = AddCommand(app, "measures", "Measures: start, complete, end-early.",
                                  "--role provider measures start clients/C/measures/1 --date 2026-12-01");
  measures->require_subcommand(1);
  CLI::App* start = AddCommand(*measures, "start", "The measure has started.",
                               "--role provider measures start clients/C/measures/1 --date 2026-12-01");
  auto started = std::make_shared<StartMeasureRequest>();
  start->add_option_function<std::string>("name", [started](const std::string& t) { started->set_name(t); })
      ->required();
  start
      ->add_option_function<std::string>(
          "--date",
          [started](const std::string& t) { *started->mutable_start_date() = Parsed(ParseDate(t), "--date"); })
      ->required();
  AddCall<FollowUpService>(*start, session, started, &Stub::StartMeasure);

  CLI::App* complete = AddCommand(*measures, "complete", "The measure came to its end.",
                                  "--role provider measures complete clients/C/measures/1 --date 2027-02-26");
  auto completed = std::make_shared<CompleteMeasureRequest>();
  complete->add_option_function<std::string>("name", [completed](const std::string& t) { completed->set_name(t); })
      ->required();
  complete
      ->add_option_function<std::string>(
          "--date",
          [completed](const std::string& t) { *completed->mutable_end_date() = Parsed(ParseDate(t), "--date"); })
      ->required();
  AddCall<FollowUpService>(*complete, session, completed, &Stub::CompleteMeasure);

  CLI::App* early = AddCommand(*measures, "end-early", "The measure ended before its planned end.",
                               "--role provider measures end-early clients/C/measures/1 --date 2026-12-15 "
                               "--reason client-stopped");
  auto ended = std::make_shared<EndMeasureEarlyRequest>();
  early->add_option_function<std::string>("name", [ended](const std::string& t) { ended->set_name(t); })->required();
  early
      ->add_option_function<std::string>(
          "--date", [ended](const std::string& t) { *ended->mutable_end_date() = Parsed(ParseDate(t), "--date"); })
      ->required();
  early
      ->add_option_function<std::string>(
          "--reason",
          [ended](const std::string& t) { ended->set_reason(Parsed(ParseEnumAs<EndReason>(t), "--reason")); },
          "goal-reached, work-or-study, illness, client-stopped, ...")
      ->required();
  AddCall<FollowUpService>(*early, session, ended, &Stub::EndMeasureEarly);
}

void AddAttendance(CLI::App& app, Session& session) {
  CLI::App* attendance = AddCommand(app, "attendance", "Attendance: record.",
                                    "--role provider attendance record clients/C/measures/1 --date 2026-12-07 "
                                    "--status present");
  attendance->require_subcommand(1);
  CLI::App* record = AddCommand(*attendance, "record", "One mark.",
                                "--role provider attendance record clients/C/measures/1 --date 2026-12-07 "
                                "--status absent");
  auto request = std::make_shared<RecordAttendanceRequest>();
  AttendanceMark* mark = request->add_marks();
  record->add_option_function<std::string>("measure,--measure", [mark](const std::string& t) { mark->set_measure(t); })
      ->required();
  record
      ->add_option_function<std::string>(
          "--date", [mark](const std::string& t) { *mark->mutable_date() = Parsed(ParseDate(t), "--date"); })
      ->required();
  record
      ->add_option_function<std::string>(
          "--status",
          [mark](const std::string& t) { mark->set_status(Parsed(ParseEnumAs<AttendanceStatus>(t), "--status")); },
          "present, absent, excused")
      ->required();
  record->add_option_function<int>(
      "--session", [mark](int n) { mark->set_session(n); }, "which of the day, from 0");
  record->add_option_function<int>(
      "--minutes", [mark](int n) { mark->set_minutes(n); }, "time present; 0 = the whole session");
  record->add_option_function<int>(
      "--revision", [mark](int n) { mark->set_revision(n); }, "the highest wins");
  record->callback([request, &session] {
    const auto stub = session.Connect<FollowUpService>();
    const auto reply = session.Call(&Stub::RecordAttendance, *stub, *request);
    if (!reply.ok()) return session.Fail(reply.status());
    if (reply->results_size() != 1) return session.Fail(absl::InternalError("the reply does not answer the mark"));
    const google::rpc::Status& result = reply->results(0);
    if (result.code() != 0) {
      return session.Fail(rpc::FromGrpc(
          grpc::Status(static_cast<grpc::StatusCode>(result.code()), result.message(), result.SerializeAsString())));
    }
    session.out << (session.json ? Json(*reply) : "recorded") << "\n";
  });

  CLI::App* contacts = AddCommand(app, "contacts", "Contacts: record.", "--role coordinator contacts record clients/C");
  contacts->require_subcommand(1);
  CLI::App* contact = AddCommand(*contacts, "record", "A contact with the client; counts as activity.",
                                 "--role coordinator contacts record clients/C --time now");
  auto contacted = std::make_shared<RecordContactRequest>();
  auto time = std::make_shared<std::string>("now");
  contact->add_option_function<std::string>("client", [contacted](const std::string& t) { contacted->set_client(t); })
      ->required();
  contact->add_option("--time", *time, "now, or RFC 3339")->capture_default_str();
  AddCall<FollowUpService>(*contact, session, contacted, &Stub::RecordContact, [contacted, time, &session] {
    *contacted->mutable_contact_time() = Parsed(ParseInstant(*time, session.Now()), "--time");
  });
}

void AddSources(CLI::App& app, Session& session) {
  CLI::App* sources = AddCommand(app, "sources", "Providers' feeds: register, report, show.",
                                 "--role lead sources show sources/valmennus");
  sources->require_subcommand(1);
  CLI::App* add =
      AddCommand(*sources, "register", "A provider's feed of attendance.",
                 "--role lead sources register valmennus --provider organisations/valmennus --interval 24h");
  auto registered = std::make_shared<RegisterSourceRequest>();
  add->add_option_function<std::string>("id", [registered](const std::string& t) { registered->set_source_id(t); })
      ->required();
  add->add_option_function<std::string>(
         "--provider", [registered](const std::string& t) { registered->mutable_source()->set_provider(t); })
      ->required();
  add->add_option_function<std::string>(
         "--interval",
         [registered](const std::string& t) {
           absl::Duration interval;
           if (!absl::ParseDuration(t, &interval)) throw CLI::ValidationError("--interval", "not a duration like 24h");
           *registered->mutable_source()->mutable_reporting_interval() = pipeline::ToProto(interval);
         },
         "how often it reports, 24h")
      ->required();
  AddCall<FollowUpService>(*add, session, registered, &Stub::RegisterSource);

  CLI::App* report = AddCommand(*sources, "report", "Everything up to an instant has been reported.",
                                "--role provider sources report sources/valmennus --through now");
  auto reported = std::make_shared<ReportCompleteThroughRequest>();
  auto through = std::make_shared<std::string>("now");
  report->add_option_function<std::string>("name", [reported](const std::string& t) { reported->set_name(t); })
      ->required();
  report->add_option("--through", *through, "now, or RFC 3339")->capture_default_str();
  AddCall<FollowUpService>(*report, session, reported, &Stub::ReportCompleteThrough, [reported, through, &session] {
    *reported->mutable_complete_through() = Parsed(ParseInstant(*through, session.Now()), "--through");
  });

  CLI::App* show = AddCommand(*sources, "show", "One feed.", "--role lead sources show sources/valmennus");
  auto shown = std::make_shared<GetSourceRequest>();
  show->add_option_function<std::string>("name", [shown](const std::string& t) { shown->set_name(t); })->required();
  AddCall<FollowUpService>(*show, session, shown, &Stub::GetSource);
}

const std::string& InLanguage(const polku::common::v1::Text& text, const std::string& language) {
  return language == "fi" ? text.fi() : text.en();
}

// By id and not by count: a long timeline loses its oldest entries.
int FirstAfter(const google::protobuf::RepeatedPtrField<TimelineEntry>& entries, const std::string& event_id) {
  for (int i = entries.size(); i > 0; --i) {
    if (entries[i - 1].event_id() == event_id) return i;
  }
  return 0;
}

void PrintTimeline(Session& session, const google::protobuf::RepeatedPtrField<TimelineEntry>& entries, int from,
                   const std::string& language) {
  for (int i = from; i < entries.size(); ++i) {
    if (session.json) {
      session.out << Json(entries[i]) << "\n";
      continue;
    }
    const auto* time = TimelineEntry::descriptor()->FindFieldByName("time");
    session.out << FieldText(entries[i], *time) << "  " << OneLine(InLanguage(entries[i].what(), language)) << "\n";
  }
  session.out.flush();
}

void AddJourneys(CLI::App& app, Session& session) {
  CLI::App* journeys = AddCommand(app, "journeys", "Journeys: show, follow, close, reopen, import, move.",
                                  "--role coordinator journeys show clients/C");
  journeys->require_subcommand(1);
  CLI::App* show = AddCommand(*journeys, "show", "A client's journey with its timeline.",
                              "--role coordinator journeys show clients/C");
  auto shown = std::make_shared<GetJourneyRequest>();
  auto language = std::make_shared<std::string>("en");
  show->add_option_function<std::string>("client", [shown](const std::string& t) { shown->set_client(t); })->required();
  show->add_option("--language", *language, "fi or en")->check(CLI::IsMember({"fi", "en"}))->capture_default_str();
  show->callback([shown, language, &session] {
    const auto stub = session.Connect<FollowUpService>();
    auto journey = session.Call(&Stub::GetJourney, *stub, *shown);
    if (!journey.ok() || session.json) return session.Show(journey);
    const auto timeline = journey->timeline();
    journey->clear_timeline();
    session.out << Describe(*journey) << "\n";
    PrintTimeline(session, timeline, 0, *language);
  });

  AddJourneyImport(*journeys, session);
  AddJourneyMoves(*journeys, session);
  CLI::App* follow = AddCommand(*journeys, "follow", "Prints what happens to a client as it happens; Ctrl-C ends it.",
                                "--role coordinator journeys follow clients/C");
  auto followed = std::make_shared<GetJourneyRequest>();
  auto words = std::make_shared<std::string>("en");
  auto interval = std::make_shared<double>(1);
  auto until_closed = std::make_shared<bool>(false);
  follow->add_option_function<std::string>("client", [followed](const std::string& t) { followed->set_client(t); })
      ->required();
  follow->add_option("--language", *words, "fi or en")->check(CLI::IsMember({"fi", "en"}))->capture_default_str();
  follow->add_option("--interval", *interval, "seconds between looks")
      ->check(CLI::Range(0.1, 3600.0))
      ->capture_default_str();
  follow->add_flag("--until-closed", *until_closed, "end when the journey is closed");
  follow->callback([followed, words, interval, until_closed, &session] {
    const auto stub = session.Connect<FollowUpService>();
    std::string last_event_id;
    while (true) {
      const auto journey = session.Call(&Stub::GetJourney, *stub, *followed);
      if (!journey.ok()) return session.Fail(journey.status());
      PrintTimeline(session, journey->timeline(), FirstAfter(journey->timeline(), last_event_id), *words);
      if (journey->timeline_size() > 0) last_event_id = journey->timeline().rbegin()->event_id();
      if (*until_closed && !journey->open()) return;
      std::this_thread::sleep_for(std::chrono::duration<double>(*interval));
    }
  });

  CLI::App* close = AddCommand(*journeys, "close", "Ends the follow-up of a client.",
                               "--role coordinator --user u1 journeys close clients/C --reason goal-reached");
  auto closed = std::make_shared<CloseJourneyRequest>();
  close->add_option_function<std::string>(
      "--outcome", [closed](const std::string& t) { closed->set_outcome(t); },
      "where the pathway has closing outcomes");
  close->add_option_function<std::string>("client", [closed](const std::string& t) { closed->set_client(t); })
      ->required();
  close
      ->add_option_function<std::string>(
          "--reason",
          [closed](const std::string& t) { closed->set_reason(Parsed(ParseEnumAs<CloseReason>(t), "--reason")); },
          "goal-reached, work-or-study, moved, not-reached, ...")
      ->required();
  close->add_option_function<std::string>(
      "--recontact",
      [closed](const std::string& t) { *closed->mutable_recontact_date() = Parsed(ParseDate(t), "--recontact"); },
      "YYYY-MM-DD, with not-reached");
  AddCall<FollowUpService>(*close, session, closed, &Stub::CloseJourney);
  AddRequest<FollowUpService>(*journeys, session,
                              {"reopen", "Takes a closing back: the follow-up goes on with the measures it had.",
                               "--role coordinator --user u1 journeys reopen clients/C --reason closed-by-mistake"},
                              &Stub::ReopenJourney, {{"client"}, {"reason", "", true}});
}

// "R2" or "missed-attendance".
Rule ParseRule(const std::string& text) {
  int number = 0;
  if (!text.empty() && text[0] == 'R' && absl::SimpleAtoi(text.substr(1), &number) && Rule_IsValid(number)) {
    return static_cast<Rule>(number);
  }
  return Parsed(ParseEnumAs<Rule>(text), "--rule");
}

void AddInterruptions(CLI::App& app, Session& session) {
  CLI::App* interruptions = AddCommand(app, "interruptions", "Interruptions: list, explain, resolve.",
                                       "--role coordinator interruptions list");
  interruptions->require_subcommand(1);
  CLI::App* list =
      AddCommand(*interruptions, "list", "Open ones by default.", "--role coordinator interruptions list --rule R2");
  auto listed = std::make_shared<ListInterruptionsRequest>();
  list->add_option_function<std::string>(
      "--rule", [listed](const std::string& t) { listed->set_rule(ParseRule(t)); }, "R1 to R11, or missed-attendance");
  list->add_option_function<std::string>(
      "--state",
      [listed](const std::string& t) { listed->set_state(Parsed(ParseEnumAs<InterruptionState>(t), "--state")); },
      "open, retracted, resolved");
  AddField(*list, session, *listed, {"outreach_wait", "open ones whose outreach waits for that"}, false);
  AddPage<FollowUpService>(*list, session, listed, &Stub::ListInterruptions,
                           {"name", "rule", "measure", "state", "counted_from", "due_time", "outreach_wait"});

  CLI::App* explain = AddCommand(*interruptions, "explain", "Why it was found, and what it rests on.",
                                 "--role coordinator interruptions explain clients/C/interruptions/1 --language fi");
  auto explained = std::make_shared<ExplainInterruptionRequest>();
  auto language = std::make_shared<std::string>("en");
  explain->add_option_function<std::string>("name", [explained](const std::string& t) { explained->set_name(t); })
      ->required();
  explain->add_option("--language", *language, "fi or en")->check(CLI::IsMember({"fi", "en"}))->capture_default_str();
  explain->callback([explained, language, &session] {
    const auto stub = session.Connect<FollowUpService>();
    const auto reply = session.Call(&Stub::ExplainInterruption, *stub, *explained);
    if (!reply.ok() || session.json) return session.Show(reply);
    session.out << InLanguage(reply->why(), *language) << "\n\n";
    PrintTimeline(session, reply->evidence(), 0, *language);
    session.out << "\n";
    PrintTimeline(session, reply->history(), 0, *language);
  });

  CLI::App* resolve = AddCommand(*interruptions, "resolve", "The break is mended, or it is decided what follows.",
                                 "--role coordinator interruptions resolve clients/C/interruptions/1 "
                                 "--outcome next-step-agreed --next-step 2026-12-08");
  auto resolved = std::make_shared<ResolveInterruptionRequest>();
  resolve->add_option_function<std::string>("name", [resolved](const std::string& t) { resolved->set_name(t); })
      ->required();
  resolve
      ->add_option_function<std::string>(
          "--outcome",
          [resolved](const std::string& t) {
            resolved->set_outcome(Parsed(ParseEnumAs<ResolutionOutcome>(t), "--outcome"));
          },
          "returned, next-step-agreed, needs-changed, refuses, ...")
      ->required();
  resolve->add_option_function<std::string>(
      "--next-step",
      [resolved](const std::string& t) { *resolved->mutable_next_step_date() = Parsed(ParseDate(t), "--next-step"); },
      "YYYY-MM-DD");
  AddCall<FollowUpService>(*resolve, session, resolved, &Stub::ResolveInterruption);

  CLI::App* net =
      AddCommand(app, "safety-net", "Open journeys without an owner or a dated next step; none is the promise.",
                 "--role lead safety-net");
  AddPage<FollowUpService>(*net, session, std::make_shared<ListSafetyNetViolationsRequest>(),
                           &Stub::ListSafetyNetViolations, {"client", "missing"});
}

}  // namespace

void AddFollowUpCommands(CLI::App& app, Session& session) {
  AddMeasures(app, session);
  AddAttendance(app, session);
  AddSources(app, session);
  AddJourneys(app, session);
  AddInterruptions(app, session);
}

}  // namespace polku::polkuctl
