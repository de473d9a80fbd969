"""The proxy in front of the stand-ins: what it passes on, what it writes down, and the faults that it makes."""

import contextlib
import copy
import hashlib
import http.client
import json
import re
import socket
import subprocess
import sys
import threading
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.bucket import parquet
from harness.dataset import error, new_id
from harness.gate import until
from harness.web import SECONDS, call, multipart
from servers.api_faults import (answer, cut_request, deletes, failed_job, gets, hook, lost_answer, matches, patches, posts, puts,
                                rewritten, truncated)
from servers.api_proxy import ApiProxy

THREE = {"id": [1, 2, 3], "name": ["a", "b", None]}
THREE_ROWS = [["1", "a"], ["2", "b"], ["3", None]]
CHUNK = 256 * 1024
GONE = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError, http.client.BadStatusLine)


def through(proxy, asked):
    """The same bucket or dataset, asked through the proxy."""
    other = copy.copy(asked)
    for name, value in vars(asked).items():
        if isinstance(value, str):
            setattr(other, name, value.replace(asked.server.uri(), proxy.uri))
    return other


@pytest.fixture
def files(gcs_proxy, bucket):
    """A bucket that is asked through the proxy."""
    return through(gcs_proxy, bucket)


@pytest.fixture
def tables(bigquery_proxy, dataset):
    """A dataset that is asked through the proxy."""
    return through(bigquery_proxy, dataset)


@pytest.fixture
def three(bucket):
    """The URI of a file of three rows."""
    return bucket.write_parquet("three.parquet", THREE)


@contextlib.contextmanager
def connected(uri):
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(uri).netloc, timeout=SECONDS)
    with contextlib.closing(connection):
        yield connection


def told(proxy):
    return [(request.method, request.status, request.note) for request in proxy.requests]


# What it passes on.


def test_a_load_job(bigquery_proxy, tables, three):
    job = new_id()
    assert tables.insert(tables.load_of("table", three), job).status == 200
    assert error(tables.done(job)) is None and tables.rows("table") == THREE_ROWS
    assert bigquery_proxy.count("/jobs$", "POST") == 1 and bigquery_proxy.count(f"/jobs/{job}$", "GET") >= 1
    asked = bigquery_proxy.requests[0]
    assert asked.path == "/bigquery/v2/projects/test/jobs" and asked.status == 200 and asked.note == ""
    assert asked.json()["configuration"]["load"]["sourceUris"] == [three] and asked.size == len(asked.body)


def test_a_load_job_with_its_data_in_one_request(bigquery_proxy, tables):
    job = new_id()
    assert upload(tables, "table", parquet(THREE), job).status == 200
    assert error(tables.done(job)) is None and tables.rows("table") == THREE_ROWS
    assert bigquery_proxy.requests[0].json()["jobReference"] == {"jobId": job}


def upload(dataset, table, data, job):
    return call("POST", dataset.uploads, **multipart(load_of(dataset, table, job), data), uploadType="multipart")


def load_of(dataset, table, job):
    return {"jobReference": {"jobId": job}, "configuration": {"load": {"destinationTable": dataset.reference(table), "sourceFormat": "PARQUET"}}}


def send_chunks(url, data, size=CHUNK):
    """The answers to the chunks of a resumable upload."""
    answers = []
    for begin in range(0, len(data), size):
        end = min(begin + size, len(data))
        total = len(data) if end == len(data) else "*"
        answers.append(call("PUT", url, data[begin:end], {"Content-Range": f"bytes {begin}-{end - 1}/{total}"}))
    return answers


def start_upload(bucket, name):
    return call("POST", bucket.uploads, {}, uploadType="resumable", name=name).headers["Location"]


def test_an_upload_in_chunks_to_gcs(gcs_proxy, bucket, files):
    data = bytes(range(256)) * 4 * 1024 + b"the rest"
    url = start_upload(files, "object")
    assert url.startswith(gcs_proxy.uri + "/")
    assert [sent.status for sent in send_chunks(url, data)] == 4 * [308] + [200]
    assert bucket.read("object") == data
    assert told(gcs_proxy) == [("POST", 200, "")] + 4 * [("PUT", 308, "")] + [("PUT", 200, "")]
    assert [request.size for request in gcs_proxy.requests] == [2] + 4 * [CHUNK] + [8]


