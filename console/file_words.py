"""What is said about requests to see a file: Swedish first."""

from __future__ import annotations

from models.documents import Way
from models.file_requests import Asker, Court, Outcome, Regime

REGIME = {
    Regime.SUBJECT: ("registerutdrag (GDPR 15)", "own personal data (GDPR 15)"),
    Regime.PARTY: ("partsinsyn (OSL 10:3)", "insight as a party (OSL 10:3)"),
    Regime.PUBLIC: ("allmän handling (OSL 6:3)", "official document (OSL 6:3)"),
}
ASKER = {
    Asker.SELF: ("den enskilde", "the person"),
    Asker.GUARDIAN: ("vårdnadshavare", "guardian"),
    Asker.GUARDIAN_THREAT: ("vårdnadshavare som är ett hot", "guardian who is a threat"),
    Asker.OTHER_PARTY: ("annan part", "another party"),
    Asker.LAWYER: ("ombud", "lawyer"),
    Asker.PUBLIC: ("allmänheten", "the public"),
    Asker.UNKNOWN: ("okänd", "unknown"),
}
OUTCOME = {
    Outcome.GIVEN: ("lämnas ut", "given"),
    Outcome.GIVEN_IN_PART: ("lämnas ut delvis", "given in part"),
    Outcome.REFUSED: ("avslag", "refused"),
    Outcome.DISMISSED: ("avvisad", "dismissed"),
}
SENT_BY = {
    Way.FORWARDED: "Sänds genom Skatteverket. Ytterkuvert: {outer}; innerkuvert: personnummer, ingen adress. | "
    "Mailed through the Tax Agency, the inner envelope with the personnummer and no address.",
    Way.SAFE_CONTACT: "Lämnas på det sätt som avtalats med personen; inget postas till en adress. | "
    "Handed over as agreed with the person; nothing is mailed to an address.",
    Way.TO_FUNCTION: "Sänds till {outer}, och inget annat på kuvertet. | Mailed to them, with nothing else outside.",
}
COURT = {
    Court.ADMINISTRATIVE_COURT_OF_APPEAL: ("kammarrätten", "the administrative court of appeal"),
    Court.ADMINISTRATIVE_COURT: ("förvaltningsrätten", "the administrative court"),
}
SENTENCES: dict[str, tuple[str, str]] = {
    "unknown-file-request": ("Det finns ingen sådan begäran hos er.", "There is no such request at your desk."),
    "case-needed": (
        "Ange ärendet. Bara en begäran om allmän handling kan tas emot utan ärende (skriv -).",
        "State the case. Only a request for an official document can be taken without one (write -).",
    ),
    "decided-before": (
        "Begäran är redan avgjord. Beslutet står kvar; en ny begäran kan tas emot.",
        "The request has been decided already. The decision stands; a new request can be taken.",
    ),
    "not-decided": (
        "Begäran är inte avgjord än. Kör `file decide` först.",
        "Not decided yet: run `file decide` first.",
    ),
    "needs-identity": (
        "Kontrollera först vem som frågar, och notera det: file prove. Går det inte: file decide --dismiss. Inget har "
        "lästs eller beslutats.",
        "Check first who is asking, and record it: file prove. If that can't be done: file decide --dismiss. Nothing "
        "was read or decided.",
    ),
    "needs-power-of-attorney": (
        "Ombudet behöver visa fullmakt, och för vem: file prove --behalf-of. Kommer ingen: file decide --dismiss. "
        "Inget har lästs eller beslutats.",
        "The lawyer needs to show a power of attorney, and for whom: file prove --behalf-of. If none comes: file "
        "decide --dismiss. Nothing was read or decided.",
    ),
    "nothing-to-dismiss": (
        "Begäran kan prövas: den avgörs i sak, med file decide.",
        "The request can be looked into: it is decided as it is, by file decide.",
    ),
    "was-dismissed": (
        "Begäran avvisades utan att prövas: det finns inget svar att skriva. En kvittens går att skriva: file receipt.",
        "The request was dismissed without being looked into: there is no answer to write. A receipt: file receipt.",
    ),
    "harm-test": (
        "Menprövning saknas för {detail}. Pröva den med `file test`.",
        "The harm test of {detail} is missing. Record it with `file test`.",
    ),
    "clean-decision": (
        "Beslutet {detail} röjer var någon är, eller annat som inte får skrivas. Det undanhålls inte en part: skriv en "
        "lydelse utan uppgiften först.",
        "The decision {detail} tells where somebody is, or what may not be written. It is not withheld from a party: "
        "write a version without it first.",
    ),
    "decision-no-longer-holds": (
        "Något som skulle lämnas ut får inte längre visas. Inget har lämnats. Ta upp begäran på nytt.",
        "Something that was to be shown may not be shown any more. Nothing was given. Take the request up anew.",
    ),
    "no-extension-here": (
        "Tiden för den här sortens begäran kan inte förlängas.",
        "The time for this kind of request can't be extended.",
    ),
    "extended-before": ("Tiden är redan förlängd en gång.", "The time has been extended once already."),
    "notice-too-late": (
        "Den första månaden har gått: beskedet om förlängning skulle ha lämnats inom den.",
        "The first month has passed: notice of the extension was due within it.",
    ),
    "unsaid": (
        "Texten har ord som inte får stå i ett brev. Inget har skrivits. Skriv om underlaget.",
        "The text has words that no letter may hold. Nothing was written. Rewrite what it came from.",
    ),
    "cannot-render": ("Dokumentet kunde inte göras. Inget har skrivits.", "The document could not be made."),
    "cannot-write": ("Filen kunde inte skrivas. Inget är sparat.", "The file could not be written. Nothing was kept."),
    "no-appeal": ("Beslutet saknar överklagandehänvisning.", "The decision has no instruction on how to appeal."),
    "personnummer-needed": (
        "Posten går genom Skatteverket, och innerkuvertet behöver personnumret: skriv in det med case record. Skriv "
        "ingen adress i stället. Lämnas svaret personligen: --handed-over.",
        "Mail goes through the Tax Agency, and the inner envelope needs the personnummer: record it with case record. "
        "Write no address instead. If it is handed over in person: --handed-over.",
    ),
}
