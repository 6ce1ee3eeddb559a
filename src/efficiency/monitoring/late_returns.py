"""Before scoring: which returns are late or missing against what came last time, and which enterprises left them.

Frames in, frames out. What is expected follows from what came: a return that came month after month is expected in
this month too, one that comes by quarters in its quarter, and one that had nothing for this month a year ago is not
expected. It counts as received when its enterprises' figures are there, whatever the file is called now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import polars as pl

from efficiency.intake.resolution import ResolutionResult
from efficiency.language import Text, joined, say
from efficiency.monitoring.drift import drift, sides_of
from efficiency.monitoring.series import HISTORY_MONTHS, Returns, figures_of, returns_of
from efficiency.monitoring.tally import SERIES, Tally, concat_tallies, tally
from efficiency.partitions import Partitions
from efficiency.periods import period_start, shifted
from schemas import FORMS, WATCH

TOLERATED_DAYS = 3
"""A return that is late by no more days is no news before scoring; weekends move it about."""
REMINDED_DAYS = 92
"""So many days after the end of the month, days overdue are still worth counting."""
PROMPT_DAYS = 45
"""What came longer after its month than so many days was taken in afterwards, and says nothing of its usual day."""
ENDED_MONTHS = 6
"""A return that has not come for longer is taken as ended and is no longer reported as missing."""
REGULAR = 0.6
"""Share of the intervals that must be alike for a return to have a rhythm."""
NAMED = 5
"""Things that a line of the summary names before it says how many more there are."""

Row = dict[str, Any]
"""A finding, shape schemas.WATCH."""
_TITLES = {column.name: column.title for form in reversed(FORMS.values()) for column in form.columns}


def watch(
    submissions: pl.DataFrame, columns: pl.DataFrame, facts: Partitions, period: date, today: date
) -> pl.DataFrame:
    """What is noticed before `period` (its first day) is evaluated, as a frame of shape schemas.WATCH.

    `submissions` and `columns` are the shapes of intake.submissions and intake.columns, `facts` the accepted rows of
    each form; `today` is the day against which a return that has not come is overdue.
    """
    sent = returns_of(submissions, facts, period)
    expected, sides = _expected(sent, period), sides_of(sent, period)
    seen = concat_tallies([tally(figures_of(sent, part), expected, sides, period) for part in facts.lazy()])
    received = _received(seen)
    found = [
        _not_reported(sent, seen, expected.join(received, on=SERIES, how="anti"), period, today),
        _late(sent, seen, period),
        seen.gone.join(received, on=SERIES, how="semi").with_columns(pl.lit("enterprise_missing").alias("kind")),
        drift(sent, columns, sides, seen),
    ]
    names = sent.submissions.sort("arrival").group_by(SERIES).agg(pl.col("file_name", "department").last())
    reported = pl.concat(found, how="diagonal").join(names, on=SERIES, how="left", validate="m:1")
    return _worded(reported, period)


def watch_again(stored: pl.DataFrame, resolved: ResolutionResult, period: str, today: date) -> pl.DataFrame:
    """`stored`, the findings of earlier runs (shape schemas.WATCH), with those of `period` found anew."""
    found = watch(resolved.submissions, resolved.columns, resolved.facts, period_start(period), today)
    return pl.concat([stored.filter(pl.col("period") != period), found])


def returns_at(submissions: pl.DataFrame, facts: Partitions, period: date, today: date) -> pl.DataFrame:
    """Every return that came with figures of `period`, or was due with them; arguments as `watch`.

    department, series, form, file_name (the newest that is known), last (the month that it covered last before, null
    for a new one), usual (days after the end of a month by which it came in most months, null where not known), after
    (days after the end of the period's month when it came), days (that it was or is late, null where it is not), and
    `state`: received, late (came after its usual day), overdue (that day is past), or expected.
    """
    sent = returns_of(submissions, facts, period)
    expected, sides = _expected(sent, period), sides_of(sent, period)
    seen = concat_tallies([tally(figures_of(sent, part), expected, sides, period) for part in facts.lazy()])
    since_end = _days_since(period, today)
    names = sent.submissions.sort("arrival").group_by(SERIES).agg(pl.col("file_name", "department").last())
    received = _received(seen).with_columns(pl.lit(value=True).alias("received"))
    days = pl.coalesce("after", pl.when(pl.col("received").is_null()).then(pl.lit(since_end))) - pl.col("usual")
    return (
        expected.join(received, on=SERIES, how="full", coalesce=True)
        .join(_came(sent, seen.reported), on=SERIES, how="left", validate="1:1")
        .join(_usual(sent, period), on=SERIES, how="left", validate="1:1")
        .join(names, on=SERIES, how="left", validate="1:1")
        .with_columns(pl.when(days > 0).then(days).alias("days"))
        .with_columns(
            pl.when("received")
            .then(pl.when(pl.col("days").is_null()).then(pl.lit("received")).otherwise(pl.lit("late")))
            .otherwise(pl.when(pl.col("days").is_null()).then(pl.lit("expected")).otherwise(pl.lit("overdue")))
            .alias("state")
        )
        .select("department", "series", "form", "file_name", "last", "usual", "after", "days", "state")
        .sort("department", "series", "form")
    )


def _received(seen: Tally) -> pl.DataFrame:
    """Series (`form`, `series`) of which there are figures of the period, or figures that cover what is due of them."""
    covered = seen.expected_of.filter(pl.col("covered") >= pl.col("figures") * 0.5)
    return pl.concat([seen.reported.select(SERIES), covered.select(SERIES)]).unique()


def _expected(sent: Returns, period: date) -> pl.DataFrame:
    """Series (`form`, `series`) of which figures of `period` are due, and `last`, the month that they covered last."""
    spans = (
        sent.spans.group_by(*SERIES, "span_end")
        .agg((pl.col("span_start") == pl.col("span_end").dt.offset_by("-11mo")).any().alias("full_year"))
        .sort(*SERIES, "span_end")
    )
    number = pl.col("span_end").dt.year() * 12 + pl.col("span_end").dt.month().cast(pl.Int32)
    this = period.year * 12 + period.month
    earlier = spans.with_columns(number.alias("number")).filter(pl.col("number") < this)
    gap = pl.col("number").diff().drop_nulls()
    rhythm = earlier.group_by(SERIES).agg(
        pl.col("span_end").last().alias("last"),
        pl.col("number").last().alias("last_number"),
        pl.col("number").min().alias("first_number"),
        (pl.col("number") == this - 12).any().alias("came_last_year"),
        pl.col("full_year").all().alias("yearly"),
        pl.len().alias("spans"),
        gap.median().alias("gap"),
        (gap == gap.median()).mean().alias("regular"),
    )
    since = this - pl.col("last_number")
    # In the second month of all, what came last month is all that is known; later, a return that came once may be rare.
    once = (pl.col("spans").max() == 1) & (since == 1) & ~pl.col("yearly")
    regular = (pl.col("regular") >= REGULAR) & ((pl.col("gap") == 1) | (pl.col("spans") >= 3))
    rhythmic = regular & (since >= pl.col("gap")) & (since % pl.col("gap") == 0)
    paused = (pl.col("first_number") <= this - 12) & ~pl.col("came_last_year") & (pl.col("last_number") > this - 12)
    due = (once | rhythmic.fill_null(value=False)) & ~paused & (since <= min(ENDED_MONTHS, HISTORY_MONTHS))
    return rhythm.filter(due).select(*SERIES, "last")


def _days_after(month: pl.Expr) -> pl.Expr:
    """Days from the end of a month to the day `came`."""
    return (pl.col("came") - month.dt.month_end()).dt.total_days()


def _came(sent: Returns, figures: pl.DataFrame) -> pl.DataFrame:
    """`form`, `series`, and `after`: days from the end of the month to the first submission that covers it."""
    days = figures.select("submission_id", "span_end").unique().join(sent.submissions, on="submission_id")
    return days.group_by(SERIES).agg(_days_after(pl.col("span_end")).min().alias("after"))


def _usual(sent: Returns, period: date) -> pl.DataFrame:
    """`form`, `series`, and `usual`: days after the end of a month by which the return came in most earlier months."""
    first = (
        sent.spans.filter(pl.col("span_end") < period)
        .select(*SERIES, "submission_id", "span_end")
        .unique()
        .join(sent.submissions.select("submission_id", "came"), on="submission_id")
        .group_by(*SERIES, "span_end")
        .agg(_days_after(pl.col("span_end")).min().alias("after"))
        .filter(pl.col("after") <= PROMPT_DAYS)
    )
    most = pl.len() // 2
    return first.group_by(SERIES).agg(pl.col("after").sort().get(most).alias("usual"))


def _days_since(period: date, today: date) -> int:
    """Days from the end of the month `period` to `today`."""
    return (today - shifted(period, 1)).days + 1


def _not_reported(sent: Returns, seen: Tally, missing: pl.DataFrame, period: date, today: date) -> pl.DataFrame:
    """Returns that are due and have not come."""
    since_end = _days_since(period, today)
    # Of a month that is evaluated long afterwards, nobody is reminded.
    days = pl.lit(since_end if since_end <= REMINDED_DAYS else 0) - pl.col("usual")
    return (
        seen.expected.join(missing, on=SERIES, how="semi")
        .group_by(SERIES)
        .agg(
            pl.col("field").unique().sort().str.join("、"),
            pl.col("span_end").max().dt.strftime("%Y-%m").alias("last"),
        )
        .join(seen.expected_of.select(*SERIES, "enterprises"), on=SERIES, how="left", validate="1:1")
        .join(_usual(sent, period), on=SERIES, how="left", validate="1:1")
        .with_columns(
            pl.lit("not_reported").alias("kind"),
            pl.when(days > 0).then(days).alias("days"),
            pl.format("{}（{}户）", "last", "enterprises").alias("before"),
        )
        .drop("last", "enterprises", "usual")
    )


def _late(sent: Returns, seen: Tally, period: date) -> pl.DataFrame:
    """Returns that came, but after the day by which they came in most earlier months."""
    late = pl.col("after") - pl.col("usual")
    return (
        _came(sent, seen.reported)
        .join(_usual(sent, period), on=SERIES, how="inner", validate="1:1")
        .filter(late > TOLERATED_DAYS)
        .select(
            *SERIES,
            pl.lit("late").alias("kind"),
            late.alias("days"),
            pl.format("月后{}日", "usual").alias("before"),
            pl.format("月后{}日", "after").alias("now"),
        )
    )


def _worded(found: pl.DataFrame, period: date) -> pl.DataFrame:
    """The findings in their shape, in order, each with its sentence."""
    label = pl.col("series").str.split("/").list.last()
    who = pl.concat_str(pl.col("department"), pl.lit("“"), label, pl.lit("”"))
    what = _titled(pl.col("field")).fill_null("数据")
    subject = pl.coalesce("name", "uscc").fill_null("")
    now, before = (pl.col(name).fill_null("无") for name in ("now", "before"))
    sentences = {
        "not_reported": pl.format(
            "{}上次报送{}，本期（{}）尚未收到可用数据{}。请催报。",
            who,
            before,
            pl.lit(f"{period:%Y-%m}"),
            pl.when(pl.col("days").is_not_null())
            .then(pl.format("，已逾期{}天", pl.col("days").fill_null(0)))
            .otherwise(pl.lit("")),
        ),
        "late": pl.format("{}本期于{}报送，以往多在{}以前，晚了{}天。", who, now, before, pl.col("days").fill_null(0)),
        "enterprise_missing": pl.format(
            "{}上期（{}）有{}的{}，本期没有可用数值。请核实是漏报、停产还是退出。", who, before, subject, what
        ),
        "new_header": pl.format("{}的“{}”表头变化：上期为{}，本期为{}。请核对列的含义。", who, what, before, now),
        "lost_column": pl.format("{}上期有“{}”一栏（{}），本期没有。请核实。", who, what, before),
        "new_unit": pl.format("{}的“{}”计量单位变化：上期为{}，本期为{}。请核对数值。", who, what, before, now),
        "rows_jump": pl.format("{}企业数由{}变为{}。请核对是否漏报或重复。", who, before, now),
        "sum_jump": pl.format(
            "{}的“{}”合计（同一批企业，按月平均）由{}变为{}。请核对计量单位和数值。", who, what, before, now
        ),
    }
    message = pl.coalesce(pl.when(pl.col("kind") == kind).then(sentence) for kind, sentence in sentences.items())
    shaped = WATCH.empty()
    if found.height:
        complete = pl.concat([shaped.drop("message", "period"), found], how="diagonal_relaxed")
        shaped = WATCH.conform(
            complete.with_columns(message.alias("message"), pl.lit(f"{period:%Y-%m}").alias("period"))
        )
    rank = pl.col("kind").replace_strict({kind: rank for rank, kind in enumerate(sentences)}, return_dtype=pl.Int64)
    return shaped.sort(rank, "department", "series", "form", "field", "uscc", nulls_last=True)


def _titled(fields: pl.Expr) -> pl.Expr:
    """Chinese titles of canonical fields separated by 、, of many the first; carriers as they are."""
    titles = fields.str.split("、").list.eval(pl.element().replace(_TITLES))
    many = pl.format("{}等{}项", titles.list.first(), titles.list.len())
    return pl.when(titles.list.len() > 3).then(many).otherwise(titles.list.join("、"))


def _short(text: pl.Expr) -> pl.Expr:
    """At most 40 characters of a text, for a line on a terminal."""
    whole = text.fill_null("none")
    return pl.when(whole.str.len_chars() > 40).then(whole.str.head(39) + "…").otherwise(whole)


def watch_lines(found: pl.DataFrame) -> Iterator[Text]:
    """The findings (shape schemas.WATCH) as an operator reads them: one line a subject, none when all is as usual."""
    rows = found.with_columns(_titled(pl.col("field")).alias("title")).rows(named=True)
    for kinds, line, named in _SUBJECTS:
        own = [row for row in rows if row["kind"] in kinds]
        if own:
            what = joined([named(row) for row in own[:NAMED]], "; ")
            more = say("; and {number} more", number=len(own) - NAMED) if len(own) > NAMED else ""
            yield line(own[0]["period"], joined([what, more], ""))


def _label(row: Row) -> str:
    """Department and return of a finding."""
    return f"{row['department'] or ''} {(row['series'] or '').rpartition('/')[2]}".strip()


def _named_unreported(row: Row) -> Text:
    if row["days"] is None:
        return Text(_label(row))
    return say("{label} ({days} days overdue)", label=_label(row), days=row["days"])


def _named_late(row: Row) -> Text:
    return say("{label} ({days} days)", label=_label(row), days=row["days"] or 0)


def _named_change(row: Row) -> Text:
    values = {
        "label": _label(row),
        "title": row["title"] or "",
        "before": row["before"] or say("none"),
        "now": row["now"] or say("none"),
    }
    match row["kind"]:
        case "new_header":
            return say("{label} new header {title}: {before} → {now}", **values)
        case "lost_column":
            return say("{label} lost column {title}: {before} → {now}", **values)
        case "new_unit":
            return say("{label} new unit {title}: {before} → {now}", **values)
        case "rows_jump":
            return say("{label} rows jump: {before} → {now}", **values)
        case _:
            return say("{label} sum jump {title}: {before} → {now}", **values)


_SUBJECTS: tuple[tuple[tuple[str, ...], Callable[[str, Text], Text], Callable[[Row], Text]], ...] = (
    (
        ("not_reported",),
        lambda period, named: say("Not reported ({period}): {named}.", period=period, named=named),
        _named_unreported,
    ),
    (("late",), lambda period, named: say("Late ({period}): {named}.", period=period, named=named), _named_late),
    (
        ("enterprise_missing",),
        lambda period, named: say("Enterprises missing ({period}): {named}.", period=period, named=named),
        lambda row: Text(f"{row['name'] or row['uscc'] or ''} ({_label(row)})"),
    ),
    (
        ("new_header", "lost_column", "new_unit", "rows_jump", "sum_jump"),
        lambda period, named: say("Changed ({period}): {named}.", period=period, named=named),
        _named_change,
    ),
)
"""Kinds of findings that share a line, the line, and how it names one of them."""
