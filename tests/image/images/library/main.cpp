#include <cstring>

#include "tests/image/images/library/check.h"

namespace {

struct Group {
    const char* name;
    void (*run)();
};

constexpr Group kGroups[] = {
    {"containers", test_containers},
    {"streams", test_streams},
    {"text", test_text},
    {"exceptions", test_exceptions},
    {"threads", test_threads},
    {"waiting", test_waiting},
    {"time", test_time},
    {"files", test_files},
    {"memory", test_memory},
    {"descriptors", test_descriptors},
    {"system", test_system},
};

}  // namespace

int main(int argc, char** argv) {
    for (const Group& group : kGroups) {
        if (argc > 1 && std::strcmp(argv[1], group.name) != 0) continue;
        const int before = checks;
        group.run();
        std::printf("%s: %d checks\n", group.name, checks - before);
    }
    std::printf("%d checks, %d failed\n", checks, failures);
    return failures == 0 && checks > 0 ? 0 : 1;
}
