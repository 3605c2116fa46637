"""A text is measured as the phone network splits it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.render.segments import GSM_BASIC, GSM_EXTENSION, Segments, measure, plainer

CURLY = "\N{RIGHT SINGLE QUOTATION MARK}"
SMILE = "\N{SMILING FACE WITH SMILING EYES}"


def naive_parts(text: str) -> list[str]:
    """Cut by trial: add one character at a time to the last part until it no longer fits."""
    gsm = all(char in GSM_BASIC or char in GSM_EXTENSION for char in text)

    def size(part: str) -> int:
        if gsm:
            return len("".join("\x1b" + char if char in GSM_EXTENSION else char for char in part))
        return len(part.encode("utf-16-be")) // 2

    if size(text) <= (160 if gsm else 70):
        return [text] if text else []
    parts = [""]
    for char in text:
        if size(parts[-1] + char) > (153 if gsm else 67):
            parts.append("")
        parts[-1] += char
    return parts


def test_the_basic_table_has_every_code_point_of_the_standard_but_the_escape() -> None:
    assert len(GSM_BASIC) == 127
    assert len(GSM_EXTENSION) == 10
    assert not GSM_BASIC & GSM_EXTENSION


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Segments("GSM-7", 0, 0, 160)),
        ("a" * 160, Segments("GSM-7", 1, 160, 160)),
        ("a" * 161, Segments("GSM-7", 2, 161, 153)),
        ("a" * 306, Segments("GSM-7", 2, 306, 153)),
        ("a" * 307, Segments("GSM-7", 3, 307, 153)),
        ("€" * 80, Segments("GSM-7", 1, 160, 160)),
        ("€" * 81, Segments("GSM-7", 2, 162, 153)),
        ("a" * 152 + "€" + "a" * 151, Segments("GSM-7", 2, 305, 153)),  # the pair moves on whole, one septet is lost
        ("a" * 152 + "€" + "a" * 152, Segments("GSM-7", 3, 306, 153)),  # which here costs a part
        (CURLY + "a" * 69, Segments("UCS-2", 1, 70, 70, ((0, CURLY),))),
        ("a" * 70 + CURLY, Segments("UCS-2", 2, 71, 67, ((70, CURLY),))),
        (SMILE * 35, Segments("UCS-2", 1, 70, 70, tuple((n, SMILE) for n in range(35)))),
        (SMILE * 36, Segments("UCS-2", 2, 72, 67, tuple((n, SMILE) for n in range(36)))),
        (SMILE * 67, Segments("UCS-2", 3, 134, 67, tuple((n, SMILE) for n in range(67)))),  # 33 pairs a part, not 33.5
    ],
    ids=lambda value: None if isinstance(value, Segments) else f"{value[:3]}x{len(value)}",
)
def test_borders_of_both_encodings(text: str, expected: Segments) -> None:
    assert measure(text) == expected


def test_one_curly_quote_is_named_with_its_place() -> None:
    assert measure(f"What{CURLY}s one thing?").offenders == ((4, CURLY),)


@pytest.mark.parametrize("char", ["ê", "`", "\t", "\x1b", "ç", "…", "—", "á", "ë"])
def test_characters_that_look_harmless_but_are_not_in_gsm_7(char: str) -> None:
    assert measure(f"a{char}b").encoding == "UCS-2"


TEXTS = st.one_of(
    st.text(st.sampled_from(sorted(GSM_BASIC | GSM_EXTENSION)), max_size=500),
    st.text(st.sampled_from("ab€" + CURLY + SMILE), min_size=60, max_size=320),
    st.text(st.sampled_from("a€"), min_size=140, max_size=480),
    st.text(max_size=300),
)


@given(TEXTS.filter(lambda text: not any("\ud800" <= char <= "\udfff" for char in text)))
def test_parts_are_those_of_a_naive_splitter(text: str) -> None:
    found = measure(text)
    cut = naive_parts(text)
    assert "".join(cut) == text
    assert found.parts == len(cut)
    assert (found.encoding == "UCS-2") == bool(found.offenders)
    assert found.units <= found.per_part * max(found.parts, 1)


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("Una más", "Una más"),
        ("Cuéntale qué parte de la semana fue más difícil de lo que parece, y por qué.", None),
        ("x" * 70 + " más “sí”", "x" * 70 + " más “sí”"),
    ],
    ids=["a short text keeps its accents", "a longer one loses them", "no help where another character stays"],
)
def test_accents_that_gsm_lacks_are_left_out_where_that_saves_a_part(text: str, sent: str | None) -> None:
    """`é`, `ñ` and `¿` are in GSM-7 and stay."""
    plain = "Cuéntale qué parte de la semana fue mas dificil de lo que parece, y por qué."
    assert plainer(text) == (plain if sent is None else sent)
