import Testing

@testable import ConfigWatch

@Suite struct NginxImportFuzzTests {
    /// What configurations are made of, and what hurts.
    private static let pieces = [
        "server", "location", "upstream", "http", "if", "{", "}", ";", " ", "\n", "#", "\"", "'", "\\", "$", "${", "(",
        ")",
        "=", "~", "~*", "^~", "!=", "!-f", "/", "/a/", "/a", "@b", "^/(.*)$", "$1", "\\.(js|css)$", "|", "[", "]", "?",
        "*",
        "proxy_pass", "http://", "http://a:1/", "https://a", "$host", "$uri", "$request_uri", "$request_method",
        "return",
        "301", "200", "444", "999999999999", "rewrite", "last", "break", "permanent", "set", "root", "alias",
        "try_files",
        "=404", "index", "listen", "80", "[::]:80", "server_name", "*.a.b", ".a.b", "~^x\\.y$", "_", "error_page",
        "502",
        "add_header", "expires", "-1", "gzip", "on", "off", "client_max_body_size", "1m", "allow", "deny", "all",
        "10.0.0.0/8", "limit_except", "GET", "include", "x.conf", "map", "weight=", "hash", "%00", "\0", "\u{FEFF}",
        "é",
        "internal", "auth_basic", "resolver", "valid=5s", "access_log", "proxy_read_timeout", "99999999999999999d",
    ]

    @Test(arguments: 0..<40)
    func pieces(seed: UInt64) throws {
        var random = Steps(state: seed)
        for _ in 0..<50 {
            let count = Int.random(in: 1...80, using: &random)
            var text = ""
            for _ in 0..<count {
                text += Self.pieces.randomElement(using: &random) ?? ""
                if Bool.random(using: &random) { text += " " }
            }
            imported(text)
            imported("server { location / { \(text) } }")
        }
    }

    @Test(arguments: 0..<20)
    func damage(seed: UInt64) throws {
        var random = Steps(state: seed)
        let words = Self.sound.split(separator: " ").map(String.init)
        for _ in 0..<50 {
            var damaged = words
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let index = Int.random(in: 0..<damaged.count, using: &random)
                switch Int.random(in: 0...2, using: &random) {
                case 0: damaged.remove(at: index)
                case 1: damaged[index] = Self.pieces.randomElement(using: &random) ?? ""
                default: damaged.insert(words.randomElement(using: &random) ?? "", at: index)
                }
            }
            imported(damaged.joined(separator: " "))
        }
    }

    @Test func multiplication() {
        let questions = (0..<40).map { "if ($http_x\($0)) { set $y \($0); }" }.joined()
        imported("server { \(questions) \((0..<50).map { "location /\($0) { proxy_pass http://a; }" }.joined()) }")
        let loops = "location /a/ { rewrite ^/a/(.*) /b/$1 last; } location /b/ { rewrite ^/b/(.*) /a/$1 last; }"
        imported(
            "server { \(loops) location / { try_files $uri @x; } location @x { error_page 404 @x; try_files $uri @x; } }"
        )
    }

    private func imported(_ text: String) {
        let files = NginxFiles { $0 == "x.conf" ? [.init(name: "x.conf", text: "server { include x.conf; }")] : [] }
        if let found = try? NginxImport(text, name: "fuzz", files: files) {
            #expect(found.yaml.hasPrefix("# From fuzz"))
        }
    }

    private static let sound = """
        upstream app { least_conn ; server a:1 weight=2 ; server b:2 backup ; } server { listen 80 default_server ; \
        server_name a.test *.a.test ; set $x http://app ; if ($request_method = POST) { return 405 ; } \
        location / { root /srv ; try_files $uri $uri/ /index.html ; } location ^~ /api/ { rewrite ^/api/(.*)$ /$1 break ; \
        proxy_pass $x ; proxy_set_header Host $host ; location ~ \\.png$ { alias /img/$1 ; expires 1d ; } } \
        location @back { proxy_pass http://b:2 ; } error_page 502 503 =200 /50x.html ; location = /50x.html { internal ; } }
        """
}

/// SplitMix64, so that each run is the same.
private struct Steps: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
