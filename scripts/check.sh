#!/bin/sh
# Format, includes and clang-tidy over all C++ of the repository; pyflakes' rules over its Python.
#   scripts/check.sh
#   scripts/check.sh [--fix] FILE…
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
  if [ $# -eq 0 ]; then echo "usage: scripts/check.sh --fix FILE…" >&2; exit 2; fi
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

# Most of clang-tidy's time goes into the headers, so the whole tree is read as CMake's unity sources, sixteen files at a
# time: minutes instead of half an hour. Single files are read one by one, which is also what --fix needs.
compilations() {
  "$venv/bin/python" -c 'import json, sys; print(*sorted({c["file"] for c in json.load(open(sys.argv[1]))}), sep="\n")' \
    "$1/compile_commands.json"
}
tidy() {  # tidy BUILD: the files of standard input
  xargs -P "$jobs" -n 1 "$venv/bin/clang-tidy" -p "$1" --quiet $fix || failed="$failed tidy"
}

if [ $# -gt 0 ] && [ -n "$sources" ]; then
  cmake --preset dev -B "$tidy_build-files" -DHEADRACE_BUILD_BENCH=ON >/dev/null
  echo "clang-tidy: $(printf '%s\n' "$sources" | wc -l) files on $jobs cores"
  printf '%s\n' "$sources" >"$tidy_build-files/files"
  tidy "$tidy_build-files" <"$tidy_build-files/files"
elif [ -n "$sources" ]; then
  cmake --preset dev -B "$tidy_build" -DHEADRACE_BUILD_BENCH=ON \
    -DCMAKE_UNITY_BUILD=ON -DCMAKE_UNITY_BUILD_BATCH_SIZE=16 >/dev/null
  echo "clang-tidy: $(printf '%s\n' "$sources" | wc -l) files on $jobs cores"
  compilations "$tidy_build" >"$tidy_build/files"
  tidy "$tidy_build" <"$tidy_build/files"
  cmake --preset fuzz -B "$tidy_build-fuzz" -DCMAKE_UNITY_BUILD=OFF >/dev/null
  printf '%s\n' "$sources" | grep '^tests/fuzz/' >"$tidy_build-fuzz/files"
  tidy "$tidy_build-fuzz" <"$tidy_build-fuzz/files"
fi

# A test that another one of its name replaces never runs, and nothing says so.
if [ $# -eq 0 ]; then
  echo "ruff: unused and twice defined names of the Python files"
  "$venv/bin/ruff" check --quiet --no-cache --select F tests bench scripts || failed="$failed ruff"
fi

if [ -n "$fix" ]; then printf '%s\n' "$existing" | xargs "$venv/bin/clang-format" -i; fi
echo "clang-format: $(printf '%s\n' "$existing" | wc -l) files"
printf '%s\n' "$existing" | xargs "$venv/bin/clang-format" --dry-run -Werror || failed="$failed format (make format)"

if [ -n "$failed" ]; then
  echo "check failed:$failed" >&2
  exit 1
fi
echo "check passed"
