#!/usr/bin/env bash
# lifeboat in a pipeline. The workflow files beside this script only call it; it serves any CI.
#
#   lifeboat-ci.sh validate   offline, without credentials: what a fork's pull request gets
#   lifeboat-ci.sh plan       plans, records the plan on the ledger, shows it to the reviewers
#   lifeboat-ci.sh reviewed   finds the plan that was reviewed for this very spec, and shows it
#   lifeboat-ci.sh apply      applies that plan, or nothing (exit 4)
#   lifeboat-ci.sh drift      one issue while live differs from the spec; proves the ledger
#   lifeboat-ci.sh install    builds lifeboat from a pinned commit, unless it is there
#
# Environment (all optional unless it says otherwise):
#   LIFEBOAT_SPEC           the spec: lifeboat.yaml
#   LIFEBOAT_ROLE           ARN of the role to assume with the CI's identity token (OIDC). Without it
#                           the AWS_* variables must hold credentials.
#   LIFEBOAT_ROLE_SECONDS   how long its credentials last: 3600
#   AWS_REGION              where to ask for them: us-east-1. Name the other region when that is down.
#   LIFEBOAT_RECORD         plan: false shows the plan without recording it; it cannot be applied by id
#   LIFEBOAT_PULL_REQUEST   plan: number of the pull or merge request to comment on
#   LIFEBOAT_HEAD           plan: the commit that reviewers see, where it is not the one checked out
#   LIFEBOAT_SARIF          plan: true uploads the findings to GitHub code scanning
#   LIFEBOAT_PLAN           apply: the plan id; without it, what `reviewed` finds
#   LIFEBOAT_BRANCH         reviewed, apply: the branch that says what is to be; where its spec is another
#                           by now, nothing is applied. On GitHub and GitLab it is the branch of the run.
#   LIFEBOAT_LOCK_TIMEOUT   apply: wait this long for another apply to end: 30m
#   LIFEBOAT_OUT            where plan.json, plan.md, lifeboat.sarif, lifeboat.xml (JUnit) and
#                           tfplan.json (GitLab) are left: lifeboat-out
#   LIFEBOAT_LOGIN          who this pipeline is among the commenters: github-actions[bot]
#   LIFEBOAT_SOURCE, LIFEBOAT_COMMIT   install: git URL of lifeboat's sources, and the full commit
#   GITHUB_TOKEN            GitHub: pushes the ledger, comments, opens issues
#   LIFEBOAT_GITLAB_TOKEN   GitLab: the same, a project access token (api, write_repository)
#   LIFEBOAT_ID_TOKEN       other CI than GitHub: the identity token for LIFEBOAT_ROLE
#
# Needs bash 4.4, git, curl and jq. No secret is ever an argument of a program, and the credentials of the
# role end with this script: no later step of the job has them.
set -euo pipefail
shopt -s inherit_errexit

