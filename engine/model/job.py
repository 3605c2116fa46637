"""The kinds of work that the workers of many machines share."""

from engine.model.words import Described


class Job(Described):
    """One kind. A job of it is a token: it says that there is work, and the rows of the store say what."""

    PLAN = "plan", "Turn what has fallen due into deliveries."
    DRAIN = "drain", "Send what may go."
    CARE = "care", "React to what was heard and left, settle doubts, look for what is out of order, tell the operator."
