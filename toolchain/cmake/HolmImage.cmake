# holm_add_image(NAME SOURCES file... [CONFIG holm.toml] [LIBRARIES target...])
#   Links an image: images/NAME in the build folder, stripped, and beside it images/NAME.debug and the linker's
#   images/NAME.map, from which holm inspect knows sizes and callers. The target is NAME.
#   CONFIG describes devices, memory, arguments and files (docs/holm-toml.md); without it the image has the defaults and
#   no device.
# holm_test_image(NAME ...) the same for tests: images/tests/NAME, built by the target test-images only
# holm_compiled_file(IMAGE image TOOL target OUTPUT name INPUTS file... [ARGS word...])
#   Puts a file into the image's tree, as /name, that a tool of the build makes from text: a zone, a set of rules. It
#   stands behind holm_add_image(image ...), in the same folder. The tool is run as
#       TOOL --output FILE --depfile FILE.d ARGS... INPUTS...
#   whenever an input or what the depfile names (what the inputs include) has changed. It reports a mistake as
#   FILE:LINE:COLUMN: what, what is allowed, and ends with a status other than 0, which ends the build.
#
# Needs holm-side-guest (how guest code is compiled), HOLM_GUEST_LIBRARIES (property: what is linked) and HOLM_SYSROOT.
include_guard()

set(HOLM_IMAGE_DIRECTORY ${CMAKE_BINARY_DIR}/images)

# A static PIE whose segments are page aligned and never writable and executable at once. It stays runnable at its link
# address without any relocation code (a stock VMM starts it so); a tender moves it and applies the few relative ones.
# The interpreter does not exist: whoever executes the file directly fails before its first instruction. It is named by
# kernel/start's .interp section, not by the linker's option, which would leave weak symbols to a dynamic linker.
set(HOLM_IMAGE_LINK_OPTIONS --target=x86_64-linux-musl --sysroot=${HOLM_SYSROOT} -nostdlib -static-pie -fuse-ld=lld-19
    LINKER:--no-dynamic-linker
    LINKER:--eh-frame-hdr LINKER:--no-dependent-libraries LINKER:--gc-sections LINKER:--icf=all
    LINKER:--image-base=0x200000 LINKER:--apply-dynamic-relocs
    LINKER:-z,pack-relative-relocs LINKER:-z,separate-loadable-segments LINKER:-z,relro LINKER:-z,now
    LINKER:-z,noexecstack LINKER:-z,max-page-size=4096 LINKER:-e,holm_entry LINKER:--build-id=sha1)
# Links more than once, so that a report can name the image's functions, and a large image keeps what is seldom used apart.
set(HOLM_LINK_IMAGE ${CMAKE_CURRENT_LIST_DIR}/link_image.py)
set(HOLM_STRIP_IMAGE ${CMAKE_CURRENT_LIST_DIR}/strip_image.py)
set(HOLM_LINK_SCRIPTS ${CMAKE_CURRENT_LIST_DIR}/cold.ld ${CMAKE_CURRENT_LIST_DIR}/no_unwinder.ld)
set(HOLM_SYSROOT_LIBRARIES ${HOLM_SYSROOT}/lib/libc++.a ${HOLM_SYSROOT}/lib/libc++abi.a ${HOLM_SYSROOT}/lib/libunwind.a
    ${HOLM_SYSROOT}/lib/libc.a ${HOLM_SYSROOT}/lib/libbuiltins.a)

# What holm.toml says, as assembly (the manifest note, configuration, files) and as options for the linker.
function(holm_image_manifest name config output)
    set(command holm-manifest --name ${name} --output ${output} --depfile ${output}.d --link-options ${output}.link)
    if(config)
        list(APPEND command --config ${config})
    endif()
    # What holm_compiled_file() adds to the target later.
    set(made $<TARGET_PROPERTY:${name},HOLM_COMPILED_FILES>)
    set(embed $<TARGET_PROPERTY:${name},HOLM_COMPILED_PATHS>)
    add_custom_command(OUTPUT ${output} ${output}.link VERBATIM COMMAND_EXPAND_LISTS
        COMMAND ${command} "$<$<BOOL:${embed}>:--embed;$<JOIN:${embed},;--embed;>>"
        DEPENDS holm-manifest ${config} ${made} DEPFILE ${output}.d COMMENT "Describing the image ${name}")
endfunction()

