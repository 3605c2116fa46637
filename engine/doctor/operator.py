"""What an operator still has to say: who writes, whom to tell, who may look."""

from collections.abc import Iterator
from ipaddress import ip_address

from engine.doctor.finding import Finding, fine, problem, warning
from engine.doctor.patient import Patient

EXAMPLE_ADDRESS = "Exampletown"


def check_sender(patient: Patient) -> Iterator[Finding]:
    """Whether messages say who really writes."""
    sender = patient.settings.sender
    good = True
    if patient.domain == "example" or patient.domain.endswith(".example"):
        good = False
        yield problem("sender", "`sender.email` is still the example.", "Set it to the address your emails come from.")
    if EXAMPLE_ADDRESS in sender.postal_address:
        good = False
        mend = "Set your own: the law wants one in every email (CAN-SPAM, CASL)."
        yield problem("sender", "`sender.postal_address` is still the example.", mend)
    if good:
        yield fine("sender", "Sender and postal address are your own.")


def check_alerts(patient: Patient) -> Iterator[Finding]:
    """Whether anybody is told when something is out of order."""
    alerts = patient.settings.alerts
    if alerts.email is None and alerts.webhook is None:
        what = "Nobody is told when words speak of danger, or messages do not leave."
        yield problem("telling", what, "Set `alerts.email` to a mailbox that somebody reads (docs/monitoring.md).")
    elif alerts.email is None:
        yield warning(
            "telling", "`alerts.email` is not set.", "Set it, so that a webhook that fails is not all there is."
        )
    else:
        yield fine("telling", "The operator is told by email" + (" and webhook." if alerts.webhook else "."))
    if alerts.webhook is not None and not alerts.webhook.startswith("https://"):
        yield warning("telling", "`alerts.webhook` is not https.", "Use https unless it stays on this machine.")


def check_metrics(patient: Patient) -> Iterator[Finding]:
    """Whether figures are shown to whom they are meant for."""
    metrics = patient.settings.metrics
    if metrics.port is None and metrics.token is None:
        yield fine("metrics", "`/metrics` is not served.")
    elif metrics.port is not None and metrics.token is None and not _loopback(metrics.host):
        mend = "Set `metrics.token`, or `metrics.host` to an address that only your Prometheus reaches."
        yield warning("metrics", f"Anybody who reaches {metrics.host} port {metrics.port} may read the metrics.", mend)
    else:
        yield fine("metrics", "`/metrics` is served to whom it is meant for.")


def check_help(patient: Patient) -> Iterator[Finding]:
    """Whether somebody has looked at where people in danger are sent."""
    own = [patient.settings.path(folder) / "resources" for folder in patient.settings.templates]
    if any(any(folder.glob("*.toml")) for folder in own if folder.is_dir()):
        yield fine("help", "Lines of help of your own are in use.")
    else:
        what = "Where people in danger are sent is as shipped, and nobody here has confirmed it."
        mend = "Call the lines of your countries once, and copy their files to templates/resources/ (docs/safety.md)."
        yield warning("help", what, mend)


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
