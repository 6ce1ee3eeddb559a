"""The warehouse file: what it holds comes back, it explains itself, and refuses what its declarations refuse."""

import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import polars as pl
import pytest
from duckdb import DuckDBPyConnection
from polars.testing import assert_frame_equal

from efficiency.warehouse.errors import WarehouseError
from efficiency.warehouse.publish import publish
from efficiency.warehouse.read import load
from efficiency.warehouse.schema import TABLES, Contents, all_views
from schemas.column import Table

VALUES = {
    "text": '=甲\'s "公司"\n第二行',
    "number": 0.1 + 0.2,
    "integer": 7,
    "flag": True,
    "date": date(2026, 10, 1),
    "timestamp": datetime(2026, 11, 5, 6, 30, 1, 250_000, tzinfo=UTC),
}


def full_row(table: Table) -> pl.DataFrame:
    """A row with a value in every column of `table`."""
    return table.conform(pl.DataFrame({c.name: [c.choices[0] if c.choices else VALUES[c.kind]] for c in table.columns}))


def bare_row(table: Table) -> pl.DataFrame:
    """A row with nothing in the columns that may be empty."""
    return full_row(table).with_columns(pl.lit(None).cast(c.dtype).alias(c.name) for c in table.columns if c.nullable)


@pytest.fixture(scope="module")
def full() -> Contents:
    return Contents({name: pl.concat([full_row(table), bare_row(table)]) for name, table in TABLES.items()})


