"""Ways to the server: TLS with its modes, the Unix socket, libpq's service file."""

import shutil
import socket
import subprocess

import pytest
from harness import lake
from harness.gate import gate
from harness.job import Job, ended, postgres_job, said
from servers.postgres import PostgresServer, free_port

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
