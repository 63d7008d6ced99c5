#include "harness/kernel/system_calls.h"

#include <algorithm>

namespace minit::kernel {
namespace {

constexpr SystemCall kSystemCalls[] = {
#include "harness/kernel/system_calls.inc"
};
static_assert(std::ranges::is_sorted(kSystemCalls, {}, &SystemCall::number));

}  // namespace

std::span<const SystemCall> SystemCalls() { return kSystemCalls; }

std::string NameOfSystemCall(int number) {
  const auto* const found = std::ranges::lower_bound(kSystemCalls, number, {}, &SystemCall::number);
  const bool named = found != std::end(kSystemCalls) && found->number == number;
  return named ? std::string(found->name) : "system call " + std::to_string(number);
}

}  // namespace minit::kernel
