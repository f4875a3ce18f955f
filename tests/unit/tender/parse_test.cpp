#include "tender/loader/parse.h"

#include <algorithm>
#include <functional>
#include <string>

#include <doctest/doctest.h>

#include "tender/loader/parse_note.h"
#include "tests/unit/tender/image_builder.h"

namespace holm::tender {
namespace {

std::expected<LoadPlan, LoadError> parse(const std::vector<std::byte>& file) {
    LoadPlan plan{};
    const Bytes head = Bytes(file).first(std::min<std::size_t>(file.size(), kHeadSize));
    if (const auto outcome = parse_image(head, file.size(), plan); !outcome)
        return std::unexpected(outcome.error());
    return plan;
}

std::string sentence_of(const std::vector<std::byte>& file) {
    const auto plan = parse(file);
    if (plan) return "";
    Sentence sentence;
    plan.error().describe(sentence);
    return std::string(sentence.view());
}

// The sentence for the example image after one change to it.
std::string sentence_after(const std::function<void(ImageBuilder&)>& spoil) {
    ImageBuilder image;
    image.settle();
    spoil(image);
    return sentence_of(image.bytes_as_they_are());
}

using Image = ImageBuilder;

}  // namespace

TEST_CASE("a valid image gives its plan") {
    ImageBuilder image;
    image.add_device("lan");
    const auto plan = parse(image.bytes());
    REQUIRE(plan);
    CHECK(plan->segments().size() == 4);
    CHECK(plan->link_base == Image::kBase);
    CHECK(plan->span == 0x6000);
    CHECK(plan->entry == Image::kBase + Image::kTextAt);
    CHECK(plan->upcall == Image::kBase + Image::kTextAt + 0x20);
    CHECK(plan->program_headers == Image::kBase + 64);
    CHECK(plan->program_header_count == 9);
    CHECK(plan->relro.start == Image::kBase + Image::kRelroAt);
    CHECK(plan->relro.size == 0x1000);
    CHECK(plan->dynamic.start == Image::kBase + Image::kRelroAt + 0x100);
    CHECK(plan->dynamic_file_offset == Image::kRelroAt + 0x100);
    CHECK(std::string(plan->manifest.name) == "example");
    REQUIRE(plan->devices().size() == 1);
    CHECK(std::string(plan->devices()[0].name) == "lan");
}

TEST_CASE("a sentence says what is wrong, where, what was found and what is allowed") {
    CHECK(sentence_after([](Image& i) { i.header.e_machine = 183; }) ==
          "ELF header, file offset 0x12: e_machine is 0xb7; allowed: 0x3e, x86-64");
    CHECK(sentence_after([](Image& i) { i.programs[Image::kLoadText].p_flags = 7; }) ==
          "program header 1, file offset 0x7c: p_flags is 0x7; allowed: never writable and executable");
    CHECK(sentence_after([](Image& i) { i.programs[Image::kLoadData].p_filesz = 0x9000; }) ==
          "program header 3, file offset 0x108: p_filesz is 0x9000; allowed: at most the rest of the file, "
          "0x100");
}

TEST_CASE("a file that is too short or no ELF file is refused") {
    CHECK(sentence_of({}).starts_with("ELF header, file offset 0x0: the file's size is 0x0"));
    auto file = ImageBuilder{}.bytes();
    for (const std::size_t size : {1u, 63u, 64u, 100u, 0x400u, 0x410u, 0x1000u, 0x2fffu, 0x30ffu}) {
        CAPTURE(size);
        CHECK(sentence_of({file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size)}) != "");
    }
    file[0] = std::byte{0x7e};
    CHECK(sentence_of(file).find("the magic is 0x464c457e") != std::string::npos);
}

