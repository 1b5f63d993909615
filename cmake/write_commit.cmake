# Writes OUTPUT, a header with the commit that is built; only if it is another one, so that nothing is compiled in vain.
execute_process(COMMAND git describe --always --dirty --abbrev=12 --exclude "*" WORKING_DIRECTORY "${SOURCE}"
                OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
if(failed)
    set(commit "unknown")
endif()
set(text "/* Written by cmake/write_commit.cmake. */\n#define BENCH_COMMIT \"${commit}\"\n")
if(EXISTS "${OUTPUT}")
    file(READ "${OUTPUT}" last)
endif()
if(NOT "${last}" STREQUAL "${text}")
    file(WRITE "${OUTPUT}" "${text}")
endif()
