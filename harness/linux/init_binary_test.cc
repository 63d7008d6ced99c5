// What the shipped file is, whatever it does: small, static, without memory that is writable and
// executable; and that it refuses to run anywhere but as process 1.
//
// usage: init_binary_test PATH_OF_INIT
#include <elf.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace minit {
namespace {

std::string g_init;

constexpr std::size_t kLargestBytes = 8192;

std::string Content() {
  std::ifstream file(g_init, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<Elf64_Phdr> Segments(const std::string& content) {
  Elf64_Ehdr header{};
  if (content.size() < sizeof header) return {};
  memcpy(&header, content.data(), sizeof header);
  std::vector<Elf64_Phdr> segments(header.e_phnum);
  memcpy(segments.data(), content.data() + header.e_phoff, segments.size() * sizeof(Elf64_Phdr));
  return segments;
}

TEST(InitBinary, IsAtMostEightKibibytes) {
  EXPECT_GT(Content().size(), 0u) << "nothing at " << g_init;
  EXPECT_LE(Content().size(), kLargestBytes);
}

TEST(InitBinary, IsStatic) {
  for (const Elf64_Phdr& segment : Segments(Content())) {
    EXPECT_NE(segment.p_type, PT_INTERP) << "it wants a dynamic linker";
    EXPECT_NE(segment.p_type, PT_DYNAMIC) << "it wants to be relocated";
  }
}

TEST(InitBinary, HasNoSegmentThatIsWritableAndExecutable) {
  bool says_so_of_the_stack = false;
  int loaded = 0;
  for (const Elf64_Phdr& segment : Segments(Content())) {
    loaded += segment.p_type == PT_LOAD;
    says_so_of_the_stack |= segment.p_type == PT_GNU_STACK;
    EXPECT_NE(segment.p_flags & (PF_W | PF_X), unsigned{PF_W | PF_X})
        << "the segment at " << std::hex << segment.p_vaddr;
  }
  EXPECT_GT(loaded, 0);
  EXPECT_TRUE(says_so_of_the_stack) << "without PT_GNU_STACK the stack is executable";
}

TEST(InitBinary, RefusesToRunUnlessItIsProcessOne) {
  int errors[2];
  ASSERT_EQ(pipe(errors), 0);
  const pid_t pid = fork();
  if (pid == 0) {
    // Should it not refuse, it must not be able to restart this machine.
    if (prctl(PR_CAPBSET_DROP, CAP_SYS_BOOT) != 0 && geteuid() == 0) _exit(2);
    alarm(10);
    dup2(errors[1], STDERR_FILENO);
    execl(g_init.c_str(), "/init", nullptr);
    _exit(2);
  }
  close(errors[1]);
  std::string said;
  char part[200];
  for (ssize_t size; (size = read(errors[0], part, sizeof part)) > 0;) {
    said.append(part, static_cast<std::size_t>(size));
  }
  close(errors[0]);
  int status = 0;
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 1) << "wait status " << status;
  EXPECT_NE(said.find("not process 1"), std::string::npos) << "it said: " << said;
}

}  // namespace
}  // namespace minit

int main(int count, char** arguments) {
  testing::InitGoogleTest(&count, arguments);
  if (count != 2) return 2;
  minit::g_init = arguments[1];
  return RUN_ALL_TESTS();
}
