from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from campaigns.models import Campaign
from campaigns.queries import UnknownCampaign, campaign_called
from foundation.terminal import Command as TerminalCommand
from foundation.terminal import Outcome, positive, seed
from sampling import actions
from sampling.models import Corpus
from sampling.queries.corpora import UnknownCorpus, find_corpus
from sampling.queries.runs import NotClustered
from sampling.queries.shortfalls import look_at


class Command(TerminalCommand):
    help = "Draw seeds evenly over a corpus's categories and clusters; running it again tops up and never repeats."
    refusals = (UnknownCampaign, UnknownCorpus, NotClustered, actions.CannotDraw)

    def arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("campaign", metavar="SLUG")
        parser.add_argument("--corpus", metavar="NAME", required=True)
        number = parser.add_mutually_exclusive_group()
        number.add_argument(
            "--per-category",
            type=positive,
            metavar="N",
            help="in all, earlier draws and other corpora counted (default: the campaign's own number)",
        )
        number.add_argument("--total", type=positive, metavar="N", help="spread evenly over the categories")
        parser.add_argument("--seed", type=seed, help="default: the campaign's own random seed")

    def work(self, **options: Any) -> Outcome:
        campaign = campaign_called(options["campaign"])
        corpus = find_corpus(options["corpus"])
        report = actions.draw_seeds(
            campaign=campaign,
            corpus=corpus,
            per_category=options["per_category"],
            total=options["total"],
            seed=options["seed"],
            by=None,
            now=timezone.now(),
        )
        width = max(map(len, report.categories), default=0)
        self.stdout.write(f"{'category':<{width}}  quota before  free drawn short  clusters covered")
        for name, row in report.categories.items():
            self.stdout.write(
                f"{name:<{width}}  {row['quota']:>5} {row['before']:>6} {row['available']:>5} {row['filled']:>5} "
                f"{row['shortfall']:>5}  {row['clusters']:>8} {row['clusters_covered']:>7}"
            )
        hints = self._hints(campaign, corpus, report)
        excluded = {f"left_out_{reason}": count for reason, count in report.excluded.items()}
        return Outcome(
            {
                "campaign": campaign.slug,
                "corpus": corpus.name,
                "draw": report.draw.pk if report.draw else "none: nothing to add to what is drawn already",
                "drawn": sum(row["filled"] for row in report.categories.values()),
                "seeds_in_all": report.seeds,
                "categories_short": sum(row["shortfall"] > 0 for row in report.categories.values()),
                "shortfall": report.shortfall,
                **excluded,
                **(_spread(report.draw.spread) if report.draw else {}),
                "categories": report.categories,
                "hints": hints,
            }
        )

    def _hints(self, campaign: Campaign, corpus: Corpus, report: actions.DrawReport) -> dict[str, Any]:
        """Print, for each category that fell short, by how much and where there may be more; the same for --json."""
        # A draw that adds nothing leaves no record: what the one before it left out is as good.
        draw = report.draw or campaign.draws.filter(corpus=corpus).order_by("-pk").first()
        missing = {name: row["shortfall"] for name, row in report.categories.items() if row["shortfall"]}
        if not draw or not missing:
            return {}
        short = campaign.taxonomy.categories.filter(slug__in=missing).order_by("position")
        self.stdout.write("\nwhere to look for what is missing (the draw's page shows more)")
        told = {}
        for hint in look_at(draw, list(short)):
            slug = hint.category.slug
            told[slug] = {
                "short": missing[slug],
                "left_out": hint.left_out,
                "taken_for": [[each.slug, times] for each, times in hint.taken_for],
                "clusters": [[each.number, own, unsure] for each, own, unsure in hint.clusters],
            }
            places = [f"{hint.left_out:,} left out"] if hint.left_out else []
            if hint.taken_for:
                places.append("taken for " + ", ".join(f"{each.slug} ({times}×)" for each, times in hint.taken_for))
            if hint.clusters:
                shown = (f"{each.number} ({unsure:,})" for each, _own, unsure in hint.clusters)
                places.append("uncertain documents in cluster " + ", ".join(shown))
            self.stdout.write(f"{slug}: {missing[slug]:,} short; {'; '.join(places) or 'import more of its kind'}")
        self.stdout.write("")
        return told


def _spread(spread: dict[str, Any]) -> dict[str, Any]:
    clusters = spread["clusters"]
    return {
        "effective_clusters": clusters["drawn"],
        "effective_clusters_of_a_plain_random_sample": clusters["random"],
    }
