#pragma once

// What stands in files of docker-compose and not in ours, each key with what there is in its place. The
// lists are those of the Compose Specification.

#include <span>

#include "cli/settings/section.h"

namespace holm::cli {

std::span<const ForeignKey> docker_top_keys();
std::span<const ForeignKey> docker_service_keys();
std::span<const ForeignKey> docker_health_keys();      // healthcheck of a service
std::span<const ForeignKey> docker_attachment_keys();  // an entry of networks of a service
std::span<const ForeignKey> docker_network_keys();     // [networks.NAME]

}  // namespace holm::cli
