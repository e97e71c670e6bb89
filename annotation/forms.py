"""The annotator's forms: laid out here; what a wording must hold is checked by the actions."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any, NamedTuple

from django import forms
from django.db import models
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from annotation import languages
from annotation.actions import BadWording, Leaks
from annotation.models import Difficulty, NaturalLanguage
from annotation.wording import FIELDS, GENERAL
from campaigns.models import Campaign


class Choice(NamedTuple):
    value: str
    checked: bool


def typed(data: QueryDict) -> dict[str, Any]:
    """What was typed, as it was typed: the fields that an action takes."""
    return {name: data.getlist(name) if name == "programming_languages" else data.get(name, "") for name in FIELDS}


class WordingForm(forms.Form):
    """The four steps of writing a query. Nothing is required here, since a draft may be anything."""

    original = forms.CharField(required=False, strip=False, widget=forms.Textarea({"rows": 4}))
    knowledge = forms.CharField(required=False, strip=False, widget=forms.Textarea({"rows": 2}))
    query = forms.CharField(
        required=False, strip=False, widget=forms.Textarea({"rows": 9, "class": "mono tall", "spellcheck": "true"})
    )
    difficulty = forms.ChoiceField(required=False, choices=Difficulty.choices, widget=forms.RadioSelect)
    programming_languages = forms.MultipleChoiceField(required=False)
    natural_language = forms.ChoiceField(required=False, choices=NaturalLanguage.choices)
    category = forms.ChoiceField(required=False)

    def __init__(self, data: QueryDict | None = None, *, campaign: Campaign, **options: Any) -> None:
        self.suggested: Iterable[str] = options.pop("suggested", ())
        super().__init__(data, **options)
        categories = campaign.taxonomy.categories.order_by("position", "pk")
        majors = groupby(categories, key=lambda category: category.major)
        self.fields["category"].choices = [  # type: ignore[attr-defined]
            (major, [(category.slug, category.name) for category in group]) for major, group in majors
        ]
        self.fields["programming_languages"].choices = [  # type: ignore[attr-defined]
            (name, name) for name in languages.names()
        ]

    def _languages(self) -> tuple[list[Choice], list[Choice]]:
        """Those at hand (chosen, the seed's own, the frequent ones) and all others."""
        chosen = set(self["programming_languages"].value() or ())
        every = [name for name in languages.names() if name != GENERAL]
        near = [name for name in languages.names() if name in chosen or name in set(self.suggested)]
        first = dict.fromkeys([*near, *every[: languages.FREQUENT], GENERAL])
        return (
            [Choice(name, name in chosen) for name in first],
            [Choice(name, False) for name in every if name not in first],
        )

    def languages_at_hand(self) -> list[Choice]:
        return self._languages()[0]

    def other_languages(self) -> list[Choice]:
        return self._languages()[1]

    def difficulties(self) -> list[tuple[str, str, bool, int]]:
        """(value, label, checked, key)."""
        chosen = self["difficulty"].value()
        return [
            (str(value), str(label), value == chosen, key)
            for key, (value, label) in enumerate(Difficulty.choices, start=1)
        ]

    def refuse(self, error: BadWording | Leaks) -> None:
        """Show an action's refusal at the fields it is about, and put the cursor into the first of them."""
        errors = error.errors if isinstance(error, BadWording) else {"query": str(error)}
        for name, message in errors.items():
            if not self.has_error(name):
                self.add_error(name, message)
        first = next((name for name in FIELDS if self.has_error(name)), None)
        if first is not None:
            self.fields[first].widget.attrs["autofocus"] = True


class SkipReason(models.TextChoices):
    NOTHING = "nothing answerable in it", _("nothing answerable in it")
    NOT_CODE = "not about code", _("not about code")
    REPEATED = "repeats another seed", _("repeats another seed")
    HARMFUL = "personal or harmful content", _("personal or harmful content")
    UNKNOWN = "outside my knowledge", _("outside my knowledge")


class SkipForm(forms.Form):
    preset = forms.ChoiceField(required=False, choices=SkipReason.choices, widget=forms.RadioSelect)
    note = forms.CharField(required=False, max_length=500)

    def reason(self) -> str:
        """The preset in English, whatever the page's language, and the note; empty if neither is given."""
        if not self.is_valid():
            return ""
        return ": ".join(part for part in (self.cleaned_data["preset"], self.cleaned_data["note"]) if part)
