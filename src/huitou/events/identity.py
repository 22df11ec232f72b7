"""Who is who, in the ledger: identifiers resolved to customers, customers joined and taken apart again.

Every writer of identities holds the lock "identity"; what is already settled is answered without it. A change of
root takes the customers' own locks, old and new, so that delivery's guard sees a person before or after, never
between.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from huitou.events.graph import Claim, Edge, EdgeRecord, Graph, Identifier, Known, components, wanted
from huitou.kit.clock import now_us
from huitou.kit.errors import NotFound
from huitou.kit.ids import keyed_hash
from huitou.kit.settings import secret
from huitou.stores.ledger import Connection, lock, lock_customers
from huitou.stores.sql import load_query

LOCK = "identity"


def resolve(connection: Connection, claims: Sequence[Claim], *, stopping: Sequence[bool] = ()) -> list[str | None]:
    """The customer (origin node) each claim belongs to, in order; None for a claim without identifiers.

    Customers not seen before are made, identifiers attached, people joined. Where `stopping` is true for a claim its
    person's lock is taken until the transaction ends (what stops a message is about to be written).
    """
    graph = _read(connection, claims)
    if not all(graph.is_settled(claim) for claim in claims):
        lock(connection, LOCK)
        graph = _read(connection, claims, count=True)
    found = [graph.link(claim) for claim in claims]
    origins = [origin for origin, stops in zip(found, stopping, strict=False) if stops and origin is not None]
    moved = graph.moved()
    if moved or origins:
        _lock_people(connection, origins, graph, moved)
    _write(connection, graph, moved)
    return found


def roots(connection: Connection, ids: Iterable[str]) -> dict[str, str]:
    """Customer -> today's root; unknown ids are left out."""
    found = connection.execute(load_query("events", "ledger/find_people"), {"ids": list(set(ids))}).fetchall()
    return dict(found)


def lock_people(connection: Connection, ids: Iterable[str]) -> dict[str, str]:
    """Take the locks of these customers' people until the transaction ends; customer -> root, sure not to change.

    A merge that commits while we wait for a lock moves the person, so the roots are read again until they stand.
    """
    ids = set(ids)
    locked: set[str] = set()
    while True:
        people = roots(connection, ids)
        missing = set(people.values()) - locked
        if not missing:
            return people
        lock_customers(connection, missing)
        locked |= missing


def merge(connection: Connection, one: str, other: str, *, why: str = "operator") -> str:
    """Join two customers on somebody's word; the root. NotFound where either is unknown.

    Hubs and earlier undoings are no objection: a person decided.
    """
    lock(connection, LOCK)
    known = _known_nodes(connection, [one, other])
    for customer in (one, other):
        if customer not in known.created:
            raise _unknown_customer(customer)
    younger, older = sorted((one, other), key=lambda node: (known.created[node], node), reverse=True)
    lock_people(connection, [one, other])
    claim = Claim((), now_us(), "operator", why)
    _add_edges(connection, {Edge(younger, older, "operator", why): EdgeRecord(claim, "")})
    connection.execute(
        "UPDATE merge SET undone_at = NULL WHERE (absorbed, survivor, kind, value) = (%s, %s, 'operator', %s)",
        (younger, older, why),
    )
    old_roots = {known.roots[one], known.roots[other]}
    _regroup(connection, old_roots)
    return roots(connection, [one])[one]


def undo_merge(connection: Connection, merge_id: int) -> dict[str, str]:
    """Take back one recorded edge and never make it again; the roots of everyone who was in that person, by customer.

    What other edges still hold together stays together. NotFound where there is no such merge; a refused or undone
    one is left as it is.
    """
    lock(connection, LOCK)
    row = connection.execute(
        "SELECT absorbed, refused, undone_at FROM merge WHERE id = %s FOR UPDATE", (merge_id,)
    ).fetchone()
    if row is None:
        raise NotFound({"zh": f"没有编号为 {merge_id} 的合并记录", "en": f"there is no merge {merge_id}"})
    absorbed, refused, undone_at = row
    root = lock_people(connection, [absorbed])[absorbed]
    if refused or undone_at is not None:
        return _members(connection, [root])
    connection.execute("UPDATE merge SET undone_at = %s WHERE id = %s", (now_us(), merge_id))
    return _regroup(connection, {root})


def customer_id(pair: Identifier) -> str:
    """The id of the customer born with this identifier: nobody without the installation's secret can guess it."""
    return _name(secret("identity"), pair)


def _read(connection: Connection, claims: Sequence[Claim], *, count: bool = False) -> Graph:
    known = _known_owners(connection, set(wanted(claims)))
    named = [value for claim in claims for kind, value in claim.identifiers if kind == "customer"]
    if named:
        nodes = _known_nodes(connection, named)
        known.roots |= nodes.roots
        known.created |= nodes.created
    cross = _nodes_of_several(known, claims)
    if cross:
        parameters = {"nodes": list(cross)}
        for row in connection.execute(load_query("events", "ledger/find_edges"), parameters):
            known.edges.add(Edge(*row))
    if count:
        _count(connection, known)
    key = secret("identity")
    return Graph(known, lambda pair: _name(key, pair))


def _name(key: bytes, pair: Identifier) -> str:
    return "c" + keyed_hash(key, *pair)


