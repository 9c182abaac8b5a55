"""Amounts, currencies and quantities as sources write them. Source: docs/connect.md, 2.5 and 2.6."""

import re
from decimal import Decimal
from typing import Any, Final

from stream.connect.reading import number

NUMERAL: Final = re.compile(r"[0-9]{1,15}(\.[0-9]{1,20})?", re.ASCII)
"""The form of an amount. `1.234,56` and `1,234` are ambiguous, and not accepted."""

LARGEST: Final = 10**9
MOST: Final = 10_000
"""The largest quantity of a line. More is a test or an attack."""

ISO_4217: Final = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN
BZD CAD CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP
GEL GHS GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW
KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD
NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE
SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES
VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG"""
CODES: Final = frozenset(ISO_4217.split())
"""Currency codes, including those that ended recently."""

NONE: Final = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
THREE: Final = "BHD IQD JOD KWD LYD OMR TND"
DIGITS: Final = {
    **dict.fromkeys(NONE.split(), 0),
    **dict.fromkeys(THREE.split(), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}
"""Decimal digits of the currencies that do not have two."""

UNKNOWN: Final = 4
"""Decimal digits that are kept if no currency is given."""


def currency(value: Any) -> str | None:
    code = value.strip().upper() if isinstance(value, str) else ""
    return code if code in CODES else None


def digits(code: str | None) -> int:
    return DIGITS.get(code, 2) if code is not None else UNKNOWN


def money(value: Any, code: str | None = None) -> float | None:
    """The amount in units, rounded to the digits of its currency. None if it is no amount."""
    if isinstance(value, str | Decimal):
        written = str(value).strip().removeprefix("+")
        found = float(written) if NUMERAL.fullmatch(written) else None
    else:
        found = number(value)
    if found is None or not 0 <= found <= LARGEST:
        return None
    return round(found, digits(code)) + 0.0


def minor(amount: Any, fraction_digits: Any, code: str | None = None) -> float | None:
    """The amount of a number of cents and its digits: 1999 and 2 are 19.99."""
    units, places = number(amount), number(fraction_digits)
    if units is None or places is None or not 0 <= places <= 20:
        return None
    return money(units / 10 ** int(places), code)


def quantity(value: Any) -> int | float | None:
    """A quantity, which may be 0 or negative. None if it is missing or unreadable."""
    found = number(value)
    if found is None or abs(found) > LARGEST:
        return None
    rounded = round(found, 6)
    return int(rounded) if rounded.is_integer() else rounded


def is_line(pieces: int | float) -> bool:
    """Whether this quantity makes a line: it is above 0 and not absurd."""
    return 0 < pieces <= MOST
