"""Kubernetes resource quantities as exact numbers."""

import re
from decimal import Decimal
from fractions import Fraction

FORM = re.compile(
    r"([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d{1,2})|([numkMGTPE]|[KMGTPE]i))?", re.ASCII
)
DECIMAL = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}


def quantity(value: int | str) -> Fraction:
    """Return what ``value`` says: processors for ``cpu``, bytes for ``memory``.

    The grammar is that of ``k8s.io/apimachinery/pkg/api/resource``: ``500m``, ``1.5``, ``2Gi``,
    ``1e3``.

    Raises:
        ValueError: The text is no quantity.
    """
    if isinstance(value, int):
        return Fraction(value)
    form = FORM.fullmatch(value)
    if form is None:
        raise ValueError(f"{value!r} is no quantity: expected a number such as 500m, 1.5 or 2Gi")
    digits, exponent, suffix = form.groups()
    if suffix in BINARY:
        return Fraction(Decimal(digits)) * (1 << BINARY[suffix])
    if suffix in DECIMAL:
        return Fraction(Decimal(digits)) * Fraction(10) ** DECIMAL[suffix]
    return Fraction(Decimal(digits + (exponent or "")))
