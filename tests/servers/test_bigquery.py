"""What headrace stands on in the stand-in of BigQuery, and where that one is not as the service.

What is not as the service is pinned too, below the second line: a version of the stand-in that has changed there shows.
"""

import json
import pathlib
import subprocess
import sys
import time
import uuid

import pyarrow
import pytest

from harness.bucket import parquet
from harness.dataset import error, new_id, schema
from harness.web import call, multipart
from servers.process import listens

PROGRAM = pathlib.Path(__file__).resolve().parent / "bigquery.py"
THREE = {"id": [1, 2, 3], "name": ["a", "b", None]}
THREE_ROWS = [["1", "a"], ["2", "b"], ["3", None]]
CHUNK = 256 * 1024  # All chunks of an upload but the last are multiples of it.


@pytest.fixture
def three(bucket):
    """The URI of a file of three rows."""
    return bucket.write_parquet("three.parquet", THREE)


def upload(dataset, table, data, job):
    """A load job of data that comes with it, in one request."""
    description = {"jobReference": {"jobId": job}, "configuration": {"load": {"destinationTable": dataset.reference(table), "sourceFormat": "PARQUET"}}}
    return call("POST", dataset.uploads, **multipart(description, data), uploadType="multipart")


def start_upload(dataset, table, job):
    """The same in chunks; returns the URL that takes them."""
    started = call("POST", dataset.uploads, {
        "jobReference": {"jobId": job}, "configuration": {"load": {"destinationTable": dataset.reference(table), "sourceFormat": "PARQUET"}},
    }, {"X-Upload-Content-Type": "application/octet-stream"}, uploadType="resumable")
    assert started.status == 200
    return started.headers["Location"]


def send(url, data, where):
    return call("PUT", url, data, {"Content-Range": f"bytes {where}"})


# Datasets and tables.


def test_datasets(dataset):
    url = f"{dataset.project}/datasets"
    assert call("GET", f"{url}/{dataset.name}").json()["datasetReference"]["datasetId"] == dataset.name
    again = call("POST", url, {"datasetReference": {"datasetId": dataset.name}})
    assert again.status == 409 and again.reason == "duplicate"
    missing = call("GET", f"{url}/nothing")
    assert missing.status == 404 and missing.reason == "notFound"
    dataset.make("table", "id INTEGER")
    assert call("DELETE", f"{url}/{dataset.name}").reason == "resourceInUse"


def test_tables(dataset):
    dataset.make("table", "id INTEGER REQUIRED", "tags STRING REPEATED", description="words", labels={"run": "1"})
    known = dataset.get("table")
    assert known["schema"]["fields"] == [{"name": "id", "type": "INTEGER", "mode": "REQUIRED"}, {"name": "tags", "type": "STRING", "mode": "REPEATED"}]
    assert [known[name] for name in ("description", "labels", "numRows", "type")] == ["words", {"run": "1"}, "0", "TABLE"]
    again = call("POST", f"{dataset.project}/datasets/{dataset.name}/tables", {"tableReference": dataset.reference("table")})
    assert again.status == 409 and again.reason == "duplicate"
    assert call("DELETE", dataset.url("table")).status == 204
    missing = call("GET", dataset.url("table"))
    assert missing.status == 404 and missing.reason == "notFound"


def test_a_patch_changes_what_it_names(dataset):
    dataset.make("table", "id INTEGER", description="words", labels={"run": "1"})
    dataset.patch("table", labels={"headrace_commit": "abc"})
    assert dataset.get("table")["labels"] == {"run": "1", "headrace_commit": "abc"}
    dataset.patch("table", labels={"run": None}, description="others")
    assert (dataset.get("table")["labels"], dataset.get("table")["description"]) == ({"headrace_commit": "abc"}, "others")


def test_a_patch_of_a_table_that_has_changed_is_refused(dataset):
    etag = dataset.make("table", "id INTEGER")["etag"]
    patch = {"description": "words"}
    assert call("PATCH", dataset.url("table"), patch, {"If-Match": etag}).status == 200
    late = call("PATCH", dataset.url("table"), patch, {"If-Match": etag})
    assert late.status == 412 and late.reason == "conditionNotMet"


