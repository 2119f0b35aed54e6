"""What is said of demands by authorities: who they are, how a demand stands, and why it can't be recorded or met."""

from __future__ import annotations

from models.demands import DemandState, WhyRefused

AUTHORITY: dict[str, tuple[str, str]] = {
    "prosecutor": ("Åklagare", "prosecutor"),
    "court": ("Domstol", "court"),
    "security-service": ("Säkerhetspolisen", "the Security Service"),
    "enforcement-authority": ("Kronofogden", "the Enforcement Authority"),
    "customs": ("Tullverket", "Customs"),
}
"""Authorities named by what they are: those that have no organisation here."""
STATE: dict[DemandState, tuple[str, str]] = {
    DemandState.OPEN: ("att besvara", "to be answered"),
    DemandState.ANSWERED: ("besvarad", "answered"),
    DemandState.REFUSED: ("avslagen", "refused"),
}
WHY: dict[WhyRefused, tuple[str, str]] = {
    WhyRefused.EXTRAORDINARY_REASONS: ("synnerliga skäl", "extraordinary reasons"),
    WhyRefused.NOT_THEIR_RIGHT: ("inte deras rätt", "not their right"),
    WhyRefused.NOT_HELD_HERE: ("finns inte här", "not held here"),
    WhyRefused.WITHDRAWN: ("återtagen", "withdrawn"),
    WhyRefused.ANSWERED_OTHERWISE: ("besvarad på annat sätt", "answered otherwise"),
}
SENTENCES: dict[str, tuple[str, str]] = {
    "unknown-law": (
        "Reglerna känner ingen begäran enligt den lagen. Inget är antecknat.",
        "The rules know no demand by that law. Nothing was recorded.",
    ),
    "law-binds-others": (
        "Den lagen binder inte er sorts organisation. Inget är antecknat.",
        "That law does not bind your kind of organisation. Nothing was recorded.",
    ),
    "may-not-demand-that": (
        "Enligt reglerna kan den myndigheten inte begära något av er med stöd av den lagen. Inget är antecknat.",
        "By the rules that authority can demand nothing of you by that law. Nothing was recorded.",
    ),
    "name-the-organisation": (
        "Ange vilken organisation: directory list visar vad de kallas här. Inget är antecknat.",
        "State which organisation: directory list shows what they are called here. Nothing was recorded.",
    ),
    "law-reaches-less": (
        "Den lagen når inte allt det som angavs. Anteckna det som den når.",
        "That law does not reach all that was stated. Record what it reaches.",
    ),
    "demanded-in-the-future": (
        "Begäran kan inte ha kommit in senare än nu.",
        "The demand can't have been received later than now.",
    ),
    "too-many-demands": (
        "Ärendet har redan {detail} obesvarade begäranden. Besvara eller avslå någon av dem först.",
        "The case has {detail} unanswered demands already. Answer or refuse one of them first.",
    ),
    "demand-is-settled": (
        "Den begäran är redan besvarad eller avslagen.",
        "That demand has been answered or refused already.",
    ),
    "demand-is-being-answered": (
        "Någon annan lämnar just nu ut det som begärdes. Vänta en stund och se disclosure demands.",
        "Somebody else is telling what was demanded just now. Wait a moment and see disclosure demands.",
    ),
    "demand-without-clock": (
        "Begärans förfrågan är inte öppen i ärendet än, eller är avslutad. Vänta en stund; är den avslutad: "
        "handoff act ... reopen.",
        "The demand's handoff is not open in the case yet, or has ended. Wait a moment; if it has ended: "
        "handoff act ... reopen.",
    ),
    "no-handoff-with-them": (
        "Ni har ingen öppen förfrågan med den myndigheten att försegla något i: svara med brev eller muntligt.",
        "You have no open handoff with that authority to seal anything in: answer by letter or by word of mouth.",
    ),
    "no-such-exception": (
        "Den lagen gör inget undantag för synnerliga skäl.",
        "That law makes no exception for extraordinary reasons.",
    ),
    "refusal-is-reasoned": (
        "Skriv skälen i en fil: --note-file. Myndigheten kan begära att få dem.",
        "Write the reasons in a file: --note-file. The authority can ask for them.",
    ),
}
