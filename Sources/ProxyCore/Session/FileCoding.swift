// A file that goes out in a content coding where nobody keeps a sibling of it: in which form a client gets it, and how it
// is read and encoded, a part at a time.

/// In which form a client gets a file.
struct FileForm {
    /// What is read: the file itself, or a sibling that holds it in a coding.
    let stored: ContentCoding
    /// What becomes of it on its way.
    var edits = AnswerEdits()

    /// What tells one state of this form from another.
    func validators(_ file: borrowing OpenFile) -> Validators {
        var validators = file[stored].validators
        if let coding = edits.coding { validators.tag = EntityTag(validators.tag, in: coding.asContentCoding) }
        return validators
    }
}

extension Worker {
    /// The form in which a client gets a file whose route compresses answers, where `form` is that without compression.
    func encoded(_ form: FileForm, _ exchange: Int, _ file: Int, _ request: FileRequest) -> FileForm {
        var form = form
        guard let compression = rule(of: exchange).details.compression,
            unsafe compression.covers(
                status: 200, type: files[file].type.span.bytes, length: files[file][.identity].size)
        else { return form }
        // A part is one of the file as it is.
        let wantsPart = request.method == .get && request.fields.contains(.range)
        var choice = exchanges[exchange].codings
        if form.stored == .identity, !wantsPart { form.edits.coding = choice.next() }
        // Where there are siblings, the file's own lines say so.
        form.edits.variesByCoding = form.edits.coding != nil || !files[file].hasSiblings
        return form
    }

    /// Sends the file in a coding, or as it is where there is no memory for an encoder.
    mutating func sendEncodedFile(_ session: Int, _ file: Int, _ form: FileForm, isAgain: Bool) {
        let exchange = Int(sessions[session].exchange)
        let representation = files[file][form.stored]
        let whole = ByteRanges(whole: representation.size)
        guard representation.isUnchanged else { return serveAgain(session, isAgain) }
        var form = form
        form.edits.coding = takeEncoder(exchange, level: rule(of: exchange).details.compression?.level ?? 1)
        guard form.edits.coding != nil else {
            form.edits.variesByCoding = !files[file].hasSiblings
            return sendContent(session, file, form, whole, status: 200, isAgain: isAgain)
        }
        if hasLivedLong(session) { exchanges[exchange].closesClient = true }
        guard var out = beginReply(session, status: 200, bodyBytes: 0) else { return }
        unsafe OwnHead.begin(status: 200, contentType: files[file].type.span.bytes, length: nil, to: &out)
        form.validators(files[file]).write(to: &out)
        endHead(exchange, form.edits, &out)
        if exchanges[exchange].isHead { return finishReply(session, out) }
        exchanges[exchange].isAnswerComplete = false
        exchanges[exchange].responseBody = .length(representation.size)
        sessions[session].output = consume out
        var body = FileBody(file, representation, whole, boundary: nil)
        var none = ByteBuffer()
        body.beginNextPart(type: [], to: &none)
        beginFileBody(session, body)
    }

    /// Encodes what comes next of the file, and sends what comes out: one step in a turn.
    mutating func relayEncodedFile(_ session: Int, _ exchange: Int) {
        if sessions[session].output != nil {
            let isComplete = exchanges[exchange].isAnswerComplete
            // What comes out first joins the head in its packet.
            guard flushOutput(session, moreFollows: !isComplete) else { return }
            if isComplete { return finishExchange(session) }
        }
        guard encodings.isHungry(Int(exchanges[exchange].encoding)) else {
            _ = encodeOn(session, exchange)
            return
        }
        var block = pool.takeLarge()
        // Where it has become shorter, the client must not take what it has got for the whole.
        guard fileBodies[Int(exchanges[exchange].fileBody)].read(into: &block, atMost: Limits.readBytes),
            takeBodyToEncode(exchange, &block, pauses: false)
        else {
            pool.give(block)
            return cut(session)
        }
        sessionTimers.set(session, nil)
        _ = sendEncoded(session, exchange, block)
    }
}
