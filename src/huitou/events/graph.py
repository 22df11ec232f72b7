"""Who is who, in memory: events name people by identifiers, and identifiers that meet tie customers together.

A customer is a node, born with the first identifier of the event that first named it; an identifier belongs to the
node it first named and never moves. Two nodes that an event names together are tied by an edge, kept with the
identifier that ties them; a person is a set of nodes joined by edges, its root the oldest of them. So any single
edge can be taken back later, and what it had joined falls apart again.

Strong identifiers join whomever they meet. Weak ones (a browser, a device) stay with the customer they first named
and never join two people who are both known by a strong one. What would join too much is refused and kept on record.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from huitou.events.model import CUSTOMER, PREVIOUS, is_strong
from huitou.events.people import joins_people

# A person with more ids of one kind than this is no person but a hub: a staff phone, a test account.
LARGEST_STRONG = 20
# Browsers forget their cookies weekly (Safari), so one person rightly has many.
LARGEST_WEAK = 200

HUB, SHARED = "hub", "shared"

Identifier = tuple[str, str]


class Edge(NamedTuple):
    """Younger node, older node, and the identifier that ties them."""

    absorbed: str
    survivor: str
    kind: str
    value: str


class Claim(NamedTuple):
    """One event's word that these identifiers are one person's."""

    identifiers: tuple[Identifier, ...]
    at: int
    source: str
    event_id: str


class EdgeRecord(NamedTuple):
    """Why and when an edge was made or, with a reason, refused."""

    claim: Claim
    refused: str


@dataclass
class Known:
    """What the ledger says about the identifiers at hand and the people they belong to."""

    owners: dict[Identifier, str] = field(default_factory=dict)
    roots: dict[str, str] = field(default_factory=dict)  # node -> root
    created: dict[str, int] = field(default_factory=dict)  # nodes and roots
    counts: dict[str, Counter[str]] = field(default_factory=dict)  # root -> identifiers by kind
    edges: set[Edge] = field(default_factory=set)  # made, refused or undone: none of them is made again


def wanted(claims: Iterable[Claim]) -> Iterator[Identifier]:
    """The identifiers whose owners must be known to link the claims."""
    for claim in claims:
        for kind, value in claim.identifiers:
            if kind == PREVIOUS:
                yield "user_id", value
                yield "anonymous_id", value
            elif kind != CUSTOMER:
                yield kind, value


class Graph:
    """Links claims one by one; what changed is in the `new_…` fields and `moved()`."""

    def __init__(self, known: Known, birth: Callable[[Identifier], str]) -> None:
        self.known = known
        self.birth = birth
        self.new_customers: dict[str, int] = {}
        self.new_identifiers: dict[Identifier, tuple[str, int]] = {}
        self.new_edges: dict[Edge, EdgeRecord] = {}
        self._parent: dict[str, str] = {}

    def link(self, claim: Claim) -> str | None:
        """The node the event belongs to: the owner of its first identifier, born now if nobody had it."""
        origin = self._origin(claim)
        if origin is not None:
            for kind, value in claim.identifiers:
                self._tie(origin, kind, value, claim)
        return origin

    def is_settled(self, claim: Claim) -> bool:
        """Whether linking the claim would change nothing."""
        origin = self._first_owner(claim)
        if origin is None:
            return not claim.identifiers or claim.identifiers[0][0] == CUSTOMER
        for kind, value in claim.identifiers:
            if kind == CUSTOMER:
                continue
            owner = self.known.owners.get(self._owned_pair(kind, value))
            if owner is None or (owner != origin and self._edge(origin, owner, kind, value) not in self.known.edges):
                return False
        return True

    def root(self, node: str) -> str:
        node = self.known.roots.get(node, node)
        while node in self._parent:
            node = self._parent[node]
        return node

    def moved(self) -> dict[str, str]:
        """Former root -> its new root, for every root (new nodes too) that was absorbed."""
        return {old: self.root(old) for old in self._parent}

    def _origin(self, claim: Claim) -> str | None:
        if not claim.identifiers:
            return None
        origin = self._first_owner(claim)
        if origin is None and claim.identifiers[0][0] != CUSTOMER:
            origin = self._bear(self._owned_pair(*claim.identifiers[0]), claim)
        return origin

    def _first_owner(self, claim: Claim) -> str | None:
        if not claim.identifiers:
            return None
        kind, value = claim.identifiers[0]
        if kind == CUSTOMER:
            return value if value in self.known.created else None
        return self.known.owners.get(self._owned_pair(kind, value))

    def _owned_pair(self, kind: str, value: str) -> Identifier:
        """A previous id is the user's who had it, else it is taken for a browser's."""
        if kind != PREVIOUS:
            return kind, value
        return ("user_id", value) if ("user_id", value) in self.known.owners else ("anonymous_id", value)

    def _tie(self, origin: str, kind: str, value: str, claim: Claim) -> None:
        if kind == CUSTOMER:
            return
        pair = self._owned_pair(kind, value)
        owner = self.known.owners.get(pair)
        if owner == origin:
            return
        if owner is None:
            counts = self._counts(origin)
            if counts[pair[0]] < _largest(pair[0]):
                self._own(pair, origin, claim)
                counts[pair[0]] += 1
                return
            owner = self._bear(pair, claim)
        edge = self._edge(origin, owner, kind, value)
        if edge not in self.known.edges:
            refused = self._objection(origin, owner, *pair)
            self.known.edges.add(edge)
            self.new_edges[edge] = EdgeRecord(claim, refused)
            if not refused:
                self._join(self.root(origin), self.root(owner))

    def _objection(self, one: str, other: str, kind: str, value: str) -> str:
        if self.root(one) == self.root(other):
            return ""  # one more reason why they are the same
        mine, theirs = self._counts(one), self._counts(other)
        if not joins_people(kind, value) and _is_known(mine) and _is_known(theirs):
            return SHARED
        if any(mine[kind] + count > _largest(kind) for kind, count in theirs.items()):
            return HUB
        return ""

    def _join(self, one: str, other: str) -> None:
        if one == other:
            return
        older, younger = sorted((one, other), key=self._age)
        self.known.counts[older] = self._counts(older) + self._counts(younger)
        self._parent[younger] = older

    def _bear(self, pair: Identifier, claim: Claim) -> str:
        node = self.birth(pair)
        self.new_customers[node] = self.known.created[node] = claim.at
        self._own(pair, node, claim)
        self.known.counts[node] = Counter({pair[0]: 1})
        return node

    def _own(self, pair: Identifier, node: str, claim: Claim) -> None:
        self.known.owners[pair] = node
        self.new_identifiers[pair] = (node, claim.at)

    def _counts(self, node: str) -> Counter[str]:
        return self.known.counts.setdefault(self.root(node), Counter())

    def _edge(self, one: str, other: str, kind: str, value: str) -> Edge:
        older, younger = sorted((one, other), key=self._age)
        return Edge(younger, older, kind, value)

    def _age(self, node: str) -> tuple[int, str]:
        return self.known.created[node], node


def components(nodes: dict[str, int], edges: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Node -> root, of nodes {id: created_at} joined by edges; an edge to a node outside is left out."""
    parent = {node: node for node in nodes}

    def find(node: str) -> str:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for one, other in edges:
        if one in parent and other in parent:
            older, younger = sorted((find(one), find(other)), key=lambda node: (nodes[node], node))
            parent[younger] = older
    return {node: find(node) for node in nodes}


def _largest(kind: str) -> int:
    return LARGEST_STRONG if is_strong(kind) else LARGEST_WEAK


def _is_known(counts: Counter[str]) -> bool:
    return any(number and is_strong(kind) for kind, number in counts.items())
