import ArgumentParser
import ConfigWatch
import ProxyCore

/// Who is fit for requests: what probes find, and what requests meet.
struct HealthFlags: FlagGroup {
    @Option(
        "How to probe endpoints: off, tcp (it accepts), http:/PATH (it answers a GET), grpc or grpc:SERVICE "
            + "(grpc.health.v1).",
        takes: "check", default: healthCheckText(settings.health.check))
    var healthCheck: [String]

    @Option(
        "How often to probe each endpoint.",
        takes: "duration", default: durationText(settings.health.intervalMilliseconds))
    var healthInterval: [String]

    @Option(
        "How long a probe may take.",
        takes: "duration", default: durationText(settings.health.timeoutMilliseconds))
    var healthTimeout: [String]

    @Option(
        "Probes that succeed in a row before a failed endpoint is used again.",
        takes: "n", default: "\(settings.health.rise)")
    var healthRise: [String]

    @Option(
        "Probes that fail in a row before an endpoint is no longer used.",
        takes: "n", default: "\(settings.health.fall)")
    var healthFall: [String]

    @Option(
        "The statuses that an http probe accepts, such as 200,204,300-399.",
        takes: "list", default: statusesText(settings.health.statuses))
    var healthStatus: [String]

    @Option("What the answer to an http probe has to contain.", takes: "text", default: "anything")
    var healthBody: [String]

    @Option("The Host of http and grpc probes.", takes: "host", default: "that of the upstream")
    var healthHost: [String]

    @Option(
        "Whether to eject endpoints at which requests fail, that is to leave them out for a while: on or off.",
        takes: "switch", default: onOrOffText(settings.ejection.isOn))
    var ejection: [String]

    @Option(
        "Failures in a row that eject: connects, resets, time-outs, and answers of 5xx, but for 501 and 505.",
        takes: "n", default: "\(settings.ejection.consecutiveFailures)")
    var ejectionFailures: [String]

    @Option(
        "How long a first ejection lasts. Each further one in a row lasts twice as long.",
        takes: "duration", default: durationText(settings.ejection.baseMilliseconds))
    var ejectionTime: [String]

    @Option(
        "The share of a pool that may be ejected at a time.",
        takes: "percent", default: percentText(settings.ejection.ejectedPercentMax))
    var ejectionMax: [String]

    @Option(
        "Use all endpoints where less than this share of them is healthy; 0% for never.",
        takes: "percent", default: percentText(settings.panicPercent))
    var panicThreshold: [String]

    var flags: [OptionName: [String]] {
        [
            .healthCheck: healthCheck,
            .healthInterval: healthInterval,
            .healthTimeout: healthTimeout,
            .healthRise: healthRise,
            .healthFall: healthFall,
            .healthStatus: healthStatus,
            .healthBody: healthBody,
            .healthHost: healthHost,
            .ejection: ejection,
            .ejectionFailures: ejectionFailures,
            .ejectionTime: ejectionTime,
            .ejectionMax: ejectionMax,
            .panicThreshold: panicThreshold,
        ]
    }
}

private let settings = defaults.serviceDefaults