def test_partitioning_and_clustering(dataset):
    layout = {"timePartitioning": {"type": "DAY", "field": "day", "expirationMs": "864000000"}, "clustering": {"fields": ["id", "name"]}}
    dataset.make("table", "id INTEGER", "name STRING", "day DATE", **layout)
    known = dataset.get("table")
    assert {name: known[name] for name in layout} == layout


def test_a_table_expires(dataset):
    later = str(int(time.time() * 1000) + 3_600_000)
    dataset.make("table", "id INTEGER", expirationTime=later)
    assert dataset.get("table")["expirationTime"] == later
    dataset.patch("table", expirationTime=None)
    assert "expirationTime" not in dataset.get("table")
    call("PATCH", dataset.url("table"), {"expirationTime": str(int(time.time() * 1000))})
    assert call("GET", dataset.url("table")).status == 404


def test_columns_are_added_and_not_removed(dataset):
    dataset.make("table", "id INTEGER REQUIRED")
    dataset.patch("table", schema=schema("id INTEGER NULLABLE", "amount NUMERIC"))
    assert [(field["name"], field["mode"]) for field in dataset.get("table")["schema"]["fields"]] == [("id", "NULLABLE"), ("amount", "NULLABLE")]
    refused = call("PATCH", dataset.url("table"), {"schema": schema("id INTEGER")})
    assert refused.status == 400 and refused.reason == "invalid"


# Load jobs.


def test_a_load_and_its_id(dataset, three):
    configuration, job = dataset.load_of("table", three), new_id()
    assert dataset.insert(configuration, job).status == 200
    done = dataset.done(job)
    assert error(done) is None and done["jobReference"]["jobId"] == job
    assert done["configuration"]["load"]["sourceUris"] == [three] and done["configuration"]["load"]["destinationTable"] == dataset.reference("table")
    told = done["statistics"]["load"]
    assert (told["outputRows"], told["inputFiles"], told["badRecords"]) == ("3", "1", "0") and int(told["inputFileBytes"]) > 0
    assert dataset.rows("table") == THREE_ROWS
    again = dataset.insert(configuration, job)
    assert again.status == 409 and again.reason == "duplicate"
    assert dataset.rows("table") == THREE_ROWS


def test_the_id_of_a_failed_job_is_used_up(dataset, bucket, three):
    job = new_id()
    assert dataset.insert(dataset.load_of("table", bucket.uri("nothing")), job).status == 200
    assert dataset.done(job)["status"]["errorResult"]["reason"] == "invalid"  # The service says notFound of a file.
    assert dataset.insert(dataset.load_of("table", three), job).status == 409
    assert call("GET", dataset.url("table")).status == 404


def test_a_job_that_nobody_has_asked_for(dataset):
    missing = call("GET", f"{dataset.project}/jobs/{new_id()}")
    assert missing.status == 404 and missing.reason == "notFound"


def test_many_files_and_a_wildcard(dataset, bucket):
    uris = [bucket.write_parquet(f"run/{number}.parquet", {"id": [number]}) for number in range(3)]
    assert dataset.load("named", *uris)["statistics"]["load"]["outputRows"] == "3"
    assert dataset.load("matched", bucket.uri("run/*.parquet"))["statistics"]["load"]["inputFiles"] == "3"
    assert dataset.rows("named") == dataset.rows("matched") == [["0"], ["1"], ["2"]]


def test_columns_are_matched_by_name(dataset, bucket, three):
    dataset.load("table", three)
    assert error(dataset.load("table", bucket.write_parquet("turned.parquet", {"name": ["x"], "id": [4]}))) is None
    assert dataset.rows("table") == THREE_ROWS + [["4", "x"]]


def test_a_load_that_truncates(dataset, bucket, three):
    dataset.load("table", three)
    assert error(dataset.load("table", bucket.write_parquet("one.parquet", {"id": [9]}), writeDisposition="WRITE_TRUNCATE")) is None
    assert dataset.rows("table") == [["9"]]


