import ProxyCore

extension Parse {
    /// `client`, `uri`, `header:NAME`, `cookie:NAME`. Field names come out in lower case, because case does not tell them
    /// apart (RFC 9110 section 5.1); of cookies it does.
    static func hashKey(_ text: String) throws(Rejection) -> HashKey {
        if text == "client" { return .client }
        if text == "uri" { return .uri }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        if parts.count == 2, isToken(parts[1]) {
            if parts[0] == "header" { return .header(parts[1].lowercased()) }
            if parts[0] == "cookie" { return .cookie(String(parts[1])) }
        }
        throw Rejection("is no hash key; use client, uri, header:NAME or cookie:NAME, such as header:x-user")
    }

    static func cookieName(_ text: String) throws(Rejection) -> String {
        guard isToken(text), text.utf8.count <= Limits.cookieNameBytesMax else {
            throw Rejection("is no cookie's name; use up to 128 letters, digits and marks such as - and _")
        }
        return text
    }
}

/// As `Parse.hashKey` reads it.
package func hashKeyText(_ key: HashKey) -> String {
    switch key {
    case .client: "client"
    case .uri: "uri"
    case .header(let name): "header:\(name)"
    case .cookie(let name): "cookie:\(name)"
    }
}
