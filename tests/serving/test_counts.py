from retrain.serving.counts import Counts


def test_the_text_of_prometheus():
    counts = Counts()
    counts.images += 3
    for status, seconds in ((200, 0.004), (200, 0.3), (400, 20.0)):
        counts.add("predict", status, seconds)
    lines = counts.text().splitlines()
    assert {
        'retrain_requests_total{what="predict",status="200"} 2',
        'retrain_requests_total{what="predict",status="400"} 1',
        "retrain_images_total 3",
        'retrain_request_seconds_bucket{le="0.005"} 1',
        'retrain_request_seconds_bucket{le="0.25"} 1',
        'retrain_request_seconds_bucket{le="0.5"} 2',
        'retrain_request_seconds_bucket{le="10.0"} 2',
        'retrain_request_seconds_bucket{le="+Inf"} 3',
        "retrain_request_seconds_sum 20.304000",
        "retrain_request_seconds_count 3",
    } < set(lines)
    assert [line for line in lines if line.startswith("# TYPE")] == [
        "# TYPE retrain_requests_total counter",
        "# TYPE retrain_images_total counter",
        "# TYPE retrain_request_seconds histogram",
    ]
