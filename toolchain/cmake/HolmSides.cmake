# Compile flags of the three sides, as interface targets: holm-side-host, holm-side-guest, holm-side-tender.
include_guard()

set(HOLM_WARNINGS -Wall -Wextra -Werror -Wconversion -Wshadow -Wnon-virtual-dtor -Wimplicit-fallthrough
    -Wno-sign-conversion -Wno-missing-field-initializers)
# Include paths start at the root of the repository, so that an include names its floor: "net/tcp/connection.h".
set(HOLM_COMMON_FLAGS -fno-omit-frame-pointer -ffile-prefix-map=${PROJECT_SOURCE_DIR}=.)

# --- host -----------------------------------------------------------------------------------------------------------
add_library(holm-side-host INTERFACE)
target_compile_features(holm-side-host INTERFACE cxx_std_23)
target_include_directories(holm-side-host INTERFACE ${PROJECT_SOURCE_DIR})
# Line tables are what a report, a backtrace and a profile need; more of -g costs a sixth of the time to compile.
target_compile_options(holm-side-host INTERFACE ${HOLM_WARNINGS} ${HOLM_COMMON_FLAGS} -g1 $<$<COMPILE_LANGUAGE:CXX>:-stdlib=libc++>)
target_compile_definitions(holm-side-host INTERFACE _LIBCPP_HARDENING_MODE=_LIBCPP_HARDENING_MODE_FAST)
target_link_options(holm-side-host INTERFACE -stdlib=libc++ -fuse-ld=lld-19)
if(HOLM_SANITIZE)
    # Tests and fuzzers share what is compiled: coverage costs a test a quarter, compiling everything again costs minutes.
    set(HOLM_SANITIZERS -fsanitize=fuzzer-no-link,address,undefined)
    # The vptr check needs RTTI, which most of the house is compiled without.
    target_compile_options(holm-side-host INTERFACE ${HOLM_SANITIZERS} -fno-sanitize=vptr -fno-sanitize-recover=all)
    target_link_options(holm-side-host INTERFACE ${HOLM_SANITIZERS})
endif()

# --- guest and tender -------------------------------------------------------------------------------------------------
# The guest's C library and C++ library come from the sysroot; the tender uses the same headers and the distribution's musl.
add_library(holm-side-guest INTERFACE)
add_library(holm-side-tender INTERFACE)
if(HOLM_GUEST)
    include(HolmGuestFlags)
    target_compile_features(holm-side-guest INTERFACE cxx_std_23)
    target_include_directories(holm-side-guest INTERFACE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/sdk)
    target_compile_options(holm-side-guest INTERFACE ${HOLM_WARNINGS} ${HOLM_COMMON_FLAGS} ${HOLM_GUEST_FLAGS})
    target_compile_definitions(holm-side-guest INTERFACE ${HOLM_GUEST_DEFINITIONS})

    target_compile_features(holm-side-tender INTERFACE cxx_std_23)
    target_include_directories(holm-side-tender INTERFACE ${PROJECT_SOURCE_DIR})
    target_compile_options(holm-side-tender INTERFACE ${HOLM_WARNINGS} ${HOLM_COMMON_FLAGS} ${HOLM_MUSL_FLAGS})
    target_compile_definitions(holm-side-tender INTERFACE _LIBCPP_HARDENING_MODE=_LIBCPP_HARDENING_MODE_FAST)
endif()
