# shellcheck shell=bash
# environment.sh: what tests see of the machine, the account and the pipeline that they run in: nothing
# that could change what they find. Sourced by tests/run.sh, in the folder of the project. What registries
# need stays: proxies, certificates, the configuration of pip, Maven and Go.

for name in $(compgen -e); do
    case $name in
    GIT_SSL_*) ;;
    # The account; the repository, identity and prompts of who runs them (a hook sets GIT_DIR); the
    # pipeline: its user and its run would be in the ledgers that tests make.
    AWS_* | LIFEBOAT_* | GIT_* | SSH_* | GITHUB_* | GITLAB_* | CI_* | ACTIONS_* | RUNNER_* | \
        EMAIL | DISPLAY) unset "$name" ;;
    # What changes how shells, Python, compilers and sanitizers work, and what a terminal is.
    BASH_ENV | ENV | CDPATH | GLOBIGNORE | POSIXLY_CORRECT | GREP_* | PYTHON* | PIP_USER | PIP_TARGET | \
        PIP_PREFIX | PIP_REQUIRE_VIRTUALENV | CC | CXX | CPP | *FLAGS | CMAKE_* | NINJA_STATUS | DESTDIR | \
        [AUL]*SAN_OPTIONS | NO_COLOR | CLICOLOR* | FORCE_COLOR | COLUMNS | LINES) unset "$name" ;;
    esac
done
export LC_ALL=C.UTF-8 TERM=${TERM:-dumb}
export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_EC2_METADATA_DISABLED=true
# Tests do not write into the ledger of the repository that they stand in.
export LIFEBOAT_LEDGER=none
# Servers of tests are on loopback, and a proxy knows another one.
export no_proxy="127.0.0.1,localhost,::1${no_proxy:+,$no_proxy}"
export NO_PROXY=$no_proxy

# A service of CI may have no home, or another's. Then caches go beside the build.
[ -n "${HOME:-}" ] || export HOME=~
writable() {
    mkdir -p "$1" 2>/dev/null && [ -w "$1" ]
}
# /tmp may be small, or forbid programs; a blank in TMPDIR is more than shells in git's settings take.
roomy() {
    local probe free runs=no
    [[ $1 != *[[:space:]]* || $1 = "$PWD"/* ]] || return
    probe=$(mkdir -p "$1" 2>/dev/null && mktemp -d "$1/lifeboat-XXXXXX" 2>/dev/null) || return
    printf '#!/bin/sh\n' >"$probe/program" && chmod u+x "$probe/program" && "$probe/program" 2>/dev/null && runs=yes
    rm -rf "$probe"
    free=$(df -Pk "$1" | awk 'NR == 2 {print $4}')
    [ $runs = yes ] && [ "${free:-0}" -gt 524288 ]
}
for folder in "${TMPDIR:-/tmp}" /tmp /var/tmp "$PWD/build/tmp"; do
    if roomy "$folder"; then
        [ "$folder" = /tmp ] || export TMPDIR=$folder
        break
    fi
done
if ! writable "${XDG_CACHE_HOME:-$HOME/.cache}"; then
    export XDG_CACHE_HOME=$PWD/build/cache
    mkdir -p "$XDG_CACHE_HOME"
fi
# Java takes the home of the user database for its own.
home=$(getent passwd "$(id -u)" 2>/dev/null | cut -d: -f6)
if [ "${home:-$HOME}" != "$HOME" ] || ! writable "$HOME/.m2/repository"; then
    MVN_ARGS="${MVN_ARGS:+$MVN_ARGS }-Dmaven.repo.local=$(printf %q "${XDG_CACHE_HOME:-$HOME/.cache}/lifeboat-tests/maven")"
    export MVN_ARGS
fi

# Packages of the machine belong to the machine's Python, which need not be the first one.
modules="import sys, yaml, jsonschema; sys.exit(sys.version_info < (3, 11))"
if ! python3 -c "$modules" 2>/dev/null && /usr/bin/python3 -c "$modules" 2>/dev/null; then
    mkdir -p build/python
    ln -sf /usr/bin/python3 build/python/python3
    export PATH="$PWD/build/python:$PATH"
fi
