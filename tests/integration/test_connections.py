"""Ways to the server: TLS with its modes, the Unix socket, libpq's service file, addresses with more than one server."""

import contextlib
import shutil
import socket
import subprocess
import threading
from pathlib import Path

import psycopg
import pytest
from harness import lake
from harness.gate import gate, until
from harness.job import Job, ended, postgres_job, said
from servers.postgres import PostgresServer
from servers.process import free_port
from servers.relay import Relay

ROWS = [(1, "a"), (2, "b")]
SETUP = "CREATE TABLE t (id int, name text); INSERT INTO t VALUES (1, 'a'), (2, 'b')"
ONLY_TLS = "local all all trust\nhostssl all all 127.0.0.1/32 trust\n"
TLS_SEEN = "EXISTS (SELECT FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl)"


def openssl(folder, *arguments):
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def make_authority(folder, name):
    openssl(folder, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
            "-keyout", f"{name}.key", "-out", f"{name}.crt")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """An authority with a certificate for 127.0.0.1, and another authority that signed nothing."""
    if shutil.which("openssl") is None:
        pytest.fail("openssl is not installed: run `make deps`")
    folder = tmp_path_factory.mktemp("certificates")
    make_authority(folder, "authority")
    make_authority(folder, "stranger")
    openssl(folder, "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1", "-keyout", "server.key", "-out", "server.csr")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    openssl(folder, "x509", "-req", "-in", "server.csr", "-CA", "authority.crt", "-CAkey", "authority.key", "-CAcreateserial",
            "-days", "2", "-extfile", "names", "-out", "server.crt")
    return folder


@pytest.fixture(scope="module")
def tls_server(certificates, postgres_servers):
    """A database on a server that talks TLS, and nothing else over TCP."""
    with PostgresServer("15") as server:
        for name in ("server.crt", "server.key"):
            shutil.copyfile(certificates / name, server.data / name)
            owner = server.data.stat()
            shutil.chown(server.data / name, owner.st_uid, owner.st_gid)
            (server.data / name).chmod(0o600)
        (server.data / "pg_hba.conf").write_text(ONLY_TLS)
        server.options["ssl"] = "on"
        server.restart()
        database = postgres_servers.make_database(server)
        database.execute(SETUP)
        yield database


def job_over(headrace, database, **options):
    source = {"type": "postgresql", "uri": database.uri} | options
    return Job(headrace, source, [{"name": "public.t"}])


def not_tried_again(finished):
    assert "trying again" not in finished.stdout + finished.stderr


@pytest.mark.parametrize("mode", ["prefer", "require", "verify-ca", "verify-full"])
def test_tls(tls_server, certificates, headrace, mode):
    authority = {"sslrootcert": str(certificates / "authority.crt")} if mode.startswith("verify") else {}
    job = job_over(headrace, tls_server, sslmode=mode, **authority)
    job.document["tables"][0]["where"] = TLS_SEEN  # No row where the connection is plain.
    job.write()
    job.run()
    assert lake.rows(job.lake, "public.t") == ROWS


def test_the_name_of_a_certificate_counts_where_workers_go_to_an_address(tls_server, certificates, headrace):
    uri = tls_server.uri.replace("127.0.0.1", "localhost")
    job = job_over(headrace, tls_server, uri=uri, sslmode="verify-full", sslrootcert=str(certificates / "authority.crt"))
    job.document["tables"][0]["where"] = TLS_SEEN
    job.write()
    job.run()
    assert lake.rows(job.lake, "public.t") == ROWS


def test_a_session_reads_only_and_compiles_nothing(any_database, headrace):
    any_database.execute("ALTER DATABASE " + any_database.name + " SET jit = on")
    settings = "SELECT current_setting('jit') AS jit, current_setting('transaction_read_only') AS read_only, current_setting('transaction_isolation') AS isolation"
    postgres_job(headrace, any_database, {"query": settings, "as": "settings"}).run()
    assert lake.rows(headrace.folder / "lake", "settings") == [("off", "on", "repeatable read")]


def test_tls_rows_that_fill_many_packets(tls_server, headrace):
    """The rows come through libpq, not from the socket."""
    tls_server.execute("CREATE TABLE wide AS SELECT i AS id, repeat(md5(i::text), 100) AS text FROM generate_series(1, 5000) AS i")
    job = job_over(headrace, tls_server, sslmode="require")
    job.document["tables"] = [{"name": "public.wide", "partition": {"target_rows": 500}}]
    job.write()
    job.run()
    assert lake.rows(job.lake, "public.wide") == lake.in_order(tls_server.execute("SELECT id, text FROM wide"))


