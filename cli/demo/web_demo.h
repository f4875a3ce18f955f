#pragma once

namespace holm::cli {

// The web example alone, reached through passt: what a machine can show that lets this user make no networks.
// Prints it all; fails when something does not go as it should.
void show_web_demo();

}  // namespace holm::cli
