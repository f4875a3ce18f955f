#include "kernel/posix/descriptor_table.h"

#include <vector>

#include <doctest/doctest.h>

using namespace holm::posix;

namespace {

int alive = 0;

class Dummy final : public OpenFile {
  public:
    Dummy() : OpenFile(O_RDWR) { ++alive; }
    ~Dummy() override { --alive; }
    void describe(struct stat&) const override {}
};

Outcome add(DescriptorTable& table, int minimum = 0) {
    return table.add(FileReference(new Dummy), false, minimum);
}

}  // namespace

TEST_CASE("the lowest free number is given first") {
    DescriptorTable table;
    for (int i = 0; i < 20; ++i) CHECK(add(table) == i);
    CHECK(table.close(7) == 0);
    CHECK(table.close(3) == 0);
    CHECK(table.close(3) == -EBADF);
    CHECK(add(table, 5) == 7);
    CHECK(add(table) == 3);
    CHECK(add(table) == 20);
    CHECK(add(table, 100) == 100);
    CHECK(add(table) == 21);
    CHECK(table.count() == 23);
}

TEST_CASE("numbers that are not open are refused") {
    DescriptorTable table;
    CHECK(table.find(0) == nullptr);
    CHECK(table.find(-1) == nullptr);
    CHECK(table.find(kMaxDescriptors) == nullptr);
    CHECK(table.close(-1) == -EBADF);
    CHECK(table.replace(-1, FileReference(new Dummy), false) == -EBADF);
    CHECK(table.replace(kMaxDescriptors, FileReference(new Dummy), false) == -EBADF);
    CHECK(add(table, kMaxDescriptors) == -EMFILE);
    CHECK(alive == 0);
}

TEST_CASE("the table is bounded and usable when full") {
    {
        DescriptorTable table;
        for (int i = 0; i < kMaxDescriptors; ++i) REQUIRE(add(table) == i);
        CHECK(add(table) == -EMFILE);
        CHECK(alive == kMaxDescriptors);
        CHECK(table.close(1000) == 0);
        CHECK(add(table) == 1000);
    }
    CHECK(alive == 0);
}

TEST_CASE("a file lives as long as a descriptor or a call refers to it") {
    DescriptorTable table;
    CHECK(add(table) == 0);
    CHECK(table.replace(4, FileReference(table.find(0)), true) == 4);
    CHECK(table.close_on_exec(4));
    CHECK(!table.close_on_exec(0));
    CHECK(table.close(0) == 0);
    CHECK(alive == 1);
    {
        const FileReference in_use(table.find(4));
        CHECK(table.close(4) == 0);
        CHECK(alive == 1);
    }
    CHECK(alive == 0);
    CHECK(add(table) == 0);
    CHECK(table.replace(0, FileReference(new Dummy), false) == 0);
    CHECK(alive == 1);
    CHECK(table.count() == 1);
}
