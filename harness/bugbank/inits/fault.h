// Which fault this binary has: FAULT is FAULT_none or one of bank.h, given by the compiler.
#ifndef MINIT_HARNESS_BUGBANK_INITS_FAULT_H_
#define MINIT_HARNESS_BUGBANK_INITS_FAULT_H_

enum Fault {
  FAULT_none,
#define INIT(name, profile, ledger, sentence)
#define BUG(name, init, rules, report, sentence) FAULT_##name,
#include "harness/bugbank/bank.h"
#undef INIT
#undef BUG
};

#define FAULTY(name) (FAULT == FAULT_##name)

#endif  // MINIT_HARNESS_BUGBANK_INITS_FAULT_H_
