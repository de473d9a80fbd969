"""A password that is typed in the wrong place is in nothing that is printed, for people or as JSON."""

import pytest

SECRET = "HUNTER2"
URI = f"postgresql://etl:{SECRET}@127.0.0.1:1/shop"
JOB = """
name: shop
source: {type: sqlite, path: shop.db}
tables: [orders]
destination: {type: parquet, path: ./lake}
"""

LINES = [
    *[[command, URI] for command in ("run", "check", "plan", "runs", "show", "verify", "abandon", "clean", "schema", "init", "help")],
    [URI], ["inspect", "sqlite:///no.db", URI], ["inspect", URI, URI], ["inspect", f"--URI={URI}"], ["inspect", "--uri", URI],
    ["inspect", "sqlite:///shop.db", "--table", URI],
    *[[command, "--job", URI] for command in ("runs", "show", "clean", "run")],
    *[[command, "--state", URI] for command in ("runs", "show")],
    ["run", "--workers", URI], ["run", "--only", URI], ["run", "--log-level", URI], ["init", "--source", URI],
    ["run", "--run-id", "a", "--run-id", URI], ["run", "--json=" + URI],
    ["run", "--set", "source.uri", URI], ["run", "--set", URI], ["run", "--set", f"nosuch={URI}"], ["run", "--set", f"state={URI}"],
    *[["run", *file, *set] for file in ([], ["job.yaml"]) for set in (
        ["--set", "source.password", SECRET], ["--set=source.password", SECRET], ["--set", "source.password=", SECRET],
        ["--set", "source.password", "=", SECRET], ["--set", f"source.password:{SECRET}"], ["--set", "source={password:", SECRET + "}"],
        [f"--source.password={SECRET}"], [f"--password={SECRET}"])],
    ["run", f"etl:{SECRET}@127.0.0.1/shop"], ["run", f"host=h password={SECRET}"],
    ["check", f"{URI}/no.yaml"], ["run", f"postgresql://127.0.0.1:1/shop?user=etl&password={SECRET}"],
]


SOURCES_WITHOUT_A_BLANK = [
    f"  type: postgresql\n  host: db\n  user: etl\n  password:{SECRET}", f"  type: postgresql\n  password :{SECRET}\n",
    f"  type: postgresql\n  password {SECRET}\n", f"  type: postgresql\n  pasword:{SECRET}\n", f"  type: postgresql\n  {SECRET}\n",
    f"  type: postgresql\n  host: db.invalid\n    password:{SECRET}\n", f"  type: postgresql\npassword:{SECRET}\n",
    f"  type:postgresql\n  password:{SECRET}\n", f"  password:{SECRET}\n", f"  {SECRET}\n", f"  {{type: postgresql, password:{SECRET}}}\n",
    f"  {{password:{SECRET}, type: postgresql}}\n", f"  type: postgresql\n  uri:postgresql:/{SECRET}\n",
]


@pytest.mark.parametrize("options", [[], ["--json"]], ids=["text", "json"])
@pytest.mark.parametrize("source", SOURCES_WITHOUT_A_BLANK, ids=lambda source: " ".join(source.replace(SECRET, "SECRET").split()))
def test_a_password_in_the_job_whose_key_lacks_its_blank_is_not_repeated(headrace, source, options):
    headrace.write("job.yaml", JOB.replace("source: {type: sqlite, path: shop.db}\n", "") + "source:\n" + source)
    job = ["--job", "job.yaml"]
    for words in (["check"], ["plan"], ["run"], ["runs", *job], ["show", "latest", *job], ["verify", "latest", *job], ["clean", *job]):
        finished = headrace(*words, *options, expect=2)
        assert "job.yaml:" in finished.stdout + finished.stderr
        assert SECRET not in finished.stdout + finished.stderr


@pytest.mark.parametrize("options", [[], ["--json"]], ids=["text", "json"])
@pytest.mark.parametrize("words", LINES, ids=lambda words: " ".join(words).replace(SECRET, "SECRET"))
def test_it_is_not_repeated(headrace, words, options):
    headrace.write("job.yaml", JOB)
    finished = headrace(*words, *options)
    assert finished.returncode in (1, 2), finished.stdout
    assert finished.stderr
    assert SECRET not in finished.stdout + finished.stderr


def test_a_word_that_is_a_file_is_shown_behind_a_secret_key(headrace):
    headrace.write("broken.yaml", "name: 1\n")
    finished = headrace("run", "--set", "source.password=", "broken.yaml", expect=2)
    assert "broken.yaml:1:" in finished.stderr


