"""Who is who, without saying who: keyed hashes of identities, and what identity numbers hold."""

import hashlib
import os
import re
import secrets
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import platformdirs
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from enteroscan._language import Texts
from enteroscan.cases._columns import Column, Values, choose, objects, objects_of
from enteroscan.errors import DataError, SpecError

SALT_FILE = "salt"
SALT_VARIABLE = "ENTEROSCAN_CONFIG_DIR"
LEAST_SALT = 16  # bytes
HASH_BYTES = 16
SHA_BLOCK = 64  # bytes
_INNER = bytes(byte ^ 0x36 for byte in range(256))
_OUTER = bytes(byte ^ 0x5C for byte in range(256))

_USUAL = "^[0-9]{17}[0-9Xx]$"
_WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])
_CHECKS = np.array(list("10X98765432"))


def config_folder() -> Path:
    """Return the folder of this user's settings, where the salt is kept."""
    given = os.environ.get(SALT_VARIABLE)
    return Path(given) if given else platformdirs.user_config_path("enteroscan", appauthor=False)


def get_salt(given: str | bytes | None, texts: Texts) -> bytes:
    """Return the salt given, else the one of this installation, made when first needed."""
    if given is not None:
        salt = given.encode() if isinstance(given, str) else bytes(given)
        if len(salt) < LEAST_SALT:
            message = texts("salt_short", n=LEAST_SALT)
            raise SpecError(message)
        return salt
    path = config_folder() / SALT_FILE
    try:
        if not path.exists():
            _make_salt(path)
        salt = path.read_bytes()
    except OSError as error:
        message = texts("salt_file", file=path, error=error.strerror or "")
        raise DataError(message) from None
    if len(salt) < LEAST_SALT:
        message = texts("salt_damaged", file=path)
        raise DataError(message)
    return salt


