"""feedparser does less in our processes, and nobody can tell from what it reads."""

import io
from collections.abc import Sequence

import pytest

from bot.poll.lean import feedparser
from tests.malformed import captured_feeds, damaged, own_feeds
from tests.shared import needs

OURS = feedparser.api.StrictFeedParser
SHIPPED = OURS.__bases__[0]

ATOM = "http://www.w3.org/2005/Atom"
CONTROLS = [
    "<rss version='2.0'><channel><title>\x84Зупинити вогонь\x94</title></channel></rss>",
    "<rss version='2.0'><channel><item><title>Day&#133; &amp;#147;2&amp;#148;</title></item></channel></rss>",
    "<rss version='2.0'><channel><item><category>\x96Київ</category></item></channel></rss>",
    "<rss version='2.0'><channel><item><description>\x80 5 млрд</description></item></channel></rss>",
    f"<feed xmlns='{ATOM}'><entry><content type='xhtml'><div>Ð\x9aÐ¸Ñ\x97Ð²</div></content></entry></feed>",
    f"<feed xmlns='{ATOM}'><entry><content type='x/y'>0JrQuNGX0LIgwoA=</content></entry></feed>",
]


def read(body: bytes, parser: type, monkeypatch: pytest.MonkeyPatch) -> object:
    """Return what feedparser makes of *body* with that strict *parser*, errors aside, which are never equal."""
    monkeypatch.setattr(feedparser.api, "StrictFeedParser", parser)
    try:
        parsed = feedparser.parse(
            io.BytesIO(body),
            sanitize_html=False,
            resolve_relative_uris=False,
            response_headers={"content-type": "x/xml"},
        )
    except (ValueError, LookupError, AttributeError, TypeError, RecursionError) as error:
        return type(error)
    return {key: value for key, value in parsed.items() if key != "bozo_exception"}


def assert_same(bodies: Sequence[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    assert OURS is not SHIPPED
    for body in bodies:
        assert read(body, OURS, monkeypatch) == read(body, SHIPPED, monkeypatch)


@pytest.mark.parametrize("text", CONTROLS, ids=range(len(CONTROLS)))
def test_characters_in_the_place_of_controls_are_read_as_feedparser_does(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_same([text.encode()], monkeypatch)


def test_controls_become_what_windows_has_there(monkeypatch: pytest.MonkeyPatch) -> None:
    found = read(CONTROLS[0].encode(), OURS, monkeypatch)

    assert isinstance(found, dict)
    assert found["feed"]["title"] == "„Зупинити вогонь”"
    assert type(found["feed"]["title"]) is str


def test_damaged_feeds_are_read_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    assert_same(list(damaged(own_feeds(), 200, seed=11)), monkeypatch)


@needs("feeds")
def test_captured_feeds_are_read_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    assert_same([body for body in captured_feeds() if len(body) < 100_000], monkeypatch)
