"""Every shape that data may have, declared once. One file a form or table; no logic."""

from schemas.audit import RUN_EVALUATIONS, RUN_FILES, RUNS
from schemas.column import Column, Form, Rule, Table, stated_table
from schemas.corrections import CORRECTIONS, FORM_CORRECTIONS
from schemas.energy import ENERGY, FORM_ENERGY
from schemas.incidents import FORM_INCIDENTS, INCIDENTS
from schemas.intake import COLUMN_MAP, PROBLEMS, SUBMISSIONS
from schemas.land import FORM_LAND, LAND
from schemas.objections import OBJECTIONS
from schemas.output import FORM_OUTPUT, OUTPUT
from schemas.products import FORM_PRODUCTS, PRODUCTS
from schemas.profile import PROFILE
from schemas.register import ENTERPRISES, REGISTER
from schemas.results import CANDIDATES, EVALUATIONS, INDICATORS, MOVEMENTS, SCORES
from schemas.survey import FORM_SURVEY, SURVEYS
from schemas.watching import WATCH

FORMS: dict[str, Form] = {
    form.id: form
    for form in (
        REGISTER,
        FORM_LAND,
        FORM_OUTPUT,
        FORM_ENERGY,
        FORM_PRODUCTS,
        FORM_SURVEY,
        FORM_INCIDENTS,
        FORM_CORRECTIONS,
    )
}
FACTS: dict[str, Table] = {
    "register": ENTERPRISES,
    "land": LAND,
    "output": OUTPUT,
    "energy": ENERGY,
    "products": PRODUCTS,
    "survey": SURVEYS,
    "incidents": INCIDENTS,
    "corrections": CORRECTIONS,
}
"""Form id → the warehouse table of its accepted rows."""
STATED: dict[str, Table] = {form.id: stated_table(form) for form in FORMS.values()}
"""Form id → the table of its rows as stated, before enterprises are matched."""

__all__ = [
    "CANDIDATES",
    "COLUMN_MAP",
    "CORRECTIONS",
    "ENERGY",
    "ENTERPRISES",
    "EVALUATIONS",
    "FACTS",
    "FORMS",
    "INCIDENTS",
    "INDICATORS",
    "LAND",
    "MOVEMENTS",
    "OBJECTIONS",
    "OUTPUT",
    "PROBLEMS",
    "PRODUCTS",
    "PROFILE",
    "REGISTER",
    "RUNS",
    "RUN_EVALUATIONS",
    "RUN_FILES",
    "SCORES",
    "STATED",
    "SUBMISSIONS",
    "SURVEYS",
    "WATCH",
    "Column",
    "Form",
    "Rule",
    "Table",
]