def test_a_certificate_of_another_authority_is_refused(tls_server, certificates, headrace):
    job = job_over(headrace, tls_server, sslmode="verify-full", sslrootcert=str(certificates / "stranger.crt"))
    finished = job.run(expect=1)
    said(finished, "certificate verify failed")
    not_tried_again(finished)
    assert not lake.files(job.lake)


def test_a_certificate_for_another_name_is_refused(tls_server, certificates, headrace):
    job = job_over(headrace, tls_server, sslmode="verify-full", sslrootcert=str(certificates / "authority.crt"),
                   host="another.example", hostaddr="127.0.0.1")
    finished = job.run(expect=1)
    said(finished, "another.example", "does not match host name")
    not_tried_again(finished)


def test_an_authority_file_that_is_missing_is_named(tls_server, headrace):
    finished = job_over(headrace, tls_server, sslmode="verify-full", sslrootcert="./none.crt").run(expect=2)
    said(finished, "none.crt", "does not exist")
    not_tried_again(finished)


def test_a_server_that_wants_tls_says_so(tls_server, headrace):
    finished = job_over(headrace, tls_server, sslmode="disable").run(expect=2)
    said(finished, "no pg_hba.conf entry", "no encryption")


def test_a_server_without_tls_is_refused_where_the_job_requires_it(database, headrace):
    database.execute(SETUP)
    finished = job_over(headrace, database, sslmode="require").run(expect=2)
    said(finished, "server does not support SSL")
    not_tried_again(finished)


@pytest.mark.parametrize("query, words", [
    ("sslcert={certificates}/authority.crt&sslkey=none.key&sslmode=require", "none.key"),
    ("service=nowhere", 'definition of service "nowhere" not found'),
    ("hostaddr=no.address", "no.address"),
    ("ssl_min_protocol_version=TLSv9", "TLSv9"),
])
def test_parameters_that_can_never_work_are_not_tried_again(tls_server, certificates, headrace, query, words):
    job = Job(headrace, {"type": "postgresql", "uri": f"{tls_server.uri}?{query.format(certificates=certificates)}"}, [{"name": "public.t"}])
    job.environment["PGSERVICEFILE"] = str(headrace.write("services.conf", "[somewhere]\nhost=127.0.0.1\n"))
    finished = job.run(expect=2)
    said(finished, words)
    not_tried_again(finished)


def test_a_server_that_is_not_there_is_tried_again(headrace):
    source = {"type": "postgresql", "uri": f"postgresql://postgres@127.0.0.1:{free_port()}/none"}
    job = Job(headrace, source, [{"name": "public.t"}], limits={"retries": 1})
    said(job.run(expect=1), "Connection refused", "trying again")


@pytest.mark.parametrize("direct", ["auto", "off"])
def test_unix_socket(any_database, headrace, direct):
    any_database.execute(SETUP)
    server = any_database.server
    source = {"type": "postgresql", "host": str(server.folder), "port": server.port, "user": "postgres",
              "database": any_database.name, "direct_socket": direct}
    job = Job(headrace, source, [{"name": "public.t", "where": "inet_client_addr() IS NULL"}])  # No row over TCP.
    job.run()
    assert lake.rows(job.lake, "public.t") == ROWS


def test_unix_socket_in_the_uri(database, headrace):
    database.execute(SETUP)
    job = Job(headrace, {"type": "postgresql", "uri": database.socket_uri}, [{"name": "public.t", "where": "inet_client_addr() IS NULL"}])
    job.run()
    assert lake.rows(job.lake, "public.t") == ROWS


SERVICE = """
[shop]
host=127.0.0.1
port={port}
dbname={name}
user=postgres
application_name={seen}
"""
NAME_SEEN = "current_setting('application_name') = '{}'"


@pytest.mark.parametrize("source", [{"service": "shop"}, {"uri": "postgresql://?service=shop"}], ids=["key", "uri"])
def test_service_file(database, headrace, source):
    database.execute(SETUP)
    file = headrace.write("services.conf", SERVICE.format(port=database.server.port, name=database.name, seen="from the file"))
    job = Job(headrace, {"type": "postgresql"} | source, [{"name": "public.t", "where": NAME_SEEN.format("from the file")}])
    job.environment = {"PGSERVICEFILE": str(file)}
    job.run()
    assert lake.rows(job.lake, "public.t") == ROWS


