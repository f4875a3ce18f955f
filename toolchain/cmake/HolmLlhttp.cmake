# holm_llhttp: llhttp's C sources as the distribution installs them (package node-llhttp), the peer of the HTTP parser's
# differential tests and of its benchmark. Without the package those tests are skipped; ./holm test says so.
include_guard(GLOBAL)

set(HOLM_LLHTTP_SOURCES /usr/share/llhttp/llhttp.c /usr/share/llhttp/api.c /usr/share/llhttp/http.c)
if(EXISTS /usr/share/llhttp/llhttp.c AND EXISTS /usr/share/include/llhttp/llhttp.h)
    add_library(holm_llhttp STATIC EXCLUDE_FROM_ALL ${HOLM_LLHTTP_SOURCES})
    target_include_directories(holm_llhttp SYSTEM PUBLIC /usr/share/include)
    target_include_directories(holm_llhttp SYSTEM PRIVATE /usr/share/include/llhttp)
    target_compile_definitions(holm_llhttp PUBLIC HOLM_HAVE_LLHTTP=1)
else()
    message(STATUS "node-llhttp is not installed: the HTTP parser's differential tests are skipped")
    add_library(holm_llhttp INTERFACE)
endif()
