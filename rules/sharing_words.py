"""What the codes of disclosure and consent are called. No sentence says or hints what must not be told."""

from __future__ import annotations

from models.consent import WhyNoConsent, WhyNotAsk
from models.desk import ProtectionMark
from models.preview import Text, WhyWithheld
from models.sharing import Lack, Need, Reason

Both = tuple[str, str]

NEED: dict[Need, Both] = {
    Need.CONSENT: ("samtycke", "consent"),
    Need.UNDER_18: ("personen är under 18 år", "the person is under 18"),
    Need.UNDER_21: ("personen är under 21 år", "the person is under 21"),
    Need.RISK_OF_CRIME: (
        "särskilda omständigheter talar för risk att den unge begår brott (inte brott som redan begåtts)",
        "special circumstances point to a risk of crimes to come (not crimes already committed)",
    ),
    Need.PREVENTS_CRIME: ("bedömning att uppgiften kan förhindra brott", "a judgement that telling prevents crime"),
    Need.CARE_CONDITION: (
        "under 18 år, missbruk, psykiatrisk tvångsvård eller graviditet",
        "under 18, addiction, compulsory psychiatric care or pregnancy",
    ),
    Need.DEMAND: ("en begäran enligt den lagen från just den myndigheten", "a demand by that law from that authority"),
    Need.TRANSFER: ("mottagaren har antagit överflyttningen", "the recipient has accepted the transfer"),
    Need.COMPULSORY_PLACEMENT: ("placering hos mottagaren enligt LVU eller LVM", "an LVU or LVM place there"),
    Need.HOUSES_PERSON: ("mottagaren tar emot personen", "the recipient houses the person"),
    Need.CHILD_AT_RISK: ("ett barn kan fara illa", "a child may be at risk"),
    Need.LVM_NEED: ("misstänkt behov av vård enligt LVM", "a suspected need of care under LVM"),
    Need.RECIPIENT_RESPONSIBLE: ("mottagaren är ansvarig nämnd", "the recipient is the board responsible"),
    Need.HOLDER_PROFESSIONAL: ("verksamheten är yrkesmässig", "the organisation works professionally"),
    Need.NO_EXTRAORDINARY_REASONS: ("inga synnerliga skäl talar emot", "no extraordinary reasons against"),
    Need.TRACK_B_OPEN: ("ärendet är öppet hos polisen", "the case is open at the police"),
    Need.PARTY_TO_HANDOFF: ("mottagaren är part i förfrågan", "the recipient is a party to the handoff"),
    Need.VISIBLE: ("mottagaren får se förfrågan", "the recipient may see the handoff"),
    Need.CONFIDENTIALITY: (
        "mottagaren har tystnadsplikt (SoL 17:11) eller ett förbehåll är beslutat (OSL 10:14)",
        "the recipient is bound to silence (SoL 17:11) or a reservation is decided (OSL 10:14)",
    ),
    Need.NECESSITY_NOTE: ("anteckning om varför det är nödvändigt", "a note of why it is necessary"),
    Need.WEIGHING: ("en avvägning som talar för utlämnande", "a weighing that speaks for disclosing"),
    Need.HARM_TEST: ("en skadeprövning för just detta utlämnande", "a harm test for this very disclosure"),
    Need.SECOND_REVIEWER: ("en andra person som godkänner", "a second person who approves"),
    Need.LAWYER_CONFIRMS: ("en jurist har bekräftat paragrafen", "a lawyer has confirmed the paragraph"),
}
NO_CONSENT: dict[WhyNoConsent, Both] = {
    WhyNoConsent.NOT_ASKED: ("samtycke: inte tillfrågad", "consent: not asked"),
    WhyNoConsent.REFUSED: ("samtycke: nekat", "consent: refused"),
    WhyNoConsent.WITHDRAWN: ("samtycke: återkallat", "consent: withdrawn"),
    WhyNoConsent.EXPIRED: ("samtycke: har gått ut", "consent: expired"),
    WhyNoConsent.OUT_OF_SCOPE: (
        "samtycke: omfattar inte den mottagaren, uppgiften eller ändamålet",
        "consent: does not cover that recipient, category or purpose",
    ),
    WhyNoConsent.GUARDIAN_ABSENT: ("samtycke: en vårdnadshavares saknas", "consent: a guardian's is absent"),
    WhyNoConsent.OWN_CONSENT_NEEDED: (
        "samtycke: personen har fyllt 18 och svarar själv",
        "consent: the person has turned 18 and answers alone",
    ),
    WhyNoConsent.AGE_UNKNOWN: ("samtycke: ålder okänd", "consent: age unknown"),
    WhyNoConsent.NOBODY_TO_ASK: ("samtycke: ingen kan tillfrågas", "consent: nobody to ask"),
}
NOT_ASK: dict[WhyNotAsk, Both] = {
    WhyNotAsk.GUARDIAN_IS_THREAT: ("Den vårdnadshavaren tillfrågas inte.", "That guardian is not asked."),
    WhyNotAsk.ASKING_EXPOSES: (
        "Att fråga kan röja var någon är. Fråga inte.",
        "Asking could tell where somebody is. Do not ask.",
    ),
    WhyNotAsk.NOT_A_GUARDIAN: ("Det är ingen vårdnadshavare.", "That is no guardian."),
    WhyNotAsk.OF_AGE: ("Personen är myndig och svarar själv.", "The person is of age and answers alone."),
    WhyNotAsk.TOO_YOUNG: (
        "Barnet får komma till tals; vårdnadshavaren tillfrågas.",
        "The child is heard; the guardian is asked.",
    ),
    WhyNotAsk.AGE_UNKNOWN: ("Ålder okänd: ta reda på den först.", "Age unknown: find out first."),
}
REASON: dict[Reason, Both] = {
    Reason.NOT_BY_THIS_SYSTEM: ("Lämnas inte ut härifrån.", "Not told from here."),
    Reason.NO_RULE: ("Ingen regel tillåter det.", "No rule allows it."),
    Reason.NO_RULES_IN_FORCE: ("Inga delningsregler gäller den dagen.", "No sharing rules are in force on that day."),
    Reason.REFERENCE_ONLY: ("Mottagaren ser bara ärendets beteckning.", "The recipient sees only the case reference."),
    Reason.OWN_SOURCE: ("Mottagaren har egna uppgifter.", "The recipient has its own."),
    Reason.GROUNDS_CLOSED: ("Ingen rättslig grund är uppfylld.", "No legal ground is met."),
    Reason.LACKING: ("Något saknas ännu.", "Something is still lacking."),
    Reason.SAME_AGENCY: ("Inget utlämnande: samma myndighet.", "No disclosure: the same agency."),
}
WITHHELD: dict[WhyWithheld, Both] = {
    WhyWithheld.NOT_NEEDED: ("behövs inte för detta", "not needed for this"),
    WhyWithheld.ONLY_A_PART: ("grunden omfattar bara en del", "the ground reaches only a part"),
    WhyWithheld.NOT_ALLOWED: ("får inte lämnas ut", "may not be told"),
    WhyWithheld.LACKING: ("saknas", "lacking"),
    WhyWithheld.PERSON_DECIDES: ("skyldighet: en person beslutar först", "a duty: a person decides first"),
    WhyWithheld.STEPS_LEFT: ("återstår", "left to do"),
    WhyWithheld.ONE_AT_A_TIME: ("välj en i taget", "choose one at a time"),
    WhyWithheld.NOT_KEPT: (
        "sparas inte vid skyddad folkbokföring och lämnas aldrig: ta bort den",
        "not kept with protected registration and never told: remove it",
    ),
    WhyWithheld.UNSAID: (
        "texten säger något som inget utlämnande säger: skriv om den",
        "the text says something that no disclosure says: write it anew",
    ),
    WhyWithheld.NAMES_STAFF: ("anger funktion, aldrig namn", "states a function, never a name"),
    WhyWithheld.UNKNOWN_FIELD: ("okänt fält", "unknown field"),
    WhyWithheld.EMPTY: ("tomt", "empty"),
}
ALWAYS: Both = (
    "Anteckningar, anhöriga, miljö, spärrade orter och uppgifter om vem som hotar lämnar aldrig skrivbordet härifrån.",
    "Notes, relatives, environment, barred places and who threatens never leave the desk from here.",
)
MARK: dict[ProtectionMark, Both] = {
    ProtectionMark.UNKNOWN: (
        "Det är inte känt om personen har skyddade uppgifter. Behandla dem som skyddade.",
        "Nobody knows whether the person's data is protected. Treat it as protected.",
    ),
    ProtectionMark.SECRECY_MARKING: (
        "Sekretessmarkering: pröva skadan inför varje utlämnande.",
        "Secrecy marking: test the harm before each disclosure.",
    ),
    ProtectionMark.PROTECTED_REGISTRATION: (
        "Skyddad folkbokföring: fråga aldrig efter och lämna aldrig den registrerade adressen.",
        "Protected registration: never ask for or tell the registered address.",
    ),
}
SENTENCES: dict[str, Both] = {
    "consent-in-the-future": (
        "Ett samtycke kan inte dateras framåt. Inget är antecknat.",
        "A consent can't be dated in the future. Nothing was recorded.",
    ),
    "no-such-consent": (
        "Det samtycket finns inte här. Inget är ändrat.",
        "That consent is not here. Nothing was changed.",
    ),
    "consent-does-not-cover": (
        "Personens samtycke omfattar inte detta: {detail}. Fråga, och anteckna svaret med `consent give`.",
        "The person's consent does not cover this: {detail}. Ask, and record the answer with `consent give`.",
    ),
    "consent-has-its-own-command": (
        "Samtycke noteras med till vem, om vad, för vad och till när: `consent give`. Ett nej: `consent refuse`. Ett "
        "återtagande: `consent withdraw`. Inget är sparat.",
        "Consent is recorded with whom, what, for what and until when: `consent give`. A no: `consent refuse`. A "
        "withdrawal: `consent withdraw`. Nothing was saved.",
    ),
    "unknown-giver": (
        "Ingen med den koden har samtyckt här eller är antecknad som vårdnadshavare. Inget är "
        "återtaget. `consent show` visar vem som har sagt vad.",
        "Nobody with that code has consented here or is recorded as a guardian. Nothing was withdrawn. "
        "`consent show` says who has said what.",
    ),
    "consent-not-from-that-giver": (
        "Den personen kan inte tillfrågas om samtycke ({detail}). Inget är antecknat.",
        "That person may not be asked for consent ({detail}). Nothing was recorded.",
    ),
    "consent-ended-already": (
        "Den sista dagen har redan varit. Inget är antecknat.",
        "The last day has been already. Nothing was recorded.",
    ),
    "consent-too-long": (
        "Ett samtycke gäller högst {detail} dygn. Fråga på nytt när det går ut.",
        "A consent lasts {detail} days at the most. Ask again when it ends.",
    ),
    "consent-history-full": (
        "Samtyckets historik är full ({detail} steg).",
        "The history of consent is full ({detail} steps).",
    ),
}
"""Refusals when a consent is recorded, or does not reach, by code, as the console tells them."""


def text_of(both: Both) -> Text:
    return Text(sv=both[0], en=both[1])


def lacking(lacks: tuple[Lack, ...]) -> Text:
    """What is lacking, in one line."""
    said = [NO_CONSENT[lack.why] if lack.why else NEED[lack.need] for lack in lacks]
    return Text(sv="; ".join(sv for sv, _ in said), en="; ".join(en for _, en in said))
