# holm_library(NAME SIDES host guest tender SOURCES ... DEPENDS ... [EXCEPTIONS] [TOOL] [CALLS_SERVICE] [SMALL])
#   One static library for each side it is built on: NAME on the host, NAME-guest, NAME-tender. DEPENDS names libraries
#   without the suffix. Without EXCEPTIONS it is compiled without exceptions and RTTI (DESIGN: abi base net kernel tender).
#   TOOL: part of a program that people run, not of what is fuzzed: not optimised in builds with sanitizers.
#   SMALL: in images it is small rather than fast, and the linker optimises all such rooms as one: what runs at a start, at an
#   end, in an emergency. Its objects are the compiler's bitcode.
#   CALLS_SERVICE: it calls the service's functions, so their exceptions pass through it (guest; implied by EXCEPTIONS).
# holm_build_tool(NAME SOURCES ... DEPENDS ...)          a program that the build of an image runs (holm_compiled_file);
#   it is installed, and HolmConfig.cmake knows it as a target
# holm_test(NAME TIER unit SOURCES ... DEPENDS ...)     a doctest program on the host, labelled with its tier
# holm_fuzzer(NAME SOURCES ... DEPENDS ... CORPUS dir)  a libFuzzer program in the fuzz build; elsewhere it replays its corpus
include_guard()

# With sanitizers: what is tested and fuzzed is optimised a little, because much is asked of it; tests and tools, which
# would spend their time in the compiler, are not.
set(HOLM_SANITIZED_OPTIMISATION)
if(HOLM_SANITIZE)
    set(HOLM_SANITIZED_OPTIMISATION -O1)
endif()

# main() of the test programs, and of the fuzzers outside the fuzz build; compiled once.
function(holm_main_library name source)
    if(NOT TARGET ${name})
        add_library(${name} OBJECT EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/tests/support/${source})
        target_link_libraries(${name} PRIVATE holm-side-host)
    endif()
endfunction()

# holm_precompiled(TARGET KIND [HEADER...]): the standard headers that nearly every source of tools and tests includes are
# parsed once for each KIND of compile options; they are half the time to compile one. Sources include what they need all the
# same: the target headers-alone has none of it.
function(holm_precompiled target kind)
    if(NOT TARGET precompiled-${kind})
        add_library(precompiled-${kind} OBJECT EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/toolchain/cmake/precompiled.cpp)
        target_link_libraries(precompiled-${kind} PRIVATE holm-side-host)
        get_target_property(position_independent ${target} POSITION_INDEPENDENT_CODE)
        if(position_independent)
            set_target_properties(precompiled-${kind} PROPERTIES POSITION_INDEPENDENT_CODE ON)
        endif()
        get_target_property(options ${target} COMPILE_OPTIONS)
        if(options)
            target_compile_options(precompiled-${kind} PRIVATE ${options})
        endif()
        target_precompile_headers(precompiled-${kind} PRIVATE ${ARGN} <algorithm> <array> <chrono> <cstdint> <expected> <filesystem>
            <format> <functional> <map> <memory> <optional> <span> <string> <string_view> <utility> <vector>)
    endif()
    target_precompile_headers(${target} REUSE_FROM precompiled-${kind})
endfunction()

# The target host-tests-TIER is all that ctest runs of a tier, host-tests all of it, and nothing else of what a build folder
# could hold.
function(holm_host_tests program tier)
    foreach(target host-tests host-tests-${tier})
        if(NOT TARGET ${target})
            add_custom_target(${target})
        endif()
        add_dependencies(${target} ${program})
    endforeach()
endfunction()

function(holm_library name)
    cmake_parse_arguments(arg "EXCEPTIONS;TOOL;CALLS_SERVICE;SMALL" "" "SIDES;SOURCES;DEPENDS" ${ARGN})
    if(arg_SMALL)
        # A property of the sources: those of the targets stand before the -O2 of guest code.
        set_source_files_properties(${arg_SOURCES} PROPERTIES COMPILE_OPTIONS $<$<CONFIG:RelWithDebInfo>:-Oz>)
    endif()
    foreach(side IN LISTS arg_SIDES)
        if(NOT side STREQUAL "host" AND NOT HOLM_GUEST)
            continue()
        endif()
        set(suffix "")
        if(NOT side STREQUAL "host")
            set(suffix "-${side}")
        endif()
        set(target ${name}${suffix})
        if(arg_SOURCES)
            add_library(${target} STATIC ${arg_SOURCES})
            set(scope PUBLIC)
            if(NOT arg_EXCEPTIONS)
                target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions>
                    $<$<COMPILE_LANGUAGE:CXX>:-fno-rtti>)
            endif()
            set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON OUTPUT_NAME holm-${target})
            if(side STREQUAL "host")
                if(arg_TOOL)
                    # Line tables do for a backtrace; more of -g is a sixth of the time to compile.
                    target_compile_options(${target} PRIVATE -g1)
                    if(arg_EXCEPTIONS)
                        holm_precompiled(${target} tool)
                    endif()
                else()
                    target_compile_options(${target} PRIVATE ${HOLM_SANITIZED_OPTIMISATION})
                endif()
                # Built where a program or a test wants it: the tools need few of them.
                set_target_properties(${target} PROPERTIES EXCLUDE_FROM_ALL ON)
            elseif(side STREQUAL "guest")
                if(NOT arg_EXCEPTIONS AND NOT arg_CALLS_SERVICE)
                    # No exception passes through it: a tenth of a small image. The debugger has .debug_frame.
                    target_compile_options(${target} PRIVATE -fno-asynchronous-unwind-tables -fno-unwind-tables)
                endif()
                if(arg_SMALL)
                    target_compile_options(${target} PRIVATE -flto)
                endif()
                # Images link all of them (HolmImage.cmake); the linker keeps what is used.
                set_property(GLOBAL APPEND PROPERTY HOLM_GUEST_LIBRARIES ${target})
            endif()
        else()
            add_library(${target} INTERFACE)
            set(scope INTERFACE)
        endif()
        target_link_libraries(${target} ${scope} holm-side-${side})
        foreach(dependency IN LISTS arg_DEPENDS)
            target_link_libraries(${target} ${scope} ${dependency}${suffix})
        endforeach()
    endforeach()
