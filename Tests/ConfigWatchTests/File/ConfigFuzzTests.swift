import Testing

@testable import ConfigWatch

/// Whatever happens to a file, it is read or refused, and every mistake has a place within it.
@Suite struct ConfigFuzzTests {
    static let text = """
        include: [more.yaml]
        listen: [":80", "127.0.0.1:81"]
        admin: 127.0.0.1:9901
        timeouts: {header: 10s, tunnel: 1h}
        x-settings: &settings
          policy: {name: sticky, secret: "${SECRET:-hush}"}
          health: {check: http:/status, status: "200,204"}
        services:
          web: web:8080
          api: {<<: *settings, upstreams: [api:8080, "spare:8080,backup"], retries: {on: all, attempts: 6}}
        routes:
          /: web
          = /status: {reply: {json: {"status": "ok"}}}
          "GET,HEAD api.example.com/v1": {to: {api: 90, web: 10}, strip_prefix: true, cors: true}
          "*.example.com ~ ^/u/(?<user>[a-z]+)$": {redirect: "https://{host}/users/{user}"}
          /é:
            to: api
            access: ["allow 10.0.0.0/8", "deny all"]
            error_pages:
              404:
                text: |
                  not
                  here

        """

    @Test func neverCrashes() {
        var generator = Generator(state: 1)
        let base = Array(Self.text.utf8)
        let tokens = [
            "\"", "'", "{", "}", "[", "]", ": ", "\n", "  ", "&a ", "*a", "<<: *settings", "${", "}", "~", "- ", "|",
            "#", "\t", "é", "\u{1F980}", "\0", "? ", "!!int ",
        ]
        let files = ConfigFiles(["more.yaml": "log_level: info\n"])
        var valid = 0
        for _ in 0..<500 {
            var bytes = base
            for _ in 0...Int.random(in: 0..<4, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<5, using: &generator) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(contentsOf: Array((tokens.randomElement(using: &generator) ?? "").utf8), at: place)
                case 3: bytes.removeSubrange(place..<min(bytes.count, place + 20))
                default: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + 30)], at: place)
                }
            }
            files.write(bytes, to: "balancer.yaml")
            let outcome = files.load()
            #expect((outcome.config == nil) == outcome.diagnostics.contains { $0.severity == .error })
            valid += outcome.config == nil ? 0 : 1
            for diagnostic in outcome.diagnostics {
                #expect(diagnostic.line <= bytes.count(where: { $0 == 0x0A }) + 20)
                #expect(!diagnostic.message.contains { $0.isNewline })
            }
        }
        #expect(load(Self.text, files: ["more.yaml": "log_level: info"]).diagnostics == [])
        #expect(valid > 10, "most mutations of a text are harmless, or nothing was tried")
    }

    private struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            var mixed = state
            mixed = (mixed ^ (mixed >> 33)) &* 0xFF51_AFD7_ED55_8CCD
            return mixed ^ (mixed >> 33)
        }
    }
}
