// How many numbers a line holds, which, and whether it names the path.
#include "harness/contract/console_line.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace minit::contract {
namespace {

ConsoleLine Read(const std::string& text, const char* path = "/core") {
  ConsoleLine line;
  line.Add(text, path, true);
  return line;
}

TEST(ConsoleLine, HoldsExactlyOneNumberOrNot) {
  EXPECT_EQ(Read("ended with 143.").number(), 143);
  EXPECT_TRUE(Read("0").has_one_number());
  EXPECT_EQ(Read("0").number(), 0);
  EXPECT_EQ(Read("007").number(), 7);
  EXPECT_FALSE(Read("").has_one_number());
  EXPECT_FALSE(Read("none").has_one_number());
  EXPECT_FALSE(Read("1 of 2").has_one_number());
  EXPECT_FALSE(Read("v1.2").has_one_number());
  EXPECT_TRUE(Read("core12x").has_one_number());
  EXPECT_EQ(Read("99999999999999999999").number(), ConsoleLine::kTooMuch);
}

TEST(ConsoleLine, ANumberBelowZeroIsNobodysStatus) {
  for (const char* text : {"-3", "status: -3", "status=-3.", "(-137)", "--3"}) {
    EXPECT_TRUE(Read(text).has_one_number()) << text;
    EXPECT_EQ(Read(text).number(), ConsoleLine::kTooMuch) << text;
  }
  for (const char* text : {"- 3", "status-3", "core->3", "-a3", "3-"}) {
    EXPECT_EQ(Read(text).number(), 3) << text;
  }
  EXPECT_FALSE(Read("2-3").has_one_number());
}

// Of any bytes that are no digits, whatever they have in common with some.
TEST(ConsoleLine, FindsANumberWhereverItStands) {
  std::mt19937 random(3);
  const auto text = [&random](std::size_t size) {
    std::string bytes;
    while (bytes.size() < size) {
      const auto byte = static_cast<char>(random() % 256);
      if ((byte < '0' || byte > '9') && byte != '-') bytes += byte;
    }
    return bytes;
  };
  for (std::size_t before = 0; before < 40; ++before) {
    for (std::size_t after = 0; after < 40; ++after) {
      const int number = static_cast<int>(random() % 1000);
      const ConsoleLine line = Read(text(before) + std::to_string(number) + text(after));
      EXPECT_TRUE(line.has_one_number()) << before << ' ' << after;
      EXPECT_EQ(line.number(), number) << before << ' ' << after;
    }
  }
}

TEST(ConsoleLine, FindsThePathAsAStringWould) {
  std::mt19937 random(1);
  const auto word = [&random](std::size_t most) {
    std::string text;
    for (std::size_t i = random() % (most + 1); i > 0; --i) text += "/a"[random() % 2];
    return text;
  };
  for (int i = 0; i < 20000; ++i) {
    const std::string path = "/" + word(6);
    const std::string text = word(24);
    EXPECT_EQ(Read(text, path.c_str()).names_path(), text.find(path) != std::string::npos)
        << path << " in " << text;
  }
}

TEST(ConsoleLine, IsTheSameWhateverPiecesItComesIn) {
  std::mt19937 random(2);
  for (int i = 0; i < 20000; ++i) {
    std::string text;
    for (std::size_t size = random() % 24; size > 0; --size) text += "/aa017 -"[random() % 8];
    ConsoleLine pieces;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t size = 1 + random() % 5;
      pieces.Add(std::string_view(text).substr(at, size), "/aa", true);
      at += size;
    }
    EXPECT_EQ(pieces.Word(), Read(text, "/aa").Word()) << text;
  }
}

TEST(ConsoleLine, BeganWhenItsFirstByteCame) {
  ConsoleLine line;
  line.Add("", "/core", false);
  EXPECT_FALSE(line.begun());
  line.Add("a", "/core", false);
  line.Add("b", "/core", true);
  EXPECT_TRUE(line.begun());
  EXPECT_FALSE(line.since_end());
}

}  // namespace
}  // namespace minit::contract
