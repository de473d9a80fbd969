"""Every file of cases/ is one test; harness/golden.py explains what they say."""

from pathlib import Path

import pytest

from harness.golden import Damage, Transcript, make_database, parse_case

CASES = sorted((Path(__file__).parent / "cases").glob("*.txt"))


def check(step, finished, transcript):
    problems = []
    if finished.returncode != step.exit:
        problems.append(f"exit status {finished.returncode}, expected {step.exit}")
    if step.json is None:
        problems.append(transcript.mismatch(step.stdout, finished.stdout.splitlines()))
    else:
        problems.append(transcript.json_mismatch(step.json, finished.stdout))
    problems.append(transcript.mismatch(step.stderr, step.certain(finished.stderr.splitlines())))
    problems = [problem for problem in problems if problem]
    if problems:
        pytest.fail("\n".join([f"$ {' '.join(finished.arguments)}", *problems, "--- stdout", finished.stdout, "--- stderr",
                               finished.stderr]), pytrace=False)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path, headrace):
    case = parse_case(path.read_text())
    assert case.steps, "a case without a command tests nothing"
    transcript = Transcript(headrace.folder)
    for name, lines in case.files.items():
        headrace.write(name, "\n".join(lines) + "\n")
    for name, statements in case.databases.items():
        make_database(headrace.folder / name, statements)
    for step in case.steps:
        if isinstance(step, Damage):
            step.do(headrace.folder)
            continue
        assert step.command[0] == "headrace"
        words = [transcript.fill(word) for word in step.command[1:]]
        check(step, headrace(*words, env=case.environment), transcript)
