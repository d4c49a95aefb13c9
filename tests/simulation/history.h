// What callers were told, and what may be said of that alone (I8 of reliability.md §2).
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/store/database.h"

namespace polku::simulation {

// For so long a reply is certainly remembered; the limit is seven days.
inline constexpr absl::Duration kRequestsKept = absl::Hours(6 * 24);

// A command was answered.
struct Answer {
  enum class Content {
    kFirst,    // The command as it was meant.
    kSame,     // Sent once more after it had been acknowledged.
    kAltered,  // The request id of an acknowledged command with other content.
  };
  int service = 0;
  Content content = Content::kFirst;
  store::RequestKey request;
  std::string traceparent;  // Tells the changes of one command from those of another.
  absl::Status status;
  std::string reply;  // Serialised.
  absl::Time at;
  std::string client;      // "clients/C" that the command is about; empty when about none.
  bool forgotten = false;  // The service had erased that client when it answered a repeated command.
};

// Somebody looked at a client.
struct View {
  int service = 0;
  std::string id;     // Of its audit row; one of its own.
  bool kept = false;  // Answered. Otherwise the power went, and the row may be there or not.
};

// A provider wrote a record on a topic of its own. Its key on the bus is its place in the history.
struct Publication {
  std::string topic;
  std::string value;
  std::string flaw;    // As Command::flaw.
  bool open = false;   // The journey of the client was, then.
  bool known = false;  // The follow-up service knew the measure.
};

// A person said that a measure had not ended, or not started, behind so many publications.
struct Voided {
  std::string measure;
  bool start = false;  // Otherwise the end.
  size_t publications = 0;
};

struct History {
  std::vector<Answer> answers;  // In the order in which they came.
  std::vector<View> views;
  std::vector<Publication> publications;
  std::vector<Voided> voided;
};

// One line for each answer that breaks a promise: a code or a form that is not documented, or another answer
// to the same request id.
std::vector<std::string> CheckAnswers(const History& history);

}  // namespace polku::simulation
