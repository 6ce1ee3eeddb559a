"""Method variants: what each gives, how far tiers and lists agree, and which ones a policy may not have."""

import tomllib

import polars as pl
