#!/usr/bin/env bash
# Builds the HAPI that the real tests run against; nothing is done when target/ is of these very sources already.
# What is missing and cannot be installed is named; the tests then skip, but in CI (CI=true) it is a failure.
set -euo pipefail
cd "$(dirname "$0")"

lacking() {
  echo "tests/hapi: $1 The tests against a real HAPI cannot run." >&2
  if [ "${CI:-}" = true ]; then exit 1; else exit 0; fi
}

has_tools() {
  command -v mvn >/dev/null && command -v javac >/dev/null && [ "$(javac -version 2>&1 | sed 's/[^0-9]*\([0-9]*\).*/\1/')" -ge 17 ]
}

is_built() {
  [ -f target/classes/HapiForTests.class ] && [ "$(cat target/sources.sha256 2>/dev/null)" = "$sources" ] || return 1
  tr ':' '\n' <target/classpath.txt | while read -r jar; do [ -f "$jar" ] || return 1; done
}

sources=$(cat pom.xml HapiForTests.java | sha256sum)
if is_built; then exit 0; fi
if ! has_tools && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "tests/hapi: installing a JDK and Maven with apt-get" >&2
  { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends default-jdk-headless maven; } \
    >/dev/null || lacking "apt-get could not install a JDK and Maven."
fi
has_tools || lacking "a JDK (17 or later) and Maven are needed: on Debian, apt-get install default-jdk-headless maven."
echo "tests/hapi: building (270 MB from Maven Central the first time)" >&2
rm -rf target
mvn --batch-mode --quiet -Dstyle.color=never compile || lacking "Maven could not build it; its words are above."
echo "$sources" >target/sources.sha256
