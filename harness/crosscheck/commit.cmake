# Writes OUT, a header with the commit that SOURCE is at, if that has changed. Run at each build.
execute_process(COMMAND git -C ${SOURCE} describe --always --dirty --abbrev=12 --exclude=*
  OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
if(failed)
  set(commit unknown)
endif()
file(CONFIGURE OUTPUT ${OUT} CONTENT "// Generated.
#ifndef MINIT_HARNESS_CROSSCHECK_COMMIT_H_
#define MINIT_HARNESS_CROSSCHECK_COMMIT_H_

namespace minit::crosscheck {

inline constexpr const char* kCommit = \"${commit}\";

}  // namespace minit::crosscheck

#endif  // MINIT_HARNESS_CROSSCHECK_COMMIT_H_
")
