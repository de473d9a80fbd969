"""What is asked of BigQuery and of the bucket: how often, and word by word.

The transcripts of bigquery_requests/ are compared line by line; HEADRACE_WRITE_TRANSCRIPTS=1 in the environment writes them anew."""

import os
import pathlib
import re

import pytest
from servers.bigquery import PROJECT

TRANSCRIPTS = pathlib.Path(__file__).parent / "bigquery_requests"
MOST_REQUESTS = 6  # Of BigQuery, for one table and run, without those that ask whether the job is done.
RUN_ID = "first"

# What differs from run to run.
NAMES = {
    re.compile(r"headrace_load_[0-9a-f]{32}"): "headrace_load_HASH",
    re.compile(r'("(?:bytes|digest|checksum|committed_at|publication|slot_ms)": )("(?:[^"\\]|\\.)*"|\d+)'): r'\1"…"',
    re.compile(r"\(\d+ bytes of"): "(… bytes of",
    re.compile(r'("(?:creationTime|expirationTime|pid|started|boot|host|machine)": )("[^"]*"|\d+)'): r'\1"…"',
    re.compile(r"(ifGenerationMatch=)[1-9]\d*"): r"\1GENERATION",
    re.compile(r"/1-[0-9a-f]{16}/"): "/LIFE/",
    re.compile(r"%2F1-[0-9a-f]{16}%2F"): "%2FLIFE%2F",
    re.compile(r"(Content-Range: bytes ).*"): r"\1…",
    re.compile(r"(X-Upload-Content-Length: ).*"): r"\1…",
}


def is_poll(request) -> bool:
    return request.method == "GET" and "/jobs/" in request.path


def asked_without_polls(proxy) -> list[str]:
    return [f"{request.method} {request.path}" for request in proxy.requests if not is_poll(request)]


@pytest.mark.parametrize("write", ["append", "replace", "error_if_exists"])
def test_a_run_of_100_000_rows_asks_little(items, into_bigquery, bigquery_proxy, gcs_proxy, write):
    items.execute("WITH RECURSIVE ids(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM ids LIMIT 100000) INSERT INTO items SELECT id, 'name ' || id FROM ids")
    job = into_bigquery(items.source, {"name": "items", "write": write, "partition": {"target_rows": 10000}})
    job.run()
    asked = asked_without_polls(bigquery_proxy)
    print(*asked, f"and {len(gcs_proxy.requests)} requests to the bucket", sep="\n")
    assert job.dataset.get("items")["numRows"] == "100000"
    assert len(asked) <= MOST_REQUESTS, asked


def test_more_rows_ask_no_more_of_bigquery(items, into_bigquery, bigquery_proxy):
    """Units and files are no matter: there is one load job for each table."""
    counts = []
    for rows in (1, 5000):
        items.execute("DELETE FROM items")
        items.add(*(f"name {number}" for number in range(rows)))
        bigquery_proxy.forget()
        job = into_bigquery(items.source, {"name": "items", "write": "replace", "partition": {"target_rows": 250}})
        job.run()
        counts.append(len(asked_without_polls(bigquery_proxy)))
    assert counts[1] <= counts[0], counts


# Word by word.


def transcript_of(case, job, bigquery_proxy, gcs_proxy):
    names = {job.dataset.name: "DATASET", job.bucket.name: "BUCKET", str(job.headrace.folder): "FOLDER"} | NAMES
    text = "# BigQuery\n\n" + bigquery_proxy.transcript(names) + "\n# The bucket\n\n" + gcs_proxy.transcript(names)
    file = TRANSCRIPTS / f"{case}.txt"
    if os.environ.get("HEADRACE_WRITE_TRANSCRIPTS"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    assert text.splitlines() == file.read_text().splitlines(), f"not as in {file}"


@pytest.fixture
def load(items, into_bigquery):
    """One worker and one unit: what they ask comes in one order."""
    items.add("one", "two")
    return lambda **table: into_bigquery(items.source, {"name": "items"} | table, engine={"workers": {"initial": 1, "max": 1}})


@pytest.mark.parametrize("case", ["new_table", "append", "replace", "incremental"])
def test_requests(load, items, bigquery_proxy, gcs_proxy, case):
    keys = {"mode": "transactional", "cursor": "id"} if case == "incremental" else {"write": "replace" if case == "replace" else "append"}
    job = load(**keys)
    if case != "new_table":
        job.run("--run-id", "before")
        items.add("three")
        bigquery_proxy.forget()
        gcs_proxy.forget()
    job.run("--run-id", RUN_ID)
    transcript_of(case, job, bigquery_proxy, gcs_proxy)


def test_no_request_says_the_projects_name_elsewhere(load, bigquery_proxy):
    """Every path is of the project and the dataset of the job."""
    job = load()
    job.run()
    others = [request.path for request in bigquery_proxy.requests
              if not request.path.startswith((f"/bigquery/v2/projects/{PROJECT}/datasets/{job.dataset.name}", f"/bigquery/v2/projects/{PROJECT}/jobs", f"/bigquery/v2/projects/{PROJECT}/queries"))]
    assert others == []
