#!/usr/bin/env bash
# Builds lifeboat and runs its tests.
#   tests/run.sh [--long] [SUITE...]
# Suites: unit stories conformance torture judges real fuzz bench lint docs. Without one: all of them.
# Installs what is missing (as root or with sudo). Ends with "N passed, N failed, N skipped" over all
# suites; with CI=true a skip is a failure, because there every part can be installed.
set -uo pipefail
cd "$(dirname "$0")/.."

# bench first after the quick ones: what it measures, it measures against a yardstick in the same
# minute, and repeats what a busy machine spoiled.
all=(lint unit docs stories bench conformance torture judges real fuzz)
suites=()
export LB_LONG=
for argument in "$@"; do
    case "$argument" in
    --long) LB_LONG=1 ;;
    -*)
        echo "usage: tests/run.sh [--long] [SUITE...]" >&2
        exit 64
        ;;
    *) suites+=("$argument") ;;
    esac
done
[ ${#suites[@]} -gt 0 ] || suites=("${all[@]}")

# Tests never see the user's own account.
unset AWS_PROFILE AWS_DEFAULT_PROFILE AWS_SESSION_TOKEN AWS_ENDPOINT_URL
export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_EC2_METADATA_DISABLED=true
# Nor do they write into the ledger of the repository that they stand in.
export LIFEBOAT_LEDGER=none

step() {
    printf '\n== %s\n' "$*"
}

step "dependencies"
bash cmake/dependencies.sh test || exit 1

build() {
    launcher=()
    command -v ccache >/dev/null && launcher=(-DCMAKE_C_COMPILER_LAUNCHER=ccache)
    cmake --preset "$1" "${launcher[@]}" >/dev/null && cmake --build --preset "$1" -- -k 0 | tail -n 3
}
step "build (gcc, warnings are errors)"
build default || exit 1

passed=0 failed=0 skipped=0
rows=() # as the README's table of tests has them
for suite in "${suites[@]}"; do
    if [ ! -x "tests/$suite/run" ]; then
        case " ${all[*]} " in
        *" $suite "*) continue ;; # no test of this suite yet
        esac
        echo "there is no suite \"$suite\"" >&2
        exit 64
    fi
    step "$suite"
    log=$(mktemp)
    started=$SECONDS
    "tests/$suite/run" 2>&1 | tee "$log"
    status=${PIPESTATUS[0]}
    counts=$(grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$log" | tail -n 1)
    rm -f "$log"
    if [ -z "$counts" ]; then
        echo "suite $suite ended without its counts (exit $status)"
        failed=$((failed + 1))
        continue
    fi
    read -r p _ f _ s _ <<<"${counts//,/}"
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    [ "$status" = 0 ] || [ "$f" -gt 0 ] || failed=$((failed + 1))
    rows+=("| \`tests/run.sh $suite\` | $p passed, $f failed, $s skipped | $((SECONDS - started)) s |")
    echo "-- $suite: $counts, $((SECONDS - started)) s"
done

if [ "${CI:-}" = true ] && [ "$skipped" -gt 0 ]; then
    echo "$skipped skipped: in CI that is a failure"
    failed=$((failed + skipped))
fi
printf '\n'
printf '%s\n' "${rows[@]}"
printf '\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" = 0 ]
