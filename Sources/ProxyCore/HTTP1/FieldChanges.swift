/// Changes of a head's field lines, compiled: which lines go, and which come.
struct FieldChanges: Sendable {
    /// One line that comes.
    struct Line: Sendable {
        /// In lower case.
        fileprivate let name: [UInt8]
        /// `Name: `
        let start: [UInt8]
        let value: CompiledTemplate
    }

    /// In lower case.
    private let dropped: [[UInt8]]
    /// Those of them that we write ourselves, by `FieldName`.
    private let droppedKnown: UInt64
    let lines: [Line]

    /// - Parameter groups: the numbers of the named groups of the route's expression.
    init(_ changes: [FieldChange], _ groups: [String: Int] = [:]) {
        var dropped: [[UInt8]] = []
        var lines: [Line] = []
        for change in changes {
            let name = Array(change.name.lowercased().utf8)
            let start = Array("\(change.name): ".utf8)
            switch change.change {
            case .add(let value):
                lines.append(Line(name: name, start: start, value: CompiledTemplate(value, groups: groups)))
            case .set(let value):
                dropped.append(name)
                lines.removeAll { $0.name == name }
                lines.append(Line(name: name, start: start, value: CompiledTemplate(value, groups: groups)))
            case .remove:
                dropped.append(name)
                lines.removeAll { $0.name == name }
            }
        }
        self.dropped = dropped
        self.lines = lines
        droppedKnown =
            dropped.reduce(0) { known, name in
                unsafe known | 1 << UInt64(FieldName(name.span.bytes, 0..<name.count).rawValue)
            } & ~1
    }

    /// True where a line of this name comes.
    func sets(_ name: StaticString) -> Bool {
        lines.contains { unsafe $0.name.span.bytes.equals(0..<$0.name.count, ignoringCase: name) }
    }

    /// True where the line of this name goes.
    func drop(_ bytes: RawSpan, _ name: Range<Int>) -> Bool {
        for index in dropped.indices where bytes.equals(name, lowercase: dropped[index]) { return true }
        return false
    }

    /// True where the line of this name that we would write ourselves does not come.
    func drop(_ name: FieldName) -> Bool { droppedKnown >> UInt64(name.rawValue) & 1 != 0 }
}
