# What the user sees while things are set up: say, step, run_logged, run_ninja, fail. All of it goes to stderr.
# Callers may set report_steps (how many there are) and must set report_log (where the output of steps goes).
# shellcheck shell=bash disable=SC2154

report_step=0
report_steps=${report_steps:-0}

say() { printf 'holm: %s\n' "$*" >&2; }

fail() {
    printf 'holm: error: %s\n' "$1" >&2
    shift
    (($# == 0)) || printf '      %s\n' "$@" >&2
    exit 1
}

step() {
    report_step=$((report_step + 1))
    report_text="[$report_step/$report_steps] $*"
    say "$report_text"
}

# run_logged COMMAND...: its output goes to the log; when it fails, the last lines are shown and the log is named.
run_logged() {
    printf '$ %s\n' "$*" >>"$report_log"
    "$@" >>"$report_log" 2>&1 </dev/null || {
        tail -n 15 "$report_log" | sed 's/^/    | /' >&2
        fail "'$1' failed in step $report_text" "The whole output is in $report_log" "Running the same command again continues here."
    }
}

# run_ninja ARGUMENTS...: like run_logged, with the share that is done shown in place on a terminal.
run_ninja() {
    local progress=/dev/null
    [[ -t 2 ]] && progress=/dev/stderr
    printf '$ ninja %s\n' "$*" >>"$report_log"
    if ! NINJA_STATUS='[%f/%t] ' ninja "$@" 2>&1 </dev/null | tee -a "$report_log" | report_share >"$progress"; then
        grep -m 1 -A 12 '^FAILED' "$report_log" | cut -c 1-300 | sed 's/^/    | /' >&2
        fail "the build failed in step $report_text" "The whole output is in $report_log"
    fi
}

report_share() {
    awk -F '[][/]' '/^\[[0-9]+\/[0-9]+\]/ { share = int(100 * $2 / $3); if (share != last) printf "\r      %3d %% (%d of %d)", last = share, $2, $3; shown = 1; fflush() }
         END { if (shown) printf "\r%40s\r", "" }'
}
