"""Print a page that shows one alert of the recorded week as Telegram would; see scripts/picture."""

import sys
from datetime import UTC, datetime

from bot.alert.phrases import Reader
from bot.alert.render import alert
from bot.catalog import load_catalog
from bot.detect.detector import Detector
from bot.detect.rules import load_rules
from bot.model import Report, Story
from bot.poll.parse import parse
from bot.poll.replay import PUBLISHERS, RecordedWeek
from bot.story.group import StoryIndex
from bot.story.story import joined, new_story

NOON = datetime(2025, 5, 10, 12, 0, tzinfo=UTC)
HEADLINE = "Leaders in Kyiv demand 30-day unconditional ceasefire"
STYLE = """
body { margin: 0; padding: 18px; background: #d5e3cf; font: 15px/1.38 "Noto Sans", sans-serif; width: 424px }
body { box-sizing: border-box }
.bubble { background: #fff; border-radius: 14px; padding: 10px 13px; white-space: pre-wrap }
.name { color: #3a8fc2; font-weight: 600 }
a { color: #2a7ab0; text-decoration: none }
.row { display: flex; gap: 5px; margin-top: 5px }
.row span { flex: 1; text-align: center; background: #5f8a57cc; color: #fff; border-radius: 9px; padding: 7px 4px }
"""


def grouped() -> list[tuple[Story, list[Report]]]:
    """Return the stories of the week up to noon of 10 May, each with its reports."""
    catalog, detector, week, index = (
        load_catalog(extra_publishers=[PUBLISHERS]),
        Detector(load_rules()),
        RecordedWeek.load(),
        StoryIndex(),
    )
    stories: dict[str, tuple[Story, list[Report]]] = {}
    entries = [e for feed in week.feeds("http://localhost") for e in parse(week.render(feed, NOON), feed, NOON)]
    for entry in sorted(entries, key=lambda e: (e.published or NOON, e.key)):
        event = detector.judge(entry).event
        if event is None:
            continue
        report = Report(entry=entry, event=event)
        place = index.place(report)
        story, reports = stories.get(place.story_id or "", (None, []))
        story = joined(story, report, NOON, catalog) if story else new_story(report, NOON, catalog)
        index.add(report, story.id)
        stories[story.id] = (story, [*reports, report])
    return list(stories.values())


def main() -> None:
    story, reports = next(
        (story, told) for story, told in grouped() if any(each.entry.title.startswith(HEADLINE) for each in told)
    )
    catalog = load_catalog(extra_publishers=[PUBLISHERS])
    reader = Reader(language="en", time_zone="Europe/Kyiv", catalog=catalog, now=NOON)
    message = alert(story, reports, reader)
    rows = "".join(f"<div class=row>{''.join(f'<span>{b.label}</span>' for b in row)}</div>" for row in message.buttons)
    sys.stdout.write(
        f"<meta charset=utf-8><style>{STYLE}</style>"
        f"<div class=bubble><div class=name>Parley</div>{message.html}</div>{rows}"
    )


if __name__ == "__main__":
    main()
