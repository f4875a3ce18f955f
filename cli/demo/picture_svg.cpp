// The demo's topology as an SVG.

#include <string_view>

#include "cli/demo/picture.h"
#include "cli/text/format.h"

namespace holm::cli {
namespace {

constexpr int kWidth = 860, kHeight = 280;
constexpr int kBoxWidth = 200, kBoxHeight = 108;
constexpr int kLeft = 24, kGateway = 330, kBehind = 636;  // the boxes' left edges
constexpr int kTop = 24, kRow = kBoxHeight + 16;

// Colours of text and frame, ground, images, cables and refusals, in light and in dark.
constexpr std::string_view kStyle =
    "<style>\n"
    ":root { --ink: #1f2937; --soft: #4b5563; --paper: #ffffff; --image: #e6f0fb; --frame: #2b6cb0; "
    "--plain: #f3f4f6; --cable: #64748b; --bad: #b42318 }\n"
    "@media (prefers-color-scheme: dark) { :root { --ink: #f3f4f6; --soft: #b6bfcc; --paper: #111827; "
    "--image: #1b314d; --frame: #7ab3f0; --plain: #1f2937; --cable: #94a3b8; --bad: #ff8a7a } }\n"
    ".paper { fill: var(--paper) } text { fill: var(--ink); text-anchor: middle }\n"
    ".image { fill: var(--image); stroke: var(--frame); stroke-width: 1.5 }\n"
    ".plain { fill: var(--plain); stroke: var(--cable); stroke-width: 1.5; stroke-dasharray: 5 4 }\n"
    ".cable { stroke: var(--cable); stroke-width: 2.5; fill: none; stroke-linejoin: round }\n"
    ".name { font-size: 17px; font-weight: 600 } .address { font-size: 13px; fill: var(--soft) }\n"
    ".figure { font-size: 13px } .label { font-size: 12px; fill: var(--soft) }\n"
    ".caption { font-size: 13px; fill: var(--soft); text-anchor: start }\n"
    ".good { font-size: 13px; font-weight: 600 } .bad { font-size: 12px; fill: var(--bad) }\n"
    "</style>\n";

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

std::string line_of_text(std::string_view kind, int x, int y, std::string_view text) {
    return formatted(R"(<text class="{}" x="{}" y="{}">{}</text>)", kind, x, y, escaped(text)) + "\n";
}

std::string draw_box(const PictureBox& box, int x, int y, std::string_view kind) {
    std::string svg = formatted(R"(<rect class="{}" x="{}" y="{}" width="{}" height="{}" rx="10"/>)", kind, x,
                                y, kBoxWidth, kBoxHeight) +
                      "\n";
    const int centre = x + kBoxWidth / 2;
    int at = y + (box.figures.empty() ? 50 : 29);
    svg += line_of_text("name", centre, at, box.name);
    svg += line_of_text("address", centre, at += 20, box.address);
    at += 3;
    for (const std::string& figure : box.figures) svg += line_of_text("figure", centre, at += 20, figure);
    return svg;
}

std::string draw_cable(std::string_view path) {
    return formatted(R"(<path class="cable" d="{}"/>)", path) + "\n";
}

}  // namespace

std::string draw_svg(const Picture& picture) {
    constexpr int kMiddleBox = kTop + kRow / 2, kMiddle = kMiddleBox + kBoxHeight / 2;
    constexpr int kOutside = (kLeft + kBoxWidth + kGateway) / 2;
    constexpr int kBus = (kGateway + kBoxWidth + kBehind) / 2;
    std::string svg =
        formatted(R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0} {1}" width="{0}" )"
                  R"(height="{1}" font-family="system-ui, sans-serif" role="img">)",
                  kWidth, kHeight) +
        "\n";
    svg += formatted("<title>{} and {} behind {}, as {} sees them</title>\n", escaped(picture.behind[0].name),
                     escaped(picture.behind[1].name), escaped(picture.gateway.name),
                     escaped(picture.client.name));
    svg += kStyle;
    svg += formatted("<rect class=\"paper\" width=\"{}\" height=\"{}\"/>\n", kWidth, kHeight);
    svg += draw_cable(formatted("M{} {}H{}", kLeft + kBoxWidth, kMiddle, kGateway));
    svg += draw_cable(formatted("M{} {}H{}", kGateway + kBoxWidth, kMiddle, kBus));
    svg += draw_cable(formatted("M{0} {1}H{2}V{3}H{0}", kBehind, kTop + kBoxHeight / 2, kBus,
                                kTop + kRow + kBoxHeight / 2));
    svg += line_of_text("label", kOutside, kMiddle - 30, picture.outside);
    svg += line_of_text("good", kOutside, kMiddle - 11, picture.throughput);
    svg += line_of_text("bad", kOutside, kMiddle + 23, "✕ " + picture.refused);
    svg += line_of_text("label", kBus - 26, kMiddle - 11, picture.dmz);
    svg += draw_box(picture.client, kLeft, kMiddleBox, "plain");
    svg += draw_box(picture.gateway, kGateway, kMiddleBox, "image");
    for (int i = 0; i < 2; ++i)
        svg += draw_box(picture.behind[static_cast<std::size_t>(i)], kBehind, kTop + i * kRow, "image");
    svg += line_of_text("caption", kLeft, kTop + kRow + kBoxHeight, picture.caption);
    return svg + "</svg>\n";
}

}  // namespace holm::cli
