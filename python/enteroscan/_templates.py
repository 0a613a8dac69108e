"""The pages that results show themselves as; all text in them is escaped."""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import jinja2


@cache
def template(name: str) -> "jinja2.Template":
    """Return a template of the folder `templates`."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("enteroscan"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)
