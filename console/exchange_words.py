"""Why a package, a key or a signature is refused: Swedish first, English beside it. None says what was in it."""

from __future__ import annotations

SENTENCES: dict[str, tuple[str, str]] = {
    "package-unknown": (
        "Det finns inget sådant paket för er.",
        "There is no such package for you.",
    ),
    "package-not-yours": (
        "Bara avsändaren själv kan lämna ett paket, och till någon annan än sig själv. Inget har tagits emot.",
        "Only the sender can leave a package, and for somebody else than itself. Nothing was taken in.",
    ),
    "package-id-used": (
        "Ett annat paket har redan den beteckningen. Inget har ändrats. Gör ett nytt paket.",
        "Another package has that id already. Nothing was changed. Make a new package.",
    ),
    "package-damaged": (
        "Paketet är skadat eller ändrat och har inte öppnats. Be avsändaren skicka det igen.",
        "The package is damaged or changed and was not opened. Ask the sender to send it again.",
    ),
    "package-other-case": (
        "Paketet hör inte till det här ärendet och har inte öppnats. Be avsändaren skicka det igen.",
        "The package does not belong to this case and was not opened. Ask the sender to send it again.",
    ),
    "package-sender-unknown": (
        "Det går inte att lita på vem paketet kommer från. Det har inte öppnats. Ring avsändaren på katalogens nummer.",
        "It is not certain who the package is from. It was not opened. Call the sender on the directory's number.",
    ),
    "package-key-gone": (
        "Nyckeln som paketet är förseglat till finns inte kvar här. Be avsändaren skicka det igen.",
        "The key that the package was sealed to is not here any more. Ask the sender to send it again.",
    ),
    "package-key-stale": (
        "Mottagaren har bytt nyckel. Inget har lämnats. Försegla paketet igen med den nya.",
        "The recipient has changed keys. Nothing was left. Seal the package again with the new one.",
    ),
    "package-clock": (
        "Paketet är daterat i framtiden: någons klocka går fel. Inget har lämnats. Ställ klockan och försök igen.",
        "The package is dated in the future: somebody's clock is wrong. Nothing was left. Set it and try again.",
    ),
    "package-expired": (
        "Tiden för paketet har gått ut, och det är förstört. Avsändaren kan skicka ett nytt.",
        "The package's time has run out, and it is destroyed. The sender can send a new one.",
    ),
    "package-withdrawn": (
        "Avsändaren har tagit tillbaka paketet, och det är förstört. Visa inget av det.",
        "The sender has taken the package back, and it is destroyed. Show nothing of it.",
    ),
    "package-taken": (
        "Mottagaren har redan tagit emot paketet.",
        "The recipient has already taken the package.",
    ),
    "package-not-fetched": (
        "Paketet måste hämtas igen innan det kan bekräftas.",
        "The package has to be fetched again before it can be confirmed.",
    ),
    "package-size": (
        "Paketet är tomt eller för stort. Inget har skickats. Dela upp det.",
        "The package is empty or too large. Nothing was sent. Divide it.",
    ),
    "package-too-many": (
        "I ärendet är redan {detail} av era paket på väg. Inget har lämnats. Försök igen när något har hämtats, eller "
        "ta tillbaka ett.",
        "In the case {detail} of your packages are under way already. Nothing was left. Try again when one has been "
        "fetched, or take one back.",
    ),
    "package-too-much": (
        "Era paket på väg fyller redan {detail} megabyte. Inget har lämnats. Försök igen när något har hämtats, eller "
        "ta tillbaka ett.",
        "Your packages under way fill {detail} megabytes already. Nothing was left. Try again when one has been "
        "fetched, or take one back.",
    ),
    "key-unknown": (
        "Nyckeln finns inte i katalogen för den organisationen. Inget har ändrats. Publicera den först.",
        "The key is not in the directory for that organisation. Nothing was changed. Publish it first.",
    ),
    "key-revoked": (
        "Nyckeln är spärrad. Inget har ändrats. Organisationen behöver en ny: `key make`, och driften godtar den.",
        "The key is revoked. Nothing was changed. The organisation needs a new one: `key make`, which the operator "
        "accepts.",
    ),
    "key-retired": (
        "Nyckeln är utbytt. Inget har ändrats. Gör om det med organisationens nya nyckel.",
        "The key has been replaced. Nothing was changed. Do it again with the organisation's new key.",
    ),
    "key-not-accepted": (
        "Organisationens första nyckel måste godkännas. Jämför fingeravtrycket {detail} med organisationen, på "
        "katalogens telefonnummer, och godkänn det sedan.",
        "An organisation's first key must be accepted. Compare the fingerprint {detail} with the organisation, on the "
        "directory's telephone number, and accept it then.",
    ),
    "key-not-vouched": (
        "Inget går i god för nyckeln {detail}. Den har inte tagits in, och inget har ändrats.",
        "Nothing vouches for the key {detail}. It was not taken in, and nothing was changed.",
    ),
    "key-of-another": (
        "Nyckeln {detail} finns redan, för någon annan eller för annat. Inget har ändrats.",
        "The key {detail} is there already, for somebody or something else. Nothing was changed.",
    ),
    "signature-malformed": (
        "Signaturen går inte att läsa. Inget har ändrats.",
        "The signature can't be read. Nothing was changed.",
    ),
    "signature-false": (
        "Signaturen stämmer inte. Inget har ändrats.",
        "The signature is not right. Nothing was changed.",
    ),
    "signature-other-org": (
        "Signaturen är en annan organisations. Inget har ändrats.",
        "The signature is another organisation's. Nothing was changed.",
    ),
    "signature-other-case": (
        "Signaturen gäller ett annat ärende. Inget har ändrats.",
        "The signature is for another case. Nothing was changed.",
    ),
    "signature-other-key": (
        "Signaturen gäller en annan begäran. Inget har ändrats.",
        "The signature is for another request. Nothing was changed.",
    ),
    "signature-other-request": (
        "Signaturen gäller en annan begäran. Inget har ändrats.",
        "The signature is for another request. Nothing was changed.",
    ),
    "signature-other-audience": (
        "Signaturen gäller en annan installation. Inget har ändrats.",
        "The signature is for another installation. Nothing was changed.",
    ),
    "signature-ahead": (
        "Signaturen är daterad i framtiden: någons klocka går fel. Inget har ändrats. Ställ klockan och försök igen.",
        "The signature is dated in the future: somebody's clock is wrong. Nothing was changed. Set it and try again.",
    ),
    "signature-expired": (
        "Signaturen gäller inte längre. Inget har ändrats. Försök igen, och se efter att klockan går rätt.",
        "The signature is no longer valid. Nothing was changed. Try again, and see that the clock is right.",
    ),
    "signature-again": (
        "Samma begäran har redan kommit. Inget har ändrats. Signera på nytt för att försöka igen.",
        "The same request has come before. Nothing was changed. Sign anew to try again.",
    ),
    "too-many-requests": (
        "Det kommer för många begäranden just nu. Inget har ändrats. Försök igen om en minut.",
        "There are too many requests right now. Nothing was changed. Try again in a minute.",
    ),
}
"""By the codes of `activities.exchange`, `packages`, `key_directory` and `signatures`."""
