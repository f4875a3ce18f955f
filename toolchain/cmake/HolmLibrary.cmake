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
# holm_fuzzer(NAME SOURCES ... DEPENDS ... CORPUS dir)  a libFuzzer program, in builds with sanitizers: the test replay/NAME
#   runs over its committed corpus, fuzz/NAME goes on from there for a few seconds
include_guard()

# With sanitizers: what is tested and fuzzed is optimised a little, because much is asked of it; tests and tools, which
# would spend their time in the compiler, are not.
set(HOLM_SANITIZED_OPTIMISATION)
if(HOLM_SANITIZE)
    set(HOLM_SANITIZED_OPTIMISATION -O1)
endif()

# The standard headers that sources include most, by what they are compiled for.
set(HOLM_COMMON_HEADERS <algorithm> <array> <atomic> <bit> <charconv> <cstdint> <cstring> <expected> <limits> <memory> <new> <optional>
    <span> <string> <string_view> <type_traits> <utility> <vector>)
set(HOLM_TOOL_HEADERS ${HOLM_COMMON_HEADERS} <chrono> <filesystem> <format> <fstream> <functional> <map> <print>)

# holm_precompiled(TARGET KIND [SMALL] SIDE side HEADERS header... [OPTIONS option...]): the standard headers that most sources include are parsed
# once for each KIND of compile options, with SMALL once more for sources that are small rather than fast (holm_small): they
# are more than half of the time to compile one. OPTIONS are those of the target that decide what the language means. Sources
# include what they need all the same: the target headers-alone has none of it.
function(holm_precompiled target kind)
    cmake_parse_arguments(arg "SMALL" "" "" ${ARGN})
    holm_precompiled_kind(precompiled-${kind} "" ${ARGN})
    target_precompile_headers(${target} REUSE_FROM precompiled-${kind})
    if(arg_SMALL AND NOT HOLM_SANITIZE)
        holm_precompiled_kind(precompiled-${kind}-small -Os ${ARGN})
        get_property(folder GLOBAL PROPERTY precompiled-${kind}-small-folder)
        set(header ${folder}/CMakeFiles/precompiled-${kind}-small.dir/cmake_pch.hxx)
        set_target_properties(${target} PROPERTIES HOLM_SMALL_HEADERS
            "-Winvalid-pch;-Xclang;-include-pch;-Xclang;${header}.pch;-Xclang;-include;-Xclang;${header}")
        # Made before; that the headers have changed is in the dependencies of each object.
        add_dependencies(${target} precompiled-${kind}-small-made)
    endif()
endfunction()

function(holm_precompiled_kind name optimisation)
    cmake_parse_arguments(arg "SMALL" "SIDE" "OPTIONS;HEADERS" ${ARGN})
    if(TARGET ${name})
        return()
    endif()
    add_library(${name} OBJECT EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/toolchain/cmake/precompiled.cpp)
    set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
    # Without the time in it the result depends on what goes in, so that ccache can keep it.
    target_compile_options(${name} PRIVATE ${arg_OPTIONS} "SHELL:-Xclang -fno-pch-timestamp")
    target_link_libraries(${name} PRIVATE holm-side-${arg_SIDE})
    if(optimisation)
        # Behind what the side says.
        add_library(${name}-optimisation INTERFACE)
        target_compile_options(${name}-optimisation INTERFACE ${optimisation})
        target_link_libraries(${name} PRIVATE ${name}-optimisation)
    endif()
    target_precompile_headers(${name} PRIVATE ${arg_HEADERS})
    set_property(GLOBAL PROPERTY ${name}-folder ${CMAKE_CURRENT_BINARY_DIR})
    add_custom_target(${name}-made DEPENDS ${CMAKE_CURRENT_BINARY_DIR}/CMakeFiles/${name}.dir/cmake_pch.hxx.pch)
endfunction()

# holm_small(-Os|-Oz FILE...): these sources of this folder are small rather than fast, except where sanitizers are at work.
function(holm_small option)
    if(NOT HOLM_SANITIZE)
        set_source_files_properties(${ARGN} PROPERTIES SKIP_PRECOMPILE_HEADERS ON
            COMPILE_OPTIONS "${option};$<TARGET_PROPERTY:HOLM_SMALL_HEADERS>")
    endif()
endfunction()

# holm_without_canary(FILE...): small sources that run where there is no stack protector's canary yet, or no trust in it, and whose
# frames nobody walks. What is precompiled is compiled with it.
function(holm_without_canary)
    if(NOT HOLM_SANITIZE)
        set_source_files_properties(${ARGN} PROPERTIES SKIP_PRECOMPILE_HEADERS ON
            COMPILE_OPTIONS "-Oz;-fno-stack-protector;-fomit-frame-pointer")
    endif()
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
        holm_small(-Oz ${arg_SOURCES})
    endif()
    set(language)
    if(NOT arg_EXCEPTIONS)
        set(language -fno-exceptions -fno-rtti)
    endif()
    set(c_sources ${arg_SOURCES})
    list(FILTER c_sources INCLUDE REGEX "\\.c$")
    set_source_files_properties(${c_sources} PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
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
            foreach(option IN LISTS language)
                target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:${option}>)
            endforeach()
            set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON OUTPUT_NAME holm-${target})
            if(side STREQUAL "host")
                if(arg_TOOL)
                    holm_tool(${target})
                elseif(arg_EXCEPTIONS)
                    target_compile_options(${target} PRIVATE ${HOLM_SANITIZED_OPTIMISATION})
                    holm_precompiled(${target} host-throws SIDE host HEADERS ${HOLM_TOOL_HEADERS} OPTIONS ${HOLM_SANITIZED_OPTIMISATION})
                else()
                    target_compile_options(${target} PRIVATE ${HOLM_SANITIZED_OPTIMISATION})
                    holm_precompiled(${target} host SMALL SIDE host HEADERS ${HOLM_COMMON_HEADERS} OPTIONS ${language}
                        ${HOLM_SANITIZED_OPTIMISATION})
                endif()
                # Built where a program or a test wants it: the tools need few of them.
                set_target_properties(${target} PROPERTIES EXCLUDE_FROM_ALL ON)
            elseif(arg_EXCEPTIONS)
                holm_precompiled(${target} ${side}-throws SMALL SIDE ${side} HEADERS ${HOLM_COMMON_HEADERS})
            else()
                holm_precompiled(${target} ${side} SMALL SIDE ${side} HEADERS ${HOLM_COMMON_HEADERS} OPTIONS ${language})
            endif()
            if(side STREQUAL "guest")
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

