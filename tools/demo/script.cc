#include "tools/demo/script.h"

#include <set>

#include "absl/strings/str_format.h"
#include "libs/base/calendar.h"
#include "libs/base/random.h"
#include "tools/demo/fates.h"
#include "tools/demo/story.h"

namespace polku::demo {
namespace {

constexpr absl::string_view kCheckCharacters = "0123456789ABCDEFHJKLMNPRSTUVWXY";

// An identity code that no person has: its individual number is 900 to 999.
std::string IdentityCode(absl::CivilDay born, int individual_number) {
  const int digits = static_cast<int>(born.day()) * 10000000 + born.month() * 100000 +
                     static_cast<int>(born.year() % 100) * 1000 + individual_number;
  return absl::StrFormat("%02d%02d%02d%c%03d%c", born.day(), born.month(), born.year() % 100,
                         born.year() < 2000 ? '-' : 'A', individual_number, kCheckCharacters[digits % 31]);
}

void Describe(const Course& course, Client& client, std::set<std::string>& codes, SeededRandom& random) {
  const auto pick = [&random](size_t count) { return static_cast<int>(random.Next() % count); };
  // Every 40th client has no code: then names and birth date tell who it is.
  const bool has_code = pick(40) != 0;
  do {
    client.birth_day = absl::CivilDay(1962, 1, 1) + pick(size_t{43} * 365);
    client.identity_code = IdentityCode(client.birth_day, 900 + pick(100));
  } while (!codes.insert(client.identity_code).second);
  if (!has_code) client.identity_code.clear();
  // The first ones are larger.
  const size_t places = course.municipalities.size();
  client.municipality = course.municipalities[static_cast<size_t>(pick(places + places / 2)) % places];
  client.language = pick(12) == 0 ? "sv" : "fi";
  client.need = course.needs[static_cast<size_t>(pick(course.needs.size()))];
  client.protected_whereabouts = pick(50) == 0;
}

}  // namespace

absl::Time TimeOf(absl::CivilDay day, Slot slot) {
  constexpr int kHour[] = {8, 16, 20};
  return LocalTime(day, kHour[static_cast<int>(slot)] * 60);
}

std::string FeedName(int feed) { return absl::StrFormat("sources/feed-%d", feed); }

Frame FrameOf(int assessment_days) {
  Frame frame;
  // A month with Easter, the change to summer time and a holiday on the day a feed comes back.
  frame.first = absl::CivilDay(2026, 3, 2);
  frame.last = absl::CivilDay(2026, 4, 15);
  frame.outage_first = absl::CivilDay(2026, 3, 30);
  frame.outage_last = absl::CivilDay(2026, 4, 5);
  frame.winter = FirstOfficeDayFrom(frame.first + 6 - assessment_days);
  return frame;
}

std::vector<Client> WriteScript(const Frame& frame, const std::vector<Course>& courses, uint64_t seed) {
  SeededRandom random(seed);
  std::set<std::string> codes;
  std::vector<Client> script;
  for (const Course& course : courses) {
    for (int i = 0; i < course.clients; ++i) {
      Client& client = script.emplace_back();
      client.number = static_cast<int>(script.size());
      client.course = &course;
      Describe(course, client, codes, random);
      LiveFate(i, frame, client, random);
    }
  }
  return script;
}

}  // namespace polku::demo
