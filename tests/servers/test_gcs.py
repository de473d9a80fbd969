"""What headrace stands on in the stand-in of Google Cloud Storage, and where that one is not as the service.

What is not as the service is pinned too, below the second line: a version of the stand-in that has changed there shows.
"""

import json
import os
import pathlib
import socket
import subprocess
import sys
import threading

import pytest

from harness.web import call
from servers.gcs import GcsServer
from servers.process import ServerError, listens

PROGRAM = pathlib.Path(__file__).resolve().parent / "gcs.py"
CHUNK = 256 * 1024  # All chunks of an upload but the last are multiples of it.


def start_upload(bucket, name, **query):
    """A resumable upload; returns the URL that takes its chunks."""
    started = call("POST", bucket.uploads, {}, uploadType="resumable", name=name, **query)
    assert started.status == 200
    return started.headers["Location"]


def send(url, data, where):
    return call("PUT", url, data, {"Content-Range": f"bytes {where}"})


def test_an_object_that_must_not_be_there(bucket):
    assert bucket.upload("claim", b"first", ifGenerationMatch=0).status == 200
    assert bucket.upload("claim", b"second", ifGenerationMatch=0).status == 412
    assert bucket.read("claim") == b"first"
    bucket.delete("claim")
    assert bucket.upload("claim", b"third", ifGenerationMatch=0).status == 200


def test_an_object_that_must_be_of_a_generation(bucket):
    generation = bucket.upload("state", b"first").json()["generation"]
    assert bucket.upload("state", b"second", ifGenerationMatch=generation).status == 200
    assert bucket.upload("state", b"third", ifGenerationMatch=generation).status == 412
    assert bucket.upload("nothing", b"", ifGenerationMatch=generation).status == 412
    assert bucket.read("state") == b"second"


def test_one_of_many_uploads_at_once_makes_the_object(bucket):
    answers = []

    def claim(number):
        answers.append(bucket.upload("claim", str(number).encode() * CHUNK, ifGenerationMatch=0).status)

    claimants = [threading.Thread(target=claim, args=[number]) for number in range(8)]
    for claimant in claimants:
        claimant.start()
    for claimant in claimants:
        claimant.join()
    assert sorted(answers) == [200] + 7 * [412]


def test_a_list_is_of_a_prefix_and_in_order(bucket):
    for name in ("run/b", "run/a", "run/a/c", "runs", "other"):
        bucket.write(name, b"")
    assert bucket.names("run/") == ["run/a", "run/a/c", "run/b"]
    assert bucket.names("nothing/") == []
    page = call("GET", bucket.objects, prefix="run/", maxResults=2).json()
    assert [item["name"] for item in page["items"]] == ["run/a", "run/a/c"]
    page = call("GET", bucket.objects, prefix="run/", maxResults=2, pageToken=page["nextPageToken"]).json()
    assert [item["name"] for item in page["items"]] == ["run/b"] and "nextPageToken" not in page
    page = call("GET", bucket.objects, prefix="run/", delimiter="/").json()
    assert [item["name"] for item in page["items"]] == ["run/a", "run/b"] and page["prefixes"] == ["run/a/"]


@pytest.mark.parametrize("name", ["a b", "a+b", "a%20b", "ä", "a?b#c", "a//b", "run=2026-12-01/a"])
def test_names(bucket, name):
    bucket.write(name, b"data")
    assert bucket.read(name) == b"data" and bucket.names() == [name]


def test_delete(bucket):
    bucket.write("object", b"data")
    assert bucket.delete("object").status == 200  # The service says 204, without content.
    assert bucket.names() == [] and call("GET", bucket.url("object")).status == 404
    assert bucket.delete("object").status == 404


def test_what_is_known_of_an_object(bucket):
    told = bucket.upload("object", b"data", {"metadata": {"run": "1"}}).json()
    assert told["size"] == "4" and told["crc32c"] == "rth90Q==" and told["metadata"] == {"run": "1"}
    known = call("GET", bucket.url("object")).json()
    assert [known[name] for name in ("generation", "crc32c", "md5Hash")] == [told[name] for name in ("generation", "crc32c", "md5Hash")]


def test_a_part_of_an_object(bucket):
    bucket.write("object", b"0123456789")
    part = call("GET", bucket.url("object"), headers={"Range": "bytes=2-4"}, alt="media")
    assert part.status == 206 and part.body == b"234"


