"""Answers of BigQuery and of the bucket that are late, lost, or errors: each row is loaded once, in this run or in the next."""

import signal

import pytest
from harness.bigquery_job import loads_asked
from harness.gate import until
from harness.job import SECONDS, ended, said
from harness.web import call
from servers.api_faults import (Hold, answer, cut_request, deletes, gets, hook, lost_answer, posts, puts, rewritten, truncated)

JOBS = r"/jobs$"


def quiet(job: dict) -> dict:
    """Of an answer to an insertion: the job has just begun."""
    return job | {"status": {"state": "RUNNING"}}


def failing(reason: str, message: str = "made by a test"):
    """A load job that ends at once, and has loaded nothing: the server does not see it."""
    error = {"reason": reason, "message": message}

    def fault(exchange):
        job = exchange.request.json() | {"status": {"state": "DONE", "errorResult": error, "errors": [error]}}
        answer(200, body=job)(exchange)
    return fault


@pytest.fixture
def job(items, into_bigquery):
    """Of `items`, incremental: rows that are loaded twice show, as do those that are passed by."""
    items.add("one", "two", "three")
    return into_bigquery(items.source, {"name": "items", "mode": "transactional", "cursor": "id"})


def is_named(word: str):
    """Of a multipart upload or any other request about an object whose name has `word` in it."""
    def holds(request):
        document = request.json()
        name = document.get("name", "") if isinstance(document, dict) else ""
        return word in name or word in request.target
    return holds


# What is asked, by name: the service, and which requests.
ASKED = {
    "jobs.insert": ("bigquery", posts(JOBS)),
    "tables.get": ("bigquery", gets("/tables/")),
    "datasets.get": ("bigquery", gets("/datasets/[^/]*$")),
    "tables.get afterwards": ("bigquery", gets("/tables/")),
    "the process's mark": ("gcs", posts("/upload/", is_named("_process"))),
    "a file's beginning": ("gcs", posts("/upload/", lambda request: request.query.get("uploadType") == "resumable")),
    "a file's bytes": ("gcs", puts("/upload/")),
    "the intent": ("gcs", posts("/upload/", is_named("_intent"))),
    "the claim": ("gcs", posts("/upload/", is_named("/0000000001"))),
    "the record": ("gcs", posts("/upload/", is_named(".commit."))),
    "a list": ("gcs", gets("/o$")),
    "a deletion": ("gcs", deletes()),
}
FAULTS = {"429": answer(429), "500": answer(500), "503": answer(503), "cut": cut_request, "lost": lost_answer, "truncated": truncated}


ASKED_OF_ALL_FAULTS = ("jobs.insert", "the claim", "a file's beginning")


def fault_cases() -> list:
    """Each retry takes a second or more: not everything is done to everything."""
    cases = []
    for asked in ASKED:
        for fault in FAULTS if asked in ASKED_OF_ALL_FAULTS else ("503", "truncated"):
            if (asked, fault) == ("a file's bytes", "503"):  # See test_an_upload_that_is_asked_after.
                continue
            cases.append((asked, fault))
    return cases


@pytest.fixture
def ask_of(bigquery_proxy, gcs_proxy):
    """The proxy that a request of ASKED passes, and which it is."""
    proxies = {"bigquery": bigquery_proxy, "gcs": gcs_proxy}
    return lambda asked: (proxies[ASKED[asked][0]], ASKED[asked][1])


@pytest.mark.parametrize(("asked", "fault"), fault_cases())
def test_a_fault_that_passes(job, items, ask_of, asked, fault):
    proxy, when = ask_of(asked)
    rule = proxy.fault(FAULTS[fault], when=when, nth=2 if asked.endswith("afterwards") else 1)
    job.run()
    assert rule.used == 1
    assert job.rows("items") == items.rows()
    assert job.staged() == []
    items.add("four")
    job.run()
    assert job.rows("items") == items.rows()


def test_an_upload_that_is_asked_after(job, items, gcs_proxy):
    """The stand-in ends an upload of which the client asks how far it is, where the service goes on (servers/test_gcs.py): what is there then is
    not what was written, and is not loaded."""
    gcs_proxy.fault(answer(503), when=ASKED["a file's bytes"][1])
    said(job.run(expect=1), "Nothing of this commit was published")
    assert call("GET", job.dataset.url("items")).status == 404
    job.run()
    assert job.rows("items") == items.rows()
    job.expect_nothing_staged()