# Part of a program that people run: neither its speed nor its debug information is worth much of the compiler's time.
function(holm_tool target)
    set(optimisation -O1)
    if(HOLM_SANITIZE)
        set(optimisation)
    endif()
    target_compile_options(${target} PRIVATE -fPIC ${optimisation})
    holm_precompiled(${target} tool SIDE host HEADERS ${HOLM_TOOL_HEADERS} OPTIONS ${optimisation})
endfunction()

function(holm_build_tool name)
    cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS" ${ARGN})
    add_executable(${name} ${arg_SOURCES})
    holm_tool(${name})
    target_link_libraries(${name} PRIVATE ${arg_DEPENDS} cli-command-line holm-side-host)
    target_compile_definitions(${name} PRIVATE HOLM_VERSION="${PROJECT_VERSION}")
    set_property(GLOBAL APPEND PROPERTY HOLM_BUILD_TOOLS ${name})
endfunction()

function(holm_test name)
    if(NOT HOLM_TESTS)
        return()
    endif()
    cmake_parse_arguments(arg "" "TIER" "SOURCES;DEPENDS" ${ARGN})
    # main() of the test programs, compiled once.
    if(NOT TARGET doctest-main)
        add_library(doctest-main OBJECT EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/tests/support/doctest_main.cpp)
        target_link_libraries(doctest-main PRIVATE holm-side-host)
    endif()
    add_executable(test-${name} ${arg_SOURCES})
    target_link_libraries(test-${name} PRIVATE ${arg_DEPENDS} holm-side-host doctest-main)
    holm_host_tests(test-${name} ${arg_TIER})
    if(arg_TIER STREQUAL "simulation")
        target_compile_options(test-${name} PRIVATE ${HOLM_SANITIZED_OPTIMISATION})
    else()
        target_compile_options(test-${name} PRIVATE -fPIC)
        holm_precompiled(test-${name} test SIDE host HEADERS <doctest/doctest.h> ${HOLM_TOOL_HEADERS})
    endif()
    target_compile_definitions(test-${name} PRIVATE HOLM_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    add_test(NAME ${arg_TIER}/${name} COMMAND test-${name})
    set_tests_properties(${arg_TIER}/${name} PROPERTIES LABELS ${arg_TIER} TIMEOUT 300)
endfunction()

function(holm_fuzzer name)
    if(NOT HOLM_TESTS OR NOT HOLM_SANITIZE)
        return()
    endif()
    cmake_parse_arguments(arg "" "CORPUS" "SOURCES;DEPENDS" ${ARGN})
    add_executable(fuzz-${name} ${arg_SOURCES})
    # libFuzzer's archive uses libstdc++; a plain -lstdc++ would be rewritten to -lc++ (facts: models.md, C4).
    target_link_options(fuzz-${name} PRIVATE -fsanitize=fuzzer -Wl,-lstdc++)
    target_link_libraries(fuzz-${name} PRIVATE ${arg_DEPENDS} holm-side-host)
    target_compile_options(fuzz-${name} PRIVATE -fPIC ${HOLM_SANITIZED_OPTIMISATION})
    holm_precompiled(fuzz-${name} host-throws SIDE host HEADERS ${HOLM_TOOL_HEADERS} OPTIONS ${HOLM_SANITIZED_OPTIMISATION})
    holm_host_tests(fuzz-${name} fuzz)
    holm_host_tests(fuzz-${name} replay)
    set(corpus ${CMAKE_CURRENT_SOURCE_DIR}/${arg_CORPUS})
    file(GLOB_RECURSE inputs CONFIGURE_DEPENDS ${corpus}/*)
    if(NOT inputs)
        message(FATAL_ERROR "the fuzzer ${name} has an empty corpus, ${corpus}: its replay would assert nothing")
    endif()
    # -timeout is for an endless loop: wide, since a busy machine is none. -verbosity=0, so that what failed is not lost
    # among lines of progress. What a run finds goes to the build folder.
    set(limits -timeout=60 -rss_limit_mb=1024 -verbosity=0)
    file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/corpus/${name})
    add_test(NAME replay/${name} COMMAND fuzz-${name} -runs=0 ${limits} ${corpus})
    add_test(NAME fuzz/${name} COMMAND fuzz-${name} -max_total_time=5 -seed=1 ${limits} ${CMAKE_BINARY_DIR}/corpus/${name} ${corpus})
    set_tests_properties(replay/${name} PROPERTIES LABELS replay TIMEOUT 120)
    set_tests_properties(fuzz/${name} PROPERTIES LABELS fuzz TIMEOUT 120)
endfunction()
