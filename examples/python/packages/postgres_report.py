"""A table in PostgreSQL, filled and asked by pg8000.

    aio-host python --venv .venv --allow-net=127.0.0.1:5432 \\
        examples/python/packages/postgres_report.py 127.0.0.1 5432 USER PASSWORD
"""

import sys

from pg8000.native import Connection

SALES = [("north", 3, "12.50"), ("south", 1, "99.00"), ("north", 2, "20.00"), ("east", 7, "1.10")]

REPORT = """
    SELECT region, sum(pieces), sum(pieces * price) AS total
    FROM sales GROUP BY region ORDER BY total DESC
"""


def main(host, port, user, password):
    with Connection(user, host=host, port=int(port), password=password,
                    database="postgres") as connection:
        connection.run("CREATE TEMPORARY TABLE sales (region text, pieces int, price numeric)")
        insert = connection.prepare("INSERT INTO sales VALUES (:region, :pieces, :price)")
        for region, pieces, price in SALES:
            insert.run(region=region, pieces=pieces, price=price)
        for region, pieces, total in connection.run(REPORT):
            print(f"{region:8}{pieces:4}{total:10.2f}")


main(*sys.argv[1:])
