#!/usr/bin/env bash
# Has what the tests of pages in a browser need: Debian's Chromium, playwright to drive it, and axe to look for barriers.
# What is missing and cannot be installed is named; the tests then skip, but in CI (CI=true) it is a failure.
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)

lacking() {
  echo "tests/chromium: $1 The tests of pages in a browser cannot run." >&2
  if [ "${CI:-}" = true ]; then exit 1; else exit 0; fi
}

has_tools() {
  command -v chromium >/dev/null && command -v pdftotext >/dev/null
}

if ! has_tools && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "tests/chromium: installing Chromium with apt-get" >&2
  { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends chromium fonts-liberation poppler-utils; } \
    >/dev/null || lacking "apt-get could not install Chromium."
fi
has_tools || lacking "Chromium and pdftotext are needed: on Debian, apt-get install chromium poppler-utils."
"$root/.venv/bin/python" -c 'import playwright' 2>/dev/null ||
  "$root/.venv/bin/uv" pip install --quiet --python "$root/.venv/bin/python" --require-hashes --no-deps --requirement requirements.lock ||
  lacking "playwright could not be installed."
work=$root/build/chromium
[ -f "$work/node_modules/axe-core/axe.min.js" ] && cmp -s package-lock.json "$work/package-lock.json" && exit 0
mkdir -p "$work"
cp package.json package-lock.json "$work"
npm=$(command -v npm) || lacking "npm is needed for axe."
(cd "$work" && "$npm" ci --silent --ignore-scripts --no-audit --no-fund) || lacking "axe could not be fetched."
