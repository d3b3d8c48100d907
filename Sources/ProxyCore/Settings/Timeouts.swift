/// How long each phase of a request may take, in milliseconds.
package struct Timeouts: Equatable, Sendable {
    /// From a request's first byte to the end of its head; also from accept to the first request's first byte.
    package var headerMilliseconds: Milliseconds = 10_000
    /// Between two parts of a request body, or of an answer that the client is slow to take.
    package var bodyMilliseconds: Milliseconds = 30_000
    /// For a client's keep-alive connection between two requests.
    package var idleMilliseconds: Milliseconds = 75_000
    /// For a TCP connection to an endpoint to come about, while another could be tried instead.
    package var connectMilliseconds: Milliseconds = 2_000
    /// How long a client that has ended its direction is served on while its answer has not begun: it may have sent its
    /// last request, but more likely it has gone.
    package var halfClosedMilliseconds: Milliseconds = 1_000
    /// From the end of the request to the head of the upstream's answer, and between two parts of its body.
    package var responseMilliseconds: Milliseconds = 60_000
    /// For an idle connection to an upstream. Below the 5 s after which common servers close theirs, so that a request
    /// does not meet a connection that is just being closed.
    package var upstreamIdleMilliseconds: Milliseconds = 4_000
    /// For a tunnel (RFC 9110 section 7.8) on which neither side sends.
    package var tunnelMilliseconds: Milliseconds = 3_600_000

    package init() {}
}
