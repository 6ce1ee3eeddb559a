"""Above a bound the workbook holds no full results: they stand beside it, complete, and as harmless as in a cell."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from builders.reports import code, renamed, sample_report
from conftest import ROOT
from polars.testing import assert_frame_equal

from efficiency.errors import EfficiencyError
from efficiency.job import documents
from efficiency.reports import officials
from efficiency.reports.officials import write_full_results, write_officials
from efficiency.reports.report import Report

LIVE = ("=1+1", "+1", "-1", "@SUM(A1)", " =1", "＝1+1")


@pytest.fixture(scope="module")
def report() -> Report:
    return renamed(sample_report(120, unrated=9), {code(number): text for number, text in enumerate(LIVE, start=1)})


def test_a_province_gets_lists_and_method_and_the_name_of_the_full_results(tmp_path: Path, report: Report) -> None:
    write_officials(tmp_path / "out.xlsx", report, most_enterprises=128)
    book = openpyxl.load_workbook(tmp_path / "out.xlsx")
    assert book.sheetnames == ["一页纸", "概览", "升级改造", "关停", "并转", "对接头部企业", "方法说明"]
    for title in book.sheetnames[2:6]:
        cells = [str(cell.value) for row in book[title].iter_rows() for cell in row]
        assert sum("全部分级_2026-10.csv" in text for text in cells) == 1
        assert not any("点击" in text for text in cells)
        assert not any("HYPERLINK" in text for text in cells)


def test_at_the_bound_the_workbook_still_holds_everything(tmp_path: Path, report: Report) -> None:
    write_officials(tmp_path / "out.xlsx", report, most_enterprises=129)
    assert {"全部分级", "评分明细", "未参评与数据不足"} < set(openpyxl.load_workbook(tmp_path / "out.xlsx").sheetnames)


def test_full_results_are_the_scores_and_every_figure_of_every_indicator(tmp_path: Path, report: Report) -> None:
    write_full_results(tmp_path, report)
    written = pl.read_parquet(tmp_path / "全部分级_2026-10.parquet")
    scores = report.scores.sort("uscc")
    assert_frame_equal(written.select(scores.columns).sort("uscc"), scores)
    for indicator, own in report.indicators.partition_by("indicator", as_dict=True).items():
        shown = written.select("uscc", *(f"{indicator[0]}_{name}" for name in ("value", "benchmark", "score")))
        joined = own.select("uscc", "value", "benchmark", "score").join(shown, on="uscc", validate="1:1")
        assert joined.height == own.height
        for name in ("value", "benchmark", "score"):
            assert joined[name].equals(joined[f"{indicator[0]}_{name}"])
    ranks = written.filter(pl.col("rank").is_not_null())
    assert ranks["rank"].is_sorted()
    assert written["rank"].tail(9).is_null().all()


def test_the_csv_says_the_same_in_chinese_and_no_text_in_it_is_a_formula(tmp_path: Path, report: Report) -> None:
    write_full_results(tmp_path, report)
    raw = (tmp_path / "全部分级_2026-10.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    written = pl.read_csv(raw, infer_schema=False)
    assert {"统一社会信用代码", "企业名称", "综合能耗(吨标准煤)", "等级"} < set(written.columns)
    assert written.height == report.scores.height
    names = dict(written.select("统一社会信用代码", "企业名称").iter_rows())
    assert [names[code(number)] for number in range(1, len(LIVE) + 1)] == [f"'{text}" for text in LIVE]


def test_the_parquet_file_says_what_its_columns_are_called(tmp_path: Path, report: Report) -> None:
    write_full_results(tmp_path, report)
    place = tmp_path / "全部分级_2026-10.parquet"
    called = json.loads(pl.read_parquet_metadata(place)["columns"])
    assert list(called) == pl.read_parquet(place).columns
    assert called["energy"] == "综合能耗(吨标准煤)"
    assert list(called.values()) == pl.read_csv(place.with_suffix(".csv"), infer_schema=False).columns


def test_an_indicator_may_be_called_as_a_score_is_or_begin_as_a_formula_does(tmp_path: Path, report: Report) -> None:
    first = report.indicators["indicator"][0]
    renamed_ = report.indicators.with_columns(
        pl.when(pl.col("indicator") == first).then(pl.lit("land")).otherwise("indicator").alias("indicator"),
        pl.when(pl.col("indicator") == first).then(pl.lit("=1+1")).otherwise("title").alias("title"),
    )
    write_full_results(tmp_path, replace(report, indicators=renamed_))
    place = tmp_path / "全部分级_2026-10.parquet"
    written = pl.read_parquet(place)
    called = json.loads(pl.read_parquet_metadata(place)["columns"])
    assert (called["land_score"], called["land_score_2"]) == ("土地效率得分", "=1+1 得分")
    own = renamed_.filter(pl.col("indicator") == "land").select("uscc", "score")
    joined = own.join(written.select("uscc", "land_score_2"), on="uscc", validate="1:1")
    assert joined.height == own.height > 0
    assert joined["score"].equals(joined["land_score_2"])
    headers = pl.read_csv(place.with_suffix(".csv"), infer_schema=False).columns
    assert "'=1+1 得分" in headers
    assert len(headers) == written.width


def test_a_folder_that_cannot_be_written_is_named_with_the_remedy(tmp_path: Path, report: Report) -> None:
    with pytest.raises(EfficiencyError, match="--output"):
        write_full_results(tmp_path / "missing", report)


SMALL_DISK = """
import resource, signal, sys
from pathlib import Path
from builders.reports import sample_report
from efficiency.errors import EfficiencyError
from efficiency.reports.officials import write_full_results
report = sample_report(3_000)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    write_full_results(Path(sys.argv[1]), report)
except EfficiencyError as error:
    print(error)
"""


def test_a_full_disk_is_named_and_is_no_fault_of_the_program(tmp_path: Path) -> None:
    where = {**os.environ, "PYTHONPATH": str(ROOT / "tests")}
    done = subprocess.run(
        [sys.executable, "-c", SMALL_DISK, str(tmp_path)], env=where, check=True, capture_output=True, text=True
    )
    assert "全部分级_2026-10 cannot be written" in done.stdout
    assert "Free some space" in done.stdout


@pytest.mark.parametrize(("bound", "files"), [(128, 6), (129, 4)])
def test_documents_have_full_results_beside_them_above_the_bound_alone(
    tmp_path: Path, report: Report, monkeypatch: pytest.MonkeyPatch, bound: int, files: int
) -> None:
    monkeypatch.setattr(officials, "WORKBOOK_ENTERPRISES", bound)
    documents.write_documents(tmp_path, report)
    assert len(list(tmp_path.iterdir())) == files
