"""Ledger tables of running the house: who may sign in as what, who tried, what was used, what was set, who changed it."""

from __future__ import annotations

from django.db import models

from huitou.stores.personal import KEEP, STAFF, THING


class Account(models.Model):
    """What a user may do. A user without one may not sign in."""

    user = models.OneToOneField("auth.User", on_delete=models.CASCADE, primary_key=True, db_column="user_id")
    role = models.TextField()  # admin | operator | analyst
    must_change = models.BooleanField(default=False)  # signed in with a password that somebody else has seen
    session_number = models.IntegerField(default=0)  # sessions of a lower number are over

    personal = {"user_id": STAFF, "role": THING}
    erased_by = KEEP

    class Meta:
        app_label = "huitou"
        db_table = "account"


class SignInTry(models.Model):
    """A try that has not been forgiven; counted from before its password is looked at."""

    name = models.TextField()
    address = models.TextField()
    at = models.BigIntegerField()

    personal = {"name": STAFF, "address": STAFF}
    erased_by = KEEP

    class Meta:
        app_label = "huitou"
        db_table = "sign_in_try"
        indexes = [
            models.Index(fields=["name", "at"], name="sign_in_try_name"),
            models.Index(fields=["address", "at"], name="sign_in_try_address"),
            models.Index(fields=["at"], name="sign_in_try_at"),
        ]


class KnownPlace(models.Model):
    """An address a name has signed in from: others' guesses at the name do not close it there."""

    name = models.TextField()
    address = models.TextField()
    at = models.BigIntegerField()

    personal = {"name": STAFF, "address": STAFF}
    erased_by = KEEP

    class Meta:
        app_label = "huitou"
        db_table = "known_place"
        constraints = [models.UniqueConstraint(fields=["name", "address"], name="known_place_once")]


class RateUse(models.Model):
    """One use of what a user may do only so often (rates.py)."""

    name = models.TextField()
    who = models.TextField()
    at = models.BigIntegerField()

    personal = {"name": THING, "who": STAFF}
    erased_by = KEEP

    class Meta:
        app_label = "huitou"
        db_table = "rate_use"
        indexes = [models.Index(fields=["name", "who", "at"], name="rate_use_who")]


class Setting(models.Model):
    """What was set in the console; secrets encrypted."""

    name = models.TextField(primary_key=True)
    value = models.TextField()

    personal = {"value": STAFF, "name": THING}
    erased_by = KEEP

    class Meta:
        app_label = "huitou"
        db_table = "setting"


class Change(models.Model):
    """Who changed what of settings and users, and when. Never holds a secret."""

    at = models.BigIntegerField()
    by = models.TextField()
    kind = models.TextField()  # setting | user
    subject = models.TextField()  # the setting's or the user's name
    before = models.TextField(default="")
    after = models.TextField(default="")

    personal = {"by": STAFF, "subject": STAFF, "before": STAFF, "after": STAFF}
    erased_by = KEEP

    class Meta:
        app_label = "huitou"
        db_table = "change"
        indexes = [models.Index(fields=["kind", "at"], name="change_kind")]
