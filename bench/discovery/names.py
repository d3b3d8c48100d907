"""The DNS server that all proxies ask: TTL 600 and shuffled answers, as measured of Docker's."""

from __future__ import annotations

import random
from dataclasses import replace

from support.dns import NXDOMAIN, DnsServer, Query, Reply


class Names(DnsServer):
    """A zone of which a name without addresses is NXDOMAIN, as that of a service scaled to zero."""

    def point(self, name: str, addresses: list[str]) -> None:
        """From now on these are the name's addresses."""
        if addresses:
            self.serve(name, *addresses, ttl=600)
        else:
            self.answer(name, NXDOMAIN)

    def _choose(self, query: Query) -> Reply:
        reply = super()._choose(query)
        return replace(reply, addresses=tuple(random.sample(reply.addresses, len(reply.addresses))))
