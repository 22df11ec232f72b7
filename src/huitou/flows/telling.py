"""What messages say besides what was decided: read when they are queued, or looked at."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from huitou.catalog.broadcasts import Broadcast
from huitou.catalog.products import create_products
from huitou.delivery.contexts import Told
from huitou.stores.engine import Engine


def tell(engine: Engine, show: Broadcast, sends: pa.Table, features: pa.Table | None, now: int) -> Told:
    """For these decision rows. `features` is what they were made from, None to read it from the lake. The engine is one
    of `flows.tables.open_tables`."""
    create_products(engine, now)
    products = pc.unique(sends.column("products").combine_chunks().flatten())
    engine.register("wanted_products", pa.table({"product": products}))
    engine.register("wanted_people", pa.table({"customer": pc.unique(sends.column("customer"))}))
    if features is None:
        occasions = pc.unique(sends.column("occasion")).to_pylist()
        engine.create("known_features", "flows", "features_of", occasion=occasions[0] if occasions else "")
    else:
        engine.register("known_features", features)
    return Told(show, engine.run("flows", "told_people"), engine.run("flows", "told_products"))
