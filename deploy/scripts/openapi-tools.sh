#!/usr/bin/env bash
# Installs what `clients.sh` needs, in the versions and with the hashes that are locked in `openapi/`, into
# the target directory and nowhere else. Node comes as a Python package too, so that any system's Python
# is enough.
set -Eeuo pipefail
cd "$(dirname "$0")/../.."
locks=deploy/scripts/openapi
tools=${CARGO_TARGET_DIR:-target}/tools/openapi
wanted=$(cat "$locks"/requirements.txt "$locks"/package-lock.json | sha256sum)
[ "$(cat "$tools/installed" 2>/dev/null)" != "$wanted" ] || exit 0
echo "generators: installing the generators of API clients into $tools, once"
trap 'echo "generators: they could not be installed: PyPI and npm have to be reachable" >&2' ERR
rm -rf "$tools"
mkdir -p "$tools"
python3 -m venv "$tools/python"
"$tools/python/bin/pip" install --quiet --disable-pip-version-check --require-hashes --only-binary :all: \
  -r "$locks/requirements.txt"
cp "$locks/package.json" "$locks/package-lock.json" "$tools/"
PATH="$PWD/$tools/python/bin:$PATH"
(cd "$tools" && npm ci --silent --ignore-scripts --no-audit --no-fund)
echo "$wanted" >"$tools/installed"