def test_a_service_that_is_missing_is_named(headrace):
    file = headrace.write("services.conf", "[other]\nhost=127.0.0.1\n")
    job = Job(headrace, {"type": "postgresql", "service": "shop"}, [{"name": "public.t"}], limits={"retries": 0})
    job.environment = {"PGSERVICEFILE": str(file)}
    finished = job.run(expect=2)
    said(finished, 'service "shop" not found')


@pytest.mark.parametrize("parameters, options, seen", [("", {}, "headrace"), ("?application_name=mine", {}, "mine"),
                                                       ("?application_name=mine", {"application_name": "key"}, "key")],
                         ids=["default", "uri", "key"])
def test_the_name_that_the_server_sees(database, headrace, parameters, options, seen):
    database.execute(SETUP)
    job = job_over(headrace, database, **options)
    job.document["source"]["uri"] += parameters
    job.document["tables"][0]["where"] = NAME_SEEN.format(seen)
    job.write()
    job.run()
    assert lake.rows(job.lake, "public.t") == ROWS


def test_the_uris_timeout_ends_the_wait_for_a_silent_peer(headrace):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        job = Job(headrace, {"type": "postgresql", "uri": f"postgresql://etl@127.0.0.1:{port}/shop?connect_timeout=1"},
                  [{"name": "public.t"}], limits={"retries": 0})
        said(job.run(expect=1), "no connection within connect_timeout")


def test_a_database_that_is_missing_ends_every_command_alike(database, headrace):
    Job(headrace, {"type": "postgresql", "uri": database.uri, "database": "not_there"}, [{"name": "public.t"}])
    for command in (["check", "job.yaml"], ["plan", "job.yaml"], ["run", "job.yaml", "--dry-run"], ["run", "job.yaml"]):
        said(headrace(*command, expect=2), 'database "not_there" does not exist')


def test_the_jobs_statement_timeout_ends_a_unit_that_takes_longer(database, headrace):
    database.execute(SETUP)
    job = postgres_job(headrace, database, {"name": "public.t", "where": "gate()"}, limits={"retries": 0})
    job.document["source"] |= {"statement_timeout": "2s"}
    job.write()
    with gate(database.uri):
        said(job.run(expect=1), "public.t", "unit 0", "statement timeout (source.statement_timeout is 2s); a unit of fewer rows, partition.target_rows, takes less")
    del job.document["source"]["statement_timeout"]
    job.write()
    job.run()
    assert lake.rows(job.lake, "public.t") == ROWS


def test_a_unit_that_somebody_cancels_is_not_said_to_be_too_large(database, headrace):
    database.execute(SETUP)
    job = postgres_job(headrace, database, {"name": "public.t", "where": "gate()"}, limits={"retries": 0})
    with gate(database.uri) as held:
        run = job.start()
        reader, = held.wait_for_reader(run)
        database.execute("SELECT pg_cancel_backend(%s)", [reader])
        failed = ended(run, 1)
    said(failed, "public.t", "unit 0", "canceling statement due to user request")
    assert "target_rows" not in failed


