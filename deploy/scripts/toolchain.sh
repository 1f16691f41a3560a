#!/usr/bin/env bash
# Says how to get a Rust toolchain where none is found.
set -euo pipefail
cd "$(dirname "$0")/../.."
wanted=$(sed -n 's/^channel = "\(.*\)"/\1/p' rust-toolchain.toml)
if ! command -v cargo >/dev/null 2>&1 && [ -x "$HOME/.cargo/bin/cargo" ]; then
  echo "cargo is in $HOME/.cargo/bin, which is not on PATH; run: export PATH=\"\$HOME/.cargo/bin:\$PATH\"" >&2
  exit 1
fi
if ! command -v cargo >/dev/null 2>&1; then
  cat >&2 <<TXT
No Rust toolchain was found. Countersign builds with Rust $wanted. Install it with rustup:

    curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- --default-toolchain $wanted

then open a new shell and run this again. (https://rustup.rs has other ways.)
TXT
  exit 1
fi
have=$(cargo --version 2>/dev/null | awk '{print $2}') || true
if [ -z "$have" ]; then
  echo "cargo does not run here: is Rust $wanted installed? try: rustup toolchain install $wanted" >&2
  exit 1
fi
