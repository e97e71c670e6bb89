"""How far a campaign is, stage by stage, and what moves each stage on: one line for each app's own stages."""

from annotation.progress import work_stage
from benchmark.progress import release_stage
from campaigns.models import Campaign
from campaigns.progress import Stage, in_order, people_stage
from decontamination.progress import references_stage
from sampling.models import Corpus
from sampling.queries.progress import corpus_stage, corpus_state, draw_stage, topic_stages


def stages(campaign: Campaign, corpus: Corpus | None) -> list[Stage]:
    """In order; the first that is not done is the next one."""
    state = corpus_state(corpus) if corpus else None
    name = corpus.name if corpus else "NAME"
    return in_order(
        [
            corpus_stage(state, name),
            references_stage(),
            *topic_stages(state, name, campaign),
            draw_stage(campaign, name),
            people_stage(campaign),
            work_stage(campaign),
            release_stage(campaign),
        ]
    )
