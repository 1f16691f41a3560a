#!/usr/bin/env bash
# Licences, bans and sources of everything that is built. cargo-deny is built once, into the
# target directory, where it is not installed.
set -euo pipefail
cd "$(dirname "$0")/../.."
version=0.20.2
tools=${CARGO_TARGET_DIR:-target}/tools
if ! command -v cargo-deny >/dev/null 2>&1 && ! [ -x "$tools/bin/cargo-deny" ]; then
  echo "deny: building cargo-deny $version, once"
  cargo install --quiet --locked --version "$version" --root "$tools" cargo-deny
fi
PATH=$PATH:$tools/bin cargo deny --locked check licenses bans sources
