import ConfigWatch
import Discovery
import ProxyCore

/// What the admin server says of the process as it is now.
struct AdminPages {
    let reloader: Reloader
    let directory: ServiceDirectory
    let group: WorkerGroup
    let counts: ReportCounts
    /// New requests are not wanted any more.
    let isDraining: () -> Bool

    func answer(_ request: AdminRequest) -> AdminAnswer {
        switch request.path {
        case "/": AdminAnswer(body: "/metrics\n/healthz\n/config\n/endpoints\n")
        case "/metrics": AdminAnswer(contentType: MetricsText.contentType, body: metrics)
        case "/healthz": isDraining() ? AdminAnswer(status: 503, body: "draining\n") : AdminAnswer(body: "ok\n")
        case "/config": .json(configuration.pretty)
        case "/endpoints": .json(endpoints.pretty)
        default: .failure(404)
        }
    }

    // MARK: /metrics

    private var metrics: String {
        var metrics = MetricsText()
        addConfig(to: &metrics)
        addEndpoints(to: &metrics)
        metrics.family("balancer_worker_sessions", .gauge, "Client connections of each worker.")
        for (worker, sessions) in group.sessions.enumerated() {
            metrics.sample("balancer_worker_sessions", ["worker": "\(worker)"], sessions)
        }
        metrics.single(
            "balancer_access_log_lines_dropped_total", .counter,
            "Access-log lines that their sink did not take in time.",
            counts.linesDropped.load(ordering: .relaxed))
        metrics.single(
            "balancer_descriptor_shortages_total", .counter,
            "Times that a worker reported to have no descriptors left.",
            counts.descriptorShortages.load(ordering: .relaxed))
        return metrics.text
    }

    private func addConfig(to metrics: inout MetricsText) {
        let state = reloader.state
        metrics.single(
            "balancer_config_generation", .gauge, "Configurations that came into force, the first included.",
            state.generation)
        metrics.single(
            "balancer_config_last_reload_successful", .gauge,
            "1 where the file is what serves, 0 where it was refused.",
            state.refusal == nil ? 1 : 0)
        metrics.family(
            "balancer_config_applied_timestamp_seconds", .gauge, "When the present configuration came into force.")
        metrics.sample("balancer_config_applied_timestamp_seconds", milliseconds: state.appliedMilliseconds)
        metrics.family(
            "balancer_config_last_reload_success_timestamp_seconds", .gauge,
            "When the file was last read without errors.")
        metrics.sample("balancer_config_last_reload_success_timestamp_seconds", milliseconds: state.readMilliseconds)
        metrics.family(
            "balancer_config_reloads_total", .counter, "Times that the file was read again, by what came of it.")
        for (result, count) in [
            ("applied", state.generation - 1), ("unchanged", state.unchangedCount), ("refused", state.refusedCount),
        ] {
            metrics.sample("balancer_config_reloads_total", ["result": result], count)
        }
        metrics.single(
            "balancer_config_plans", .gauge,
            "Configurations that some request still runs by, the present one included.",
            reloader.planCount)
    }

    private func addEndpoints(to metrics: inout MetricsText) {
        let pools = directory.pools
        metrics.family("balancer_service_endpoints", .gauge, "Endpoints of each service by what health says of them.")
        for (_, service, pool) in pools {
            for standing in EndpointStanding.all {
                let count = pool.endpoints.count { $0.standing == standing }
                metrics.sample(
                    "balancer_service_endpoints", ["service": service, "standing": standing.name], count)
            }
        }
        metrics.family(
            "balancer_service_panicking", .gauge, "1 where too few endpoints are healthy, so that all are used.")
        for (_, service, pool) in pools {
            metrics.sample("balancer_service_panicking", ["service": service], pool.isPanicking ? 1 : 0)
        }
        addPerEndpoint(
            to: &metrics, "balancer_endpoint_requests_in_flight", .gauge, "Requests that an endpoint has not ended yet."
        ) { $0.inFlight.load(ordering: .relaxed) }
        addPerEndpoint(
            to: &metrics, "balancer_endpoint_outcomes_total", .counter, "Answers and failures of an endpoint."
        ) { $0.outcomes.load(ordering: .relaxed) }
        addPerEndpoint(to: &metrics, "balancer_endpoint_failures_total", .counter, "Failures of an endpoint.") {
            $0.failures.load(ordering: .relaxed)
        }
    }

