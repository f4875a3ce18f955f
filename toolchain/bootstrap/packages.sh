# Installs what is missing of toolchain/packages.txt. Needs report.sh and machine.sh.
# shellcheck shell=bash disable=SC2154

# listed_packages GROUP...: one name a line
listed_packages() {
    awk -v groups=" $* " '/^\[/ { wanted = index(groups, " " substr($0, 2, length($0) - 2) " "); next }
        wanted && NF && !/^#/ { print $1 }' "$root/toolchain/packages.txt" | sort -u
}

missing_packages() {
    local listed
    listed=$(listed_packages "$@")
    # shellcheck disable=SC2086
    comm -23 <(echo "$listed") \
        <(dpkg-query -W -f '${db:Status-Abbrev}${binary:Package}\n' $listed 2>/dev/null | sed -n 's/^ii *\([^:]*\).*/\1/p' | sort -u)
}

# A service that a package brings (nginx) must not start on the user's machine. Debian's own switch for that is
# policy-rc.d; one that is already there is left alone. What the programs say goes to stderr; stdout carries apt's progress.
# apt gets a descriptor of its own for that: it closes it for the scripts of packages, which must have a standard output.
# shellcheck disable=SC2016 # expanded by the shell that becomes root
install_packages_script='
set -e
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
    trap "rm -f $policy" EXIT
    printf "#!/bin/sh\nexit 101\n" >$policy
    chmod 755 $policy
fi
options="-q -y -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3"
status="-o APT::Status-Fd=3"
dpkg --configure -a >&2
apt-get $options update >&2
apt-get $options $status --no-install-recommends -o Dpkg::Options::=--force-confold install "$@" 3>&1 >&2
'

explain_apt_failure() {
    local hint="Is there a network, and do the apt sources of this machine name Debian 12 (bookworm)?"
    if grep -q 'Could not get lock' "$report_log"; then
        hint="Another program holds apt's lock; wait for it to end."
    elif grep -q 'No space left\|have enough free space' "$report_log"; then
        hint="The disk is full: about 1.5 GB are needed for the packages."
    fi
    { grep -E "^(E|W|Err)[:0-9]" "$report_log" || true; } | tail -n 4 | sed "s/^/    | /" >&2
    fail "apt could not install the packages" "$hint" "Its output is in $report_log; running the same command again continues here."
}

# install_packages GROUP...
install_packages() {
    local missing
    mapfile -t missing < <(missing_packages "$@")
    ((${#missing[@]})) || return 0
    command -v apt-get >/dev/null || fail "apt-get is missing; these packages are needed: ${missing[*]}"
    can_be_root || fail "these packages are missing, and this user may not install them (not root, no sudo): ${missing[*]}" \
        "As root: apt-get install ${missing[*]}"
    require_space /usr 1500 "for packages"
    step "install ${#missing[@]} packages"
    printf '%s ' "${missing[@]}" >>"$report_log"
    as_root sh -c "$install_packages_script" install "${missing[@]}" </dev/null 2>>"$report_log" |
        awk -F : '/^(dl|pm)status:/ { print int($1 == "dlstatus" ? $3 / 2 : 50 + $3 / 2); fflush() }' | report_percent || explain_apt_failure
    [[ -z $(missing_packages "$@") ]] || explain_apt_failure
}
