# The test programs. They link the static library, so that they can reach what the shared one hides.
pkg_check_modules(CRITERION criterion)
if(NOT CRITERION_FOUND)
    message(STATUS "Criterion not found: no tests are built (tools/setup.sh test installs it)")
    return()
endif()

file(GLOB support_sources CONFIGURE_DEPENDS tests/support/*.c)
file(GLOB suite_sources CONFIGURE_DEPENDS tests/test_*.c tests/conformance/*.c)
file(GLOB plain_sources CONFIGURE_DEPENDS tests/plain/*.c)

add_library(clgrad_test_private INTERFACE)
target_include_directories(clgrad_test_private INTERFACE tests)
target_include_directories(clgrad_test_private SYSTEM INTERFACE ${CRITERION_INCLUDE_DIRS})
target_link_libraries(clgrad_test_private INTERFACE clgrad_private)

# The time a test takes is the library's and the references'; its own statements are compiled quickly.
set(clgrad_test_options $<$<CONFIG:Release>:-O1>)

# Naive references and helpers: in the suite all of them, in a plain program those it uses.
if(support_sources)
    add_library(clgrad_test_support STATIC ${support_sources} $<TARGET_OBJECTS:clgrad_catalog>)
    target_compile_options(clgrad_test_support PRIVATE ${clgrad_test_options})
    target_link_libraries(clgrad_test_support PRIVATE clgrad_test_private)
endif()

function(clgrad_add_test_program name)
    add_executable(${name} ${ARGN})
    target_compile_options(${name} PRIVATE ${clgrad_test_options})
    target_link_libraries(${name} PRIVATE clgrad_test_private $<TARGET_NAME_IF_EXISTS:clgrad_test_support>
                                          clgrad_static)
endfunction()

if(suite_sources)
    clgrad_add_test_program(clgrad_tests ${suite_sources} $<TARGET_OBJECTS:clgrad_bench_case>)
    target_link_libraries(clgrad_tests PRIVATE ${CRITERION_LDFLAGS})
endif()

# What Criterion cannot host: exit code 0 passed, 77 skipped, anything else failed.
foreach(source ${plain_sources})
    cmake_path(GET source STEM name)
    clgrad_add_test_program(plain_${name} ${source})
endforeach()
if(TARGET plain_alloc_failure) # the library's allocations go through the test
    file(GLOB fault_sources CONFIGURE_DEPENDS tests/plain/faults/*.c)
    target_sources(plain_alloc_failure PRIVATE ${fault_sources})
    target_link_options(plain_alloc_failure PRIVATE -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free
                        -Wl,--wrap=strdup,--wrap=aligned_alloc)
endif()

# What the sections of tools/run_tests.sh need, under their names: `cmake --build build/asan --target suite plain`.
add_custom_target(suite)
add_custom_target(plain)
add_custom_target(fuzz)
if(TARGET clgrad_tests)
    add_dependencies(suite clgrad_tests)
endif()
foreach(source ${plain_sources})
    cmake_path(GET source STEM name)
    add_dependencies(plain plain_${name})
endforeach()

# One source, compiled three times: main, and the sweep of each type, with the flags of the loops it stands for.
if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/tests/elementary_sweep.c)
    clgrad_add_test_program(elementary_sweep tests/elementary_sweep.c)
    add_dependencies(plain elementary_sweep)
    foreach(bits 32 64)
        add_library(elementary_sweep_${bits} OBJECT tests/elementary_sweep.c)
        target_link_libraries(elementary_sweep_${bits} PRIVATE clgrad_test_private)
        target_compile_definitions(elementary_sweep_${bits} PRIVATE CG_BITS=${bits})
        target_compile_options(elementary_sweep_${bits} PRIVATE -O3 -march=native ${clgrad_isa_options}
            -Wno-conversion -Wno-float-conversion) # its constants are written once for both types
        target_link_libraries(elementary_sweep PRIVATE elementary_sweep_${bits})
    endforeach()
endif()

# Programs for libFuzzer; the preset "fuzz" sets the compiler and the flags they need.
if(CLGRAD_FUZZ)
    file(GLOB fuzz_sources CONFIGURE_DEPENDS tests/fuzz/fuzz_*.c)
    list(FILTER fuzz_sources EXCLUDE REGEX "/fuzz_file\\.c$")
    foreach(source ${fuzz_sources})
        cmake_path(GET source STEM name)
        add_executable(${name} ${source} tests/fuzz/fuzz_file.c)
        target_link_libraries(${name} PRIVATE clgrad_test_private clgrad_static)
        target_link_options(${name} PRIVATE -fsanitize=fuzzer)
        add_dependencies(fuzz ${name})
    endforeach()
endif()
