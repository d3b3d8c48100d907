import CLinux

// An answer that comes from a file: what the request's head and the file's state make of it, the head, and behind it the
// content: a short one in the same write, a longer one by `FileBody`.

extension Worker {
    /// What becomes of a request for a file. A file is named by its place among the open ones.
    private enum FileVerdict {
        case whole(Int, FileForm)
        case parts(Int, FileForm, ByteRanges)
        case notModified(Int, FileForm)
        /// The directory is there under a name with a slash at its end.
        case redirect
        case preconditionFailed
        case unsatisfiable(size: Int)
        case methodNotAllowed
        case missing
        case forbidden
        case outOfDescriptors
        case failed
    }

    /// Answers the session's exchange with the file that its request names.
    ///
    /// - Parameter isAgain: the file has changed under our hands once.
    mutating func serveFile(_ session: Int, isAgain: Bool = false) {
        let exchange = Int(sessions[session].exchange)
        guard let tree = rule(of: exchange).details.files else { return reply(session, .notFound) }
        date.update(now, second: clx_realtime_seconds())
        let head = exchanges[exchange].head.take()
        let verdict = judge(
            exchange, tree, head, from: Int(exchanges[exchange].logged.headStart),
            asked: exchanges[exchange].logged.request.range)
        exchanges[exchange].head = consume head
        switch verdict {
        case .whole(let file, let form):
            if form.edits.coding != nil { return sendEncodedFile(session, file, form, isAgain: isAgain) }
            let whole = ByteRanges(whole: files[file][form.stored].size)
            sendContent(session, file, form, whole, status: 200, isAgain: isAgain)
        case .parts(let file, let form, let ranges):
            sendContent(session, file, form, ranges, status: 206, isAgain: isAgain)
        case .notModified(let file, let form): replyNotModified(session, file, form)
        case .redirect: replyWithRedirect(session)
        case .preconditionFailed: replyWithoutFile(session, 412, "The file is in another state.")
        case .unsatisfiable(let size):
            var line = pool.take(holding: Limits.headGrowthBytesMax)
            line.append("Content-Range: bytes */")
            line.append(decimal: size)
            line.append("\r\n")
            replyWithoutFile(session, 416, "The file has no such part.", line)
        case .methodNotAllowed:
            var line = pool.take(holding: Limits.headGrowthBytesMax)
            line.append("Allow: GET, HEAD\r\n")
            replyWithoutFile(session, 405, "Only GET and HEAD are served here.", line)
        case .missing:
            switch tree.missing {
            case .status(let status): replyWithoutFile(session, status, "There is no such file.")
            case .file: replyWithoutFile(session, 404, "There is no such file.")
            case .forward: forward(session)
            }
        case .forbidden: replyWithoutFile(session, 403, "This file may not be read.")
        case .outOfDescriptors:
            sayOutOfDescriptors()
            replyWithoutFile(session, 503, "Too many files and connections are open.")
        case .failed: replyWithoutFile(session, 500, "The file cannot be read.")
        }
    }

    // ---- decide ------------------------------------------------------------------------------------------------------

    /// - Parameters:
    ///   - block: holds the head from `start` on.
    ///   - asked: method and target as the client wrote them.
    private mutating func judge(
        _ exchange: Int, _ tree: FileTree, _ block: borrowing ByteBuffer, from start: Int, asked: Range<Int>
    ) -> FileVerdict {
        let head = block.bytes
        let request = FileRequest(head, from: start)
        // What is served only where no file is there may take other methods.
        guard request.method != .other else { return tree.forwardsMissing ? .missing : .methodNotAllowed }
        guard filePath.read(head, request.path, hidesDotFiles: tree.hidesDotFiles) else {
            return missing(exchange, tree, request, head)
        }
        // With its slash the client would resolve other names against it.
        let asksForDirectory = FileRequest.lastName(head, asked).isEmpty
        if filePath.isDirectory, !asksForDirectory, tree.isPrefixReplaced { return .redirect }
        var outcome = openFile(tree)
        if outcome == .directory {
            guard asksForDirectory else { return .redirect }
            filePath.appendSlash()
            outcome = openFile(tree)
        }
        guard outcome == .missing else { return judge(exchange, outcome, request, head) }
        return missing(exchange, tree, request, head)
    }

