import ProxyCore

/// Reads a file and all that it includes.
struct Includes {
    private let reader: Reader
    private let workingDirectory: String
    /// The roots of all documents: what a file includes comes before it, so that it has the last word.
    private(set) var roots: [Element] = []
    /// The files that were read, by what they are and not by what they are called.
    private var seen: Set<String> = []

    init(_ reader: Reader, workingDirectory: String) {
        self.reader = reader
        self.workingDirectory = workingDirectory
    }

    mutating func read(_ path: String) { read(path, name: path, from: nil, depth: 0) }

    /// - Parameters:
    ///   - name: What messages call it.
    ///   - element: Who includes it.
    private mutating func read(_ path: String, name: String, from element: Element?, depth: Int) {
        let path = FileAccess.absolute(path, in: workingDirectory)
        reader.watch(path)
        do throws(Rejection) {
            guard seen.insert(FileAccess.identity(of: path)).inserted else {
                throw Rejection("was read already; include each file once")
            }
            guard seen.count <= Bounds.includedFiles else {
                throw Rejection("is one file too many; include at most \(Bounds.includedFiles)")
            }
            guard depth <= Bounds.includeDepth else { throw Rejection("is included too deeply") }
            let bytes = try FileAccess.contents(of: path, bytesMax: Bounds.fileBytesMax)
            // A byte order mark is no part of the text.
            let content = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...]
            guard let text = String(validating: content, as: UTF8.self) else { throw Rejection("is no text in UTF-8") }
            take(Source(name: name, directory: FileAccess.parent(of: path), text: text), depth: depth)
        } catch {
            guard let element else {
                return reader.add(Diagnostic(.error, file: name, message: "the file \(error.hint)"))
            }
            reader.fail(element, "include: \"\(name)\" \(error.hint)")
        }
    }

    private mutating func take(_ source: Source, depth: Int) {
        var mistakes: [Diagnostic] = []
        let root = Document.read(source, environment: reader.environment, diagnostics: &mistakes)
        for mistake in mistakes { reader.add(mistake) }
        guard let root else { return }
        guard root.entries != nil else {
            if !root.isNull || mistakes.isEmpty {
                reader.fail(root, "the file is \(root.kind); use a mapping of keys such as listen, services and routes")
            }
            return
        }
        if let include = root["include"] {
            for item in include.oneOrMore { self.include(item, source, depth: depth) }
        }
        roots.append(root)
    }

    private mutating func include(_ element: Element, _ source: Source, depth: Int) {
        guard let text = reader.text(element) else { return }
        let path = FileAccess.absolute(text, in: source.directory)
        guard !text.isEmpty, !text.utf8.contains(0), let kind = FileAccess.kind(of: path) else {
            reader.watch(path)
            return reader.fail(element, Rejection("is no file or directory: nothing is there"))
        }
        guard kind == .directory else {
            return read(path, name: Self.name(text, source), from: element, depth: depth + 1)
        }
        reader.watch(path)
        do throws(Rejection) {
            let directory = text.last == "/" ? String(text.dropLast()) : text
            for file in try FileAccess.yamlFiles(in: path) {
                read(
                    "\(path)/\(file)", name: Self.name("\(directory)/\(file)", source), from: element, depth: depth + 1)
            }
        } catch {
            reader.fail(element, error)
        }
    }

    /// `path` as one would write it where the name of `source` was written.
    private static func name(_ path: String, _ source: Source) -> String {
        guard !path.hasPrefix("/"), source.name.contains("/") else { return path }
        return FileAccess.absolute(path, in: FileAccess.parent(of: source.name))
    }
}
