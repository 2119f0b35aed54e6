"""What is said about how long files are kept, and about disposing of them: Swedish first."""

from __future__ import annotations

from models.retention import Because, FileKind, FileStatus, RetentionRules, Verdict

STATUS: dict[FileStatus, tuple[str, str]] = {
    FileStatus.OPEN: ("pågår", "open"),
    FileStatus.KEPT: ("bevaras", "kept"),
    FileStatus.HELD: ("hålls kvar", "held"),
    FileStatus.COMING: ("kommer", "coming"),
    FileStatus.DUE: ("ska gallras", "due"),
    FileStatus.OVERDUE: ("försenad", "overdue"),
}
KIND: dict[FileKind, tuple[str, str]] = {
    FileKind.ORDINARY: ("vanlig akt", "ordinary"),
    FileKind.CHILD_INVESTIGATION: ("barnutredning", "child investigation"),
    FileKind.CHILD_PLACEMENT: ("placering av barn", "child placement"),
    FileKind.JOINTLY_AVAILABLE: ("gemensamt tillgängliga uppgifter", "made jointly available"),
}
BECAUSE: dict[str, tuple[str, str]] = {
    "case-open": ("Ärendet pågår.", "The case is open."),
    "case-unknown": (
        "Planet säger inte om ärendet är avslutat, så akten bevaras.",
        "The plane does not say that the case is over, so the file is kept.",
    ),
    "no-rule": (
        "Ingen känd gallringsregel gäller akten, så den bevaras.",
        "No rule that is known says when this file may go, so it is kept.",
    ),
    "kind-unknown": (
        "Ingen har antecknat vad för slags akt det är, så den bevaras: retention note.",
        "Nobody has noted what kind of file this is, so it is kept: retention note.",
    ),
    "start-unknown": (
        "Dagen som tiden räknas från är inte känd ({basis}), så akten bevaras.",
        "The day that the time counts from is not known ({basis}), so the file is kept.",
    ),
    "birth-unknown": (
        "Barnets ålder är inte känd ({basis}), så akten bevaras.",
        "The child's age is not known ({basis}), so the file is kept.",
    ),
    "kept": ("Bevaras: {basis}.", "Kept: {basis}."),
    "keys-destroyed": (
        "Redan gallrad; resterna kom tillbaka med en äldre kopia och kan inte läsas.",
        "Disposed of already; what is left came back with an older copy and can't be read.",
    ),
    "from-last-entry": ("Räknas från sista anteckningen {day}.", "Counts from the last entry, {day}."),
    "from-closure": ("Räknas från avslutet {day}.", "Counts from the closure, {day}."),
    "duty-arises": ("{number} år gick till och med {day} ({basis}).", "{number} years ran to {day} ({basis})."),
    "at-latest": (
        "Senast {number} år efter, {day} ({basis}).",
        "{number} year(s) after at the latest, {day} ({basis}).",
    ),
    "listed-before": ("Listas {number} dagar innan, {day}.", "Listed {number} days before, {day}."),
    "not-before": (
        "Inte före {day}, nyår efter {number} år ({basis}).",
        "Not before {day}, the new year after turning {number} ({basis}).",
    ),
    "last-day": ("Ska vara klart {day}.", "To be finished by {day}."),
    "hold": ("Hålls kvar till {day}: {reason}.", "Held until {day}: {reason}."),
    "hold-without-end": ("Hålls kvar tills vidare: {reason}.", "Held until released: {reason}."),
}
SPARED: dict[str, tuple[str, str]] = {
    "held": ("hålls kvar", "held back"),
    "not-due": ("inte längre aktuell", "not due any more"),
    "case-open": ("ärendet pågår", "the case is open"),
}
LIST_STATE: dict[str, tuple[str, str]] = {
    "waiting": ("väntar på arkivarien", "waits for the archivist"),
    "approved": ("godkänd, gallras", "approved, being carried out"),
}
SENTENCES: dict[str, tuple[str, str]] = {
    "not-the-archive-role": (
        "Det gör arkivarien (för att hålla kvar en akt: även den som arbetar med den).",
        "That is the archivist's to do (to hold a file back: also of whoever works with it).",
    ),
    "not-your-desk": ("Akten finns vid en annan desk.", "The file is at another desk."),
    "no-such-list": ("Det finns ingen sådan gallringslista.", "There is no such disposal list."),
    "list-has-changed": (
        "Listan är inte den ni läste. Läs den igen (retention list) och godkänn den som står där. Inget har gallrats.",
        "The list is not the one that you read. Read it again (retention list). Nothing has been destroyed.",
    ),
    "list-is-approved": ("Listan är redan godkänd.", "The list has been approved already."),
    "list-is-over": ("Listan gäller inte längre.", "The list is over."),
    "no-such-file": ("Er desk har ingen sådan akt.", "Your desk has no such file."),
    "no-such-hold": ("Akten hålls inte kvar av det skälet.", "The file is not held back for that."),
    "unknown-hold-reason": ("Det skälet finns inte.", "There is no such reason."),
    "hold-ends-in-the-past": ("Dagen har redan varit.", "That day has passed."),
    "file-is-being-destroyed": (
        "Akten gallras redan och kan inte hållas kvar. Dess nycklar är förstörda eller förstörs nu.",
        "The file is being destroyed and can't be held back. Its keys are gone, or are going now.",
    ),
}


def why(one: Because, rules: RetentionRules) -> tuple[str, str]:
    """One step of an explanation, as a sentence."""
    code = "hold-without-end" if one.code == "hold" and one.day is None else one.code
    sv, en = BECAUSE.get(code, (code, code))
    reason = next(((each.sv, each.en) for each in rules.reasons if each.code == one.reason), (one.reason or "",) * 2)
    told = {"day": one.day, "number": one.number, "basis": one.basis}
    return sv.format(**told, reason=reason[0]), en.format(**told, reason=reason[1])


def whole(said: Verdict, rules: RetentionRules) -> tuple[str, str]:
    """Every step of why, in order."""
    told = [why(one, rules) for one in said.because]
    return " ".join(sv for sv, _ in told), " ".join(en for _, en in told)
