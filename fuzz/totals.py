"""What many seeds came to, and the file in which that is kept from one run to the next."""

import gc
import json
import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fuzz.check import check
from fuzz.generate import generate
from fuzz.world import act_out

LOST, DOUBLED = "lost", "once"
"""The rules by which a delivery counts as lost, or as accepted twice."""


@dataclass
class Totals:
    """What some seeds came to."""

    seeds: int = 0
    lives: int = 0  # of couples
    deliveries: int = 0
    accepted: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    happenings: Counter[str] = field(default_factory=Counter)
    bad_inputs: int = 0
    failing: dict[int, Counter[str]] = field(default_factory=dict)
    """How often a seed breaks each rule, for those that break any."""

    @property
    def lost(self) -> int:
        """Deliveries that should have come and did not."""
        return self.broken(LOST)

    @property
    def doubled(self) -> int:
        """Deliveries that were accepted twice."""
        return self.broken(DOUBLED)

    def broken(self, *rules: str) -> int:
        """How often these rules are broken; without any: all."""
        return sum(
            times for each in self.failing.values() for rule, times in each.items() if rule in rules or not rules
        )

    def live(self, seed: int) -> list[str]:
        """Live one; what is wrong with it, in words."""
        script = generate(seed)
        try:
            record = act_out(script)
            wrong = check(script, record)
        except Exception as error:
            error.add_note(f"Seed {seed}")
            raise
        self.seeds += 1
        self.lives += len({each.couple for each in script.people})
        self.deliveries += len(record.rows)
        self.accepted += len(record.accepted)
        self.faults.update(record.faults)
        self.happenings.update(each.kind.value for each in script.happenings)
        self.bad_inputs += record.faults.get("provider.garbage", 0)
        if wrong:
            self.failing[seed] = Counter(each.rule for each in wrong)
        return [f"{each.rule} (n {each.n}): {each.text}" for each in wrong]

    def add(self, other: "Totals") -> None:
        """Count another's as well."""
        for name, value in vars(other).items():
            mine = getattr(self, name)
            if isinstance(mine, dict):  # a counter adds up
                mine.update(value)
            else:
                setattr(self, name, mine + value)


def lived(seeds: range) -> Totals:
    """What these seeds come to."""
    gc.set_threshold(50_000, 20, 100)  # a life makes much, and little of it goes round in circles
    totals = Totals()
    for seed in seeds:
        totals.live(seed)
    return totals


@dataclass
class Kept:
    """A run as its file has it."""

    totals: Totals
    first: int
    following: int
    """The seed to go on at."""
    mended: list[int]
    """Seeds that broke a rule once, and by a later version did not."""
    commits: list[str]
    """The versions that have taken part, in their order."""

    @classmethod
    def read(cls, file: Path, first: int) -> "Kept":
        """What the file says; nothing yet where there is none."""
        if not file.exists():
            return cls(Totals(), first, first, [], [])
        said = json.loads(file.read_text(encoding="utf-8"))
        totals = Totals(**{name: said[name] for name in Totals.__dataclass_fields__})
        totals.faults, totals.happenings = Counter(totals.faults), Counter(totals.happenings)
        totals.failing = {int(seed): Counter(rules) for seed, rules in totals.failing.items()}
        return cls(totals, said["first_seed"], said["last_seed"] + 1, said["mended"], said["commits"])

    def try_again(self) -> None:
        """Live the seeds that broke a rule by the version that there is now, and take back what is mended."""
        for seed in sorted(self.totals.failing):
            now = lived(range(seed, seed + 1)).failing
            del self.totals.failing[seed]
            self.totals.failing.update(now)
            self.mended += [] if now else [seed]

    def write(self, file: Path) -> None:
        """Put it there whole, or not at all."""
        totals = self.totals
        said = {
            **{name: _plain(value) for name, value in vars(totals).items()},
            "lost": totals.lost,
            "doubled": totals.doubled,
            "violations": totals.broken(),
            "first_seed": self.first,
            "last_seed": self.following - 1,
            "mended": self.mended,
            "commits": self.commits,
        }
        part = file.with_suffix(".part")
        part.write_text(json.dumps(said, indent=2) + "\n", encoding="utf-8")
        os.replace(part, file)  # noqa: PTH105 - the same


def _plain(value: Any) -> Any:
    return dict(sorted(value.items())) if isinstance(value, Counter) else value
