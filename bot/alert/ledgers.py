"""What the ledgers look like in a chat. Pure.

A claim is told as a claim, what is unconfirmed as such, and no stage as reached: only what was reported last.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, timedelta

from bot.alert import phrases
from bot.alert.phrases import Reader
from bot.alert.stated import duration
from bot.ledger.ceasefire import Halt, Phase, Violations
from bot.ledger.exchange import Exchange, totals
from bot.ledger.ledger import Ledger
from bot.ledger.move import Move
from bot.ledger.talks import Meeting
from bot.model import Button, Document, EventType, Message, Modality, Report, Standing
from bot.story.consent import consenting

LAST_DAYS = timedelta(days=14)
"""What was due longer ago is no longer in the calendar."""
VIOLATION_DAYS = timedelta(days=7)
MOVES_A_PAGE = 8
LONGEST_CAPTION = 1000
"""Visible UTF-16 units under a file: Telegram takes 1,024, the mark of a possible repeat included."""
_CLOCK_FOOT = "\nBy confirmed reports alone, as far as days are stated; a day ends at midnight UTC. Claims are claims."
_NO_DAY = "No talks with a day, and no end of a ceasefire, were reported."
_FILE_FOOT = (
    "\nWhat is not confirmed is entered as tentative. Days only: no hour is known. "
    "Your calendar does not follow the news: ask again for changes."
)
_NO_CONFLICT_YET = "Nothing is in the ledger of {} yet: no step was reported in 60 days."


# ------------------------------------------------------------------------------------------ one conflict
def track(ledger: Ledger, reader: Reader) -> Sequence[Message]:
    """Return where a conflict's process stands, and its moves, the newest first; in as many messages as it takes.

    Under each are buttons that open the stories of its moves.
    """
    title = f"{_name(ledger.conflict, reader)} · what moved"
    first = "\n".join((title, *_standing(ledger, reader)))
    moves = ledger.moves[::-1]
    blocks = (f"{number}. {_move(move, reader)}" for number, move in enumerate(moves, 1))
    foot = "\n\nListed as reported; only what is confirmed, or what both sides say, changes where it stands."
    found = phrases.pages(first, title, blocks, most=MOVES_A_PAGE, foot=foot)
    return [Message(html=page.html, buttons=_openers(moves, page.blocks)) for page in found]


def _openers(moves: Sequence[Move], shown: range) -> tuple[tuple[Button, ...], ...]:
    """Return a button for the story of each of the moves *shown*, four in a row."""
    each = [Button(f"Open {index + 1}", f"tl:{moves[index].stories[0]}") for index in shown]
    return tuple(tuple(each[start : start + 4]) for start in range(0, len(each), 4))


def untracked(conflict_id: str, reader: Reader) -> Message:
    """Return that nothing moved in a conflict."""
    return Message(html=_NO_CONFLICT_YET.format(phrases.short(phrases.conflict(conflict_id, reader), 60)))


def overview(ledgers: Sequence[Ledger], reader: Reader) -> Message:
    """Return the last confirmed step of every conflict, in a line or two each."""
    blocks = [
        "\n".join((_name(ledger.conflict, reader), *_tracks(ledger, reader)))
        for ledger in ledgers
        if ledger.last_steps()
    ]
    if not blocks:
        return Message(html="<b>What moved</b>\nNo step of any process was confirmed in 60 days.")
    return Message(html=phrases.fit("<b>What moved last</b>", blocks, "\n/timeline ukraine shows all moves of one."))


def _name(conflict_id: str, reader: Reader) -> str:
    conflict = reader.catalog.conflicts.get(conflict_id)
    flag = f"{conflict.flag} " if conflict and conflict.flag else ""
    return f"{flag}<b>{phrases.short(phrases.conflict(conflict_id, reader), 60)}</b>"


def _standing(ledger: Ledger, reader: Reader) -> Iterator[str]:
    yield from _tracks(ledger, reader)
    if last := ledger.moved_last():
        yield f"Moved last: {_party(last, reader)}, {day(last.day, reader)}"
    if due := ledger.next_date(reader.now):
        yield f"Next: {day(due.on, reader)}, {phrases.short(due.what, 60)}"
    yield from (f"⏱ {clock(halt, reader)}" for halt in ledger.halts[-2:])
    yield from (f"⚠️ {violated(each, ledger.conflict, reader)}" for each in ledger.violations[-4:])


def _tracks(ledger: Ledger, reader: Reader) -> Iterator[str]:
    for move in ledger.last_steps().values():
        yield f"{phrases.icon(move.type, reader.catalog)} {_what(move, reader)}, {day(move.day, reader)}"


def _move(move: Move, reader: Reader) -> str:
    lead = _lead(move, reader)
    what = f"<s>{_what(move, reader)}</s>" if move.struck else _what(move, reader)
    sure = phrases.STANDING_WORDS[move.standing].lower()
    sources = phrases.plural(len(move.publishers), "source")
    because = f": {move.reason}" if move.standing is Standing.UNCONFIRMED and move.publishers[1:] else ""
    credit = phrases.credit(lead.entry, reader.catalog)
    said = f"{phrases.headline(lead.entry, 120)} — {credit}, {sure}, {sources}{because}"
    return f"{day(move.day, reader)} {phrases.icon(move.type, reader.catalog)} <b>{what}</b>\n{said}"


def brief(move: Move, reader: Reader) -> str:
    """Return a move in a few plain words, for a button. Not escaped."""
    who = f", {phrases.names([move.by], reader)}" if move.by else ""
    return f"{day(move.day, reader)}: {phrases.label(move.type, move.modality, reader)}{who}"


def _what(move: Move, reader: Reader) -> str:
    """Return what was done and by whom, as HTML; "agreed" is said only where both sides did."""
    lead = _lead(move, reader)
    if move.type is EventType.CEASEFIRE_AGREED and lead.event:
        label, by = phrases.told(lead.entry, lead.event, move.modality, reader), ""
    else:
        label, by = phrases.label(move.type, move.modality, reader), "by"
    who, says = _who(move, reader), "says" if move.modality is Modality.CLAIM else by
    return phrases.short(label, 90) + (f", {says} {who}" if who and says else "")


def _who(move: Move, reader: Reader) -> str:
    return phrases.short(phrases.names([move.by], reader), 40) if move.by else ""


def _party(move: Move, reader: Reader) -> str:
    """Return the party that moved, and in brackets who did so in its name."""
    conflict = reader.catalog.conflicts.get(move.conflict)
    parties = conflict.parties.get(move.side, ()) if conflict else ()
    who = _who(move, reader)
    return (
        f"{phrases.short(phrases.names(parties[:1], reader), 40)} ({who})" if parties and parties[0] != move.by else who
    )


def _lead(move: Move, reader: Reader) -> Report:
    """Return the report to quote: as sure as the move, exact on who agreed, in the reader's language, the first."""

    def rank(report: Report) -> tuple[bool, int, bool]:
        event = report.event
        sure = event is not None and event.modality is move.modality
        agreeing = len(consenting(event, report.entry.title, reader.catalog)) if event else 0
        return not sure, -agreeing, report.entry.language != reader.language

    return min(move.reports, key=rank)


