"""What documents say in Swedish: titles, functions, paragraphs, and the sentences of a decision. No code here names
what it protects: a guardian recorded as a threat is addressed as any guardian."""

from __future__ import annotations

from models.access import Role
from models.documents import AnyDocument, FilePackage, Mailing, Recipient, RefusedRequest, Section, Way
from models.file_requests import Appeal, Asker, Court, Ground, Regime

TITLES = {
    "disclosure-letter": "Utlämnande av uppgifter",
    "spoken-disclosure": "Protokoll över muntligt utlämnande",
    "file-package": "Svar på begäran om insyn",
    "refused-request": "Beslut",
    "receipt": "Kvittens",
}
NEUTRAL = "Handling"
"""The name in a file's metadata, which windows and search indexes show."""
FUNCTIONS = {
    Role.CASEWORKER: "handläggare",
    Role.OFFICER: "handläggare",
    Role.ON_CALL: "jouren",
    Role.UNIT_MANAGER: "enhetschef",
    Role.MANAGER_ON_CALL: "chef i beredskap",
    Role.DECISION_MAKER: "beslutsfattare",
    Role.COORDINATOR: "samordnare",
    Role.DATA_PROTECTION_OFFICER: "dataskyddsombud",
    Role.SECURITY: "säkerhetsfunktionen",
    Role.ARCHIVIST: "arkivfunktionen",
}
OFFICE = "expeditionen"
"""Any other function."""
ASKERS = {
    Asker.SELF: "den som uppgifterna rör",
    Asker.GUARDIAN: "vårdnadshavare",
    Asker.GUARDIAN_THREAT: "vårdnadshavare",
    Asker.OTHER_PARTY: "part",
    Asker.LAWYER: "ombud",
    Asker.PUBLIC: "den som har begärt handlingen",
    Asker.UNKNOWN: "den som har begärt handlingen",
}
HEADINGS = {
    "identity": "Namn och identitet",
    "contact": "Kontaktvägar",
    "address": "Adress",
    "protection-mark": "Skydd i folkbokföringen",
    "relatives": "Närstående",
    "note": "Anteckning",
    "social-file": "Ur akten",
    "assessment": "Bedömning",
    "own-risk-assessment": "Riskbedömning",
    "health": "Hälsa",
    "criminal-record": "Brott och påföljder",
    "placement": "Placering",
    "environment": "Bakgrund",
}
OSL = "offentlighets- och sekretesslagen (OSL)"
PARAGRAPHS = {
    Ground.GDPR_12_6: "artikel 12.6 i dataskyddsförordningen",
    Ground.GDPR_15: "artikel 15 i dataskyddsförordningen",
    Ground.GDPR_15_4: "artikel 15.4 i dataskyddsförordningen",
    Ground.DATA_PROTECTION_ACT_5_1: "5 kap. 1 § lagen (2018:218) med kompletterande bestämmelser till EU:s "
    "dataskyddsförordning",
    Ground.CRIME_DATA_ACT: "brottsdatalagen (2018:1177)",
    Ground.OSL_6_3: f"6 kap. 3 § {OSL}",
    Ground.OSL_10_3: f"10 kap. 3 § {OSL}",
    Ground.OSL_12_3: "12 kap. 3 § OSL",
    Ground.OSL_25_1: "25 kap. 1 § OSL",
    Ground.OSL_26_1: "26 kap. 1 § OSL",
    Ground.OSL_26_2: "26 kap. 2 § OSL",
    Ground.OSL_26_7: "26 kap. 7 § OSL",
    Ground.OSL_35_1: "35 kap. 1 § OSL",
    Ground.OSL_35_15: "35 kap. 15 § OSL",
    Ground.SOL_17_11: "17 kap. 11 § socialtjänstlagen",
}
ASKED = {
    Regime.SUBJECT: "Begäran gäller tillgång till egna personuppgifter (registerutdrag).",
    Regime.PARTY: "Begäran gäller insyn som part.",
    Regime.PUBLIC: "Begäran gäller att ta del av allmän handling.",
}
GIVEN = "Här är de uppgifter som lämnas ut."
REFUSED = "Begäran avslås. Av beslutet framgår inte om det finns någon sådan handling eller uppgift."
IF_THERE_IS = (
    "Finns det uppgifter som inte får lämnas ut är de inte med. Det kan till exempel gälla var någon vistas, hur "
    "någon nås eller uppgifter om andra personer. Av brevet framgår inte om det finns sådana uppgifter."
)
DECISIONS = "Beslut i ett ärende undanhålls aldrig den som är part i det."
NOT_BOUND = "Den rätten gäller hos myndigheter. Vänd dig till den myndighet som har ansvaret."
COURTS = {
    Court.ADMINISTRATIVE_COURT_OF_APPEAL: ("kammarrätten", "6 kap. 7 och 8 §§ OSL"),
    Court.ADMINISTRATIVE_COURT: ("förvaltningsrätten", "7 kap. 2 § lagen (2018:218)"),
}
HOW_TO = (
    "Skriv vilket beslut det gäller, hur du vill att det ändras och varför. Lämna skrivelsen till den som har fattat "
    "beslutet. Den ska ha kommit in inom {weeks} veckor från den dag då du fick del av beslutet (43 och 44 §§ "
    "förvaltningslagen)."
)
WITH_THE_CASE = "Medan ett ärende pågår kan frågan också tas upp när det slutliga beslutet i ärendet överklagas."
COMPLAINT = "Du kan också klaga hos Integritetsskyddsmyndigheten (IMY)."
NO_COURT = "Hur beslutet kan prövas framgår av den anvisning som följer med brevet."
WEEKS = {2: "två", 3: "tre", 4: "fyra"}
CALLED_BACK = {
    True: "Mottagaren ringdes upp på ett nummer ur katalogen.",
    False: "Mottagaren har inte ringts upp på ett nummer ur katalogen.",
}


