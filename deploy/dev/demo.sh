#!/usr/bin/env bash
# The main job on a throw-away appliance: starts one, plays the demo against it, stops it, and
# leaves nothing behind.
#
#   BIN  where the programs are (target/debug unless set)
set -euo pipefail
cd "$(dirname "$0")/../.."

BIN=${BIN:-${CARGO_TARGET_DIR:-target}/debug}
fail() { echo "demo: $1" >&2; exit 1; }
[ -x "$BIN/demo" ] || fail "$BIN/demo is not there; run \`make demo\`"

DIRECTORY=$(mktemp -d "${TMPDIR:-/tmp}/countersign-demo-XXXXXX")
APPLIANCE=
clean_up() {
  trap - EXIT
  [ -z "$APPLIANCE" ] || { kill "$APPLIANCE" 2>/dev/null && wait "$APPLIANCE" 2>/dev/null; } || true
  rm -rf "$DIRECTORY"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# The sample policy, but for a time lock that one can watch.
sed 's/time_lock = "10m"/time_lock = "3s"/' deploy/dev/policy.toml >"$DIRECTORY/policy.toml"

BIN=$BIN STATE_DIR=$DIRECTORY/state POLICY=$DIRECTORY/policy.toml CUSTODY=resident ENVELOPE=false \
  deploy/dev/dev.sh >"$DIRECTORY/dev.txt" 2>&1 &
APPLIANCE=$!
for _ in $(seq 600); do
  [ -e "$DIRECTORY/state/ready" ] && break
  kill -0 "$APPLIANCE" 2>/dev/null || { cat "$DIRECTORY/dev.txt" >&2; fail "no appliance to show"; }
  sleep 0.1
done
[ -e "$DIRECTORY/state/ready" ] || { cat "$DIRECTORY/dev.txt" >&2; fail "the appliance is not ready after a minute"; }

"$BIN/demo" "$DIRECTORY/state" || exit 1
