import ProxyCore

/// Says when the files of a configuration have changed, whatever way that was done: the shell around `FileChanges`.
///
/// Watched are the directories in which a path may be made to lead elsewhere (`PathSteps`), because editors and `mv` put
/// another file in its place; and the file itself, because a container engine mounts single files, and their changes come
/// at no directory of ours. What another mount namespace changes comes at neither, so the files are looked at now and then.
///
/// It belongs to the thread that runs the loop.
package final class FileWatcher {
    /// What is watched for the sake of which names.
    private struct Watched {
        /// Entries of the directory that matter.
        var names: Set<String> = []
        /// All YAML files of the directory do.
        var yaml = false
        /// It is a file: whatever happens matters.
        var isFile = false
    }

    /// How late a change may be noticed that no event tells of; a stat(2) for each file.
    static let lookMilliseconds: Milliseconds = 2_000

    private let loop: ControlLoop
    private let changed: () -> Void
    private let inotify: Inotify?
    private var paths: [String] = []
    private var changes = FileChanges()
    private var watched: [Int32: Watched] = [:]
    private var settling: ControlLoop.TimerID?
    private var looking: ControlLoop.TimerID?

    /// - Parameter changed: called in a turn of the loop, once after each burst of changes.
    package init(loop: ControlLoop, changed: @escaping () -> Void) {
        self.loop = loop
        self.changed = changed
        // Without it, a change is found a little later.
        do throws(SystemError) { inotify = try Inotify() } catch { inotify = nil }
        if let descriptor = inotify?.descriptor {
            loop.watch(descriptor, for: .readable) { [weak self] _ in self?.readEvents() }
        }
    }

    deinit { stop() }

    /// Watches these files and directories from now on. Where some are new, `changed` follows soon: they may have changed
    /// between being read and being watched.
    ///
    /// - Parameter paths: absolute; they need not exist.
    package func follow(_ paths: [String]) {
        self.paths = paths
        // Watched first: what happens after the look is then told.
        watch()
        changes.follow(stamps, at: loop.now)
        settleWhenDue()
        lookLater()
    }

    package func stop() {
        if let descriptor = inotify?.descriptor { loop.unwatch(descriptor) }
        cancel(&settling)
        cancel(&looking)
    }

    // MARK: What is noticed

    private func readEvents() {
        for event in inotify?.read() ?? [] {
            if event.isOverflow || matters(event) { changes.note(event.isChange ? .change : .hint, at: loop.now) }
            if event.isEnd { watched[event.watch] = nil }
        }
        settleWhenDue()
    }

    private func matters(_ event: Inotify.Event) -> Bool {
        guard let place = watched[event.watch] else { return false }
        if event.name.isEmpty { return place.isFile || !event.isChange }
        return place.names.contains(event.name) || place.yaml && FileAccess.isYAML(event.name)
    }

    private func look() {
        changes.compare(stamps, at: loop.now)
        settleWhenDue()
        lookLater()
    }

    // MARK: What follows

    private func settleWhenDue() {
        cancel(&settling)
        guard let due = changes.due else { return }
        settling = loop.schedule(after: due - loop.now) { [weak self] in self?.settle() }
    }

    private func settle() {
        settling = nil
        watch()
        if changes.settle(stamps, at: loop.now) { changed() }
        settleWhenDue()
    }

    private func lookLater() {
        cancel(&looking)
        looking = loop.schedule(after: Self.lookMilliseconds) { [weak self] in self?.look() }
    }

    private func cancel(_ timer: inout ControlLoop.TimerID?) {
        if let timer { loop.cancel(timer) }
        timer = nil
    }

    private var stamps: [String: FileStamp] {
        Dictionary(paths.map { ($0, FileStamp(path: $0)) }) { first, _ in first }
    }

    // MARK: What is watched

    /// Watches what the paths lead through now, and nothing that they did before.
    private func watch() {
        let before = watched
        watched = [:]
        for path in paths {
            for step in PathSteps(to: path).steps { watch(step.directory) { $0.names.insert(step.name) } }
            if FileAccess.kind(of: path) == .directory {
                watch(path) { $0.yaml = true }
            } else {
                watch(path) { $0.isFile = true }
            }
        }
        for watch in before.keys where watched[watch] == nil { inotify?.unwatch(watch) }
    }

    private func watch(_ path: String, _ note: (inout Watched) -> Void) {
        guard watched.count < Bounds.watchesMax, let watch = inotify?.watch(path) else { return }
        note(&watched[watch, default: Watched()])
    }

    /// How many inodes are watched.
    var watchCount: Int { watched.count }
}