@pytest.mark.parametrize("disposition", ["WRITE_TRUNCATE", "WRITE_APPEND"])
def test_a_load_that_fails_leaves_the_rows(dataset, bucket, three, disposition):
    dataset.load("table", three)
    bad = bucket.write("bad.parquet", parquet(THREE)[:-40])
    for uris in ([bad], [three, bad], [three, bucket.uri("nothing.parquet")]):
        failed = dataset.load("table", *uris, writeDisposition=disposition)
        assert failed["status"]["errorResult"]["reason"] == "invalid"
        assert dataset.rows("table") == THREE_ROWS


def test_a_load_into_a_table_that_must_be_empty_or_there(dataset, three):
    dataset.load("table", three)
    assert dataset.load("table", three, writeDisposition="WRITE_EMPTY")["status"]["errorResult"]["reason"] == "duplicate"
    assert dataset.load("other", three, createDisposition="CREATE_NEVER")["status"]["errorResult"]["reason"] == "notFound"
    assert dataset.rows("table") == THREE_ROWS


def test_a_load_lays_out_the_table_that_it_makes(dataset, bucket):
    uri = bucket.write_parquet("file.parquet", pyarrow.table({"id": [1], "day": pyarrow.array([20_000], pyarrow.date32())}))
    layout = {"timePartitioning": {"type": "MONTH", "field": "day"}, "clustering": {"fields": ["id"]}}
    dataset.load("table", uri, schema=schema("id INTEGER", "day DATE"), **layout)
    known = dataset.get("table")
    assert {name: known[name] for name in layout} == layout


def test_columns_that_are_new(dataset, bucket, three):
    dataset.load("table", three)
    wider = bucket.write_parquet("wider.parquet", {"id": [4], "name": ["d"], "amount": [1.5]})
    assert "Cannot add fields (field: amount)" in error(dataset.load("table", wider))
    assert error(dataset.load("table", wider, schemaUpdateOptions=["ALLOW_FIELD_ADDITION"])) is None
    assert dataset.rows("table") == [[*row, None] for row in THREE_ROWS] + [["4", "d", "1.5"]]
    refused = dataset.load("table", wider, schemaUpdateOptions=["ALLOW_FIELD_ADDITION"], writeDisposition="WRITE_TRUNCATE")
    assert "only be specified with WRITE_APPEND" in error(refused)


def test_a_load_is_done_later(dataset, bucket):
    """The answer to the request is that of a job that runs."""
    rows = 2_000_000
    uri = bucket.write_parquet("large.parquet", pyarrow.table({"id": range(rows), "name": [str(number) for number in range(rows)]}))
    job = new_id()
    assert dataset.insert(dataset.load_of("table", uri), job).json()["status"]["state"] in ("PENDING", "RUNNING", "DONE")
    assert dataset.done(job)["statistics"]["load"]["outputRows"] == str(rows)
    assert dataset.get("table")["numRows"] == str(rows)


@pytest.mark.parametrize(("kind", "values", "told"), [
    ("INTEGER", pyarrow.array([-2**63, None]), ["-9223372036854775808", None]),
    ("FLOAT", pyarrow.array([1.5, float("nan"), float("inf")]), ["1.5", "Infinity", "NaN"]),
    ("BOOLEAN", pyarrow.array([True]), ["true"]),
    ("STRING", pyarrow.array(["ä", ""]), ["", "ä"]),
    ("DATE", pyarrow.array([0], pyarrow.date32()), ["1970-01-01"]),
    ("TIME", pyarrow.array([1_000_001], pyarrow.time64("us")), ["00:00:01.000001"]),
    ("DATETIME", pyarrow.array([1_000_001], pyarrow.timestamp("us")), ["1970-01-01T00:00:01.000001"]),
    ("TIMESTAMP", pyarrow.array([1_000_001], pyarrow.timestamp("us", "UTC")), ["1.000001"]),
    ("NUMERIC", pyarrow.array(["1.50"]).cast(pyarrow.decimal128(10, 2)), ["1.5"]),
    ("JSON", pyarrow.array(['{"a": 1}']), ['{"a":1}']),
    ("GEOGRAPHY", pyarrow.array(["POINT(1 2)"]), ["POINT(1 2)"]),
])
def test_types(dataset, bucket, kind, values, told):
    uri = bucket.write_parquet("file.parquet", pyarrow.table({"c": values}))
    assert error(dataset.load("table", uri, schema=schema(f"c {kind}"))) is None
    assert sorted((value for [value] in dataset.rows("table")), key=str) == sorted(told, key=str)
    assert dataset.get("table")["schema"]["fields"][0]["type"] == kind


