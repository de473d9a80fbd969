"""Names, comments, partitions, clusters, labels and places of BigQuery's tables, and tables that have other columns than the run."""

import contextlib

import pytest
from harness.bigquery_job import loads_asked
from harness.job import said
from harness.web import call
from servers.bigquery import PROJECT


@pytest.fixture
def load(database, into_bigquery):
    """Makes tables, and a job of them; called with SQL, tables, and keys of the destination."""
    def make(sql, *tables, **destination):
        database.execute(sql)
        return into_bigquery({"type": "postgresql", "uri": database.uri}, *tables, destination=destination)
    return make


# Names.


ODD = ["Größe", "unit price", "1st", "order-id", "_table_x", "select", "a.b"]
ODD_IN_BIGQUERY = ["Gr__e", "unit_price", "_1st", "order_id", "__table_x", "select", "a_b"]


def test_odd_names_of_columns(load):
    columns = ", ".join(f'"{name}" int' for name in ODD)
    job = load(f"CREATE TABLE odd ({columns}); INSERT INTO odd VALUES (1, 2, 3, 4, 5, 6, 7)", "public.odd")
    plan = job.ask("plan", "--json").json()["tables"][0]
    assert [column["name"] for column in plan["columns"]] == ODD_IN_BIGQUERY
    plan_text = job.ask("plan")
    for name, there in zip(ODD, ODD_IN_BIGQUERY):
        said(plan_text, *([name, f"called {there} in BigQuery"] if name != there else [name]))
    job.run()
    assert list(job.fields("odd")) == ODD_IN_BIGQUERY
    assert job.rows("odd") == [[str(number) for number in range(1, 8)]]
    job.document["tables"][0] = {"name": "public.odd", "write": "append"}
    job.write()
    job.run()
    assert len(job.rows("odd")) == 2


@pytest.mark.parametrize("names", [("a b", "a-b"), ("id", "ID")])
def test_columns_that_would_be_one(load, names):
    job = load(f'CREATE TABLE odd ("{names[0]}" int, "{names[1]}" int)', "public.odd")
    for finished in (job.ask("plan", expect=2), job.run(expect=2)):
        said(finished, "public.odd", f"'{names[0]}'", f"'{names[1]}'", "would be one in BigQuery", "as:")
    job.document["tables"][0] = {"name": "public.odd", "columns": [{"name": names[0]}, {"name": names[1], "as": "other"}]}
    job.write()
    job.run()
    assert list(job.fields("odd"))[1] == "other"


def test_an_odd_name_of_a_table(load):
    job = load('CREATE TABLE "my table: $5*" (id int); INSERT INTO "my table: $5*" VALUES (1)', 'public."my table: $5*"')
    said(job.ask("plan"), "my_table___5_")
    job.run()
    assert job.rows("my_table___5_") == [["1"]]


def test_two_schemas_with_one_name(load):
    job = load("CREATE SCHEMA a; CREATE SCHEMA b; CREATE TABLE a.t (id int); CREATE TABLE b.t (id int); INSERT INTO a.t VALUES (1); INSERT INTO b.t VALUES (2)",
               "a.t", "b.t")
    said(job.ask("plan", expect=1), f"tables a.t and b.t would both be {PROJECT}.{job.dataset.name}.t in BigQuery", "'{schema}_{table}'")
    job.change(table="{schema}_{table}")
    job.run()
    assert job.rows("a_t") == [["1"]] and job.rows("b_t") == [["2"]]


def test_two_schemas_with_one_name_are_not_mixed(load):
    job = load("CREATE SCHEMA a; CREATE SCHEMA b; CREATE TABLE a.t (id int); CREATE TABLE b.t (id int); INSERT INTO a.t VALUES (1); INSERT INTO b.t VALUES (2)",
               "a.t", "b.t")
    for _ in range(2):
        said(job.run(expect=1), "tables a.t and b.t would both be")
        assert job.rows("t") == [["1"]]


def test_two_schemas_with_one_name_in_two_runs(load):
    job = load("CREATE SCHEMA a; CREATE SCHEMA b; CREATE TABLE a.t (id int); CREATE TABLE b.t (id int); INSERT INTO a.t VALUES (1)", "a.t")
    job.run()
    job.document["tables"] = ["b.t"]
    job.write()
    said(job.run(expect=2), "tables a.t and b.t would both be")
    assert job.rows("t") == [["1"]]