# Where the service says at once that a job is done, nobody asks for it: here it says that it runs.
@pytest.mark.parametrize("fault", ["429", "500", "503", "truncated", "404"])
def test_a_fault_where_a_job_is_asked_for(job, items, bigquery_proxy, fault):
    bigquery_proxy.fault(rewritten(quiet), when=posts(JOBS))
    rule = bigquery_proxy.fault(answer(404) if fault == "404" else FAULTS[fault], when=gets("/jobs/"))
    job.run()
    assert rule.used == 1 and bigquery_proxy.count("/jobs/", "GET") == 2
    assert job.rows("items") == items.rows() and job.staged() == []


def test_a_job_that_cannot_be_found_at_first(job, items, bigquery_proxy):
    """The answer to the insertion is lost, its repetition is a 409, and a 404 comes right after that."""
    bigquery_proxy.fault(truncated, when=posts(JOBS))
    bigquery_proxy.fault(answer(404), when=gets("/jobs/"))
    job.run()
    assert [request.status for request in bigquery_proxy.requests if request.path.endswith("/jobs")] == [200, 409]
    assert job.rows("items") == items.rows() and job.staged() == []


def test_a_job_that_runs_for_a_while(job, items, bigquery_proxy):
    bigquery_proxy.fault(rewritten(quiet), when=posts(JOBS))
    bigquery_proxy.fault(rewritten(quiet), when=gets("/jobs/"), times=3)
    job.run()
    assert bigquery_proxy.count("/jobs/", "GET") == 4
    assert job.rows("items") == items.rows()


def test_slow_answers(job, items, bigquery_proxy, gcs_proxy):
    held = [bigquery_proxy.slow(when=posts(JOBS)), gcs_proxy.slow(when=posts("/upload/", is_named(".commit.")))]
    run = job.start()
    for slow in held:
        slow.wait_for_request(run)
        slow.let(2)
        slow.release()
    ended(run)
    assert job.rows("items") == items.rows() and job.staged() == []


# Jobs that fail.


@pytest.mark.parametrize("reason", ["backendError", "internalError", "jobBackendError", "stopped", "rateLimitExceeded"])
def test_a_job_that_the_service_has_lost_is_begun_anew(job, items, bigquery_proxy, reason):
    bigquery_proxy.fault(failing(reason), when=posts(JOBS))
    job.run()
    assert [name.rpartition("_")[2] for name in ids(bigquery_proxy)] == ["1", "2"]
    assert job.rows("items") == items.rows() and job.staged() == []


def ids(proxy) -> list[str]:
    return [request.json()["jobReference"]["jobId"] for request in proxy.requests if request.path.endswith("/jobs") and request.method == "POST"]


@pytest.mark.parametrize("state", ["kept", "lost"])
@pytest.mark.parametrize(("reason", "times"), [("backendError", 5), ("invalid", 1), ("quotaExceeded", 1), ("notFound", 1), ("accessDenied", 1)])
def test_a_job_that_fails_is_a_failed_run(job, items, bigquery_proxy, reason, times, state):
    bigquery_proxy.fault(failing(reason, "this and that"), when=posts(JOBS), times=times)
    finished = job.run("--run-id", "monday", expect=1)
    said(finished, "table items", "is not loaded", "this and that")
    assert len(ids(bigquery_proxy)) == times and job.records("items") == []
    if state == "lost":
        job.lose_state()
    job.run("--run-id", "monday")
    assert job.rows("items") == items.rows()
    job.expect_nothing_staged()


@pytest.mark.parametrize("reason", ["invalid", "quotaExceeded", "accessDenied"])
def test_what_does_not_pass_by_itself_is_not_said_to_pass(job, bigquery_proxy, reason):
    bigquery_proxy.fault(failing(reason), when=posts(JOBS))
    assert "this may pass" not in job.run(expect=None).stdout


@pytest.mark.parametrize("state", ["kept", "lost"])
def test_a_file_that_is_gone_fails_the_job(job, items, bigquery_proxy, bucket, state):
    """The service has failed the job, and its id is used up."""
    def remove(_request):
        for name in job.staged():
            if name.endswith(".parquet"):
                bucket.delete(name)

    bigquery_proxy.fault(hook(remove), when=posts(JOBS))
    said(job.run("--run-id", "monday", expect=1), "is not loaded", "Nothing of this commit was published")
    if state == "lost":
        job.lose_state()
    job.run("--run-id", "monday")
    assert job.rows("items") == items.rows()
    job.expect_nothing_staged()


