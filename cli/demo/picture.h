#pragma once

// The demo's topology with its figures, for a terminal and as an SVG.

#include <array>
#include <string>
#include <vector>

namespace holm::cli {

// One box: a name, its address, and a line for each figure (at most two).
struct PictureBox {
    std::string name, address;
    std::vector<std::string> figures;
};

// client --- gateway --- dns, web
struct Picture {
    PictureBox client, gateway;
    std::array<PictureBox, 2> behind;
    std::string outside, dmz;         // what stands at the lines
    std::string throughput, refused;  // of what goes from the client through the gateway; what does not
    std::string caption;              // below it all
};

// Some 80 columns wide.
std::string draw_text(const Picture& picture);

// Dark where the viewer prefers that.
std::string draw_svg(const Picture& picture);

}  // namespace holm::cli
