"""pg8000 with a server of PostgreSQL, whose port is the argument: types, statements, transactions,
notices, copies, errors, and connections that work while an event loop does."""

import asyncio
import datetime
import io
import sys

import pg8000.dbapi
import pg8000.native

PORT = int(sys.argv[1])
WHO = {"user": "app", "password": "secret", "host": "127.0.0.1", "port": PORT,
       "database": "postgres"}


def types(connection):
    print(connection.run("SELECT 1 + 1, 'é', NULL, TRUE, 1.5::numeric, 2.5::float8"))
    print(connection.run("SELECT ARRAY[1, 2], '{\"a\": [1]}'::jsonb, '\\x00ff'::bytea"))
    print(connection.run("SELECT DATE '2024-02-29', TIMESTAMPTZ '2024-02-29 12:00+00'"))
    given = [7, "it's", b"\x00\x01", datetime.date(2020, 1, 2), None, [1, 2, 3], {"k": "v"}]
    names = [f"p{number}" for number in range(len(given))]
    kinds = ["int", "text", "bytea", "date", "int", "int[]", "jsonb"]
    query = ", ".join(f"CAST(:{name} AS {kind})" for name, kind in zip(names, kinds))
    print(connection.run(f"SELECT {query}", **dict(zip(names, given))))


def statements(connection):
    connection.run("CREATE TEMPORARY TABLE things (id int PRIMARY KEY, name text)")
    insert = connection.prepare("INSERT INTO things VALUES (:id, :name)")
    for number in range(100):
        insert.run(id=number, name="x" * number * 100)
    insert.close()
    print(connection.run("SELECT count(*), sum(length(name)) FROM things"))
    print([column["name"] for column in connection.columns], connection.row_count)
    rows = io.StringIO("200\ttwo hundred\n201\t\\N\n")
    connection.run("COPY things FROM STDIN", stream=rows)
    out = io.StringIO()
    connection.run("COPY (SELECT * FROM things WHERE id >= 200) TO STDOUT", stream=out)
    print(repr(out.getvalue()))
    print(len(connection.run("SELECT repeat('y', 3000000)")[0][0]))


def failures(connection):
    for statement in "SELECT * FROM nowhere", "SELECT 1 / 0", "INSERT INTO things VALUES (1, '')":
        try:
            connection.run(statement)
        except pg8000.native.DatabaseError as error:
            print(error.args[0]["C"], error.args[0]["M"])
    connection.run("DO $$ BEGIN RAISE NOTICE 'look here'; END $$")
    print(connection.notices[-1][b"M"])
    wrong = {**WHO, "password": "wrong"}
    try:
        pg8000.native.Connection(**wrong)
    except pg8000.native.DatabaseError as error:
        print(error.args[0]["M"])


def transactions():
    with pg8000.dbapi.connect(**WHO) as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE TEMPORARY TABLE kept (n int)")
        connection.commit()
        cursor.executemany("INSERT INTO kept VALUES (%s)", [(1,), (2,)])
        connection.rollback()
        cursor.execute("INSERT INTO kept VALUES (3)")
        connection.commit()
        cursor.execute("SELECT n FROM kept")
        print(cursor.fetchall(), [column[0] for column in cursor.description])


def messages(connection):
    connection.run("LISTEN news")
    with pg8000.native.Connection(**WHO) as other:
        other.run("NOTIFY news, 'from another'")
    connection.run("SELECT 1")
    print([(channel, text) for _, channel, text in connection.notifications])


async def beside_a_loop():
    def ask(number):
        with pg8000.native.Connection(**WHO) as connection:
            return connection.run("SELECT CAST(:n AS int) * 2", n=number)[0][0]

    print(await asyncio.gather(*(asyncio.to_thread(ask, number) for number in range(5))))


with pg8000.native.Connection(**WHO) as session:
    for part in types, statements, failures, messages:
        part(session)
transactions()
asyncio.run(beside_a_loop())
