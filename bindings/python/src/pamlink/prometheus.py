"""What was counted, for `prometheus_client`.

    from prometheus_client import REGISTRY
    from pamlink.prometheus import EngineCollector

    REGISTRY.register(EngineCollector(hub))
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector


class Counted(Protocol):
    """A `Client`, a `Hub`, or one of their engines."""

    def metrics(self) -> str:
        """Text for Prometheus."""
        ...


class EngineCollector(Collector):
    """Collects from an engine whenever it is asked. `labels` are added to every sample, to tell
    several engines apart."""

    def __init__(self, counted: Counted, labels: dict[str, str] | None = None) -> None:
        self._counted = counted
        self._labels = labels or {}

    def collect(self) -> Iterator[Metric]:
        """The families of metrics."""
        for family in text_string_to_metric_families(self._counted.metrics()):
            if self._labels:
                family.samples = [
                    sample._replace(labels=sample.labels | self._labels)
                    for sample in family.samples
                ]
            yield family

    def describe(self) -> Iterator[Metric]:
        """None ahead of time: they are the engine's."""
        return iter(())