# What is told of columns and tables.


def test_comments_become_descriptions(load, bigquery_proxy):
    job = load("CREATE TABLE t (id int, name text); COMMENT ON COLUMN t.name IS 'Who, in \"words\"'", "public.t")
    job.run()
    [asked] = loads_asked(bigquery_proxy)
    fields = asked["load"]["schema"]["fields"]
    assert {field["name"]: field.get("description") for field in fields} == {"id": None, "name": 'Who, in "words"'}


def test_labels(load, bigquery_proxy):
    job = load("CREATE TABLE t (id int)", "public.t", labels=["team=shop", "empty="])
    job.run()
    [asked] = loads_asked(bigquery_proxy)
    assert asked["labels"] == {"team": "shop", "empty": ""}
    assert asked["load"]["destinationTableProperties"]["labels"] == {"team": "shop", "empty": ""}  # See servers/test_bigquery.py.


# Partitions and clusters.


TIMES = "CREATE TABLE t (id int NOT NULL, day date, at timestamp, moment timestamptz, name text); INSERT INTO t VALUES (1, '2024-02-29', '2024-02-29 12:00', '2024-02-29 12:00+00', 'x')"


@pytest.mark.parametrize(("keys", "layout"), [
    ({"partition_by": "day"}, {"timePartitioning": {"type": "DAY", "field": "day"}}),
    ({"partition_by": "at", "partition_type": "hour"}, {"timePartitioning": {"type": "HOUR", "field": "at"}}),
    ({"partition_by": "moment", "partition_type": "month"}, {"timePartitioning": {"type": "MONTH", "field": "moment"}}),
    ({"partition_by": "day", "partition_type": "year", "partition_expiration": "30d"},
     {"timePartitioning": {"type": "YEAR", "field": "day", "expirationMs": "2592000000"}}),
    ({"partition_by": "id", "partition_type": "range", "partition_range": "0:1000:10"},
     {"rangePartitioning": {"field": "id", "range": {"start": "0", "end": "1000", "interval": "10"}}}),
    ({"cluster_by": ["name", "id"]}, {"clustering": {"fields": ["name", "id"]}}),
    ({"partition_by": "DAY", "cluster_by": ["name"]}, {"timePartitioning": {"type": "DAY", "field": "day"}, "clustering": {"fields": ["name"]}}),
], ids=["day", "hour", "month", "year", "range", "clusters", "both"])
def test_a_table_is_laid_out(load, keys, layout):
    job = load(TIMES, {"name": "public.t", "write": "append"}, **keys)
    said(job.ask("plan"), "partitioned by" if "partition_by" in keys else "clustered by")
    job.run()
    known = job.dataset.get("t")
    assert {name: known.get(name) for name in layout} == layout
    job.run()
    assert len(job.rows("t")) == 2
    job.change_table(write="replace")
    job.run()
    known = job.dataset.get("t")
    assert {name: known.get(name) for name in layout} == layout and len(job.rows("t")) == 1


@pytest.mark.parametrize(("keys", "words"), [
    ({"partition_by": "nothing"}, ["destination.partition_by", "no column 'nothing'"]),
    ({"partition_by": "name"}, ["destination.partition_by", "'name' is STRING"]),
    ({"partition_by": "day", "partition_type": "hour"}, ["destination.partition_type", "DATE, which has no hours"]),
    ({"partition_by": "id"}, ["destination.partition_by", "'id' is INTEGER"]),
    ({"cluster_by": ["nothing"]}, ["destination.cluster_by", "no column 'nothing'"]),
    ({"partition_by": "id", "partition_type": "range"}, ["destination.partition_range"]),
    ({"partition_range": "0:10:1"}, ["destination.partition_range"]),
    ({"cluster_by": ["id", "day", "at", "moment", "name"]}, ["destination.cluster_by", "four"]),
    ({"labels": ["Team=shop"]}, ["destination.labels", "'Team=shop' is no label"]),
    ({"staging": "s3://bucket"}, ["destination.staging", "gs://bucket/prefix"]),
    ({"method": "upload"}, ["destination.method", "later version"]),
], ids=lambda value: next(iter(value)) if isinstance(value, dict) else "")
def test_what_contradicts_itself_is_refused(load, keys, words):
    job = load(TIMES, "public.t", **keys)
    said(job.ask("plan", expect=2), *words)