def test_an_upload_in_chunks_to_bigquery(bigquery_proxy, tables):
    data = parquet({"id": range(100_000), "name": [hashlib.sha256(str(number).encode()).hexdigest() for number in range(100_000)]})
    chunks, job = -(-len(data) // CHUNK), new_id()
    started = call("POST", tables.uploads, load_of(tables, "table", job), uploadType="resumable")
    url = started.headers["Location"]
    assert url.startswith(bigquery_proxy.uri + "/") and chunks > 3
    assert [sent.status for sent in send_chunks(url, data)] == (chunks - 1) * [308] + [200]
    assert tables.done(job)["statistics"]["load"]["outputRows"] == "100000"
    sizes = [request.size for request in bigquery_proxy.requests if request.method == "PUT"]
    assert sizes == (chunks - 1) * [CHUNK] + [len(data) - (chunks - 1) * CHUNK]


def test_links_of_an_object(gcs, gcs_proxy, files):
    """That of its description leads past the proxy, as the stand-in makes it of its public host; nothing is to follow it."""
    written = files.upload("object", b"data").json()
    listed = call("GET", files.objects).json()["items"][0]
    for link in (written["mediaLink"], listed["mediaLink"]):
        assert link.startswith(gcs_proxy.uri + "/") and call("GET", link).body == b"data"
    assert call("GET", files.url("object")).json()["mediaLink"].startswith(gcs.uri() + "/")


def test_urls_that_want_the_public_host_of_gcs(gcs, files, three):
    """They are not of the JSON API, and the one thing that the proxy does not bring."""
    assert call("GET", f"{gcs.uri()}/{files.name}/three.parquet").status == 200
    assert call("GET", f"{files.uploads.partition('/upload')[0]}/{files.name}/three.parquet").status == 404


def test_what_has_no_body(files, tables):
    files.write("object", b"data")
    asked = call("HEAD", files.url("object") + "?alt=media")
    assert asked.status == 200 and asked.body == b"" and asked.headers["Content-Length"] == "4"
    tables.make("table", "id INTEGER")
    assert call("DELETE", tables.url("table")).status == 204


@pytest.mark.parametrize("name", ["a b", "a%20b", "ä", "a?b#c", "a//b"])
def test_names(bucket, files, name):
    files.write(name, b"data")
    assert files.read(name) == bucket.read(name) == b"data"


def test_a_range_and_a_condition(files):
    files.write("object", b"0123456789")
    assert call("GET", files.url("object"), headers={"Range": "bytes=2-4"}, alt="media").body == b"234"
    assert files.upload("object", b"other", ifGenerationMatch=0).status == 412


def test_a_connection_is_kept(files, gcs_proxy):
    with connected(gcs_proxy.uri) as connection:
        ends = set()
        for number in range(3):
            connection.request("POST", f"{urllib.parse.urlsplit(files.uploads).path}?uploadType=media&name={number}", b"data")
            assert json.loads(connection.getresponse().read())["size"] == "4"
            ends.add(connection.sock)
        assert len(ends) == 1 and None not in ends


def test_a_chunked_body(files, gcs_proxy):
    pieces = [b"a" * 100_000, b"b", b"c" * 3]
    with connected(gcs_proxy.uri) as connection:
        for name in ("first", "second"):
            connection.request("POST", f"{urllib.parse.urlsplit(files.uploads).path}?uploadType=media&name={name}", iter(pieces),
                               {"Transfer-Encoding": "chunked"}, encode_chunked=True)
            assert json.loads(connection.getresponse().read())["size"] == "100004"
    assert files.read("first") == files.read("second") == b"".join(pieces)
    assert [request.size for request in gcs_proxy.requests][:2] == [100_004, 100_004]


def test_a_client_that_waits_to_be_asked_for_its_body(files, gcs_proxy):
    """As libcurl does from a megabyte on."""
    with connected(gcs_proxy.uri) as connection:
        connection.putrequest("POST", f"{urllib.parse.urlsplit(files.uploads).path}?uploadType=media&name=object")
        for name, value in (("Expect", "100-continue"), ("Content-Length", "4")):
            connection.putheader(name, value)
        connection.endheaders()
        assert connection.sock.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.send(b"data")
        assert connection.getresponse().status == 200
    assert files.read("object") == b"data"


def test_a_large_upload_and_its_way_back(gcs_proxy, files):
    data = hashlib.shake_256(b"seed").digest(1 << 20) * 50
    assert call("POST", files.uploads, data, uploadType="media", name="large").status == 200
    assert hashlib.sha256(files.read("large")).digest() == hashlib.sha256(data).digest()
    sent = gcs_proxy.requests[0]
    assert sent.size == len(data) and sent.body == data[:65536]


def test_eight_at_once(gcs_proxy, files):
    def write_and_read(number):
        data = str(number).encode() * 100_000
        for name in (f"{number}-{index}" for index in range(10)):
            files.write(name, data)
            assert files.read(name) == data

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write_and_read, range(8)))
    assert (gcs_proxy.count(method="POST"), gcs_proxy.count(method="GET")) == (80, 80)
    assert {request.status for request in gcs_proxy.requests} == {200}


