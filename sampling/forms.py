from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from campaigns.access import CampaignRequest
from campaigns.models import Campaign, Category
from sampling.models import Corpus

LARGEST = 1_000_000
_LARGEST_KEY = 2**31 - 1


class DrawForm(forms.Form):
    corpus = forms.ModelChoiceField(Corpus.objects.order_by("name"), to_field_name="name", label=_("corpus"))
    mode = forms.ChoiceField(choices=[("per_category", _("per category")), ("total", _("in total"))], label=_("mode"))
    number = forms.IntegerField(min_value=1, max_value=LARGEST, label=_("number"))

    def target(self) -> dict[str, int]:
        """The number under the name that the action gives it."""
        return {self.cleaned_data["mode"]: self.cleaned_data["number"]}


class DecisionForm(forms.Form):
    """A decision of a cluster; `version` is the state of it that the lead has seen."""

    version = forms.IntegerField(min_value=0, max_value=_LARGEST_KEY, required=False, widget=forms.HiddenInput)

    def by(self, request: CampaignRequest) -> dict[str, Any]:
        """Who decides, for which campaign, when, and having seen what: what every such action is told."""
        return {
            "campaign": request.campaign,
            "by": request.user,
            "now": timezone.now(),
            "version": self.cleaned_data["version"],
        }


class OverruleForm(DecisionForm):
    category = forms.ModelChoiceField(
        Category.objects.none(),
        to_field_name="slug",
        required=False,
        label=_("Category of all its documents"),
        empty_label=_("each document's own"),
        error_messages={"invalid_choice": _("There is no such category.")},
    )

    def __init__(self, *args: Any, campaign: Campaign, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["category"].queryset = campaign.taxonomy.categories.order_by("position")  # type: ignore[attr-defined]


class RenameForm(DecisionForm):
    label = forms.CharField(max_length=120, required=False, label=_("Name"))


class ExcludeForm(DecisionForm):
    """Without a reason the cluster takes part again."""

    OTHER = "other"
    because = forms.ChoiceField(
        choices=[
            ("", _("choose a reason")),
            ("site chrome", _("site chrome")),
            ("not a question", _("not a question")),
            (OTHER, _("another reason")),
        ],
        required=False,
        label=_("Leave it out because it is"),
    )
    other = forms.CharField(max_length=200, required=False, label=_("in your words"))

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        because, other = cleaned.get("because", ""), " ".join(cleaned.get("other", "").split())
        if because == self.OTHER and not other:
            self.add_error("other", _("Say the reason in your words."))
        if because == "" and "because" in self.data:
            self.add_error("because", _("Choose a reason."))
        cleaned["reason"] = other if because == self.OTHER else because
        return cleaned


class MergeForm(DecisionForm):
    """Without a number the cluster stands for itself again."""

    into = forms.IntegerField(
        min_value=0, max_value=_LARGEST_KEY, required=False, label=_("Count it as a part of cluster no.")
    )


class MapForm(forms.Form):
    """How the map is coloured, and the cluster or the place on it that was picked; what makes no sense is ignored."""

    COLOURS = [
        ("major", _("Category")),
        ("natural", _("Natural language")),
        ("programming", _("Programming language")),
        ("topic", _("Cluster")),
    ]
    colour = forms.ChoiceField(choices=COLOURS, required=False)
    cluster = forms.IntegerField(min_value=0, max_value=_LARGEST_KEY, required=False)
    x = forms.FloatField(min_value=0, max_value=1, required=False)
    y = forms.FloatField(min_value=0, max_value=1, required=False)
    r = forms.FloatField(min_value=0, max_value=1, required=False)

    @classmethod
    def asked(cls, query: Mapping[str, Any]) -> dict[str, Any]:
        """What was asked for and makes sense; x, y and r come together or not at all."""
        form = cls(query)
        form.is_valid()
        found = {name: value for name, value in form.cleaned_data.items() if value not in (None, "")}
        place = {"x", "y", "r"}
        return found if place <= found.keys() else {name: found[name] for name in found.keys() - place}
