"""Why access is refused, in words: what somebody can do about it, and nothing of what they may not see."""

from __future__ import annotations

SENTENCES: dict[str, tuple[str, str]] = {
    # The table of access (rules/access.py)
    "not-this-desks-case": (
        "Ärendet finns inte hos er, eller så har du inget konto här.",
        "Your desk has no such case, or you have no account here.",
    ),
    "role-not-at-this-desk": (
        "Den rollen finns inte i er sorts organisation.",
        "There is no such role in your kind of organisation.",
    ),
    "role-needs-no-location": (
        "Din roll behöver inte veta var personen finns. Den som behöver det är någon annan i ärendet.",
        "Your role does not need to know where the person is. Somebody else on the case does.",
    ),
    "role-needs-no-threat": (
        "Din roll behöver inte hotbilden. Den som behöver den är någon annan i ärendet.",
        "Your role does not need the threat assessment. Somebody else on the case does.",
    ),
    "category-needed": ("Ange vilken sorts uppgift det gäller.", "State which kind of data it concerns."),
    "no-category-here": ("Till detta hör ingen sorts uppgift.", "No kind of data belongs to this."),
    "one-address-at-a-time": (
        "En adress visas för sig, en i taget.",
        "An address is shown by itself, one at a time.",
    ),
    "not-an-address": ("Det är ingen adress.", "That is not an address."),
    "address-has-its-own-act": (
        "En adress lämnas ut för sig, av två personer.",
        "An address is released by itself, by two persons.",
    ),
    "sent-by-nobody": (
        "Den sortens uppgift lämnar aldrig er desk härifrån. Skriv det som får delas för sig.",
        "That kind of data never leaves your desk from here. Write what may be shared separately.",
    ),
    "no-part-of-a-file": (
        "Uppgifter om var personen finns, eller vem som hotar, ingår inte i det som lämnas ut ur akten.",
        "Where the person is, or who threatens, is no part of what is given out of the file.",
    ),
    "not-for-this-role": ("Det ingår inte i din roll.", "That is not for your role."),
    "glass-not-needed": (
        "Du kan redan se ärendet. Behövs mer: be enhetschefen.",
        "You can see the case already. If you need more: ask the unit manager.",
    ),
    "not-through-broken-glass": (
        "Det kan inte göras med nödåtkomst. Be enhetschefen eller chefen i beredskap att ge dig behörighet.",
        "That can't be done by breaking the glass. Ask the unit manager or the manager on call to name you.",
    ),
    "not-for-acute-protection": (
        "Det behövs inte för akut skydd. Be enhetschefen eller chefen i beredskap att ge dig behörighet.",
        "Acute protection does not need that. Ask the unit manager or the manager on call to name you.",
    ),
    "not-on-the-list": (
        "Du är inte behörig i ärendet. Be enhetschefen eller chefen i beredskap. Är det akut: access break-glass.",
        "You are not named on this case. Ask the unit manager or the manager on call. If it is acute: "
        "access break-glass.",
    ),
    # What an act takes
    "purpose-needed": ("Ange varför: --purpose.", "State why: --purpose."),
    "purpose-does-not-fit": ("Det ändamålet hör inte hit.", "That purpose does not fit here."),
    "access-reason-needed": ("Ange skälet med en kod: --reason.", "State the reason as a code: --reason."),
    "step-up-needed": (
        "Skriv ditt eget ord igen för att visa att det är du (--step-up FIL, eller på frågan).",
        "Give your own word again to show that it is you (--step-up FILE, or when asked).",
    ),
    "second-person-needed": (
        "Det krävs två personer: en annan måste godkänna först (access approve).",
        "It takes two persons: somebody else must approve first (access approve).",
    ),
    "harm-test-needed": (
        "Anteckna först att du har prövat om någon kan skadas av att detta lämnas ut.",
        "First record that you have weighed whether disclosing this could harm somebody.",
    ),
    # Accounts
    "unknown-account": ("Det finns inget sådant konto hos er.", "Your desk has no such account."),
    "role-not-yours": ("Det är ingen av dina roller.", "That is none of your roles."),
    "account-exists": (
        "Det namnet är eller har varit någons konto. Välj ett annat.",
        "That name is or has been somebody's account. Choose another.",
    ),
    "roles-can-not-be-combined": (
        "De rollerna kan inte finnas på samma konto här: tillsammans ser de mer än någon av dem behöver.",
        "One account can't have those roles here: together they see more than either needs.",
    ),
    "first-account-manages": (
        "Det första kontot måste vara en enhetschefs, med ett eget ord.",
        "The first account must be a unit manager's, with a word of its own.",
    ),
    "word-easily-guessed": (
        "Ordet är för lätt att gissa. Ta några ord som inte hör ihop, och som inte är ert namn eller er organisation.",
        "The word is too easily guessed. Take some words that don't belong together, not your name or organisation.",
    ),
    "word-too-short": ("Ordet ska ha 12 till 128 tecken.", "The word should have 12 to 128 characters."),
    "step-up-wrong": ("Det var inte rätt ord.", "That was not the right word."),
    "step-up-locked": (
        "För många försök med fel ord. Vänta en kvart, eller låt enhetschefen ge dig ett nytt ord.",
        "Too many wrong words. Wait a quarter of an hour, or let the unit manager give you a new one.",
    ),
    # The list
    "not-oneself": (
        "Det gör en annan: ingen ger sig själv behörighet, godkänner eller granskar sig själv.",
        "Somebody else does that: nobody names, approves or reviews themselves.",
    ),
    "list-is-the-managers": (
        "Någon är redan behörig i ärendet: då ändrar enhetschefen eller chefen i beredskap listan. Jouren ser "
        "ändå det som akut skydd kräver.",
        "Somebody is named on the case: the unit manager or the manager on call changes the list then. In an emergency "
        "whoever is on duty sees what acute protection needs all the same.",
    ),
    "already-listed": ("Den personen är redan behörig i ärendet.", "That person is named on the case already."),
    "not-listed": ("Den personen är inte behörig i ärendet.", "That person is not named on the case."),
    "ends-before-it-begins": ("Behörigheten skulle redan ha upphört.", "That would have ended already."),
    "no-such-place-on-the-list": (
        "Någon kan vara behörig (named) eller bara för akut skydd (on-call).",
        "Somebody can be named, or on-call for acute protection only.",
    ),
    # Two persons
    "needs-no-second-person": ("Det behöver ingen andra person nu.", "That needs no second person now."),
    "word-is-anothers": (
        "En och samma person kan ha bådas ord: det ena kontots ord är valt av den andra. Den som fått sitt ord "
        "väljer ett nytt först (staff set-word, med det gamla), eller så godkänner någon annan.",
        "One person may have both words: one account's word was chosen by the other. Whoever was given a word chooses "
        "a new one first (staff set-word, with the old one), or somebody else approves.",
    ),
    "no-such-request": ("Det finns ingen sådan begäran.", "There is no such request."),
    "already-approved": ("En annan har redan godkänt det.", "Somebody else has approved it already."),
    "request-expired": (
        "Begäran gäller inte längre. Den som behöver det ber om ett nytt godkännande.",
        "The request no longer stands. Whoever needs it asks anew.",
    ),
    "nothing-to-handle": (
        "Det finns ingen sådan öppen incident för er att avsluta: starter.py incident visar dem.",
        "There is no such open incident for you to end: starter.py incident lists them.",
    ),
    "note-not-readable": (
        "filen går inte att läsa eller är för lång. Ge den igen med samma --key.",
        "the file can't be read or is too long. Give it again with the same --key.",
    ),
    "nothing-to-review": ("Det finns inget att granska där.", "There is nothing to review there."),
}
LEADING = {
    "purpose-needed": ("Ändamålen", "Purposes"),
    "purpose-does-not-fit": ("Ändamålen", "Purposes"),
    "access-reason-needed": ("Skälen", "Reasons"),
    "role-not-yours": ("Dina roller", "Your roles"),
}
"""Said before what is possible, where the refusal lists it."""
