"""The JSON Schema of rule files, for editors that check as you type. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from bot.detect.rules import EntityKind, Needs, Status, Where
from bot.detect.speaker import Told
from bot.model import EventType, Modality

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
TERMS: Schema = {"type": "array", "items": {"type": "string", "minLength": 1}}
ID: Schema = {"type": "string", "minLength": 1}
LANGUAGE = "^[a-z]{2,3}$"


def rule_schema() -> Schema:
    """Return the schema that every rule file keeps: what ships, a language, the operator's own."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Parley rules",
        **_object(
            {
                "schema": {"const": 1},
                "language": _named(_object({"name": TEXT, "partial": FLAG, "home": TEXT})),
                "concept": _named(_wordy({"label": TEXT, "but_not": TEXT})),
                "entity": _named(_wordy(_ENTITY)),
                "conflict": _named(_object(_CONFLICT)),
                "signal": _listed(_SIGNAL),
                "exclude": _listed(_EXCLUDE),
                "genre": _listed({"any": TERMS, "urls": TERMS}),
                "type": _listed(_TYPE, id_of=EventType),
                "modality": _listed(_MODALITY, id_of=Modality),
                "accept": _array(_object({"id": ID, "warning": TEXT, "of": TERMS, "reason": TEXT}, required="id")),
                "scoring": _object(_SCORING),
                "alert": _object(
                    {"base": _object({type_: {"enum": [1, 2, 3, 4]} for type_ in EventType}), "adjust": _ADJUSTMENTS}
                ),
            }
        ),
    }


def _object(properties: Mapping[str, Schema], *, required: str = "") -> Schema:
    needed = {"required": required.split()} if required else {}
    return {"type": "object", "properties": dict(properties), "additionalProperties": False, **needed}


def _named(table: Schema) -> Schema:
    """Return what `[section.name]` holds."""
    return {"type": "object", "additionalProperties": table}


def _wordy(properties: Mapping[str, Schema]) -> Schema:
    """Return a table that has words by language too."""
    table = _object({**properties, "enabled": FLAG, "remove": TERMS})
    return {**table, "patternProperties": {LANGUAGE: TERMS}}


def _array(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _listed(properties: Mapping[str, Schema], *, id_of: type[EventType] | type[Modality] | None = None) -> Schema:
    """Return what `[[section]]` holds; *id_of*: what its id must begin with."""
    begins = "|".join(member.value.replace(".", r"\.") for member in id_of or ())
    id_ = {"type": "string", "pattern": f"^({begins})(/.+)?$"} if id_of else ID
    common = {"id": id_, "enabled": FLAG, "examples": _array(_EXAMPLE), "counterexamples": _array(_EXAMPLE)}
    return _array(_object({**common, **properties}, required="id"))


def _one_of(members: Iterable[str]) -> Schema:
    return {"enum": [str(member) for member in members]}


_EXAMPLE: Schema = {
    "anyOf": [TEXT, _object(dict.fromkeys(("title", "summary", "link", "language"), TEXT), required="title")]
}
_WHERE = _one_of(Where)
_SIGNAL = {
    "where": _WHERE,
    "any": TERMS,
    "also_title": TERMS,
    "also_summary": TERMS,
    "unless": TERMS,
    "needs": _one_of(Needs),
    "weight": {"type": "number", "minimum": 0},
}
_EXCLUDE = {
    "any": TERMS,
    "by": _WHERE,
    "cancels": TERMS,
    "unless": TERMS,
    "unless_needs": _one_of(Needs),
    "unless_status": _array(_one_of(Status)),
    "only_status": _array(_one_of(Status)),
}
_TYPE = {"before": TEXT, "where": _WHERE, "any": TERMS, "unless": TERMS}
_MODALITY = {"before": TEXT, "types": TERMS, "any": TERMS, "unless": TERMS, "told": _array(_one_of(Told))}
_SCORING = {
    "relevant_at": {"type": "number", "minimum": 0},
    "near_at": {"type": "number", "minimum": 0},
    "title_characters": {"type": "integer", "minimum": 1},
    "summary_characters": {"type": "integer", "minimum": 1},
    "weak": TERMS,
}
_COUNT = {"type": "integer", "minimum": 1}
_ADJUSTMENTS = _array(
    _object(
        {
            "id": ID,
            "enabled": FLAG,
            **dict.fromkeys(("types", "modality", "standing", "speakers"), TERMS),
            "conflict_status": _array(_one_of(Status)),
            **dict.fromkeys(("sources", "within_minutes", "told_before", "told_today"), _COUNT),
            "new_terms": FLAG,
            "change": {"enum": [-3, -2, -1, 1, 2, 3]},
            "loudest": {"enum": [1, 2, 3, 4]},
            "why": TEXT,
        },
        required="id",
    )
)
_NAMES: Schema = {"type": "object", "patternProperties": {LANGUAGE: TEXT}, "additionalProperties": False}
_ENTITY = {
    "kind": _one_of(EntityKind),
    "conflicts": _array({"type": "string", "pattern": "^[^:]+:[A-Za-z]+$"}),
    "name": _NAMES,
    "role": TEXT,
    "status": TEXT,
}
_DAY: Schema = {"type": "string", "pattern": r"^(\d{4}-\d{2}-\d{2})?$"}
_CONFLICT = {
    "name": _NAMES,
    "flag": TEXT,
    "note": TEXT,
    "status": _one_of(Status),
    "active": _array({"type": "array", "items": _DAY, "minItems": 2, "maxItems": 2}),
    "parties": {"type": "object", "additionalProperties": TERMS},
    "mediators": TERMS,
    "guarantors": TERMS,
    "venues": TERMS,
    "enabled": FLAG,
}
