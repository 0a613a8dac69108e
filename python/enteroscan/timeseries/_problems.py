"""What is wrong with counts, in the language that is spoken."""

from enteroscan._language import Texts

SECTION = "detect.problem"


def say(key: str, **values: object) -> str:
    """Return a sentence, or a part of one; `every` is the name of a unit of time."""
    texts = Texts(section=SECTION)
    if "every" in values:
        values["every"] = texts(f"every.{values['every']}")
    return texts(key, **values)
