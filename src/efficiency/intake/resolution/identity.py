"""Which enterprise a row is about: by its code, else by its exact name, never by similarity.

A valid code decides, whatever the name of its row is. A code that fails its check character is an error on its cell,
but the row is still matched by its name. Names are compared after normalising width, spaces, brackets and case; former
names count. A similar name is only ever suggested.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.parsing import uscc
from efficiency.intake.problems import EMPTY, locate, problem_rows
from efficiency.intake.resolution.reconcile import SOURCE_ROW
from efficiency.intake.resolution.refused_register import WAITING, refused_rows, waiting_rows
from efficiency.partitions import runs_of
from efficiency.parts import sheet_of

if TYPE_CHECKING:
    from collections.abc import Mapping

NEAREST = 3
"""Names suggested for one that is unknown."""
LEAST_LIKENESS = 0.4
"""Dice coefficient of character pairs below which a name is no suggestion."""
COMPARISONS = 2_000_000
"""Upper bound of name pairs that are compared for suggestions in one run."""

AT_ONCE = 100_000
"""Registered names that are compared at a time."""

_ONE_CODE = (
    "统一社会信用代码 {} 只能属于一家企业：代码填错的，请对照营业执照改正；"
    "同一企业更名的，请只保留一行，原名称填入“曾用名”。"
)
NONE_REFUSED = pl.DataFrame(schema={"group": pl.UInt32, "uscc": pl.String, "name": pl.String, "former_name": pl.String})
"""No refused rows of a register, as `verdicts` takes them."""
PAIR = {"uscc": pl.String(), "name": pl.String()}
"""Columns by which a row states which enterprise it is about."""


@dataclass(frozen=True, slots=True)
class ScreenedRegister:
    """The register's rows that name an enterprise, and those that are refused."""

    rows: pl.DataFrame
    refused: pl.DataFrame
    """See `efficiency.intake.resolution.refused_register.refused_rows`."""


@dataclass(frozen=True, slots=True)
class Matched:
    """Rows of registered enterprises, and what became of the others."""

    rows: dict[str, pl.DataFrame]
    """Form id → rows under the registered code and name."""
    rejected: pl.DataFrame
    """Source rows: submission_id, row."""
    problems: pl.DataFrame
    waiting: pl.DataFrame
    """Rows of enterprises that the register refused; shape `efficiency.intake.resolution.refused_register.WAITING`."""


def fold(name: pl.Expr) -> pl.Expr:
    """Normalise a name for comparison: NFKC, no spaces, one kind of brackets, lower case; empty becomes null."""
    text = (
        name.str.normalize("NFKC")
        .str.replace_all(r"[\s\u200b\ufeff]", "")
        .str.replace_all(r"[\[{<〔【〈《「『]", "(")
        .str.replace_all(r"[\]}>〕】〉》」』]", ")")
        .str.to_lowercase()
    )
    return pl.when(text.str.len_chars() > 0).then(text)


