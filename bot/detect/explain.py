"""Says in plain lines why an entry was judged as it was. Pure."""

from bot.detect.rules import Rules
from bot.model import Entry, Mention, Verdict

_TITLE_WIDTH = 88


def explain(entry: Entry, verdict: Verdict, rules: Rules) -> str:
    """Return the verdict and its reasons, one a line: what spoke for it, what was cancelled, what was found."""
    needed = rules.scoring.relevant_at
    title = f"{entry.title[:_TITLE_WIDTH]:<{_TITLE_WIDTH}}"
    lines = [f"{title} {_headline(verdict, rules)} {verdict.score} (needs {needed})"]
    signs = {"signal": "+", "cancelled": "-", "genre": "-", "conflict": "=", "type": "=", "modality": "="}
    lines += [
        f"  {signs.get(mention.role, ' ')} {mention.role} {mention.name:<22} {_where(mention)}{_score(mention)}"
        for mention in verdict.mentions
    ]
    if event := verdict.event:
        lines.append(f"  = {event.type} / {event.modality}, conflict {', '.join(event.conflicts) or 'not known'}")
        lines.append(f"    actors {', '.join(event.actors) or '-'}; recipients {', '.join(event.recipients) or '-'}")
        lines.append(f"    places {', '.join(event.places) or '-'}; numbers {', '.join(sorted(event.numbers)) or '-'}")
        lines.append(f"    speaker {event.speaker or '-'}; rule {event.rule}")
    elif rules.scoring.near_at <= verdict.score < needed:
        lines.append(f"  a near miss: {round(needed - verdict.score, 2)} short")
    elif not verdict.mentions:
        lines.append("  nothing in it speaks of ceasefires or peace talks")
    return "\n".join(lines)


def _headline(verdict: Verdict, rules: Rules) -> str:
    if verdict.relevant:
        return "RELEVANT"
    if verdict.context:
        return "CONTEXT, NO NEWS"
    return "NEAR MISS" if verdict.score >= rules.scoring.near_at else "NOT RELEVANT"


def _where(mention: Mention) -> str:
    if not mention.text:
        return "(by the conflict's status)"
    return f'"{mention.text}"  {mention.field}[{mention.start}:{mention.end}]'


def _score(mention: Mention) -> str:
    return f"  {mention.score:g}" if mention.score else ""