TEST_CASE("each field of the ELF header is checked") {
    const auto names = [](const char* field, const std::function<void(Image&)>& spoil) {
        CAPTURE(field);
        CHECK(sentence_after(spoil).find(std::string(": ") + field + " is ") != std::string::npos);
    };
    names("EI_CLASS", [](Image& i) { i.header.e_ident[4] = 1; });
    names("EI_DATA", [](Image& i) { i.header.e_ident[5] = 2; });
    names("EI_VERSION", [](Image& i) { i.header.e_ident[6] = 0; });
    names("e_type", [](Image& i) { i.header.e_type = 2; });
    names("e_version", [](Image& i) { i.header.e_version = 2; });
    names("e_phentsize", [](Image& i) { i.header.e_phentsize = 32; });
    names("e_phnum", [](Image& i) { i.header.e_phnum = 0; });
    names("e_phnum", [](Image& i) { i.header.e_phnum = 33; });
    names("e_phnum", [](Image& i) { i.header.e_phnum = 0xffff; });
    names("e_phoff", [](Image& i) { i.header.e_phoff = 0x44; });
    names("e_phoff", [](Image& i) { i.header.e_phoff = kHeadSize; });
    names("e_phoff", [](Image& i) { i.header.e_phoff = ~std::uint64_t{7}; });
    names("e_entry", [](Image& i) { i.header.e_entry = 0; });
    names("e_entry", [](Image& i) { i.header.e_entry = Image::kBase + Image::kDataAt; });
    names("e_entry", [](Image& i) { i.header.e_entry = Image::kBase + Image::kTextAt + 0x100; });
}

TEST_CASE("each field of a loadable segment is checked") {
    const auto names = [](const char* field, const std::function<void(elf::ProgramHeader&)>& spoil,
                          int which = Image::kLoadData) {
        CAPTURE(field);
        const auto sentence =
            sentence_after([&](Image& i) { spoil(i.programs[static_cast<std::size_t>(which)]); });
        CAPTURE(sentence);
        CHECK(sentence.starts_with("program header " + std::to_string(which) + ","));
        CHECK(sentence.find(std::string(": ") + field + " is ") != std::string::npos);
    };
    using Header = elf::ProgramHeader;
    names("p_offset", [](Header& h) { h.p_offset = ~std::uint64_t{0}; });
    names("p_offset", [](Header& h) {
        h.p_offset = 0x3008;
        h.p_filesz = 8;
    });
    names("p_filesz", [](Header& h) { h.p_filesz = ~std::uint64_t{0}; });
    names("p_filesz", [](Header& h) { h.p_memsz = 0x80; });
    names("p_memsz", [](Header& h) { h.p_memsz = 0; });
    names("p_memsz", [](Header& h) { h.p_memsz = ~std::uint64_t{0}; });
    names("p_memsz", [](Header& h) { h.p_memsz = kMaxImageSpan + 1; });
    names("p_vaddr", [](Header& h) { h.p_memsz = kMaxImageSpan; });
    names("p_vaddr", [](Header& h) { h.p_vaddr += 8; });
    names("p_vaddr", [](Header& h) { h.p_vaddr = ~std::uint64_t{0xfff}; });
    names("p_vaddr", [](Header& h) { h.p_vaddr = Image::kBase + 0x2000; });
    names("p_vaddr", [](Header& h) { h.p_vaddr = 0x1000; });
    names("p_flags", [](Header& h) { h.p_flags = 2; });
    names("p_flags", [](Header& h) { h.p_flags = 0x10000006; });
    names("p_align", [](Header& h) { h.p_align = 0x200000; });
    names("p_align", [](Header& h) { h.p_align = 24; });
    names("p_memsz", [](Header& h) { h.p_memsz = 0x101; }, Image::kLoadText);
}

TEST_CASE("too many segments, or none, are refused") {
    CHECK(sentence_after([](Image& i) {
              i.programs.resize(4);
              for (auto& program : i.programs) program.p_type = 0;
              i.header.e_phnum = 4;
          }).find("at least one PT_LOAD") != std::string::npos);
    CHECK(sentence_after([](Image& i) {
              const elf::ProgramHeader data = i.programs[Image::kLoadData];
              i.programs.assign(17, data);
              for (std::size_t n = 0; n < 17; n++) i.programs[n].p_vaddr = Image::kBase + n * 0x10000;
              i.header.e_phnum = 17;
          }).starts_with("program header 16,"));
}

