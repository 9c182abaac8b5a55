"""Bounds and allowed words of single values of an event. Source: docs/semantics.md, 2."""

from typing import Annotated, Final, Literal, get_args

from msgspec import Meta

BOUND: Final = 10**15
LONGEST_ID: Final = 128
YEAR_2000: Final = 946_684_800_000

Id = Annotated[str, Meta(min_length=1, max_length=LONGEST_ID)]
Hash = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{16,128}\\Z")]
Integer = Annotated[int, Meta(ge=-BOUND, le=BOUND)]
Time = Annotated[int, Meta(ge=YEAR_2000, le=BOUND)]
Number = Annotated[float, Meta(ge=-BOUND, le=BOUND)]
Contact = Literal["email", "sms", "push", "messenger"]
Channel = Literal["email", "sms", "push", "messenger", "onsite"]
Stage = Literal["contact", "shipping", "payment"]
KindOfPage = Literal[
    "home", "list", "product", "cart", "checkout", "payment", "confirmation", "other"
]
SignalSort = Literal[
    "pointer_top",
    "close_shortcut",
    "back",
    "tab_hidden",
    "scroll_up",
    "window_blur",
    "idle",
    "landing_return",
]
CONTACTS: Final[tuple[str, ...]] = get_args(Contact)
CHANNELS: Final[tuple[str, ...]] = get_args(Channel)
STAGES: Final[tuple[str, ...]] = get_args(Stage)
KINDS_OF_PAGE: Final[tuple[str, ...]] = get_args(KindOfPage)
SIGNALS: Final[tuple[str, ...]] = get_args(SignalSort)
