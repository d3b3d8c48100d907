import CLinux

/// A value that a `Slab` can hold: it has a vacant form, which owns nothing.
protocol Vacatable: ~Copyable {
    static func makeVacant() -> Self
}

/// A table of values that are named by small numbers, of a capacity that is fixed but takes memory only as far as it was
/// ever used. Numbers that were freed last are used first.
///
/// Every place up to the highest one used always holds an initialised value, vacant where it is free, so no index can
/// reach memory that is not a value.
@safe
struct Slab<Element: Vacatable & ~Copyable>: ~Copyable {
    private let elements: UnsafeMutablePointer<Element>
    private let nextFree: UnsafeMutablePointer<Int32>
    private var firstFree: Int32 = -1
    private var used = 0
    let capacity: Int
    private(set) var count = 0

    init(capacity: Int) {
        self.capacity = capacity
        guard let memory = unsafe clx_reserve(capacity * MemoryLayout<Element>.stride),
            let links = unsafe clx_reserve(capacity * MemoryLayout<Int32>.stride)
        else { fatalError("no address space for \(capacity) entries") }
        unsafe elements = memory.bindMemory(to: Element.self, capacity: capacity)
        unsafe nextFree = links.bindMemory(to: Int32.self, capacity: capacity)
    }

    deinit {
        unsafe elements.deinitialize(count: used)
        unsafe clx_release(elements, capacity * MemoryLayout<Element>.stride)
        unsafe clx_release(nextFree, capacity * MemoryLayout<Int32>.stride)
    }

    /// Indices below this one were used at least once.
    var highWater: Int { used }

    subscript(index: Int) -> Element {
        // Addressors, so that reading one field of a large value does not copy the value.
        @inline(__always) unsafeAddress {
            precondition(index >= 0 && index < used)
            return unsafe UnsafePointer(elements + index)
        }
        @inline(__always) unsafeMutableAddress {
            precondition(index >= 0 && index < used)
            return unsafe elements + index
        }
    }

    /// Puts `element` in a free place and answers its index, or nil where all are taken.
    mutating func insert(_ element: consuming Element) -> Int? {
        if firstFree >= 0 {
            let index = Int(firstFree)
            firstFree = unsafe nextFree[index]
            unsafe elements[index] = element
            count += 1
            return index
        }
        guard used < capacity else { return nil }
        unsafe (elements + used).initialize(to: element)
        used += 1
        count += 1
        return used - 1
    }

    /// Frees the place and answers what was in it. The caller does so once for each `insert`.
    @discardableResult
    mutating func remove(_ index: Int) -> Element {
        precondition(index >= 0 && index < used)
        let element = unsafe (elements + index).move()
        unsafe (elements + index).initialize(to: Element.makeVacant())
        unsafe nextFree[index] = firstFree
        firstFree = Int32(index)
        count -= 1
        return element
    }
}