def screen_register(
    rows: pl.DataFrame, damaged: pl.DataFrame, submissions: pl.DataFrame, columns: pl.DataFrame
) -> ScreenedRegister:
    """Keep the register rows that state a valid code and a name of its own, with the code normalised.

    Rows of a sheet that state one code with different names are refused: which enterprise has the code is not known.
    `damaged` names the rows (submission_id, row) whose code was refused on reading, so that a missing code is not
    reported again.
    """
    coded = rows.with_columns(uscc.normalise(pl.col("uscc")).alias("uscc"))
    no_code, no_name = pl.col("uscc").is_null(), fold(pl.col("name")).is_null()
    invalid = ~no_code & ~uscc.is_valid(pl.col("uscc"))
    usable = _with_other_names(coded.filter(~(no_code | no_name | invalid)))
    of_two = pl.col("others").is_not_null()
    missing = (
        pl.when(no_code & no_name)
        .then(pl.lit("统一社会信用代码和企业名称"))
        .when(no_code)
        .then(pl.lit("统一社会信用代码"))
        .otherwise(pl.lit("企业名称"))
    )
    field = pl.when(no_code | invalid).then(pl.lit("uscc")).otherwise(pl.lit("name"))
    read = damaged.select("submission_id", "row", pl.lit(value=True).alias("read")).unique()
    refused = (
        coded.filter(no_code | no_name | invalid)
        .join(read, on=["submission_id", "row"], how="left", validate="m:1", maintain_order="left")
        .with_columns(
            field.alias("field"),
            pl.when(invalid).then("uscc").alias("value"),
            pl.when(invalid)
            .then(pl.lit("uscc_invalid"))
            .when(pl.col("read").is_null())
            .then(pl.lit("enterprise_missing"))
            .alias("rule"),
            pl.when(invalid).then(uscc.flaw(pl.col("uscc"))).alias("hint"),
            missing.alias("missing"),
            pl.lit(None, dtype=pl.String).alias("others"),
        )
    )
    contradicting = usable.filter(of_two).with_columns(
        pl.lit(value=True).alias("read"),
        pl.lit("name").alias("field"),
        pl.col("name").alias("value"),
        pl.lit("conflict").alias("rule"),
        pl.format(_ONE_CODE, "uscc").alias("hint"),
        pl.lit("企业名称").alias("missing"),
    )
    return ScreenedRegister(
        usable.filter(~of_two).drop("others"),
        refused_rows(
            pl.concat([refused, contradicting.select(refused.columns)]), fold(pl.col("name")), submissions, columns
        ),
    )


def _with_other_names(rows: pl.DataFrame) -> pl.DataFrame:
    """`rows` of registers with `others`: the names that a sheet states of the row's code, null where they are one.

    A name that a row of the sheet states as a former one (曾用名) of the same code contradicts nothing.
    """
    sheet = [sheet_of(pl.col("submission_id")).alias("_sheet"), pl.col("uscc")]
    if rows.is_empty() or not rows.select(pl.struct(sheet).is_duplicated().any()).item():
        return rows.with_columns(pl.lit(None, dtype=pl.String).alias("others"))
    twice = rows.filter(pl.struct(sheet).is_duplicated()).select(*sheet, "name", "former_name")
    former = former_names(twice).select("_sheet", "uscc", "alias")
    names = (
        twice.with_columns(fold(pl.col("name")).alias("alias"))
        .join(former, on=["_sheet", "uscc", "alias"], how="anti")
        .group_by("_sheet", "uscc")
        .agg(pl.col("alias").n_unique().alias("_names"), pl.col("name").unique().sort().str.join("、").alias("others"))
        .filter(pl.col("_names") > 1)
        .drop("_names")
    )
    return (
        rows.with_columns(sheet[0])
        .join(names, on=["_sheet", "uscc"], how="left", validate="m:1", maintain_order="left")
        .drop("_sheet")
    )


def former_names(rows: pl.DataFrame) -> pl.DataFrame:
    """`rows` once for each of their former names: `alias` (folded)."""
    names = pl.col("former_name").fill_null("").str.normalize("NFKC").str.replace_all("[、,;]", "\n").str.split("\n")
    return (
        rows.with_columns(names.alias("alias"))
        .explode("alias")
        .with_columns(fold(pl.col("alias")).alias("alias"))
        .drop_nulls("alias")
    )


def match(
    rows: Mapping[str, pl.DataFrame], enterprises: pl.DataFrame, submissions: pl.DataFrame, columns: pl.DataFrame
) -> Matched:
    """Keep the rows of each form whose enterprise is registered, under its registered code and name.

    `enterprises` is one row per registered enterprise: uscc, name, former_name.
    """
    return match_rows(rows, verdicts(stated_pairs(rows), enterprises, NONE_REFUSED), submissions, columns)


