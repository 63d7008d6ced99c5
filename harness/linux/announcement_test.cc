#include "harness/linux/announcement.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace minit {
namespace {

std::string TextOf(const Line& line) { return std::string(line.text(), line.size()); }

TEST(Line, WritesTextAndNumbers) {
  Line line;
  line << "status " << 0 << ", " << 254 << ", " << -7 << "\n";
  EXPECT_EQ(TextOf(line), "status 0, 254, -7\n");
}

TEST(Line, WritesTheNumbersAtTheEndsOfTheRange) {
  Line line;
  line << std::numeric_limits<int>::min() << " " << std::numeric_limits<int>::max();
  EXPECT_EQ(TextOf(line), "-2147483648 2147483647");
}

TEST(Line, LeavesOutWhatDoesNotFit) {
  Line line;
  for (int i = 0; i < 100; ++i) line << "0123456789";
  EXPECT_EQ(line.size(), 256u);
  EXPECT_EQ(TextOf(line).substr(250), "012345");
}

// What rule 7 of the contract asks of the console.
TEST(Announcement, HasTheStatusAsTheOnlyNumberOfItsLine) {
  for (int status = 0; status <= 254; ++status) {
    Line line;
    Compose({Announce::What::kChildEnded, status}, line);
    std::string digits;
    for (const char character : TextOf(line)) {
      if ('0' <= character && character <= '9') digits += character;
    }
    EXPECT_EQ(digits, std::to_string(status)) << TextOf(line);
    EXPECT_EQ(TextOf(line).back(), '\n');
  }
}

// The helper that writes the status may be overtaken by the one that tells of a refused restart.
TEST(Announcement, OfTheLinesThatCanOvertakeTheStatusNoneHasOneNumber) {
  using What = Announce::What;
  for (const What what :
       {What::kBanner, What::kNotSynced, What::kRestarting, What::kRestartFailed}) {
    Line line;
    Compose({what, 1}, line);
    int numbers = 0;
    bool in_number = false;
    for (const char character : TextOf(line)) {
      const bool digit = '0' <= character && character <= '9';
      numbers += digit && !in_number;
      in_number = digit;
    }
    EXPECT_NE(numbers, 1) << TextOf(line);
  }
}

TEST(Announcement, NamesThePathThatCouldNotBeStarted) {
  Line line;
  Compose({Announce::What::kStartFailed, 2}, line);
  EXPECT_NE(TextOf(line).find(MINIT_CHILD_PATH), std::string::npos) << TextOf(line);
}

}  // namespace
}  // namespace minit
