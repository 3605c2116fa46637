"""Transports: whether they start, whether their provider takes us, and whether what they hear can be believed."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence

from engine.doctor.finding import Finding, fine, problem, warning
from engine.doctor.patient import Patient
from engine.errors import SettingsError
from engine.model.campaign import Channel
from engine.parts import routes_of
from engine.transport.base import Checkable, Transport
from engine.transport.base import Finding as Tried

SECRETS: Mapping[str, tuple[str, str, bool]] = {
    "sendgrid": ("webhook_key", "No event is believed: bounces and complaints are not heard of", True),
    "twilio": ("auth_token", "No call is believed: STOP and answers by text are not heard", True),
    "smtp": ("bounce_token", "Bounces are not heard of, and addresses that are dead go on being sent to", False),
}
"""By kind of transport: what proves its calls, what happens without it, and whether that breaks a promise."""


def check_channels(patient: Patient) -> Iterator[Finding]:
    """Whether each channel leads to people."""
    for channel in (Channel.EMAIL, Channel.SMS):
        pretended = [name for name in patient.used(channel) if name not in patient.real(channel)]
        if pretended:
            what = f"{channel} goes to {', '.join(pretended)}, which reaches nobody."
            mend = f'Name a provider in [channels] when you go live, such as {channel} = "smtp" (docs/transports.md).'
            yield warning("channels", what, mend.replace('sms = "smtp"', 'sms = "twilio"'))
        else:
            yield fine("channels", f"{channel} goes by {', '.join(patient.used(channel))}.")


def check_transports(patient: Patient) -> Iterator[Finding]:
    """Whether every transport that is used starts, and what it finds of itself."""
    broken = [(name, each) for name, each in patient.built.items() if isinstance(each, SettingsError)]
    for name, error in broken:
        yield problem("transports", f"{name} cannot start: {error}", error.fix)
    if not broken:
        try:
            routes_of(patient.settings)
        except SettingsError as error:
            yield problem("transports", str(error), error.fix)
    if patient.offline:
        return
    works = {name: each for name, each in patient.built.items() if not isinstance(each, SettingsError)}
    for name, tried in asyncio.run(_try(works)).items():
        for each in tried:
            said = f"{name}: {each.what}"
            yield fine("transports", said) if each.good else problem("transports", said, each.fix)


async def _try(transports: Mapping[str, Transport]) -> dict[str, Sequence[Tried]]:
    """What each finds of itself. It changes nothing: `transports check` is what takes a mended one back."""
    found: dict[str, Sequence[Tried]] = {}
    for name, transport in transports.items():
        try:
            found[name] = await transport.check() if isinstance(transport, Checkable) else ()
        except Exception as error:
            found[name] = [Tried(False, f"Its check failed with {type(error).__name__}.", "This is its own mistake.")]
        finally:
            await transport.aclose()
    return found


def check_webhooks(patient: Patient) -> Iterator[Finding]:
    """Whether what providers tell us can be told from what anybody may make up."""
    for name in patient.real():
        if patient.kind(name) not in SECRETS:
            continue
        option, without, needed = SECRETS[patient.kind(name)]
        if patient.has(name, option):
            yield fine("webhooks", f"{name}: its calls are proved by `{option}`.")
        else:
            say = problem if needed else warning
            yield say("webhooks", f"{name} has no `{option}`. {without}.", f"Set it (docs/webhooks.md, {name}).")
