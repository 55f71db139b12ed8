"""``hemavision cases readers`` and ``hemavision cases tokens``."""

from __future__ import annotations

import json

import click

from hemavision.cli.case_store import AS_JSON, StoreChoice, pass_choice

ROLES = ("reader", "supervisor", "admin")
_PASSWORD = click.password_option(
    help="Asked for where it is left out, which is better: a command line is seen by others."
)


@click.group()
def readers() -> None:
    """Look after accounts. As soon as there is one, everybody has to log in."""


@readers.command()
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), default=ROLES[0], show_default=True)
@_PASSWORD
@pass_choice
def add(choice: StoreChoice, name: str, role: str, password: str) -> None:
    """Make an account for the reader NAME. The first one is an admin's."""
    from hemavision.store.readers import Role, add_reader

    made = add_reader(choice.open(), name, Role(role), password, choice.reader)
    click.echo(f"{made.name}: {made.role}")


@readers.command("list")
@AS_JSON
@pass_choice
def list_(choice: StoreChoice, as_json: bool) -> None:
    """List the accounts."""
    from hemavision.store.readers import list_readers

    for reader in list_readers(choice.open()):
        if as_json:
            click.echo(json.dumps(reader.to_json()))
        else:
            click.echo(f"{reader.name}: {reader.role}{' (disabled)' if reader.disabled else ''}")


@readers.command()
@click.argument("name")
@pass_choice
def disable(choice: StoreChoice, name: str) -> None:
    """Close the account of NAME, with its sessions and tokens."""
    from hemavision.store.readers import change_reader

    change_reader(choice.open(), name, choice.reader, disabled=True)
    click.echo(f"{name}: disabled")


@readers.command()
@click.argument("name")
@pass_choice
def enable(choice: StoreChoice, name: str) -> None:
    """Open the account of NAME again."""
    from hemavision.store.readers import change_reader

    change_reader(choice.open(), name, choice.reader, disabled=False)
    click.echo(f"{name}: enabled")


@readers.command()
@click.argument("name")
@click.argument("role", type=click.Choice(ROLES))
@pass_choice
def role(choice: StoreChoice, name: str, role: str) -> None:
    """Give NAME another ROLE."""
    from hemavision.store.readers import Role, change_reader

    changed = change_reader(choice.open(), name, choice.reader, role=Role(role))
    click.echo(f"{name}: {changed.role}")


@readers.command()
@click.argument("name")
@_PASSWORD
@pass_choice
def password(choice: StoreChoice, name: str, password: str) -> None:
    """Give NAME another password; sessions and tokens from before end."""
    from hemavision.store.readers import change_reader

    change_reader(choice.open(), name, choice.reader, password=password)
    click.echo(f"{name}: password changed")


@click.group()
def tokens() -> None:
    """Look after tokens, with which programs act as a reader."""


@tokens.command("add")
@click.argument("name")
@click.argument("label")
@AS_JSON
@pass_choice
def add_(choice: StoreChoice, name: str, label: str, as_json: bool) -> None:
    """Make a token for the reader NAME; LABEL says what for. It is printed this once."""
    from hemavision.store.logins import add_token

    token, secret = add_token(choice.open(), name, label, choice.reader)
    click.echo(json.dumps(token.to_json() | {"secret": secret}) if as_json else secret)


@tokens.command("list")
@AS_JSON
@pass_choice
def list_tokens_(choice: StoreChoice, as_json: bool) -> None:
    """List the tokens, without their secrets."""
    from hemavision.store.logins import list_tokens

    for token in list_tokens(choice.open()):
        if as_json:
            click.echo(json.dumps(token.to_json()))
        else:
            ended = f", ended {token.revoked_at[:16]}" if token.revoked_at else ""
            click.echo(f"{token.id:>5}  {token.reader}: {token.label}{ended}")


@tokens.command()
@click.argument("number", type=click.IntRange(1))
@pass_choice
def revoke(choice: StoreChoice, number: int) -> None:
    """End the token of that NUMBER."""
    from hemavision.store.logins import revoke_token

    revoke_token(choice.open(), number, choice.reader)
    click.echo(f"{number}: ended")
