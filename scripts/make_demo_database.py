"""Makes the SQLite database of the demo: a shop with 1,000,000 orders, the same ones each time.

    make_demo_database.py FILE [ROWS]
"""

import os
import sqlite3
import sys

SCHEMA = """
CREATE TABLE orders (
  id          INTEGER PRIMARY KEY,
  customer_id INTEGER NOT NULL,
  status      TEXT NOT NULL,
  amount      DECIMAL(12,2) NOT NULL,
  currency    TEXT NOT NULL,
  note        TEXT,
  created_at  TIMESTAMP NOT NULL,
  shipped_on  DATE,
  gift        BOOLEAN NOT NULL
)
"""

# Multiplying by a prime and taking a remainder scatters the values without a random generator; a year is 365 days of
# 86,400 s, over which the orders are spread evenly.
ORDERS = """
WITH RECURSIVE series(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < :rows)
INSERT INTO orders
SELECT n,
       n * 7919 % 50000 + 1,
       CASE n * 31 % 10 WHEN 0 THEN 'cancelled' WHEN 1 THEN 'new' WHEN 2 THEN 'paid' ELSE 'shipped' END,
       n * 104729 % 500000 / 100.0,
       CASE n % 5 WHEN 0 THEN 'USD' WHEN 1 THEN 'GBP' ELSE 'EUR' END,
       CASE WHEN n % 7 = 0 THEN 'leave parcel ' || n || ' with the neighbours' END,
       strftime('%Y-%m-%d %H:%M:%S', 1704067200 + n * 31536000 / :rows, 'unixepoch'),
       CASE WHEN n * 31 % 10 > 2 THEN date(1704067200 + n * 31536000 / :rows + 172800, 'unixepoch') END,
       n % 11 = 0
FROM series
"""


def main():
    path = sys.argv[1]
    rows = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
    unfinished = path + ".new"
    if os.path.exists(unfinished):
        os.remove(unfinished)
    database = sqlite3.connect(unfinished)
    database.execute("PRAGMA journal_mode = OFF")
    database.execute("PRAGMA synchronous = OFF")
    database.execute(SCHEMA)
    database.execute(ORDERS, {"rows": rows})
    database.commit()
    database.close()
    os.replace(unfinished, path)


if __name__ == "__main__":
    main()
