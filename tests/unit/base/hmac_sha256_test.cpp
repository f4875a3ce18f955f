#include "base/hmac_sha256.h"

#include <format>
#include <string>

#include <doctest/doctest.h>

using namespace holm;

namespace {

std::string hex_mac(const std::string& key, std::string_view message) {
    HmacSha256 hmac(as_bytes(key));
    // In pieces, which must not matter.
    for (std::size_t size = 1; !message.empty(); size = size * 2 + 1) {
        hmac.add(as_bytes(message.substr(0, size)));
        message.remove_prefix(std::min(size, message.size()));
    }
    std::string text;
    for (const std::uint8_t byte : hmac.finish()) text += std::format("{:02x}", byte);
    return text;
}

}  // namespace

TEST_CASE("HMAC-SHA-256 gives the codes of RFC 4231, section 4") {
    CHECK(hex_mac(std::string(20, '\x0b'), "Hi There") ==
          "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    CHECK(hex_mac("Jefe", "what do ya want for nothing?") ==
          "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    CHECK(hex_mac(std::string(20, '\xaa'), std::string(50, '\xdd')) ==
          "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
    std::string key;
    for (char byte = 1; byte <= 25; ++byte) key += byte;
    CHECK(hex_mac(key, std::string(50, '\xcd')) ==
          "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b");
    // The fifth is cut off there.
    CHECK(hex_mac(std::string(20, '\x0c'), "Test With Truncation")
              .starts_with("a3b6167473100ee06e0c796c2955552b"));
    CHECK(hex_mac(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First") ==
          "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    CHECK(hex_mac(
              std::string(131, '\xaa'),
              "This is a test using a larger than block-size key and a larger than block-size data. The key "
              "needs to be hashed before being used by the HMAC algorithm.") ==
          "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
}

TEST_CASE("equal in constant time is equal") {
    CHECK(are_equal_in_constant_time(as_bytes("abc"), as_bytes("abc")));
    CHECK_FALSE(are_equal_in_constant_time(as_bytes("abc"), as_bytes("abd")));
    CHECK_FALSE(are_equal_in_constant_time(as_bytes("abc"), as_bytes("ab")));
    CHECK(are_equal_in_constant_time({}, {}));
}
