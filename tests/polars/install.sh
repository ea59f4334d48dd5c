#!/usr/bin/env bash
# Puts polars into the environment of the tests (175 MB the first time), from a lock of its own: `make setup` is spared it.
# Where it cannot be installed that is said; the test then skips, but in CI (CI=true) it is a failure.
set -euo pipefail
cd "$(dirname "$0")/../.."

.venv/bin/python -c 'import polars' 2>/dev/null && exit 0
.venv/bin/uv pip install --quiet --python .venv/bin/python --require-hashes --no-deps --requirement tests/polars/requirements.lock || {
  echo "tests/polars: polars could not be installed. The test with polars cannot run." >&2
  if [ "${CI:-}" = true ]; then exit 1; fi
}
