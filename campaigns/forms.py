from typing import Any

from django import forms
from django.contrib.auth.forms import BaseUserCreationForm
from django.utils.translation import gettext_lazy as _

from campaigns.models import Campaign, Role, Taxonomy, User
from campaigns.rules import CHANGEABLE


class CampaignForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """Asks for the taxonomy where there are several."""

    class Meta:
        model = Campaign
        fields = ["name", "slug", "taxonomy"]
        labels = {"slug": _("Short name"), "taxonomy": _("Taxonomy")}
        help_texts = {"slug": _("Letters, digits and hyphens; it stands in addresses and commands.")}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        several = Taxonomy.objects.order_by("title", "pk")
        self.fields["taxonomy"].queryset = several  # type: ignore[attr-defined]
        if len(several[:2]) < 2:
            del self.fields["taxonomy"]


class RulesForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    class Meta:
        model = Campaign
        fields = CHANGEABLE


class GuidelineForm(forms.Form):
    text = forms.CharField(
        label=_("Guideline"), required=False, strip=False, widget=forms.Textarea(attrs={"class": "mono", "rows": 24})
    )


class InvitationForm(forms.Form):
    roles = forms.MultipleChoiceField(label=_("Roles"), choices=Role.choices, widget=forms.CheckboxSelectMultiple)
    note = forms.CharField(
        label=_("For whom"),
        max_length=200,
        required=False,
        help_text=_("Only leads see this, to tell invitations apart."),
    )


class JoinForm(BaseUserCreationForm):  # type: ignore[type-arg]
    """A new account, made by following an invitation."""

    class Meta:
        model = User
        fields = ["username", "first_name", "last_name"]

    def account(self) -> dict[str, str]:
        """What was filled in, under the names that the action gives it."""
        names = {"username", "first_name", "last_name"}
        given = {name: value for name, value in self.cleaned_data.items() if name in names}
        return given | {"password": self.cleaned_data["password1"]}


class AccountForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    class Meta:
        model = User
        fields: list[Any] = ["first_name", "last_name", "email"]
