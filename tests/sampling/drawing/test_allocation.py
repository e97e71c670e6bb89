from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from sampling.drawing.allocation import Candidate, Group, pick, water_fill

rooms = st.dictionaries(st.integers(0, 30), st.integers(0, 40), max_size=12)
quotas = st.integers(0, 300)
seeds = st.integers(0, 2**31 - 1)
pools = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 4)), max_size=80)


def candidates(pool: list[tuple[str, int]]) -> list[Candidate]:
    # A cluster may hold documents of several categories.
    return [Candidate(f"key-{at}", category, cluster, cluster) for at, (category, cluster) in enumerate(pool)]


@given(rooms, quotas)
def test_the_quota_is_used_and_no_room_overfilled(room: dict[int, int], quota: int) -> None:
    given_ = water_fill(room, quota)
    assert sum(given_.values()) == min(quota, sum(room.values()))
    assert all(0 <= given_[key] <= room[key] for key in room)


@given(rooms, quotas, st.dictionaries(st.integers(0, 30), st.integers(0, 20)))
def test_levels_are_as_even_as_can_be(room: dict[int, int], quota: int, held: dict[int, int]) -> None:
    given_ = water_fill(room, quota, held)
    level = {key: held.get(key, 0) + given_[key] for key in room}
    for key in room:
        if given_[key] < room[key]:
            # Nobody else was raised more than one step above somebody who had room left.
            assert all(level[other] <= level[key] + 1 for other in room if given_[other])


@given(pools, st.dictionaries(st.sampled_from("abc"), st.integers(0, 40)), seeds)
def test_a_draw_keeps_to_its_quotas_never_repeats_and_replays(
    pool: list[tuple[str, int]], wanted: dict[str, int], seed: int
) -> None:
    drawn = pick(candidates(pool), wanted, seed=seed, salt="run")
    assert len({one.key for one in drawn}) == len(drawn)
    for category, number in wanted.items():
        available = sum(one == category for one, _cluster in pool)
        assert sum(one.category == category for one in drawn) == min(number, available)
    assert drawn == pick(list(reversed(candidates(pool))), dict(wanted), seed=seed, salt="run")


@given(pools, st.integers(0, 10), st.integers(0, 10), seeds)
def test_a_top_up_draws_what_one_larger_draw_would_have(
    pool: list[tuple[str, int]], first: int, more: int, seed: int
) -> None:
    whole = candidates(pool)
    at_once = pick(whole, dict.fromkeys("abc", first + more), seed=seed, salt="run")
    start = pick(whole, dict.fromkeys("abc", first), seed=seed, salt="run")
    held: Counter[Group] = Counter((one.category, one.group) for one in start)
    wanted = {name: first + more - sum(one.category == name for one in start) for name in "abc"}
    rest = [one for one in whole if one not in start]
    topped = start + pick(rest, wanted, seed=seed, salt="run", held=held)
    assert {one.key for one in topped} == {one.key for one in at_once}


def test_categories_and_then_clusters_take_turns() -> None:
    pool = candidates([("a", 0)] * 5 + [("a", 1)] * 5 + [("b", 0)] * 2)
    drawn = pick(pool, {"a": 6, "b": 2}, seed=1, salt="run")
    assert [one.category for one in drawn] == ["a", "b", "a", "b", "a", "a", "a", "a"]
    of_a = [one.cluster for one in drawn if one.category == "a"]
    assert all({of_a[at], of_a[at + 1]} == {0, 1} for at in (0, 2, 4))


def test_what_does_not_come_out_even_goes_by_lot() -> None:
    pool = candidates([("a", cluster) for cluster in range(3) for _ in range(4)])
    firsts = {pick(pool, {"a": 1}, seed=seed, salt="run")[0].cluster for seed in range(60)}
    assert firsts == {0, 1, 2}


def test_every_document_of_a_cluster_has_the_same_chance() -> None:
    pool = candidates([("a", 0)] * 10)
    times = dict.fromkeys((one.key for one in pool), 0)
    for seed in range(4000):
        for one in pick(pool, {"a": 3}, seed=seed, salt="run"):
            times[one.key] += 1
    assert all(1050 < count < 1350 for count in times.values())  # 1,200 expected, standard deviation 29


