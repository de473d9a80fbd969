-- The 19 columns of the New York yellow taxi trip records, with their types as PostgreSQL users load them.
SELECT setseed(0.42);

CREATE TABLE taxi (
    vendor_id integer,
    tpep_pickup_datetime timestamp NOT NULL,
    tpep_dropoff_datetime timestamp NOT NULL,
    passenger_count bigint,
    trip_distance double precision,
    ratecode_id bigint,
    store_and_fwd_flag text,
    pu_location_id integer,
    do_location_id integer,
    payment_type bigint,
    fare_amount numeric(10, 2),
    extra numeric(10, 2),
    mta_tax numeric(10, 2),
    tip_amount numeric(10, 2),
    tolls_amount numeric(10, 2),
    improvement_surcharge numeric(10, 2),
    total_amount numeric(10, 2),
    congestion_surcharge numeric(10, 2),
    airport_fee numeric(10, 2)
);

INSERT INTO taxi
SELECT
    1 + (random() < 0.7)::integer,
    pickup,
    pickup + minutes * interval '1 minute',
    CASE WHEN known THEN 1 + floor(random() * random() * 6)::bigint END,
    round((minutes * 0.3)::numeric, 2)::double precision,
    CASE WHEN known THEN 1 + floor(random() * random() * 6)::bigint END,
    CASE WHEN known THEN (ARRAY['N', 'N', 'N', 'Y'])[1 + floor(random() * 4)::integer] END,
    1 + floor(random() * 265)::integer,
    1 + floor(random() * 265)::integer,
    CASE WHEN known THEN 1 + floor(random() * 4)::bigint ELSE 0 END,
    fare,
    (ARRAY[0, 0.5, 1, 2.5])[1 + floor(random() * 4)::integer],
    0.5,
    tip,
    CASE WHEN random() < 0.06 THEN 6.55 ELSE 0 END,
    1,
    fare + tip + 4,
    CASE WHEN known THEN 2.5 END,
    CASE WHEN known THEN CASE WHEN random() < 0.08 THEN 1.25 ELSE 0 END END
FROM (
    SELECT
        timestamp '2024-01-01 00:00:00' + (random() * 31536000)::integer * interval '1 second' AS pickup,
        1 + random() * random() * 90 AS minutes,
        round((3 + random() * random() * 80)::numeric, 2) AS fare,
        round((random() * random() * 15)::numeric, 2) AS tip,
        random() < 0.95 AS known
    FROM generate_series(1, :rows)
) AS trips;
