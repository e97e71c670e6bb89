"""How far a corpus is, as it was counted when it last changed, and how far a campaign's draws are."""

from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from campaigns.models import Campaign
from campaigns.progress import Stage, number
from foundation.counts import count_up_to
from sampling.embedding.model import CannotLoad
from sampling.models import ClusterRun, Corpus, CorpusSummary, DrawExclusion
from sampling.queries.drift import Drift, drift_of
from sampling.queries.embedding import chosen_model, poorly_read_languages


@dataclass(frozen=True)
class CorpusState:
    corpus: Corpus
    is_counted: bool  # else the figures are of before its last change
    documents: int
    duplicates: int
    empty: int
    usable: int  # with a title or a text, and not the duplicate of another
    model: str  # the one in use: its key; empty where it cannot be had
    embedded: int  # of the usable ones
    run: ClusterRun | None  # the newest
    clusters: int
    clustered: int  # usable documents whose words have a place in the newest run
    drift: Drift | None  # of the newest run
    other_model: bool  # whether the newest run is of another model than the one in use
    classified: bool
    languages: list[tuple[str, int]]  # natural languages of documents with words, commonest first
    poorly_read: list[str]  # languages that the embedding model in use can hardly tell texts of apart


def corpus_state(corpus: Corpus) -> CorpusState:
    summary = CorpusSummary.objects.select_related("run").filter(corpus=corpus).first() or CorpusSummary(corpus=corpus)
    usable = summary.documents - summary.empty - summary.duplicates
    run, model = summary.run, _model_in_use()
    embedded = min(summary.embedded, usable) if model and summary.model == model else 0
    if not summary.texts_digest:  # texts came or changed since, of which nobody knows yet whether they have vectors
        embedded = min(embedded, max(usable - 1, 0))
    return CorpusState(
        corpus=corpus,
        is_counted=summary.counted == summary.version,
        documents=summary.documents,
        duplicates=summary.duplicates,
        empty=summary.empty,
        usable=usable,
        model=model,
        embedded=embedded,
        run=run,
        clusters=run.k if run else 0,
        clustered=summary.placed,
        drift=drift_of(summary) if run else None,
        other_model=run is not None and model not in ("", run.model),
        classified=summary.classified,
        languages=[(str(language), number) for language, number in summary.languages],
        poorly_read=poorly_read_languages(corpus, model),
    )


def _model_in_use() -> str:
    """Its key; empty where it cannot be had."""
    try:
        return chosen_model().key
    except CannotLoad:
        return ""


def corpus_stage(state: CorpusState | None, name: str) -> Stage:
    stage = Stage("corpus", _("Import a corpus"), done=bool(state and state.documents))
    stage.command = f"manage.py import_corpus FILE… --corpus {name}"
    if state:
        stage.facts = [
            number(state.documents, "%d document", "%d documents"),
            number(state.duplicates, "%d duplicate", "%d duplicates"),
            number(state.empty, "%d without words", "%d without words"),
        ]
        if not state.is_counted:
            stage.warning = _(
                "These figures are of before its last change: a command is still running, or was cut off. In that case "
                "run it again."
            )
    return stage


def topic_stages(state: CorpusState | None, name: str, campaign: Campaign) -> list[Stage]:
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
                number(overruled, "%d overruled by a person", "%d overruled by a person"),
                number(excluded, "%d cluster excluded", "%d clusters excluded"),
            ]
            classify.link = (reverse("sampling:clusters", args=[campaign.slug]), _("Look at the clusters"))
    return [embed, cluster, classify]


def _clusters(stage: Stage, state: CorpusState) -> None:
    """What the stage says of a run, and what it warns of."""
    stage.facts = [number(state.clusters, "%d cluster", "%d clusters"), state.run.method if state.run else ""]
    if waiting := state.usable - state.clustered:
        stage.facts.append(number(waiting, "%d document has no place yet", "%d documents have no place yet"))
    if state.drift and state.drift.assigned:
        stage.facts.append(number(state.drift.assigned, "%d assigned later", "%d assigned later"))
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


def draw_stage(campaign: Campaign, name: str) -> Stage:
    seeds = count_up_to(campaign.seeds.all())
    stage = Stage("draw", _("Draw seeds"), done=bool(seeds))
    stage.command = f"manage.py draw_seeds {campaign.slug} --corpus {name}"
    stage.facts = [number(seeds, "%d seed", "%d seeds")]
    latest = campaign.draws.order_by("-created_at", "-pk").first()
    if latest:
        labels = dict(DrawExclusion.Reason.choices)
        stage.facts += [
            _("left out by the last draw: %(number)s (%(reason)s)")
            % {"number": f"{left_out:,}", "reason": labels[reason]}
            for reason, left_out in sorted(latest.left_out.items())
        ]
        stage.link = (reverse("sampling:draws", args=[campaign.slug]), _("Look at the draws"))
    return stage
