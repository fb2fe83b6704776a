"""Quantities are exact, in the grammar of k8s.io/apimachinery."""

from fractions import Fraction

import pytest

from checkrail_operator.plan.deployment.quantity import quantity


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        (2, 2),
        ("2", 2),
        ("1.5", Fraction(3, 2)),
        (".5", Fraction(1, 2)),
        ("5.", 5),
        ("500m", Fraction(1, 2)),
        ("1k", 1000),
        ("1Ki", 1024),
        ("1.5Gi", 3 * 2**29),
        ("1e3", 1000),
        ("1E3", 1000),
        ("1E", 10**18),
        ("100n", Fraction(1, 10**7)),
    ],
)
def test_a_quantity_is_the_number_it_says(text: int | str, amount: Fraction | int) -> None:
    assert quantity(text) == amount


@pytest.mark.parametrize("text", ["", "Gi", "1 Gi", "1gi", "1K", "1e", "1e3Gi", "NaN", "\u0661"])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no quantity: expected a number such as"):
        quantity(text)
