#!/usr/bin/env bash
# Installs the Debian packages that building and testing need, if they are missing.
set -euo pipefail
packages=()
need() { command -v "$1" >/dev/null 2>&1 || packages+=("$2"); }
need cc gcc
need c++ g++
need make make
need pkg-config pkg-config
need softhsm2-util softhsm2
need openssl openssl
# What the runbooks are tested with.
need pkcs11-tool opensc
need jq jq
need sqlite3 sqlite3
need curl curl
need python3 python3
# What generated API clients are checked in.
python3 -c 'import ensurepip, venv' 2>/dev/null || packages+=(python3-venv)
[ -e /etc/ssl/certs/ca-certificates.crt ] || packages+=(ca-certificates)
# Headers: the operator CLI speaks to Ledgers by USB.
pkg-config --exists libudev 2>/dev/null || packages+=(libudev-dev)
[ ${#packages[@]} -eq 0 ] && exit 0

if ! command -v apt-get >/dev/null 2>&1; then
  echo "setup: install these with your package manager: ${packages[*]}" >&2
  exit 1
fi
run=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null 2>&1 || { echo "setup: run as root: apt-get install ${packages[*]}" >&2; exit 1; }
  run=(sudo)
fi
echo "setup: installing ${packages[*]}"
"${run[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq
"${run[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
