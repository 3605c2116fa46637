"""Every command and group of commands."""

from engine.console import (
    alerts,
    aside,
    audit,
    bounces,
    campaigns,
    couples,
    database,
    deliveries,
    doctor,
    experiment,
    holds,
    keys,
    operator,
    own_data,
    partners,
    preview,
    replies,
    report,
    sending,
    simulation,
    suppressions,
    transports,
    versions,
    web,
    worker,
    workspace,
)
from engine.console.root import rooted

app = rooted()
for commands in (simulation, preview, workspace, campaigns, sending, worker, holds, web, doctor, report, versions):
    commands.register(app)
partners.register(couples.group)
own_data.register(couples.group)
app.add_typer(couples.group, name="couples")
app.add_typer(deliveries.group, name="deliveries")
app.add_typer(replies.group, name="replies")
app.add_typer(alerts.group, name="alerts")
app.add_typer(aside.group, name="aside")
app.add_typer(suppressions.group, name="suppressions")
app.add_typer(bounces.group, name="bounces")
app.add_typer(transports.group, name="transports")
app.add_typer(experiment.group, name="experiment")
app.add_typer(database.group, name="db")
app.add_typer(audit.group, name="audit")
app.add_typer(keys.group, name="keys")
app.add_typer(operator.group, name="operator")
