"""Check digits of cards, identity numbers and bank accounts: whether a number can be one at all.

Digits are ASCII, without separators; a text of another shape is not valid, and nothing raises.
"""

from __future__ import annotations

import re
from datetime import date

_RESIDENT_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_RESIDENT_CHECKS = "10X98765432"
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
_RESIDENT = re.compile(r"[1-8][0-9]{16}[0-9X]")
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_TAIWAN = re.compile(r"[A-Z][1289][0-9]{8}")
_TAIWAN_LETTERS = "ABCDEFGHJKLMNPQRSTUVXYWZIO"  # A is 10, and so on
_HONG_KONG = re.compile(r"[A-Z]{1,2}[0-9]{6}[0-9A]")
_NETWORKS = re.compile(
    r"4[0-9]{15}|4[0-9]{18}|5[1-5][0-9]{14}|2(?:22[1-9]|2[3-9][0-9]|[3-6][0-9]{2}|7[01][0-9]|720)"
    r"[0-9]{12}|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|35(?:2[89]|[3-8][0-9])[0-9]{12}|"
    r"6(?:011|5[0-9]{2}|4[4-9][0-9])[0-9]{12}|62[0-9]{14,17}|81[0-9]{14}"
)


def luhn(digits: str) -> bool:
    """ISO/IEC 7812: the sum of the digits, every second one from the right doubled, ends in 0."""
    if not (digits.isascii() and digits.isdigit()):
        return False
    plain = sum(map(int, digits[::-2]))
    return (plain + sum(_DOUBLED[int(digit)] for digit in digits[-2::-2])) % 10 == 0


def payment_card(digits: str) -> bool:
    """A number that a card network issues: its first digits, its length and its check digit."""
    return _NETWORKS.fullmatch(digits) is not None and luhn(digits)


def resident_id(number: str) -> bool:
    """A Chinese resident identity number (GB 11643): region, a day of birth, check character."""
    if not _RESIDENT.fullmatch(number):
        return False
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    total = sum(w * int(d) for w, d in zip(_RESIDENT_WEIGHTS, number[:17], strict=True))
    return 1900 <= born.year <= 2099 and number[17] == _RESIDENT_CHECKS[total % 11]


def iban(account: str) -> bool:
    """ISO 13616: letters as two digits, the first four characters last, modulo 97 is 1."""
    if not _IBAN.fullmatch(account):
        return False
    turned = account[4:] + account[:4]
    return int("".join(str(int(character, 36)) for character in turned)) % 97 == 1


def taiwan_id(number: str) -> bool:
    """A letter for the place, a digit for the sex, eight digits of which the last one checks."""
    if not _TAIWAN.fullmatch(number):
        return False
    letter = _TAIWAN_LETTERS.index(number[0]) + 10
    total = letter // 10 + letter % 10 * 9
    weights = (*range(8, 0, -1), 1)
    total += sum(int(d) * w for d, w in zip(number[1:], weights, strict=True))
    return bool(total % 10 == 0)


def hong_kong_id(number: str) -> bool:
    """One or two letters, six digits, a check character; weights 9 to 1, modulo 11."""
    if not _HONG_KONG.fullmatch(number):
        return False
    values = [36, *(int(c, 36) for c in number)][-9:]
    return sum(v * w for v, w in zip(values, range(9, 0, -1), strict=True)) % 11 == 0
