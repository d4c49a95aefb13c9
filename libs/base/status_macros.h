// Passing errors up, and stopping on our own bugs.
#pragma once

#include <utility>

#include "absl/base/optimization.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define POLKU_CONCAT_INNER(a, b) a##b
#define POLKU_CONCAT(a, b) POLKU_CONCAT_INNER(a, b)

// Leaves the function with the absl::Status that the expression gives unless it is OK.
#define RETURN_IF_ERROR(...) POLKU_RETURN_IF_ERROR(POLKU_CONCAT(polku_status_, __COUNTER__), __VA_ARGS__)
#define POLKU_RETURN_IF_ERROR(status, ...)                                \
  do {                                                                    \
    if (absl::Status status = (__VA_ARGS__); !status.ok()) return status; \
  } while (false)

// ASSIGN_OR_RETURN(std::string name, ReadName(id)): gives the value of an absl::StatusOr to a new
// or old variable, or leaves the function with its status. More than one statement: not for a
// brace-less `if`. A type with a comma needs an alias or `auto`.
#define ASSIGN_OR_RETURN(lhs, ...) POLKU_ASSIGN_OR_RETURN(POLKU_CONCAT(polku_status_or_, __COUNTER__), lhs, __VA_ARGS__)
#define POLKU_ASSIGN_OR_RETURN(result, lhs, ...)       \
  auto result = (__VA_ARGS__);                         \
  if (!result.ok()) return std::move(result).status(); \
  lhs = *std::move(result)

// Prints file, line and condition to stderr and aborts unless the condition holds; in every
// build. For what only a bug of ours can break, never for input.
#define POLKU_CHECK(...)                                                                            \
  do {                                                                                              \
    if (ABSL_PREDICT_FALSE(!(__VA_ARGS__))) ::polku::CheckFailed(__FILE__, __LINE__, #__VA_ARGS__); \
  } while (false)

namespace polku {

// What POLKU_CHECK calls.
[[noreturn]] void CheckFailed(const char* file, int line, const char* condition);

}  // namespace polku