spec=${LIFEBOAT_SPEC:-lifeboat.yaml}
out=${LIFEBOAT_OUT:-lifeboat-out}
PATH=$HOME/.local/bin:$PATH
host=none api='' me='' branch='' change='' comment_bytes=65000
if [ "${GITHUB_ACTIONS:-}" = true ]; then
    host=github api=$GITHUB_API_URL/repos/$GITHUB_REPOSITORY me=${LIFEBOAT_LOGIN:-github-actions[bot]} change=PATCH
    [[ ${GITHUB_REF:-} != refs/heads/* ]] || branch=${GITHUB_REF#refs/heads/}
elif [ "${GITLAB_CI:-}" = true ]; then
    host=gitlab api=$CI_API_V4_URL/projects/$CI_PROJECT_ID change=PUT comment_bytes=900000
    branch=${CI_COMMIT_BRANCH:-}
fi
branch=${LIFEBOAT_BRANCH:-$branch}

die() { # EXIT TEXT
    printf 'lifeboat-ci: %s\n' "$2" >&2
    exit "$1"
}

# --- identities --------------------------------------------------------------------------------------

# git asks the helper, and the helper reads the environment: the token is in no file and no argument.
git_login() {
    local url user name
    case $host in
    github) url=$GITHUB_SERVER_URL user=x-access-token name=GITHUB_TOKEN ;;
    gitlab)
        url=$CI_SERVER_URL user=oauth2 name=LIFEBOAT_GITLAB_TOKEN
        # the runner's own remote carries the job's token, which may not push
        [ -z "${LIFEBOAT_GITLAB_TOKEN:-}" ] || git remote set-url origin "$CI_PROJECT_URL.git"
        ;;
    *) return 0 ;;
    esac
    [ -n "${!name:-}" ] || return 0
    export GIT_CONFIG_COUNT=2 GIT_CONFIG_KEY_0=credential.helper GIT_CONFIG_VALUE_0=
    export GIT_CONFIG_KEY_1="credential.$url.helper"
    export GIT_CONFIG_VALUE_1="!f() { echo username=$user; echo \"password=\$$name\"; }; f"
}

id_token() {
    if [ "$host" != github ]; then
        printf '%s' "${LIFEBOAT_ID_TOKEN:?the identity token of this job}"
        return
    fi
    [ -n "${ACTIONS_ID_TOKEN_REQUEST_URL:-}" ] || die 9 "no identity token: the job needs id-token: write"
    printf 'Authorization: Bearer %s\n' "$ACTIONS_ID_TOKEN_REQUEST_TOKEN" |
        curl -sS --fail --max-time 30 --retry 3 -H @- \
            "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=sts.amazonaws.com" | jq -r .value
}

# https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
aws_login() {
    local token answer sts
    [ -n "${LIFEBOAT_ROLE:-}" ] || return 0
    sts=${AWS_ENDPOINT_URL_STS:-${AWS_ENDPOINT_URL:-https://sts.${AWS_REGION:-us-east-1}.amazonaws.com}}
    token=$(id_token)
    answer=$(printf 'Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=%s&RoleSessionName=%s&DurationSeconds=%s&WebIdentityToken=%s' \
        "$(jq -rn 'env.LIFEBOAT_ROLE | @uri')" "lifeboat-${GITHUB_RUN_ID:-${CI_JOB_ID:-ci}}" \
        "${LIFEBOAT_ROLE_SECONDS:-3600}" "$token" |
        curl -sS --fail-with-body --max-time 30 --retry 3 --data @- "$sts/") ||
        die 9 "$LIFEBOAT_ROLE was not given to this job: $(field Message "$answer")"
    AWS_ACCESS_KEY_ID=$(field AccessKeyId "$answer")
    AWS_SECRET_ACCESS_KEY=$(field SecretAccessKey "$answer")
    AWS_SESSION_TOKEN=$(field SessionToken "$answer")
    [ -n "$AWS_SESSION_TOKEN" ] || die 9 "$sts answered without credentials"
    export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
}

# On one line: a log of others' words must not hold a line that its runner would obey.
field() { # NAME XML
    [[ ! $2 =~ \<$1\>([^\<]*)\< ]] || printf '%s' "${BASH_REMATCH[1]//[[:cntrl:]]/ }"
}

# --- the platform's API ------------------------------------------------------------------------------

call() { # METHOD PATH [FILE]
    local options=(-sS --fail-with-body --max-time 60 -X "$1") header
    # what creates is sent once: a repeated one could make two
    [ "$1" = POST ] || options+=(--retry 3)
    [ $# -lt 3 ] || options+=(-H 'Content-Type: application/json' --data-binary "@$3")
    case $host in
    github) header="Authorization: Bearer ${GITHUB_TOKEN:?}" ;;
    gitlab) header="PRIVATE-TOKEN: ${LIFEBOAT_GITLAB_TOKEN:?}" ;;
    esac
    printf '%s\n' "$header" | curl "${options[@]}" -H @- "$2"
}

# The number of our own comment or issue of this stack. Others can write the hidden line too: so only
# what this pipeline wrote itself counts.
find_ours() { # PATH STACK
    local page=1 list found join='?'
    [[ $1 != *\?* ]] || join='&'
    while :; do
        list=$(call GET "$api/$1${join}per_page=100&page=$page")
        found=$(jq -r --arg me "$me" --arg stack "$2" 'first(.[] | select((.user.login // .author.username) == $me)
            | select(((.body // .description // "") | capture("\\A<!-- lifeboat (?<marker>\\{.*\\}) -->").marker
                | fromjson? | .stack) == $stack)
            | .iid // .number // .id)' <<<"$list")
        [ -z "$found" ] || break
        [ "$(jq length <<<"$list")" = 100 ] || return 0
        page=$((page + 1))
    done
    printf '%s\n' "$found"
}

who_am_i() {
    [ "$host" != gitlab ] || me=$(call GET "$CI_API_V4_URL/user" | jq -r .username)
}

# The stack that a page is about, as its first line says.
stack_of() { # PAGE
    head -n 1 "$1" | jq -Rr 'capture("^<!-- lifeboat (?<marker>.*) -->").marker | fromjson | .stack'
}

comment() { # PAGE
    local list one id method=POST path
    [[ ${LIFEBOAT_PULL_REQUEST:-} =~ ^[0-9]+$ ]] && [ "$host" != none ] || return 0
    who_am_i
    case $host in
    github) list=issues/$LIFEBOAT_PULL_REQUEST/comments one=issues/comments ;;
    gitlab) list=merge_requests/$LIFEBOAT_PULL_REQUEST/notes one=$list ;;
    esac
    path=$list id=$(find_ours "$list" "$(stack_of "$1")")
    if [ -n "$id" ]; then
        path=$one/$id method=$change
    fi
    jq -Rs '{body: .}' <"$1" >"$work/comment.json"
    call "$method" "$api/$path" "$work/comment.json" >/dev/null
}

# Whoever looks after the issue may have named and labelled it anew: only its text is kept up to date.
issue() { # open|close PAGE
    local stack id text=body state=open closed='{"state": "closed"}'
    [ "$host" != none ] || return 0
    [ "$host" = github ] || text=description state=opened closed='{"state_event": "close"}'
    who_am_i
    stack=$(stack_of "$2")
    id=$(find_ours "issues?state=$state&labels=lifeboat-drift" "$stack")
    if [ "$1" = close ]; then
        [ -n "$id" ] || return 0
        printf '%s' "$closed" >"$work/issue.json"
        echo "Issue $id is closed: live matches the spec."
    elif [ -n "$id" ]; then
        jq -Rs --arg text "$text" '{($text): .}' <"$2" >"$work/issue.json"
        echo "Issue $id says how live differs from the spec."
    else
        jq -Rs --arg text "$text" --arg title "lifeboat: $stack has drifted" --arg host "$host" \
            '{title: $title, ($text): ., labels: (["lifeboat-drift"] | if $host == "gitlab" then join(",") else . end)}' \
            <"$2" >"$work/issue.json"
        echo "A new issue says how live differs from the spec."
    fi
    call "$([ -n "$id" ] && echo "$change" || echo POST)" "$api/issues${id:+/$id}" "$work/issue.json" >/dev/null
}

# https://docs.github.com/en/rest/code-scanning/code-scanning#upload-an-analysis-as-sarif-data
sarif() {
    [ "$host" = github ] && [ "${LIFEBOAT_SARIF:-}" = true ] || return 0
    gzip -c "$out/lifeboat.sarif" | base64 | tr -d '\n' |
        jq -Rs '{commit_sha: env.GITHUB_SHA, ref: env.GITHUB_REF, sarif: .}' >"$work/sarif.json"
    call POST "$api/code-scanning/sarifs" "$work/sarif.json" >/dev/null ||
        echo "::warning::The findings were not taken by code scanning; they are in the comment."
}

summary() { # PAGE
    [ -z "${GITHUB_STEP_SUMMARY:-}" ] || cat "$1" >>"$GITHUB_STEP_SUMMARY"
}

run_link() {
    if [ "$host" = github ]; then
        printf '%s' "$GITHUB_SERVER_URL/$GITHUB_REPOSITORY/actions/runs/$GITHUB_RUN_ID"
    else
        printf '%s' "${CI_JOB_URL:-}"
    fi
}

# --- the verbs ---------------------------------------------------------------------------------------

# Only for a page about a spec that lifeboat cannot read; every other page says its stack.
stack_name() {
    sed -nE "/^stack:/{s/^stack:[[:space:]]*[\"']?([a-z0-9-]+).*/\1/;p;q;}" "$spec"
}

