// The demo's topology for a terminal.

#include <algorithm>
#include <string_view>

#include "cli/demo/picture.h"
#include "cli/text/format.h"

namespace holm::cli {
namespace {

// Characters on rows and columns; one that takes several bytes of UTF-8 takes one column.
class Canvas {
  public:
    void put(std::size_t row, std::size_t column, std::string_view text) {
        if (cells_.size() <= row) cells_.resize(row + 1);
        std::vector<std::string>& cells = cells_[row];
        while (!text.empty()) {
            std::size_t size = 1;  // further bytes of the same character begin with the bits 10
            while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) ++size;
            if (cells.size() <= column) cells.resize(column + 1, " ");
            cells[column++] = text.substr(0, size);
            text.remove_prefix(size);
        }
    }

    std::string text() const {
        std::string all;
        for (const std::vector<std::string>& row : cells_) {
            for (const std::string& cell : row) all += cell;
            all += '\n';
        }
        return all;
    }

  private:
    std::vector<std::vector<std::string>> cells_;
};

std::string repeated(std::string_view text, std::size_t count) {
    std::string all;
    for (std::size_t i = 0; i < count; ++i) all += text;
    return all;
}

std::vector<std::string> lines_of(const PictureBox& box) {
    std::vector<std::string> lines{box.name, box.address};
    lines.insert(lines.end(), box.figures.begin(), box.figures.end());
    return lines;
}

// Between the frames.
std::size_t width_of(const PictureBox& box) {
    std::size_t width = 0;
    for (const std::string& line : lines_of(box)) width = std::max(width, line.size());
    return width + 2;
}

void draw_box(Canvas& canvas, std::size_t row, std::size_t column, const PictureBox& box, std::size_t width) {
    const std::string edge = repeated("─", width);
    canvas.put(row, column, formatted("┌{}┐", edge));
    for (const std::string& line : lines_of(box))
        canvas.put(++row, column, formatted("│ {:<{}}│", line, width - 1));
    canvas.put(row + 1, column, formatted("└{}┘", edge));
}

}  // namespace

std::string draw_text(const Picture& picture) {
    constexpr std::size_t kLeft = 2;
    constexpr std::size_t kBehindRows = 6;                // of a box behind the gateway
    constexpr std::size_t kMiddle = kBehindRows / 2 + 2;  // row of the line to the gateway
    const std::size_t client = width_of(picture.client), gateway = width_of(picture.gateway);
    const std::size_t behind = std::max(width_of(picture.behind[0]), width_of(picture.behind[1]));
    const std::size_t cable =
        std::max({picture.outside.size(), picture.throughput.size(), picture.refused.size() + 2}) + 2;
    const std::size_t at_cable = kLeft + client + 2;
    const std::size_t at_gateway = at_cable + cable;
    const std::size_t at_bus = at_gateway + gateway + 2 + picture.dmz.size() + 1;
    const std::size_t at_behind = at_bus + 2;

    Canvas canvas;
    for (std::size_t i = 0; i < 2; ++i) {
        draw_box(canvas, i * kBehindRows, at_behind, picture.behind[i], behind);
        canvas.put(i * kBehindRows + 1, at_bus, i == 0 ? "┌─┤" : "└─┤");
    }
    for (std::size_t row = 2; row <= kBehindRows; ++row) canvas.put(row, at_bus, "│");
    draw_box(canvas, kMiddle - 2, at_gateway, picture.gateway, gateway);
    draw_box(canvas, kMiddle - 2, kLeft, picture.client, client);
    canvas.put(kMiddle - 2, at_cable + 1, picture.outside);
    canvas.put(kMiddle - 1, at_cable - 1, formatted("├{}┤", repeated("─", cable)));
    canvas.put(kMiddle, at_cable + 1, picture.throughput);
    canvas.put(kMiddle + 1, at_cable + 1, formatted("✕ {}", picture.refused));
    canvas.put(kMiddle - 2, at_bus - picture.dmz.size() - 1, picture.dmz);
    canvas.put(kMiddle - 1, at_gateway + gateway + 1,
               formatted("├{}┤", repeated("─", at_bus - at_gateway - gateway - 2)));
    canvas.put(2 * kBehindRows - 1, kLeft, picture.caption);
    return canvas.text();
}

}  // namespace holm::cli
