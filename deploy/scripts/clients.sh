#!/usr/bin/env bash
# Holds `appliance/api/openapi.json` to what others make of it: an independent validator, and clients
# in Python and TypeScript that are generated from it and have to compile. A test of `countersign-api`
# says that the file is what the appliance answers at `/openapi.json`.
set -euo pipefail
cd "$(dirname "$0")/../.."
document=$PWD/appliance/api/openapi.json
ours=$PWD/deploy/scripts/openapi
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
tools=$target/tools/openapi
out=$target/openapi
if ! [ -e "$tools/installed" ]; then
  echo "clients: NOT CHECKED: the generators are not in $tools; run deploy/scripts/openapi-tools.sh, which needs" \
    "PyPI and npm, and run this again" >&2
  exit 1
fi
PATH="$tools/python/bin:$tools/node_modules/.bin:$PATH"
rm -rf "$out/python" "$out/typescript"
mkdir -p "$out/python" "$out/typescript"

# What is wrong with it stands first, then all of the document.
openapi-spec-validator "$document" 2>&1 | cut -c1-500

openapi-python-client generate --path "$document" --output-path "$out/python/countersign_client" \
  --meta none --fail-on-warning
cp "$ours/sample.py" "$out/python/"
(
  cd "$out/python"
  mypy --config-file "$ours/mypy.ini" --cache-dir "$out/mypy" countersign_client sample.py
  python - <<'PY'
import importlib, pathlib
modules = sorted(pathlib.Path("countersign_client").rglob("*.py"))
for module in modules:
    importlib.import_module(".".join(module.with_suffix("").parts).removesuffix(".__init__"))
import sample
print(f"clients: {len(modules)} Python modules are imported")
PY
)

openapi-typescript "$document" --output "$out/typescript/api.ts" >/dev/null
cp "$ours/sample.ts" "$ours/tsconfig.json" "$out/typescript/"
tsc --project "$out/typescript"
echo "clients: the TypeScript types compile"
