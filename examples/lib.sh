# lib.sh: what every example shares: where the programs are, and a check that counts.
# Sourced by examples/*/run, which run inside the sandbox or start it themselves.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export PATH="$root/build:$PATH"
export LIFEBOAT_LEDGER=none # not into the repository of lifeboat itself
passed=0 failed=0 skipped=0

say() {
    printf '\n\033[1m# %s\033[0m\n' "$*"
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
