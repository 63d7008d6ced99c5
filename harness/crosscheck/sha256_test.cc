// SHA-256 of texts and files, against the examples of FIPS 180-4.
#include "harness/crosscheck/sha256.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

namespace minit::crosscheck {
namespace {

TEST(Sha256, AsTheStandardHasIt) {
  EXPECT_EQ(Sha256Of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256Of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Sha256, OfAFileIsThatOfItsBytes) {
  const std::string path = testing::TempDir() + "/sha256_test";
  const std::string bytes(300'000, 'a');
  std::ofstream(path, std::ios::binary) << bytes;
  EXPECT_EQ(Sha256OfFile(path), Sha256Of(bytes));
}

TEST(Sha256, NoneOfWhatCannotBeRead) {
  EXPECT_FALSE(Sha256OfFile(testing::TempDir() + "/no/such/file").has_value());
  EXPECT_FALSE(Sha256OfFile(testing::TempDir()).has_value());
}

}  // namespace
}  // namespace minit::crosscheck