def test_a_table_with_other_partitions_is_refused(load):
    job = load(TIMES, {"name": "public.t", "write": "append"}, partition_by="day")
    job.run()
    job.change(partition_type="month")
    for finished in (job.ask("check", expect=2), job.ask("plan", expect=2), job.run(expect=2)):
        said(finished, "is partitioned by day of day, and the job wants month of day", "destination.partition_by")
    assert len(job.rows("t")) == 1
    job.change(partition_type=None, partition_by=None)
    job.run()
    assert len(job.rows("t")) == 2


def test_a_table_with_other_clusters_stays(load):
    job = load(TIMES, {"name": "public.t", "write": "append"}, cluster_by=["name"])
    job.run()
    job.change(cluster_by=["id"])
    said(job.ask("plan"), "is clustered otherwise than the job says, and stays as it is")
    job.run()
    assert job.dataset.get("t")["clustering"] == {"fields": ["name"]} and len(job.rows("t")) == 2


def test_what_a_load_job_cannot_set(load, bigquery_proxy):
    job = load(TIMES, {"name": "public.t", "write": "append"}, partition_by="day", require_partition_filter=True, expiration="2d")
    job.run()
    [patch] = [request for request in bigquery_proxy.requests if request.method == "PATCH"]
    assert patch.json()["requirePartitionFilter"] is True and "expirationTime" in patch.json()
    assert "expirationTime" in job.dataset.get("t")
    job.run()
    assert bigquery_proxy.count("", "PATCH") == 1 and len(job.rows("t")) == 2


@contextlib.contextmanager
def removed(dataset, name):
    try:
        yield f"{dataset.project}/datasets/{name}"
    finally:
        call("DELETE", f"{dataset.project}/datasets/{name}", deleteContents="true")


def test_a_dataset_is_made_in_its_place(load, dataset, bigquery_proxy):
    with removed(dataset, f"{dataset.name}_new") as url:
        job = load(TIMES, {"name": "public.t", "write": "append"}, dataset=f"{dataset.name}_new", location="europe-west3")
        said(job.ask("plan"), "which is made with its dataset", "in europe-west3")
        assert call("GET", url).status == 404
        job.run()
        [made] = [request for request in bigquery_proxy.requests if request.method == "POST" and request.path.endswith("/datasets")]
        assert made.json()["location"] == "europe-west3"
        assert call("GET", url).json()["location"] == "europe-west3"
        [asked] = [request.json()["jobReference"] for request in bigquery_proxy.requests if request.path.endswith("/jobs")]
        assert asked["location"] == "europe-west3"
        job.change(location=None)  # The stand-in says US of every table.
        job.run()
        assert call("GET", f"{url}/tables/t").json()["numRows"] == "2"


def test_a_dataset_in_another_place_is_refused(load):
    job = load(TIMES, {"name": "public.t", "write": "append"}, location="EU")
    for finished in (job.ask("check", expect=2), job.run(expect=2)):
        said(finished, f"{PROJECT}.{job.dataset.name}.t lies in US, and destination.location is EU")
    job.dataset.make("t", "id INTEGER", "day DATE", "at DATETIME", "moment TIMESTAMP", "name STRING")
    for finished in (job.ask("check", expect=2), job.run(expect=2)):
        said(finished, f"{PROJECT}.{job.dataset.name}.t lies in US, and destination.location is EU")
    job.change(location="us")
    job.run()
    assert len(job.rows("t")) == 1


# Tables that have other columns.


BASE = "CREATE TABLE t (id int NOT NULL, name text); INSERT INTO t VALUES (1, 'one')"


@pytest.fixture
def filled(load):
    """A job whose table has been loaded once."""
    job = load(BASE, {"name": "public.t", "write": "append"})
    job.dataset.make("t", "id INTEGER REQUIRED", "name STRING NULLABLE")
    job.run()
    return job