@given(pools, st.dictionaries(st.sampled_from("abc"), st.integers(0, 40)), seeds)
def test_each_category_is_as_even_as_can_be_over_its_clusters(
    pool: list[tuple[str, int]], wanted: dict[str, int], seed: int
) -> None:
    drawn = Counter((one.category, one.group) for one in pick(candidates(pool), wanted, seed=seed, salt="run"))
    room = Counter(pool)
    for (category, cluster), size in room.items():
        if category in wanted and drawn[category, cluster] < size:
            others = [count for (name, _cluster), count in drawn.items() if name == category]
            assert all(count <= drawn[category, cluster] + 1 for count in others)


def test_merged_clusters_count_as_one() -> None:
    pool = [Candidate(f"key-{at}", "a", at % 3, 0 if at % 3 == 1 else at % 3) for at in range(30)]
    drawn = pick(pool, {"a": 8}, seed=1, salt="run")
    assert Counter(one.group for one in drawn) == {0: 4, 2: 4}


merged = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 5), st.integers(0, 2)), max_size=80)


@given(merged, st.dictionaries(st.sampled_from("abc"), st.integers(0, 40)), seeds)
def test_where_there_is_room_left_two_groups_differ_by_one_at_most(
    pool: list[tuple[str, int, int]], wanted: dict[str, int], seed: int
) -> None:
    whole = [Candidate(f"key-{at}", category, cluster, group) for at, (category, cluster, group) in enumerate(pool)]
    drawn = Counter((one.category, one.group) for one in pick(whole, wanted, seed=seed, salt="run"))
    room = Counter((one.category, one.group) for one in whole)
    for category in wanted:
        left = [drawn[group] for group in room if group[0] == category and drawn[group] < room[group]]
        assert not left or max(left) - min(left) <= 1
        full = [room[group] for group in room if group[0] == category and drawn[group] == room[group]]
        assert not left or max(full, default=0) <= max(left) + 1


@given(pools, pools, st.lists(st.integers(0, 8), max_size=5), st.data(), seeds)
def test_draws_of_a_corpus_that_changes_never_repeat_and_never_exceed_their_quota(
    pool: list[tuple[str, int]], later: list[tuple[str, int]], quotas: list[int], data: st.DataObject, seed: int
) -> None:
    whole, new = candidates(pool), [Candidate(f"new-{one.key}", *_rest(one)) for one in candidates(later)]
    had: list[Candidate] = []
    for turn, quota in enumerate(quotas):
        # Some documents leak or are excluded this time, and from the second draw on others have come.
        offered = [one for one in whole + (new if turn else []) if one not in had and data.draw(st.booleans())]
        held: Counter[Group] = Counter((one.category, one.group) for one in had)
        before = Counter(one.category for one in had)
        wanted = {name: max(quota - before[name], 0) for name in "abc"}
        drawn = pick(offered, wanted, seed=seed, salt="run", held=held)
        for name in "abc":
            available = sum(one.category == name for one in offered)
            assert sum(one.category == name for one in drawn) == min(wanted[name], available)
        level = held + Counter((one.category, one.group) for one in drawn)
        room = Counter((one.category, one.group) for one in offered)
        given_ = Counter((one.category, one.group) for one in drawn)
        for group in room:
            if given_[group] < room[group]:
                raised = [level[other] for other in given_ if other[0] == group[0]]
                assert max(raised, default=0) <= level[group] + 1
        had += drawn
    assert len({one.key for one in had}) == len(had)


def _rest(one: Candidate) -> tuple[str, int, int]:
    return one.category, one.cluster, one.group


@given(pools, st.lists(st.integers(0, 6), min_size=1, max_size=5), seeds)
def test_however_often_it_is_topped_up_the_end_is_that_of_one_draw(
    pool: list[tuple[str, int]], steps: list[int], seed: int
) -> None:
    whole = candidates(pool)
    had: list[Candidate] = []
    for quota in sorted(steps):
        held: Counter[Group] = Counter((one.category, one.group) for one in had)
        wanted = {name: quota - sum(one.category == name for one in had) for name in "abc"}
        wanted = {name: max(number, 0) for name, number in wanted.items()}
        had += pick([one for one in whole if one not in had], wanted, seed=seed, salt="run", held=held)
    at_once = pick(whole, dict.fromkeys("abc", max(steps)), seed=seed, salt="run")
    assert {one.key for one in had} == {one.key for one in at_once}