TEST_CASE("headers that annotate segments must point into them") {
    const auto names = [](int which, const char* field,
                          const std::function<void(elf::ProgramHeader&)>& spoil) {
        CAPTURE(which);
        const auto sentence =
            sentence_after([&](Image& i) { spoil(i.programs[static_cast<std::size_t>(which)]); });
        CAPTURE(sentence);
        CHECK(sentence.starts_with("program header " + std::to_string(which) + ","));
        CHECK(sentence.find(std::string(": ") + field + " is ") != std::string::npos);
    };
    using Header = elf::ProgramHeader;
    names(Image::kDynamic, "p_vaddr", [](Header& h) { h.p_vaddr = Image::kBase + Image::kTextAt; });
    names(Image::kDynamic, "p_vaddr", [](Header& h) { h.p_vaddr += 4; });
    names(Image::kDynamic, "p_vaddr", [](Header& h) { h.p_filesz = ~std::uint64_t{0}; });
    names(Image::kDynamic, "p_vaddr", [](Header& h) { h.p_vaddr = Image::kBase + Image::kRelroAt + 0x1f0; });
    names(Image::kRelro, "p_vaddr", [](Header& h) { h.p_vaddr += 8; });
    names(Image::kRelro, "p_vaddr", [](Header& h) { h.p_vaddr = Image::kBase + Image::kTextAt; });
    names(Image::kRelro, "p_memsz", [](Header& h) { h.p_memsz = 0x1001; });
    names(Image::kRelro, "p_memsz", [](Header& h) { h.p_memsz = 0; });
    names(Image::kRelro, "p_memsz", [](Header& h) {
        h.p_vaddr = Image::kBase + Image::kDataAt;
        h.p_memsz = 0x100;
    });
    names(Image::kTls, "p_vaddr", [](Header& h) { h.p_vaddr = 0x10; });
    names(Image::kTls, "p_filesz", [](Header& h) { h.p_filesz = 0x21; });
    names(Image::kTls, "p_memsz", [](Header& h) { h.p_memsz = ~std::uint64_t{0}; });
    names(Image::kTls, "p_align", [](Header& h) { h.p_align = 3; });
    names(Image::kStack, "p_flags", [](Header& h) { h.p_flags = 7; });
    names(Image::kStack, "p_type",
          [](Header& h) { h = {elf::kSegmentGnuRelro, 4, 0, Image::kBase + 0x2000, 0, 0, 0x1000, 1}; });
}

TEST_CASE("notes must fit, and one of them is a manifest") {
    CHECK(sentence_after([](Image& i) { i.note.n_namesz = 0xfffffff0; }).find("n_namesz") !=
          std::string::npos);
    CHECK(sentence_after([](Image& i) { i.note.n_descsz = 0xffffffff; }).find("n_descsz") !=
          std::string::npos);
    CHECK(sentence_after([](Image& i) { i.note.n_type++; }).find("this is no Holm image") !=
          std::string::npos);
    CHECK(sentence_after([](Image& i) { i.programs[Image::kNote].p_filesz += 4; }).starts_with("note, "));
    CHECK(sentence_after([](Image& i) {
              i.programs[Image::kNote].p_filesz = ~std::uint64_t{0};
          }).find("this is no Holm image") != std::string::npos);
    CHECK(sentence_after([](Image& i) {
              const elf::ProgramHeader note = i.programs[Image::kNote];
              i.programs.push_back(note);
              i.header.e_phnum++;
          }).find("one Holm manifest") != std::string::npos);
}

TEST_CASE("a wrong manifest is told by field and place in the file") {
    CHECK(sentence_after([](Image& i) { i.manifest.version = 9; }) ==
          "manifest, file offset 0x414: version is 0x9; allowed: 1");
    CHECK(sentence_after([](Image& i) {
              i.manifest.upcall = Image::upcall_to(Image::kDataAt);
          }).starts_with("manifest, file offset 0x438: upcall is "));
    CHECK(sentence_after([](Image& i) { i.manifest.upcall = -0x7fffffff; }).find("upcall") !=
          std::string::npos);
}

TEST_CASE("a spoiled image is told from a file that never was one") {
    ImageBuilder image;
    std::vector<std::byte> file = image.bytes();
    CHECK(carries_manifest(Bytes(file).first(kHeadSize)));
    file[0] = std::byte{'x'};
    std::ranges::fill(std::span(file).subspan(32, 64), std::byte{0xff});
    CHECK_FALSE(parse(file));
    CHECK(carries_manifest(Bytes(file).first(kHeadSize)));
    CHECK_FALSE(carries_manifest(Bytes(file).first(Image::kNoteAt + 16)));
    CHECK_FALSE(carries_manifest({}));
}

}  // namespace holm::tender