# A gate may be opened late, and an old run be repeated: a spec that was replaced since is not applied.
still_wanted() {
    [ -n "$branch" ] || return 0
    git fetch --quiet --no-tags origin "refs/heads/$branch"
    git diff --quiet FETCH_HEAD -- "$spec" ||
        die 4 "$branch has another $spec by now, which its own run applies: nothing was changed"
}

fetch_ledger() {
    git fetch --quiet --no-tags origin '+refs/heads/lifeboat/*:refs/remotes/origin/lifeboat/*'
}

validate() {
    local format=text
    [ "$host" != github ] || format=github
    lifeboat validate "$spec" --format "$format"
}

# The page that reviewers read. One that does not fit, or a plan that could not be made, replaces the
# page before it: an old plan must not be approved for a new commit.
page() { # STATUS
    local commit=${LIFEBOAT_HEAD:-}
    [[ $commit =~ ^[0-9a-f]+$ ]] || commit=${GITHUB_SHA:-${CI_COMMIT_SHA:-}}
    if [ ! -s "$out/plan.json" ] ||
        ! lifeboat show "$out/plan.json" --format markdown --max-bytes "$comment_bytes" >"$out/plan.md"; then
        jq -rn --arg stack "$(stack_name)" \
            '"<!-- lifeboat \({plan: "", stack: $stack, truncated: true} | tojson) -->"' >"$out/plan.md"
        printf '### lifeboat: no plan to show\n\nThe run ended with exit code %s; its log says why.\n' \
            "$1" >>"$out/plan.md"
    elif [ "${LIFEBOAT_RECORD:-true}" != true ]; then
        printf '\n**Not recorded:** this run may not write to the ledger, so this plan cannot be applied by its id.\n' >>"$out/plan.md"
    elif [ "$1" != 0 ] && [ "$1" != 3 ]; then
        printf '\n**The run ended with exit code %s:** its log says why. This plan may not be recorded.\n' "$1" >>"$out/plan.md"
    fi
    printf '\n<sub>%s [Run](%s)</sub>\n' "${commit:+Commit ${commit:0:12}.}" "$(run_link)" >>"$out/plan.md"
}

