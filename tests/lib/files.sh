#!/usr/bin/env bash
# Prints the files of the project that fit the patterns, as git matches them: files.sh '*.c' '*.h'
# Pipelines check out as one user and run as another, so git is told to trust this folder; from an
# unpacked archive git knows nothing, and what is there counts. Finding none is an error: a check of no
# files must not pass.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit

git=(git -c safe.directory="$(pwd -P)")
if [ "$("${git[@]}" rev-parse --show-toplevel 2>/dev/null)" = "$(pwd -P)" ]; then
    found=$("${git[@]}" ls-files -co --exclude-standard -- "$@")
else
    names=()
    for pattern in "$@"; do
        names+=(-o -path "./$pattern")
    done
    found=$(find . \( -name 'build*' -o -name .git -o -name .cache \) -prune -o -type f \
        \( "${names[@]:1}" \) -print | sed 's|^\./||' | sort)
fi
if [ -z "$found" ]; then
    echo "no file of the project fits: $*" >&2
    exit 1
fi
printf '%s\n' "$found"
