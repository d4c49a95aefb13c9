// How far the demo is, on stderr: a bar on a terminal, else a line now and then.
#pragma once

#include <string>

namespace polku::demo {

class Progress {
 public:
  Progress();
  // `part` from 0 to 1; `text` is shown beside it.
  void Show(double part, const std::string& text);
  // Ends the bar's line.
  void End();

 private:
  const bool terminal_;
  double told_ = -1;
};

}  // namespace polku::demo
