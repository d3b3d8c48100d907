import ProxyCore

/// A kind of single value: how it is read, and what a schema says of it.
struct Kind<Value>: Sendable {
    let shape: Shape
    /// YAML's true and false stand for on and off.
    var readsTruth = false
    let parse: @Sendable (String) throws(Rejection) -> Value

    init(
        _ shape: Shape, readsTruth: Bool = false, _ parse: @escaping @Sendable (String) throws(Rejection) -> Value
    ) {
        self.shape = readsTruth ? .either([shape, .truth]) : shape
        self.readsTruth = readsTruth
        self.parse = parse
    }
}

private let durationShape = Shape.either([
    .text(#"^([0-9]+(\.[0-9]+)?(ms|s|m|h)|0)$"#), .value([.init("const", .number(0))]),
])

extension Kind<Milliseconds> {
    static let duration = Kind(durationShape) { (text) throws(Rejection) in try Parse.duration(text) }
    static let timeout = Kind(durationShape) { (text) throws(Rejection) in try Parse.timeout(text) }

    static func duration(from shortest: Milliseconds) -> Kind {
        Kind(durationShape) { (text) throws(Rejection) in try Parse.duration(from: shortest)(text) }
    }
}

extension Kind<Milliseconds?> {
    static let timeout = Kind(durationShape) { (text) throws(Rejection) in try Parse.timeout(text) }
    static let staleLimit = Kind(.either([durationShape, .words(["off"])]), readsTruth: true) {
        (text) throws(Rejection) in try Parse.staleLimit(text)
    }
}

extension Kind<Int> {
    static func count(in range: ClosedRange<Int>) -> Kind {
        Kind(.number(in: range)) { (text) throws(Rejection) in try Parse.count(in: range)(text) }
    }

    static let percentage = Kind(.text("^(100|[0-9]{1,2})%$")) { (text) throws(Rejection) in
        try Parse.percentage(text)
    }

    static func size(upTo largest: Int) -> Kind {
        Kind(.either([.text("^[0-9]+([KMG]iB)?$"), .value([.init("type", .string("integer"))])])) {
            (text) throws(Rejection) in try Parse.size(upTo: largest)(text)
        }
    }

    static let redirectStatus = Kind(
        .either([.value([.init("enum", .array(Bounds.redirectStatuses.map { .number($0) }))]), .environment])
    ) { (text) throws(Rejection) in
        guard let status = Parse.number(text[...]), Bounds.redirectStatuses.contains(status) else {
            throw Rejection(
                "redirects nobody; use \(alternatives(Bounds.redirectStatuses.map { "\($0)" }))")
        }
        return status
    }

    /// The statuses of final answers.
    static let status = count(in: 200...599)
}

extension Kind<Int?> {
    static func count(in range: ClosedRange<Int>) -> Kind {
        Kind(.number(in: range)) { (text) throws(Rejection) in try Parse.count(in: range)(text) }
    }

    static let status = count(in: 200...599)

    static func size(upTo largest: Int) -> Kind {
        let kind = Kind<Int>.size(upTo: largest)
        return Kind(kind.shape) { (text) throws(Rejection) in try kind.parse(text) }
    }
}

extension Kind<Bool> {
    static let onOrOff = Kind(.words(["on", "off"]), readsTruth: true) { (text) throws(Rejection) in
        try Parse.onOrOff(text)
    }
}

extension Kind<String> {
    static let cookieName = Kind(.anyText) { (text) throws(Rejection) in try Parse.cookieName(text) }
    static let host = Kind(.anyText) { (text) throws(Rejection) in try Parse.host(text) }

    static func text(bytesMax: Int) -> Kind {
        Kind(.anyText) { (text) throws(Rejection) in try Parse.text(bytesMax: bytesMax)(text) }
    }

    /// RFC 9110 section 5.6.2.
    static let fieldName = Kind(.text("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")) { (text) throws(Rejection) in
        try Parse.fieldName(text)
    }

    static let mediaType = Kind(.text("^[^/ ]+/[^/]+$")) { (text) throws(Rejection) in try Parse.mediaType(text) }
    static let origin = Kind(.text(#"^(\*|[a-z][a-z0-9+.-]*://[^/]+|null)$"#)) { (text) throws(Rejection) in
        try Parse.origin(text)
    }
    static let method = Kind(.text("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")) { (text) throws(Rejection) in
        try Parse.method(text)
    }
    static let path = Kind(.text("^/")) { (text) throws(Rejection) in try Parse.plainPath(text) }
    static let fileName = Kind(.anyText) { (text) throws(Rejection) in try Parse.fileName(text) }
}

extension Kind<Policy> {
    static let policy = Kind(.words(Policy.allCases.map(\.rawValue) + ["rr", "lc"])) { (text) throws(Rejection) in
        try Parse.policy(text)
    }
}

extension Kind<HashKey> {
    static let hashKey = Kind(.text("^(client|uri|header:.+|cookie:.+)$")) { (text) throws(Rejection) in
        try Parse.hashKey(text)
    }
}

extension Kind<HealthSettings.Check> {
    static let healthCheck = Kind(.text("^(off|tcp|http:/.*|grpc(:.+)?)$"), readsTruth: true) {
        (text) throws(Rejection) in try Parse.healthCheck(text)
    }
}

extension Kind<[ClosedRange<Int>]> {
    static let statuses = Kind(
        .either([.text("^[2-5][0-9,-]+$"), .value([.init("type", .string("integer"))])])
    ) { (text) throws(Rejection) in try Parse.statuses(text) }
}

extension Kind<RetrySettings.Causes> {
    static let retryCauses = Kind(
        .either([
            .text("^(all|off|(connect|reset|timeout|gateway|500)(,(connect|reset|timeout|gateway|500))*)$"),
            .value([.init("const", .number(500))]),
        ]), readsTruth: true
    ) { (text) throws(Rejection) in try Parse.retryCauses(text == "on" ? "all" : text) }
}

extension Kind<IPFamily> {
    static let ipFamily = Kind(.words(IPFamily.allCases.map(\.rawValue))) { (text) throws(Rejection) in
        try Parse.ipFamily(text)
    }
}

extension Kind<LogLevel> {
    static let logLevel = Kind(.words(LogLevel.allCases.map(\.rawValue))) { (text) throws(Rejection) in
        try Parse.logLevel(text)
    }
}

extension Kind<ListenAddress> {
    static let listenAddress = Kind(.text(":[0-9]+$")) { (text) throws(Rejection) in try Parse.listenAddress(text) }
}

extension Kind<SocketAddress> {
    static let resolver = Kind(.anyText) { (text) throws(Rejection) in try Parse.resolver(text) }
}

extension Kind<Upstream> {
    static let upstream = Kind(.text("^[^/ ]+$")) { (text) throws(Rejection) in try Parse.upstream(text) }
}

extension Kind<Template> {
    static let template = Kind(.anyText) { (text) throws(Rejection) in try Parse.template(text) }
    /// One that stands in a head, where no line may end.
    static let fieldValue = Kind(.anyText) { (text) throws(Rejection) in try Parse.fieldValue(text) }
}

extension Kind<[Network]> {
    static let network = Kind(.text("^(all|[0-9a-fA-F:.]+(/[0-9]+)?)$")) { (text) throws(Rejection) in
        try Parse.network(text)
    }
}

extension Kind<[AccessRule]> {
    static let accessRule = Kind(.text("^(allow|deny) +[^ ]+$")) { (text) throws(Rejection) in
        try Parse.accessRule(text)
    }
}

extension Kind<CompressionSettings.Coding> {
    static let coding = Kind(.words(["zstd", "brotli", "br", "gzip"])) { (text) throws(Rejection) in
        try Parse.coding(text)
    }
}
