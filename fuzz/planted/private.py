"""Bugs by which somebody gets to know what is not theirs to know."""

from fuzz.planted.bug import bug

INTENT = "deliver/intent.py"
ANSWERS = "store/answers.py"

PRIVATE = (
    bug(
        "others-address",
        "a message goes to the other's address",
        (
            "store/context.py",
            "case((_by_email, partners.c.email_cipher), else_",
            "case((_by_email, func.coalesce(other.c.email_cipher, partners.c.email_cipher)), else_",
        ),
        scene="reach",
    ),
    bug(
        "revealed-after-one",
        "one answer is enough to reveal",
        (ANSWERS, ".where(_both_shared == 2)", ".where(_both_shared >= 1)"),
        scene="answers",
    ),
    bug(
        "reveal-forgotten",
        "two shared answers reveal nothing",
        (ANSWERS, ".where(_both_shared == 2)", ".where(_both_shared == 3)"),
        scene="answers",
    ),
    bug(
        "private-answer-shown",
        "what is not to be shared is shown",
        (ANSWERS, ".where(_key, answers.c.shared, ~answers.c.withheld", ".where(_key, ~answers.c.withheld"),
        scene="answers",
    ),
    bug(
        "answer-outlives-leaving",
        "answers that nobody saw stay when their author leaves",
        (
            "store/leaving.py",
            "    connection.execute(delete(answers).where(answers.c.partner_id == partner_id, ~_REVEALED))\n",
            "",
        ),
        scene="answers",
    ),
    bug(
        "erasing-leaves-rows",
        "who is erased stays in the tables",
        ("store/erasing.py", "    connection.execute(delete(partners).where(partners.c.id == partner_id))\n", ""),
        scene="answers",
    ),
    bug(
        "address-in-a-detail",
        "an error tells whom it was about",
        (
            INTENT,
            '[OutcomeUnknown(f"The transport raised {type(error).__name__}.")]',
            "[OutcomeUnknown(messages[0].to)]",
        ),
        (
            "deliver/outcomes.py",
            "    detail = outcome.detail[:500]\n",
            "    detail = f\"{outcome.detail[:500]} {getattr(letter.message, 'to', '')}\"\n",
        ),
        scene="waiting",
    ),
)
