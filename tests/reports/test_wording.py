"""What officials read for what the data name in codes."""

from efficiency.intake.problems import RULES as FOUND
from efficiency.reports.text import RULES


def test_every_rule_of_a_problem_has_a_chinese_name_of_its_own() -> None:
    assert set(RULES) == set(FOUND)
    assert len(set(RULES.values())) == len(RULES)
    assert not any(character.isascii() and character.isalpha() for name in RULES.values() for character in name)
