#!/usr/bin/env bash
# Builds lifeboat and runs its tests.
#   tests/run.sh [--long] [SUITE...]
# Suites: unit stories conformance torture judges real fuzz bench lint docs. Without one: all of them.
# Installs what is missing (as root or with sudo). Ends with what failed, and "N passed, N failed,
# N skipped" over all suites; with CI=true a skip is a failure, because there every part can be
# installed. A suite has half an hour, then it is ended and says where it stood; with --long, any time.
set -uo pipefail
cd "$(dirname "$0")/.." || exit

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
for suite in "${suites[@]}"; do
    if [ ! -x "tests/$suite/run" ]; then
        echo "there is no suite \"$suite\"" >&2
        exit 64
    fi
done

step() {
    printf '\n== %s\n' "$*"
}

step "dependencies"
bash cmake/dependencies.sh test || exit 1
source tests/lib/environment.sh
exec </dev/null

step "build (gcc, warnings are errors)"
bash cmake/build.sh default || exit 1

passed=0 failed=0 skipped=0
rows=() # as the README's table of tests has them
logs=$(mktemp -d) || exit 1
trap 'rm -rf "$logs"' EXIT
within() { # SUITE
    local started=$SECONDS
    python3 tests/lib/within.py "$([ "$LB_LONG" ] && echo 0 || echo 1800)" "tests/$1/run" 2>&1
    echo "$? $((SECONDS - started))" >"$logs/$1.ended"
}
beside=
for suite in "${suites[@]}"; do
    step "$suite"
    log=$logs/$suite
    if [ "$suite" = judges ] && [[ " ${suites[*]} " = *" judges real "* ]]; then
        # Both wait a lot, for servers to start and to answer.
        within real >"$logs/real" &
        beside=$!
    fi
    if [ "$suite" = real ] && [ -n "$beside" ]; then
        wait "$beside"
        cat "$log"
    else
        within "$suite" | tee "$log"
    fi
    read -r status seconds <"$log.ended"
    counts=$(grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$log" | tail -n 1)
    if [ -z "$counts" ]; then
        echo "FAIL suite $suite ended without its counts (exit $status)" | tee -a "$log"
        failed=$((failed + 1))
        continue
    fi
    read -r p _ f _ s _ <<<"${counts//,/}"
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    [ "$status" = 0 ] || [ "$f" -gt 0 ] || failed=$((failed + 1))
    took="$seconds s, $(sed -n 's/^-- \([0-9]* s of CPU\)$/\1/p' "$log" | tail -n 1)"
    rows+=("| \`tests/run.sh $suite\` | $p passed, $f failed, $s skipped | $took |")
    echo "-- $suite: $counts, $took"
done

if [ "${CI:-}" = true ] && [ "$skipped" -gt 0 ]; then
    echo "$skipped skipped: in CI that is a failure"
    failed=$((failed + skipped))
fi
# Again at the end, because it is the end of a log that is kept and read.
printf '\n'
for suite in "${suites[@]}"; do
    grep -hE -A 4 '^(FAIL|skip)|^figure .* missed$|ended without its counts' "$logs/$suite" | cut -c 1-300 |
        head -n 40 | sed "s/^/$suite: /"
done
printf '%s\n' "${rows[@]}"
printf '\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" = 0 ]
