// swift-tools-version: 6.2
import PackageDescription

/// What every target of our own is held to: warnings end the build, and each use of an unsafe construct is
/// spelled `unsafe` where it stands. Bounds checks stay on in release builds.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableExperimentalFeature("Lifetimes"),
]

let package = Package(
    name: "balancer",
    products: [
        .executable(name: "balancer", targets: ["Balancer"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
    ],
    targets: [
        .executableTarget(
            name: "Balancer",
            dependencies: [
                "ProxyCore", "Discovery", "ConfigWatch", "CLinux",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "MicroBench", dependencies: ["ProxyCore"], path: "bench/micro", swiftSettings: strict),
        .target(
            name: "ConfigWatch",
            dependencies: ["ProxyCore", "CLinux", .product(name: "Yams", package: "Yams")],
            swiftSettings: strict),
        .target(
            name: "Discovery",
            dependencies: [
                "ProxyCore", "CLinux", "CAres", "CNghttp2",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict),
        .target(
            name: "ProxyCore",
            dependencies: ["CLinux", "COpenSSL", "CPCRE2", "CZlib", "CBrotli", "CZstd", "CCrypt"],
            swiftSettings: strict),
        .systemLibrary(name: "CLinux"),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CPCRE2", pkgConfig: "libpcre2-8", providers: [.apt(["libpcre2-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CBrotli", pkgConfig: "libbrotlienc", providers: [.apt(["libbrotli-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(name: "CCrypt", pkgConfig: "libcrypt", providers: [.apt(["libcrypt-dev"])]),
        .systemLibrary(name: "CNghttp2", pkgConfig: "libnghttp2", providers: [.apt(["libnghttp2-dev"])]),
        .systemLibrary(name: "CAres", pkgConfig: "libcares", providers: [.apt(["libc-ares-dev"])]),
        .testTarget(name: "ProxyCoreTests", dependencies: ["ProxyCore"], swiftSettings: strict),
        .testTarget(name: "FuzzTests", dependencies: ["ProxyCore"], swiftSettings: strict),
        .testTarget(name: "DiscoveryTests", dependencies: ["Discovery"], swiftSettings: strict),
        .testTarget(name: "ConfigWatchTests", dependencies: ["ConfigWatch"], swiftSettings: strict),
        .testTarget(name: "SimulationTests", dependencies: ["ProxyCore", "Discovery"], swiftSettings: strict),
        .testTarget(name: "BalancerTests", dependencies: ["Balancer", "ConfigWatch"], swiftSettings: strict),
    ]
)