# Insertions that are refused.


@pytest.mark.parametrize(("status", "reason", "code"), [(400, "invalid", 1), (403, "accessDenied", 2), (403, "quotaExceeded", 1)])
def test_an_insertion_that_is_refused(job, items, bigquery_proxy, status, reason, code):
    bigquery_proxy.fault(answer(status, reason, "this and that"), when=posts(JOBS, lambda request: "load" in request.json()["configuration"]))
    finished = job.run(expect=None)
    said(finished, "table items", "this and that")
    assert finished.returncode in (1, code), finished.stdout
    assert job.records("items") == []
    job.run()
    assert job.rows("items") == items.rows()
    assert len(loads_asked(bigquery_proxy)) == 2
    job.expect_nothing_staged()


# Runs that are stopped, and two at once.


def test_sigterm_while_the_job_runs(job, items, bigquery_proxy):
    bigquery_proxy.fault(rewritten(quiet), when=posts(JOBS))
    always = bigquery_proxy.fault(rewritten(quiet), when=gets("/jobs/"), times=None)
    run = job.start()
    until(lambda: always.used > 1, "the run asks for the job")
    run.send_signal(signal.SIGTERM)
    ended(run, 130)
    job.lose_state()
    job.environment["BIGQUERY_EMULATOR_HOST"] = job.dataset.server.uri()
    job.run()
    assert job.rows("items") == items.rows()
    job.expect_nothing_staged()


@pytest.mark.parametrize("held_at", ["jobs.insert", "the claim", "the record", "a file's bytes", "the intent"])
def test_a_second_machine(job, items, ask_of, held_at):
    """It has a state folder of its own, and begins, and ends, while a request of the first is under way."""
    proxy, when = ask_of(held_at)
    held = proxy.hold(when=when)
    first = job.start()
    held.wait_for_request(first)
    job.document["state"] = "./other_machine"
    job.write()
    job.run()
    held.release()
    text = "".join(first.communicate(timeout=SECONDS))
    assert job.rows("items") == items.rows(), text
    items.add("four")
    job.run()
    assert job.rows("items") == items.rows(), text
    job.expect_nothing_staged()


@pytest.mark.parametrize("held_at", ["jobs.insert", "the claim", "the record", "a file's bytes"])
def test_a_second_machine_that_appends(items, into_bigquery, ask_of, held_at):
    """Both do, whoever is first; who is told to run again does."""
    items.add("one", "two")
    job = into_bigquery(items.source, {"name": "items", "write": "append"})
    proxy, when = ask_of(held_at)
    held = proxy.hold(when=when)
    first = job.start("--run-id", "first")
    held.wait_for_request(first)
    job.document["state"] = "./other_machine"
    job.write()
    job.run("--run-id", "second")
    held.release()
    text = "".join(first.communicate(timeout=SECONDS))
    if first.returncode != 0:
        said(text, "Nothing of this commit was published")
        del job.document["state"]
        job.write()
        job.run("--run-id", "first")
    assert job.rows("items") == sorted(items.rows() * 2), text
    assert sorted(record["run"] for record in job.records("items")) == ["first", "second"]
    job.expect_nothing_staged()


@pytest.mark.parametrize("held_at", ["jobs.insert", "the claim", "the record", "a file's bytes", "the intent", "the process's mark"])
@pytest.mark.parametrize("state", ["kept", "lost"])
def test_a_request_that_arrives_after_its_run(job, items, ask_of, held_at, state):
    """The run is killed, the same command runs to its end, then what the dead one had asked for is done."""
    proxy, when = ask_of(held_at)
    held = proxy.hold(when=when)
    first = job.start("--run-id", "monday")
    late = held.wait_for_request(first)
    first.kill()
    first.communicate()
    if state == "lost":
        job.lose_state()
    job.run("--run-id", "monday")
    assert job.rows("items") == items.rows()
    held.release()
    until(lambda: late.status is not None or late.note, "the request has arrived")
    assert job.rows("items") == items.rows()
    items.add("four")
    job.run()
    assert job.rows("items") == items.rows()
    job.expect_nothing_staged()


