"""Commands that say what a chat wants to be told of. Each docstring is its /help text: a line, then how to say it."""

from dataclasses import replace

from bot.alert import phrases
from bot.alert.digest import with_digests
from bot.alert.phrases import Reader
from bot.chat import menus, understand
from bot.chat.describe import described, following, hours, kinds
from bot.chat.desk import Asked, Desk, stopped
from bot.chat.guards import followers_only, unknown_conflict
from bot.chat.setting import with_loudness
from bot.model import Button, Loudness, Message, Subscription

WELCOME = (
    "<b>I watch the news for ceasefires and peace talks</b>, and tell you what happened, who says so and how sure "
    "it is. An offer is never told as a ceasefire, and what one publisher says is marked unconfirmed."
)
WHAT_LOUDNESS_MEANS = (
    "<b>All news as it comes</b>: most of it without a sound.\n"
    "<b>Only what matters most</b>: a ceasefire agreed, in force or ended, an agreement reached.\n"
    "<b>No alerts, only the digest</b>: twice a day."
)


# ------------------------------------------------------------------------------------------ onboarding
def start(desk: Desk, asked: Asked) -> Message:
    """Begin: three taps and you are set.

    /start
    """
    return _first_step(desk, asked, 0)


def pick_page(desk: Desk, asked: Asked) -> Message:
    """Turn over the list of conflicts in the first step."""
    return _first_step(desk, asked, asked.number)


def _first_step(desk: Desk, asked: Asked, page: int) -> Message:
    known = desk.people.subscription(asked.chat)
    again = "\nWhat you tap takes the place of what you follow now." if known else ""
    return Message(
        html=f"{WELCOME}\n\n<b>1 of 3.</b> Which conflict? More can be added later with /follow.{again}",
        buttons=menus.conflicts(
            desk.by_activity(asked.now), known.conflicts if known else None, "pick", page, desk.reader(asked)
        ),
    )


def pick(desk: Desk, asked: Asked) -> Message:
    """Follow the tapped conflict and ask how loud."""
    conflict = asked.words.partition(":")[0]
    if conflict != menus.EVERYTHING and conflict not in desk.catalog.conflicts:
        return _first_step(desk, asked, 0)
    chosen = frozenset() if conflict == menus.EVERYTHING else frozenset({conflict})
    desk.save(asked, replace(desk.awake(asked), conflicts=chosen, types=frozenset()))
    return Message(
        html=f"{following(chosen, desk.reader(asked))}\n\n<b>2 of 3.</b> How loud may I be?\n{WHAT_LOUDNESS_MEANS}",
        buttons=menus.loudness("loud"),
    )


def pick_loudness(desk: Desk, asked: Asked) -> Message:
    """Set the loudness and ask for the time zone."""
    subscription = with_loudness(desk, asked)
    times = hours(subscription)
    return Message(
        html=f"{menus.LOUDNESS[subscription.loudness]}.\n\n<b>3 of 3.</b> Where are you? Times will be shown in that "
        f"time zone, and a digest comes at {times} there. Any other: /settings and its name.",
        buttons=(
            *menus.zones("zone", subscription.time_zone),
            (Button("Done: no digest" if subscription.loudness is not Loudness.DIGEST else "Done", "zone:"),),
        ),
    )


def pick_zone(desk: Desk, asked: Asked) -> Message:
    """Set the time zone, or end without a digest, and say what is set."""
    subscription = desk.subscription(asked)
    zone = understand.find_zone(asked.words)
    if zone:
        subscription = with_digests(replace(subscription, time_zone=zone), asked.now)
    elif subscription.loudness is not Loudness.DIGEST:
        subscription = with_digests(subscription, asked.now, on=False)
    desk.save(asked, subscription)
    return Message(
        html=f"<b>You are set.</b>\n{described(subscription, Reader.of(subscription, desk.catalog, asked.now))}\n\n"
        "Change it any time: /follow, /settings, /mute. All I understand: /help",
        buttons=((Button("Last reported", "run:now"), Button("How well I hear", "run:status")),),
    )


# ------------------------------------------------------------------------------------------ what
def follow(desk: Desk, asked: Asked) -> Message:
    """Choose what you are told of.

    /follow shows the list · /follow sudan · /follow prisoners · /follow everything
    """
    if not asked.words:
        return _what_you_follow(desk, asked, 0)
    subscription, reader = desk.awake(asked), desk.reader(asked)
    if asked.words.casefold() in understand.MEANS_EVERYTHING:
        return _followed(desk, asked, replace(subscription, conflicts=frozenset(), types=frozenset()))
    types = understand.find_types(asked.words)
    if types:
        return _followed(desk, asked, replace(subscription, types=subscription.types | types))
    found = understand.find_conflicts(asked.words, desk.catalog)
    if not found:
        return replace(
            unknown_conflict(desk, asked, asked.words),
            buttons=menus.conflicts(desk.by_activity(asked.now), subscription.conflicts, "follow", 0, reader),
        )
    if len(found) > 1:
        return Message(
            html=f"“{phrases.short(asked.words, 60)}” may mean several. Tap those to follow:",
            buttons=menus.conflicts(found, subscription.conflicts, "follow", 0, reader),
        )
    return _followed(desk, asked, replace(subscription, conflicts=subscription.conflicts | {found[0]}))


