#!/usr/bin/env python3
"""Measures headrace beside its peers on named workloads, in one session, interleaved, and writes a dated table.

    bench/run.py                                     every workload
    bench/run.py pg_events_5m --runs 5
    bench/run.py pg_taxi --rows 200000 --peers headrace floor --no-write

The workloads, their peers and the wanted figures are in workloads.py.
"""

import argparse
import contextlib
import pathlib
import random
import sys

import cluster
import contenders
import dataset
import report
import trial
import warehouse
from workloads import WORKLOADS, Workload

PROGRAM = contenders.REPOSITORY / "build" / "release" / "headrace"
PLAN_PROGRAM = contenders.REPOSITORY / "build" / "release" / "plan_100k"
SCRATCH = contenders.REPOSITORY / "build" / "bench"
RESULTS = contenders.REPOSITORY / "bench" / "results"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [workload.name for workload in WORKLOADS]
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help=f"one or more of {', '.join(names)}; default: all")
    parser.add_argument("--rows", type=int, help="rows of each table, instead of the workload's own number")
    parser.add_argument("--runs", type=int, default=3, help="runs of each contender, of which the median counts (default 3)")
    parser.add_argument("--peers", nargs="+", metavar="PEER", help="only these contenders")
    parser.add_argument("--program", type=pathlib.Path, default=PROGRAM, help="the headrace to measure")
    parser.add_argument("--plan-program", type=pathlib.Path, default=PLAN_PROGRAM, help="the program of plan_100k")
    parser.add_argument("--fresh", action="store_true", help="make the tables again")
    parser.add_argument("--no-write", action="store_true", help="print only, leave bench/results alone")
    parsed = parser.parse_args()
    unknown = set(parsed.workloads) - set(names)
    if unknown:
        parser.error(f"no workload {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    return parsed


def make_commands(contender: str, options: argparse.Namespace, workload: Workload, database: contenders.Database):
    if contender == "plan_100k":
        return lambda folder: [[str(options.plan_program)]]
    return lambda folder: contenders.commands(contender, options.program, workload, database, folder)


def written_rows(workload: Workload, contender: str, folder: pathlib.Path, done: trial.Trial, house) -> int:
    if workload.kind == "bigquery" and contender not in contenders.INTO_LAKE:
        return house.rows(workload.table)
    return trial.written_rows(folder) if done.output else 0


def compete(options, workload, rows, database, clock, house=None) -> report.Outcome:
    """Every contender, `--runs` times, in turns: what disturbs the machine for a while disturbs them all. Each turn has an order of
    its own, the same in every session: none always comes after the one that leaves the machine the hottest."""
    chosen = [name for name in workload.peers if not options.peers or name in options.peers]
    trials: dict[str, list[trial.Trial]] = {name: [] for name in chosen}
    wrong = []
    for turn in range(options.runs):
        for name in random.Random(turn).sample(chosen, len(chosen)):
            folder = SCRATCH / "run" / name
            if house is not None:
                house.empty()
            done = trial.run(make_commands(name, options, workload, database), folder, clock)
            trials[name].append(done)
            print(f"  {turn + 1}/{options.runs} {name}: {done.wall:.2f} s, {done.cpu:.2f} CPU s, {done.foreign:.2f} s of others", flush=True)
            least, most = (share * rows for share in contenders.SHARES.get(name, (1, 1)))
            written = 0 if name in contenders.WRITE_NOTHING else written_rows(workload, name, folder, done, house)
            if name not in contenders.WRITE_NOTHING and not least <= written <= most:
                wrong.append(f"{name} wrote {written:,} rows, not {least:,.0f} to {most:,.0f}")
    counted = set(chosen) - contenders.WRITE_NOTHING
    notes = wrong or (["Each output was counted: as many rows as were wanted."] if counted else [])
    medians = {name: trial.median(runs) for name, runs in trials.items()}
    if "floor" in medians:
        notes.append(floor_note(medians["floor"]))
    return report.Outcome(workload, rows, options.runs, medians, notes)


def floor_note(floor: trial.Trial) -> str:
    verdict = "it counts" if floor.fills_the_machine() else "it does NOT count"
    return (
        f"Floor: the machine was busy for {floor.busy:.2f} s in {floor.wall:.2f} s of wall ({floor.busy / floor.wall:.2f} ×), "
        f"{floor.foreign:.2f} s of it neither its clients nor the server: {verdict}."
    )


def measure(options: argparse.Namespace, chosen: list[Workload]) -> list[report.Outcome]:
    outcomes = []
    with contextlib.ExitStack() as stack:
        server = None
        if any(workload.kind in ("postgres", "bigquery") for workload in chosen):
            server = stack.enter_context(cluster.kept_cluster(SCRATCH))
        for workload in chosen:
            rows = options.rows or workload.rows
            clock = trial.ServerClock(None)
            house = stack.enter_context(warehouse.running()) if workload.kind == "bigquery" else None
            if workload.kind in ("postgres", "bigquery"):
                database = dataset.load_postgres(server.uri(), workload, rows)
                clock = trial.ServerClock(server.pid)
            else:
                database = dataset.load_sqlite(SCRATCH, workload, rows)
            print(f"{workload.name}: {workload.doc}, {rows:,} rows", flush=True)
            outcomes.append(compete(options, workload, rows, database, clock, house))
            print(report.section(outcomes[-1]), flush=True)
    return outcomes


def main() -> int:
    options = arguments()
    SCRATCH.mkdir(parents=True, exist_ok=True)
    if options.fresh:
        cluster.forget(SCRATCH)
    chosen = [workload for workload in WORKLOADS if not options.workloads or workload.name in options.workloads]
    outcomes = measure(options, chosen)
    if not options.no_write:
        print(f"Written to {report.write(outcomes, RESULTS)}")
    lost = [note for outcome in outcomes for note in outcome.notes if " wrote " in note]
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
