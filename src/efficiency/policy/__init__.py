"""The 办法: a TOML file that says by which rules enterprises are evaluated.

`model` declares its tables and keys; `load` reads, checks and returns it, or raises every fault with its line
(`faults`, `lines`, `reach`); `expressions` computes its conditions and figures; `formulas` are the ways in which a
value earns points; `words` puts it into Chinese. `builtin/` holds the built-in policies.
"""
