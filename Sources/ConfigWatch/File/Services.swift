import ProxyCore

/// The services of a file: those that it names, and those that routes make by naming an upstream.
struct Services {
    private(set) var all: [Config.Service] = []
    private var indices: [String: Int] = [:]
    /// Where each named one is said.
    private var keys: [Int: Element] = [:]
    private var used: Set<Int> = []
    var defaults = ServiceSettings()

    var names: [String] { keys.keys.sorted().map { all[$0].name } }

    mutating func add(_ service: Config.Service, key: Element?) {
        indices[service.name] = all.count
        if let key { keys[all.count] = key }
        all.append(service)
    }

    /// Where the service of this name was said before.
    func place(of name: String) -> Element? { indices[name].flatMap { keys[$0] } }

    func index(of name: String) -> Int? { indices[name] }

    mutating func use(_ service: Int) { used.insert(service) }

    var unused: [(name: String, key: Element)] {
        keys.sorted { $0.key < $1.key }.filter { !used.contains($0.key) }.map { (all[$0.key].name, $0.value) }
    }
}

extension Reader {
    /// Takes the services of all files.
    func takeServices(_ entries: [Element.Entry], defaults: ServiceSettings) {
        services.defaults = defaults
        for entry in entries {
            let name = entry.name
            var service = Config.Service(name: name, upstreams: [], settings: defaults)
            if let known = services.place(of: name) {
                fail(
                    entry.key,
                    "\"\(name)\" is there already, in \(known.source.name) on line \(known.place.line); use it once")
                continue
            }
            guard isToken(name) else {
                fail(entry.key, "\"\(name)\" is no service's name; use letters, digits and marks such as - and _")
                continue
            }
            guard services.all.count < Bounds.services else {
                return fail(entry.key, "there are more than \(Bounds.services) services")
            }
            let before = diagnostics.count
            if entry.value.entries != nil {
                read(ServiceKeys.all, entry.value, into: &service)
                if service.upstreams.isEmpty, diagnostics.count == before {
                    fail(entry.key, "service \"\(name)\" has no upstreams; use upstreams: HOST:PORT")
                }
            } else {
                takeUpstreams(entry.value, into: &service)
            }
            services.add(service, key: entry.key)
        }
    }

    /// The index of the service that `element` names, or of the one that its upstream makes.
    func service(_ element: Element) -> Int? {
        guard let text = text(element) else { return nil }
        return service(text, element)
    }

    func service(_ text: String, _ element: Element) -> Int? {
        if let index = services.index(of: text) {
            services.use(index)
            return index
        }
        guard text.contains(":") else {
            let hint = Suggestion.nearest(to: text, in: services.names).map { "did you mean \"\($0)\"?" }
            fail(
                element,
                Rejection("is no service; \(hint ?? "use the name of one under services, or HOST:PORT")"))
            return nil
        }
        do {
            let upstream = try Parse.upstream(text)
            let service = Config.Service(name: text, upstreams: [upstream], settings: services.defaults)
            services.add(service, key: nil)
            return services.all.count - 1
        } catch {
            fail(element, error)
            return nil
        }
    }
}
