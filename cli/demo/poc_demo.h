#pragma once

#include <string>

namespace holm::cli {

struct PocDemo {
    std::string tender = "process";
    bool keep = false;  // leave it up
};

// The topology of examples/poc: brought up, asked from its client, drawn, taken down. Prints it all, and
// writes the picture to build/demo.svg. Fails when something does not go as it should.
void show_poc_demo(const PocDemo& demo);

}  // namespace holm::cli
