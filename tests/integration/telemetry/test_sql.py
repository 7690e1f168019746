"""The sink of databases: real SQLite files, and a real PostgreSQL where there is one."""

from __future__ import annotations

import os
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from engine.problems import ProblemError
from tassist.errors import Secret
from tassist.telemetry.sinks.sql import Postgres, Sqlite, SqlSink
from tests.integration.telemetry.conformance import SinkConformance, entries, records
from tests.support.records import line

SERVER = os.environ.get("TASSIST_TEST_POSTGRES", "host=127.0.0.1 user=postgres dbname=postgres connect_timeout=2")


class TestSqlite(SinkConformance):
    @override
    def make(self, place: Path) -> SqlSink:
        return SqlSink(Sqlite(place / "t" / "telemetry.db"), name="sql")

    @override
    def stored(self, place: Path) -> list[bytes]:
        with sqlite3.connect(place / "t" / "telemetry.db") as connection:
            rows = connection.execute("SELECT line FROM telemetry_records ORDER BY arrival").fetchall()
        connection.close()
        return [row[0].encode() for row in rows]

    @override
    @contextmanager
    def breaking(self, place: Path) -> Iterator[None]:
        """A trigger that refuses in the middle of the batch."""
        sink = self.make(place)
        sink.write([])
        sink.close()
        with _changing(place / "t" / "telemetry.db") as connection:
            connection.execute(
                "CREATE TRIGGER no_more BEFORE INSERT ON telemetry_records "
                "WHEN (SELECT count(*) FROM telemetry_records) >= 30 BEGIN SELECT RAISE(ABORT, 'no more'); END"
            )
        yield
        with _changing(place / "t" / "telemetry.db") as connection:
            connection.execute("DROP TRIGGER no_more")


@contextmanager
def _changing(file: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(file)
    yield connection
    connection.commit()
    connection.close()


def _server() -> Any:
    psycopg = pytest.importorskip("psycopg")
    try:
        return psycopg.connect(SERVER, autocommit=True)
    except psycopg.OperationalError as error:
        pytest.skip(f"no PostgreSQL: {str(error).splitlines()[0]}")


class TestPostgres(SinkConformance):
    @pytest.fixture
    @override
    def place(self, tmp_path: Path) -> Iterator[Path]:
        """The folder's name is the schema's: empty at first, and gone afterwards."""
        server = _server()
        name = f"tassist_test_{uuid.uuid4().hex[:12]}"
        server.execute(f"CREATE SCHEMA {name}")
        self.made: list[SqlSink] = []
        yield tmp_path / name
        for sink in self.made:
            sink.close()  # a process that died would have left that to the system
        server.execute(f"DROP SCHEMA {name} CASCADE")
        server.close()

    def _info(self, place: Path) -> str:
        return f"{SERVER} options='-c search_path={place.name}'"

    @override
    def make(self, place: Path) -> SqlSink:
        self.made.append(SqlSink(Postgres(Secret(self._info(place)), shown="test"), name="sql"))
        return self.made[-1]

    @override
    def stored(self, place: Path) -> list[bytes]:
        with self._connection(place) as connection:
            rows = connection.execute("SELECT line FROM telemetry_records ORDER BY arrival").fetchall()
        return [row[0].encode() for row in rows]

    @override
    @contextmanager
    def breaking(self, place: Path) -> Iterator[None]:
        sink = self.make(place)
        sink.write([])
        sink.close()
        with self._connection(place) as connection:
            connection.execute(
                "CREATE FUNCTION no_more() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                "IF (SELECT count(*) FROM telemetry_records) >= 30 THEN RAISE 'no more'; END IF; RETURN NEW; END $$; "
                "CREATE TRIGGER no_more BEFORE INSERT ON telemetry_records FOR EACH ROW EXECUTE FUNCTION no_more()"
            )
        yield
        with self._connection(place) as connection:
            connection.execute("DROP FUNCTION no_more CASCADE")

    @contextmanager
    def _connection(self, place: Path) -> Iterator[Any]:
        import psycopg

        connection = psycopg.connect(self._info(place), autocommit=True)
        yield connection
        connection.close()

    def test_a_connection_that_was_lost_is_made_again(self, place: Path) -> None:
        sink = self.make(place)
        sink.write(entries(records(10)))
        with self._connection(place) as connection:
            connection.execute("SELECT pg_terminate_backend(%s)", [sink._connection.info.backend_pid])

        with pytest.raises(ProblemError):
            sink.write(entries(records(20)))
        sink.write(entries(records(20)))

        assert sorted(self.stored(place)) == sorted(records(20))

    def test_h77_a_password_is_in_no_problem(self, place: Path) -> None:
        server = Postgres(Secret("host=127.0.0.1 port=1 user=x password=hunter2hunter2"), shown="127.0.0.1")
        with pytest.raises(ProblemError) as raised:
            SqlSink(server, name="sql").write(entries([line(1)]))

        assert "hunter2" not in str(raised.value)


def test_one_looks_for_records_by_their_columns(tmp_path: Path) -> None:
    sink = SqlSink(Sqlite(tmp_path / "t.db"), name="sql")
    sink.write(entries([line(1), line(2, repo="acme/lander", reason="no")]))
    sink.close()

    with sqlite3.connect(tmp_path / "t.db") as connection:
        rows = connection.execute(
            "SELECT repo, issue_number, outcome, json_extract(line, '$.reason') FROM telemetry_records ORDER BY arrival"
        ).fetchall()
    connection.close()
    assert rows == [("acme/orbit", 2, "success", None), ("acme/lander", 3, "partial", "no")]


def test_tables_of_a_newer_version_are_refused(tmp_path: Path) -> None:
    sink = SqlSink(Sqlite(tmp_path / "t.db"), name="sql")
    sink.write([])
    sink.close()
    with _changing(tmp_path / "t.db") as connection:
        connection.execute("UPDATE telemetry_schema SET version = 9")

    with pytest.raises(ProblemError) as raised:
        sink.write(entries([line(1)]))

    assert raised.value.problems[0].code == "database-too-new"


def test_a_file_that_is_no_database_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "t.db").write_text("something else, and long enough not to be taken for an empty database" * 20)

    with pytest.raises(ProblemError) as raised:
        SqlSink(Sqlite(tmp_path / "t.db"), name="sql").write(entries([line(1)]))

    assert raised.value.problems[0].code == "telemetry-database"


def test_a_folder_that_cannot_be_made_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(ProblemError) as raised:
        SqlSink(Sqlite(tmp_path / "file" / "t.db"), name="sql").write(entries([line(1)]))

    assert raised.value.problems[0].family == "world"
