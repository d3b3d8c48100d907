/// What becomes of a directive by its name alone.
enum NginxTreatment: Equatable {
    /// Some part of the import looks at it.
    case read
    /// It means nothing here, or what it asks for is always so.
    case silent
    case leftOut(String)

    static func of(_ name: String) -> NginxTreatment {
        if readNames.contains(name) { return .read }
        if silentNames.contains(name) { return .silent }
        if let reason = reasons[name] { return .leftOut(reason) }
        if silentFamilies.contains(where: name.hasPrefix) { return .silent }
        if let family = families.first(where: { name.hasPrefix($0.prefix) }) { return .leftOut(family.reason) }
        return .leftOut("left out; it is not known")
    }

    private static let readNames: Set<String> = [
        "http", "server", "upstream", "location", "if", "events", "types", "map", "listen", "server_name",
        "proxy_pass", "proxy_set_header", "proxy_hide_header", "proxy_connect_timeout", "proxy_read_timeout",
        "proxy_send_timeout", "proxy_next_upstream", "proxy_next_upstream_tries", "proxy_intercept_errors",
        "root", "alias", "index", "try_files", "return", "rewrite", "set", "break", "add_header", "expires",
        "access_log", "error_log", "error_page", "gzip", "gzip_types", "gzip_min_length", "gzip_comp_level",
        "client_max_body_size", "client_header_timeout", "client_body_timeout", "keepalive_timeout",
        "keepalive_requests", "keepalive_time", "worker_processes", "worker_shutdown_timeout", "resolver",
        "ssl_certificate", "auth_basic", "auth_basic_user_file", "allow", "deny", "default_type", "internal",
        "limit_except", "proxy_redirect", "log_format", "fastcgi_pass", "uwsgi_pass", "scgi_pass", "grpc_pass",
        "memcached_pass", "stub_status", "autoindex", "send_timeout",
    ]

    private static let silentNames: Set<String> = [
        "user", "pid", "daemon", "master_process", "pcre_jit", "lock_file", "env", "timer_resolution", "sendfile",
        "sendfile_max_chunk", "tcp_nopush", "tcp_nodelay", "aio", "directio", "output_buffers", "postpone_output",
        "server_tokens", "large_client_header_buffers", "client_header_buffer_size", "client_body_buffer_size",
        "client_body_temp_path", "client_body_in_file_only", "client_body_in_single_buffer",
        "connection_pool_size", "request_pool_size", "chunked_transfer_encoding", "etag", "if_modified_since",
        "max_ranges", "underscores_in_headers", "ignore_invalid_headers", "port_in_redirect", "absolute_redirect",
        "server_name_in_redirect", "recursive_error_pages", "reset_timedout_connection", "log_not_found",
        "log_subrequest", "rewrite_log", "uninitialized_variable_warn", "msie_padding", "msie_refresh",
        "merge_slashes", "resolver_timeout", "http2", "http3", "gzip_static", "gzip_vary", "gzip_proxied",
        "gzip_disable", "gzip_http_version", "gzip_buffers", "gunzip", "proxy_buffering", "proxy_buffers",
        "proxy_buffer_size", "proxy_busy_buffers_size", "proxy_request_buffering", "proxy_max_temp_file_size",
        "proxy_http_version", "proxy_socket_keepalive", "proxy_ignore_client_abort", "proxy_pass_header",
        "proxy_send_lowat", "proxy_headers_hash_max_size", "proxy_headers_hash_bucket_size", "satisfy_any",
        "keepalive_disable", "open_log_file_cache",
    ]

    private static let silentFamilies = [
        "worker_", "types_hash_", "server_names_hash_", "variables_hash_", "map_hash_", "open_file_cache",
        "lingering_", "proxy_temp_", "ssl_", "http2_", "accept_mutex", "fastcgi_", "uwsgi_", "scgi_", "grpc_",
        "autoindex_",
    ]

    private static let reasons = [
        "satisfy": "left out; addresses and passwords are both asked for",
        "auth_request": "left out; no other server is asked for permission. These requests are let in!",
        "ssl_verify_client": "left out; certificates of clients are not asked for. These requests are let in!",
        "geo": "left out; variables cannot be made of addresses",
        "split_clients": "left out; see a split in `to`",
        "load_module": "left out; there are no modules",
        "charset": "left out; types of text files have their charset already",
        "mirror": "left out; see `mirror` of a route",
        "proxy_method": "left out; the method stays",
        "proxy_set_body": "left out; bodies stay",
        "proxy_pass_request_headers": "left out; fields are passed on",
        "proxy_pass_request_body": "left out; bodies are passed on",
        "proxy_ignore_headers": "left out; X-Accel fields mean nothing",
        "proxy_bind": "left out; the system chooses the address",
        "proxy_next_upstream_timeout": "left out; see `retries`",
        "stream": "left out; only HTTP is balanced",
        "mail": "left out; only HTTP is balanced",
        "real_ip_header": "left out; a client's address is that of its connection",
        "real_ip_recursive": "left out; a client's address is that of its connection",
        "set_real_ip_from": "left out; a client's address is that of its connection",
        "brotli": "left out; see `compress`",
        "more_set_headers": "left out; see `response_headers`",
        "more_clear_headers": "left out; see `response_headers`",
        "subs_filter": "left out; bodies stay",
        "add_trailer": "left out; trailers stay",
    ]

    private static let families: [(prefix: String, reason: String)] = [
        ("proxy_cache", "left out; answers are not cached"),
        ("proxy_store", "left out; answers are not stored"),
        ("proxy_cookie_", "left out; cookies stay as upstreams set them"),
        ("proxy_ssl_", "left out; upstreams are spoken to without TLS"),
        ("proxy_limit_rate", "left out; nothing is limited by rate"),
        ("limit_", "left out; nothing is limited by rate"),
        ("sub_filter", "left out; bodies stay"),
        ("auth_", "left out; only basic authentication is known. These requests are let in!"),
        ("brotli_", "left out; see `compress`"),
        ("image_filter", "left out; bodies stay"),
        ("js_", "left out; there are no scripts"),
        ("perl", "left out; there are no scripts"),
        ("lua_", "left out; there are no scripts"),
        ("dav_", "left out; files are only read"),
    ]
}
