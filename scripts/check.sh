#!/bin/sh
# Format, includes and clang-tidy over all C++ of the repository.
#   scripts/check.sh [--fix] [FILE…]
# With files: only these. With --fix: clang-tidy and clang-format change what they can, one file after another.
set -eu

cd "$(dirname "$0")/.."
venv=build/venv-check
tidy_build=build/tidy
jobs=$(nproc)
fix=
if [ "${1:-}" = --fix ]; then
  fix=--fix
  jobs=1  # two processes would change one header twice
  shift
fi

scripts/install_python.sh "$venv" requirements-check.txt

# Everything that git knows or would take: a new file is checked before it is added.
if [ $# -gt 0 ]; then
  files=$(printf '%s\n' "$@")
else
  files=$(git ls-files --cached --others --exclude-standard -- '*.cc' '*.h')
fi
existing=$(for file in $files; do [ -f "$file" ] && echo "$file"; done)
sources=$(printf '%s\n' "$existing" | grep '\.cc$' || true)
failed=

echo "includes: ours by their full name, no way around the include rule"
if printf '%s\n' "$existing" | grep '^src/' | xargs grep -nE '#include ("\.\.?/|"[^"]*\.cc"|"[^h][^/"]*/)' ; then
  failed="$failed includes"
fi

if [ -n "$sources" ]; then
  cmake --preset dev -B "$tidy_build" -DHEADRACE_BUILD_BENCH=ON >/dev/null
  echo "clang-tidy: $(printf '%s\n' "$sources" | wc -l) files on $jobs cores"
  printf '%s\n' "$sources" |
    xargs -P "$jobs" -n 1 "$venv/bin/clang-tidy" -p "$tidy_build" --quiet $fix || failed="$failed tidy"
fi

if [ -n "$fix" ]; then printf '%s\n' "$existing" | xargs "$venv/bin/clang-format" -i; fi
echo "clang-format: $(printf '%s\n' "$existing" | wc -l) files"
printf '%s\n' "$existing" | xargs "$venv/bin/clang-format" --dry-run -Werror || failed="$failed format (make format)"

if [ -n "$failed" ]; then
  echo "check failed:$failed" >&2
  exit 1
fi
echo "check passed"