def test_arrays_and_structs(dataset, bucket):
    uri = bucket.write_parquet("file.parquet", {"tags": [["a", "b"], None], "place": [{"x": 1, "y": None}, None]})
    fields = [{"name": "tags", "type": "STRING", "mode": "REPEATED"}, {"name": "place", "type": "RECORD", **schema("x INTEGER", "y STRING")}]
    assert error(dataset.load("table", uri, schema={"fields": fields}, parquetOptions={"enableListInference": True})) is None
    assert dataset.rows("table") == [[[], None], [[{"v": "a"}, {"v": "b"}], {"f": [{"v": "1"}, {"v": None}]}]]


# Rows that come with the job.


def test_an_upload_in_one_request(dataset):
    job = new_id()
    assert upload(dataset, "table", parquet(THREE), job).status == 200
    assert dataset.done(job)["statistics"]["load"]["outputRows"] == "3"
    assert upload(dataset, "table", parquet(THREE), job).status == 409
    assert dataset.rows("table") == THREE_ROWS


def test_an_upload_in_chunks(dataset):
    data, job = parquet({"id": range(100_000), "name": [uuid.uuid4().hex for _ in range(100_000)]}), new_id()
    size = len(data)
    assert size > 3 * CHUNK
    url = start_upload(dataset, "table", job)
    for begin in range(0, size, CHUNK):
        end = min(begin + CHUNK, size)
        sent = send(url, data[begin:end], f"{begin}-{end - 1}/{size if end == size else '*'}")
        if end < size:
            assert sent.status == 308 and sent.headers["Range"] == f"bytes=0-{end - 1}"
            asked = send(url, b"", "*/*")
            assert asked.status == 308 and asked.headers["Range"] == f"bytes=0-{end - 1}"
    assert sent.status == 200 and sent.json()["jobReference"]["jobId"] == job
    assert dataset.done(job)["statistics"]["load"]["outputRows"] == "100000"


# Copies, queries, rows.


def test_a_copy(dataset, three):
    dataset.load("from", three)
    copy = {"copy": {"sourceTables": [dataset.reference("from")], "destinationTable": dataset.reference("to")}}
    job = new_id()
    assert dataset.insert(copy, job).status == 200 and error(dataset.done(job)) is None
    assert dataset.done(job)["statistics"]["copy"]["copiedRows"] == "3"
    assert dataset.insert(copy, job).status == 409
    assert dataset.run(copy)["status"]["errorResult"]["reason"] == "duplicate"  # WRITE_EMPTY is the default.
    assert dataset.rows("to") == THREE_ROWS
    copy["copy"] |= {"sourceTables": 2 * [dataset.reference("from")], "writeDisposition": "WRITE_TRUNCATE"}
    assert error(dataset.run(copy)) is None and len(dataset.rows("to")) == 6
    copy["copy"] |= {"sourceTables": [dataset.reference("nothing")]}
    assert dataset.run(copy)["status"]["errorResult"]["reason"] == "notFound" and len(dataset.rows("to")) == 6


def test_a_query_job(dataset, three):
    dataset.load("table", three)
    done = dataset.query("SELECT max(id) AS top FROM {}.table", destinationTable=dataset.reference("result"))
    assert error(done) is None and done["statistics"]["query"]["statementType"] == "SELECT"
    assert dataset.rows("result") == [["3"]]
    failed = dataset.query("SELECT nothing FROM {}.table")["status"]["errorResult"]
    assert failed["reason"] == "invalidQuery" and failed["location"] == "query"