@pytest.fixture
def another(any_database):
    """A database of the same name and tables on another server of the same version."""
    any_database.execute(SETUP)
    with PostgresServer(any_database.server.version) as server:
        with psycopg.connect(server.uri(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {any_database.name}")
        with psycopg.connect(server.uri(any_database.name), autocommit=True) as connection:
            connection.execute(SETUP)
        yield server


def place(server):
    return "127.0.0.1", server.port


def exported(database) -> list[str]:
    """The names of the snapshots that the server has; the test's server has no other run."""
    return [name for name, in database.execute("SELECT pg_ls_dir('pg_snapshots')")]


def twin(stack, uri: str, name: str) -> None:
    """Exports a snapshot of that name, which is made of the session's and the transaction's numbers, until the end of `stack`."""
    backend, transaction, _ = (int(part, 16) for part in name.split("-"))
    own = "SELECT virtualtransaction FROM pg_locks WHERE locktype = 'virtualxid' AND pid = pg_backend_pid()"

    def numbers(connection) -> tuple[int, int]:
        return tuple(map(int, connection.execute(own).fetchone()[0].split("/")))

    def connect():
        return stack.enter_context(psycopg.connect(uri, autocommit=True))

    while numbers(connection := connect())[0] != backend:
        pass
    while (number := numbers(connection)[1]) < transaction - 1:
        pass
    assert number == transaction - 1
    connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
    assert connection.execute("SELECT pg_export_snapshot()").fetchone() == (name,)


def use_up_transactions(server) -> None:
    """In every place that the server has, so that the next sessions have higher numbers than those of a new server. Their processes are gone then,
    and the places free from the first one on."""
    connections = []
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(psycopg.OperationalError):  # All places are taken then.
            while True:
                connections.append(stack.enter_context(psycopg.connect(server.uri(), autocommit=True)))
        for connection in connections:
            for _ in range(30):
                connection.execute("SELECT 1")
        processes = [Path(f"/proc/{connection.info.backend_pid}") for connection in connections]
    until(lambda: not any(process.exists() for process in processes), "the sessions have ended")


@pytest.mark.parametrize("same_name", [False, True], ids=["unknown_snapshot", "snapshot_of_that_name"])
def test_a_worker_that_comes_to_another_server_says_so(any_database, another, headrace, same_name):
    """As behind a reader endpoint or a balancer: the leader has come to one server, who comes next to the other."""
    use_up_transactions(any_database.server)
    with contextlib.ExitStack() as stack:
        making = threading.Lock()
        made = []

        def choose():
            names = exported(any_database)
            if not names:
                return place(any_database.server)
            with making:
                if same_name and made != names:
                    made[:] = names
                    twin(stack, another.uri(any_database.name), *names)
            return place(another)

        relay = stack.enter_context(Relay(choose))
        uri = any_database.uri.replace(f":{any_database.server.port}/", f":{relay.port}/")
        job = Job(headrace, {"type": "postgresql", "uri": uri}, [{"name": "public.t"}], engine={"workers": {"initial": 1, "max": 1}})
        finished = job.run(expect=2)
        said(" ".join((finished.stdout + finished.stderr).split()), "the run's snapshot is on one server", f"127.0.0.1:{relay.port}/",
             "came to another one", "snapshot: off")
        not_tried_again(finished)
        assert not lake.files(job.lake)
        job.document["source"]["snapshot"] = "off"
        job.write()
        job.run()
        assert lake.rows(job.lake, "public.t") == ROWS


def test_workers_that_come_to_the_leaders_server_read_on(any_database, another, headrace):
    """Whoever comes to the other one, as every second connection does, goes."""
    any_database.execute("INSERT INTO t SELECT i, i::text FROM generate_series(3, 5000) AS i; ALTER TABLE t ADD PRIMARY KEY (id)")
    any_database.execute("ANALYZE t")
    comes = iter([another, any_database.server] * 100)
    with Relay(lambda: place(next(comes) if exported(any_database) else any_database.server)) as relay:
        uri = any_database.uri.replace(f":{any_database.server.port}/", f":{relay.port}/")
        job = Job(headrace, {"type": "postgresql", "uri": uri}, [{"name": "public.t", "partition": {"target_rows": 500}}],
                  engine={"workers": {"initial": 2, "max": 2}})
        finished = job.run()
    said(" ".join((finished.stdout + finished.stderr).split()), "came to another one")
    assert lake.count(job.lake, "public.t") == 5000


def test_workers_go_to_the_leaders_host_of_several(any_database, another, headrace):
    """The first host refuses the leader and is there later, as after a restart: it is another server."""
    any_database.execute("INSERT INTO t SELECT i, i::text FROM generate_series(3, 5000) AS i")
    first = free_port()
    uri = any_database.uri.replace("127.0.0.1:", f"127.0.0.1:{first},127.0.0.1:")
    job = Job(headrace, {"type": "postgresql", "uri": uri}, [{"name": "public.t", "where": "gate()", "partition": {"target_rows": 500}}],
              engine={"workers": {"initial": 1, "max": 1}})
    with gate(any_database.uri) as held:
        process = job.start()
        [worker] = held.wait_for_reader(process)
        with Relay(lambda: place(another), first):
            any_database.execute("SELECT pg_terminate_backend(%s)", [worker])
            until(lambda: set(held.waiting()) - {worker}, "the worker comes back")
            held.open()
            told = ended(process)
    assert "epoch" not in told
    assert lake.count(job.lake, "public.t") == 5000
