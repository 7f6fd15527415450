"""Commands that say how a chat wants to be told. Each docstring is its /help text: a line, then how to say it."""

from dataclasses import replace
from datetime import timedelta
from math import ceil

from bot.alert import phrases
from bot.alert.digest import with_digests
from bot.chat import menus, understand
from bot.chat.asking import GONE
from bot.chat.describe import described
from bot.chat.desk import Asked, Desk
from bot.chat.guards import followers_only
from bot.model import Access, Button, Loudness, Message, Subscription
from bot.text import escape

MUTED = "Muted: I will tell you nothing more of this story. Other stories go on."


@followers_only
def settings(desk: Desk, asked: Asked) -> Message:
    """Set loudness, digest and time zone.

    /settings shows buttons · /settings Kyiv sets the time zone · /settings Asia/Tokyo
    """
    if not asked.words:
        return _settings(desk, asked)
    zone = understand.find_zone(asked.words)
    if zone:
        return set_zone(desk, asked)
    near = understand.nearest(asked.words.replace(" ", "_"), understand.zone_names())
    guess = f" Did you mean {escape(understand.find_zone(near))}?" if near else ""
    return Message(
        html=f"I know no time zone “{phrases.short(asked.words, 60)}”.{guess} A large city near you will do.",
        buttons=menus.zones("setzone", desk.subscription(asked).time_zone),
    )


def _settings(desk: Desk, asked: Asked) -> Message:
    subscription = desk.subscription(asked)
    return Message(html=described(subscription, desk.reader(asked)), buttons=menus.settings(subscription))


@followers_only
def set_loudness(desk: Desk, asked: Asked) -> Message:
    """Set how loud alerts may be."""
    with_loudness(desk, asked)
    return _settings(desk, asked)


@followers_only
def set_digest(desk: Desk, asked: Asked) -> Message:
    """Turn the digest on or off."""
    desk.save(asked, with_digests(desk.subscription(asked), asked.now, on=asked.words != "off"))
    return _settings(desk, asked)


@followers_only
def set_zones(desk: Desk, asked: Asked) -> Message:
    """Offer time zones."""
    return Message(
        html="Your time zone? Any other: /settings and the name of a city, such as /settings Tbilisi",
        buttons=menus.zones("setzone", desk.subscription(asked).time_zone),
    )


@followers_only
def set_zone(desk: Desk, asked: Asked) -> Message:
    """Set the time zone; the next digest moves with it."""
    subscription = desk.subscription(asked)
    moved = replace(subscription, time_zone=understand.find_zone(asked.words) or subscription.time_zone)
    desk.save(asked, with_digests(moved, asked.now, on=subscription.next_digest_at is not None))
    return _settings(desk, asked)


@followers_only
def mute(desk: Desk, asked: Asked) -> Message:
    """Mute all alerts for a while, or one story for good.

    /mute 8h · /mute 2 days · /mute story (the last one you were told)
    """
    if not asked.words:
        return Message(
            html="Mute all alerts for how long? The digest still comes. One story: the button under its alert.",
            buttons=menus.pauses(),
        )
    if asked.words.casefold() in ("story", "last", "історію", "историю"):
        return mute_story(desk, asked.about(""))
    stretch = understand.parse_stretch(asked.words)
    if stretch:
        return _pause(desk, asked, stretch)
    if desk.story(asked.words, asked):
        return mute_story(desk, asked)
    return Message(
        html=f"I cannot read “{phrases.short(asked.words, 60)}”. For example: /mute 8h", buttons=menus.pauses()
    )


@followers_only
def pause_pressed(desk: Desk, asked: Asked) -> Message:
    """Mute all alerts for the pressed number of hours."""
    hours = asked.number
    return _pause(desk, asked, timedelta(hours=hours)) if hours in menus.PAUSES else mute(desk, asked.about(""))


def _pause(desk: Desk, asked: Asked, stretch: timedelta) -> Message:
    until = asked.now + stretch
    desk.save(asked, replace(desk.subscription(asked), paused_until=until))
    return Message(
        html=f"No alerts until {phrases.moment(until, desk.reader(asked))}. /unmute ends it. I go on listening."
    )


def mute_story(desk: Desk, asked: Asked) -> Message:
    """Tell nothing more of the story."""
    story = desk.story(asked.words, asked)
    if story is None:
        return Message(html=GONE)
    desk.people.mute_story(asked.chat, story.id)
    return Message(html=f"{MUTED}\n“{phrases.short(story.headline, 160)}”")


@followers_only
def unmute(desk: Desk, asked: Asked) -> Message:
    """End the muting of alerts.

    /unmute
    """
    subscription = desk.subscription(asked)
    muted = subscription.paused_until is not None and subscription.paused_until > asked.now
    desk.save(asked, replace(subscription, paused_until=None))
    said = "Alerts come again." if muted else "Alerts were not muted."
    return Message(html=f"{said}\n{described(desk.subscription(asked), desk.reader(asked))}")


def forgetme(desk: Desk, asked: Asked) -> Message:
    """Delete everything I know of this chat.

    /forgetme asks once, then deletes.
    """
    return Message(
        html="Delete everything that I know of this chat: what you follow, your settings, muted stories and messages "
        "still to be sent? You will be told nothing more.",
        buttons=((Button("Yes, delete all", "forget:yes"), Button("No, keep it", "forget:no")),),
    )


def forget_pressed(desk: Desk, asked: Asked) -> Message:
    """Delete what is known of the chat once it has said yes."""
    if asked.words != "yes":
        return Message(html="Nothing was deleted.")
    desk.people.forget(asked.chat)
    stays = asked.access is Access.OWNER or desk.settings.access == "open"
    back = "/start begins anew." if stays else "To come back, ask whoever runs me to let you in again."
    days = phrases.plural(ceil(desk.settings.held_for / timedelta(days=1)), "day")
    held = f"Only my backups hold it for {days} more, and copies that whoever runs me made, until they delete them."
    return Message(html=f"Deleted. I know nothing more of this chat. {held} {back}")


def with_loudness(desk: Desk, asked: Asked) -> Subscription:
    """Save the loudness that was pressed; who wants no alerts gets the digest, or would hear nothing."""
    subscription = desk.subscription(asked)
    chosen = Loudness(asked.words) if asked.words in set(Loudness) else subscription.loudness
    on = chosen is Loudness.DIGEST or subscription.next_digest_at is not None
    return desk.save(asked, with_digests(replace(subscription, loudness=chosen), asked.now, on=on))
