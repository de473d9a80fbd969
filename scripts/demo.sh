#!/bin/sh
# The embedded quick start: a sample SQLite database, a plan, a run to Parquet. Writes below build/demo only.
#   scripts/demo.sh PROGRAM
set -eu

program=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
root=$(cd "$(dirname "$0")/.." && pwd)
demo=$root/build/demo

step() { printf '\n\033[1m%s\033[0m\n' "$*"; }
[ -t 1 ] || step() { printf '\n%s\n' "$*"; }

mkdir -p "$demo"
if [ ! -f "$demo/shop.db" ]; then
  step "Making build/demo/shop.db: a shop with 1,000,000 orders"
  python3 "$root/scripts/make_demo_database.py" "$demo/shop.db"
fi
cp "$root/examples/demo.yaml" "$demo/job.yaml"

cd "$demo"
step "The job, build/demo/job.yaml"
cat job.yaml

step "headrace plan job.yaml: what a run would do"
"$program" plan job.yaml

step "headrace run job.yaml"
"$program" run job.yaml

step "Where to look"
cat <<TEXT
  build/demo/lake/       the Parquet files, one directory per table and run, each with its commit record
  build/demo/.headrace/  the journal of the runs; try  cd build/demo && ../release/headrace runs
  build/demo/job.yaml    the job; change it and run it again: write: replace swaps the new table in, whole
  Read it with anything that reads Parquet, for instance:
    build/venv/bin/python -c "import pyarrow.parquet as p; print(p.read_table('build/demo/lake'))"
TEXT
