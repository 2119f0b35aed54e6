"""What is said when something can't be disclosed, recalled or trusted. No sentence hints at what must not be told."""

from __future__ import annotations

SENTENCES: dict[str, tuple[str, str]] = {
    "not-a-party": (
        "Uppgifter lämnas bara mellan dem som har en öppen förfrågan med varandra ({detail}).",
        "Data is disclosed only between the two parties of an open handoff ({detail}).",
    ),
    "package-sent-already": ("Det paketet är redan skickat.", "That package has been sent already."),
    "recipient-without-desk": (
        "Mottagaren har ingen desk ({detail}): använd brev (--letter) eller muntligt (--spoken).",
        "The recipient has no desk ({detail}): use a letter (--letter) or tell it by word of mouth (--spoken).",
    ),
    "expiry-out-of-range": (
        "Ett paket kan vänta i högst {detail} dygn.",
        "A package can wait for {detail} days at the most.",
    ),
    "too-many-under-way": (
        "Högst {detail} paket kan vara på väg samtidigt i ett ärende. Vänta, eller ta tillbaka något.",
        "At most {detail} packages can be under way in a case. Wait, or recall one.",
    ),
    "package-not-under-way": (
        "Paketet är inte på väg: det är hämtat, återtaget eller förstört.",
        "The package is not under way: it was taken, recalled or destroyed.",
    ),
    "not-your-package": ("Bara avsändaren kan ta tillbaka ett paket.", "Only its sender can recall a package."),
    "unknown-rules": (
        "De reglerna finns inte i den här installationen.",
        "Those rules are not in this installation.",
    ),
    "unsaid-field": (
        "Texten i {detail} säger något som inget utlämnande säger. Skriv om den med case record, och pröva på nytt. "
        "Eller lämna resten, så som preview visar det, med --seen.",
        "The text of {detail} says something that no disclosure says. Write it anew with case record, and judge anew. "
        "Or disclose the rest, as preview shows it, with --seen.",
    ),
    "letter-beside": (
        "Det är lämnat och antecknat, men brevet kunde inte läggas på sin plats. Det ligger helt bredvid: {detail}.",
        "It is told and recorded, but the letter could not be put in its place. It lies whole beside it: {detail}.",
    ),
    "no-such-address": ("Det finns ingen adress nummer {detail}.", "There is no address number {detail}."),
    "address-ended": (
        "Adress nummer {detail} gäller inte längre och lämnas inte ut.",
        "Address number {detail} holds no longer and is not told.",
    ),
    "address-not-kept": (
        "Adress nummer {detail} får inte sparas för den här personen och visas inte. Ta bort den: person remove.",
        "Address number {detail} may not be kept for this person and is not shown. Remove it: person remove.",
    ),
    "address-may-be-kept": (
        "Adress nummer {detail} får sparas. Gäller den inte längre: person moved.",
        "Address number {detail} may be kept. If it holds no longer: person moved.",
    ),
    "address-to-choose": (
        "Det finns flera adresser. Ange vilken prövningen gäller: --number N.",
        "There are several addresses. Say which one was judged: --number N.",
    ),
    "unknown-category": ("Det slaget av uppgift finns inte i reglerna.", "The rules have no such category."),
    "unknown-ground": ("Den grunden finns inte i reglerna.", "The rules have no such ground."),
    "preview-has-changed": (
        "Det som skulle lämnas ut har ändrats sedan ni såg det. Se det på nytt med disclosure preview.",
        "What would be disclosed has changed since you saw it. Look again with disclosure preview.",
    ),
    "told-already": (
        "Det är redan lämnat. Brevet skrivs inte en gång till: gör ett nytt utlämnande om det behövs.",
        "It has been told already. The letter is not written again: make a new disclosure if one is needed.",
    ),
    "package-not-there": (
        "Paketet finns inte i utväxlingen som det sades. Inget har noterats.",
        "The package is not in the exchange as it was said to be. Nothing was recorded.",
    ),
    "recipient-without-key": (
        "Mottagarens desk har ännu ingen nyckel att försegla till ({detail}). Försök strax, eller lämna muntligt.",
        "The recipient's desk has no key to seal to yet ({detail}). Try again soon, or tell it by word of mouth.",
    ),
    "no-sharing-rules": (
        "Inga regler för utlämnande gäller den dagen. Då lämnas inget ut.",
        "No rules of disclosure are in force on that day. Then nothing is disclosed.",
    ),
    "nothing-to-disclose": (
        "Inget kan lämnas ut till den mottagaren nu. disclosure preview visar varför.",
        "Nothing can be disclosed to that recipient now. disclosure preview shows why.",
    ),
    "ground-incomplete": (
        "Det saknas något för den rättsliga grunden: {detail}.",
        "Something is missing for the legal ground: {detail}.",
    ),
    "second-person-needed": (
        "Detta beslutas av två personer. En annan behörig person godkänner: access approve {detail}.",
        "Two persons decide this. Another authorised person approves it: access approve {detail}.",
    ),
    "step-up-needed": (
        "Ange ert eget lösenord igen: --step-up.",
        "Give your personal word again: --step-up.",
    ),
    "purpose-needed": ("Ange varför: --purpose KOD.", "State why: --purpose CODE."),
    "no-key-here": (
        "Här finns ingen nyckel för organisationen {detail}. Den skapas där organisationens desk körs.",
        "There is no key here for {detail}. It is made where that organisation's desk runs.",
    ),
    "not-trusted": (
        "Planet godtar inte signaturen ({detail}). Inget har tagits emot. key status visar nycklarna.",
        "The plane does not accept the signature ({detail}). Nothing was received. key status shows the keys.",
    ),
}
CONSENT_STATUS: dict[str, tuple[str, str]] = {
    "not-asked": ("ej tillfrågad", "not asked"),
    "refused": ("nekat", "refused"),
    "given": ("givet", "given"),
    "withdrawn": ("återtaget", "withdrawn"),
    "expired": ("utgånget", "expired"),
}
NOTICE: dict[str, tuple[str, str]] = {
    "package-waiting": ("det som lämnats ut väntar på att hämtas", "what was disclosed waits to be taken"),
    "package-not-taken": ("det som lämnats ut togs inte emot", "what was disclosed was not taken"),
    "incident": ("incident rapporterad", "incident reported"),
    "break-glass": ("nödåtkomst använd", "emergency access used"),
}
EVENT: dict[str, tuple[str, str]] = {
    "disclosed": ("uppgifter lämnade ut", "data disclosed"),
    "recalled": ("paket återtaget", "package recalled"),
    "raised": ("larm till egna chefer", "own managers alerted"),
}
ROLE: dict[str, tuple[str, str]] = {
    "security": ("säkerhetsansvarig", "security"),
    "data-protection-officer": ("dataskyddsombud", "data protection officer"),
}
