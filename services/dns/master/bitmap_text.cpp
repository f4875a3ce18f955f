#include "services/dns/master/bitmap_text.h"

#include <array>
#include <map>

#include "services/dns/master/record_format.h"

namespace holm::dns {

bool read_type_bitmap(WordReader& words) {
    std::map<std::uint8_t, std::array<std::uint8_t, 32>> blocks;
    while (!words.is_over()) {
        const Word& word = *words.take("");
        const auto number = parse_type(word.text);
        if (!number)
            return words.wrong(word.where, "a record type is expected here; allowed: " + all_type_names());
        auto& block = blocks.try_emplace(static_cast<std::uint8_t>(*number >> 8)).first->second;
        block[(*number & 0xff) / 8] |= static_cast<std::uint8_t>(0x80 >> *number % 8);
    }
    for (const auto& [index, block] : blocks) {
        std::size_t size = block.size();
        while (block[size - 1] == 0) --size;
        words.append(index, 1);
        words.append(static_cast<std::uint32_t>(size), 1);
        words.append({reinterpret_cast<const char*>(block.data()), size});
    }
    return true;
}

bool read_services(WordReader& words) {
    if (!words.mnemonic(protocol_mnemonics(), 1, "a protocol")) return false;
    std::string bits;
    while (!words.is_over()) {
        const Word& word = *words.take("");
        const auto port = value_of(word, port_mnemonics(), 65'535);
        if (!port)
            return words.wrong(word.where, "a port is expected here: a number, or such as smtp or domain");
        if (bits.size() <= *port / 8) bits.resize(*port / 8 + 1);
        bits[*port / 8] |= static_cast<char>(0x80 >> *port % 8);
    }
    words.append(bits);
    return true;
}

}  // namespace holm::dns
