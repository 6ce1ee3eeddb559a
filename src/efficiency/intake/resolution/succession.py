"""Which sheets count: not those that were withdrawn, nor those of a file that a later one of its name has succeeded.

A file succeeds an earlier one of the same path and name with other bytes
- when a sheet of the same name has the same form and period in both, or nothing of the earlier one states anything;
- when its name states the month, whatever the period of its rows;
- but not when its name states no month (or no year) and it comes with another month (or year): that is a new
  submission, and both count.
A file of which nothing states anything succeeds none, so that an unreadable one costs no figure. Where a sheet of the
later file is withdrawn, the sheet that it replaced counts again.

The problems of a sheet that does not count any more are those with which it was last published: its figures are not
checked against others again. What became of the problems of a file when it came again is counted from them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.parsing import Timing, span_labels, timing_in
from efficiency.intake.problems import RULES
from schemas import FORMS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from efficiency.partitions import Chunks

SEEN = {"sequence": pl.Int64(), "file_name": pl.String(), "sha256": pl.String()}
"""One row per run, by its sequence, and file of its inbox."""
PLACES = {"sha256": pl.String(), "file_name": pl.String(), "last_seen": pl.Int64()}
"""One row per file and name that it had in the last run in which it was in the inbox; `last_seen` is that run's
sequence, 0 where no run has written it down."""
STANDING = {"submission_id": pl.String(), "left_out": pl.String(), "succeeded_by": pl.String()}
"""One row per sheet: why it does not count, null where it does, and which sheet has its place. Entries of a form that
stand until they are withdrawn count beside those of that sheet."""
SUCCEEDED, WITHDRAWN = "succeeded", "withdrawn"
SUCCESSION: dict[str, pl.DataType] = {
    "file_name": pl.String(),
    "sha256": pl.String(),
    "earlier_sha256": pl.String(),
    "before": pl.Int64(),
    "mended": pl.Int64(),
    "left": pl.Int64(),
    "new": pl.Int64(),
}
"""One row per successor: the problems (errors and warnings) of the file it succeeds, and how they fared."""

_SAME = ["sheet", "cell", "field", "rule"]
"""What makes two problems the same one: the value may have changed and still be wrong in the same way."""
_DIGEST = pl.col("submission_id").str.head(12)


@dataclass(frozen=True, slots=True)
class _Sheet:
    submission_id: str
    sheet: str
    form: str | None
    periods: tuple[str, ...]
    """Those that it has figures of, the one of most rows first."""
    states: bool
    """Whether any row of it states something."""
    withdrawn: bool


@dataclass(frozen=True, slots=True)
class _Version:
    """The bytes of a file under one name."""

    file_name: str
    seen: tuple[int, int]
    """Last run that had it in its inbox, order of arrival."""
    run_id: str
    sheets: tuple[_Sheet, ...]

    @property
    def live(self) -> list[_Sheet]:
        """The sheets that are not withdrawn."""
        return [sheet for sheet in self.sheets if not sheet.withdrawn]


def places(seen: pl.DataFrame, submissions: pl.DataFrame) -> pl.DataFrame:
    """Under which names each file of `submissions` is known now (shape `PLACES`).

    `seen` has the shape `SEEN`. A file that was renamed has its new name alone, one that was copied has both.
    """
    files = submissions.select("sha256", "file_name").unique()
    written = (
        seen.filter(pl.col("sha256").is_in(files["sha256"].implode()))
        .filter(pl.col("sequence") == pl.col("sequence").max().over("sha256"))
        .select("sha256", "file_name", pl.col("sequence").alias("last_seen"))
        .unique()
    )
    unwritten = files.join(written, on="sha256", how="anti").with_columns(pl.lit(0, dtype=pl.Int64).alias("last_seen"))
    return pl.concat([frame.cast(pl.Schema(PLACES)) for frame in (written, unwritten)])


def periods(submissions: pl.DataFrame, rows: Mapping[str, Chunks], known: pl.DataFrame) -> dict[str, tuple[str, ...]]:
    """The periods (`2026-10`) of each sheet of a file that came in several versions or whose name states a month.

    The period is that of the heading, else those that its `rows` (form id → stated rows) state: first the one of most
    rows, the latest of several; of a form whose rows are in force from a date on, the months of these dates. A form
    that lists entries has none. `known` has the shape `PLACES`.
    """
    of_place = _of_several_versions(submissions, known)["submission_id"]
    names = {name: month_named(name) is not None for name in submissions["file_name"].unique()}
    named = pl.col("file_name").replace_strict(names, return_dtype=pl.Boolean)
    several = submissions.filter(pl.col("submission_id").is_in(of_place.implode()) | named)
    label = span_labels(pl.col("_first"), pl.col("_last"))
    labels: dict[str, tuple[str, ...]] = {
        identifier: (label,)
        for identifier, label in several.drop_nulls("period_label").select("submission_id", "period_label").iter_rows()
    }
    for form_id in several.filter(pl.col("period_label").is_null())["form"].drop_nulls().unique().sort():
        form = FORMS[form_id]
        since = form.in_force_from
        if form.lists_entries or not (form.flow or since):
            continue
        asked = several.filter(pl.col("period_label").is_null() & (pl.col("form") == form_id))["submission_id"]
        first, last = (pl.col("span_start"), pl.col("span_end")) if form.flow else (pl.col(since or ""),) * 2
        most = (
            rows[form_id]
            .lazy()
            .filter(pl.col("submission_id").is_in(asked.implode()))
            .select("submission_id", first.alias("_first"), last.alias("_last"))
            .drop_nulls()
            .group_by("submission_id", "_first", "_last")
            .len()
            .sort("len", "_last", "_first", descending=True)
            .group_by("submission_id")
            .agg(label.unique(maintain_order=True))
            .collect()
        )
        labels |= {identifier: tuple(found) for identifier, found in most.iter_rows()}
    return labels


def standing(
    submissions: pl.DataFrame, known: pl.DataFrame, withdrawn: Collection[str], labels: Mapping[str, Sequence[str]]
) -> pl.DataFrame:
    """Whether each of `submissions` counts (shape `STANDING`).

    `submissions` has rows_unusable; `known` are their places, `withdrawn` the submission_ids that are withdrawn,
    `labels` the `periods` of sheets of files that came in several versions.
    """
    found: dict[str, list[str]] = {}
    for versions in _versions(_of_several_versions(submissions, known), withdrawn, labels):
        for sheet, successor in _succeeded(versions):
            found.setdefault(sheet.submission_id, []).append(successor.submission_id)
    # The same bytes under another name, where nothing has succeeded them, go on to count.
    names = dict(known.group_by("sha256").len().iter_rows())
    succeeded = {
        identifier: (_left_out(form), found[identifier][-1])
        for identifier, sha256, form in submissions.select("submission_id", "sha256", "form").iter_rows()
        if len(found.get(identifier, ())) == names.get(sha256)
    }
    taken_back = dict.fromkeys(withdrawn, (WITHDRAWN, None))
    decided: dict[str, tuple[str | None, str | None]] = {**succeeded, **taken_back}
    return pl.DataFrame(
        [(identifier, *decided.get(identifier, (None, None))) for identifier in submissions["submission_id"]],
        schema=STANDING,
        orient="row",
    )


def _left_out(form: str | None) -> str | None:
    """Why a sheet of `form` that is succeeded does not count; None where it goes on to count."""
    return None if form in FORMS and FORMS[form].stands_until_withdrawn else SUCCEEDED


def month_named(file_name: str) -> Timing | None:
    """The month that the name of a file states, its folders left aside; None where it states none."""
    timing = timing_in(file_name.rpartition("/")[2].rpartition(".")[0])
    return None if timing.unsure or timing.month is None else timing


def names_month(timing: Timing, period: str) -> bool:
    """Whether `period` (`2026-10`, `2026-01..2026-10`) ends in a month that `timing` names, and in its year if any.

    A name may state several months (第4季度, 1-10月), of which the rows state one.
    """
    year, month = (int(number) for number in period.rpartition("..")[2].split("-"))
    if timing.year not in (None, year) or timing.month is None:
        return False
    before = timing.month - 1 if timing.kind == "to_date" else (timing.months or 1) - 1
    return 0 <= timing.month - month <= before


def _of_several_versions(submissions: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """The submissions under each name that several files have had, with `place` (that name) and `last_seen`."""
    several = known.filter(pl.col("sha256").n_unique().over("file_name") > 1)
    return submissions.join(
        several.select("sha256", pl.col("file_name").alias("place"), "last_seen"), on="sha256", how="inner"
    )


def _versions(
    submissions: pl.DataFrame, withdrawn: Collection[str], labels: Mapping[str, Sequence[str]]
) -> Iterator[list[_Version]]:
    """The versions of each name, oldest first, from what `_of_several_versions` gives."""
    states = pl.col("rows_total") > pl.sum_horizontal("rows_totals", "rows_notes", "rows_blank", "rows_unusable")
    rows = submissions.with_columns((states & pl.col("form").is_not_null()).alias("states"))
    for _, of_name in rows.sort("place", "last_seen", "arrival").group_by("place", maintain_order=True):
        versions: list[_Version] = []
        for _, of_file in of_name.group_by("sha256", maintain_order=True):
            sheets = tuple(
                _Sheet(identifier, sheet, form, tuple(labels.get(identifier, ())), some, identifier in withdrawn)
                for identifier, sheet, form, some in of_file.select(
                    "submission_id", "sheet", "form", "states"
                ).iter_rows()
            )
            first = of_file.row(0, named=True)
            seen = (first["last_seen"], first["arrival"])
            versions.append(_Version(first["place"], seen, first["run_id"], sheets))
        yield sorted(versions, key=lambda version: version.seen)


def _succeeded(versions: Sequence[_Version]) -> Iterator[tuple[_Sheet, _Sheet]]:
    """Each sheet of `versions`, oldest first, that a later one succeeds, and the sheet that has its place at last."""
    later: dict[str, _Sheet] = {}
    for at in range(len(versions) - 1, -1, -1):
        version = versions[at]
        following = [other for other in versions[at + 1 :] if _succeeds(other, version)]
        for sheet in version.live:
            by = [other for other in following if not _gives_way(other, sheet)]
            if by:
                place = _counterpart(by[-1].live, sheet)
                later[sheet.submission_id] = place = later.get(place.submission_id, place)
                yield sheet, place


def _gives_way(later: _Version, sheet: _Sheet) -> bool:
    """Whether the sheet of `later` that replaced `sheet` is withdrawn."""
    same = [other for other in later.sheets if (other.sheet, other.form) == (sheet.sheet, sheet.form)]
    return bool(same) and all(other.withdrawn for other in same)


def _counterpart(sheets: Sequence[_Sheet], sheet: _Sheet) -> _Sheet:
    """The one of `sheets` that comes nearest to `sheet`: of the same name and form, of the same form, the first."""
    return min(sheets, key=lambda other: (other.form != sheet.form, other.sheet != sheet.sheet))


def _succeeds(later: _Version, earlier: _Version) -> bool:
    """Whether `later` takes the place of `earlier`, both under one name."""
    if later.seen[0] == earlier.seen[0] and later.run_id == earlier.run_id:
        return False  # two files of one inbox
    if not any(sheet.states for sheet in later.live):
        return False
    if not any(sheet.states for sheet in earlier.sheets):
        return True
    before, now = _returns_of(earlier.sheets), _returns_of(later.live)
    mainly = {sheet.periods[0] for sheet in before}
    named = month_named(later.file_name)
    if named:
        # 3月.xlsx of the next year is no mended one of this.
        then = {sheet.periods[0] for sheet in now}
        of_any_year = named.year is None and all(names_month(named, period) for period in mainly | then)
        return not (of_any_year and mainly and then and _years(mainly).isdisjoint(_years(then)))
    if before and now and mainly.isdisjoint(period for sheet in now for period in sheet.periods):
        return False
    return any(_alike(sheet, other) for sheet in earlier.sheets for other in later.live)


def _alike(earlier: _Sheet, later: _Sheet) -> bool:
    """Whether two sheets are of one name, form and period; rows of further months may have been added since."""
    if earlier.form is None or (earlier.sheet, earlier.form) != (later.sheet, later.form):
        return False
    return earlier.periods[:1] == later.periods[:1] or bool(
        earlier.periods and set(earlier.periods) <= set(later.periods)
    )


def _returns_of(sheets: Iterable[_Sheet]) -> list[_Sheet]:
    """Those of `sheets` that state figures of a period."""
    return [sheet for sheet in sheets if sheet.periods and sheet.form and FORMS[sheet.form].flow]


def _years(found: Iterable[str]) -> set[str]:
    return {period.rpartition("..")[2][:4] for period in found}


def succession(submissions: pl.DataFrame, problems: pl.DataFrame) -> pl.DataFrame:
    """Every successor among `submissions` (shape of intake.submissions), as a frame of shape `SUCCESSION`.

    `problems` are all problems of these submissions. A file that came in three versions gives two rows.
    """
    pairs = _pairs(submissions)
    found = problems.filter(pl.col("severity") != "note").select(_DIGEST.alias("digest"), *_SAME)
    earlier = _of_files(found, pairs, "earlier_sha256")
    later = _of_files(found, pairs, "sha256")
    pair = ["file_name", "sha256", "earlier_sha256"]
    problem = [*pair, *_SAME]
    counts = {
        "before": earlier,
        "mended": earlier.join(later, on=problem, how="anti", nulls_equal=True),
        "left": earlier.join(later, on=problem, how="semi", nulls_equal=True),
        "new": later.join(earlier, on=problem, how="anti", nulls_equal=True),
    }
    for name, frame in counts.items():
        number = frame.group_by(pair).agg(pl.len().cast(pl.Int64).alias(name))
        pairs = pairs.join(number, on=pair, how="left", validate="1:1", maintain_order="left")
    return pairs.with_columns(pl.col(list(counts)).fill_null(0)).select(
        pl.col(name).cast(dtype) for name, dtype in SUCCESSION.items()
    )


def with_kept_problems(problems: pl.DataFrame, before: pl.DataFrame, submissions: pl.DataFrame) -> pl.DataFrame:
    """`problems` (PARSE_PROBLEMS) with those of sheets that do not count, as they were when the sheets last did.

    `before` (shape of intake.problems) are the problems on record before; of a sheet that has not counted for long it
    has those that were kept then. Reading finds its own problems in `problems` again.
    """
    left_out = submissions.filter(pl.col("left_out").is_not_null())["submission_id"]
    kept = before.filter(
        pl.col("submission_id").is_in(left_out.implode()) & (pl.col("severity") != "note") & _found_on_resolving()
    )
    if kept.is_empty():
        return problems
    return pl.concat([problems, kept.select(n for n in problems.columns if n in kept.columns)], how="diagonal")


def without_left_out(problems: pl.DataFrame, submissions: pl.DataFrame) -> pl.DataFrame:
    """`problems` without what resolving finds in sheets that do not count; what reading found in them stays."""
    left_out = submissions.filter(pl.col("left_out").is_not_null())["submission_id"]
    return problems.filter(~(pl.col("submission_id").is_in(left_out.implode()) & _found_on_resolving()))


def open_problems(problems: pl.DataFrame, submissions: pl.DataFrame) -> pl.DataFrame:
    """`problems` that are still to be corrected: without those of sheets that were succeeded or withdrawn.

    `submissions` has the shape of intake.submissions.
    """
    useless = _refused_and_redone(submissions)["earlier_sha256"]
    closed = (
        pl.col("left_out").is_not_null()
        | pl.col("succeeded_by").is_not_null()
        | pl.col("sha256").is_in(useless.implode())
    )
    sheets = submissions.filter(closed)["submission_id"]
    # A problem of a whole file is closed with the last of its sheets.
    files = submissions.group_by("sha256").agg(closed.all().alias("closed")).filter("closed")["sha256"].str.head(12)
    known = submissions["submission_id"]
    of_sheet = pl.col("submission_id").is_in(known.implode())
    done = (
        pl.when(of_sheet)
        .then(pl.col("submission_id").is_in(sheets.implode()))
        .otherwise(_DIGEST.is_in(files.implode()))
    )
    return problems.filter(~done)


def _found_on_resolving() -> pl.Expr:
    """Whether a problem depends on more than its sheet; also one of a rule that an earlier version of this had."""
    return ~pl.col("rule").is_in([rule for rule, known in RULES.items() if known.stage == "read"])


def _pairs(submissions: pl.DataFrame) -> pl.DataFrame:
    """`file_name`, `sha256`, `earlier_sha256` of each file and the version of it whose place it took."""
    files = submissions.group_by("sha256").agg(pl.col("arrival").min(), pl.col("file_name").first())
    places = submissions.select("submission_id", pl.col("sha256").alias("last"))
    succeeded = (
        submissions.filter(pl.col("succeeded_by").is_not_null())
        .select("sha256", pl.col("succeeded_by").alias("submission_id"))
        .join(places, on="submission_id", how="inner", validate="m:1")
        .select("sha256", "last")
        .unique(["sha256"], keep="first", maintain_order=True)
    )
    # The versions of one file, the one that has its place last: each succeeds the one before it.
    chain = pl.concat([succeeded, succeeded.select(pl.col("last").alias("sha256"), "last").unique()]).join(
        files, on="sha256", how="left", validate="m:1"
    )
    is_last = pl.col("sha256") == pl.col("last")
    steps = (
        chain.sort("last", is_last, "arrival")
        .with_columns(pl.col("sha256").shift(1).over("last").alias("earlier_sha256"))
        .drop_nulls("earlier_sha256")
        .select("file_name", "sha256", "earlier_sha256")
    )
    redone = _refused_and_redone(submissions).join(steps, on="earlier_sha256", how="anti")
    return pl.concat([steps, redone]).sort("file_name", "sha256", "earlier_sha256")


def _refused_and_redone(submissions: pl.DataFrame) -> pl.DataFrame:
    """`file_name`, `sha256`, `earlier_sha256` of each file of which nothing could be used and the next of its name."""
    return (
        submissions.group_by("file_name", "sha256")
        .agg(pl.col("arrival").min(), (pl.col("status") == "refused").all().alias("useless"))
        .sort("file_name", "arrival")
        .with_columns(
            pl.col("sha256").shift(1).over("file_name").alias("earlier_sha256"),
            pl.col("useless").shift(1).over("file_name").fill_null(value=False).alias("redone"),
        )
        .filter("redone")
        .select("file_name", "sha256", "earlier_sha256")
    )


def _of_files(found: pl.DataFrame, pairs: pl.DataFrame, side: str) -> pl.DataFrame:
    """The problems of the files on one side of `pairs`, each once."""
    return (
        pairs.with_columns(pl.col(side).str.head(12).alias("digest"))
        .join(found, on="digest", how="inner")
        .drop("digest")
        .unique()
    )
