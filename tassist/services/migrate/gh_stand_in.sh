#!/usr/bin/env bash
# Stands in for gh while a legacy script is rehearsed: answers reads from a snapshot, writes every mutation down, and refuses what the real
# one refuses. It needs bash and jq, and reaches no network.
set -uo pipefail
state="${REHEARSAL_STATE:?}"

refuse() { echo "$1" >&2; exit "${2:-1}"; }

args=("$@")
words=()
repo="${GH_REPO:-}" jq_filter="" has_json="" fields="" method="" target="" paginate="" limit=30
declare -a given=()
i=0
while [ "$i" -lt "${#args[@]}" ]; do
  word="${args[$i]}"
  value="${args[$((i + 1))]:-}"
  case "$word" in
    --jq=*|-q=*) jq_filter="${word#*=}" ;;
    --jq|-q) jq_filter="$value"; i=$((i + 1)) ;;
    --repo=*|-R=*) repo="${word#*=}" ;;
    --repo|-R) repo="$value"; i=$((i + 1)) ;;
    --json=*) has_json=yes; fields="${word#*=}" ;;
    --json) has_json=yes; fields="$value"; i=$((i + 1)) ;;
    --limit=*|-L=*) limit="${word#*=}" ;;
    --limit|-L) limit="$value"; i=$((i + 1)) ;;
    --paginate|--slurp|--silent|-i|--include) paginate=yes ;;
    -X|--method) method="$value"; i=$((i + 1)) ;;
    -X*) method="${word#-X}" ;;
    -f|-F|--field|--raw-field) given+=("$value"); i=$((i + 1)) ;;
    -H|--header|--input|--hostname|--cache|-t|--template) i=$((i + 1)) ;;
    -*) : ;;
    *) words+=("$word") ;;
  esac
  i=$((i + 1))
done

[ -n "${GH_TOKEN:-}${GITHUB_TOKEN:-}" ] || refuse "To use GitHub CLI in a GitHub Actions workflow, set the GH_TOKEN environment variable." 4
command="${words[0]:-}"

note() { jq -nc '$ARGS.positional' --args -- "$@" >> "$state/intents.jsonl"; }
filtered() { if [ -n "$jq_filter" ]; then jq -r "$jq_filter"; else cat; fi; }
needs_repo() {
  [ -n "$repo" ] && return
  place="$PWD"
  while [ "$place" != "/" ] && [ -n "$place" ]; do [ -e "$place/.git" ] && return; place="${place%/*}"; done
  refuse "failed to run git: fatal: not a git repository (or any of the parent directories): .git"
}
listed() { # issues of the snapshot by query: state, labels, milestone, page
  local query="$1" state_is=open labels="" milestone="" size=30 page=1 pair
  IFS='&' read -ra pairs <<< "$query"
  for pair in "${pairs[@]}"; do
    case "$pair" in
      state=*) state_is="${pair#*=}" ;;
      labels=*) labels="${pair#*=}" ;;
      milestone=*) milestone="${pair#*=}" ;;
      per_page=*) size="${pair#*=}" ;;
      page=*) page="${pair#*=}" ;;
    esac
  done
  [ "$size" -gt 100 ] 2>/dev/null && size=100
  jq --arg s "$state_is" --arg l "$labels" --arg m "$milestone" --argjson n "${size:-30}" --argjson p "${page:-1}" --arg all "$paginate" '
    map(select(($s == "all" or .state == $s)
      and ($l == "" or ((.labels | map(.name)) as $has | ($l | split(",")) | all(. as $one | $has | index($one) != null)))
      and ($m == "" or ((.milestone.number // 0) | tostring) == $m)))
    | if $all != "" then . else .[($p - 1) * $n:$p * $n] end' "$state/issues.json"
}

case "$command" in
  api)
    target="${words[1]:-}"; target="${target#/}"
    [ -n "$method" ] || { [ "${#given[@]}" -gt 0 ] && method=POST || method=GET; }
    if [ "$target" = graphql ]; then
      if printf '%s\n' "${given[@]}" | grep -q 'mutation'; then note api graphql "${given[@]}"; echo '{"data":{}}' | filtered
      else echo '{"data":{"repository":{"issue":{"id":"I_rehearsal","projectItems":{"nodes":[]}}}}}' | filtered; fi
      exit 0
    fi
    if [ "$method" != GET ]; then note api "$method" "$target" "${given[@]}"; echo '{}' | filtered; exit 0; fi
    path="${target%%\?*}" query=""
    [ "$path" = "$target" ] || query="${target#*\?}"
    for one in "${given[@]+"${given[@]}"}"; do query="${query:+$query&}$one"; done
    case "$path" in
      repos/*/*/issues) listed "$query" | filtered ;;
      repos/*/*/pulls) jq '[.[] | select(.pull_request != null)]' "$state/issues.json" | filtered ;;
      repos/*/*/issues/*) number="${path##*/}"; found="$(jq --arg n "$number" '.[] | select((.number | tostring) == $n)' "$state/issues.json")"
        [ -n "$found" ] || refuse "gh: Not Found (HTTP 404)"; printf '%s' "$found" | filtered ;;
      repos/*/*/milestones) jq '[.[] | select(.state == "open")] | .[0:30]' "$state/milestones.json" | filtered ;;
      repos/*/*/labels) jq '.[0:30]' "$state/labels.json" | filtered ;;
      repos/*/*/actions/variables/*) name="${path##*/}"
        jq -e --arg n "$name" 'if has($n) then {name: $n, value: .[$n]} else empty end' "$state/variables.json" | filtered || refuse "gh: Not Found (HTTP 404)" ;;
      repos/*/*) echo '{"name":"rehearsal","default_branch":"main"}' | filtered ;;
      *) refuse "gh: Not Found (HTTP 404): the rehearsal knows no $path" ;;
    esac ;;
  issue|pr|label)
    needs_repo
    [ -z "$jq_filter" ] || [ -n "$has_json" ] || refuse 'cannot use `--jq` without specifying `--json`'
    case "${words[1]:-}" in
      list) listed "state=open&per_page=100" | jq --argjson n "$limit" '.[0:$n] | map(. + {updatedAt: .updated_at, createdAt: .created_at})' | filtered ;;
      view) jq --arg n "${words[2]:-}" '.[] | select((.number | tostring) == $n)' "$state/issues.json" | filtered ;;
      *) note "$@" ;;
    esac ;;
  variable)
    needs_repo
    [ -z "$jq_filter" ] || [ -n "$has_json" ] || refuse 'cannot use `--jq` without specifying `--json`'
    [ "${words[1]:-}" = get ] || refuse "the rehearsal knows no variable ${words[1]:-}"
    name="${words[2]:-}"
    value="$(jq -re --arg n "$name" '.[$n] // empty' "$state/variables.json")" || refuse "variable $name was not found"
    if [ -n "$has_json" ]; then jq -nc --arg n "$name" --arg v "$value" '{name: $n, value: $v}' | filtered; else echo "$value"; fi ;;
  auth|--version|version) echo "gh version 2.83.0 (rehearsal)" ;;
  *) note "$@" ;;
esac
