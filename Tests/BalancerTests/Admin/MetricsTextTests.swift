import Testing

@testable import Balancer

@Suite struct MetricsTextTests {
    @Test func familiesAndSamples() {
        var metrics = MetricsText()
        metrics.family("a_total", .counter, "Help.")
        metrics.sample("a_total", ["x": "1", "y": "2"], 3)
        metrics.single("b", .gauge, "More.", 4)
        metrics.sample("c_seconds", milliseconds: 1_007)
        #expect(
            metrics.text == """
                # HELP a_total Help.
                # TYPE a_total counter
                a_total{x="1",y="2"} 3
                # HELP b More.
                # TYPE b gauge
                b 4
                c_seconds 1.007

                """)
    }

    @Test func labelsAreEscaped() {
        var metrics = MetricsText()
        metrics.sample("a", ["path": "/\"\\\n"], 0)
        #expect(metrics.text == "a{path=\"/\\\"\\\\\\n\"} 0\n")
    }
}