# ------------------------------------------------------------------------------------------ the clock
def clock(halt: Halt, reader: Reader) -> str:
    """Return how far a halt has come, and when it is to end."""
    days = [f"from {day(halt.starts_on, reader)}"] if halt.starts_on else []
    days += [f"to {day(halt.ends_on, reader)} (last day)"] if halt.ends_on else []
    days += [f"reported in force {day(halt.in_force_on, reader)}"] if halt.in_force_on and not halt.starts_on else []
    days += [f"declared for {length}"] if (length := duration(halt.length)) and not halt.extensions else []
    days += [f"extended {day(halt.extensions[-1].day, reader)}"] if halt.extensions else []
    days += [f"reported ended {day(halt.ended.day, reader)}"] if halt.ended else []
    phase = halt.phase(reader.now)
    words = "expired, no confirmed report of an extension" if phase is Phase.EXPIRED else phase.value
    what = "One-sided ceasefire" if halt.one_sided else "Ceasefire"
    return f"{what} {words}" + (f": {', '.join(days)}" if days else ", no end stated")


def ceasefires(ledgers: Iterable[Ledger], reader: Reader) -> Message:
    """Return the halts that hold or ended of late, and the violations of the last days, by conflict."""
    since = reader.now.astimezone(UTC).date() - LAST_DAYS
    blocks = [
        "\n".join((f"\n{_name(ledger.conflict, reader)}", *halts, *_broken(ledger, reader)))
        for ledger in ledgers
        if (halts := [line for halt in ledger.halts if _is_of_late(halt, since) for line in _halt(halt, reader)])
    ]
    if not blocks:
        return Message(html="<b>Ceasefires</b>\nNone was confirmed in 60 days, or all are over.")
    return Message(html=phrases.fit("<b>Ceasefires</b>", blocks, _CLOCK_FOOT))


