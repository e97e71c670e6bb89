import random

from hypothesis import given
from hypothesis import strategies as st

from sampling import allocation

sizes = st.dictionaries(st.integers(0, 30), st.integers(0, 40), max_size=12)
quotas = st.integers(0, 300)
seeds = st.integers(0, 2**32 - 1)


@given(sizes, quotas, seeds)
def test_fill_uses_the_quota_and_never_more_than_there_is(available: dict[int, int], quota: int, seed: int) -> None:
    shares = allocation.fill(available, quota, random.Random(seed))
    assert sum(shares.values()) == min(quota, sum(available.values()))
    assert all(0 <= shares[part] <= available[part] for part in available)


@given(sizes, quotas, seeds)
def test_fill_is_as_even_as_can_be(available: dict[int, int], quota: int, seed: int) -> None:
    shares = allocation.fill(available, quota, random.Random(seed))
    for part, share in shares.items():
        if share < available[part]:
            assert all(other <= share + 1 for other in shares.values())


@given(sizes, quotas, seeds)
def test_choose_never_repeats_and_replays(available: dict[int, int], quota: int, seed: int) -> None:
    members = {part: [(part, place) for place in range(size)] for part, size in available.items()}
    drawn = allocation.choose(members, quota, random.Random(seed))
    assert len({member for _, member in drawn}) == len(drawn) == min(quota, sum(available.values()))
    assert all(member[0] == part for part, member in drawn)
    assert drawn == allocation.choose(members, quota, random.Random(seed))


def test_the_rest_goes_to_parts_by_chance() -> None:
    given_to = {
        next(part for part, share in allocation.fill({"a": 9, "b": 9, "c": 9}, 1, random.Random(seed)).items() if share)
        for seed in range(50)
    }
    assert given_to == {"a", "b", "c"}


def test_every_member_of_a_part_has_the_same_chance() -> None:
    times = dict.fromkeys(range(10), 0)
    for seed in range(4000):
        for _, member in allocation.choose({"a": list(range(10))}, 3, random.Random(seed)):
            times[member] += 1
    assert all(1050 < count < 1350 for count in times.values())  # 1,200 expected, standard deviation 29


def test_round_robin_takes_one_of_each_in_turn() -> None:
    assert allocation.round_robin([["a1", "a2", "a3"], [], ["b1"], ["c1", "c2"]]) == [
        "a1", "b1", "c1", "a2", "c2", "a3"
    ]  # fmt: skip
