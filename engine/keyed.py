"""The only source of chance: numbers from a keyed hash of (seed, words), never from a random number generator.

The same seed and words give the same number on every machine, in every process, in any order.
"""

from hashlib import blake2b


def fraction(seed: str, *words: object) -> float:
    """A number in [0, 1), uniform over seeds and words."""
    text = "\x1f".join(map(str, words)).encode()
    # 53 bits: as many as a float holds exactly, so no result rounds up to 1.
    return (int.from_bytes(blake2b(text, key=seed.encode()[:64], digest_size=8).digest()) >> 11) / 2**53


def pick(point: float, weights: list[int] | list[float]) -> int:
    """The index that `point` in [0, 1) falls on when the weights are laid end to end; ValueError when they sum to 0."""
    total = sum(weights)
    if total <= 0:
        raise ValueError("nothing to pick from")
    reach = point * total
    for index, weight in enumerate(weights):
        reach -= weight
        if reach < 0:
            return index
    return max(index for index, weight in enumerate(weights) if weight > 0)
