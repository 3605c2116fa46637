"""The plan of a campaign: one rehearsal, and with it the one that it is compared with, if any."""

from dataclasses import dataclass
from typing import Any

from engine.model.campaign import Campaign
from engine.report.deliveries import Line
from engine.report.plan_compare import compared
from engine.report.plan_delays import delayed
from engine.report.plan_entry import entry
from engine.simulate.faults import Faults
from engine.simulate.rehearsal import Progress, Rehearsed, Terms, rehearse

Entry = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """`entry` is JSON: `run`, the figures of the campaign as it is (with its faults, if any); `faults`, what these do;
    `against`, the differences from another version. `shown` are the deliveries of a few couples.
    """

    entry: Entry
    shown: list[Line]
    refused: int


class Planning:
    """Rehearses with the same terms each time. `progress` is told of all rehearsals as if they were one."""

    def __init__(self, terms: Terms, processes: int | None = None, progress: Progress | None = None) -> None:
        self._terms = terms
        self._processes = processes
        self._progress = progress

    def plan(self, campaign: Campaign, faults: Faults | None = None, before: Campaign | None = None) -> Plan:
        """The plan of `campaign`; with `faults`, what they do to it; against the version `before`, what differs."""
        runs = 1 + (faults is not None) + (before is not None)
        keep = runs > 1
        run = self._rehearse(campaign, faults, keep, 0, runs)
        found = {"run": self._entry(run)}
        if faults is not None:
            fair = self._rehearse(campaign, None, keep, 1, runs)
            found["faults"] = {
                "seed": faults.seed,
                "outages": [
                    {
                        "kind": each.kind.value,
                        "from": each.begins.strftime("%Y-%m-%dT%H:%M:%SZ"),
                        "until": each.ends.strftime("%Y-%m-%dT%H:%M:%SZ"),
                        "channel": each.channel and each.channel.value,
                        "transport": each.transport,
                    }
                    for each in faults.outages(self._terms.start, campaign.weeks)
                ],
                "deaths": run.deaths,
                **delayed(fair.figures, run.figures),
            }
        if before is not None:
            other = self._rehearse(before, faults, keep, runs - 1, runs)
            found["against"] = compared(self._entry(other), found["run"], other.figures, run.figures)
        return Plan(found, run.shown, run.refused)

    def _rehearse(self, campaign: Campaign, faults: Faults | None, keep: bool, number: int, runs: int) -> Rehearsed:
        def progress(done: int, days: int) -> None:
            if self._progress is not None:
                self._progress(number * days + done, runs * days)

        return rehearse(self._terms, campaign, faults, keep=keep, processes=self._processes, progress=progress)

    def _entry(self, run: Rehearsed) -> Entry:
        prices = self._terms.settings.prices
        currency = prices.currency if prices.any() else None
        return entry(run.campaign, self._terms.start, self._terms.seed, run.figures, currency)
