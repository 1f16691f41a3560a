#!/usr/bin/env bash
# Fuzzes what reads hostile bytes, SECONDS_EACH (30) per target, with the toolchain of the project: libFuzzer
# needs coverage flags and a C++ compiler, no nightly and no sanitizer. TARGET picks one target.
# What crashes is kept in target/fuzz/artifacts.
set -euo pipefail
cd "$(dirname "$0")/../.."
each=${SECONDS_EACH:-30}
export CARGO_TARGET_DIR="$PWD/target/fuzz"
host=$(rustc -vV | sed -n 's/^host: //p')
export RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 -Cdebug-assertions \
-Coverflow-checks --cfg fuzzing"

run() { # program target
  local corpus="$CARGO_TARGET_DIR/corpus/$1/$2" log="$CARGO_TARGET_DIR/$1-$2.log"
  mkdir -p "$corpus" "$CARGO_TARGET_DIR/artifacts"
  if ! FUZZ_TARGET=$2 FUZZ_SEEDS="$corpus" "$CARGO_TARGET_DIR/$host/release/$1" -max_total_time="$each" \
    -max_len=4096 -timeout=10 -rss_limit_mb=2048 \
    -artifact_prefix="$CARGO_TARGET_DIR/artifacts/$1-$2-" "$corpus" >"$log" 2>&1; then
    tail -40 "$log" >&2
    echo "fuzz: $1, target $2: the input is in $CARGO_TARGET_DIR/artifacts" >&2
    return 1
  fi
  printf '%-16s %-20s %s\n' "$1" "$2" "$(sed -n 's/^Done \([0-9]*\) runs.*/\1 runs/p' "$log")"
}

for manifest in policy/decode/fuzz appliance/fuzz hsm-adapters/hardware-wallet/fuzz; do
  # The versions are those of the product.
  cp Cargo.lock "$manifest/Cargo.lock"
  cargo build --quiet --release --target "$host" --manifest-path "$manifest/Cargo.toml"
  program=$(sed -n '/^\[\[bin\]\]/,$s/^name = "\(.*\)"/\1/p' "$manifest/Cargo.toml")
  targets=$(FUZZ_TARGET=list "$CARGO_TARGET_DIR/$host/release/$program" 2>/dev/null || true)
  [ -n "$targets" ] || { echo "fuzz: $program names no targets" >&2; exit 1; }
  for target in $targets; do
    [ -z "${TARGET:-}" ] || [ "$TARGET" = "$target" ] || continue
    run "$program" "$target"
  done
done