def test_a_merge(dataset, three):
    dataset.load("table", three)
    done = dataset.query("MERGE {0}.table t USING (SELECT 2 AS id, 'new' AS name UNION ALL SELECT 4, 'more') s ON t.id = s.id "
                         "WHEN MATCHED THEN UPDATE SET name = s.name WHEN NOT MATCHED THEN INSERT (id, name) VALUES (s.id, s.name)")
    assert done["statistics"]["query"]["dmlStats"] == {"insertedRowCount": "1", "updatedRowCount": "1", "deletedRowCount": "0"}
    assert dataset.rows("table") == [["1", "a"], ["2", "new"], ["3", None], ["4", "more"]]


def test_a_script_that_fails_in_a_transaction_changes_nothing(dataset, three):
    dataset.load("table", three)
    failed = dataset.query("BEGIN TRANSACTION; DELETE FROM {0}.table WHERE TRUE; SELECT ERROR('no'); COMMIT TRANSACTION;")
    assert error(failed) is not None and dataset.rows("table") == THREE_ROWS
    done = dataset.query("BEGIN TRANSACTION; DELETE FROM {0}.table WHERE id = 1; DELETE FROM {0}.table WHERE id = 2; COMMIT TRANSACTION;")
    assert error(done) is None and dataset.rows("table") == [["3", None]]


def test_a_query_that_is_answered_at_once(dataset, three):
    dataset.load("table", three)
    ask = {"query": f"SELECT id, name FROM {dataset.name}.table WHERE id >= @least ORDER BY id", "useLegacySql": False, "maxResults": 1,
           "parameterMode": "NAMED", "queryParameters": [{"name": "least", "parameterType": {"type": "INT64"}, "parameterValue": {"value": "2"}}]}
    answer = call("POST", f"{dataset.project}/queries", ask).json()
    assert answer["jobComplete"] and answer["totalRows"] == "2"
    assert answer["rows"] == [{"f": [{"v": "2"}, {"v": "b"}]}]
    more = call("GET", f"{dataset.project}/queries/{answer['jobReference']['jobId']}", pageToken=answer["pageToken"]).json()
    assert more["rows"] == [{"f": [{"v": "3"}, {"v": None}]}] and "pageToken" not in more
    failed = call("POST", f"{dataset.project}/queries", {"query": "SELECT 1 +", "useLegacySql": False})
    assert failed.status == 400 and failed.reason == "invalidQuery"


def test_rows_come_in_pages(dataset, three):
    dataset.load("table", three)
    url = dataset.url("table") + "/data"
    page = call("GET", url, maxResults=2, selectedFields="name").json()
    assert page["totalRows"] == "3" and page["rows"] == [{"f": [{"v": "a"}]}, {"f": [{"v": "b"}]}]
    page = call("GET", url, maxResults=2, pageToken=page["pageToken"]).json()
    assert page["rows"] == [{"f": [{"v": "3"}, {"v": None}]}] and "pageToken" not in page


# The server itself.


def test_it_keeps_its_tables_when_it_is_killed(bigquery, dataset, three):
    dataset.load("table", three)
    bigquery.kill()
    bigquery.start()
    assert dataset.rows("table") == THREE_ROWS


def test_start_and_stop_from_a_shell(tmp_path, gcs):
    state, uri = tmp_path / "state.json", tmp_path / "uri"
    subprocess.run([sys.executable, PROGRAM, "start", "--storage", gcs.uri(), "--state", state, "--uri-file", uri], check=True)
    server = json.loads(state.read_text())
    try:
        assert call("GET", uri.read_text() + "/bigquery/v2/projects/test/datasets").status == 200
        assert listens(server["pid"], server["grpc_port"])
    finally:
        subprocess.run([sys.executable, PROGRAM, "stop", "--state", state], check=True)
    assert not state.exists() and not pathlib.Path(server["folder"]).exists() and not listens(server["pid"], server["port"])


# Where the stand-in is not as the service.


def test_null_in_a_required_column(dataset, bucket):
    """The service refuses the file both times. Here the table that is made by a load has forgotten REQUIRED."""
    uri = bucket.write_parquet("null.parquet", pyarrow.table({"id": pyarrow.array([None], pyarrow.int64())}))
    dataset.make("made", "id INTEGER REQUIRED")
    assert "NOT NULL constraint failed" in error(dataset.load("made", uri))
    assert error(dataset.load("loaded", uri, schema=schema("id INTEGER REQUIRED"))) is None
    assert dataset.rows("loaded") == [[None]] and dataset.get("loaded")["schema"]["fields"][0]["mode"] == "NULLABLE"


