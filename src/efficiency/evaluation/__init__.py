"""Evaluation of enterprises: profile and policy in; indicators, scores, tiers, confidence and lists out.

`evaluate` runs the stages on one period's profile; `candidates` makes the lists of an evaluation. `scoring` holds the
stages from indicator values to tiers (a tier is cut in `scoring/tiers.py`), `robustness` the random draws behind
tier_confidence, `variants` the evaluation under other choices of method, `explanation` the score card of one
enterprise, `changes` the comparison of two evaluations. The formulas by which a value earns points are part of the
policy: `efficiency.policy.formulas`.
"""