endfunction()

function(holm_build_tool name)
    cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS" ${ARGN})
    add_executable(${name} ${arg_SOURCES})
    target_link_libraries(${name} PRIVATE ${arg_DEPENDS} cli-command-line holm-side-host)
    target_compile_definitions(${name} PRIVATE HOLM_VERSION="${PROJECT_VERSION}")
    set_property(GLOBAL APPEND PROPERTY HOLM_BUILD_TOOLS ${name})
endfunction()

function(holm_test name)
    if(NOT HOLM_TESTS OR HOLM_SANITIZE MATCHES "fuzzer")
        return()
    endif()
    cmake_parse_arguments(arg "" "TIER" "SOURCES;DEPENDS" ${ARGN})
    holm_main_library(doctest-main doctest_main.cpp)
    add_executable(test-${name} ${arg_SOURCES})
    target_link_libraries(test-${name} PRIVATE ${arg_DEPENDS} holm-side-host doctest-main)
    holm_host_tests(test-${name} ${arg_TIER})
    if(arg_TIER STREQUAL "simulation")
        target_compile_options(test-${name} PRIVATE ${HOLM_SANITIZED_OPTIMISATION})
    else()
        holm_precompiled(test-${name} test <doctest/doctest.h>)
    endif()
    target_compile_definitions(test-${name} PRIVATE HOLM_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    add_test(NAME ${arg_TIER}/${name} COMMAND test-${name})
    set_tests_properties(${arg_TIER}/${name} PROPERTIES LABELS ${arg_TIER} TIMEOUT 300)
endfunction()

function(holm_fuzzer name)
    if(NOT HOLM_TESTS)
        return()
    endif()
    cmake_parse_arguments(arg "" "CORPUS" "SOURCES;DEPENDS" ${ARGN})
    if(HOLM_SANITIZE MATCHES "fuzzer")
        add_executable(fuzz-${name} ${arg_SOURCES})
        # libFuzzer's archive uses libstdc++; a plain -lstdc++ would be rewritten to -lc++ (facts: models.md, C4).
        target_link_options(fuzz-${name} PRIVATE -fsanitize=fuzzer -Wl,-lstdc++)
    else()
        holm_main_library(replay-main replay_corpus.cpp)
        add_executable(fuzz-${name} ${arg_SOURCES})
        target_link_libraries(fuzz-${name} PRIVATE replay-main)
    endif()
    target_link_libraries(fuzz-${name} PRIVATE ${arg_DEPENDS} holm-side-host)
    target_compile_options(fuzz-${name} PRIVATE ${HOLM_SANITIZED_OPTIMISATION})
    holm_host_tests(fuzz-${name} fuzz)
    set(corpus ${CMAKE_CURRENT_SOURCE_DIR}/${arg_CORPUS})
    if(HOLM_SANITIZE MATCHES "fuzzer")
        # A short run that starts from the committed corpus; what it finds goes to the build folder.
        file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/corpus/${name})
        # -timeout is for an endless loop: wide, since a busy machine is none. -verbosity=0, so that what failed is
        # not lost among lines of progress.
        add_test(NAME fuzz/${name} COMMAND fuzz-${name} -max_total_time=5 -seed=1 -timeout=60 -rss_limit_mb=1024
            -verbosity=0 ${CMAKE_BINARY_DIR}/corpus/${name} ${corpus})
    else()
        add_test(NAME fuzz/${name} COMMAND fuzz-${name} ${corpus})
    endif()
    set_tests_properties(fuzz/${name} PROPERTIES LABELS fuzz TIMEOUT 120)
endfunction()
