#!/usr/bin/env bash
# buf lint, and buf breaking against the last release: its tag (v*), or tests/compat/baseline.binpb.gz while there is none.
#
#   buf.sh REPOSITORY GOOGLEAPIS            checks
#   buf.sh REPOSITORY GOOGLEAPIS baseline   writes the baseline: at a release, and at no other time
set -euo pipefail
repository="$1" googleapis="$2" wish="${3:-check}"
buf="${BUF_FOR_TESTS:-$HOME/.cache/polku/buf/node_modules/.bin/buf}"
baseline="$repository/tests/compat/baseline.binpb.gz"
if ! [ -x "$buf" ]; then
  echo "NOT RUN: buf is not installed (tools/dev test installs it)"
  [ -z "${CI:-}" ] || exit 1
  exit 77
fi

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT

# buf would fetch google/*.proto: here they are a module beside ours.
workspace() {  # workspace FOLDER PROTO
  mkdir -p "$1/google"
  cp -r "$2" "$1/proto"
  cp -r "$googleapis/google" "$1/google/google"
  sed -e '/^deps:/,/^lint:/{/^lint:/!d}' -e 's/^version: v2$/version: v2\nmodules:\n  - path: proto\n  - path: google/' \
    -e 's,^    - polku/,    - proto/polku/,' "$repository/proto/buf.yaml" >"$1/buf.yaml"
  rm -f "$1/proto/buf.yaml"
}
workspace "$folder/now" "$repository/proto"
cd "$folder/now"

if [ "$wish" = baseline ]; then
  "$buf" build proto --exclude-source-info -o - | gzip -9n >"$baseline"
  exit
fi

"$buf" lint proto
against="$baseline"
tag="$(git -C "$repository" describe --tags --abbrev=0 --match 'v*' 2>/dev/null || true)"
if [ -n "$tag" ]; then
  mkdir "$folder/tree"
  git -C "$repository" archive "$tag" proto | tar -x -C "$folder/tree"
  workspace "$folder/before" "$folder/tree/proto"
  (cd "$folder/before" && "$buf" build proto -o "$folder/before.binpb")
  against="$folder/before.binpb"
fi
"$buf" breaking proto --against "$against"
# State and backups: what was written must be read.
"$buf" breaking proto --against "$against" --config '{"version":"v2","modules":[{"path":"proto"},{"path":"google"}],
  "breaking":{"use":["WIRE"]}}'
echo "buf: lint and breaking against ${tag:-the baseline}"
