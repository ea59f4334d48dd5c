#!/usr/bin/env bash
# Has what the container is built, run and checked with: buildah, runc, a Debian as its base, and a reader of Compose files.
# What is missing and cannot be installed is named; the tests then skip, but in CI (CI=true) it is a failure.
set -euo pipefail
cd "$(dirname "$0")"

lacking() {
  echo "tests/container: $1 The tests of the container cannot run." >&2
  if [ "${CI:-}" = true ]; then exit 1; else exit 0; fi
}

has_tools() {
  command -v buildah >/dev/null && command -v runc >/dev/null && command -v debootstrap >/dev/null
}

[ "$(id -u)" = 0 ] || lacking "they are run by root."
if ! has_tools && command -v apt-get >/dev/null; then
  echo "tests/container: installing buildah, runc and debootstrap with apt-get" >&2
  { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends buildah runc debootstrap; } \
    >/dev/null || lacking "apt-get could not install buildah, runc and debootstrap."
fi
has_tools || lacking "buildah, runc and debootstrap are needed."
command -v go >/dev/null || lacking "Go (1.24 or later) is needed."
mkdir -p target
(cd compose && GOFLAGS=-mod=readonly go build -o ../target/compose .) || lacking "the reader of Compose files could not be built."
if [ ! -f target/base.tar ]; then
  echo "tests/container: making a Debian as the base (half a minute)" >&2
  rm -rf target/base
  debootstrap --variant=minbase --include=ca-certificates bookworm target/base >target/debootstrap.log || lacking "debootstrap made no base."
  tar -C target/base -cf target/new.tar . && mv target/new.tar target/base.tar && rm -rf target/base
fi
