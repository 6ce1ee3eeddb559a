"""Every shape that data may have, declared once: forms that come in, tables that go out. One module a form; no logic.

A form says everything about its figures itself (`schemas.column`: `Form`, `Column`): the headers by which a sheet is
recognised, units and ranges, which figures must not be negative, which are all-or-nothing, which may be corrected,
which are compared month by month, and which words of the profile they feed. Reading, deduplication, corrections,
plausibility checks, templates, warehouse tables, monitoring and explanations follow from that.

How a form is added, `waste` say:

1. `schemas/waste.py` declares `FORM_WASTE = Form(...)`. Each figure is a `Column` with its canonical `unit` (one of
   `src/efficiency/reference/units.csv`), its Chinese headers, a `hint` for who fills it in, and
   - `figure="flow"` where months add up, `"level"` where the latest counts;
   - `minimum=0` where it cannot be negative;
   - `compared=("months", "returns")` to have an unlikely month and a changed return reported;
   - `correctable=True` to let an approved correction name it by a header (forms with a row per enterprise and span);
   - `feeds=((name, 1),)` to make its total of the window a word of the profile, under the same name.
   `flow=True` says that its rows have a span of months. `key` names, in addition, what a row is about.
   `one_of` and `required` name the headers by which a sheet is recognised: together they must fit no other form.
2. `schemas/forms.py` lists it in `FORMS`, last.
3. Only where a word is not the plain total of a figure: `schemas/profile.py` declares the word, `facts/waste.py`
   computes it (facts of the form in, one row per enterprise out), and `facts/profile.py` joins that to the profile.
4. A test sends a sheet and asserts the fact, and the word where the form feeds one (see `tests/test_new_form.py`).
   `python -m efficiency.warehouse.schema.dictionary docs/analyst.md` renews the dictionary there, and each word that
   the form feeds gets a line in the table of columns of `docs/policies.md`; tests compare both.

From then on the form is stored (`facts.waste`, `intake.stated_waste`), its words can be used in a policy's expressions,
its cells appear in explanations and in the view `lineage`, and its returns are watched.
"""

from schemas.audit import RUN_EVALUATIONS, RUN_FILES, RUNS
from schemas.column import Column, Form, Rule, Table
from schemas.compositions import COEFFICIENTS, COHORTS, COMPOSITIONS
from schemas.forms import CORRECTABLE, DATED, FACTS, FED_BY, FEEDS, FORMS, MEASURED, STATED
from schemas.intake import COLUMN_MAP, PROBLEMS, SUBMISSIONS, WITHDRAWALS
from schemas.objections import OBJECTIONS
from schemas.profile import PROFILE
from schemas.results import (
    CANDIDATES,
    DATA_ERRORS,
    EVALUATIONS,
    INDICATORS,
    MOVEMENTS,
    SCORES,
    VARIANT_EFFECTS,
    VARIANTS,
    VERIFICATIONS,
)
from schemas.watching import WATCH

CORRECTIONS = FACTS["corrections"]
ENTERPRISES = FACTS["register"]

__all__ = [
    "CANDIDATES",
    "COEFFICIENTS",
    "COHORTS",
    "COLUMN_MAP",
    "COMPOSITIONS",
    "CORRECTABLE",
    "CORRECTIONS",
    "DATA_ERRORS",
    "DATED",
    "ENTERPRISES",
    "EVALUATIONS",
    "FACTS",
    "FED_BY",
    "FEEDS",
    "FORMS",
    "INDICATORS",
    "MEASURED",
    "MOVEMENTS",
    "OBJECTIONS",
    "PROBLEMS",
    "PROFILE",
    "RUNS",
    "RUN_EVALUATIONS",
    "RUN_FILES",
    "SCORES",
    "STATED",
    "SUBMISSIONS",
    "VARIANTS",
    "VARIANT_EFFECTS",
    "VERIFICATIONS",
    "WATCH",
    "WITHDRAWALS",
    "Column",
    "Form",
    "Rule",
    "Table",
]
