"""Figures as they are printed, what a bag of numbers amounts to, and the comparison of two answers."""

from decimal import Decimal

import numpy as np


class Figure:
    """A number that is printed with so many decimals, half to even, and no more."""

    def __init__(self, value, decimals):
        self.value = float(value)
        self.printed = Decimal(format(self.value, f".{decimals}f"))

    def __repr__(self):
        return f"{self.printed} ({self.value!r})"


class Anything:
    """A member that is compared elsewhere, or is words."""

    def __init__(self, kind=object):
        self.kind = kind


WORDS = Anything(str)


def nearest(number):
    """The nearest whole number; of two, the greater."""
    return int(np.floor(number + 0.5))


def percentile(values, percent):
    """Between the two nearest ranks, by definition 7 of Hyndman and Fan.

    numpy's own comes from the upper one where that is nearer, and can miss a tie by the last bit."""
    order = np.sort(np.asarray(values, dtype=float))
    rank = percent / 100 * (len(order) - 1)
    low, high = order[int(np.floor(rank))], order[int(np.ceil(rank))]
    exact = low + (high - low) * (rank - np.floor(rank))
    assert np.isclose(exact, np.percentile(order, percent), rtol=1e-12, atol=1e-12)
    return exact


def mean(values):
    return np.mean(np.sort(np.asarray(values, dtype=float)))


def sd(values):
    return np.std(np.sort(np.asarray(values, dtype=float)), ddof=1)


def without_none(members):
    return {name: value for name, value in members.items() if value is not None}


def summary(values, decimals):
    values = np.asarray(values, dtype=float)
    if not len(values):
        return None
    of = {"n": len(values), "mean": Figure(mean(values), decimals)}
    if len(values) > 1:
        of["sd"] = Figure(sd(values), decimals)
    of |= {"min": Figure(values.min(), decimals), "max": Figure(values.max(), decimals)}
    for name, percent in (("p5", 5), ("p25", 25), ("median", 50), ("p75", 75), ("p95", 95)):
        of[name] = Figure(percentile(values, percent), decimals)
    return of


def centre(values, decimals=1):
    """Count, mean and spread; nothing for no numbers."""
    if not len(values):
        return None
    of = {"n": len(values), "mean": Figure(mean(values), decimals)}
    return of | ({"sd": Figure(sd(values), decimals)} if len(values) > 1 else {})


def shares(counts, whole):
    """Each count's part of so many parts, by largest remainders: of equal ones the first is served first."""
    total = sum(counts)
    if not total:
        return [0] * len(counts)
    exact = [divmod(n * whole, total) for n in counts]
    parts = [quotient for quotient, _ in exact]
    by_remainder = sorted(range(len(counts)), key=lambda at: -exact[at][1])
    for at in by_remainder[: whole - sum(parts)]:
        parts[at] += 1
    return parts


def shared(spans):
    """The times that spans share with an earlier one."""
    found, until = [], None
    for start, end in sorted(spans):
        if until is not None and start < until:
            found.append((start, max(start, min(end, until))))
        until = end if until is None else max(until, end)
    return found


class Comparison:
    """Two answers held against each other: how many figures there were, and what differs."""

    def __init__(self):
        self.figures = 0
        self.differences = []

    def of(self, expected, actual, place=""):
        if isinstance(expected, Anything):
            self.must(isinstance(actual, expected.kind), place, expected.kind.__name__, actual)
        elif isinstance(expected, dict):
            if self.must(isinstance(actual, dict), place, "an object", actual):
                for name in sorted(expected.keys() | actual.keys()):
                    if self.must(name in expected, f"{place}.{name}", "nothing", actual.get(name)) and \
                            self.must(name in actual, f"{place}.{name}", expected[name], "nothing"):
                        self.of(expected[name], actual[name], f"{place}.{name}")
        elif isinstance(expected, list):
            if self.must(isinstance(actual, list) and len(actual) == len(expected), place, expected, actual):
                for at, (one, other) in enumerate(zip(expected, actual)):
                    self.of(one, other, f"{place}[{at}]")
        elif isinstance(expected, Figure):
            self.figures += 1
            same = isinstance(actual, (int, Decimal)) and Decimal(actual) == expected.printed
            self.must(same, place, expected, actual)
        else:
            self.figures += isinstance(expected, int) and not isinstance(expected, bool)
            self.must(type(actual) is type(expected) and actual == expected, place, expected, actual)

    def must(self, holds, place, expected, actual):
        if not holds:
            self.differences.append(f"{place}: expected {str(expected)[:200]}, found {str(actual)[:200]}")
        return holds
