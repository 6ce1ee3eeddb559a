"""The rules of a policy on energy as `efficiency.facts`, which does not read policies, takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from efficiency.facts.energy import EnergyBasis

if TYPE_CHECKING:
    from efficiency.policy.model import Policy


def energy_basis(policy: Policy) -> EnergyBasis:
    """The energy basis that `policy` declares in [energy]."""
    return EnergyBasis(
        electricity=policy.energy.electricity,
        equivalent_kgce_per_kwh=policy.energy.equivalent_kgce_per_kwh,
        exclude=frozenset(policy.energy.exclude),
        coefficients=policy.energy.coefficients,
    )
