#pragma once

// The demo's topology with its figures, for a terminal and as an SVG.

#include <array>
#include <string>

namespace holm::cli {

// One box: a name, its address, and a line of figures.
struct PictureBox {
    std::string name, address, figures;
};

// client --- gateway --- dns, web
struct Picture {
    PictureBox client, gateway;
    std::array<PictureBox, 2> behind;
    std::string outside, dmz;  // what stands at the lines
};

std::string draw_text(const Picture& picture);
std::string draw_svg(const Picture& picture);

}  // namespace holm::cli
