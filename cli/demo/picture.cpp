#include "cli/demo/picture.h"

#include <algorithm>
#include <string_view>

#include "cli/text/format.h"

namespace holm::cli {
namespace {

std::string escaped(std::string_view text) {
    std::string result;
    for (const char c : text) {
        if (c == '<') {
            result += "&lt;";
        } else if (c == '>') {
            result += "&gt;";
        } else if (c == '&') {
            result += "&amp;";
        } else {
            result += c;
        }
    }
    return result;
}

constexpr int kBoxWidth = 190, kBoxHeight = 84;

std::string svg_box(const PictureBox& box, int x, int y, bool image) {
    std::string svg =
        formatted(R"(<rect x="{}" y="{}" width="{}" height="{}" rx="8" fill="{}" stroke="#334"/>)", x, y,
                  kBoxWidth, kBoxHeight, image ? "#e8f1fb" : "#f6f6f6");
    const auto line = [&](int down, std::string_view weight, int size, std::string_view text) {
        svg +=
            formatted(R"(<text x="{}" y="{}" font-size="{}" font-weight="{}" text-anchor="middle">{}</text>)",
                      x + kBoxWidth / 2, y + down, size, weight, escaped(text));
    };
    line(26, "bold", 15, box.name);
    line(47, "normal", 12, box.address);
    line(67, "normal", 11, box.figures);
    return svg + "\n";
}

std::string svg_line(int x1, int y1, int x2, int y2) {
    return formatted(R"(<line x1="{}" y1="{}" x2="{}" y2="{}" stroke="#334" stroke-width="2"/>)", x1, y1, x2,
                     y2) +
           "\n";
}

std::string svg_label(int x, int y, std::string_view text) {
    return formatted(R"(<text x="{}" y="{}" font-size="11" text-anchor="middle" fill="#556">{}</text>)", x, y,
                     escaped(text)) +
           "\n";
}

std::string padded(std::string_view text, std::size_t width) {
    return formatted("{:<{}}", text, width);
}

}  // namespace

std::string draw_text(const Picture& picture) {
    const std::size_t left =
        std::max({picture.client.name.size(), picture.client.address.size(), std::size_t{12}});
    const std::size_t middle = std::max({picture.gateway.name.size(), picture.gateway.address.size(),
                                         picture.gateway.figures.size(), std::size_t{12}});
    std::string text;
    const auto row = [&](std::string_view a, std::string_view line, std::string_view b,
                         std::string_view right, std::string_view c) {
        text += formatted("  {}{}{}{}{}\n", padded(a, left), line, padded(b, middle), right, c);
    };
    const auto behind = [](const PictureBox& box) {
        return formatted("{}  {}  {}", box.name, box.address, box.figures);
    };
    row("", "         ", "", "      ┌── ", behind(picture.behind[0]));
    row(picture.client.name, " ─────── ", picture.gateway.name, " ─────┤", "");
    row(picture.client.address, "         ", picture.gateway.address, "      └── ",
        behind(picture.behind[1]));
    row("", "         ", picture.gateway.figures, "", "");
    return text;
}

std::string draw_svg(const Picture& picture) {
    constexpr int kRow = 110, kMiddle = 20 + kRow / 2;
    constexpr int kGateway = 300, kBehind = 580;
    std::string svg =
        R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 260" width="800" height="260" font-family="sans-serif">)"
        "\n<rect width=\"800\" height=\"260\" fill=\"white\"/>\n";
    const int middle = kMiddle + kBoxHeight / 2;
    svg += svg_line(20 + kBoxWidth, middle, kGateway, middle);
    svg += svg_line(kGateway + kBoxWidth, middle, 535, middle);
    svg += svg_line(535, 20 + kBoxHeight / 2, 535, 20 + kRow + kBoxHeight / 2);
    for (int i = 0; i < 2; ++i)
        svg += svg_line(535, 20 + i * kRow + kBoxHeight / 2, kBehind, 20 + i * kRow + kBoxHeight / 2);
    svg += svg_label(255, middle - 8, picture.outside);
    svg += svg_label(513, middle - 8, picture.dmz);
    svg += svg_box(picture.client, 20, kMiddle, false);
    svg += svg_box(picture.gateway, kGateway, kMiddle, true);
    for (int i = 0; i < 2; ++i)
        svg += svg_box(picture.behind[static_cast<std::size_t>(i)], kBehind, 20 + i * kRow, true);
    return svg + "</svg>\n";
}

}  // namespace holm::cli
