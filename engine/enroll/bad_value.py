"""What a person wrote that cannot be used."""


class BadValue(ValueError):
    """A value that cannot be used: `what` is wrong with it, and the `fix`. Neither ever holds an address or a name."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(what)
        self.what = what
        self.fix = fix
