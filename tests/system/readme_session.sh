#!/usr/bin/env bash
# The first session of README.md, as it is pasted, against a server of its own.
#
#   readme_session.sh README.md POLKU_ALL_IN_ONE POLKUCTL DEPLOY_FOLDER
set -euo pipefail
readme="$1" server="$2" polkuctl_binary="$3" deploy="$4"

folder="$(mktemp -d)"
trap 'kill "$server_pid" 2>/dev/null || true; wait "$server_pid" 2>/dev/null || true; rm -rf "$folder"' EXIT
"$server" --access.mode=development --data.folder="$folder/data" --grpc.listen=127.0.0.1:0 --ops.listen=127.0.0.1:0 \
  --pathways.folder="$deploy/pathways" --rules.folder="$deploy/rules" \
  --instruments.folder="$deploy/instruments" >"$folder/out" 2>"$folder/log" &
server_pid=$!

# Looks again until `$@` succeeds or half a minute has gone.
eventually() {
  local end=$((SECONDS + 30))
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || { echo "never came true: $*" >&2; cat "$folder/log" >&2; return 1; }
    kill -0 "$server_pid" 2>/dev/null || { cat "$folder/log" >&2; return 1; }
    read -rt 0.1 <> <(:) || true
  done
}

serving() { grep -q '"serving"' "$folder/log" "$folder/out"; }
eventually serving
port="$(cat "$folder/log" "$folder/out" | grep '"serving"' | grep -o '"grpc_port":"\?[0-9]*' | grep -o '[0-9]*$')"
export POLKU_SERVER="127.0.0.1:$port"

# A person who is told that something is not there yet types it again.
polkuctl() { eventually "$polkuctl_binary" "$@"; }
broken_client_is_listed() {
  "$polkuctl_binary" --role coordinator worklist coordinators/kajaani-1 | grep -q outreach
}

# The fenced blocks that hold the session, in order; the alias stands for an installed program.
blocks="$(awk '/^## A first session/ {session = 1; next} /^## / {session = 0}
               session && /^```/ {inside = !inside; if (inside) print "#block"; next} session && inside' "$readme" |
          grep -v '^alias ')"
number=0
script=""
while IFS= read -r line; do
  if [ "$line" = "#block" ]; then
    number=$((number + 1))
    # "A moment later", as the text says.
    [ "$number" -eq 2 ] && script+=$'eventually broken_client_is_listed\n'
    continue
  fi
  script+="$line"$'\n'
done <<<"$blocks"
[ "$number" -ge 3 ] || { echo "README.md has no session of three blocks" >&2; exit 1; }
eval "$script"
resolved_is_listed() {
  "$polkuctl_binary" --role coordinator interruptions list --state resolved | grep -q '/interruptions/1 .*resolved'
}
eventually resolved_is_listed
