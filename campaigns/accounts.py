"""Every write to accounts. An event says that an account has changed and what of it, never a password or an address."""

from datetime import datetime

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from campaigns import actions, events
from campaigns.access import NotAllowed
from campaigns.models import User, Verb


class BadAccount(Exception):
    """The name is taken or cannot be one, or the password is too weak; says why."""


def create_account(
    *,
    username: str,
    password: str,
    by: User | None,
    now: datetime,
    first_name: str = "",
    last_name: str = "",
    is_staff: bool = False,
) -> User:
    """`by` is None at the terminal, and where people make their own. Raises BadAccount."""
    user = User(username=username, first_name=first_name, last_name=last_name, is_staff=is_staff)
    _check(user)
    _set_password(user, password)
    _save(user, by, now)
    return user


def join(*, secret: str, username: str, password: str, first_name: str, last_name: str, now: datetime) -> User:
    """A new account with the roles of an invitation, or neither. Raises BadInvitation and BadAccount."""
    user = User(username=username, first_name=first_name, last_name=last_name)
    _check(user)
    _set_password(user, password)
    with transaction.atomic():
        _save(user, None, now)
        actions.accept_invitation(secret=secret, user=user, now=now)
    return user


def rename_account(*, user: User, first_name: str, last_name: str, email: str, by: User | None, now: datetime) -> None:
    """Raises NotAllowed and BadAccount."""
    _require_own(user, by)
    wanted = {"first_name": first_name, "last_name": last_name, "email": email}
    account = User.objects.get(pk=user.pk)
    changed = [name for name, value in wanted.items() if getattr(account, name) != value]
    if not changed:
        return
    for name in changed:
        setattr(account, name, wanted[name])
    _check(account)
    with transaction.atomic():
        account.save(update_fields=changed)
        events.record(Verb.ACCOUNT_CHANGED, account, campaign=None, by=by, now=now, data={"changed": changed})


def change_password(*, user: User, password: str, by: User | None, now: datetime) -> None:
    """Raises NotAllowed and BadAccount."""
    _require_own(user, by)
    _set_password(user, password)
    with transaction.atomic():
        user.save(update_fields=["password"])
        events.record(Verb.PASSWORD_CHANGED, user, campaign=None, by=by, now=now)


def _require_own(user: User, by: User | None) -> None:
    if by is not None and by.pk != user.pk:
        raise NotAllowed(_("This is another person's account."))


def _check(user: User) -> None:
    try:
        user.full_clean(exclude=["password"])
    except ValidationError as error:
        raise BadAccount(" ".join(error.messages)) from error


def _set_password(user: User, password: str) -> None:
    """Slow on purpose, and so before any transaction."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise BadAccount(" ".join(error.messages)) from error
    user.set_password(password)


def _save(user: User, by: User | None, now: datetime) -> None:
    try:
        with transaction.atomic():
            user.save()
            data = {"staff": user.is_staff}
            events.record(Verb.ACCOUNT_CREATED, user, campaign=None, by=by, now=now, data=data)
    except IntegrityError as error:  # somebody took the name since it was checked
        raise BadAccount(_("There is such a user already.")) from error
