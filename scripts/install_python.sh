#!/bin/sh
# Makes a private Python environment that holds the given requirements.
#   scripts/install_python.sh VENV REQUIREMENTS…
# A requirements file that has not changed since it was installed is left alone.
set -eu

venv=$1
shift
mkdir -p "$(dirname "$venv")"
exec 9>"$venv.lock"  # builds that are configured side by side share the environment
flock 9

say() { printf '%s\n' "$*" >&2; }

# One that was interrupted before it had its pip, or whose interpreter has gone or is another version now, is made anew.
if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
  rm -rf "$venv"
  # The distribution's Python first: an interpreter of a version manager may be gone tomorrow.
  python=/usr/bin/python3
  [ -x "$python" ] || python=python3
  say "Making a private Python environment in $venv"
  "$python" -m venv "$venv" || {
    say "headrace: python3 cannot make a virtual environment; on Debian and Ubuntu: apt-get install python3-venv"
    exit 1
  }
fi

for requirements; do
  stamp="$venv/.installed-$(basename "$requirements")"
  cmp -s "$requirements" "$stamp" && continue
  say "Installing from PyPI into $venv: $(sed 's/#.*//' "$requirements" | tr -s ' \n' ' ')"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$requirements" || {
    say "headrace: pip could not install $requirements; is PyPI reachable?"
    exit 1
  }
  cp "$requirements" "$stamp"
done
