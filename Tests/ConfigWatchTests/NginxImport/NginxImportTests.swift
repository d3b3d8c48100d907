import Testing

@testable import ConfigWatch

@Suite struct NginxImportTests {
    /// What is written below the comments at the top.
    static func routes(_ text: String, files: NginxFiles = .none) throws -> String {
        let yaml = try NginxImport(text, name: "server.conf", files: files).yaml
        let lines = yaml.split(separator: "\n", omittingEmptySubsequences: false)
        let start = lines.firstIndex(of: "routes:").map { $0 + 1 } ?? lines.endIndex
        return lines[start...].filter { !$0.isEmpty }.map { $0.hasPrefix("  ") ? String($0.dropFirst(2)) : String($0) }
            .joined(separator: "\n")
    }

    static func server(_ block: String) throws -> String { try routes("server { listen 80; \(block) }") }

    @Test func wholeFile() throws {
        let nginx = """
            server {
                listen 80;
                access_log /dev/stdout;
                location / {
                    root /usr/share/nginx/html;
                }
                location /tweet.html {
                    proxy_pass http://tweet-ui:8080;
                }
                location /tweet.txt {
                    proxy_pass http://tweet-text-ui:8080;
                }
                location = /status {
                    default_type application/json;
                    return 200 '{"status":"ok"}';
                }
            }
            """
        let found = try NginxImport(nginx, name: "server.conf")
        #expect(
            found.yaml == """
                # From server.conf, by balancer import-nginx.
                # nginx: files whose names begin with a dot are hidden here, not in nginx (hide_dot_files) (line 5)
                # nginx: upstreams also get X-Forwarded-For, -Proto and -Host, X-Request-Id and Via where nothing sets them (line 8)
                # nginx: location takes /tweet.htmlx and the like as well; these are whole segments here: /tweet.html, /tweet.txt (line 7)
                listen: :80
                defaults:
                  route: {body_limit: 1MiB}
                routes:
                  /: {files: /usr/share/nginx/html}
                  /tweet.html: {to: tweet-ui:8080, request_headers: {set: {Host: tweet-ui:8080}}}
                  /tweet.txt: {to: tweet-text-ui:8080, request_headers: {set: {Host: tweet-text-ui:8080}}}
                  = /status: {reply: {json: '{"status":"ok"}'}}

                """)
        #expect(found.notes.map(\.place.line) == [5, 8, 7])
        #expect(
            found.notes[0].description
                == "server.conf:5: note: files whose names begin with a dot are hidden here, not in nginx (hide_dot_files)"
        )
    }

    @Test(arguments: [
        ("/", "http://a", "/: {to: a:80, $}"), ("/", "http://a/", "/: {to: a:80, $}"),
        ("/", "http://a/x/", "/: {to: a:80, replace_prefix: /x, $}"),
        ("/", "http://a/x", "/: {to: a:80, rewrite: {regex: ^/, with: /x}, $}"),
        ("/p/", "http://a", "= /p: {redirect: {to: \"/p/{query}\", status: 301}}\n/p/: {to: a:80, $}"),
        (
            "/p/", "http://a/",
            "= /p: {redirect: {to: \"/p/{query}\", status: 301}}\n/p/: {to: a:80, strip_prefix: true, $}"
        ),
        ("= /p", "http://a/q", "= /p: {to: a:80, rewrite: /q, $}"), ("= /p", "http://a", "= /p: {to: a:80, $}"),
        ("/p.q", "http://a/q.p", "/p.q: {to: a:80, replace_prefix: /q.p, $}"),
        ("~ ^/u/(.*)$", "http://a/v/$1$is_args$args", "~ ^/u/(.*)$: {to: a:80, rewrite: \"/v/{1}\", $}"),
        ("/", "http://a$request_uri", "/: {to: a:80, $}"), ("/", "http://$other", "/: {reply: 502}"),
        ("/", "http://a:8080$uri", "/: {to: a:8080, $}"),
    ])
    func proxyPass(location: String, target: String, expected: String) throws {
        let routes = try Self.server(
            "location \(location) { proxy_set_header Host $http_host; client_max_body_size 0; proxy_pass \(target); }")
        let lines = routes.split(separator: "\n").filter { !$0.hasPrefix("#") }.joined(separator: "\n")
        let plain = expected.replacing(", $}", with: "}").replacing("{to: a:80}", with: "a:80")
            .replacing("{to: a:8080}", with: "a:8080")
        #expect(lines == plain)
    }

    @Test func resolverTrick() throws {
        let nginx = """
            resolver 127.0.0.11 valid=10s ipv6=off;
            server {
                set $api http://api:3000;
                location / { set $ui "tweet-ui:8080"; proxy_pass http://$ui; proxy_set_header Host $host; }
                location /api/ { rewrite ^/api/(.*)$ /$1 break; proxy_pass $api; proxy_set_header Host $host; }
            }
            """
        let yaml = try NginxImport(nginx, name: "server.conf").yaml
        #expect(yaml.contains("resolver: {servers: [127.0.0.11], ip_family: ipv4}\n"))
        #expect(yaml.contains("defaults:\n  route: {request_headers: {set: {Host: \"{host}\"}}, body_limit: 1MiB}\n"))
        #expect(
            yaml.hasSuffix(
                """
                routes:
                  /: tweet-ui:8080
                  = /api: {redirect: {to: "/api/{query}", status: 301}}
                  /api/: {to: api:3000, strip_prefix: true}

                """))
    }

    @Test func inheritance() throws {
        let routes = try Self.server(
            """
            proxy_set_header Host $http_host; proxy_set_header X-One 1; add_header X-All "a b" always;
            client_max_body_size 0;
            location / { proxy_pass http://a; }
            location = /own { proxy_set_header X-Two $remote_addr; add_header X-Own 1 always; proxy_pass http://a; }
            location = /none { proxy_set_header Accept-Encoding ""; proxy_set_header Host $http_host; proxy_pass http://a; }
            """)
        #expect(
            routes == """
                /: {to: a:80, request_headers: {set: {X-One: "1"}}, response_headers: {add: {X-All: a b}}}
                = /own:
                  to: a:80
                  request_headers: {set: {Host: a, X-Two: "{client}"}}
                  response_headers: {add: {X-Own: "1"}}
                = /none:
                  to: a:80
                  request_headers: {remove: [Accept-Encoding]}
                  response_headers: {add: {X-All: a b}}
                """)
    }

    @Test func files() throws {
        let routes = try Self.server(
            """
            root /srv/www;
            location / { try_files $uri $uri/ /index.html; }
            location = /favicon.ico { alias /srv/icons/fav.ico; }
            location /media/ { alias /data/; try_files $uri =404; }
            location ~ ^/dl/(.+)$ { alias /data/$1; }
            location /app/ { try_files $uri @app; }
            location @app { proxy_pass http://app:3000; proxy_set_header Host $http_host; }
            location ~ /\\. { deny all; }
            """)
        #expect(
            routes == """
                /: {files: {root: /srv/www, missing: /index.html}}
                = /favicon.ico: {files: /srv/icons, rewrite: /fav.ico}
                # nginx: /media without its slash is not for location /media/
                = /media: {files: {root: /srv/www, missing: /index.html}}
                /media/: {files: /data, strip_prefix: true}
                ~ ^/dl/(.+)$: {files: /data, rewrite: "/{1}"}
                # nginx: /app without its slash is not for location /app/
                = /app: {files: {root: /srv/www, missing: /index.html}}
                /app/: {files: {root: /srv/www, missing: {to: app:3000}}}
                ~ /\\.: {reply: 403}
                """)
    }

    @Test func answers() throws {
        let routes = try Self.server(
            """
            rewrite ^/blog$ /news permanent;
            rewrite ^/u/(\\d+)$ /users/$1 redirect;
            location = /a { return 301 https://$host$request_uri; }
            location = /b { return 302 /c; }
            location = /c { return 204; }
            location = /d { add_header Content-Type text/plain; return 200 "up\\n"; }
            location = /e.json { return 200 "{}"; }
            location = /f { return 200 "you are $remote_addr"; }
            location = /g { return 444; }
            location = /h { default_type text/html; return 404 "<p>no"; }
            location ~ ^/old/(?<rest>.*)$ { return 301 /new/$rest; }
            location = /i { rewrite ^ /c last; }
            """)
        #expect(
            routes == """
                = /blog: {redirect: {to: "/news{query}", status: 301}}
                ~ ^/u/(\\d+)$: {redirect: "/users/{1}{query}"}
                = /a: {redirect: {to: "https://{host}{uri}", status: 301}}
                = /b: {redirect: /c}
                = /c: {reply: 204}
                = /d: {reply: {text: "up\\n"}}
                = /e.json: {reply: {json: "{}"}}
                = /f: {reply: {template: "you are {client}", type: text/plain}}
                = /g: {reply: 444}
                = /h: {reply: {status: 404, html: "<p>no"}}
                ~ ^/old/(?<rest>.*)$: {redirect: {to: "/new/{rest}", status: 301}}
                = /i: {reply: 204}
                """)
    }

    @Test func conditions() throws {
        let routes = try Self.server(
            """
            client_max_body_size 0;
            if ($host = www.example.com) { return 301 http://example.com$request_uri; }
            location / {
                if ($request_method = OPTIONS) { add_header Access-Control-Allow-Origin * always; return 204; }
                if ($http_x_key != "secret") { return 403; }
                set $ok 1;
                if ($ok = 0) { return 500; }
                proxy_set_header Host $http_host;
                proxy_pass http://a;
            }
            """)
        #expect(
            routes == """
                - match: www.example.com/
                  redirect: {to: "http://example.com{uri}", status: 301}
                - match: OPTIONS /
                  reply: 204
                  response_headers: {add: {Access-Control-Allow-Origin: "*"}}
                - match: {path: /, header: {x-key: secret}}
                  to: a:80
                - match: /
                  reply: 403
                """)
    }

    @Test func servers() throws {
        let routes = try Self.routes(
            """
            server { listen 80 default_server; return 444; }
            server { listen 80; server_name a.test www.a.test; location / { return 200 a; } }
            server { listen 80; listen 8080; server_name .b.test; location /x/ { return 200 b; } }
            """)
        #expect(
            routes
                == """
                - match: {port: 80, path: /}
                  reply: 444
                - match: {port: 80, host: [a.test, www.a.test], path: /}
                  reply: {text: a}
                - match: {port: 8080, path: = /x}
                  reply: 404
                - match: {port: 8080, path: /x/}
                  reply: {text: b}
                - match: {port: 80, host: [b.test, "*.b.test"], path: = /x}
                  reply: 404
                - match: {port: 80, host: [b.test, "*.b.test"], path: /x/}
                  reply: {text: b}
                - match: {port: 80, host: [b.test, "*.b.test"], path: /}
                  reply: 404
                """.replacing(
                    "- match: {port: 8080, path: = /x}",
                    with: "# nginx: /x without its slash is not for location /x/\n- match: {port: 8080, path: = /x}"))
    }

    @Test func locations() throws {
        let routes = try Self.server(
            """
            location / { return 200 root; }
            location ^~ /static/ { return 200 static; }
            location ~* \\.PNG$ { return 200 png; }
            location /a/ {
                location ~ \\.png$ { return 200 inner; }
                location /a/b/ { return 200 deep; }
                return 200 a;
            }
            """)
        let keys = routes.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { $0.split(separator: ": {")[0] }
        #expect(
            keys == [
                "/", "= /static", "^~ /static/", "= /a", "/a/", "~ ^(?=/a/).*?(?:\\.png$)", "~* \\.PNG$", "= /a/b",
                "/a/b/",
            ])
    }

    @Test func upstreams() throws {
        let nginx = """
            upstream api {
                least_conn;
                server api1:8080 weight=3 max_fails=2 fail_timeout=30s;
                server api2 backup max_fails=2 fail_timeout=30s;
                server api3:8080 down;
                keepalive 16;
            }
            upstream by-user { hash $http_x_user consistent; server one:1; }
            server { location / { proxy_pass http://api; } location = /u { proxy_pass http://by-user/v; } }
            """
        let yaml = try NginxImport(nginx, name: "server.conf").yaml
        #expect(
            yaml.contains(
                """
                services:
                  # nginx: server api3:8080 down: left out while it is down (line 5)
                  api:
                    upstreams: ["api1:8080,weight=3", "api2:80,backup"]
                    policy: least-connections
                    ejection: {failures: 2, time: 30s}
                  by-user: {upstreams: one:1, policy: {name: ring-hash, hash_key: header:x-user}}
                routes:
                  /: {to: api, request_headers: {set: {Host: api}}}
                  = /u: {to: by-user, rewrite: /v, request_headers: {set: {Host: by-user}}}
                """))
    }

    @Test func leftOut() throws {
        let nginx = """
            server {
                listen 443 ssl;
                ssl_certificate /etc/ssl/a.pem;
                location / {
                    proxy_cache static;
                    fastcgi_pass php:9000;
                }
            }
            """
        let found = try NginxImport(nginx, name: "server.conf")
        #expect(
            found.yaml == """
                # From server.conf, by balancer import-nginx.
                # nginx: ssl_certificate: left out; TLS is not served yet (line 3)
                # nginx: listen 443 ssl: TLS is not served yet; this port is in the clear (line 2)
                listen: :443
                routes:
                  # nginx: proxy_cache static: left out; answers are not cached (line 5)
                  # nginx: fastcgi_pass php:9000: left out; that protocol is not spoken (line 6)
                  /: {reply: 502}

                """)
    }

    @Test func doesNotSayWhatOursWouldRefuse() throws {
        let routes = try Self.routes(
            """
            upstream none { server unix:/run/a.sock; server a:1 down; }
            server {
                client_max_body_size 0;
                location nowhere { return 204; }
                location = /a { return 301 somewhere; }
                location = /b { default_type application/json; return 200 "no JSON"; }
                location = /c { proxy_pass http://none; }
                location ~ ^/d { return 302 /e/$1; }
                location = /f { deny all; allow all; proxy_pass http://f; }
                location = /g { proxy_set_header "A B" 1; proxy_set_header Host $http_host; proxy_pass http://g; }
            }
            """)
        let lines = routes.split(separator: "\n").filter { !$0.hasPrefix("#") }.joined(separator: "\n")
        #expect(
            lines == """
                = /a: {reply: 404}
                = /b: {reply: {text: no JSON, type: application/json}}
                = /c: {reply: 502}
                ~ ^/d: {redirect: /e/}
                = /f: {to: f:80, request_headers: {set: {Host: f}}, access: [deny all, allow all]}
                = /g: g:80
                """)
    }

    @Test func misplaced() {
        #expect(throws: NginxSyntaxError.self) { try NginxImport("location / { }", name: "server.conf") }
        #expect(throws: NginxSyntaxError.self) { try NginxImport("server;", name: "server.conf") }
    }
}
