import Testing

@testable import ProxyCore

@Suite struct SlabTests {
    /// A tenant that says when it goes.
    private struct Tenant: ~Copyable, Vacatable {
        let name: String
        let leaves: Leavers?

        static func makeVacant() -> Tenant { Tenant(name: "", leaves: nil) }
        deinit { leaves?.names.append(name) }
    }

    private final class Leavers {
        var names: [String] = []
    }

    private func insert(_ name: String, into slab: inout Slab<Tenant>, _ leavers: Leavers? = nil) -> Int? {
        slab.insert(Tenant(name: name, leaves: leavers))
    }

    @Test func placesAreTakenInOrder() {
        var slab = Slab<Tenant>(capacity: 3)
        let places = ["a", "b", "c", "d"].map { insert($0, into: &slab) }
        #expect(places == [0, 1, 2, nil])
        #expect((0..<3).map { slab[$0].name } == ["a", "b", "c"])
        #expect((slab.count, slab.highWater) == (3, 3))
    }

    @Test func thePlaceFreedLastIsUsedFirst() {
        var slab = Slab<Tenant>(capacity: 4)
        for name in ["a", "b", "c"] { _ = insert(name, into: &slab) }
        slab.remove(0)
        slab.remove(2)
        let places = ["d", "e", "f", "g"].map { insert($0, into: &slab) }
        #expect(places == [2, 0, 3, nil])
        #expect((0..<4).map { slab[$0].name } == ["e", "b", "d", "f"])
    }

    @Test func aFreedPlaceHoldsTheVacantForm() {
        var slab = Slab<Tenant>(capacity: 2)
        _ = insert("a", into: &slab)
        slab.remove(0)
        #expect((slab[0].name, slab.count, slab.highWater) == ("", 0, 1))
    }

    @Test func everyTenantLeavesOnce() {
        let leavers = Leavers()
        do {
            var slab = Slab<Tenant>(capacity: 4)
            for name in ["a", "b", "c"] { _ = insert(name, into: &slab, leavers) }
            slab.remove(1)
            #expect(leavers.names == ["b"])
            _ = insert("d", into: &slab, leavers)
            #expect(leavers.names == ["b"])
        }
        #expect(leavers.names.sorted() == ["a", "b", "c", "d"])
    }

    @Test func aTenantIsChangedInItsPlace() {
        var slab = Slab<UpstreamConnection>(capacity: 2)
        _ = slab.insert(UpstreamConnection())
        slab[0].generation = 7
        slab[0].requests += 1
        #expect((slab[0].generation, slab[0].requests) == (7, 1))
        slab.remove(0)
        _ = slab.insert(UpstreamConnection())
        #expect(slab[0].generation == 0, "generations are the caller's to keep")
    }

    @Test func memoryIsTakenOnlyAsFarAsItIsUsed() {
        // Many gigabytes of address space, of which a page is touched.
        var slab = Slab<UpstreamConnection>(capacity: 1 << 28)
        let place = slab.insert(UpstreamConnection())
        #expect(place == 0)
    }

    @Test func placesThatWereNeverUsedEndTheProcess() async {
        await #expect(processExitsWith: .failure) {
            let slab = Slab<UpstreamConnection>(capacity: 4)
            #expect(slab[0].generation == 0)
        }
        await #expect(processExitsWith: .failure) {
            var slab = Slab<UpstreamConnection>(capacity: 4)
            _ = slab.insert(UpstreamConnection())
            slab[-1].generation = 1
        }
        await #expect(processExitsWith: .failure) {
            var slab = Slab<UpstreamConnection>(capacity: 4)
            slab.remove(0)
        }
    }
}
