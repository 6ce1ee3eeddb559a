"""Sentences for the rows that need one: to make them for every row would take longer than all scores."""

from __future__ import annotations

import polars as pl


def sentence_where(frame: pl.DataFrame, condition: pl.Expr, sentence: pl.Expr) -> pl.Series:
    """`sentence`, made of columns of `frame`, in the rows where `condition` holds; null in the others."""
    at = frame.select(condition.arg_true()).to_series()
    sentences = frame.select(sorted(set(sentence.meta.root_names())))[at].select(sentence).to_series()
    return pl.repeat(None, frame.height, dtype=pl.String, eager=True).scatter(at, sentences)
