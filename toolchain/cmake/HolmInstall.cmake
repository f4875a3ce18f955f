# What `./holm install` puts where, and HolmConfig.cmake for both the installation and this build folder.
include_guard()
include(CMakePackageConfigHelpers)

get_property(build_tools GLOBAL PROPERTY HOLM_BUILD_TOOLS)
list(JOIN build_tools " " HOLM_CONFIG_TOOLS)
get_property(guest_libraries GLOBAL PROPERTY HOLM_GUEST_LIBRARIES)
list(TRANSFORM guest_libraries REPLACE "(.+)" "$<TARGET_FILE:\\1>")
list(JOIN guest_libraries "\n        " HOLM_CONFIG_LIBRARIES)
set(HOLM_CONFIG_SYSROOT ${HOLM_SYSROOT})
set(HOLM_CONFIG_MODULES ${PROJECT_SOURCE_DIR}/toolchain/cmake)
set(HOLM_CONFIG_INCLUDES "${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/sdk")
configure_file(${CMAKE_CURRENT_LIST_DIR}/HolmConfig.cmake.in ${CMAKE_BINARY_DIR}/HolmConfig.build.in @ONLY)
file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/lib/cmake/Holm/HolmConfig.cmake INPUT ${CMAKE_BINARY_DIR}/HolmConfig.build.in)

set(HOLM_CONFIG_LIBRARIES "\${HOLM_PREFIX}/lib/holm/*.a")
set(HOLM_CONFIG_SYSROOT "\${HOLM_PREFIX}/lib/holm/sysroot")
set(HOLM_CONFIG_MODULES "\${CMAKE_CURRENT_LIST_DIR}")
set(HOLM_CONFIG_INCLUDES "\${HOLM_PREFIX}/include/holm-sdk")
configure_file(${CMAKE_CURRENT_LIST_DIR}/HolmConfig.cmake.in ${CMAKE_BINARY_DIR}/install/HolmConfig.cmake @ONLY)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/install/HolmConfigVersion.cmake COMPATIBILITY SameMinorVersion)
file(COPY ${CMAKE_BINARY_DIR}/install/HolmConfigVersion.cmake DESTINATION ${CMAKE_BINARY_DIR}/lib/cmake/Holm)

install(FILES ${CMAKE_BINARY_DIR}/install/HolmConfig.cmake ${CMAKE_BINARY_DIR}/install/HolmConfigVersion.cmake
    toolchain/cmake/HolmGuestFlags.cmake toolchain/cmake/HolmImage.cmake toolchain/cmake/cold.ld toolchain/cmake/no_unwinder.ld
    toolchain/cmake/link_image.py toolchain/cmake/strip_image.py
    DESTINATION lib/cmake/Holm)
install(DIRECTORY ${HOLM_SYSROOT}/ DESTINATION lib/holm/sysroot)
install(DIRECTORY abi base net services kernel sdk/holm DESTINATION include/holm-sdk FILES_MATCHING PATTERN "*.h")
get_property(guest_libraries GLOBAL PROPERTY HOLM_GUEST_LIBRARIES)
install(TARGETS ${guest_libraries} ARCHIVE DESTINATION lib/holm)
foreach(program IN ITEMS holm ${build_tools} holm-process holm-qemu holm-vm)
    if(TARGET ${program})
        install(TARGETS ${program} RUNTIME DESTINATION bin)
    endif()
endforeach()
# What holm selftest runs.
install(PROGRAMS ${CMAKE_BINARY_DIR}/images/selftest DESTINATION lib/holm/images)
# What holm gdb loads into gdb.
install(FILES cli/gdb/holm_gdb.py DESTINATION share/holm/gdb)
install(DIRECTORY cli/gdb/holm_debug DESTINATION share/holm/gdb FILES_MATCHING PATTERN "*.py")
