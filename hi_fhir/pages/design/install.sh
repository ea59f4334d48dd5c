#!/usr/bin/env bash
# Lays the NHS design system's stylesheet and icons into hi_fhir/pages/static, from the package that package-lock.json pins.
# Where there is no npm, one from Python's packages is put beside it (about 60 MB, into build/node).
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd ../../.. && pwd)
bin=$root/.venv/bin

npm=$(command -v npm || true)
if [ -z "$npm" ]; then
  node=$root/build/node
  [ -x "$node/bin/npm" ] || "$bin/uv" pip install --quiet --python "$bin/python" --target "$node" --require-hashes --no-deps \
    --requirement node.lock
  export PYTHONPATH=$node PATH=$node/bin:$PATH
  npm=$node/bin/npm
fi
work=$root/build/design
mkdir -p "$work"
cp package.json package-lock.json "$work"
(cd "$work" && "$npm" ci --silent --ignore-scripts --no-audit --no-fund) || {
  echo "hi_fhir/pages/design: the design system could not be fetched; the pages have no stylesheet without it." >&2
  exit 1
}
"$bin/python" build.py "$work/node_modules/nhsuk-frontend/dist/nhsuk" ../static
