"""Plots: small Vega-Lite specifications, made into SVG by vl-convert on this machine and without a network.

A plot is drawn for 320 pixels, so that its words can be read on a phone and it may grow on a desk. Its colours are
those of the light page; the page's style sheet turns each into its dark twin (`report.css`). Lines are told apart by
their marks and dashes too, not by colour alone.
"""

import re
from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import Any

from engine.report.figure import Spec

WIDTH = 320
INK, SOFT, LINE, CARD = "#2c241b", "#6a5c4c", "#e2d6c5", "#fffcf7"
SERIES = ("#9c3f27", "#2b6159", "#8a6d1f", "#5b4b8a", "#8f7d66")
DASHES = ([1, 0], [5, 3], [2, 2], [8, 3, 2, 3], [1, 3])
SHAPES = ("circle", "square", "diamond", "triangle-up", "cross")
FONT = "Helvetica, Arial, Liberation Sans, sans-serif"

NAMES: Spec = {
    "field": "name",
    "type": "nominal",
    "title": None,
    "sort": None,
    "axis": {
        "domain": False,
        "ticks": False,
        "offset": 5,
        "labelExpr": "split(datum.label, '\\n')",
        "labelLimit": 128,
        "labelLineHeight": 13,
        # Two lines stand to both sides of their mark.
        "labelBaseline": {
            "condition": {"test": "indexof(datum.value, '\\n') > 0", "value": "bottom"},
            "value": "middle",
        },
    },
}
"""Under each other, in the order of the data; long ones on several lines, see `_named`."""
STEP = 32

Ends = Sequence[Any]
"""(x or name, value, low, high); the ends of an interval may be None."""


def bands(
    series: Mapping[str, Sequence[Ends]],
    *,
    x: str,
    y: str,
    within: tuple[float, float] | None = None,
    percent: bool = False,
    steps: bool = False,
) -> Spec:
    """Lines with their intervals, over weeks."""
    data = [
        {"x": each[0], "y": each[1], "low": each[2], "high": each[3], "series": name}
        for name, line in series.items()
        for each in line
    ]
    axis: dict[str, Any] = {"format": "%"} if percent else {}
    scale = {"domain": list(within), "zero": False} if within else {"zero": False}
    weeks = sorted({each["x"] for each in data})
    last = max(weeks, default=1)
    across = {
        "field": "x",
        "type": "quantitative",
        "title": x,
        "axis": {"tickMinStep": 1, "format": "d", "grid": False, "values": _ticks(weeks[0] if weeks else 0, last)},
        "scale": {"domain": [weeks[0] if weeks else 0, max(last, 1)], "nice": False, "padding": 8},
    }
    up = {"field": "y", "type": "quantitative", "title": y, "scale": scale, "axis": axis}
    curve = "step-after" if steps else "linear"
    encoding = _series(list(series))
    return _spec(
        data,
        [
            {
                "transform": [{"filter": "isValid(datum.low)"}],
                "mark": {"type": "area", "opacity": 0.16, "interpolate": curve},
                "encoding": {
                    "x": across,
                    "y": {**up, "field": "low"},
                    "y2": {"field": "high"},
                    "color": encoding["color"],
                },
            },
            {"mark": {"type": "line", "interpolate": curve, "strokeWidth": 2}, "encoding": {
                "x": across, "y": up, "color": encoding["color"], "strokeDash": encoding["strokeDash"]}},
            {"mark": {"type": "point", "filled": True, "size": 42, "opacity": 1}, "encoding": {
                "x": across, "y": up, "color": encoding["color"], "shape": encoding["shape"]}},
        ],
        height=190,
    )  # fmt: skip


def dots(points: Sequence[Ends], *, x: str, percent: bool = False, rule: float | None = None) -> Spec:
    """One value with its interval for each name, under each other; `rule` is drawn through."""
    data = [{"name": _named(each[0]), "x": each[1], "low": each[2], "high": each[3]} for each in points]
    across = {
        "field": "x",
        "type": "quantitative",
        "title": x,
        "scale": {"domain": [0, 1]} if percent else {"zero": True, "nice": True},
        "axis": {"format": "%", "tickCount": 5} if percent else {"tickCount": 5},
    }
    layers: list[Spec] = [
        {
            "mark": {"type": "rule", "strokeWidth": 3, "opacity": 0.45, "color": SERIES[0]},
            "encoding": {"y": NAMES, "x": {**across, "field": "low"}, "x2": {"field": "high"}},
        },
        {
            "mark": {"type": "point", "filled": True, "size": 64, "opacity": 1, "color": SERIES[0]},
            "encoding": {"y": NAMES, "x": across},
        },
    ]
    if rule is not None:
        mark = {"type": "rule", "color": SOFT, "strokeDash": [4, 3]}
        layers.insert(0, {"mark": mark, "encoding": {"x": {"datum": rule}}})
    return _spec(data, layers, height={"step": STEP})


