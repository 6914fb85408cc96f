#!/usr/bin/env bash
# Installs what building (and with "test", testing) needs on Debian 12, and nothing that is there already.
#   cmake/dependencies.sh build | test
# The one list of packages of the project; sourced by nobody, called by quickstart and tests/run.sh.
set -uo pipefail

# git is no library: lifeboat runs it, to fetch and push the ledger.
build=(gcc cmake ninja-build pkg-config libcurl4-openssl-dev libcjson-dev libssl-dev libyaml-dev
       libgit2-dev libexpat1-dev libmicrohttpd-dev ca-certificates git)
test=(libcmocka-dev clang clang-format libclang-rt-14-dev universal-ctags curl jq shellcheck
      procps python3 python3-venv python3-pip python3-yaml python3-jsonschema cmark-gfm
      openssl openjdk-17-jdk-headless maven)

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
look() { # what of it is not installed, or only half
    local package state
    missing=()
    for package in "${wanted[@]}"; do
        state=$(dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null || true)
        grep -qx installed <<<"$state" || missing+=("$package")
    done
}
look
[ ${#missing[@]} -gt 0 ] || exit 0

# sudo drops the environment: what is needed goes on the command line. Where nobody could type a
# password it must not ask for one.
root=(env DEBIAN_FRONTEND=noninteractive)
for name in http_proxy https_proxy no_proxy; do
    [ -z "${!name:-}" ] || root+=("$name=${!name}")
done
if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "Neither root nor sudo: as root, apt-get install ${missing[*]}" >&2
        exit 1
    fi
    if [ -t 0 ] && [ "${CI:-}" != true ]; then root=(sudo "${root[@]}"); else root=(sudo -n "${root[@]}"); fi
fi
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT

# Three times, since a mirror may be in the middle of an update, and another apt may hold the lock.
attempt() { # WHAT COMMAND...
    local what=$1 pause
    shift
    for pause in 5 20 0; do
        "${root[@]}" "$@" >"$log" 2>&1 </dev/null && return 0
        echo "$what failed:" >&2
        tail -n 15 "$log" | sed 's/^/    /' >&2
        sleep "$pause"
    done
    return 1
}
apt=(apt-get -y -qq -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300)

echo "Installing: ${missing[*]}"
# Minimal images leave out the manual pages with their folders, and then Java's alternatives cannot be
# configured.
[ -d /usr/share/man/man1 ] || attempt "mkdir /usr/share/man/man1" mkdir -p /usr/share/man/man1 || exit 1
# One broken source of many must not stop what the others have: installing decides.
attempt "apt-get update" "${apt[@]}" update || true
attempt "apt-get install" "${apt[@]}" install --no-install-recommends "${missing[@]}"
look
if [ ${#missing[@]} -gt 0 ]; then
    echo "Could not be installed: ${missing[*]}" >&2
    exit 1
fi

# A minimal system can end up with the Java runtime but without its certificates: Maven needs them.
if [ "${1:-build}" = test ] && [ ! -s /etc/ssl/certs/java/cacerts ]; then
    attempt "mkdir /etc/ssl/certs/java" mkdir -p /etc/ssl/certs/java &&
        attempt "update-ca-certificates" update-ca-certificates -f
fi
