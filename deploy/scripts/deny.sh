#!/usr/bin/env bash
# Licences, bans, sources and known vulnerabilities of everything that is built. cargo-deny is built
# once, into the target directory, where it is not installed. Vulnerabilities need RustSec's database:
# where it cannot be reached within a minute this says so, and the rest counts.
set -euo pipefail
cd "$(dirname "$0")/../.."
version=0.20.2
tools=${CARGO_TARGET_DIR:-target}/tools
if ! command -v cargo-deny >/dev/null 2>&1 && ! [ -x "$tools/bin/cargo-deny" ]; then
  echo "deny: building cargo-deny $version, once"
  cargo install --quiet --locked --version "$version" --root "$tools" cargo-deny
fi
PATH=$PATH:$tools/bin
cargo deny --locked check licenses bans sources
if timeout --kill-after=5 "${ADVISORIES_TIMEOUT:-60}" cargo deny --locked fetch db; then
  cargo deny --locked check --disable-fetch advisories
else
  echo "deny: ADVISORIES NOT CHECKED: the database https://github.com/rustsec/advisory-db could not be reached" >&2
fi