class Plain:
    """A server that does with one connection what the test says: what the stand-ins do not, or not when they are told."""

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.uri = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.close()

    @contextlib.contextmanager
    def accept(self):
        self._listener.settimeout(SECONDS)
        connection, _ = self._listener.accept()
        connection.settimeout(SECONDS)
        with connection, connection.makefile("rb") as stream:
            while stream.readline().strip():
                pass
            yield connection, stream


@pytest.fixture
def plain():
    with Plain() as server, ApiProxy(server.uri) as proxy:
        server.proxy = proxy
        yield server


HALF = 25_000_000


def test_a_body_is_passed_on_before_it_is_complete(plain):
    with connected(plain.proxy.uri) as client:
        client.putrequest("POST", "/upload")
        client.putheader("Content-Length", str(2 * HALF))
        client.endheaders()
        client.send(b"a" * 65536)
        with plain.accept() as (end, stream):
            assert stream.read(65536) == b"a" * 65536
            sender = threading.Thread(target=client.send, args=[b"a" * (2 * HALF - 65536)])
            sender.start()
            assert len(stream.read(2 * HALF - 65536)) == 2 * HALF - 65536
            sender.join()
            end.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        assert client.getresponse().status == 200


@pytest.mark.parametrize("head", ["Content-Length: 6", "Transfer-Encoding: chunked", "Connection: close"])
def test_an_answer_is_passed_on_before_it_is_complete(plain, head):
    is_chunked = "chunked" in head
    with connected(plain.proxy.uri) as client:
        client.request("GET", "/")
        with plain.accept() as (end, _):
            end.sendall(f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n".encode() + (b"3\r\nabc\r\n" if is_chunked else b"abc"))
            answered = client.getresponse()
            assert answered.read1(3) == b"abc"
            end.sendall(b"3\r\ndef\r\n0\r\n\r\n" if is_chunked else b"def")
        assert answered.read() == b"def" and not answered.will_close


def test_an_answer_that_the_server_breaks_off(plain):
    for head in ("Content-Length: 6", "Transfer-Encoding: chunked"):
        with connected(plain.proxy.uri) as client:
            client.request("GET", "/")
            with plain.accept() as (end, _):
                end.sendall(f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n".encode() + (b"3\r\nabc\r\n" if "chunked" in head else b"abc"))
            with pytest.raises(http.client.IncompleteRead):
                client.getresponse().read()


def test_an_answer_before_the_body_was_read(plain):
    with connected(plain.proxy.uri) as client:
        client.putrequest("POST", "/upload")
        client.putheader("Content-Length", str(HALF))
        client.endheaders()
        client.send(b"a" * 65536)
        with plain.accept() as (end, _):
            end.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
            end.shutdown(socket.SHUT_WR)
            sender = threading.Thread(target=client.send, args=[b"a" * (HALF - 65536)])
            sender.start()
            while end.recv(1 << 20):
                pass
        sender.join()
        assert client.getresponse().status == 413


def test_a_client_that_goes_in_the_middle_of_its_body(plain):
    with connected(plain.proxy.uri) as client:
        client.putrequest("POST", "/upload")
        client.putheader("Content-Length", str(HALF))
        client.endheaders()
        client.send(b"a" * 65536)
        with plain.accept() as (_, stream):
            client.close()
            assert len(stream.read()) == 65536  # To its end, which comes without an answer.


def test_a_server_that_does_not_run():
    with Plain() as server:
        pass
    with ApiProxy(server.uri) as proxy:
        with pytest.raises(GONE):
            call("GET", proxy.uri + "/")
        assert told(proxy) == [("GET", None, "the server has not answered")]


# The faults that it makes.


def test_answers_in_the_place_of_the_server(bigquery_proxy, tables, three):
    rule = bigquery_proxy.fault(answer(503, headers={"Retry-After": "0"}), when=posts("/jobs$"), times=2)
    job = new_id()
    for _ in range(2):
        refused = tables.insert(tables.load_of("table", three), job)
        assert refused.status == 503 and refused.reason == "backendError" and refused.headers["Retry-After"] == "0"
    assert call("GET", f"{tables.project}/jobs/{job}").status == 404
    assert tables.insert(tables.load_of("table", three), job).status == 200 and rule.used == 2
    assert told(bigquery_proxy) == [("POST", 503, "by the proxy"), ("POST", 503, "by the proxy"), ("GET", 404, ""), ("POST", 200, "")]


def test_what_an_answer_says(gcs_proxy, files):
    gcs_proxy.fault(answer(403, "quotaExceeded", "too much"))
    assert call("GET", files.objects).json()["error"] == {"code": 403, "message": "too much", "status": "quotaExceeded", "errors": [
        {"domain": "global", "reason": "quotaExceeded", "message": "too much"}]}
    gcs_proxy.fault(answer(200, body={"items": []}), times=None)
    assert [call("GET", files.objects).json() for _ in range(3)] == 3 * [{"items": []}]
    assert call("HEAD", files.objects).body == b""


def test_an_answer_leaves_the_connection_as_it_is(gcs_proxy, files):
    gcs_proxy.fault(answer(401), times=1)
    with connected(gcs_proxy.uri) as connection:
        for status in (401, 200):
            connection.request("POST", f"{urllib.parse.urlsplit(files.uploads).path}?uploadType=media&name=object", b"a" * 300_000)
            answered = connection.getresponse()
            answered.read()
            assert answered.status == status and connection.sock is not None
    assert files.read("object") == b"a" * 300_000


def test_a_request_that_does_not_come(gcs_proxy, files, bucket):
    gcs_proxy.fault(cut_request, when=posts())
    with pytest.raises(GONE):
        files.upload("object", b"data")
    assert bucket.names() == [] and told(gcs_proxy) == [("POST", None, "cut before the server saw it")]
    assert files.upload("object", b"data").status == 200


@pytest.mark.parametrize("fault", [lost_answer])
def test_an_answer_that_is_lost(bigquery_proxy, tables, three, fault):
    job = new_id()
    bigquery_proxy.fault(fault, when=posts("/jobs$"))
    with pytest.raises(GONE):
        tables.insert(tables.load_of("table", three), job)
    assert error(tables.done(job)) is None and tables.rows("table") == THREE_ROWS
    assert tables.insert(tables.load_of("table", three), job).status == 409
    assert told(bigquery_proxy)[0] == ("POST", None, "200 lost")


def test_half_of_an_answer(gcs_proxy, files):
    files.write("object", b"0123456789")
    gcs_proxy.fault(truncated, when=gets("/object$"))
    with pytest.raises(http.client.IncompleteRead) as found:
        files.read("object")
    assert found.value.partial == b"01234" and found.value.expected == 5
    assert files.read("object") == b"0123456789"


def test_half_of_an_answer_that_is_empty(gcs_proxy, files):
    data, url = b"a" * CHUNK + b"b", start_upload(files, "object")
    gcs_proxy.fault(truncated, when=puts())
    with pytest.raises(http.client.IncompleteRead):
        send_chunks(url, data)
    assert told(gcs_proxy)[1] == ("PUT", 308, "truncated")


def test_half_of_an_answer_without_a_body(gcs, bucket):
    with pytest.raises(ValueError, match="nothing that could be cut short"), ApiProxy(gcs.uri()) as proxy:
        proxy.fault(truncated)
        with pytest.raises(GONE):
            call("HEAD", through(proxy, bucket).objects)


def test_an_answer_that_comes_slowly(gcs_proxy, files):
    files.write("object", b"0123456789")
    slow = gcs_proxy.slow(when=gets(), piece=4)
    with connected(gcs_proxy.uri) as connection:
        connection.request("GET", urllib.parse.urlsplit(files.url("object")).path + "?alt=media")
        assert slow.wait_for_request().method == "GET"
        answered = connection.getresponse()
        slow.let()
        assert answered.read1(10) == b"0123"
        slow.let()
        assert answered.read1(10) == b"4567"
        slow.release()
        assert answered.read() == b"89"


def test_a_request_that_is_held(gcs_proxy, files, bucket):
    held = gcs_proxy.hold(when=posts())
    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit(files.upload, "object", b"data")
        assert held.wait_for_request().json() == {"name": "object"}
        assert bucket.names() == [] and not sent.done()
        assert files.names() == []  # Others are not held.
        held.release()
        assert sent.result().status == 200
    assert bucket.names() == ["object"]


def test_a_process_that_ends_before_its_request_comes(gcs_proxy):
    held = gcs_proxy.hold()
    run = subprocess.Popen([sys.executable, "-c", "print('no request')"], stdout=subprocess.PIPE, text=True)
    with pytest.raises(AssertionError, match="it ended before its request came\nno request"):
        held.wait_for_request(run)


def test_what_is_held_at_the_end_is_not_passed_on(gcs, bucket):
    with ThreadPoolExecutor(1) as pool:
        with ApiProxy(gcs.uri()) as proxy:
            held = proxy.hold()
            sent = pool.submit(through(proxy, bucket).upload, "object", b"data")
            held.wait_for_request()
        with pytest.raises(GONE):
            sent.result()
    assert bucket.names() == []


def test_a_request_is_passed_on_though_its_client_is_gone(gcs_proxy, files, bucket):
    held = gcs_proxy.hold(when=posts())
    with connected(gcs_proxy.uri) as connection:
        connection.request("POST", f"{urllib.parse.urlsplit(files.uploads).path}?uploadType=media&name=object", b"data")
        held.wait_for_request()
    held.release()
    until(lambda: bucket.names() == ["object"], "the object is written")


def test_an_answer_that_is_changed(bigquery_proxy, tables, three):
    job = new_id()
    bigquery_proxy.fault(failed_job("backendError", "try again"), when=gets("/jobs/"))
    assert tables.insert(tables.load_of("table", three), job).status == 200
    failed = call("GET", f"{tables.project}/jobs/{job}").json()["status"]
    assert failed["state"] == "DONE" and failed["errorResult"] == {"reason": "backendError", "message": "try again"}
    assert error(tables.done(job)) is None
    bigquery_proxy.fault(rewritten(lambda job: {"id": job["id"]}), when=gets("/jobs/"))
    assert call("GET", f"{tables.project}/jobs/{job}").json().keys() == {"id"}
    assert bigquery_proxy.requests[1].note == "rewritten"


def test_something_that_happens_before_a_request(gcs_proxy, files, bucket):
    seen = []
    gcs_proxy.fault(hook(lambda request: seen.append((request.json()["name"], bucket.names()))), when=posts())
    gcs_proxy.fault(lost_answer, when=posts())
    with pytest.raises(GONE):
        files.upload("object", b"data")
    assert seen == [("object", [])] and bucket.names() == ["object"]


def test_which_requests(gcs_proxy, files):
    for number, rule in enumerate([
        (gets("/o/a$"), 1, 1), (deletes("/o/a$"), 1, 1), (patches(), 1, 1), (puts(), 1, 1),
        (posts(where=lambda request: request.json()["name"] == "a"), 2, 1), (matches(path="/o/b$"), 1, 2),
    ]):
        when, nth, times = rule
        gcs_proxy.fault(answer(500 + number), when, nth, times)
    assert [call(method, files.url("a")).status for method in ("GET", "GET", "DELETE", "PATCH", "PUT")] == [500, 404, 501, 502, 503]
    assert [files.upload(name, b"").status for name in ("a", "b", "b", "a", "a")] == [200, 200, 200, 504, 200]
    assert [call(method, files.url("b")).status for method in ("GET", "GET", "GET")] == [505, 505, 200]


def test_faults_take_turns(gcs_proxy, files):
    gcs_proxy.fault(answer(503), times=2)
    gcs_proxy.fault(answer(429))
    gcs_proxy.fault(answer(500), nth=5)
    assert [call("GET", files.objects).status for _ in range(6)] == [503, 503, 429, 200, 500, 200]


def test_a_fault_for_one_of_many_threads(gcs_proxy, files):
    gcs_proxy.fault(answer(503), times=3)
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: call("GET", files.objects).status, range(40)))
    assert sorted(statuses) == 37 * [200] + 3 * [503]


