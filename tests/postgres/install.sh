#!/usr/bin/env bash
# Has the programs of a PostgreSQL server there, which tests start for themselves; a server that runs is left alone.
# What is missing and cannot be installed is named; the tests then skip, but in CI (CI=true) it is a failure.
set -euo pipefail

lacking() {
  echo "tests/postgres: $1 The tests on PostgreSQL cannot run." >&2
  if [ "${CI:-}" = true ]; then exit 1; else exit 0; fi
}

has_server() {
  command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1
}

if ! has_server && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "tests/postgres: installing PostgreSQL with apt-get" >&2
  # No cluster of Debian's own is made or started by it.
  mkdir -p /etc/postgresql-common/createcluster.d
  echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.d/hi_fhir.conf
  { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends postgresql; } \
    >/dev/null || lacking "apt-get could not install PostgreSQL."
fi
has_server || lacking "a PostgreSQL server (15 or later) is needed: on Debian, apt-get install postgresql."