def _known_owners(connection: Connection, pairs: set[Identifier]) -> Known:
    known = Known()
    if pairs:
        kinds, values = zip(*pairs, strict=True)
        rows = connection.execute(
            load_query("events", "ledger/find_owners"), {"kinds": list(kinds), "values": list(values)}
        )
        for kind, value, node, created_at, root, root_created_at in rows:
            known.owners[kind, value] = node
            known.roots[node] = root
            known.created[node] = created_at
            known.created[root] = root_created_at
    return known


def _known_nodes(connection: Connection, ids: Sequence[str]) -> Known:
    known = Known()
    for node, created_at, root, root_created_at in connection.execute(
        load_query("events", "ledger/find_nodes"), {"ids": list(ids)}
    ):
        known.roots[node] = root
        known.created[node] = created_at
        known.created[root] = root_created_at
    return known


def _nodes_of_several(known: Known, claims: Sequence[Claim]) -> set[str]:
    """Nodes named together with others in one claim: only between them can there be edges."""
    nodes: set[str] = set()
    for claim in claims:
        if len(claim.identifiers) > 1:
            owners = {known.owners[pair] for pair in wanted([claim]) if pair in known.owners}
            owners |= {value for kind, value in claim.identifiers if kind == "customer"}
            if len(owners) > 1:
                nodes |= owners
    return nodes


def _count(connection: Connection, known: Known) -> None:
    found = list(set(known.roots.values()))
    for root, kind, number in connection.execute(load_query("events", "ledger/count_identifiers"), {"roots": found}):
        known.counts.setdefault(root, Counter())[kind] = number


def _lock_people(connection: Connection, origins: list[str], graph: Graph, moved: dict[str, str]) -> None:
    """All locks in one sorted go; then again where somebody else merged meanwhile."""
    lock_customers(connection, {graph.root(origin) for origin in origins} | moved.keys() | set(moved.values()))
    if origins:
        lock_people(connection, [origin for origin in origins if origin not in graph.new_customers])


def _write(connection: Connection, graph: Graph, moved: dict[str, str]) -> None:
    if graph.new_customers:
        rows = [(node, at, moved.get(node)) for node, at in sorted(graph.new_customers.items())]
        ids, created, into = map(list, zip(*rows, strict=True))
        connection.execute(
            "INSERT INTO customer (id, created_at, merged_into) SELECT * FROM unnest(%b::text[], %s::bigint[], %b::text[])",
            (ids, created, into),
        )
    if graph.new_identifiers:
        owned = [(*pair, node, at) for pair, (node, at) in graph.new_identifiers.items()]
        connection.execute(
            "INSERT INTO identifier (kind, value, customer, created_at)"
            " SELECT * FROM unnest(%b::text[], %b::text[], %b::text[], %s::bigint[])",
            tuple(map(list, zip(*owned, strict=True))),
        )
    if graph.new_edges:
        _add_edges(connection, graph.new_edges)
    absorbed = {old: new for old, new in moved.items() if old not in graph.new_customers}
    if absorbed:
        _move(connection, absorbed)


def _move(connection: Connection, absorbed: dict[str, str]) -> None:
    """Point the old roots, and all that pointed to them, straight to the new ones."""
    moves = "UPDATE customer SET merged_into = moved.new FROM unnest(%b::text[], %b::text[]) AS moved (old, new)"
    pairs = (list(absorbed), list(absorbed.values()))
    connection.execute(moves + " WHERE customer.merged_into = moved.old", pairs)
    connection.execute(moves + " WHERE customer.id = moved.old", pairs)


def _add_edges(connection: Connection, edges: dict[Edge, EdgeRecord]) -> None:
    rows = [(*edge, record.claim.source, record.claim.event_id, record.claim.at, record.refused)
            for edge, record in edges.items()]  # fmt: skip
    names = ("absorbed", "survivor", "kind", "value", "source", "event_id", "merged_at", "refused")
    columns = map(list, zip(*rows, strict=True))
    connection.execute(load_query("events", "ledger/add_edges"), dict(zip(names, columns, strict=True)))


def _regroup(connection: Connection, old_roots: set[str]) -> dict[str, str]:
    """Work out anew who of these people's customers belong together, and write it."""
    members = _members(connection, old_roots)
    nodes = _known_nodes(connection, list(members)).created
    edges = connection.execute(
        "SELECT absorbed, survivor FROM merge"
        " WHERE absorbed = ANY(%(ids)s) AND survivor = ANY(%(ids)s) AND refused = '' AND undone_at IS NULL",
        {"ids": list(members)},
    ).fetchall()
    grouped = components(nodes, [(one, other) for one, other in edges])
    lock_customers(connection, set(grouped.values()))
    rows = [(node, None if root == node else root) for node, root in grouped.items()]
    connection.execute(
        "UPDATE customer SET merged_into = now.root FROM unnest(%b::text[], %b::text[]) AS now (id, root)"
        " WHERE customer.id = now.id",
        ([node for node, _ in rows], [root for _, root in rows]),
    )
    return grouped


def _members(connection: Connection, found: Iterable[str]) -> dict[str, str]:
    """Every customer of these roots' people -> root."""
    return dict(
        connection.execute(
            "SELECT id, coalesce(merged_into, id) FROM customer WHERE id = ANY(%(r)s) OR merged_into = ANY(%(r)s)",
            {"r": list(found)},
        ).fetchall()
    )


def _unknown_customer(customer: str) -> NotFound:
    return NotFound({"zh": f"没有客户 {customer}", "en": f"there is no customer {customer}"})
