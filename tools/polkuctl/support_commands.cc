// polkuctl meetings ..., time-use ..., and handing clients over
#include "polku/coordinator_network/v1/api.grpc.pb.h"
#include "tools/polkuctl/request.h"

namespace polku::polkuctl {
namespace {

using namespace polku::coordinator_network::v1;  // NOLINT
using Stub = CoordinatorNetworkService::Stub;

void AddMeetings(CLI::App& app, Session& session) {
  const std::string example =
      "--role coordinator meetings schedule clients/C --start-time 2026-12-01T10:00:00+02:00 "
      "--participant organisations/kela --classes plan";
  CLI::App* meetings = AddCommand(app, "meetings", "Meetings about a client: schedule, record, list, show.", example);
  meetings->require_subcommand(1);
  CLI::App* schedule =
      AddCommand(*meetings, "schedule", "Each organisation needs the client's permission, or a statute.", example);
  auto request = std::make_shared<ScheduleMeetingRequest>();
  AddField(*schedule, session, *request, {"client"}, true);
  AddField(*schedule, session, *request, {"start_time", "RFC 3339", true}, false);
  AddField(*schedule, session, *request, {"classes", "what is told: plan, follow-up, ..."}, false);
  schedule
      ->add_option_function<std::vector<std::string>>(
          "--participant",
          [request](const std::vector<std::string>& names) {
            for (const std::string& name : names) request->add_participants()->set_organisation(name);
          },
          "organisations/O; may be repeated")
      ->allow_extra_args(false);
  AddCall<CoordinatorNetworkService>(*schedule, session, request, &Stub::ScheduleMeeting);
  AddRequest<CoordinatorNetworkService>(
      *meetings, session, {"show", "One meeting.", "--role coordinator meetings show clients/C/meetings/1"},
      &Stub::GetMeeting, {{"name"}});
  AddRequest<CoordinatorNetworkService>(
      *meetings, session,
      {"record", "How the meeting went.",
       "--role coordinator meetings record clients/C/meetings/1 --state held --client-present --from meeting.json",
       "participants and decisions"},
      &Stub::RecordMeeting,
      {{"meeting"},
       {"state", "", true},
       {"start_time", "RFC 3339, if not as agreed"},
       {"client_present", ""},
       {"classes", "what was told, if not as agreed"}});
  CLI::App* list = AddCommand(*meetings, "list", "A client's meetings.", "--role coordinator meetings list clients/C");
  auto listed = std::make_shared<ListMeetingsRequest>();
  AddField(*list, session, *listed, {"client"}, true);
  AddPage<CoordinatorNetworkService>(*list, session, listed, &Stub::ListMeetings,
                                     {"name", "state", "start_time", "organiser"});
}

void AddTimeUse(CLI::App& app, Session& session) {
  const std::string example =
      "--role coordinator time-use record coordinators/kajaani-1 --date 2026-12-01 --activity client-work --minutes 90";
  CLI::App* time_use = AddCommand(app, "time-use", "Coordinators' working time: record, sums.", example);
  time_use->require_subcommand(1);
  AddRequest<CoordinatorNetworkService>(*time_use, session, {"record", "One day and activity.", example},
                                        &Stub::RecordTimeUse,
                                        {{"coordinator"},
                                         {"date", "YYYY-MM-DD"},
                                         {"activity", "code of the rule set"},
                                         {"minutes", "0 voids the entry", true},
                                         {"entry", "an earlier entry that this one replaces"}});
  CLI::App* sums = AddCommand(*time_use, "sums", "By coordinator, month and activity.",
                              "--role lead time-use sums --from-month 2026-01 --to-month 2026-12");
  auto asked = std::make_shared<TimeUseStatisticsRequest>();
  AddField(*sums, session, *asked, {"coordinator", "coordinators/C; none = all"}, false);
  AddField(*sums, session, *asked, {"from_month", "YYYY-MM", true}, false);
  AddField(*sums, session, *asked, {"to_month", "YYYY-MM", true}, false);
  AddPage<CoordinatorNetworkService>(*sums, session, asked, &Stub::TimeUseStatistics,
                                     {"coordinator", "month", "activity", "minutes"});
}

}  // namespace

void AddSupportCommands(CLI::App& app, Session& session) {
  AddMeetings(app, session);
  AddTimeUse(app, session);
  AddRequest<CoordinatorNetworkService>(
      app, session,
      {"hand-over", "Gives one client, or all of a coordinator's, to another; every open item moves.",
       "--role lead hand-over coordinators/kajaani-1 --to coordinators/kajaani-2 --reason 'leaves the region'"},
      &Stub::HandOver,
      {{"from"},
       {"to", "coordinators/C; none = whoever fits best"},
       {"client", "clients/C; none = all of them"},
       {"reason", "", true}});
}

}  // namespace polku::polkuctl