    private func addPerEndpoint(
        to metrics: inout MetricsText, _ name: String, _ kind: MetricsText.Kind, _ help: String,
        _ value: (EndpointStats) -> Int
    ) {
        metrics.family(name, kind, help)
        for (_, service, pool) in directory.pools {
            for endpoint in pool.endpoints {
                let labels: KeyValuePairs = ["service": service, "endpoint": endpoint.address.description]
                metrics.sample(name, labels, value(endpoint.stats))
            }
        }
    }

    // MARK: /config

    private var configuration: JSON {
        let state = reloader.state
        let config = reloader.config
        return .object([
            .init("file", state.path.map { .string($0) } ?? .null),
            .init("generation", .number(state.generation)),
            .init("in_force_since", .string(UTCTime.text(milliseconds: state.appliedMilliseconds))),
            .init("last_read", .string(UTCTime.text(milliseconds: state.readMilliseconds))),
            .init("refusal", refusal),
            .init("listeners", .strings(config.listeners.map(\.description))),
            .init("admin", config.admin.map { .string($0.description) } ?? .null),
            .init("workers", .number(group.sessions.count)),
            .init(
                "services",
                .array(
                    config.services.map { service in
                        .object([
                            .init("name", .string(service.name)),
                            .init("upstreams", .strings(service.upstreams.map(\.description))),
                            .init("policy", .string(service.settings.policy.rawValue)),
                        ])
                    })),
            .init("routes", .strings(config.routes.map(\.name))),
        ])
    }

    private var refusal: JSON {
        guard let refusal = reloader.state.refusal else { return .null }
        return .object([
            .init("time", .string(UTCTime.text(milliseconds: refusal.milliseconds))),
            .init(
                "diagnostics",
                .array(
                    refusal.diagnostics.map { diagnostic in
                        .object([
                            .init("severity", .string(diagnostic.severity.rawValue)),
                            .init("file", .string(diagnostic.file)),
                            .init("line", .number(diagnostic.line)),
                            .init("column", .number(diagnostic.column)),
                            .init("message", .string(diagnostic.message)),
                            .init("excerpt", .string(diagnostic.excerpt)),
                        ])
                    })),
        ])
    }

    // MARK: /endpoints

    private var endpoints: JSON {
        .object([
            .init(
                "services",
                .array(
                    directory.pools.map { slot, service, pool in
                        .object([
                            .init("name", .string(service)),
                            .init("slot", .number(slot)),
                            .init("panicking", .bool(pool.isPanicking)),
                            .init("endpoints", .array(pool.endpoints.map(Self.endpoint))),
                        ])
                    }))
        ])
    }

    private static func endpoint(_ endpoint: Endpoint) -> JSON {
        .object([
            .init("address", .string(endpoint.address.description)),
            .init("standing", .string(endpoint.standing.name)),
            .init("new", .bool(endpoint.isNew)),
            .init("weight", .number(endpoint.role.weight)),
            .init("share", .number(endpoint.share)),
            .init("backup", .bool(endpoint.role.isBackup)),
            .init("in_flight", .number(endpoint.stats.inFlight.load(ordering: .relaxed))),
            .init("outcomes", .number(endpoint.stats.outcomes.load(ordering: .relaxed))),
            .init("failures", .number(endpoint.stats.failures.load(ordering: .relaxed))),
        ])
    }
}

extension EndpointStanding {
    fileprivate static let all: [EndpointStanding] = [.serving, .trial, .resting, .draining]

    fileprivate var name: String {
        switch self {
        case .serving: "serving"
        case .trial: "trial"
        case .resting: "resting"
        case .draining: "draining"
        }
    }
}
