import ProxyCore
import Testing

@testable import ConfigWatch

private let here = FileStamp(path: "/")
private let nowhere = FileStamp(path: "/nowhere/at/all")

@Suite struct FileChangesTests {
    /// What happens, told in milliseconds, to the file /a, which was read at 50.
    private final class Story {
        private var changes = FileChanges()

        init() {
            follow(["/a": here])
            _ = settles(here, at: 50)
        }

        private func at(_ time: Milliseconds) -> Instant { Instant(microseconds: 0) + time }

        var due: Milliseconds? { changes.due.map { $0 - Instant(microseconds: 0) } }
        func follow(_ stamps: [String: FileStamp], at time: Milliseconds = 0) { changes.follow(stamps, at: at(time)) }
        func note(_ sign: FileChanges.Sign, at time: Milliseconds) { changes.note(sign, at: at(time)) }
        func look(_ stamp: FileStamp, at time: Milliseconds) { changes.compare(["/a": stamp], at: at(time)) }
        func settles(_ stamp: FileStamp, at time: Milliseconds) -> Bool { settles(["/a": stamp], at: time) }
        func settles(_ stamps: [String: FileStamp], at time: Milliseconds) -> Bool {
            changes.settle(stamps, at: at(time))
        }
    }

    private let story = Story()

    @Test func nothingIsDueWhereNothingHappened() { #expect(story.due == nil) }

    @Test func aBurstSettlesOnce() {
        for time in stride(from: 100, through: 200, by: 10) as StrideThrough<Milliseconds> {
            story.note(.change, at: time)
            #expect(!story.settles(here, at: time + 9))
        }
        #expect(story.due == 250)
        #expect(story.settles(here, at: 250))
        #expect(story.due == nil)
    }

    @Test func aBurstWithoutEndIsNotWaitedFor() {
        var settled: [Milliseconds] = []
        for time in stride(from: 1_000, to: 3_000, by: 20) as StrideTo<Milliseconds> {
            story.note(.change, at: time)
            if story.settles(here, at: time) { settled.append(time) }
        }
        #expect(settled == [1_500, 2_020, 2_540])
    }

    @Test func aHintCountsWhereTheFilesLookOtherwise() {
        story.note(.hint, at: 100)
        #expect(!story.settles(here, at: 150))
        story.note(.hint, at: 200)
        #expect(story.settles(nowhere, at: 250))
        story.note(.hint, at: 300)
        #expect(!story.settles(nowhere, at: 350), "that is known now")
    }

    @Test func aLookFindsWhatNoEventTold() {
        story.look(here, at: 100)
        #expect(story.due == nil)
        story.look(nowhere, at: 200)
        #expect(story.due == 250)
        #expect(story.settles(nowhere, at: 250))
    }

    @Test func aNewFileIsReadAgain() {
        story.follow(["/a": here, "/b": here], at: 100)
        #expect(story.due == 150)
        #expect(story.settles(["/a": here, "/b": here], at: 150))
        story.follow(["/b": here], at: 200)
        #expect(story.due == nil, "that one has gone is known to who says so")
    }

    @Test func aFileThatStaysIsNotLookedAtByFollowing() {
        story.follow(["/a": nowhere], at: 100)
        story.note(.hint, at: 200)
        #expect(story.settles(nowhere, at: 250), "it was read when it looked otherwise")
    }
}