    /// What stands for files that are missing may be a file itself.
    private mutating func missing(
        _ exchange: Int, _ tree: FileTree, _ request: FileRequest, _ head: RawSpan
    ) -> FileVerdict {
        guard case .file(let path) = tree.missing else { return .missing }
        filePath.set(path)
        return judge(exchange, openFile(tree), request, head)
    }

    private mutating func openFile(_ tree: FileTree) -> OpenFiles.Outcome {
        if descriptorsUsed >= descriptorsMax {
            files.dropAll()
            guard descriptorsUsed < descriptorsMax else { return .outOfDescriptors }
        }
        return files.open(tree, &filePath, now, seconds: date.second)
    }

    private func judge(
        _ exchange: Int, _ outcome: OpenFiles.Outcome, _ request: FileRequest, _ head: RawSpan
    ) -> FileVerdict {
        let file: Int
        switch outcome {
        case .file(let place): file = place
        case .directory, .missing: return .missing
        case .forbidden: return .forbidden
        case .outOfDescriptors: return .outOfDescriptors
        case .failed: return .failed
        }
        var form = FileForm(stored: files[file].best(for: request.codings))
        if exchanges[exchange].traits.contains(.compression) { form = encoded(form, exchange, file, request) }
        let (size, validators) = (files[file][form.stored].size, form.validators(files[file]))
        switch Precondition.evaluate(request, head, validators, now: date.second) {
        case .failed: return .preconditionFailed
        case .notModified: return .notModified(file, form)
        case .proceed: break
        }
        switch Precondition.ranges(request, head, validators, size: size, now: date.second) {
        case .ignored: return .whole(file, form)
        case .unsatisfiable: return .unsatisfiable(size: size)
        case .ranges(let ranges): return .parts(file, form, ranges)
        }
    }

    // ---- with the file -----------------------------------------------------------------------------------------------

    /// Sends the head and what `ranges` holds of the content.
    mutating func sendContent(
        _ session: Int, _ file: Int, _ form: FileForm, _ ranges: ByteRanges, status: Int, isAgain: Bool
    ) {
        let exchange = Int(sessions[session].exchange)
        let representation = files[file][form.stored]
        // A part is told to be one of this state, so the state is looked at again.
        guard status == 200 || representation.isUnchanged else { return serveAgain(session, isAgain) }
        let body = FileBody(file, representation, ranges, boundary: ranges.count > 1 ? clx_random() : nil)
        let isRead = ranges.count == 1 && ranges[0].count <= Limits.readFileBytesMax && !exchanges[exchange].isHead
        let length = body.length(type: files[file].type)
        if hasLivedLong(session) { exchanges[exchange].closesClient = true }
        guard var out = beginReply(session, status: status, bodyBytes: isRead ? ranges[0].count : 0) else { return }
        if body.isMultipart {
            var type = pool.take(holding: Limits.smallBlockBytes)
            body.writeMultipartType(to: &type)
            OwnHead.begin(status: status, contentType: type.bytes, length: length, to: &out)
            pool.give(type)
        } else {
            unsafe OwnHead.begin(
                status: status, contentType: files[file].type.span.bytes, length: length, to: &out)
            if status == 206 { FileBody.writeContentRange(ranges[0], of: representation.size, to: &out) }
        }
        files[file].write(representation.lines, to: &out)
        endHead(exchange, form.edits, &out)
        if exchanges[exchange].isHead || ranges.count == 0 { return finishReply(session, out) }
        if isRead {
            guard representation.read(ranges[0], to: &out) else {
                pool.give(out)
                return serveAgain(session, isAgain)
            }
            exchanges[exchange].bodyBytes = ranges[0].count
            return finishReply(session, out)
        }
        exchanges[exchange].isAnswerComplete = false
        sessions[session].output = consume out
        beginFileBody(session, body)
    }

    /// The file has changed since it was opened: what is there by now is sent.
    mutating func serveAgain(_ session: Int, _ isAgain: Bool) {
        files.dropAll()
        guard !isAgain else { return replyWithoutFile(session, 500, "The file changes too fast.") }
        serveFile(session, isAgain: true)
    }

