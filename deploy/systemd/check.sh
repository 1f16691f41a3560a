#!/usr/bin/env bash
# Holds the unit to its score and its syntax, without starting anything. Needs systemd 252.
set -euo pipefail
cd "$(dirname "$0")"
# Tenths of systemd's exposure level, 0 to 100. What is left: TCP sockets, the host's network and
# root directory, UNIX sockets, the TPM that opens the PIN, and the allow-list of addresses.
MOST=9
command -v systemd-analyze >/dev/null 2>&1 || { echo "check: systemd-analyze is not installed; skipped"; exit 0; }
systemd-analyze security --no-pager --offline=true --threshold="$MOST" countersignd.service >/dev/null ||
  { systemd-analyze security --no-pager --offline=true countersignd.service | grep -v '^✓'; exit 1; }
# The program is not installed where the unit is checked; everything else is verified.
copy=$(mktemp -d)
trap 'rm -r "$copy"' EXIT
sed 's|^ExecStart=.*|ExecStart=/bin/true|' countersignd.service >"$copy/countersignd.service"
for unit in countersign-renew@.service countersign-renew@.timer; do
  sed 's|^ExecStart=.*|ExecStart=/bin/true|' "$unit" >"$copy/$unit"
done
systemd-analyze verify --man=no "$copy/countersignd.service"
systemd-analyze verify --man=no "$copy/countersign-renew@root.service" "$copy/countersign-renew@root.timer"
echo "check: the unit's exposure level is at most 0.$MOST, the syntax of all units is right"
