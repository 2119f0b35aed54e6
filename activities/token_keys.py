"""Outer keys in a hardware module, or what behaves like one, over PKCS#11: they are made in the token and stay there.

Data keys are wrapped with CKM_AES_GCM and the context as its associated data, which SoftHSM 2.6 and the
common modules do. A key is an AES-256 object that is sensitive, can't be extracted, and is good for nothing
but encrypting and decrypting. Its label is `utvag:ORG:VERSION`; its CKA_ID is random and is its fingerprint.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from functools import cache
from threading import RLock
from typing import TypeVar

import pkcs11
from pkcs11 import Attribute, GCMParams, KeyType, Mechanism, MechanismFlag, ObjectClass, Session
from pkcs11.exceptions import (
    DataInvalid,
    DeviceError,
    DeviceRemoved,
    EncryptedDataInvalid,
    EncryptedDataLenRange,
    FunctionFailed,
    GeneralError,
    PKCS11Error,
    SessionClosed,
    SessionHandleInvalid,
    TokenNotPresent,
    UserNotLoggedIn,
)
from pkcs11.types import DecryptMixin, EncryptMixin, SecretKey
from pydantic import SecretStr

from activities.outer_keys import another, missing
from activities.sealing import NONCE_BYTES, TAG_BYTES
from models.keys import CannotOpen, KeyMissing, Wrapped
from models.settings import Settings
from models.words import OrgId

Result = TypeVar("Result")
LOST = (SessionClosed, SessionHandleInvalid, UserNotLoggedIn, DeviceRemoved, DeviceError, TokenNotPresent)
"""The module was there and the session is not: a module that was restarted is tried once more."""
NOT_OURS = (EncryptedDataInvalid, EncryptedDataLenRange, DataInvalid, FunctionFailed, GeneralError)
"""What modules answer when a tag does not match; PKCS#11 names the first, SoftHSM gives the last."""


class Token:
    """One token, logged in to once and used by one thread at a time.

    A login is the whole process's in PKCS#11, and closing one session of the library's logs out the others. So there
    is one session per token and process, whatever number of desks keep their keys in it.
    """

    def __init__(self, module: str, label: str, pin: SecretStr) -> None:
        self._module, self._label, self._pin = module, label, pin
        self._lock = RLock()
        self._session: Session | None = None

    def do(self, work: Callable[[Session], Result]) -> Result:
        """Raises: KeyMissing: the module, the token or the login is not there."""
        with self._lock:
            try:
                return work(self._opened())
            except LOST:
                self._session = None
            except PKCS11Error:
                raise unreachable() from None
            try:
                return work(self._opened())
            except PKCS11Error:
                self._session = None
                raise unreachable() from None

    def _opened(self) -> Session:
        if self._session is None:
            try:
                token = pkcs11.lib(self._module).get_token(token_label=self._label)
                self._session = token.open(rw=True, user_pin=self._pin.get_secret_value())
            except (PKCS11Error, RuntimeError):
                raise unreachable() from None
        return self._session


@cache
def the_token(module: str, label: str, pin: SecretStr) -> Token:
    """The process's own, since the login is."""
    return Token(module, label, pin)


def unreachable() -> KeyMissing:
    return KeyMissing(
        "Nyckelmodulen (PKCS#11) svarar inte, eller tar inte emot inloggningen. Kontrollera modulen, "
        "UTVAG_PKCS11_TOKEN och UTVAG_PKCS11_PIN. Inget har ändrats.",
        "The key module (PKCS#11) does not answer, or refuses the login. Check the module, UTVAG_PKCS11_TOKEN and "
        "UTVAG_PKCS11_PIN. Nothing was changed.",
    )


def open_token_keys(settings: Settings, org: OrgId) -> TokenKeys:
    """Raises: KeyMissing: the settings do not say which module, which token and how to log in."""
    module, label, pin = settings.pkcs11_module, settings.pkcs11_token, settings.pkcs11_pin
    if module is None or label is None or pin is None:
        raise KeyMissing(
            "Nyckelmodulen är inte angiven: UTVAG_PKCS11_MODULE, UTVAG_PKCS11_TOKEN och UTVAG_PKCS11_PIN behövs.",
            "The key module is not set: UTVAG_PKCS11_MODULE, UTVAG_PKCS11_TOKEN and UTVAG_PKCS11_PIN are needed.",
        )
    return TokenKeys(org, the_token(str(module), label, pin))


