"""How far a campaign is, stage by stage, and what moves each stage on."""

from dataclasses import dataclass, field
from typing import Literal

from django.conf import settings
from django.db.models import Count
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotation.models import Item
from annotation.progress import queue_counts
from benchmark.progress import release_counts
from campaigns.models import Campaign, Role
from decontamination.models import Reference
from sampling.models import Corpus
from sampling.queries.progress import CorpusState, corpus_state

State = Literal["done", "next", "later"]


@dataclass
class Stage:
    key: str
    title: str
    done: bool
    facts: list[str] = field(default_factory=list)
    command: str = ""
    link: tuple[str, str] | None = None
    warning: str = ""
    state: State = "later"


def stages(campaign: Campaign, corpus: Corpus | None) -> list[Stage]:
    """In order; the first that is not done is the next one."""
    state = corpus_state(corpus) if corpus else None
    name = corpus.name if corpus else "NAME"
    rows = [
        _corpus(state, name),
        _references(),
        *_topics(state, name, campaign),
        _draw(campaign, name),
        _people(campaign),
        _work(campaign),
        _release(campaign),
    ]
    for row in rows:
        if row.done:
            row.state = "done"
    following = next((row for row in rows if not row.done), None)
    if following:
        following.state = "next"
    return rows


def _number(count: int, one: str, many: str) -> str:
    return ngettext(one, many, count).replace("%d", f"{count:,}")


def _corpus(state: CorpusState | None, name: str) -> Stage:
    stage = Stage("corpus", _("Import a corpus"), done=bool(state and state.documents))
    stage.command = f"manage.py import_corpus FILE… --corpus {name}"
    if state:
        stage.facts = [
            _number(state.documents, "%d document", "%d documents"),
            _number(state.duplicates, "%d duplicate", "%d duplicates"),
            _number(state.empty, "%d without words", "%d without words"),
        ]
    return stage


def _references() -> Stage:
    found = list(Reference.objects.in_force())
    stage = Stage("references", _("Load the reference benchmarks"), done=bool(found))
    stage.facts = [f"{reference.name}: {reference.prompt_count:,}" for reference in found]
    stage.command = "manage.py load_references mbpp multipl-e mceval naturalcodebench humaneval --from DIR"
    return stage


def _topics(state: CorpusState | None, name: str, campaign: Campaign) -> list[Stage]:
    embed = Stage("embed", _("Embed"), done=bool(state and state.usable and state.embedded >= state.usable))
    embed.command = f"manage.py embed_corpus {name}"
    placed = bool(state and state.run and state.clustered >= state.usable)
    cluster = Stage("cluster", _("Cluster"), done=placed and not (state and state.other_model))
    cluster.command = f"manage.py cluster_corpus {name}"
    classify = Stage("classify", _("Classify into topics"), done=bool(state and state.classified))
    classify.command = f"manage.py classify_clusters {name}"
    if state:
        embed.facts = [_("%(done)s of %(all)s texts") % {"done": f"{state.embedded:,}", "all": f"{state.usable:,}"}]
        if state.model:
            embed.facts.append(state.model)
        if state.poorly_read:
            embed.warning = _(
                "The embedding model can hardly tell texts in these languages apart: %(languages)s. "
                "Their clusters will be poor. A multilingual model is better, or, without any download, "
                "QUORUM_EMBEDDING_MODEL=%(other)s."
            ) % {"languages": ", ".join(state.poorly_read), "other": f"{settings.EMBEDDING_MODEL}+lexical:{name}"}
        if state.run:
            _clusters(cluster, state)
            cluster.link = (reverse("sampling:map", args=[campaign.slug]) + f"?corpus={name}", _("Look at the map"))
        if state.classified:
            decided = campaign.cluster_decisions.filter(cluster__run=state.run)
            overruled, excluded = decided.exclude(category=None).count(), decided.exclude(exclusion="").count()
            classify.facts = [
                _number(overruled, "%d overruled by a person", "%d overruled by a person"),
                _number(excluded, "%d cluster excluded", "%d clusters excluded"),
            ]
            classify.link = (reverse("sampling:clusters", args=[campaign.slug]), _("Look at the clusters"))
    return [embed, cluster, classify]


