#!/bin/sh
# Installs the Debian/Ubuntu packages of the named lists (scripts/packages/<list>.txt).
#   scripts/install_packages.sh LIST…
# Says first what it is about to install; says and does nothing when everything is there. Packages that are installed
# are never upgraded, and no service is left running, nor started at the next boot: a PostgreSQL server is installed as a
# program only, and so is a pooler.
set -eu

lists=$(dirname "$0")/packages
policy=/usr/sbin/policy-rc.d
mark='# made by headrace while packages are installed'
cluster=/etc/postgresql-common/createcluster.d/headrace.conf

fail() {
  printf 'headrace: %s\n' "$*" >&2
  exit 1
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

installed() {
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# The package of an "a | b" line to install; nothing when one of them is there already.
choose() {
  known=
  for package in $(printf '%s' "$1" | tr '|' ' '); do
    installed "$package" && return
    if [ -z "$known" ] && apt-cache show "$package" >/dev/null 2>&1; then known=$package; fi
  done
  printf '%s ' "${known:-${1%% *}}"
}

missing() {
  for list; do
    sed 's/#.*//; s/ *$//; /^$/d' "$lists/$list.txt" | while read -r line; do choose "$line"; done
  done
}

# While a server package is installed: no default cluster, no service started. Both files are ours and go again.
guard_services() {
  as_root mkdir -p "$(dirname "$cluster")"
  echo 'create_main_cluster = false' | as_root tee "$cluster" >/dev/null
  [ -e "$policy" ] && return
  printf '#!/bin/sh\n%s\nexit 101\n' "$mark" | as_root tee "$policy" >/dev/null
  as_root chmod 755 "$policy"
}

# Also that of an installation that was killed, which would keep every service of this machine from its start.
remove_policy() {
  if [ -e "$policy" ] && grep -qF "$mark" "$policy"; then as_root rm -f "$policy"; fi
}

# A package that brings a service of its own enables it for the next boot.
disable_service() {
  case " $packages " in
    *" $1 "*) as_root update-rc.d "$1" disable >/dev/null 2>&1 || fail "the service $1 could not be disabled" ;;
  esac
}

restore_services() {
  as_root rm -f "$cluster"
  remove_policy
}

command -v apt-get >/dev/null ||
  fail "this system has no apt-get; install what scripts/packages/*.txt lists under its names here, then run the cmake presets"

remove_policy
packages=$(missing "$@")
[ -n "$packages" ] || exit 0

if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
  fail "packages are missing and this is neither root nor is there sudo. As root: apt-get install --no-upgrade $packages"
fi

echo "About to install with apt-get (nothing is upgraded): $packages"
export DEBIAN_FRONTEND=noninteractive
as_root apt-get update -q >/dev/null || fail "apt-get update failed; is the package mirror reachable?"
packages=$(missing "$@")  # the lists are fresh now: other alternatives may be known

log=$(mktemp)
trap 'restore_services; rm -f "$log"' EXIT
trap 'exit 130' HUP INT TERM
guard_services
# shellcheck disable=SC2086  # a list of words
as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-upgrade --no-install-recommends $packages \
  >"$log" 2>&1 || {
  tail -n 20 "$log" >&2
  fail "apt-get could not install: $packages"
}
disable_service pgbouncer