@pytest.mark.parametrize("disposition", ["WRITE_TRUNCATE", "WRITE_TRUNCATE_DATA"])
def test_what_truncates_forgets_required_and_keeps_the_rest(dataset, three, disposition):
    """Of the service WRITE_TRUNCATE replaces layout and description too, and WRITE_TRUNCATE_DATA keeps REQUIRED."""
    dataset.make("table", "id INTEGER REQUIRED", "name STRING", description="words", clustering={"fields": ["id"]})
    assert error(dataset.load("table", three, writeDisposition=disposition)) is None
    known = dataset.get("table")
    assert (known["schema"]["fields"][0]["mode"], known["description"], known["clustering"]) == ("NULLABLE", "words", {"fields": ["id"]})


def test_properties_of_a_table_that_a_load_makes(dataset, three):
    """The service gives them to the table."""
    assert error(dataset.load("table", three, destinationTableProperties={"description": "words", "labels": {"run": "1"}})) is None
    assert not {"description", "labels"} & dataset.get("table").keys()


def test_another_layout_of_a_table_that_is_there(dataset, three):
    """The service refuses it, as it refuses a partitioning that a patch changes."""
    dataset.load("table", three, clustering={"fields": ["id"]})
    assert error(dataset.load("table", three, timePartitioning={"type": "DAY"}, clustering={"fields": ["name"]})) is None
    assert dataset.get("table")["clustering"] == {"fields": ["name"]}


def test_a_partition_is_a_table_of_its_own(dataset, three):
    """The service replaces the rows of that day."""
    dataset.make("table", "id INTEGER", "name STRING", timePartitioning={"type": "DAY"})
    assert error(dataset.load("table$20260101", three, writeDisposition="WRITE_TRUNCATE")) is None
    assert dataset.rows("table") == [] and dataset.rows("table$20260101") == THREE_ROWS


def test_bytes_from_parquet_want_no_schema(dataset, bucket):
    """The service loads them with a schema too."""
    uri = bucket.write_parquet("file.parquet", {"data": [b"\x00\xff"]})
    assert "from_base64(BLOB)" in error(dataset.load("table", uri, schema=schema("data BYTES")))
    assert error(dataset.load("table", uri)) is None
    assert dataset.rows("table") == [["AP8="]] and dataset.get("table")["schema"]["fields"][0]["type"] == "BYTES"


def test_a_column_of_the_schema_that_the_file_has_not(dataset, bucket, three):
    """The service loads NULL. Here it does so for a table that is there, without a schema."""
    narrow = bucket.write_parquet("narrow.parquet", {"id": [4]})
    assert error(dataset.load("table", narrow, schema=schema("id INTEGER", "name STRING"))) is not None
    dataset.load("table", three)
    assert error(dataset.load("table", narrow)) is None and dataset.rows("table")[3] == ["4", None]


def test_a_column_of_the_file_that_the_schema_has_not(dataset, three):
    """What the service does is not documented: nothing is to stand on it."""
    assert error(dataset.load("table", three, schema=schema("id INTEGER"))) is None
    assert dataset.rows("table") == [["1"], ["2"], ["3"]]


def test_another_type_than_that_of_the_column(dataset, bucket):
    """The service refuses the file: it casts nothing. Here what can be cast is, and what cannot is refused."""
    dataset.make("table", "id INTEGER")
    assert error(dataset.load("table", bucket.write_parquet("number.parquet", {"id": ["7"]}))) is None
    assert "Could not convert" in error(dataset.load("table", bucket.write_parquet("word.parquet", {"id": ["seven"]})))
    assert dataset.rows("table") == [["7"]]


