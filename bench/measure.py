"""Runs commands side by side and says what they cost.

    measure.py RESULT.json COMMANDS.json

It is a process of its own because Linux hands a child the peak memory of the process that forked it: only a small parent
measures a small child. COMMANDS.json is a list of argument lists; the standard output of each goes to the log beside the
result. Seconds are wall time from the first start to the last end; CPU is that of the commands and of everything they
waited for; `peak_rss` is the sum over the commands.
"""

import json
import os
import pathlib
import sys
import time

KIBIBYTE = 1024  # ru_maxrss is in KiB on Linux.


def start(command: list[str], log: int) -> int:
    pid = os.fork()
    if pid:
        return pid
    os.dup2(log, 1)
    os.dup2(log, 2)
    try:
        os.execvp(command[0], command)
    except OSError as error:
        os.write(2, f"{command[0]}: {error.strerror}\n".encode())
        os._exit(127)


def run(commands: list[list[str]], log: pathlib.Path) -> dict:
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    begin = time.monotonic()
    pids = [start(command, out) for command in commands]
    ended = [os.wait4(pid, 0) for pid in pids]
    wall = time.monotonic() - begin
    usages = [usage for _, _, usage in ended]
    return {
        "wall": wall,
        "cpu": sum(usage.ru_utime + usage.ru_stime for usage in usages),
        "peak_rss": sum(usage.ru_maxrss for usage in usages) * KIBIBYTE,
        "exit_codes": [os.waitstatus_to_exitcode(status) for _, status, _ in ended],
    }


if __name__ == "__main__":
    result = pathlib.Path(sys.argv[1])
    commands = json.loads(pathlib.Path(sys.argv[2]).read_text())
    result.write_text(json.dumps(run(commands, result.with_suffix(".log"))))
