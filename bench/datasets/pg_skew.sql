-- Two fifths of the rows all over a year, in the order in which they came, and then three fifths in one hour of the last day.
-- Statistics are made in between.
SELECT setseed(0.42);

CREATE TABLE :table (
    id bigint PRIMARY KEY,
    created_at timestamptz NOT NULL,
    user_id integer NOT NULL,
    amount numeric(12, 2),
    payload text NOT NULL
) WITH (autovacuum_enabled = off);

CREATE INDEX ON :table (created_at);

INSERT INTO :table
SELECT i, timestamptz '2024-01-01 00:00:00+00' + i * (interval '365 days' / (:rows * 2 / 5)), (random() * 200000)::integer,
    (random() * 100000)::numeric(12, 2), md5(i::text)
FROM generate_series(1, :rows * 2 / 5) AS i;

ANALYZE :table;

INSERT INTO :table
SELECT i, timestamptz '2024-12-30 12:00:00+00' + random() * interval '1 hour', (random() * 200000)::integer,
    (random() * 100000)::numeric(12, 2), md5(i::text)
FROM generate_series(:rows * 2 / 5 + 1, :rows) AS i;
