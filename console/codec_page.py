"""The one page of the codec server: log in with a purpose, or see until when you are logged in."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from console.codec_operators import IDLE, LONGEST, Session
from models.access import Purpose

WORDS = {
    Purpose.INCIDENT: "Incident eller fel | Incident or fault",
    Purpose.REVIEW_LOGS: "Logguppföljning | Log review",
    Purpose.CORRECT_DATA: "Rättelse | Correction",
}
FRAME = """<!doctype html>
<html lang="sv"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Utväg – avkodning | decoding</title>
<style>body{{font:1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:3rem auto;padding:0 1rem;color:#1a1a1a}}
label{{display:block;margin:1rem 0 .25rem}}input,select,button{{font:inherit;padding:.5rem;width:100%;
box-sizing:border-box;border:1px solid #595959;border-radius:4px}}button{{margin-top:1.5rem;background:#0b4f8a;
color:#fff;border-color:#0b4f8a}}[lang=en]{{color:#595959}}</style></head>
<body><main>{content}</main></body></html>"""
FORM = """<h1>Avkodning</h1>
<p>Här öppnas det som Temporal har lagrat förseglat. Det är koder, inga personuppgifter. Varje läsning loggas.</p>
<p lang="en">Opens what Temporal stores sealed: codes, no personal data. Every look is audited.</p>
<form method="post" action="/login" autocomplete="off">
<label for="user">Konto | Account</label><input id="user" name="user" required maxlength="40" autocapitalize="none">
<label for="secret">Hemlighet | Secret</label><input id="secret" name="secret" type="password" required maxlength="200">
<label for="purpose">Ändamål | Purpose</label><select id="purpose" name="purpose" required>{options}</select>
<button>Logga in | Log in</button></form>"""
INSIDE = """<h1>Du är inloggad</h1>
<p>Konto {user}. Ändamål: {purpose}. Ange den här adressen som codec endpoint i Temporal, med kakor (credentials).
Inloggningen upphör efter {idle} minuter utan läsning, senast efter {longest} timmar.</p>
<p lang="en">Logged in. Give this address to Temporal as codec endpoint, with credentials included. Ends after {idle}
minutes without a look, and after {longest} hours at the latest.</p>
<form method="post" action="/logout"><button>Logga ut | Log out</button></form>"""


def page(session: Session | None, purposes: Sequence[Purpose]) -> str:
    if session is None:
        options = "".join(f'<option value="{one}">{escape(WORDS[one])}</option>' for one in purposes)
        return FRAME.format(content=FORM.format(options=options))
    told = {"user": escape(session.user), "purpose": escape(WORDS[session.purpose])}
    idle, longest = IDLE.seconds // 60, LONGEST.seconds // 3600
    return FRAME.format(content=INSIDE.format(**told, idle=idle, longest=longest))
