"""Raw bodies checked against the API's models, with errors in the user's words."""

from typing import TypeVar

from pydantic import ValidationError

from checkrail_api.model import Model
from checkrail_operator.plan.errors import InvalidSpecError

M = TypeVar("M", bound=Model)

SHOWN_ERRORS = 3
SHOWN_CHARACTERS = 80


def validated(model: type[M], body: object, path: str) -> M:
    """Return ``body`` as ``model``.

    The API server checked it against the same model, but perhaps in another release.

    Raises:
        InvalidSpecError: It does not fit; the message names the fields, from ``path`` on.
    """
    try:
        return model.model_validate(body)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False)[:SHOWN_ERRORS]
        raise InvalidSpecError(
            "; ".join(
                f"{path}{_field(one['loc'])}: found {str(one['input'])[:SHOWN_CHARACTERS]!r}, "
                f"{one['msg'][:1].lower()}{one['msg'][1:]}"
                for one in found
            )
        ) from error


def _field(location: tuple[int | str, ...]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
