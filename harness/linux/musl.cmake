# minit_musl_program(NAME SOURCE...): a static C++20 program on musl, with libc++'s headers alone.
#
# For what runs without a system around it: /init, and the children that the boot tests give it. No
# exceptions, no RTTI, no libc++ library: <array>, <span>, <variant> and the like are all it may use.
# The result, stripped, is ${CMAKE_BINARY_DIR}/bin/NAME. It carries no path, date or build id, so two
# builds in different folders are the same bytes (init_binary_test shows it).

find_path(MUSL_INCLUDE_DIR NAMES bits/alltypes.h PATHS /usr/include/x86_64-linux-musl
  NO_DEFAULT_PATH REQUIRED)
find_path(MUSL_LIBRARY_DIR NAMES libc.a PATHS /usr/lib/x86_64-linux-musl NO_DEFAULT_PATH REQUIRED)
find_path(LIBCXX_INCLUDE_DIR NAMES variant PATHS /usr/lib/llvm-19/include/c++/v1
  NO_DEFAULT_PATH REQUIRED)
find_program(LLVM_STRIP llvm-strip-19 REQUIRED)

add_library(minit_musl INTERFACE)
target_link_libraries(minit_musl INTERFACE minit_warnings)
target_include_directories(minit_musl INTERFACE ${PROJECT_SOURCE_DIR})
# libc++ wants to know its C library; where it would abort with a message, it traps.
target_compile_definitions(minit_musl INTERFACE
  _GNU_SOURCE _LIBCPP_HAS_MUSL_LIBC=1)
target_compile_options(minit_musl INTERFACE
  "-D_LIBCPP_VERBOSE_ABORT(...)=__builtin_trap()"
  --target=x86_64-linux-musl -nostdinc++ -nostdlibinc
  "SHELL:-isystem ${LIBCXX_INCLUDE_DIR}" "SHELL:-isystem ${MUSL_INCLUDE_DIR}"
  "SHELL:-idirafter /usr/include" "SHELL:-idirafter /usr/include/x86_64-linux-gnu"
  -Os -g0 -fno-exceptions -fno-rtti -fno-stack-protector -fno-asynchronous-unwind-tables
  -fno-pic -fno-pie -ffunction-sections -fdata-sections -fcf-protection=none
  "-ffile-prefix-map=${PROJECT_SOURCE_DIR}=." -Wno-unused-command-line-argument)
target_link_options(minit_musl INTERFACE
  --target=x86_64-linux-musl -fuse-ld=lld-19 -static -nostdlib
  "SHELL:${MUSL_LIBRARY_DIR}/crt1.o ${MUSL_LIBRARY_DIR}/crti.o"
  -Wl,--gc-sections -Wl,--build-id=none -Wl,-z,noexecstack -Wl,-z,norelro -Wl,--no-rosegment)

function(minit_musl_program name)
  add_executable(${name}-unstripped ${ARGN})
  set_target_properties(${name}-unstripped PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_link_libraries(${name}-unstripped PRIVATE minit_musl
    ${MUSL_LIBRARY_DIR}/libc.a ${MUSL_LIBRARY_DIR}/crtn.o)
  set(stripped ${CMAKE_BINARY_DIR}/bin/${name})
  add_custom_command(OUTPUT ${stripped}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/bin
    COMMAND ${LLVM_STRIP} --strip-all --remove-section=.comment
            -o ${stripped} $<TARGET_FILE:${name}-unstripped>
    DEPENDS ${name}-unstripped VERBATIM)
  add_custom_target(${name} ALL DEPENDS ${stripped})
endfunction()