def _is_of_late(halt: Halt, since: date) -> bool:
    over = halt.ended.day if halt.ended else halt.ends_on
    return over is None or over >= since


def _halt(halt: Halt, reader: Reader) -> Iterator[str]:
    move = halt.ended or halt.moves[-1]
    yield f"⏱ {clock(halt, reader)}"
    lead = _lead(move, reader)
    sources = phrases.plural(len(move.publishers), "source")
    yield f"“{phrases.headline(lead.entry, 120)}” — {phrases.credit(lead.entry, reader.catalog)}, {sources}"


def _broken(ledger: Ledger, reader: Reader) -> Iterator[str]:
    last = reader.now.astimezone(UTC).date() - VIOLATION_DAYS
    yield from (f"⚠️ {violated(each, ledger.conflict, reader)}" for each in ledger.violations if each.day > last)


def expires(halt: Halt, reader: Reader) -> Message:
    """Return the reminder that a halt is about to end."""
    what = "ONE-SIDED CEASEFIRE" if halt.one_sided else "CEASEFIRE"
    head = f"⏱ <b>LAST DAY OF A {what}</b> · {_name(halt.conflict, reader)}"
    lead = _lead(halt.moves[-1], reader)
    told = f"As reported: {phrases.quote(lead.entry, reader)}"
    foot = "No confirmed report of an extension so far. The hour of its end is not known to me."
    return Message(html="\n".join((head, clock(halt, reader), told, foot)))


def violated(of: Violations, conflict_id: str, reader: Reader) -> str:
    """Return the violations of one day that are laid to one side."""
    conflict = reader.catalog.conflicts.get(conflict_id)
    parties = conflict.parties.get(of.side, ()) if conflict else ()
    whose = f", laid to {phrases.short(phrases.names(parties[:1], reader), 40)}" if parties else ""
    count = f"{of.count.words} violations" if of.count else "violations"
    return f"{day(of.day, reader)}: {count} {'claimed' if of.claimed else 'reported'}{whose}"


# ------------------------------------------------------------------------------------------ calendar, exchanges
def calendar(ledgers: Iterable[Ledger], reader: Reader, *, add: str = "") -> Message:
    """Return the talks and last days of ceasefires to come, and what was due of late.

    *add* is the action of the button that asks for them as a file.
    """
    found = _lines(_lately(ledgers, reader), reader)
    if not found:
        return Message(html=f"<b>Calendar</b>\n{_NO_DAY}")
    return Message(
        html=phrases.fit("<b>Calendar</b>", found), buttons=((Button("Add to my calendar", add),),) if add else ()
    )


def calendar_file(ledgers: Iterable[Ledger], reader: Reader) -> Message:
    """Return the same as a file that any calendar program reads; no file where nothing has a day."""
    from bot.ledger.ics import calendar as written  # noqa: PLC0415 - few ask for it, and it loads a library

    kept = _lately(ledgers, reader)
    found = _lines(kept, reader)
    if not found:
        return Message(html=_NO_DAY)
    conflicts = {ledger.conflict for ledger in kept if ledger.meetings or ledger.halts}
    name = "-".join(["parley", *(conflicts if len(conflicts) == 1 else ())])
    document = Document(f"{name}.ics", written(kept, reader.catalog, reader.now))
    html = phrases.fit("<b>For your calendar</b>: open the file.", found, _FILE_FOOT, most=LONGEST_CAPTION)
    return Message(html=html, document=document)


