import ProxyCore

// The configuration file: text in, one validated `Config` out, or all of its mistakes at once.
//
//   ConfigFile      the whole: files to `Config`
//   Includes        a file and all that it includes, each as a document
//   Document        YAML to elements that know their places; anchors, merge keys, bounds, keys that come twice
//   Substitution    the environment, put into texts
//   Key, Kind       what a key is called, what stands behind it, where that goes: one description for decoder and schema
//   Keys/           all keys, a file for each group
//   Reader          what the keys read with, and where mistakes are gathered
//   Services        services by name
//   Routes          patterns and actions to routes
//   Warnings        what is said to no effect
//   Diagnostic      a mistake, its line, and a mark below the place
//   Schema          the keys as JSON Schema

/// Reads configuration files.
package enum ConfigFile {
    /// What came of reading one.
    package struct Outcome: Sendable {
        /// Nil where there is an error.
        package var config: Config?
        /// Errors and warnings, file by file in the order of their lines.
        package var diagnostics: [Diagnostic]
        /// Absolute paths of all that was read or looked for: when one of them changes, so may the configuration. Files, and
        /// directories that are included as such.
        package var watched: [String]
        /// Where each route of `config` is said: `balancer.yaml:12`.
        package var routePlaces: [String]
    }

    /// Reads `path` and all that it includes. Nothing but files is touched, and none is written.
    ///
    /// - Parameters:
    ///   - path: Relative to the working directory.
    ///   - environment: What `${NAME}` means.
    ///   - flags: Win over what the file says of the process and of services.
    package static func load(
        _ path: String, environment: [String: String], flags: Options = Options(flags: [:])
    ) -> Outcome {
        let reader = Reader(environment: environment)
        var includes = Includes(reader, workingDirectory: FileAccess.workingDirectory())
        includes.read(path)
        var draft = FileDraft()
        for root in includes.roots {
            let entries = (root.entries ?? []).filter { !$0.name.hasPrefix(FileKeys.freePrefix) }
            reader.read(FileKeys.all, entries, into: &draft)
        }
        reader.takeServices(draft.services, defaults: draft.config.serviceDefaults)
        let routes = reader.routes(draft.routes, defaults: draft.routeDefaults)
        if let root = includes.roots.last, draft.routes.isEmpty, !reader.hasErrors {
            reader.fail(root, "there are no routes; use routes: with a pattern and a service, such as /: web:8080")
        }
        var config = draft.config
        if !draft.listeners.isEmpty { config.listeners = draft.listeners.map(\.address) }
        config.routes = routes.map(\.route)
        config.services = reader.services.all
        apply(flags, to: &config, reader, path)
        checkAdmin(config, draft, reader)
        if !reader.hasErrors { compile(routes, reader) }
        if !reader.hasErrors { reader.warn(about: routes, listeners: config.listeners) }
        var diagnostics = sorted(reader.diagnostics, files: includes.roots.map(\.source.name))
        if reader.furtherErrors > 0 {
            diagnostics.append(
                Diagnostic(.error, file: path, message: "there are \(reader.furtherErrors) more mistakes"))
        }
        return Outcome(
            config: reader.hasErrors ? nil : config, diagnostics: diagnostics, watched: reader.watched,
            routePlaces: routes.map { "\($0.element.source.name):\($0.element.place.line)" })
    }

    private static func apply(_ flags: Options, to config: inout Config, _ reader: Reader, _ path: String) {
        do throws(ConfigError) {
            try config.take(flags)
        } catch {
            reader.add(Diagnostic(.error, file: path, message: error.description))
        }
    }

    /// What only the whole table can say.
    private static func compile(_ routes: [ReadRoute], _ reader: Reader) {
        do throws(RouteTable.Mistake) {
            _ = try RouteTable(routes: routes.map(\.route))
        } catch {
            reader.fail(routes[error.route].element, "the route cannot be used: \(error.message)")
        }
    }

    private static func checkAdmin(_ config: Config, _ draft: FileDraft, _ reader: Reader) {
        guard let admin = config.admin, let element = draft.admin, admin.port != 0 else { return }
        if config.listeners.contains(where: { $0 == admin || $0 == .any(port: admin.port) }) {
            reader.fail(element, "admin: \"\(admin)\" is where clients are served; use another port")
        }
    }

    /// File by file as they were read, and line by line.
    private static func sorted(_ diagnostics: [Diagnostic], files: [String]) -> [Diagnostic] {
        func rank(_ item: (offset: Int, element: Diagnostic)) -> (Int, Int, Int, Int) {
            let (offset, diagnostic) = item
            return (files.firstIndex(of: diagnostic.file) ?? files.count, diagnostic.line, diagnostic.column, offset)
        }
        return diagnostics.enumerated().sorted { rank($0) < rank($1) }
            .map(\.element)
    }
}

/// A configuration file, and what else has a say in what comes of it: enough to read it again.
package struct ConfigSource: Equatable, Sendable {
    package let path: String
    package let environment: [String: String]
    package let flags: Options

    package init(path: String, environment: [String: String], flags: Options) {
        self.path = path
        self.environment = environment
        self.flags = flags
    }

    package func load() -> ConfigFile.Outcome { ConfigFile.load(path, environment: environment, flags: flags) }
}