# A piece of the password between ${ and } is no name of anything.
PASSWORDS_WITH_A_BRACE = [
    f"password: 'pa${{{SECRET}-word}}1'", f"password: 'ab${{{SECRET}}}ef'", f"password: '${{{SECRET}}}ef'", f"password: 'ab${{file:/{SECRET}}}'",
    f"uri: 'postgresql://etl:ab${{{SECRET}}}@127.0.0.1:1/shop'", f"uri: 'postgresql://etl:ab${{{SECRET}-d}}ef@127.0.0.1:1/shop'",
    f"uri: 'postgresql://etl:ab${{{SECRET}}}'", f"uri: 'postgresql://127.0.0.1:1/shop?password=ab${{{SECRET}}}'", f"uri: 'host=h password=a${{{SECRET}}}'",
]


@pytest.mark.parametrize("options", [[], ["--json"]], ids=["text", "json"])
@pytest.mark.parametrize("key", PASSWORDS_WITH_A_BRACE, ids=lambda key: key.replace(SECRET, "SECRET"))
def test_a_password_that_holds_a_reference_is_not_repeated(headrace, key, options):
    headrace.write("job.yaml", JOB.replace("{type: sqlite, path: shop.db}", f"\n  type: postgresql\n  {key}"))
    job = ["--job", "job.yaml"]
    for words, code in ((["runs", *job], 0), (["show", "latest", *job], 2)):  # They do without; there is no run to show.
        finished = headrace(*words, *options, expect=code)
        assert "cannot be resolved" not in finished.stdout + finished.stderr
        assert SECRET not in finished.stdout + finished.stderr
    for words in (["check"], ["plan"], ["run"], ["verify", "latest", *job], ["clean", *job]):
        finished = headrace(*words, *options, expect=2)
        assert SECRET not in finished.stdout + finished.stderr
        assert "cannot be resolved" in finished.stdout + finished.stderr
        assert "write $${ for a literal ${" in " ".join((finished.stdout + finished.stderr).split())


def test_a_reference_that_is_a_whole_secret_is_named(headrace):
    for key in ("password: '${SHOP_PASSWORD}'", "uri: 'postgresql://etl:${SHOP_PASSWORD}@127.0.0.1:1/shop'"):
        headrace.write("job.yaml", JOB.replace("{type: sqlite, path: shop.db}", f"\n  type: postgresql\n  {key}"))
        assert "the environment variable SHOP_PASSWORD is not set" in headrace("check", expect=2).stderr


URIS_OF_ANOTHER_KIND = [
    URI, f"sqlite://etl:{SECRET}@db/shop", f"sqlite:///shop.db?password={SECRET}", f"sqlite:///shop.db?key={SECRET}",
    f"sqlite:///etl:{SECRET}@db/shop", f"sqlite:etl:{SECRET}@db/shop", f"host=h password={SECRET}", f"sqlite://{SECRET}@db/shop",
]


@pytest.mark.parametrize("options", [[], ["--json"]], ids=["text", "json"])
@pytest.mark.parametrize("uri", URIS_OF_ANOTHER_KIND, ids=lambda uri: uri.replace(SECRET, "SECRET"))
def test_a_uri_that_names_no_sqlite_file_is_not_repeated(headrace, uri, options):
    """Once the file was taken from the URI it would be in errors, reports and the journal."""
    headrace.write("job.yaml", JOB.replace("path: shop.db", 'uri: "${DSN}"'))
    job = ["--job", "job.yaml"]
    for words in (["check"], ["plan"], ["run"], ["run", "--dry-run"], ["verify", "latest", *job], ["clean", *job], ["runs", *job]):
        finished = headrace(*words, *options, env={"DSN": uri}, expect=2)
        assert SECRET not in finished.stdout + finished.stderr
        assert "source.uri: expected sqlite:///path/to/file" in finished.stdout + finished.stderr
    finished = headrace("inspect", uri, *options)
    assert SECRET not in finished.stdout + finished.stderr
    assert finished.returncode == (1 if uri == URI else 2)
    assert not (headrace.folder / ".headrace").exists()


@pytest.mark.parametrize("key", ["destination.path", "destination.staging", "state"])
def test_a_url_that_is_no_local_path_is_not_repeated(headrace, key):
    headrace.write("job.yaml", JOB)
    for words in (["check"], ["plan"], ["run"], ["runs", "--job", "job.yaml"], ["clean", "--job", "job.yaml"]):
        for url in (f"s3://{SECRET}@bucket/lake", f"s3://bucket/lake?secret={SECRET}", f"{SECRET} s3://bucket"):
            finished = headrace(*words, "--set", f"{key}={url}")
            assert SECRET not in finished.stdout + finished.stderr
            assert finished.returncode == 2 or words[0] == "runs", finished.stdout + finished.stderr
            assert finished.returncode == 2 or key != "state", finished.stdout + finished.stderr


def test_a_state_folder_that_is_a_url_is_not_repeated(headrace):
    for command in (["runs"], ["show", "latest"]):
        finished = headrace(*command, "--state", f"s3://{SECRET}@bucket/state?secret={SECRET}", expect=2)
        assert SECRET not in finished.stdout + finished.stderr
