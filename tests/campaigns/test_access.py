"""Every action of a role asks for it itself, whatever page it is called from."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse

from annotation import actions as annotation
from annotation import leases
from annotation.models import Draft
from benchmark import actions as benchmark
from campaigns import actions
from campaigns.access import NotAllowed
from campaigns.models import Campaign, Role, User
from decontamination import actions as decontamination
from decontamination.leaks import Prompt
from review import actions as review
from sampling import actions as sampling
from sampling.models import Cluster, Seed
from tests.factories import (
    NOW,
    make_annotator,
    make_campaign,
    make_corpus,
    make_lead,
    make_reviewer,
    make_seeds,
    make_user,
    shipped_taxonomy,
)

pytestmark = pytest.mark.django_db

FIELDS = {
    "original": "the need", "knowledge": "lists", "query": "How is a list of numbers sorted in place?",
    "difficulty": "easy", "programming_languages": ["Python"], "natural_language": "en", "category": "data-structures",
}  # fmt: skip


def of_leads(campaign: Campaign) -> dict[str, Callable[[User], Any]]:
    """Each action that takes a lead of this campaign."""
    cluster = Cluster.objects.get(pk=make_seeds(campaign)[0].cluster_id)
    invitation, _secret = actions.invite(campaign=campaign, roles=["annotator"], by=make_lead(campaign), now=NOW)
    member = campaign.memberships.create(user=make_user(), role=Role.REVIEWER, since=NOW)
    decided: dict[str, Any] = {"cluster": cluster, "campaign": campaign, "now": NOW}
    return {
        "rules": lambda by: actions.change_rules(campaign=campaign, rules={"ngram": 8}, by=by, now=NOW),
        "guideline": lambda by: actions.write_guideline(campaign=campaign, text="Be kind.", by=by, now=NOW),
        "add": lambda by: actions.add_member(campaign=campaign, user=by, role=Role.LEAD, by=by, now=NOW),
        "remove": lambda by: actions.remove_member(membership=member, by=by, now=NOW),
        "invite": lambda by: actions.invite(campaign=campaign, roles=["lead"], by=by, now=NOW),
        "uninvite": lambda by: actions.withdraw_invitation(invitation=invitation, by=by, now=NOW),
        "overrule": lambda by: sampling.overrule(category=None, by=by, **decided),
        "rename": lambda by: sampling.rename(label="Lists", by=by, **decided),
        "exclude": lambda by: sampling.exclude(reason="site chrome", by=by, **decided),
        "merge": lambda by: sampling.merge(into=None, by=by, **decided),
        "draw": lambda by: sampling.draw_seeds(campaign=campaign, corpus=make_corpus(), by=by, now=NOW),
        "freeze": lambda by: benchmark.freeze(campaign=campaign, by=by, now=NOW),
    }


@pytest.mark.parametrize("role", [make_annotator, make_reviewer])
def test_what_leads_do_nobody_else_does(role: Callable[[Campaign], User]) -> None:
    campaign = make_campaign()
    acts, others = of_leads(campaign), (role(campaign), make_lead(make_campaign()))
    before = campaign.events.count()
    done = []
    for name, act in acts.items():
        for by in others:
            try:
                act(by)
            except NotAllowed:
                continue
            done.append(name)
    assert done == []
    assert campaign.events.count() == before


def in_hand(campaign: Campaign, by: User) -> Seed:
    make_seeds(campaign)
    seed = leases.claim_next(campaign=campaign, by=by, now=NOW)
    assert seed is not None
    return seed


def test_who_is_no_annotator_any_more_writes_nothing_and_keeps_what_was_saved() -> None:
    campaign = make_campaign()
    author = make_annotator(campaign)
    seed = in_hand(campaign, author)
    annotation.save_draft(seed=seed, token=seed.lease_token, fields=FIELDS, by=author, now=NOW)
    actions.remove_member(membership=campaign.memberships.get(user=author), by=None, now=NOW)
    under: dict[str, Any] = {"seed": seed, "token": seed.lease_token, "by": author, "now": NOW}
    acts: list[Callable[[], Any]] = [
        lambda: annotation.save_draft(fields=FIELDS, **under),
        lambda: annotation.submit(fields=FIELDS, **under),
        lambda: annotation.skip(reason="nothing in it", **under),
        lambda: leases.release(**under),
    ]
    for act in acts:
        with pytest.raises(NotAllowed):
            act()
    seed.refresh_from_db()
    assert (seed.status, seed.holder) == (Seed.Status.CLAIMED, author)
    assert Draft.objects.get(seed=seed).fields["query"] == FIELDS["query"]


def test_who_is_no_annotator_any_more_mends_nothing() -> None:
    campaign = make_campaign()
    author, lead = make_annotator(campaign), make_lead(campaign)
    seed = in_hand(campaign, author)
    item = annotation.submit(seed=seed, token=seed.lease_token, fields=FIELDS, by=author, now=NOW)
    review.send_back(item=item, note="Too broad.", by=lead, now=NOW)
    actions.remove_member(membership=campaign.memberships.get(user=author), by=lead, now=NOW)
    for act in (annotation.save_revision_draft, annotation.revise):
        with pytest.raises(NotAllowed):
            act(item=item, fields=FIELDS, by=author, now=NOW)
    assert item.revision is not None
    with pytest.raises(NotAllowed):
        review.pass_on(revision=item.revision, by=lead, now=NOW)


def test_only_the_installations_lead_changes_what_concerns_all_campaigns() -> None:
    lead = make_lead(make_campaign())
    taxonomy = shipped_taxonomy()
    with pytest.raises(NotAllowed):
        actions.create_campaign(slug="mine", name="Mine", taxonomy=taxonomy, by=lead, now=NOW)
    of_all: dict[str, Any] = {"name": "toy", "prompts": [Prompt("toy", "1", "five words make a prompt")], "source": "x"}
    with pytest.raises(NotAllowed):
        decontamination.load_reference(**of_all, by=lead, now=NOW)
    reference, _new = decontamination.load_reference(**of_all, by=None, now=NOW)
    with pytest.raises(NotAllowed):
        decontamination.retire(reference=reference, by=lead, now=NOW)
    decontamination.retire(reference=reference, by=make_user(is_staff=True), now=NOW)


def test_a_page_answers_403_to_a_refusal_that_it_does_not_catch(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert issubclass(NotAllowed, PermissionDenied)
    campaign = make_campaign()
    author = make_annotator(campaign)
    seed = in_hand(campaign, author)
    client.force_login(author)
    keep = annotation.save_draft

    def removed_meanwhile(**given: Any) -> Draft:
        actions.remove_member(membership=campaign.memberships.get(user=author), by=None, now=NOW)
        return keep(**given)

    monkeypatch.setattr(annotation, "save_draft", removed_meanwhile)
    draft = reverse("annotation:draft", args=[campaign.slug, seed.pk])
    assert client.post(draft, {"token": seed.lease_token, **FIELDS}).status_code == 403
