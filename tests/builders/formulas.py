"""The formulas that our own workbooks hold: sums, sums that follow a filter, and ways to an enterprise's details."""

import re

_SPAN = r"\$?[A-Z]+\$?\d+(?::\$?[A-Z]+\$?\d+)?"
_DETAILS = r"'评分明细(?: \(\d+\))?'!"
OURS = re.compile(
    rf"=SUM\({_SPAN}(?:,{_SPAN})*\)"
    rf"|=SUBTOTAL\(1?0?[39],{_SPAN}\)"
    rf'|="合计\("&SUBTOTAL\(103,{_SPAN}\)&"户\)"'
    rf"|=HYPERLINK\(\"#{_DETAILS}A\"&\(MATCH\({_SPAN},{_DETAILS}{_SPAN},0\)\+\d+\),\"查看\"\)"
)
