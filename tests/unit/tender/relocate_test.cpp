#include "tender/loader/relocate.h"

#include <algorithm>
#include <functional>
#include <string>

#include <doctest/doctest.h>

#include "tender/loader/parse.h"
#include "tests/unit/tender/image_builder.h"

namespace holm::tender {
namespace {

using Image = ImageBuilder;
constexpr std::uint64_t kLoadedAt = 0x5000'0000'0000;

// The image as it lies in memory after it was mapped, and what relocation made of it.
struct Mapped {
    LoadPlan plan{};
    std::vector<std::uint64_t> words;  // keeps the memory 8-byte aligned
    std::string sentence;

    explicit Mapped(Image& image, std::uint64_t base = kLoadedAt) {
        const auto file = image.bytes();
        REQUIRE(
            parse_image(Bytes(file).first(std::min<std::size_t>(file.size(), kHeadSize)), file.size(), plan));
        words.resize(plan.span / 8);
        const MutableBytes memory = std::as_writable_bytes(std::span(words));
        for (const Segment& segment : plan.segments())
            std::memcpy(memory.data() + (segment.address - plan.link_base), file.data() + segment.file_offset,
                        segment.file_size);
        if (const auto outcome = relocate_image(plan, memory, base); !outcome) {
            Sentence text;
            outcome.error().describe(text);
            sentence = text.view();
        }
    }
    std::uint64_t word(std::uint64_t place) const { return words[place / 8]; }
};

std::string sentence_after(const std::function<void(Image&)>& spoil) {
    Image image;
    spoil(image);
    return Mapped(image).sentence;
}

bool has(const std::string& text, const char* part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("RELR and RELA add the load bias") {
    Image image;
    const Mapped mapped(image);
    CHECK(mapped.sentence == "");
    CHECK(mapped.word(Image::kRelroAt) == kLoadedAt + 0x10);
    CHECK(mapped.word(Image::kRelroAt + 8) == kLoadedAt + 0x20);
    CHECK(mapped.word(Image::kRelroAt + 16) == 0x5555);
    CHECK(mapped.word(Image::kRelroAt + 24) == kLoadedAt + 0x30);
    CHECK(mapped.word(Image::kDataAt + 8) == kLoadedAt + 0x1234);
}

TEST_CASE("at its link address an image stays as it is") {
    Image image;
    const Mapped mapped(image, Image::kBase);
    CHECK(mapped.word(Image::kRelroAt) == Image::kBase + 0x10);
}

TEST_CASE("RELR runs of more than 63 words continue where the last one ended") {
    Image image;
    image.programs[Image::kLoadData].p_memsz = 0x2000;
    const std::uint64_t all = ~std::uint64_t{0};
    image.relr = {Image::kBase + Image::kDataAt, all, all};
    image.dynamic[1].d_value = 24;
    image.rela.clear();
    image.dynamic[4].d_value = 0;
    const Mapped mapped(image);
    CHECK(mapped.sentence == "");
    const std::uint64_t bias = kLoadedAt - Image::kBase;
    for (std::uint64_t n = 0; n < 127; n++) CHECK(mapped.word(Image::kDataAt + n * 8) == bias);
    CHECK(mapped.word(Image::kDataAt + 127 * 8) == 0);
}

TEST_CASE("an image without a dynamic section needs no relocation") {
    Image image;
    image.dynamic.clear();
    CHECK(Mapped(image).sentence == "");
}

TEST_CASE("only writable segments are written to") {
    CHECK(has(sentence_after([](Image& i) { i.relr[0] = Image::kBase + Image::kTextAt; }), "RELR entry 0"));
    CHECK(has(sentence_after([](Image& i) { i.relr[0] = Image::kBase; }), "RELR entry 0"));
    CHECK(has(sentence_after([](Image& i) { i.relr[0] = 0; }), "RELR entry 0"));
    CHECK(has(sentence_after([](Image& i) { i.relr[0] = ~std::uint64_t{1}; }), "RELR entry 0"));
    CHECK(has(sentence_after([](Image& i) { i.relr[0] = Image::kBase + 0x5344; }), "RELR entry 0"));
    CHECK(has(sentence_after([](Image& i) { i.relr = {3, 3}; }), "RELR entry 0"));
    CHECK(sentence_after([](Image& i) { i.rela[0].r_offset = Image::kBase + Image::kTextAt; }) ==
          "RELA entry 0, file offset 0xa00: r_offset is 0x201000; allowed: a word inside a writable PT_LOAD");
    CHECK(has(sentence_after([](Image& i) { i.rela[0].r_offset = ~std::uint64_t{0}; }), "RELA entry 0"));
    CHECK(has(sentence_after([](Image& i) { i.rela[0].r_offset = Image::kBase + 0x533e; }), "RELA entry 0"));
}

TEST_CASE("other kinds of relocation are refused") {
    CHECK(has(sentence_after([](Image& i) { i.rela[0].r_info = 6; }), "r_info is 0x6"));
    CHECK(has(sentence_after([](Image& i) { i.rela[0].r_info = std::uint64_t{1} << 32 | 8; }), "r_info"));
    for (const std::uint64_t tag : {1, 2, 17, 22}) {
        CAPTURE(tag);
        CHECK(has(sentence_after([&](Image& i) { i.dynamic.insert(i.dynamic.begin(), {tag, 1}); }),
                  "dynamic section entry 0"));
    }
}

TEST_CASE("the tables lie in read-only memory and have the right entries") {
    CHECK(has(sentence_after([](Image& i) { i.dynamic[2].d_value = 4; }), "its entry size"));
    CHECK(has(sentence_after([](Image& i) { i.dynamic[1].d_value = 12; }), "its size"));
    CHECK(has(sentence_after([](Image& i) { i.dynamic[1].d_value = ~std::uint64_t{7}; }), "its address"));
    CHECK(has(sentence_after([](Image& i) { i.dynamic[0].d_value += 4; }), "its address"));
    CHECK(has(sentence_after([](Image& i) { i.dynamic[0].d_value = Image::kBase + Image::kDataAt; }),
              "its address"));
    CHECK(has(sentence_after([](Image& i) { i.dynamic[3].d_value = Image::kBase + 0xbf8; }), "RELA table"));
}

}  // namespace holm::tender
