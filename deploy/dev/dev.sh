#!/usr/bin/env bash
# Starts a throw-away appliance on SoftHSM2 and SQLite, with certificates for everybody, and stays
# in the foreground. For development only: the token's PIN and the approvers' keys lie in files.
#
#   STATE_DIR  where everything goes (./.dev unless set; replaced if this script made it)
#   POLICY     policy file (deploy/dev/policy.toml unless set)
#   STORE      URL of the database (a file in STATE_DIR unless set)
#   BIN        where the programs are (target/release unless set)
set -euo pipefail
cd "$(dirname "$0")/../.."

STATE_DIR=${STATE_DIR:-./.dev}
POLICY=${POLICY:-deploy/dev/policy.toml}
BIN=${BIN:-${CARGO_TARGET_DIR:-target}/release}
MARK=.countersign-dev
COLD=9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin

fail() { echo "dev: $1" >&2; exit 1; }
say() { echo "dev: $1"; }

for program in countersignd countersign; do
  [ -x "$BIN/$program" ] || fail "$BIN/$program is not there; run \`make build\` first"
done
command -v softhsm2-util >/dev/null || fail "softhsm2-util is not installed; run \`make setup\` first"
[ -f "$POLICY" ] || fail "the policy \`$POLICY\` is not there"
for module in /usr/lib/softhsm/libsofthsm2.so /usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so /usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so; do
  [ -f "$module" ] && break
done
[ -f "$module" ] || fail "no SoftHSM2 module found; run \`make setup\` first"

if [ -e "$STATE_DIR" ]; then
  [ -e "$STATE_DIR/$MARK" ] || [ -z "$(ls -A "$STATE_DIR")" ] ||
    fail "\`$STATE_DIR\` was not made by this script; choose another STATE_DIR"
  PID=$(cat "$STATE_DIR/countersignd.pid" 2>/dev/null || true)
  if [ -n "$PID" ] && [ "$(cat "/proc/$PID/comm" 2>/dev/null)" = countersignd ]; then
    fail "an appliance still runs on \`$STATE_DIR\` (pid $PID); stop it, or choose another STATE_DIR"
  fi
  rm -rf "$STATE_DIR"
fi
mkdir -p "$STATE_DIR/tokens"
chmod 700 "$STATE_DIR"
STATE_DIR=$(cd "$STATE_DIR" && pwd)
touch "$STATE_DIR/$MARK"
umask 077

# The token.
printf 'directories.tokendir = %s/tokens\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = false\n' \
  "$STATE_DIR" >"$STATE_DIR/softhsm2.conf"
export SOFTHSM2_CONF=$STATE_DIR/softhsm2.conf
PIN=$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')
printf '%s\n' "$PIN" >"$STATE_DIR/pin"
softhsm2-util --init-token --free --label countersign --pin "$PIN" --so-pin "$PIN" >/dev/null

# The approvers' software keys, as Solana JSON keypairs.
for approver in alice bob carol; do
  key=$STATE_DIR/$approver.der
  openssl genpkey -algorithm ed25519 -outform DER -out "$key"
  { tail -c 32 "$key"; openssl pkey -inform DER -in "$key" -pubout -outform DER | tail -c 32; } |
    od -An -v -tu1 | tr -s ' \n' ',' | sed 's/^,*/[/; s/,*$/]/' >"$STATE_DIR/approver-$approver.json"
  rm "$key"
done
cp "$POLICY" "$STATE_DIR/policy.toml"
echo "$COLD" >"$STATE_DIR/cold-address"

cat >"$STATE_DIR/countersignd.toml" <<TOML
trust_domain = "dev.countersign.local"
state_dir = "$STATE_DIR"

[listen]
api = "127.0.0.1:0"
operations = "127.0.0.1:0"
server_names = ["127.0.0.1", "localhost"]

[hsm]
kind = "pkcs11"
module = "$module"
token = "countersign"
pin_file = "$STATE_DIR/pin"

[custody]
envelope = ${ENVELOPE:-false}
allow_swap = true
import = true
default = "${CUSTODY:-resident}"

[certificates]
client = "30d"
TOML
[ -z "${STORE:-}" ] || printf '\n[store]\nurl = "%s"\n' "$STORE" >>"$STATE_DIR/countersignd.toml"

# Each approver is one of the operators. Operator a, who asks for most in what is tried here, is carol:
# alice and bob are the two others whom a quorum of two takes. A POLICY may be one that nobody can change.
"$BIN/countersignd" --config "$STATE_DIR/countersignd.toml" init \
  --operator setup --operator a --operator b --operator c --operator-out "$STATE_DIR" \
  --approver "alice@b=$STATE_DIR/approver-alice.json" --approver "bob@c=$STATE_DIR/approver-bob.json" \
  --approver "carol@a=$STATE_DIR/approver-carol.json" --policy "$STATE_DIR/policy.toml" \
  --nobody-can-change-this-later \
  >"$STATE_DIR/init.txt" 2>"$STATE_DIR/init.log" ||
  { tail -n 3 "$STATE_DIR/init.log" >&2; fail "countersignd init failed; see $STATE_DIR/init.log"; }

"$BIN/countersignd" --config "$STATE_DIR/countersignd.toml" 2>"$STATE_DIR/countersignd.log" &
DAEMON=$!
echo "$DAEMON" >"$STATE_DIR/countersignd.pid"
stop() { trap - EXIT; kill "$DAEMON" 2>/dev/null || true; wait "$DAEMON" 2>/dev/null || true; }
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
for _ in $(seq 200); do
  [ -s "$STATE_DIR/url" ] && break
  kill -0 "$DAEMON" 2>/dev/null || { tail -n 3 "$STATE_DIR/countersignd.log" >&2; fail "countersignd ended; see $STATE_DIR/countersignd.log"; }
  sleep 0.05
done

# Certificates for everybody else, issued over the API. The operators have theirs from the first
# start: later ones need the approvers' agreement. Whoever issues a bot's certificate counts as who
# asks with it, so an operator does it who is no approver, and who ends with that.
issue() { # role, name, file
  "$BIN/countersign" --state-dir "$STATE_DIR" --as operator-setup pki issue --role "$1" --name "$2" --lifetime 30d \
    --key-out "$STATE_DIR/$3.key" --out "$STATE_DIR/$3.pem" >/dev/null 2>"$STATE_DIR/issue.log" ||
  { cat "$STATE_DIR/issue.log" >&2; fail "no certificate for $2"; }
}
issue bot bot bot
issue bot bot2 bot2
issue gateway gateway gateway
issue auditor auditor auditor
issue risk risk risk
"$BIN/countersign" --state-dir "$STATE_DIR" --as operator-a pki revoke --principal operator/setup \
  --reason "everybody has a certificate" >/dev/null 2>"$STATE_DIR/issue.log" ||
  { cat "$STATE_DIR/issue.log" >&2; fail "the operator \`setup\` is still let in"; }
rm "$STATE_DIR/operator-setup.pem" "$STATE_DIR/operator-setup.key"
touch "$STATE_DIR/ready"

say "ready: $(cat "$STATE_DIR/url")"
say "directory: $STATE_DIR"
say "probes and metrics: $(cat "$STATE_DIR/operations-url")"
say "try: $BIN/countersign --state-dir $STATE_DIR status"
wait "$DAEMON"
