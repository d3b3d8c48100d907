import Testing

@testable import ConfigWatch

@Suite struct PathStepsTests {
    /// The steps to a path where these are links and nothing is missing but what is named so.
    private func steps(_ path: String, links: [String: String] = [:], missing: Set<String> = []) -> [String] {
        PathSteps(to: path) { place in
            missing.contains(place) ? .nothing : links[place].map { .link($0) } ?? .other
        }
        .steps.map { "\($0.directory) \($0.name)" }
    }

    @Test func aPlainPathMayBeReplacedInItsDirectory() {
        #expect(steps("/etc/balancer/balancer.yaml") == ["/etc/balancer balancer.yaml"])
        #expect(steps("/balancer.yaml") == ["/ balancer.yaml"])
        #expect(steps("//etc/./balancer/../balancer.yaml") == ["/etc balancer.yaml"])
    }

    @Test func aConfigMapHasThree() {
        let links = ["/config/balancer.yaml": "..data/balancer.yaml", "/config/..data": "..2026_01_01"]
        #expect(
            steps("/config/balancer.yaml", links: links) == [
                "/config balancer.yaml", "/config ..data", "/config/..2026_01_01 balancer.yaml",
            ])
    }

    @Test func linksMayBeAbsoluteAndLeadUpwards() {
        let links = ["/app/current": "/srv/releases/7", "/srv/releases/7/balancer.yaml": "../shared/balancer.yaml"]
        #expect(
            steps("/app/current/balancer.yaml", links: links) == [
                "/app current", "/srv/releases/7 balancer.yaml", "/srv/releases/shared balancer.yaml",
            ])
    }

    @Test func whatIsMissingMayCome() {
        #expect(steps("/etc/balancer/a.yaml", missing: ["/etc/balancer"]) == ["/etc balancer"])
        #expect(steps("/etc/a.yaml", missing: ["/etc/a.yaml"]) == ["/etc a.yaml"])
    }

    @Test func aCircleEnds() {
        let steps = steps("/a", links: ["/a": "b", "/b": "a"])
        #expect(steps.count == Bounds.linksMax + 1)
    }
}