def _make_salt(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(secrets.token_bytes(32))
    try:
        os.link(draft, path)  # the first one wins, if several processes make it at once
    except FileExistsError:
        pass
    except OSError:  # no links here
        draft.replace(path)
        return
    draft.unlink()


def hash_texts(texts: Sequence[str], salt: bytes) -> NDArray[np.object_]:
    """Return the HMAC-SHA-256 of every text, shortened to 128 bits, in hexadecimal digits.

    Written out (RFC 2104) with the key taken in once, as `hmac.digest` does it anew for each of a
    million texts.
    """
    key = (salt if len(salt) <= SHA_BLOCK else hashlib.sha256(salt).digest()).ljust(
        SHA_BLOCK, b"\0"
    )
    begin_inner = hashlib.sha256(key.translate(_INNER)).copy
    begin_outer = hashlib.sha256(key.translate(_OUTER)).copy
    hashes = []
    for text in texts:
        inner, outer = begin_inner(), begin_outer()
        inner.update(text.encode("utf-8", "surrogatepass"))
        outer.update(inner.digest())
        hashes.append(outer.hexdigest()[: 2 * HASH_BYTES])
    return objects(hashes)


def plain_name(text: str) -> str:
    """Return a name without blanks, width and case, so that spellings of it agree."""
    if text.isalnum() and unicodedata.is_normalized("NFKC", text):
        return text.lower()
    return re.sub(r"[\s·•.,，]", "", unicodedata.normalize("NFKC", text)).lower()


# ------------------------------------------------------------------ identity numbers


def parse_id_numbers(column: Column) -> pd.DataFrame:
    """Read identity numbers: number, birth_date, sex, problem; one row a distinct value.

    A number is missing where it cannot be a key: Excel keeps 15 digits and writes 1.2E+17, or zeros
    behind them.
    """
    values = column.distinct.tolist()
    n = len(values)
    numbers = np.full(n, None, dtype=object)
    births = np.full(n, "NaT", dtype="datetime64[ns]")
    sexes = np.full(n, None, dtype=object)
    problems = np.full(n, None, dtype=object)
    is_text = [isinstance(value, str) for value in values]
    usual = np.array(is_text, dtype=bool)
    texts = pa.array(column.distinct[usual], pa.large_string())
    usual[usual] = pc.match_substring_regex(texts, _USUAL).to_numpy(zero_copy_only=False)
    if usual.any():
        known = column.distinct[usual]
        birth, is_male, is_valid = _read_usual(np.char.upper(known.astype("S18")))
        usual[usual] = is_valid
        births[usual] = birth[is_valid]
        sexes[usual] = choose(is_male[is_valid], "male", "female")
        numbers[usual] = known[is_valid]
        for place in np.flatnonzero(usual)[[text[-1] == "x" for text in known[is_valid]]]:
            numbers[place] = numbers[place].upper()
    for place in np.flatnonzero(~usual).tolist():
        number, problem, birth_date, sex = _read_id_number(_plain_number(values[place]))
        numbers[place], problems[place], sexes[place] = number, problem, sex
        if birth_date is not None:
            births[place] = birth_date
    return pd.DataFrame(
        {"number": numbers, "birth_date": births, "sex": sexes, "problem": problems}
    ).astype({"number": object, "sex": object, "problem": object})


def _read_usual(
    texts: NDArray[np.bytes_],
) -> tuple[NDArray[np.datetime64], NDArray[np.bool_], NDArray[np.bool_]]:
    """Return birth dates, who is male, and which numbers of 18 characters are right."""
    characters = np.ascontiguousarray(texts).view(np.uint8).reshape(len(texts), 18)
    digits = characters[:, :17].astype(np.int64) - ord("0")
    check = np.array([ord(digit) for digit in _CHECKS], dtype=np.uint8)[(digits @ _WEIGHTS) % 11]
    year = digits[:, 6:10] @ np.array([1000, 100, 10, 1])
    month = digits[:, 10:12] @ np.array([10, 1])
    day = digits[:, 12:14] @ np.array([10, 1])
    is_valid = (characters[:, 17] == check) & (year >= 1850) & (year <= 2100)
    is_valid &= (month >= 1) & (month <= 12) & (day >= 1)
    months = np.where(is_valid, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    birth = months.astype("datetime64[D]") + (np.where(is_valid, day, 1) - 1)
    is_valid &= birth.astype("datetime64[M]") == months  # not 31 April
    return birth.astype("datetime64[ns]"), digits[:, 16] % 2 == 1, is_valid


def _plain_number(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.0f}" if abs(value) < 1e15 else "MANGLED"
    return re.sub(r"[\s'’‘\"-]", "", unicodedata.normalize("NFKC", str(value))).upper()


def _read_id_number(
    text: str,
) -> tuple[str | None, str | None, np.datetime64 | None, str | None]:
    """Return number, problem, birth date and sex of one number."""
    if text in (
        "",
        "/",
        "无",
        "不详",
        "未知",
        "N/A",
        "NULL",
        "不明",
        "NONE",
        "未提供",
        "NA",
        "NAN",
    ):
        return None, None, None, None
    if (
        text == "MANGLED"
        or re.fullmatch(r"\d(?:\.\d+)?E\+?\d+", text)
        or (re.fullmatch(r"\d{15}000", text) and not is_valid_id_number(text))
    ):
        return None, "id_mangled", None, None
    if re.fullmatch(r"\d{15}", text):
        birth = _birth_date(f"19{text[6:12]}")
        if birth is None:
            return text, "id_check", None, None
        return text, None, birth, "male" if int(text[14]) % 2 else "female"
    if not re.fullmatch(r"\d{17}[\dX]", text):
        is_other = re.fullmatch(r"[A-Z0-9()（）/]{5,20}", text)  # passports and the like
        return (text, None, None, None) if is_other else (None, "id_unreadable", None, None)
    if not is_valid_id_number(text):
        return text, "id_check", None, None
    return text, None, _birth_date(text[6:14]), "male" if int(text[16]) % 2 else "female"


def is_valid_id_number(text: str) -> bool:
    """Whether check digit and birth date of an 18-digit identity number are right (GB 11643)."""
    if not re.fullmatch(r"[0-9]{17}[0-9X]", text) or _birth_date(text[6:14]) is None:
        return False
    total = int(np.dot(_WEIGHTS, [int(digit) for digit in text[:17]]))
    return bool(_CHECKS[total % 11] == text[17])


def _birth_date(digits: str) -> np.datetime64 | None:
    try:
        birth = pd.Timestamp(year=int(digits[:4]), month=int(digits[4:6]), day=int(digits[6:8]))
    except ValueError:
        return None
    return birth.to_datetime64() if 1850 <= birth.year <= 2100 else None


# ------------------------------------------------------------------ persons


def person_keys(
    *,
    id_number: Values | None,
    birth_date: NDArray[np.datetime64] | None,
    sex: Values | None,
    texts: Callable[[str], Values | None],
    salt: bytes,
    n: int,
) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """Return a keyed hash of the person of every row, and which key it is; None where unknown.

    ``id_number`` counts first. Without it: name and sex with the birth date, or with the phone
    number, or with the address. A person whose name, sex and birth date go with one identity number
    elsewhere is that number's. ``texts`` returns names, phone numbers and addresses.
    """
    empty = np.full(n, None, dtype=object)
    by_number = empty if id_number is None else id_number.astype(object)
    has_number = pd.notna(by_number)
    key = choose(has_number, by_number, None)
    kind = choose(has_number, "id_number", None)
    prefix = choose(has_number, "n|", None)
    name = texts("name") if pd.isna(key).any() else None
    if name is not None:
        base = _mapped(name, plain_name) + "|" + _mapped(sex, str, n).fillna("")
        parts = {
            "name_birth_date": _dates(birth_date, n),
            "name_phone": _mapped(texts("phone"), _plain_phone, n),
            "name_address": _mapped(texts("address"), plain_name, n),
        }
        for label, part in parts.items():
            weak = objects_of(base + f"|{label}|" + part)
            if id_number is not None:
                key, prefix, kind = _adopt_numbers(weak, by_number, key, prefix, kind)
            free = pd.isna(key) & pd.notna(weak)
            key = np.where(free, weak, key)
            prefix = np.where(free, "w|", prefix)
            kind = np.where(free, label, kind)
    known = pd.notna(key)
    person = np.full(n, None, dtype=object)
    for start in ("n|", "w|"):
        mine = prefix == start
        codes, distinct = pd.factorize(key[mine])
        person[mine] = hash_texts([f"{start}{text}" for text in distinct], salt)[codes]
    return person, choose(known, kind, None)


def _mapped(
    values: Values | None, function: Callable[[str], str | None], n: int = 0
) -> "pd.Series[Any]":
    """Return a function of texts, computed once for each distinct one."""
    if values is None:
        return pd.Series([None] * n, dtype="string")
    codes, distinct = pd.factorize(values)
    pool = np.array([*map(function, distinct.tolist()), None], dtype=object)
    return pd.Series(pool[codes], dtype="string")


def _plain_phone(text: str) -> str | None:
    return re.sub(r"\D", "", unicodedata.normalize("NFKC", text))[-11:] or None


def _dates(values: NDArray[np.datetime64] | None, n: int) -> "pd.Series[Any]":
    if values is None:
        return pd.Series([None] * n, dtype="string")
    codes, distinct = pd.factorize(values)
    pool = np.array([*np.datetime_as_string(distinct, unit="D"), None], dtype=object)
    return pd.Series(pool[codes], dtype="string")


def _adopt_numbers(
    weak: Values, by_number: Values, key: Values, prefix: Values, kind: Values
) -> tuple[Values, Values, Values]:
    """Give rows without an identity number the one that their other key goes with, if it is one."""
    has_both = pd.notna(weak) & pd.notna(by_number)
    if not has_both.any():
        return key, prefix, kind
    pairs = pd.DataFrame({"weak": weak[has_both], "number": by_number[has_both]}).drop_duplicates()
    once = pairs.drop_duplicates("weak", keep=False).set_index("weak")["number"]
    free = pd.isna(key) & pd.notna(weak)
    found = np.full(len(key), None, dtype=object)
    found[free] = objects_of(pd.Series(weak[free]).map(once))
    adopted = pd.notna(found)
    return (
        np.where(adopted, found, key),
        np.where(adopted, "n|", prefix),
        np.where(adopted, "id_number", kind),
    )


# ------------------------------------------------------------------ hiding

_ID_LIKE = re.compile(r"(?<![0-9])(?:[0-9]{17}[0-9Xx]|[0-9]{15})(?![0-9])")
_PHONE_LIKE = re.compile(
    r"(?<![0-9])(?:(?:\+?86[- ]?)?1[3-9][0-9][- ]?[0-9]{4}[- ]?[0-9]{4}"
    r"|0[0-9]{2,3}-[0-9]{7,8})(?![0-9])"
)
_MAIL_LIKE = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+")
HIDDEN = "***"  # stands for what is hidden in a text
# Characters that values of dates, numbers and codes are made of; all others may be part of a name.
_SHOWN = set(
    "0123456789.,:;/\\-+~%()[]<>=?!*° '\"，。：；、（）℃℉#_"
    "年月日时分秒点半号上下午中晚早晨凌夜星期周岁个天次度人是否有无不详未知男女阴阳性"
    "一二三四五六七八九十零〇两至到约余多左右前后"
)
_FOREIGN = re.compile(r"[^\x00-\x7f]+")
_MONTH_WORDS = re.compile(r"[a-z]+", re.IGNORECASE)
_SHOWN_WORDS = frozenset(
    [
        *("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
        *("am", "pm", "t", "z", "e", "yes", "no", "y", "n", "m", "f", "true", "false", "nan"),
        *("null", "na", "unknown", "male", "female", "year", "years", "month", "months", "day"),
        *("days",),
    ]
)


def mask_numbers(text: str, *, is_number: bool = False) -> str:
    """Hide what looks like an identity number, a phone number or an address of electronic mail.

    ``is_number``: the text is a number of something else; then only identity numbers with the right
    check digit and a birth date are hidden.
    """
    if len(text) < 6 or (text.isascii() and "@" not in text and not any(map(str.isdigit, text))):
        return text
    usual = unicodedata.normalize("NFKC", text)
    hidden = usual
    for pattern in (_ID_LIKE, _PHONE_LIKE, _MAIL_LIKE):
        if is_number and pattern is _ID_LIKE:
            hidden = pattern.sub(
                lambda found: HIDDEN if is_valid_id_number(found[0].upper()) else found[0], hidden
            )
        else:
            hidden = pattern.sub(HIDDEN, hidden)
    return text if hidden == usual else hidden


# Areas, and behind them all that goes with the number of a house.
_HOUSE = re.compile(
    r"((?:[^\s/,;。0-9]*(?:[省市区县旗镇乡村]|街道|社区))?)"
    r"[^\s/,;。]*?[0-9]+\s*(?:号|弄|栋|幢|座|单元|室)[^\s/,;。]*"
)


def mask_house(text: str) -> str:
    """Hide what is narrower than an area: 大王庄街道*** of 大王庄街道八纬路12号."""
    usual = unicodedata.normalize("NFKC", text)
    hidden = _HOUSE.sub(rf"\1{HIDDEN}", usual)
    return text if hidden == usual else hidden


def mask(text: str, *, limit: int = 40) -> str:
    """Return a value of a date, number or code with everything hidden that could name somebody."""
    text = unicodedata.normalize("NFKC", text)[:limit]
    text = re.sub(r"[0-9](?:[- ]?[0-9]){8,}[Xx]?", HIDDEN, text)
    text = _MONTH_WORDS.sub(
        lambda word: word[0] if word[0].lower() in _SHOWN_WORDS else "*" * min(len(word[0]), 3),
        text,
    )
    return _FOREIGN.sub(
        lambda run: run[0] if _SHOWN.issuperset(run[0]) else "*" * len(run[0]), text
    )
