#include "cli/compose/docker_keys.h"

#include <initializer_list>
#include <string_view>
#include <vector>

namespace holm::cli {
namespace {

// Keys that have the same thing in their place.
struct Group {
    std::initializer_list<std::string_view> keys;
    std::string_view instead;
};

std::vector<ForeignKey> keys_of(std::initializer_list<Group> groups) {
    std::vector<ForeignKey> keys;
    for (const Group& group : groups) {
        for (const std::string_view key : group.keys) keys.push_back({key, group.instead});
    }
    return keys;
}

}  // namespace

std::span<const ForeignKey> docker_top_keys() {
    static const std::vector<ForeignKey> keys = keys_of({
        {{"version"}, "a file needs no version"},
        {{"volumes", "configs", "secrets"},
         "the files of an image are inside it; a block device of a service is block = { DEVICE = \"FILE\" }"},
        {{"include"}, "a topology is one file"},
        {{"models"}, "an image has what it needs inside it"},
    });
    return keys;
}

std::span<const ForeignKey> docker_service_keys() {
    static const std::vector<ForeignKey> keys = keys_of({
        {{"build", "develop"}, "an image is built before, by holm build; image = \"NAME\" takes it"},
        {{"deploy", "scale"}, "one service is one instance, with mem_limit, cpuset and restart of its own"},
        {{"entrypoint", "working_dir", "provider", "models"},
         "an image is one program; command = [\"--port\", \"80\"] gives it arguments"},
        {{"env_file"}, "variables stand in this file: environment = { NAME = \"VALUE\" }"},
        {{"volumes", "volumes_from", "tmpfs", "configs", "secrets", "storage_opt"},
         "the files of an image are inside it ([[files]] of its holm.toml); what changes lies on a block "
         "device: block = { DEVICE = \"FILE\" }"},
        {{"devices", "device_cgroup_rules", "gpus", "network_mode", "net"},
         "an image has the devices it declares: networks = { DEVICE = \"NETWORK\" }, block = { DEVICE = "
         "\"FILE\" }"},
        {{"cpus", "cpu_count", "cpu_percent", "cpu_shares", "cpu_period", "cpu_quota", "cpu_rt_period",
          "cpu_rt_runtime"},
         "an instance has one processor; cpuset = \"0-1\" says which of the machine's it may be"},
        {{"mem_reservation", "mem_swappiness", "memswap_limit", "shm_size", "oom_kill_disable",
          "oom_score_adj"},
         "memory is given whole, at the start: mem_limit = \"16M\""},
        {{"container_name"},
         "an instance is called PROJECT-SERVICE; name = \"PROJECT\" stands at the top of the file"},
        {{"hostname", "domainname", "links", "external_links", "extra_hosts"},
         "a service is found by its address, or by a name server that is a service too; ipv4_address = "
         "\"10.0.0.2\" gives the address"},
        {{"dns", "dns_opt", "dns_search"},
         "name servers belong to a device: networks = { DEVICE = { network = \"NETWORK\", dns = "
         "[\"10.0.0.53\"] } }"},
        {{"expose"},
         "the others of its networks reach every port; ports = [\"8080:80\"] leads to one from this machine"},
        {{"privileged",  "cap_add",   "cap_drop",        "security_opt",  "user",
          "userns_mode", "group_add", "credential_spec", "isolation",     "pid",
          "ipc",         "uts",       "cgroup",          "cgroup_parent", "pids_limit",
          "ulimits",     "sysctls",   "read_only",       "blkio_config",  "use_api_socket"},
         "every image is confined in the same way, by its tender (holm selftest shows how)"},
        {{"logging", "log_driver", "log_opt", "tty", "stdin_open", "attach"},
         "an instance writes to its log, of which holm logs NAME shows the last 8 to 16 MB"},
        {{"labels", "label_file", "annotations"}, "Holm keeps no labels; a comment serves people"},
        {{"init", "post_start", "pre_stop"}, "an instance has no processes besides its own"},
        {{"profiles", "extends"}, "all services of a file are started; a second file is a second topology"},
        {{"platform", "pull_policy"}, "images are files of this machine, for its processor"},
        {{"runtime"}, "what runs a service is its tender = \"process\", \"vm\" or \"qemu\""},
        {{"stop_signal"},
         "each service is asked to stop in the same way; stop_grace_period = \"5s\" says how long it may "
         "take"},
        {{"mac_address"}, "Ethernet addresses come from the names of topology, service and device, and stay"},
    });
    return keys;
}

std::span<const ForeignKey> docker_health_keys() {
    static const std::vector<ForeignKey> keys = keys_of({
        {{"test"},
         "an image has no programs to run; it is asked from outside: tcp = PORT, http = PORT, dns = PORT or "
         "log = \"TEXT\""},
        {{"interval", "start_interval"}, "it is asked every few milliseconds until it answers"},
        {{"retries", "start_period"}, "it is asked until timeout = \"30s\" is over"},
        {{"disable"}, "without a healthcheck a service is ready when it runs"},
    });
    return keys;
}

std::span<const ForeignKey> docker_attachment_keys() {
    static const std::vector<ForeignKey> keys = keys_of({
        {{"aliases"}, "a service is found by its address, or by a name server that is a service too"},
        {{"priority", "gw_priority"}, "the device with gateway = \"10.0.0.1\" is the one that leads out"},
        {{"mac_address"}, "Ethernet addresses come from the names of topology, service and device, and stay"},
        {{"link_local_ips"},
         "IPv6 has such an address by itself; what an image is told is ipv4_address and ipv6_address"},
        {{"interface_name"}, "a device is called what the image calls it, here as the key"},
        {{"driver_opts"}, "a device is a tap"},
    });
    return keys;
}

std::span<const ForeignKey> docker_network_keys() {
    static const std::vector<ForeignKey> keys = keys_of({
        {{"driver", "driver_opts", "attachable", "internal", "external", "enable_ipv4", "labels"},
         "a network is an Ethernet of this topology alone, in a namespace of its own"},
        {{"ipam", "enable_ipv6"},
         "the addresses of a network are its subnet = \"10.0.0.0/24\" and subnet6 = \"fd00:1::/64\""},
        {{"name"}, "a network is called by its key"},
    });
    return keys;
}

}  // namespace holm::cli
