import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from campaigns.models import Campaign, Event, Verb
from decontamination.actions import load_reference
from decontamination.leaks import Prompt
from sampling import actions
from sampling.actions import check_documents
from sampling.actions.summaries import summarise
from sampling.drawing.allocation import lot
from sampling.models import Assignment, Cluster, ClusterDecision, Document, Draw, Seed
from sampling.queries.corpora import chosen_corpus
from sampling.queries.progress import corpus_state
from sampling.queries.verdicts import frequent_runs
from tests.factories import NOW, category, make_campaign, make_corpus, make_document, make_lead, make_seeds

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign() -> Campaign:
    return make_campaign("pages")


@pytest.fixture
def seed(campaign: Campaign) -> Seed:
    seed = make_seeds(campaign, 3)[0]
    Document.objects.filter(pk=seed.document_id).update(
        title="Hostile <b>title</b>", text="Text <script>alert(1)</script>"
    )
    for row in Seed.objects.all():
        digest = row.document.text_digest
        defaults = {
            "cluster": row.cluster, "text_digest": digest, "distance": 0.2, "category": row.category, "score": 0.4,
        }  # fmt: skip
        Assignment.objects.get_or_create(run=row.cluster.run, document=row.document, defaults=defaults)
    return seed


@pytest.fixture
def lead(campaign: Campaign, client: Client) -> Client:
    client.force_login(make_lead(campaign))
    return client


def test_the_list_of_clusters_filters_by_category_and_major(lead: Client, campaign: Campaign, seed: Seed) -> None:
    link = f"/c/pages/clusters/{seed.cluster.number}/"
    assert link in lead.get("/c/pages/clusters/").content.decode()
    assert link in lead.get("/c/pages/clusters/", {"category": seed.category.slug}).content.decode()
    assert link in lead.get("/c/pages/clusters/", {"category": f"major:{seed.category.major}"}).content.decode()
    assert link not in lead.get("/c/pages/clusters/", {"category": "cryptography"}).content.decode()
    assert lead.get("/c/pages/clusters/", {"sort": "nonsense", "page": "999", "corpus": "none"}).status_code == 200


def test_without_a_corpus_the_page_says_what_to_do(lead: Client) -> None:
    page = lead.get("/c/pages/clusters/")
    assert "There are no clusters yet" in page.content.decode()