def _followed(desk: Desk, asked: Asked, subscription: Subscription) -> Message:
    before = desk.people.subscription(asked.chat)
    note = (
        "\nUntil now you were told more; /follow everything brings that back."
        if _narrower(before, subscription)
        else ""
    )
    desk.save(asked, subscription)
    return Message(html=described(subscription, Reader.of(subscription, desk.catalog, asked.now)) + note)


def _narrower(before: Subscription | None, after: Subscription) -> bool:
    """Return whether *after* hears less than *before*, where an empty set meant everything."""
    if before is None or stopped(before):
        return False
    return (not before.conflicts and bool(after.conflicts)) or (not before.types and bool(after.types))


@followers_only
def unfollow(desk: Desk, asked: Asked) -> Message:
    """Stop being told of something.

    /unfollow shows the list · /unfollow sudan · /unfollow prisoners · /unfollow everything
    """
    subscription = desk.subscription(asked)
    if not asked.words:
        return _what_you_follow(desk, asked, 0)
    if asked.words.casefold() in understand.MEANS_EVERYTHING:
        return stop(desk, asked)
    types = understand.find_types(asked.words) & subscription.types
    if types:
        left = subscription.types - types
        return _followed(desk, asked, replace(subscription, types=left)) if left else _last_kind(desk, asked)
    gone = frozenset(understand.find_conflicts(asked.words, desk.catalog)) & subscription.conflicts
    if not gone:
        followed = described(subscription, desk.reader(asked))
        return Message(html=f"You do not follow “{phrases.short(asked.words, 60)}” by itself.\n{followed}")
    if gone == subscription.conflicts:
        return _last_one(desk, asked, subscription)
    return _followed(desk, asked, replace(subscription, conflicts=subscription.conflicts - gone))


def _last_one(desk: Desk, asked: Asked, subscription: Subscription) -> Message:
    """Return what to do when nothing would be left, for an empty list means everything."""
    return Message(
        html=f"{following(subscription.conflicts, desk.reader(asked))} That is the last thing you follow. Without it:",
        buttons=(
            (Button("Tell me nothing more", "stop:"),),
            (Button("Tell me of everything", f"follow:{menus.EVERYTHING}:0"),),
        ),
    )


def _last_kind(desk: Desk, asked: Asked) -> Message:
    """Return what to do when no kind of news would be left."""
    subscription = desk.subscription(asked)
    which = "Every kind of news on what I follow" if subscription.conflicts else "Tell me of everything"
    return Message(
        html=f"{kinds(subscription.types, desk.reader(asked))}. No other kind is left. Without it:",
        buttons=((Button("Tell me nothing more", "stop:"),), (Button(which, "kinds:"),)),
    )


@followers_only
def every_kind(desk: Desk, asked: Asked) -> Message:
    """Tell every kind of news on what is followed."""
    return _followed(desk, asked, replace(desk.awake(asked), types=frozenset()))


def stop(desk: Desk, asked: Asked) -> Message:
    """Send no alert and no digest until something is followed again."""
    quiet = replace(with_digests(desk.subscription(asked), asked.now, on=False), loudness=Loudness.DIGEST)
    desk.save(asked, quiet)
    return Message(html="I will tell you nothing more unless you ask. /follow begins again.")


def follow_page(desk: Desk, asked: Asked) -> Message:
    """Turn over the list of what may be followed."""
    return _what_you_follow(desk, asked, asked.number)


def follow_pressed(desk: Desk, asked: Asked) -> Message:
    """Follow the pressed conflict, or no longer follow it."""
    conflict, _, page = asked.words.partition(":")
    subscription = desk.awake(asked)
    if conflict == menus.EVERYTHING:
        chosen: frozenset[str] = frozenset()
        subscription = replace(subscription, types=frozenset())
    elif conflict in desk.catalog.conflicts:
        chosen = subscription.conflicts ^ {conflict}
        if not chosen:
            return _last_one(desk, asked, subscription)
    else:
        return _what_you_follow(desk, asked, 0)
    desk.save(asked, replace(subscription, conflicts=chosen))
    return _what_you_follow(desk, asked, asked.about(page).number)


def _what_you_follow(desk: Desk, asked: Asked, page: int) -> Message:
    subscription, reader = desk.subscription(asked), desk.reader(asked)
    known = desk.people.subscription(asked.chat)
    chosen = subscription.conflicts if known and not stopped(known) else None
    followed = sorted(chosen or (), key=lambda each: phrases.conflict(each, reader))
    order = (*followed, *(each for each in desk.by_activity(asked.now) if each not in followed))
    return Message(
        html=f"{described(known, reader)}\n\nTap to follow or to stop:",
        buttons=menus.conflicts(order, chosen, "follow", page, reader),
    )


@followers_only
def listed(desk: Desk, asked: Asked) -> Message:
    """Show what you follow and how loud.

    /list
    """
    return Message(html=described(desk.subscription(asked), desk.reader(asked)))
