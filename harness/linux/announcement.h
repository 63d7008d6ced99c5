// What init says on the console, word for word. One place, for the driver and for whoever stands in for
// it in a simulated Linux.
//
// The line with the status holds no other number, and no line that could come before it holds exactly
// one, so that whoever reads the console, a person or a program, finds it.
#ifndef MINIT_HARNESS_LINUX_ANNOUNCEMENT_H_
#define MINIT_HARNESS_LINUX_ANNOUNCEMENT_H_

#include "core/action.h"

// What a site may choose: see CMakeLists.txt.
#if !defined(MINIT_CHILD_PATH) || !defined(MINIT_BANNER)
#error "Link with minit_site, which says what the site has chosen."
#endif

namespace minit {

// One or two lines of text, put together on the stack. What does not fit is left out.
class Line {
 public:
  [[gnu::noinline]] constexpr Line& operator<<(const char* text) {
    while (*text != '\0') Put(*text++);
    return *this;
  }

  [[gnu::noinline]] constexpr Line& operator<<(int number) {
    char digits[12] = {};
    int count = 0;
    unsigned rest = number < 0 ? 0u - static_cast<unsigned>(number) : static_cast<unsigned>(number);
    do {
      digits[count++] = static_cast<char>('0' + rest % 10);
      rest /= 10;
    } while (rest != 0);
    if (number < 0) Put('-');
    while (count > 0) Put(digits[--count]);
    return *this;
  }

  constexpr const char* text() const { return text_; }
  constexpr unsigned long size() const { return size_; }

 private:
  constexpr void Put(char character) {
    if (size_ < sizeof text_) text_[size_++] = character;
  }

  char text_[256];
  unsigned long size_ = 0;
};

constexpr void Compose(const Announce& announce, Line& line) {
  using What = Announce::What;
  switch (announce.what) {
    case What::kBanner:
      line << MINIT_BANNER "\n";
      break;
    case What::kStartFailed:
      line << "init: cannot start " MINIT_CHILD_PATH;
      if (announce.number != 0) line << ": errno " << announce.number;
      line << "\n";
      break;
    case What::kChildEnded:
      line << "init: the child ended with status " << announce.number
           << (announce.number == 0 ? "\ninit: restart as soon as the disks are synced\n"
                                    : "\ninit: restart after the delay\n");
      break;
    case What::kChildLost:
      line << "init: the child is gone, and nobody told its status\n";
      break;
    case What::kNotSynced:
      line << "init: the disks could not be synced\n";
      break;
    case What::kRestarting:
      line << "init: restarting the machine\n";
      break;
    case What::kRestartFailed:
      line << "init: reboot(2) was refused: errno " << announce.number << "; trying again later\n";
      break;
    case What::kNonsense:
      line << "init: the kernel gave an answer that makes no sense; going on\n";
      break;
  }
}

}  // namespace minit

#endif  // MINIT_HARNESS_LINUX_ANNOUNCEMENT_H_