def function_name(role: Role) -> str:
    return FUNCTIONS.get(role, OFFICE)


def recipient_name(recipient: Recipient) -> str:
    return ASKERS[recipient.asker] if recipient.asker else recipient.organisation or OFFICE


def heading(section: Section) -> str:
    return "Beslut" if section.decision else HEADINGS.get(section.category, "Övrigt")


def mark(document: AnyDocument) -> str:
    """The watermark: for which function, when, which copy. Never a case or a name."""
    return f"{recipient_name(document.recipient)} · {document.day} · ex. {document.copy_number}"


def mailing_lines(mailing: Mailing | None) -> list[str]:
    """How a letter to somebody with protected data is sent. No line holds an address of theirs."""
    if mailing is None or mailing.way is not Way.FORWARDED:
        return []
    outer = ", ".join(mailing.outer)
    return [
        f"Sänds genom Skatteverket. Ytterkuvert: {outer}.",
        "Innerkuvert: personnummer, för hand, och inget annat. Ingen adress och inget fönster.",
    ]


def withheld(document: FilePackage | RefusedRequest) -> list[str]:
    """Why the rest is not given. The same for everyone who stands so, so that nothing can be read out of it."""
    if isinstance(document, RefusedRequest) and document.private:
        return [NOT_BOUND]
    rest = [IF_THERE_IS, f"Stöd: {'; '.join(PARAGRAPHS[ground] for ground in document.told)}."]
    return [*rest, DECISIONS] if document.regime is Regime.PARTY else rest


def appeal_lines(appeal: Appeal) -> list[str]:
    lines = []
    if appeal.court is not None:
        name, paragraph = COURTS[appeal.court]
        asked = "Begär att handlingarna lämnas ut som allmänna handlingar. Ett avslag på det"
        way = "Beslutet" if appeal.direct else asked
        lines.append(f"{way} kan överklagas till {name} ({paragraph}).")
        lines.append(HOW_TO.format(weeks=WEEKS.get(appeal.weeks, str(appeal.weeks))))
        lines += [] if appeal.direct else [WITH_THE_CASE]
    elif not appeal.authority:
        lines.append(NO_COURT)
    return [*lines, COMPLAINT] if appeal.authority else lines
