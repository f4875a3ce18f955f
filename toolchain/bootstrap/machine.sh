# What kind of machine this is, and how to act as root on it.
# shellcheck shell=bash disable=SC2154

# Holm's set-up uses Debian 12's packages and sources by name; anything else gets told what to do instead of half a set-up.
require_debian_12() {
    local ID=unknown VERSION_ID='' PRETTY_NAME='' release=${1:-/etc/os-release}
    # shellcheck source=/dev/null
    [[ ! -r $release ]] || source "$release"
    [[ $ID == debian && $VERSION_ID == 12 && $(uname -m) == x86_64 ]] && return
    fail "Holm sets itself up on Debian 12 (x86-64); this is ${PRETTY_NAME:-$(uname -s)} on $(uname -m)" \
        "Use a Debian 12 machine, virtual machine or container (for example: docker run -it debian:12)." \
        "The packages it needs are in toolchain/packages.txt."
}

as_root() {
    if ((EUID == 0)); then "$@"; else sudo -- "$@"; fi
}

# May ask for the password, where there is someone to ask.
can_be_root() {
    ((EUID == 0)) || { command -v sudo >/dev/null && { sudo -n true 2>/dev/null || { [[ -t 0 ]] && sudo true; }; }; }
}

# require_space FOLDER MEGABYTES PURPOSE
require_space() {
    local free
    free=$(df --output=avail -BM "$1" | tail -n 1 | tr -dc 0-9)
    ((free >= $2)) || fail "not enough space on the disk of $1: $free MB are free, $2 MB are needed $3"
}