def test_the_list_of_clusters_needs_as_many_queries_for_many_as_for_few(
    lead: Client, seed: Seed, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(100, 140):
        Cluster.objects.create(run=seed.cluster.run, number=number, size=1, proposed=seed.category, score=0.1)
    with django_assert_max_num_queries(17):
        lead.get("/c/pages/clusters/")


def test_a_clusters_page_shows_scraped_text_as_text(lead: Client, seed: Seed) -> None:
    page = lead.get(f"/c/pages/clusters/{seed.cluster.number}/").content.decode()
    assert "<script>alert" not in page
    assert "<b>title</b>" not in page
    assert "Hostile &lt;b&gt;title" in page
    assert f"/c/pages/seeds/{seed.pk}/" in page
    assert lead.get("/c/pages/clusters/9999/").status_code == 404


def test_a_document_without_a_title_is_listed_by_its_first_words(lead: Client, seed: Seed) -> None:
    text = "怎样在 Python 中合并两个字典？\n" * 20
    Document.objects.filter(pk=seed.document_id).update(title="", text=text, key="10178")
    page = lead.get(f"/c/pages/clusters/{seed.cluster.number}/").content.decode()
    assert "<summary>怎样在 Python 中合并两个字典？ 怎样" in page
    assert "<summary>10178</summary>" not in page
    assert str(Document(key="10178")) == "10178"


def test_a_clusters_page_needs_as_many_queries_for_many_documents(
    lead: Client, seed: Seed, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(30):
        document = make_document(seed.document.corpus)
        Assignment.objects.create(run=seed.cluster.run, cluster=seed.cluster, document=document, distance=0.3)
    with django_assert_max_num_queries(23):
        lead.get(f"/c/pages/clusters/{seed.cluster.number}/")


def test_a_lead_sets_a_category_and_goes_back(lead: Client, campaign: Campaign, seed: Seed) -> None:
    path = f"/c/pages/clusters/{seed.cluster.number}/category/"
    answer = lead.post(path, {"category": "cryptography"}, follow=True)
    assert answer.redirect_chain
    decision = ClusterDecision.objects.get(campaign=campaign, cluster=seed.cluster)
    assert decision.category == category(campaign, "cryptography")
    assert "set by" in answer.content.decode()
    lead.post(path, {"category": ""})
    decision.refresh_from_db()
    assert decision.category is None
    lead.post(path, {"category": "no-such"})
    decision.refresh_from_db()
    assert decision.category is None
    assert Event.objects.filter(verb=Verb.CLUSTER_OVERRULED, campaign=campaign).count() == 2
    assert lead.get(path).status_code == 405


def test_the_draw_button_draws(lead: Client, campaign: Campaign, seed: Seed) -> None:
    corpus = seed.document.corpus
    for _ in range(4):
        document = make_document(corpus)
        Assignment.objects.create(
            run=seed.cluster.run,
            cluster=seed.cluster,
            document=document,
            text_digest=document.text_digest,
            distance=0.1,
            category=seed.category,
            score=0.5,
        )
    answer = lead.post("/c/pages/draw/", {"corpus": corpus.name, "mode": "total", "number": "5"}, follow=True)
    assert "2 seeds drawn." in answer.content.decode()
    assert campaign.seeds.count() == 5
    answer = lead.post("/c/pages/draw/", {"corpus": corpus.name, "mode": "total", "number": "5"}, follow=True)
    assert "0 seeds drawn." in answer.content.decode()
    draws = Draw.objects.count()
    for wrong in (
        {"corpus": "none", "mode": "total", "number": "5"},
        {"corpus": corpus.name, "mode": "x", "number": "0"},
    ):
        assert lead.post("/c/pages/draw/", wrong).status_code == 302
    empty = make_corpus()
    answer = lead.post("/c/pages/draw/", {"corpus": empty.name, "mode": "total", "number": "5"}, follow=True)
    assert "run cluster_corpus first" in answer.content.decode()
    assert Draw.objects.count() == draws


def test_a_seeds_page_shows_where_it_comes_from(lead: Client, seed: Seed) -> None:
    page = lead.get(f"/c/pages/seeds/{seed.pk}/").content.decode()
    document = seed.document
    for part in (document.url, document.licence, document.raw_digest, document.text_digest, seed.category.name):
        assert part in page
    for digest in (
        seed.draw.run.digest,
        seed.draw.run.corpus_digest,
        seed.draw.inputs_digest,
        seed.draw.index_digest,
    ):
        assert digest in page
    assert "<script>alert" not in page


def test_a_seed_of_another_campaign_is_not_found(lead: Client, seed: Seed) -> None:
    elsewhere = make_seeds(make_campaign(), 1)[0]
    assert lead.get(f"/c/pages/seeds/{elsewhere.pk}/").status_code == 404


def test_the_state_of_a_corpus_counts_what_there_is(seed: Seed, campaign: Campaign) -> None:
    corpus = seed.document.corpus
    make_document(corpus, title="", text="")
    make_document(corpus, title="A title alone", text="")
    make_document(corpus, canonical=seed.document, similarity=1.0, natural_language="zh")
    assert not corpus_state(corpus).is_counted
    summarise(corpus)
    state = corpus_state(corpus)
    assert state.is_counted
    assert (state.documents, state.duplicates, state.empty, state.usable) == (6, 1, 1, 4)
    assert state.run == seed.cluster.run
    assert state.classified
    assert state.embedded == 0
    assert dict(state.languages) == {"en": 4, "zh": 1}
    assert state.poorly_read == []
    assert not corpus_state(make_corpus()).classified


def test_the_corpus_in_use_is_the_one_drawn_from(campaign: Campaign, seed: Seed) -> None:
    newer = make_corpus("newer")
    assert chosen_corpus(campaign) == seed.document.corpus
    assert chosen_corpus(campaign, "newer") == newer
    assert chosen_corpus(make_campaign(), "nonsense") is not None


def test_a_lead_names_excludes_and_merges_a_cluster(lead: Client, campaign: Campaign, seed: Seed) -> None:
    other = Cluster.objects.create(run=seed.cluster.run, number=7, size=1)
    path = f"/c/pages/clusters/{seed.cluster.number}/"
    page = lead.post(f"{path}name/", {"label": "Lists & <b>", "version": "0"}, follow=True).content.decode()
    assert "Lists &amp; &lt;b&gt;" in page
    page = lead.post(f"{path}name/", {"label": "Other", "version": "0"}, follow=True).content.decode()
    assert "has changed this cluster meanwhile" in page
    page = lead.post(f"{path}exclusion/", {"because": "other", "other": ""}, follow=True).content.decode()
    assert "Say the reason" in page
    page = lead.post(f"{path}exclusion/", {"because": "site chrome"}, follow=True).content.decode()
    assert "Left out of draws: site chrome" in page
    page = lead.post(f"{path}exclusion/", {}, follow=True).content.decode()
    assert "The cluster takes part again" in page
    assert "no cluster 99" in lead.post(f"{path}merge/", {"into": "99"}, follow=True).content.decode()
    page = lead.post(f"{path}merge/", {"into": "7"}, follow=True).content.decode()
    assert "a part of cluster 7" in page
    assert ClusterDecision.objects.get(cluster=seed.cluster).merged_into == other
    lead.post(f"{path}merge/", {})
    assert ClusterDecision.objects.get(cluster=seed.cluster).merged_into is None


def test_a_draws_page_shows_what_it_asked_for_got_and_left_out(
    lead: Client, campaign: Campaign, seed: Seed, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    corpus, run = seed.document.corpus, seed.cluster.run
    run.classifier_scores = {"confusions": [["security", "cryptography", 4]]}
    run.save()
    for _ in range(5):
        document = make_document(corpus)
        Assignment.objects.create(
            run=run, cluster=seed.cluster, document=document, text_digest=document.text_digest, distance=0.1,
            category=seed.category, score=0.1,
        )  # fmt: skip
    make_document(corpus, title="", text="")
    draw = actions.draw_seeds(campaign=campaign, corpus=corpus, by=None, now=NOW, per_category=6).draw
    assert draw is not None
    with django_assert_max_num_queries(30):
        page = lead.get(f"/c/pages/draws/{draw.pk}/").content.decode()
    for part in (
        draw.inputs_digest,
        "neither title nor text: 1",
        "already drawn: 3",
        "4×",
        f"manage.py replay_draw {draw.pk}",
    ):
        assert part in page
    assert f"/c/pages/draws/{draw.pk}/" in lead.get("/c/pages/draws/").content.decode()
    only = lead.get(f"/c/pages/draws/{draw.pk}/", {"reason": "empty"}).content.decode()
    assert only.count("<td>neither title nor text</td>") == 1
    assert "<td>already drawn</td>" not in only
    chart = lead.get(f"/c/pages/draws/{draw.pk}/chart.svg", {"theme": "dark"})
    assert chart["Content-Type"] == "image/svg+xml"
    new = draw.seeds.order_by("rank").first()
    assert new is not None
    trail = lead.get(f"/c/pages/seeds/{new.pk}/").content.decode()
    assert f"/c/pages/draws/{draw.pk}/" in trail
    assert draw.corpus_digest in trail
    assert lot(draw.seed, run.digest, new.document.key).hex() in trail


def test_leaking_documents_are_listed_with_both_texts_and_marked(lead: Client, campaign: Campaign, seed: Seed) -> None:
    corpus = seed.document.corpus
    words = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda"
    Document.objects.filter(pk=seed.document_id).update(text=f"<b>As</b> they say: {words}, and so on")
    prompts = [Prompt("toy", "7", f"Recite {words}!")]
    load_reference(name="toy", source="toy.jsonl", prompts=prompts, by=None, now=NOW)
    page = lead.get("/c/pages/leaks/").content.decode()
    assert "No document leaks" in page
    assert "3 documents were never compared" in page
    assert "has not been compared" in lead.get(f"/c/pages/seeds/{seed.pk}/").content.decode()
    check_documents(corpus=corpus, campaign=campaign, now=NOW)
    page = lead.get("/c/pages/leaks/").content.decode()
    assert "never compared" not in page
    assert "<mark>" in page
    assert "Recite" in page
    assert "&lt;b&gt;As&lt;/b&gt;" in page
    assert "1 document leaks" in lead.get("/c/pages/clusters/").content.decode()
    cluster = lead.get(f"/c/pages/clusters/{seed.cluster.number}/").content.decode()
    assert "leaks: 11 words of toy 7" in cluster
    assert "leaks" in lead.get(f"/c/pages/seeds/{seed.pk}/").content.decode()
    load_reference(name="other", source="other.jsonl", prompts=[Prompt("other", "1", words[::-1])], by=None, now=NOW)
    for address in ("leaks/", "clusters/", f"clusters/{seed.cluster.number}/", "leaks/?corpus=none"):
        assert "3 verdicts are stale" in lead.get(f"/c/pages/{address}").content.decode()
    assert "stale" in lead.get(f"/c/pages/seeds/{seed.pk}/").content.decode()


def test_words_that_many_documents_share_are_named_once(lead: Client, campaign: Campaign, seed: Seed) -> None:
    corpus, words = seed.document.corpus, "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11"
    corpus.documents.update(text=f"Count: {words}")
    load_reference(name="toy", source="toy", prompts=[Prompt("toy", "7", words)], by=None, now=NOW)
    check_documents(corpus=corpus, campaign=campaign, now=NOW)
    (row,) = frequent_runs(corpus, campaign, most=10)
    assert (row["documents"], row["words"], row["run"].reference.name, row["run"].key) == (3, 11, "toy", "7")
    assert "Words that several documents share" in lead.get("/c/pages/leaks/").content.decode()


def test_a_seeds_page_says_how_much_cleaning_took_away(lead: Client, seed: Seed) -> None:
    document = Document.objects.get(pk=seed.document_id)
    Document.objects.filter(pk=document.pk).update(raw_characters=4 * document.characters)
    page = lead.get(f"/c/pages/seeds/{seed.pk}/").content.decode()
    assert f"{4 * document.characters} → {document.characters} characters, 75% shorter" in page
