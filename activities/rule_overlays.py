"""An organisation's own layer of a rule pack: its policy deadlines, its office and its closed days."""

from __future__ import annotations

from collections.abc import Mapping

from activities.rule_sources import OverlaySource, OwnDeadlineSource
from activities.rule_terms import extendable, office_hours, span, term, with_closures
from models.calendars import Calendar
from models.handoffs import DeadlineName
from models.packs import DeadlineRule, Kind, Mode, Overlay
from models.words import Code, Function, OrgId, Urgency
from rules.checks import Fault, Place

Own = dict[Code, dict[Urgency, dict[DeadlineName, DeadlineRule]]]


def overlays(
    sources: Mapping[str, OverlaySource], calendar: Calendar, kinds: Mapping[Code, Kind], found: list[Fault]
) -> dict[OrgId, Overlay]:
    """Each organisation's own layer on the national calendar and kinds; what is wrong with them is added to `found`."""
    layers: dict[OrgId, Overlay] = {}
    for stem, body in sources.items():
        at = ("overlays", stem)
        if body.organisation in layers:
            found.append(
                Fault(
                    (*at, "organisation"),
                    f"{body.organisation} har redan ett eget skikt i en annan fil",
                    f"{body.organisation} has a layer of its own already, in another file",
                )
            )
            continue
        layers[body.organisation] = Overlay(
            organisation=body.organisation,
            calendar=own_calendar(at, calendar, body, found),
            deadlines=own_deadlines(at, body, kinds, found),
        )
    return layers


def strangers(sources: Mapping[str, OverlaySource], known: Mapping[OrgId, Function]) -> list[Fault]:
    """Layers of organisations that the directory does not know, or knows as something else: nobody would use them."""
    found = []
    for stem, body in sources.items():
        org, at = body.organisation, ("overlays", stem)
        if org not in known:
            sv, en = f"{org} finns inte i katalogen", f"{org} is not in the directory"
            found.append(Fault((*at, "organisation"), sv, en, warning=True))
        elif known[org] is not body.function:
            sv, en = f"{org} är {known[org]} i katalogen", f"{org} is {known[org]} in the directory"
            found.append(Fault((*at, "function"), sv, en))
    return found


def own_calendar(at: Place, calendar: Calendar, body: OverlaySource, found: list[Fault]) -> Calendar:
    merged = with_closures(at, calendar, body.closures, body.half_days, found)
    return merged.model_copy(update={"office": office_hours(body.office)}) if body.office else merged


def own_deadlines(at: Place, body: OverlaySource, kinds: Mapping[Code, Kind], found: list[Fault]) -> Own:
    """Complete rules for the deadlines that differ from the national ones."""
    own: Own = {}
    for code, urgencies in body.kinds.items():
        for urgency, named in urgencies.items():
            for name, said in named.items():
                place = (*at, "kinds", code, str(urgency), str(name))
                known = national(place, kinds.get(code), body, found)
                if known is not None:
                    own.setdefault(code, {}).setdefault(urgency, {})[name] = own_deadline(
                        place, known, said, body, found
                    )
    return own


def national(at: Place, kind: Kind | None, body: OverlaySource, found: list[Fault]) -> DeadlineRule | None:
    """The national rule that an organisation has its own instead of, if there is one and it is theirs to meet."""
    code, urgency, name = str(at[-3]), Urgency(str(at[-2])), DeadlineName(str(at[-1]))
    if kind is None:
        found.append(Fault(at[:4], f"sorten {code} finns inte", f"the kind {code} is not there"))
        return None
    if name not in kind.deadlines.get(urgency, {}):
        found.append(
            Fault(
                at,
                f"{code} ({urgency}) har ingen frist som heter {name}",
                f"{code} ({urgency}) has no deadline called {name}",
            )
        )
        return None
    asks = kind.mode is Mode.ASSIGNMENT or name is DeadlineName.SUPPLEMENT
    owners = kind.sender if asks else kind.recipient
    if owners and body.function not in owners:
        found.append(
            Fault(
                at,
                f"{body.function} har aldrig den här fristen: den är en sak för {', '.join(owners)}",
                f"{body.function} never owes this: it is a matter for {', '.join(owners)}",
            )
        )
        return None
    return kind.deadlines[urgency][name]


def own_deadline(
    at: Place, known: DeadlineRule, said: OwnDeadlineSource, body: OverlaySource, found: list[Fault]
) -> DeadlineRule:
    """The national rule with what the organisation says of its own in place of it."""
    length, clock = term(said.within) if said.within else (known.term.span, known.term.clock)
    own_term = known.term.model_copy(
        update={
            "span": length,
            "clock": clock,
            "end": said.end or known.term.end,
            "if_late_at_birth": span(said.if_late) if said.if_late else known.term.if_late_at_birth,
        }
    )
    rule = known.model_copy(
        update={
            "term": own_term,
            "ladder": said.ladder or known.ladder,
            "extension": extendable(said.extension) or known.extension,
        }
    )
    if rule == known:
        found.append(Fault(at, "säger samma sak som nationellt", "says the same as nationally", warning=True))
    source = said.source or f"own rule of {body.organisation}"
    return rule.model_copy(update={"term": own_term.model_copy(update={"source": source})})