def _lately(ledgers: Iterable[Ledger], reader: Reader) -> Sequence[Ledger]:
    """Return of *ledgers* what is to come, and what was due of late."""
    since = reader.now.astimezone(UTC).date() - LAST_DAYS
    return [ledger.since(since) for ledger in ledgers]


def _lines(ledgers: Iterable[Ledger], reader: Reader) -> Sequence[str]:
    """Return what has a day, a line each, by day."""
    return [line for _, line in sorted(dated for ledger in ledgers for dated in _dated(ledger, reader))]


def _dated(ledger: Ledger, reader: Reader) -> Iterator[tuple[date, str]]:
    name = _name(ledger.conflict, reader)
    for meeting in ledger.meetings:
        yield meeting.on, f"{day(meeting.on, reader)} · {name}: {_meeting(meeting, reader)}"
    for halt in ledger.halts:
        if halt.ends_on and not halt.ended:
            yield halt.ends_on, f"{day(halt.ends_on, reader)} · {name}: last day of the ceasefire"


def _meeting(meeting: Meeting, reader: Reader) -> str:
    where = f" in {phrases.short(phrases.names(meeting.venues[:1], reader), 40)}" if meeting.venues else ""
    on = f" {day(meeting.outcome.day, reader)}" if meeting.outcome else ""
    return f"talks{where}: {meeting.told(reader.now)}{on}"


def exchanges(ledgers: Iterable[Ledger], reader: Reader) -> Message:
    """Return the exchanges and corridors, the newest first, and what those that took place come to."""
    blocks = [block for ledger in ledgers if ledger.exchanges for block in _exchanges(ledger, reader)]
    if not blocks:
        return Message(html="<b>Exchanges and corridors</b>\nNone was reported in 60 days.")
    foot = "\nCounted together: both directions, confirmed ones only; a range where sources differ."
    return Message(html=phrases.fit("<b>Exchanges and corridors</b>", blocks, foot))


def _exchanges(ledger: Ledger, reader: Reader) -> Iterator[str]:
    summed = ", ".join(f"{figure.words} {kind}" for kind, figure in totals(ledger.exchanges).items())
    yield f"\n{_name(ledger.conflict, reader)}" + (f": {summed} in all" if summed else "")
    yield from (_exchange(each, reader) for each in reversed(ledger.exchanges))


def _exchange(of: Exchange, reader: Reader) -> str:
    lead = _lead(of.move, reader)
    planned = of.move.modality is Modality.PLAN
    state = "took place" if of.done else "agreed or planned" if planned else "not confirmed"
    pairs = [f"{int(given):,} for {int(taken):,}" for given, _, taken in (pair.partition(":") for pair in of.pairs)]
    numbers = pairs or [f"{figure.words} {kind}" for kind, figure in of.figures.items()]
    differ = [
        "; ".join(f"{number:,}: {phrases.short(', '.join(who), 80)}" for number, who in figure.said)
        for figure in of.figures.values()
        if figure.low != figure.high
    ]
    told = "".join(f"\n  sources differ: {each}" for each in differ)
    label = phrases.short(phrases.label(of.move.type, Modality.FACT, reader), 60)
    return (
        f"{day(of.move.day, reader)} {label}: {', '.join(numbers) or 'no number told'}, {state}\n"
        f"  {phrases.headline(lead.entry, 100)} — {phrases.credit(lead.entry, reader.catalog)}{told}"
    )


def day(on: date, reader: Reader) -> str:
    """Return a day, with the year unless it is the reader's."""
    return f"{on.day} {on:%b}" + ("" if on.year == phrases.local(reader.now, reader).year else f" {on.year}")
