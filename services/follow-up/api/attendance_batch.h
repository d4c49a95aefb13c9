// RecordAttendance: one command in, one command per mark into the corridor, one reply out.
#pragma once

#include <functional>

#include "libs/pipeline/pipeline.h"

namespace polku::follow_up {

using SubmitCommand = std::function<void(pipeline::Command, pipeline::Done)>;

// Marks of one batch at the most.
inline constexpr int kMarksMax = 1000;

// What a Gate submits to: passes every command on, RecordAttendance row by row. Each mark gets
// the request id "<uuid>/<row>" and is answered on its own, so a repeated batch is answered as
// before, also when the first one got only half way. Thread-safe if `submit` is.
SubmitCommand FanOutAttendance(SubmitCommand submit);

}  // namespace polku::follow_up
