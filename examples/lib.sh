# shellcheck shell=bash
# lib.sh: what every example shares: where the programs are, and a check that counts.
# Sourced by examples/*/run, which run inside the sandbox or start it themselves.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export PATH="$root/build:$PATH"
unset LIFEBOAT_LEDGER
passed=0 failed=0 skipped=0
own=
trap 'rm -rf "$own"' EXIT

# use SPEC: goes on in a little git repository of its own that holds the spec. Plans and applies are
# kept on a branch of the repository that the spec is in: here that must not be lifeboat's own.
# LB_EXAMPLE_WORK: one for several examples.
use() {
    local work=${LB_EXAMPLE_WORK:-}
    [ -n "$work" ] || work=$(mktemp -d) || exit 1
    [ -n "${LB_EXAMPLE_WORK:-}" ] || own=$work
    cp "$1" "$work"/ && cd "$work" && git init --quiet && git add --all &&
        git -c user.name=example -c user.email=example@example.com commit --quiet -m "Write the spec" || exit 1
}

bold='' plain=''
[ -t 1 ] && [ -z "${NO_COLOR:-}" ] && bold=$'\033[1m' plain=$'\033[0m'

say() {
    printf '\n%s# %s%s\n' "$bold" "$*" "$plain"
}

# check EXIT NAME COMMAND...: runs it, shows it, and compares its exit code.
check() {
    local want=$1 name=$2 got
    shift 2
    printf '$ %s\n' "$*"
    "$@"
    got=$?
    if [ "$got" = "$want" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'FAILED: %s: exit %s, expected %s\n' "$name" "$got" "$want"
    fi
}

finish() {
    printf '\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
    [ "$failed" = 0 ]
    exit
}
