import ProxyCore

/// Time and what is to happen in it. What is due at the same moment happens in the order in which it was planned, so a
/// run is the same each time.
final class FakeClock {
    /// Names something that is planned.
    struct Timer {
        fileprivate let place: Int
        fileprivate let number: UInt64
    }

    /// Without a reference, so that moving it about the heap counts none.
    private struct Entry {
        let due: Int64
        let number: UInt64
        let place: Int

        func comesBefore(_ other: Entry) -> Bool {
            due == other.due ? number < other.number : due < other.due
        }
    }

    private(set) var now = Instant(microseconds: 1_000_000_000)
    /// What has happened so far.
    private(set) var steps = 0
    /// A binary heap: what is due first is at the top.
    private var heap: [Entry] = []
    private var planned: UInt64 = 0
    /// What is to be done, by the place of its entry; the number is 0 for what was cancelled.
    private var actions: [(number: UInt64, action: (() -> Void)?)] = []
    private var freePlaces: [Int] = []

    @discardableResult
    func at(_ moment: Instant, _ action: @escaping () -> Void) -> Timer {
        planned += 1
        let place = freePlaces.popLast() ?? actions.count
        if place == actions.count { actions.append((planned, action)) } else { actions[place] = (planned, action) }
        heap.append(Entry(due: max(moment, now).microseconds, number: planned, place: place))
        siftUp(heap.count - 1)
        return Timer(place: place, number: planned)
    }

    @discardableResult
    func after(microseconds: Int64, _ action: @escaping () -> Void) -> Timer {
        at(Instant(microseconds: now.microseconds + microseconds), action)
    }

    @discardableResult
    func after(_ milliseconds: Milliseconds, _ action: @escaping () -> Void) -> Timer {
        at(now + milliseconds, action)
    }

    func cancel(_ timer: inout Timer?) {
        if let timer, actions[timer.place].number == timer.number { actions[timer.place] = (0, nil) }
        timer = nil
    }

    /// Lets happen what is due next.
    ///
    /// - Returns: false where nothing is left.
    func step() -> Bool {
        while let entry = removeFirst() {
            let action = actions[entry.place].action
            actions[entry.place] = (0, nil)
            freePlaces.append(entry.place)
            guard let action else { continue }
            now = Instant(microseconds: entry.due)
            steps += 1
            action()
            return true
        }
        return false
    }

    /// Forgets all that is planned.
    func clear() {
        heap = []
        actions = []
    }

    private func removeFirst() -> Entry? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        if !heap.isEmpty {
            heap[0] = last
            siftDown()
        }
        return first
    }

    private func siftUp(_ start: Int) {
        let entry = heap[start]
        var place = start
        while place > 0, entry.comesBefore(heap[(place - 1) / 2]) {
            heap[place] = heap[(place - 1) / 2]
            place = (place - 1) / 2
        }
        heap[place] = entry
    }

    private func siftDown() {
        let entry = heap[0]
        var place = 0
        while true {
            var child = 2 * place + 1
            guard child < heap.count else { break }
            if child + 1 < heap.count, heap[child + 1].comesBefore(heap[child]) { child += 1 }
            guard heap[child].comesBefore(entry) else { break }
            heap[place] = heap[child]
            place = child
        }
        heap[place] = entry
    }
}
