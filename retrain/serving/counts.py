"""What has been asked and how long it took, in the text form of Prometheus.

Source of the form: https://prometheus.io/docs/instrumenting/exposition_formats.
"""

from collections import Counter

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # seconds


class Counts:
    """Of requests and of images since the start."""

    def __init__(self):
        self.requests: Counter[tuple[str, int]] = Counter()
        self.images = 0
        self._below = Counter[float]()
        self._count, self._seconds = 0, 0.0

    def add(self, what: str, status: int, seconds: float) -> None:
        """One request that was answered."""
        self.requests[what, status] += 1
        self._count, self._seconds = self._count + 1, self._seconds + seconds
        for bound in BUCKETS:
            self._below[bound] += seconds <= bound

    def text(self) -> str:
        """All of them."""
        lines = [
            "# HELP retrain_requests_total Requests that were answered.",
            "# TYPE retrain_requests_total counter",
        ]
        for (what, status), count in sorted(self.requests.items()):
            lines.append(f'retrain_requests_total{{what="{what}",status="{status}"}} {count}')
        lines += [
            "# HELP retrain_images_total Images that were classified.",
            "# TYPE retrain_images_total counter",
        ]
        lines += [f"retrain_images_total {self.images}"]
        name = "retrain_request_seconds"
        lines += [f"# HELP {name} How long requests took.", f"# TYPE {name} histogram"]
        lines += [f'{name}_bucket{{le="{bound}"}} {self._below[bound]}' for bound in BUCKETS]
        lines += [f'{name}_bucket{{le="+Inf"}} {self._count}']
        lines += [f"{name}_sum {self._seconds:.6f}", f"{name}_count {self._count}"]
        return "\n".join(lines) + "\n"
