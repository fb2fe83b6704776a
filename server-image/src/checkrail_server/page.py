"""A page of the model for people: what it is, a form that scores a row, and figures of now.

Made once, when the model is loaded. Any text of the model may be hostile: here it is escaped, the
script writes it as text, and the policy allows no script and no style but the page's own.
"""

from __future__ import annotations

import base64
import hashlib
import json
from html import escape
from importlib import resources
from string import Template
from typing import TYPE_CHECKING

from checkrail_server.answers import HTML, Answer
from checkrail_server.tensors import ANY, FLOATS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from checkrail_server.model import Model
    from checkrail_server.settings import Settings
    from checkrail_server.tensors import TensorSpec

POLICY = (
    "default-src 'none'; script-src {script}; style-src {style}; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
NO_FORM = (
    '<p class="note">The inputs of this model are not single features: ask it with tensors, at '
    "<code>{path}</code>.</p>"
)


def page(settings: Settings, model: Model) -> Answer:
    """Return the page and its headers."""
    style, script = _file("page.css"), _file("page.js")
    policy = POLICY.format(script=_digest(script), style=_digest(style))
    text = Template(_file("page.html")).substitute(
        style=style,
        script=script,
        model=escape(settings.model),
        version=escape(settings.version),
        sha256=escape(settings.sha256),
        form=_form(model) if model.takes_rows else _no_form(settings),
        inputs=_table(model.inputs),
        outputs=_table(model.outputs),
    )
    headers = {
        "content-security-policy": policy,
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cache-control": "no-cache",
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return Answer(200, text.encode("utf-8", "replace"), HTML, lines.encode())


def _file(name: str) -> str:
    return (resources.files(__package__) / name).read_text("utf-8")


def _digest(text: str) -> str:
    """Return the source expression of the policy for an element that is ``text``."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _form(model: Model) -> str:
    # as JSON, because HTML has no form of every character that a name may have
    inputs = json.dumps([{"name": each.name, "datatype": each.datatype} for each in model.inputs])
    fields = "\n".join(_field(number, spec) for number, spec in enumerate(model.inputs))
    return (
        f'<form id="row" data-inputs="{escape(inputs)}" autocomplete="off">\n{fields}\n'
        "<div><button>Score</button></div>\n</form>"
    )


def _field(number: int, spec: TensorSpec) -> str:
    label = f"<bdi>{escape(spec.name)}</bdi> <small>{spec.datatype}</small>"
    return f'<div><label for="f{number}">{label}</label>{_control(number, spec.datatype)}</div>'


def _control(number: int, datatype: str) -> str:
    if datatype == "BOOL":
        options = "<option>false</option><option>true</option>"
        return f'<select id="f{number}">{options}</select>'
    if datatype in FLOATS:
        return f'<input id="f{number}" inputmode="decimal" placeholder="unknown">'
    if datatype == "BYTES":
        return f'<input id="f{number}" placeholder="unknown">'
    return f'<input id="f{number}" inputmode="numeric" required>'


def _no_form(settings: Settings) -> str:
    return NO_FORM.format(path=escape(f"/v2/models/{settings.model}/infer"))


def _table(specs: Iterable[TensorSpec]) -> str:
    return "\n".join(
        f"<tr><td><bdi>{escape(spec.name)}</bdi></td><td>{spec.datatype}</td>"
        f"<td>{_shape(spec.shape)}</td></tr>"
        for spec in specs
    )


def _shape(shape: tuple[int, ...]) -> str:
    """Return a shape as HTML.

    >>> _shape((-1, 2))
    'rows &times; 2'
    """
    sizes = ["any" if size == ANY else str(size) for size in shape]
    if shape[:1] == (ANY,):
        sizes[0] = "rows"
    return " &times; ".join(sizes) or "one value"
