# From packages to programs: the guest sysroot, CMake, Ninja. Needs report.sh.
# shellcheck shell=bash disable=SC2154

# The stamp of a group lists nothing: it is newer than everything the set-up depends on, or the set-up runs again.
stamp_of() { echo "$root/build/.setup-$1"; }

set_up_is_current() {
    local stamp file
    stamp=$(stamp_of "$1")
    [[ -f $stamp && -f $root/build/build.ninja && -d $(<"$root/build/.sysroot") ]] || return 1
    for file in "$root"/holm "$root"/toolchain/{packages.txt,bootstrap/*,sysroot/*.*,sysroot/build} "$root/CMakePresets.json"; do
        [[ $file -ot $stamp ]] || return 1
    done
} 2>/dev/null

# set_up GROUP [TARGET...]: build, test or bench; of what is built, the targets alone
set_up() {
    local sysroot
    report_steps=3
    : >"$report_log"
    require_debian_12
    if [[ -n $(missing_packages build "$1") ]]; then
        report_steps=$((report_steps + 1))
        install_packages build "$1"
    fi
    step "the C and C++ libraries for images"
    report_indent='    ' run_child "$root/toolchain/sysroot/build" >"$root/build/.sysroot.new" || exit 1
    sysroot=$(<"$root/build/.sysroot.new")
    step "configure"
    # The user's flags are for the user's programs.
    run_logged env -u CFLAGS -u CXXFLAGS -u CPPFLAGS -u LDFLAGS cmake -S "$root" --preset release -DHOLM_SYSROOT="$sysroot"
    mv "$root/build/.sysroot.new" "$root/build/.sysroot"
    if (($# == 2)); then step "build what $2 needs"; else step "build Holm"; fi
    run_ninja -C "$root/build" "${@:2}"
    touch "$(stamp_of build)" "$(stamp_of "$1")"
}

# rebuild [TARGET...]: what changed since the last time, or was not needed then; quiet and quick when there is nothing. (A dry
# run could not tell: ninja looks for new files in a step of its own.)
rebuild() {
    report_steps=1
    quiet_step "build what is new"
    run_ninja -C "$root/build" "$@"
}

# bring_up_to_date GROUP [TARGET...]: two at once in one tree would get into each other's way. The lock is dropped before the
# program starts.
bring_up_to_date() {
    mkdir -p "$root/build"
    report_log=$root/build/setup.log
    exec 9>"$root/build/.lock"
    flock -n 9 || { say "waiting for another ./holm that builds here"; run_child flock 9; }
    if set_up_is_current "$1"; then rebuild "${@:2}"; else set_up "$@"; fi
    exec 9>&-
}
