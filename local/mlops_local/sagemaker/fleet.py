"""A fleet: the containers of all variants of one endpoint configuration, and how traffic is spread over fleets."""

from __future__ import annotations

import random
import threading
import time

from mlops_local.sagemaker import store
from mlops_local.sagemaker.errors import ApiError, JobFailure
from mlops_local.sagemaker.model_server import ModelServer

_WATCH_SECONDS = 1.0
_DRAIN_SECONDS = 10.0
_POLL_SECONDS = 0.05


class Fleet:
    """All variants of one configuration, started together and watched until they are stopped."""

    def __init__(self, endpoint: str, spec: dict) -> None:
        self.spec = spec
        self.servers = [ModelServer(endpoint, variant) for variant in spec["Variants"]]
        self._stopped = threading.Event()

    def start(self) -> None:
        """Start all variants at once; if one fails none remains."""
        failures: list[BaseException] = []

        def start(server: ModelServer) -> None:
            try:
                server.start()
            except Exception as error:  # noqa: BLE001 - reported by the thread that waits
                failures.append(error)

        threads = [store.in_background(f"start-{server.variant}", start, server) for server in self.servers]
        for thread in threads:
            thread.join()
        if failures:
            self.stop()
            failure = failures[0]
            raise failure if isinstance(failure, JobFailure) else JobFailure(f"{type(failure).__name__}: {failure}")
        store.in_background("watch-fleet", self._watch)

    def drain(self) -> None:
        """Let the requests end that were sent here before the traffic went elsewhere."""
        deadline = time.monotonic() + _DRAIN_SECONDS
        time.sleep(_POLL_SECONDS)  # one may have chosen this fleet and not begun yet
        while time.monotonic() < deadline and any(server.busy for server in self.servers):
            time.sleep(_POLL_SECONDS)

    def stop(self) -> None:
        self._stopped.set()
        threads = [store.in_background(f"stop-{server.variant}", server.stop) for server in self.servers]
        for thread in threads:
            thread.join()

    def server(self, variant: str | None) -> ModelServer:
        """The named variant, else one by weight."""
        if variant is None:
            weights = [server.weight for server in self.servers]
            if not any(weights):
                raise ApiError("ValidationError", "All variants of the endpoint have weight 0")
            return random.choices(self.servers, weights)[0]
        found = next((server for server in self.servers if server.variant == variant), None)
        if found is None:
            raise ApiError("ValidationError", f"Variant {variant} not found for the endpoint: it has "
                           + ", ".join(server.variant for server in self.servers))
        return found

    def _watch(self) -> None:
        while not self._stopped.wait(_WATCH_SECONDS):
            for server in self.servers:
                if not server.alive and not self._stopped.is_set():
                    try:
                        server.restart()
                    except JobFailure:
                        continue  # the next round tries again; callers see model errors meanwhile


class Traffic:
    """Which fleet answers: shares between the old and the new one while a deployment is on its way."""

    def __init__(self) -> None:
        self._shares: list[tuple[Fleet, float]] = []

    def send_to(self, *shares: tuple[Fleet, float]) -> None:
        """Replace the shares at once; requests that are already under way end where they are."""
        self._shares = [(fleet, share) for fleet, share in shares if share > 0]

    def fleets(self) -> list[Fleet]:
        return [fleet for fleet, _ in self._shares]

    def fleet(self) -> Fleet | None:
        shares = self._shares
        if not shares:
            return None
        if len(shares) == 1:
            return shares[0][0]
        return random.choices([fleet for fleet, _ in shares], [share for _, share in shares])[0]