def stacks(parts: Mapping[str, Mapping[str, int]], *, x: str) -> Spec:
    """Shares that make up a whole, a bar for each name."""
    kinds = list(dict.fromkeys(kind for each in parts.values() for kind in each))
    data = [
        {"name": _named(name), "kind": kind, "number": number, "order": kinds.index(kind)}
        for name, each in parts.items()
        for kind, number in each.items()
    ]
    colours = _series(kinds, legend="vertical" if len(kinds) > 3 else "horizontal")["color"]
    return _spec(
        data,
        [
            {
                "mark": {"type": "bar", "stroke": CARD, "strokeWidth": 1.5},
                "encoding": {
                    "y": NAMES,
                    "x": {
                        "field": "number",
                        "type": "quantitative",
                        "stack": "normalize",
                        "title": x,
                        "axis": {"format": "%", "tickCount": 5},
                    },
                    "color": {**colours, "field": "kind"},
                    "order": {"field": "order", "type": "quantitative"},
                },
            }
        ],
        height={"step": STEP},
    )


def bars(numbers: Sequence[tuple[str, float]], *, x: str) -> Spec:
    """A bar for each name, its number written beside it."""
    data = [{"name": _named(name), "number": number} for name, number in numbers]
    most = max((number for _, number in numbers), default=1) or 1
    across = {
        "field": "number",
        "type": "quantitative",
        "title": x,
        "axis": {"tickCount": 4, "format": "~s" if most >= 50_000 else ",~f"},
        "scale": {"domain": [0, most * 1.18]},
    }
    return _spec(
        data,
        [
            {"mark": {"type": "bar", "color": SERIES[0], "height": 15}, "encoding": {"y": NAMES, "x": across}},
            {
                "mark": {"type": "text", "align": "left", "dx": 5, "color": INK, "fontSize": 11},
                "encoding": {
                    "y": NAMES,
                    "x": across,
                    "text": {"field": "number", "type": "quantitative", "format": ",.6~r"},
                },
            },
        ],
        height={"step": STEP},
    )


def lines(series: Mapping[str, Sequence[tuple[int, float]]], *, x: str, y: str) -> Spec:
    """Lines without intervals, from nought."""
    spec = bands({name: [(*each, None, None) for each in line] for name, line in series.items()}, x=x, y=y)
    for layer in spec["layer"]:
        layer["encoding"]["y"]["scale"] = {"zero": True}
    return spec


def _named(name: str) -> str:
    """A name on as many lines as it needs beside its mark."""
    return "\n".join(wrap(name, 20))


def _ticks(first: int, last: int) -> list[int]:
    """No more weeks than there is room for."""
    return list(range(first, last + 1, -(-(last - first + 1) // 13)))


def _series(names: list[str], legend: str = "horizontal") -> dict[str, Any]:
    """Colours, dashes and shapes by series, with one legend; none for one series."""
    shown = (
        {
            "title": None,
            "orient": "top",
            "direction": legend,
            "symbolOpacity": 1,
            "symbolStrokeWidth": 0,
            "symbolSize": 70,
            "columns": 3,
        }
        if len(names) > 1
        else None
    )

    def by(values: Sequence[Any], legend: dict[str, Any] | None = shown) -> dict[str, Any]:
        scale = {"domain": names, "range": [values[place % len(values)] for place in range(len(names))]}
        return {"field": "series", "type": "nominal", "scale": scale, "legend": legend}

    return {"color": by(SERIES), "strokeDash": by(DASHES, None), "shape": by(SHAPES)}


def _spec(data: list[dict[str, Any]], layer: list[Spec], *, height: int | dict[str, int]) -> Spec:
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": WIDTH,
        "height": height,
        "autosize": {"type": "fit-x", "contains": "padding"},
        # Whoever looks may have a wider font than the one that was measured here.
        "padding": {"left": 14, "right": 10, "top": 4, "bottom": 4},
        "data": {"values": data},
        "layer": layer,
        "config": {
            "background": "transparent",
            "font": FONT,
            "view": {"stroke": None},
            "axis": {
                "labelColor": SOFT, "titleColor": SOFT, "gridColor": LINE, "domainColor": SOFT, "tickColor": SOFT,
                "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal", "labelLimit": 150,
            },
            "legend": {"labelColor": INK, "labelFontSize": 12, "labelLimit": 200},
        },
    }  # fmt: skip


_NOISE = re.compile(
    r' (?:aria-[a-z]+|role|class|style|pointer-events|xmlns:xlink|version)="[^"]*"|<path[^>]* d=""[^>]*/>'
)


def svg(spec: Spec) -> str:
    """The drawing as an SVG element without scripts, styles, ids or a fixed size: it fills its place.

    What it shows is said beside it, so it says nothing to a screen reader itself.
    """
    from vl_convert import vegalite_to_svg  # two seconds for the first

    drawn = vegalite_to_svg(spec, allowed_base_urls=[])
    drawn = _NOISE.sub("", drawn)
    size = re.search(r'<svg[^>]* width="(\d+)" height="(\d+)"', drawn)
    if size is None:
        raise ValueError("no drawing was made")
    return re.sub(
        r"<svg[^>]*>", f'<svg viewBox="0 0 {size[1]} {size[2]}" aria-hidden="true" focusable="false">', drawn, count=1
    )
