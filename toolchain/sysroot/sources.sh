# Brings the source packages: download with apt's own signature chain, check our pinned sums, unpack what is needed.
# Needs $cache (folder) and bootstrap/report.sh.
# shellcheck shell=bash disable=SC2154

musl_version=1.2.3
musl_sha256=7d5b0b6062521e4627e099e4c9dc8248d32a30285e959b7eecaa780cf8cfd4a4
llvm_version=19.1.7
llvm_sha256=ae498f3bc58ae2d9f64ef5f0c035c4240152bf015a5b7738b15c22e93bdc97ce
download_megabytes=166

# The machine's own package sources, with deb-src in place of deb, in a folder of ours: the machine's are not changed,
# and whatever signs its packages (Signed-By, trusted keys) signs these.
# derive_source_entries FROM TO: FROM is /etc/apt
derive_source_entries() {
    local from=$1 to=$2 file
    for file in "$from/sources.list" "$from"/sources.list.d/*.list; do
        [[ -f $file ]] && sed -n 's/^[[:space:]]*deb\([[:space:]].*\)/deb-src\1/p' "$file"
    done >"$to/one-line.list"
    for file in "$from"/sources.list.d/*.sources; do
        [[ -f $file ]] && sed 's/^Types:.*/Types: deb-src/' "$file" >"$to/${file##*/}"
    done
    return 0
}

private_apt_get() {
    LC_ALL=C apt-get -q -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$apt/sources" -o Dir::State::lists="$apt/lists" \
        -o Dir::Cache="$apt/cache" -o Acquire::Retries=3 "$@"
}

download_sources() {
    command -v apt-get >/dev/null || fail "apt-get is missing: the sources of musl and libc++ come from Debian 12's source packages"
    apt=$cache/apt
    rm -rf "$apt"
    mkdir -p "$apt/sources" "$apt/lists/partial" "$apt/cache/archives/partial" "$cache/download"
    derive_source_entries /etc/apt "$apt/sources"
    # A source of someone else's that has no source packages makes update fail; what counts is whether the download works.
    private_apt_get update >>"$report_log" 2>&1 || true
    (cd "$cache/download" && private_apt_get source --download-only "$@") >>"$report_log" 2>&1 &
    local download=$!
    while kill -0 "$download" 2>/dev/null; do
        echo $((100 * $(du -sm "$cache/download" | cut -f 1) / (download_megabytes + 1)))
        sleep 0.5
    done | report_percent
    wait "$download" || {
        { grep -E '^(E:|Err|W: Failed)' "$report_log" || true; } | head -n 3 | sed 's/^/    | /' >&2
        fail "the source packages $* could not be downloaded" \
            "Is there a network, and do the apt sources of this machine name Debian 12 (bookworm)?" \
            "apt's output is in $report_log; running the same command again continues here."
    }
    rm -rf "$apt"
}

# unpack NAME ARCHIVE SHA256 MEMBERS...: into $cache/sources/NAME, complete or not at all
unpack() {
    local name=$1 archive=$cache/download/$2 sum=$3 found partial=$cache/sources/$1.partial
    shift 3
    found=$(sha256sum "$archive" | cut -d ' ' -f 1)
    [[ $found == "$sum" ]] || {
        rm -f "$archive"
        fail "checksum mismatch: ${archive##*/}" "expected SHA-256 $sum" "found            $found" "The file was removed; try again."
    }
    rm -rf "$partial"
    mkdir -p "$partial"
    run_logged tar -xf "$archive" -C "$partial" --strip-components=1 --exclude='*/test/*' "$@"
    mv "$partial" "$cache/sources/$name"
}

# Sets musl_source and llvm_source. 165 MB are downloaded and thrown away; 26 MB of sources stay for the next recipe.
bring_sources() {
    musl_source=$cache/sources/musl-$musl_version-${musl_sha256:0:12}
    llvm_source=$cache/sources/llvm-$llvm_version-${llvm_sha256:0:12}
    local top=llvm-toolchain-19_$llvm_version wanted=()
    [[ -d $musl_source ]] || wanted+=(musl)
    [[ -d $llvm_source ]] || wanted+=(llvm-toolchain-19)
    step "download the sources of musl and libc++ ($download_megabytes MB, once)"
    [[ ${#wanted[@]} == 0 ]] || download_sources "${wanted[@]}"
    step "unpack them"
    [[ -d $musl_source ]] || unpack "${musl_source##*/}" "musl_$musl_version.orig.tar.gz" "$musl_sha256"
    [[ -d $llvm_source ]] || unpack "${llvm_source##*/}" "$top.orig.tar.xz" "$llvm_sha256" \
        "$top/libcxx" "$top/libcxxabi" "$top/libunwind" "$top/compiler-rt/lib/builtins"
    rm -rf "$cache/download"
}
