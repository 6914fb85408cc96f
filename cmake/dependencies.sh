#!/usr/bin/env bash
# Installs what building (and with "test", testing) needs on Debian 12, and nothing that is there already.
#   cmake/dependencies.sh build | test
# The one list of packages of the project; sourced by nobody, called by quickstart and tests/run.sh.
set -euo pipefail

build=(gcc cmake ninja-build pkg-config libcurl4-openssl-dev libcjson-dev libssl-dev libyaml-dev
       libgit2-dev libexpat1-dev libmicrohttpd-dev ca-certificates)
test=(libcmocka-dev clang clang-format libclang-rt-14-dev universal-ctags git curl jq shellcheck
      python3 python3-venv python3-pip python3-yaml python3-jsonschema cmark-gfm
      openjdk-17-jdk-headless maven)

case "${1:-build}" in
build) wanted=("${build[@]}") ;;
test) wanted=("${build[@]}" "${test[@]}") ;;
*)
    echo "usage: $0 build|test" >&2
    exit 64
    ;;
esac

if ! command -v dpkg-query >/dev/null; then
    echo "This is not Debian: install by hand what is missing of: ${wanted[*]}" >&2
    exit 0
fi
missing=()
for package in "${wanted[@]}"; do
    state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

echo "Installing: ${missing[*]}"
sudo=()
[ "$(id -u)" = 0 ] || sudo=(sudo)
export DEBIAN_FRONTEND=noninteractive
"${sudo[@]}" apt-get update -qq
"${sudo[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null

# A minimal system can end up with the Java runtime but without its certificates: Maven needs them.
if [ "${1:-build}" = test ] && [ ! -s /etc/ssl/certs/java/cacerts ]; then
    "${sudo[@]}" mkdir -p /etc/ssl/certs/java
    "${sudo[@]}" update-ca-certificates -f >/dev/null
fi