def test_decimals(dataset, bucket):
    """The service has 76 digits for a BIGNUMERIC, and takes the type from decimalTargetTypes, NUMERIC alone by default. Here these are 38
    digits, and what a NUMERIC has no place for is lost."""
    wide = pyarrow.array(["1.1234567890123"]).cast(pyarrow.decimal128(20, 13))
    uri = bucket.write_parquet("wide.parquet", pyarrow.table({"c": wide}))
    assert error(dataset.load("rounded", uri, schema=schema("c NUMERIC"))) is None and dataset.rows("rounded") == [["1.123456789"]]
    assert error(dataset.load("inferred", uri)) is None
    assert dataset.get("inferred")["schema"]["fields"][0]["type"] == "BIGNUMERIC"
    large = pyarrow.array(["9" * 38]).cast(pyarrow.decimal128(38, 0))
    assert "out of range" in error(dataset.load("large", bucket.write_parquet("large.parquet", pyarrow.table({"c": large})), schema=schema("c BIGNUMERIC")))


def test_a_date_out_of_range(dataset, bucket):
    """The service refuses what is not of the years 1 to 9999."""
    uri = bucket.write_parquet("file.parquet", pyarrow.table({"c": pyarrow.array([3_000_000], pyarrow.date32())}))
    assert error(dataset.load("table", uri)) is None and dataset.rows("table") == [["10183-09-21"]]


def test_lists_are_inferred_always(dataset, bucket):
    """The service wants enableListInference, without which the column is a RECORD or empty."""
    uri = bucket.write_parquet("file.parquet", {"tags": [["a"]]})
    assert error(dataset.load("table", uri)) is None and dataset.rows("table") == [[[{"v": "a"}]]]


def test_a_copy_of_the_rows_alone(dataset, three):
    """The service copies layout and descriptions too, and refuses sources of different schemas."""
    dataset.load("from", three, clustering={"fields": ["id"]})
    dataset.make("wider", "id INTEGER", "name STRING", "more STRING")
    copy = {"sourceTables": [dataset.reference("from"), dataset.reference("wider")], "destinationTable": dataset.reference("to")}
    assert error(dataset.run({"copy": copy})) is None
    assert "clustering" not in dataset.get("to") and len(dataset.get("to")["schema"]["fields"]) == 3


def test_a_request_id_is_that_of_the_job(dataset):
    """The service gives the answer of the first request again."""
    dataset.make("table", "id INTEGER")
    ask = {"query": f"INSERT INTO {dataset.name}.table VALUES (1)", "useLegacySql": False, "requestId": str(uuid.uuid4())}
    assert call("POST", f"{dataset.project}/queries", ask).status == 200
    assert call("POST", f"{dataset.project}/queries", ask).status == 409
    assert dataset.rows("table") == [["1"]]


def test_chunks_are_put_together_as_they_come(dataset):
    """The service keeps what it has where a chunk is sent again."""
    url = start_upload(dataset, "table", new_id())
    for size in (CHUNK, 2 * CHUNK):
        assert send(url, b"a" * CHUNK, f"0-{CHUNK - 1}/*").headers["Range"] == f"bytes=0-{size - 1}"


def test_an_upload_that_is_complete_is_gone(dataset):
    """The service gives the answer again to who asks how far it is."""
    data = parquet(THREE)
    url = start_upload(dataset, "table", new_id())
    assert send(url, data, f"0-{len(data) - 1}/{len(data)}").status == 200
    assert send(url, b"", f"*/{len(data)}").status == 404


def test_places_are_not_looked_at(dataset, three):
    """The service has jobs and datasets in places: a job that is asked for elsewhere is not found."""
    job = dataset.load("table", three)
    assert job["jobReference"]["location"] == "US"
    assert call("GET", f"{dataset.project}/jobs/{job['jobReference']['jobId']}", location="EU").status == 200


def test_legacy_sql_is_the_same(dataset):
    """The service takes a query that says nothing for legacy SQL."""
    assert call("POST", f"{dataset.project}/queries", {"query": "SELECT DATE '2026-01-01'"}).status == 200


def test_fields_that_nobody_knows(dataset, three):
    """The service refuses them."""
    assert error(dataset.load("table", three, nonsense=1)) is None


def test_an_etag_is_of_the_description(dataset, three):
    """That of the service is a hash of the whole resource, with the number of its rows."""
    etag = dataset.make("table", "id INTEGER", "name STRING")["etag"]
    dataset.load("table", three)
    assert dataset.get("table")["etag"] == etag
