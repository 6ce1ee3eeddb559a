"""A policy's rules on energy in the words of `efficiency.facts`, which knows nothing of policies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from efficiency.facts.energy import EnergyBasis

if TYPE_CHECKING:
    from efficiency.policy.model import Policy


def energy_basis(policy: Policy) -> EnergyBasis:
    """How `policy` counts energy."""
    return EnergyBasis(
        electricity=policy.energy.electricity,
        equivalent_kgce_per_kwh=policy.energy.equivalent_kgce_per_kwh,
        exclude=frozenset(policy.energy.exclude),
        coefficients=policy.energy.coefficients,
    )