plan() {
    local status=0 record=(--record)
    [ "${LIFEBOAT_RECORD:-true}" = true ] || record=()
    mkdir -p "$out"
    rm -f "$out/plan.json"
    unfinished=true
    git_login
    aws_login
    lifeboat plan "$spec" --out "$out/plan.json" "${record[@]}" || status=$?
    page "$status"
    summary "$out/plan.md"
    comment "$out/plan.md"
    unfinished=
    if [ -s "$out/plan.json" ]; then
        lifeboat show "$out/plan.json" --format sarif >"$out/lifeboat.sarif"
        lifeboat show "$out/plan.json" --format junit >"$out/lifeboat.xml"
        lifeboat show "$out/plan.json" --format gitlab >"$out/tfplan.json"
        [ "$host" != github ] || lifeboat show "$out/plan.json" --format github
        sarif
    fi
    return "$status"
}

# A plan is found by the bytes of the spec, which a merge keeps; commits get other names by a squash.
find_reviewed() {
    local digest id
    digest=$(sha256sum <"$spec" | cut -d' ' -f1)
    fetch_ledger
    id=$(lifeboat history "$spec" --event plan --format json |
        jq -rn --arg spec "$digest" 'first(inputs | select(.spec == $spec and .outcome != "incomplete")) | .plan')
    [ -n "$id" ] || die 4 "no plan of this spec is on the ledger: run plan for it, and have it reviewed"
    printf '%s\n' "$id"
}