def test_an_upload_that_arrives_after_its_run_has_begun_anew(items, into_bigquery, bigquery_proxy, gcs_proxy):
    """The state is lost with the run, the rows have changed, and the new run has files of the same names when the old bytes come."""
    items.add("1000", "1000")
    job = into_bigquery(items.source, {"name": "items", "write": "append"}, destination={"compression": "none"})
    upload = gcs_proxy.hold(when=ASKED["a file's bytes"][1])
    first = job.start("--run-id", "monday")
    late = upload.wait_for_request(first)
    first.kill()
    first.communicate()
    job.lose_state()
    items.execute("UPDATE items SET name = '2000'")
    insertion = bigquery_proxy.hold(when=posts(JOBS))
    job.environment["STORAGE_EMULATOR_HOST"] = job.bucket.server.uri()
    second = job.start("--run-id", "monday")
    insertion.wait_for_request(second)
    upload.release()
    until(lambda: late.status is not None or late.note, "the upload has arrived")
    insertion.release()
    text = "".join(second.communicate(timeout=SECONDS))
    assert second.returncode == 0 and job.rows("items") == items.rows(), text


def test_two_jobs_of_one_name_and_run_id_into_two_datasets(items, into_bigquery, bigquery_proxy, dataset):
    """As where a scheduler's key is the run id, and a variable is the dataset. They have machines of their own, and one bucket."""
    items.add("1000", "1000")
    url = f"{dataset.project}/datasets/{dataset.name}_more"
    job = into_bigquery(items.source, {"name": "items", "write": "append"}, destination={"compression": "none"})
    other = into_bigquery(items.source, {"name": "items", "write": "append"}, file="other.yaml", state="./other_machine",
                          destination={"compression": "none", "dataset": f"{dataset.name}_more"})
    try:
        held = bigquery_proxy.hold(when=posts(JOBS))
        first = job.start("--run-id", "monday")
        held.wait_for_request(first)
        items.execute("UPDATE items SET name = '2000'")
        held_too = bigquery_proxy.hold(when=posts(JOBS))
        second = other.start("--run-id", "monday")
        held_too.wait_for_request(second)
        held.release()
        text = "".join(first.communicate(timeout=SECONDS))
        held_too.release()
        text += "".join(second.communicate(timeout=SECONDS))
        assert job.rows("items") == [["1", "1000"], ["2", "1000"]], text
        rows = call("GET", f"{url}/tables/items/data").json()["rows"]
        assert [[cell["v"] for cell in row["f"]] for row in rows] == [["1", "2000"], ["2", "2000"]], text
    finally:
        call("DELETE", url, deleteContents="true")


@pytest.mark.parametrize("held_at", ["the claim", "jobs.insert"])
def test_one_run_id_on_two_machines(items, into_bigquery, ask_of, held_at):
    """As a scheduler does that has lost sight of the first. The rows are those of one moment, whichever."""
    items.add("1000", "1000")
    moments = [items.rows()]
    how = {"engine": {"workers": {"initial": 1, "max": 1}}, "destination": {"compression": "none", "target_file_size": "1"}}
    table = {"name": "items", "write": "append", "partition": {"target_rows": 2}}
    job = into_bigquery(items.source, table, **how)
    other = into_bigquery(items.source, table, file="other.yaml", state="./other_machine", **how)
    proxy, when = ask_of(held_at)
    held = proxy.hold(when=when)
    first = job.start("--run-id", "monday")
    held.wait_for_request(first)
    items.execute("UPDATE items SET name = '2000'")
    items.add("2000", "2000")
    moments.append(items.rows())
    # Of a process of another machine nothing tells whether it lives; this one is refused for one that does, unless it has decided already.
    if held_at == "the claim":
        said(other.run("--run-id", "monday", expect=2), "another process, of pid", "is writing run monday")
    for name in job.bucket.names():
        if name.endswith("/_process.json"):
            job.bucket.delete(name)
    held_too = proxy.fault(Hold(), when=when)
    second = other.start("--run-id", "monday")
    until(lambda: second.poll() is not None or held_too.used, "the second run has staged its files, or ends")
    held.release()
    text = "".join(first.communicate(timeout=SECONDS))
    held_too.fault.release()
    text += "".join(second.communicate(timeout=SECONDS))
    job.run("--run-id", "monday")
    other.run("--run-id", "monday")
    assert job.rows("items") in moments, text
    job.expect_nothing_staged()