@pytest.mark.parametrize("policy", ["error", "evolve", "freeze", "discard_columns"])
def test_a_column_that_is_new(filled, database, policy):
    database.execute("ALTER TABLE t ADD COLUMN price numeric(6,2); UPDATE t SET price = 1.5, id = 2")
    filled.change(on_schema_change=policy)
    refused = policy in ("error", "freeze")
    plan, finished = filled.ask("plan", expect=2 if refused else 0), filled.run(expect=2 if refused else 0)
    if refused:
        for text in (plan, finished):
            said(text, "has other columns than this run would append", "+ price", "on_schema_change")
        assert filled.rows("t") == [["1", "one"]]
    elif policy == "evolve":
        said(plan, "+ price")
        assert filled.fields("t")["price"] == ("NUMERIC", "NULLABLE")
        assert filled.rows("t") == [["1", "one", None], ["2", "one", "1.5"]]
    else:
        said(plan, "column price is left out")
        assert filled.rows("t") == [["1", "one"], ["2", "one"]]


# The stand-in refuses a column of the schema that the file has not (servers/test_bigquery.py).
@pytest.mark.parametrize("policy", ["error"])
def test_a_column_that_is_gone(filled, database, policy):
    database.execute("ALTER TABLE t DROP COLUMN name")
    filled.change(on_schema_change=policy)
    said(filled.run(expect=2), "- name", "on_schema_change")
    assert filled.rows("t") == [["1", "one"]]


@pytest.mark.parametrize("policy", ["error", "evolve", "freeze", "discard_columns"])
def test_a_column_of_another_type(filled, database, policy):
    database.execute("ALTER TABLE t ALTER COLUMN name TYPE int USING 7")
    filled.change(on_schema_change=policy)
    said(filled.run(expect=2), "- name", "+ name", "STRING", "INTEGER")
    assert filled.rows("t") == [["1", "one"]]


@pytest.mark.parametrize("policy", ["error", "freeze", "discard_columns"])
def test_null_in_a_required_column(filled, database, policy):
    """The source's column may have NULL now; a row that has is named."""
    database.execute("ALTER TABLE t ALTER COLUMN id DROP NOT NULL; UPDATE t SET id = 2")
    filled.change(on_schema_change=policy)
    filled.run()
    assert filled.rows("t") == [["1", "one"], ["2", "one"]]
    database.execute("INSERT INTO t VALUES (NULL, 'none')")
    finished = filled.run(expect=1)
    said(finished, "public.t", 'column "id": NULL does not fit', "id = null, name = none")
    assert filled.rows("t") == [["1", "one"], ["2", "one"]]
    filled.expect_nothing_staged()


def test_a_required_column_is_relaxed(filled, database, bigquery_proxy):
    database.execute("ALTER TABLE t ALTER COLUMN id DROP NOT NULL; UPDATE t SET id = NULL")
    filled.change(on_schema_change="evolve")
    filled.run(expect=None)  # The stand-in does not know ALLOW_FIELD_RELAXATION: NULL is refused.
    asked = loads_asked(bigquery_proxy)[-1]["load"]
    assert asked["schemaUpdateOptions"] == ["ALLOW_FIELD_RELAXATION"]
    assert [(field["name"], field["mode"]) for field in asked["schema"]["fields"]] == [("id", "NULLABLE"), ("name", "NULLABLE")]


def test_replace_gives_the_table_other_columns(filled, database):
    database.execute("ALTER TABLE t DROP COLUMN name; ALTER TABLE t ADD COLUMN price float8; UPDATE t SET price = 0.5")
    filled.change_table(write="replace")
    said(filled.ask("plan"), "the table gets other columns", "- name", "+ price")
    filled.run()
    assert filled.rows("t") == [["1", "0.5"]] and list(filled.fields("t")) == ["id", "price"]


def test_replace_keeps_the_column_of_the_partitions(load, database):
    job = load(TIMES, {"name": "public.t", "write": "replace"}, partition_by="day")
    job.run()
    job.change(partition_by=None)
    database.execute("ALTER TABLE t DROP COLUMN day")
    said(job.run(expect=2), "is partitioned by day, which this run does not have")
    assert len(job.rows("t")) == 1
