# Flags of guest code, for this tree and for projects that use an installed Holm. Needs HOLM_SYSROOT.
include_guard()

if(NOT EXISTS ${HOLM_SYSROOT}/lib/libc.a)
    message(FATAL_ERROR "HOLM_SYSROOT (${HOLM_SYSROOT}) holds no guest sysroot; ./holm makes one and passes it")
endif()

# The sysroot lies in the user's cache: its path must not reach the debug information, nor the build id made from it.
set(HOLM_MUSL_FLAGS --target=x86_64-linux-musl --sysroot=${HOLM_SYSROOT} -ffunction-sections -fdata-sections
    -fvisibility=hidden -O2 -ffile-prefix-map=${HOLM_SYSROOT}=/holm/sysroot $<$<COMPILE_LANGUAGE:CXX>:-nostdinc++>
    $<$<COMPILE_LANGUAGE:CXX>:-isystem${HOLM_SYSROOT}/include/c++/v1>)
# No red zone: a stock VMM delivers interrupts on the running stack's ring. Local-exec TLS: an image is one module.
# Frame pointers: the panic screen and the profiler walk them.
set(HOLM_GUEST_FLAGS ${HOLM_MUSL_FLAGS} -g -fno-omit-frame-pointer -fPIE -mno-red-zone -fstack-protector-strong -ftls-model=local-exec
    $<$<COMPILE_LANGUAGE:CXX>:-fvisibility-inlines-hidden>)
set(HOLM_GUEST_DEFINITIONS _LIBCPP_HARDENING_MODE=_LIBCPP_HARDENING_MODE_FAST HOLM_GUEST=1)
