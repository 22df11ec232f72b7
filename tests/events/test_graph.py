"""Who is who: the linking rules, against a naive model that recomputes everything from its edges each time."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from huitou.events.graph import LARGEST_STRONG, LARGEST_WEAK, Claim, Graph, Known, components
from huitou.events.model import STRONG

Pairs = tuple[tuple[str, str], ...]
CLAIMS = st.lists(
    st.lists(
        st.tuples(st.sampled_from(["user_id", "phone", "openid", "anonymous_id", "device", "previous_id"]),
                  st.sampled_from(["1", "2", "3", "4"])),
        min_size=1, max_size=4, unique=True,
    ).map(tuple),
    max_size=25,
)  # fmt: skip


def name(pair: tuple[str, str]) -> str:
    return f"{pair[0]}={pair[1]}"


def claim(pairs: Pairs, at: int = 0) -> Claim:
    return Claim(pairs, at, "shop", str(at))


def link_all(claims: list[Pairs]) -> Graph:
    graph = Graph(Known(), name)
    for at, pairs in enumerate(claims):
        graph.link(claim(pairs, at))
    return graph


class Naive:
    """The same rules with no cleverness: persons are looked up by walking all edges."""

    def __init__(self) -> None:
        self.born: dict[str, int] = {}
        self.owner: dict[tuple[str, str], str] = {}
        self.edges: list[tuple[str, str]] = []
        self.seen: set[tuple[frozenset[str], str, str]] = set()

    def person(self, node: str) -> set[str]:
        found, before = {node}, 0
        while len(found) > before:
            before = len(found)
            found |= {b for a, b in self.edges if a in found} | {a for a, b in self.edges if b in found}
        return found

    def root(self, node: str) -> str:
        return min(self.person(node), key=lambda one: (self.born[one], one))

    def kinds(self, node: str) -> Counter[str]:
        person = self.person(node)
        return Counter(kind for (kind, _), owner in self.owner.items() if owner in person)

    def link(self, pairs: Pairs, at: int) -> str:
        origin = ""
        for kind, value in pairs:
            pair = (kind, value)
            if kind == "previous_id":
                pair = ("user_id" if ("user_id", value) in self.owner else "anonymous_id", value)
            if not origin:
                origin = self.owner.get(pair) or self.bear(pair, at)
            owner = self.owner.get(pair)
            most = LARGEST_STRONG if pair[0] in STRONG else LARGEST_WEAK
            if owner is None and self.kinds(origin)[pair[0]] < most:
                owner = self.owner[pair] = origin
            owner = owner or self.bear(pair, at)
            tie = (frozenset({origin, owner}), kind, value)
            if owner == origin or tie in self.seen:
                continue
            self.seen.add(tie)
            mine, theirs = self.kinds(origin), self.kinds(owner)
            both_known = any(mine[k] for k in STRONG) and any(theirs[k] for k in STRONG)
            if owner in self.person(origin) or not (
                (pair[0] not in STRONG and both_known)
                or any(mine[k] + theirs[k] > (LARGEST_STRONG if k in STRONG else LARGEST_WEAK) for k in theirs)
            ):
                self.edges.append((origin, owner))
        return origin

    def bear(self, pair: tuple[str, str], at: int) -> str:
        self.born[name(pair)] = at
        self.owner[pair] = name(pair)
        return name(pair)


@settings(deadline=None)
@given(CLAIMS)
def test_equals_the_naive_model(claims: list[Pairs]) -> None:
    naive, graph = Naive(), Graph(Known(), name)
    for at, pairs in enumerate(claims):
        assert graph.link(claim(pairs, at)) == naive.link(pairs, at)
    assert graph.known.owners == naive.owner
    assert {node: graph.root(node) for node in naive.born} == {node: naive.root(node) for node in naive.born}


@settings(deadline=None)
@given(CLAIMS)
def test_a_claim_linked_once_is_settled(claims: list[Pairs]) -> None:
    graph = Graph(Known(), name)
    for at, pairs in enumerate(claims):
        graph.link(claim(pairs, at))
        assert graph.is_settled(claim(pairs, at))
    before = (dict(graph.known.owners), set(graph.known.edges), graph.moved())
    for pairs in claims:
        if graph.is_settled(claim(pairs)):
            graph.link(claim(pairs))
    assert before == (graph.known.owners, graph.known.edges, graph.moved())


@settings(deadline=None)
@given(st.lists(st.lists(st.tuples(st.sampled_from(["user_id", "phone"]), st.sampled_from("1234")), min_size=1,
                         max_size=3, unique=True).map(tuple), max_size=12), st.randoms())  # fmt: skip
def test_with_strong_identifiers_the_order_does_not_matter(claims: list[Pairs], random: object) -> None:
    def people(order: list[Pairs]) -> set[frozenset[tuple[str, str]]]:
        graph = link_all(order)
        groups: dict[str, set[tuple[str, str]]] = {}
        for pair, owner in graph.known.owners.items():
            groups.setdefault(graph.root(owner), set()).add(pair)
        return {frozenset(group) for group in groups.values()}

    shuffled = list(claims)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert people(claims) == people(shuffled)


def test_a_shared_phone_makes_one_person_of_two_and_the_older_is_the_root() -> None:
    graph = link_all([(("user_id", "u2"), ("phone", "p")), (("user_id", "u1"), ("phone", "p"))])
    assert graph.root("user_id=u1") == "user_id=u2"
    assert [(edge.kind, record.refused) for edge, record in graph.new_edges.items()] == [("phone", "")]


def test_a_shared_browser_does_not() -> None:
    graph = link_all(
        [
            (("anonymous_id", "a"),),
            (("user_id", "u1"), ("anonymous_id", "a")),
            (("user_id", "u2"), ("anonymous_id", "a")),
        ]
    )
    assert graph.root("anonymous_id=a") == graph.root("user_id=u1") == "anonymous_id=a"
    assert graph.root("user_id=u2") == "user_id=u2"
    assert [record.refused for record in graph.new_edges.values()] == ["", "shared"]


def test_a_staff_phone_joins_twenty_people_and_no_more() -> None:
    graph = link_all([(("user_id", str(number)), ("phone", "staff")) for number in range(LARGEST_STRONG + 5)])
    assert len({graph.root(f"user_id={number}") for number in range(LARGEST_STRONG)}) == 1
    assert len({graph.root(f"user_id={number}") for number in range(LARGEST_STRONG + 5)}) == 6
    assert [record.refused for record in graph.new_edges.values()] == [""] * (LARGEST_STRONG - 1) + ["hub"] * 5


def test_a_test_account_gets_no_more_than_twenty_phones() -> None:
    graph = link_all([(("user_id", "guest"), ("phone", str(number))) for number in range(LARGEST_STRONG + 1)])
    assert graph.known.owners["phone", "19"] == "user_id=guest"
    assert graph.root("phone=20") == "phone=20"


def test_alias_brings_the_browser_along_and_cycles_do_no_harm() -> None:
    graph = link_all(
        [(("anonymous_id", "a"),), (("user_id", "u"), ("previous_id", "a")), (("user_id", "a"), ("previous_id", "u")),
         (("user_id", "u"), ("previous_id", "a"))]
    )  # fmt: skip
    assert {graph.root(node) for node in graph.new_customers} == {"anonymous_id=a"}


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 5), min_size=1),
       st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("abcdefgh"))))  # fmt: skip
def test_components(nodes: dict[str, int], edges: list[tuple[str, str]]) -> None:
    naive = Naive()
    naive.born = nodes
    naive.edges = [(one, other) for one, other in edges if one in nodes and other in nodes]
    assert components(nodes, edges) == {node: naive.root(node) for node in nodes}


def test_a_number_that_looks_made_up_makes_nobody_one() -> None:
    graph = link_all([(("user_id", "a"), ("phone", "+8613800000000")), (("user_id", "b"), ("phone", "+8613800000000"))])
    assert graph.root(name(("user_id", "a"))) != graph.root(name(("user_id", "b")))


def test_a_number_that_looks_made_up_still_names_its_first_owner() -> None:
    graph = link_all([(("user_id", "a"), ("phone", "+8613800000000")), (("phone", "+8613800000000"),)])
    assert set(graph.known.created) == {name(("user_id", "a"))}


def test_a_number_that_does_not_makes_two_ids_one_person() -> None:
    graph = link_all([(("user_id", "a"), ("phone", "+8613812345678")), (("user_id", "b"), ("phone", "+8613812345678"))])
    assert graph.root(name(("user_id", "a"))) == graph.root(name(("user_id", "b")))
