"""Every form that departments send, and what is derived from all of them."""

from schemas.column import Column, Form, Table, facts_table, stated_table
from schemas.corrections import FORM_CORRECTIONS
from schemas.energy import FORM_ENERGY
from schemas.incidents import FORM_INCIDENTS
from schemas.land import FORM_LAND
from schemas.output import FORM_OUTPUT
from schemas.products import FORM_PRODUCTS
from schemas.register import REGISTER
from schemas.survey import FORM_SURVEY

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
"""Form id → form. A new form comes last: the order decides between forms that fit a sheet equally well, and numbers the
figures of `CORRECTABLE`."""
FACTS: dict[str, Table] = {form.id: facts_table(form) for form in FORMS.values()}
"""Form id → the warehouse table of its accepted rows."""
STATED: dict[str, Table] = {form.id: stated_table(form) for form in FORMS.values()}
"""Form id → the table of its rows as stated, before enterprises are matched."""

CORRECTABLE: tuple[tuple[Form, Column], ...] = tuple(
    (form, column)
    for form in sorted(FORMS.values(), key=lambda form: form.replaces != "figure")
    for column in form.columns
    if column.correctable
)
"""Every figure that an approved correction may name; the position of one here, from 1, is the `block` of its facts."""
FEEDS: dict[str, tuple[tuple[Form, Column, int], ...]] = {}
"""Word of the profile → the figures that it is made of: form, column, and sign where the policy counts it."""
for _form in FORMS.values():
    for _column in _form.columns:
        for _word, _sign in _column.feeds:
            FEEDS[_word] = (*FEEDS.get(_word, ()), (_form, _column, _sign))
FED_BY = {word: fed[0][0].id for word, fed in FEEDS.items()}
"""Word of the profile → the form (id) whose figures it is made of."""
DATED = frozenset(word for word, fed in FEEDS.items() if any(form.in_force_from for form, _, _ in fed))
"""Words of the profile that hold at a date instead of over a span of months."""
MEASURED: tuple[tuple[Form, Column], ...] = tuple(
    (fed[0][0], fed[0][1]) for word, fed in FEEDS.items() if fed[0][0].flow and fed[0][1].name == word
)
"""The measures whose window total, or latest month for a level, is the word of their own name."""
