"""Pseudonyms of addresses: a user whom a file knows by an e-mail or a telephone alone gets an id.

The same address has the same id in every file, whatever its capitals and spaces; the id does not
show it. Without a key anybody who guesses an address can work its id out: with one, only who has
the key.
"""

from __future__ import annotations

import hashlib
import hmac
import re

DIGITS = 32  # of the digest, in hexadecimal: 128 bits
_EMAIL = re.compile(r"[^\s@,;<>]+@[^\s@,;<>]+\.[^\s@,;<>]+$")
_PHONE = re.compile(r"(?:\+|00)?[\d\s()./-]{7,24}$")
_PHONE_DIGITS_LEAST = 7


def is_email(text: str) -> bool:
    """Whether a cell is an e-mail address."""
    return _EMAIL.match(text) is not None


def is_phone(text: str) -> bool:
    """Whether a cell may be a telephone number; so may a long customer number be."""
    return _PHONE.match(text) is not None and sum(map(str.isdecimal, text)) >= _PHONE_DIGITS_LEAST


def pseudonym(address: str, key: bytes = b"") -> str:
    """The id of who has this e-mail address or telephone number: `p-` and 32 hexadecimal digits.

    SHA-256 of the address, lower case, without spaces around it (of a number: its digits and a
    leading +); HMAC-SHA-256 where there is a key.
    """
    plain = address.strip().lower()
    if not is_email(plain):
        plain = ("+" if plain.startswith("+") else "") + "".join(filter(str.isdecimal, plain))
    value = plain.encode("utf-8", "surrogatepass")
    digest = hmac.new(key, value, "sha256") if key else hashlib.sha256(value)
    return f"p-{digest.hexdigest()[:DIGITS]}"
