"""Profile and policy in; indicators, scores, tiers, confidence, candidates and partners out."""
