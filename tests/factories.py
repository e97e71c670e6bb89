"""Rows for tests, made through the actions wherever there is one."""

import hashlib
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from campaigns import actions as campaigns
from campaigns.models import Campaign, Category, Role, Taxonomy, User
from sampling.models import Cluster, ClusterRun, Corpus, Document, Draw, Seed

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PASSWORD = "correct-horse-battery"  # of no real account

_numbers = count(1)


def later(minutes: float = 0, days: float = 0) -> datetime:
    return NOW + timedelta(minutes=minutes, days=days)


def make_user(username: str = "", **fields: Any) -> User:
    user = User(username=username or f"user-{next(_numbers)}", **fields)
    user.set_password(PASSWORD)
    user.save()
    return user


def shipped_taxonomy() -> Taxonomy:
    """Loaded by the first campaign of a test; nothing of it is kept from test to test."""
    return Taxonomy.objects.first() or campaigns.load_taxonomy()


def make_campaign(slug: str = "", **rules: Any) -> Campaign:
    slug = slug or f"campaign-{next(_numbers)}"
    campaign = campaigns.create_campaign(
        slug=slug, name=slug.title(), taxonomy=shipped_taxonomy(), now=NOW, is_demo=rules.pop("is_demo", False)
    )
    if rules:
        campaigns.change_rules(campaign=campaign, rules=rules, by=None, now=NOW)
    return campaign


def make_member(campaign: Campaign, *roles: str, **fields: Any) -> User:
    user = make_user(**fields)
    for role in roles:
        campaigns.add_member(campaign=campaign, user=user, role=role, by=None, now=NOW)
    return user


def make_lead(campaign: Campaign, **fields: Any) -> User:
    return make_member(campaign, Role.LEAD, **fields)


def make_annotator(campaign: Campaign, **fields: Any) -> User:
    return make_member(campaign, Role.ANNOTATOR, **fields)


def make_reviewer(campaign: Campaign, **fields: Any) -> User:
    return make_member(campaign, Role.REVIEWER, **fields)


def category(campaign: Campaign, slug: str = "data-structures") -> Category:
    return campaign.taxonomy.categories.get(slug=slug)


def make_corpus(name: str = "") -> Corpus:
    return Corpus.objects.create(name=name or f"corpus-{next(_numbers)}", created_at=NOW)


def make_document(corpus: Corpus, **fields: Any) -> Document:
    number = next(_numbers)
    fields = {"title": f"Question {number}", "text": f"How is task number {number} done in Python?", **fields}
    digest = hashlib.sha256(repr(sorted(fields.items())).encode()).hexdigest()
    given = {
        "key": f"document-{number}",
        "url": f"https://qa.example.org/{number}",
        "licence": "CC BY-SA 4.0",
        "natural_language": "en",
        "programming_languages": ["Python"],
        "source_file": "questions.jsonl",
        "raw_digest": digest,
        "text_digest": digest,
        "raw_characters": len(fields["text"]),
        "imported_at": NOW,
    }
    return Document.objects.create(corpus=corpus, **(given | fields))


def make_seeds(
    campaign: Campaign, number: int = 1, *, in_category: str = "data-structures", **fields: Any
) -> list[Seed]:
    """Drawn seeds of one category and one cluster; `fields` go to their documents.

    The only rows here that no action made: drawing needs embeddings, which most tests can do without.
    """
    corpus = make_corpus()
    run = ClusterRun.objects.create(
        corpus=corpus,
        model="none",
        corpus_digest="0" * 64,
        method="none",
        k=1,
        asked_k=1,
        seed=0,
        digest="0" * 64,
        created_at=NOW,
    )
    chosen = category(campaign, in_category)
    cluster = Cluster.objects.create(run=run, number=0, size=number, keywords=["task"], proposed=chosen, score=1.0)
    draw = Draw.objects.create(
        campaign=campaign, corpus=corpus, run=run, per_category=number, seed=0, inputs_digest="0" * 64,
        index_digest="0" * 64, created_at=NOW,
    )  # fmt: skip
    first = campaign.seeds.count()
    return [
        Seed.objects.create(
            campaign=campaign, draw=draw, document=make_document(corpus, **fields), category=chosen, cluster=cluster,
            rank=first + place,
        )
        for place in range(number)
    ]  # fmt: skip
