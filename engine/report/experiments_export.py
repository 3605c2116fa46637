"""The decision points of a campaign's experiments as a table for other tools: one row each, with a data dictionary.

The shape is that of micro-randomised trials: who, when, available or not, what chance decided and how likely that was,
what came of it, and what was known before. No names, addresses or words; who is who cannot be told without the
workspace's key, not even between two campaigns.
"""

import csv
from collections import Counter
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from pathlib import Path

from sqlalchemy import Connection

from engine.model.experiment import Per, Proximal
from engine.report.experiments_rows import Point, points
from engine.report.experiments_trial import designs
from engine.report.scope import Scope

Cell = str | int | float | None

DICTIONARY: Mapping[str, str] = {
    "couple_id": "A pseudonym of the couple, of this campaign only: errors cluster by it.",
    "participant_id": "A pseudonym of the partner.",
    "version": "The first 12 digits of the digest of the campaign's version.",
    "step": "The step's key.",
    "decision_point": "Counts the participant's decision points from 1, in time.",
    "day": "Days after the start date, on the campaign's calendar.",
    "week": "The campaign's week, from 1.",
    "stratum": "Within which the kept arm was balanced; empty where nothing divides couples.",
    "kept_arm": "The arm that the couple was given when it enrolled; empty where it keeps none.",
    "kept_arm_probability": "How likely it was to be given that one.",
    "available": "1: chance was asked at this occurrence, because the message could have gone. 0: it could not."
    " Empty: this step leaves nothing to chance at an occurrence.",
    "action": "1: chance let it go. 0: chance withheld it. Empty where chance was not asked.",
    "arm": "The arm that this occurrence was given; empty where it was given none.",
    "probability": "How likely it was that chance decided as it did, action and arm together.",
    "next_pulse": "The couple's mean of the next pulse asked after it, 1 to 5; empty: not rated, or not yet.",
    "answered_48h": "1: the participant answered anything within 48 hours, by words or pulse. Empty: not over yet.",
    "opt_out_48h": "1: the participant ended it within 48 hours. Empty: not over yet, or ended before.",
    "prior_pulse": "The couple's mean of the last pulse told before it; empty where there was none.",
    "strategy": "The strategy of the activity that was, or would have been, sent; empty where it has none.",
}
"""Every column, in order, and what it means."""

RISKY = ("=", "+", "-", "@", "\t", "\r")


def export(connection: Connection, scope: Scope, file: Path, key: bytes) -> int:
    """Write the decision points of a scope to `file`, and what its columns mean beside it; how many there were.

    `key` makes the pseudonyms: the same key gives the same ones.
    """
    number = 0
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, list(DICTIONARY), lineterminator="\n")
        writer.writeheader()
        for row in rows(connection, scope, key):
            writer.writerow({name: _cell(value) for name, value in row.items()})
            number += 1
    with dictionary_of(file).open("w", encoding="utf-8", newline="") as out:
        told = csv.writer(out, lineterminator="\n")
        told.writerows([("column", "meaning"), *((name, _cell(meaning)) for name, meaning in DICTIONARY.items())])
    return number


def dictionary_of(file: Path) -> Path:
    """Where the data dictionary of an export goes."""
    return file.with_name(f"{file.stem}.dictionary.csv")


def rows(connection: Connection, scope: Scope, key: bytes) -> Iterator[dict[str, Cell]]:
    """One row a decision point, by the columns of DICTIONARY."""
    asked = {
        (version.digest, step.key)
        for version in scope.versions
        for step in version.steps
        if Per.OCCURRENCE in designs(step)
    }
    number: Counter[int] = Counter()
    for point in points(connection, scope):
        number[point.partner] += 1
        yield {
            "couple_id": _pseudonym(key, scope.campaign, "couple", point.couple),
            "participant_id": _pseudonym(key, scope.campaign, "participant", point.partner),
            "version": point.digest[:12],
            "step": point.step,
            "decision_point": number[point.partner],
            "day": point.occurrence,
            "week": point.week,
            "stratum": point.stratum,
            "kept_arm": point.arm,
            "kept_arm_probability": point.arm_probability,
            "available": int(point.available) if (point.digest, point.step) in asked else None,
            "action": int(point.sent) if point.available else None,
            "arm": _own_arm(point),
            "probability": point.probability,
            "next_pulse": point.outcomes[Proximal.PULSE],
            "answered_48h": _whole(point.outcomes[Proximal.ANSWERED]),
            "opt_out_48h": _whole(point.outcomes[Proximal.OPT_OUT]),
            "prior_pulse": point.prior,
            "strategy": point.strategy,
        }


def _own_arm(point: Point) -> str | None:
    return point.variant if point.available and point.variant != point.arm else None


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


def _pseudonym(key: bytes, *words: object) -> str:
    text = "\x1f".join(map(str, words)).encode()
    return blake2b(text, key=key[:64], digest_size=8).hexdigest()


def _cell(value: Cell) -> Cell:
    """As a spreadsheet may be shown it: never a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(RISKY) else value
