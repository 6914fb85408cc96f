#!/usr/bin/env bash
# Configures and builds a preset, all of it or some targets, quietly; what went wrong is shown.
#   cmake/build.sh PRESET [TARGET...]
# Called by quickstart and the tests.
set -uo pipefail
cd "$(dirname "$0")/.." || exit

preset=$1
shift
targets=()
[ $# = 0 ] || targets=(--target "$@")
launcher=()
! command -v ccache >/dev/null || launcher=(-DCMAKE_C_COMPILER_LAUNCHER=ccache)
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT

cmake --preset "$preset" "${launcher[@]}" >"$log" 2>&1 &&
    cmake --build --preset "$preset" "${targets[@]}" -- -k 0 >"$log" 2>&1 && exit 0
echo "preset $preset does not build:"
grep -E -A 8 'FAILED:|CMake Error|error:|warning:' "$log" | head -n 80
tail -n 5 "$log"
exit 1
