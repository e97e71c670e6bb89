"""What sets each cluster apart in words: class-based TF-IDF, for Chinese over the words that jieba cuts it into."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

import rjieba

from sampling.text import fences

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
    我们 你们 他们 它们 自己 大家 什么 怎么 怎样 怎么样 怎么办 如何 为什么 为何 哪些 哪个 哪里
    多少 这个 那个 这些 那些 这样 那样 这种 这里 那里 一个 一种 一些 一下 一次 每个 每次 所有
    任何 其他 其它 其中 另外 可以 可能 能够 不能 不会 应该 需要 必须 是否 没有 有没有 还有
    只有 就是 但是 不是 还是 都是 而且 并且 因为 所以 如果 或者 以及 然后 之后 之前 同时 时候
    现在 已经 关于 对于 根据 通过 使用 用于 进行 起来 出来 里面 以下 以上 下面 上面 如下 给出
    给定 请问 谢谢 帮忙 知道 觉得 认为 说明 描述 介绍 解释 说说 谈谈 列举 简述 例如 比如 问题
    回答 答案 题目 请用 编写 写出 实现 完成 一段 两个 三个 那么 这么 不同 区别 有哪些 的话
    是不是 这是 简单 提示 示例 名为 包含 理解 了解 作用 最后 分别 表示 要求 作为 之间 否则
    存在 解决 指定 假设 出现 方式 场景 提供 情况 过程 注意 对应 当前 第一个 开始 按照 相同
    名称 内容 位置 方法 结果
    """.split()  # noqa: SIM905 - a list of 200 strings would fill pages
)


def words(title: str, text: str) -> list[str]:
    """The title counts twice; code does not count."""
    prose = _CODE.sub(" ", fences.prose(text))
    lowered = f"{title}\n{title}\n{prose[:4000]}".lower()
    found = [
        word for word in _WORD.findall(lowered) if len(word) > 1 and word not in _STOP and not word.startswith("e-mail")
    ]
    for run in _HAN.findall(lowered):
        found += [word for word in rjieba.cut(run) if len(word) > 1 and word not in _STOP_HAN]
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
        result.append(sorted(weights, key=lambda word: (-weights[word], word))[:count])
    return result
