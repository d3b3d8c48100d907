/// What a person should know of a directive that was not taken over as it is.
package struct NginxNote: Equatable, Sendable {
    package let place: NginxPlace
    package let text: String

    /// `server.conf:7: note: proxy_cache is left out: answers are not cached`
    package var description: String { "\(printable(place.file)):\(place.line): note: \(printable(text))" }
}

/// The notes of one import, in the order in which they were made.
struct NginxNotes {
    /// The file that was asked for. Of others the name is said.
    let file: String
    private(set) var all: [NginxNote] = []
    /// Comments for the top of the file: what differs everywhere in the same way.
    private(set) var remarks: [String] = []
    private var saidOnce: Set<String> = []

    init(file: String) { self.file = file }

    /// A note, and the comment that says it in the file.
    mutating func comment(_ place: NginxPlace, _ text: String) -> String {
        let note = NginxNote(place: place, text: text)
        if !all.contains(note) { all.append(note) }
        return comment(for: note)
    }

    /// The same about a directive: `title`, and what became of it.
    mutating func comment(_ directive: NginxDirective, _ text: String) -> String {
        comment(directive.place, "\(directive.title): \(text)")
    }

    /// Says `text` at the top of the file, once, however often it comes up.
    mutating func remark(_ place: NginxPlace, _ text: String) {
        guard saidOnce.insert(text).inserted else { return }
        remarks.append(comment(place, text))
    }

    private func comment(for note: NginxNote) -> String {
        let place = note.place.file == file ? "line \(note.place.line)" : "\(note.place.file):\(note.place.line)"
        return "nginx: \(note.text) (\(place))"
    }
}
