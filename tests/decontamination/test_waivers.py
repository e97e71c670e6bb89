"""Shared words that a lead lets pass: the very words, in one campaign, with a reason, undone by its own act."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from campaigns.access import NotAllowed
from campaigns.models import Campaign, Event, Verb
from decontamination import actions, waivers
from decontamination.checks import current_check
from decontamination.leaks import Match, Prompt
from decontamination.models import Waiver, WaiverRequest, WaiverWithdrawal
from tests.constraints import refused
from tests.factories import NOW, later, make_annotator, make_campaign, make_lead

pytestmark = pytest.mark.django_db

HEADER = (
    "using System; using System.Numerics; using System.Diagnostics; "
    "using System.Collections.Generic; using System.Linq;"
)
TEXT = f"```csharp\n{HEADER}\nclass Mine {{ }}\n```\nWhat does this program do?"
PROMPTS = [
    Prompt("multipl-e", "1", f"{HEADER} class Problem {{ // Sort the given list of numbers"),
    Prompt("multipl-e", "2", f"{HEADER} class Problem {{ // Reverse the given string"),
]


@pytest.fixture
def campaign() -> Campaign:
    actions.load_reference(name="multipl-e", prompts=PROMPTS, source="x", by=None, now=NOW)
    return make_campaign()


def run(campaign: Campaign, text: str = TEXT) -> Match:
    return current_check(campaign).leaks(text)[0]


def waive(campaign: Campaign, text: str = TEXT, minutes: float = 0) -> Waiver:
    words = current_check(campaign).index.matches(text)[0].run
    return waivers.waive(campaign=campaign, run=words, reason="Imports.", by=make_lead(campaign), now=later(minutes))


def test_waived_words_are_no_leak_whatever_prompt_they_stand_in(campaign: Campaign) -> None:
    check = current_check(campaign)
    assert [match.key for match in check.leaks(TEXT)] == ["1", "2"]
    waiver = waive(campaign)
    assert (waiver.words, waiver.prompts, waiver.key) == (16, 2, "1")
    check = current_check(campaign)
    assert check.leaks(TEXT) == []
    assert [match.key for match in check.waived(TEXT)] == ["1", "2"]
    assert check.scan(["nothing", TEXT]).tolist() == [False, False]


@pytest.mark.parametrize("longer", ["class Problem", "class"])
def test_one_word_more_is_a_leak_again(campaign: Campaign, longer: str) -> None:
    waive(campaign, TEXT.replace("class Mine", "struct Mine"))
    text = TEXT.replace("class Mine", longer + " {")
    check = current_check(campaign)
    assert len(check.leaks(text)) == 2
    assert check.scan([text]).tolist() == [True]


def test_other_leaks_of_the_same_text_stay(campaign: Campaign) -> None:
    waive(campaign)
    text = f"{TEXT}\n{HEADER} class Problem {{ // Sort"
    assert current_check(campaign).leaks(text)
    assert current_check(campaign).scan([text]).tolist() == [True]


def test_a_waiver_holds_in_its_campaign_only(campaign: Campaign) -> None:
    waive(campaign)
    assert current_check(make_campaign()).leaks(TEXT)


def test_a_waiver_says_who_what_and_why_in_the_event_log(campaign: Campaign) -> None:
    waiver = waive(campaign)
    event = Event.objects.get(verb=Verb.WORDS_WAIVED)
    assert (event.actor, event.campaign) == (waiver.by, campaign)
    assert event.data["reason"] == "Imports."
    assert event.data["digest"] == waiver.digest == current_check(campaign).waived(TEXT)[0].digest
    assert event.data["prompts"] == 2


def test_waiving_twice_is_one_waiver(campaign: Campaign) -> None:
    assert waive(campaign) == waive(campaign, minutes=1)
    assert Event.objects.filter(verb=Verb.WORDS_WAIVED).count() == 1


def test_a_withdrawn_waiver_leaks_again_and_can_be_granted_again(campaign: Campaign) -> None:
    waiver = waive(campaign)
    waivers.withdraw(waiver=waiver, reason="Too broad.", by=make_lead(campaign), now=later(1))
    waivers.withdraw(waiver=waiver, reason="Too broad.", by=make_lead(campaign), now=later(2))
    assert Event.objects.filter(verb=Verb.WAIVER_WITHDRAWN).count() == 1
    assert current_check(campaign).leaks(TEXT)
    again = waive(campaign, minutes=3)
    assert again != waiver
    assert current_check(campaign).leaks(TEXT) == []


def test_only_a_lead_with_a_reason_waives_and_only_what_is_shared(campaign: Campaign) -> None:
    words, lead = run(campaign).run, make_lead(campaign)
    with pytest.raises(NotAllowed):
        waivers.waive(campaign=campaign, run=words, reason="x", by=make_annotator(campaign), now=NOW)
    with pytest.raises(NotAllowed):
        waivers.waive(campaign=campaign, run=words, reason="x", by=make_lead(make_campaign()), now=NOW)
    with pytest.raises(waivers.WaiverReasonMissing):
        waivers.waive(campaign=campaign, run=words, reason=" \n", by=lead, now=NOW)
    for other in ("", "words that stand nowhere", words + " mine", words.rsplit(" ", 7)[0]):
        with pytest.raises(waivers.NotShared):
            waivers.waive(campaign=campaign, run=other, reason="x", by=lead, now=NOW)
    assert not Waiver.objects.exists()


def test_the_database_keeps_waivers_as_they_are(campaign: Campaign) -> None:
    waiver = waive(campaign)
    waiting = waivers.ask(
        campaign=campaign, match=current_check(campaign).waived(TEXT)[0], note="", by=make_annotator(campaign), now=NOW
    )
    fields = {name: getattr(waiver, name) for name in ("campaign", "digest", "run", "words", "prompts", "by", "at")}
    fields |= {"reference": "r", "key": "k"}
    attempts: dict[str, Callable[[], object]] = {
        "waivers_append_only": lambda: Waiver.objects.update(reason="other"),
        "one_waiver_in_force_per_words": lambda: Waiver.objects.create(**fields, reason="x"),
        "waiver_has_a_reason": lambda: Waiver.objects.create(**{**fields, "digest": "1" * 64}, reason=""),
        "waiver_has_words": lambda: Waiver.objects.create(**{**fields, "digest": "1" * 64, "run": ""}, reason="x"),
        "waiver_withdrawal_has_a_reason": lambda: WaiverWithdrawal.objects.create(
            waiver=waiver, reason="", by=waiver.by, at=NOW
        ),
        "waiver_request_answered_by_someone": lambda: WaiverRequest.objects.update(closed_at=NOW),
        "one_open_waiver_request_per_words": lambda: WaiverRequest.objects.create(
            campaign=campaign, digest=waiting.digest, run="x", words=1, asked_by=waiver.by, asked_at=NOW
        ),
    }
    for name, attempt in attempts.items():
        with refused(name):
            attempt()
    waivers.withdraw(waiver=waiver, reason="x", by=waiver.by, now=NOW)
    with refused("waiver_withdrawals_append_only"):
        WaiverWithdrawal.objects.all().delete()


def test_a_request_is_answered_by_a_waiver_or_declined(campaign: Campaign) -> None:
    annotator, lead = make_annotator(campaign), make_lead(campaign)
    match = run(campaign)
    asked = waivers.ask(campaign=campaign, match=match, note=" only\nimports", by=annotator, now=NOW)
    assert waivers.ask(campaign=campaign, match=match, note="again", by=annotator, now=NOW) == asked
    assert asked.note == "only imports"
    with pytest.raises(NotAllowed):
        waivers.decline(request=asked, reason="no", by=annotator, now=NOW)
    waivers.decline(request=asked, reason="Write your own.", by=lead, now=NOW)
    asked.refresh_from_db()
    assert (asked.granted, asked.answer) == (False, "Write your own.")
    again = waivers.ask(campaign=campaign, match=match, note="", by=annotator, now=later(1))
    assert again != asked
    waivers.waive(campaign=campaign, run=match.run, reason="Imports.", by=lead, now=later(2))
    again.refresh_from_db()
    assert (again.granted, again.closed_by) == (True, lead)


def test_a_lead_waives_on_the_page_and_takes_it_back(campaign: Campaign, client: Client) -> None:
    client.force_login(make_lead(campaign))
    page = reverse("decontamination:waivers", args=[campaign.slug])
    found = client.post(reverse("decontamination:check", args=[campaign.slug]), {"text": TEXT}).content.decode()
    assert "stands in 2 prompts" in found
    assert found.count("<mark>") == 2  # in the text and in the prompt
    match = run(campaign)
    form = {"run": match.run, "key": f"{match.reference} 2", "next": page}
    assert client.post(reverse("decontamination:waive", args=[campaign.slug]), form).headers["Location"] == page
    assert not Waiver.objects.exists()  # no reason was given
    client.post(reverse("decontamination:waive", args=[campaign.slug]), form | {"reason": "Imports."})
    waiver = Waiver.objects.get()
    assert waiver.key == "2"
    assert "Imports." in client.get(page).content.decode()
    client.post(reverse("decontamination:withdraw-waiver", args=[campaign.slug, waiver.pk]), {"reason": "No."})
    shown = client.get(page).content.decode()
    assert "1 withdrawn waiver" in shown


def test_forms_lead_back_to_this_site_only(campaign: Campaign, client: Client) -> None:
    client.force_login(make_lead(campaign))
    form = {"run": "x", "reason": "x", "next": "https://elsewhere.example.org/"}
    answer = client.post(reverse("decontamination:waive", args=[campaign.slug]), form)
    assert answer.headers["Location"] == reverse("decontamination:waivers", args=[campaign.slug])


def test_leads_see_what_annotators_ask(campaign: Campaign, client: Client) -> None:
    lead, match = make_lead(campaign), run(campaign)
    waivers.ask(campaign=campaign, match=match, note="the imports", by=make_annotator(campaign), now=NOW)
    client.force_login(lead)
    assert (
        "1 annotator asks" in client.get(reverse("decontamination:references", args=[campaign.slug])).content.decode()
    )
    shown = client.get(reverse("decontamination:waivers", args=[campaign.slug])).content.decode()
    assert "the imports" in shown
    assert "multipl-e · 1" in shown


def test_nothing_is_boilerplate_by_itself_but_it_is_waived_in_one_click(campaign: Campaign, client: Client) -> None:
    many = [*PROMPTS, *(Prompt("multipl-e", str(n), f"{HEADER} class Problem {{ // task {n}") for n in range(3, 9))]
    actions.load_reference(name="multipl-e", prompts=many, source="x", by=None, now=later(1))
    assert current_check(campaign).leaks(TEXT)
    client.force_login(make_lead(campaign))
    shown = client.post(reverse("decontamination:check", args=[campaign.slug]), {"text": TEXT}).content.decode()
    assert "Waive as boilerplate of 8 prompts" in shown
    assert 'value="boilerplate: stands in 8 reference prompts"' in shown
