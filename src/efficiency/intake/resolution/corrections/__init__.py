"""申诉更正: an approved correction counts as the figure it corrects, before whatever any sheet states.

`targets`: which figure a correction names. `screening`: which are approved, declined or pending. `applying`: rows of
other forms with the corrected figures. `carrying`: what a correction of a month does to longer figures.
"""

from efficiency.intake.resolution.corrections.applying import add_figures, column_map, correct_rows
from efficiency.intake.resolution.corrections.carrying import Carried, carry
from efficiency.intake.resolution.corrections.screening import DECLINED, Screened, screen
from efficiency.intake.resolution.corrections.targets import Target, find_target

__all__ = [
    "DECLINED",
    "Carried",
    "Screened",
    "Target",
    "add_figures",
    "carry",
    "column_map",
    "correct_rows",
    "find_target",
    "screen",
]
