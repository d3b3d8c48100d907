/// Heads with which several tests begin. All of them are valid.
enum Heads {
    static let requests = [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "\r\nGET /a?b=c HTTP/1.1\r\nHost: example.com:8080\r\nAccept:\t*/*  \r\nX-Empty:\r\n\r\n",
        "POST /%E9 HTTP/1.1\r\nhost:[::1]:80\r\nContent-Length: 12\r\nX-Text: caf\u{E9}\r\n\r\n",
        "PUT http://other.example/p?q HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: , Chunked\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost:\r\nConnection: close, X-One, keep-alive\r\nX-One: 1\r\n\r\n",
        "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        "M-SEARCH /x HTTP/1.0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\ncontent-length: 5\r\nExpect: 100-continue\r\n\r\n",
    ]

    static let responses = [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.0 404 \r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        "HTTP/1.1 204 No\tContent \u{E9}\r\nConnection: X-One\r\nX-One:  a \r\nKeep-Alive: timeout=5, max=9\r\n\r\n",
        "HTTP/1.1 999 x\r\nA:\r\nA: b\r\n\r\n",
    ]
}
