"""The words people read: Swedish first, English beside it. Plain and calm."""

from __future__ import annotations

from console import access_words, demand_words, disclosure_words, exchange_words, file_words, retention_words
from models.contracts import Refusal
from models.handoffs import Act, Status
from models.words import Consent, ConsentTo, CustodyPlace, Need, Phase, TrackB, Urgency
from rules import sharing_words

STATUS = {
    Status.REQUESTED: ("skickad", "requested"),
    Status.RECEIVED: ("kvitterad", "received"),
    Status.ACCEPTED: ("åtagen", "accepted"),
    Status.REJECTED: ("avböjd", "declined"),
    Status.IN_PROGRESS: ("pågår", "in progress"),
    Status.ON_HOLD: ("vilar", "on hold"),
    Status.COMPLETED: ("klar", "completed"),
    Status.FAILED: ("gick inte", "failed"),
    Status.CANCELLED: ("återtagen", "withdrawn"),
    Status.ENTERED_IN_ERROR: ("felregistrerad", "entered in error"),
}
ACT = {
    Act.ACKNOWLEDGE: ("kvittera", "acknowledge"),
    Act.ACCEPT: ("åta sig", "accept"),
    Act.DECLINE: ("avböja", "decline"),
    Act.START: ("påbörja", "start"),
    Act.HOLD: ("vila", "hold"),
    Act.RESUME: ("återuppta", "resume"),
    Act.COMPLETE: ("avsluta som klar", "complete"),
    Act.FAIL: ("avsluta som ej möjlig", "fail"),
    Act.WITHDRAW: ("återta", "withdraw"),
    Act.NOT_RESPONSIBLE: ("ange annan ansvarig", "not responsible"),
    Act.RETURN: ("skicka tillbaka för komplettering", "return for more information"),
    Act.SUPPLY: ("komplettera", "supply what was missing"),
    Act.REROUTE: ("skicka till rätt mottagare", "reroute"),
    Act.FORWARD: ("skicka vidare", "forward"),
    Act.REOPEN: ("öppna igen", "reopen"),
    Act.ENTER_IN_ERROR: ("felregistrerad", "entered in error"),
    Act.EXTEND: ("förlänga tiden", "extend"),
    Act.ESCALATE: ("lyfta till nästa nivå", "escalate"),
    Act.ACKNOWLEDGE_ALARM: ("kvittera larmet", "acknowledge the alarm"),
    Act.EXPIRE: ("gick ut obesvarad", "expired"),
    Act.LAPSE: ("upphörde enligt lag", "lapsed"),
    Act.CANCEL: ("föll bort", "cancelled"),
    Act.SETTLE: ("avslutades av annat", "settled"),
}
PHASE = {
    Phase.FIRST_CONTACT: ("första kontakt", "first contact"),
    Phase.INTAKE: ("aktualisering", "intake"),
    Phase.INITIAL_ASSESSMENT: ("inledande bedömning", "initial assessment"),
    Phase.THREAT_ASSESSMENT: ("hot- och riskbedömning", "threat assessment"),
    Phase.DECISION: ("inför beslut", "decision"),
    Phase.IN_PROGRESS: ("insatser pågår", "in progress"),
    Phase.ESTABLISHING: ("etablering", "establishing"),
    Phase.FOLLOW_UP: ("uppföljning", "follow-up"),
    Phase.CLOSED: ("avslutat", "closed"),
}
URGENCY = {Urgency.ORDINARY: ("ordinarie", "ordinary"), Urgency.ACUTE: ("akut", "acute")}
CONSENT_TO = {
    ConsentTo.POLICE_ASSESSMENT: ("polisens hotbedömning", "the police's threat assessment"),
    ConsentTo.POLICE_TRACK: ("polisens eget ärende", "the police's own track"),
    ConsentTo.HEALTH_PLANNING: ("planering med vården", "planning with health care"),
}
CONSENT = {
    Consent.NOT_ASKED: ("inte tillfrågad", "not asked"),
    Consent.REFUSED: ("nej", "refused"),
    Consent.GIVEN: ("ja", "given"),
}
TRACK_B = {
    TrackB.NOT_TRIED: ("inte prövat", "not tried"),
    TrackB.TRYING: ("prövas", "being tried"),
    TrackB.OPEN: ("öppet", "open"),
    TrackB.ENDED: ("avslutat", "ended"),
}
NEED = {
    Need.PROTECTED_HOUSING: ("skyddat boende", "protected housing"),
    Need.RELOCATION: ("annan kommun", "relocation"),
    Need.HEALTH_CARE: ("hälso- och sjukvård", "health care"),
    Need.ADDICTION_CARE: ("beroendevård", "addiction care"),
    Need.CIVIL_SOCIETY: ("civilsamhälle", "civil society"),
    Need.LIVELIHOOD: ("försörjning", "livelihood"),
    Need.OCCUPATION: ("sysselsättning", "occupation"),
    Need.DEBT: ("skulder", "debt"),
}
CUSTODY = {
    CustodyPlace.REMAND: ("häkte", "remand"),
    CustodyPlace.PRISON: ("anstalt", "prison"),
    CustodyPlace.PROBATION: ("frivård", "probation"),
    CustodyPlace.STATE_CARE: ("SiS", "state care"),
}
DEADLINE = {
    "acknowledgement": ("kvittens", "acknowledgement"),
    "decision": ("svar", "decision"),
    "completion": ("klart", "completion"),
    "hold": ("vilans prövning", "review of the hold"),
    "supplement": ("komplettering", "supplement"),
}
OUTCOME = {
    "returned": ("åter för komplettering", "returned for more"),
    "not-responsible": ("annan anges ansvarig", "says another is responsible"),
    "expired": ("gick ut obesvarad", "expired unanswered"),
    "lapsed": ("åtgärden har upphört", "the measure has lapsed"),
    "rerouted": ("skickad till annan", "sent to another"),
    "completed-late": ("klar i efterhand", "completed late"),
    "reopened": ("öppnad igen", "reopened"),
    "parent-withdrawn": ("föll med det den följde av", "withdrawn with what it came from"),
    "consent-withdrawn": ("samtycke finns inte längre", "consent holds no longer"),
    "case-closed": ("ärendet avslutades", "the case was closed"),
    "asked-again": ("frågan ställdes på nytt", "asked again"),
    "answered-after-all": ("blev ändå besvarad", "answered after all"),
    "going-on": ("ärendet går vidare", "the case goes on"),
    "other": ("annat skäl, se anteckning", "another reason, see the note"),
}
"""What a handoff's business status says, where the system set it. Other codes have their words in the rule pack."""
KEPT = {
    "already-taken-on": ("står kvar: är redan åtagen", "stands: it has been taken on"),
    "asked-by-another": ("står kvar: en annan har bett om det", "stands: another has asked for it"),
    "duty-by-law": ("står kvar: lagen kräver det", "stands: the law requires it"),
    "already-done": ("står kvar: är redan utförd", "stands: it has been done"),
}
ROLE = {
    "officer": ("handläggare", "officer"),
    "manager": ("enhetschef", "unit manager"),
    "head": ("nästa chef", "head"),
    "director": ("förvaltningschef", "director"),
    "on-call": ("jour eller vakthavande", "on call"),
    "manager-on-call": ("chef i beredskap", "manager on call"),
    "decision-maker": ("beslutsfattare i jour", "decision-maker on call"),
    "regional-coordinator": ("regional samordnare", "regional coordinator"),
    "national-coordinator": ("nationell samordnare", "national coordinator"),
    "operator": ("drift", "operator"),
} | disclosure_words.ROLE
EVENT = {
    "opened": ("ärendet öppnades", "case opened"),
    "facts-recorded": ("uppgift noterad", "facts recorded"),
    "sent": ("förfrågan skickad", "handoff sent"),
    "acted": ("svar", "answer"),
    "rules-adopted": ("ärendet gick över till nyare regler", "newer rules adopted"),
    "time-passed": ("tiden gick", "time passed"),
    "clock-moved": ("övningens klocka flyttad", "training clock moved"),
    "desk-answered": ("mottagarens desk svarade", "desk answered"),
    "desk-silent": ("mottagarens desk svarade inte", "desk silent"),
    "closed": ("ärendet avslutades", "case closed"),
} | disclosure_words.EVENT
REFUSAL = {
    "not-your-handoff": (
        "Er organisation är varken avsändare eller mottagare.",
        "Your organisation is no party to it.",
    ),
    "not-your-case": ("Er organisation deltar inte i ärendet.", "Your organisation takes no part in this case."),
    "not-allowed-in-status": ("Det går inte i läget ”{detail}”.", "Not possible while it is {detail}."),
    "answer-is-the-recipients": (
        "Det är mottagarens svar. Har det getts per telefon eller brev: ange --by-phone FIL.",
        "That answer is the recipient's. If it was given by phone or post: use --by-phone FILE.",
    ),
    "kind-does-not-allow-decline": (
        "En sådan förfrågan kan inte avböjas ({detail}).",
        "This kind can't be declined ({detail}).",
    ),
    "kind-does-not-allow-hold": ("En sådan förfrågan kan inte vila ({detail}).", "This kind can't be held ({detail})."),
    "kind-does-not-allow-fail": (
        "En sådan förfrågan kan inte avslutas som ej möjlig ({detail}).",
        "This kind can't end as failed ({detail}).",
    ),
    "kind-does-not-allow-return": (
        "En sådan förfrågan kan inte skickas tillbaka ({detail}).",
        "This kind can't be returned ({detail}).",
    ),
    "kind-does-not-allow-not-responsible": (
        "Ansvaret för detta följer av lagen ({detail}); det kan inte lämnas ifrån sig här.",
        "Responsibility for this follows from the law ({detail}); it can't be disclaimed here.",
    ),
    "kind-does-not-allow-reroute": ("Eget arbete skickas inte till andra.", "Own work is not sent to others."),
    "kind-does-not-allow-forward": ("Eget arbete skickas inte vidare.", "Own work is not forwarded."),
    "note-needed": (
        "Skälet other behöver en anteckning: --note-file FIL. Den stannar vid er desk.",
        "The reason other needs a note: --note-file FILE. It stays at your desk.",
    ),
    "paragraph-needed": (
        "Ange det lagrum som gör någon annan ansvarig: --paragraph.",
        "State the paragraph by which another is responsible: --paragraph.",
    ),
    "no-paragraph-here": ("Till detta hör inget lagrum.", "No paragraph belongs to this."),
    "authority-needed": (
        "Ange vilken organisation: --to ORG.",
        "State which organisation: --to ORG.",
    ),
    "authority-is-yourself": ("Ange en annan än er själva.", "Name another than yourselves."),
    "nobody-to-name-here": ("Till detta hör ingen annan organisation.", "No other organisation belongs to this."),
    "extension-needed": ("Använd handoff extend för att förlänga en tid.", "Use handoff extend to extend a deadline."),
    "no-extension-here": ("Till detta hör ingen förlängning.", "No extension belongs to this."),
    "no-such-deadline": ("Den tiden löper inte nu.", "That deadline is not running."),
    "not-to-be-extended": ("Den tiden kan inte förlängas ({detail}).", "That deadline can't be extended ({detail})."),
    "not-theirs-to-extend": (
        "Den tiden förlängs bara av den som regeln nämner ({detail}).",
        "That deadline is extended only by whom the rule names ({detail}).",
    ),
    "ground-needed": ("Ange ett skäl ur listan: --ground KOD.", "State a ground from the list: --ground CODE."),
    "nothing-to-extend": (
        "Ingen av tiderna som löper kan förlängas.",
        "None of the deadlines that are running can be extended.",
    ),
    "all-told-already": (
        "Alla nivåer är redan underrättade; den översta påminns igen av sig själv.",
        "Every level has been told already; the top one is reminded by itself.",
    ),
    "no-alarm": ("Det finns inget larm att kvittera.", "There is no alarm to acknowledge."),
    "nothing-was-returned": (
        "Förfrågan är inte skickad tillbaka; mottagaren har lagt den vilande.",
        "The handoff was not returned; the recipient has put it on hold.",
    ),
    "clock-stands": ("Klockan står: förfrågan vilar.", "The clock stands: the handoff is at rest."),
    "too-late-to-extend": (
        "Tiden har redan gått ut och kan inte förlängas i efterhand.",
        "The time is out already and can't be extended afterwards.",
    ),
    "extended-already": (
        "Tiden är redan förlängd så många gånger som går ({detail}).",
        "The deadline has been extended as many times as it can ({detail}).",
    ),
    "span-does-not-fit": (
        "Den längden räknas inte på tidens klocka ({detail}).",
        "That length is not counted on the deadline's clock ({detail}).",
    ),
    "extension-too-long": ("Längre än regeln tillåter ({detail}).", "Longer than the rule permits ({detail})."),
    "beyond-statute": ("Det går utöver lagens gräns ({detail}).", "That goes beyond the law's limit ({detail})."),
    "too-late-to-reopen": (
        "Det är mer än {detail} dagar sedan den avslutades. Skicka en ny.",
        "It ended more than {detail} days ago. Send a new one.",
    ),
    "begun-by-law": (
        "Det som är påbörjat enligt lag avslutas där det påbörjades ({detail}; SoL 29:9).",
        "What has been begun by law is finished where it was begun ({detail}; SoL 29:9).",
    ),
    "instant-in-the-future": (
        "Den dagen har inte varit ännu ({detail}). Kontrollera datumet.",
        "That day has not been yet ({detail}). Check the date.",
    ),
    "asked-elsewhere": (
        "Frågan är ställd till en annan sedan dess. Återta den först.",
        "Another has been asked since. Withdraw that first.",
    ),
    "already-asked": ("Samma fråga är redan ställd till mottagaren.", "The recipient has been asked this already."),
    "parent-is-not-yours": (
        "Er organisation är inte part i {detail}, som den skulle följa av.",
        "Your organisation is no party to {detail}, which it would follow from.",
    ),
    "not-in-directory": (
        "Organisationen finns inte i planets katalog, eller står där på annat sätt. Inget har hänt. Säg till driften.",
        "The organisation is not in the plane's directory, or stands there differently. Nothing has happened.",
    ),
    "unknown-categories": (
        "Utlämnandet nämner uppgifter eller grunder som inga regler känner. Inget har hänt.",
        "The disclosure names data or grounds that no rules know. Nothing has happened.",
    ),
    "recipient-not-active": (
        "Mottagaren är inte aktiv i katalogen ({detail}).",
        "The recipient is not active in the directory ({detail}).",
    ),
    "recipient-has-it-already": ("Mottagaren har den redan ({detail}).", "The recipient has it already ({detail})."),
    "unknown-instant": ("Dagen {detail} finns inte i reglerna.", "The rules have no day called {detail}."),
    "pack-needed": (
        "Reglerna som ärendet skulle gå över till följde inte med.",
        "The rules that the case was to adopt did not come along.",
    ),
    "other-engine": (
        "Reglerna är skrivna för en annan version av programmet ({detail}).",
        "The rules are written for another version of the program ({detail}).",
    ),
    "rules-followed-already": (
        "Ärendet följer redan de nyaste reglerna ({detail}).",
        "The case follows the newest rules already ({detail}).",
    ),
    "decider-needed": ("Ange vem som beslutat: --decided-by KOD.", "State who decided: --decided-by CODE."),
    "kind-missing": (
        "De nyare reglerna saknar något som står öppet i ärendet ({detail}).",
        "The newer rules lack something that is open in the case ({detail}).",
    ),
    "consent-needed": (
        "Det kräver personens samtycke, och det är: {detail}.",
        "It needs the person's consent, which is: {detail}.",
    ),
    "already-open": ("Ärendet är redan öppnat.", "The case is open already."),
    "reference-taken": (
        "Ärendet fick ingen ledig referens. Inget har hänt; försök igen.",
        "The case got no free reference. Nothing has happened; try again.",
    ),
    "not-opened": ("Ärendet är inte öppnat ännu.", "The case has not been opened yet."),
    "opener-is-another": ("Ärendet öppnas av en annan ({detail}).", "Another opens this case ({detail})."),
    "reason-needed": ("Ange ett skäl ur listan: --reason KOD.", "State a reason from the list: --reason CODE."),
    "no-reason-here": ("Till detta hör inget skäl.", "No reason belongs to this."),
    "answer-needed": ("Ange ett av svaren: --answer KOD.", "State one of the answers: --answer CODE."),
    "no-answer-here": ("Till detta hör ingen svarskod.", "No answer code belongs to this."),
    "assessment-needed": (
        "Bedömningen behöver följa med: --assessment FIL. Den stannar vid er desk.",
        "The assessment must come along: --assessment FILE. It stays at your desk.",
    ),
    "unknown-handoff": ("Förfrågan finns inte i ärendet.", "There is no such handoff in the case."),
    "handoff-ended": ("Förfrågan är redan avslutad ({detail}).", "The handoff has ended ({detail})."),
    "handoffs-open": (
        "Ärendet har öppna förfrågningar. Avsluta eller återta dem först.",
        "Handoffs are still open. Complete or withdraw them first.",
    ),
    "case-closed": ("Ärendet är avslutat ({detail}).", "The case is closed ({detail})."),
    "nothing-new": ("Uppgiften är redan noterad.", "This is recorded already."),
    "fact-is-not-yours-to-record": (
        "Den uppgiften noteras av socialtjänsten.",
        "That fact is recorded by the social services.",
    ),
    "work-under-way": (
        "Något är på väg till en mottagare just nu. Vänta några sekunder och försök igen.",
        "Something is on its way to a recipient just now. Wait some seconds and try again.",
    ),
    "unknown-answer": (
        "Svarskoden finns inte. Kör utan --answer, så visas de svar som hör till förfrågan.",
        "There is no such answer code. Leave --answer out to be shown those that belong to this handoff.",
    ),
    "answered-before-asked": (
        "Svaret kan inte ha getts innan frågan ställdes. Kontrollera answered_at.",
        "The answer can't have been given before the question was asked. Check answered_at.",
    ),
    "key-used-for-something-else": (
        "Nyckeln är redan använd för något annat. Inget har ändrats; utelämna --key eller ange en ny.",
        "The key has been used for something else. Nothing was changed; leave --key out or give a new one.",
    ),
    "case-too-large": (
        "Ärendet har blivit för stort för fler förfrågningar. Avsluta eller återta dem som inte behövs.",
        "The case has grown too large for more. Complete or withdraw what is not needed.",
    ),
    "verify-first": (
        "Svaret behöver kontrolleras först: ring tillbaka på katalogens nummer och ange hur i verified.",
        "The answer must be verified first: call back the directory number, and say how in verified.",
    ),
    "answered-by-a-function": (
        "Ange vem som svarade som en funktion, aldrig ett namn.",
        "State who answered as a function, never a name.",
    ),
    "answered-in-the-future": (
        "Svaret kan inte ha getts senare än nu. Kontrollera answered_at.",
        "The answer can't have been given later than now. Check answered_at.",
    ),
    "not-a-training-case": ("Tiden kan bara flyttas i övningsärenden.", "Time moves only in training cases."),
    "unknown-kind": ("Den sortens förfrågan finns inte.", "There is no such kind of handoff."),
    "sender-may-not-ask-this": (
        "Er sorts organisation kan inte skicka detta.",
        "Your kind of organisation can't ask this.",
    ),
    "recipient-cannot-take-this": ("Mottagaren kan inte ta emot detta.", "The recipient can't take this."),
    "recipient-is-sender": ("Mottagare och avsändare är samma.", "Recipient and sender are the same."),
    "own-work-stays-inside": ("Eget arbete kan inte skickas till andra.", "Own work can't be sent to others."),
    "date-needed": ("Ange dagen som tiden räknas från: --date.", "State the date that it counts from: --date."),
    "too-many-open": ("För många öppna förfrågningar i ärendet.", "Too many handoffs are open in the case."),
    "beyond-calendar": ("Reglernas kalender slutar {detail}.", "The rules' calendar ends {detail}."),
}
INSTEAD = ("Det går att", "Possible")
"""Said before what is possible, unless `LEADING` has a better word for it."""
LEADING = {
    "reason-needed": ("Skälen", "Reasons"),
    "no-reason-here": ("Skäl hör till", "Reasons belong to"),
    "answer-needed": ("Svaren", "Answers"),
    "unknown-handoff": ("Öppna förfrågningar", "Open handoffs"),
    "decider-needed": ("Det kan vara", "It can be"),
    "handoffs-open": ("Öppna", "Open"),
    "too-many-open": ("Öppna", "Open"),
    "unknown-kind": ("Sorterna", "Kinds"),
    "paragraph-needed": ("Lagrummen", "Paragraphs"),
    "ground-needed": ("Skälen", "Grounds"),
    "not-theirs-to-extend": ("Det gör", "Those who can"),
    "no-such-deadline": ("Dessa löper", "Running"),
    "already-asked": ("Se", "See"),
    "asked-elsewhere": ("Se", "See"),
    "kind-missing": ("Det gäller", "It concerns"),
    "unknown-instant": ("Dagarna", "Days"),
    "sender-may-not-ask-this": ("Det gör", "Those who can"),
    "recipient-cannot-take-this": ("Det gör", "Those who can"),
    "fact-is-not-yours-to-record": ("Ni kan notera", "You can record"),
}
UNTOLD = ("work-under-way",)
"""Refusals whose `possible` says nothing to a person."""
REFUSAL |= disclosure_words.SENTENCES | exchange_words.SENTENCES | access_words.SENTENCES | file_words.SENTENCES
LEADING |= access_words.LEADING
REFUSAL |= retention_words.SENTENCES | sharing_words.SENTENCES | demand_words.SENTENCES
KNOWN_REFUSALS = frozenset(REFUSAL)


def refusal_sentence(refusal: Refusal) -> tuple[str, str]:
    """Why, and what is possible instead."""
    plain = ("Det går inte nu.", "Not possible now.")
    sv, en = REFUSAL.get(refusal.code, plain)
    detail = refusal.detail or ""
    known = {word.value: pair for words in (STATUS, CONSENT, CONSENT_TO) for word, pair in words.items()} | OUTCOME
    sv_detail, en_detail = known.get(detail, (detail, detail))
    sv, en = sv.format(detail=sv_detail), en.format(detail=en_detail)
    if refusal.possible and refusal.code not in UNTOLD:
        codes, lead = ", ".join(refusal.possible), LEADING.get(refusal.code, INSTEAD)
        sv, en = f"{sv} {lead[0]}: {codes}.", f"{en} {lead[1]}: {codes}."
    return sv, en