@pytest.fixture(scope="module")
def published(full: Contents, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("warehouse") / "efficiency.duckdb"
    publish(path, full)
    return path


@pytest.fixture
def analyst(published: Path) -> Iterator[DuckDBPyConnection]:
    with duckdb.connect(published, read_only=True) as connection:
        yield connection


def test_everything_comes_back_as_it_was(published: Path, full: Contents) -> None:
    loaded = load(published)
    for name, table in TABLES.items():
        order = list(table.names)
        assert_frame_equal(loaded[name].sort(order, nulls_last=True), full[name].sort(order, nulls_last=True))


def test_a_warehouse_that_is_not_there_is_none(tmp_path: Path) -> None:
    assert load(tmp_path / "none.duckdb") is None


def test_only_the_tables_asked_for_are_read(published: Path) -> None:
    assert set(load(published, only={"results.scores"}).frames) == {"results.scores"}


def without_column(published: Path, path: Path, table: str, column: str) -> Path:
    """A copy of the file `published` whose `table` lacks `column`."""
    shutil.copy(published, path)
    with duckdb.connect(path) as connection:
        for (view,) in connection.sql("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall():
            connection.execute(f"DROP VIEW {view}")
        connection.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
    return path


def test_a_file_of_an_older_version_is_read_with_nulls(published: Path, full: Contents, tmp_path: Path) -> None:
    loaded = load(without_column(published, tmp_path / "old.duckdb", "intake.submissions", "left_out"))
    assert loaded["intake.submissions"]["left_out"].null_count() == full["intake.submissions"].height > 0
    assert loaded["results.scores"].height == full["results.scores"].height


@pytest.mark.parametrize(
    ("table", "column"), [("results.evaluations", "policy_toml"), ("facts.enterprises", "uscc")], ids=["policy", "code"]
)
def test_a_file_that_lacks_what_every_version_writes_is_named(
    published: Path, tmp_path: Path, table: str, column: str
) -> None:
    altered = without_column(published, tmp_path / "altered.duckdb", table, column)
    with pytest.raises(WarehouseError, match=f"{table} lacks the column {column}") as caught:
        load(altered)
    assert "rollback" in str(caught.value)


def test_every_table_is_there_with_its_columns_in_order(analyst: DuckDBPyConnection) -> None:
    found = analyst.sql(
        "SELECT schema_name || '.' || table_name AS name, list(column_name ORDER BY column_index) AS columns "
        "FROM duckdb_columns() WHERE NOT internal AND schema_name <> 'main' GROUP BY ALL"
    ).fetchall()
    assert dict(found) == {name: list(table.names) for name, table in TABLES.items()}


def test_nothing_is_without_a_comment(analyst: DuckDBPyConnection) -> None:
    assert (
        analyst.sql(
            "SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal AND coalesce(comment, '') = '' "
            "UNION ALL SELECT table_name, NULL FROM duckdb_tables() WHERE NOT internal AND coalesce(comment, '') = '' "
            "UNION ALL SELECT view_name, NULL FROM duckdb_views() WHERE NOT internal AND coalesce(comment, '') = ''"
        ).fetchall()
        == []
    )


def test_comments_say_title_meaning_unit_and_source(analyst: DuckDBPyConnection) -> None:
    def comment(table: str, column: str) -> str:
        return analyst.sql(
            "SELECT comment FROM duckdb_columns() WHERE table_name = $table AND column_name = $column",
            params={"table": table, "column": column},
        ).fetchall()[0][0]

    assert comment("output", "tax").startswith("实缴税金 · Tax really paid")
    assert "unit 万元" in comment("output", "tax")
    assert "source: submitted sheets of form output (产出)" in comment("output", "tax")
    assert "unit 吨标准煤" in comment("scores", "energy")
    assert "unit 万元/亩" in comment("industry_summary", "tax_per_mu")
    assert "(UTC)" in comment("submissions", "received_at")


def test_every_view_has_only_the_columns_it_names(analyst: DuckDBPyConnection) -> None:
    for view in all_views():
        assert analyst.sql(f"SELECT * FROM {view.name}").columns == [column.name for column, _ in view.columns]


def test_clients_of_duckdb_1_can_open_the_file(analyst: DuckDBPyConnection) -> None:
    tags = analyst.sql("SELECT tags FROM duckdb_databases() WHERE database_name = current_database()").fetchall()[0][0]
    assert tags["storage_version"].startswith("v1.0.0")


def test_what_may_not_be_null_is_not_null_in_the_file_too(analyst: DuckDBPyConnection) -> None:
    found = analyst.sql(
        "SELECT schema_name || '.' || table_name, column_name FROM duckdb_columns() "
        "WHERE NOT internal AND schema_name <> 'main' AND NOT is_nullable"
    ).fetchall()
    assert set(found) == {(name, c.name) for name, table in TABLES.items() for c in table.columns if not c.nullable}


def test_a_tier_that_is_none_is_refused(tmp_path: Path) -> None:
    wrong = full_row(TABLES["results.scores"]).with_columns(pl.lit("E").alias("tier"))
    with pytest.raises(WarehouseError, match="CHECK"):
        publish(tmp_path / "w.duckdb", Contents({"results.scores": wrong}))
    assert list(tmp_path.iterdir()) == []


def test_a_missing_key_is_refused(tmp_path: Path) -> None:
    wrong = full_row(TABLES["results.scores"]).with_columns(pl.lit(None, dtype=pl.String).alias("uscc"))
    with pytest.raises(WarehouseError, match="NOT NULL"):
        publish(tmp_path / "w.duckdb", Contents({"results.scores": wrong}))


def test_a_table_that_is_not_declared_is_refused() -> None:
    with pytest.raises(KeyError, match=r"results\.score'"):
        Contents({"results.score": pl.DataFrame()})


def test_a_column_that_is_not_declared_is_refused(tmp_path: Path) -> None:
    extra = full_row(TABLES["facts.land"]).with_columns(pl.lit(1).alias("extra"))
    with pytest.raises(ValueError, match="extra"):
        publish(tmp_path / "w.duckdb", Contents({"facts.land": extra}))
    assert list(tmp_path.iterdir()) == []


def test_the_same_contents_in_another_order_lie_in_the_file_alike(tmp_path: Path, full: Contents) -> None:
    first, second = tmp_path / "a.duckdb", tmp_path / "b.duckdb"
    publish(first, full)
    publish(second, Contents({name: full[name].reverse() for name in full.frames if TABLES[name].key}))
    one, other = load(first), load(second)
    for name, table in TABLES.items():
        if table.key and one[name].select(table.key).is_unique().all():
            assert_frame_equal(one[name], other[name])


def test_a_python_variable_never_stands_in_for_a_table(published: Path) -> None:
    from efficiency.warehouse.connection import open_published

    missing = pl.DataFrame({"a": [1]})
    with pytest.raises(WarehouseError, match="missing"), open_published(published) as connection:
        connection.sql("SELECT * FROM missing").fetchall()
    assert missing.height == 1
