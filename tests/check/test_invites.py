"""A prompt must not invite a word that phone networks act on; ordinary sentences that hold one are fine."""

import pytest

from engine.check.invites import invited_in, invites_yes


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Ready for more? Reply YES.", "YES"),
        ("reply yes if you are in", "YES"),
        ("Answer with 'end' when you are done.", "END"),
        ("Answer STOP, or tell us more.", "STOP"),
        ("Please respond with just YES", "YES"),
        ("Text INFO for the long version.", "INFO"),
        ("Send us HELP", "HELP"),
        ("Did it feel close, yes or no?", "YES"),
        ("Did you talk (yes/no)?", "YES"),
        ("Is that a yes or a no?", "YES"),
        ("Which one: stop or go?", "STOP"),
        ("Would you go on or quit?", "QUIT"),
        ("Start or finish?", "START"),
    ],
)
def test_an_invitation_is_named(text: str, word: str) -> None:
    """The word it asks for, in capitals, as the network knows it."""
    assert invited_in(text) == word


@pytest.mark.parametrize(
    "text",
    [
        "Where would you stop by the lake, and what would you do there?",
        "Take turns until the end of the song.",
        "What helps you say yes to rest?",
        "No yes or no questions tonight: only open ones.",
        "Send help if the soufflé falls.",
        "Reply with a line, then tell them the story.",
        "Answer end to end, then start again.",
        "Reply starting with the words I remember.",
        "Start with the small things. What would you cancel first?",
        "Which would you rather end, the dishes or the laundry pile?",
    ],
)
def test_an_ordinary_sentence_invites_nothing(text: str) -> None:
    """A word in passing is not an answer that is asked for."""
    assert invited_in(text) is None


@pytest.mark.parametrize(
    "text",
    ["Do you miss it?", "You had a long week. Have you rested?", "Think of a place. Would you go back there?",
     'Ask each other: "Are you happy here?"', "And did it help?"],
)  # fmt: skip
def test_a_closing_question_that_yes_would_answer_is_found(text: str) -> None:
    """It opens with a verb and asks for nothing in particular."""
    assert invites_yes(text)


@pytest.mark.parametrize(
    "text",
    ["What do you miss?", "Do you miss it? Tell it as a story.", "Would you rather walk or swim?",
     "Can you say what you miss most?", "Is it harder when you are tired?", "Name one thing you do well.",
     "If you could go back, where to?", "No question here."],
)  # fmt: skip
def test_an_open_question_is_left_alone(text: str) -> None:
    """It asks what, which, when or how, offers a choice, or is not the last word."""
    assert not invites_yes(text)
