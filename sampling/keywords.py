"""What sets each cluster apart in words: class-based TF-IDF, for Chinese over pairs of characters."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from sampling import fences

_CODE = re.compile(r"https?://\S+|^(?: {4}|\t)[^\n]*$", re.MULTILINE)
_WORD = re.compile(r"\.?[a-z][a-z0-9]*(?:[._-][a-z0-9]+)*(?:\+\+|#)?|[а-яё]{3,}|[a-záéíóúñü]{3,}")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]{2,}")
_KANA = re.compile(r"[\u30a1-\u30fa\u30fc]{2,}|[\uac00-\ud7a3]{2,}")

_STOP = frozenset(
    """
    a about above after again against all also always am an and any anybody anyone anything are as ask asked at
    be because been before being below between both but by call can cannot code could did do does doing don done
    down during each edit either else etc even ever every example few find first following for found from
    further get gets getting give given go going good got had has have having he help her here hi him his how
    however i idea if in into is isn it its just know let like ll look looking lot made make makes many may
    maybe me mean might mine more most much must my need needs never new no nor not nothing now of off ok on
    once one only or other others our out over own please possible problem put question re really right same say
    see seem seems she should show simple since so some someone something sort still such sure take tell than
    thank thanks that the their them then there these they thing things think this those though through time to
    too tried try trying two under until up us use used user uses using ve very want wants was way we well were
    what when where whether which while who why will with without won work works working would wrong yes yet you
    your
    """.split()  # noqa: SIM905 - a list of 200 strings would fill pages
)
_STOP_HAN = frozenset(
    """
    我们 你们 他们 什么 怎么 如何 为什 么样 这个 那个 一个 可以 没有 就是 但是 因为 所以 如果 或者
    以及 是否 请问 问题 使用 不是 还是 现在 自己 需要 应该 可能 时候 已经 然后 这样 知道 哪些 有什
    么用 的时 候的 到了 了一 是不 不能 能不 一下 这些 里面 之后 的话 而且 只有 还有 都是 有没 出来
    起来 进行 通过 以下 下面 给出 谢谢 大家 编写 一次 每次 不会 我在 我想 我用 是什 么区 请用 请问
    这种 其他 其中 用的 的是 了吗 么办 怎样 这里 关于 请使 完成 题目
    """.split()  # noqa: SIM905 - a list of 200 strings would fill pages
)
_SIMPLE = re.compile("[的了吗呢吧么是在和与就都也很被把给从对到会要能]")


def words(title: str, text: str) -> list[str]:
    """The title counts twice; code does not count."""
    prose = _CODE.sub(" ", fences.prose(text))
    lowered = f"{title}\n{title}\n{prose[:4000]}".lower()
    found = [
        word for word in _WORD.findall(lowered) if len(word) > 1 and word not in _STOP and not word.startswith("e-mail")
    ]
    for run in _HAN.findall(lowered):
        pairs = (run[at : at + 2] for at in range(len(run) - 1))
        found += [pair for pair in pairs if pair not in _STOP_HAN and not _SIMPLE.search(pair)]
    return found + _KANA.findall(lowered)


def keywords(
    documents: Iterable[Sequence[str]], labels: Sequence[int], clusters: int, count: int = 10
) -> list[list[str]]:
    """Of each cluster the words with the greatest weight: how often it has them, by how rare they are elsewhere.

    A word of one document alone does not speak for a cluster of several.
    """
    frequency: list[Counter[str]] = [Counter() for _ in range(clusters)]
    spread: list[Counter[str]] = [Counter() for _ in range(clusters)]
    sizes: Counter[int] = Counter()
    for tokens, label in zip(documents, labels, strict=True):
        frequency[label].update(tokens)
        spread[label].update(set(tokens))
        sizes[label] += 1
    everywhere: Counter[str] = Counter()
    for counts in frequency:
        everywhere.update(counts)
    average = sum(everywhere.values()) / max(clusters, 1)
    result = []
    for label, counts in enumerate(frequency):
        total = sum(counts.values()) or 1
        least = 2 if sizes[label] > 3 else 1
        weights = {
            # More documents that say it count for more than one that says it often.
            word: math.sqrt(number * spread[label][word]) / total * math.log(1 + average / everywhere[word])
            for word, number in counts.items()
            if spread[label][word] >= least
        }
        ranked = sorted(weights, key=lambda word: (-weights[word], word))
        result.append(_joined(ranked[: 3 * count])[:count])
    return result


def _joined(ranked: list[str]) -> list[str]:
    """Pairs of characters that overlap are one longer word: 数据 and 据库 become 数据库."""
    result: list[str] = []
    for word in ranked:
        if _HAN.fullmatch(word):
            for at, other in enumerate(result):
                if _HAN.fullmatch(other) and len(other) < 5 and (other[-1] == word[0] or other[0] == word[-1]):
                    result[at] = other + word[1:] if other[-1] == word[0] else word + other[1:]
                    break
            else:
                result.append(word)
        else:
            result.append(word)
    return list(dict.fromkeys(result))