    private mutating func replyNotModified(_ session: Int, _ file: Int, _ form: FileForm) {
        let exchange = Int(sessions[session].exchange)
        guard var out = beginReply(session, status: 304, bodyBytes: 0) else { return }
        OwnHead.begin(status: 304, contentType: RawSpan(), length: nil, to: &out)
        if form.edits.coding != nil {
            form.validators(files[file]).write(to: &out)
        } else {
            files[file].write(files[file][form.stored].validatorLines, to: &out)
        }
        endHead(exchange, AnswerEdits(variesByCoding: form.edits.variesByCoding), &out)
        finishReply(session, out)
    }

    // ---- without one -------------------------------------------------------------------------------------------------

    /// Sends the client to the name with a slash. The reference is relative, so that it fits whatever prefix was taken off
    /// the path, and leads to no other host.
    private mutating func replyWithRedirect(_ session: Int) {
        let exchange = Int(sessions[session].exchange)
        let asked = exchanges[exchange].logged.request.range
        var line = pool.take(holding: asked.count + Limits.headGrowthBytesMax)
        line.append("Location: ./")
        exchanges[exchange].appendDirectory(asked, to: &line)
        line.append("\r\n")
        replyWithoutFile(session, 301, "It is a directory.", line)
    }

    /// - Parameter line: a further line of the head, in a block that is given back.
    private mutating func replyWithoutFile(
        _ session: Int, _ status: Int, _ text: StaticString, _ line: consuming ByteBuffer = ByteBuffer()
    ) {
        let exchange = Int(sessions[session].exchange)
        if let page = errorPage(exchange, for: status, ofUpstream: false) {
            addAnswerLines(exchange, line.bytes)
            pool.give(line)
            return reply(session, page, to: status)
        }
        let length = text.utf8CodeUnitCount + 1
        guard var out = beginReply(session, status: status, bodyBytes: length + line.count) else {
            return pool.give(line)
        }
        OwnHead.begin(status: status, contentType: RawSpan(), length: length, to: &out)
        out.append("Content-Type: text/plain; charset=utf-8\r\n")
        out.append(line.bytes)
        pool.give(line)
        endHead(exchange, AnswerEdits(), &out)
        if !exchanges[exchange].isHead {
            out.append(text)
            out.append(ASCII.lf)
            exchanges[exchange].bodyBytes = length
        }
        finishReply(session, out)
    }

    /// Adds to a head what every answer has, and makes the changes of the route.
    mutating func endHead(_ exchange: Int, _ edits: AnswerEdits, _ out: inout ByteBuffer) {
        date.write(to: &out)
        if exchanges[exchange].traits.contains(.responseFields), let changes = rule(of: exchange).details.responseFields
        {
            var kept = pool.takeLarge()
            out.appendLines(without: changes, to: &kept)
            swap(&kept, &out)
            pool.give(kept)
        }
        edits.writeOwn(withBody: !exchanges[exchange].isHead, to: &out)
        out.append(exchanges[exchange].answerLines.bytes)
        OwnHead.end(connectionField(exchange), to: &out)
    }
}

extension Exchange {
    /// Appends the last name of the path in `asked`, with a slash, and the query.
    ///
    /// - Parameter asked: where in the head method and target stand as the client wrote them.
    fileprivate func appendDirectory(_ asked: Range<Int>, to out: inout ByteBuffer) {
        out.append(head.bytes.extracting(FileRequest.lastName(head.bytes, asked)))
        out.append(ASCII.slash)
        out.append(head.bytes.extracting(FileRequest.query(head.bytes, asked)))
    }
}

extension ByteBuffer {
    /// Appends the lines of the head that this begins with, but for those that `changes` take away. The length stays: it
    /// tells where the answer ends.
    fileprivate func appendLines(without changes: FieldChanges, to out: inout ByteBuffer) {
        let bytes = bytes
        var start = 0
        while start < count {
            let end = min(bytes.indexOfControl(from: start) + 2, count)
            let name = start..<(bytes.firstIndex(of: ASCII.colon, in: start..<end) ?? start)
            let isDropped = changes.drop(bytes, name) && !bytes.equals(name, ignoringCase: "content-length")
            if !isDropped { out.append(bytes.extracting(start..<end)) }
            start = end
        }
    }
}
