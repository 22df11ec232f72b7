"""Errors the house raises on purpose: a code for programs, a sentence in zh and en for people.

The edge turns them into HTTP, the command line into exit status 1, the console into a notice. Domain code
never speaks HTTP itself.
"""

from __future__ import annotations

from huitou.kit.text import Text, say


class HuitouError(Exception):
    """A refusal with a reason. `permanent` is False where the same call may succeed later."""

    code = "error"

    def __init__(self, message: Text, *, code: str | None = None, permanent: bool = True) -> None:
        self.message = message
        self.code = code or type(self).code
        self.permanent = permanent
        super().__init__(say(message, "en"))


class Refused(HuitouError):
    """The request is understood and will not be carried out."""

    code = "refused"


class NotAllowed(HuitouError):
    """Somebody else may do this: the message says who."""

    code = "not_allowed"


class NotFound(HuitouError):
    """The thing named does not exist."""

    code = "not_found"


class Rejected(HuitouError):
    """One row or event is unusable: names the field and the reason; the rest goes through."""

    code = "rejected"

    def __init__(self, field: str, message: Text) -> None:
        self.field = field
        super().__init__(message)

    @property
    def reason(self) -> str:
        return say(self.told, "en")

    @property
    def told(self) -> Text:
        """The field and the reason, in every language the reason has."""
        colon = {"zh": "："}
        named = ((language, f"{self.field}{colon.get(language, ': ')}") for language in self.message)
        return {language: (where if self.field else "") + self.message[language] for language, where in named}


class Unavailable(HuitouError):
    """A part the house needs (database, mail server) cannot be used at the moment."""

    code = "unavailable"

    def __init__(self, message: Text) -> None:
        super().__init__(message, permanent=False)