def test_what_is_wrong_in_a_fault_is_raised_at_the_end(gcs, bucket):
    for fault, when in ((hook(lambda _: 1 / 0), gets()), (answer(500), lambda _: 1 / 0)):
        with pytest.raises(ZeroDivisionError), ApiProxy(gcs.uri()) as proxy:
            proxy.fault(fault, when)
            with pytest.raises(GONE):
                call("GET", through(proxy, bucket).objects)
    with pytest.raises(ValueError, match="neither answered nor cut"), ApiProxy(gcs.uri()) as proxy:
        proxy.fault(lambda exchange: None)
        with pytest.raises(GONE):
            call("GET", through(proxy, bucket).objects)


# What it writes down.


def load_and_show(proxy, dataset, uri):
    """One load as a program would do it, with a fault, and what is shown of it."""
    proxy.forget()
    job, table = new_id(), dataset.reference(f"table_{new_id()}")
    proxy.fault(answer(503), when=posts("/jobs$"))
    for _ in range(2):
        call("POST", f"{dataset.project}/jobs?prettyPrint=false&alt=json", {
            "jobReference": {"jobId": job}, "configuration": {"load": {"sourceUris": [uri], "destinationTable": table, "sourceFormat": "PARQUET"}},
        }, {"Authorization": "Bearer secret"})
    dataset.done(job)
    return proxy.transcript({job: "JOB", table["tableId"]: "TABLE", dataset.name: "DATASET", re.compile(r"gs://[^/]*/"): "gs://BUCKET/"})


