"""Messages in; a language model's answer, from a server that speaks OpenAI's chat completions, out."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

TIMEOUT = 120.0  # seconds for one answer, from the first byte sent to the last one read
ATTEMPTS = 5
_LARGEST = 1_000_000  # bytes of an answer
_LONGEST_WAIT = 60.0  # seconds between two attempts
_AGAIN = {408, 409, 425, 429, 500, 502, 503, 504, 529}


class NoEndpoint(Exception):
    """The settings name none, or one that cannot be."""


class EndpointFailed(Exception):
    """It gave no answer, however often it was asked."""


class _Retry(Exception):
    def __init__(self, reason: str, wait: float = 0) -> None:
        super().__init__(reason)
        self.wait = wait


@dataclass(frozen=True)
class Endpoint:
    """`url` is the part before /chat/completions, such as https://llm.example.org/v1."""

    url: str
    model: str
    key: str = ""
    timeout: float = TIMEOUT
    pause: Callable[[float], None] = time.sleep

    def __post_init__(self) -> None:
        """Raises NoEndpoint."""
        if not self.url:
            raise NoEndpoint("QUORUM_LLM_URL is not set, so there is no endpoint to ask for proposals")
        try:
            parts = urlsplit(self.url)
            whole = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            whole = False
        if not whole or parts.username or parts.password or parts.query or parts.fragment:
            raise NoEndpoint("QUORUM_LLM_URL: expected http(s)://HOST/PATH; a key goes into QUORUM_LLM_KEY")
        if not self.model:
            raise NoEndpoint("QUORUM_LLM_MODEL is not set; the endpoint needs the name of a model")
        if len(self.url) > 500 or len(self.model) > 200:
            raise NoEndpoint("QUORUM_LLM_URL has at most 500 characters, QUORUM_LLM_MODEL at most 200")
        # A space at its end would make the library quote it in its refusal.
        if not self.key.isascii() or not self.key.isprintable() or self.key != self.key.strip():
            raise NoEndpoint("QUORUM_LLM_KEY: a key has no other than printable ASCII characters, no space around it")

    def ask(self, messages: Sequence[dict[str, str]]) -> str:
        """The text of the answer. Raises EndpointFailed."""
        wait = 1.0
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._once(messages)
            except _Retry as error:
                if attempt == ATTEMPTS:
                    raise EndpointFailed(f"{self.url}: {error}, {ATTEMPTS} times") from error
                self.pause(min(max(wait, error.wait), _LONGEST_WAIT))
                wait *= 2
        raise AssertionError("the last attempt answers or raises")

    def _once(self, messages: Sequence[dict[str, str]]) -> str:
        import httpx2

        # Only what every such server knows: not all take a temperature, a number of tokens or a format.
        body = {"model": self.model, "messages": list(messages)}
        # Not packed: a few kilobytes may unpack to gigabytes before anybody counts them.
        headers = {"Accept-Encoding": "identity"} | ({"Authorization": f"Bearer {self.key}"} if self.key else {})
        address = f"{self.url.rstrip('/')}/chat/completions"
        end = time.monotonic() + self.timeout
        content = b""
        try:
            with (
                httpx2.Client(timeout=self.timeout) as client,
                client.stream("POST", address, json=body, headers=headers) as answer,
            ):
                if answer.status_code in _AGAIN:
                    raise _Retry(f"{answer.status_code} {answer.reason_phrase}", _asked_for(answer.headers))
                if answer.status_code != 200:
                    raise EndpointFailed(f"{self.url}: {answer.status_code} {answer.reason_phrase}")
                for part in answer.iter_raw():
                    content += part
                    if len(content) > _LARGEST:
                        raise EndpointFailed(f"{self.url}: answered with more than {_LARGEST:,} bytes")
                    if time.monotonic() > end:
                        raise _Retry(f"no whole answer in {self.timeout:g} seconds")
        except httpx2.TimeoutException as error:
            raise _Retry(f"no answer in {self.timeout:g} seconds") from error
        except httpx2.HTTPError as error:
            raise _Retry(f"{type(error).__name__}: {' '.join(str(error).split())}") from error
        except (httpx2.InvalidURL, UnicodeError) as error:
            raise EndpointFailed(f"{self.url}: {error}") from error
        return _text(content, self.url)


def _asked_for(headers: Any) -> float:
    """Seconds that the server wants to be left alone."""
    try:
        return float(headers.get("retry-after", 0))
    except ValueError:
        return 0.0


def _text(content: bytes, url: str) -> str:
    """Raises EndpointFailed."""
    try:
        text = json.loads(content)["choices"][0]["message"].get("content")
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise EndpointFailed(f"{url}: its answer is not one of chat completions") from error
    if text is not None and not isinstance(text, str):
        raise EndpointFailed(f"{url}: its answer is not one of chat completions")
    return text or ""