class TokenKeys:
    """One AES key object per version in a token.

    The token gives no way to refuse a second object under the same label: whoever calls `rotate` has the lock of the
    organisation's key store. Should there be two all the same, neither is used.
    """

    kind = "pkcs11"

    def __init__(self, org: OrgId, token: Token) -> None:
        self._org, self._token = org, token
        self._prefix = f"utvag:{org}:"

    def current(self) -> int:
        if not (versions := self.versions()):
            raise missing(self._org)
        return versions[-1]

    def versions(self) -> tuple[int, ...]:
        def look(session: Session) -> tuple[int, ...]:
            labels = [
                str(key[Attribute.LABEL]) for key in session.get_objects({Attribute.CLASS: ObjectClass.SECRET_KEY})
            ]
            ours = (label.removeprefix(self._prefix) for label in labels if label.startswith(self._prefix))
            return tuple(sorted({int(version) for version in ours if version.isascii() and version.isdigit()}))

        return self._token.do(look)

    def fingerprint(self, version: int) -> str:
        return self._token.do(lambda session: bytes(self._key(session, version)[Attribute.ID]).hex())

    def wrap(self, data_key: bytes, context: bytes) -> Wrapped:
        version, nonce = self.current(), secrets.token_bytes(NONCE_BYTES)

        def encrypt(session: Session) -> bytes:
            parameters = GCMParams(nonce, aad=context, tag_bits=TAG_BYTES * 8)
            key = self._key(session, version)
            if not isinstance(key, EncryptMixin):
                raise another(self._org, version)
            return whole(key.encrypt(data_key, mechanism=Mechanism.AES_GCM, mechanism_param=parameters))

        return Wrapped(version, nonce + self._token.do(encrypt))

    def unwrap(self, wrapped: Wrapped, context: bytes) -> bytes:
        nonce, rest = wrapped.blob[:NONCE_BYTES], wrapped.blob[NONCE_BYTES:]
        if len(rest) < TAG_BYTES:
            raise CannotOpen

        def decrypt(session: Session) -> bytes:
            parameters = GCMParams(nonce, aad=context, tag_bits=TAG_BYTES * 8)
            key = self._key(session, wrapped.version)
            if not isinstance(key, DecryptMixin):
                raise another(self._org, wrapped.version)
            try:
                return whole(key.decrypt(rest, mechanism=Mechanism.AES_GCM, mechanism_param=parameters))
            except NOT_OURS:
                raise CannotOpen from None

        return self._token.do(decrypt)

    def rotate(self) -> int:
        def make(session: Session) -> int:
            version = max(self.versions(), default=0) + 1
            session.generate_key(
                KeyType.AES,
                256,
                id=secrets.token_bytes(8),
                label=f"{self._prefix}{version}",
                store=True,
                capabilities=MechanismFlag.ENCRYPT | MechanismFlag.DECRYPT,
                template={Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False, Attribute.PRIVATE: True},
            )
            return version

        return self._token.do(make)

    def destroy(self, version: int) -> None:
        def end(session: Session) -> None:
            for key in list(self._keys(session, version)):
                key.destroy()

        self._token.do(end)

    def _keys(self, session: Session, version: int) -> list[SecretKey]:
        wanted = {Attribute.CLASS: ObjectClass.SECRET_KEY, Attribute.LABEL: f"{self._prefix}{version}"}
        return [key for key in session.get_objects(wanted) if isinstance(key, SecretKey)]

    def _key(self, session: Session, version: int) -> SecretKey:
        found = self._keys(session, version)
        if len(found) > 1:
            raise another(self._org, version)
        if not found:
            raise missing(self._org, version)
        return found[0]


def whole(answer: bytes | Iterator[bytes]) -> bytes:
    """The library answers in pieces when it is asked in pieces."""
    return answer if isinstance(answer, bytes) else b"".join(answer)