def stated_pairs(rows: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The distinct pairs of code and name (uscc, name) that the rows of all forms but the register state."""
    pairs = [frame.select(*PAIR) for form, frame in rows.items() if form != "register"]
    return pl.concat([pl.DataFrame(schema=PAIR), *pairs]).unique()


def match_rows(
    rows: Mapping[str, pl.DataFrame], matches: pl.DataFrame, submissions: pl.DataFrame, columns: pl.DataFrame
) -> Matched:
    """Keep the rows of each form whose pair of code and name is matched in `matches` (see `verdicts`).

    Each source row that cannot be matched is refused with one problem; a wrong code or a strange name of a matched row
    is reported too. Rows of an enterprise that the register refused wait without a problem.
    """
    matched: dict[str, pl.DataFrame] = {}
    waiting: list[pl.DataFrame] = [pl.DataFrame(schema=WAITING)]
    rejected: list[pl.DataFrame] = [pl.DataFrame(schema=SOURCE_ROW)]
    problems: list[pl.DataFrame] = [EMPTY]
    fits, waits = pl.col("verdict") == "matched", pl.col("verdict") == "waiting"
    who = matches.select(
        "uscc",
        "name",
        "code",
        "registered",
        fits.alias("fits"),
        waits.alias("waits"),
        "group",
        (~(fits | waits) | pl.col("flaw").is_not_null() | pl.col("mismatch")).alias("odd"),
    )
    as_stated = pl.col("fits") & ~pl.col("odd") & (pl.col("code") == pl.col("uscc"))
    as_stated &= pl.col("registered") == pl.col("name")
    for form, frame in rows.items():
        pairs, run = runs_of(frame, list(PAIR))
        runs = pairs.join(who, on=list(PAIR), how="left", nulls_equal=True, validate="m:1", maintain_order="left")
        if runs.select(as_stated.fill_null(value=False).all()).item():
            # Nothing is to be reported or changed: the rows go on sharing their memory with what is stated.
            matched[form] = frame
            continue
        # The words of the problems are joined to the few rows that have one, not to millions.
        found = frame.hstack(runs.drop(*PAIR)[run])
        kept = found if found["fits"].all() else found.filter("fits")
        matched[form] = kept.with_columns(pl.col("code").alias("uscc"), pl.col("registered").alias("name")).select(
            frame.columns
        )
        rejected.append(found.filter(~pl.col("fits") & ~pl.col("waits")).select(*SOURCE_ROW))
        waiting.append(waiting_rows(form, found.filter("waits")))
        odd = (
            found.filter("odd")
            .select(frame.columns)
            .unique(["submission_id", "row", *PAIR], keep="first", maintain_order=True)
            .join(matches, on=list(PAIR), how="left", nulls_equal=True, validate="m:1", maintain_order="left")
        )
        problems.append(_problems(odd, submissions, columns))
    return Matched(matched, pl.concat(rejected).unique(maintain_order=True), pl.concat(problems), pl.concat(waiting))


def _directory(enterprises: pl.DataFrame) -> pl.DataFrame:
    """One row per enterprise and name it goes by: alias (folded), code, registered."""
    known = pl.concat([enterprises.with_columns(fold(pl.col("name")).alias("alias")), former_names(enterprises)])
    return (
        known.select(pl.col("uscc").alias("code"), pl.col("name").alias("registered"), "alias")
        .drop_nulls("alias")
        .unique(["alias", "code"])
        .sort("alias", "code")
    )


def _awaited(refused: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What means an enterprise that the register refused: codes (_code, _of_code) and names (_alias, _of_name).

    `refused` are the rows of `ScreenedRegister`; what is meant is their group.
    """
    codes = refused.drop_nulls("uscc").select(pl.col("uscc").alias("_code"), pl.col("group").alias("_of_code"))
    names = _directory(refused.select(pl.col("group").alias("uscc"), "name", "former_name")).select(
        pl.col("alias").alias("_alias"), pl.col("code").alias("_of_name")
    )
    return codes.unique("_code", keep="first", maintain_order=True), names.unique(
        "_alias", keep="first", maintain_order=True
    )


def _mistyped(codes: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Codes that `pairs` state of which one of the refused `codes` is a slip of the pen; both have _code and _of_code.

    A valid code of nobody registered that has one character other, more or less than a code that fails its check, or
    two neighbours exchanged, is what was meant there: its figures wait, nothing counts by it. Unless it is the check
    character, that holds only for a code that is stated without a name, and if it is the only one.
    """
    unknown = pairs.filter(pl.col("_valid") & pl.col("_by_code").is_null())
    stated = unknown.group_by("_code").agg(pl.col("_alias").is_null().all().alias("_nameless"))
    if codes.is_empty() or stated.is_empty():
        return codes.clear()
    refused = codes.rename({"_code": "_slip"})
    code, slip = pl.col("_code"), pl.col("_slip")
    places = range(uscc.LENGTH)

    def without(text: pl.Expr, at: int) -> pl.Expr:
        return text.str.slice(0, at) + text.str.slice(at + 1)

    def masked(text: pl.Expr, at: int) -> pl.Expr:
        return text.str.slice(0, at) + "?" + text.str.slice(at + 1)

    def exchanged(text: pl.Expr, at: int) -> pl.Expr:
        return text.str.slice(0, at) + text.str.slice(at + 1, 1) + text.str.slice(at, 1) + text.str.slice(at + 2)

    def variants(frame: pl.DataFrame, *made: pl.Expr) -> pl.DataFrame:
        return frame.with_columns(pl.concat_list(made).alias("_form")).explode("_form")

    of_stated = variants(
        stated,
        *(masked(code, at) for at in places),
        *(without(code, at) for at in places),
        *(exchanged(code, at) for at in places[:-1]),
        code + "+",
    )
    of_refused = variants(
        refused,
        *(masked(slip, at) for at in places),
        *(without(slip, at) + "+" for at in range(uscc.LENGTH + 1)),
        slip,
    )
    same_body = code.str.head(uscc.LENGTH - 1) == slip.str.head(uscc.LENGTH - 1)
    return (
        of_stated.join(of_refused, on="_form")
        .unique(["_code", "_of_code"], maintain_order=True)
        .filter((pl.col("_code").n_unique().over("_of_code") == 1) & pl.col("_nameless") | same_body)
        .sort(~same_body, "_of_code")
        .unique("_code", keep="first", maintain_order=True)
        .select("_code", "_of_code")
        .join(codes, on="_code", how="anti")
    )


def verdicts(stated: pl.DataFrame, enterprises: pl.DataFrame, refused: pl.DataFrame) -> pl.DataFrame:
    """Which enterprise each distinct pair of stated code and name means: one row per pair.

    `stated` has uscc and name, `enterprises` uscc, name and former_name of everyone registered, `refused` are the rows
    of `ScreenedRegister`. Adds code and registered (name) of the match, verdict (matched, waiting, unknown, ambiguous,
    invalid, missing), group (of the refused rows that it waits for), flaw (of the stated code, in Chinese, and whether
    the row counts), mismatch (the name is another one), unregistered, candidates and hint.
    """
    codes, names = _awaited(refused)
    directory = _directory(enterprises)
    by_code = enterprises.select(pl.col("uscc").alias("_code"), pl.col("name").alias("_by_code"))
    by_name = directory.group_by("alias", maintain_order=True).agg(
        pl.col("code").alias("_codes"), pl.col("registered").first().alias("_by_name")
    )
    goes_by = directory.select(
        pl.col("code").alias("_code"), pl.col("alias").alias("_alias"), pl.lit(1).alias("_goes_by")
    )
    pairs = (
        stated.with_columns(uscc.normalise(pl.col("uscc")).alias("_code"), fold(pl.col("name")).alias("_alias"))
        .with_columns(uscc.is_valid(pl.col("_code")).alias("_valid"))
        .join(by_code, on="_code", how="left", validate="m:1")
        .join(by_name, left_on="_alias", right_on="alias", how="left", validate="m:1")
        .join(goes_by, on=["_code", "_alias"], how="left", validate="m:1")
    )
    codes = pl.concat([codes, _mistyped(codes, pairs)])
    pairs = (
        pairs.join(codes, on="_code", how="left", validate="m:1")
        .join(names, on="_alias", how="left", validate="m:1")
        .with_columns(pl.coalesce("_of_code", "_of_name").alias("group"))
    )
    registered = pl.col("_valid") & pl.col("_by_code").is_not_null()
    fits = pl.col("_codes").list.len()
    verdict = (
        pl.when(registered)
        .then(pl.lit("matched"))
        .when(pl.col("group").is_not_null() & (pl.col("_valid") | fits.is_null()))
        .then(pl.lit("waiting"))
        .when(pl.col("_valid"))
        .then(pl.lit("unknown"))
        .when(fits == 1)
        .then(pl.lit("matched"))
        .when(fits > 1)
        .then(pl.lit("ambiguous"))
        .when(pl.col("_alias").is_not_null())
        .then(pl.lit("unknown"))
        .when(pl.col("_code").is_not_null())
        .then(pl.lit("invalid"))
        .otherwise(pl.lit("missing"))
    )
    counted = (
        pl.when(verdict == "matched")
        .then(pl.format("该行已按企业名称计入“{}”。", pl.col("_by_name").fill_null("")))
        .when(verdict == "waiting")
        .then(pl.lit("该行数据在等待企业名录改正后计入。"))
        .when(verdict.is_in(["unknown", "ambiguous", "invalid"]) & pl.lit(enterprises.height > 0))
        .then(pl.lit("按企业名称也对不上企业名录，该行数据未采用。"))
        .otherwise(pl.lit(""))
    )
    judged = pairs.with_columns(
        verdict.alias("verdict"),
        pl.when(registered).then("_code").otherwise(pl.col("_codes").list.first()).alias("code"),
        pl.when(registered).then("_by_code").otherwise("_by_name").alias("registered"),
        # The register's own wrong code is told there.
        pl.when(
            pl.col("_code").is_not_null() & ~pl.col("_valid") & (pl.col("_of_code").is_null() | (verdict == "matched"))
        )
        .then(uscc.flaw(pl.col("_code")) + counted)
        .alias("flaw"),
        (registered & pl.col("_alias").is_not_null() & pl.col("_goes_by").is_null()).alias("mismatch"),
        pl.col("_codes").list.join("、").alias("candidates"),
        (pl.col("_valid") & pl.col("_by_code").is_null()).alias("unregistered"),
    )
    unknown = judged.filter((pl.col("verdict") == "unknown") & pl.col("_alias").is_not_null())["_alias"].unique().sort()
    near = _nearest(unknown, directory)
    code_hint = (
        pl.when(pl.col("unregistered") & pl.col("name").is_not_null())
        .then(pl.format("该代码未登记，填报名称为“{}”。", pl.col("name").fill_null("")))
        .otherwise(pl.lit(""))
    )
    name_hint = (
        pl.when(pl.col("near").is_not_null())
        .then(pl.format("名录中相近的企业：“{}”。", pl.col("near").list.join("”、“").fill_null("")))
        .otherwise(pl.lit(""))
    )
    return judged.join(near, left_on="_alias", right_on="alias", how="left", validate="m:1").select(
        "uscc",
        "name",
        "code",
        "registered",
        "verdict",
        "group",
        "flaw",
        "mismatch",
        "candidates",
        "unregistered",
        (code_hint + name_hint).alias("hint"),
    )


def _problems(odd: pl.DataFrame, submissions: pl.DataFrame, columns: pl.DataFrame) -> pl.DataFrame:
    """One problem per source row that is refused, and one per wrong code or strange name."""
    if odd.is_empty():
        return EMPTY

    def at(condition: pl.Expr, field: pl.Expr) -> pl.DataFrame:
        rows = odd.filter(condition).with_columns(field.alias("field"))
        value = pl.when(pl.col("field") == "uscc").then("uscc").otherwise("name")
        return locate(rows.with_columns(value.alias("value")), submissions, columns)

    code, name = pl.lit("uscc"), pl.lit("name")
    by_code = pl.col("unregistered") | pl.col("name").is_null()
    nobody = at(pl.col("verdict") == "missing", name)
    if nobody["cell"].null_count():  # no column of names: the cell of the code is where one is missing
        codes = at(pl.col("verdict") == "missing", code)
        nobody = nobody.with_columns(pl.coalesce("cell", codes["cell"]).alias("cell"))
    return pl.concat(
        [
            problem_rows("uscc_invalid", at(pl.col("flaw").is_not_null(), code), {"hint": pl.col("flaw")}),
            problem_rows(
                "enterprise_unknown",
                at(pl.col("verdict") == "unknown", pl.when(by_code).then(code).otherwise(name)),
                {"hint": pl.col("hint")},
            ),
            problem_rows(
                "enterprise_ambiguous", at(pl.col("verdict") == "ambiguous", name), {"candidates": pl.col("candidates")}
            ),
            problem_rows("enterprise_missing", nobody, {"missing": pl.lit("统一社会信用代码和企业名称")}),
            problem_rows("name_mismatch", at(pl.col("mismatch"), name), {"registered": pl.col("registered")}),
        ]
    )


def _nearest(unknown: pl.Series, directory: pl.DataFrame) -> pl.DataFrame:
    """The up to three registered names nearest to each unknown one: alias, near (list, best first).

    Likeness is the Dice coefficient of the names' pairs of neighbouring characters. So that a sheet of
    strangers cannot make a run slow, only as many names get suggestions as `COMPARISONS` allows.
    """
    if not len(unknown) or directory.is_empty():
        return pl.DataFrame(schema={"alias": pl.String, "near": pl.List(pl.String)})
    limit = max(20, COMPARISONS // max(1, directory.height))
    asked = _pairs(pl.DataFrame({"alias": unknown.head(limit)}, schema={"alias": pl.String}), ["alias"])
    # The pairs of a million names would be fifteen million rows: some names at a time.
    return (
        pl.concat([_alike(asked, some) for some in directory.select("alias", "registered").iter_slices(AT_ONCE)])
        .sort("alias", "likeness", "registered", descending=[False, True, False])
        .unique(["alias", "registered"], keep="first", maintain_order=True)
        .group_by("alias", maintain_order=True)
        .agg(pl.col("registered").head(NEAREST).alias("near"))
    )


def _alike(asked: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """Which of `names` (alias, registered) are like the names of `asked` (their pairs): alias, registered, likeness."""
    offered = _pairs(names, ["alias", "registered"])
    shared = asked.join(offered.rename({"alias": "_alias"}), on="pair", how="inner")
    likeness = 2 * pl.len() / (pl.col("pairs").first() + pl.col("pairs_right").first())
    return (
        shared.group_by("alias", "_alias", "registered")
        .agg(likeness.alias("likeness"))
        .filter(pl.col("likeness") >= LEAST_LIKENESS)
    )


def _pairs(names: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """Each distinct pair of neighbouring characters of `alias` (ends marked), and how many there are: pair, pairs."""
    return (
        names.unique(by)
        .with_columns(pl.format("^{}$", pl.col("alias")).str.split("").alias("pair"))
        .explode("pair")
        .with_columns((pl.col("pair") + pl.col("pair").shift(-1).over(by)).alias("pair"))
        .drop_nulls("pair")
        .unique([*by, "pair"])
        .with_columns(pl.len().over(by).alias("pairs"))
    )
