"""What is remembered of feeds that are talked about: addresses to look at, and those that a button offers.

Both are notes of people.db, so that they are kept or lost together with the message that they came with.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from bot.owner.feeds import feed_id
from bot.ports import People

ORDERS, OFFERS, SUGGESTED = "feed_orders", "feed_offers", "feeds_suggested"
MOST_ORDERS, MOST_OFFERS, MOST_SUGGESTED = 20, 50, 20


class Order(NamedTuple):
    """An address to look at, to *add* its feed or only to tell of it; asked again later, it has another *id*."""

    id: str
    url: str
    add: bool


def orders(people: People) -> Sequence[Order]:
    """Return what is to be looked at, oldest first."""
    return [Order(*each) for each in json.loads(people.note(ORDERS) or "[]")]


def order(people: People, url: str, now: datetime, *, add: bool) -> bool:
    """Note that *url* is to be looked at, once; return False if too much is noted already."""
    before = orders(people)
    if any((each.url, each.add) == (url, add) for each in before):
        return True
    if len(before) >= MOST_ORDERS:
        return False
    people.remember(ORDERS, json.dumps([*before, Order(f"{now.isoformat()} {feed_id(url)}", url, add)]))
    return True


def forget_order(people: People, done: Order) -> None:
    """Forget an order that is *done*."""
    left = [each for each in orders(people) if each != done]
    people.remember(ORDERS, json.dumps(left) if left else "")


def offers(people: People) -> dict[str, str]:
    """Return the addresses that buttons offer, by their names on the buttons."""
    return dict(json.loads(people.note(OFFERS) or "{}"))


def offer(people: People, url: str) -> str:
    """Remember an address that a button offers, and forget the oldest beyond 50; return its name on the button."""
    name = feed_id(url)
    kept = {**offers(people), name: url}
    people.remember(OFFERS, json.dumps(dict(list(kept.items())[-MOST_OFFERS:])))
    return name


def forget_offer(people: People, name: str) -> None:
    """Forget an address that was decided upon."""
    left = {each: url for each, url in offers(people).items() if each != name}
    people.remember(OFFERS, json.dumps(left) if left else "")


def count_suggestion(people: People, now: datetime) -> bool:
    """Count one more suggestion of today; return False if there were too many."""
    day, _, count = people.note(SUGGESTED).partition(" ")
    number = int(count) + 1 if day == f"{now:%Y-%m-%d}" else 1
    if number > MOST_SUGGESTED:
        return False
    people.remember(SUGGESTED, f"{now:%Y-%m-%d} {number}")
    return True
