"""Clusters and an endpoint in; what a language model proposes for each, on record beside the classifier's, out."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction

from campaigns import events
from campaigns.models import Category, Taxonomy, User, Verb
from foundation.endpoint import Endpoint, EndpointFailed
from sampling.actions.embedding import Watch
from sampling.classification import prompts
from sampling.models import Cluster, ClusterProposal, Corpus
from sampling.queries.runs import latest_run

_EXAMPLES = 4
_LONGEST = 20_000  # characters of an answer that are kept


@dataclass
class ProposalReport:
    model: str
    clusters: int = 0
    asked: int = 0  # in this run; the others had an answer to the same prompt of the same model
    named: int = 0
    refused: int = 0
    as_classified: int = 0  # of the named ones


def chosen_endpoint(pause: Callable[[float], None] = time.sleep) -> Endpoint:
    """Raises NoEndpoint."""
    return Endpoint(settings.LLM_URL, settings.LLM_MODEL, settings.LLM_KEY, pause=pause)


def propose_categories(
    *,
    corpus: Corpus,
    taxonomy: Taxonomy,
    endpoint: Endpoint,
    by: User | None,
    now: datetime,
    watch: Watch = lambda batches, _total: batches,
) -> ProposalReport:
    """Ask for the category of each cluster of the newest run. Decides nothing: a lead may accept what is proposed.

    Each answer is on record before the next is asked for, so that a killed run goes on where it stopped.
    Raises NotClustered or EndpointFailed.
    """
    run = latest_run(corpus)
    categories = {row.name: row for row in taxonomy.categories.order_by("position")}
    described = {name: row.description for name, row in categories.items()}
    report, start = ProposalReport(endpoint.model), time.monotonic()

    def asked(clusters: Iterable[Cluster]) -> Iterator[int]:
        for cluster in clusters:
            messages = prompts.messages(cluster.keywords, _examples(cluster), described)
            standing = ClusterProposal.objects.filter(
                cluster=cluster, model=endpoint.model, prompt_digest=prompts.digest(messages)
            )
            row = standing.first()
            if row is None:
                row = _ask(
                    cluster, endpoint, messages, categories, by, now + timedelta(seconds=time.monotonic() - start)
                )
                report.asked += 1
            report.clusters += 1
            report.named += row.category_id is not None
            report.refused += row.category_id is None
            report.as_classified += row.category_id is not None and row.category_id == cluster.proposed_id
            yield 1

    try:
        for _count in watch(asked(run.clusters.order_by("number")), run.k):
            pass
    except EndpointFailed as error:
        raise EndpointFailed(
            f"{error}; {report.asked} answers are kept, and the same command goes on from there"
        ) from error
    finally:
        if report.asked:
            data = {"corpus": corpus.name, "model": endpoint.model, "asked": report.asked}
            events.record(Verb.CATEGORIES_PROPOSED, run, campaign=None, by=by, now=now, data=data)
    return report


def _ask(
    cluster: Cluster,
    endpoint: Endpoint,
    messages: prompts.Messages,
    categories: dict[str, Category],
    by: User | None,
    now: datetime,
) -> ClusterProposal:
    start = time.monotonic()
    answer = _storable(endpoint.ask(messages))
    name, refusal = prompts.understood(answer, list(categories))
    row = ClusterProposal(
        cluster=cluster,
        url=endpoint.url,
        model=endpoint.model,
        messages=messages,
        prompt_digest=prompts.digest(messages),
        answer=answer,
        category=categories[name] if name else None,
        refusal=refusal,
        seconds=round(time.monotonic() - start, 3),
        asked_by=by,
        asked_at=now,
    )
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        # Somebody else asked the same in the same moment; their answer counts.
        rows = ClusterProposal.objects.filter(cluster=cluster, model=row.model, prompt_digest=row.prompt_digest)
        if (first := rows.first()) is None:
            raise
        return first
    return row


def _examples(cluster: Cluster) -> list[str]:
    """The most central of the documents that made the cluster: others come, and do not change the prompt."""
    rows = cluster.assignments.select_related("document").order_by("assigned", "distance", "document__key")
    return [row.document.wording for row in rows[:_EXAMPLES]]


def _storable(answer: str) -> str:
    """Without what a database refuses to hold."""
    return answer[:_LONGEST].replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
