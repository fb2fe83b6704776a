"""Text that a container gets as it is written.

Kubernetes puts variables for ``$(NAME)`` in a container's command, arguments and variables, from
Secrets too, and takes ``$$`` for one dollar sign. What a user wrote is never meant so: a uri that
named a Secret's variable would carry its value to wherever that uri is printed.
"""


def verbatim(text: str) -> str:
    """Return what Kubernetes expands to ``text``."""
    return text.replace("$", "$$")
