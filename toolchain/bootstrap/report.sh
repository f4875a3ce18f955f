# What the user sees while things are set up: say, step, quiet_step, run_logged, run_ninja, fail. All of it goes to stderr.
# Callers set report_steps (how many there will be) and report_log (where the output of steps goes); report_indent in the
# environment marks the steps of a script within a step.
# shellcheck shell=bash disable=SC2154

report_step=0
report_text=
report_unsaid=

# A signal to this script alone (not to its terminal's whole group) ends what it runs, too: a trap fires while bash waits
# for a child in the background, and the kernel sends that child SIGTERM when the script is gone.
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
run_child() {
    setpriv --pdeathsig TERM -- "$@" &
    wait $!
}

say() { printf 'holm: %s%s\n' "${report_indent:-}" "$*" >&2; }

fail() {
    printf 'holm: error: %s\n' "$1" >&2
    shift
    (($# == 0)) || printf '      %s\n' "$@" >&2
    exit 1
}

step() {
    quiet_step "$@"
    say "$report_text"
    report_unsaid=
}

# A step that is worth a word only if there is something to do: report_percent says it then.
quiet_step() {
    report_step=$((report_step + 1))
    report_text="[$report_step/$report_steps] $*"
    report_unsaid=$report_text
    printf '=== %s\n' "$report_text" >>"$report_log"
}

# Reads percentages, one a line; on a terminal they replace each other, elsewhere every 25 % is one line.
report_percent() {
    local percent last=-1
    while read -r percent; do
        ((percent > last)) || continue
        [[ -z $report_unsaid ]] || say "$report_unsaid"
        report_unsaid=
        if [[ -t 2 ]]; then
            printf '\r      %3d %%' "$percent" >&2
        elif ((percent / 25 > last / 25 && percent < 100)); then
            say "  $percent %"
        fi
        last=$percent
    done
    [[ ! -t 2 ]] || printf '\r           \r' >&2
}

# run_logged COMMAND...: its output goes to the log; when it fails, the last lines are shown and the log is named.
run_logged() {
    printf '$ %s\n' "$*" >>"$report_log"
    run_child "$@" >>"$report_log" 2>&1 </dev/null || {
        tail -n 15 "$report_log" | sed 's/^/    | /' >&2
        fail "'${1##*/}' failed in step $report_text" "The whole output is in $report_log" "Running the same command again continues here."
    }
}

# run_ninja ARGUMENTS...: like run_logged, with the share that is done
run_ninja() {
    printf '$ ninja %s\n' "$*" >>"$report_log"
    local start progress status=0
    start=$(wc -l <"$report_log")
    exec {progress}> >(tee -a "$report_log" |
        awk -F '[][/]' '/^\[[0-9]+\/[0-9]+\]/ && $3 > 2 { print int(100 * $2 / $3); fflush() }' | report_percent)
    local reader=$!
    NINJA_STATUS='[%f/%t] ' run_child ninja "$@" >&"$progress" 2>&1 </dev/null || status=$?
    exec {progress}>&-
    wait "$reader" || true
    ((status == 0)) || {
        { tail -n "+$start" "$report_log" | grep -m 1 -A 12 '^FAILED' | grep -v 'bin/clang' || true; } | cut -c 1-200 | sed 's/^/    | /' >&2
        fail "the build failed in step $report_text" "The whole output is in $report_log"
    }
}