def _clusters(stage: Stage, state: CorpusState) -> None:
    """What the stage says of a run, and what it warns of."""
    stage.facts = [_number(state.clusters, "%d cluster", "%d clusters"), state.run.method if state.run else ""]
    if waiting := state.usable - state.clustered:
        stage.facts.append(_number(waiting, "%d document has no place yet", "%d documents have no place yet"))
    if state.drift and state.drift.assigned:
        stage.facts.append(_number(state.drift.assigned, "%d assigned later", "%d assigned later"))
        if state.drift.ratio is not None:
            stage.facts.append(_("drift %(ratio)s") % {"ratio": f"{state.drift.ratio:.2f}"})
    if state.run and state.other_model:
        stage.warning = _(
            "The clusters are of another embedding model than the one in use: %(model)s. If that is the one you mean, "
            "start the site with its QUORUM_EMBEDDING_MODEL; else make new clusters."
        ) % {"model": state.run.model}
        stage.command += " --again"
    elif state.drift and state.drift.far:
        stage.warning = _("What came later is unlike the clusters. New ones (--again) would fit it better.")


def _draw(campaign: Campaign, name: str) -> Stage:
    counts = queue_counts(campaign)
    stage = Stage("draw", _("Draw seeds"), done=counts.total > 0)
    stage.command = f"manage.py draw_seeds {campaign.slug} --corpus {name}"
    stage.facts = [_number(counts.total, "%d seed", "%d seeds")]
    latest = campaign.draws.order_by("-created_at", "-pk").first()
    if latest:
        left_out = latest.exclusions.values_list("reason").annotate(number=Count("pk")).order_by("reason")
        labels = dict(latest.exclusions.model.Reason.choices)
        stage.facts += [
            _("left out by the last draw: %(number)s (%(reason)s)")
            % {"number": f"{number:,}", "reason": labels[reason]}
            for reason, number in left_out
        ]
        stage.link = (reverse("sampling:draws", args=[campaign.slug]), _("Look at the draws"))
    return stage


def _people(campaign: Campaign) -> Stage:
    rows = campaign.memberships.values_list("role").annotate(number=Count("pk"))
    counts = {str(role): number for role, number in rows.order_by("role")}
    enough = counts.get(Role.ANNOTATOR, 0) > 0 and counts.get(Role.REVIEWER, 0) >= campaign.reviewers
    stage = Stage("people", _("Invite people"), done=enough)
    stage.facts = [f"{Role(role).label}: {number}" for role, number in counts.items()]
    stage.link = (reverse("campaigns:members", args=[campaign.slug]), _("Members and invitations"))
    if not enough:
        stage.warning = _("An item needs %(number)d reviewers, none of whom wrote it.") % {"number": campaign.reviewers}
    return stage


def _work(campaign: Campaign) -> Stage:
    seeds = queue_counts(campaign)
    rows = campaign.items.values_list("status").annotate(number=Count("pk"))
    items = {str(status): number for status, number in rows.order_by("status")}
    waiting = seeds.drawn + seeds.claimed + items.get(Item.Status.IN_REVIEW, 0) + items.get(Item.Status.RETURNED, 0)
    stage = Stage("work", _("Annotate and review"), done=seeds.total > 0 and waiting == 0)
    stage.facts = [
        _number(seeds.drawn, "%d seed waits", "%d seeds wait"),
        _number(seeds.claimed, "%d being written", "%d being written"),
        _number(seeds.skipped, "%d skipped", "%d skipped"),
        *(f"{Item.Status(status).label}: {number:,}" for status, number in items.items()),
    ]
    stage.link = (reverse("review:dashboard", args=[campaign.slug]), _("Dashboard"))
    if seeds.skipped:
        stage.link = (reverse("annotation:skipped", args=[campaign.slug]), _("Look at the skipped seeds"))
    return stage


def _release(campaign: Campaign) -> Stage:
    counts = release_counts(campaign)
    stage = Stage("release", _("Release"), done=counts.newest is not None)
    stage.command = f"manage.py export_benchmark --campaign {campaign.slug} --out DIR"
    stage.link = (reverse("benchmark:releases", args=[campaign.slug]), _("Releases"))
    if counts.newest is not None:
        stage.facts = [
            _number(counts.releases, "%d release", "%d releases"),
            _number(counts.items, "%d item in the newest", "%d items in the newest"),
        ]
    return stage
