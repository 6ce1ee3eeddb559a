"""Problems of a file as a whole: what a mended one leaves out, which have no place any more, which may be mistaken.

Mistaken may be a file whose name states another month than its rows, and one whose figures all replace those of
another file: the sheet of a new month in which the month was not changed replaces the month before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.problems import problem, problem_rows, problems_frame
from efficiency.intake.resolution.duplicate_problems import called
from efficiency.intake.resolution.succession import SUCCEEDED, WITHDRAWN, month_named, names_month
from schemas import FORMS
from schemas.column import PART

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from schemas import Form

LAPSED = {
    "form": pl.String(),
    "succeeded_by": pl.String(),
    "uscc": pl.String(),
    "name": pl.String(),
    "figures": pl.Int64(),
}
"""One row per form, sheet that has the place of earlier ones, and enterprise: how many of their figures it does not
state, which counted before it came."""
REPLACING = {"submission_id": pl.String(), "later_submission": pl.String(), "rows": pl.Int64()}
"""One row per pair of sheets: how many rows of the later one state only what it replaced in the other."""
SAYS_SO = r"更正|修正|修订|订正|重报|补报|更新"
"""Words in the name of a file or sheet that is meant to replace figures of another."""
BY_ROW = r"第\d+行"
"""Part of a name of a part that only its row tells apart."""
NAMED = 10
"""Enterprises that a message names."""


@dataclass(frozen=True, slots=True)
class FileFindings:
    """What the facts of some enterprises say about whole files."""

    lapsed: pl.DataFrame
    """Shape `LAPSED`."""
    replacing: pl.DataFrame
    """Shape `REPLACING`."""


NOTHING = FileFindings(pl.DataFrame(schema=LAPSED), pl.DataFrame(schema=REPLACING))


def concat_findings(findings: Sequence[FileFindings]) -> FileFindings:
    """What all `findings` say; no enterprise is in two of them."""
    return FileFindings(
        pl.concat([NOTHING.lapsed, *(one.lapsed for one in findings)]),
        pl.concat([NOTHING.replacing, *(one.replacing for one in findings)])
        .group_by("submission_id", "later_submission")
        .agg(pl.col("rows").sum()),
    )


def file_findings(
    form_id: str, facts: pl.DataFrame, replaced: pl.DataFrame, submissions: pl.DataFrame, ranks: pl.DataFrame
) -> FileFindings:
    """What `facts` of a form (shape `schemas.FACTS`) say about whole files.

    `replaced` has the shape `precedence.REPLACED`; `submissions` and `ranks` are those of `partition.LookupTables`.
    """
    form = FORMS[form_id]
    return FileFindings(_lapsed(form, facts, submissions, ranks), _replacing(form, facts, replaced))


def _figures(form: Form, rows: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
    """The statements of `rows` by the figure that they make; one kind where rows are replaced as a whole."""
    if form.replaces == "row":
        return [("", rows)]
    return [(name, rows.filter(pl.col(name).is_not_null())) for name in form.figures]


def _lapsed(form: Form, facts: pl.DataFrame, submissions: pl.DataFrame, ranks: pl.DataFrame) -> pl.DataFrame:
    """What sheets of `form` state that were succeeded and their successors do not; shape `LAPSED`.

    Of a form whose entries stand until they are withdrawn it is what goes on to count.
    """
    key = list(form.statement_key)
    sheets = submissions.select(
        "submission_id", "sha256", "form", "succeeded_by", pl.col("left_out").is_null().alias("_counts")
    ).join(ranks.select("submission_id", "as_sent"), on="submission_id", how="left", validate="1:1")
    files = sheets.select(pl.col("submission_id").alias("succeeded_by"), pl.col("sha256").alias("_file"))
    succeeded = sheets.filter((pl.col("form") == form.id) & pl.col("succeeded_by").is_not_null()).join(
        files, on="succeeded_by", how="left", validate="m:1"
    )
    if succeeded.is_empty():
        return NOTHING.lapsed
    gone = facts.join(succeeded.drop("form", "sha256"), on="submission_id", how="inner", validate="m:1")
    if form.stands_until_withdrawn:
        return _by_enterprise(form, [gone.filter(~pl.col("superseded"))])
    # An approved correction counts before whatever was sent.
    rank = pl.when(pl.col("form") == "corrections").then(pl.lit(1 << 62)).otherwise("as_sent")
    others = sheets.filter("_counts").select("submission_id", "sha256", rank.alias("_other_rank"))
    now = facts.join(gone.select(key).unique(), on=key, how="semi", nulls_equal=True).join(
        others, on="submission_id", how="inner", validate="m:1"
    )
    left, parts = [], []
    for name, stated in _figures(form, gone):
        again = now.filter(pl.col(name).is_not_null()) if name else now
        numbered = stated.with_row_index("_number")
        added = [name] if name else list(form.added)
        value = pl.sum_horizontal(pl.col(column).cast(pl.Float64) for column in added) if form.parts else pl.lit(0.0)
        part = pl.col(PART.name) if form.parts else pl.lit(None, dtype=pl.String)
        restated = again.select(
            *key, "sha256", "_other_rank", "submission_id", "row", part.alias("_part"), value.alias("_value")
        )
        still = numbered.with_columns(value.alias("_old")).join(
            restated, on=key, how="inner", nulls_equal=True, suffix="_again"
        )
        still = still.filter((pl.col("sha256") == pl.col("_file")) | (pl.col("_other_rank") > pl.col("as_sent")))
        left.append(numbered.join(still.select("_number"), on="_number", how="anti"))
        if form.parts:
            parts.append(_lapsed_parts(form, still.filter(pl.col(PART.name).is_not_null())))
    lapsed = pl.concat([_by_enterprise(form, left), *parts])
    return lapsed.group_by("form", "succeeded_by", "uscc").agg(
        pl.col("name").drop_nulls().sort().first(), pl.col("figures").sum()
    )


def _lapsed_parts(form: Form, pairs: pl.DataFrame) -> pl.DataFrame:
    """The parts of figures that a successor states without them; shape `LAPSED`.

    `pairs` are parts (with part and `_old`, their value) and rows that restate the figure (`submission_id_again`,
    `row_again`, `_part`, `_value`). Where these name no parts, parts are missing if the figure is nearer to what it is
    without the smallest of them; where they do, a part of another name may be the same one renamed.
    """
    old = pl.struct(PART.name, "_old").unique()
    new = pl.struct("submission_id_again", "row_again", "_part", "_value").unique()
    figures = (
        pairs.group_by("succeeded_by", *form.statement_key)
        .agg(
            pl.col("name").drop_nulls().first(),
            old.alias("_olds"),
            new.alias("_news"),
            pl.col("_part").is_null().any().alias("_whole"),
        )
        .with_columns(
            pl.col("_olds").list.eval(pl.element().struct.field("_old")).alias("_values"),
            pl.col("_news").list.eval(pl.element().struct.field("_value")).list.sum().alias("_sum"),
            pl.col("_olds").list.eval(pl.element().struct.field(PART.name)).alias("_labels"),
            pl.col("_news").list.eval(pl.element().struct.field("_part")).alias("_relabelled"),
        )
    )
    least, number = pl.col("_values").list.min().abs(), pl.col("_olds").list.len().cast(pl.Int64)
    by_rows = pl.col("_labels").list.eval(pl.element().str.contains(BY_ROW)).list.any()
    dropped = pl.col("_labels").list.set_difference("_relabelled").list.len().cast(pl.Int64)
    renamed = pl.col("_relabelled").list.set_difference("_labels").list.len().cast(pl.Int64)
    fewer = pl.col("_sum") < pl.col("_values").list.sum() - least / 2
    lost = (
        pl.when("_whole")
        .then(pl.when(fewer).then(number - 1).otherwise(0))
        .when(by_rows)
        .then(number - pl.col("_news").list.len().cast(pl.Int64))
        .when(fewer & (dropped > 0))
        .then(pl.max_horizontal(dropped - renamed, 1))
        .otherwise(dropped - renamed)
    )
    return (
        figures.with_columns(lost.alias("figures"))
        .filter(pl.col("figures") > 0)
        .group_by("succeeded_by", "uscc")
        .agg(pl.col("name").drop_nulls().sort().first(), pl.col("figures").sum())
        .select(pl.lit(form.id).alias("form"), *list(LAPSED)[1:])
    )


def _by_enterprise(form: Form, statements: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """The number of distinct `statements`, a frame for each figure, in the shape `LAPSED`."""
    key = list(form.statement_key)
    once = [frame.unique(["succeeded_by", *key]).select("succeeded_by", "uscc", "name") for frame in statements]
    counted = (
        pl.concat(once)
        .group_by("succeeded_by", "uscc")
        .agg(pl.col("name").drop_nulls().sort().first(), pl.len().cast(pl.Int64).alias("figures"))
    )
    return counted.select(pl.lit(form.id).alias("form"), *list(LAPSED)[1:])


def _replacing(form: Form, facts: pl.DataFrame, replaced: pl.DataFrame) -> pl.DataFrame:
    """Which rows of a sheet state only what it replaced in one other; shape `REPLACING`."""
    pairs = (
        replaced.select("submission_id", "later_submission")
        .unique()
        .filter(pl.col("submission_id") != pl.col("later_submission"))
    )
    if pairs.is_empty() or not form.flow or not form.figures or form.lists_entries:
        return NOTHING.replacing
    key = list(form.statement_key)
    later = pairs["later_submission"].unique()
    counting = facts.filter(~pl.col("superseded") & pl.col("submission_id").is_in(later.implode()))
    before = facts.filter(pl.col("superseded") & pl.col("submission_id").is_in(pairs["submission_id"].implode()))
    row = ["later_submission", "row"]
    shared: list[pl.DataFrame] = []
    stated: list[pl.DataFrame] = []
    for name, rows in _figures(form, counting):
        own = rows.select(*key, pl.col("submission_id").alias("later_submission"), "row").unique()
        old = before.filter(pl.col(name).is_not_null()) if name else before
        other = old.select(*key, "submission_id").unique()
        stated.append(own.select(row))
        shared.append(own.join(other, on=key, how="inner", nulls_equal=True).select(*row, "submission_id"))
    number = pl.concat(stated).group_by(row).len("_stated")
    return (
        pl.concat(shared)
        .group_by(*row, "submission_id")
        .len("_shared")
        .join(number, on=row, how="left", validate="m:1")
        .filter(pl.col("_shared") == pl.col("_stated"))
        .group_by("submission_id", "later_submission")
        .agg(pl.len().cast(pl.Int64).alias("rows"))
        .join(pairs, on=["submission_id", "later_submission"], how="semi")
        .select(list(REPLACING))
    )


def file_problems(
    submissions: pl.DataFrame,
    columns: pl.DataFrame,
    found: FileFindings,
    withdrawals: pl.DataFrame,
    labels: Mapping[str, Sequence[str]],
) -> pl.DataFrame:
    """The problems of whole files; shape `efficiency.intake.problems.PARSE_PROBLEMS`.

    `submissions` are reconciled, `columns` have the shape `schemas.COLUMN_MAP`, `withdrawals` that of
    `schemas.WITHDRAWALS`; `labels` are the periods of sheets whose rows have their own.
    """
    return pl.concat(
        [
            _left_out(submissions, withdrawals),
            _lapsed_problems(submissions, found.lapsed),
            _misnamed(submissions, labels),
            *_all_replaced(submissions, columns, found.replacing),
        ]
    )


def _with_place(rows: pl.DataFrame, submissions: pl.DataFrame) -> pl.DataFrame:
    """`rows` with file_name and sheet of their submission_id."""
    return rows.join(
        submissions.select("submission_id", "file_name", "sheet"), on="submission_id", how="left", validate="m:1"
    )


def _left_out(submissions: pl.DataFrame, withdrawals: pl.DataFrame) -> pl.DataFrame:
    """A note on each sheet that does not count, with its successor or the reason why it was withdrawn."""
    gone = submissions.filter(pl.col("left_out").is_not_null())
    later = submissions.select(pl.col("submission_id").alias("succeeded_by"), called().alias("later"))
    why = withdrawals.sort("withdrawn_at").unique("submission_id", keep="last").select("submission_id", "reason")
    noted = (
        gone.select("submission_id", "file_name", "sheet", "left_out", "succeeded_by")
        .join(later, on="succeeded_by", how="left", validate="m:1")
        .join(why, on="submission_id", how="left", validate="1:1")
    )
    return pl.concat(
        [
            problem_rows(
                "file_succeeded",
                noted.filter(pl.col("left_out") == SUCCEEDED).with_columns(pl.col("later").alias("value")),
            ),
            problem_rows(
                "file_withdrawn",
                noted.filter(pl.col("left_out") == WITHDRAWN).with_columns(pl.col("reason").alias("value")),
            ),
        ]
    )


def _lapsed_problems(submissions: pl.DataFrame, lapsed: pl.DataFrame) -> pl.DataFrame:
    """A problem on each sheet that has the place of earlier ones and leaves out what they state."""
    one = pl.len() == 1
    by_sheet = (
        lapsed.sort("succeeded_by", "form", "name", "uscc")
        .group_by("form", "succeeded_by", maintain_order=True)
        .agg(
            pl.col("figures").sum().cast(pl.String).alias("value"),
            pl.len().alias("_enterprises"),
            pl.col("name").fill_null(pl.col("uscc")).head(NAMED).str.join("、").alias("_names"),
            pl.when(one).then(pl.col("uscc").first()).alias("uscc"),
            pl.when(one).then(pl.col("name").first()).alias("name"),
        )
        .rename({"succeeded_by": "submission_id"})
    )
    names = pl.when(pl.col("_enterprises") > NAMED).then(pl.format("{}等{}家企业", "_names", "_enterprises"))
    title = pl.col("form").replace_strict({form.id: form.title for form in FORMS.values()}, return_dtype=pl.String)
    located = _with_place(by_sheet, submissions).with_columns(
        names.otherwise("_names").alias("names"), title.alias("title")
    )
    stand = pl.col("form").is_in([form.id for form in FORMS.values() if form.stands_until_withdrawn])
    words = {"names": pl.col("names"), "title": pl.col("title")}
    return pl.concat(
        [
            problem_rows("figures_lapsed", located.filter(~stand), words),
            problem_rows("entries_left_out", located.filter(stand), words),
        ]
    )


def _misnamed(submissions: pl.DataFrame, labels: Mapping[str, Sequence[str]]) -> pl.DataFrame:
    """A warning on each file whose name states a month that none of its sheets has figures of."""
    flows = [form.id for form in FORMS.values() if form.flow and not form.lists_entries]
    asked = submissions.filter(
        pl.col("left_out").is_null() & pl.col("form").is_in(flows) & (pl.col("status") != "refused")
    )
    found: list[dict[str, object]] = []
    for (file_name, _), sheets in asked.group_by("file_name", "sha256", maintain_order=True):
        named = month_named(str(file_name))
        if named is None:
            continue
        stated = [
            (identifier, sheet, labels[identifier])
            for identifier, sheet in sheets.select("submission_id", "sheet").iter_rows()
            if labels.get(identifier)
        ]
        if stated and not any(names_month(named, found[0]) for _, _, found in stated):
            identifier, sheet, (period, *_) = stated[0]
            month = f"{named.year}年{named.month}月" if named.year else f"{named.month}月"
            found.append(
                problem(
                    "file_misnamed",
                    submission_id=identifier,
                    file_name=str(file_name),
                    sheet=sheet,
                    value=period,
                    named=month,
                )
            )
    return problems_frame(found)


def _all_replaced(submissions: pl.DataFrame, columns: pl.DataFrame, replacing: pl.DataFrame) -> list[pl.DataFrame]:
    """A warning on each sheet all of whose rows replace those of another file's, and on that one.

    Where the other one states further figures it is of another department, not of another month by mistake, and a
    file that says it is a correction is none either.
    """
    about = submissions.select("submission_id", "sha256", "left_out", "rows_accepted", "form", called().alias("called"))
    pairs = (
        replacing.join(about, on="submission_id", how="inner", validate="m:1")
        .join(about, left_on="later_submission", right_on="submission_id", how="inner", validate="m:1", suffix="_later")
        .filter(
            pl.col("left_out").is_null()
            & (pl.col("sha256") != pl.col("sha256_later"))
            & (pl.col("form") == pl.col("form_later"))
            & (pl.col("rows") == pl.col("rows_accepted_later"))
            & ~pl.col("called_later").str.contains(SAYS_SO)
        )
    )
    figures = columns.filter(pl.col("field").is_in([name for form in FORMS.values() for name in form.figures]))
    stated = figures.select("submission_id", "field").unique()
    more = (
        pairs.select("submission_id", "later_submission")
        .join(stated, on="submission_id", how="inner")
        .join(stated.rename({"submission_id": "later_submission"}), on=["later_submission", "field"], how="anti")
    )
    pairs = pairs.join(more, on=["submission_id", "later_submission"], how="anti").with_columns(
        pl.col("rows").cast(pl.String).alias("value")
    )
    sides = (
        (
            "replaces_file",
            pairs.select(pl.col("later_submission").alias("submission_id"), "value", pl.col("called").alias("other")),
        ),
        ("replaced_by_file", pairs.select("submission_id", "value", pl.col("called_later").alias("other"))),
    )
    return [problem_rows(rule, _with_place(rows, submissions), {"other": pl.col("other")}) for rule, rows in sides]
