#!/usr/bin/env bash
# Builds lifeboat and runs its main job on the embedded sandbox: plan, apply, empty plan, one plan that
# is refused, and the ledger that tells of it all. Needs no AWS account and touches none. On Debian 12
# it installs what is missing.
set -uo pipefail
cd "$(dirname "$0")/.." || exit

echo "== Install what is missing to build"
bash cmake/dependencies.sh build || exit 1
echo "== Build"
bash cmake/build.sh default || exit 1

# The examples keep their plans in this little repository.
LB_EXAMPLE_WORK=$(mktemp -d)
export LB_EXAMPLE_WORK
trap 'rm -rf "$LB_EXAMPLE_WORK"' EXIT

passed=0 failed=0 skipped=0
for example in two-region hazard; do
    printf '\n== examples/%s\n' "$example"
    log=$(mktemp)
    "examples/$example/run" 2>&1 | tee "$log"
    counts=$(grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$log" | tail -n 1)
    rm -f "$log"
    read -r p _ f _ s _ <<<"${counts//,/}"
    passed=$((passed + ${p:-0})) failed=$((failed + ${f:-1})) skipped=$((skipped + ${s:-0}))
done
printf '\n== What was done, from the ledger\n$ lifeboat history\n'
unset LIFEBOAT_LEDGER
if (cd "$LB_EXAMPLE_WORK" && "$OLDPWD/build/lifeboat" history); then
    passed=$((passed + 1))
else
    failed=$((failed + 1))
fi
printf '\nThe spec: examples/two-region/lifeboat.yaml. Try: build/lifeboat help, build/lifeboat explain.\n'
printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" = 0 ]