reviewed() {
    local id
    git_login
    still_wanted
    id=$(find_reviewed)
    lifeboat show "$id"
    lifeboat show "$id" --format markdown --max-bytes 1000000 >"$work/reviewed.md"
    summary "$work/reviewed.md"
    [ -z "${GITHUB_OUTPUT:-}" ] || printf 'plan=%s\n' "$id" >>"$GITHUB_OUTPUT"
    mkdir -p "$out"
    printf 'LIFEBOAT_PLAN=%s\n' "$id" >"$out/reviewed.env" # a dotenv report of GitLab
}

apply() {
    local status=0 next id=${LIFEBOAT_PLAN:-}
    git_login
    [ -n "$id" ] || id=$(find_reviewed)
    [[ $id =~ ^[0-9a-f]{64}$ ]] || die 64 "LIFEBOAT_PLAN is not a plan id"
    still_wanted
    aws_login
    lifeboat apply "$spec" --plan "$id" --lock-timeout "${LIFEBOAT_LOCK_TIMEOUT:-30m}" || status=$?
    case $status in
    0) next='Live matches the spec.' ;;
    4) next='Something has moved since this plan was made. Plan this branch again, have that plan read, then apply.' ;;
    5 | 9 | 130 | 143) next='Run this job again: it goes on where it was.' ;;
    7) next='Another apply holds the lock: lifeboat lock list says who.' ;;
    *) next='The log of this job says why.' ;;
    esac
    printf '### lifeboat apply: exit code %s\n\nPlan %s. %s\n' "$status" "$id" "$next" >"$work/apply.md"
    summary "$work/apply.md"
    return "$status"
}

drift() {
    local status=0
    git_login
    aws_login
    mkdir -p "$out"
    lifeboat drift "$spec" --format markdown --max-bytes "$comment_bytes" >"$out/drift.md" || status=$?
    case $status in
    0) issue close "$out/drift.md" ;;
    2 | 3)
        printf '\nTo make live as the spec says: plan the default branch, read the plan, apply it. To keep what is live: change the spec.\n\n<sub>[Run](%s)</sub>\n' \
            "$(run_link)" >>"$out/drift.md"
        issue open "$out/drift.md"
        ;;
    *) die "$status" "drift ended with exit code $status" ;;
    esac
    summary "$out/drift.md"
    fetch_ledger
    [ -n "$(lifeboat history "$spec" --limit 1 --format json)" ] ||
        die 6 "the ledger is empty: nothing was planned or applied yet, or its branch was deleted"
    lifeboat history verify "$spec"
    [ "$host" = none ] || return 0 # the issue is the alarm
    return "$status"
}

install() {
    if command -v lifeboat >/dev/null; then
        lifeboat version
        return
    fi
    [[ ${LIFEBOAT_COMMIT:-} =~ ^[0-9a-f]{40}$ ]] || die 64 "LIFEBOAT_COMMIT must be a full commit of ${LIFEBOAT_SOURCE:?}"
    git init --quiet "$work/source"
    cd "$work/source"
    git fetch --quiet --depth 1 -- "${LIFEBOAT_SOURCE:?}" "$LIFEBOAT_COMMIT"
    git checkout --quiet FETCH_HEAD
    bash cmake/dependencies.sh build
    cmake --preset release -DLB_SANDBOX=OFF -DLB_TESTS=OFF -DLB_WERROR=OFF
    cmake --build --preset release
    cmake --install build-release --prefix "$HOME/.local"
}

case ${1:-} in
validate | plan | reviewed | apply | drift | install) ;;
*) die 64 "usage: $0 validate|plan|reviewed|apply|drift|install" ;;
esac

# A plan that ended early, as when no role was given: the reviewers are told.
finish() {
    local status=$?
    trap - EXIT
    if [ -n "$unfinished" ]; then
        page "$status"
        summary "$out/plan.md"
        comment "$out/plan.md" || echo "lifeboat-ci: the comment could not be brought up to date" >&2
    fi
    rm -rf "$work"
    exit "$status"
}
unfinished=
work=$(mktemp -d)
trap finish EXIT
"$1"
