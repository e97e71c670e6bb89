"""Proposals of a language model: against a fake endpoint on this machine, which answers what a test tells it to."""

import gzip
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.management import CommandError
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from campaigns.models import Event, Verb
from foundation.endpoint import ATTEMPTS, Endpoint, EndpointFailed, NoEndpoint
from sampling import actions
from sampling.classification import prompts
from sampling.models import Cluster, ClusterDecision, ClusterProposal, Corpus
from tests.constraints import refused
from tests.factories import NOW, make_campaign, make_lead, make_seeds, shipped_taxonomy
from tests.sampling.test_decision_races import at_once

Run = Callable[..., dict[str, Any]]


@dataclass
class FakeEndpoint:
    """A fake server of chat completions. `answers` are (status, headers, body) or texts, the last one for ever."""

    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    answers: list[Any] = field(default_factory=lambda: ['{"category": "Security"}'])

    def next(self) -> tuple[int, dict[str, str], bytes]:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, tuple):
            return answer
        return 200, {}, json.dumps({"choices": [{"message": {"role": "assistant", "content": answer}}]}).encode()


@pytest.fixture
def fake_endpoint(monkeypatch: pytest.MonkeyPatch, settings: LazySettings) -> Iterator[FakeEndpoint]:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    fake = FakeEndpoint()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            fake.paths.append(self.path)
            fake.keys.append(self.headers.get("Authorization"))
            fake.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            status, headers, body = fake.next()
            if status == 0:  # hang up without a word
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: Any) -> None:
            """Quiet."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_args: Any) -> None:
            """A client that hangs up is part of a test."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    fake.url = f"http://127.0.0.1:{server.server_port}/v1"
    settings.LLM_URL, settings.LLM_MODEL, settings.LLM_KEY = fake.url, "fake-model", "a-key"
    yield fake
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the program would have waited, each time."""
    waited: list[float] = []
    monkeypatch.setattr(actions, "chosen_endpoint", lambda: chosen(waited.append))
    return waited


chosen = actions.chosen_endpoint


@pytest.fixture
def corpus(run: Run, small_corpus: Path, fake_model: list[str]) -> Corpus:
    run("import_corpus", small_corpus, "--corpus", "small")
    run("embed_corpus", "small")
    run("cluster_corpus", "small", "--k", 3)
    return Corpus.objects.get(name="small")


def endpoint(fake: FakeEndpoint, pauses: list[float], **fields: Any) -> Endpoint:
    return Endpoint(**{"url": fake.url, "model": "m", "pause": pauses.append, **fields})


@pytest.mark.django_db
def test_each_cluster_is_asked_once_and_every_answer_is_on_record(
    run: Run, corpus: Corpus, fake_endpoint: FakeEndpoint
) -> None:
    fake_endpoint.answers = ['{"category": "Machine Learning"}', "I would say: security.", '{"category": null}']
    figures = run("classify_clusters", "small", "--propose")
    assert [figures[name] for name in ("asked_now", "answered_before", "proposed", "answers_refused")] == [3, 0, 1, 2]
    assert fake_endpoint.keys == ["Bearer a-key"] * 3
    assert set(fake_endpoint.paths) == {"/v1/chat/completions"}
    rows = list(ClusterProposal.objects.select_related("cluster", "category").order_by("cluster__number"))
    assert [row.category.name if row.category else row.refusal for row in rows] == [
        "Machine Learning",
        "not a JSON object",
        "says that no category fits",
    ]
    for row, asked in zip(rows, fake_endpoint.asked, strict=True):
        assert (row.model, row.url) == ("fake-model", fake_endpoint.url)
        assert asked == {"model": "fake-model", "messages": row.messages}
        content = json.loads(row.messages[1]["content"])
        assert content["keywords"] == row.cluster.keywords
        assert len(content["categories"]) == 40
        assert all(each["description"] for each in content["categories"])
        central = row.cluster.assignments.order_by("distance", "document__key")[0].document
        assert content["questions"][0].startswith(central.title)
        assert row.seconds >= 0
    assert [row.answer for row in rows][1] == "I would say: security."
    assert "a-key" not in json.dumps(list(ClusterProposal.objects.values("messages", "answer", "url")), default=str)
    # Nothing is decided, and nobody is asked twice.
    assert not ClusterDecision.objects.exists()
    again = run("classify_clusters", "small", "--propose")
    assert [again[name] for name in ("asked_now", "answered_before", "proposed")] == [0, 3, 1]
    assert len(fake_endpoint.asked) == 3
    assert Event.objects.filter(verb=Verb.CATEGORIES_PROPOSED).count() == 1


@pytest.mark.django_db
def test_another_model_is_asked_afresh(run: Run, corpus: Corpus, fake_endpoint: FakeEndpoint) -> None:
    run("classify_clusters", "small", "--propose")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.conf.settings.LLM_MODEL", "other-model")
        assert run("classify_clusters", "small", "--propose")["asked_now"] == 3
    assert ClusterProposal.objects.count() == 6


@pytest.mark.django_db
def test_a_run_that_was_stopped_goes_on_where_it_stopped(
    run: Run, corpus: Corpus, fake_endpoint: FakeEndpoint, pauses: list[float]
) -> None:
    good = '{"category": "Security"}'
    fake_endpoint.answers = [good, (500, {}, b"")]
    with pytest.raises(CommandError, match="500 Internal Server Error, 5 times; 1 answers are kept") as caught:
        run("classify_clusters", "small", "--propose")
    assert caught.value.returncode == 2
    assert "\n" not in str(caught.value)
    assert pauses == [1, 2, 4, 8]
    assert ClusterProposal.objects.count() == 1
    fake_endpoint.answers = [good]
    assert run("classify_clusters", "small", "--propose")["asked_now"] == 2
    assert len(fake_endpoint.asked) == 1 + ATTEMPTS + 2


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "value"), [("LLM_URL", ""), ("LLM_URL", "localhost:80/v1"), ("LLM_MODEL", "")])
def test_without_an_endpoint_the_command_says_what_to_set(
    run: Run, corpus: Corpus, fake_endpoint: FakeEndpoint, settings: LazySettings, name: str, value: str
) -> None:
    setattr(settings, name, value)
    with pytest.raises(CommandError, match=f"QUORUM_{name}") as caught:
        run("classify_clusters", "small", "--propose")
    assert caught.value.returncode == 2
    assert fake_endpoint.asked == []


def test_what_passes_is_tried_again_and_what_does_not_is_not(fake_endpoint: FakeEndpoint) -> None:
    pauses: list[float] = []
    asked = endpoint(fake_endpoint, pauses)
    busy = (429, {"Retry-After": "7"}, b"")
    fake_endpoint.answers = [busy, (503, {"Retry-After": "soon"}, b""), (0, {}, b""), "at last"]
    assert asked.ask([]) == "at last"
    assert pauses == [7, 2, 4]
    fake_endpoint.answers = [(429, {"Retry-After": "86400"}, b""), "later"]
    assert asked.ask([]) == "later"
    assert pauses.pop() == 60
    before = len(fake_endpoint.asked)
    for status in (301, 400, 401, 404):
        fake_endpoint.answers = [(status, {"Location": "/elsewhere"}, b"the key is sk-secret")]
        with pytest.raises(EndpointFailed, match=f"/v1: {status} ") as caught:
            asked.ask([])
        assert "sk-secret" not in str(caught.value)
    assert len(fake_endpoint.asked) == before + 4


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", b"{}", b'{"choices": []}', b'{"choices": [{"message": {"content": [1]}}]}', b"[" * 100_000],
)
def test_what_is_no_chat_completion_is_said(fake_endpoint: FakeEndpoint, body: bytes) -> None:
    fake_endpoint.answers = [(200, {}, body)]
    with pytest.raises(EndpointFailed, match="not one of chat completions"):
        endpoint(fake_endpoint, []).ask([])


def test_an_endless_answer_is_cut_off(fake_endpoint: FakeEndpoint) -> None:
    fake_endpoint.answers = [(200, {}, b" " * 2_000_000)]
    with pytest.raises(EndpointFailed, match="more than 1,000,000 bytes"):
        endpoint(fake_endpoint, []).ask([])


def test_an_answer_is_never_unpacked(fake_endpoint: FakeEndpoint) -> None:
    packed = gzip.compress(b" " * 2_000_000)  # would be more than an answer may hold
    fake_endpoint.answers = [(200, {"Content-Encoding": "gzip"}, packed)]
    with pytest.raises(EndpointFailed, match="not one of chat completions"):
        endpoint(fake_endpoint, []).ask([])


def test_a_redirect_is_not_followed(fake_endpoint: FakeEndpoint) -> None:
    fake_endpoint.answers = [(307, {"Location": f"{fake_endpoint.url}/elsewhere"}, b"")]
    with pytest.raises(EndpointFailed, match="307"):
        endpoint(fake_endpoint, []).ask([])
    assert len(fake_endpoint.paths) == 1


def test_a_server_that_says_nothing_is_given_up(fake_endpoint: FakeEndpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()

    def wait() -> tuple[int, dict[str, str], bytes]:
        release.wait(60)
        return 200, {}, b""

    monkeypatch.setattr(fake_endpoint, "next", wait)
    pauses: list[float] = []
    with pytest.raises(EndpointFailed, match=r"no answer in 0\.2 seconds, 5 times"):
        endpoint(fake_endpoint, pauses, timeout=0.2).ask([])
    release.set()
    assert len(pauses) == ATTEMPTS - 1


def test_where_nobody_listens(fake_endpoint: FakeEndpoint) -> None:
    with pytest.raises(EndpointFailed, match=r"http://127\.0\.0\.1:1/v1: ConnectError"):
        endpoint(fake_endpoint, [], url="http://127.0.0.1:1/v1").ask([])


@pytest.mark.parametrize(
    "fields",
    [
        {"url": ""},
        {"url": "ftp://host/v1"},
        {"url": "https:///v1"},
        {"url": "http://host:99999/v1"},
        {"url": "https://user:word@host/v1"},
        {"model": ""},
        {"url": f"https://host/{'x' * 500}"},
        {"key": "läuft"},
        {"key": "sk-secret "},
        {"key": "sk-secret\r\nX-Other: 1"},
        {"url": "https://host/v1?key=sk-secret"},
        {"url": "https://host/v1#part"},
    ],
)
def test_settings_that_cannot_be_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(NoEndpoint, match="QUORUM_LLM_") as refused:
        Endpoint(**{"url": "https://host/v1", "model": "m", **fields})
    assert "sk-secret" not in str(refused.value)


NAMES = ["Security", "Web Development", "C++ & friends"]


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        ('{"category": "Security"}', "Security"),
        (' {"category": " web  development "}\n', "Web Development"),
        ('```json\n{"category": "C++ & friends"}\n```', "C++ & friends"),
    ],
)
def test_an_answer_that_names_a_category_counts(answer: str, name: str) -> None:
    assert prompts.understood(answer, NAMES) == (name, "")


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "Security",
        '["Security"]',
        '{"category": "Secure"}',
        '{"category": null}',
        '{"category": ["Security"]}',
        '{"category": "Security", "also": "drop tables"}',
        '{"category": "Security"} and more',
        "[" * 100_000,
    ],
)
def test_any_other_answer_is_refused_with_a_reason(answer: str) -> None:
    name, reason = prompts.understood(answer, NAMES)
    assert name is None
    assert 0 < len(reason) <= 100


@given(st.text(max_size=200), st.lists(st.text(max_size=900), max_size=4))
def test_scraped_text_cannot_leave_its_place_in_the_prompt(word: str, texts: list[str]) -> None:
    asked = prompts.messages([word], texts, {"Security": "Keys and doors."})
    assert [message["role"] for message in asked] == ["system", "user"]
    data = json.loads(asked[1]["content"])
    assert data["keywords"] == [word]
    assert data["questions"] == [prompts.cut(text) for text in texts]
    assert set(data) == {"categories", "keywords", "questions"}
    assert all(len(text) <= 602 for text in data["questions"])


@pytest.mark.django_db
def test_an_answer_that_no_database_could_hold_is_kept_as_far_as_it_can_be(
    run: Run, corpus: Corpus, fake_endpoint: FakeEndpoint
) -> None:
    fake_endpoint.answers = ["\x00" + "\ud800" + "x" * 50_000]
    assert run("classify_clusters", "small", "--propose")["answers_refused"] == 3
    row = ClusterProposal.objects.order_by("pk")[0]
    assert row.answer.startswith("\ufffd?xxx")
    assert len(row.answer) == 20_000


@pytest.mark.django_db(transaction=True)
def test_two_who_ask_at_once_leave_one_answer_each(run: Run, corpus: Corpus, fake_endpoint: FakeEndpoint) -> None:
    def ask() -> None:
        actions.propose_categories(corpus=corpus, taxonomy=shipped_taxonomy(), endpoint=chosen(), by=None, now=NOW)

    assert at_once(ask, ask) == []
    assert ClusterProposal.objects.count() == 3


def propose(cluster: Cluster, **fields: Any) -> ClusterProposal:
    given = {
        "url": "http://127.0.0.1/v1",
        "model": "<m>",
        "messages": [{"role": "user", "content": "<b>prompt</b>"}],
        "prompt_digest": "0" * 64,
        "answer": "<script>alert(1)</script>",
        "refusal": "empty",
        "seconds": 1,
        "asked_at": NOW,
    }
    return ClusterProposal.objects.create(cluster=cluster, **(given | fields))


@pytest.mark.django_db
def test_a_lead_accepts_a_proposal_with_one_click(client: Client) -> None:
    campaign = make_campaign("judged")
    cluster = make_seeds(campaign)[0].cluster
    wanted = campaign.taxonomy.categories.get(slug="cryptography")
    propose(cluster, category=wanted, refusal="")
    propose(cluster, model="other")
    lead = make_lead(campaign)
    client.force_login(lead)
    address = f"/c/judged/clusters/{cluster.number}/"
    page = client.get(address).content.decode()
    assert f"&lt;m&gt; proposed {wanted.name}" in page
    assert "its answer does not count: empty" in page
    assert "<script>alert" not in page
    assert "&lt;b&gt;prompt" in page
    assert f"Accept {wanted.name}" in page
    assert not ClusterDecision.objects.exists()
    page = client.post(f"{address}category/", {"category": wanted.slug, "version": "0"}, follow=True).content.decode()
    decision = ClusterDecision.objects.get()
    assert (decision.category, decision.decided_by) == (wanted, lead)
    assert Event.objects.get(verb=Verb.CLUSTER_OVERRULED).data["to"] == "cryptography"
    assert f"Accept {wanted.name}" not in page


@pytest.mark.django_db
def test_named_constraints_of_proposals() -> None:
    campaign = make_campaign()
    cluster = make_seeds(campaign)[0].cluster
    row = propose(cluster)
    with refused("one_answer_per_cluster_model_and_prompt"):
        propose(cluster)
    name = "proposal_names_a_category_or_says_why_not"
    named = campaign.taxonomy.categories.get(slug="security")
    for fields in ({"refusal": ""}, {"category": named}):
        with refused(name):
            propose(cluster, model="other", **fields)
    for change in (lambda: ClusterProposal.objects.update(answer="other"), row.delete):
        with refused("cluster_proposals_append_only"):
            change()
