import Glibc

/// Where a path can be made to lead elsewhere: the entries of directories that it goes through as symbolic links, the last
/// being the file's own. `/etc/balancer/balancer.yaml` of a Kubernetes ConfigMap, which is a link to
/// `..data/balancer.yaml`, with `..data` a link to a directory, has three.
struct PathSteps {
    /// What is found at a path.
    enum Entry {
        case nothing
        /// A symbolic link with this text (readlink(2)).
        case link(String)
        case other
    }

    struct Step: Hashable {
        let directory: String
        let name: String
    }

    let steps: [Step]

    /// - Parameters:
    ///   - path: absolute.
    ///   - entry: what is at a path, itself not followed.
    init(to path: String, entry: (String) -> Entry = Self.entry) {
        var steps: [Step] = []
        var directory = ""
        var rest = Self.names(of: path)
        var linksLeft = Bounds.linksMax
        while let name = rest.popFirst() {
            if name == ".." {
                directory = String(directory[..<(directory.lastIndex(of: "/") ?? directory.startIndex)])
                continue
            }
            let step = Step(directory: directory.isEmpty ? "/" : directory, name: name)
            switch entry("\(directory)/\(name)") {
            case .link(let text) where linksLeft > 0:
                linksLeft -= 1
                steps.append(step)
                if text.hasPrefix("/") { directory = "" }
                rest = Self.names(of: text) + rest
            case .link, .nothing:
                // Whatever comes here may lead on.
                steps.append(step)
                rest = []
            case .other:
                if rest.isEmpty { steps.append(step) }
                directory += "/\(name)"
            }
        }
        self.steps = steps
    }

    private static func names(of path: String) -> ArraySlice<String> {
        path.split(separator: "/").filter { $0 != "." }.map(String.init)[...]
    }

    static func entry(_ path: String) -> Entry {
        var info = stat()
        guard unsafe lstat(path, &info) == 0 else { return .nothing }
        guard info.st_mode & S_IFMT == S_IFLNK else { return .other }
        var text = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = unsafe readlink(path, &text, text.count)
        guard count > 0 else { return .nothing }
        return .link(String(decoding: text[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }
}
