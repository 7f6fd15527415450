"""Who fights, who mediates, who vouches and who only appeals."""

from functools import cache

import pytest

from bot.detect.detector import Detector
from bot.detect.rules import load_rules
from bot.model import Event, Role
from tests import make


@cache
def detector() -> Detector:
    return Detector(load_rules())


def event(title: str, summary: str = "") -> Event:
    found = detector().judge(make.entry(title, summary=summary, published=None)).event
    assert found
    return found


PARTY, MEDIATOR, GUARANTOR, APPEALER = Role.PARTY, Role.MEDIATOR, Role.GUARANTOR, Role.APPEALER


@pytest.mark.parametrize(
    ("title", "roles"),
    [
        ("Zelensky urges Putin to accept ceasefire", {"zelensky": PARTY, "putin": PARTY}),
        ("Erdogan offers to host Russia-Ukraine peace talks", {"erdogan": MEDIATOR, "russia": PARTY}),
        ("Brazil mediates Russia-Ukraine talks on ceasefire", {"brazil": MEDIATOR, "ukraine": PARTY}),
        ("Macron and Merz call for 30-day ceasefire in Ukraine", {"macron": APPEALER, "merz": APPEALER}),
        ("Russia calls on Azerbaijan and Armenia to observe ceasefire", {"russia": APPEALER, "armenia": PARTY}),
        ("Coalition of the willing agrees security guarantees for Ukraine", {"coalition-willing": GUARANTOR}),
        ("Папа Лев XIV закликав Росію та Україну до перемир'я", {"pope": APPEALER, "russia": PARTY}),
        ("Израиль и ХАМАС договорились о перемирии при посредничестве Катара", {"qatar": MEDIATOR, "hamas": PARTY}),
    ],
)
def test_an_actor_has_the_part_that_it_plays(title: str, roles: dict[str, Role]) -> None:
    found = dict(event(title).roles)

    assert {actor: found.get(actor) for actor in roles} == roles


def test_each_actor_has_one_part_at_most() -> None:
    found = event("Qatar hosts Israel and Hamas for truce talks", "Qatar urged Israel and Hamas to agree.")

    actors = [actor for actor, _ in found.roles]

    assert len(actors) == len(set(actors))
    assert set(actors) <= set(found.actors)


def test_the_words_that_name_an_actor_are_among_the_reasons() -> None:
    title = "Erdogan offers to host Russia-Ukraine peace talks"

    named = {each.text: each for each in event(title).mentions if each.role == "mediator"}

    assert named["Erdogan"].name == "erdogan"
    assert title[named["Erdogan"].start : named["Erdogan"].end] == "Erdogan"
