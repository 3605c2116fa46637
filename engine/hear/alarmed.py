"""A text that may speak of danger: its writer is answered with where help is, and nothing of it is ever shown to
anyone but the operator.
"""

from sqlalchemy import Connection

from engine.hear.danger import alarm
from engine.hear.texting import Texting
from engine.hear.wrote import Wrote
from engine.model.danger import Danger
from engine.render.notices import DANGER, Response
from engine.store import answers, pausing

SOURCE = "text"
"""What an alert says of where the words came from."""


def alarmed(connection: Connection, texting: Texting, wrote: Wrote, danger: Danger, reply_id: int) -> Response:
    """Raise the alarm about a kept text; what to answer at once. From a number that is nobody's there is only that.

    An answer that the writer has given to the same question is not shown either, unless it was. On a phone that two
    share it cannot be known who wrote: both are paused, so that nothing more comes to it.
    """
    writer, means = wrote.writer, texting.means
    if writer is not None:
        alarm(connection, means, writer.id, danger, SOURCE, wrote.received_at, reply_id=reply_id)
        for other in wrote.writers:
            if other.id != writer.id:
                pausing.pause_partner(connection, other.id, None)
    if wrote.question is not None and not wrote.shared:
        answers.withhold(connection, wrote.question.question)
    timezone = None if writer is None else writer.timezone
    return Response(DANGER, wrote.locale, help=texting.help_for(wrote.inbound.sender, timezone, danger))
