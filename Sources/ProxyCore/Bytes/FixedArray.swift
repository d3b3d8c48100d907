/// An array that is made once and read from then on. It is not counted by references, so reading it costs a bounds check
/// and nothing else, and its elements may be `~Copyable`: it is what a compiled configuration is made of.
@safe
package struct FixedArray<Element: ~Copyable>: ~Copyable {
    private let base: UnsafeMutablePointer<Element>
    package let count: Int

    /// Calls `make` for each index in turn.
    package init<Failure: Error>(
        count: Int, _ make: (Int) throws(Failure) -> Element
    ) throws(Failure) {
        precondition(count >= 0)
        let memory = UnsafeMutablePointer<Element>.allocate(capacity: count)
        var made = 0
        do throws(Failure) {
            while made < count {
                unsafe (memory + made).initialize(to: try make(made))
                made += 1
            }
        } catch {
            unsafe memory.deinitialize(count: made)
            unsafe memory.deallocate()
            throw error
        }
        unsafe base = memory
        self.count = count
    }

    deinit {
        unsafe base.deinitialize(count: count)
        unsafe base.deallocate()
    }

    package subscript(index: Int) -> Element {
        // An addressor, so that reading one field of a large element does not copy the element.
        @inline(__always) unsafeAddress {
            precondition(index >= 0 && index < count)
            return unsafe UnsafePointer(base + index)
        }
    }
}

extension FixedArray {
    package init(_ elements: [Element]) { self.init(count: elements.count) { elements[$0] } }
}

extension FixedArray where Element == UInt8 {
    var bytes: RawSpan {
        @_lifetime(borrow self)
        get {
            let span = unsafe RawSpan(_unsafeStart: UnsafeRawPointer(base), byteCount: count)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }
}

/// Nobody can change it.
extension FixedArray: @unchecked Sendable where Element: Sendable & ~Copyable {}
