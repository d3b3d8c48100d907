import Logging
import ProxyCore

/// The names that are watched: each once, however many use it, and for as long as anybody does.
final class NameWatches {
    private struct Key: Hashable {
        let name: String
        let kind: NameWatch.Kind

        /// Case tells no names apart (RFC 4343).
        init(_ name: String, _ kind: NameWatch.Kind) {
            self.name = name.lowercased()
            self.kind = kind
        }
    }

    private let loop: ControlLoop
    private let source: NameSource
    private var interval: Milliseconds
    private let log: Logger
    private let news: (_ watch: NameWatch, _ reason: String?) -> Void
    private var entries: [Key: (watch: NameWatch, users: Int)] = [:]
    private var isStarted = false

    /// - Parameter news: see `NameWatch.init`.
    init(
        loop: ControlLoop, source: NameSource, interval: Milliseconds, log: Logger,
        news: @escaping (_ watch: NameWatch, _ reason: String?) -> Void
    ) {
        self.loop = loop
        self.source = source
        self.interval = interval
        self.log = log
        self.news = news
    }

    /// One more user of a name, who gives it back with `release`.
    func acquire(_ name: String, _ kind: NameWatch.Kind) -> NameWatch {
        let key = Key(name, kind)
        if let known = entries[key] {
            entries[key] = (known.watch, known.users + 1)
            return known.watch
        }
        let watch = NameWatch(
            name: name, kind: kind, interval: interval, loop: loop, source: source, log: log, news: news)
        entries[key] = (watch, 1)
        // In a turn of its own: who acquires it is not done yet, and news may come at once.
        if isStarted { loop.schedule(after: 0) { [weak watch] in watch?.start() } }
        return watch
    }

    func release(_ watch: NameWatch) {
        let key = Key(watch.name, watch.kind)
        guard let entry = entries[key] else { return }
        if entry.users > 1 {
            entries[key] = (watch, entry.users - 1)
        } else {
            entries[key] = nil
            watch.stop()
        }
    }

    func start() {
        isStarted = true
        for entry in entries.values { entry.watch.start() }
    }

    /// Goes by another interval, and by what else the source of the names says otherwise now.
    func adopt(interval: Milliseconds) {
        self.interval = interval
        for entry in entries.values { entry.watch.adopt(interval: interval) }
    }

    /// How many names are watched.
    var count: Int { entries.count }

    func refreshUrgently() {
        for entry in entries.values { entry.watch.refreshUrgently() }
    }

    func stop() {
        for entry in entries.values { entry.watch.stop() }
    }
}
