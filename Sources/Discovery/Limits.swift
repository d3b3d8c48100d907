import ProxyCore

/// Every bound of name resolution, each with its reason.
enum Limits {
    /// Records taken from one answer. A message has at most 65,535 bytes and a record with its owner at least 16, so that
    /// no answer is cut.
    static let recordsPerAnswerMax = 4096

    /// What an answer over UDP may measure without being fragmented on its way: IPv6's least MTU of 1280 less the headers
    /// (the value of DNS Flag Day 2020).
    static let udpPayloadBytes = 1232

    /// How long one server may keep silent before the next try, unless resolv.conf says otherwise. The C library's 5 s
    /// would hold up the news of a whole scale-up.
    static let serverTimeoutMilliseconds: Milliseconds = 700
    static let serverTimeoutMillisecondsMax: Milliseconds = 5_000
    /// How often each server is tried, unless resolv.conf says otherwise.
    static let triesPerServer = 2
    static let triesPerServerMax = 5

    /// Servers that are asked; each costs time while it is dead. The C library takes three.
    static let serversMax = 8
    /// Questions that are under way at once; more wait for their turn. Less than the 150 that dnsmasq forwards at once
    /// before it refuses, and each has a channel of 70 KiB.
    static let questionsAtOnceMax = 128
    /// How often servers that kept silent are tried again, while another is asked in their place. Nobody waits for that.
    static let serverProbeMilliseconds: Milliseconds = 5_000
    /// Search domains; Kubernetes allows as many.
    static let searchDomainsMax = 32
    /// resolv.conf(5).
    static let ndotsMax = 15
    /// A domain name as text without its last dot (RFC 1035 section 2.3.4).
    static let nameBytesMax = 253

    /// What is read of `resolv.conf` and `hosts`: lists of blocked hosts reach some hundred thousand bytes.
    static let fileBytesMax = 1 << 20
    /// How late a changed `resolv.conf` or `hosts` may be noticed; two stat(2) calls each time.
    static let fileCheckMilliseconds: Milliseconds = 2_000

    /// An answer is used so long though its TTL says less: servers that do not want to be cached say 0.
    static let ttlMillisecondsMin: Milliseconds = 100
    /// The least time between two refreshes of a name that connect failures ask for: four in a second.
    static let urgentGapMilliseconds: Milliseconds = 250
    /// The longest pause while servers fail, unless the interval itself is longer.
    static let backoffMilliseconds: Milliseconds = 5_000
    /// And no more than this many intervals.
    static let backoffIntervals: Milliseconds = 5

    /// How long the addresses of one family wait for the other family's answer: some servers never answer AAAA
    /// (RFC 4074), and new endpoints should not wait for a time-out.
    static let otherFamilyMilliseconds: Milliseconds = 300

    /// How long a change of SRV records waits for the addresses of the hosts that they newly name, so that it comes as one.
    static let serviceTargetsMilliseconds: Milliseconds = 300
    /// The largest share that an SRV record's weight becomes. The weights of one answer keep their ratios up to this one,
    /// which is also what an unused weight of 0 is kept below, and products with an upstream's weight stay small.
    static let serviceWeightMax = 1_000

    /// How long new rules wait for the first addresses of the services that they name, so that the first requests do not find
    /// a pool empty that is not. A name that does not resolve holds nothing up for longer.
    static let firstAddressesMilliseconds: Milliseconds = 500

    /// Addresses that a log line names before it only counts.
    static let addressesPerLogLineMax = 16
    /// What has led to a change of a set, as far as its log line says it.
    static let reasonsPerLogLineMax = 3
}
