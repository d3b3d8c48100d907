/// The bodies that a worker has on their way through encoders, named by small numbers.
///
/// Where a body comes from is not its matter: whoever has a part of one feeds it (`feed`), and takes what comes out
/// (`encode`) until nothing of the part is left (`isHungry`).
struct EncodingTable: ~Copyable {
    /// Not private: the compiler (6.3) breaks where the table is part of a type in another file.
    struct Encoding: ~Copyable, Vacatable {
        fileprivate var encoder: Encoder?
        /// A part of the body that was not taken yet, and what follows it.
        fileprivate var part: ByteBuffer?
        fileprivate var operation = Encoder.Operation.goOn
        /// Nothing of the part is left, and all has come out that was asked for.
        fileprivate var isHungry = true

        static func makeVacant() -> Encoding { Encoding() }
    }

    private var encodings = Slab<Encoding>(capacity: Limits.encoderBytesMax / Encoder.bytesMax(.gzip))
    private var encoders = EncoderPool()

    /// Begins to encode a body in the first of these codings for which there is memory.
    ///
    /// - Returns: its place, and the coding; nil where there is memory for none of them.
    mutating func begin(_ choice: CodingChoice, level: Int) -> (place: Int, coding: CompressionSettings.Coding)? {
        var choice = choice
        while let coding = choice.next() {
            guard let encoder = encoders.take(coding, level: level) else { continue }
            var encoding = Encoding()
            encoding.encoder = consume encoder
            guard let place = encodings.insert(encoding) else { return nil }
            return (place, coding)
        }
        return nil
    }

    /// It waits for the next part of the body.
    func isHungry(_ place: Int) -> Bool { encodings[place].isHungry }

    /// The body has come to its end, and all of it has come out.
    func isFinished(_ place: Int) -> Bool { encodings[place].isHungry && encodings[place].operation == .finish }

    /// Takes in the next part of the body. It is hungry.
    mutating func feed(_ place: Int, _ part: consuming ByteBuffer?, _ operation: Encoder.Operation) {
        encodings[place].part = consume part
        encodings[place].operation = operation
        encodings[place].isHungry = false
    }

    /// Appends what comes out of the last part, as far as there is room.
    ///
    /// - Returns: false where the encoder has failed.
    mutating func encode(_ place: Int, into out: inout ByteBuffer, atMost limit: Int, _ pool: inout BufferPool) -> Bool
    {
        guard let encoder = encodings[place].encoder.take() else { return false }
        var part = encodings[place].part.take() ?? ByteBuffer()
        let progress = encoder.encode(part.bytes, encodings[place].operation, into: &out, atMost: limit)
        encodings[place].encoder = consume encoder
        if let progress {
            part.consume(progress.taken)
            encodings[place].isHungry = progress.isDone
        }
        if part.isEmpty { pool.give(part) } else { encodings[place].part = consume part }
        return progress != nil
    }

    /// The body is done with, whole or not.
    mutating func end(_ place: Int, _ pool: inout BufferPool) {
        pool.give(encodings[place].part.take())
        if let encoder = encodings[place].encoder.take() { encoders.give(encoder) }
        encodings.remove(place)
    }
}
