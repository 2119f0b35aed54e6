"""What people read of the log: Swedish first, English beside it."""

from __future__ import annotations

from models.log_review import Matter
from rules.audit import Break, BreakCode

BREAKS: dict[BreakCode, tuple[str, str]] = {
    "missing": ("Post {seq} saknas: den har tagits bort.", "Entry {seq} is missing: it has been removed."),
    "out-of-order": ("Post {seq} står på fel plats.", "Entry {seq} is out of place."),
    "unlinked": (
        "Post {seq} hänger inte ihop med posten före: en av dem är bytt, eller tillagd i efterhand.",
        "Entry {seq} does not follow the one before it: one of them was exchanged, or put in afterwards.",
    ),
    "changed": ("Post {seq} har ändrats efter att den skrevs.", "Entry {seq} was changed after it was written."),
    "unreadable": ("Post {seq} går inte att läsa.", "Entry {seq} can't be read."),
    "misfiled": (
        "Post {seq} går att hitta under fel person, ärende eller tid: sökfälten har ändrats.",
        "Entry {seq} is found under the wrong account, case or time: what it is found by was changed.",
    ),
    "backwards": (
        "Post {seq} är äldre än posten före, utan att klockan har ställts tillbaka.",
        "Entry {seq} is older than the one before it, and the clock had not been set back.",
    ),
    "rewritten": (
        "Loggen har skrivits om: post {seq} är inte den som signerades i kontrollpunkten.",
        "The log has been rewritten: entry {seq} is not the one that the checkpoint signed.",
    ),
    "cut-off": (
        "Slutet är borttaget: en kontrollpunkt visar att det fanns poster från {seq} och framåt.",
        "The end has been cut off: a checkpoint shows that there were entries from {seq} on.",
    ),
    "checkpoints-missing": (
        "Filen med kontrollpunkter saknas. Utan den kan ingen se om hela loggen har skrivits om.",
        "The file of checkpoints is missing. Without it nobody can see whether the whole log was rewritten.",
    ),
    "checkpoint-missing": (
        "Post {seq} säger att en kontrollpunkt gjordes, men den finns inte i filen.",
        "Entry {seq} says that a checkpoint was made, but it is not in the file.",
    ),
    "checkpoint-unreadable": (
        "Rad {seq} i filen med kontrollpunkter går inte att läsa.",
        "Line {seq} of the file of checkpoints can't be read.",
    ),
    "checkpoint-of-another-chain": (
        "Rad {seq} i filen med kontrollpunkter hör till en annan logg.",
        "Line {seq} of the file of checkpoints belongs to another log.",
    ),
    "checkpoint-by-unknown-key": (
        "Kontrollpunkten på rad {seq} är signerad med en nyckel som organisationen inte har publicerat.",
        "The checkpoint on line {seq} is signed with a key that the organisation has not published.",
    ),
    "checkpoint-forged": (
        "Kontrollpunkten på rad {seq} har en signatur som inte stämmer: den är ändrad eller förfalskad.",
        "The checkpoint on line {seq} has a signature that does not fit: it was changed or forged.",
    ),
}
MATTERS: dict[Matter, tuple[str, str]] = {
    Matter.NOT_LIVE: ("ärendet var inte deskens då", "not the desk's case then"),
    Matter.NOT_NAMED: ("stod inte på ärendets lista", "not on the case's list"),
    Matter.MANY_ADDRESSES: ("många adresser", "many addresses"),
    Matter.OUTSIDE_HOURS: ("utanför schemat", "outside the roster"),
    Matter.NO_ROSTER: ("har inget schema", "has no roster"),
    Matter.REFUSED: ("nekades", "was refused"),
    Matter.BREAK_GLASS: ("bröt glaset", "broke the glass"),
    Matter.CLOCK_SET_BACK: ("klockan ställdes tillbaka", "the clock was set back"),
}
NOT_MAKING_CHECKPOINTS = (
    "Här finns ingen nyckel att signera kontrollpunkter med. Kör på den maskin där organisationens nycklar finns.",
    "There is no key here to sign checkpoints with. Run this on the machine that has the organisation's keys.",
)
PLACE_UNAVAILABLE = (
    "Platsen för kontrollpunkter går inte att skriva till. Ingen kontrollpunkt är gjord; loggen är orörd.",
    "The place for checkpoints can't be written to. No checkpoint was made; the log is as it was.",
)
SENTENCES: dict[str, tuple[str, str]] = {}
"""Refusals of its own: none. Those of access are `rules.access`'s."""


def break_sentence(found: Break) -> tuple[str, str]:
    sv, en = BREAKS[found.code]
    return sv.format(seq=found.seq), en.format(seq=found.seq)
