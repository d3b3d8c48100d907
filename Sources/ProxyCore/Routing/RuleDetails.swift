/// What the action and the modifiers of a route need when a request gets to them, compiled.
final class RuleDetails: Sendable {
    let name: String
    let action: RouteAction
    let modifiers: RouteModifiers
    let split: WeightedChoice?
    let location: CompiledTemplate?
    let reply: CompiledReply?
    let rewrite: PathRewriter?
    let requestFields: FieldChanges?
    let responseFields: FieldChanges?
    let errorPages: [CompiledErrorPage]
    let files: FileTree?
    let access: AccessList
    let realm: PasswordRealm?
    let cors: CORSRule?
    let compression: CompressionRule?

    /// Where requests go that name no file, if they go anywhere.
    var slotOfMissingFiles: Int? {
        guard case .files(let files) = action, case .forward(let slot) = files.missing else { return nil }
        return slot
    }

    static let none = RuleDetails()

    private init() {
        name = ""
        action = .reply(FixedReply(status: 404, contentType: "", body: Template("")))
        modifiers = RouteModifiers()
        split = nil
        location = nil
        reply = nil
        files = nil
        rewrite = nil
        requestFields = nil
        responseFields = nil
        access = AccessList([])
        realm = nil
        cors = nil
        compression = nil
        errorPages = []
    }

    /// - Throws: `RegularExpression.Mistake` where the expression of the rewrite is none.
    init(_ route: Route) throws(RegularExpression.Mistake) {
        let groups = route.match.path.groupNumbers
        name = route.name
        action = route.action
        modifiers = route.modifiers
        switch route.action {
        case .split(let services): split = WeightedChoice(services)
        default: split = nil
        }
        switch route.action {
        case .redirect(let redirect):
            location = CompiledTemplate(redirect.location, groups: groups)
            reply = CompiledReply(redirect)
        case .reply(let fixed):
            location = nil
            reply = CompiledReply(fixed, groups)
        default:
            location = nil
            reply = nil
        }
        switch route.action {
        case .files(let settings): files = FileTree(settings, rewrite: modifiers.rewrite)
        default: files = nil
        }
        requestFields = modifiers.requestFields.isEmpty ? nil : FieldChanges(modifiers.requestFields, groups)
        responseFields = modifiers.responseFields.isEmpty ? nil : FieldChanges(modifiers.responseFields, groups)
        access = AccessList(modifiers.access)
        realm = modifiers.basicAuth.map { PasswordRealm($0) }
        cors = modifiers.cors.map { CORSRule($0) }
        compression = modifiers.compression.map { CompressionRule($0) }
        errorPages = modifiers.errorPages.map { CompiledErrorPage($0) }
        if let change = modifiers.rewrite {
            rewrite = try PathRewriter(change, for: route.match.path)
        } else {
            rewrite = nil
        }
    }
}

/// One of several services, by weight.
struct WeightedChoice: Sendable {
    /// Each with the sum of the weights up to and including its own.
    private let ends: [(slot: Int, end: UInt64)]
    private let total: UInt64

    init(_ services: [WeightedService]) {
        var sum: UInt64 = 0
        ends = services.map { service in
            sum += UInt64(max(0, service.weight))
            return (service.service, sum)
        }
        total = sum
    }

    /// - Parameter random: any number, every one as likely as another.
    /// - Returns: a slot.
    func slot(_ random: UInt64) -> Int {
        guard total > 0 else { return ends.first?.slot ?? -1 }
        let place = random % total
        return ends.first { place < $0.end }?.slot ?? -1
    }
}

/// An answer that a route gives itself.
struct CompiledReply: Sendable {
    let status: Int
    let contentType: [UInt8]
    /// Where `template` is nil.
    let body: [UInt8]
    /// A body with variables.
    let template: CompiledTemplate?
    let closesSilently: Bool

    /// Nothing but a status: an error page may fill it.
    var isBare: Bool { body.isEmpty && template == nil }

    init(_ reply: FixedReply, _ groups: [String: Int]) {
        status = reply.status
        contentType = Array(reply.contentType.utf8)
        let compiled = CompiledTemplate(reply.body, groups: groups)
        body = Array((compiled.constant ?? []).prefix(Limits.ownBodyBytesMax))
        template = compiled.constant == nil ? compiled : nil
        closesSilently = reply.closesSilently
    }

    init(_ redirect: Redirect) {
        status = redirect.status
        contentType = Array("text/plain; charset=utf-8".utf8)
        body = Array("It is elsewhere.\n".utf8)
        template = nil
        closesSilently = false
    }
}

/// See `ErrorPage`.
struct CompiledErrorPage: Sendable {
    private let statuses: [ClosedRange<Int>]
    private let coversUpstream: Bool
    /// Nil keeps the status.
    let status: Int?
    let contentType: [UInt8]
    let body: [UInt8]

    init(_ page: ErrorPage) {
        statuses = page.statuses
        coversUpstream = page.coversUpstream
        status = page.status
        contentType = Array(page.contentType.utf8)
        body = Array(page.body.prefix(Limits.ownBodyBytesMax))
    }

    func covers(_ status: Int, ofUpstream: Bool) -> Bool {
        (coversUpstream || !ofUpstream) && statuses.contains { $0.contains(status) }
    }
}
