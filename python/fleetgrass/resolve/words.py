"""Words that several parts of this package say."""


def counted(count: int, what: str) -> str:
    """`1 device`, `2,000 devices`."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"
