import Testing

@testable import ProxyCore

@Suite struct ContentTypesTests {
    @Test(
        arguments: [
            ("index.html", "text/html; charset=utf-8"), ("a/b/app.js", "text/javascript; charset=utf-8"),
            ("STYLE.CSS", "text/css; charset=utf-8"), ("data.json", "application/json"), ("a.b.svg", "image/svg+xml"),
            ("x.wasm", "application/wasm"), ("photo.jpeg", "image/jpeg"), ("archive.tar.gz", "application/gzip"),
            ("LICENSE", "application/octet-stream"), ("a.b/LICENSE", "application/octet-stream"),
            (".html", "application/octet-stream"), ("a/.html", "application/octet-stream"),
            ("x.", "application/octet-stream"), ("x.unknown", "application/octet-stream"),
        ])
    func builtIn(path: String, type: String) { #expect(ContentTypes([:]).type(of: path) == type) }

    @Test func ownTypesComeFirst() {
        let types = ContentTypes([
            "html": "application/xhtml+xml", "": "text/plain", "log": "text/x-log; Charset=latin1",
            "conf": "text/x-conf",
        ])
        #expect(types.type(of: "a.html") == "application/xhtml+xml")
        #expect(types.type(of: "LICENSE") == "text/plain; charset=utf-8")
        #expect(types.type(of: "a.log") == "text/x-log; Charset=latin1")
        #expect(types.type(of: "a.conf") == "text/x-conf; charset=utf-8")
        #expect(types.type(of: "a.css") == "text/css; charset=utf-8")
    }

    @Test func packedOnesHaveNoCodedSiblings() {
        for type in ["image/png", "video/mp4", "audio/ogg", "font/woff2", "application/zip"] {
            #expect(ContentTypes.isPacked(type), "\(type)")
        }
        for type in ["text/html; charset=utf-8", "image/svg+xml", "application/json", "font/ttf", "application/wasm"] {
            #expect(!ContentTypes.isPacked(type), "\(type)")
        }
    }
}