LOAD = """\
POST /bigquery/v2/projects/test/jobs?alt=json&prettyPrint=false
Authorization: Bearer …
{
  "configuration": {
    "load": {
      "destinationTable": {
        "datasetId": "DATASET",
        "projectId": "test",
        "tableId": "TABLE"
      },
      "sourceFormat": "PARQUET",
      "sourceUris": [
        "gs://BUCKET/three.parquet"
      ]
    }
  },
  "jobReference": {
    "jobId": "JOB"
  }
}
"""


def test_a_transcript_is_the_same_each_time(bigquery_proxy, tables, three):
    shown = [load_and_show(bigquery_proxy, tables, three) for _ in range(2)]
    assert shown[0] == shown[1] == (f"{LOAD}-> 503, by the proxy\n\n{LOAD}-> 200\n\nGET /bigquery/v2/projects/test/jobs/JOB\n-> 200\n")


def test_a_transcript_of_uploads(gcs_proxy, files):
    files.upload("first", b"data")
    send_chunks(start_upload(files, "second"), b"a" * CHUNK + b"b")
    assert gcs_proxy.transcript({files.name: "BUCKET"}) == f"""\
POST /upload/storage/v1/b/BUCKET/o?uploadType=multipart
{{
  "name": "first"
}}
({gcs_proxy.requests[0].size} bytes of multipart/related)
-> 200

POST /upload/storage/v1/b/BUCKET/o?name=second&uploadType=resumable
{{}}
-> 200

PUT /upload/storage/v1/b/BUCKET/o?name=second&uploadType=resumable&upload_id=UPLOAD 1
Content-Range: bytes 0-262143/*
(262144 bytes of unnamed)
-> 308

PUT /upload/storage/v1/b/BUCKET/o?name=second&uploadType=resumable&upload_id=UPLOAD 1
Content-Range: bytes 262144-262144/262145
(1 bytes of unnamed)
-> 200
"""


def test_a_transcript_of_some(gcs_proxy, files):
    files.names()
    files.delete("nothing")
    assert gcs_proxy.transcript({files.name: "BUCKET"}, when=deletes()) == "DELETE /storage/v1/b/BUCKET/o/nothing\n-> 404\n"


def test_a_secret_is_in_no_message(gcs_proxy, files):
    call("GET", files.objects, headers={"Authorization": "Bearer secret"})
    assert gcs_proxy.requests[0].headers["Authorization"] == "Bearer secret"
    assert "secret" not in repr(gcs_proxy.requests) + gcs_proxy.transcript()


def test_the_environment_for_the_program(proxied, bigquery_proxy, gcs_proxy):
    assert proxied == {"BIGQUERY_EMULATOR_HOST": bigquery_proxy.uri, "STORAGE_EMULATOR_HOST": gcs_proxy.uri}
    assert all(re.fullmatch(r"http://127\.0\.0\.1:\d+", uri) for uri in proxied.values())
