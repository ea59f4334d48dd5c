#!/usr/bin/env bash
# Puts Spark into the environment of the tests (430 MB the first time), from a lock of its own: `make setup` is spared it.
# What is missing and cannot be installed is named; the test then skips, but in CI (CI=true) it is a failure.
set -euo pipefail
cd "$(dirname "$0")/../.."

lacking() {
  echo "tests/spark: $1 The test on Spark cannot run." >&2
  if [ "${CI:-}" = true ]; then exit 1; else exit 0; fi
}

command -v java >/dev/null || lacking "a JDK (17 or later) is needed: on Debian, apt-get install default-jdk-headless."
.venv/bin/python -c 'import pyspark' 2>/dev/null && exit 0
.venv/bin/uv pip install --quiet --python .venv/bin/python --require-hashes --no-deps --requirement tests/spark/requirements.lock \
  || lacking "pyspark could not be installed."
