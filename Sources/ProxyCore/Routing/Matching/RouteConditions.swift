/// The conditions of all routes besides host and path, in flat tables. A route names its own by their index.
struct RouteConditions: ~Copyable, Sendable {
    /// How the conditions of a route stand to a request.
    enum Verdict: Equatable {
        case hold
        case wrongMethod
        /// The field condition with this index in the route fails.
        case field(Int)
        case query(Int)
        case wrongClient
        /// An expression was given up.
        case undecided
    }

    /// A part of a table.
    struct Slice: BitwiseCopyable {
        var start: Int32 = 0
        var count: Int32 = 0

        var range: Range<Int> { Int(start)..<Int(start &+ count) }
        var isEmpty: Bool { count == 0 }
    }

    struct Entry: BitwiseCopyable {
        var methods = Slice()
        var fields = Slice()
        var query = Slice()
        var networks: Int32 = -1
    }

    struct Test: BitwiseCopyable {
        enum Kind: UInt8 {
            case present, absent, equals, expression
        }

        var name: Slice
        var kind: Kind
        /// A slice of the texts, or an expression.
        var value = Slice()
        var expression: Int32 = -1
    }

    private let entries: FixedArray<Entry>
    private let methods: FixedArray<Slice>
    private let tests: FixedArray<Test>
    private let texts: FixedArray<UInt8>
    private let networks: FixedArray<NetworkSet>

    struct Builder {
        private var entries: [Entry] = []
        private var methods: [Slice] = []
        private var tests: [Test] = []
        private var texts: [UInt8] = []
        private var networks: [[Network]] = []

        /// - Parameter expressions: the numbers of those that fields and then query name, in their order.
        /// - Returns: the index of the conditions, or -1 where there are none.
        mutating func add(_ match: RouteMatch, expressions: [Int32]) -> Int32 {
            guard match.conditionCount > 0 else { return -1 }
            var entry = Entry()
            entry.methods = Slice(start: Int32(methods.count), count: Int32(match.methods.count))
            for method in match.methods { methods.append(add(method)) }
            var numbers = expressions[...]
            entry.fields = add(match.fields, &numbers)
            entry.query = add(match.query, &numbers)
            if !match.clients.isEmpty {
                entry.networks = Int32(networks.count)
                networks.append(match.clients)
            }
            entries.append(entry)
            return Int32(entries.count - 1)
        }

        private mutating func add(_ conditions: [ValueCondition], _ expressions: inout ArraySlice<Int32>) -> Slice {
            let start = tests.count
            for condition in conditions {
                var test = Test(name: add(condition.name), kind: .present)
                switch condition.test {
                case .present: break
                case .absent: test.kind = .absent
                case .equals(let value):
                    test.kind = .equals
                    test.value = add(value)
                case .regex:
                    test.kind = .expression
                    test.expression = expressions.removeFirst()
                }
                tests.append(test)
            }
            return Slice(start: Int32(start), count: Int32(tests.count - start))
        }

        private mutating func add(_ text: String) -> Slice {
            let start = texts.count
            texts += text.utf8
            return Slice(start: Int32(start), count: Int32(texts.count - start))
        }

        consuming func build() -> RouteConditions {
            RouteConditions(entries: entries, methods: methods, tests: tests, texts: texts, networks: networks)
        }
    }

    private init(entries: [Entry], methods: [Slice], tests: [Test], texts: [UInt8], networks: [[Network]]) {
        self.entries = FixedArray(entries)
        self.methods = FixedArray(methods)
        self.tests = FixedArray(tests)
        self.texts = FixedArray(texts)
        self.networks = FixedArray(count: networks.count) { NetworkSet(networks[$0]) }
    }

    // ---- asking ------------------------------------------------------------------------------------------------------

    func judge(
        _ index: Int32, _ bytes: RawSpan, _ head: borrowing RequestHead, _ client: SocketAddress,
        _ expressions: borrowing FixedArray<RouteExpression>, _ memory: inout MatchMemory
    ) -> Verdict {
        let entry = entries[Int(index)]
        if !entry.methods.isEmpty, !names(entry.methods, bytes, head.methodRange) { return .wrongMethod }
        if entry.networks >= 0, !networks[Int(entry.networks)].contains(client) { return .wrongClient }
        for number in entry.fields.range {
            switch fieldOutcome(tests[number], bytes, head, expressions, &memory) {
            case .found: continue
            case .notFound: return .field(number - Int(entry.fields.start))
            case .undecided: return .undecided
            }
        }
        for number in entry.query.range {
            switch queryOutcome(tests[number], bytes, head.target, expressions, &memory) {
            case .found: continue
            case .notFound: return .query(number - Int(entry.query.start))
            case .undecided: return .undecided
            }
        }
        return .hold
    }

    private func names(_ list: Slice, _ bytes: RawSpan, _ method: Range<Int>) -> Bool {
        for index in list.range where bytes.equals(method, texts.bytes, methods[index].range, ignoresCase: false) {
            return true
        }
        return false
    }

    /// Of several field lines of the name, one that fits is enough.
    private func fieldOutcome(
        _ test: Test, _ bytes: RawSpan, _ head: borrowing RequestHead,
        _ expressions: borrowing FixedArray<RouteExpression>, _ memory: inout MatchMemory
    ) -> RegularExpression.Outcome {
        for index in 0..<head.fields.count {
            let line = head.fields[index]
            guard bytes.equals(line.nameRange, texts.bytes, test.name.range, ignoresCase: true) else { continue }
            switch test.kind {
            case .present: return .found
            case .absent: return .notFound
            case .equals:
                if bytes.equals(line.value, texts.bytes, test.value.range, ignoresCase: false) { return .found }
            case .expression:
                let outcome = expressions[Int(test.expression)].expression.find(
                    in: bytes.extracting(line.value), with: &memory)
                if outcome != .notFound { return outcome }
            }
        }
        return test.kind == .absent ? .found : .notFound
    }

    private func queryOutcome(
        _ test: Test, _ bytes: RawSpan, _ target: Range<Int>, _ expressions: borrowing FixedArray<RouteExpression>,
        _ memory: inout MatchMemory
    ) -> RegularExpression.Outcome {
        var parameters = QueryParameters(of: bytes, target)
        while let parameter = parameters.next(bytes) {
            guard bytes.equalsDecoded(parameter.name, texts.bytes.extracting(test.name.range)) else { continue }
            switch test.kind {
            case .present: return .found
            case .absent: return .notFound
            case .equals:
                if bytes.equalsDecoded(parameter.value, texts.bytes.extracting(test.value.range)) { return .found }
            case .expression:
                var decoded = memory.decoded.take()
                bytes.decode(parameter.value, into: &decoded)
                let outcome = expressions[Int(test.expression)].expression.find(in: decoded.bytes, with: &memory)
                memory.decoded = decoded
                if outcome != .notFound { return outcome }
            }
        }
        return test.kind == .absent ? .found : .notFound
    }
}

extension RouteMatch {
    /// How much is said besides ports, host and path: the list of methods is one, that of clients is one, and each field
    /// and parameter is one.
    package var conditionCount: Int {
        (methods.isEmpty ? 0 : 1) + (clients.isEmpty ? 0 : 1) + fields.count + query.count
    }
}
