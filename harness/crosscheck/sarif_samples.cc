// Prints the sample reports as SARIF, in one object, for sarif_schema_test.py.

#include <iostream>

#include "harness/crosscheck/samples.h"
#include "harness/crosscheck/sarif.h"

int main() {
  using namespace minit::crosscheck;
  std::cout << "{\"empty\":" << PrintSarif(EmptyReport())
            << ",\"clean\":" << PrintSarif(CleanReport())
            << ",\"broken\":" << PrintSarif(BrokenReport())
            << ",\"troubled\":" << PrintSarif(TroubledReport()) << "}\n";
  return std::cout.flush() ? 0 : 1;
}