def test_an_upload_in_chunks_is_seen_when_it_is_complete(bucket):
    url = start_upload(bucket, "object")
    first = send(url, b"a" * CHUNK, f"0-{CHUNK - 1}/*")
    assert first.status == 308 and first.headers["Range"] == f"bytes=0-{CHUNK - 1}"
    assert bucket.names() == []
    last = send(url, b"b", f"{CHUNK}-{CHUNK}/{CHUNK + 1}")
    assert last.status == 200 and last.json()["size"] == str(CHUNK + 1)
    assert bucket.read("object") == b"a" * CHUNK + b"b"


def test_a_copy_within_the_bucket(bucket):
    bucket.write("from", b"data")
    done = call("POST", f"{bucket.url('from')}/rewriteTo/b/{bucket.name}/o/to", {}).json()
    assert done["done"] and bucket.read("to") == b"data"


def test_what_is_not_there(gcs, bucket):
    assert call("GET", f"{gcs.uri()}/storage/v1/b/nobodys/o").status == 404
    assert call("POST", f"{gcs.uri()}/upload/storage/v1/b/nobodys/o", b"", uploadType="media", name="object").status == 404
    assert call("POST", f"{gcs.uri()}/storage/v1/b", {"name": bucket.name}, project="test").status == 409


# The server itself.


def test_a_port_that_is_taken_is_refused(bucket):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        server = GcsServer()
        server.port = taken.getsockname()[1]
        with pytest.raises(ServerError, match="address already in use"), server:
            pass
    assert server.folder is None


def test_a_socket_of_another_process_is_not_ours(gcs):
    assert listens(gcs.pid, gcs.port) and not listens(os.getpid(), gcs.port)


def test_start_and_stop_from_a_shell(tmp_path):
    state, uri = tmp_path / "state.json", tmp_path / "uri"
    subprocess.run([sys.executable, PROGRAM, "start", "--state", state, "--uri-file", uri], check=True)
    server = json.loads(state.read_text())
    try:
        assert call("GET", uri.read_text() + "/storage/v1/b").status == 200
    finally:
        subprocess.run([sys.executable, PROGRAM, "stop", "--state", state], check=True)
    assert not state.exists() and not pathlib.Path(server["folder"]).exists() and not listens(server["pid"], server["port"])


# Where the stand-in is not as the service.


def test_other_uploads_do_not_look_at_the_generation(bucket):
    """The service answers 412 to the first, and at the start of the second."""
    bucket.write("object", b"old")
    media = call("POST", bucket.uploads, b"media", uploadType="media", name="object", ifGenerationMatch=0)
    assert media.status == 200 and bucket.read("object") == b"media"
    resumable = send(start_upload(bucket, "object", ifGenerationMatch=0), b"resumable", "0-8/9")
    assert resumable.status == 200 and bucket.read("object") == b"resumable"


def test_what_is_no_upload_does_not_look_at_the_generation(bucket):
    """The service answers 412 to all of them."""
    bucket.write("object", b"data")
    assert call("POST", f"{bucket.url('object')}/rewriteTo/b/{bucket.name}/o/object", {}, ifGenerationMatch=0).status == 200
    assert call("GET", bucket.url("object"), ifGenerationMatch=1).status == 200
    assert call("DELETE", bucket.url("object"), ifGenerationMatch=1).status == 200


def test_who_asks_how_far_an_upload_is_ends_it(bucket):
    """The service answers 308 with what it has, and goes on."""
    url = start_upload(bucket, "object")
    send(url, b"a" * CHUNK, f"0-{CHUNK - 1}/*")
    assert send(url, b"", "*/*").status == 200
    assert call("GET", bucket.url("object")).json()["size"] == str(CHUNK)
    assert send(url, b"b", f"{CHUNK}-{CHUNK}/{CHUNK + 1}").status == 404


def test_chunks_are_put_together_as_they_come(bucket):
    """The service keeps what it has where a chunk is sent again, and refuses one behind a gap."""
    url = start_upload(bucket, "object")
    for _ in range(2):
        assert send(url, b"a" * CHUNK, f"0-{CHUNK - 1}/*").status == 308
    assert send(url, b"b", f"{CHUNK}-{CHUNK}/{CHUNK + 1}").json()["size"] == str(2 * CHUNK + 1)


def test_a_checksum_is_not_compared(bucket):
    """The service refuses data of another checksum."""
    assert bucket.upload("object", b"data", {"crc32c": "AAAAAA=="}).status == 200


def test_there_is_no_move(bucket):
    bucket.write("from", b"data")
    assert call("POST", f"{bucket.url('from')}/moveTo/o/to", {}).status == 404
