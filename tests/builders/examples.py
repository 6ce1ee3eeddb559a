"""How many examples hypothesis tries of a claim that is slow to try."""

from hypothesis import settings


def examples(short: int, long: int) -> settings:
    """At most `short` examples in `make test`, `long` in `make test-long`; above the test's `@given`.

    Claims that are quick to try take the number of the profile (see conftest).
    """
    return settings(max_examples=long if settings.get_current_profile_name() == "long" else short)
