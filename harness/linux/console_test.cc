#include "harness/linux/console.h"

#include <fcntl.h>
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

}  // namespace
}  // namespace minit