function(holm_add_image name)
    cmake_parse_arguments(arg "" "CONFIG" "SOURCES;LIBRARIES" ${ARGN})
    if(NOT arg_SOURCES OR arg_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "holm_add_image(${name}): SOURCES is needed; not understood: '${arg_UNPARSED_ARGUMENTS}'")
    endif()
    if(arg_CONFIG)
        cmake_path(ABSOLUTE_PATH arg_CONFIG)
    endif()
    set(manifest ${CMAKE_CURRENT_BINARY_DIR}/${name}.manifest.S)
    holm_image_manifest(${name} "${arg_CONFIG}" ${manifest})

    add_executable(${name} ${arg_SOURCES} ${manifest})
    # The same sources make the same image wherever they lie.
    target_compile_options(${name} PRIVATE -ffile-prefix-map=${PROJECT_BINARY_DIR}=build
        -ffile-prefix-map=${PROJECT_SOURCE_DIR}=.)
    get_property(guest GLOBAL PROPERTY HOLM_GUEST_LIBRARIES)
    target_link_libraries(${name} PRIVATE holm-side-guest ${arg_LIBRARIES} ${guest} ${HOLM_SYSROOT_LIBRARIES})
    set(image ${HOLM_IMAGE_DIRECTORY}/${name})
    target_link_options(${name} PRIVATE ${HOLM_IMAGE_LINK_OPTIONS} @${manifest}.link LINKER:-Map=${image}.map)
    set_target_properties(${name} PROPERTIES OUTPUT_NAME ${name}.debug RUNTIME_OUTPUT_DIRECTORY ${HOLM_IMAGE_DIRECTORY}
        LINK_DEPENDS "${HOLM_SYSROOT_LIBRARIES};${manifest}.link;${HOLM_LINK_IMAGE};${HOLM_STRIP_IMAGE};${HOLM_LINK_SCRIPTS}"
        RULE_LAUNCH_LINK "/usr/bin/python3 -B ${HOLM_LINK_IMAGE}")
    add_custom_command(TARGET ${name} POST_BUILD BYPRODUCTS ${image} VERBATIM
        COMMAND /usr/bin/python3 -B ${HOLM_STRIP_IMAGE} ${image}.debug ${image})
endfunction()

function(holm_compiled_file)
    cmake_parse_arguments(arg "" "IMAGE;TOOL;OUTPUT" "INPUTS;ARGS" ${ARGN})
    if(NOT arg_IMAGE OR NOT arg_TOOL OR NOT arg_OUTPUT OR NOT arg_INPUTS OR arg_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "holm_compiled_file: IMAGE, TOOL, OUTPUT and INPUTS are needed; "
            "not understood: '${arg_UNPARSED_ARGUMENTS}'")
    endif()
    foreach(needed IN ITEMS ${arg_IMAGE} ${arg_TOOL})
        if(NOT TARGET ${needed})
            message(FATAL_ERROR "holm_compiled_file: there is no target ${needed}; the image's holm_add_image() comes first")
        endif()
    endforeach()
    set(inputs)
    foreach(input IN LISTS arg_INPUTS)
        cmake_path(ABSOLUTE_PATH input)
        list(APPEND inputs ${input})
    endforeach()
    set(output ${CMAKE_CURRENT_BINARY_DIR}/${arg_IMAGE}.compiled/${arg_OUTPUT})
    cmake_path(GET output PARENT_PATH folder)
    file(MAKE_DIRECTORY ${folder})
    add_custom_command(OUTPUT ${output} DEPENDS ${arg_TOOL} ${inputs} DEPFILE ${output}.d VERBATIM
        COMMAND ${arg_TOOL} --output ${output} --depfile ${output}.d ${arg_ARGS} ${inputs}
        COMMENT "Compiling ${arg_OUTPUT} for the image ${arg_IMAGE}")
    set_property(TARGET ${arg_IMAGE} APPEND PROPERTY HOLM_COMPILED_FILES ${output})
    set_property(TARGET ${arg_IMAGE} APPEND PROPERTY HOLM_COMPILED_PATHS ${arg_OUTPUT}=${output})
endfunction()

function(holm_test_image name)
    set(HOLM_IMAGE_DIRECTORY ${CMAKE_BINARY_DIR}/images/tests)
    holm_add_image(${name} ${ARGN})
    set_target_properties(${name} PROPERTIES EXCLUDE_FROM_ALL ON)
    if(NOT TARGET test-images)
        add_custom_target(test-images)
    endif()
    add_dependencies(test-images ${name})
endfunction()
