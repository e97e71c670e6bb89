from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from campaigns.models import Campaign, Category
from sampling.models import Corpus

LARGEST = 1_000_000


class DrawForm(forms.Form):
    corpus = forms.ModelChoiceField(Corpus.objects.order_by("name"), to_field_name="name", label=_("corpus"))
    mode = forms.ChoiceField(choices=[("per_category", _("per category")), ("total", _("in total"))], label=_("mode"))
    number = forms.IntegerField(min_value=1, max_value=LARGEST, label=_("number"))

    def target(self) -> dict[str, int]:
        """The number under the name that the action gives it."""
        return {self.cleaned_data["mode"]: self.cleaned_data["number"]}


class OverruleForm(forms.Form):
    category = forms.ModelChoiceField(
        Category.objects.none(), to_field_name="slug", required=False, label=_("Category"), empty_label=_("as proposed")
    )

    def __init__(self, *args: Any, campaign: Campaign, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["category"].queryset = campaign.taxonomy.categories.order_by("position")  # type: ignore[attr-defined]
